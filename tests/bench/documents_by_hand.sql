-- The script that teams write by hand: which document stays, a mapping kept for the way back, UPDATE … FROM. The rows that
-- go are kept too, in a table of their own.
CREATE TABLE documents_map AS
SELECT document_id AS old_key, uuid_generate_v5(uuid_ns_url(), user_id || ':' || file_sha256) AS new_key,
       row_number() OVER (PARTITION BY user_id, file_sha256 ORDER BY created_at DESC) > 1 AS goes
FROM documents;
ALTER TABLE documents_map ADD PRIMARY KEY (old_key);
ANALYZE documents_map;
ALTER TABLE document_chunks DROP CONSTRAINT document_chunks_document_id_fkey;
CREATE TABLE documents_gone AS SELECT d.* FROM documents d JOIN documents_map ON old_key = document_id WHERE goes;
DELETE FROM documents d USING documents_map m WHERE m.old_key = d.document_id AND m.goes;
UPDATE documents d SET document_id = m.new_key FROM documents_map m WHERE m.old_key = d.document_id;
UPDATE document_chunks c SET document_id = m.new_key FROM documents_map m WHERE m.old_key = c.document_id;
ALTER TABLE document_chunks ADD CONSTRAINT document_chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES documents ON DELETE CASCADE;
VACUUM (ANALYZE) documents, document_chunks;
