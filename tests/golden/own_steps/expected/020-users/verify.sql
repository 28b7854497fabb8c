-- Plan own steps, phase 020 users (2 of 5): checks
-- Plan digest sha256:ddbdf64e86663ab4bd757ac87f832e5ffdcec6418e9e81f8e8566d0acb913285
--
-- Run it with:  psql -X -f 020-users/verify.sql
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
SELECT * FROM rekey.check_key('020', 'public.users', 'id');
SELECT * FROM rekey.record_check('020', 'sql', 'shout', (
SELECT bool_and(name = upper(name)) FROM public.users
), '');
