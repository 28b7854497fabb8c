-- Plan borrowed, phase 020 users (2 of 3): the way back
-- Plan digest sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d
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
-- SHARE ROW EXCLUSIVE on public.users, public.posts, public.comments; reads all of public.users,
--   public.posts, public.comments
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.posts
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.posts ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.comments
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.comments ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:8
-- way back: gives rows of public.users.user_id written since a legacy id
-- ACCESS SHARE on public.users, public.comments; reads all of public.users, public.comments
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.keys');
CALL rekey.assign_legacy_ids('public.users.user_id');
CALL rekey.end_undo('020.users.keys');
COMMIT;

-- step 020.posts.keys · offline · plan.yaml:13
-- way back: gives rows of public.posts.id written since a legacy id
-- ACCESS SHARE on public.posts, public.comments; reads all of public.posts, public.comments
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.posts.keys');
CALL rekey.assign_legacy_ids('public.posts.id');
CALL rekey.end_undo('020.posts.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:5
-- way back: public.users: user_id back to their old types
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id DROP DEFAULT,
  ALTER COLUMN user_id SET DEFAULT nextval('public.users_user_id_seq'::regclass),
  ALTER COLUMN user_id TYPE integer
    USING rekey.ordered_back(user_id, 'public.users.user_id')::integer;
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id']);
CALL rekey.end_undo('020.users.rewrite');
COMMIT;

-- step 020.posts.rewrite · offline · plan.yaml:9
-- way back: public.posts: id back to their old types
-- ACCESS EXCLUSIVE on public.posts; rewrites public.posts; reads all of public.posts
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.posts.rewrite');
LOCK TABLE public.posts IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.posts.rewrite', 'before', 'public.posts', ARRAY['id']);
ALTER TABLE public.posts
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE bigint
    USING rekey.keyed_back(id, 'public.posts.id')::bigint;
CALL rekey.measure('020.posts.rewrite', 'after', 'public.posts', ARRAY['id']);
CALL rekey.end_undo('020.posts.rewrite');
COMMIT;

-- step 020.comments.rewrite · offline · plan.yaml:14
-- way back: public.comments: commentable_id, payload, author back to their old types
-- ACCESS EXCLUSIVE on public.comments; rewrites public.comments; reads all of public.comments
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.comments.rewrite');
LOCK TABLE public.comments IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.comments.rewrite', 'before', 'public.comments', ARRAY['commentable_id', 'payload', 'author']);
ALTER TABLE public.comments
  ALTER COLUMN commentable_id TYPE bigint
    USING CASE commentable_type::text
      WHEN 'Post' THEN rekey.keyed_back(commentable_id, 'public.posts.id')
      WHEN E'App\\User' THEN rekey.ordered_back(commentable_id, 'public.users.user_id')
      ELSE rekey.refuse_type(commentable_type::text, commentable_id::text)::bigint END::bigint,
  ALTER COLUMN payload TYPE jsonb
    USING rekey.document_back_4(payload)::jsonb,
  ALTER COLUMN author TYPE integer
    USING rekey.ordered_back(author, 'public.users.user_id')::integer;
CALL rekey.note_changed(ARRAY['public.comments'], ARRAY['payload'], false);
CALL rekey.measure('020.comments.rewrite', 'after', 'public.comments', ARRAY['commentable_id', 'payload', 'author']);
CALL rekey.end_undo('020.comments.rewrite');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:5
-- way back: fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_undo('020.users.vacuum', analyzed => 'public.users');

-- step 020.posts.vacuum · offline · outside of a transaction · plan.yaml:9
-- way back: fresh statistics and visibility map for public.posts
-- SHARE UPDATE EXCLUSIVE on public.posts; reads all of public.posts
CALL rekey.begin_undo('020.posts.vacuum');
VACUUM (ANALYZE) public.posts;
CALL rekey.end_undo('020.posts.vacuum', analyzed => 'public.posts');

-- step 020.comments.vacuum · offline · outside of a transaction · plan.yaml:14
-- way back: fresh statistics and visibility map for public.comments
-- SHARE UPDATE EXCLUSIVE on public.comments; reads all of public.comments
CALL rekey.begin_undo('020.comments.vacuum');
VACUUM (ANALYZE) public.comments;
CALL rekey.end_undo('020.comments.vacuum', analyzed => 'public.comments');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.users, public.posts, public.comments
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.posts;
DROP TRIGGER rekey_fence ON public.comments;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

