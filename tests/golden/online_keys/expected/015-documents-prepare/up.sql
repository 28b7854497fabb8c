-- Plan documents, phase 015 documents: prepare (2 of 4): the way forward
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 015-documents-prepare/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 015-documents-prepare/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 015.open · online · plan.yaml:35
-- opens phase 015: journal, key domains
-- ACCESS SHARE on public.users, public.documents; reads all of public.users, public.documents
-- goes back with 015.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('015', 'documents: prepare', 'sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('015', $steps$[
["015.open",true,false,[],["015.users.expand","015.documents.expand","015.chunks.expand","015.public.users.id.give","015.public.documents.id.give","015.users.backfill","015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1","015.users.analyze","015.documents.backfill","015.documents.rekey_twin_2_1","015.documents.rekey_old_key_2_1","015.documents.analyze","015.chunks.backfill","015.chunks.rekey_twin_3_1","015.chunks.rekey_old_key_3_1","015.chunks.analyze","015.close"],"15c0828a1db33f21df85362597a30d65c0afcfd4d4bfe267a2ddc5920601f7ae","3825411ad7546cbd4b3f9b7543c97e6c2cf074e101c8ccceef77844eabda3cf1"],
["015.users.expand",true,false,["015.open"],["015.public.users.id.give","015.users.backfill"],"5e54d085bb6b42819ab002956b6ab502ce4b96a89f48e1e0c190317a5fe622f3","a8525925dd25db46da18c6d9d70a9a15a9cda5dbede7d77b731da22a52a2c020"],
["015.public.users.id.give",false,false,["015.users.expand"],["015.public.documents.id.give","015.users.backfill","015.documents.backfill"],"1fb9ad1d4e7138893f3b8c906864371300a0390245f63b798e3a973c903c8580","fd5e0a9690b96b59d615c8901e8f7192a7b4e313de5571b17a75c484be3c0592"],
["015.documents.expand",true,false,["015.open"],["015.public.documents.id.give","015.documents.backfill"],"57f0f7b56bbbe1b4364fc359f81019b89d36636182d0fb0cab3fa40f38270550","04320152f5815324b864e9f6e3a0b5d7a601e4a8f11c12bbc5f1c909df3bda04"],
["015.public.documents.id.give",false,false,["015.public.users.id.give","015.documents.expand"],["015.documents.backfill","015.chunks.backfill"],"4cd8010968052350320cf61222af5f9d4891e30c1e113583b83da632db763b85","cee4de1cf9f916481167e403ac59608b9d0e0d9c59fbad39b3b67763aeea8ba9"],
["015.users.backfill",false,false,["015.public.users.id.give","015.users.expand"],["015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1","015.users.analyze"],"35c55940868942dc044a2f0efecb5d1ecd54608b4c4126173b168a530b710a7e","a039dde84854fe2d534f74c33b73ac0bbada8fd37ca233cddefe90a79c7a0aa8"],
["015.users.rekey_twin_1_1",false,false,["015.users.backfill"],["015.users.analyze"],"1f9d0b10dc3f4da22e98b1c9a0e16bc32f328226885cd674cca5a3a403c2a625","6702d1c435513a64c8ae6d9098b244bb583b535af2659b488b08973672800ab1"],
["015.users.rekey_old_key_1_1",false,false,["015.users.backfill"],["015.users.analyze"],"0fc4062de84244e7e49462d74f8af11573c7fe292f8a774cb42165143465627e","a0c7a853c2913dc1dc32e6bc1afec5720d9559ddf243f0b92c87829437bb1abc"],
["015.users.analyze",false,false,["015.users.backfill","015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1"],["015.close"],"84099169e805fe5cd5ec2c2d45e576d232ae6cef2c086e663ff83668b6c125d4","201fa5c6c20841f6eef86218f721611f6cc0201fe82e9fd63990c3049423173f"],
["015.documents.backfill",false,false,["015.public.users.id.give","015.public.documents.id.give","015.documents.expand"],["015.documents.rekey_twin_2_1","015.documents.rekey_old_key_2_1","015.documents.analyze"],"82691449feb5bc4702d3ec91e5593c185e5bb49e21306492dca850b602767a13","3513f79034ff871c447b073d51c79986278f6faaa643fee1c52954d486e9c905"],
["015.documents.rekey_twin_2_1",false,false,["015.documents.backfill"],["015.documents.analyze"],"077bab3d8f4cd2baca49289e3b0f913c9236304389914e4b26aea7a3a11c1346","cf762d17a4f924b2aaac529e5bf6457be6c54295fc4517198f18515c974f590f"],
["015.documents.rekey_old_key_2_1",false,false,["015.documents.backfill"],["015.documents.analyze"],"ae84676cc8048c721b4cb696dfe1ac16f3b2d7d591266b99fd70ede0a026ada3","d4944311631d07fdb91f815a4f4e9628dde6cb5645f97b40cbea3261e42eb1a7"],
["015.documents.analyze",false,false,["015.documents.backfill","015.documents.rekey_twin_2_1","015.documents.rekey_old_key_2_1"],["015.close"],"ac399694b707b9f059b2355247dc76396924ba1b462f8ec9f637864c60498b78","b4b57f55018ef3f7a383c892107d5c0cbc43504d009c90470530b5eba88da6b5"],
["015.chunks.expand",true,false,["015.open"],["015.chunks.backfill"],"11bbf659341c51f96f81243a3863cb6b38feee865573d82f8c76f70243fd71e1","4649403c8567b4a086792cd26257fec116eb0ee574bd470791058cbbc596e2f5"],
["015.chunks.backfill",false,false,["015.public.documents.id.give","015.chunks.expand"],["015.chunks.rekey_twin_3_1","015.chunks.rekey_old_key_3_1","015.chunks.analyze"],"ef5be3da74b7bbc070b24690dfd115c938464c51bf1ede631ec6bc8fd949d8c2","30f43cc9ff5bfd3a74fa639f706ea211ce738c6d279074fa737e8d7d90aecc60"],
["015.chunks.rekey_twin_3_1",false,false,["015.chunks.backfill"],["015.chunks.analyze"],"4509fb9fe8521ac7abf91c5ecd4c56c07b563a529aa0906afd9e966b25ddca4e","f1a58e578d917d2c467e2b9a52613c85899b5bf14b26cd18b540e0e021665661"],
["015.chunks.rekey_old_key_3_1",false,false,["015.chunks.backfill"],["015.chunks.analyze"],"6bccd00590f6c46cd4e1355f8484f0eade7524fb09a925d5a01ff9fbf23e5d37","a64b5de2c742b6030f2c8b5904f28833e8da6f2b20b93d91ba70c9bb1b6b4d61"],
["015.chunks.analyze",false,false,["015.chunks.backfill","015.chunks.rekey_twin_3_1","015.chunks.rekey_old_key_3_1"],["015.close"],"1116ce61228aa1b2578212ab023e0953564028d7429742fcf5b0c9c07e2c0813","5ecf4114890e3fcfcf6c12c099cb7d37e8c3467577f460c5e6d71883ef1ea41e"],
["015.close",true,false,["015.users.analyze","015.documents.analyze","015.chunks.analyze"],[],"c24ab560ae486cb75a0a08bb53573e3c4aed4e3e60653e138291fbb426f62432","28dc2861e83c513068956ceaa7d2f694e1b9849d1a190329209ed5b654a594d7"]
]$steps$);
CALL rekey.begin_step('015.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays, given)
VALUES
  ('public.users.id', '015', 'v7', 'created_at', NULL, true),
  ('public.documents.id', '015', 'v5', NULL, NULL, true);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.id', 'public.users', 'id', 'uuid', 'uuid', true, true, false, NULL, false),
  ('public.users.id', 'public.documents', 'user_id', 'uuid', 'uuid', false, false, false, NULL, false),
  ('public.documents.id', 'public.documents', 'id', 'bigint', 'bigint', true, true, false, 'public.documents_id_seq', false),
  ('public.documents.id', 'public.chunks', 'document_id', 'bigint', 'bigint', false, false, false, NULL, false);
CALL rekey.expect_legacy('015');
CALL rekey.expect_online('public.users', ARRAY['id']);
CALL rekey.expect_online('public.documents', ARRAY['id', 'user_id']);
CALL rekey.expect_online('public.chunks', ARRAY['document_id']);
CALL rekey.expect_known_values('public.users', ARRAY['created_at']);
CALL rekey.expect_keys_of_their_own('public.users.id', 'public.users', 'id', $query$floor(extract(epoch FROM created_at) * 1000)::text || substr(id::text, 16, 3) || (('x' || substr(id::text, 20, 1))::bit(4)::integer & 3)::text || substr(id::text, 21)$query$);
CALL rekey.expect_known_values('public.documents', ARRAY['user_id', 'file_sha256']);
CALL rekey.expect_names('public.documents', 'id', ARRAY['user_id', 'file_sha256']);
CALL rekey.expect_keys_of_their_own('public.documents.id', 'public.documents', 'id', $query$md5(user_id::text)::uuid::text || ':' || file_sha256::text$query$);
CALL rekey.end_step('015.open');
COMMIT;

-- step 015.users.expand · online · plan.yaml:8
-- new columns beside the keys of public.users, and triggers that fill them
-- ACCESS EXCLUSIVE on public.users
-- goes back with 015.users.expand in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.users.expand');
CALL rekey.expect_indexes('public.users', ARRAY['id'], '{}');
ALTER TABLE public.users
  ADD COLUMN rekey_new_id_1 uuid;
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
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.users
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_1();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.users
  FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.rekey_new_id_1 <> NEW.rekey_new_id_1 OR (NEW.id IS NULL) <> (NEW.rekey_new_id_1 IS NULL))
  EXECUTE FUNCTION rekey.sync_1();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_step('015.users.expand');
COMMIT;

-- step 015.public.users.id.give · online · outside of a transaction · plan.yaml:8
-- gives keys of public.users.id to the rows that are there, in batches, and writes them down
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 015.public.users.id.give in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.public.users.id.give');
CALL rekey.backfill('015.public.users.id.give', 'public.users', $query$SELECT rekey.give_key_1(t.id, NULL, rekey.made_key_1(t.*))$query$, $query$t.id IS NOT NULL AND NOT EXISTS (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$);
CALL rekey.end_step('015.public.users.id.give');

-- step 015.documents.expand · online · plan.yaml:15
-- new columns beside the keys of public.documents, and triggers that fill them
-- ACCESS EXCLUSIVE on public.documents
-- goes back with 015.documents.expand in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.documents.expand');
CALL rekey.expect_indexes('public.documents', ARRAY['id', 'user_id'], '{}');
ALTER TABLE public.documents
  ADD COLUMN rekey_new_id_2 uuid,
  ADD COLUMN rekey_new_user_id_3 uuid;
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
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.documents
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.documents
  FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.rekey_new_id_2 <> NEW.rekey_new_id_2 OR (NEW.id IS NULL) <> (NEW.rekey_new_id_2 IS NULL)
    OR OLD.user_id <> NEW.user_id OR OLD.rekey_new_user_id_3 <> NEW.rekey_new_user_id_3 OR (NEW.user_id IS NULL) <> (NEW.rekey_new_user_id_3 IS NULL))
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_step('015.documents.expand');
COMMIT;

-- step 015.public.documents.id.give · online · outside of a transaction · plan.yaml:15
-- gives keys of public.documents.id to the rows that are there, in batches, and writes them down
-- ACCESS SHARE on public.documents; reads all of public.documents
-- goes back with 015.public.documents.id.give in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.public.documents.id.give');
CALL rekey.backfill('015.public.documents.id.give', 'public.documents', $query$SELECT rekey.give_key_2(t.id, NULL, rekey.made_key_2(t.*))$query$, $query$t.id IS NOT NULL AND NOT EXISTS (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id)$query$);
CALL rekey.end_step('015.public.documents.id.give');

-- step 015.users.backfill · online · outside of a transaction · plan.yaml:8
-- fills the new columns of public.users, one UPDATE a row, in batches
-- ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 015.users.backfill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.users.backfill');
CALL rekey.backfill('015.users.backfill', 'public.users', $query$rekey_new_id_1 = (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$, $query$t.rekey_new_id_1 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$);
CALL rekey.end_step('015.users.backfill');

-- step 015.users.rekey_twin_1_1 · online · outside of a transaction · plan.yaml:8
-- builds rekey_twin_1_1 beside the writes to public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 015.users.rekey_twin_1_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.users.rekey_twin_1_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_1_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_twin_1_1 ON public.users USING btree (rekey_new_id_1);
SET lock_timeout = '2s';
CALL rekey.end_step('015.users.rekey_twin_1_1', built => 'public.rekey_twin_1_1');

-- step 015.users.rekey_old_key_1_1 · online · outside of a transaction · plan.yaml:8
-- builds rekey_old_key_1_1 beside the writes to public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 015.users.rekey_old_key_1_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.users.rekey_old_key_1_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_1_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_1_1 ON public.users USING btree (id);
SET lock_timeout = '2s';
CALL rekey.end_step('015.users.rekey_old_key_1_1', built => 'public.rekey_old_key_1_1');

-- step 015.users.analyze · online · outside of a transaction · plan.yaml:8
-- statistics of the new columns of public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 015.users.analyze in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.users.analyze');
ANALYZE public.users;
CALL rekey.end_step('015.users.analyze', analyzed => 'public.users');

-- step 015.documents.backfill · online · outside of a transaction · plan.yaml:15
-- fills the new columns of public.documents, one UPDATE a row, in batches
-- ROW EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 015.documents.backfill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.documents.backfill');
CALL rekey.backfill('015.documents.backfill', 'public.documents', $query$rekey_new_id_2 = (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id), rekey_new_user_id_3 = (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id)$query$, $query$t.rekey_new_id_2 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id) OR t.rekey_new_user_id_3 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id)$query$);
CALL rekey.end_step('015.documents.backfill');

-- step 015.documents.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:15
-- builds rekey_twin_2_1 beside the writes to public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 015.documents.rekey_twin_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.documents.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_twin_2_1 ON public.documents USING btree (rekey_new_id_2);
SET lock_timeout = '2s';
CALL rekey.end_step('015.documents.rekey_twin_2_1', built => 'public.rekey_twin_2_1');

-- step 015.documents.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:15
-- builds rekey_old_key_2_1 beside the writes to public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 015.documents.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.documents.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_2_1 ON public.documents USING btree (id);
SET lock_timeout = '2s';
CALL rekey.end_step('015.documents.rekey_old_key_2_1', built => 'public.rekey_old_key_2_1');

-- step 015.documents.analyze · online · outside of a transaction · plan.yaml:15
-- statistics of the new columns of public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 015.documents.analyze in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.documents.analyze');
ANALYZE public.documents;
CALL rekey.end_step('015.documents.analyze', analyzed => 'public.documents');

-- step 015.chunks.expand · online · plan.yaml:26
-- new columns beside the keys of public.chunks, and triggers that fill them
-- ACCESS EXCLUSIVE on public.chunks
-- goes back with 015.chunks.expand in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.chunks.expand');
CALL rekey.expect_indexes('public.chunks', ARRAY['document_id'], '{}');
ALTER TABLE public.chunks
  ADD COLUMN rekey_new_document_id_4 uuid;
CREATE OR REPLACE FUNCTION rekey.sync_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_document_id_4 := (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = NEW.document_id);
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.chunks
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_3();
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.chunks
  FOR EACH ROW WHEN (OLD.document_id <> NEW.document_id OR OLD.rekey_new_document_id_4 <> NEW.rekey_new_document_id_4 OR (NEW.document_id IS NULL) <> (NEW.rekey_new_document_id_4 IS NULL))
  EXECUTE FUNCTION rekey.sync_3();
ALTER TABLE public.chunks ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_step('015.chunks.expand');
COMMIT;

-- step 015.chunks.backfill · online · outside of a transaction · plan.yaml:26
-- fills the new columns of public.chunks, one UPDATE a row, in batches
-- ROW EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 015.chunks.backfill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.chunks.backfill');
CALL rekey.backfill('015.chunks.backfill', 'public.chunks', $query$rekey_new_document_id_4 = (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.document_id)$query$, $query$t.rekey_new_document_id_4 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.document_id)$query$);
CALL rekey.end_step('015.chunks.backfill');

-- step 015.chunks.rekey_twin_3_1 · online · outside of a transaction · plan.yaml:26
-- builds rekey_twin_3_1 beside the writes to public.chunks
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 015.chunks.rekey_twin_3_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.chunks.rekey_twin_3_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_3_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_twin_3_1 ON public.chunks USING btree (rekey_new_document_id_4, n);
SET lock_timeout = '2s';
CALL rekey.end_step('015.chunks.rekey_twin_3_1', built => 'public.rekey_twin_3_1');

-- step 015.chunks.rekey_old_key_3_1 · online · outside of a transaction · plan.yaml:26
-- builds rekey_old_key_3_1 beside the writes to public.chunks
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 015.chunks.rekey_old_key_3_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.chunks.rekey_old_key_3_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_3_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_3_1 ON public.chunks USING btree (document_id, n);
SET lock_timeout = '2s';
CALL rekey.end_step('015.chunks.rekey_old_key_3_1', built => 'public.rekey_old_key_3_1');

-- step 015.chunks.analyze · online · outside of a transaction · plan.yaml:26
-- statistics of the new columns of public.chunks
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 015.chunks.analyze in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.chunks.analyze');
ANALYZE public.chunks;
CALL rekey.end_step('015.chunks.analyze', analyzed => 'public.chunks');

-- step 015.close · online · plan.yaml:35
-- the new keys are ready: the swap is the next phase
-- no lock on your tables
-- goes back with 015.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.close');
CALL rekey.close_phase('015');
CALL rekey.end_step('015.close');
COMMIT;

