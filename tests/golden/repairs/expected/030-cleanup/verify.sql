-- Plan repairs, phase 030 cleanup (3 of 3): checks
-- Plan digest sha256:e0e6bfad66a2a02828e12c104601957fd9a36419e7724303e1ee60528e82f2d3
--
-- Run it with:  psql -X -f 030-cleanup/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

