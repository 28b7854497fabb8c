-- Plan composite, phase 020 cycles (2 of 3): the way forward
-- Plan digest sha256:11080daeaf15aaa861a78619c770d4e0f15cc266607fcb2d24e1301ab4ecdc3a
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
-- SHARE ROW EXCLUSIVE on public.cycles, public.reports, public.cycle_reports, public.notes; reads
--   all of public.cycles, public.reports, public.cycle_reports, public.notes
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'cycles', 'sha256:11080daeaf15aaa861a78619c770d4e0f15cc266607fcb2d24e1301ab4ecdc3a', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.cycle_reports.detach","020.notes.detach","020.cycles.keys","020.reports.keys","020.cycles.rewrite","020.reports.rewrite","020.cycle_reports.rewrite","020.notes.rewrite","020.cycle_reports.attach","020.notes.attach","020.cycle_reports.validate","020.cycles.vacuum","020.reports.vacuum","020.cycle_reports.vacuum","020.notes.vacuum","020.close"],"500231cb2503bd5c84baac2c36e458aeee1d96a641f4216bb54b97d60be5ea1c","b120763d713e4ab42a55d950c3691dea43771a6246755455b130d2c531ee2c14"],
["020.cycle_reports.detach",true,false,["020.open"],["020.cycle_reports.rewrite","020.cycles.rewrite","020.reports.rewrite"],"b2c60a66884f8dab90eb21e5edc2789fb3df9d5187fedadb0d7df08de1a39d58","76e17ae7f9bcf87d48139574b74d2ef2ed21831e2dcc265381498ea85013fd3f"],
["020.notes.detach",true,false,["020.open"],["020.cycle_reports.rewrite","020.notes.rewrite"],"88cb8ebc445ca6ff63c45dd69af069f928e1e4df0f963406827fdbe2617a14c5","da8fa16cc65fe6202c6ef989769d071a362850b3dff064eba9a7c35c519c04ea"],
["020.cycles.keys",true,false,["020.open"],["020.close"],"fa8eb674bea0dba19aee8702b10de264507896bc5ee84019872deb349abcdda9","5681ec0f888ef57db9f24da8dae0cc1e5b5114dae7c8fb6ca0872fc449b8e807"],
["020.reports.keys",true,false,["020.open"],["020.close"],"6cbafbf28a3e199bf9fb0b5ceb5fc7ae06ee2904ff55cade835fb920418e1949","19e65fe58001e4b13293b1c8b445586055245835150178afa96c422e048a2346"],
["020.cycles.rewrite",true,false,["020.cycle_reports.detach","020.cycles.keys"],["020.cycle_reports.attach","020.cycles.keys"],"19ff4670b6b2644c2d345541d78ee9a127a69e619f723c4a74f38b9ca561faae","3759f57cb714d9d7adc23f42d1081815919934081ad5b9e23b97aeb7d1447b3f"],
["020.reports.rewrite",true,false,["020.cycle_reports.detach","020.reports.keys"],["020.cycle_reports.attach","020.reports.keys"],"1c80818532d5927515aab241d72f1c99a5e98e4713fce85a85092126ef770460","ad6bce661007aadf040a523d6b9414fbaae167a62a4a34de4a74b72acc754cb2"],
["020.cycle_reports.rewrite",true,false,["020.cycle_reports.detach","020.cycles.keys","020.notes.detach","020.reports.keys"],["020.cycle_reports.attach","020.cycles.keys","020.notes.attach","020.reports.keys"],"ff02f27b669fac11705fab47152cb074902f876654f4b5ab37f9e2ab350718b6","c36b4462fcbc35238343979271bcfeb2025d218fe90a6634a9143f3444912fc6"],
["020.notes.rewrite",true,false,["020.cycles.keys","020.notes.detach","020.reports.keys"],["020.cycles.keys","020.notes.attach","020.reports.keys"],"90bfc3370138c8340c5c4eb425ba7491dfb4ef24510ba9e33700225f0ee676bd","921f27a66ad487f0a724aee2c9c6edf75ec4a1571397c42ceafc3985f920ca11"],
["020.cycle_reports.attach",true,false,["020.cycle_reports.rewrite","020.cycles.rewrite","020.reports.rewrite"],["020.close"],"069fdbe5711af7d42a6fe7a71699a8b5f818c468adf41a3f6a8441f2744707fa","04004f00b07c181e26a8983d1d2689027fc4356ce898eaab564d5b74881d9b10"],
["020.notes.attach",true,false,["020.cycle_reports.rewrite","020.notes.rewrite"],["020.close"],"f829f33dd9c020d387998e16cea1b114984fab55a4e2b10056c2881bcd02a0d3","5e0183259345bdbe88ea95186e78a008d126c6738bf1bf1d2468bfd52bb04400"],
["020.cycle_reports.validate",true,true,["020.cycle_reports.attach"],["020.cycle_reports.detach"],"70588488f5c470e7bed70d780223d20ac0ce7e62abc1ce7b5eaf60d8aa9665c9","7d5dac608c0abf70433571a6695d77217a95fa0da75c4d0e144e2c14bba1533e"],
["020.cycles.vacuum",false,true,["020.cycles.rewrite"],["020.cycles.rewrite"],"a79f8048bda5431b0f8dccccda7e5069f33ccc6579bc01a6a7f7a7ae926f0141","d7e35600cbee2247137711158895c261ffe06fcc882ef50653c822423b9e231e"],
["020.reports.vacuum",false,true,["020.reports.rewrite"],["020.reports.rewrite"],"b7a5dddf4abb06b1a0e680873259e00c9158b63997f6f6c0e39fc8d9b6e8aab5","4ec33930796767bdfadb4181ffcee36c3816b6ef4fefcef98c85f86316843d7e"],
["020.cycle_reports.vacuum",false,true,["020.cycle_reports.validate"],["020.cycle_reports.validate"],"24b115ec1ef78809826f4a92c6930ecf432bded7a4c6c7841aa43b9d3304f780","576d50be167c4fb22b2b978d96555992da60167395c6f527fb6223a3238aa2f3"],
["020.notes.vacuum",false,true,["020.notes.rewrite"],["020.notes.rewrite"],"dd067e7a5dda02b9afac170e2e41186ece84d606a864f26c4f32c98644df6649","9eb6b6c1645a6113f11a3c5a1fe1beec538f34a3ffd536060872f500a8ca9d91"],
["020.close",true,false,["020.cycles.vacuum","020.reports.vacuum","020.cycle_reports.vacuum","020.notes.vacuum"],[],"9d62cfb3eb85ce164b046ac24d44bd76cb3a77e75b99e4248e07c9f81a020f07","5ef71fbc966cbf9818f3ff6873d217ce8ccbba26b4402cf4694596e980db0d0e"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.cycles.cycle_id', '020', 'ordered', NULL, NULL),
  ('public.reports.report_id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.cycles.cycle_id', 'public.cycles', 'cycle_id', 'integer', 'integer', true, true, false, 'public.cycles_cycle_id_seq', false),
  ('public.cycles.cycle_id', 'public.cycle_reports', 'cycle_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.cycles.cycle_id', 'public.notes', 'cycle_id', 'integer', 'integer', false, true, false, NULL, false),
  ('public.reports.report_id', 'public.reports', 'report_id', 'integer', 'integer', true, true, false, 'public.reports_report_id_seq', false),
  ('public.reports.report_id', 'public.cycle_reports', 'report_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.reports.report_id', 'public.notes', 'report_id', 'integer', 'integer', false, true, false, NULL, false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycles
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycles ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.reports
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.reports ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.cycle_reports
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.cycle_reports ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.notes
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.cycle_reports.detach · offline · plan.yaml:16
-- sets 2 foreign keys of public.cycle_reports aside
-- ACCESS EXCLUSIVE on public.cycle_reports, public.cycles, public.reports
-- goes back with 020.cycle_reports.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.detach');
ALTER TABLE public.cycle_reports
  DROP CONSTRAINT cycle_reports_cycle_id_fkey,
  DROP CONSTRAINT cycle_reports_report_id_fkey;
CALL rekey.end_step('020.cycle_reports.detach');
COMMIT;

-- step 020.notes.detach · offline · plan.yaml:25
-- sets 1 foreign key of public.notes aside
-- ACCESS EXCLUSIVE on public.notes, public.cycle_reports
-- goes back with 020.notes.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.notes.detach');
ALTER TABLE public.notes
  DROP CONSTRAINT notes_fkey;
CALL rekey.end_step('020.notes.detach');
COMMIT;

-- step 020.cycles.keys · offline · plan.yaml:9
-- notes where the ids of public.cycles.cycle_id stand
-- ACCESS SHARE on public.cycles, public.notes; reads all of public.cycles, public.notes
-- goes back with 020.cycles.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycles.keys');
CALL rekey.save_ids('public.cycles.cycle_id');
CALL rekey.end_step('020.cycles.keys');
COMMIT;

-- step 020.reports.keys · offline · plan.yaml:14
-- notes where the ids of public.reports.report_id stand
-- ACCESS SHARE on public.reports, public.notes; reads all of public.reports, public.notes
-- goes back with 020.reports.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.reports.keys');
CALL rekey.save_ids('public.reports.report_id');
CALL rekey.end_step('020.reports.keys');
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

-- step 020.reports.rewrite · offline · plan.yaml:11
-- public.reports: report_id to uuid
-- ACCESS EXCLUSIVE on public.reports; rewrites public.reports; reads all of public.reports
-- goes back with 020.reports.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.reports.rewrite');
LOCK TABLE public.reports IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.reports.rewrite', 'before', 'public.reports', ARRAY['report_id']);
ALTER TABLE public.reports
  ALTER COLUMN report_id DROP DEFAULT,
  ALTER COLUMN report_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN report_id TYPE uuid
    USING rekey.ordered(report_id, rekey.domain_secret('public.reports.report_id'));
CALL rekey.measure('020.reports.rewrite', 'after', 'public.reports', ARRAY['report_id']);
CALL rekey.end_step('020.reports.rewrite');
COMMIT;

-- step 020.cycle_reports.rewrite · offline · plan.yaml:16
-- public.cycle_reports: cycle_id, report_id to uuid
-- ACCESS EXCLUSIVE on public.cycle_reports; rewrites public.cycle_reports; reads all of
--   public.cycle_reports
-- goes back with 020.cycle_reports.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.rewrite');
LOCK TABLE public.cycle_reports IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.cycle_reports.rewrite', 'before', 'public.cycle_reports', ARRAY['cycle_id', 'report_id']);
ALTER TABLE public.cycle_reports
  ALTER COLUMN cycle_id TYPE uuid
    USING rekey.ordered(cycle_id, rekey.domain_secret('public.cycles.cycle_id')),
  ALTER COLUMN report_id TYPE uuid
    USING rekey.ordered(report_id, rekey.domain_secret('public.reports.report_id'));
CALL rekey.measure('020.cycle_reports.rewrite', 'after', 'public.cycle_reports', ARRAY['cycle_id', 'report_id']);
CALL rekey.end_step('020.cycle_reports.rewrite');
COMMIT;

-- step 020.notes.rewrite · offline · plan.yaml:25
-- public.notes: cycle_id, report_id to uuid
-- ACCESS EXCLUSIVE on public.notes; rewrites public.notes; reads all of public.notes
-- goes back with 020.notes.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.notes.rewrite');
LOCK TABLE public.notes IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.notes.rewrite', 'before', 'public.notes', ARRAY['cycle_id', 'report_id']);
ALTER TABLE public.notes
  ALTER COLUMN cycle_id TYPE uuid
    USING rekey.ordered(cycle_id, rekey.domain_secret('public.cycles.cycle_id')),
  ALTER COLUMN report_id TYPE uuid
    USING rekey.ordered(report_id, rekey.domain_secret('public.reports.report_id'));
CALL rekey.measure('020.notes.rewrite', 'after', 'public.notes', ARRAY['cycle_id', 'report_id']);
CALL rekey.end_step('020.notes.rewrite');
COMMIT;

-- step 020.cycle_reports.attach · offline · plan.yaml:16
-- puts 2 foreign keys of public.cycle_reports back, not yet validated
-- SHARE ROW EXCLUSIVE on public.cycle_reports, public.cycles, public.reports
-- goes back with 020.cycle_reports.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.attach');
ALTER TABLE public.cycle_reports
  ADD CONSTRAINT cycle_reports_cycle_id_fkey FOREIGN KEY (cycle_id) REFERENCES public.cycles(cycle_id) NOT VALID,
  ADD CONSTRAINT cycle_reports_report_id_fkey FOREIGN KEY (report_id) REFERENCES public.reports(report_id) NOT VALID;
CALL rekey.end_step('020.cycle_reports.attach');
COMMIT;

-- step 020.notes.attach · offline · plan.yaml:25
-- puts 1 foreign key of public.notes back, not yet validated
-- SHARE ROW EXCLUSIVE on public.notes, public.cycle_reports
-- goes back with 020.notes.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.notes.attach');
ALTER TABLE public.notes
  ADD CONSTRAINT notes_fkey FOREIGN KEY (cycle_id, report_id) REFERENCES public.cycle_reports(cycle_id, report_id) NOT VALID;
CALL rekey.end_step('020.notes.attach');
COMMIT;

-- step 020.cycle_reports.validate · offline · plan.yaml:16
-- checks every row of public.cycle_reports against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; ROW SHARE on public.cycles, public.reports; reads
--   all of public.cycle_reports
-- goes back with 020.cycle_reports.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.cycle_reports.validate');
ALTER TABLE public.cycle_reports
  VALIDATE CONSTRAINT cycle_reports_cycle_id_fkey,
  VALIDATE CONSTRAINT cycle_reports_report_id_fkey;
CALL rekey.end_step('020.cycle_reports.validate');
COMMIT;

-- step 020.cycles.vacuum · offline · outside of a transaction · plan.yaml:6
-- fresh statistics and visibility map for public.cycles
-- SHARE UPDATE EXCLUSIVE on public.cycles; reads all of public.cycles
-- goes back with 020.cycles.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.cycles.vacuum');
VACUUM (ANALYZE) public.cycles;
CALL rekey.end_step('020.cycles.vacuum', analyzed => 'public.cycles');

-- step 020.reports.vacuum · offline · outside of a transaction · plan.yaml:11
-- fresh statistics and visibility map for public.reports
-- SHARE UPDATE EXCLUSIVE on public.reports; reads all of public.reports
-- goes back with 020.reports.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.reports.vacuum');
VACUUM (ANALYZE) public.reports;
CALL rekey.end_step('020.reports.vacuum', analyzed => 'public.reports');

-- step 020.cycle_reports.vacuum · offline · outside of a transaction · plan.yaml:16
-- fresh statistics and visibility map for public.cycle_reports
-- SHARE UPDATE EXCLUSIVE on public.cycle_reports; reads all of public.cycle_reports
-- goes back with 020.cycle_reports.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.cycle_reports.vacuum');
VACUUM (ANALYZE) public.cycle_reports;
CALL rekey.end_step('020.cycle_reports.vacuum', analyzed => 'public.cycle_reports');

-- step 020.notes.vacuum · offline · outside of a transaction · plan.yaml:25
-- fresh statistics and visibility map for public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 020.notes.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.notes.vacuum');
VACUUM (ANALYZE) public.notes;
CALL rekey.end_step('020.notes.vacuum', analyzed => 'public.notes');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.cycles, public.reports, public.cycle_reports, public.notes
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.cycles;
DROP TRIGGER rekey_fence ON public.reports;
DROP TRIGGER rekey_fence ON public.cycle_reports;
DROP TRIGGER rekey_fence ON public.notes;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

