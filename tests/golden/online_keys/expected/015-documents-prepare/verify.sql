-- Plan documents, phase 015 documents: prepare (2 of 4): checks
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
--
-- Run it with:  psql -X -f 015-documents-prepare/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_agreement('015', 'public.users', $query$t.rekey_new_id_1 <> (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$);
SELECT * FROM rekey.check_agreement('015', 'public.documents', $query$t.rekey_new_id_2 <> (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id) OR t.rekey_new_user_id_3 <> (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id)$query$);
SELECT * FROM rekey.check_agreement('015', 'public.chunks', $query$t.rekey_new_document_id_4 <> (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.document_id)$query$);
SELECT * FROM rekey.check_keys('015', 'public.users', 'id', 'rekey_new_id_1', 'public.users.id', 'rekey.made_key_1');
SELECT * FROM rekey.check_keys('015', 'public.documents', 'id', 'rekey_new_id_2', 'public.documents.id', 'rekey.made_key_2');
SELECT * FROM rekey.check_keys('015', 'public.documents', 'user_id', 'rekey_new_user_id_3', 'public.users.id', NULL);
SELECT * FROM rekey.check_keys('015', 'public.chunks', 'document_id', 'rekey_new_document_id_4', 'public.documents.id', NULL);
