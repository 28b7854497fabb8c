-- Plan checks, phase 040 cleanup (5 of 5): the way back
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 040-cleanup/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 040-cleanup/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 040.close · online · plan.yaml:22
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.close');
CALL rekey.end_undo('040.close');
COMMIT;

-- step 040.orders.contract · online · plan.yaml:27
-- way back: old keys of public.orders again, as its last columns
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.orders.contract');
ALTER TABLE public.orders
  ADD COLUMN rekey_old_id_2 bigint;
CALL rekey.copy_column_settings('public.orders', 'id', 'rekey_old_id_2');
CALL rekey.restore_columns('public.orders');
CALL rekey.end_undo('040.orders.contract');
COMMIT;

-- step 040.orders.hook_back · online · plan.yaml:27
-- way back: triggers fill the old keys of public.orders again
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.orders.hook_back');
DROP TRIGGER IF EXISTS "~rekey_insert" ON public.orders;
DROP TRIGGER IF EXISTS "~rekey_update" ON public.orders;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_old_id_2 := rekey.old_key_2(NEW.id);
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.orders
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.orders
  FOR EACH ROW WHEN (OLD.rekey_old_id_2 <> NEW.rekey_old_id_2 OR OLD.id <> NEW.id OR (NEW.rekey_old_id_2 IS NULL) <> (NEW.id IS NULL))
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_undo('040.orders.hook_back');
COMMIT;

-- step 040.orders.keep · online · outside of a transaction · plan.yaml:27
-- way back: old keys for the rows of public.orders that lack one or have another
-- ROW EXCLUSIVE on public.orders; reads all of public.orders
CALL rekey.begin_undo('040.orders.keep');
CALL rekey.settle_old_keys('040.orders.keep', 'public.orders', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.orders.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_undo('040.orders.keep');

-- step 040.orders.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:27
-- way back: builds rekey_old_key_2_1 beside the writes to public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
CALL rekey.begin_undo('040.orders.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_2_1 ON public.orders USING btree (rekey_old_id_2);
SET lock_timeout = '2s';
CALL rekey.end_undo('040.orders.rekey_old_key_2_1', built => 'public.rekey_old_key_2_1');

-- step 040.orders.require_back · online · plan.yaml:27
-- way back: old keys of public.orders may not be NULL where the new ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.orders.require_back');
CALL rekey.require('public.orders', ARRAY['id'], ARRAY['rekey_old_id_2']);
CALL rekey.end_undo('040.orders.require_back');
COMMIT;

-- step 040.orders.required_back · online · plan.yaml:27
-- way back: checks that no old key of public.orders is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.orders.required_back');
CALL rekey.validate_required('public.orders');
CALL rekey.end_undo('040.orders.required_back');
COMMIT;

-- step 040.orders.not_null_back · online · plan.yaml:27
-- way back: the old keys of public.orders are NOT NULL again
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.orders.not_null_back');
CALL rekey.set_required('public.orders', ARRAY['id'], ARRAY['rekey_old_id_2']);
CALL rekey.name_not_nulls('public.orders');
CALL rekey.end_undo('040.orders.not_null_back');
COMMIT;

-- step 040.users.settle · online · plan.yaml:24
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.users.settle');
CALL rekey.end_undo('040.users.settle');
COMMIT;

-- step 040.open · online · plan.yaml:22
-- way back: closes the phase's way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('040.open');
CALL rekey.withdraw_phase('040');
CALL rekey.end_undo('040.open');
COMMIT;

