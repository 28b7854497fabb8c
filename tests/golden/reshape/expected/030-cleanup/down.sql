-- Plan reshape, phase 030 cleanup (3 of 3): the way back
-- Plan digest sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 030-cleanup/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 030-cleanup/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 030.close · offline
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.close');
CALL rekey.end_undo('030.close');
COMMIT;

-- step 030.cycles.settle · offline · plan.yaml:6
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.cycles.settle');
CALL rekey.end_undo('030.cycles.settle');
COMMIT;

-- step 030.cycle_reports.settle · offline · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.cycle_reports.settle');
CALL rekey.end_undo('030.cycle_reports.settle');
COMMIT;

-- step 030.steps.settle · offline · plan.yaml:19
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.steps.settle');
CALL rekey.end_undo('030.steps.settle');
COMMIT;

-- step 030.profiles.settle · offline · plan.yaml:35
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.profiles.settle');
CALL rekey.end_undo('030.profiles.settle');
COMMIT;

-- step 030.steps.drop · offline · plan.yaml:21
-- way back: cycle_id, report_number of public.steps from the archive, as its last columns
-- ACCESS EXCLUSIVE on public.steps; SHARE ROW EXCLUSIVE on public.cycle_reports; rewrites
--   public.steps; reads all of public.steps, public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.steps.drop');
LOCK TABLE public.steps IN ACCESS EXCLUSIVE MODE;
LOCK TABLE public.cycle_reports IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.restore_archived('030.steps.drop', 'public.steps', ARRAY['cycle_id', 'report_number'], ARRAY['step_id'], ARRAY['(SELECT p.cycle_id FROM public.cycle_reports p WHERE p.cycle_report_id = $1)', '(SELECT p.report_number FROM public.cycle_reports p WHERE p.cycle_report_id = $1)'], ARRAY['cycle_report_id', 'cycle_report_id']);
CALL rekey.expect_equal('public.steps', 'cycle_report_id', $query$SELECT FROM public.steps c WHERE (c.cycle_report_id IS NULL) <> (num_nulls(c.cycle_id, c.report_number) > 0) OR c.cycle_report_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.cycle_reports p WHERE p.cycle_report_id = c.cycle_report_id AND p.cycle_id = c.cycle_id AND p.report_number = c.report_number)$query$);
CREATE FUNCTION rekey.follow_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.cycle_report_id IS NOT NULL OR TG_OP = 'UPDATE' AND NEW.cycle_report_id IS DISTINCT FROM OLD.cycle_report_id THEN
    SELECT p.cycle_id, p.report_number INTO NEW.cycle_id, NEW.report_number FROM public.cycle_reports p WHERE p.cycle_report_id = NEW.cycle_report_id FOR KEY SHARE;
  ELSIF TG_OP = 'INSERT' OR ROW(NEW.cycle_id, NEW.report_number) IS DISTINCT FROM ROW(OLD.cycle_id, OLD.report_number) THEN
    NEW.cycle_report_id := (SELECT p.cycle_report_id FROM public.cycle_reports p WHERE p.cycle_id = NEW.cycle_id AND p.report_number = NEW.report_number FOR KEY SHARE);
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_follow" BEFORE INSERT OR UPDATE ON public.steps
  FOR EACH ROW EXECUTE FUNCTION rekey.follow_3();
ALTER TABLE public.steps ENABLE ALWAYS TRIGGER "~rekey_follow";
CALL rekey.end_undo('030.steps.drop');
COMMIT;

-- step 030.profiles.drop · offline · plan.yaml:38
-- way back: step_id of public.profiles from the archive, as its last columns
-- ACCESS EXCLUSIVE on public.profiles; SHARE ROW EXCLUSIVE on public.steps; rewrites
--   public.profiles; reads all of public.profiles
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.profiles.drop');
LOCK TABLE public.profiles IN ACCESS EXCLUSIVE MODE;
LOCK TABLE public.steps IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.restore_archived('030.profiles.drop', 'public.profiles', ARRAY['step_id'], ARRAY['profile_id'], ARRAY['$1'], ARRAY['profile_id']);
CALL rekey.expect_equal('public.profiles', 'profile_id', $query$SELECT FROM public.profiles c WHERE c.profile_id IS DISTINCT FROM c.step_id$query$);
CREATE FUNCTION rekey.follow_4() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.profile_id IS NOT NULL OR TG_OP = 'UPDATE' AND NEW.profile_id IS DISTINCT FROM OLD.profile_id THEN
    NEW.step_id := NEW.profile_id;
  ELSIF TG_OP = 'INSERT' OR ROW(NEW.step_id) IS DISTINCT FROM ROW(OLD.step_id) THEN
    NEW.profile_id := NEW.step_id;
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_follow" BEFORE INSERT OR UPDATE ON public.profiles
  FOR EACH ROW EXECUTE FUNCTION rekey.follow_4();
ALTER TABLE public.profiles ENABLE ALWAYS TRIGGER "~rekey_follow";
CALL rekey.end_undo('030.profiles.drop');
COMMIT;

-- step 030.open · offline
-- way back: closes the phase's way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.open');
CALL rekey.withdraw_phase('030');
CALL rekey.end_undo('030.open');
COMMIT;

