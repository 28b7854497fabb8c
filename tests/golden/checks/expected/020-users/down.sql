-- Plan checks, phase 020 users (2 of 5): the way back
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
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

-- step 020.close · offline · plan.yaml:7
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:26
-- way back: gives rows of public.users.id written since a legacy id
-- ACCESS SHARE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.keys');
CALL rekey.assign_legacy_ids('public.users.id');
CALL rekey.end_undo('020.users.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:24
-- way back: public.users: id back to their old types
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['id']);
ALTER TABLE public.users
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass),
  ALTER COLUMN id TYPE integer
    USING rekey.ordered_back(id, 'public.users.id')::integer;
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['id']);
CALL rekey.end_undo('020.users.rewrite');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:24
-- way back: fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_undo('020.users.vacuum', analyzed => 'public.users');

-- step 020.open · offline · plan.yaml:7
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.users;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

