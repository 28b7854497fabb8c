-- Plan documents, phase 020 users (2 of 3): the way forward
-- Plan digest sha256:2c7616b87a437ca6c37ee7359f8cc184e4e724f474160fb227212a1453ae8af9
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 3 tables
-- SHARE ROW EXCLUSIVE on public.users, public.documents, public.chunks; reads all of public.users,
--   public.documents, public.chunks
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'users', 'sha256:2c7616b87a437ca6c37ee7359f8cc184e4e724f474160fb227212a1453ae8af9', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.documents.detach","020.chunks.detach","020.users.keys","020.documents.keys","020.chunks.keys","020.users.rewrite","020.documents.rewrite","020.chunks.rewrite","020.documents.attach","020.chunks.attach","020.documents.validate","020.chunks.validate","020.users.vacuum","020.documents.vacuum","020.chunks.vacuum","020.close"],"7da29c72b5c3690a302a548c030086c555e3efc76c1c3fc10384654050ddde02","857282a178b32aa2fbe1319df401501672c961425ee62b6185974fc044b9610d"],
["020.documents.detach",true,false,["020.open"],["020.documents.rewrite","020.users.rewrite"],"fd9739094cb13deec76bfd35ece875fdbae3857a44e9ef096360b3cf7e5aca1e","6b26624e9382189f24878e21be1f16d9c78f6dbd2511172a6c98551b019c1191"],
["020.chunks.detach",true,false,["020.open"],["020.chunks.rewrite","020.documents.rewrite"],"e6bb67f1603e154f956ba5b1ba407c2efbb5b91e0407cbc8eaaffe6852cc8494","404ab6b514a2dab45ec64037171745e2c159d62f5282d8c4e2cb53299f611c25"],
["020.users.keys",true,false,["020.open"],["020.close"],"757e4fb64a3c8c34acbc68a43a18a20cd98617dae964a9a01a94556f4ced2bc8","03d28539a9df5b642bd3baf821d47ec760777b0857dc5e5cd9aa017ab74d68c9"],
["020.documents.keys",true,false,["020.open","020.users.keys"],["020.close"],"87fa818047ee3955663b537feffd16afd489a42a4f2ee58bb4b635ee3b4bd5dd","40339677d79c6eee479df1391a2ddca7d2d57d3b2360ada1184068d55d7a5617"],
["020.chunks.keys",true,false,["020.open"],["020.close"],"bca9cfaebdf88df7163cf8920371aadf0760232f926d65f101d10802ec6816a7","72f85e20784bbf4c7682dcc4a312b8abb1cfb929e6797b51f7d0cc94c2164dbd"],
["020.users.rewrite",true,false,["020.documents.detach","020.users.keys"],["020.documents.attach","020.users.keys"],"e63929678df906c4bebcc047d111018d173db5f861b41b4eeae7ca9f8c90757a","3fcbe011231b33f111c1f0b4458059986ecd5e244bd5b52866562b86da1cffd5"],
["020.documents.rewrite",true,false,["020.chunks.detach","020.documents.detach","020.documents.keys","020.users.keys"],["020.chunks.attach","020.documents.attach","020.documents.keys","020.users.keys"],"4cb1b38263e40897aaa2e3ba5d8963da2cc7dd368f1f2db9ab0afb652432c44c","0a4e2d19224288ed3093c60450658903196a15745a75999825a6a1a020a6d964"],
["020.chunks.rewrite",true,false,["020.chunks.detach","020.chunks.keys","020.documents.keys"],["020.chunks.attach","020.chunks.keys","020.documents.keys"],"28c084837ce77d9ac05cb1b0f55aef954ac34582cdae2b679253ed5f6fa33dc5","d25365674bdedee54d26cae6cb0f794edf1f84fb2b560bfb1986c83f1c0c9494"],
["020.documents.attach",true,false,["020.documents.rewrite","020.users.rewrite"],["020.close"],"f2406fb92b67de84f7db077a528f3638745d72590cdf13385f82e2c88cceeaf0","ea046683964a27ec3e781ebc7656f47d290b5427ced018f408d884675c55e660"],
["020.chunks.attach",true,false,["020.chunks.rewrite","020.documents.rewrite"],["020.close"],"cbe5b7c1d10bd07f9ed87e8e1a02c20da597ea5b31180c1aba07d91db48805b5","307917ab8681a6d5aafc434c343baa2f9dc57fe5404cd1efd1daebc22ccea1b0"],
["020.documents.validate",true,true,["020.documents.attach"],["020.documents.detach"],"32c14bf9e854ea079ff9981d000c49633d43857289c86df22b736fd35f079c01","f492194c24f844bffc3a258c3d3e55164b90c88014d5292975b9ebc92c5fb44e"],
["020.chunks.validate",true,true,["020.chunks.attach"],["020.chunks.detach"],"ca554e317faedc9ad04bf5b67651587def5b7833ddcb5eaeab0e688b38344334","548faf089498b397619c0bf265df545310b8e3410367b7574167c07f70215081"],
["020.users.vacuum",false,true,["020.users.rewrite"],["020.users.rewrite"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.documents.vacuum",false,true,["020.documents.validate"],["020.documents.validate"],"38f067940c8d65e0da186103951cf168f7e2a17fb32c418486a04e99caadbb8f","845f479b7a17e04cc032ead92d9061d4f61212a7d559a3574668a79a7223d923"],
["020.chunks.vacuum",false,true,["020.chunks.validate"],["020.chunks.validate"],"2f8e32146e9a6914c5324329f70058703c04b8985ed7923e79978737c97b046b","68950f19ffd6231f43bdbb4f9bb3e2c6cec5221362f1602ff05cbf9b5fc18582"],
["020.close",true,false,["020.users.vacuum","020.documents.vacuum","020.chunks.vacuum"],[],"3485d04ea07c79e484731409ecefaf74237e5dc9ed5305f19b018fbbd50c6bbe","87528e581c98ad97e621deac365eeb96f97744fd0b8207cbaf0a3f234082f57a"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.id', '020', 'v7', 'created_at', NULL),
  ('public.documents.id', '020', 'v5', NULL, NULL),
  ('public.chunks.id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.id', 'public.users', 'id', 'uuid', 'uuid', true, true, false, NULL, false),
  ('public.users.id', 'public.documents', 'user_id', 'uuid', 'uuid', false, false, false, NULL, false),
  ('public.documents.id', 'public.documents', 'id', 'uuid', 'uuid', true, true, false, NULL, false),
  ('public.documents.id', 'public.chunks', 'document_id', 'uuid', 'uuid', false, false, false, NULL, false),
  ('public.chunks.id', 'public.chunks', 'id', 'bigint', 'bigint', true, true, false, 'public.chunks_id_seq', false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.documents
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.chunks
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.documents.detach · offline · plan.yaml:14
-- sets 1 foreign key of public.documents aside
-- ACCESS EXCLUSIVE on public.documents, public.users
-- goes back with 020.documents.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.detach');
ALTER TABLE public.documents
  DROP CONSTRAINT documents_user_id_fkey;
CALL rekey.end_step('020.documents.detach');
COMMIT;

-- step 020.chunks.detach · offline · plan.yaml:26
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

-- step 020.users.keys · offline · plan.yaml:12
-- lists the new keys of public.users.id
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.pair_keys('public.users.id', $query$SELECT id, rekey.retimed(id, created_at) FROM public.users WHERE id IS NOT NULL$query$);
CALL rekey.end_step('020.users.keys');
COMMIT;

-- step 020.documents.keys · offline · plan.yaml:21
-- lists the new keys of public.documents.id
-- ACCESS SHARE on public.documents; reads all of public.documents
-- goes back with 020.documents.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.keys');
CALL rekey.expect_names('public.documents', 'id', ARRAY['user_id', 'file_sha256']);
CALL rekey.pair_keys('public.documents.id', $query$SELECT id, rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', rekey.new_of_pair(user_id, 'public.users.id')::text || ':' || file_sha256::text) FROM public.documents WHERE id IS NOT NULL$query$);
CALL rekey.end_step('020.documents.keys');
COMMIT;

-- step 020.chunks.keys · offline · plan.yaml:29
-- notes where the ids of public.chunks.id stand
-- ACCESS SHARE on public.chunks; reads all of public.chunks
-- goes back with 020.chunks.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.keys');
CALL rekey.save_ids('public.chunks.id');
CALL rekey.end_step('020.chunks.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:7
-- public.users: id to uuid
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
-- goes back with 020.users.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['id']);
ALTER TABLE public.users
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT public.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.new_of_pair(id, 'public.users.id');
CALL rekey.note_changed(ARRAY['public.users'], ARRAY['id'], true);
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['id']);
CALL rekey.end_step('020.users.rewrite');
COMMIT;

-- step 020.documents.rewrite · offline · plan.yaml:14
-- public.documents: id, user_id to uuid
-- ACCESS EXCLUSIVE on public.documents; rewrites public.documents; reads all of public.documents
-- goes back with 020.documents.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.rewrite');
LOCK TABLE public.documents IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.documents.rewrite', 'before', 'public.documents', ARRAY['id', 'user_id']);
ALTER TABLE public.documents
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE uuid
    USING rekey.new_of_pair(id, 'public.documents.id'),
  ALTER COLUMN user_id TYPE uuid
    USING rekey.new_of_pair(user_id, 'public.users.id');
CALL rekey.note_changed(ARRAY['public.documents'], ARRAY['id', 'user_id'], true);
CALL rekey.measure('020.documents.rewrite', 'after', 'public.documents', ARRAY['id', 'user_id']);
CALL rekey.end_step('020.documents.rewrite');
COMMIT;

-- step 020.chunks.rewrite · offline · plan.yaml:26
-- public.chunks: id, document_id to uuid
-- ACCESS EXCLUSIVE on public.chunks; rewrites public.chunks; reads all of public.chunks
-- goes back with 020.chunks.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.rewrite');
LOCK TABLE public.chunks IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.chunks.rewrite', 'before', 'public.chunks', ARRAY['id', 'document_id']);
ALTER TABLE public.chunks
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT public.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.ordered(id, rekey.domain_secret('public.chunks.id')),
  ALTER COLUMN document_id TYPE uuid
    USING rekey.new_of_pair(document_id, 'public.documents.id');
CALL rekey.note_changed(ARRAY['public.chunks'], ARRAY['document_id'], true);
CALL rekey.measure('020.chunks.rewrite', 'after', 'public.chunks', ARRAY['id', 'document_id']);
CALL rekey.end_step('020.chunks.rewrite');
COMMIT;

-- step 020.documents.attach · offline · plan.yaml:14
-- puts 1 foreign key of public.documents back, not yet validated
-- SHARE ROW EXCLUSIVE on public.documents, public.users
-- goes back with 020.documents.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.attach');
ALTER TABLE public.documents
  ADD CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE NOT VALID;
CALL rekey.end_step('020.documents.attach');
COMMIT;

-- step 020.chunks.attach · offline · plan.yaml:26
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

-- step 020.documents.validate · offline · plan.yaml:14
-- checks every row of public.documents against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.documents; ROW SHARE on public.users; reads all of
--   public.documents
-- goes back with 020.documents.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.validate');
ALTER TABLE public.documents
  VALIDATE CONSTRAINT documents_user_id_fkey;
CALL rekey.end_step('020.documents.validate');
COMMIT;

-- step 020.chunks.validate · offline · plan.yaml:26
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

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:7
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.documents.vacuum · offline · outside of a transaction · plan.yaml:14
-- fresh statistics and visibility map for public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 020.documents.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.documents.vacuum');
VACUUM (ANALYZE) public.documents;
CALL rekey.end_step('020.documents.vacuum', analyzed => 'public.documents');

-- step 020.chunks.vacuum · offline · outside of a transaction · plan.yaml:26
-- fresh statistics and visibility map for public.chunks
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 020.chunks.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.chunks.vacuum');
VACUUM (ANALYZE) public.chunks;
CALL rekey.end_step('020.chunks.vacuum', analyzed => 'public.chunks');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.users, public.documents, public.chunks
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.documents;
DROP TRIGGER rekey_fence ON public.chunks;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

