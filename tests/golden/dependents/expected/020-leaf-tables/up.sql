-- Plan dependents, phase 020 leaf tables (2 of 3): the way forward
-- Plan digest sha256:5d48f3d0f74917c0a32c821ade6dd37c2c32e948d4295274969092a8bbeed66d
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-leaf-tables/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-leaf-tables/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 1 table
-- SHARE ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'leaf tables', 'sha256:5d48f3d0f74917c0a32c821ade6dd37c2c32e948d4295274969092a8bbeed66d', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.detach","020.recent_7.set_aside","020.audit_5.set_aside","020.users_manager_key_4.set_aside","020.named_2.set_aside","020.active_1.set_aside","020.users.keys","020.users.rewrite","020.users.attach","020.users.validate","020.active_1.put_back","020.named_2.put_back","020.users_manager_key_4.put_back","020.audit_5.put_back","020.log_user-_6.put_back","020.users.vacuum","020.close"],"c677f60c4614f647d9ef6fe4e375a701bb166fbc30723895c1b4f5e7ff23cf8e","805f805b5202727451a65ac508801365b5e02963d70000063b42e97e529ed06a"],
["020.users.detach",true,false,["020.open"],["020.users.rewrite"],"10fceafb028c04a40c6b22883ed755f83e3fa04b45b00b3b79ff9b79ba460c20","09ef9ae07fba8d25d99a52fa739dc26f11605b8e88b9c6a7f263f8a747dc6ac5"],
["020.recent_7.set_aside",true,false,["020.open"],["020.users.rewrite"],"7f57675836516443bf0e99e4605f2db95f4c6e00c748234021ed3c759dc9512b","879561f51bc7851b04a4b78267840fcd62ae6e701d7a17f9febd9837ff91be56"],
["020.audit_5.set_aside",true,false,["020.open"],["020.users.rewrite"],"44fb8e88e2713dabccca6bd7e8c888a7febb17b549c527f71a951c41a3eb4f4f","3cbe9731699b1db68b671c27690f9748172347b06c5ebdd0d64ad0004743f159"],
["020.users_manager_key_4.set_aside",true,false,["020.open"],["020.users.rewrite"],"26a7961892b6a45642863f5d58fa4c68691396702233b82c2953256a7cf58c1e","f219e61f9622b62cf97d5d663dc0f398387aea2f6f8b1910c549a6bf2ed5c6a4"],
["020.named_2.set_aside",true,false,["020.open"],["020.users.rewrite","020.active_1.set_aside"],"010dc4753c251f8180a6778251236b4e34c868cdd8021e9da252e03d1f6fa684","72d63c7871495a4ded20935ccea449e4b52058dced7947cad78d60fc7983e37b"],
["020.active_1.set_aside",true,false,["020.open","020.named_2.set_aside"],["020.users.rewrite"],"d5558ac88dfec0fb34f951a9ed1a7ff69f09b5a252af1ccba874d6c008635c86","b4fd47e091710f22e988c63ac37c6f93d8b6b0f469576fd03cc13f00cd1637a0"],
["020.users.keys",true,false,["020.open"],["020.close"],"cf9adcc27a4ffe9e39b5ce53fd37795e799a29c589f2d92eb303a72b68b653e8","a17e103b5eef7f602e6bc05628ab34762c9e6411e7acb49628b60280f57ecbd6"],
["020.users.rewrite",true,false,["020.users.detach","020.users.keys","020.active_1.set_aside","020.audit_5.set_aside","020.named_2.set_aside","020.recent_7.set_aside","020.users_manager_key_4.set_aside"],["020.users.attach","020.users.keys","020.active_1.put_back","020.audit_5.put_back","020.log_user-_6.put_back","020.named_2.put_back","020.users_manager_key_4.put_back"],"a83fe5853228bed7fd32bf9da2981a6540024c5b4f03562c09aba8a32a26c280","07fd4c886e1f320833f34b6300a2d41c7268519a55d01ab188a5642754141c70"],
["020.users.attach",true,false,["020.users.rewrite"],["020.close"],"859030e7608d0468975d04bce4a97722896117336cbc3c0f1a6af6c828bd2334","8ea67d2d2125d0379195d2254dc2a7e4294b96d643a8fb3b1ed4c847d02e659e"],
["020.users.validate",true,true,["020.users.attach"],["020.users.detach"],"d7de4816767fcebdaea2d0bd770323c569cbe8ad5ce693ecf7b579b83a0cc818","ef8f79429617c33a04dad6ca2286e36c5906f1920935eb8d4f6623ae4d291d3a"],
["020.active_1.put_back",true,false,["020.users.rewrite"],["020.close","020.named_2.put_back"],"f14556b8c42214383a54a789ce8dfa476c968d0525286f52f0c05e5657e000a8","2af8fd223a10aa25f747a0eba44be492c5b04c11c9397868100b81962371a193"],
["020.named_2.put_back",true,false,["020.users.rewrite","020.active_1.put_back"],["020.close"],"54b2b33946dd738f9636bb36612d31e73f23bee663782eb84ff1a6fad56a9111","74ddb467f4414649f44e0c7046dc6a93b4179d5b0cfaed6b9cf40eaceeddc9cf"],
["020.users_manager_key_4.put_back",true,false,["020.users.rewrite"],["020.close"],"c41aa7e1cf17e7f45ba10b946f6b9ba7cbeb48f981e43be04c3eefdfdabc522c","4049b23f3101e8e5919f9425612c1c67e29d9262e8b0373b08054341332bbdd9"],
["020.audit_5.put_back",true,false,["020.users.rewrite"],["020.close"],"8ba4ffbee59d2596c5ef239b3573351d0f18c1ac80baab6376361912769ca107","66a6f7f418b6118e3c0a280bc8ea4d533f039a870436be526ec82267f76a87ba"],
["020.log_user-_6.put_back",true,false,["020.users.rewrite"],["020.close"],"4c1a12f5960477fb2a45e6a704e8ed3f65fb96bd9e121cc143540674d56fb052","9cf6180b4e23ee73520048295645d18edb2d399c164afe1e8b69c03b42c357e0"],
["020.users.vacuum",false,true,["020.users.validate","020.active_1.put_back","020.audit_5.put_back","020.log_user-_6.put_back","020.named_2.put_back","020.users_manager_key_4.put_back"],["020.users.validate","020.active_1.set_aside","020.audit_5.set_aside","020.named_2.set_aside","020.recent_7.set_aside","020.users_manager_key_4.set_aside"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.close",true,false,["020.users.vacuum","020.active_1.put_back","020.named_2.put_back","020.users_manager_key_4.put_back","020.audit_5.put_back","020.log_user-_6.put_back"],[],"72833655821a1d7565cedb878aa6402ea0583570f109feca6c6e4a5cc80b4d36","343d3d0b7e4f8b295fe58cdfab7a4dfe215c4ae8597128c9dacadbf932511ee1"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.user_id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.user_id', 'public.users', 'user_id', 'integer', 'integer', true, true, false, 'public.users_user_id_seq', false),
  ('public.users.user_id', 'public.users', 'manager_id', 'integer', 'integer', false, false, false, NULL, false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.detach · offline · plan.yaml:6
-- sets 1 foreign key of public.users aside
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.users.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.detach');
ALTER TABLE public.users
  DROP CONSTRAINT users_manager_id_fkey;
CALL rekey.end_step('020.users.detach');
COMMIT;

-- step 020.recent_7.set_aside · offline · plan.yaml:60
-- sets view public.recent aside: the dashboard moves to created_at
-- ACCESS EXCLUSIVE on public.recent
-- goes back with 020.recent_7.set_aside in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.recent_7.set_aside');
DROP VIEW public.recent;
CALL rekey.end_step('020.recent_7.set_aside');
COMMIT;

-- step 020.audit_5.set_aside · offline · plan.yaml:43
-- sets trigger audit on public.users aside
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.audit_5.set_aside in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.audit_5.set_aside');
DROP TRIGGER audit ON public.users;
CALL rekey.end_step('020.audit_5.set_aside');
COMMIT;

-- step 020.users_manager_key_4.set_aside · offline · plan.yaml:38
-- sets index public.users_manager_key on public.users aside
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.users_manager_key_4.set_aside in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users_manager_key_4.set_aside');
DROP INDEX public.users_manager_key;
CALL rekey.end_step('020.users_manager_key_4.set_aside');
COMMIT;

-- step 020.named_2.set_aside · offline · plan.yaml:26
-- sets view public.named aside
-- ACCESS EXCLUSIVE on public.named
-- goes back with 020.named_2.set_aside in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.named_2.set_aside');
DROP VIEW public.named;
CALL rekey.end_step('020.named_2.set_aside');
COMMIT;

-- step 020.active_1.set_aside · offline · plan.yaml:15
-- sets view public.active aside
-- ACCESS EXCLUSIVE on public.active
-- goes back with 020.active_1.set_aside in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.active_1.set_aside');
DROP VIEW public.active;
CALL rekey.end_step('020.active_1.set_aside');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:9
-- notes where the ids of public.users.user_id stand
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.user_id');
CALL rekey.end_step('020.users.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:6
-- public.users: user_id, manager_id to uuid
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
-- goes back with 020.users.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id', 'manager_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id DROP DEFAULT,
  ALTER COLUMN user_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN user_id TYPE uuid
    USING rekey.ordered(user_id, rekey.domain_secret('public.users.user_id')),
  ALTER COLUMN manager_id TYPE uuid
    USING rekey.ordered(manager_id, rekey.domain_secret('public.users.user_id'));
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id', 'manager_id']);
CALL rekey.end_step('020.users.rewrite');
COMMIT;

-- step 020.users.attach · offline · plan.yaml:6
-- puts 1 foreign key of public.users back, not yet validated
-- SHARE ROW EXCLUSIVE on public.users
-- goes back with 020.users.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.attach');
ALTER TABLE public.users
  ADD CONSTRAINT users_manager_id_fkey FOREIGN KEY (manager_id) REFERENCES public.users(user_id) NOT VALID;
CALL rekey.end_step('020.users.attach');
COMMIT;

-- step 020.users.validate · offline · plan.yaml:6
-- checks every row of public.users against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.validate');
ALTER TABLE public.users
  VALIDATE CONSTRAINT users_manager_id_fkey;
CALL rekey.end_step('020.users.validate');
COMMIT;

-- step 020.active_1.put_back · offline · plan.yaml:15
-- makes again view public.active
-- ACCESS EXCLUSIVE on public.active; ACCESS SHARE on public.users
-- goes back with 020.active_1.put_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.active_1.put_back');
CALL rekey.run_with_keys($query$CREATE VIEW public.active WITH (security_barrier='true') AS
 SELECT users.user_id,
    users.name
   FROM public.users
  WHERE (users.user_id <> rekey.key('public.users.user_id', 0));$query$);
ALTER VIEW public.active OWNER TO app;
GRANT SELECT ON TABLE public.active TO reader;
COMMENT ON VIEW public.active IS 'all but the guest';
CALL rekey.end_step('020.active_1.put_back');
COMMIT;

-- step 020.named_2.put_back · offline · plan.yaml:26
-- makes again view public.named
-- ACCESS SHARE on public.active
-- goes back with 020.named_2.put_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.named_2.put_back');
CREATE VIEW public.named AS
 SELECT active.user_id
   FROM public.active
  WHERE (active.name IS NOT NULL);
CALL rekey.end_step('020.named_2.put_back');
COMMIT;

-- step 020.users_manager_key_4.put_back · offline · plan.yaml:38
-- makes again index public.users_manager_key on public.users
-- SHARE on public.users; reads all of public.users
-- goes back with 020.users_manager_key_4.put_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users_manager_key_4.put_back');
CALL rekey.run_with_keys($query$CREATE UNIQUE INDEX users_manager_key ON public.users USING btree (COALESCE(manager_id, rekey.key('public.users.user_id', -1)), name);$query$);
CALL rekey.end_step('020.users_manager_key_4.put_back');
COMMIT;

-- step 020.audit_5.put_back · offline · plan.yaml:43
-- makes again trigger audit on public.users
-- SHARE ROW EXCLUSIVE on public.users
-- goes back with 020.audit_5.put_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.audit_5.put_back');
CREATE TRIGGER audit AFTER UPDATE OF user_id ON public.users FOR EACH ROW EXECUTE FUNCTION public.log_user();
CALL rekey.end_step('020.audit_5.put_back');
COMMIT;

-- step 020.log_user-_6.put_back · offline · plan.yaml:48
-- replaces function public.log_user()
-- no lock on your tables
-- goes back with 020.log_user-_6.put_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.log_user-_6.put_back');
CREATE OR REPLACE FUNCTION public.log_user() RETURNS trigger
 LANGUAGE plpgsql
AS $$ DECLARE id uuid := new.user_id; BEGIN RETURN new; END $$;
CALL rekey.end_step('020.log_user-_6.put_back');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:6
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.users;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

