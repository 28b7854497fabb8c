-- Plan bridge, phase 015 users: prepare (2 of 4): the way forward
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 015-users-prepare/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 015-users-prepare/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 015.open · online
-- opens phase 015: journal, key domains
-- no lock on your tables
-- goes back with 015.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('015', 'users: prepare', 'sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('015', $steps$[
["015.open",true,false,[],["015.users.expand","015.notes.expand","015.users.backfill","015.users.require","015.users.required","015.users.not_null","015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1","015.users.analyze","015.notes.backfill","015.notes.require","015.notes.required","015.notes.not_null","015.notes.rekey_twin_2_1","015.notes.rekey_old_key_2_1","015.notes.analyze","015.bridge","015.close"],"0a688a2114e040537af6225d7104b0d21b82714c0efe897823cb92dc18fb0c95","3825411ad7546cbd4b3f9b7543c97e6c2cf074e101c8ccceef77844eabda3cf1"],
["015.users.expand",true,false,["015.open"],["015.users.backfill","015.bridge"],"f0e59ad950ba5249cea2cfaa4fe361c2c0d2b065a2f75f10f82bcb374d7fc160","4634cd434bc6018e73aa1a0b8ae7336333e6c151fea98d2a5b1872802793b525"],
["015.users.backfill",false,false,["015.users.expand"],["015.users.require"],"d8172db5ccb3c5a0753ef8716ba49f9f09256da423748cbd7e5af998b19279a1","a039dde84854fe2d534f74c33b73ac0bbada8fd37ca233cddefe90a79c7a0aa8"],
["015.users.require",true,false,["015.users.backfill"],["015.users.required"],"1b7b601c0786e292ea5075e138fce029875e6c09eb3cc01e12ab38ec80a524c6","3787bb31a2608a4aa4be86dd3a5d5c844fc29259c458589fcb685d5380709388"],
["015.users.required",true,false,["015.users.require"],["015.users.not_null"],"14d4be1b451a51b056ea4c0bc317881a539b1988e81fa9f5fbb13de1eb2b6ad0","a98ba6134ff51053c66d15d6d6b5eba2cf724d71940f2107abe8e70018957d89"],
["015.users.not_null",true,false,["015.users.required"],["015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1","015.users.analyze"],"f2b24d0bd6ebde0b767ab86d8997b1f983b3cebd8b997492c5aa91d966072c99","5f9c5148352da145b2ae9bdeaf0451ccea28dfcea1e3a840a73e93d2bdb0350d"],
["015.users.rekey_twin_1_1",false,false,["015.users.not_null"],["015.users.analyze"],"1f9d0b10dc3f4da22e98b1c9a0e16bc32f328226885cd674cca5a3a403c2a625","6702d1c435513a64c8ae6d9098b244bb583b535af2659b488b08973672800ab1"],
["015.users.rekey_old_key_1_1",false,false,["015.users.not_null"],["015.users.analyze"],"0fc4062de84244e7e49462d74f8af11573c7fe292f8a774cb42165143465627e","a0c7a853c2913dc1dc32e6bc1afec5720d9559ddf243f0b92c87829437bb1abc"],
["015.users.analyze",false,false,["015.users.not_null","015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1"],["015.close"],"84099169e805fe5cd5ec2c2d45e576d232ae6cef2c086e663ff83668b6c125d4","201fa5c6c20841f6eef86218f721611f6cc0201fe82e9fd63990c3049423173f"],
["015.notes.expand",true,false,["015.open"],["015.notes.backfill","015.bridge"],"34d7c686f7c370c39e3fed599ec9ef0a398cf28419f701d570241272c82ed747","0cd47a44a5a081dda1700bf244656086a4a4b29a2c2d1eeffc0375bb7188fab2"],
["015.notes.backfill",false,false,["015.notes.expand"],["015.notes.require"],"cf0575a75947287aee27f2635f701e58a8ab35310e2475dd3c340aa79678e721","d33c42ebf9c774fbf350851d36335ce5a79edb4440b7e7f608f7ec1c64c6947a"],
["015.notes.require",true,false,["015.notes.backfill"],["015.notes.required"],"a087d9f16a5b192502eeb22f4e4f74b428dd7d1c6d20c4a3e1f719f7f127cbe1","121bdc663665198d01aa15e4729e2884455b442d6efc53b8b148dce01aecd00d"],
["015.notes.required",true,false,["015.notes.require"],["015.notes.not_null"],"99c2d961c9497edf72a7abcace65632c84a69e5e1a076e031c3fa961695f64a9","12bc3b7b761b5506b3d721e10b53e6260714cbd304bdeb57300824322e17e939"],
["015.notes.not_null",true,false,["015.notes.required"],["015.notes.rekey_twin_2_1","015.notes.rekey_old_key_2_1","015.notes.analyze"],"cb1a1563fb0260a60abda1c6c32c4839ee6a3f6a6f3d294fc947e65567946dea","4c3bf55dfd9aa135687ca518d981bc4b74f6195f8509efc449995729a55245dc"],
["015.notes.rekey_twin_2_1",false,false,["015.notes.not_null"],["015.notes.analyze"],"416693428f39a8214fdeea8ddee01177b0d072ab4a4ab147365eea18d47db855","c9cea9d01a2b6632c3a48c312dc4d2e296fd3496662c95f0193d18cbb9b8fda8"],
["015.notes.rekey_old_key_2_1",false,false,["015.notes.not_null"],["015.notes.analyze"],"b86beb8ed0977a3ec86f60172913eabf3cf40980cb2a8461cfd7d8688c3b09cd","8e54c7dffc6ca915ce3686799879545e8df3338c1dc47264f3cbe0f95ec04e9b"],
["015.notes.analyze",false,false,["015.notes.not_null","015.notes.rekey_twin_2_1","015.notes.rekey_old_key_2_1"],["015.close"],"9a0e3eddfeadd3782037e59d660798703808c1d6fbd0262bdc13f7e4da0e8aeb","71430a29f53e5aefb17f7b0cd5bc044712dfb343127265ba0d5cba0c3a462d39"],
["015.bridge",true,false,["015.users.expand","015.notes.expand"],["015.close"],"fc50157e01f3d9a92484b4c2395fc07e4f24bc484e12dec8ce022331815d7626","c678507372382ec24051344efa8f09feac6e6a136ed7801fe408d49bda21e1bd"],
["015.close",true,false,["015.users.analyze","015.notes.analyze","015.bridge"],[],"c24ab560ae486cb75a0a08bb53573e3c4aed4e3e60653e138291fbb426f62432","28dc2861e83c513068956ceaa7d2f694e1b9849d1a190329209ed5b654a594d7"]
]$steps$);
CALL rekey.begin_step('015.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays, given)
VALUES
  ('public.users.id', '015', 'ordered', NULL, NULL, false),
  ('public.notes.id', '015', 'ordered', NULL, NULL, false);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.id', 'public.users', 'id', 'integer', 'integer', true, true, false, 'public.users_id_seq', false),
  ('public.users.id', 'public.notes', 'user_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.notes.id', 'public.notes', 'id', 'integer', 'integer', true, true, false, 'public.notes_id_seq', true);
CALL rekey.expect_legacy('015');
CALL rekey.expect_online('public.users', ARRAY['id']);
CALL rekey.expect_online('public.notes', ARRAY['id', 'user_id']);
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
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_new_id_1 := rekey.ordered(NEW.id, rekey.domain_secret('public.users.id'));
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

-- step 015.users.backfill · online · outside of a transaction · plan.yaml:8
-- fills the new columns of public.users, one UPDATE a row, in batches
-- ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 015.users.backfill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.users.backfill');
CALL rekey.backfill('015.users.backfill', 'public.users', $query$rekey_new_id_1 = rekey.ordered(id, rekey.domain_secret('public.users.id'))$query$, $query$rekey_new_id_1 IS NULL AND id IS NOT NULL$query$);
CALL rekey.end_step('015.users.backfill');

-- step 015.users.require · online · plan.yaml:8
-- new keys of public.users may not be NULL where the old ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.users
-- goes back with 015.users.require in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.users.require');
CALL rekey.require('public.users', ARRAY['id'], ARRAY['rekey_new_id_1']);
CALL rekey.end_step('015.users.require');
COMMIT;

-- step 015.users.required · online · plan.yaml:8
-- checks that no new key of public.users is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 015.users.required in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.users.required');
CALL rekey.validate_required('public.users');
CALL rekey.end_step('015.users.required');
COMMIT;

-- step 015.users.not_null · online · plan.yaml:8
-- new keys of public.users become NOT NULL, by the check: without a scan
-- ACCESS EXCLUSIVE on public.users
-- goes back with 015.users.not_null in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.users.not_null');
CALL rekey.set_required('public.users', ARRAY['id'], ARRAY['rekey_new_id_1']);
CALL rekey.end_step('015.users.not_null');
COMMIT;

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

-- step 015.notes.expand · online · plan.yaml:11
-- new columns beside the keys of public.notes, and triggers that fill them
-- ACCESS EXCLUSIVE on public.notes
-- goes back with 015.notes.expand in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.notes.expand');
CALL rekey.expect_indexes('public.notes', ARRAY['id', 'user_id'], '{}');
ALTER TABLE public.notes
  ADD COLUMN rekey_new_id_2 uuid,
  ADD COLUMN rekey_new_user_id_3 uuid;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_new_id_2 := rekey.ordered(NEW.id, rekey.domain_secret('public.notes.id'));
  NEW.rekey_new_user_id_3 := rekey.ordered(NEW.user_id, rekey.domain_secret('public.users.id'));
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.notes
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.notes
  FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.rekey_new_id_2 <> NEW.rekey_new_id_2 OR (NEW.id IS NULL) <> (NEW.rekey_new_id_2 IS NULL)
    OR OLD.user_id <> NEW.user_id OR OLD.rekey_new_user_id_3 <> NEW.rekey_new_user_id_3 OR (NEW.user_id IS NULL) <> (NEW.rekey_new_user_id_3 IS NULL))
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_step('015.notes.expand');
COMMIT;

-- step 015.notes.backfill · online · outside of a transaction · plan.yaml:11
-- fills the new columns of public.notes, one UPDATE a row, in batches
-- ROW EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 015.notes.backfill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.notes.backfill');
CALL rekey.backfill('015.notes.backfill', 'public.notes', $query$rekey_new_id_2 = rekey.ordered(id, rekey.domain_secret('public.notes.id')), rekey_new_user_id_3 = rekey.ordered(user_id, rekey.domain_secret('public.users.id'))$query$, $query$rekey_new_id_2 IS NULL AND id IS NOT NULL OR rekey_new_user_id_3 IS NULL AND user_id IS NOT NULL$query$);
CALL rekey.end_step('015.notes.backfill');

-- step 015.notes.require · online · plan.yaml:11
-- new keys of public.notes may not be NULL where the old ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.notes
-- goes back with 015.notes.require in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.notes.require');
CALL rekey.require('public.notes', ARRAY['id', 'user_id'], ARRAY['rekey_new_id_2', 'rekey_new_user_id_3']);
CALL rekey.end_step('015.notes.require');
COMMIT;

-- step 015.notes.required · online · plan.yaml:11
-- checks that no new key of public.notes is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 015.notes.required in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.notes.required');
CALL rekey.validate_required('public.notes');
CALL rekey.end_step('015.notes.required');
COMMIT;

-- step 015.notes.not_null · online · plan.yaml:11
-- new keys of public.notes become NOT NULL, by the check: without a scan
-- ACCESS EXCLUSIVE on public.notes
-- goes back with 015.notes.not_null in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.notes.not_null');
CALL rekey.set_required('public.notes', ARRAY['id', 'user_id'], ARRAY['rekey_new_id_2', 'rekey_new_user_id_3']);
CALL rekey.end_step('015.notes.not_null');
COMMIT;

-- step 015.notes.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:11
-- builds rekey_twin_2_1 beside the writes to public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 015.notes.rekey_twin_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.notes.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_twin_2_1 ON public.notes USING btree (rekey_new_id_2);
SET lock_timeout = '2s';
CALL rekey.end_step('015.notes.rekey_twin_2_1', built => 'public.rekey_twin_2_1');

-- step 015.notes.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:11
-- builds rekey_old_key_2_1 beside the writes to public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 015.notes.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.notes.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_2_1 ON public.notes USING btree (id);
SET lock_timeout = '2s';
CALL rekey.end_step('015.notes.rekey_old_key_2_1', built => 'public.rekey_old_key_2_1');

-- step 015.notes.analyze · online · outside of a transaction · plan.yaml:11
-- statistics of the new columns of public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 015.notes.analyze in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.notes.analyze');
ANALYZE public.notes;
CALL rekey.end_step('015.notes.analyze', analyzed => 'public.notes');

-- step 015.bridge · online
-- views of the old shape in schema rekey_old
-- ACCESS SHARE on public.users, public.notes
-- goes back with 015.bridge in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.bridge');
CALL rekey.make_bridge('rekey_old', 'public.users', ARRAY['rekey_new_id_1'], ARRAY['id'], ARRAY['id'], ARRAY['id']);
CALL rekey.make_bridge('rekey_old', 'public.notes', ARRAY['rekey_new_id_2', 'rekey_new_user_id_3'], ARRAY['id', 'user_id'], ARRAY['id', 'user_id'], ARRAY['id', 'user_id']);
CALL rekey.end_step('015.bridge');
COMMIT;

-- step 015.close · online
-- the new keys are ready: the swap is the next phase
-- no lock on your tables
-- goes back with 015.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.close');
CALL rekey.close_phase('015');
CALL rekey.end_step('015.close');
COMMIT;

