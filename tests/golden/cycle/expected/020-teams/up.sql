-- Plan cycle, phase 020 teams (2 of 3): the way forward
-- Plan digest sha256:953e15e26f5939acd8c65e2022d628242ae11641dd04c673ddbee225eb2c7aee
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-teams/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-teams/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 3 tables
-- SHARE ROW EXCLUSIVE on app.teams, app.people, app.audit; reads all of app.teams, app.people,
--   app.audit
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'teams', 'sha256:953e15e26f5939acd8c65e2022d628242ae11641dd04c673ddbee225eb2c7aee', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.app.teams.detach","020.app.people.detach","020.app.teams.keys","020.app.people.keys","020.app.teams.rewrite","020.app.people.rewrite","020.app.audit.rewrite","020.app.teams.attach","020.app.people.attach","020.app.teams.validate","020.app.people.validate","020.app.teams.vacuum","020.app.people.vacuum","020.app.audit.vacuum","020.close"],"a73779aa4b213f0fd0ea8c85588dcaef81f3afe37a118017e85a28f3f47129c3","9b2e10203e0fe5aaebbf8de858fcc054b504bd3b8838d1867eefb6a68ecbbda6"],
["020.app.teams.detach",true,false,["020.open"],["020.app.people.rewrite","020.app.teams.rewrite"],"ba4dbd8d8652a905c10c81d9bc7505f958ffc579e640350b2fed2beabbe229dc","d7b243037aa97463687f6baa51e56dc279fc9272af95f24d72a7bb3f2a6d5be5"],
["020.app.people.detach",true,false,["020.open"],["020.app.people.rewrite","020.app.teams.rewrite"],"c3d7c1749e1207e9bd35d544ca72ee9d00728a377c2f1bdac56cc6b0c371d58b","cf81cbfc30440667165840bb2f125fe7a37eb7a2b990dc16b48b84aee62fc629"],
["020.app.teams.keys",true,false,["020.open"],["020.close"],"db2b0f31c0d507e2ad86f38b44a0b7f94e420f0fdf57b602621c8af5bad463d2","7a36ef97163f97533a415d8f0f4654e05fbcc6de6be1175c7625dcae2521ca8e"],
["020.app.people.keys",true,false,["020.open"],["020.close"],"3d96bed28c342e47a605ef9cc70ca3ea1b0093503a737c8840ff7ccb079e687e","c94550e85d7b8b9e5c8caf042e314608608fae546eaa545d915c76f8cff248f5"],
["020.app.teams.rewrite",true,false,["020.app.people.detach","020.app.people.keys","020.app.teams.detach","020.app.teams.keys"],["020.app.people.attach","020.app.people.keys","020.app.teams.attach","020.app.teams.keys"],"3aa79c145fa54fb38befa37e62fb3c51ab11d8b1e57e43c4c8076fd55917dfbb","dbbd14e7334fff37279d2bf2538a750ca3fa7d83befd98234d624d62292e5416"],
["020.app.people.rewrite",true,false,["020.app.people.detach","020.app.people.keys","020.app.teams.detach","020.app.teams.keys"],["020.app.people.attach","020.app.people.keys","020.app.teams.attach","020.app.teams.keys"],"973502da809ea1ae5f8f764a6533f11a2f7869a37b585b82b8dc99d898e3adb3","80a0a024a751bb94a503217819e188c8efd79da829fa2c33c626bcf1ee95019c"],
["020.app.audit.rewrite",true,false,["020.app.people.keys"],["020.app.people.keys"],"6b98e02f6c2f7bdda5a26fe8dc7a15fcc83c12729c2e178530d6c6c42f35a0a8","e793de583a91bb501474c6a3495e8ec19d3373ac9d5fb09fc14a2544930518cd"],
["020.app.teams.attach",true,false,["020.app.people.rewrite","020.app.teams.rewrite"],["020.close"],"8fb14b66a86d9bdccbb504841547c64fb8d36401ea800166c9b94494b57f3489","c52a537ccfb0dffab7a809a6a8cb8e73a6f6a71796fd65394dc8500629e7f080"],
["020.app.people.attach",true,false,["020.app.people.rewrite","020.app.teams.rewrite"],["020.close"],"bb988bb859deddedc8823c876daf4e27254fd6d36dc19688e511902586a78794","7063e01365ec299a952214eb64030345de0964ec1285914c491bfd17406965bc"],
["020.app.teams.validate",true,true,["020.app.teams.attach"],["020.app.teams.detach"],"9a66783ab8d427eb936c64517acafcb6f9ecb58e32b82c167d8f143f3ec15dc9","5631d3287bb05c7f055a57fbfba9b4264b15d3b3a78b10a2d95c82cfdddf06fa"],
["020.app.people.validate",true,true,["020.app.people.attach"],["020.app.people.detach"],"4569e893ffbe5be5b584b5d6436d295627d4cea3eb4abada658ae1dccb3ffba1","55351108fb04d205647038f10140e85336d4140b90309d0d0b4aad4bff6ab9ed"],
["020.app.teams.vacuum",false,true,["020.app.teams.validate"],["020.app.teams.validate"],"e2f825d0d41717cf417df5244d46b37a7018a00d4cdbe899545215ff09e2a214","3732d1834161d098c285e3cd848d0f56c8debf7224bed7430adb4e3152e3709f"],
["020.app.people.vacuum",false,true,["020.app.people.validate"],["020.app.people.validate"],"df7c2a8ce1b4470844d41e08e40f3d3122ad6fb2091323749e7686b975ae16a0","2b09a5adc2a77d2bb065836541cca64230fc4232c4b1bae323704a46be5daee7"],
["020.app.audit.vacuum",false,true,["020.app.audit.rewrite"],["020.app.audit.rewrite"],"7fd8b6e210e41b9ed7b70bf459a10f7faeef604f6148c412a299b10b17de1fd7","942542582de008201169f94c0bc4644e8b40c1a349076b7138cb0da36c32031b"],
["020.close",true,false,["020.app.teams.vacuum","020.app.people.vacuum","020.app.audit.vacuum"],[],"e20a4fbf08fd9271e5c272f96bb986959a3f32a0c933eb6abce0a998f253abba","c971d4484e3e21d3157c18c17c86da497768152c8bcb634993718c0701e643c6"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('app.teams.id', '020', 'ordered', NULL, NULL),
  ('app.people.id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('app.teams.id', 'app.teams', 'id', 'bigint', 'bigint', true, true, false, 'app.teams_id_seq', true),
  ('app.teams.id', 'app.people', 'team_id', 'bigint', 'bigint', false, false, false, NULL, false),
  ('app.people.id', 'app.teams', 'lead_id', 'bigint', 'bigint', false, false, false, NULL, false),
  ('app.people.id', 'app.people', 'id', 'bigint', 'bigint', true, true, false, 'app.people_id_seq', false),
  ('app.people.id', 'app.audit', 'actor_id', 'bigint', 'bigint', false, true, false, NULL, false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON app.teams
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE app.teams ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON app.people
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE app.people ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON app.audit
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE app.audit ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.app.teams.detach · offline · plan.yaml:7
-- sets 1 foreign key of app.teams aside
-- ACCESS EXCLUSIVE on app.teams, app.people
-- goes back with 020.app.teams.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.teams.detach');
ALTER TABLE app.teams
  DROP CONSTRAINT teams_lead_id_fkey;
CALL rekey.end_step('020.app.teams.detach');
COMMIT;

-- step 020.app.people.detach · offline · plan.yaml:15
-- sets 1 foreign key of app.people aside
-- ACCESS EXCLUSIVE on app.people, app.teams
-- goes back with 020.app.people.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.people.detach');
ALTER TABLE app.people
  DROP CONSTRAINT people_team_id_fkey;
CALL rekey.end_step('020.app.people.detach');
COMMIT;

-- step 020.app.teams.keys · offline · plan.yaml:10
-- notes where the ids of app.teams.id stand
-- ACCESS SHARE on app.teams; reads all of app.teams
-- goes back with 020.app.teams.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.teams.keys');
CALL rekey.save_ids('app.teams.id');
CALL rekey.end_step('020.app.teams.keys');
COMMIT;

-- step 020.app.people.keys · offline · plan.yaml:18
-- notes where the ids of app.people.id stand
-- ACCESS SHARE on app.people, app.audit; reads all of app.people, app.audit
-- goes back with 020.app.people.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.people.keys');
CALL rekey.save_ids('app.people.id');
CALL rekey.end_step('020.app.people.keys');
COMMIT;

-- step 020.app.teams.rewrite · offline · plan.yaml:7
-- app.teams: id, lead_id to uuid
-- ACCESS EXCLUSIVE on app.teams; rewrites app.teams; reads all of app.teams
-- goes back with 020.app.teams.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.teams.rewrite');
LOCK TABLE app.teams IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.app.teams.rewrite', 'before', 'app.teams', ARRAY['id', 'lead_id']);
ALTER TABLE app.teams ALTER COLUMN id DROP IDENTITY;
ALTER TABLE app.teams
  ALTER COLUMN id SET DEFAULT app.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.ordered(id, rekey.domain_secret('app.teams.id')),
  ALTER COLUMN lead_id TYPE uuid
    USING rekey.ordered(lead_id, rekey.domain_secret('app.people.id'));
CALL rekey.measure('020.app.teams.rewrite', 'after', 'app.teams', ARRAY['id', 'lead_id']);
CALL rekey.end_step('020.app.teams.rewrite');
COMMIT;

-- step 020.app.people.rewrite · offline · plan.yaml:15
-- app.people: id, team_id to uuid
-- ACCESS EXCLUSIVE on app.people; rewrites app.people; reads all of app.people
-- goes back with 020.app.people.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.people.rewrite');
LOCK TABLE app.people IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.app.people.rewrite', 'before', 'app.people', ARRAY['id', 'team_id']);
ALTER TABLE app.people
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT app.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.ordered(id, rekey.domain_secret('app.people.id')),
  ALTER COLUMN team_id DROP DEFAULT,
  ALTER COLUMN team_id TYPE uuid
    USING rekey.ordered(team_id, rekey.domain_secret('app.teams.id'));
CALL rekey.measure('020.app.people.rewrite', 'after', 'app.people', ARRAY['id', 'team_id']);
CALL rekey.end_step('020.app.people.rewrite');
COMMIT;

-- step 020.app.audit.rewrite · offline · plan.yaml:23
-- app.audit: actor_id to uuid
-- ACCESS EXCLUSIVE on app.audit; rewrites app.audit; reads all of app.audit
-- goes back with 020.app.audit.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.audit.rewrite');
LOCK TABLE app.audit IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.app.audit.rewrite', 'before', 'app.audit', ARRAY['actor_id']);
ALTER TABLE app.audit
  ALTER COLUMN actor_id TYPE uuid
    USING rekey.ordered(actor_id, rekey.domain_secret('app.people.id'));
CALL rekey.measure('020.app.audit.rewrite', 'after', 'app.audit', ARRAY['actor_id']);
CALL rekey.end_step('020.app.audit.rewrite');
COMMIT;

-- step 020.app.teams.attach · offline · plan.yaml:7
-- puts 1 foreign key of app.teams back, not yet validated
-- SHARE ROW EXCLUSIVE on app.teams, app.people
-- goes back with 020.app.teams.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.teams.attach');
ALTER TABLE app.teams
  ADD CONSTRAINT teams_lead_id_fkey FOREIGN KEY (lead_id) REFERENCES app.people(id) ON DELETE SET NULL NOT VALID;
CALL rekey.end_step('020.app.teams.attach');
COMMIT;

-- step 020.app.people.attach · offline · plan.yaml:15
-- puts 1 foreign key of app.people back, not yet validated
-- SHARE ROW EXCLUSIVE on app.people, app.teams
-- goes back with 020.app.people.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.people.attach');
ALTER TABLE app.people
  ADD CONSTRAINT people_team_id_fkey FOREIGN KEY (team_id) REFERENCES app.teams(id) ON DELETE SET DEFAULT NOT VALID;
CALL rekey.end_step('020.app.people.attach');
COMMIT;

-- step 020.app.teams.validate · offline · plan.yaml:7
-- checks every row of app.teams against its foreign keys
-- SHARE UPDATE EXCLUSIVE on app.teams; ROW SHARE on app.people; reads all of app.teams
-- goes back with 020.app.teams.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.teams.validate');
ALTER TABLE app.teams
  VALIDATE CONSTRAINT teams_lead_id_fkey;
CALL rekey.end_step('020.app.teams.validate');
COMMIT;

-- step 020.app.people.validate · offline · plan.yaml:15
-- checks every row of app.people against its foreign keys
-- SHARE UPDATE EXCLUSIVE on app.people; ROW SHARE on app.teams; reads all of app.people
-- goes back with 020.app.people.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.app.people.validate');
ALTER TABLE app.people
  VALIDATE CONSTRAINT people_team_id_fkey;
CALL rekey.end_step('020.app.people.validate');
COMMIT;

-- step 020.app.teams.vacuum · offline · outside of a transaction · plan.yaml:7
-- fresh statistics and visibility map for app.teams
-- SHARE UPDATE EXCLUSIVE on app.teams; reads all of app.teams
-- goes back with 020.app.teams.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.app.teams.vacuum');
VACUUM (ANALYZE) app.teams;
CALL rekey.end_step('020.app.teams.vacuum', analyzed => 'app.teams');

-- step 020.app.people.vacuum · offline · outside of a transaction · plan.yaml:15
-- fresh statistics and visibility map for app.people
-- SHARE UPDATE EXCLUSIVE on app.people; reads all of app.people
-- goes back with 020.app.people.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.app.people.vacuum');
VACUUM (ANALYZE) app.people;
CALL rekey.end_step('020.app.people.vacuum', analyzed => 'app.people');

-- step 020.app.audit.vacuum · offline · outside of a transaction · plan.yaml:23
-- fresh statistics and visibility map for app.audit
-- SHARE UPDATE EXCLUSIVE on app.audit; reads all of app.audit
-- goes back with 020.app.audit.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.app.audit.vacuum');
VACUUM (ANALYZE) app.audit;
CALL rekey.end_step('020.app.audit.vacuum', analyzed => 'app.audit');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on app.teams, app.people, app.audit
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON app.teams;
DROP TRIGGER rekey_fence ON app.people;
DROP TRIGGER rekey_fence ON app.audit;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

