-- Plan documents, phase 020 documents: swap (3 of 4): checks
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
--
-- Run it with:  psql -X -f 020-documents-swap/verify.sql
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
SELECT * FROM rekey.check_indexes('020', 'public.documents');
SELECT * FROM rekey.check_indexes('020', 'public.chunks');
SELECT * FROM rekey.check_agreement('020', 'public.users', $query$t.rekey_old_id_1 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
SELECT * FROM rekey.check_agreement('020', 'public.documents', $query$t.rekey_old_id_2 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.id) OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
SELECT * FROM rekey.check_agreement('020', 'public.chunks', $query$t.rekey_old_document_id_4 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.document_id) OR t.rekey_old_document_id_4 IS NULL AND t.document_id IS NOT NULL$query$);
SELECT * FROM rekey.check_key('020', 'public.users', 'id');
SELECT * FROM rekey.check_key('020', 'public.documents', 'id');
SELECT * FROM rekey.check_key('020', 'public.documents', 'user_id');
SELECT * FROM rekey.check_key('020', 'public.chunks', 'document_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.documents', 'documents_user_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.chunks', 'chunks_document_id_fkey', true);
