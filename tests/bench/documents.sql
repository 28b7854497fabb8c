-- Documents with random keys, one of ten a second time, and their chunks. :scale 1 gives 1,000,000 + 5,000,000 rows.
CREATE EXTENSION "uuid-ossp";
CREATE TABLE users (user_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL);
CREATE TABLE documents (
  document_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id     uuid NOT NULL,
  file_sha256 text NOT NULL,
  created_at  timestamptz NOT NULL
);
CREATE TABLE document_chunks (
  chunk_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  document_id uuid NOT NULL,
  position    integer NOT NULL,
  content     text NOT NULL
);
SELECT (1000000 * :scale)::bigint AS documents, greatest(10000 * :scale, 1)::bigint AS users \gset
INSERT INTO users (email) SELECT 'user' || i || '@example.org' FROM generate_series(1, :users) i;
INSERT INTO documents (user_id, file_sha256, created_at)
SELECT u.user_id, encode(sha256((i - CASE WHEN i % 10 = 0 THEN 1 ELSE 0 END)::text::bytea), 'hex'), timestamptz '2024-01-01' + i * interval '1 second'
FROM generate_series(1, :documents) i
JOIN (SELECT user_id, row_number() OVER (ORDER BY email) AS place FROM users) u ON u.place = 1 + (i - 1) / 10 % :users;
INSERT INTO document_chunks (document_id, position, content)
SELECT document_id, p, repeat('x', 100) FROM documents, generate_series(1, 5) p;
CREATE INDEX document_chunks_document_id ON document_chunks (document_id);
ALTER TABLE documents ADD CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE document_chunks ADD CONSTRAINT document_chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES documents ON DELETE CASCADE;
VACUUM (ANALYZE, FREEZE) users, documents, document_chunks;
CHECKPOINT;
