-- Plan reshape, phase 020 cycles (2 of 3): checks
-- Plan digest sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7
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
SELECT * FROM rekey.check_content('020', '020.cycle_reports.rewrite', 'public.cycle_reports');
SELECT * FROM rekey.check_content('020', '020.steps.rewrite', 'public.steps');
SELECT * FROM rekey.check_content('020', '020.profiles.rewrite', 'public.profiles');
SELECT * FROM rekey.check_indexes('020', 'public.cycles');
SELECT * FROM rekey.check_indexes('020', 'public.cycle_reports');
SELECT * FROM rekey.check_indexes('020', 'public.steps');
SELECT * FROM rekey.check_indexes('020', 'public.profiles');
SELECT * FROM rekey.check_key('020', 'public.cycles', 'cycle_id');
SELECT * FROM rekey.check_key('020', 'public.cycle_reports', 'cycle_id');
SELECT * FROM rekey.check_key('020', 'public.steps', 'step_id');
SELECT * FROM rekey.check_key('020', 'public.steps', 'cycle_id');
SELECT * FROM rekey.check_key('020', 'public.profiles', 'profile_id');
SELECT * FROM rekey.check_key('020', 'public.profiles', 'step_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.cycle_reports', 'cycle_reports_cycle_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.steps', 'steps_cycle_report_fk', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.profiles', 'profiles_step_id_fkey', true);
SELECT * FROM rekey.check_tie('020', 'public.steps', 'rekey.follow_3', 'cycle_report_id', $query$SELECT FROM public.steps c WHERE (c.cycle_report_id IS NULL) <> (num_nulls(c.cycle_id, c.report_number) > 0) OR c.cycle_report_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.cycle_reports p WHERE p.cycle_report_id = c.cycle_report_id AND p.cycle_id = c.cycle_id AND p.report_number = c.report_number)$query$);
SELECT * FROM rekey.check_tie('020', 'public.profiles', 'rekey.follow_4', 'profile_id', $query$SELECT FROM public.profiles c WHERE c.profile_id IS DISTINCT FROM c.step_id$query$);
