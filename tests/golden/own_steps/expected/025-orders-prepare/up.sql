-- Plan own steps, phase 025 orders: prepare (3 of 5): the way forward
-- Plan digest sha256:ddbdf64e86663ab4bd757ac87f832e5ffdcec6418e9e81f8e8566d0acb913285
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 025-orders-prepare/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 025-orders-prepare/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 025.open · online · plan.yaml:20
-- opens phase 025: journal, key domains
-- no lock on your tables
-- goes back with 025.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('025', 'orders: prepare', 'sha256:ddbdf64e86663ab4bd757ac87f832e5ffdcec6418e9e81f8e8566d0acb913285', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('025', $steps$[
["025.open",true,false,[],["025.orders.expand","025.orders.backfill","025.orders.require","025.orders.required","025.orders.not_null","025.orders.rekey_twin_2_1","025.orders.rekey_old_key_2_1","025.orders.analyze","025.close"],"06b9f134f6984d764009c433cddcdf9daedd4527645d26455d10e85b7fca4e6b","167ade8688b2c74b167bbf77b38d66c8e022b3e516f041347206897e8e6c106c"],
["025.orders.expand",true,false,["025.open"],["025.orders.backfill"],"0ed3afc1af29758265283c093db6a9134761280133cf276b84bd4dc1e188387c","0c88ca094e710fe80070fc5ba97437ae6bce36afd6158f73b95a9df2b4944279"],
["025.orders.backfill",false,false,["025.orders.expand"],["025.orders.require"],"a058d6aeda6b5383cfcb4a58392d313a10c2c5cb7765d5dff5400c3443d87a8c","7ca86ce90505c45f23234c0d990d159caf39f58e94bd26877bdf1dc2e1c905ec"],
["025.orders.require",true,false,["025.orders.backfill"],["025.orders.required"],"61f676f9b88e0e2fed8881de5fa24eb81b7b65d57a2ffccef718cbc15edc5d90","b4b90d2d78a7e896826332decdb7f6cafb0d78b28baa220d04dae7622027de8b"],
["025.orders.required",true,false,["025.orders.require"],["025.orders.not_null"],"db76ab8d8a01f1c2fc39e2ef1cbd6988e58cdbaab06cec449ee5e31a87fc897c","35fbbc4e42214c1c1decb1630496ec6e1fa21d4d15b380efc99336e626d2834a"],
["025.orders.not_null",true,false,["025.orders.required"],["025.orders.rekey_twin_2_1","025.orders.rekey_old_key_2_1","025.orders.analyze"],"0e1d2d55a39bf2c1fd293c3e67e9d1dda717b07ee7b39d90a4f3de2c239bf1f0","4ae62b9c2692a1580fb0ab7ac283f5ca1ba4e65695197de063660b7e4728bac8"],
["025.orders.rekey_twin_2_1",false,false,["025.orders.not_null"],["025.orders.analyze"],"0530fca832d71eccf398ce55fabaedf6d6d3585c0f94bda06ac4fe708b0fba20","d9197563c65e0843d5ce43ce5f873bf9871c067985ea715bb253e25f479a8e1a"],
["025.orders.rekey_old_key_2_1",false,false,["025.orders.not_null"],["025.orders.analyze"],"303f59c721a0fb35827b48e3619333534eb2a87602a8d4d2831d66f7e8158ea9","aa9fbab78ac987f8a8963433081a634e1fe667fa9fa32ee6aa6bf50334df266a"],
["025.orders.analyze",false,false,["025.orders.not_null","025.orders.rekey_twin_2_1","025.orders.rekey_old_key_2_1"],["025.close"],"77f4d44303cb106621243ffc4488892a5927ac495a612be73432e119768f9701","d188cdd1ea7cfe433730c0f32ec754ac81de09804d4c97f3f93ca8a1b1355950"],
["025.close",true,false,["025.orders.analyze"],[],"684ed1acfaacead8d63c24d38d4da55a8155453436f125906d4217c5174eb283","629812c820292d86e4b842f907f097ccfa38bc60bfa0ca03d9175290ae00cbee"]
]$steps$);
CALL rekey.begin_step('025.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays, given)
VALUES
  ('public.orders.id', '025', 'ordered', NULL, NULL, false);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.orders.id', 'public.orders', 'id', 'bigint', 'bigint', true, true, false, 'public.orders_id_seq', false);
CALL rekey.expect_legacy('025');
CALL rekey.expect_online('public.orders', ARRAY['id']);
CALL rekey.end_step('025.open');
COMMIT;

-- step 025.orders.expand · online · plan.yaml:37
-- new columns beside the keys of public.orders, and triggers that fill them
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 025.orders.expand in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('025.orders.expand');
CALL rekey.expect_indexes('public.orders', ARRAY['id'], '{}');
ALTER TABLE public.orders
  ADD COLUMN rekey_new_id_2 uuid;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_new_id_2 := rekey.ordered(NEW.id, rekey.domain_secret('public.orders.id'));
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.orders
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.orders
  FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.rekey_new_id_2 <> NEW.rekey_new_id_2 OR (NEW.id IS NULL) <> (NEW.rekey_new_id_2 IS NULL))
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_step('025.orders.expand');
COMMIT;

-- step 025.orders.backfill · online · outside of a transaction · plan.yaml:37
-- fills the new columns of public.orders, one UPDATE a row, in batches
-- ROW EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 025.orders.backfill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('025.orders.backfill');
CALL rekey.backfill('025.orders.backfill', 'public.orders', $query$rekey_new_id_2 = rekey.ordered(id, rekey.domain_secret('public.orders.id'))$query$, $query$rekey_new_id_2 IS NULL AND id IS NOT NULL$query$);
CALL rekey.end_step('025.orders.backfill');

-- step 025.orders.require · online · plan.yaml:37
-- new keys of public.orders may not be NULL where the old ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 025.orders.require in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('025.orders.require');
CALL rekey.require('public.orders', ARRAY['id'], ARRAY['rekey_new_id_2']);
CALL rekey.end_step('025.orders.require');
COMMIT;

-- step 025.orders.required · online · plan.yaml:37
-- checks that no new key of public.orders is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 025.orders.required in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('025.orders.required');
CALL rekey.validate_required('public.orders');
CALL rekey.end_step('025.orders.required');
COMMIT;

-- step 025.orders.not_null · online · plan.yaml:37
-- new keys of public.orders become NOT NULL, by the check: without a scan
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 025.orders.not_null in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('025.orders.not_null');
CALL rekey.set_required('public.orders', ARRAY['id'], ARRAY['rekey_new_id_2']);
CALL rekey.end_step('025.orders.not_null');
COMMIT;

-- step 025.orders.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:37
-- builds rekey_twin_2_1 beside the writes to public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 025.orders.rekey_twin_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('025.orders.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_twin_2_1 ON public.orders USING btree (rekey_new_id_2);
SET lock_timeout = '2s';
CALL rekey.end_step('025.orders.rekey_twin_2_1', built => 'public.rekey_twin_2_1');

-- step 025.orders.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:37
-- builds rekey_old_key_2_1 beside the writes to public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 025.orders.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('025.orders.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_2_1 ON public.orders USING btree (id);
SET lock_timeout = '2s';
CALL rekey.end_step('025.orders.rekey_old_key_2_1', built => 'public.rekey_old_key_2_1');

-- step 025.orders.analyze · online · outside of a transaction · plan.yaml:37
-- statistics of the new columns of public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 025.orders.analyze in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('025.orders.analyze');
ANALYZE public.orders;
CALL rekey.end_step('025.orders.analyze', analyzed => 'public.orders');

-- step 025.close · online · plan.yaml:20
-- the new keys are ready: the swap is the next phase
-- no lock on your tables
-- goes back with 025.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('025.close');
CALL rekey.close_phase('025');
CALL rekey.end_step('025.close');
COMMIT;

