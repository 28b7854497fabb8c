-- Plan documents, phase 015 documents: prepare (2 of 4): the way back
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 015-documents-prepare/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 015-documents-prepare/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 015.close · online · plan.yaml:35
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.close');
CALL rekey.end_undo('015.close');
COMMIT;

-- step 015.chunks.analyze · online · outside of a transaction · plan.yaml:26
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.chunks.analyze');
CALL rekey.end_undo('015.chunks.analyze');

-- step 015.chunks.rekey_old_key_3_1 · online · outside of a transaction · plan.yaml:26
-- way back: drops rekey_old_key_3_1
-- SHARE UPDATE EXCLUSIVE on public.chunks
CALL rekey.begin_undo('015.chunks.rekey_old_key_3_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_3_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.chunks.rekey_old_key_3_1');

-- step 015.chunks.rekey_twin_3_1 · online · outside of a transaction · plan.yaml:26
-- way back: drops rekey_twin_3_1
-- SHARE UPDATE EXCLUSIVE on public.chunks
CALL rekey.begin_undo('015.chunks.rekey_twin_3_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_3_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.chunks.rekey_twin_3_1');

-- step 015.chunks.backfill · online · outside of a transaction · plan.yaml:26
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.chunks.backfill');
DELETE FROM rekey.backfills WHERE step = '015.chunks.backfill';
CALL rekey.end_undo('015.chunks.backfill');

-- step 015.chunks.expand · online · plan.yaml:26
-- way back: drops the new columns of public.chunks
-- ACCESS EXCLUSIVE on public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.chunks.expand');
DROP TRIGGER "~rekey_insert" ON public.chunks;
DROP TRIGGER "~rekey_update" ON public.chunks;

DROP FUNCTION rekey.sync_3();
ALTER TABLE public.chunks
  DROP COLUMN rekey_new_document_id_4;
CALL rekey.end_undo('015.chunks.expand');
COMMIT;

-- step 015.documents.analyze · online · outside of a transaction · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.documents.analyze');
CALL rekey.end_undo('015.documents.analyze');

-- step 015.documents.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:15
-- way back: drops rekey_old_key_2_1
-- SHARE UPDATE EXCLUSIVE on public.documents
CALL rekey.begin_undo('015.documents.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.documents.rekey_old_key_2_1');

-- step 015.documents.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:15
-- way back: drops rekey_twin_2_1
-- SHARE UPDATE EXCLUSIVE on public.documents
CALL rekey.begin_undo('015.documents.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
SET lock_timeout = '2s';
CALL rekey.end_undo('015.documents.rekey_twin_2_1');

-- step 015.documents.backfill · online · outside of a transaction · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.documents.backfill');
DELETE FROM rekey.backfills WHERE step = '015.documents.backfill';
CALL rekey.end_undo('015.documents.backfill');

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

-- step 015.users.backfill · online · outside of a transaction · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.users.backfill');
DELETE FROM rekey.backfills WHERE step = '015.users.backfill';
CALL rekey.end_undo('015.users.backfill');

-- step 015.public.documents.id.give · online · outside of a transaction · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.public.documents.id.give');
DELETE FROM rekey.backfills WHERE step = '015.public.documents.id.give';
CALL rekey.end_undo('015.public.documents.id.give');

-- step 015.documents.expand · online · plan.yaml:15
-- way back: drops the new columns of public.documents
-- ACCESS EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.documents.expand');
DROP TRIGGER "~rekey_insert" ON public.documents;
DROP TRIGGER "~rekey_update" ON public.documents;

DROP FUNCTION rekey.sync_2();
DROP FUNCTION IF EXISTS rekey.made_key_2(public.documents);
DROP FUNCTION rekey.give_key_2(bigint, bigint, uuid);
ALTER TABLE public.documents
  DROP COLUMN rekey_new_id_2,
  DROP COLUMN rekey_new_user_id_3;
CALL rekey.end_undo('015.documents.expand');
COMMIT;

-- step 015.public.users.id.give · online · outside of a transaction · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('015.public.users.id.give');
DELETE FROM rekey.backfills WHERE step = '015.public.users.id.give';
CALL rekey.end_undo('015.public.users.id.give');

-- step 015.users.expand · online · plan.yaml:8
-- way back: drops the new columns of public.users
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.users.expand');
DROP TRIGGER "~rekey_insert" ON public.users;
DROP TRIGGER "~rekey_update" ON public.users;

DROP FUNCTION rekey.sync_1();
DROP FUNCTION IF EXISTS rekey.made_key_1(public.users);
DROP FUNCTION rekey.give_key_1(uuid, uuid, uuid);
ALTER TABLE public.users
  DROP COLUMN rekey_new_id_1;
CALL rekey.end_undo('015.users.expand');
COMMIT;

-- step 015.open · online · plan.yaml:35
-- way back: the phase is rolled back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('015.open');
CALL rekey.withdraw_phase('015');
CALL rekey.end_undo('015.open');
COMMIT;

