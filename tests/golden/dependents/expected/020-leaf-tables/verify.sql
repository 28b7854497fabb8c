-- Plan dependents, phase 020 leaf tables (2 of 3): checks
-- Plan digest sha256:5d48f3d0f74917c0a32c821ade6dd37c2c32e948d4295274969092a8bbeed66d
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
SELECT * FROM rekey.check_key('020', 'public.users', 'manager_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.users', 'users_manager_id_fkey', true);
SELECT * FROM rekey.check_dependent('020', 'view', 'public.active', NULL, true);
SELECT * FROM rekey.check_dependent('020', 'view', 'public.named', NULL, true);
SELECT * FROM rekey.check_dependent('020', 'check', 'not_own_manager', 'public.users', true);
SELECT * FROM rekey.check_dependent('020', 'index', 'public.users_manager_key', 'public.users', true);
SELECT * FROM rekey.check_dependent('020', 'trigger', 'audit', 'public.users', true);
SELECT * FROM rekey.check_dependent('020', 'function', 'public.log_user()', NULL, NULL);
SELECT * FROM rekey.check_dependent('020', 'view', 'public.recent', NULL, false);
