-- Plan documents, phase 020 documents: stage 2 of 2 (3 of 4): the way forward
-- Plan digest sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-documents-stage-2-of-2/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-documents-stage-2-of-2/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline · plan.yaml:31
-- opens phase 020: journal, key domains, fence around 2 tables
-- SHARE ROW EXCLUSIVE on public.documents, public.chunks; ACCESS SHARE on app.jobs; reads all of
--   app.jobs, public.documents, public.chunks
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'documents: stage 2 of 2', 'sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53', '019');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.documents.keys","020.documents.detach","020.chunks.detach","020.documents.rewrite","020.chunks.rewrite","020.documents.attach","020.chunks.attach","020.documents.validate","020.chunks.validate","020.documents.vacuum","020.chunks.vacuum","020.close"],"c163b867d4cd8edbd5eeda989ea53d2b2ef37e77a320c258acd05f0a9cee78ca","300e512b6ce130c540e7c466feb3c1a03025689a8e1b9186a39a8f2b6d11fb78"],
["020.documents.keys",true,false,["020.open"],["020.close"],"4b91d835b6a4c70355373ea43a266298d59ba6e7c5fcc3373a83a1e26e3d727d","40339677d79c6eee479df1391a2ddca7d2d57d3b2360ada1184068d55d7a5617"],
["020.documents.detach",true,false,["020.documents.keys"],["020.documents.rewrite"],"1adfb38b0b35ccf443c16de5587a648b8d85df30022ca34e7d1175e3dabc1a3a","c30e55e077e9bbd06e02485dac52876f1e2b2bfad94e258300cb803e86b3c378"],
["020.chunks.detach",true,false,["020.documents.keys"],["020.chunks.rewrite","020.documents.rewrite"],"e6bb67f1603e154f956ba5b1ba407c2efbb5b91e0407cbc8eaaffe6852cc8494","404ab6b514a2dab45ec64037171745e2c159d62f5282d8c4e2cb53299f611c25"],
["020.documents.rewrite",true,false,["020.chunks.detach","020.documents.detach","020.documents.keys"],["020.chunks.attach","020.documents.attach","020.documents.keys"],"3425c3da495d0dcb4cbcb20427612ee1ccb46d10c5ebd4903bdba6ecc4d7add8","3fdb76c329687cf4b6701160eaaf1e07723a998f0d811da92c45c8751e341a7e"],
["020.chunks.rewrite",true,false,["020.chunks.detach","020.documents.keys"],["020.chunks.attach","020.documents.keys"],"1b56d30070e79d7d9db57593051fb1857c9eceff165bf6cdede0ee26d96e7a75","952d69f14a294c11bd74c4ef4921aa89e3d8a64119ce43a44f12c69ccf9974a3"],
["020.documents.attach",true,false,["020.documents.rewrite"],["020.close"],"48337bb1d774a2e66b9724afb0855e46da5eea4450e60904e7c8b74cd1a1e9f2","e73bc4d10a352182a188671652ab34bd7be2104fb9d3e262c6870a27e7951044"],
["020.chunks.attach",true,false,["020.chunks.rewrite","020.documents.rewrite"],["020.close"],"cbe5b7c1d10bd07f9ed87e8e1a02c20da597ea5b31180c1aba07d91db48805b5","307917ab8681a6d5aafc434c343baa2f9dc57fe5404cd1efd1daebc22ccea1b0"],
["020.documents.validate",true,true,["020.documents.attach"],["020.documents.detach"],"53fe1183597e451f4a2844ac124b0de2be75fb64cb581c04735b8c4baffa9c0d","074e057b7495617ef944245b42f41ff80e883e082eb7fa8e799ab6580bbae226"],
["020.chunks.validate",true,true,["020.chunks.attach"],["020.chunks.detach"],"ca554e317faedc9ad04bf5b67651587def5b7833ddcb5eaeab0e688b38344334","548faf089498b397619c0bf265df545310b8e3410367b7574167c07f70215081"],
["020.documents.vacuum",false,true,["020.documents.validate"],["020.documents.validate"],"38f067940c8d65e0da186103951cf168f7e2a17fb32c418486a04e99caadbb8f","845f479b7a17e04cc032ead92d9061d4f61212a7d559a3574668a79a7223d923"],
["020.chunks.vacuum",false,true,["020.chunks.validate"],["020.chunks.validate"],"2f8e32146e9a6914c5324329f70058703c04b8985ed7923e79978737c97b046b","68950f19ffd6231f43bdbb4f9bb3e2c6cec5221362f1602ff05cbf9b5fc18582"],
["020.close",true,false,["020.documents.vacuum","020.chunks.vacuum"],[],"247133465804d4719275bdc3d54be47d99d8e079245267dffee37d78e75f1a2a","f3904d246801dec907608162247f9b0129044e81460d15f2bcfe0be04f32e815"]
]$steps$);
CALL rekey.begin_step('020.open');
CALL rekey.expect_none('020', 'no job runs', $query$SELECT id FROM app.jobs WHERE running$query$);
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays, picked, stage_of)
VALUES
  ('public.documents.id: stage 2', '020', 'v5', NULL, NULL, $query$file_sha256 IS NOT NULL$query$, 'public.documents.id');
CALL rekey.enter_stage('020', 'public.documents.id', 'public.documents.id: stage 2');
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.documents
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.chunks
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.documents.keys · offline · plan.yaml:17
-- lists the new keys of the rows of public.documents that are left
-- ACCESS SHARE on public.documents; reads all of public.documents
-- goes back with 020.documents.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.keys');
CALL rekey.expect_condition('public.documents', $query$file_sha256 IS NOT NULL$query$);
CALL rekey.expect_names('public.documents', 'id', ARRAY['user_id', 'file_sha256'], $query$file_sha256 IS NOT NULL$query$);
-- stage, its first and last place, how many rows all stages but the last have
CALL rekey.pair_stage('public.documents.id: stage 2', 'public.documents.id', 101, NULL, 100, $query$SELECT id, rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', user_id::text || ':' || file_sha256::text), row_number() OVER (ORDER BY created_at DESC, id) FROM public.documents WHERE id IS NOT NULL AND (file_sha256 IS NOT NULL)$query$);
CALL rekey.end_step('020.documents.keys');
COMMIT;

-- step 020.documents.detach · offline · plan.yaml:7
-- sets 1 foreign key of public.documents aside
-- ACCESS EXCLUSIVE on public.documents
-- goes back with 020.documents.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.detach');
ALTER TABLE public.documents
  DROP CONSTRAINT documents_copy_of_fkey;
CALL rekey.end_step('020.documents.detach');
COMMIT;

-- step 020.chunks.detach · offline · plan.yaml:22
-- sets 1 foreign key of public.chunks aside
-- ACCESS EXCLUSIVE on public.chunks, public.documents
-- goes back with 020.chunks.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.detach');
ALTER TABLE public.chunks
  DROP CONSTRAINT chunks_document_id_fkey;
CALL rekey.end_step('020.chunks.detach');
COMMIT;

-- step 020.documents.rewrite · offline · plan.yaml:7
-- public.documents: id, copy_of to uuid
-- ACCESS EXCLUSIVE on public.documents; rewrites public.documents; reads all of public.documents
-- goes back with 020.documents.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.rewrite');
LOCK TABLE public.documents IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.documents.rewrite', 'before', 'public.documents', ARRAY['id', 'copy_of']);
ALTER TABLE public.documents
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE uuid
    USING rekey.new_or_same(id, 'public.documents.id: stage 2'),
  ALTER COLUMN copy_of TYPE uuid
    USING rekey.new_or_same(copy_of, 'public.documents.id: stage 2');
CALL rekey.measure('020.documents.rewrite', 'after', 'public.documents', ARRAY['id', 'copy_of']);
CALL rekey.end_step('020.documents.rewrite');
COMMIT;

-- step 020.chunks.rewrite · offline · plan.yaml:22
-- public.chunks: document_id to uuid
-- ACCESS EXCLUSIVE on public.chunks; rewrites public.chunks; reads all of public.chunks
-- goes back with 020.chunks.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.rewrite');
LOCK TABLE public.chunks IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.chunks.rewrite', 'before', 'public.chunks', ARRAY['document_id']);
ALTER TABLE public.chunks
  ALTER COLUMN document_id TYPE uuid
    USING rekey.new_or_same(document_id, 'public.documents.id: stage 2');
CALL rekey.measure('020.chunks.rewrite', 'after', 'public.chunks', ARRAY['document_id']);
CALL rekey.end_step('020.chunks.rewrite');
COMMIT;

-- step 020.documents.attach · offline · plan.yaml:7
-- puts 1 foreign key of public.documents back, not yet validated
-- SHARE ROW EXCLUSIVE on public.documents
-- goes back with 020.documents.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.attach');
ALTER TABLE public.documents
  ADD CONSTRAINT documents_copy_of_fkey FOREIGN KEY (copy_of) REFERENCES public.documents(id) NOT VALID;
CALL rekey.end_step('020.documents.attach');
COMMIT;

-- step 020.chunks.attach · offline · plan.yaml:22
-- puts 1 foreign key of public.chunks back, not yet validated
-- SHARE ROW EXCLUSIVE on public.chunks, public.documents
-- goes back with 020.chunks.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.attach');
ALTER TABLE public.chunks
  ADD CONSTRAINT chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) NOT VALID;
CALL rekey.end_step('020.chunks.attach');
COMMIT;

-- step 020.documents.validate · offline · plan.yaml:7
-- checks every row of public.documents against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 020.documents.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.validate');
ALTER TABLE public.documents
  VALIDATE CONSTRAINT documents_copy_of_fkey;
CALL rekey.end_step('020.documents.validate');
COMMIT;

-- step 020.chunks.validate · offline · plan.yaml:22
-- checks every row of public.chunks against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.chunks; ROW SHARE on public.documents; reads all of
--   public.chunks
-- goes back with 020.chunks.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.validate');
ALTER TABLE public.chunks
  VALIDATE CONSTRAINT chunks_document_id_fkey;
CALL rekey.end_step('020.chunks.validate');
COMMIT;

-- step 020.documents.vacuum · offline · outside of a transaction · plan.yaml:7
-- fresh statistics and visibility map for public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 020.documents.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.documents.vacuum');
VACUUM (ANALYZE) public.documents;
CALL rekey.end_step('020.documents.vacuum', analyzed => 'public.documents');

-- step 020.chunks.vacuum · offline · outside of a transaction · plan.yaml:22
-- fresh statistics and visibility map for public.chunks
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 020.chunks.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.chunks.vacuum');
VACUUM (ANALYZE) public.chunks;
CALL rekey.end_step('020.chunks.vacuum', analyzed => 'public.chunks');

-- step 020.close · offline · plan.yaml:31
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.documents, public.chunks
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.documents;
DROP TRIGGER rekey_fence ON public.chunks;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

