-- Plan bridge, phase 020 users: swap (3 of 4): checks
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
--
-- Run it with:  psql -X -f 020-users-swap/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_indexes('020', 'public.users');
SELECT * FROM rekey.check_indexes('020', 'public.notes');
SELECT * FROM rekey.check_agreement('020', 'public.users', $query$t.rekey_old_id_1 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) END OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
SELECT * FROM rekey.check_agreement('020', 'public.notes', $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.notes.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.notes.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.user_id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.user_id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) END OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
SELECT * FROM rekey.check_key('020', 'public.users', 'id');
SELECT * FROM rekey.check_key('020', 'public.notes', 'id');
SELECT * FROM rekey.check_key('020', 'public.notes', 'user_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.notes', 'notes_user_id_fkey', true);
