-- Plan dependents, phase 020 leaf tables (2 of 3): the way back
-- Plan digest sha256:5d48f3d0f74917c0a32c821ade6dd37c2c32e948d4295274969092a8bbeed66d
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-leaf-tables/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-leaf-tables/down.sql | psql -X -v ON_ERROR_STOP=1

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

-- step 020.log_user-_6.put_back · offline · plan.yaml:48
-- way back: makes function public.log_user() again as it was
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.log_user-_6.put_back');
CREATE FUNCTION public.log_user() RETURNS trigger
 LANGUAGE plpgsql
AS $$ DECLARE id integer := new.user_id; BEGIN RETURN new; END $$;
CALL rekey.end_undo('020.log_user-_6.put_back');
COMMIT;

-- step 020.audit_5.put_back · offline · plan.yaml:43
-- way back: sets trigger audit on public.users aside
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.audit_5.put_back');
DROP TRIGGER audit ON public.users;
CALL rekey.end_undo('020.audit_5.put_back');
COMMIT;

-- step 020.users_manager_key_4.put_back · offline · plan.yaml:38
-- way back: sets index public.users_manager_key on public.users aside
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users_manager_key_4.put_back');
DROP INDEX public.users_manager_key;
CALL rekey.end_undo('020.users_manager_key_4.put_back');
COMMIT;

-- step 020.named_2.put_back · offline · plan.yaml:26
-- way back: sets view public.named aside
-- ACCESS EXCLUSIVE on public.named
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.named_2.put_back');
DROP VIEW public.named;
CALL rekey.end_undo('020.named_2.put_back');
COMMIT;

-- step 020.active_1.put_back · offline · plan.yaml:15
-- way back: sets view public.active aside
-- ACCESS EXCLUSIVE on public.active
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.active_1.put_back');
DROP VIEW public.active;
CALL rekey.end_undo('020.active_1.put_back');
COMMIT;

-- step 020.users.attach · offline · plan.yaml:6
-- way back: sets 1 foreign key of public.users aside
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.attach');
ALTER TABLE public.users
  DROP CONSTRAINT users_manager_id_fkey;
CALL rekey.end_undo('020.users.attach');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:9
-- way back: gives rows of public.users.user_id written since a legacy id
-- ACCESS SHARE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.keys');
CALL rekey.assign_legacy_ids('public.users.user_id');
CALL rekey.end_undo('020.users.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:6
-- way back: public.users: user_id, manager_id back to their old types
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id', 'manager_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id DROP DEFAULT,
  ALTER COLUMN user_id SET DEFAULT nextval('public.users_user_id_seq'::regclass),
  ALTER COLUMN user_id TYPE integer
    USING rekey.ordered_back(user_id, 'public.users.user_id')::integer,
  ALTER COLUMN manager_id TYPE integer
    USING rekey.ordered_back(manager_id, 'public.users.user_id')::integer;
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id', 'manager_id']);
CALL rekey.end_undo('020.users.rewrite');
COMMIT;

-- step 020.users.detach · offline · plan.yaml:6
-- way back: puts 1 foreign key of public.users back, not yet validated
-- SHARE ROW EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.detach');
ALTER TABLE public.users
  ADD CONSTRAINT users_manager_id_fkey FOREIGN KEY (manager_id) REFERENCES public.users(user_id) NOT VALID;
CALL rekey.end_undo('020.users.detach');
COMMIT;

-- step 020.active_1.set_aside · offline · plan.yaml:15
-- way back: makes view public.active again as it was
-- ACCESS EXCLUSIVE on public.active; ACCESS SHARE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.active_1.set_aside');
CREATE VIEW public.active WITH (security_barrier='true') AS
 SELECT users.user_id,
    users.name
   FROM public.users
  WHERE (users.user_id <> 0);
ALTER VIEW public.active OWNER TO app;
GRANT SELECT ON TABLE public.active TO reader;
COMMENT ON VIEW public.active IS 'all but the guest';
CALL rekey.end_undo('020.active_1.set_aside');
COMMIT;

-- step 020.named_2.set_aside · offline · plan.yaml:26
-- way back: makes view public.named again as it was
-- ACCESS SHARE on public.active
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.named_2.set_aside');
CREATE VIEW public.named AS
 SELECT active.user_id
   FROM public.active
  WHERE (active.name IS NOT NULL);
CALL rekey.end_undo('020.named_2.set_aside');
COMMIT;

-- step 020.users_manager_key_4.set_aside · offline · plan.yaml:38
-- way back: makes index public.users_manager_key on public.users again as it was
-- SHARE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users_manager_key_4.set_aside');
CREATE UNIQUE INDEX users_manager_key ON public.users USING btree (COALESCE(manager_id, '-1'::integer), name);
CALL rekey.end_undo('020.users_manager_key_4.set_aside');
COMMIT;

-- step 020.audit_5.set_aside · offline · plan.yaml:43
-- way back: makes trigger audit on public.users again as it was
-- SHARE ROW EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.audit_5.set_aside');
CREATE TRIGGER audit AFTER UPDATE OF user_id ON public.users FOR EACH ROW EXECUTE FUNCTION public.log_user();
CALL rekey.end_undo('020.audit_5.set_aside');
COMMIT;

-- step 020.recent_7.set_aside · offline · plan.yaml:60
-- way back: makes view public.recent again as it was
-- ACCESS SHARE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.recent_7.set_aside');
CREATE VIEW public.recent AS
 SELECT users.user_id
   FROM public.users
  WHERE (users.user_id > 1000);
CALL rekey.end_undo('020.recent_7.set_aside');
COMMIT;

-- step 020.users.validate · offline · plan.yaml:6
-- way back: checks every row of public.users against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.validate');
ALTER TABLE public.users
  VALIDATE CONSTRAINT users_manager_id_fkey;
CALL rekey.end_undo('020.users.validate');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:6
-- way back: fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_undo('020.users.vacuum', analyzed => 'public.users');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.users;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

