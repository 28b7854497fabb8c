-- Plan checks, phase 020 users (2 of 5): checks
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
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
SELECT * FROM rekey.check_none('020', 'every user''s profile', $query$SELECT u.id FROM public.users u LEFT JOIN app.profiles p ON p.user_key = u.id
WHERE p IS NULL$query$);
