-- Plan families, phase 020 customer (2 of 3): the way forward
-- Plan digest sha256:dd85670ef1cd0b024b2eb395add3cd1dd51794af4cd28cc6dd220d2945be93b4
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-customer/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-customer/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 7 tables
-- SHARE ROW EXCLUSIVE on public.customer, public.payment, public.payment_1, public.payment_2,
--   public.base, public.derived, public.bybase; reads all of public.customer, public.payment,
--   public.payment_1, public.payment_2, public.base, public.derived, public.bybase
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'customer', 'sha256:dd85670ef1cd0b024b2eb395add3cd1dd51794af4cd28cc6dd220d2945be93b4', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.payment_1.detach","020.payment_2.detach","020.base.detach","020.bybase.detach","020.customer.keys","020.payment.keys","020.base.keys","020.bybase.keys","020.customer.rewrite","020.payment.rewrite","020.base.rewrite","020.bybase.rewrite","020.payment_1.attach","020.payment_2.attach","020.base.attach","020.bybase.attach","020.payment_1.validate","020.payment_2.validate","020.base.validate","020.bybase.validate","020.customer.vacuum","020.payment.vacuum","020.base.vacuum","020.derived.vacuum","020.bybase.vacuum","020.close"],"2320bc84e9428ee16ce228e6b4f4a146ff2f0fff794a8683f196a5b6e6f979ba","7bb1e8d25914cc4b0003b2005029efb5be5595a9eabec0a0034d042f9916dc30"],
["020.payment_1.detach",true,false,["020.open"],["020.customer.rewrite","020.payment.rewrite"],"d65d6b1d489f072e6e3829740791878f75ff8203f7682c52f2674ad6df95adcf","9545cd7fa7f90e00c3603607a7330fad666bd5cf90ca593c16214334691f36fa"],
["020.payment_2.detach",true,false,["020.open"],["020.customer.rewrite","020.payment.rewrite"],"2b4dc6df52277ceff6d73edb90786e3b6c82b0eb6bbcda548b1035a7af176b03","3d6f88b2ac98913a76fd193d4d97d5f9b7e04fb47c112e0f4aca82ad5b4aed80"],
["020.base.detach",true,false,["020.open"],["020.base.rewrite","020.customer.rewrite"],"9be4931b60eb681099ea4bcc6aa79c7770c150d3d2857badaf8d4e6715ace78e","29992a7b01d0a108537cd04ec1ffe6176166577c2bff08aafb9d06fe20a88e72"],
["020.bybase.detach",true,false,["020.open"],["020.base.rewrite","020.bybase.rewrite"],"592571d0d7465d34eeb385454f7d42f18c133a2f2544f7b92c01801f814a3c47","b207611fc8f204180560ff4968387bfe06256843324e558dedc4aadb433a2caa"],
["020.customer.keys",true,false,["020.open"],["020.close"],"6b595f32cb6e1cf413462ecd9e5f693281affb322dbd71a826c20a5ebab0b177","923852af5888d4df291a890f5b9d612de55f021104422ee7b637867317297544"],
["020.payment.keys",true,false,["020.open"],["020.close"],"c94fef8772f78fc35a2ac753b0607bb70e2bd0b47c3fbd212e79bd68b560cb42","f97d924f3cefe65fcd5b3669cd627e3194d6a9f877d3546612ace356795c67c7"],
["020.base.keys",true,false,["020.open"],["020.close"],"7bf6d4b89ed548464b03f74218b002e58a72983042d698102b41c5b388bcd021","2514ab02fa04ac9756a4e1559df265b1b3c64c5307635893421505d133d9f429"],
["020.bybase.keys",true,false,["020.open"],["020.close"],"b9a7660c76d37d6a0a5208a5b17710db15f4ba7b39c9d0ac4e9a34a89be92dee","6afdb991d8bae9b3fe45bc54f6662916591f47057d78eb50ab89a725fea8e965"],
["020.customer.rewrite",true,false,["020.base.detach","020.customer.keys","020.payment_1.detach","020.payment_2.detach"],["020.base.attach","020.customer.keys","020.payment_1.attach","020.payment_2.attach"],"ac9d22e27eb9735b64b5a28743278c7b66399afdc89d7d2f695d54aec1c2bf4f","4dad24acc4e36f9e1fa825f02d6b2762212075710753c9dad09b4706b04f2338"],
["020.payment.rewrite",true,false,["020.customer.keys","020.payment.keys","020.payment_1.detach","020.payment_2.detach"],["020.customer.keys","020.payment.keys","020.payment_1.attach","020.payment_2.attach"],"44d1296b4d42b4b3ae944da94db246058271b9bf55db21a73084b811fe355e39","ec947ad9fe7ec97b6aa3d4f98ce9e49e31e0232cd9bb4cc7892d806356152910"],
["020.base.rewrite",true,false,["020.base.detach","020.base.keys","020.bybase.detach","020.customer.keys"],["020.base.attach","020.base.keys","020.bybase.attach","020.customer.keys"],"4af6e453eb12eef191f85d8ca9c86b78cde136980c857c7d4417e16c27355181","c21c8ba447bef3b5c8d3e4fa55f05a6a34f96212840d4d4825797b1fbf9ca249"],
["020.bybase.rewrite",true,false,["020.base.keys","020.bybase.detach","020.bybase.keys"],["020.base.keys","020.bybase.attach","020.bybase.keys"],"6bfe652b82357c6c87b19747ea3f2e7daf378926bdf4050f82d0fd2112914171","df7d20f66bfe4d403181c50fdf07a919a349fd07f31d333ae8e1847c8e747b47"],
["020.payment_1.attach",true,false,["020.customer.rewrite","020.payment.rewrite"],["020.close"],"4a457dbf1b48503e63045472532e052fae7d1ec84770fdb260ccc88cc68d50b7","488bf79186db243bab5bc02ba6b224c789e97b738d78f96b5fbb705640e4148a"],
["020.payment_2.attach",true,false,["020.customer.rewrite","020.payment.rewrite"],["020.close"],"c469fda9248f5743545587c011dd6d9e5ec620a45a405cf3d76fa137d24a7234","5d479285bf9b88c4a90d14f6610d671271a557d49077c2c7716223dc4848bd9c"],
["020.base.attach",true,false,["020.base.rewrite","020.customer.rewrite"],["020.close"],"e852a23f66816aac52e1a6631f6568e6229a70f986d088fe03136d22cb5be89b","b251f789e3957a8161d037d13c5715cc80f3ea46420908e496b2c8e5e611b34a"],
["020.bybase.attach",true,false,["020.base.rewrite","020.bybase.rewrite"],["020.close"],"6b3be8f8c42cd460cb13c5b75b8dbba4542603dbad97f3e1f62362ba6a973cea","8e99a79ff14fa601be8fd7260a034a92b98404f6f97c4d265c82bce06c6fe906"],
["020.payment_1.validate",true,true,["020.payment_1.attach"],["020.payment_1.detach"],"733dbd5adffe5507cc4bd5de6fc9b3f9ec9d7551656e80c4cad3ba0ac686b0f2","d2912af55ceb6cfbbb0286181e4664ec539430189cc8f8045c568f4aa86ababa"],
["020.payment_2.validate",true,true,["020.payment_2.attach"],["020.payment_2.detach"],"68da5a32fdc391b03ad5456f1529a7e8ebe4b50a1b8118e17bb9556ad4a3af76","e334df156f627b1481bbe2dcfc333c2b5042706827a1b88fb84df234e5ad9c82"],
["020.base.validate",true,true,["020.base.attach"],["020.base.detach"],"6ff22d3203c98e3f6e85f0c5f1289db83d0d5c9d4f335a6044b23f7c167e2614","356e9ca1d4ffd6f798318d5fa81bdb89352767c4554e5392f48740a89b13dc4b"],
["020.bybase.validate",true,true,["020.bybase.attach"],["020.bybase.detach"],"b270bf059073e76373ef6b49077ec7cc53e0acbd911d88681b8242ed79565c6d","ba9236cc6460ed4d9518d3ab59e0aa38d75b73009b4709c231b1b4cada74579c"],
["020.customer.vacuum",false,true,["020.customer.rewrite"],["020.customer.rewrite"],"1d776dabb0bee8ce075c3373512dc455a431176778fcd17958d6474d39d5971c","c49527f71192b5fb9f1bee0f9793a9175d5c56aab47ecf17afc39e90b6c259ee"],
["020.payment.vacuum",false,true,["020.payment.rewrite"],["020.payment.rewrite"],"8b5bc84eeeef6462dee93dafec4406ee0463ce733ab3c590f29a0289789fba5f","d656362e0a592b80313f19785bd27c84dc34e7989ac1991310e14f8504a19d71"],
["020.base.vacuum",false,true,["020.base.validate"],["020.base.validate"],"d1d3502892a7b3d337d1022e6d3566cea9759691e9425bc0dbc10fd6929b0d08","fbc0d7fb46bf9234ba652dbe3c2541c5da54eedf9f7824def62497b3f91eb151"],
["020.derived.vacuum",false,true,["020.base.rewrite"],["020.base.rewrite"],"4cddc3a78981934f32247df28a11dd2fd52a241ea99c3dc112cab289ff01478e","526431eb5f9b43bacb090a9eb5b3a141295a9916ad3c0094558f71682ee8caa8"],
["020.bybase.vacuum",false,true,["020.bybase.validate"],["020.bybase.validate"],"bd69028eba6e724763274524c3d661bc2de290c04f3c1699c82182239dc9d53c","e71062b10cf27dce181a0c9c592aca5160ad5b104c9a8304dd70afdaf1671f38"],
["020.close",true,false,["020.customer.vacuum","020.payment.vacuum","020.base.vacuum","020.derived.vacuum","020.bybase.vacuum"],[],"562d6a44976367535c4e8638adef3954705ffee324305f0ab5b0e44b29daecf0","8478872d5bf23e81a09eb47e8f17746bf7561b2a86acf6a765834ce74844aa0f"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.customer.customer_id', '020', 'ordered', NULL, NULL),
  ('public.payment.payment_id', '020', 'ordered', NULL, NULL),
  ('public.base.id', '020', 'ordered', NULL, NULL),
  ('public.bybase.id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.customer.customer_id', 'public.customer', 'customer_id', 'integer', 'integer', true, true, false, 'public.customer_customer_id_seq', false),
  ('public.customer.customer_id', 'public.payment', 'customer_id', 'integer', 'public.cust_id', false, true, false, NULL, false),
  ('public.customer.customer_id', 'public.payment_1', 'customer_id', 'integer', 'public.cust_id', false, false, false, NULL, false),
  ('public.customer.customer_id', 'public.payment_2', 'customer_id', 'integer', 'public.cust_id', false, false, false, NULL, false),
  ('public.customer.customer_id', 'public.base', 'owner', 'integer', 'integer', false, true, false, NULL, false),
  ('public.customer.customer_id', 'public.derived', 'owner', 'integer', 'integer', false, false, false, NULL, false),
  ('public.payment.payment_id', 'public.payment', 'payment_id', 'integer', 'integer', true, true, false, 'public.payment_payment_id_seq', false),
  ('public.payment.payment_id', 'public.payment_1', 'payment_id', 'integer', 'integer', false, false, false, 'public.payment_payment_id_seq', false),
  ('public.payment.payment_id', 'public.payment_2', 'payment_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.base.id', 'public.base', 'id', 'integer', 'integer', true, true, false, 'public.base_id_seq', false),
  ('public.base.id', 'public.derived', 'id', 'integer', 'integer', false, false, false, 'public.base_id_seq', false),
  ('public.base.id', 'public.bybase', 'base_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.bybase.id', 'public.bybase', 'id', 'integer', 'integer', true, true, false, 'public.bybase_id_seq', false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.customer
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.customer ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.payment
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.payment ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.payment_1
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.payment_1 ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.payment_2
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.payment_2 ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.base
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.base ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.derived
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.derived ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.bybase
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.bybase ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.payment_1.detach · offline · plan.yaml:16
-- sets 1 foreign key of public.payment_1 aside
-- ACCESS EXCLUSIVE on public.payment_1, public.customer
-- goes back with 020.payment_1.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment_1.detach');
ALTER TABLE public.payment_1
  DROP CONSTRAINT p1c;
CALL rekey.end_step('020.payment_1.detach');
COMMIT;

-- step 020.payment_2.detach · offline · plan.yaml:23
-- sets 1 foreign key of public.payment_2 aside
-- ACCESS EXCLUSIVE on public.payment_2, public.customer
-- goes back with 020.payment_2.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment_2.detach');
ALTER TABLE public.payment_2
  DROP CONSTRAINT p2c;
CALL rekey.end_step('020.payment_2.detach');
COMMIT;

-- step 020.base.detach · offline · plan.yaml:30
-- sets 1 foreign key of public.base aside
-- ACCESS EXCLUSIVE on public.base, public.customer, public.derived
-- goes back with 020.base.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.base.detach');
ALTER TABLE public.base
  DROP CONSTRAINT base_owner_fkey;
CALL rekey.end_step('020.base.detach');
COMMIT;

-- step 020.bybase.detach · offline · plan.yaml:42
-- sets 1 foreign key of public.bybase aside
-- ACCESS EXCLUSIVE on public.bybase, public.derived
-- goes back with 020.bybase.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.bybase.detach');
ALTER TABLE public.bybase
  DROP CONSTRAINT bybase_base_id_fkey;
CALL rekey.end_step('020.bybase.detach');
COMMIT;

-- step 020.customer.keys · offline · plan.yaml:8
-- notes where the ids of public.customer.customer_id stand
-- ACCESS SHARE on public.customer, public.payment, public.base; reads all of public.customer,
--   public.payment, public.base
-- goes back with 020.customer.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.customer.keys');
CALL rekey.save_ids('public.customer.customer_id');
CALL rekey.end_step('020.customer.keys');
COMMIT;

-- step 020.payment.keys · offline · plan.yaml:14
-- notes where the ids of public.payment.payment_id stand
-- ACCESS SHARE on public.payment; reads all of public.payment
-- goes back with 020.payment.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment.keys');
CALL rekey.save_ids('public.payment.payment_id');
CALL rekey.end_step('020.payment.keys');
COMMIT;

-- step 020.base.keys · offline · plan.yaml:33
-- notes where the ids of public.base.id stand
-- ACCESS SHARE on public.base; reads all of public.base
-- goes back with 020.base.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.base.keys');
CALL rekey.save_ids('public.base.id');
CALL rekey.end_step('020.base.keys');
COMMIT;

-- step 020.bybase.keys · offline · plan.yaml:45
-- notes where the ids of public.bybase.id stand
-- ACCESS SHARE on public.bybase; reads all of public.bybase
-- goes back with 020.bybase.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.bybase.keys');
CALL rekey.save_ids('public.bybase.id');
CALL rekey.end_step('020.bybase.keys');
COMMIT;

-- step 020.customer.rewrite · offline · plan.yaml:6
-- public.customer: customer_id to uuid
-- ACCESS EXCLUSIVE on public.customer; rewrites public.customer; reads all of public.customer
-- goes back with 020.customer.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.customer.rewrite');
LOCK TABLE public.customer IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.customer.rewrite', 'before', 'public.customer', ARRAY['customer_id']);
ALTER TABLE public.customer
  ALTER COLUMN customer_id DROP DEFAULT,
  ALTER COLUMN customer_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN customer_id TYPE uuid
    USING rekey.ordered(customer_id, rekey.domain_secret('public.customer.customer_id'));
CALL rekey.measure('020.customer.rewrite', 'after', 'public.customer', ARRAY['customer_id']);
CALL rekey.end_step('020.customer.rewrite');
COMMIT;

-- step 020.payment.rewrite · offline · plan.yaml:9
-- public.payment: payment_id, customer_id to uuid
-- ACCESS EXCLUSIVE on public.payment, public.payment_1, public.payment_2; rewrites public.payment,
--   public.payment_1, public.payment_2; reads all of public.payment
-- goes back with 020.payment.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment.rewrite');
LOCK TABLE public.payment IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.payment.rewrite', 'before', 'public.payment', ARRAY['payment_id', 'customer_id']);
ALTER TABLE ONLY public.payment ALTER COLUMN payment_id DROP DEFAULT;
ALTER TABLE ONLY public.payment_1 ALTER COLUMN payment_id DROP DEFAULT;
ALTER TABLE ONLY public.payment ALTER COLUMN customer_id DROP DEFAULT;
ALTER TABLE ONLY public.payment_1 ALTER COLUMN customer_id DROP DEFAULT;
ALTER TABLE ONLY public.payment_2 ALTER COLUMN customer_id DROP DEFAULT;
CALL rekey.keep_partition_indexes('public.payment');
ALTER TABLE public.payment
  ALTER COLUMN payment_id TYPE uuid
    USING rekey.ordered(payment_id, rekey.domain_secret('public.payment.payment_id')),
  ALTER COLUMN customer_id TYPE uuid
    USING rekey.ordered(customer_id, rekey.domain_secret('public.customer.customer_id'));
ALTER TABLE ONLY public.payment ALTER COLUMN payment_id SET DEFAULT public.uuidv7();
ALTER TABLE ONLY public.payment_1 ALTER COLUMN payment_id SET DEFAULT public.uuidv7();
CALL rekey.run_with_keys($query$ALTER TABLE ONLY public.payment ALTER COLUMN customer_id SET DEFAULT rekey.key('public.customer.customer_id', 2)$query$);
CALL rekey.run_with_keys($query$ALTER TABLE ONLY public.payment_1 ALTER COLUMN customer_id SET DEFAULT rekey.key('public.customer.customer_id', 2)$query$);
CALL rekey.run_with_keys($query$ALTER TABLE ONLY public.payment_2 ALTER COLUMN customer_id SET DEFAULT rekey.key('public.customer.customer_id', 2)$query$);
CALL rekey.restore_partition_indexes('public.payment');
CALL rekey.measure('020.payment.rewrite', 'after', 'public.payment', ARRAY['payment_id', 'customer_id']);
CALL rekey.end_step('020.payment.rewrite');
COMMIT;

-- step 020.base.rewrite · offline · plan.yaml:30
-- public.base: id, owner to uuid
-- ACCESS EXCLUSIVE on public.base, public.derived; rewrites public.base, public.derived; reads all
--   of public.base
-- goes back with 020.base.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.base.rewrite');
LOCK TABLE public.base IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.base.rewrite', 'before', 'public.base', ARRAY['id', 'owner']);
ALTER TABLE ONLY public.base ALTER COLUMN id DROP DEFAULT;
ALTER TABLE ONLY public.derived ALTER COLUMN id DROP DEFAULT;
ALTER TABLE public.base
  ALTER COLUMN id TYPE uuid
    USING rekey.ordered(id, rekey.domain_secret('public.base.id')),
  ALTER COLUMN owner TYPE uuid
    USING rekey.ordered(owner, rekey.domain_secret('public.customer.customer_id'));
ALTER TABLE ONLY public.base ALTER COLUMN id SET DEFAULT public.uuidv7();
ALTER TABLE ONLY public.derived ALTER COLUMN id SET DEFAULT public.uuidv7();
CALL rekey.measure('020.base.rewrite', 'after', 'public.base', ARRAY['id', 'owner']);
CALL rekey.end_step('020.base.rewrite');
COMMIT;

-- step 020.bybase.rewrite · offline · plan.yaml:42
-- public.bybase: id, base_id to uuid
-- ACCESS EXCLUSIVE on public.bybase; rewrites public.bybase; reads all of public.bybase
-- goes back with 020.bybase.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.bybase.rewrite');
LOCK TABLE public.bybase IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.bybase.rewrite', 'before', 'public.bybase', ARRAY['id', 'base_id']);
ALTER TABLE public.bybase
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT public.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.ordered(id, rekey.domain_secret('public.bybase.id')),
  ALTER COLUMN base_id TYPE uuid
    USING rekey.ordered(base_id, rekey.domain_secret('public.base.id'));
CALL rekey.measure('020.bybase.rewrite', 'after', 'public.bybase', ARRAY['id', 'base_id']);
CALL rekey.end_step('020.bybase.rewrite');
COMMIT;

-- step 020.payment_1.attach · offline · plan.yaml:16
-- puts 1 foreign key of public.payment_1 back, not yet validated
-- SHARE ROW EXCLUSIVE on public.payment_1, public.customer
-- goes back with 020.payment_1.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment_1.attach');
ALTER TABLE public.payment_1
  ADD CONSTRAINT p1c FOREIGN KEY (customer_id) REFERENCES public.customer(customer_id) NOT VALID;
CALL rekey.end_step('020.payment_1.attach');
COMMIT;

-- step 020.payment_2.attach · offline · plan.yaml:23
-- puts 1 foreign key of public.payment_2 back, not yet validated
-- SHARE ROW EXCLUSIVE on public.payment_2, public.customer
-- goes back with 020.payment_2.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment_2.attach');
ALTER TABLE public.payment_2
  ADD CONSTRAINT p2c FOREIGN KEY (customer_id) REFERENCES public.customer(customer_id) NOT VALID;
CALL rekey.end_step('020.payment_2.attach');
COMMIT;

-- step 020.base.attach · offline · plan.yaml:30
-- puts 1 foreign key of public.base back, not yet validated
-- SHARE ROW EXCLUSIVE on public.base, public.customer, public.derived
-- goes back with 020.base.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.base.attach');
ALTER TABLE public.base
  ADD CONSTRAINT base_owner_fkey FOREIGN KEY (owner) REFERENCES public.customer(customer_id) NOT VALID;
CALL rekey.end_step('020.base.attach');
COMMIT;

-- step 020.bybase.attach · offline · plan.yaml:42
-- puts 1 foreign key of public.bybase back, not yet validated
-- SHARE ROW EXCLUSIVE on public.bybase, public.derived
-- goes back with 020.bybase.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.bybase.attach');
ALTER TABLE public.bybase
  ADD CONSTRAINT bybase_base_id_fkey FOREIGN KEY (base_id) REFERENCES public.derived(id) NOT VALID;
CALL rekey.end_step('020.bybase.attach');
COMMIT;

-- step 020.payment_1.validate · offline · plan.yaml:16
-- checks every row of public.payment_1 against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.payment_1; ROW SHARE on public.customer; reads all of
--   public.payment_1
-- goes back with 020.payment_1.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment_1.validate');
ALTER TABLE public.payment_1
  VALIDATE CONSTRAINT p1c;
CALL rekey.end_step('020.payment_1.validate');
COMMIT;

-- step 020.payment_2.validate · offline · plan.yaml:23
-- checks every row of public.payment_2 against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.payment_2; ROW SHARE on public.customer; reads all of
--   public.payment_2
-- goes back with 020.payment_2.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.payment_2.validate');
ALTER TABLE public.payment_2
  VALIDATE CONSTRAINT p2c;
CALL rekey.end_step('020.payment_2.validate');
COMMIT;

-- step 020.base.validate · offline · plan.yaml:30
-- checks every row of public.base against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.base, public.derived; ROW SHARE on public.customer; reads all of
--   public.base, public.derived
-- goes back with 020.base.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.base.validate');
ALTER TABLE public.base
  VALIDATE CONSTRAINT base_owner_fkey;
CALL rekey.end_step('020.base.validate');
COMMIT;

-- step 020.bybase.validate · offline · plan.yaml:42
-- checks every row of public.bybase against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.bybase; ROW SHARE on public.derived; reads all of public.bybase
-- goes back with 020.bybase.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.bybase.validate');
ALTER TABLE public.bybase
  VALIDATE CONSTRAINT bybase_base_id_fkey;
CALL rekey.end_step('020.bybase.validate');
COMMIT;

-- step 020.customer.vacuum · offline · outside of a transaction · plan.yaml:6
-- fresh statistics and visibility map for public.customer
-- SHARE UPDATE EXCLUSIVE on public.customer; reads all of public.customer
-- goes back with 020.customer.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.customer.vacuum');
VACUUM (ANALYZE) public.customer;
CALL rekey.end_step('020.customer.vacuum', analyzed => 'public.customer');

-- step 020.payment.vacuum · offline · outside of a transaction · plan.yaml:9
-- fresh statistics and visibility map for public.payment
-- SHARE UPDATE EXCLUSIVE on public.payment, public.payment_1, public.payment_2; reads all of
--   public.payment
-- goes back with 020.payment.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.payment.vacuum');
VACUUM (ANALYZE) public.payment;
CALL rekey.end_step('020.payment.vacuum', analyzed => 'public.payment');

-- step 020.base.vacuum · offline · outside of a transaction · plan.yaml:30
-- fresh statistics and visibility map for public.base
-- SHARE UPDATE EXCLUSIVE on public.base; reads all of public.base
-- goes back with 020.base.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.base.vacuum');
VACUUM (ANALYZE) public.base;
CALL rekey.end_step('020.base.vacuum', analyzed => 'public.base');

-- step 020.derived.vacuum · offline · outside of a transaction · plan.yaml:36
-- fresh statistics and visibility map for public.derived
-- SHARE UPDATE EXCLUSIVE on public.derived; reads all of public.derived
-- goes back with 020.derived.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.derived.vacuum');
VACUUM (ANALYZE) public.derived;
CALL rekey.end_step('020.derived.vacuum', analyzed => 'public.derived');

-- step 020.bybase.vacuum · offline · outside of a transaction · plan.yaml:42
-- fresh statistics and visibility map for public.bybase
-- SHARE UPDATE EXCLUSIVE on public.bybase; reads all of public.bybase
-- goes back with 020.bybase.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.bybase.vacuum');
VACUUM (ANALYZE) public.bybase;
CALL rekey.end_step('020.bybase.vacuum', analyzed => 'public.bybase');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.customer, public.payment, public.payment_1, public.payment_2,
--   public.base, public.derived, public.bybase
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.customer;
DROP TRIGGER rekey_fence ON public.payment;
DROP TRIGGER rekey_fence ON public.payment_1;
DROP TRIGGER rekey_fence ON public.payment_2;
DROP TRIGGER rekey_fence ON public.base;
DROP TRIGGER rekey_fence ON public.derived;
DROP TRIGGER rekey_fence ON public.bybase;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

