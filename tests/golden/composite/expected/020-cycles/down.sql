-- Plan composite, phase 020 cycles (2 of 3): the way back
-- Plan digest sha256:11080daeaf15aaa861a78619c770d4e0f15cc266607fcb2d24e1301ab4ecdc3a
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
-- SHARE ROW EXCLUSIVE on public.cycles, public.reports, public.cycle_reports, public.notes; reads
--   all of public.cycles, public.reports, public.cycle_reports, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycles
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycles ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.reports
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.reports ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycle_reports
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycle_reports ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.notes
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.cycle_reports.attach · offline · plan.yaml:16
-- way back: sets 2 foreign keys of public.cycle_reports aside
-- ACCESS EXCLUSIVE on public.cycle_reports, public.cycles, public.reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.attach');
ALTER TABLE public.cycle_reports
  DROP CONSTRAINT cycle_reports_cycle_id_fkey,
  DROP CONSTRAINT cycle_reports_report_id_fkey;
CALL rekey.end_undo('020.cycle_reports.attach');
COMMIT;

-- step 020.notes.attach · offline · plan.yaml:25
-- way back: sets 1 foreign key of public.notes aside
-- ACCESS EXCLUSIVE on public.notes, public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.notes.attach');
ALTER TABLE public.notes
  DROP CONSTRAINT notes_fkey;
CALL rekey.end_undo('020.notes.attach');
COMMIT;

-- step 020.cycles.keys · offline · plan.yaml:9
-- way back: gives rows of public.cycles.cycle_id written since a legacy id
-- ACCESS SHARE on public.cycles, public.notes; reads all of public.cycles, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycles.keys');
CALL rekey.assign_legacy_ids('public.cycles.cycle_id');
CALL rekey.end_undo('020.cycles.keys');
COMMIT;

-- step 020.reports.keys · offline · plan.yaml:14
-- way back: gives rows of public.reports.report_id written since a legacy id
-- ACCESS SHARE on public.reports, public.notes; reads all of public.reports, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.reports.keys');
CALL rekey.assign_legacy_ids('public.reports.report_id');
CALL rekey.end_undo('020.reports.keys');
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

-- step 020.reports.rewrite · offline · plan.yaml:11
-- way back: public.reports: report_id back to their old types
-- ACCESS EXCLUSIVE on public.reports; rewrites public.reports; reads all of public.reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.reports.rewrite');
LOCK TABLE public.reports IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.reports.rewrite', 'before', 'public.reports', ARRAY['report_id']);
ALTER TABLE public.reports
  ALTER COLUMN report_id DROP DEFAULT,
  ALTER COLUMN report_id SET DEFAULT nextval('public.reports_report_id_seq'::regclass),
  ALTER COLUMN report_id TYPE integer
    USING rekey.ordered_back(report_id, 'public.reports.report_id')::integer;
CALL rekey.measure('020.reports.rewrite', 'after', 'public.reports', ARRAY['report_id']);
CALL rekey.end_undo('020.reports.rewrite');
COMMIT;

-- step 020.cycle_reports.rewrite · offline · plan.yaml:16
-- way back: public.cycle_reports: cycle_id, report_id back to their old types
-- ACCESS EXCLUSIVE on public.cycle_reports; rewrites public.cycle_reports; reads all of
--   public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.rewrite');
LOCK TABLE public.cycle_reports IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.cycle_reports.rewrite', 'before', 'public.cycle_reports', ARRAY['cycle_id', 'report_id']);
ALTER TABLE public.cycle_reports
  ALTER COLUMN cycle_id TYPE integer
    USING rekey.ordered_back(cycle_id, 'public.cycles.cycle_id')::integer,
  ALTER COLUMN report_id TYPE integer
    USING rekey.ordered_back(report_id, 'public.reports.report_id')::integer;
CALL rekey.measure('020.cycle_reports.rewrite', 'after', 'public.cycle_reports', ARRAY['cycle_id', 'report_id']);
CALL rekey.end_undo('020.cycle_reports.rewrite');
COMMIT;

-- step 020.notes.rewrite · offline · plan.yaml:25
-- way back: public.notes: cycle_id, report_id back to their old types
-- ACCESS EXCLUSIVE on public.notes; rewrites public.notes; reads all of public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.notes.rewrite');
LOCK TABLE public.notes IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.notes.rewrite', 'before', 'public.notes', ARRAY['cycle_id', 'report_id']);
ALTER TABLE public.notes
  ALTER COLUMN cycle_id TYPE integer
    USING rekey.ordered_back(cycle_id, 'public.cycles.cycle_id')::integer,
  ALTER COLUMN report_id TYPE integer
    USING rekey.ordered_back(report_id, 'public.reports.report_id')::integer;
CALL rekey.measure('020.notes.rewrite', 'after', 'public.notes', ARRAY['cycle_id', 'report_id']);
CALL rekey.end_undo('020.notes.rewrite');
COMMIT;

-- step 020.cycle_reports.detach · offline · plan.yaml:16
-- way back: puts 2 foreign keys of public.cycle_reports back, not yet validated
-- SHARE ROW EXCLUSIVE on public.cycle_reports, public.cycles, public.reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.detach');
ALTER TABLE public.cycle_reports
  ADD CONSTRAINT cycle_reports_cycle_id_fkey FOREIGN KEY (cycle_id) REFERENCES public.cycles(cycle_id) NOT VALID,
  ADD CONSTRAINT cycle_reports_report_id_fkey FOREIGN KEY (report_id) REFERENCES public.reports(report_id) NOT VALID;
CALL rekey.end_undo('020.cycle_reports.detach');
COMMIT;

-- step 020.notes.detach · offline · plan.yaml:25
-- way back: puts 1 foreign key of public.notes back, not yet validated
-- SHARE ROW EXCLUSIVE on public.notes, public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.notes.detach');
ALTER TABLE public.notes
  ADD CONSTRAINT notes_fkey FOREIGN KEY (cycle_id, report_id) REFERENCES public.cycle_reports(cycle_id, report_id) NOT VALID;
CALL rekey.end_undo('020.notes.detach');
COMMIT;

-- step 020.cycle_reports.validate · offline · plan.yaml:16
-- way back: checks every row of public.cycle_reports against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; ROW SHARE on public.cycles, public.reports; reads
--   all of public.cycle_reports
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.cycle_reports.validate');
ALTER TABLE public.cycle_reports
  VALIDATE CONSTRAINT cycle_reports_cycle_id_fkey,
  VALIDATE CONSTRAINT cycle_reports_report_id_fkey;
CALL rekey.end_undo('020.cycle_reports.validate');
COMMIT;

-- step 020.cycles.vacuum · offline · outside of a transaction · plan.yaml:6
-- way back: fresh statistics and visibility map for public.cycles
-- SHARE UPDATE EXCLUSIVE on public.cycles; reads all of public.cycles
CALL rekey.begin_undo('020.cycles.vacuum');
VACUUM (ANALYZE) public.cycles;
CALL rekey.end_undo('020.cycles.vacuum', analyzed => 'public.cycles');

-- step 020.reports.vacuum · offline · outside of a transaction · plan.yaml:11
-- way back: fresh statistics and visibility map for public.reports
-- SHARE UPDATE EXCLUSIVE on public.reports; reads all of public.reports
CALL rekey.begin_undo('020.reports.vacuum');
VACUUM (ANALYZE) public.reports;
CALL rekey.end_undo('020.reports.vacuum', analyzed => 'public.reports');

-- step 020.cycle_reports.vacuum · offline · outside of a transaction · plan.yaml:16
-- way back: fresh statistics and visibility map for public.cycle_reports
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; reads all of public.cycle_reports
CALL rekey.begin_undo('020.cycle_reports.vacuum');
VACUUM (ANALYZE) public.cycle_reports;
CALL rekey.end_undo('020.cycle_reports.vacuum', analyzed => 'public.cycle_reports');

-- step 020.notes.vacuum · offline · outside of a transaction · plan.yaml:25
-- way back: fresh statistics and visibility map for public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
CALL rekey.begin_undo('020.notes.vacuum');
VACUUM (ANALYZE) public.notes;
CALL rekey.end_undo('020.notes.vacuum', analyzed => 'public.notes');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.cycles, public.reports, public.cycle_reports, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.cycles;
DROP TRIGGER rekey_fence ON public.reports;
DROP TRIGGER rekey_fence ON public.cycle_reports;
DROP TRIGGER rekey_fence ON public.notes;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

