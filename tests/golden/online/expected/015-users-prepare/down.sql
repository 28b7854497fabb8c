-- Plan online, phase 015 users: prepare (2 of 4): the way back
-- Plan digest sha256:bcabc84c4bba6504767fa9936b7446403b8ff8d6cb6663c9f183eeae4d5de1d7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 015-users-prepare/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 015-users-prepare/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 015.close · online
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.close');
CALL rekey.end_undo('015.close');
COMMIT;

-- step 015.orders.analyze · online · outside of a transaction · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.orders.analyze');
CALL rekey.end_undo('015.orders.analyze');

-- step 015.orders.rekey_twin_2_2 · online · outside of a transaction · plan.yaml:11
-- way back: drops rekey_twin_2_2
-- SHARE UPDATE EXCLUSIVE on public.orders
CALL rekey.begin_undo('015.orders.rekey_twin_2_2');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_2;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.orders.rekey_twin_2_2');

-- step 015.orders.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:11
-- way back: drops rekey_old_key_2_1
-- SHARE UPDATE EXCLUSIVE on public.orders
CALL rekey.begin_undo('015.orders.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.orders.rekey_old_key_2_1');

-- step 015.orders.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:11
-- way back: drops rekey_twin_2_1
-- SHARE UPDATE EXCLUSIVE on public.orders
CALL rekey.begin_undo('015.orders.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.orders.rekey_twin_2_1');

-- step 015.orders.not_null · online · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.orders.not_null');
CALL rekey.end_undo('015.orders.not_null');
COMMIT;

-- step 015.orders.required · online · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.orders.required');
CALL rekey.end_undo('015.orders.required');
COMMIT;

-- step 015.orders.require · online · plan.yaml:11
-- way back: they may again
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.orders.require');
CALL rekey.require_no_more('public.orders');
CALL rekey.end_undo('015.orders.require');
COMMIT;

-- step 015.orders.backfill · online · outside of a transaction · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.orders.backfill');
DELETE FROM rekey.backfills WHERE step = '015.orders.backfill';
CALL rekey.end_undo('015.orders.backfill');

-- step 015.orders.expand · online · plan.yaml:11
-- way back: drops the new columns of public.orders
-- ACCESS EXCLUSIVE on public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.orders.expand');
DROP TRIGGER "~rekey_insert" ON public.orders;
DROP TRIGGER "~rekey_update" ON public.orders;

DROP FUNCTION rekey.sync_2();
ALTER TABLE public.orders
  DROP COLUMN rekey_new_id_2,
  DROP COLUMN rekey_new_user_id_3;
CALL rekey.end_undo('015.orders.expand');
COMMIT;

-- step 015.users.analyze · online · outside of a transaction · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.users.analyze');
CALL rekey.end_undo('015.users.analyze');

-- step 015.users.rekey_old_key_1_1 · online · outside of a transaction · plan.yaml:8
-- way back: drops rekey_old_key_1_1
-- SHARE UPDATE EXCLUSIVE on public.users
CALL rekey.begin_undo('015.users.rekey_old_key_1_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_1_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.users.rekey_old_key_1_1');

-- step 015.users.rekey_twin_1_1 · online · outside of a transaction · plan.yaml:8
-- way back: drops rekey_twin_1_1
-- SHARE UPDATE EXCLUSIVE on public.users
CALL rekey.begin_undo('015.users.rekey_twin_1_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_1_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.users.rekey_twin_1_1');

-- step 015.users.not_null · online · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.users.not_null');
CALL rekey.end_undo('015.users.not_null');
COMMIT;

-- step 015.users.required · online · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.users.required');
CALL rekey.end_undo('015.users.required');
COMMIT;

-- step 015.users.require · online · plan.yaml:8
-- way back: they may again
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.users.require');
CALL rekey.require_no_more('public.users');
CALL rekey.end_undo('015.users.require');
COMMIT;

-- step 015.users.backfill · online · outside of a transaction · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.users.backfill');
DELETE FROM rekey.backfills WHERE step = '015.users.backfill';
CALL rekey.end_undo('015.users.backfill');

-- step 015.users.expand · online · plan.yaml:8
-- way back: drops the new columns of public.users
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.users.expand');
DROP TRIGGER "~rekey_insert" ON public.users;
DROP TRIGGER "~rekey_update" ON public.users;

DROP FUNCTION rekey.sync_1();
ALTER TABLE public.users
  DROP COLUMN rekey_new_id_1;
CALL rekey.end_undo('015.users.expand');
COMMIT;

-- step 015.open · online
-- way back: the phase is rolled back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.open');
CALL rekey.withdraw_phase('015');
CALL rekey.end_undo('015.open');
COMMIT;

