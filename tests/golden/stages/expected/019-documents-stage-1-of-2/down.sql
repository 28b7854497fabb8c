-- Plan documents, phase 019 documents: stage 1 of 2 (2 of 4): the way back
-- Plan digest sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 019-documents-stage-1-of-2/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 019-documents-stage-1-of-2/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 019.close · offline · plan.yaml:31
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.documents, public.chunks; reads all of public.documents,
--   public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('019.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.documents
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('019');
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.chunks
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('019');
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('019');
CALL rekey.end_undo('019.close');
COMMIT;

-- step 019.documents.move · offline · plan.yaml:7
-- way back: public.documents: old keys of this stage in id, copy_of
-- SHARE ROW EXCLUSIVE on public.documents; reads all of public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('019.documents.move');
LOCK TABLE public.documents IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_move(ARRAY['public.documents']);
CALL rekey.measure('019.documents.move', 'before', 'public.documents', ARRAY['id', 'copy_of']);
UPDATE public.documents SET
  id = coalesce(rekey.old_of_pair(id, 'public.documents.id: stage 1'), id),
  copy_of = coalesce(rekey.old_of_pair(copy_of, 'public.documents.id: stage 1'), copy_of)
WHERE id IN (SELECT new_key FROM rekey.pairs WHERE domain = 'public.documents.id: stage 1')
   OR copy_of IN (SELECT new_key FROM rekey.pairs WHERE domain = 'public.documents.id: stage 1');
CALL rekey.note_changed(ARRAY['public.documents'], ARRAY['id', 'copy_of'], false);
CALL rekey.measure('019.documents.move', 'after', 'public.documents', ARRAY['id', 'copy_of']);
CALL rekey.end_undo('019.documents.move');
COMMIT;

-- step 019.chunks.move · offline · plan.yaml:22
-- way back: public.chunks: old keys of this stage in document_id
-- SHARE ROW EXCLUSIVE on public.chunks; reads all of public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('019.chunks.move');
LOCK TABLE public.chunks IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_move(ARRAY['public.chunks']);
CALL rekey.measure('019.chunks.move', 'before', 'public.chunks', ARRAY['document_id']);
UPDATE public.chunks SET
  document_id = coalesce(rekey.old_of_pair(document_id, 'public.documents.id: stage 1'), document_id)
WHERE document_id IN (SELECT new_key FROM rekey.pairs WHERE domain = 'public.documents.id: stage 1');
CALL rekey.note_changed(ARRAY['public.chunks'], ARRAY['document_id'], false);
CALL rekey.measure('019.chunks.move', 'after', 'public.chunks', ARRAY['document_id']);
CALL rekey.end_undo('019.chunks.move');
COMMIT;

-- step 019.references · offline · plan.yaml:31
-- way back: looks for keys that should have changed, and for rows that refer to none
-- ACCESS SHARE on public.documents, public.chunks; reads all of public.documents, public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('019.references');
CALL rekey.expect_moved('019');
CALL rekey.expect_references('019');
CALL rekey.end_undo('019.references');
COMMIT;

-- step 019.documents.keys · offline · plan.yaml:17
-- way back: nothing to take back: a key that was written since stays what it is
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('019.documents.keys');
CALL rekey.end_undo('019.documents.keys');
COMMIT;

-- step 019.open · offline · plan.yaml:31
-- way back: takes the fence down: the stage is rolled back
-- ACCESS EXCLUSIVE on public.documents, public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('019.open');
DROP TRIGGER rekey_fence ON public.documents;
DROP TRIGGER rekey_fence ON public.chunks;
CALL rekey.leave_stage(NULL, 'public.documents.id', NULL);
CALL rekey.withdraw_phase('019');
CALL rekey.end_undo('019.open');
COMMIT;

