-- Plan repairs, phase 020 users (2 of 3): the way back
-- Plan digest sha256:e0e6bfad66a2a02828e12c104601957fd9a36419e7724303e1ee60528e82f2d3
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · offline
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.users, public.documents, public.notes; reads all of public.users,
--   public.documents, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.documents
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.notes
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.documents.attach · offline · plan.yaml:17
-- way back: sets 1 foreign key of public.documents aside
-- ACCESS EXCLUSIVE on public.documents, public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.attach');
ALTER TABLE public.documents
  DROP CONSTRAINT documents_user_id_fkey;
CALL rekey.end_undo('020.documents.attach');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:15
-- way back: gives rows of public.users.user_id written since a legacy id
-- ACCESS SHARE on public.users, public.documents; reads all of public.users, public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.keys');
CALL rekey.assign_legacy_ids('public.users.user_id');
CALL rekey.end_undo('020.users.keys');
COMMIT;

-- step 020.documents.keys · offline · plan.yaml:20
-- way back: gives rows of public.documents.document_id written since a legacy id
-- ACCESS SHARE on public.documents, public.notes; reads all of public.documents, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.keys');
CALL rekey.assign_legacy_ids('public.documents.document_id');
CALL rekey.end_undo('020.documents.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:6
-- way back: public.users: user_id back to their old types
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id SET DEFAULT nextval('public.users_user_id_seq'::regclass),
  ALTER COLUMN user_id TYPE integer
    USING rekey.named_back(user_id, 'public.users.user_id')::integer;
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id']);
CALL rekey.end_undo('020.users.rewrite');
COMMIT;

-- step 020.documents.rewrite · offline · plan.yaml:17
-- way back: public.documents: document_id, user_id back to their old types
-- ACCESS EXCLUSIVE on public.documents; rewrites public.documents; reads all of public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.rewrite');
LOCK TABLE public.documents IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.documents.rewrite', 'before', 'public.documents', ARRAY['document_id', 'user_id']);
ALTER TABLE public.documents
  ALTER COLUMN document_id DROP DEFAULT,
  ALTER COLUMN document_id SET DEFAULT nextval('public.documents_document_id_seq'::regclass),
  ALTER COLUMN document_id TYPE integer
    USING rekey.ordered_back(document_id, 'public.documents.document_id')::integer,
  ALTER COLUMN user_id TYPE integer
    USING rekey.named_back(user_id, 'public.users.user_id')::integer;
CALL rekey.measure('020.documents.rewrite', 'after', 'public.documents', ARRAY['document_id', 'user_id']);
CALL rekey.end_undo('020.documents.rewrite');
COMMIT;

-- step 020.notes.rewrite · offline · plan.yaml:27
-- way back: public.notes: document_id back to their old types
-- ACCESS EXCLUSIVE on public.notes; rewrites public.notes; reads all of public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.notes.rewrite');
LOCK TABLE public.notes IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.notes.rewrite', 'before', 'public.notes', ARRAY['document_id']);
ALTER TABLE public.notes
  ALTER COLUMN document_id TYPE integer
    USING rekey.ordered_back(document_id, 'public.documents.document_id')::integer;
CALL rekey.measure('020.notes.rewrite', 'after', 'public.notes', ARRAY['document_id']);
CALL rekey.end_undo('020.notes.rewrite');
COMMIT;

-- step 020.documents.detach · offline · plan.yaml:17
-- way back: puts 1 foreign key of public.documents back, not yet validated
-- SHARE ROW EXCLUSIVE on public.documents, public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.detach');
ALTER TABLE public.documents
  ADD CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(user_id) NOT VALID;
CALL rekey.end_undo('020.documents.detach');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:6
-- way back: fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_undo('020.users.vacuum', analyzed => 'public.users');

-- step 020.documents.vacuum · offline · outside of a transaction · plan.yaml:17
-- way back: fresh statistics and visibility map for public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
CALL rekey.begin_undo('020.documents.vacuum');
VACUUM (ANALYZE) public.documents;
CALL rekey.end_undo('020.documents.vacuum', analyzed => 'public.documents');

-- step 020.notes.vacuum · offline · outside of a transaction · plan.yaml:27
-- way back: fresh statistics and visibility map for public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
CALL rekey.begin_undo('020.notes.vacuum');
VACUUM (ANALYZE) public.notes;
CALL rekey.end_undo('020.notes.vacuum', analyzed => 'public.notes');

-- step 020.users.merge · offline · plan.yaml:11
-- way back: public.users: puts these rows back, and what referred to them
-- SHARE ROW EXCLUSIVE on public.users, public.documents, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.merge');
LOCK TABLE public.users, public.documents, public.notes IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
CALL rekey.restore_rows('020.users.merge');
CALL rekey.forget_merges('020.users.merge');
CALL rekey.end_undo('020.users.merge');
COMMIT;

-- step 020.orphans · offline · plan.yaml:25
-- way back: puts these rows back, and their references
-- SHARE ROW EXCLUSIVE on public.documents, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.orphans');
LOCK TABLE public.documents, public.notes IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
CALL rekey.restore_rows('020.orphans');
CALL rekey.end_undo('020.orphans');
COMMIT;

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.users, public.documents, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.documents;
DROP TRIGGER rekey_fence ON public.notes;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

