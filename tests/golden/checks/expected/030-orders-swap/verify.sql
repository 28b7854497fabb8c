-- Plan checks, phase 030 orders: swap (4 of 5): checks
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
--
-- Run it with:  psql -X -f 030-orders-swap/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_indexes('030', 'public.orders');
SELECT * FROM rekey.check_agreement('030', 'public.orders', $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.orders.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL$query$);
SELECT * FROM rekey.check_key('030', 'public.orders', 'id');
SELECT * FROM rekey.check_none('030', 'no orphan', $query$WITH o AS (SELECT id FROM public.orders) SELECT id FROM o WHERE id IS NULL$query$);
