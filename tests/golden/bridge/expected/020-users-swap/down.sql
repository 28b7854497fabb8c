-- Plan bridge, phase 020 users: swap (3 of 4): the way back
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users-swap/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users-swap/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · online
-- way back: opens the way back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.users.settle · online · outside of a transaction · plan.yaml:8
-- way back: old keys for the rows of public.users that lack one or have another
-- ROW EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('020.users.settle');
CALL rekey.settle_old_keys('020.users.settle', 'public.users', 'rekey_old_id_1', $query$rekey_old_id_1 = rekey.old_key_1(id)$query$, $query$t.rekey_old_id_1 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) END OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_undo('020.users.settle');

-- step 020.notes.settle · online · outside of a transaction · plan.yaml:11
-- way back: old keys for the rows of public.notes that lack one or have another
-- ROW EXCLUSIVE on public.notes; reads all of public.notes
CALL rekey.begin_undo('020.notes.settle');
CALL rekey.settle_old_keys('020.notes.settle', 'public.notes', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id), rekey_old_user_id_3 = rekey.old_key_1(user_id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.notes.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.notes.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.user_id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.user_id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) END OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
CALL rekey.end_undo('020.notes.settle');

-- step 020.swap · online
-- way back: the old keys take their names back
-- ACCESS EXCLUSIVE on public.users, public.notes, rekey_new.users, rekey_new.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.swap');
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_new_id_1 := coalesce((SELECT new_key FROM rekey.keys WHERE domain = 'public.users.id' AND old_key = NEW.id),
    rekey.ordered(NEW.id, rekey.domain_secret('public.users.id')));
  RETURN NEW;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_new_id_2 := coalesce((SELECT new_key FROM rekey.keys WHERE domain = 'public.notes.id' AND old_key = NEW.id),
    rekey.ordered(NEW.id, rekey.domain_secret('public.notes.id')));
  NEW.rekey_new_user_id_3 := coalesce((SELECT new_key FROM rekey.keys WHERE domain = 'public.users.id' AND old_key = NEW.user_id),
    rekey.ordered(NEW.user_id, rekey.domain_secret('public.users.id')));
  RETURN NEW;
END
$query$;
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE public.users, public.notes IN SHARE UPDATE EXCLUSIVE MODE;
CALL rekey.expect_indexes('public.users', ARRAY['id'], '{}');
CALL rekey.expect_indexes('public.notes', ARRAY['id', 'user_id'], '{}');
CALL rekey.plan_changes($swap$
DROP VIEW rekey_new.users, rekey_new.notes;
ALTER TABLE public.notes
  DROP CONSTRAINT notes_user_id_fkey;
DROP FUNCTION rekey.old_key_1(uuid);
DROP FUNCTION rekey.new_key_1(bigint);
CALL rekey.end_ids('public.users_id_seq', 'public.users.id');
DROP FUNCTION rekey.old_key_2(uuid);
DROP FUNCTION rekey.new_key_2(bigint);
CALL rekey.end_ids('rekey.ids_2', 'public.notes.id');
ALTER TABLE public.users ALTER COLUMN id DROP DEFAULT;
ALTER TABLE public.users RENAME COLUMN id TO rekey_new_id_1;
ALTER TABLE public.users RENAME COLUMN rekey_old_id_1 TO id;
ALTER TABLE public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
SELECT rekey.index_exchange('public.users', NULL, 'rekey_old_key_1_1', 'rekey_twin_1_1', ARRAY['id', 'rekey_old_id_1'], ARRAY['rekey_new_id_1', 'id']);
ALTER TABLE public.notes ALTER COLUMN id DROP DEFAULT;
ALTER TABLE public.notes RENAME COLUMN id TO rekey_new_id_2;
ALTER TABLE public.notes RENAME COLUMN rekey_old_id_2 TO id;
ALTER TABLE public.notes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME public.notes_id_seq);
CALL rekey.restore_sequence('public.notes', 'id');
ALTER TABLE public.notes RENAME COLUMN user_id TO rekey_new_user_id_3;
ALTER TABLE public.notes RENAME COLUMN rekey_old_user_id_3 TO user_id;
SELECT rekey.index_exchange('public.notes', NULL, 'rekey_old_key_2_1', 'rekey_twin_2_1', ARRAY['id', 'rekey_old_id_2', 'user_id', 'rekey_old_user_id_3'], ARRAY['rekey_new_id_2', 'id', 'rekey_new_user_id_3', 'user_id']);
ALTER TABLE public.notes
  ADD CONSTRAINT notes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) NOT VALID;
CALL rekey.reopen_phase('015', ARRAY['015.users.rekey_twin_1_1', '015.users.rekey_old_key_1_1', '015.users.analyze', '015.notes.rekey_twin_2_1', '015.notes.rekey_old_key_2_1', '015.notes.analyze', '015.close']);
$swap$);
-- All of them at once or none, in many tries, some of which take their turn for a short time.
-- Locking a view locks what it reads, for as long.
CALL rekey.lock_out('rekey_new.users', 'rekey_new.notes', 'public.users', 'public.notes');
CALL rekey.make_changes();
CALL rekey.end_undo('020.swap');
COMMIT;

-- step 020.notes.validate · online · plan.yaml:11
-- way back: checks every row of public.notes against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.notes; ROW SHARE on public.users; reads all of public.notes
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.notes.validate');
ALTER TABLE public.notes
  VALIDATE CONSTRAINT notes_user_id_fkey;
CALL rekey.end_undo('020.notes.validate');
COMMIT;

-- step 020.users.compare · online · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.compare');
CALL rekey.end_undo('020.users.compare');
COMMIT;

-- step 020.notes.compare · online · plan.yaml:11
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.notes.compare');
CALL rekey.end_undo('020.notes.compare');
COMMIT;

-- step 020.open · online
-- way back: the phase is rolled back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
UPDATE rekey.domains SET phase = '015' WHERE phase = '020';
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

