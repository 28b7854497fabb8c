-- Plan users and orders, phase 020 users (2 of 3): checks
-- Plan digest sha256:df205b6249c13293b3627bae76123cf3aefceee471198da8e459d8782504fc99
--
-- Run it with:  psql -X -f 020-users/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '5s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET maintenance_work_mem = '256MB';

SELECT * FROM rekey.check_content('020', '020.users.rewrite', 'public.users');
SELECT * FROM rekey.check_content('020', '020.orders.rewrite', 'public.orders');
SELECT * FROM rekey.check_indexes('020', 'public.users');
SELECT * FROM rekey.check_indexes('020', 'public.orders');
SELECT * FROM rekey.check_key('020', 'public.users', 'user_id');
SELECT * FROM rekey.check_key('020', 'public.users', 'manager_id');
SELECT * FROM rekey.check_key('020', 'public.orders', 'order_id');
SELECT * FROM rekey.check_key('020', 'public.orders', 'user_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.users', 'users_manager_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.orders', 'orders_user_id_fkey', true);
SELECT * FROM rekey.check_probe('020', 'the first user is still there', (
SELECT count(*) = 1 FROM public.users WHERE email = 'a@example.org'
));
