-- Plan generators, phase 020 all (2 of 2): checks
-- Plan digest sha256:da4289ea3be0c8525983d99528b260322b77c8527516e2d92d5d3ffda4d50a89
--
-- Run it with:  psql -X -f 020-all/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.by_plan.rewrite', 'public.by_plan');
SELECT * FROM rekey.check_content('020', '020.by_time.rewrite', 'public.by_time');
SELECT * FROM rekey.check_content('020', '020.by_chance.rewrite', 'public.by_chance');
SELECT * FROM rekey.check_content('020', '020.in_order.rewrite', 'public.in_order');
SELECT * FROM rekey.check_content('020', '020.by_name.rewrite', 'public.by_name');
SELECT * FROM rekey.check_indexes('020', 'public.by_plan');
SELECT * FROM rekey.check_indexes('020', 'public.by_time');
SELECT * FROM rekey.check_indexes('020', 'public.by_chance');
SELECT * FROM rekey.check_indexes('020', 'public.in_order');
SELECT * FROM rekey.check_indexes('020', 'public.by_name');
SELECT * FROM rekey.check_key('020', 'public.by_plan', 'id');
SELECT * FROM rekey.check_key('020', 'public.by_time', 'id');
SELECT * FROM rekey.check_key('020', 'public.by_time', 'plan_id');
SELECT * FROM rekey.check_key('020', 'public.by_chance', 'id');
SELECT * FROM rekey.check_key('020', 'public.by_chance', 'time_id');
SELECT * FROM rekey.check_key('020', 'public.in_order', 'id');
SELECT * FROM rekey.check_key('020', 'public.by_name', 'id');
SELECT * FROM rekey.check_key('020', 'public.by_name', 'chance_id');
SELECT * FROM rekey.check_key('020', 'public.by_name', 'time_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.by_time', 'by_time_plan_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.by_chance', 'by_chance_time_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.by_name', 'by_name_chance_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.by_name', 'by_name_time_id_fkey', true);
