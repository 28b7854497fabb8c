-- Plan partition key, phase 020 tenants (2 of 3): the way back
-- Plan digest sha256:effe6ca29a9d761568a0c64cf2c234acfd827b6960d0b7d5acb14e46ae8ba05e
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-tenants/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-tenants/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · offline
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.tenants, public.events, public.events_1, public.events_rest,
--   public.events_rest_0; reads all of public.tenants, public.events, public.events_1,
--   public.events_rest, public.events_rest_0
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
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
CALL rekey.expect_shape('020', 'public.events');
CALL rekey.expect_shape('020', 'public.events_rest');
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.events_by_region_4.put_back · offline · plan.yaml:88
-- way back: sets index public.events_by_region on public.events aside
-- ACCESS EXCLUSIVE on public.events, public.events_1, public.events_rest, public.events_rest_0
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.events_by_region_4.put_back');
DROP INDEX public.events_by_region;
CALL rekey.end_undo('020.events_by_region_4.put_back');
COMMIT;

-- step 020.regional_3.put_back · offline · plan.yaml:79
-- way back: sets view public.regional aside
-- ACCESS EXCLUSIVE on public.regional
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.regional_3.put_back');
DROP VIEW public.regional;
CALL rekey.end_undo('020.regional_3.put_back');
COMMIT;

-- step 020.events.attach · offline · plan.yaml:12
-- way back: sets 1 foreign key of public.events aside
-- ACCESS EXCLUSIVE on public.events, public.tenants, public.events_1, public.events_rest,
--   public.events_rest_0
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.events.attach');
CALL rekey.keep_foreign_key_parts('public.events');
ALTER TABLE public.events
  DROP CONSTRAINT events_tenant_id_fkey;
CALL rekey.end_undo('020.events.attach');
COMMIT;

-- step 020.tenants.keys · offline · plan.yaml:10
-- way back: gives rows of public.tenants.id written since a legacy id
-- ACCESS SHARE on public.tenants; reads all of public.tenants
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.tenants.keys');
CALL rekey.assign_legacy_ids('public.tenants.id');
CALL rekey.end_undo('020.tenants.keys');
COMMIT;

-- step 020.tenants.rewrite · offline · plan.yaml:7
-- way back: public.tenants: id back to their old types
-- ACCESS EXCLUSIVE on public.tenants; rewrites public.tenants; reads all of public.tenants
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.tenants.rewrite');
LOCK TABLE public.tenants IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.tenants.rewrite', 'before', 'public.tenants', ARRAY['id']);
ALTER TABLE public.tenants
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT nextval('public.tenants_id_seq'::regclass),
  ALTER COLUMN id TYPE bigint
    USING rekey.ordered_back(id, 'public.tenants.id')::bigint;
CALL rekey.measure('020.tenants.rewrite', 'after', 'public.tenants', ARRAY['id']);
CALL rekey.end_undo('020.tenants.rewrite');
COMMIT;

-- step 020.events.repartition · offline · plan.yaml:12
-- way back: public.events: tenant_id back to their old types, its partitions filled anew
-- ACCESS EXCLUSIVE on public.events, public.events_1, public.events_rest, public.events_rest_0,
--   public.regions; rewrites public.events_1, public.events_rest_0; reads all of public.events,
--   public.events_rest, public.events_rest_0, public.events_1
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.events.repartition');
LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.events.repartition', 'before', 'public.events', ARRAY['tenant_id']);
-- the rows with their old keys, until the table that takes them is there
CREATE UNLOGGED TABLE rekey.rows_2 AS
SELECT
  rekey.ordered_back(tenant_id, 'public.tenants.id')::bigint AS tenant_id,
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
  ALTER COLUMN tenant_id TYPE bigint
    USING rekey.ordered_back(tenant_id, 'public.tenants.id')::bigint;
ALTER TABLE public.events_rest_0
  ALTER COLUMN tenant_id TYPE bigint
    USING rekey.ordered_back(tenant_id, 'public.tenants.id')::bigint;
CREATE TABLE public.events_rest (
  tenant_id bigint NOT NULL,
  no integer NOT NULL,
  region text
) PARTITION BY HASH (tenant_id);
ALTER TABLE public.events_rest OWNER TO postgres;
ALTER TABLE ONLY public.events_rest
  ADD CONSTRAINT events_rest_pkey PRIMARY KEY (tenant_id, no);
ALTER TABLE ONLY public.events_rest ATTACH PARTITION public.events_rest_0 FOR VALUES WITH (modulus 1, remainder 0);
CREATE TABLE public.events (
  tenant_id bigint NOT NULL,
  no integer NOT NULL,
  region text
) PARTITION BY LIST (tenant_id);
ALTER TABLE public.events OWNER TO postgres;
ALTER TABLE ONLY public.events
  ADD CONSTRAINT events_pkey PRIMARY KEY (tenant_id, no);
ALTER TABLE public.events
  ADD CONSTRAINT events_region_fkey FOREIGN KEY (region) REFERENCES public.regions(code);
ALTER TABLE ONLY public.events ATTACH PARTITION public.events_1 FOR VALUES IN ('1', '-2');
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
CALL rekey.end_undo('020.events.repartition');
COMMIT;

-- step 020.events.detach · offline · plan.yaml:12
-- way back: puts 1 foreign key of public.events back, not yet validated
-- ACCESS EXCLUSIVE on public.events, public.events_1, public.events_rest, public.events_rest_0;
--   SHARE ROW EXCLUSIVE on public.tenants; reads all of public.events, public.events_1,
--   public.events_rest, public.events_rest_0
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.events.detach');
ALTER TABLE public.events
  ADD CONSTRAINT events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
CALL rekey.restore_foreign_key_parts('public.events');
CALL rekey.end_undo('020.events.detach');
COMMIT;

-- step 020.regional_3.set_aside · offline · plan.yaml:79
-- way back: makes view public.regional again as it was
-- ACCESS EXCLUSIVE on public.regional; ACCESS SHARE on public.events
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.regional_3.set_aside');
CREATE VIEW public.regional AS
 SELECT events.region,
    count(*) AS count
   FROM public.events
  GROUP BY events.region;
ALTER VIEW public.regional OWNER TO postgres;
CALL rekey.end_undo('020.regional_3.set_aside');
COMMIT;

-- step 020.events_by_region_4.set_aside · offline · plan.yaml:88
-- way back: makes index public.events_by_region on public.events again as it was
-- ACCESS EXCLUSIVE on public.events_by_region, public.events_rest_region_idx; SHARE on
--   public.events, public.events_1, public.events_rest, public.events_rest_0; reads all of
--   public.events, public.events_1, public.events_rest, public.events_rest_0
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.events_by_region_4.set_aside');
CREATE INDEX events_by_region ON ONLY public.events USING btree (region);
CREATE INDEX events_1_region_idx ON public.events_1 USING btree (region);
ALTER INDEX public.events_by_region ATTACH PARTITION public.events_1_region_idx;
CREATE INDEX events_rest_region_idx ON ONLY public.events_rest USING btree (region);
ALTER INDEX public.events_by_region ATTACH PARTITION public.events_rest_region_idx;
CREATE INDEX events_rest_0_region_idx ON public.events_rest_0 USING btree (region);
ALTER INDEX public.events_rest_region_idx ATTACH PARTITION public.events_rest_0_region_idx;
CALL rekey.end_undo('020.events_by_region_4.set_aside');
COMMIT;

-- step 020.tenants.vacuum · offline · outside of a transaction · plan.yaml:7
-- way back: fresh statistics and visibility map for public.tenants
-- SHARE UPDATE EXCLUSIVE on public.tenants; reads all of public.tenants
CALL rekey.begin_undo('020.tenants.vacuum');
VACUUM (ANALYZE) public.tenants;
CALL rekey.end_undo('020.tenants.vacuum', analyzed => 'public.tenants');

-- step 020.events.vacuum · offline · outside of a transaction · plan.yaml:12
-- way back: fresh statistics and visibility map for public.events
-- SHARE UPDATE EXCLUSIVE on public.events, public.events_1, public.events_rest,
--   public.events_rest_0; reads all of public.events
CALL rekey.begin_undo('020.events.vacuum');
VACUUM (ANALYZE) public.events;
CALL rekey.end_undo('020.events.vacuum', analyzed => 'public.events');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.tenants, public.events, public.events_1, public.events_rest,
--   public.events_rest_0
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.tenants;
DROP TRIGGER rekey_fence ON public.events;
DROP TRIGGER rekey_fence ON public.events_1;
DROP TRIGGER rekey_fence ON public.events_rest;
DROP TRIGGER rekey_fence ON public.events_rest_0;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

