-- Plan partition key, phase 030 cleanup (3 of 3): the way back
-- Plan digest sha256:effe6ca29a9d761568a0c64cf2c234acfd827b6960d0b7d5acb14e46ae8ba05e
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

-- step 030.tenants.settle · offline · plan.yaml:7
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.tenants.settle');
CALL rekey.end_undo('030.tenants.settle');
COMMIT;

-- step 030.events.settle · offline · plan.yaml:12
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.events.settle');
CALL rekey.end_undo('030.events.settle');
COMMIT;

-- step 030.events_1.settle · offline · plan.yaml:21
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.events_1.settle');
CALL rekey.end_undo('030.events_1.settle');
COMMIT;

-- step 030.events_rest.settle · offline · plan.yaml:27
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.events_rest.settle');
CALL rekey.end_undo('030.events_rest.settle');
COMMIT;

-- step 030.events_rest_0.settle · offline · plan.yaml:35
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.events_rest_0.settle');
CALL rekey.end_undo('030.events_rest_0.settle');
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

