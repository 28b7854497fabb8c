-- Plan checks, phase 020 users (2 of 5): the way forward
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
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

-- step 020.open · offline · plan.yaml:7
-- opens phase 020: journal, key domains, fence around 1 table
-- SHARE ROW EXCLUSIVE on public.users; ACCESS SHARE on app.jobs, app.profiles; reads all of
--   app.jobs, public.users, app.profiles
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'users', 'sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.keys","020.users.rewrite","020.users.vacuum","020.close"],"379cf4745afc9565b05b41869bd954e2fdf98dbeefc7db69efe0a819dfbc8719","805f805b5202727451a65ac508801365b5e02963d70000063b42e97e529ed06a"],
["020.users.keys",true,false,["020.open"],["020.close"],"4162295e03e46f1e43c2c9341d999340d6d5c452e343ce440865fcddc99eee89","c881eafc981b148cf740140e8d07376771eb23ee02520ee82cf202b818d11bfa"],
["020.users.rewrite",true,false,["020.users.keys"],["020.users.keys"],"f5f4c98e9beb9705ca23b30c3441038a35e17cc2ffe74240a5e1dee56088be80","b734f72414843f4f6a598341308e9f9c8d509d09f86e326739ff3ff2ccf62204"],
["020.users.vacuum",false,true,["020.users.rewrite"],["020.users.rewrite"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.close",true,false,["020.users.vacuum"],[],"72833655821a1d7565cedb878aa6402ea0583570f109feca6c6e4a5cc80b4d36","343d3d0b7e4f8b295fe58cdfab7a4dfe215c4ae8597128c9dacadbf932511ee1"]
]$steps$);
CALL rekey.begin_step('020.open');
CALL rekey.expect_none('020', 'no job runs', $query$SELECT pid FROM app.jobs WHERE running$query$);
CALL rekey.expect_none('020', 'every user''s profile', $query$SELECT u.id FROM public.users u LEFT JOIN app.profiles p ON p.user_key = u.id
WHERE p IS NULL$query$);
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.id', 'public.users', 'id', 'integer', 'integer', true, true, false, 'public.users_id_seq', false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:26
-- notes where the ids of public.users.id stand
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.id');
CALL rekey.end_step('020.users.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:24
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
    USING rekey.ordered(id, rekey.domain_secret('public.users.id'));
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['id']);
CALL rekey.end_step('020.users.rewrite');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:24
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.close · offline · plan.yaml:7
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

-- check "smoke": after all of this file, this command has to exit 0 ("rekey apply" runs it by itself)
--   ./smoke.sh --table users |
--     grep -q '100%'

