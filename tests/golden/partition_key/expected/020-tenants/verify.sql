-- Plan partition key, phase 020 tenants (2 of 3): checks
-- Plan digest sha256:effe6ca29a9d761568a0c64cf2c234acfd827b6960d0b7d5acb14e46ae8ba05e
--
-- Run it with:  psql -X -f 020-tenants/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.tenants.rewrite', 'public.tenants');
SELECT * FROM rekey.check_content('020', '020.events.repartition', 'public.events');
SELECT * FROM rekey.check_indexes('020', 'public.tenants');
SELECT * FROM rekey.check_indexes('020', 'public.events');
SELECT * FROM rekey.check_indexes('020', 'public.events_1');
SELECT * FROM rekey.check_indexes('020', 'public.events_rest');
SELECT * FROM rekey.check_indexes('020', 'public.events_rest_0');
SELECT * FROM rekey.check_key('020', 'public.tenants', 'id');
SELECT * FROM rekey.check_key('020', 'public.events', 'tenant_id');
SELECT * FROM rekey.check_key('020', 'public.events_1', 'tenant_id');
SELECT * FROM rekey.check_key('020', 'public.events_rest', 'tenant_id');
SELECT * FROM rekey.check_key('020', 'public.events_rest_0', 'tenant_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.events', 'events_tenant_id_fkey', true);
SELECT * FROM rekey.check_dependent('020', 'partitioned table', 'public.events_rest', NULL, true);
SELECT * FROM rekey.check_dependent('020', 'partitioned table', 'public.events', NULL, true);
SELECT * FROM rekey.check_dependent('020', 'view', 'public.regional', NULL, true);
SELECT * FROM rekey.check_dependent('020', 'index', 'public.events_by_region', 'public.events', true);
