-- Plan composite, phase 020 cycles (2 of 3): checks
-- Plan digest sha256:11080daeaf15aaa861a78619c770d4e0f15cc266607fcb2d24e1301ab4ecdc3a
--
-- Run it with:  psql -X -f 020-cycles/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.cycles.rewrite', 'public.cycles');
SELECT * FROM rekey.check_content('020', '020.reports.rewrite', 'public.reports');
SELECT * FROM rekey.check_content('020', '020.cycle_reports.rewrite', 'public.cycle_reports');
SELECT * FROM rekey.check_content('020', '020.notes.rewrite', 'public.notes');
SELECT * FROM rekey.check_indexes('020', 'public.cycles');
SELECT * FROM rekey.check_indexes('020', 'public.reports');
SELECT * FROM rekey.check_indexes('020', 'public.cycle_reports');
SELECT * FROM rekey.check_indexes('020', 'public.notes');
SELECT * FROM rekey.check_key('020', 'public.cycles', 'cycle_id');
SELECT * FROM rekey.check_key('020', 'public.reports', 'report_id');
SELECT * FROM rekey.check_key('020', 'public.cycle_reports', 'cycle_id');
SELECT * FROM rekey.check_key('020', 'public.cycle_reports', 'report_id');
SELECT * FROM rekey.check_key('020', 'public.notes', 'cycle_id');
SELECT * FROM rekey.check_key('020', 'public.notes', 'report_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.cycle_reports', 'cycle_reports_cycle_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.cycle_reports', 'cycle_reports_report_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.notes', 'notes_fkey', false);
