-- Documents that users upload, in chunks with embeddings. Their keys were meant to be made of user and content, so that
-- whoever has a file finds its row; they are random.
CREATE TABLE users (
  user_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email      text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE documents (
  document_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  file_sha256 char(64),  -- NULL: not processed yet
  file_name   text NOT NULL,
  file_size   bigint NOT NULL,
  replaces    uuid REFERENCES documents ON DELETE SET NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT uq_user_filehash UNIQUE (user_id, file_sha256, file_name)  -- the name lets the same file in twice
);

CREATE TABLE document_chunks (
  document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
  position    integer NOT NULL,
  content     text NOT NULL,
  PRIMARY KEY (document_id, position)
);

CREATE TABLE embeddings (
  document_id uuid NOT NULL,
  position    integer NOT NULL,
  vector      real[] NOT NULL,
  PRIMARY KEY (document_id, position),
  FOREIGN KEY (document_id, position) REFERENCES document_chunks ON DELETE CASCADE
);

-- What happened stays when a document goes, and so does what is to be done: no foreign key.
CREATE TABLE jobs (
  job_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  document_id uuid,
  kind        text NOT NULL,
  done        boolean NOT NULL DEFAULT false
);

CREATE TABLE events (
  event_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  document_id uuid REFERENCES documents ON DELETE SET NULL,
  what        text NOT NULL,
  at          timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW document_sizes AS
SELECT u.email, d.document_id, d.file_name, d.file_size, count(c.position) AS chunks
FROM documents d JOIN users u USING (user_id) LEFT JOIN document_chunks c USING (document_id)
GROUP BY u.email, d.document_id;
