-- Plan own steps, phase 025 orders: prepare (3 of 5): checks
-- Plan digest sha256:ddbdf64e86663ab4bd757ac87f832e5ffdcec6418e9e81f8e8566d0acb913285
--
-- Run it with:  psql -X -f 025-orders-prepare/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_agreement('025', 'public.orders', $query$t.rekey_new_id_2 IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.orders.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.old_key = t.id AND k.new_key = t.rekey_new_id_2)$query$);
