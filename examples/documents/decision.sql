-- What the inventory found and somebody decided: jobs of documents that are gone are done with, and a document that was
-- never processed is named after itself until it is.
DELETE FROM jobs j WHERE done AND NOT EXISTS (SELECT FROM documents d WHERE d.document_id = j.document_id);
UPDATE documents SET file_sha256 = encode(sha256(('unprocessed ' || file_name || user_id)::bytea), 'hex') WHERE file_sha256 IS NULL;
