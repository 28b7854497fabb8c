-- Plan documents, phase 020 documents: swap (3 of 4): the way back
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-documents-swap/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-documents-swap/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · online · plan.yaml:35
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
CALL rekey.settle_old_keys('020.users.settle', 'public.users', 'rekey_old_id_1', $query$rekey_old_id_1 = rekey.old_key_1(id)$query$, $query$t.rekey_old_id_1 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_undo('020.users.settle');

-- step 020.documents.settle · online · outside of a transaction · plan.yaml:15
-- way back: old keys for the rows of public.documents that lack one or have another
-- ROW EXCLUSIVE on public.documents; reads all of public.documents
CALL rekey.begin_undo('020.documents.settle');
CALL rekey.settle_old_keys('020.documents.settle', 'public.documents', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id), rekey_old_user_id_3 = rekey.old_key_1(user_id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.id) OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
CALL rekey.end_undo('020.documents.settle');

-- step 020.chunks.settle · online · outside of a transaction · plan.yaml:26
-- way back: old keys for the rows of public.chunks that lack one or have another
-- ROW EXCLUSIVE on public.chunks; reads all of public.chunks
CALL rekey.begin_undo('020.chunks.settle');
CALL rekey.settle_old_keys('020.chunks.settle', 'public.chunks', 'rekey_old_document_id_4', $query$rekey_old_document_id_4 = rekey.old_key_2(document_id)$query$, $query$t.rekey_old_document_id_4 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.document_id) OR t.rekey_old_document_id_4 IS NULL AND t.document_id IS NOT NULL$query$);
CALL rekey.end_undo('020.chunks.settle');

-- step 020.swap · online · plan.yaml:35
-- way back: the old keys take their names back
-- ACCESS EXCLUSIVE on public.users, public.documents, public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.swap');
CREATE OR REPLACE FUNCTION rekey.made_key_1(of_row public.users) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET TimeZone = 'UTC'
AS $query$
#variable_conflict use_column
BEGIN
  RETURN CASE WHEN rekey.fits_in_key(of_row.created_at) THEN rekey.retimed(of_row.id, of_row.created_at) END;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.give_key_1(of_id uuid, was uuid, made uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  given uuid;
BEGIN
  IF of_id IS NULL THEN
    RETURN NULL;
  ELSIF was <> of_id THEN
    DELETE FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
    UPDATE rekey.pairs SET old_key = of_id WHERE domain = 'public.users.id' AND old_key = was RETURNING new_key INTO given;
    IF FOUND THEN
      RETURN given;
    END IF;
  END IF;
  SELECT new_key INTO given FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
  IF FOUND AND (given = made OR EXISTS (SELECT FROM public.users r WHERE r.id = of_id)) THEN
    RETURN given;
  END IF;
  DELETE FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
  IF made IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO rekey.pairs VALUES ('public.users.id', of_id, made) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE rekey.pairs k SET old_key = of_id
    WHERE k.domain = 'public.users.id' AND k.new_key = made AND NOT EXISTS (SELECT FROM public.users r WHERE r.id = k.old_key);
  END IF;
  RETURN (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = of_id);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_id_1 := CASE WHEN NEW.id IS NOT NULL THEN coalesce(rekey.give_key_1(NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.id END, rekey.made_key_1(NEW)),
    rekey.made_key_1(NEW), rekey.refuse_row('public.users', 'id', NEW.id::text)) END;
  RETURN NEW;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.made_key_2(of_row public.documents) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET TimeZone = 'UTC'
AS $query$
#variable_conflict use_column
BEGIN
  RETURN rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = of_row.user_id)::text || ':' || of_row.file_sha256::text);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.give_key_2(of_id bigint, was bigint, made uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  given uuid;
BEGIN
  IF of_id IS NULL THEN
    RETURN NULL;
  ELSIF was <> of_id THEN
    DELETE FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
    UPDATE rekey.keys SET old_key = of_id WHERE domain = 'public.documents.id' AND old_key = was RETURNING new_key INTO given;
    IF FOUND THEN
      RETURN given;
    END IF;
  END IF;
  SELECT new_key INTO given FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
  IF FOUND AND (given = made OR EXISTS (SELECT FROM public.documents r WHERE r.id = of_id)) THEN
    RETURN given;
  END IF;
  DELETE FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
  IF made IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO rekey.keys VALUES ('public.documents.id', of_id, made, false) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE rekey.keys k SET old_key = of_id
    WHERE k.domain = 'public.documents.id' AND k.new_key = made AND NOT EXISTS (SELECT FROM public.documents r WHERE r.id = k.old_key);
  END IF;
  RETURN (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = of_id);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_id_2 := CASE WHEN NEW.id IS NOT NULL THEN coalesce(rekey.give_key_2(NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.id END, rekey.made_key_2(NEW)),
    rekey.made_key_2(NEW), rekey.refuse_row('public.documents', 'id', NEW.id::text)) END;
  NEW.rekey_new_user_id_3 := CASE WHEN NEW.user_id IS NOT NULL THEN coalesce((SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = NEW.user_id),
    rekey.refuse_reference('public.documents', 'user_id', NEW.user_id::text, EXISTS (SELECT FROM public.users r WHERE r.id = NEW.user_id))) END;
  RETURN NEW;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_document_id_4 := CASE WHEN NEW.document_id IS NOT NULL THEN coalesce((SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = NEW.document_id),
    rekey.refuse_reference('public.chunks', 'document_id', NEW.document_id::text, EXISTS (SELECT FROM public.documents r WHERE r.id = NEW.document_id))) END;
  RETURN NEW;
END
$query$;
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE public.users, public.documents, public.chunks IN SHARE UPDATE EXCLUSIVE MODE;
CALL rekey.expect_indexes('public.users', ARRAY['id'], '{}');
CALL rekey.expect_indexes('public.documents', ARRAY['id', 'user_id'], '{}');
CALL rekey.expect_indexes('public.chunks', ARRAY['document_id'], '{}');
CALL rekey.plan_changes($swap$
ALTER TABLE public.documents
  DROP CONSTRAINT documents_user_id_fkey;
ALTER TABLE public.chunks
  DROP CONSTRAINT chunks_document_id_fkey;
DROP FUNCTION rekey.old_key_1(uuid);
DROP FUNCTION rekey.old_key_2(uuid);
CALL rekey.end_ids('rekey.ids_2', 'public.documents.id');
ALTER TABLE public.users ALTER COLUMN id DROP DEFAULT;
ALTER TABLE public.users RENAME COLUMN id TO rekey_new_id_1;
ALTER TABLE public.users RENAME COLUMN rekey_old_id_1 TO id;
ALTER TABLE public.users ALTER COLUMN id SET DEFAULT gen_random_uuid();
SELECT rekey.index_exchange('public.users', NULL, 'rekey_old_key_1_1', 'rekey_twin_1_1', ARRAY['id', 'rekey_old_id_1'], ARRAY['rekey_new_id_1', 'id']);
ALTER TABLE public.documents RENAME COLUMN id TO rekey_new_id_2;
ALTER TABLE public.documents RENAME COLUMN rekey_old_id_2 TO id;
ALTER TABLE public.documents ALTER COLUMN id SET DEFAULT nextval('public.documents_id_seq'::regclass);
ALTER TABLE public.documents RENAME COLUMN user_id TO rekey_new_user_id_3;
ALTER TABLE public.documents RENAME COLUMN rekey_old_user_id_3 TO user_id;
SELECT rekey.index_exchange('public.documents', NULL, 'rekey_old_key_2_1', 'rekey_twin_2_1', ARRAY['id', 'rekey_old_id_2', 'user_id', 'rekey_old_user_id_3'], ARRAY['rekey_new_id_2', 'id', 'rekey_new_user_id_3', 'user_id']);
ALTER TABLE public.chunks RENAME COLUMN document_id TO rekey_new_document_id_4;
ALTER TABLE public.chunks RENAME COLUMN rekey_old_document_id_4 TO document_id;
SELECT rekey.index_exchange('public.chunks', NULL, 'rekey_old_key_3_1', 'rekey_twin_3_1', ARRAY['document_id', 'rekey_old_document_id_4'], ARRAY['rekey_new_document_id_4', 'document_id']);
ALTER TABLE public.documents
  ADD CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE NOT VALID;
ALTER TABLE public.chunks
  ADD CONSTRAINT chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) NOT VALID;
CALL rekey.note_changed(ARRAY['public.users'], ARRAY['id'], false);
CALL rekey.note_changed(ARRAY['public.documents'], ARRAY['user_id'], false);
CALL rekey.reopen_phase('015', ARRAY['015.users.rekey_twin_1_1', '015.users.rekey_old_key_1_1', '015.users.analyze', '015.documents.rekey_twin_2_1', '015.documents.rekey_old_key_2_1', '015.documents.analyze', '015.chunks.rekey_twin_3_1', '015.chunks.rekey_old_key_3_1', '015.chunks.analyze', '015.close']);
$swap$);
-- All of them at once or none, in many tries, some of which take their turn for a short time.
CALL rekey.lock_out('public.users', 'public.documents', 'public.chunks');
CALL rekey.make_changes();
CALL rekey.end_undo('020.swap');
COMMIT;

-- step 020.documents.validate · online · plan.yaml:15
-- way back: checks every row of public.documents against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.documents; ROW SHARE on public.users; reads all of
--   public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.validate');
ALTER TABLE public.documents
  VALIDATE CONSTRAINT documents_user_id_fkey;
CALL rekey.end_undo('020.documents.validate');
COMMIT;

-- step 020.chunks.validate · online · plan.yaml:26
-- way back: checks every row of public.chunks against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.chunks; ROW SHARE on public.documents; reads all of
--   public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.validate');
ALTER TABLE public.chunks
  VALIDATE CONSTRAINT chunks_document_id_fkey;
CALL rekey.end_undo('020.chunks.validate');
COMMIT;

-- step 020.users.compare · online · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.compare');
CALL rekey.end_undo('020.users.compare');
COMMIT;

-- step 020.documents.compare · online · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.compare');
CALL rekey.end_undo('020.documents.compare');
COMMIT;

-- step 020.chunks.compare · online · plan.yaml:26
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.compare');
CALL rekey.end_undo('020.chunks.compare');
COMMIT;

-- step 020.chunks.not_null · online · plan.yaml:26
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.not_null');
CALL rekey.end_undo('020.chunks.not_null');
COMMIT;

-- step 020.chunks.keyed · online · plan.yaml:26
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.keyed');
CALL rekey.end_undo('020.chunks.keyed');
COMMIT;

-- step 020.chunks.fill · online · outside of a transaction · plan.yaml:26
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('020.chunks.fill');
DELETE FROM rekey.backfills WHERE step = '020.chunks.fill';
CALL rekey.end_undo('020.chunks.fill');

-- step 020.documents.not_null · online · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.not_null');
CALL rekey.end_undo('020.documents.not_null');
COMMIT;

-- step 020.documents.keyed · online · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.keyed');
CALL rekey.end_undo('020.documents.keyed');
COMMIT;

-- step 020.documents.fill · online · outside of a transaction · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('020.documents.fill');
DELETE FROM rekey.backfills WHERE step = '020.documents.fill';
CALL rekey.end_undo('020.documents.fill');

-- step 020.users.not_null · online · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.not_null');
CALL rekey.end_undo('020.users.not_null');
COMMIT;

-- step 020.users.keyed · online · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.keyed');
CALL rekey.end_undo('020.users.keyed');
COMMIT;

-- step 020.users.fill · online · outside of a transaction · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('020.users.fill');
DELETE FROM rekey.backfills WHERE step = '020.users.fill';
CALL rekey.end_undo('020.users.fill');

-- step 020.public.documents.id.give · online · outside of a transaction · plan.yaml:15
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('020.public.documents.id.give');
DELETE FROM rekey.backfills WHERE step = '020.public.documents.id.give';
CALL rekey.end_undo('020.public.documents.id.give');

-- step 020.public.users.id.give · online · outside of a transaction · plan.yaml:8
-- way back: nothing to take back
-- no lock on your tables
CALL rekey.begin_undo('020.public.users.id.give');
DELETE FROM rekey.backfills WHERE step = '020.public.users.id.give';
CALL rekey.end_undo('020.public.users.id.give');

-- step 020.chunks.hold · online · plan.yaml:26
-- way back: rows of public.chunks may be without a new key again
-- ACCESS EXCLUSIVE on public.chunks
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.chunks.hold');
CALL rekey.require_no_more('public.chunks');
CALL rekey.allow_null('public.chunks', ARRAY['rekey_new_document_id_4']);
CREATE OR REPLACE FUNCTION rekey.sync_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_document_id_4 := (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = NEW.document_id);
  RETURN NEW;
END
$query$;

CALL rekey.end_undo('020.chunks.hold');
COMMIT;

-- step 020.documents.hold · online · plan.yaml:15
-- way back: rows of public.documents may be without a new key again
-- ACCESS EXCLUSIVE on public.documents
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.documents.hold');
CALL rekey.require_no_more('public.documents');
CALL rekey.allow_null('public.documents', ARRAY['rekey_new_id_2', 'rekey_new_user_id_3']);
CREATE OR REPLACE FUNCTION rekey.made_key_2(of_row public.documents) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET TimeZone = 'UTC'
AS $query$
#variable_conflict use_column
BEGIN
  RETURN rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = of_row.user_id)::text || ':' || of_row.file_sha256::text);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.give_key_2(of_id bigint, was bigint, made uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  given uuid;
BEGIN
  IF of_id IS NULL THEN
    RETURN NULL;
  ELSIF was <> of_id THEN
    DELETE FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
    UPDATE rekey.keys SET old_key = of_id WHERE domain = 'public.documents.id' AND old_key = was RETURNING new_key INTO given;
    IF FOUND THEN
      RETURN given;
    END IF;
  END IF;
  SELECT new_key INTO given FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
  IF FOUND AND (given = made OR EXISTS (SELECT FROM public.documents r WHERE r.id = of_id)) THEN
    RETURN given;
  END IF;
  DELETE FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
  IF made IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO rekey.keys VALUES ('public.documents.id', of_id, made, false) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE rekey.keys k SET old_key = of_id
    WHERE k.domain = 'public.documents.id' AND k.new_key = made AND NOT EXISTS (SELECT FROM public.documents r WHERE r.id = k.old_key);
  END IF;
  RETURN (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = of_id);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_id_2 := rekey.give_key_2(NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.id END, rekey.made_key_2(NEW));
  NEW.rekey_new_user_id_3 := (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = NEW.user_id);
  RETURN NEW;
END
$query$;

CALL rekey.end_undo('020.documents.hold');
COMMIT;

-- step 020.users.hold · online · plan.yaml:8
-- way back: rows of public.users may be without a new key again
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.users.hold');
CALL rekey.require_no_more('public.users');
CALL rekey.allow_null('public.users', ARRAY['rekey_new_id_1']);
CREATE OR REPLACE FUNCTION rekey.made_key_1(of_row public.users) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET TimeZone = 'UTC'
AS $query$
#variable_conflict use_column
BEGIN
  RETURN CASE WHEN rekey.fits_in_key(of_row.created_at) THEN rekey.retimed(of_row.id, of_row.created_at) END;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.give_key_1(of_id uuid, was uuid, made uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  given uuid;
BEGIN
  IF of_id IS NULL THEN
    RETURN NULL;
  ELSIF was <> of_id THEN
    DELETE FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
    UPDATE rekey.pairs SET old_key = of_id WHERE domain = 'public.users.id' AND old_key = was RETURNING new_key INTO given;
    IF FOUND THEN
      RETURN given;
    END IF;
  END IF;
  SELECT new_key INTO given FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
  IF FOUND AND (given = made OR EXISTS (SELECT FROM public.users r WHERE r.id = of_id)) THEN
    RETURN given;
  END IF;
  DELETE FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
  IF made IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO rekey.pairs VALUES ('public.users.id', of_id, made) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE rekey.pairs k SET old_key = of_id
    WHERE k.domain = 'public.users.id' AND k.new_key = made AND NOT EXISTS (SELECT FROM public.users r WHERE r.id = k.old_key);
  END IF;
  RETURN (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = of_id);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_id_1 := rekey.give_key_1(NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.id END, rekey.made_key_1(NEW));
  RETURN NEW;
END
$query$;

CALL rekey.end_undo('020.users.hold');
COMMIT;

-- step 020.open · online · plan.yaml:35
-- way back: the phase is rolled back
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
UPDATE rekey.domains SET phase = '015' WHERE phase = '020';
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

