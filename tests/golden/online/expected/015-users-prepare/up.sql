-- Plan online, phase 015 users: prepare (2 of 4): the way forward
-- Plan digest sha256:bcabc84c4bba6504767fa9936b7446403b8ff8d6cb6663c9f183eeae4d5de1d7
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
CALL rekey.open_phase('015', 'users: prepare', 'sha256:bcabc84c4bba6504767fa9936b7446403b8ff8d6cb6663c9f183eeae4d5de1d7', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('015', $steps$[
["015.open",true,false,[],["015.users.expand","015.orders.expand","015.users.backfill","015.users.require","015.users.required","015.users.not_null","015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1","015.users.analyze","015.orders.backfill","015.orders.require","015.orders.required","015.orders.not_null","015.orders.rekey_twin_2_1","015.orders.rekey_old_key_2_1","015.orders.rekey_twin_2_2","015.orders.analyze","015.close"],"0c5e070db0e9a99adc36fc8f99f8b7adf91945dd17b03f7a328e693d3ee3c503","3825411ad7546cbd4b3f9b7543c97e6c2cf074e101c8ccceef77844eabda3cf1"],
["015.users.expand",true,false,["015.open"],["015.users.backfill"],"f0e59ad950ba5249cea2cfaa4fe361c2c0d2b065a2f75f10f82bcb374d7fc160","4634cd434bc6018e73aa1a0b8ae7336333e6c151fea98d2a5b1872802793b525"],
["015.users.backfill",false,false,["015.users.expand"],["015.users.require"],"d8172db5ccb3c5a0753ef8716ba49f9f09256da423748cbd7e5af998b19279a1","a039dde84854fe2d534f74c33b73ac0bbada8fd37ca233cddefe90a79c7a0aa8"],
["015.users.require",true,false,["015.users.backfill"],["015.users.required"],"1b7b601c0786e292ea5075e138fce029875e6c09eb3cc01e12ab38ec80a524c6","3787bb31a2608a4aa4be86dd3a5d5c844fc29259c458589fcb685d5380709388"],
["015.users.required",true,false,["015.users.require"],["015.users.not_null"],"14d4be1b451a51b056ea4c0bc317881a539b1988e81fa9f5fbb13de1eb2b6ad0","a98ba6134ff51053c66d15d6d6b5eba2cf724d71940f2107abe8e70018957d89"],
["015.users.not_null",true,false,["015.users.required"],["015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1","015.users.analyze"],"f2b24d0bd6ebde0b767ab86d8997b1f983b3cebd8b997492c5aa91d966072c99","5f9c5148352da145b2ae9bdeaf0451ccea28dfcea1e3a840a73e93d2bdb0350d"],
["015.users.rekey_twin_1_1",false,false,["015.users.not_null"],["015.users.analyze"],"1f9d0b10dc3f4da22e98b1c9a0e16bc32f328226885cd674cca5a3a403c2a625","6702d1c435513a64c8ae6d9098b244bb583b535af2659b488b08973672800ab1"],
["015.users.rekey_old_key_1_1",false,false,["015.users.not_null"],["015.users.analyze"],"0fc4062de84244e7e49462d74f8af11573c7fe292f8a774cb42165143465627e","a0c7a853c2913dc1dc32e6bc1afec5720d9559ddf243f0b92c87829437bb1abc"],
["015.users.analyze",false,false,["015.users.not_null","015.users.rekey_twin_1_1","015.users.rekey_old_key_1_1"],["015.close"],"84099169e805fe5cd5ec2c2d45e576d232ae6cef2c086e663ff83668b6c125d4","201fa5c6c20841f6eef86218f721611f6cc0201fe82e9fd63990c3049423173f"],
["015.orders.expand",true,false,["015.open"],["015.orders.backfill"],"bbf2ed389e46c29f182574851a94377f8e9b398ca54be9fb597d81a494bf8e60","5bb1c5ee69aec210e38fcfdf2488fa58ea2aaf16db6f0adff74cd88ee4797ef8"],
["015.orders.backfill",false,false,["015.orders.expand"],["015.orders.require"],"952d86ff406ca1fabe05acc2c53046c3ab9dcab3bd5bb92e3eac60a36a41dd14","bd75ded24eaa53dbb4e7695b045886ae6e8b7b1ed82f55b39d1711ab34af877b"],
["015.orders.require",true,false,["015.orders.backfill"],["015.orders.required"],"3192c82d49daa3dc5f3765e4bceba159599afcffe403bae9b354f1e0ba5d49db","a5c1bec4495463d6856f4bafc83f880d82f5d8613a40423bdcd07438aab81584"],
["015.orders.required",true,false,["015.orders.require"],["015.orders.not_null"],"52571478f14117a578392bb715a7695129125bab2e63d0154a94a13c997b6e8e","740c899d99cbe438bc92609fafb714acfbb5f2361a4398bb08b57f3023a2c32b"],
["015.orders.not_null",true,false,["015.orders.required"],["015.orders.rekey_twin_2_1","015.orders.rekey_old_key_2_1","015.orders.rekey_twin_2_2","015.orders.analyze"],"e7845edd503708ad9bb6fd3a8bab127b183fbca26a51780f55f0efc6dd95afe6","dbb6ac66c20ac97617c8c573ea7dc8f9a5522d8f194f1c8facd9cfe33fe2fd30"],
["015.orders.rekey_twin_2_1",false,false,["015.orders.not_null"],["015.orders.analyze"],"7c0a01432d14b409f8a9231ea1fe510affff94dfda3b32630d981f0d1aff09df","46d10bc8449e77fea99449fc867d2f8e0d1d427c2eec116e59bf5139a2aded0c"],
["015.orders.rekey_old_key_2_1",false,false,["015.orders.not_null"],["015.orders.analyze"],"f7ccf474bc8d924ae48497a8a30fc1eb5904a02d8238cfc48db0b72ae757c429","5761666ba531d8651d3df97915bd61ee689c2996208aee326103c94194a52ad5"],
["015.orders.rekey_twin_2_2",false,false,["015.orders.not_null"],["015.orders.analyze"],"972d0e611c78484112598a4074ac78356734e0686339429818d45de6c599ea65","0817a0e2a1a4ac4be2f65999b6f6022bd3d916a238e648f5ed60071404e40b87"],
["015.orders.analyze",false,false,["015.orders.not_null","015.orders.rekey_twin_2_1","015.orders.rekey_old_key_2_1","015.orders.rekey_twin_2_2"],["015.close"],"fc08a6804ec83b7c5abc74b5b33d3cabfb832b5be7513d206a2eb5f415c1ff09","382ec8781578a0fcfe73598d51fc98532f16d776e61a7330ad14a1b52d1c4551"],
["015.close",true,false,["015.users.analyze","015.orders.analyze"],[],"c24ab560ae486cb75a0a08bb53573e3c4aed4e3e60653e138291fbb426f62432","28dc2861e83c513068956ceaa7d2f694e1b9849d1a190329209ed5b654a594d7"]
]$steps$);
CALL rekey.begin_step('015.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays, given)
VALUES
  ('public.users.id', '015', 'ordered', NULL, NULL, false),
  ('public.orders.id', '015', 'ordered', NULL, NULL, false);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.id', 'public.users', 'id', 'integer', 'integer', true, true, false, 'public.users_id_seq', false),
  ('public.users.id', 'public.orders', 'user_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.orders.id', 'public.orders', 'id', 'bigint', 'bigint', true, true, false, 'public.orders_id_seq', false);
CALL rekey.expect_legacy('015');
CALL rekey.expect_online('public.users', ARRAY['id']);
CALL rekey.expect_online('public.orders', ARRAY['id', 'user_id']);
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

-- step 015.orders.expand · online · plan.yaml:11
-- new columns beside the keys of public.orders, and triggers that fill them
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 015.orders.expand in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.orders.expand');
CALL rekey.expect_indexes('public.orders', ARRAY['id', 'user_id'], ARRAY['orders_user_id']);
ALTER TABLE public.orders
  ADD COLUMN rekey_new_id_2 uuid,
  ADD COLUMN rekey_new_user_id_3 uuid;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_new_id_2 := rekey.ordered(NEW.id, rekey.domain_secret('public.orders.id'));
  NEW.rekey_new_user_id_3 := rekey.ordered(NEW.user_id, rekey.domain_secret('public.users.id'));
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.orders
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.orders
  FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.rekey_new_id_2 <> NEW.rekey_new_id_2 OR (NEW.id IS NULL) <> (NEW.rekey_new_id_2 IS NULL)
    OR OLD.user_id <> NEW.user_id OR OLD.rekey_new_user_id_3 <> NEW.rekey_new_user_id_3 OR (NEW.user_id IS NULL) <> (NEW.rekey_new_user_id_3 IS NULL))
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_update";

CALL rekey.end_step('015.orders.expand');
COMMIT;

-- step 015.orders.backfill · online · outside of a transaction · plan.yaml:11
-- fills the new columns of public.orders, one UPDATE a row, in batches
-- ROW EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 015.orders.backfill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.orders.backfill');
CALL rekey.backfill('015.orders.backfill', 'public.orders', $query$rekey_new_id_2 = rekey.ordered(id, rekey.domain_secret('public.orders.id')), rekey_new_user_id_3 = rekey.ordered(user_id, rekey.domain_secret('public.users.id'))$query$, $query$rekey_new_id_2 IS NULL AND id IS NOT NULL OR rekey_new_user_id_3 IS NULL AND user_id IS NOT NULL$query$);
CALL rekey.end_step('015.orders.backfill');

-- step 015.orders.require · online · plan.yaml:11
-- new keys of public.orders may not be NULL where the old ones may not: not yet validated
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 015.orders.require in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.orders.require');
CALL rekey.require('public.orders', ARRAY['id', 'user_id'], ARRAY['rekey_new_id_2', 'rekey_new_user_id_3']);
CALL rekey.end_step('015.orders.require');
COMMIT;

-- step 015.orders.required · online · plan.yaml:11
-- checks that no new key of public.orders is NULL that may not be
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 015.orders.required in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.orders.required');
CALL rekey.validate_required('public.orders');
CALL rekey.end_step('015.orders.required');
COMMIT;

-- step 015.orders.not_null · online · plan.yaml:11
-- new keys of public.orders become NOT NULL, by the check: without a scan
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 015.orders.not_null in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('015.orders.not_null');
CALL rekey.set_required('public.orders', ARRAY['id', 'user_id'], ARRAY['rekey_new_id_2', 'rekey_new_user_id_3']);
CALL rekey.end_step('015.orders.not_null');
COMMIT;

-- step 015.orders.rekey_twin_2_1 · online · outside of a transaction · plan.yaml:11
-- builds rekey_twin_2_1 beside the writes to public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 015.orders.rekey_twin_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.orders.rekey_twin_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_twin_2_1 ON public.orders USING btree (rekey_new_id_2);
SET lock_timeout = '2s';
CALL rekey.end_step('015.orders.rekey_twin_2_1', built => 'public.rekey_twin_2_1');

-- step 015.orders.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:11
-- builds rekey_old_key_2_1 beside the writes to public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 015.orders.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.orders.rekey_old_key_2_1');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_old_key_2_1;
CREATE UNIQUE INDEX CONCURRENTLY rekey_old_key_2_1 ON public.orders USING btree (id);
SET lock_timeout = '2s';
CALL rekey.end_step('015.orders.rekey_old_key_2_1', built => 'public.rekey_old_key_2_1');

-- step 015.orders.rekey_twin_2_2 · online · outside of a transaction · plan.yaml:11
-- builds rekey_twin_2_2 beside the writes to public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 015.orders.rekey_twin_2_2 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.orders.rekey_twin_2_2');
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS public.rekey_twin_2_2;
CREATE INDEX CONCURRENTLY rekey_twin_2_2 ON public.orders USING btree (rekey_new_user_id_3, placed_at DESC) INCLUDE (total);
SET lock_timeout = '2s';
CALL rekey.end_step('015.orders.rekey_twin_2_2', built => 'public.rekey_twin_2_2');

-- step 015.orders.analyze · online · outside of a transaction · plan.yaml:11
-- statistics of the new columns of public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 015.orders.analyze in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('015.orders.analyze');
ANALYZE public.orders;
CALL rekey.end_step('015.orders.analyze', analyzed => 'public.orders');

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

