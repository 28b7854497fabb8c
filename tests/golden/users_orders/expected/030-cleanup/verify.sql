-- Plan users and orders, phase 030 cleanup (3 of 3): checks
-- Plan digest sha256:5a76f82e728952200c0a540de84f6450a45a45962d2b13aef8bd81332c9c816c
--
-- Run it with:  psql -X -f 030-cleanup/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '5s';
SET row_security = off;
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET maintenance_work_mem = '256MB';

