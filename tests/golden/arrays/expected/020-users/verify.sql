-- Plan arrays, phase 020 users (2 of 3): checks
-- Plan digest sha256:c3595819c8e9a0eec4ea61b769e3b22a834c4acdd826a7bde72add538df6856a
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
SELECT * FROM rekey.check_content('020', '020.groups.rewrite', 'public.groups');
SELECT * FROM rekey.check_indexes('020', 'public.users');
SELECT * FROM rekey.check_indexes('020', 'public.groups');
SELECT * FROM rekey.check_key('020', 'public.users', 'user_id');
SELECT * FROM rekey.check_key('020', 'public.groups', 'members');
SELECT * FROM rekey.check_key('020', 'public.groups', 'Seen');
SELECT * FROM rekey.check_key('020', 'public.groups', 'owner');
