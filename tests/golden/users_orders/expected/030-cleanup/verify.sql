-- Plan users and orders, phase 030 cleanup (3 of 3): checks
-- Plan digest sha256:df205b6249c13293b3627bae76123cf3aefceee471198da8e459d8782504fc99
--
-- Run it with:  psql -X -f 030-cleanup/verify.sql
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

