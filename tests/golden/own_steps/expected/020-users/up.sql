-- Plan own steps, phase 020 users (2 of 5): the way forward
-- Plan digest sha256:ddbdf64e86663ab4bd757ac87f832e5ffdcec6418e9e81f8e8566d0acb913285
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
-- SHARE ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'users', 'sha256:ddbdf64e86663ab4bd757ac87f832e5ffdcec6418e9e81f8e8566d0acb913285', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.keys","020.users.rewrite","020.users.vacuum","020.close","020.shout_1.sql","020.forget-visits_2.sql"],"10de4aa1ac6be849246132fd436fc1a3bbfd55b513c044dbfd076019a4d9fabb","805f805b5202727451a65ac508801365b5e02963d70000063b42e97e529ed06a"],
["020.users.keys",true,false,["020.open"],["020.shout_1.sql"],"4162295e03e46f1e43c2c9341d999340d6d5c452e343ce440865fcddc99eee89","c881eafc981b148cf740140e8d07376771eb23ee02520ee82cf202b818d11bfa"],
["020.users.rewrite",true,false,["020.users.keys"],["020.users.keys"],"f5f4c98e9beb9705ca23b30c3441038a35e17cc2ffe74240a5e1dee56088be80","b734f72414843f4f6a598341308e9f9c8d509d09f86e326739ff3ff2ccf62204"],
["020.users.vacuum",false,true,["020.users.rewrite"],["020.users.rewrite"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.shout_1.sql",true,false,["020.users.vacuum"],["020.forget-visits_2.sql"],"7c317348ec78cc8a7cf957d5ce7373b0fc0e9cb5dd2e5f0298db769b86642a6c","501682a84cdaee07c39af31161fd46ee0292e545f5a3b3e08f5b8a7b3cecbe4b"],
["020.forget-visits_2.sql",true,false,["020.shout_1.sql"],["020.close"],"de3d9a19cdef31a2cb46f854835ed5c2a83e85baf80358fbe7edc84d6ba64d89","879de90385d62b35b352bd1bba055ba6d9343795f7617d6909ddf56de380a59b"],
["020.close",true,false,["020.users.vacuum","020.forget-visits_2.sql"],[],"72833655821a1d7565cedb878aa6402ea0583570f109feca6c6e4a5cc80b4d36","343d3d0b7e4f8b295fe58cdfab7a4dfe215c4ae8597128c9dacadbf932511ee1"]
]$steps$);
CALL rekey.begin_step('020.open');
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

-- step 020.users.keys · offline · plan.yaml:36
-- notes where the ids of public.users.id stand
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.id');
CALL rekey.end_step('020.users.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:34
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

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:34
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.shout_1.sql · offline · plan.yaml:10
-- shout
-- ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.shout_1.sql in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.shout_1.sql');
-- The fence of this phase lets this transaction through.
SET LOCAL rekey.fence = 'open';
UPDATE public.users SET name = upper(name);
CALL rekey.end_step('020.shout_1.sql');
COMMIT;

-- step 020.forget-visits_2.sql · offline · plan.yaml:14
-- forget visits
-- ACCESS EXCLUSIVE on app.visits
-- goes back with 020.forget-visits_2.sql in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.forget-visits_2.sql');
-- The fence of this phase lets this transaction through.
SET LOCAL rekey.fence = 'open';
TRUNCATE app.visits;
ALTER TABLE app.visits ADD COLUMN who uuid;
CALL rekey.end_step('020.forget-visits_2.sql');
COMMIT;

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

