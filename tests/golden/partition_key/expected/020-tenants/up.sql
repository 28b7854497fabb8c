-- Plan partition key, phase 020 tenants (2 of 3): the way forward
-- Plan digest sha256:effe6ca29a9d761568a0c64cf2c234acfd827b6960d0b7d5acb14e46ae8ba05e
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-tenants/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-tenants/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 5 tables
-- SHARE ROW EXCLUSIVE on public.tenants, public.events, public.events_1, public.events_rest,
--   public.events_rest_0; reads all of public.tenants, public.events, public.events_1,
--   public.events_rest, public.events_rest_0
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'tenants', 'sha256:effe6ca29a9d761568a0c64cf2c234acfd827b6960d0b7d5acb14e46ae8ba05e', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.events.detach","020.events_by_region_4.set_aside","020.regional_3.set_aside","020.tenants.keys","020.tenants.rewrite","020.events.repartition","020.events.attach","020.regional_3.put_back","020.events_by_region_4.put_back","020.tenants.vacuum","020.events.vacuum","020.close"],"80352d2324bb93fd80c644dba3caabb125ccf5e2a4b0f3d0317cfb6e132ce09b","3b7d4e641e501687579d5fba70321e07e6bc768e5362d050e7f2dcec41beadf1"],
["020.events.detach",true,false,["020.open"],["020.events.repartition","020.tenants.rewrite"],"86c6312f1480164c2e840fb8dd8159e931c6b833eba0e8e1497a84f93c64634e","f5c0f8135643fdaa098ae7fddda27df19de059675693a20514fbd87c6ee423c2"],
["020.events_by_region_4.set_aside",true,false,["020.open"],["020.events.repartition"],"f4f81c873c5a389e059d113cce062179c53e93368ccd9d45c367bed3317b5b7a","a32b9750ed53bf41ed4eb123a3d2e197b3eda3f9af1b5378aabaa91be225076a"],
["020.regional_3.set_aside",true,false,["020.open"],["020.events.repartition"],"6dd470b804d2ef2dda6893efe5a384d9d9a0fd290d6617c9ee9a5e85cf4e485e","929414ba042d4214a84dac3252fe610192d54d4f5c610e2c720b154b1fa10a27"],
["020.tenants.keys",true,false,["020.open"],["020.close"],"2f6e092e12432d1b6c5d5aa27c3fb6c0095d336df769d9fb3016c3a9a68b28bd","31e74ad78c19ecac93d1ea99c666e8a6972fa63fc1e00b3c5c42470d93070b19"],
["020.tenants.rewrite",true,false,["020.events.detach","020.tenants.keys"],["020.events.attach","020.tenants.keys"],"53e03951c81c1cf90feb1025bbdf0f430e5cfc3e5aa073a2f49a1369101d4633","8b9ada23685fc4da99cf04b33db1c6725072d686bbbcfc1ff91a943c12ddfd5c"],
["020.events.repartition",true,false,["020.events.detach","020.tenants.keys","020.events_by_region_4.set_aside","020.regional_3.set_aside"],["020.events.attach","020.tenants.keys","020.events_by_region_4.put_back","020.regional_3.put_back"],"bad3bacdf979361f73587057f0e492804dd93243c2e2f58d5c0fa4e6ed595e43","4bbeefbf013d7c6f7ac5c83fd44c2a470cfd226160a8626413a76a392517389f"],
["020.events.attach",true,false,["020.events.repartition","020.tenants.rewrite"],["020.close"],"fd3c09f2c630717200c3c20274fd496f8aa981c209062a6d8d10bb79d375fd88","96c305468ab5b9c9fdfd556f26baa9e1321e76ae63eab428d03af2647894d357"],
["020.regional_3.put_back",true,false,["020.events.repartition"],["020.close"],"db97cbdcd1a329304f6f6469a34c3635a0a85b189f794d97e44e22e94c66b933","4d11b70f0b3482901d5406231c85ff11acda7ddc08dd18a7892899afc28b6556"],
["020.events_by_region_4.put_back",true,false,["020.events.repartition"],["020.close"],"8760ee5fbe5928467a7ba1f251cf84c4095d29690d145f4e0e93cee9a8129e96","698a30e8afe4e4235265fa17441abe725c0b100c2dbb3f5fc4af1707952ccac7"],
["020.tenants.vacuum",false,true,["020.tenants.rewrite"],["020.tenants.rewrite"],"98e2f59eb768ec5ee296c9ee55913238a830e26d2d67fbbbd41b225e2e04f84d","2c84790e610ec628cfbebf10ed4ecef46a301f804edaa817702dc266a9905204"],
["020.events.vacuum",false,true,["020.events.repartition","020.events_by_region_4.put_back","020.regional_3.put_back"],["020.events.repartition","020.events_by_region_4.set_aside","020.regional_3.set_aside"],"7382d49d80538c69e6b9b5cb16d134dc4963dab61187faf175c6322e7df049b4","d77b293ce5ce203782899cc8ef613125d642115c04e218284f0d7600ac810340"],
["020.close",true,false,["020.tenants.vacuum","020.events.vacuum","020.regional_3.put_back","020.events_by_region_4.put_back"],[],"c8c34df3e92f994b4a900f1a4e253da0edc968c9d5543202b3f63a8fc06c23a8","ef7a4388a1b8e28c0059deb6c2d44f410d76fd2a182c6f72da326ff2ff29930e"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.tenants.id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.tenants.id', 'public.tenants', 'id', 'bigint', 'bigint', true, true, false, 'public.tenants_id_seq', false),
  ('public.tenants.id', 'public.events', 'tenant_id', 'bigint', 'bigint', false, false, false, NULL, false),
  ('public.tenants.id', 'public.events_1', 'tenant_id', 'bigint', 'bigint', false, false, false, NULL, false),
  ('public.tenants.id', 'public.events_rest', 'tenant_id', 'bigint', 'bigint', false, false, false, NULL, false),
  ('public.tenants.id', 'public.events_rest_0', 'tenant_id', 'bigint', 'bigint', false, false, false, NULL, false);
CALL rekey.expect_legacy('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.tenants
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.tenants ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events_1
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events_1 ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events_rest
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events_rest ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events_rest_0
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events_rest_0 ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.events.detach · offline · plan.yaml:12
-- sets 1 foreign key of public.events aside
-- ACCESS EXCLUSIVE on public.events, public.tenants, public.events_1, public.events_rest,
--   public.events_rest_0
-- goes back with 020.events.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.events.detach');
CALL rekey.keep_foreign_key_parts('public.events');
ALTER TABLE public.events
  DROP CONSTRAINT events_tenant_id_fkey;
CALL rekey.end_step('020.events.detach');
COMMIT;

-- step 020.events_by_region_4.set_aside · offline · plan.yaml:88
-- sets index public.events_by_region on public.events aside
-- ACCESS EXCLUSIVE on public.events, public.events_1, public.events_rest, public.events_rest_0
-- goes back with 020.events_by_region_4.set_aside in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.events_by_region_4.set_aside');
DROP INDEX public.events_by_region;
CALL rekey.end_step('020.events_by_region_4.set_aside');
COMMIT;

-- step 020.regional_3.set_aside · offline · plan.yaml:79
-- sets view public.regional aside
-- ACCESS EXCLUSIVE on public.regional
-- goes back with 020.regional_3.set_aside in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.regional_3.set_aside');
DROP VIEW public.regional;
CALL rekey.end_step('020.regional_3.set_aside');
COMMIT;

-- step 020.tenants.keys · offline · plan.yaml:10
-- notes where the ids of public.tenants.id stand
-- ACCESS SHARE on public.tenants; reads all of public.tenants
-- goes back with 020.tenants.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.tenants.keys');
CALL rekey.save_ids('public.tenants.id');
CALL rekey.end_step('020.tenants.keys');
COMMIT;

-- step 020.tenants.rewrite · offline · plan.yaml:7
-- public.tenants: id to uuid
-- ACCESS EXCLUSIVE on public.tenants; rewrites public.tenants; reads all of public.tenants
-- goes back with 020.tenants.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.tenants.rewrite');
LOCK TABLE public.tenants IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.tenants.rewrite', 'before', 'public.tenants', ARRAY['id']);
ALTER TABLE public.tenants
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT public.uuidv7(),
  ALTER COLUMN id TYPE uuid
    USING rekey.ordered(id, rekey.domain_secret('public.tenants.id'));
CALL rekey.measure('020.tenants.rewrite', 'after', 'public.tenants', ARRAY['id']);
CALL rekey.end_step('020.tenants.rewrite');
COMMIT;

-- step 020.events.repartition · offline · plan.yaml:12
-- public.events: tenant_id to uuid, its partitions filled anew
-- ACCESS EXCLUSIVE on public.events, public.events_1, public.events_rest, public.events_rest_0,
--   public.regions; rewrites public.events_1, public.events_rest_0; reads all of public.events,
--   public.events_rest, public.events_rest_0, public.events_1
-- goes back with 020.events.repartition in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.events.repartition');
LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.events.repartition', 'before', 'public.events', ARRAY['tenant_id']);
-- the rows with their new keys, until the table that takes them is there
CREATE UNLOGGED TABLE rekey.rows_2 AS
SELECT
  rekey.ordered(tenant_id, rekey.domain_secret('public.tenants.id')) AS tenant_id,
  no,
  region
FROM public.events;
DROP TRIGGER rekey_fence ON public.events;
DROP TRIGGER rekey_fence ON public.events_1;
DROP TRIGGER rekey_fence ON public.events_rest;
DROP TRIGGER rekey_fence ON public.events_rest_0;
TRUNCATE TABLE public.events;
CALL rekey.keep_foreign_key_parts('public.events');
CALL rekey.keep_foreign_key_parts('public.events_rest');
ALTER TABLE ONLY public.events DETACH PARTITION public.events_1;
ALTER TABLE ONLY public.events DETACH PARTITION public.events_rest;
DROP TABLE public.events;
ALTER TABLE ONLY public.events_rest DETACH PARTITION public.events_rest_0;
DROP TABLE public.events_rest;
ALTER TABLE public.events_1
  ALTER COLUMN tenant_id TYPE uuid
    USING rekey.ordered(tenant_id, rekey.domain_secret('public.tenants.id'));
ALTER TABLE public.events_rest_0
  ALTER COLUMN tenant_id TYPE uuid
    USING rekey.ordered(tenant_id, rekey.domain_secret('public.tenants.id'));
CREATE TABLE public.events_rest (
  tenant_id uuid NOT NULL,
  no integer NOT NULL,
  region text
) PARTITION BY HASH (tenant_id);
ALTER TABLE public.events_rest OWNER TO postgres;
ALTER TABLE ONLY public.events_rest
  ADD CONSTRAINT events_rest_pkey PRIMARY KEY (tenant_id, no);
ALTER TABLE ONLY public.events_rest ATTACH PARTITION public.events_rest_0 FOR VALUES WITH (modulus 1, remainder 0);
CREATE TABLE public.events (
  tenant_id uuid NOT NULL,
  no integer NOT NULL,
  region text
) PARTITION BY LIST (tenant_id);
ALTER TABLE public.events OWNER TO postgres;
ALTER TABLE ONLY public.events
  ADD CONSTRAINT events_pkey PRIMARY KEY (tenant_id, no);
ALTER TABLE public.events
  ADD CONSTRAINT events_region_fkey FOREIGN KEY (region) REFERENCES public.regions(code);
CALL rekey.run_with_keys($query$ALTER TABLE ONLY public.events ATTACH PARTITION public.events_1 FOR VALUES IN (rekey.key('public.tenants.id', 1), rekey.key('public.tenants.id', -2));$query$);
ALTER TABLE ONLY public.events ATTACH PARTITION public.events_rest DEFAULT;
CALL rekey.restore_foreign_key_parts('public.events');
CALL rekey.restore_foreign_key_parts('public.events_rest');
INSERT INTO public.events (tenant_id, no, region) OVERRIDING SYSTEM VALUE
SELECT tenant_id, no, region FROM rekey.rows_2;
SET CONSTRAINTS ALL IMMEDIATE;
DROP TABLE rekey.rows_2;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events_1
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events_1 ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events_rest
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events_rest ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.events_rest_0
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.events_rest_0 ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.measure('020.events.repartition', 'after', 'public.events', ARRAY['tenant_id']);
CALL rekey.end_step('020.events.repartition');
COMMIT;

-- step 020.events.attach · offline · plan.yaml:12
-- puts 1 foreign key of public.events back, not yet validated
-- ACCESS EXCLUSIVE on public.events, public.events_1, public.events_rest, public.events_rest_0;
--   SHARE ROW EXCLUSIVE on public.tenants; reads all of public.events, public.events_1,
--   public.events_rest, public.events_rest_0
-- goes back with 020.events.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.events.attach');
ALTER TABLE public.events
  ADD CONSTRAINT events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
CALL rekey.restore_foreign_key_parts('public.events');
CALL rekey.end_step('020.events.attach');
COMMIT;

-- step 020.regional_3.put_back · offline · plan.yaml:79
-- makes again view public.regional
-- ACCESS EXCLUSIVE on public.regional; ACCESS SHARE on public.events
-- goes back with 020.regional_3.put_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.regional_3.put_back');
CREATE VIEW public.regional AS
 SELECT events.region,
    count(*) AS count
   FROM public.events
  GROUP BY events.region;
ALTER VIEW public.regional OWNER TO postgres;
CALL rekey.end_step('020.regional_3.put_back');
COMMIT;

-- step 020.events_by_region_4.put_back · offline · plan.yaml:88
-- makes again index public.events_by_region on public.events
-- ACCESS EXCLUSIVE on public.events_by_region, public.events_rest_region_idx; SHARE on
--   public.events, public.events_1, public.events_rest, public.events_rest_0; reads all of
--   public.events, public.events_1, public.events_rest, public.events_rest_0
-- goes back with 020.events_by_region_4.put_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.events_by_region_4.put_back');
CREATE INDEX events_by_region ON ONLY public.events USING btree (region);
CREATE INDEX events_1_region_idx ON public.events_1 USING btree (region);
ALTER INDEX public.events_by_region ATTACH PARTITION public.events_1_region_idx;
CREATE INDEX events_rest_region_idx ON ONLY public.events_rest USING btree (region);
ALTER INDEX public.events_by_region ATTACH PARTITION public.events_rest_region_idx;
CREATE INDEX events_rest_0_region_idx ON public.events_rest_0 USING btree (region);
ALTER INDEX public.events_rest_region_idx ATTACH PARTITION public.events_rest_0_region_idx;
CALL rekey.end_step('020.events_by_region_4.put_back');
COMMIT;

-- step 020.tenants.vacuum · offline · outside of a transaction · plan.yaml:7
-- fresh statistics and visibility map for public.tenants
-- SHARE UPDATE EXCLUSIVE on public.tenants; reads all of public.tenants
-- goes back with 020.tenants.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.tenants.vacuum');
VACUUM (ANALYZE) public.tenants;
CALL rekey.end_step('020.tenants.vacuum', analyzed => 'public.tenants');

-- step 020.events.vacuum · offline · outside of a transaction · plan.yaml:12
-- fresh statistics and visibility map for public.events
-- SHARE UPDATE EXCLUSIVE on public.events, public.events_1, public.events_rest,
--   public.events_rest_0; reads all of public.events
-- goes back with 020.events.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.events.vacuum');
VACUUM (ANALYZE) public.events;
CALL rekey.end_step('020.events.vacuum', analyzed => 'public.events');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.tenants, public.events, public.events_1, public.events_rest,
--   public.events_rest_0
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.tenants;
DROP TRIGGER rekey_fence ON public.events;
DROP TRIGGER rekey_fence ON public.events_1;
DROP TRIGGER rekey_fence ON public.events_rest;
DROP TRIGGER rekey_fence ON public.events_rest_0;
CALL rekey.note_shape('020', 'public.events');
CALL rekey.note_shape('020', 'public.events_rest');
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

