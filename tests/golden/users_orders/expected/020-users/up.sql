-- Plan users and orders, phase 020 users (2 of 3): the way forward
-- Plan digest sha256:df205b6249c13293b3627bae76123cf3aefceee471198da8e459d8782504fc99
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '5s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET maintenance_work_mem = '256MB';

-- step 020.open · offline · plan.yaml:9
-- opens phase 020: journal, key domains, fence around 2 tables
-- SHARE ROW EXCLUSIVE on public.users, public.orders; reads all of public.users, public.orders
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.open_phase('020', 'users', 'sha256:df205b6249c13293b3627bae76123cf3aefceee471198da8e459d8782504fc99', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.detach","020.orders.detach","020.users.keys","020.orders.keys","020.users.rewrite","020.orders.rewrite","020.users.attach","020.orders.attach","020.users.validate","020.orders.validate","020.users.vacuum","020.orders.vacuum","020.close"],"f25bcfd0f9f424b4d891fbc77df6ca514dba4df2d25646169c77003d51d76dd9","41a390350a383428e874abf23b299259ceeb5a706c6a892a047a657219b27cc1"],
["020.users.detach",true,false,["020.open"],["020.users.rewrite"],"eda00fae7fd97cf4285bfe33163ebd4a20cc1fae78c5edc50ca735dcf6b81aa7","d5e1df02767e2274f4d86a2c8753a179f9a25b1a9ceeaf11b1b21541c83d8235"],
["020.orders.detach",true,false,["020.open"],["020.orders.rewrite","020.users.rewrite"],"ec256f044aeb7bf8c56ce6107cb51e525dc631267af51ef09887aa58498ab880","97ea89149f402ea42ccbbf6d9a3c8babbd09b95ca495cc467da4caf17a069a0a"],
["020.users.keys",true,false,["020.open"],["020.close"],"938bf2f32f1b283fec9d4ea28a23bed32a81604b9aab57ae0c50c0d25b776e71","4fc84e6d5f495010f2027075cd2a125a508b54f06af344041c0d37270919dd74"],
["020.orders.keys",true,false,["020.open"],["020.close"],"76251b760cb8e6e58d87715dd2641f98041f57fa693143d71b2f1d424e9cb078","20b1f9ee29b94023c36d18b9bd24ee2a782031122b600215df1d045d5f7bfce6"],
["020.users.rewrite",true,false,["020.orders.detach","020.users.detach","020.users.keys"],["020.orders.attach","020.users.attach","020.users.keys"],"f326196353f57f0b0b7a10e025b737d59a37b34558976d0adc33928587168af4","686ef47040d411b057924b55cdf9e1202396726697f9ddc45f3c81f2c2ca1ad6"],
["020.orders.rewrite",true,false,["020.orders.detach","020.orders.keys","020.users.keys"],["020.orders.attach","020.orders.keys","020.users.keys"],"f2f86de21f03921284f9a97a4cfae55a6860798ecab2caa0a13d71758380d2d4","1447c9df819015c369c4bdb7cb13933c780d03bdbf33980f58e5869e2d1242ee"],
["020.users.attach",true,false,["020.users.rewrite"],["020.close"],"5ef6fbbba3b7feefea2612abb983a6fbb2ef88e46cb6e46f4d0b4c13db10317b","9295d4bc45da1d6496f6e3c7b0677b6d14e4af1408db274e3906813c31ecf6f1"],
["020.orders.attach",true,false,["020.orders.rewrite","020.users.rewrite"],["020.close"],"498ee6bb86af66566b051189920f3852d8914a1732ff7ee85b1ef3cf72a5f5fa","b552ea18d5191435b25fcecb2b2b93f8b4a6176297658a4c4de95b56a7141ab8"],
["020.users.validate",true,true,["020.users.attach"],["020.users.detach"],"2a84fdfcc14fdd1c98ec6810c316fe4b44d75439e4379163c7cbb7ffa1574edf","ae10784b9249c5ed06c208aaa2778435104742fa602ef43c629f9b5c921b7fda"],
["020.orders.validate",true,true,["020.orders.attach"],["020.orders.detach"],"8a3b225dde7b457679ff82da1bf49cc1f2ae1fc75dc875fad7de777ddd1e0fed","b540a6626314af3cfef7d59a4e0333a100a41521573775963d0511c0eba737a7"],
["020.users.vacuum",false,true,["020.users.validate"],["020.users.validate"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.orders.vacuum",false,true,["020.orders.validate"],["020.orders.validate"],"99690cc7d5ac753b8de7ffb31ee05b9ae0bd8cd6283961bd9dc5848f5a4660da","3801933672cfa3b61fcd288564bffd9bdd09116f92e64a0e5e2d02159310d052"],
["020.close",true,false,["020.users.vacuum","020.orders.vacuum"],[],"f04883313adee506a4ccdfe525866b4ced899bd588b85e2dc239a7cb1d30adc9","9f0717b7b57b868206c6e8f74a4db0736d1bda59d8a85f79607ca67ce7e5a7f1"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.user_id', '020', 'ordered', NULL, NULL),
  ('public.orders.order_id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.user_id', 'public.users', 'user_id', 'integer', 'integer', true, true, false, 'public.users_user_id_seq', false),
  ('public.users.user_id', 'public.users', 'manager_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.users.user_id', 'public.orders', 'user_id', 'bigint', 'bigint', false, false, false, NULL, false),
  ('public.orders.order_id', 'public.orders', 'order_id', 'bigint', 'bigint', true, true, false, 'public.orders_order_id_seq', true);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.orders
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.detach · offline · plan.yaml:19
-- sets 1 foreign key of public.users aside
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.users.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.users.detach');
ALTER TABLE public.users
  DROP CONSTRAINT users_manager_id_fkey;
CALL rekey.end_step('020.users.detach');
COMMIT;

-- step 020.orders.detach · offline · plan.yaml:27
-- sets 1 foreign key of public.orders aside
-- ACCESS EXCLUSIVE on public.orders, public.users
-- goes back with 020.orders.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.orders.detach');
ALTER TABLE public.orders
  DROP CONSTRAINT orders_user_id_fkey;
CALL rekey.end_step('020.orders.detach');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:22
-- notes where the ids of public.users.user_id stand
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.user_id');
CALL rekey.end_step('020.users.keys');
COMMIT;

-- step 020.orders.keys · offline · plan.yaml:30
-- notes where the ids of public.orders.order_id stand
-- ACCESS SHARE on public.orders; reads all of public.orders
-- goes back with 020.orders.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.orders.keys');
CALL rekey.save_ids('public.orders.order_id');
CALL rekey.end_step('020.orders.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:19
-- public.users: user_id, manager_id to uuid
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
-- goes back with 020.users.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
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

-- step 020.orders.rewrite · offline · plan.yaml:27
-- public.orders: order_id, user_id to uuid
-- ACCESS EXCLUSIVE on public.orders; rewrites public.orders; reads all of public.orders
-- goes back with 020.orders.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.orders.rewrite');
LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.orders.rewrite', 'before', 'public.orders', ARRAY['order_id', 'user_id']);
ALTER TABLE public.orders ALTER COLUMN order_id DROP IDENTITY;
ALTER TABLE public.orders
  ALTER COLUMN order_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN order_id TYPE uuid
    USING rekey.ordered(order_id, rekey.domain_secret('public.orders.order_id')),
  ALTER COLUMN user_id TYPE uuid
    USING rekey.ordered(user_id, rekey.domain_secret('public.users.user_id'));
CALL rekey.measure('020.orders.rewrite', 'after', 'public.orders', ARRAY['order_id', 'user_id']);
CALL rekey.end_step('020.orders.rewrite');
COMMIT;

-- step 020.users.attach · offline · plan.yaml:19
-- puts 1 foreign key of public.users back, not yet validated
-- SHARE ROW EXCLUSIVE on public.users
-- goes back with 020.users.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.users.attach');
ALTER TABLE public.users
  ADD CONSTRAINT users_manager_id_fkey FOREIGN KEY (manager_id) REFERENCES public.users(user_id) ON DELETE SET NULL NOT VALID;
CALL rekey.end_step('020.users.attach');
COMMIT;

-- step 020.orders.attach · offline · plan.yaml:27
-- puts 1 foreign key of public.orders back, not yet validated
-- SHARE ROW EXCLUSIVE on public.orders, public.users
-- goes back with 020.orders.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.orders.attach');
ALTER TABLE public.orders
  ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(user_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID;
COMMENT ON CONSTRAINT orders_user_id_fkey ON public.orders IS 'who pays; never a guest';
CALL rekey.end_step('020.orders.attach');
COMMIT;

-- step 020.users.validate · offline · plan.yaml:19
-- checks every row of public.users against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.users.validate');
ALTER TABLE public.users
  VALIDATE CONSTRAINT users_manager_id_fkey;
CALL rekey.end_step('020.users.validate');
COMMIT;

-- step 020.orders.validate · offline · plan.yaml:27
-- checks every row of public.orders against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.orders; ROW SHARE on public.users; reads all of public.orders
-- goes back with 020.orders.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.orders.validate');
ALTER TABLE public.orders
  VALIDATE CONSTRAINT orders_user_id_fkey;
CALL rekey.end_step('020.orders.validate');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:19
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.orders.vacuum · offline · outside of a transaction · plan.yaml:27
-- fresh statistics and visibility map for public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 020.orders.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.orders.vacuum');
VACUUM (ANALYZE) public.orders;
CALL rekey.end_step('020.orders.vacuum', analyzed => 'public.orders');

-- step 020.close · offline · plan.yaml:9
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.users, public.orders
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.orders;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

