-- Plan reshape, phase 020 cycles (2 of 3): the way back
-- Plan digest sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-cycles/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-cycles/down.sql | psql -X -v ON_ERROR_STOP=1

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
-- SHARE ROW EXCLUSIVE on public.cycles, public.cycle_reports, public.steps, public.profiles; reads
--   all of public.steps, public.cycle_reports, public.profiles, public.cycles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycles
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycles ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycle_reports
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycle_reports ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.steps
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.steps ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.profiles
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.profiles ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_equal('public.steps', 'cycle_report_id', $query$SELECT FROM public.steps c WHERE (c.cycle_report_id IS NULL) <> (num_nulls(c.cycle_id, c.report_number) > 0) OR c.cycle_report_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.cycle_reports p WHERE p.cycle_report_id = c.cycle_report_id AND p.cycle_id = c.cycle_id AND p.report_number = c.report_number)$query$);
CALL rekey.expect_equal('public.profiles', 'profile_id', $query$SELECT FROM public.profiles c WHERE c.profile_id IS DISTINCT FROM c.step_id$query$);
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.cycle_reports.attach · offline · plan.yaml:11
-- way back: sets 1 foreign key of public.cycle_reports aside
-- ACCESS EXCLUSIVE on public.cycle_reports, public.cycles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.attach');
ALTER TABLE public.cycle_reports
  DROP CONSTRAINT cycle_reports_cycle_id_fkey;
CALL rekey.end_undo('020.cycle_reports.attach');
COMMIT;

-- step 020.steps.attach · offline · plan.yaml:19
-- way back: sets 1 foreign key of public.steps aside
-- ACCESS EXCLUSIVE on public.steps, public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.steps.attach');
ALTER TABLE public.steps
  DROP CONSTRAINT steps_cycle_report_fk,
  DROP CONSTRAINT steps_cycle_report_id_fkey;
CALL rekey.end_undo('020.steps.attach');
COMMIT;

-- step 020.profiles.attach · offline · plan.yaml:35
-- way back: sets 1 foreign key of public.profiles aside
-- ACCESS EXCLUSIVE on public.profiles, public.steps
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.profiles.attach');
ALTER TABLE public.profiles
  DROP CONSTRAINT profiles_step_id_fkey,
  DROP CONSTRAINT profiles_profile_id_fkey;
CALL rekey.end_undo('020.profiles.attach');
COMMIT;

-- step 020.cycles.keys · offline · plan.yaml:9
-- way back: gives rows of public.cycles.cycle_id written since a legacy id
-- ACCESS SHARE on public.cycles, public.steps; reads all of public.cycles, public.steps
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycles.keys');
CALL rekey.assign_legacy_ids('public.cycles.cycle_id');
CALL rekey.end_undo('020.cycles.keys');
COMMIT;

-- step 020.steps.keys · offline · plan.yaml:23
-- way back: gives rows of public.steps.step_id written since a legacy id
-- ACCESS SHARE on public.steps; reads all of public.steps
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.steps.keys');
CALL rekey.assign_legacy_ids('public.steps.step_id');
CALL rekey.end_undo('020.steps.keys');
COMMIT;

-- step 020.profiles.keys · offline · plan.yaml:40
-- way back: gives rows of public.profiles.profile_id written since a legacy id
-- ACCESS SHARE on public.profiles; reads all of public.profiles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.profiles.keys');
CALL rekey.assign_legacy_ids('public.profiles.profile_id');
CALL rekey.end_undo('020.profiles.keys');
COMMIT;

-- step 020.cycles.rewrite · offline · plan.yaml:6
-- way back: public.cycles: cycle_id back to their old types
-- ACCESS EXCLUSIVE on public.cycles; rewrites public.cycles; reads all of public.cycles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycles.rewrite');
LOCK TABLE public.cycles IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.cycles.rewrite', 'before', 'public.cycles', ARRAY['cycle_id']);
ALTER TABLE public.cycles
  ALTER COLUMN cycle_id DROP DEFAULT,
  ALTER COLUMN cycle_id SET DEFAULT nextval('public.cycles_cycle_id_seq'::regclass),
  ALTER COLUMN cycle_id TYPE integer
    USING rekey.ordered_back(cycle_id, 'public.cycles.cycle_id')::integer;
CALL rekey.measure('020.cycles.rewrite', 'after', 'public.cycles', ARRAY['cycle_id']);
CALL rekey.end_undo('020.cycles.rewrite');
COMMIT;

-- step 020.cycle_reports.rewrite · offline · plan.yaml:11
-- way back: public.cycle_reports: cycle_id back to their old types, without cycle_report_id
-- ACCESS EXCLUSIVE on public.cycle_reports; rewrites public.cycle_reports; reads all of
--   public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.rewrite');
LOCK TABLE public.cycle_reports IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.cycle_reports.rewrite', 'before', 'public.cycle_reports', ARRAY['cycle_id']);
CALL rekey.leave_key('public.cycle_reports', 'cycle_reports_cycle_id_report_number_key');
ALTER TABLE public.cycle_reports
  ALTER COLUMN cycle_id TYPE integer
    USING rekey.ordered_back(cycle_id, 'public.cycles.cycle_id')::integer,
  DROP COLUMN cycle_report_id;
CALL rekey.restore_key('public.cycle_reports');
CALL rekey.measure('020.cycle_reports.rewrite', 'after', 'public.cycle_reports', ARRAY['cycle_id']);
CALL rekey.end_undo('020.cycle_reports.rewrite');
COMMIT;

-- step 020.steps.rewrite · offline · plan.yaml:19
-- way back: public.steps: step_id, cycle_id back to their old types, without cycle_report_id
-- ACCESS EXCLUSIVE on public.steps; rewrites public.steps; reads all of public.steps
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.steps.rewrite');
LOCK TABLE public.steps IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.steps.rewrite', 'before', 'public.steps', ARRAY['step_id', 'cycle_id']);
DROP TRIGGER "~rekey_follow" ON public.steps;
DROP FUNCTION rekey.follow_3();
ALTER TABLE public.steps
  ALTER COLUMN step_id DROP DEFAULT,
  ALTER COLUMN step_id SET DEFAULT nextval('public.steps_step_id_seq'::regclass),
  ALTER COLUMN step_id TYPE integer
    USING rekey.ordered_back(step_id, 'public.steps.step_id')::integer,
  ALTER COLUMN cycle_id TYPE integer
    USING rekey.ordered_back(cycle_id, 'public.cycles.cycle_id')::integer,
  DROP COLUMN cycle_report_id;
CALL rekey.measure('020.steps.rewrite', 'after', 'public.steps', ARRAY['step_id', 'cycle_id']);
CALL rekey.end_undo('020.steps.rewrite');
COMMIT;

-- step 020.profiles.rewrite · offline · plan.yaml:35
-- way back: public.profiles: profile_id, step_id back to their old types
-- ACCESS EXCLUSIVE on public.profiles; rewrites public.profiles; reads all of public.profiles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.profiles.rewrite');
LOCK TABLE public.profiles IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.profiles.rewrite', 'before', 'public.profiles', ARRAY['profile_id', 'step_id']);
DROP TRIGGER "~rekey_follow" ON public.profiles;
DROP FUNCTION rekey.follow_4();
ALTER TABLE public.profiles
  ALTER COLUMN profile_id SET DEFAULT nextval('public.profiles_profile_id_seq'::regclass),
  ALTER COLUMN profile_id TYPE integer
    USING rekey.named_back(profile_id, 'public.profiles.profile_id')::integer,
  ALTER COLUMN step_id TYPE integer
    USING rekey.ordered_back(step_id, 'public.steps.step_id')::integer;
CALL rekey.measure('020.profiles.rewrite', 'after', 'public.profiles', ARRAY['profile_id', 'step_id']);
CALL rekey.end_undo('020.profiles.rewrite');
COMMIT;

-- step 020.cycle_reports.detach · offline · plan.yaml:11
-- way back: puts 1 foreign key of public.cycle_reports back, not yet validated
-- SHARE ROW EXCLUSIVE on public.cycle_reports, public.cycles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.detach');
ALTER TABLE public.cycle_reports
  ADD CONSTRAINT cycle_reports_cycle_id_fkey FOREIGN KEY (cycle_id) REFERENCES public.cycles(cycle_id) NOT VALID;
CALL rekey.end_undo('020.cycle_reports.detach');
COMMIT;

-- step 020.steps.detach · offline · plan.yaml:19
-- way back: puts 1 foreign key of public.steps back, not yet validated
-- SHARE ROW EXCLUSIVE on public.steps, public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.steps.detach');
ALTER TABLE public.steps
  ADD CONSTRAINT steps_cycle_report_fk FOREIGN KEY (cycle_id, report_number) REFERENCES public.cycle_reports(cycle_id, report_number) ON DELETE CASCADE NOT VALID;
CALL rekey.end_undo('020.steps.detach');
COMMIT;

-- step 020.profiles.detach · offline · plan.yaml:35
-- way back: puts 1 foreign key of public.profiles back, not yet validated
-- SHARE ROW EXCLUSIVE on public.profiles, public.steps
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.profiles.detach');
ALTER TABLE public.profiles
  ADD CONSTRAINT profiles_step_id_fkey FOREIGN KEY (step_id) REFERENCES public.steps(step_id) NOT VALID;
CALL rekey.end_undo('020.profiles.detach');
COMMIT;

-- step 020.cycle_reports.validate · offline · plan.yaml:11
-- way back: checks every row of public.cycle_reports against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; ROW SHARE on public.cycles; reads all of
--   public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.validate');
ALTER TABLE public.cycle_reports
  VALIDATE CONSTRAINT cycle_reports_cycle_id_fkey;
CALL rekey.end_undo('020.cycle_reports.validate');
COMMIT;

-- step 020.steps.validate · offline · plan.yaml:19
-- way back: checks every row of public.steps against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.steps; ROW SHARE on public.cycle_reports; reads all of
--   public.steps
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.steps.validate');
ALTER TABLE public.steps
  VALIDATE CONSTRAINT steps_cycle_report_fk;
CALL rekey.end_undo('020.steps.validate');
COMMIT;

-- step 020.profiles.validate · offline · plan.yaml:35
-- way back: checks every row of public.profiles against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.profiles; ROW SHARE on public.steps; reads all of
--   public.profiles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.profiles.validate');
ALTER TABLE public.profiles
  VALIDATE CONSTRAINT profiles_step_id_fkey;
CALL rekey.end_undo('020.profiles.validate');
COMMIT;

-- step 020.cycles.vacuum · offline · outside of a transaction · plan.yaml:6
-- way back: fresh statistics and visibility map for public.cycles
-- SHARE UPDATE EXCLUSIVE on public.cycles; reads all of public.cycles
CALL rekey.begin_undo('020.cycles.vacuum');
VACUUM (ANALYZE) public.cycles;
CALL rekey.end_undo('020.cycles.vacuum', analyzed => 'public.cycles');

-- step 020.cycle_reports.vacuum · offline · outside of a transaction · plan.yaml:11
-- way back: fresh statistics and visibility map for public.cycle_reports
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; reads all of public.cycle_reports
CALL rekey.begin_undo('020.cycle_reports.vacuum');
VACUUM (ANALYZE) public.cycle_reports;
CALL rekey.end_undo('020.cycle_reports.vacuum', analyzed => 'public.cycle_reports');

-- step 020.steps.vacuum · offline · outside of a transaction · plan.yaml:19
-- way back: fresh statistics and visibility map for public.steps
-- SHARE UPDATE EXCLUSIVE on public.steps; reads all of public.steps
CALL rekey.begin_undo('020.steps.vacuum');
VACUUM (ANALYZE) public.steps;
CALL rekey.end_undo('020.steps.vacuum', analyzed => 'public.steps');

-- step 020.profiles.vacuum · offline · outside of a transaction · plan.yaml:35
-- way back: fresh statistics and visibility map for public.profiles
-- SHARE UPDATE EXCLUSIVE on public.profiles; reads all of public.profiles
CALL rekey.begin_undo('020.profiles.vacuum');
VACUUM (ANALYZE) public.profiles;
CALL rekey.end_undo('020.profiles.vacuum', analyzed => 'public.profiles');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.cycles, public.cycle_reports, public.steps, public.profiles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.cycles;
DROP TRIGGER rekey_fence ON public.cycle_reports;
DROP TRIGGER rekey_fence ON public.steps;
DROP TRIGGER rekey_fence ON public.profiles;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

