-- Plan bridge, phase 015 users: prepare (2 of 4): the way back
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
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

-- step 015.bridge · online
-- way back: drops them
-- ACCESS EXCLUSIVE on rekey_old.users, rekey_old.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.bridge');
DROP VIEW rekey_old.users;
DROP VIEW rekey_old.notes;
CALL rekey.end_undo('015.bridge');
COMMIT;

-- step 015.notes.analyze · online · outside of a transaction · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.notes.analyze');
CALL rekey.end_undo('015.notes.analyze');

-- step 015.notes.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:11
-- way back: drops rekey_old_key_2_1
-- SHARE UPDATE EXCLUSIVE on public.notes
CALL rekey.begin_undo('015.notes.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.notes.rekey_old_key_2_1');

-- step 015.notes.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:11
-- way back: drops rekey_twin_2_1
-- SHARE UPDATE EXCLUSIVE on public.notes
CALL rekey.begin_undo('015.notes.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.notes.rekey_twin_2_1');

-- step 015.notes.not_null · online · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.notes.not_null');
CALL rekey.end_undo('015.notes.not_null');
COMMIT;

-- step 015.notes.required · online · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.notes.required');
CALL rekey.end_undo('015.notes.required');
COMMIT;

-- step 015.notes.require · online · plan.yaml:11
-- way back: they may again
-- ACCESS EXCLUSIVE on public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.notes.require');
CALL rekey.require_no_more('public.notes');
CALL rekey.end_undo('015.notes.require');
COMMIT;

-- step 015.notes.backfill · online · outside of a transaction · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.notes.backfill');
DELETE FROM rekey.backfills WHERE step = '015.notes.backfill';
CALL rekey.end_undo('015.notes.backfill');

-- step 015.notes.expand · online · plan.yaml:11
-- way back: drops the new columns of public.notes
-- ACCESS EXCLUSIVE on public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.notes.expand');
DROP TRIGGER "~rekey_insert" ON public.notes;
DROP TRIGGER "~rekey_update" ON public.notes;

DROP FUNCTION rekey.sync_2();
ALTER TABLE public.notes
  DROP COLUMN rekey_new_id_2,
  DROP COLUMN rekey_new_user_id_3;
CALL rekey.end_undo('015.notes.expand');
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

