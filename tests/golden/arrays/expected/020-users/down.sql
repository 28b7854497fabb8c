-- Plan arrays, phase 020 users (2 of 3): the way back
-- Plan digest sha256:c3595819c8e9a0eec4ea61b769e3b22a834c4acdd826a7bde72add538df6856a
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · offline
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.users, public.groups; reads all of public.users, public.groups
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.groups
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.groups ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:8
-- way back: gives rows of public.users.user_id written since a legacy id
-- ACCESS EXCLUSIVE on public.users; ACCESS SHARE on public.groups; reads all of public.users,
--   public.groups
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.keys');
CALL rekey.assign_legacy_ids('public.users.user_id');
CALL rekey.map_arrays('public.users.user_id');
CALL rekey.end_undo('020.users.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:5
-- way back: public.users: user_id back to their old types
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id DROP DEFAULT,
  ALTER COLUMN user_id SET DEFAULT nextval('public.users_user_id_seq'::regclass),
  ALTER COLUMN user_id TYPE integer
    USING rekey.ordered_back(user_id, 'public.users.user_id')::integer;
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id']);
CALL rekey.end_undo('020.users.rewrite');
COMMIT;

-- step 020.groups.rewrite · offline · plan.yaml:9
-- way back: public.groups: members, Seen, owner back to their old types
-- ACCESS EXCLUSIVE on public.groups; rewrites public.groups; reads all of public.groups
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.groups.rewrite');
LOCK TABLE public.groups IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.groups.rewrite', 'before', 'public.groups', ARRAY['members', 'Seen', 'owner']);
ALTER TABLE public.groups
  ALTER COLUMN members DROP DEFAULT,
  ALTER COLUMN members SET DEFAULT '{}'::integer[],
  ALTER COLUMN members TYPE integer[]
    USING rekey.array_ids_1(members)::integer[],
  ALTER COLUMN "Seen" DROP DEFAULT,
  ALTER COLUMN "Seen" SET DEFAULT ARRAY[(1)::bigint, NULL::bigint],
  ALTER COLUMN "Seen" TYPE public.seen
    USING rekey.array_ids_1("Seen")::public.seen,
  ALTER COLUMN owner TYPE integer
    USING rekey.ordered_back(owner, 'public.users.user_id')::integer;
CALL rekey.measure('020.groups.rewrite', 'after', 'public.groups', ARRAY['members', 'Seen', 'owner']);
CALL rekey.end_undo('020.groups.rewrite');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:5
-- way back: fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_undo('020.users.vacuum', analyzed => 'public.users');

-- step 020.groups.vacuum · offline · outside of a transaction · plan.yaml:9
-- way back: fresh statistics and visibility map for public.groups
-- SHARE UPDATE EXCLUSIVE on public.groups; reads all of public.groups
CALL rekey.begin_undo('020.groups.vacuum');
VACUUM (ANALYZE) public.groups;
CALL rekey.end_undo('020.groups.vacuum', analyzed => 'public.groups');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.users, public.groups
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.groups;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

