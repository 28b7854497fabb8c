-- Plan reshape, phase 020 cycles (2 of 3): the way forward
-- Plan digest sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-cycles/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-cycles/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 4 tables
-- SHARE ROW EXCLUSIVE on public.cycles, public.cycle_reports, public.steps, public.profiles; reads
--   all of public.cycles, public.cycle_reports, public.steps, public.profiles
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'cycles', 'sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.cycle_reports.detach","020.steps.detach","020.profiles.detach","020.cycles.keys","020.steps.keys","020.profiles.keys","020.cycles.rewrite","020.cycle_reports.rewrite","020.steps.rewrite","020.profiles.rewrite","020.cycle_reports.attach","020.steps.attach","020.profiles.attach","020.cycle_reports.validate","020.steps.validate","020.profiles.validate","020.cycles.vacuum","020.cycle_reports.vacuum","020.steps.vacuum","020.profiles.vacuum","020.close"],"a9671e833203b3a46865d109ac7d1388feff29a35f04673a18ba1427fcd01bb3","d1a53686955b3961edb41b26acd1a69d181c08451c7739321ab0a91e5bf55b7d"],
["020.cycle_reports.detach",true,false,["020.open"],["020.cycle_reports.rewrite","020.cycles.rewrite"],"a6a97fbd0edbb0a8a6dfcf6551ec1d65205d507a056b12f87a1fbcf123a705f0","7c387e23af8626d244c7947e21aded0916e7eac9dc98f88fde582f958a480351"],
["020.steps.detach",true,false,["020.open"],["020.cycle_reports.rewrite","020.steps.rewrite"],"c7c68fecf3a91f45379ef77780138786c96599874eee41ffb8a7d7902919a4fc","369cd141c7941ec948ae12fb6e6f7af5237cd1b06fdeab91271620fabfad07c0"],
["020.profiles.detach",true,false,["020.open"],["020.profiles.rewrite","020.steps.rewrite"],"cf5fae9357b6fd7c5cc37fc6d582bc9e97ab75906b311b16f0897458dec4f603","5a120fafe8542a47643d6128570f495eb748d84ef25bcab903f50003e6031db6"],
["020.cycles.keys",true,false,["020.open"],["020.close"],"fa8eb674bea0dba19aee8702b10de264507896bc5ee84019872deb349abcdda9","5681ec0f888ef57db9f24da8dae0cc1e5b5114dae7c8fb6ca0872fc449b8e807"],
["020.steps.keys",true,false,["020.open"],["020.close"],"34c8bc839b7a6cbdfe153a0ea177d86b61100589662f951ddbbef8b8e60ff9e7","a294cfe73b834129830292841baa48f774963246ca62fae7646a0131c5fb8a43"],
["020.profiles.keys",true,false,["020.open"],["020.close"],"0c652206fd540ca527b2d8d965ac2b45a5f72c8f280a665b62ee5f32ab2fb4f5","8f4e9e0ecbef69a1832de3a379d5f7a36104e911542cb07ac5df527c27190357"],
["020.cycles.rewrite",true,false,["020.cycle_reports.detach","020.cycles.keys"],["020.cycle_reports.attach","020.cycles.keys"],"19ff4670b6b2644c2d345541d78ee9a127a69e619f723c4a74f38b9ca561faae","3759f57cb714d9d7adc23f42d1081815919934081ad5b9e23b97aeb7d1447b3f"],
["020.cycle_reports.rewrite",true,false,["020.cycle_reports.detach","020.cycles.keys","020.steps.detach"],["020.cycle_reports.attach","020.cycles.keys","020.steps.attach"],"52e2df8724a92203ca1fabfaede5ffb8b550c503b1e891204429deea0e2b0bd2","97cf7c0344bd77bd5720a32260a9da37720c1506bc4966ee7d39936102c4cd42"],
["020.steps.rewrite",true,false,["020.cycles.keys","020.profiles.detach","020.steps.detach","020.steps.keys"],["020.cycles.keys","020.profiles.attach","020.steps.attach","020.steps.keys"],"f0e47f235eedb8b75ee2cc991fc00e224e9793cdc9fddd6486b219bdbef84f98","e62786f557c10e887a77ae8c952654557b21878506dc11c94eaef941b8c8b1e8"],
["020.profiles.rewrite",true,false,["020.profiles.detach","020.profiles.keys","020.steps.keys"],["020.profiles.attach","020.profiles.keys","020.steps.keys"],"aadb208e04caf0b845343d4f3f6f8fd1a3c56fa0da8eceb38422cdca30ca47d8","3e9343be55b2a80eeb00262d90e78edb79c256c8b59864191e15ca45f4de9456"],
["020.cycle_reports.attach",true,false,["020.cycle_reports.rewrite","020.cycles.rewrite"],["020.close"],"fbb51c17bd4d20b3c04ce19b6c50c59831f13a84b650d055ab2ff3c8402ed539","e4d4804165d2330b5231e8a9093380db86dd684c933583c275a10445bd938cbf"],
["020.steps.attach",true,false,["020.cycle_reports.rewrite","020.steps.rewrite"],["020.close"],"8509b774b447be498742b94f32ed521ee6adfc3573b638be7c2a384fd948e7f5","b94b9fba9fae89c50c8ca82ed649ab77187e06bf4e51c2987fa3b90a33d9fa8b"],
["020.profiles.attach",true,false,["020.profiles.rewrite","020.steps.rewrite"],["020.close"],"3eed8a66a074be7eeb447a8c955c5445f699bbd60cbcff1a255a3dfb4d782d58","ec2aa4d08b32b85219f5d3f7d702b1c66905cd9e095424b380936d5fd7611fa4"],
["020.cycle_reports.validate",true,true,["020.cycle_reports.attach"],["020.cycle_reports.detach"],"a549c6fbbd1df0da6e448707ec22118793f1528fb53fbbe721ccc7c39c47fea9","899dbc8ec3ebabb6f6f51d55ce89b535c793a1af2f00f5a7533de450dd747d26"],
["020.steps.validate",true,true,["020.steps.attach"],["020.steps.detach"],"dd5835dac85d0ca449a03b01dcfd684de1d9ebd4b445a962d51843c9724d2f3d","4dbdb58bd03dc509188e66c34b914bdb963be113c6eb48b17839c86aa78f5e12"],
["020.profiles.validate",true,true,["020.profiles.attach"],["020.profiles.detach"],"3a7bf4e5aebb00db36b6dc1542229eab75d8b28d788349df17005fbf99b93c14","6d099237400c858459d4bbda4f41c35e16ff624fab1cb3245a303c1eb523fca8"],
["020.cycles.vacuum",false,true,["020.cycles.rewrite"],["020.cycles.rewrite"],"a79f8048bda5431b0f8dccccda7e5069f33ccc6579bc01a6a7f7a7ae926f0141","d7e35600cbee2247137711158895c261ffe06fcc882ef50653c822423b9e231e"],
["020.cycle_reports.vacuum",false,true,["020.cycle_reports.validate"],["020.cycle_reports.validate"],"24b115ec1ef78809826f4a92c6930ecf432bded7a4c6c7841aa43b9d3304f780","576d50be167c4fb22b2b978d96555992da60167395c6f527fb6223a3238aa2f3"],
["020.steps.vacuum",false,true,["020.steps.validate"],["020.steps.validate"],"09122f4214b03294744dbd1fd8343e42f4b9ec01f4498d2c32ede651a6a2510e","5ad4e4aede9bd15cad5839a4f19547d8e849a5e09e956666eff1c44ac1d07021"],
["020.profiles.vacuum",false,true,["020.profiles.validate"],["020.profiles.validate"],"af96b3a3e7451c6ad7d040bd8db798ed0189ee5b05da91552ecb1b563651831f","3728c171ec4d9e393dd17e29e87f404477005d9a380d86de7be9f6d8d9f3d8ec"],
["020.close",true,false,["020.cycles.vacuum","020.cycle_reports.vacuum","020.steps.vacuum","020.profiles.vacuum"],[],"a8ee7b10d9af1ed744950155ba03cf5c8e967fda9de203c45661d4c918b30595","5a7c47419354c2b8055c2fcf35be0578b6c7f88b6da28bf3acdddf586143311e"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.cycles.cycle_id', '020', 'ordered', NULL, NULL),
  ('public.steps.step_id', '020', 'ordered', NULL, NULL),
  ('public.profiles.profile_id', '020', 'parent', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.cycles.cycle_id', 'public.cycles', 'cycle_id', 'integer', 'integer', true, true, false, 'public.cycles_cycle_id_seq', false),
  ('public.cycles.cycle_id', 'public.cycle_reports', 'cycle_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.cycles.cycle_id', 'public.steps', 'cycle_id', 'integer', 'integer', false, true, false, NULL, false),
  ('public.steps.step_id', 'public.steps', 'step_id', 'integer', 'integer', true, true, false, 'public.steps_step_id_seq', false),
  ('public.steps.step_id', 'public.profiles', 'step_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.profiles.profile_id', 'public.profiles', 'profile_id', 'integer', 'integer', true, true, false, 'public.profiles_profile_id_seq', false);
CALL rekey.expect_legacy('020');
CALL rekey.expect_texts('public.cycle_reports', ARRAY['cycle_id', 'report_number'], 'cycle_report_id', 'cycle_reports_cycle_id_report_number_key');
CALL rekey.expect_surrogate('public.cycle_reports', ARRAY['cycle_id', 'report_number'], ARRAY['public.steps steps_cycle_report_fk']);
CALL rekey.expect_texts('public.steps', ARRAY['cycle_id', 'report_number'], 'cycle_report_id', 'steps_cycle_report_id');
CALL rekey.expect_follower('public.steps', ARRAY['cycle_id', 'report_number'], 'public.cycle_reports', ARRAY['cycle_id', 'report_number']);
CALL rekey.expect_required('public.profiles', 'step_id');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycles
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycles ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycle_reports
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycle_reports ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.steps
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.steps ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.profiles
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.profiles ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.cycle_reports.detach · offline · plan.yaml:11
-- sets 1 foreign key of public.cycle_reports aside
-- ACCESS EXCLUSIVE on public.cycle_reports, public.cycles
-- goes back with 020.cycle_reports.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.detach');
ALTER TABLE public.cycle_reports
  DROP CONSTRAINT cycle_reports_cycle_id_fkey;
CALL rekey.end_step('020.cycle_reports.detach');
COMMIT;

-- step 020.steps.detach · offline · plan.yaml:19
-- sets 1 foreign key of public.steps aside
-- ACCESS EXCLUSIVE on public.steps, public.cycle_reports
-- goes back with 020.steps.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.steps.detach');
ALTER TABLE public.steps
  DROP CONSTRAINT steps_cycle_report_fk;
CALL rekey.end_step('020.steps.detach');
COMMIT;

-- step 020.profiles.detach · offline · plan.yaml:35
-- sets 1 foreign key of public.profiles aside
-- ACCESS EXCLUSIVE on public.profiles, public.steps
-- goes back with 020.profiles.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.profiles.detach');
ALTER TABLE public.profiles
  DROP CONSTRAINT profiles_step_id_fkey;
CALL rekey.end_step('020.profiles.detach');
COMMIT;

-- step 020.cycles.keys · offline · plan.yaml:9
-- notes where the ids of public.cycles.cycle_id stand
-- ACCESS SHARE on public.cycles, public.steps; reads all of public.cycles, public.steps
-- goes back with 020.cycles.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycles.keys');
CALL rekey.save_ids('public.cycles.cycle_id');
CALL rekey.end_step('020.cycles.keys');
COMMIT;

-- step 020.steps.keys · offline · plan.yaml:23
-- notes where the ids of public.steps.step_id stand
-- ACCESS SHARE on public.steps; reads all of public.steps
-- goes back with 020.steps.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.steps.keys');
CALL rekey.save_ids('public.steps.step_id');
CALL rekey.end_step('020.steps.keys');
COMMIT;

-- step 020.profiles.keys · offline · plan.yaml:40
-- notes where the ids of public.profiles.profile_id stand and lists their new keys
-- ACCESS SHARE on public.profiles; reads all of public.profiles
-- goes back with 020.profiles.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.profiles.keys');
CALL rekey.save_ids('public.profiles.profile_id');
CALL rekey.expect_names('public.profiles', 'profile_id', ARRAY['step_id']);
CALL rekey.list_keys('public.profiles.profile_id', $query$SELECT profile_id, rekey.ordered(step_id, rekey.domain_secret('public.steps.step_id')) FROM public.profiles WHERE profile_id IS NOT NULL$query$);
CALL rekey.expect_own_keys('public.profiles.profile_id');
CALL rekey.end_step('020.profiles.keys');
COMMIT;

-- step 020.cycles.rewrite · offline · plan.yaml:6
-- public.cycles: cycle_id to uuid
-- ACCESS EXCLUSIVE on public.cycles; rewrites public.cycles; reads all of public.cycles
-- goes back with 020.cycles.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycles.rewrite');
LOCK TABLE public.cycles IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.cycles.rewrite', 'before', 'public.cycles', ARRAY['cycle_id']);
ALTER TABLE public.cycles
  ALTER COLUMN cycle_id DROP DEFAULT,
  ALTER COLUMN cycle_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN cycle_id TYPE uuid
    USING rekey.ordered(cycle_id, rekey.domain_secret('public.cycles.cycle_id'));
CALL rekey.measure('020.cycles.rewrite', 'after', 'public.cycles', ARRAY['cycle_id']);
CALL rekey.end_step('020.cycles.rewrite');
COMMIT;

-- step 020.cycle_reports.rewrite · offline · plan.yaml:11
-- public.cycle_reports: cycle_id to uuid, new cycle_report_id
-- ACCESS EXCLUSIVE on public.cycle_reports; rewrites public.cycle_reports; reads all of
--   public.cycle_reports
-- goes back with 020.cycle_reports.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.rewrite');
LOCK TABLE public.cycle_reports IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.cycle_reports.rewrite', 'before', 'public.cycle_reports', ARRAY['cycle_id']);
ALTER TABLE public.cycle_reports ADD COLUMN cycle_report_id uuid;
CALL rekey.release_key('public.cycle_reports');
ALTER TABLE public.cycle_reports
  ALTER COLUMN cycle_id TYPE uuid
    USING rekey.ordered(cycle_id, rekey.domain_secret('public.cycles.cycle_id')),
  ALTER COLUMN cycle_report_id TYPE uuid
    USING rekey.surrogate_key(rekey.domain_secret('public.cycle_reports.cycle_report_id'), cycle_id::text, report_number::text);
ALTER TABLE public.cycle_reports ALTER COLUMN cycle_report_id SET DEFAULT public.uuidv7();
CALL rekey.take_key('public.cycle_reports', 'cycle_report_id', 'cycle_reports_cycle_id_report_number_key', ARRAY['cycle_id', 'report_number']);
CALL rekey.measure('020.cycle_reports.rewrite', 'after', 'public.cycle_reports', ARRAY['cycle_id']);
CALL rekey.end_step('020.cycle_reports.rewrite');
COMMIT;

-- step 020.steps.rewrite · offline · plan.yaml:19
-- public.steps: step_id, cycle_id to uuid, new cycle_report_id
-- ACCESS EXCLUSIVE on public.steps; rewrites public.steps; reads all of public.steps
-- goes back with 020.steps.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.steps.rewrite');
LOCK TABLE public.steps IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.steps.rewrite', 'before', 'public.steps', ARRAY['step_id', 'cycle_id']);
ALTER TABLE public.steps ADD COLUMN cycle_report_id uuid;
ALTER TABLE public.steps
  ALTER COLUMN step_id DROP DEFAULT,
  ALTER COLUMN step_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN step_id TYPE uuid
    USING rekey.ordered(step_id, rekey.domain_secret('public.steps.step_id')),
  ALTER COLUMN cycle_id TYPE uuid
    USING rekey.ordered(cycle_id, rekey.domain_secret('public.cycles.cycle_id')),
  ALTER COLUMN cycle_report_id TYPE uuid
    USING rekey.surrogate_key(rekey.domain_secret('public.cycle_reports.cycle_report_id'), cycle_id::text, report_number::text);
CALL rekey.require_like('public.steps', 'cycle_report_id', ARRAY['cycle_id', 'report_number']);
CREATE INDEX steps_cycle_report_id ON public.steps (cycle_report_id);
CREATE FUNCTION rekey.follow_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.cycle_report_id IS NOT NULL OR TG_OP = 'UPDATE' AND NEW.cycle_report_id IS DISTINCT FROM OLD.cycle_report_id THEN
    SELECT p.cycle_id, p.report_number INTO NEW.cycle_id, NEW.report_number FROM public.cycle_reports p WHERE p.cycle_report_id = NEW.cycle_report_id FOR KEY SHARE;
  ELSIF TG_OP = 'INSERT' OR ROW(NEW.cycle_id, NEW.report_number) IS DISTINCT FROM ROW(OLD.cycle_id, OLD.report_number) THEN
    NEW.cycle_report_id := (SELECT p.cycle_report_id FROM public.cycle_reports p WHERE p.cycle_id = NEW.cycle_id AND p.report_number = NEW.report_number FOR KEY SHARE);
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_follow" BEFORE INSERT OR UPDATE ON public.steps
  FOR EACH ROW EXECUTE FUNCTION rekey.follow_3();
ALTER TABLE public.steps ENABLE ALWAYS TRIGGER "~rekey_follow";
CALL rekey.measure('020.steps.rewrite', 'after', 'public.steps', ARRAY['step_id', 'cycle_id']);
CALL rekey.end_step('020.steps.rewrite');
COMMIT;

-- step 020.profiles.rewrite · offline · plan.yaml:35
-- public.profiles: profile_id, step_id to uuid
-- ACCESS EXCLUSIVE on public.profiles; rewrites public.profiles; reads all of public.profiles
-- goes back with 020.profiles.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.profiles.rewrite');
LOCK TABLE public.profiles IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.profiles.rewrite', 'before', 'public.profiles', ARRAY['profile_id', 'step_id']);
ALTER TABLE public.profiles
  ALTER COLUMN profile_id DROP DEFAULT,
  ALTER COLUMN profile_id TYPE uuid
    USING rekey.listed_key(profile_id, 'public.profiles.profile_id'),
  ALTER COLUMN step_id TYPE uuid
    USING rekey.ordered(step_id, rekey.domain_secret('public.steps.step_id'));
CREATE FUNCTION rekey.follow_4() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.profile_id IS NOT NULL OR TG_OP = 'UPDATE' AND NEW.profile_id IS DISTINCT FROM OLD.profile_id THEN
    NEW.step_id := NEW.profile_id;
  ELSIF TG_OP = 'INSERT' OR ROW(NEW.step_id) IS DISTINCT FROM ROW(OLD.step_id) THEN
    NEW.profile_id := NEW.step_id;
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_follow" BEFORE INSERT OR UPDATE ON public.profiles
  FOR EACH ROW EXECUTE FUNCTION rekey.follow_4();
ALTER TABLE public.profiles ENABLE ALWAYS TRIGGER "~rekey_follow";
CALL rekey.measure('020.profiles.rewrite', 'after', 'public.profiles', ARRAY['profile_id', 'step_id']);
CALL rekey.end_step('020.profiles.rewrite');
COMMIT;

-- step 020.cycle_reports.attach · offline · plan.yaml:11
-- puts 1 foreign key of public.cycle_reports back, not yet validated
-- SHARE ROW EXCLUSIVE on public.cycle_reports, public.cycles
-- goes back with 020.cycle_reports.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.attach');
ALTER TABLE public.cycle_reports
  ADD CONSTRAINT cycle_reports_cycle_id_fkey FOREIGN KEY (cycle_id) REFERENCES public.cycles(cycle_id) NOT VALID;
CALL rekey.end_step('020.cycle_reports.attach');
COMMIT;

-- step 020.steps.attach · offline · plan.yaml:19
-- puts 1 foreign key of public.steps back, not yet validated
-- SHARE ROW EXCLUSIVE on public.steps, public.cycle_reports
-- goes back with 020.steps.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.steps.attach');
ALTER TABLE public.steps
  ADD CONSTRAINT steps_cycle_report_fk FOREIGN KEY (cycle_id, report_number) REFERENCES public.cycle_reports(cycle_id, report_number) ON DELETE CASCADE NOT VALID,
  ADD CONSTRAINT steps_cycle_report_id_fkey FOREIGN KEY (cycle_report_id) REFERENCES public.cycle_reports(cycle_report_id) ON DELETE CASCADE NOT VALID;
CALL rekey.end_step('020.steps.attach');
COMMIT;

-- step 020.profiles.attach · offline · plan.yaml:35
-- puts 1 foreign key of public.profiles back, not yet validated
-- SHARE ROW EXCLUSIVE on public.profiles, public.steps
-- goes back with 020.profiles.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.profiles.attach');
ALTER TABLE public.profiles
  ADD CONSTRAINT profiles_step_id_fkey FOREIGN KEY (step_id) REFERENCES public.steps(step_id) NOT VALID,
  ADD CONSTRAINT profiles_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES public.steps(step_id) NOT VALID;
CALL rekey.end_step('020.profiles.attach');
COMMIT;

-- step 020.cycle_reports.validate · offline · plan.yaml:11
-- checks every row of public.cycle_reports against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; ROW SHARE on public.cycles; reads all of
--   public.cycle_reports
-- goes back with 020.cycle_reports.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.validate');
ALTER TABLE public.cycle_reports
  VALIDATE CONSTRAINT cycle_reports_cycle_id_fkey;
CALL rekey.end_step('020.cycle_reports.validate');
COMMIT;

-- step 020.steps.validate · offline · plan.yaml:19
-- checks every row of public.steps against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.steps; ROW SHARE on public.cycle_reports; reads all of
--   public.steps
-- goes back with 020.steps.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.steps.validate');
ALTER TABLE public.steps
  VALIDATE CONSTRAINT steps_cycle_report_fk,
  VALIDATE CONSTRAINT steps_cycle_report_id_fkey;
CALL rekey.end_step('020.steps.validate');
COMMIT;

-- step 020.profiles.validate · offline · plan.yaml:35
-- checks every row of public.profiles against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.profiles; ROW SHARE on public.steps; reads all of
--   public.profiles
-- goes back with 020.profiles.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.profiles.validate');
ALTER TABLE public.profiles
  VALIDATE CONSTRAINT profiles_step_id_fkey,
  VALIDATE CONSTRAINT profiles_profile_id_fkey;
CALL rekey.end_step('020.profiles.validate');
COMMIT;

-- step 020.cycles.vacuum · offline · outside of a transaction · plan.yaml:6
-- fresh statistics and visibility map for public.cycles
-- SHARE UPDATE EXCLUSIVE on public.cycles; reads all of public.cycles
-- goes back with 020.cycles.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.cycles.vacuum');
VACUUM (ANALYZE) public.cycles;
CALL rekey.end_step('020.cycles.vacuum', analyzed => 'public.cycles');

-- step 020.cycle_reports.vacuum · offline · outside of a transaction · plan.yaml:11
-- fresh statistics and visibility map for public.cycle_reports
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; reads all of public.cycle_reports
-- goes back with 020.cycle_reports.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.cycle_reports.vacuum');
VACUUM (ANALYZE) public.cycle_reports;
CALL rekey.end_step('020.cycle_reports.vacuum', analyzed => 'public.cycle_reports');

-- step 020.steps.vacuum · offline · outside of a transaction · plan.yaml:19
-- fresh statistics and visibility map for public.steps
-- SHARE UPDATE EXCLUSIVE on public.steps; reads all of public.steps
-- goes back with 020.steps.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.steps.vacuum');
VACUUM (ANALYZE) public.steps;
CALL rekey.end_step('020.steps.vacuum', analyzed => 'public.steps');

-- step 020.profiles.vacuum · offline · outside of a transaction · plan.yaml:35
-- fresh statistics and visibility map for public.profiles
-- SHARE UPDATE EXCLUSIVE on public.profiles; reads all of public.profiles
-- goes back with 020.profiles.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.profiles.vacuum');
VACUUM (ANALYZE) public.profiles;
CALL rekey.end_step('020.profiles.vacuum', analyzed => 'public.profiles');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.cycles, public.cycle_reports, public.steps, public.profiles
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.cycles;
DROP TRIGGER rekey_fence ON public.cycle_reports;
DROP TRIGGER rekey_fence ON public.steps;
DROP TRIGGER rekey_fence ON public.profiles;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

