-- Plan documents, phase 030 cleanup (3 of 3): the way back
-- Plan digest sha256:2c7616b87a437ca6c37ee7359f8cc184e4e724f474160fb227212a1453ae8af9
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 030-cleanup/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 030-cleanup/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 030.close · offline
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.close');
CALL rekey.end_undo('030.close');
COMMIT;

-- step 030.users.settle · offline · plan.yaml:7
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.settle');
CALL rekey.end_undo('030.users.settle');
COMMIT;

-- step 030.documents.settle · offline · plan.yaml:14
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.documents.settle');
CALL rekey.end_undo('030.documents.settle');
COMMIT;

-- step 030.chunks.settle · offline · plan.yaml:26
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.chunks.settle');
CALL rekey.end_undo('030.chunks.settle');
COMMIT;

-- step 030.open · offline
-- way back: closes the phase's way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.open');
CALL rekey.withdraw_phase('030');
CALL rekey.end_undo('030.open');
COMMIT;

