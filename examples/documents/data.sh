#!/usr/bin/env bash
# SQL that fills schema.sql: N documents of 27 users for every 38, some of them the same file under two names, some not
# processed, and some jobs of documents that are gone. The same N gives the same rows but for their random keys.
set -euo pipefail
documents=${1:-38}
[[ $documents =~ ^[1-9][0-9]{0,7}$ ]] || { echo "usage: examples/documents/data.sh [DOCUMENTS]" >&2; exit 2; }
users=$(((documents * 27 + 37) / 38))

cat <<SQL
INSERT INTO users (email, created_at)
SELECT 'user' || n || '@example.com', timestamptz '2024-01-01' + n * interval '1 hour' FROM generate_series(1, $users) n;

INSERT INTO documents (user_id, file_sha256, file_name, file_size, created_at)
SELECT u.user_id, CASE WHEN n % 19 > 0 THEN encode(sha256(('content ' || what)::bytea), 'hex') END, 'file ' || n || '.pdf',
       20000 + n * 7919 % 150000, timestamptz '2024-02-01' + n * interval '7 minutes'
FROM generate_series(1, $documents) n
CROSS JOIN LATERAL (SELECT n - CASE WHEN n % 10 = 0 THEN 1 ELSE 0 END AS what) w
JOIN (SELECT user_id, row_number() OVER (ORDER BY email COLLATE "C") AS place FROM users) u ON u.place = 1 + what % $users;
UPDATE documents d SET replaces = o.document_id FROM documents o
WHERE o.user_id = d.user_id AND o.created_at < d.created_at;

INSERT INTO document_chunks (document_id, position, content)
SELECT document_id, p, file_name || ', part ' || p FROM documents, generate_series(1, 5) p WHERE file_sha256 IS NOT NULL;
INSERT INTO embeddings (document_id, position, vector)
SELECT document_id, position, ARRAY[position, 0.5, length(content)]::real[] FROM document_chunks;
INSERT INTO jobs (document_id, kind, done)
SELECT document_id, 'embed', file_sha256 IS NOT NULL FROM documents
UNION ALL SELECT gen_random_uuid(), 'embed', true FROM generate_series(1, 1 + $documents / 20);
INSERT INTO events (document_id, what, at) SELECT document_id, 'uploaded', created_at FROM documents;
ANALYZE;
SQL
