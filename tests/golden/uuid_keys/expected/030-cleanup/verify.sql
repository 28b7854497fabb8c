-- Plan documents, phase 030 cleanup (3 of 3): checks
-- Plan digest sha256:2c7616b87a437ca6c37ee7359f8cc184e4e724f474160fb227212a1453ae8af9
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

