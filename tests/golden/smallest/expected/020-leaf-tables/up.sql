-- Plan smallest, phase 020 leaf tables (2 of 3): the way forward
-- Plan digest sha256:8692e531b0e6b61a0b90e2dd0799389636eb41890746e3215878030eac2be2ad
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-leaf-tables/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-leaf-tables/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 1 table
-- SHARE ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'leaf tables', 'sha256:8692e531b0e6b61a0b90e2dd0799389636eb41890746e3215878030eac2be2ad', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.keys","020.users.rewrite","020.users.vacuum","020.close"],"c8ac5548577fd104254b06c0d4e26827a07309b2b382e58192c0237f13f1589e","805f805b5202727451a65ac508801365b5e02963d70000063b42e97e529ed06a"],
["020.users.keys",true,false,["020.open"],["020.close"],"cf9adcc27a4ffe9e39b5ce53fd37795e799a29c589f2d92eb303a72b68b653e8","a17e103b5eef7f602e6bc05628ab34762c9e6411e7acb49628b60280f57ecbd6"],
["020.users.rewrite",true,false,["020.users.keys"],["020.users.keys"],"525f9e98c577ae39c6de57464c8316c0d5ae2a797678cd205a56bf15da9ae53c","d9923f59a126d3ad0302df894d32e9830221ed588a37fa3c085a8ad3954d2e17"],
["020.users.vacuum",false,true,["020.users.rewrite"],["020.users.rewrite"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.close",true,false,["020.users.vacuum"],[],"72833655821a1d7565cedb878aa6402ea0583570f109feca6c6e4a5cc80b4d36","343d3d0b7e4f8b295fe58cdfab7a4dfe215c4ae8597128c9dacadbf932511ee1"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.user_id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.user_id', 'public.users', 'user_id', 'integer', 'integer', true, true, false, 'public.users_user_id_seq', false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:8
-- notes where the ids of public.users.user_id stand
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.user_id');
CALL rekey.end_step('020.users.keys');
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
  ALTER COLUMN user_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN user_id TYPE uuid
    USING rekey.ordered(user_id, rekey.domain_secret('public.users.user_id'));
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id']);
CALL rekey.end_step('020.users.rewrite');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:5
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.users;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

