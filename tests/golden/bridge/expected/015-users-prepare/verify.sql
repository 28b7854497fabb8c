-- Plan bridge, phase 015 users: prepare (2 of 4): checks
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
--
-- Run it with:  psql -X -f 015-users-prepare/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_agreement('015', 'public.users', $query$t.rekey_new_id_1 IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.users.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.old_key = t.id AND k.new_key = t.rekey_new_id_1)$query$);
SELECT * FROM rekey.check_agreement('015', 'public.notes', $query$t.rekey_new_id_2 IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.notes.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.notes.id' AND k.old_key = t.id AND k.new_key = t.rekey_new_id_2) OR t.rekey_new_user_id_3 IS DISTINCT FROM rekey.ordered(t.user_id, rekey.domain_secret('public.users.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id AND k.new_key = t.rekey_new_user_id_3)$query$);
