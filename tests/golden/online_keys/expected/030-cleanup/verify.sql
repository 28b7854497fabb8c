-- Plan documents, phase 030 cleanup (4 of 4): checks
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
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

