-- Plan own steps, phase 025 orders: prepare (3 of 5): the way back
-- Plan digest sha256:ddbdf64e86663ab4bd757ac87f832e5ffdcec6418e9e81f8e8566d0acb913285
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 025-orders-prepare/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 025-orders-prepare/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 025.close · online · plan.yaml:20
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('025.close');
CALL rekey.end_undo('025.close');
COMMIT;

-- step 025.orders.analyze · online · outside of a transaction · plan.yaml:37
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('025.orders.analyze');
CALL rekey.end_undo('025.orders.analyze');

-- step 025.orders.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:37
-- way back: drops rekey_old_key_2_1
-- SHARE UPDATE EXCLUSIVE on public.orders
CALL rekey.begin_undo('025.orders.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('025.orders.rekey_old_key_2_1');

-- step 025.orders.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:37
-- way back: drops rekey_twin_2_1
-- SHARE UPDATE EXCLUSIVE on public.orders
CALL rekey.begin_undo('025.orders.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('025.orders.rekey_twin_2_1');

-- step 025.orders.not_null · online · plan.yaml:37
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('025.orders.not_null');
CALL rekey.end_undo('025.orders.not_null');
COMMIT;

-- step 025.orders.required · online · plan.yaml:37
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('025.orders.required');
CALL rekey.end_undo('025.orders.required');
COMMIT;

-- step 025.orders.require · online · plan.yaml:37
-- way back: they may again
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('025.orders.require');
CALL rekey.require_no_more('public.orders');
CALL rekey.end_undo('025.orders.require');
COMMIT;

-- step 025.orders.backfill · online · outside of a transaction · plan.yaml:37
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('025.orders.backfill');
DELETE FROM rekey.backfills WHERE step = '025.orders.backfill';
CALL rekey.end_undo('025.orders.backfill');

-- step 025.orders.expand · online · plan.yaml:37
-- way back: drops the new columns of public.orders
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('025.orders.expand');
DROP TRIGGER "~rekey_insert" ON public.orders;
DROP TRIGGER "~rekey_update" ON public.orders;

DROP FUNCTION rekey.sync_2();
ALTER TABLE public.orders
  DROP COLUMN rekey_new_id_2;
CALL rekey.end_undo('025.orders.expand');
COMMIT;

-- step 025.open · online · plan.yaml:20
-- way back: the phase is rolled back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('025.open');
CALL rekey.withdraw_phase('025');
CALL rekey.end_undo('025.open');
COMMIT;

