-- Plan borrowed, phase 030 cleanup (3 of 3): checks
-- Plan digest sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d
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

SELECT * FROM rekey.check_foreign_key('030', 'public.comments', 'comments_author_fkey', true);
