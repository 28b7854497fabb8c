-- Plan reshape, phase 030 cleanup (3 of 3): checks
-- Plan digest sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7
--
-- Run it with:  psql -X -f 030-cleanup/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_dropped('030', '030.steps.drop', 'public.steps');
SELECT * FROM rekey.check_dropped('030', '030.profiles.drop', 'public.profiles');
