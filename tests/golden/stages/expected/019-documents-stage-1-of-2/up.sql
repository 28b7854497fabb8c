-- Plan documents, phase 019 documents: stage 1 of 2 (2 of 4): the way forward
-- Plan digest sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 019-documents-stage-1-of-2/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 019-documents-stage-1-of-2/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 019.open · offline · plan.yaml:31
-- opens documents: stage 1 of 2: journal, pairs, fence around 2 tables
-- SHARE ROW EXCLUSIVE on public.documents, public.chunks; ACCESS SHARE on app.jobs; reads all of
--   app.jobs, public.documents, public.chunks
-- goes back with 019.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('019', 'documents: stage 1 of 2', 'sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('019', $steps$[
["019.open",true,false,[],["019.documents.keys","019.documents.move","019.chunks.move","019.references","019.close"],"ee2dd395f57e2ddb305e4ba66a9c69e9c419f788dab0a407b927b8a59c682fca","9cd047f4aed87640fe1380cf87b417374902e70291c5b79d570f5436390928e5"],
["019.documents.keys",true,false,["019.open"],["019.close","019.documents.move","019.chunks.move"],"7741fc19710d9e519959aab4461da65a2374cd9b618c3d033d4c8f98ca5d6a15","f9dbf646f651cadc2b472b37e179460b6ba0b0c8674fcd9b7e765af549b685d2"],
["019.documents.move",true,false,["019.documents.keys"],["019.close"],"273d70f35479a56e91dc559082e30787a917b25deb10b647c944aac4c5ddc5c2","6a7a7b7cd402e3aa19d6db662dcc77de2b6e9db65719f57290e031b1a7928b83"],
["019.chunks.move",true,false,["019.documents.keys"],["019.close"],"ddf6518ac6eff7c788300143dbb04a4e16ace6f9a0bb6c61deea2d147a26ecab","9cd40c20b75c461b70d94e22789abc6d4ccc5bb9ce71ff11c5b9705d87c5caf6"],
["019.references",true,true,["019.documents.move","019.chunks.move"],["019.documents.move","019.chunks.move"],"823121a60829c46e6081926cbc8cbfd0237b25bed53dce28c74bace46a05f9fa","d2d4911916c72f96f421c0319b89fd49db3e3581e136657c6ac43d35719fec27"],
["019.close",true,false,["019.references"],[],"545b3e54e6d7d8a2b85f61314b918e282f136e6409689efbb2a111ce36b2f952","c2a4c9272666f66b900b62ac6596c0dbdc241a4c701d6e5e32f6bcdce6f5d500"]
]$steps$);
CALL rekey.begin_step('019.open');
CALL rekey.expect_none('019', 'no job runs', $query$SELECT id FROM app.jobs WHERE running$query$);
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays, picked, stage_of)
VALUES
  ('public.documents.id', '019', 'v5', NULL, NULL, $query$file_sha256 IS NOT NULL$query$, NULL),
  ('public.documents.id: stage 1', '019', 'v5', NULL, NULL, $query$file_sha256 IS NOT NULL$query$, 'public.documents.id');
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.documents.id', 'public.documents', 'id', 'uuid', 'uuid', true, true, false, NULL, false),
  ('public.documents.id', 'public.documents', 'copy_of', 'uuid', 'uuid', false, false, false, NULL, false),
  ('public.documents.id', 'public.chunks', 'document_id', 'uuid', 'uuid', false, false, false, NULL, false);
CALL rekey.enter_stage('019', 'public.documents.id', 'public.documents.id: stage 1');
CALL rekey.expect_legacy('019');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.documents
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('019');
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.chunks
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('019');
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('019.open');
COMMIT;

-- step 019.documents.keys · offline · plan.yaml:17
-- lists the new keys of 100 rows of public.documents
-- ACCESS SHARE on public.documents; reads all of public.documents
-- goes back with 019.documents.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('019.documents.keys');
CALL rekey.expect_condition('public.documents', $query$file_sha256 IS NOT NULL$query$);
CALL rekey.expect_names('public.documents', 'id', ARRAY['user_id', 'file_sha256'], $query$file_sha256 IS NOT NULL$query$);
-- stage, its first and last place, how many rows all stages but the last have
CALL rekey.pair_stage('public.documents.id: stage 1', 'public.documents.id', 1, 100, 100, $query$SELECT id, rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', user_id::text || ':' || file_sha256::text), row_number() OVER (ORDER BY created_at DESC, id) FROM public.documents WHERE id IS NOT NULL AND (file_sha256 IS NOT NULL)$query$);
CALL rekey.end_step('019.documents.keys');
COMMIT;

-- step 019.documents.move · offline · plan.yaml:7
-- public.documents: new keys of this stage in id, copy_of
-- SHARE ROW EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 019.documents.move in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('019.documents.move');
LOCK TABLE public.documents IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_move(ARRAY['public.documents']);
CALL rekey.measure('019.documents.move', 'before', 'public.documents', ARRAY['id', 'copy_of']);
UPDATE public.documents SET
  id = rekey.new_or_same(id, 'public.documents.id: stage 1'),
  copy_of = rekey.new_or_same(copy_of, 'public.documents.id: stage 1')
WHERE id IN (SELECT old_key FROM rekey.pairs WHERE domain = 'public.documents.id: stage 1')
   OR copy_of IN (SELECT old_key FROM rekey.pairs WHERE domain = 'public.documents.id: stage 1');
CALL rekey.note_changed(ARRAY['public.documents'], ARRAY['id', 'copy_of'], true);
CALL rekey.measure('019.documents.move', 'after', 'public.documents', ARRAY['id', 'copy_of']);
CALL rekey.end_step('019.documents.move');
COMMIT;

-- step 019.chunks.move · offline · plan.yaml:22
-- public.chunks: new keys of this stage in document_id
-- SHARE ROW EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 019.chunks.move in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('019.chunks.move');
LOCK TABLE public.chunks IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_move(ARRAY['public.chunks']);
CALL rekey.measure('019.chunks.move', 'before', 'public.chunks', ARRAY['document_id']);
UPDATE public.chunks SET
  document_id = rekey.new_or_same(document_id, 'public.documents.id: stage 1')
WHERE document_id IN (SELECT old_key FROM rekey.pairs WHERE domain = 'public.documents.id: stage 1');
CALL rekey.note_changed(ARRAY['public.chunks'], ARRAY['document_id'], true);
CALL rekey.measure('019.chunks.move', 'after', 'public.chunks', ARRAY['document_id']);
CALL rekey.end_step('019.chunks.move');
COMMIT;

-- step 019.references · offline · plan.yaml:31
-- looks for keys that should have changed, and for rows that refer to none
-- ACCESS SHARE on public.documents, public.chunks; reads all of public.documents, public.chunks
-- goes back with 019.references in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('019.references');
CALL rekey.expect_moved('019');
CALL rekey.expect_references('019');
CALL rekey.end_step('019.references');
COMMIT;

-- step 019.close · offline · plan.yaml:31
-- takes the fence down: the stage is applied
-- ACCESS EXCLUSIVE on public.documents, public.chunks
-- goes back with 019.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('019.close');
DROP TRIGGER rekey_fence ON public.documents;
DROP TRIGGER rekey_fence ON public.chunks;
CALL rekey.close_phase('019');
CALL rekey.end_step('019.close');
COMMIT;

