-- Plan smallest, phase 020 leaf tables (2 of 3): checks
-- Plan digest sha256:8692e531b0e6b61a0b90e2dd0799389636eb41890746e3215878030eac2be2ad
--
-- Run it with:  psql -X -f 020-leaf-tables/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.users.rewrite', 'public.users');
SELECT * FROM rekey.check_indexes('020', 'public.users');
SELECT * FROM rekey.check_key('020', 'public.users', 'user_id');
