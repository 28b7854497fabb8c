-- Plan generators, phase 020 all (2 of 2): the way back
-- Plan digest sha256:da4289ea3be0c8525983d99528b260322b77c8527516e2d92d5d3ffda4d50a89
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-all/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-all/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · offline · plan.yaml:9
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.by_plan, public.by_time, public.by_chance, public.in_order,
--   public.by_name; reads all of public.by_plan, public.by_time, public.by_chance, public.in_order,
--   public.by_name
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
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
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.by_time.attach · offline · plan.yaml:17
-- way back: sets 1 foreign key of public.by_time aside
-- ACCESS EXCLUSIVE on public.by_time, public.by_plan
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_time.attach');
ALTER TABLE public.by_time
  DROP CONSTRAINT by_time_plan_id_fkey;
CALL rekey.end_undo('020.by_time.attach');
COMMIT;

-- step 020.by_chance.attach · offline · plan.yaml:27
-- way back: sets 1 foreign key of public.by_chance aside
-- ACCESS EXCLUSIVE on public.by_chance, public.by_time
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_chance.attach');
ALTER TABLE public.by_chance
  DROP CONSTRAINT by_chance_time_id_fkey;
CALL rekey.end_undo('020.by_chance.attach');
COMMIT;

-- step 020.by_name.attach · offline · plan.yaml:42
-- way back: sets 2 foreign keys of public.by_name aside
-- ACCESS EXCLUSIVE on public.by_name, public.by_chance, public.by_time
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_name.attach');
ALTER TABLE public.by_name
  DROP CONSTRAINT by_name_chance_id_fkey,
  DROP CONSTRAINT by_name_time_id_fkey;
CALL rekey.end_undo('020.by_name.attach');
COMMIT;

-- step 020.by_plan.keys · offline · plan.yaml:15
-- way back: gives rows of public.by_plan.id written since a legacy id
-- ACCESS SHARE on public.by_plan; reads all of public.by_plan
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_plan.keys');
CALL rekey.assign_legacy_ids('public.by_plan.id');
CALL rekey.end_undo('020.by_plan.keys');
COMMIT;

-- step 020.by_time.keys · offline · plan.yaml:22
-- way back: gives rows of public.by_time.id written since a legacy id
-- ACCESS SHARE on public.by_time; reads all of public.by_time
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_time.keys');
CALL rekey.assign_legacy_ids('public.by_time.id');
CALL rekey.end_undo('020.by_time.keys');
COMMIT;

-- step 020.by_chance.keys · offline · plan.yaml:31
-- way back: gives rows of public.by_chance.id written since a legacy id
-- ACCESS SHARE on public.by_chance; reads all of public.by_chance
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_chance.keys');
CALL rekey.assign_legacy_ids('public.by_chance.id');
CALL rekey.end_undo('020.by_chance.keys');
COMMIT;

-- step 020.in_order.keys · offline · plan.yaml:40
-- way back: gives rows of public.in_order.id written since a legacy id
-- ACCESS SHARE on public.in_order; reads all of public.in_order
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.in_order.keys');
CALL rekey.assign_legacy_ids('public.in_order.id');
CALL rekey.end_undo('020.in_order.keys');
COMMIT;

-- step 020.by_name.keys · offline · plan.yaml:48
-- way back: gives rows of public.by_name.id written since a legacy id
-- ACCESS SHARE on public.by_name; reads all of public.by_name
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_name.keys');
CALL rekey.assign_legacy_ids('public.by_name.id');
CALL rekey.end_undo('020.by_name.keys');
COMMIT;

-- step 020.by_plan.rewrite · offline · plan.yaml:12
-- way back: public.by_plan: id back to their old types
-- ACCESS EXCLUSIVE on public.by_plan; rewrites public.by_plan; reads all of public.by_plan
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_plan.rewrite');
LOCK TABLE public.by_plan IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_plan.rewrite', 'before', 'public.by_plan', ARRAY['id']);
ALTER TABLE public.by_plan
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE integer
    USING rekey.keyed_back(id, 'public.by_plan.id')::integer;
CALL rekey.measure('020.by_plan.rewrite', 'after', 'public.by_plan', ARRAY['id']);
CALL rekey.end_undo('020.by_plan.rewrite');
COMMIT;

-- step 020.by_time.rewrite · offline · plan.yaml:17
-- way back: public.by_time: id, plan_id back to their old types
-- ACCESS EXCLUSIVE on public.by_time; rewrites public.by_time; reads all of public.by_time
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_time.rewrite');
LOCK TABLE public.by_time IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_time.rewrite', 'before', 'public.by_time', ARRAY['id', 'plan_id']);
ALTER TABLE public.by_time
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT nextval('public.by_time_id_seq'::regclass),
  ALTER COLUMN id TYPE integer
    USING rekey.timed_back(id, 'public.by_time.id')::integer,
  ALTER COLUMN plan_id TYPE integer
    USING rekey.keyed_back(plan_id, 'public.by_plan.id')::integer;
CALL rekey.measure('020.by_time.rewrite', 'after', 'public.by_time', ARRAY['id', 'plan_id']);
CALL rekey.end_undo('020.by_time.rewrite');
COMMIT;

-- step 020.by_chance.rewrite · offline · plan.yaml:27
-- way back: public.by_chance: id, time_id back to their old types
-- ACCESS EXCLUSIVE on public.by_chance; rewrites public.by_chance; reads all of public.by_chance
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_chance.rewrite');
LOCK TABLE public.by_chance IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_chance.rewrite', 'before', 'public.by_chance', ARRAY['id', 'time_id']);
ALTER TABLE public.by_chance
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT nextval('public.by_chance_id_seq'::regclass),
  ALTER COLUMN id TYPE smallint
    USING rekey.random_back(id, 'public.by_chance.id')::smallint,
  ALTER COLUMN time_id TYPE integer
    USING rekey.timed_back(time_id, 'public.by_time.id')::integer;
CALL rekey.measure('020.by_chance.rewrite', 'after', 'public.by_chance', ARRAY['id', 'time_id']);
CALL rekey.end_undo('020.by_chance.rewrite');
COMMIT;

-- step 020.in_order.rewrite · offline · plan.yaml:36
-- way back: public.in_order: id back to their old types
-- ACCESS EXCLUSIVE on public.in_order; rewrites public.in_order; reads all of public.in_order
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.in_order.rewrite');
LOCK TABLE public.in_order IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.in_order.rewrite', 'before', 'public.in_order', ARRAY['id']);
ALTER TABLE public.in_order
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE bigint
    USING rekey.ordered_back(id, 'public.in_order.id')::bigint;
CALL rekey.measure('020.in_order.rewrite', 'after', 'public.in_order', ARRAY['id']);
CALL rekey.end_undo('020.in_order.rewrite');
COMMIT;

-- step 020.by_name.rewrite · offline · plan.yaml:42
-- way back: public.by_name: id, chance_id, time_id back to their old types
-- ACCESS EXCLUSIVE on public.by_name; rewrites public.by_name; reads all of public.by_name
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_name.rewrite');
LOCK TABLE public.by_name IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.by_name.rewrite', 'before', 'public.by_name', ARRAY['id', 'chance_id', 'time_id']);
ALTER TABLE public.by_name
  ALTER COLUMN id SET DEFAULT nextval('public.by_name_id_seq'::regclass),
  ALTER COLUMN id TYPE integer
    USING rekey.named_back(id, 'public.by_name.id')::integer,
  ALTER COLUMN chance_id TYPE smallint
    USING rekey.random_back(chance_id, 'public.by_chance.id')::smallint,
  ALTER COLUMN time_id TYPE integer
    USING rekey.timed_back(time_id, 'public.by_time.id')::integer;
CALL rekey.measure('020.by_name.rewrite', 'after', 'public.by_name', ARRAY['id', 'chance_id', 'time_id']);
CALL rekey.end_undo('020.by_name.rewrite');
COMMIT;

-- step 020.by_time.detach · offline · plan.yaml:17
-- way back: puts 1 foreign key of public.by_time back, not yet validated
-- SHARE ROW EXCLUSIVE on public.by_time, public.by_plan
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_time.detach');
ALTER TABLE public.by_time
  ADD CONSTRAINT by_time_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.by_plan(id) NOT VALID;
CALL rekey.end_undo('020.by_time.detach');
COMMIT;

-- step 020.by_chance.detach · offline · plan.yaml:27
-- way back: puts 1 foreign key of public.by_chance back, not yet validated
-- SHARE ROW EXCLUSIVE on public.by_chance, public.by_time
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_chance.detach');
ALTER TABLE public.by_chance
  ADD CONSTRAINT by_chance_time_id_fkey FOREIGN KEY (time_id) REFERENCES public.by_time(id) NOT VALID;
CALL rekey.end_undo('020.by_chance.detach');
COMMIT;

-- step 020.by_name.detach · offline · plan.yaml:42
-- way back: puts 2 foreign keys of public.by_name back, not yet validated
-- SHARE ROW EXCLUSIVE on public.by_name, public.by_chance, public.by_time
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_name.detach');
ALTER TABLE public.by_name
  ADD CONSTRAINT by_name_chance_id_fkey FOREIGN KEY (chance_id) REFERENCES public.by_chance(id) NOT VALID,
  ADD CONSTRAINT by_name_time_id_fkey FOREIGN KEY (time_id) REFERENCES public.by_time(id) NOT VALID;
CALL rekey.end_undo('020.by_name.detach');
COMMIT;

-- step 020.by_time.validate · offline · plan.yaml:17
-- way back: checks every row of public.by_time against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.by_time; ROW SHARE on public.by_plan; reads all of
--   public.by_time
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_time.validate');
ALTER TABLE public.by_time
  VALIDATE CONSTRAINT by_time_plan_id_fkey;
CALL rekey.end_undo('020.by_time.validate');
COMMIT;

-- step 020.by_chance.validate · offline · plan.yaml:27
-- way back: checks every row of public.by_chance against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.by_chance; ROW SHARE on public.by_time; reads all of
--   public.by_chance
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_chance.validate');
ALTER TABLE public.by_chance
  VALIDATE CONSTRAINT by_chance_time_id_fkey;
CALL rekey.end_undo('020.by_chance.validate');
COMMIT;

-- step 020.by_name.validate · offline · plan.yaml:42
-- way back: checks every row of public.by_name against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.by_name; ROW SHARE on public.by_chance, public.by_time; reads
--   all of public.by_name
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.by_name.validate');
ALTER TABLE public.by_name
  VALIDATE CONSTRAINT by_name_chance_id_fkey,
  VALIDATE CONSTRAINT by_name_time_id_fkey;
CALL rekey.end_undo('020.by_name.validate');
COMMIT;

-- step 020.by_plan.vacuum · offline · outside of a transaction · plan.yaml:12
-- way back: fresh statistics and visibility map for public.by_plan
-- SHARE UPDATE EXCLUSIVE on public.by_plan; reads all of public.by_plan
CALL rekey.begin_undo('020.by_plan.vacuum');
VACUUM (ANALYZE) public.by_plan;
CALL rekey.end_undo('020.by_plan.vacuum', analyzed => 'public.by_plan');

-- step 020.by_time.vacuum · offline · outside of a transaction · plan.yaml:17
-- way back: fresh statistics and visibility map for public.by_time
-- SHARE UPDATE EXCLUSIVE on public.by_time; reads all of public.by_time
CALL rekey.begin_undo('020.by_time.vacuum');
VACUUM (ANALYZE) public.by_time;
CALL rekey.end_undo('020.by_time.vacuum', analyzed => 'public.by_time');

-- step 020.by_chance.vacuum · offline · outside of a transaction · plan.yaml:27
-- way back: fresh statistics and visibility map for public.by_chance
-- SHARE UPDATE EXCLUSIVE on public.by_chance; reads all of public.by_chance
CALL rekey.begin_undo('020.by_chance.vacuum');
VACUUM (ANALYZE) public.by_chance;
CALL rekey.end_undo('020.by_chance.vacuum', analyzed => 'public.by_chance');

-- step 020.in_order.vacuum · offline · outside of a transaction · plan.yaml:36
-- way back: fresh statistics and visibility map for public.in_order
-- SHARE UPDATE EXCLUSIVE on public.in_order; reads all of public.in_order
CALL rekey.begin_undo('020.in_order.vacuum');
VACUUM (ANALYZE) public.in_order;
CALL rekey.end_undo('020.in_order.vacuum', analyzed => 'public.in_order');

-- step 020.by_name.vacuum · offline · outside of a transaction · plan.yaml:42
-- way back: fresh statistics and visibility map for public.by_name
-- SHARE UPDATE EXCLUSIVE on public.by_name; reads all of public.by_name
CALL rekey.begin_undo('020.by_name.vacuum');
VACUUM (ANALYZE) public.by_name;
CALL rekey.end_undo('020.by_name.vacuum', analyzed => 'public.by_name');

-- step 020.open · offline · plan.yaml:9
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.by_plan, public.by_time, public.by_chance, public.in_order,
--   public.by_name
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.by_plan;
DROP TRIGGER rekey_fence ON public.by_time;
DROP TRIGGER rekey_fence ON public.by_chance;
DROP TRIGGER rekey_fence ON public.in_order;
DROP TRIGGER rekey_fence ON public.by_name;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

