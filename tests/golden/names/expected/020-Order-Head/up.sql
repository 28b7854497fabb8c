-- Plan names, phase 020 Order | Head (2 of 3): the way forward
-- Plan digest sha256:eeb6b8631fb06780032095c6095aaa6be47b680e442ba61ebd9dace786e46191
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-Order-Head/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-Order-Head/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 2 tables
-- SHARE ROW EXCLUSIVE on "Sales"."Order | Head", "Sales"."it's a ""line"""; reads all of
--   "Sales"."Order | Head", "Sales"."it's a ""line"""
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'Order | Head', 'sha256:eeb6b8631fb06780032095c6095aaa6be47b680e442ba61ebd9dace786e46191', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.Sales.it-s-a-line-_2.detach","020.Sales.Order-Head_1.keys","020.Sales.it-s-a-line-_2.keys","020.Sales.Order-Head_1.rewrite","020.Sales.it-s-a-line-_2.rewrite","020.Sales.it-s-a-line-_2.attach","020.Sales.it-s-a-line-_2.validate","020.Sales.Order-Head_1.vacuum","020.Sales.it-s-a-line-_2.vacuum","020.close"],"4ed8a00da506d0255cb502280eeb86a640f430898090029ab08b9f376fba48a9","096560158105005ff103312d6f216cf7b2073f05dbbd64bf1418f19d70134e7e"],
["020.Sales.it-s-a-line-_2.detach",true,false,["020.open"],["020.Sales.Order-Head_1.rewrite","020.Sales.it-s-a-line-_2.rewrite"],"6c465be8c4a7c383f26ede10dc11da9a0075e899b7ce4484b8bb13c076433e04","071cb2af0095864d8e7b661c4a92c877ae719dd686a6f76104b340e0dfdecdff"],
["020.Sales.Order-Head_1.keys",true,false,["020.open"],["020.close"],"e9f7e8dfdbc0d6c048828c782902e2d5f129ab9af2bd0ba511657218a0024d77","6947a4eba7fb90d2946465974000603f4337811ab2957eb1af397d3eff171eef"],
["020.Sales.it-s-a-line-_2.keys",true,false,["020.open"],["020.close"],"fddbfa0366662e6ec1c43e57d385f6abb2fe84f82fa3da690c4f70f12700bf28","7664b3ac8bca137143996096f96d8351d7a03867a32e67d03c0c451984b57d76"],
["020.Sales.Order-Head_1.rewrite",true,false,["020.Sales.Order-Head_1.keys","020.Sales.it-s-a-line-_2.detach"],["020.Sales.Order-Head_1.keys","020.Sales.it-s-a-line-_2.attach"],"0308477970bb40421a110464f4f0bbc593644f8eae4125cebfd8a8da112ff066","55544d7d64d12e5f9a5425e91271d398ff93fdf86f4b566e2ae1d988e0cf8edd"],
["020.Sales.it-s-a-line-_2.rewrite",true,false,["020.Sales.Order-Head_1.keys","020.Sales.it-s-a-line-_2.detach","020.Sales.it-s-a-line-_2.keys"],["020.Sales.Order-Head_1.keys","020.Sales.it-s-a-line-_2.attach","020.Sales.it-s-a-line-_2.keys"],"c330a221bf0211bef43f40e5406fa49b49f031705e63fc04c07739329c96e55e","17dfd91122a48de7cbdd4634b8e3e488aad787df39402eef7597a928f8d862f0"],
["020.Sales.it-s-a-line-_2.attach",true,false,["020.Sales.Order-Head_1.rewrite","020.Sales.it-s-a-line-_2.rewrite"],["020.close"],"5aa076b87afb8fdd852f5ff3d5f5e536b38122c9bed0547a1c9ef6ed50628fe6","5fff4b4994dc1968e381937c5944885b95eda5ebd866e393c125c1debf5457c7"],
["020.Sales.it-s-a-line-_2.validate",true,true,["020.Sales.it-s-a-line-_2.attach"],["020.Sales.it-s-a-line-_2.detach"],"d10c35732078bb06f1e643ad85c6c35ebae4d947634f1ac990b710b8f628f33d","8d542c358a7750f191f007f38d5715e0b55ce024ab22565faaaf05e79625dd91"],
["020.Sales.Order-Head_1.vacuum",false,true,["020.Sales.Order-Head_1.rewrite"],["020.Sales.Order-Head_1.rewrite"],"4f4cc1f5c82717a2b443100795d15028007407d0ff9e46cf9781d1929e3c0a5a","eb7ffbc12f0c99420abbffb9128759fab4e3fbcefe1a79a3d75aee55f55bb6df"],
["020.Sales.it-s-a-line-_2.vacuum",false,true,["020.Sales.it-s-a-line-_2.validate"],["020.Sales.it-s-a-line-_2.validate"],"8202a96935cd8bd4ce4a78c5540dc6269deec43ceda798c599d0978a98cc870d","230bd85bccf11543325f7d124a4f39576019162c4ad0b25b9da5d1b7f9f034ab"],
["020.close",true,false,["020.Sales.Order-Head_1.vacuum","020.Sales.it-s-a-line-_2.vacuum"],[],"3ce738bdba3ac7395a0b5f990dba79e3b68b04c6ec280656b1947f776ff67cfa","8f6092e7b84ad1ae0832159ba9a6c2e06dc0e54fc2b5c0f2a366b96bf8c726ae"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('Sales."Order | Head".Order No', '020', 'ordered', NULL, NULL),
  ('Sales."it''s a ""line""".größe', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('Sales."Order | Head".Order No', '"Sales"."Order | Head"', 'Order No', 'integer', 'integer', true, true, false, '"Sales"."Order No_seq"', false),
  ('Sales."Order | Head".Order No', '"Sales"."it''s a ""line"""', 'select', 'integer', 'integer', false, false, false, NULL, false),
  ('Sales."it''s a ""line""".größe', '"Sales"."it''s a ""line"""', 'größe', 'smallint', 'smallint', true, true, false, '"Sales"."größe''s seq"', true);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Sales"."Order | Head"
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE "Sales"."Order | Head" ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Sales"."it's a ""line"""
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE "Sales"."it's a ""line""" ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.detach · offline · plan.yaml:11
-- sets 1 foreign key of "Sales"."it's a ""line""" aside
-- ACCESS EXCLUSIVE on "Sales"."it's a ""line""", "Sales"."Order | Head"
-- goes back with 020.Sales.it-s-a-line-_2.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.Sales.it-s-a-line-_2.detach');
ALTER TABLE "Sales"."it's a ""line"""
  DROP CONSTRAINT "Head -- of it";
CALL rekey.end_step('020.Sales.it-s-a-line-_2.detach');
COMMIT;

-- step 020.Sales.Order-Head_1.keys · offline · plan.yaml:9
-- notes where the ids of Sales."Order | Head".Order No stand
-- ACCESS SHARE on "Sales"."Order | Head"; reads all of "Sales"."Order | Head"
-- goes back with 020.Sales.Order-Head_1.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.Sales.Order-Head_1.keys');
CALL rekey.save_ids('Sales."Order | Head".Order No');
CALL rekey.end_step('020.Sales.Order-Head_1.keys');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.keys · offline · plan.yaml:15
-- notes where the ids of Sales."it's a ""line""".größe stand
-- ACCESS SHARE on "Sales"."it's a ""line"""; reads all of "Sales"."it's a ""line"""
-- goes back with 020.Sales.it-s-a-line-_2.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.Sales.it-s-a-line-_2.keys');
CALL rekey.save_ids('Sales."it''s a ""line""".größe');
CALL rekey.end_step('020.Sales.it-s-a-line-_2.keys');
COMMIT;

-- step 020.Sales.Order-Head_1.rewrite · offline · plan.yaml:6
-- "Sales"."Order | Head": Order No to uuid
-- ACCESS EXCLUSIVE on "Sales"."Order | Head"; rewrites "Sales"."Order | Head"; reads all of
--   "Sales"."Order | Head"
-- goes back with 020.Sales.Order-Head_1.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.Sales.Order-Head_1.rewrite');
LOCK TABLE "Sales"."Order | Head" IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.Sales.Order-Head_1.rewrite', 'before', '"Sales"."Order | Head"', ARRAY['Order No']);
ALTER TABLE "Sales"."Order | Head"
  ALTER COLUMN "Order No" DROP DEFAULT,
  ALTER COLUMN "Order No" SET DEFAULT public.uuidv7(),
  ALTER COLUMN "Order No" TYPE uuid
    USING rekey.ordered("Order No", rekey.domain_secret('Sales."Order | Head".Order No'));
CALL rekey.measure('020.Sales.Order-Head_1.rewrite', 'after', '"Sales"."Order | Head"', ARRAY['Order No']);
CALL rekey.end_step('020.Sales.Order-Head_1.rewrite');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.rewrite · offline · plan.yaml:11
-- "Sales"."it's a ""line""": select, größe to uuid
-- ACCESS EXCLUSIVE on "Sales"."it's a ""line"""; rewrites "Sales"."it's a ""line"""; reads all of
--   "Sales"."it's a ""line"""
-- goes back with 020.Sales.it-s-a-line-_2.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.Sales.it-s-a-line-_2.rewrite');
LOCK TABLE "Sales"."it's a ""line""" IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.Sales.it-s-a-line-_2.rewrite', 'before', '"Sales"."it''s a ""line"""', ARRAY['select', 'größe']);
ALTER TABLE "Sales"."it's a ""line""" ALTER COLUMN "größe" DROP IDENTITY;
ALTER TABLE "Sales"."it's a ""line"""
  ALTER COLUMN "select" TYPE uuid
    USING rekey.ordered("select", rekey.domain_secret('Sales."Order | Head".Order No')),
  ALTER COLUMN "größe" SET DEFAULT public.uuidv7(),
  ALTER COLUMN "größe" TYPE uuid
    USING rekey.ordered("größe", rekey.domain_secret('Sales."it''s a ""line""".größe'));
CALL rekey.measure('020.Sales.it-s-a-line-_2.rewrite', 'after', '"Sales"."it''s a ""line"""', ARRAY['select', 'größe']);
CALL rekey.end_step('020.Sales.it-s-a-line-_2.rewrite');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.attach · offline · plan.yaml:11
-- puts 1 foreign key of "Sales"."it's a ""line""" back, not yet validated
-- SHARE ROW EXCLUSIVE on "Sales"."it's a ""line""", "Sales"."Order | Head"
-- goes back with 020.Sales.it-s-a-line-_2.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.Sales.it-s-a-line-_2.attach');
ALTER TABLE "Sales"."it's a ""line"""
  ADD CONSTRAINT "Head -- of it" FOREIGN KEY ("select") REFERENCES "Sales"."Order | Head"("Order No") NOT VALID;
COMMENT ON CONSTRAINT "Head -- of it" ON "Sales"."it's a ""line""" IS E'it''s
old \\ slow';
CALL rekey.end_step('020.Sales.it-s-a-line-_2.attach');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.validate · offline · plan.yaml:11
-- checks every row of "Sales"."it's a ""line""" against its foreign keys
-- SHARE UPDATE EXCLUSIVE on "Sales"."it's a ""line"""; ROW SHARE on "Sales"."Order | Head"; reads
--   all of "Sales"."it's a ""line"""
-- goes back with 020.Sales.it-s-a-line-_2.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.Sales.it-s-a-line-_2.validate');
ALTER TABLE "Sales"."it's a ""line"""
  VALIDATE CONSTRAINT "Head -- of it";
CALL rekey.end_step('020.Sales.it-s-a-line-_2.validate');
COMMIT;

-- step 020.Sales.Order-Head_1.vacuum · offline · outside of a transaction · plan.yaml:6
-- fresh statistics and visibility map for "Sales"."Order | Head"
-- SHARE UPDATE EXCLUSIVE on "Sales"."Order | Head"; reads all of "Sales"."Order | Head"
-- goes back with 020.Sales.Order-Head_1.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.Sales.Order-Head_1.vacuum');
VACUUM (ANALYZE) "Sales"."Order | Head";
CALL rekey.end_step('020.Sales.Order-Head_1.vacuum', analyzed => '"Sales"."Order | Head"');

-- step 020.Sales.it-s-a-line-_2.vacuum · offline · outside of a transaction · plan.yaml:11
-- fresh statistics and visibility map for "Sales"."it's a ""line"""
-- SHARE UPDATE EXCLUSIVE on "Sales"."it's a ""line"""; reads all of "Sales"."it's a ""line"""
-- goes back with 020.Sales.it-s-a-line-_2.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.Sales.it-s-a-line-_2.vacuum');
VACUUM (ANALYZE) "Sales"."it's a ""line""";
CALL rekey.end_step('020.Sales.it-s-a-line-_2.vacuum', analyzed => '"Sales"."it''s a ""line"""');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on "Sales"."Order | Head", "Sales"."it's a ""line"""
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON "Sales"."Order | Head";
DROP TRIGGER rekey_fence ON "Sales"."it's a ""line""";
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

