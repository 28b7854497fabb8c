-- Plan documents, phase 020 documents: stage 2 of 2 (3 of 4): checks
-- Plan digest sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53
--
-- Run it with:  psql -X -f 020-documents-stage-2-of-2/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.documents.rewrite', 'public.documents');
SELECT * FROM rekey.check_content('020', '020.chunks.rewrite', 'public.chunks');
SELECT * FROM rekey.check_indexes('020', 'public.documents');
SELECT * FROM rekey.check_indexes('020', 'public.chunks');
SELECT * FROM rekey.check_key('020', 'public.documents', 'id');
SELECT * FROM rekey.check_key('020', 'public.documents', 'copy_of');
SELECT * FROM rekey.check_key('020', 'public.chunks', 'document_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.documents', 'documents_copy_of_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.chunks', 'chunks_document_id_fkey', true);
SELECT * FROM rekey.check_probe('020', 'all have chunks', (
SELECT count(*) > 0 FROM public.chunks
));
SELECT * FROM rekey.check_none('020', 'no job runs', $query$SELECT id FROM app.jobs WHERE running$query$);
