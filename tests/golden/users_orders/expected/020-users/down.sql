-- Plan users and orders, phase 020 users (2 of 3): the way back
-- Plan digest sha256:df205b6249c13293b3627bae76123cf3aefceee471198da8e459d8782504fc99
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '5s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET maintenance_work_mem = '256MB';

-- step 020.close · offline · plan.yaml:9
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on public.users, public.orders; reads all of public.users, public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.orders
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.users.attach · offline · plan.yaml:19
-- way back: sets 1 foreign key of public.users aside
-- ACCESS EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.users.attach');
ALTER TABLE public.users
  DROP CONSTRAINT users_manager_id_fkey;
CALL rekey.end_undo('020.users.attach');
COMMIT;

-- step 020.orders.attach · offline · plan.yaml:27
-- way back: sets 1 foreign key of public.orders aside
-- ACCESS EXCLUSIVE on public.orders, public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.orders.attach');
ALTER TABLE public.orders
  DROP CONSTRAINT orders_user_id_fkey;
CALL rekey.end_undo('020.orders.attach');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:22
-- way back: gives rows of public.users.user_id written since a legacy id
-- ACCESS SHARE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.users.keys');
CALL rekey.assign_legacy_ids('public.users.user_id');
CALL rekey.end_undo('020.users.keys');
COMMIT;

-- step 020.orders.keys · offline · plan.yaml:30
-- way back: gives rows of public.orders.order_id written since a legacy id
-- ACCESS SHARE on public.orders; reads all of public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.orders.keys');
CALL rekey.assign_legacy_ids('public.orders.order_id');
CALL rekey.end_undo('020.orders.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:19
-- way back: public.users: user_id, manager_id back to their old types
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id', 'manager_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id DROP DEFAULT,
  ALTER COLUMN user_id SET DEFAULT nextval('public.users_user_id_seq'::regclass),
  ALTER COLUMN user_id TYPE integer
    USING rekey.ordered_back(user_id, 'public.users.user_id')::integer,
  ALTER COLUMN manager_id TYPE integer
    USING rekey.ordered_back(manager_id, 'public.users.user_id')::integer;
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id', 'manager_id']);
CALL rekey.end_undo('020.users.rewrite');
COMMIT;

-- step 020.orders.rewrite · offline · plan.yaml:27
-- way back: public.orders: order_id, user_id back to their old types
-- ACCESS EXCLUSIVE on public.orders; rewrites public.orders; reads all of public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.orders.rewrite');
LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.orders.rewrite', 'before', 'public.orders', ARRAY['order_id', 'user_id']);
ALTER TABLE public.orders
  ALTER COLUMN order_id DROP DEFAULT,
  ALTER COLUMN order_id TYPE bigint
    USING rekey.ordered_back(order_id, 'public.orders.order_id')::bigint,
  ALTER COLUMN user_id TYPE bigint
    USING rekey.ordered_back(user_id, 'public.users.user_id')::bigint;
ALTER TABLE public.orders ALTER COLUMN order_id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME public.orders_order_id_seq START WITH 100);
CALL rekey.restore_sequence('public.orders', 'order_id');
CALL rekey.measure('020.orders.rewrite', 'after', 'public.orders', ARRAY['order_id', 'user_id']);
CALL rekey.end_undo('020.orders.rewrite');
COMMIT;

-- step 020.users.detach · offline · plan.yaml:19
-- way back: puts 1 foreign key of public.users back, not yet validated
-- SHARE ROW EXCLUSIVE on public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.users.detach');
ALTER TABLE public.users
  ADD CONSTRAINT users_manager_id_fkey FOREIGN KEY (manager_id) REFERENCES public.users(user_id) ON DELETE SET NULL NOT VALID;
CALL rekey.end_undo('020.users.detach');
COMMIT;

-- step 020.orders.detach · offline · plan.yaml:27
-- way back: puts 1 foreign key of public.orders back, not yet validated
-- SHARE ROW EXCLUSIVE on public.orders, public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.orders.detach');
ALTER TABLE public.orders
  ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(user_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID;
COMMENT ON CONSTRAINT orders_user_id_fkey ON public.orders IS 'who pays; never a guest';
CALL rekey.end_undo('020.orders.detach');
COMMIT;

-- step 020.users.validate · offline · plan.yaml:19
-- way back: checks every row of public.users against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.users.validate');
ALTER TABLE public.users
  VALIDATE CONSTRAINT users_manager_id_fkey;
CALL rekey.end_undo('020.users.validate');
COMMIT;

-- step 020.orders.validate · offline · plan.yaml:27
-- way back: checks every row of public.orders against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.orders; ROW SHARE on public.users; reads all of public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.orders.validate');
ALTER TABLE public.orders
  VALIDATE CONSTRAINT orders_user_id_fkey;
CALL rekey.end_undo('020.orders.validate');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:19
-- way back: fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
CALL rekey.begin_undo('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_undo('020.users.vacuum', analyzed => 'public.users');

-- step 020.orders.vacuum · offline · outside of a transaction · plan.yaml:27
-- way back: fresh statistics and visibility map for public.orders
-- SHARE UPDATE EXCLUSIVE on public.orders; reads all of public.orders
CALL rekey.begin_undo('020.orders.vacuum');
VACUUM (ANALYZE) public.orders;
CALL rekey.end_undo('020.orders.vacuum', analyzed => 'public.orders');

-- step 020.open · offline · plan.yaml:9
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.users, public.orders
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.orders;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

