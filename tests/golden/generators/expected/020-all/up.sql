-- Plan generators, phase 020 all (2 of 2): the way forward
-- Plan digest sha256:da4289ea3be0c8525983d99528b260322b77c8527516e2d92d5d3ffda4d50a89
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-all/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-all/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline · plan.yaml:9
-- opens phase 020: journal, key domains, fence around 5 tables
-- SHARE ROW EXCLUSIVE on public.by_plan, public.by_time, public.by_chance, public.in_order,
--   public.by_name; reads all of public.by_plan, public.by_time, public.by_chance, public.in_order,
--   public.by_name
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'all', 'sha256:da4289ea3be0c8525983d99528b260322b77c8527516e2d92d5d3ffda4d50a89', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.by_time.detach","020.by_chance.detach","020.by_name.detach","020.by_plan.keys","020.by_time.keys","020.by_chance.keys","020.in_order.keys","020.by_name.keys","020.by_plan.rewrite","020.by_time.rewrite","020.by_chance.rewrite","020.in_order.rewrite","020.by_name.rewrite","020.by_time.attach","020.by_chance.attach","020.by_name.attach","020.by_time.validate","020.by_chance.validate","020.by_name.validate","020.by_plan.vacuum","020.by_time.vacuum","020.by_chance.vacuum","020.in_order.vacuum","020.by_name.vacuum","020.close"],"6e971c9711962f904932e6eca0e07b51a885141d9b5e78fa1d8fb2d52309ddc0","1c4b3370f6f461fa769062fad56a48bd78ed02623aa84638aa1e627758b81004"],
["020.by_time.detach",true,false,["020.open"],["020.by_plan.rewrite","020.by_time.rewrite"],"c57037cd8918164a8bfac774d7214447d5438fcb5a8c0ab95c6aa4107c8ce036","5486169976df45531ab4e02ccdb5eeeea96111ff2d2e1e74878cc4d13dff30b8"],
["020.by_chance.detach",true,false,["020.open"],["020.by_chance.rewrite","020.by_time.rewrite"],"b1e246c17f7db088c8625162fb2b8c63a6b73dc9ecb0b6adb56909c284c9e1ad","36c597231fc1ffccc16a38fd2a75a0c2cdea577bda8d841a88f544f276bfc32b"],
["020.by_name.detach",true,false,["020.open"],["020.by_chance.rewrite","020.by_name.rewrite","020.by_time.rewrite"],"ab99dc3b143379eaaba7f06cec0dbb1c94a0c59a7fddc8121b9db7bdb23bef0a","a812f9db793dfbbf49dc303a965afe113d3b189beeaf4884bd7697e6517df86b"],
["020.by_plan.keys",true,false,["020.open"],["020.close"],"c21124428690e92997993fa5ab643efa8f47dad78f4dc429c042d0e8e7275da5","08425bb555a2d67a9508d9964eafa7104f0a977e8cd3693fb36a7751d9fbcfaa"],
["020.by_time.keys",true,false,["020.open"],["020.close"],"43a5dcf5e139afe5fea920c9673870dcc01bfddae2388424032f448332ac71ed","710adfde523b1bf5332af8022c26eb674c101d985e7e94899e58818faee0d37f"],
["020.by_chance.keys",true,false,["020.open"],["020.close"],"512bf25292f0b6ec403d5d1a531c0e3ea3802b4594b0cd97c89645e89e7f9eac","1f3c0111416313a525a020d376e35ff0e15869447d37eed9e159865b08220ad2"],
["020.in_order.keys",true,false,["020.open"],["020.close"],"9dc7e7aa030378aabaeefb01fad9c3a71a020e408885b2daeebf2470090e2dba","d24c50916fcf1bf3c4a0e88721a9690721c09686837b47e32757af12c08fc917"],
["020.by_name.keys",true,false,["020.open","020.by_time.keys"],["020.close"],"8240e22e1e8efa5a7084a2e90ea5563fd1aed8de26770aca5f6da85634a1f527","56ac10d5a6ebbca3835c6750d576e14a585e441258d9799b0d9a61a2e2ef7d6c"],
["020.by_plan.rewrite",true,false,["020.by_plan.keys","020.by_time.detach"],["020.by_plan.keys","020.by_time.attach"],"0e6564893715e2ff7e1d44475d27a6d23e28d8d2bf433d2f270a9437e0dd5982","0b89fb167160868cf804d3317df7e954e814d3640f0e1445af8ce021071516c7"],
["020.by_time.rewrite",true,false,["020.by_chance.detach","020.by_name.detach","020.by_plan.keys","020.by_time.detach","020.by_time.keys"],["020.by_chance.attach","020.by_name.attach","020.by_plan.keys","020.by_time.attach","020.by_time.keys"],"5468bd35b63688df1e49d32e04b073ccb68debbbc4b8d9eb2cb09e59e31a356d","9d2b27ea8d9b58c9c53fd25ae25af36475e828f7484a0e3c22d3c568c6ef6532"],
["020.by_chance.rewrite",true,false,["020.by_chance.detach","020.by_chance.keys","020.by_name.detach","020.by_time.keys"],["020.by_chance.attach","020.by_chance.keys","020.by_name.attach","020.by_time.keys"],"966e59f5311825974d9986d88f5629e104b64d37effa5bf2936bdaa06a5452dc","92d1a5594aef99643cd74badd833a6335205f2a7602051cda1d7cb59521e2d72"],
["020.in_order.rewrite",true,false,["020.in_order.keys"],["020.in_order.keys"],"d5483bf9cf9c4363fceef92ae6b0164bf32e53ade31dba149c17fd528f37b323","5e368fb2035ce8e185261ffdfa9b62f30d4072b5afda6894b859f5ebd6991aa6"],
["020.by_name.rewrite",true,false,["020.by_chance.keys","020.by_name.detach","020.by_name.keys","020.by_time.keys"],["020.by_chance.keys","020.by_name.attach","020.by_name.keys","020.by_time.keys"],"8bd2144b9edb7ced45d0edfa6ab8d26f0bae4022e3657e1e57fefb459236eb7b","f30f5a0a0d54a3bbb66e7ec234e78757cefa7a7694c80cf8598a62f57908c0c3"],
["020.by_time.attach",true,false,["020.by_plan.rewrite","020.by_time.rewrite"],["020.close"],"81205c3d7189c7bf18fff6a87a42353ea6dc58867bac4cb2d2f6d39e1bc13645","ef6e93f63b25a556ccea8884d350f6096e5ffbe8b9fccc871d2fa84b163646e1"],
["020.by_chance.attach",true,false,["020.by_chance.rewrite","020.by_time.rewrite"],["020.close"],"71b664a942f8987b7fe08ea95818b1c7f59312f5f2bf7b3d78d7ae904308d27b","f33649989c44503f216ec6f5465fbedd5b062f3077af571921c3019c9037ab03"],
["020.by_name.attach",true,false,["020.by_chance.rewrite","020.by_name.rewrite","020.by_time.rewrite"],["020.close"],"72324a22f5e92b71e9fd4f77cc217852276849758f9230fecc39e3f43ea91f66","07e7525c765bcf503d2e0b0ef1967fa467528417843977614bd08bd011e65f51"],
["020.by_time.validate",true,true,["020.by_time.attach"],["020.by_time.detach"],"3736381d7bb6a1c081c55cde7dc917b46dc83d0446c219908f7c4c31bce67e5e","7c384c961f929c0426d22eed7bb76f70947c9e609e14ca772303c7c5876e5b50"],
["020.by_chance.validate",true,true,["020.by_chance.attach"],["020.by_chance.detach"],"a1e262890a4ddaf41f1fc34c13fe28dd9e9768be9e6b943f9f597be29473f5c6","4107daf23390f064092aae08f438943f57c484686b81a770a86201fd4434c3e8"],
["020.by_name.validate",true,true,["020.by_name.attach"],["020.by_name.detach"],"4f59d9b3164014e90b5317fb0e10bad3d3d17d9fef8bf010fb84ceb91870b8c2","bd159ca00f4d0aa750d5b2cac2a7b15d8800713b5982927e9989f4342d9f962e"],
["020.by_plan.vacuum",false,true,["020.by_plan.rewrite"],["020.by_plan.rewrite"],"adb035a1d587dfdbff692b06ae7d2e1f24965284b77d914899ce9cdf33e347c1","014bcaa44392a03805c7a58651a2573e97f5cbfa2f77e986407e564c2f2c6c1c"],
["020.by_time.vacuum",false,true,["020.by_time.validate"],["020.by_time.validate"],"ceb50b96facee7f20a100cb971b0dab683d6430eec9eb8e1874a7075bc7c98ce","325ccec6ff017cf430d782cb92f9ae72d3bfc541911f29798cfcaecb29cba707"],
["020.by_chance.vacuum",false,true,["020.by_chance.validate"],["020.by_chance.validate"],"dd8e7088965146d07aec57ee7d4c42a64a067fe857de5aad710fd663fb24cdb9","d55f8d918619f39430bc68b3c3ef2454b7490b369bb580103f6eab52cc5f233d"],
["020.in_order.vacuum",false,true,["020.in_order.rewrite"],["020.in_order.rewrite"],"3263fb33c6a1e6de4bd74e605c43d2a2ac6ac56a88b851ba9738c193adea15f5","f90432c723e0510ef405bf9fbf3573597a1c885dacc4eb50886413bbe411ae29"],
["020.by_name.vacuum",false,true,["020.by_name.validate"],["020.by_name.validate"],"c2ee8e4c60cd21b95a65e46a7515f2722e10895fad324ccc54e2f69325c1c345","45da91a84e350431907dd8ac0bb18ffd05a3d1840bc0205e6693ac569e28ae1b"],
["020.close",true,false,["020.by_plan.vacuum","020.by_time.vacuum","020.by_chance.vacuum","020.in_order.vacuum","020.by_name.vacuum"],[],"f2dbdb82852a8d028c221e1a13156c5afc103c2ed581e7a95897420d4ac01d94","4857bed7ff77b03dbaed6aba14e583fc40765fed2a62c3ae1e6ada8597c0e6f0"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.by_plan.id', '020', 'keyed', NULL, NULL),
  ('public.by_time.id', '020', 'v7', 'created_at', NULL),
  ('public.by_chance.id', '020', 'v4', NULL, NULL),
  ('public.in_order.id', '020', 'ordered', NULL, NULL),
  ('public.by_name.id', '020', 'v5', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.by_plan.id', 'public.by_plan', 'id', 'integer', 'integer', true, true, false, NULL, false),
  ('public.by_plan.id', 'public.by_time', 'plan_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.by_time.id', 'public.by_time', 'id', 'integer', 'integer', true, true, false, 'public.by_time_id_seq', false),
  ('public.by_time.id', 'public.by_chance', 'time_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.by_time.id', 'public.by_name', 'time_id', 'integer', 'integer', false, false, false, NULL, false),
  ('public.by_chance.id', 'public.by_chance', 'id', 'smallint', 'smallint', true, true, false, 'public.by_chance_id_seq', false),
  ('public.by_chance.id', 'public.by_name', 'chance_id', 'smallint', 'smallint', false, false, false, NULL, false),
  ('public.in_order.id', 'public.in_order', 'id', 'bigint', 'bigint', true, true, false, NULL, false),
  ('public.by_name.id', 'public.by_name', 'id', 'integer', 'integer', true, true, false, 'public.by_name_id_seq', false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.by_plan
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.by_plan ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.by_time
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.by_time ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.by_chance
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.by_chance ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.in_order
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.in_order ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.by_name
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.by_name ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.by_time.detach · offline · plan.yaml:17
-- sets 1 foreign key of public.by_time aside
-- ACCESS EXCLUSIVE on public.by_time, public.by_plan
-- goes back with 020.by_time.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_time.detach');
ALTER TABLE public.by_time
  DROP CONSTRAINT by_time_plan_id_fkey;
CALL rekey.end_step('020.by_time.detach');
COMMIT;

-- step 020.by_chance.detach · offline · plan.yaml:27
-- sets 1 foreign key of public.by_chance aside
-- ACCESS EXCLUSIVE on public.by_chance, public.by_time
-- goes back with 020.by_chance.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_chance.detach');
ALTER TABLE public.by_chance
  DROP CONSTRAINT by_chance_time_id_fkey;
CALL rekey.end_step('020.by_chance.detach');
COMMIT;

-- step 020.by_name.detach · offline · plan.yaml:42
-- sets 2 foreign keys of public.by_name aside
-- ACCESS EXCLUSIVE on public.by_name, public.by_chance, public.by_time
-- goes back with 020.by_name.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_name.detach');
ALTER TABLE public.by_name
  DROP CONSTRAINT by_name_chance_id_fkey,
  DROP CONSTRAINT by_name_time_id_fkey;
CALL rekey.end_step('020.by_name.detach');
COMMIT;

-- step 020.by_plan.keys · offline · plan.yaml:15
-- notes where the ids of public.by_plan.id stand
-- ACCESS SHARE on public.by_plan; reads all of public.by_plan
-- goes back with 020.by_plan.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_plan.keys');
CALL rekey.save_ids('public.by_plan.id');
CALL rekey.end_step('020.by_plan.keys');
COMMIT;

-- step 020.by_time.keys · offline · plan.yaml:22
-- notes where the ids of public.by_time.id stand and lists their new keys
-- ACCESS SHARE on public.by_time; reads all of public.by_time
-- goes back with 020.by_time.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_time.keys');
CALL rekey.save_ids('public.by_time.id');
CALL rekey.list_keys('public.by_time.id', $query$SELECT id, rekey.timed(id, created_at, rekey.domain_secret('public.by_time.id')) FROM public.by_time WHERE id IS NOT NULL$query$);
CALL rekey.end_step('020.by_time.keys');
COMMIT;

-- step 020.by_chance.keys · offline · plan.yaml:31
-- notes where the ids of public.by_chance.id stand
-- ACCESS SHARE on public.by_chance; reads all of public.by_chance
-- goes back with 020.by_chance.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_chance.keys');
CALL rekey.save_ids('public.by_chance.id');
CALL rekey.end_step('020.by_chance.keys');
COMMIT;

-- step 020.in_order.keys · offline · plan.yaml:40
-- notes where the ids of public.in_order.id stand
-- ACCESS SHARE on public.in_order; reads all of public.in_order
-- goes back with 020.in_order.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.in_order.keys');
CALL rekey.save_ids('public.in_order.id');
CALL rekey.end_step('020.in_order.keys');
COMMIT;

-- step 020.by_name.keys · offline · plan.yaml:48
-- notes where the ids of public.by_name.id stand and lists their new keys
-- ACCESS SHARE on public.by_name; reads all of public.by_name
-- goes back with 020.by_name.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_name.keys');
CALL rekey.save_ids('public.by_name.id');
CALL rekey.expect_names('public.by_name', 'id', ARRAY['chance_id', 'time_id', 'sha']);
CALL rekey.list_keys('public.by_name.id', $query$SELECT id, rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', rekey.random(chance_id, rekey.domain_secret('public.by_chance.id'))::text || '/' || rekey.listed_key(time_id, 'public.by_time.id')::text || ':' || sha::text) FROM public.by_name WHERE id IS NOT NULL$query$);
CALL rekey.expect_own_keys('public.by_name.id');
CALL rekey.end_step('020.by_name.keys');
COMMIT;

-- step 020.by_plan.rewrite · offline · plan.yaml:12
-- public.by_plan: id to uuid
-- ACCESS EXCLUSIVE on public.by_plan; rewrites public.by_plan; reads all of public.by_plan
-- goes back with 020.by_plan.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_plan.rewrite');
LOCK TABLE public.by_plan IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_plan.rewrite', 'before', 'public.by_plan', ARRAY['id']);
ALTER TABLE public.by_plan
  ALTER COLUMN id SET DEFAULT pg_catalog.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.keyed(id, rekey.domain_secret('public.by_plan.id'));
CALL rekey.measure('020.by_plan.rewrite', 'after', 'public.by_plan', ARRAY['id']);
CALL rekey.end_step('020.by_plan.rewrite');
COMMIT;

-- step 020.by_time.rewrite · offline · plan.yaml:17
-- public.by_time: id, plan_id to uuid
-- ACCESS EXCLUSIVE on public.by_time; rewrites public.by_time; reads all of public.by_time
-- goes back with 020.by_time.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_time.rewrite');
LOCK TABLE public.by_time IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_time.rewrite', 'before', 'public.by_time', ARRAY['id', 'plan_id']);
ALTER TABLE public.by_time
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT pg_catalog.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.listed_key(id, 'public.by_time.id'),
  ALTER COLUMN plan_id TYPE uuid
    USING rekey.keyed(plan_id, rekey.domain_secret('public.by_plan.id'));
CALL rekey.measure('020.by_time.rewrite', 'after', 'public.by_time', ARRAY['id', 'plan_id']);
CALL rekey.end_step('020.by_time.rewrite');
COMMIT;

-- step 020.by_chance.rewrite · offline · plan.yaml:27
-- public.by_chance: id, time_id to uuid
-- ACCESS EXCLUSIVE on public.by_chance; rewrites public.by_chance; reads all of public.by_chance
-- goes back with 020.by_chance.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_chance.rewrite');
LOCK TABLE public.by_chance IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_chance.rewrite', 'before', 'public.by_chance', ARRAY['id', 'time_id']);
ALTER TABLE public.by_chance
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT gen_random_uuid(),
  ALTER COLUMN id TYPE uuid
    USING rekey.random(id, rekey.domain_secret('public.by_chance.id')),
  ALTER COLUMN time_id TYPE uuid
    USING rekey.listed_key(time_id, 'public.by_time.id');
CALL rekey.measure('020.by_chance.rewrite', 'after', 'public.by_chance', ARRAY['id', 'time_id']);
CALL rekey.end_step('020.by_chance.rewrite');
COMMIT;

-- step 020.in_order.rewrite · offline · plan.yaml:36
-- public.in_order: id to uuid
-- ACCESS EXCLUSIVE on public.in_order; rewrites public.in_order; reads all of public.in_order
-- goes back with 020.in_order.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.in_order.rewrite');
LOCK TABLE public.in_order IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.in_order.rewrite', 'before', 'public.in_order', ARRAY['id']);
ALTER TABLE public.in_order
  ALTER COLUMN id SET DEFAULT pg_catalog.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.ordered(id, rekey.domain_secret('public.in_order.id'));
CALL rekey.measure('020.in_order.rewrite', 'after', 'public.in_order', ARRAY['id']);
CALL rekey.end_step('020.in_order.rewrite');
COMMIT;

-- step 020.by_name.rewrite · offline · plan.yaml:42
-- public.by_name: id, chance_id, time_id to uuid
-- ACCESS EXCLUSIVE on public.by_name; rewrites public.by_name; reads all of public.by_name
-- goes back with 020.by_name.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_name.rewrite');
LOCK TABLE public.by_name IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_name.rewrite', 'before', 'public.by_name', ARRAY['id', 'chance_id', 'time_id']);
ALTER TABLE public.by_name
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE uuid
    USING rekey.listed_key(id, 'public.by_name.id'),
  ALTER COLUMN chance_id TYPE uuid
    USING rekey.random(chance_id, rekey.domain_secret('public.by_chance.id')),
  ALTER COLUMN time_id TYPE uuid
    USING rekey.listed_key(time_id, 'public.by_time.id');
CALL rekey.measure('020.by_name.rewrite', 'after', 'public.by_name', ARRAY['id', 'chance_id', 'time_id']);
CALL rekey.end_step('020.by_name.rewrite');
COMMIT;

-- step 020.by_time.attach · offline · plan.yaml:17
-- puts 1 foreign key of public.by_time back, not yet validated
-- SHARE ROW EXCLUSIVE on public.by_time, public.by_plan
-- goes back with 020.by_time.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_time.attach');
ALTER TABLE public.by_time
  ADD CONSTRAINT by_time_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.by_plan(id) NOT VALID;
CALL rekey.end_step('020.by_time.attach');
COMMIT;

-- step 020.by_chance.attach · offline · plan.yaml:27
-- puts 1 foreign key of public.by_chance back, not yet validated
-- SHARE ROW EXCLUSIVE on public.by_chance, public.by_time
-- goes back with 020.by_chance.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_chance.attach');
ALTER TABLE public.by_chance
  ADD CONSTRAINT by_chance_time_id_fkey FOREIGN KEY (time_id) REFERENCES public.by_time(id) NOT VALID;
CALL rekey.end_step('020.by_chance.attach');
COMMIT;

-- step 020.by_name.attach · offline · plan.yaml:42
-- puts 2 foreign keys of public.by_name back, not yet validated
-- SHARE ROW EXCLUSIVE on public.by_name, public.by_chance, public.by_time
-- goes back with 020.by_name.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_name.attach');
ALTER TABLE public.by_name
  ADD CONSTRAINT by_name_chance_id_fkey FOREIGN KEY (chance_id) REFERENCES public.by_chance(id) NOT VALID,
  ADD CONSTRAINT by_name_time_id_fkey FOREIGN KEY (time_id) REFERENCES public.by_time(id) NOT VALID;
CALL rekey.end_step('020.by_name.attach');
COMMIT;

-- step 020.by_time.validate · offline · plan.yaml:17
-- checks every row of public.by_time against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.by_time; ROW SHARE on public.by_plan; reads all of
--   public.by_time
-- goes back with 020.by_time.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_time.validate');
ALTER TABLE public.by_time
  VALIDATE CONSTRAINT by_time_plan_id_fkey;
CALL rekey.end_step('020.by_time.validate');
COMMIT;

-- step 020.by_chance.validate · offline · plan.yaml:27
-- checks every row of public.by_chance against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.by_chance; ROW SHARE on public.by_time; reads all of
--   public.by_chance
-- goes back with 020.by_chance.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_chance.validate');
ALTER TABLE public.by_chance
  VALIDATE CONSTRAINT by_chance_time_id_fkey;
CALL rekey.end_step('020.by_chance.validate');
COMMIT;

-- step 020.by_name.validate · offline · plan.yaml:42
-- checks every row of public.by_name against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.by_name; ROW SHARE on public.by_chance, public.by_time; reads
--   all of public.by_name
-- goes back with 020.by_name.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.by_name.validate');
ALTER TABLE public.by_name
  VALIDATE CONSTRAINT by_name_chance_id_fkey,
  VALIDATE CONSTRAINT by_name_time_id_fkey;
CALL rekey.end_step('020.by_name.validate');
COMMIT;

-- step 020.by_plan.vacuum · offline · outside of a transaction · plan.yaml:12
-- fresh statistics and visibility map for public.by_plan
-- SHARE UPDATE EXCLUSIVE on public.by_plan; reads all of public.by_plan
-- goes back with 020.by_plan.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.by_plan.vacuum');
VACUUM (ANALYZE) public.by_plan;
CALL rekey.end_step('020.by_plan.vacuum', analyzed => 'public.by_plan');

-- step 020.by_time.vacuum · offline · outside of a transaction · plan.yaml:17
-- fresh statistics and visibility map for public.by_time
-- SHARE UPDATE EXCLUSIVE on public.by_time; reads all of public.by_time
-- goes back with 020.by_time.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.by_time.vacuum');
VACUUM (ANALYZE) public.by_time;
CALL rekey.end_step('020.by_time.vacuum', analyzed => 'public.by_time');

-- step 020.by_chance.vacuum · offline · outside of a transaction · plan.yaml:27
-- fresh statistics and visibility map for public.by_chance
-- SHARE UPDATE EXCLUSIVE on public.by_chance; reads all of public.by_chance
-- goes back with 020.by_chance.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.by_chance.vacuum');
VACUUM (ANALYZE) public.by_chance;
CALL rekey.end_step('020.by_chance.vacuum', analyzed => 'public.by_chance');

-- step 020.in_order.vacuum · offline · outside of a transaction · plan.yaml:36
-- fresh statistics and visibility map for public.in_order
-- SHARE UPDATE EXCLUSIVE on public.in_order; reads all of public.in_order
-- goes back with 020.in_order.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.in_order.vacuum');
VACUUM (ANALYZE) public.in_order;
CALL rekey.end_step('020.in_order.vacuum', analyzed => 'public.in_order');

-- step 020.by_name.vacuum · offline · outside of a transaction · plan.yaml:42
-- fresh statistics and visibility map for public.by_name
-- SHARE UPDATE EXCLUSIVE on public.by_name; reads all of public.by_name
-- goes back with 020.by_name.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.by_name.vacuum');
VACUUM (ANALYZE) public.by_name;
CALL rekey.end_step('020.by_name.vacuum', analyzed => 'public.by_name');

-- step 020.close · offline · plan.yaml:9
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.by_plan, public.by_time, public.by_chance, public.in_order,
--   public.by_name
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.by_plan;
DROP TRIGGER rekey_fence ON public.by_time;
DROP TRIGGER rekey_fence ON public.by_chance;
DROP TRIGGER rekey_fence ON public.in_order;
DROP TRIGGER rekey_fence ON public.by_name;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

