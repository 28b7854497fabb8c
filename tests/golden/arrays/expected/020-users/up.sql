-- Plan arrays, phase 020 users (2 of 3): the way forward
-- Plan digest sha256:c3595819c8e9a0eec4ea61b769e3b22a834c4acdd826a7bde72add538df6856a
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
-- opens phase 020: journal, key domains, fence around 2 tables
-- SHARE ROW EXCLUSIVE on public.users, public.groups; reads all of public.users, public.groups
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'users', 'sha256:c3595819c8e9a0eec4ea61b769e3b22a834c4acdd826a7bde72add538df6856a', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.keys","020.users.rewrite","020.groups.rewrite","020.users.vacuum","020.groups.vacuum","020.close"],"19423ad9c7b4c471578830e5fbc464a139891989c4e8a275e5ae7358b3e75f35","1564c5636489e7b4ec279bb3f37879798ebe0a0f3cc86e9c5d4a050338e4fcba"],
["020.users.keys",true,false,["020.open"],["020.close"],"5356acbd9da84386915679592543bc03b8a6775e846bd1ec57e878c6f692ec4d","515647d2985e6daa2e84038b0cff1c229fadd7eb53c99a09c64027f14483aadd"],
["020.users.rewrite",true,false,["020.users.keys"],["020.users.keys"],"3e6c7720ef4730fd917123af02f87dba39197884b36883147673d698c2823f41","d9923f59a126d3ad0302df894d32e9830221ed588a37fa3c085a8ad3954d2e17"],
["020.groups.rewrite",true,false,["020.users.keys"],["020.users.keys"],"69af74da83bea5f125d43d46106922c5a828e7fd0abae298603bc67b0e531c56","07b297d68849b08a24e48e2b64aebaae806e2c39851047fa7c4488bd00044cca"],
["020.users.vacuum",false,true,["020.users.rewrite"],["020.users.rewrite"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.groups.vacuum",false,true,["020.groups.rewrite"],["020.groups.rewrite"],"5c9e1a148b60e0d49d26adacca38cefebc5ee4393732756e96015f98fe6d2532","c3cef31ce5212ea31a786c715c69024cb62d3d1788032e4c597df838b9c1464d"],
["020.close",true,false,["020.users.vacuum","020.groups.vacuum"],[],"a9052a18b975ef2231ddfa85eec4015cb9e6788ac64bcc6cbf1611f1629ffa90","a58b7a77a5a20aec6a7ce29392587f95e0166b7264f1d51440b550c07ec190e7"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.user_id', '020', 'ordered', NULL, 1);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.user_id', 'public.users', 'user_id', 'integer', 'integer', true, true, false, 'public.users_user_id_seq', false),
  ('public.users.user_id', 'public.groups', 'members', 'integer', 'integer[]', false, true, true, NULL, false),
  ('public.users.user_id', 'public.groups', 'Seen', 'bigint', 'public.seen', false, true, true, NULL, false),
  ('public.users.user_id', 'public.groups', 'owner', 'integer', 'integer', false, true, false, NULL, false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.groups
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.groups ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:8
-- notes where the ids of public.users.user_id stand
-- ACCESS EXCLUSIVE on public.users; ACCESS SHARE on public.groups; reads all of public.users,
--   public.groups
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.user_id');
CALL rekey.map_arrays('public.users.user_id');
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
  ALTER COLUMN user_id SET DEFAULT gen_random_uuid(),
  ALTER COLUMN user_id TYPE uuid
    USING rekey.ordered(user_id, rekey.domain_secret('public.users.user_id'));
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id']);
CALL rekey.end_step('020.users.rewrite');
COMMIT;

-- step 020.groups.rewrite · offline · plan.yaml:9
-- public.groups: members, Seen, owner to uuid
-- ACCESS EXCLUSIVE on public.groups; rewrites public.groups; reads all of public.groups
-- goes back with 020.groups.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.groups.rewrite');
LOCK TABLE public.groups IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.groups.rewrite', 'before', 'public.groups', ARRAY['members', 'Seen', 'owner']);
ALTER TABLE public.groups
  ALTER COLUMN members DROP DEFAULT,
  ALTER COLUMN members TYPE uuid[]
    USING rekey.array_keys_1(members),
  ALTER COLUMN "Seen" DROP DEFAULT,
  ALTER COLUMN "Seen" TYPE uuid[]
    USING rekey.array_keys_1("Seen"),
  ALTER COLUMN owner TYPE uuid
    USING rekey.ordered(owner, rekey.domain_secret('public.users.user_id'));
ALTER TABLE ONLY public.groups ALTER COLUMN members SET DEFAULT '{}'::uuid[];
CALL rekey.run_with_keys($query$ALTER TABLE ONLY public.groups ALTER COLUMN "Seen" SET DEFAULT ARRAY[rekey.key('public.users.user_id', 1), NULL]::uuid[]$query$);
CALL rekey.measure('020.groups.rewrite', 'after', 'public.groups', ARRAY['members', 'Seen', 'owner']);
CALL rekey.end_step('020.groups.rewrite');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:5
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.groups.vacuum · offline · outside of a transaction · plan.yaml:9
-- fresh statistics and visibility map for public.groups
-- SHARE UPDATE EXCLUSIVE on public.groups; reads all of public.groups
-- goes back with 020.groups.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.groups.vacuum');
VACUUM (ANALYZE) public.groups;
CALL rekey.end_step('020.groups.vacuum', analyzed => 'public.groups');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.users, public.groups
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.groups;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

