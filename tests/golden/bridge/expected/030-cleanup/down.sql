-- Plan bridge, phase 030 cleanup (4 of 4): the way back
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 030-cleanup/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 030-cleanup/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 030.close · online
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.close');
CALL rekey.end_undo('030.close');
COMMIT;

-- step 030.users.contract · online · plan.yaml:8
-- way back: old keys of public.users again, as its last columns
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.contract');
ALTER TABLE public.users
  ADD COLUMN rekey_old_id_1 integer;
CALL rekey.copy_column_settings('public.users', 'id', 'rekey_old_id_1');
CALL rekey.restore_columns('public.users');
CALL rekey.end_undo('030.users.contract');
COMMIT;

-- step 030.users.hook_back · online · plan.yaml:8
-- way back: triggers fill the old keys of public.users again
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.hook_back');
DROP TRIGGER IF EXISTS "~rekey_insert" ON public.users;
DROP TRIGGER IF EXISTS "~rekey_update" ON public.users;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.rekey_old_id_1 IS NOT NULL
     OR TG_OP = 'UPDATE' AND NEW.id IS NOT DISTINCT FROM OLD.id AND NEW.rekey_old_id_1 IS DISTINCT FROM OLD.rekey_old_id_1 THEN
    NEW.id := rekey.new_key_1(NEW.rekey_old_id_1);
  ELSIF TG_OP = 'INSERT' OR NEW.id IS DISTINCT FROM OLD.id THEN
    NEW.rekey_old_id_1 := rekey.old_key_1(NEW.id);
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.users
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_1();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.users
  FOR EACH ROW WHEN (OLD.rekey_old_id_1 <> NEW.rekey_old_id_1 OR OLD.id <> NEW.id OR (NEW.rekey_old_id_1 IS NULL) <> (NEW.id IS NULL))
  EXECUTE FUNCTION rekey.sync_1();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_undo('030.users.hook_back');
COMMIT;

-- step 030.users.keep · online · outside of a transaction · plan.yaml:8
-- way back: old keys for the rows of public.users that lack one or have another
-- ROW EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('030.users.keep');
CALL rekey.settle_old_keys('030.users.keep', 'public.users', 'rekey_old_id_1', $query$rekey_old_id_1 = rekey.old_key_1(id)$query$, $query$t.rekey_old_id_1 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) END OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_undo('030.users.keep');

-- step 030.users.rekey_old_key_1_1 · online · outside of a transaction · plan.yaml:8
-- way back: builds rekey_old_key_1_1 beside the writes to public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('030.users.rekey_old_key_1_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_1_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_1_1 ON public.users USING btree (rekey_old_id_1);
SET lock_timeout = '2s';
CALL rekey.end_undo('030.users.rekey_old_key_1_1', built => 'public.rekey_old_key_1_1');

-- step 030.users.require_back · online · plan.yaml:8
-- way back: old keys of public.users may not be NULL where the new ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.require_back');
CALL rekey.require('public.users', ARRAY['id'], ARRAY['rekey_old_id_1']);
CALL rekey.end_undo('030.users.require_back');
COMMIT;

-- step 030.users.required_back · online · plan.yaml:8
-- way back: checks that no old key of public.users is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.required_back');
CALL rekey.validate_required('public.users');
CALL rekey.end_undo('030.users.required_back');
COMMIT;

-- step 030.users.not_null_back · online · plan.yaml:8
-- way back: the old keys of public.users are NOT NULL again
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.users.not_null_back');
CALL rekey.set_required('public.users', ARRAY['id'], ARRAY['rekey_old_id_1']);
CALL rekey.name_not_nulls('public.users');
CALL rekey.end_undo('030.users.not_null_back');
COMMIT;

-- step 030.notes.contract · online · plan.yaml:11
-- way back: old keys of public.notes again, as its last columns
-- ACCESS EXCLUSIVE on public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.notes.contract');
ALTER TABLE public.notes
  ADD COLUMN rekey_old_id_2 integer,
  ADD COLUMN rekey_old_user_id_3 integer;
CALL rekey.copy_column_settings('public.notes', 'id', 'rekey_old_id_2');
CALL rekey.copy_column_settings('public.notes', 'user_id', 'rekey_old_user_id_3');
CALL rekey.restore_columns('public.notes');
CALL rekey.end_undo('030.notes.contract');
COMMIT;

-- step 030.notes.hook_back · online · plan.yaml:11
-- way back: triggers fill the old keys of public.notes again
-- ACCESS EXCLUSIVE on public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.notes.hook_back');
DROP TRIGGER IF EXISTS "~rekey_insert" ON public.notes;
DROP TRIGGER IF EXISTS "~rekey_update" ON public.notes;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.rekey_old_id_2 IS NOT NULL
     OR TG_OP = 'UPDATE' AND NEW.id IS NOT DISTINCT FROM OLD.id AND NEW.rekey_old_id_2 IS DISTINCT FROM OLD.rekey_old_id_2 THEN
    NEW.id := rekey.new_key_2(NEW.rekey_old_id_2);
  ELSIF TG_OP = 'INSERT' OR NEW.id IS DISTINCT FROM OLD.id THEN
    NEW.rekey_old_id_2 := rekey.old_key_2(NEW.id);
  END IF;
  IF TG_OP = 'INSERT' AND NEW.rekey_old_user_id_3 IS NOT NULL
     OR TG_OP = 'UPDATE' AND NEW.user_id IS NOT DISTINCT FROM OLD.user_id AND NEW.rekey_old_user_id_3 IS DISTINCT FROM OLD.rekey_old_user_id_3 THEN
    NEW.user_id := rekey.new_key_1(NEW.rekey_old_user_id_3);
  ELSIF TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id THEN
    NEW.rekey_old_user_id_3 := rekey.old_key_1(NEW.user_id);
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.notes
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.notes
  FOR EACH ROW WHEN (OLD.rekey_old_id_2 <> NEW.rekey_old_id_2 OR OLD.id <> NEW.id OR (NEW.rekey_old_id_2 IS NULL) <> (NEW.id IS NULL)
    OR OLD.rekey_old_user_id_3 <> NEW.rekey_old_user_id_3 OR OLD.user_id <> NEW.user_id OR (NEW.rekey_old_user_id_3 IS NULL) <> (NEW.user_id IS NULL))
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_undo('030.notes.hook_back');
COMMIT;

-- step 030.notes.keep · online · outside of a transaction · plan.yaml:11
-- way back: old keys for the rows of public.notes that lack one or have another
-- ROW EXCLUSIVE on public.notes; reads all of public.notes
CALL rekey.begin_undo('030.notes.keep');
CALL rekey.settle_old_keys('030.notes.keep', 'public.notes', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id), rekey_old_user_id_3 = rekey.old_key_1(user_id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.notes.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.notes.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.user_id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.user_id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) END OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
CALL rekey.end_undo('030.notes.keep');

-- step 030.notes.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:11
-- way back: builds rekey_old_key_2_1 beside the writes to public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
CALL rekey.begin_undo('030.notes.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_2_1 ON public.notes USING btree (rekey_old_id_2);
SET lock_timeout = '2s';
CALL rekey.end_undo('030.notes.rekey_old_key_2_1', built => 'public.rekey_old_key_2_1');

-- step 030.notes.require_back · online · plan.yaml:11
-- way back: old keys of public.notes may not be NULL where the new ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.notes.require_back');
CALL rekey.require('public.notes', ARRAY['id', 'user_id'], ARRAY['rekey_old_id_2', 'rekey_old_user_id_3']);
CALL rekey.end_undo('030.notes.require_back');
COMMIT;

-- step 030.notes.required_back · online · plan.yaml:11
-- way back: checks that no old key of public.notes is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.notes.required_back');
CALL rekey.validate_required('public.notes');
CALL rekey.end_undo('030.notes.required_back');
COMMIT;

-- step 030.notes.not_null_back · online · plan.yaml:11
-- way back: the old keys of public.notes are NOT NULL again
-- ACCESS EXCLUSIVE on public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.notes.not_null_back');
CALL rekey.set_required('public.notes', ARRAY['id', 'user_id'], ARRAY['rekey_old_id_2', 'rekey_old_user_id_3']);
CALL rekey.name_not_nulls('public.notes');
CALL rekey.end_undo('030.notes.not_null_back');
COMMIT;

-- step 030.bridge · online
-- way back: views of both shapes again
-- ACCESS SHARE on public.users, public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.bridge');
CREATE SCHEMA rekey_old;
GRANT USAGE ON SCHEMA rekey_old TO PUBLIC;
COMMENT ON SCHEMA rekey_old IS 'Tables in their old shape, for the time of a deployment';
CREATE SCHEMA rekey_new;
GRANT USAGE ON SCHEMA rekey_new TO PUBLIC;
COMMENT ON SCHEMA rekey_new IS 'Tables in their new shape, for the time of a deployment';

CALL rekey.make_bridge('rekey_old', 'public.users', ARRAY['id'], ARRAY['rekey_old_id_1'], ARRAY['rekey_old_id_1'], ARRAY['id']);
CALL rekey.make_bridge('rekey_new', 'public.users', ARRAY['id'], ARRAY['rekey_old_id_1'], ARRAY['id'], ARRAY['id']);
CALL rekey.make_bridge('rekey_old', 'public.notes', ARRAY['id', 'user_id'], ARRAY['rekey_old_id_2', 'rekey_old_user_id_3'], ARRAY['rekey_old_id_2', 'rekey_old_user_id_3'], ARRAY['id', 'user_id']);
CALL rekey.make_bridge('rekey_new', 'public.notes', ARRAY['id', 'user_id'], ARRAY['rekey_old_id_2', 'rekey_old_user_id_3'], ARRAY['id', 'user_id'], ARRAY['id', 'user_id']);
CALL rekey.end_undo('030.bridge');
COMMIT;

-- step 030.open · online
-- way back: closes the phase's way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('030.open');
CALL rekey.withdraw_phase('030');
CALL rekey.end_undo('030.open');
COMMIT;

