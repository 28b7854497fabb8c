-- Plan documents, phase 030 cleanup (4 of 4): the way back
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
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

-- step 030.close · online · plan.yaml:36
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.close');
CALL rekey.end_undo('030.close');
COMMIT;

-- step 030.users.contract · online · plan.yaml:8
-- way back: old keys of public.users again, as its last columns
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.contract');
ALTER TABLE public.users
  ADD COLUMN rekey_old_id_1 uuid;
CALL rekey.copy_column_settings('public.users', 'id', 'rekey_old_id_1');
CALL rekey.restore_columns('public.users');
CALL rekey.end_undo('030.users.contract');
COMMIT;

-- step 030.users.hook_back · online · plan.yaml:8
-- way back: triggers fill the old keys of public.users again
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.hook_back');
DROP TRIGGER IF EXISTS "~rekey_insert" ON public.users;
DROP TRIGGER IF EXISTS "~rekey_update" ON public.users;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.rekey_old_id_1 IS NOT NULL AND NEW.rekey_old_id_1 IS DISTINCT FROM rekey.old_key_1(NEW.id) THEN
    PERFORM rekey.refuse_place('public.users', 'id');
  END IF;
  NEW.rekey_old_id_1 := rekey.old_key_1(NEW.id);
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.users
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_1();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.users
  FOR EACH ROW WHEN (OLD.rekey_old_id_1 <> NEW.rekey_old_id_1 OR OLD.id <> NEW.id OR (NEW.rekey_old_id_1 IS NULL) <> (NEW.id IS NULL))
  EXECUTE FUNCTION rekey.sync_1();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_undo('030.users.hook_back');
COMMIT;

-- step 030.users.keep · online · outside of a transaction · plan.yaml:8
-- way back: old keys for the rows of public.users that lack one or have another
-- ROW EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('030.users.keep');
CALL rekey.settle_old_keys('030.users.keep', 'public.users', 'rekey_old_id_1', $query$rekey_old_id_1 = rekey.old_key_1(id)$query$, $query$t.rekey_old_id_1 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_undo('030.users.keep');

-- step 030.users.rekey_old_key_1_1 · online · outside of a transaction · plan.yaml:8
-- way back: builds rekey_old_key_1_1 beside the writes to public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('030.users.rekey_old_key_1_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_1_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_1_1 ON public.users USING btree (rekey_old_id_1);
SET lock_timeout = '2s';
CALL rekey.end_undo('030.users.rekey_old_key_1_1', built => 'public.rekey_old_key_1_1');

-- step 030.users.require_back · online · plan.yaml:8
-- way back: old keys of public.users may not be NULL where the new ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.require_back');
CALL rekey.require('public.users', ARRAY['id'], ARRAY['rekey_old_id_1']);
CALL rekey.end_undo('030.users.require_back');
COMMIT;

-- step 030.users.required_back · online · plan.yaml:8
-- way back: checks that no old key of public.users is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.required_back');
CALL rekey.validate_required('public.users');
CALL rekey.end_undo('030.users.required_back');
COMMIT;

-- step 030.users.not_null_back · online · plan.yaml:8
-- way back: the old keys of public.users are NOT NULL again
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.not_null_back');
CALL rekey.set_required('public.users', ARRAY['id'], ARRAY['rekey_old_id_1']);
CALL rekey.name_not_nulls('public.users');
CALL rekey.end_undo('030.users.not_null_back');
COMMIT;

-- step 030.documents.contract · online · plan.yaml:15
-- way back: old keys of public.documents again, as its last columns
-- ACCESS EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.documents.contract');
ALTER TABLE public.documents
  ADD COLUMN rekey_old_id_2 bigint,
  ADD COLUMN rekey_old_user_id_3 uuid;
CALL rekey.copy_column_settings('public.documents', 'id', 'rekey_old_id_2');
CALL rekey.copy_column_settings('public.documents', 'user_id', 'rekey_old_user_id_3');
CALL rekey.restore_columns('public.documents');
CALL rekey.end_undo('030.documents.contract');
COMMIT;

-- step 030.documents.hook_back · online · plan.yaml:15
-- way back: triggers fill the old keys of public.documents again
-- ACCESS EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.documents.hook_back');
DROP TRIGGER IF EXISTS "~rekey_insert" ON public.documents;
DROP TRIGGER IF EXISTS "~rekey_update" ON public.documents;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_old_id_2 := rekey.old_key_2(NEW.id);
  IF TG_OP = 'INSERT' AND NEW.rekey_old_user_id_3 IS NOT NULL AND NEW.rekey_old_user_id_3 IS DISTINCT FROM rekey.old_key_1(NEW.user_id) THEN
    PERFORM rekey.refuse_place('public.documents', 'user_id');
  END IF;
  NEW.rekey_old_user_id_3 := rekey.old_key_1(NEW.user_id);
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.documents
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.documents
  FOR EACH ROW WHEN (OLD.rekey_old_id_2 <> NEW.rekey_old_id_2 OR OLD.id <> NEW.id OR (NEW.rekey_old_id_2 IS NULL) <> (NEW.id IS NULL)
    OR OLD.rekey_old_user_id_3 <> NEW.rekey_old_user_id_3 OR OLD.user_id <> NEW.user_id OR (NEW.rekey_old_user_id_3 IS NULL) <> (NEW.user_id IS NULL))
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_undo('030.documents.hook_back');
COMMIT;

-- step 030.documents.keep · online · outside of a transaction · plan.yaml:15
-- way back: old keys for the rows of public.documents that lack one or have another
-- ROW EXCLUSIVE on public.documents; reads all of public.documents
CALL rekey.begin_undo('030.documents.keep');
CALL rekey.settle_old_keys('030.documents.keep', 'public.documents', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id), rekey_old_user_id_3 = rekey.old_key_1(user_id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.id) OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
CALL rekey.end_undo('030.documents.keep');

-- step 030.documents.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:15
-- way back: builds rekey_old_key_2_1 beside the writes to public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
CALL rekey.begin_undo('030.documents.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_2_1 ON public.documents USING btree (rekey_old_id_2);
SET lock_timeout = '2s';
CALL rekey.end_undo('030.documents.rekey_old_key_2_1', built => 'public.rekey_old_key_2_1');

-- step 030.documents.require_back · online · plan.yaml:15
-- way back: old keys of public.documents may not be NULL where the new ones may not: not yet
--   validated
-- ACCESS EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.documents.require_back');
CALL rekey.require('public.documents', ARRAY['id', 'user_id'], ARRAY['rekey_old_id_2', 'rekey_old_user_id_3']);
CALL rekey.end_undo('030.documents.require_back');
COMMIT;

-- step 030.documents.required_back · online · plan.yaml:15
-- way back: checks that no old key of public.documents is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.documents.required_back');
CALL rekey.validate_required('public.documents');
CALL rekey.end_undo('030.documents.required_back');
COMMIT;

-- step 030.documents.not_null_back · online · plan.yaml:15
-- way back: the old keys of public.documents are NOT NULL again
-- ACCESS EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.documents.not_null_back');
CALL rekey.set_required('public.documents', ARRAY['id', 'user_id'], ARRAY['rekey_old_id_2', 'rekey_old_user_id_3']);
CALL rekey.name_not_nulls('public.documents');
CALL rekey.end_undo('030.documents.not_null_back');
COMMIT;

-- step 030.chunks.contract · online · plan.yaml:26
-- way back: old keys of public.chunks again, as its last columns
-- ACCESS EXCLUSIVE on public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.chunks.contract');
ALTER TABLE public.chunks
  ADD COLUMN rekey_old_document_id_4 bigint;
CALL rekey.copy_column_settings('public.chunks', 'document_id', 'rekey_old_document_id_4');
CALL rekey.restore_columns('public.chunks');
CALL rekey.end_undo('030.chunks.contract');
COMMIT;

-- step 030.chunks.hook_back · online · plan.yaml:26
-- way back: triggers fill the old keys of public.chunks again
-- ACCESS EXCLUSIVE on public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.chunks.hook_back');
DROP TRIGGER IF EXISTS "~rekey_insert" ON public.chunks;
DROP TRIGGER IF EXISTS "~rekey_update" ON public.chunks;
CREATE OR REPLACE FUNCTION rekey.sync_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_old_document_id_4 := rekey.old_key_2(NEW.document_id);
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.chunks
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_3();
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.chunks
  FOR EACH ROW WHEN (OLD.rekey_old_document_id_4 <> NEW.rekey_old_document_id_4 OR OLD.document_id <> NEW.document_id OR (NEW.rekey_old_document_id_4 IS NULL) <> (NEW.document_id IS NULL))
  EXECUTE FUNCTION rekey.sync_3();
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_undo('030.chunks.hook_back');
COMMIT;

-- step 030.chunks.keep · online · outside of a transaction · plan.yaml:26
-- way back: old keys for the rows of public.chunks that lack one or have another
-- ROW EXCLUSIVE on public.chunks; reads all of public.chunks
CALL rekey.begin_undo('030.chunks.keep');
CALL rekey.settle_old_keys('030.chunks.keep', 'public.chunks', 'rekey_old_document_id_4', $query$rekey_old_document_id_4 = rekey.old_key_2(document_id)$query$, $query$t.rekey_old_document_id_4 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.document_id) OR t.rekey_old_document_id_4 IS NULL AND t.document_id IS NOT NULL$query$);
CALL rekey.end_undo('030.chunks.keep');

-- step 030.chunks.rekey_old_key_3_1 · online · outside of a transaction · plan.yaml:26
-- way back: builds rekey_old_key_3_1 beside the writes to public.chunks
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
CALL rekey.begin_undo('030.chunks.rekey_old_key_3_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_3_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_3_1 ON public.chunks USING btree (rekey_old_document_id_4, n);
SET lock_timeout = '2s';
CALL rekey.end_undo('030.chunks.rekey_old_key_3_1', built => 'public.rekey_old_key_3_1');

-- step 030.chunks.require_back · online · plan.yaml:26
-- way back: old keys of public.chunks may not be NULL where the new ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.chunks.require_back');
CALL rekey.require('public.chunks', ARRAY['document_id'], ARRAY['rekey_old_document_id_4']);
CALL rekey.end_undo('030.chunks.require_back');
COMMIT;

-- step 030.chunks.required_back · online · plan.yaml:26
-- way back: checks that no old key of public.chunks is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.chunks.required_back');
CALL rekey.validate_required('public.chunks');
CALL rekey.end_undo('030.chunks.required_back');
COMMIT;

-- step 030.chunks.not_null_back · online · plan.yaml:26
-- way back: the old keys of public.chunks are NOT NULL again
-- ACCESS EXCLUSIVE on public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.chunks.not_null_back');
CALL rekey.set_required('public.chunks', ARRAY['document_id'], ARRAY['rekey_old_document_id_4']);
CALL rekey.name_not_nulls('public.chunks');
CALL rekey.end_undo('030.chunks.not_null_back');
COMMIT;

-- step 030.open · online · plan.yaml:36
-- way back: closes the phase's way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.open');
CALL rekey.withdraw_phase('030');
CALL rekey.end_undo('030.open');
COMMIT;

