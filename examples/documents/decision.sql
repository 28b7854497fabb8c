-- What the inventory found and the plan cannot know: a document that was never processed is named after itself until it is.
UPDATE documents SET file_sha256 = encode(sha256(('unprocessed ' || file_name || user_id)::bytea), 'hex') WHERE file_sha256 IS NULL;
