-- Plan borrowed, phase 020 users (2 of 3): the way forward
-- Plan digest sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d
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
-- SHARE ROW EXCLUSIVE on public.comments, public.users, public.posts; reads all of public.comments,
--   public.users, public.posts
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'users', 'sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.keys","020.posts.keys","020.users.rewrite","020.posts.rewrite","020.comments.rewrite","020.users.vacuum","020.posts.vacuum","020.comments.vacuum","020.close"],"0e0e428d3e0115769f11a2f4d2dd6e0411123cbf4271586defa3dc51675b6a60","c149043fcc9829fe8a5e4b32284baa7d3a1b9a31f820310c3a3eb6f9f2f48023"],
["020.users.keys",true,false,["020.open"],["020.close"],"cf9adcc27a4ffe9e39b5ce53fd37795e799a29c589f2d92eb303a72b68b653e8","a17e103b5eef7f602e6bc05628ab34762c9e6411e7acb49628b60280f57ecbd6"],
["020.posts.keys",true,false,["020.open"],["020.close"],"70a7d7fa9371368fe825bf9269862a6fb125eef6fd56efcbbb31f2bf492a6e8f","745c258ed3673a15181652215cf8a3731d2be1dc98d82c5720fe28f197e4874d"],
["020.users.rewrite",true,false,["020.users.keys"],["020.users.keys"],"3e6c7720ef4730fd917123af02f87dba39197884b36883147673d698c2823f41","d9923f59a126d3ad0302df894d32e9830221ed588a37fa3c085a8ad3954d2e17"],
["020.posts.rewrite",true,false,["020.posts.keys"],["020.posts.keys"],"c932604aef8497aa21f277ea069f9b79150f41a8a0a25fca814e45d8d6323933","1ab83d9cbd12f8e9649c9d68db7f5b632d5e2db003d60371ab9ff8481c47dd83"],
["020.comments.rewrite",true,false,["020.posts.keys","020.users.keys"],["020.posts.keys","020.users.keys"],"25bcce5e30dbec60463ab820652b96ee81ee2be6721d2c4858574b3d61d6b2c9","dff5af8e1751c156549b89a7b217542995fe73a10ec996d3765e616a04335abb"],
["020.users.vacuum",false,true,["020.users.rewrite"],["020.users.rewrite"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.posts.vacuum",false,true,["020.posts.rewrite"],["020.posts.rewrite"],"aacd3378848fcfe2d3cccc0da12fec01380b79ea8befe256f7823e659c8f04d8","8c26c91749450f3f2cbd2ea17a6c52eefa0b6419aafce61bf60bdb0a3ed68d74"],
["020.comments.vacuum",false,true,["020.comments.rewrite"],["020.comments.rewrite"],"cd836b2cb70be6cdb2d8a82d5b79fbc3e5b7d0536a124e0c06260534a212d697","f9a68fca75f0a16c4ff77079a6f9a4f4dfa115d84c2a607cc55e38e02fb3a1e1"],
["020.close",true,false,["020.users.vacuum","020.posts.vacuum","020.comments.vacuum"],[],"bcc07e0e10e50ed9b93a8b65811725219b6ac62e3de1a403247dcaab04e044dc","99dfa5a885fbfcd3402cd1adb7515ef917fca7b3917d03c869fb90f250cf5d9d"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.user_id', '020', 'ordered', NULL, NULL),
  ('public.posts.id', '020', 'keyed', NULL, NULL),
  ('public.comments.commentable_id', '020', 'borrowed', NULL, NULL),
  ('public.comments.payload', '020', 'borrowed', NULL, 4);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.user_id', 'public.users', 'user_id', 'integer', 'integer', true, true, false, 'public.users_user_id_seq', false),
  ('public.users.user_id', 'public.comments', 'author', 'integer', 'integer', false, true, false, NULL, false),
  ('public.posts.id', 'public.posts', 'id', 'bigint', 'bigint', true, true, false, NULL, false),
  ('public.comments.commentable_id', 'public.comments', 'commentable_id', 'bigint', 'bigint', false, false, false, NULL, false),
  ('public.comments.payload', 'public.comments', 'payload', 'jsonb', 'jsonb', false, false, false, NULL, false);
INSERT INTO rekey.places (table_name, column_name, place, domain, title, path, type_column, type)
VALUES
  ('public.comments', 'commentable_id', 1, 'public.posts.id', 'Post', NULL, 'commentable_type', 'Post'),
  ('public.comments', 'commentable_id', 2, 'public.users.user_id', E'App\\User', NULL, 'commentable_type', E'App\\User'),
  ('public.comments', 'payload', 1, 'public.users.user_id', '$.user.id', ARRAY['user', 'id']::text[], NULL, NULL),
  ('public.comments', 'payload', 2, 'public.users.user_id', '$."seen by"[*]', ARRAY['seen by', NULL]::text[], NULL, NULL);
-- what stands there is read before the fence is up
LOCK TABLE public.comments IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.expect_referred('public.comments', ARRAY['author'], 'public.users', ARRAY['user_id']);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.posts
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.posts ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.comments
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.comments ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:8
-- notes where the ids of public.users.user_id stand
-- ACCESS SHARE on public.users, public.comments; reads all of public.users, public.comments
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.user_id');
CALL rekey.end_step('020.users.keys');
COMMIT;

-- step 020.posts.keys · offline · plan.yaml:13
-- notes where the ids of public.posts.id stand
-- ACCESS SHARE on public.posts, public.comments; reads all of public.posts, public.comments
-- goes back with 020.posts.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.posts.keys');
CALL rekey.save_ids('public.posts.id');
CALL rekey.end_step('020.posts.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:5
-- public.users: user_id to uuid
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
-- goes back with 020.users.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id DROP DEFAULT,
  ALTER COLUMN user_id SET DEFAULT gen_random_uuid(),
  ALTER COLUMN user_id TYPE uuid
    USING rekey.ordered(user_id, rekey.domain_secret('public.users.user_id'));
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id']);
CALL rekey.end_step('020.users.rewrite');
COMMIT;

-- step 020.posts.rewrite · offline · plan.yaml:9
-- public.posts: id to uuid
-- ACCESS EXCLUSIVE on public.posts; rewrites public.posts; reads all of public.posts
-- goes back with 020.posts.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.posts.rewrite');
LOCK TABLE public.posts IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.posts.rewrite', 'before', 'public.posts', ARRAY['id']);
ALTER TABLE public.posts
  ALTER COLUMN id SET DEFAULT gen_random_uuid(),
  ALTER COLUMN id TYPE uuid
    USING rekey.keyed(id, rekey.domain_secret('public.posts.id'));
CALL rekey.measure('020.posts.rewrite', 'after', 'public.posts', ARRAY['id']);
CALL rekey.end_step('020.posts.rewrite');
COMMIT;

-- step 020.comments.rewrite · offline · plan.yaml:14
-- public.comments: commentable_id, payload, author to uuid
-- ACCESS EXCLUSIVE on public.comments; rewrites public.comments; reads all of public.comments
-- goes back with 020.comments.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.comments.rewrite');
LOCK TABLE public.comments IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.comments.rewrite', 'before', 'public.comments', ARRAY['commentable_id', 'payload', 'author']);
ALTER TABLE public.comments
  ALTER COLUMN commentable_id TYPE uuid
    USING CASE commentable_type::text
      WHEN 'Post' THEN rekey.keyed(commentable_id, rekey.domain_secret('public.posts.id'))
      WHEN E'App\\User' THEN rekey.ordered(commentable_id, rekey.domain_secret('public.users.user_id'))
      ELSE rekey.refuse_type(commentable_type::text, commentable_id::text)::uuid END,
  ALTER COLUMN payload TYPE jsonb
    USING rekey.document_keys_4(payload),
  ALTER COLUMN author TYPE uuid
    USING rekey.ordered(author, rekey.domain_secret('public.users.user_id'));
CALL rekey.note_changed(ARRAY['public.comments'], ARRAY['payload'], true);
CALL rekey.measure('020.comments.rewrite', 'after', 'public.comments', ARRAY['commentable_id', 'payload', 'author']);
CALL rekey.end_step('020.comments.rewrite');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:5
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.posts.vacuum · offline · outside of a transaction · plan.yaml:9
-- fresh statistics and visibility map for public.posts
-- SHARE UPDATE EXCLUSIVE on public.posts; reads all of public.posts
-- goes back with 020.posts.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.posts.vacuum');
VACUUM (ANALYZE) public.posts;
CALL rekey.end_step('020.posts.vacuum', analyzed => 'public.posts');

-- step 020.comments.vacuum · offline · outside of a transaction · plan.yaml:14
-- fresh statistics and visibility map for public.comments
-- SHARE UPDATE EXCLUSIVE on public.comments; reads all of public.comments
-- goes back with 020.comments.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.comments.vacuum');
VACUUM (ANALYZE) public.comments;
CALL rekey.end_step('020.comments.vacuum', analyzed => 'public.comments');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.users, public.posts, public.comments
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.posts;
DROP TRIGGER rekey_fence ON public.comments;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

