-- Plan checks, phase 030 orders: swap (4 of 5): the way back
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 030-orders-swap/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 030-orders-swap/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 030.close · online · plan.yaml:16
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.close');
CALL rekey.end_undo('030.close');
COMMIT;

-- step 030.orders.settle · online · outside of a transaction · plan.yaml:27
-- way back: old keys for the rows of public.orders that lack one or have another
-- ROW EXCLUSIVE on public.orders; reads all of public.orders
CALL rekey.begin_undo('030.orders.settle');
CALL rekey.settle_old_keys('030.orders.settle', 'public.orders', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.orders.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_undo('030.orders.settle');

-- step 030.swap · online · plan.yaml:16
-- way back: the old keys take their names back
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.swap');
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_new_id_2 := coalesce((SELECT new_key FROM rekey.keys WHERE domain = 'public.orders.id' AND old_key = NEW.id),
    rekey.ordered(NEW.id, rekey.domain_secret('public.orders.id')));
  RETURN NEW;
END
$query$;
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE public.orders IN SHARE UPDATE EXCLUSIVE MODE;
CALL rekey.expect_indexes('public.orders', ARRAY['id'], '{}');
CALL rekey.plan_changes($swap$
DROP FUNCTION rekey.old_key_2(uuid);
CALL rekey.end_ids('rekey.ids_2', 'public.orders.id');
ALTER TABLE public.orders ALTER COLUMN id DROP DEFAULT;
ALTER TABLE public.orders RENAME COLUMN id TO rekey_new_id_2;
ALTER TABLE public.orders RENAME COLUMN rekey_old_id_2 TO id;
ALTER TABLE public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
SELECT rekey.index_exchange('public.orders', NULL, 'rekey_old_key_2_1', 'rekey_twin_2_1', ARRAY['id', 'rekey_old_id_2'], ARRAY['rekey_new_id_2', 'id']);
CALL rekey.reopen_phase('025', ARRAY['025.orders.rekey_twin_2_1', '025.orders.rekey_old_key_2_1', '025.orders.analyze', '025.close']);
$swap$);
-- All of them at once or none, in many tries, some of which take their turn for a short time.
CALL rekey.lock_out('public.orders');
CALL rekey.make_changes();
CALL rekey.end_undo('030.swap');
COMMIT;

-- step 030.orders.compare · online · plan.yaml:27
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.orders.compare');
CALL rekey.end_undo('030.orders.compare');
COMMIT;

-- step 030.open · online · plan.yaml:16
-- way back: the phase is rolled back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.open');
UPDATE rekey.domains SET phase = '025' WHERE phase = '030';
CALL rekey.withdraw_phase('030');
CALL rekey.end_undo('030.open');
COMMIT;

