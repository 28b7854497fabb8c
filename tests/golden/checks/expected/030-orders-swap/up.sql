-- Plan checks, phase 030 orders: swap (4 of 5): the way forward
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 030-orders-swap/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 030-orders-swap/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- check "drained": before anything below, this command has to exit 0 ("rekey apply" runs it by itself)
--   ./drain.sh

-- step 030.open · online · plan.yaml:16
-- opens phase 030
-- ACCESS SHARE on public.orders; reads all of public.orders
-- goes back with 030.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('030', 'orders: swap', 'sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7', '025');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.orders.compare","030.swap","030.orders.settle","030.close"],"a1c2759be1a2c720814ab9b56548e41f8bcfdc2c287dde749138f1e66b8f47ee","1c4cea744dee92e2613337c243e2ff6637935989877281ba87c23a83252077d6"],
["030.orders.compare",true,false,["030.open"],["030.swap"],"113f13b5c5668acc03fffd2290ebaec7e38d1eb9983e39618a11cdf92e2ab7e4","e6f4ee9b101d24edcb8d4f44990eaa7ca35914e889b857175dc3015a58448266"],
["030.swap",true,false,["030.orders.compare"],["030.orders.settle"],"9caaddb9b2c5359e7c7971b4a0f5013cf62c6e4b9a171cd51045de8276a541d3","b58f111675f5dd8f0077d51df444d42088065c03132ae589bb9a4b93ca67bd07"],
["030.orders.settle",false,true,["030.swap"],["030.close"],"fa6cd9411dde7888393c49dd59b498cf0d594329298845d771d20c3285c273f0","2f973188104ea49cd6d83c1458f31b032b20271d4360e0f9d98af06c5f946820"],
["030.close",true,false,["030.swap","030.orders.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.expect_none('030', 'no orphan', $query$WITH o AS (SELECT id FROM public.orders) SELECT id FROM o WHERE id IS NULL$query$);
UPDATE rekey.domains SET phase = '030' WHERE phase = '025';
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.orders.compare · online · plan.yaml:27
-- every row of public.orders has the new key of its old one
-- ACCESS SHARE on public.orders; reads all of public.orders
-- goes back with 030.orders.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.orders.compare');
CALL rekey.expect_agreement('public.orders', $query$t.rekey_new_id_2 IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.orders.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.old_key = t.id AND k.new_key = t.rekey_new_id_2)$query$);
CALL rekey.end_step('030.orders.compare');
COMMIT;

-- step 030.swap · online · plan.yaml:16
-- the new keys take the names of the old ones in 1 table
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 030.swap in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.swap');
CALL rekey.begin_ids('rekey.ids_2', 'public.orders.id', 'public.orders', 'id');
CREATE FUNCTION rekey.old_key_2(of_key uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
#variable_conflict use_variable
DECLARE
  drawn bigint;
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  ELSIF rekey.is_ordered(of_key, rekey.domain_secret('public.orders.id')) THEN
    RETURN rekey.ordered_id(of_key);
  END IF;
  LOOP
    SELECT old_key INTO drawn FROM rekey.keys WHERE domain = 'public.orders.id' AND new_key = of_key;
    IF FOUND THEN
      RETURN drawn;
    END IF;
    drawn := nextval('rekey.ids_2');
    CONTINUE WHEN EXISTS (SELECT FROM public.orders r WHERE r.id = rekey.ordered(drawn, rekey.domain_secret('public.orders.id')));
    INSERT INTO rekey.keys VALUES ('public.orders.id', drawn, of_key, true) ON CONFLICT DO NOTHING;
  END LOOP;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_old_id_2 := rekey.old_key_2(NEW.id);
  RETURN NEW;
END
$query$;
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE public.orders IN SHARE UPDATE EXCLUSIVE MODE;
CALL rekey.expect_indexes('public.orders', ARRAY['id'], '{}');
CALL rekey.copy_column_settings('public.orders', 'id', 'rekey_new_id_2');
CALL rekey.plan_changes($swap$
CALL rekey.catch_up_ids('rekey.ids_2', 'public.orders.id');
ALTER TABLE public.orders RENAME COLUMN id TO rekey_old_id_2;
ALTER TABLE public.orders RENAME COLUMN rekey_new_id_2 TO id;
SELECT rekey.index_exchange('public.orders', NULL, 'rekey_twin_2_1', 'rekey_old_key_2_1', ARRAY['id', 'rekey_new_id_2'], ARRAY['rekey_old_id_2', 'id']);
ALTER TABLE public.orders ALTER COLUMN rekey_old_id_2 DROP DEFAULT;
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT public.uuidv7();
$swap$);
-- All of them at once or none, in many tries, some of which take their turn for a short time.
CALL rekey.lock_out('public.orders');
CALL rekey.make_changes();
CALL rekey.end_step('030.swap');
COMMIT;

-- step 030.orders.settle · online · outside of a transaction · plan.yaml:27
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.orders.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.orders.settle');
CALL rekey.end_step('030.orders.settle');

-- step 030.close · online · plan.yaml:16
-- the phase is applied
-- no lock on your tables
-- goes back with 030.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.close');
CALL rekey.close_phase('030');
CALL rekey.end_step('030.close');
COMMIT;

