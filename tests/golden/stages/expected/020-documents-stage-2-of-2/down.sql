-- Plan documents, phase 020 documents: stage 2 of 2 (3 of 4): the way back
-- Plan digest sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-documents-stage-2-of-2/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-documents-stage-2-of-2/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · offline · plan.yaml:31
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.documents, public.chunks; reads all of public.documents,
--   public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.documents
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.chunks
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.documents.attach · offline · plan.yaml:7
-- way back: sets 1 foreign key of public.documents aside
-- ACCESS EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.attach');
ALTER TABLE public.documents
  DROP CONSTRAINT documents_copy_of_fkey;
CALL rekey.end_undo('020.documents.attach');
COMMIT;

-- step 020.chunks.attach · offline · plan.yaml:22
-- way back: sets 1 foreign key of public.chunks aside
-- ACCESS EXCLUSIVE on public.chunks, public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.attach');
ALTER TABLE public.chunks
  DROP CONSTRAINT chunks_document_id_fkey;
CALL rekey.end_undo('020.chunks.attach');
COMMIT;

-- step 020.documents.keys · offline · plan.yaml:17
-- way back: nothing to take back: a key that was written since stays what it is
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.keys');
CALL rekey.end_undo('020.documents.keys');
COMMIT;

-- step 020.documents.rewrite · offline · plan.yaml:7
-- way back: public.documents: id, copy_of back to their old types
-- ACCESS EXCLUSIVE on public.documents; rewrites public.documents; reads all of public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.rewrite');
LOCK TABLE public.documents IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.documents.rewrite', 'before', 'public.documents', ARRAY['id', 'copy_of']);
ALTER TABLE public.documents
  ALTER COLUMN id SET DEFAULT gen_random_uuid(),
  ALTER COLUMN id TYPE uuid
    USING coalesce(rekey.old_of_pair(id, 'public.documents.id: stage 2'), id)::uuid,
  ALTER COLUMN copy_of TYPE uuid
    USING coalesce(rekey.old_of_pair(copy_of, 'public.documents.id: stage 2'), copy_of)::uuid;
CALL rekey.measure('020.documents.rewrite', 'after', 'public.documents', ARRAY['id', 'copy_of']);
CALL rekey.end_undo('020.documents.rewrite');
COMMIT;

-- step 020.chunks.rewrite · offline · plan.yaml:22
-- way back: public.chunks: document_id back to their old types
-- ACCESS EXCLUSIVE on public.chunks; rewrites public.chunks; reads all of public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.rewrite');
LOCK TABLE public.chunks IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.chunks.rewrite', 'before', 'public.chunks', ARRAY['document_id']);
ALTER TABLE public.chunks
  ALTER COLUMN document_id TYPE uuid
    USING coalesce(rekey.old_of_pair(document_id, 'public.documents.id: stage 2'), document_id)::uuid;
CALL rekey.measure('020.chunks.rewrite', 'after', 'public.chunks', ARRAY['document_id']);
CALL rekey.end_undo('020.chunks.rewrite');
COMMIT;

-- step 020.documents.detach · offline · plan.yaml:7
-- way back: puts 1 foreign key of public.documents back, not yet validated
-- SHARE ROW EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.detach');
ALTER TABLE public.documents
  ADD CONSTRAINT documents_copy_of_fkey FOREIGN KEY (copy_of) REFERENCES public.documents(id) NOT VALID;
CALL rekey.end_undo('020.documents.detach');
COMMIT;

-- step 020.chunks.detach · offline · plan.yaml:22
-- way back: puts 1 foreign key of public.chunks back, not yet validated
-- SHARE ROW EXCLUSIVE on public.chunks, public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.detach');
ALTER TABLE public.chunks
  ADD CONSTRAINT chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) NOT VALID;
CALL rekey.end_undo('020.chunks.detach');
COMMIT;

-- step 020.documents.validate · offline · plan.yaml:7
-- way back: checks every row of public.documents against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.validate');
ALTER TABLE public.documents
  VALIDATE CONSTRAINT documents_copy_of_fkey;
CALL rekey.end_undo('020.documents.validate');
COMMIT;

-- step 020.chunks.validate · offline · plan.yaml:22
-- way back: checks every row of public.chunks against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.chunks; ROW SHARE on public.documents; reads all of
--   public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.validate');
ALTER TABLE public.chunks
  VALIDATE CONSTRAINT chunks_document_id_fkey;
CALL rekey.end_undo('020.chunks.validate');
COMMIT;

-- step 020.documents.vacuum · offline · outside of a transaction · plan.yaml:7
-- way back: fresh statistics and visibility map for public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
CALL rekey.begin_undo('020.documents.vacuum');
VACUUM (ANALYZE) public.documents;
CALL rekey.end_undo('020.documents.vacuum', analyzed => 'public.documents');

-- step 020.chunks.vacuum · offline · outside of a transaction · plan.yaml:22
-- way back: fresh statistics and visibility map for public.chunks
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
CALL rekey.begin_undo('020.chunks.vacuum');
VACUUM (ANALYZE) public.chunks;
CALL rekey.end_undo('020.chunks.vacuum', analyzed => 'public.chunks');

-- step 020.open · offline · plan.yaml:31
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.documents, public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.documents;
DROP TRIGGER rekey_fence ON public.chunks;
CALL rekey.leave_stage('019', 'public.documents.id', 'public.documents.id: stage 1');
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

