-- Plan families, phase 020 customer (2 of 3): checks
-- Plan digest sha256:dd85670ef1cd0b024b2eb395add3cd1dd51794af4cd28cc6dd220d2945be93b4
--
-- Run it with:  psql -X -f 020-customer/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.customer.rewrite', 'public.customer');
SELECT * FROM rekey.check_content('020', '020.payment.rewrite', 'public.payment');
SELECT * FROM rekey.check_content('020', '020.base.rewrite', 'public.base');
SELECT * FROM rekey.check_content('020', '020.bybase.rewrite', 'public.bybase');
SELECT * FROM rekey.check_indexes('020', 'public.customer');
SELECT * FROM rekey.check_indexes('020', 'public.payment');
SELECT * FROM rekey.check_indexes('020', 'public.payment_1');
SELECT * FROM rekey.check_indexes('020', 'public.payment_2');
SELECT * FROM rekey.check_indexes('020', 'public.base');
SELECT * FROM rekey.check_indexes('020', 'public.derived');
SELECT * FROM rekey.check_indexes('020', 'public.bybase');
SELECT * FROM rekey.check_key('020', 'public.customer', 'customer_id');
SELECT * FROM rekey.check_key('020', 'public.payment', 'payment_id');
SELECT * FROM rekey.check_key('020', 'public.payment', 'customer_id');
SELECT * FROM rekey.check_key('020', 'public.payment_1', 'payment_id');
SELECT * FROM rekey.check_key('020', 'public.payment_1', 'customer_id');
SELECT * FROM rekey.check_key('020', 'public.payment_2', 'payment_id');
SELECT * FROM rekey.check_key('020', 'public.payment_2', 'customer_id');
SELECT * FROM rekey.check_key('020', 'public.base', 'id');
SELECT * FROM rekey.check_key('020', 'public.base', 'owner');
SELECT * FROM rekey.check_key('020', 'public.derived', 'id');
SELECT * FROM rekey.check_key('020', 'public.derived', 'owner');
SELECT * FROM rekey.check_key('020', 'public.bybase', 'id');
SELECT * FROM rekey.check_key('020', 'public.bybase', 'base_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.payment_1', 'p1c', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.payment_2', 'p2c', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.base', 'base_owner_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.bybase', 'bybase_base_id_fkey', true);
