-- Plan borrowed, phase 030 cleanup (3 of 3): the way back
-- Plan digest sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d
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

-- step 030.comments_author_fkey_1.confirm · offline · plan.yaml:20
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.comments_author_fkey_1.confirm');
CALL rekey.end_undo('030.comments_author_fkey_1.confirm');
COMMIT;

-- step 030.comments_author_fkey_1.enforce · offline · plan.yaml:20
-- way back: drops foreign key comments_author_fkey of public.comments
-- ACCESS EXCLUSIVE on public.comments, public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.comments_author_fkey_1.enforce');
ALTER TABLE public.comments DROP CONSTRAINT comments_author_fkey;
CALL rekey.end_undo('030.comments_author_fkey_1.enforce');
COMMIT;

-- step 030.users.settle · offline · plan.yaml:5
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.settle');
CALL rekey.end_undo('030.users.settle');
COMMIT;

-- step 030.posts.settle · offline · plan.yaml:9
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.posts.settle');
CALL rekey.end_undo('030.posts.settle');
COMMIT;

-- step 030.comments.settle · offline · plan.yaml:14
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.comments.settle');
CALL rekey.end_undo('030.comments.settle');
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

