-- Plan documents, phase 020 users (2 of 3): checks
-- Plan digest sha256:2c7616b87a437ca6c37ee7359f8cc184e4e724f474160fb227212a1453ae8af9
--
-- Run it with:  psql -X -f 020-users/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.users.rewrite', 'public.users');
SELECT * FROM rekey.check_content('020', '020.documents.rewrite', 'public.documents');
SELECT * FROM rekey.check_content('020', '020.chunks.rewrite', 'public.chunks');
SELECT * FROM rekey.check_indexes('020', 'public.users');
SELECT * FROM rekey.check_indexes('020', 'public.documents');
SELECT * FROM rekey.check_indexes('020', 'public.chunks');
SELECT * FROM rekey.check_key('020', 'public.users', 'id');
SELECT * FROM rekey.check_key('020', 'public.documents', 'id');
SELECT * FROM rekey.check_key('020', 'public.documents', 'user_id');
SELECT * FROM rekey.check_key('020', 'public.chunks', 'id');
SELECT * FROM rekey.check_key('020', 'public.chunks', 'document_id');
SELECT * FROM rekey.check_foreign_key('020', 'public.documents', 'documents_user_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'public.chunks', 'chunks_document_id_fkey', true);
