-- Plan online, phase 020 users: swap (3 of 4): the way forward
-- Plan digest sha256:1d552746ba97640edf5202f7b12bc584a06eb450788eca993df032575746fed0
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users-swap/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users-swap/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · online
-- opens phase 020
-- no lock on your tables
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'users: swap', 'sha256:1d552746ba97640edf5202f7b12bc584a06eb450788eca993df032575746fed0', '015');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.compare","020.orders.compare","020.swap","020.orders.validate","020.users.required_back","020.orders.required_back","020.users.require_back","020.orders.require_back","020.close"],"6555da96b7ddc78792c0cff4a23e2cc2d53cbdc4c14fcf8eef6e62edbd817681","d4d5b5e740585471f440c82310a0ee1bed4aabedb8c624262ef037b9ed9e6890"],
["020.users.compare",true,false,["020.open"],["020.swap"],"c7eae0f2c187ab4228ce3d34c910dcd212da488d055e63de0bea223c4e800f89","cc8ed24f46991298ea441da7f8c48a4a5f2c66cb67728238015122b3e56056fd"],
["020.orders.compare",true,false,["020.open"],["020.swap"],"020ffe8252400d2156af3fa09a2352b0d378e8f8f9628d2de11b505741610aa6","1ea7b80b3950964911c2924c7c6f7ffaf43f568025450e9c023865e21be643d8"],
["020.swap",true,false,["020.users.compare","020.orders.compare"],["020.users.required_back","020.orders.required_back"],"b5decd79bfc14af7f375efb965fe6e50ad9c050d19fe038f9f89273ec61209eb","ac0c95c8316676f2326757f9f74db03c78cf71980f5fdd69cbea3936ce84ffd7"],
["020.orders.validate",true,true,["020.swap"],["020.swap"],"f34c2a0cb3cb7421646dfffccaa9eaac9176ef52da24e803e7ed63ce6f3472c2","71a4eb99fcce41e28a58c464b962f08b876b6ea5dc1f9c7ce2a8dce13a71cd4e"],
["020.users.required_back",true,false,["020.swap"],["020.users.require_back"],"01e70fb0a6a0c8a70299dd245e6af1278e197e75885ab72421e4778c7ece4966","6c9966930ac375b4e72bb0a8232cc831f1b2adb010633b0440f4445b5dd603c3"],
["020.orders.required_back",true,false,["020.swap"],["020.orders.require_back"],"f209f4f3467bafe9d16627036317dfb89b6e96d486c7754f5c117e4d10ecd9e7","81e839e2e559e77ce1296cbace69b77a76a75b08217602daf187acaa3ebe58fe"],
["020.users.require_back",true,false,["020.swap"],["020.close"],"164b45ff1e49be93d271b57296234ab7317ac7d9a42de9c4c29ade4a76afb426","76d2290762d8c9523f836a745406d150f71392b15cf09b897503e432718beae6"],
["020.orders.require_back",true,false,["020.swap"],["020.close"],"deee8e2212baa02684abaebb0677f82c4ec784cee998845ee20583de934223a7","15ac8930bbf2f20c8971fb65956fd75002ababb67570a9d0c3bd803308c668fc"],
["020.close",true,false,["020.swap","020.users.required_back","020.users.require_back","020.orders.required_back","020.orders.require_back","020.orders.validate"],[],"0c627a9b98a1295938c7f5a36f1bf8096d0746fc00520f5c27b7e03daf7585f8","2a2499ee47cc1e7dccc82115fd7703d0a7dcddd6b3c3cbc3f60ba5c61b9973ce"]
]$steps$);
CALL rekey.begin_step('020.open');
UPDATE rekey.domains SET phase = '020' WHERE phase = '015';
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.compare · online · plan.yaml:7
-- every row of public.users has the new key of its old one
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.compare');
CALL rekey.expect_agreement('public.users', $query$t.rekey_new_id IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.users.id'))$query$);
CALL rekey.end_step('020.users.compare');
COMMIT;

-- step 020.orders.compare · online · plan.yaml:10
-- every row of public.orders has the new key of its old one
-- ACCESS SHARE on public.orders; reads all of public.orders
-- goes back with 020.orders.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.orders.compare');
CALL rekey.expect_agreement('public.orders', $query$t.rekey_new_id IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.orders.id')) OR t.rekey_new_user_id IS DISTINCT FROM rekey.ordered(t.user_id, rekey.domain_secret('public.users.id'))$query$);
CALL rekey.end_step('020.orders.compare');
COMMIT;

-- step 020.swap · online
-- the new keys take the names of the old ones in 2 tables
-- ACCESS EXCLUSIVE on public.users, public.orders, public.buyers
-- goes back with 020.swap in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.swap');
LOCK TABLE public.users, public.orders IN ACCESS EXCLUSIVE MODE NOWAIT;
DROP VIEW public.buyers;
ALTER TABLE public.orders DROP CONSTRAINT orders_user_id_fkey;
DROP TRIGGER "~rekey_insert" ON public.users;
DROP TRIGGER "~rekey_update" ON public.users;
ALTER TABLE public.users RENAME COLUMN id TO rekey_old_id;
ALTER TABLE public.users RENAME COLUMN rekey_new_id TO id;
CALL rekey.set_required('public.users', ARRAY['rekey_old_id'], ARRAY['id']);
CALL rekey.swap_index('public.users', NULL, 'rekey_twin_1_1', 'rekey_old_key_1_1');
CALL rekey.copy_column_settings('public.users', 'rekey_old_id', 'id');
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT public.uuidv7();
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND rekey.is_ordered(NEW.id, rekey.domain_secret('public.users.id')) THEN
    NEW.rekey_old_id := rekey.ordered_id(NEW.id);
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.users
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_1();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER "~rekey_insert";
DROP TRIGGER "~rekey_insert" ON public.orders;
DROP TRIGGER "~rekey_update" ON public.orders;
ALTER TABLE public.orders RENAME COLUMN id TO rekey_old_id;
ALTER TABLE public.orders RENAME COLUMN rekey_new_id TO id;
ALTER TABLE public.orders RENAME COLUMN user_id TO rekey_old_user_id;
ALTER TABLE public.orders RENAME COLUMN rekey_new_user_id TO user_id;
CALL rekey.set_required('public.orders', ARRAY['rekey_old_id', 'rekey_old_user_id'], ARRAY['id', 'user_id']);
CALL rekey.swap_index('public.orders', NULL, 'rekey_twin_2_1', 'rekey_old_key_2_1');
CALL rekey.swap_index('public.orders', 'orders_user_id', 'rekey_twin_2_2', 'rekey_old_key_2_2');
CALL rekey.copy_column_settings('public.orders', 'rekey_old_id', 'id');
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT public.uuidv7();
CALL rekey.copy_column_settings('public.orders', 'rekey_old_user_id', 'user_id');
CALL rekey.relax('public.orders', ARRAY['rekey_old_user_id']);
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND rekey.is_ordered(NEW.id, rekey.domain_secret('public.orders.id')) THEN
    NEW.rekey_old_id := rekey.ordered_id(NEW.id);
  END IF;
  IF NEW.user_id IS NULL THEN
    NEW.rekey_old_user_id := NULL;
  ELSE
    SELECT r.rekey_old_id INTO NEW.rekey_old_user_id FROM public.users r WHERE r.id = NEW.user_id;
    IF NOT FOUND AND rekey.is_ordered(NEW.user_id, rekey.domain_secret('public.users.id')) THEN
      NEW.rekey_old_user_id := rekey.ordered_id(NEW.user_id);
    END IF;
  END IF;
  RETURN NEW;
END
$query$;
CREATE TRIGGER "~rekey_insert" BEFORE INSERT ON public.orders
  FOR EACH ROW EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_insert";
CREATE TRIGGER "~rekey_update" BEFORE UPDATE ON public.orders
  FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
  EXECUTE FUNCTION rekey.sync_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_update";
CREATE OR REPLACE FUNCTION rekey.late_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  UPDATE public.orders t SET rekey_old_user_id = r.rekey_old_id FROM public.users r
  WHERE r.id = t.user_id AND t.user_id = NEW.user_id AND t.rekey_old_user_id IS NULL;
  RETURN NEW;
END
$query$;
CREATE CONSTRAINT TRIGGER "~rekey_late" AFTER INSERT OR UPDATE ON public.orders
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.user_id IS NOT NULL AND NEW.rekey_old_user_id IS NULL)
  EXECUTE FUNCTION rekey.late_2();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_late";
CALL rekey.lead_sequence('public.users_id_seq', 'public.users', 'rekey_old_id');
CALL rekey.lead_sequence('public.orders_id_seq', 'public.orders', 'rekey_old_id');
ALTER TABLE public.orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE NOT VALID;
CREATE VIEW public.buyers AS
 SELECT users.id
   FROM public.users;
CALL rekey.end_step('020.swap');
COMMIT;

-- step 020.orders.validate · online · plan.yaml:10
-- checks every row of public.orders against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.orders; ROW SHARE on public.users; reads all of public.orders
-- goes back with 020.orders.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.orders.validate');
ALTER TABLE public.orders
  VALIDATE CONSTRAINT orders_user_id_fkey;
CALL rekey.end_step('020.orders.validate');
COMMIT;

-- step 020.users.required_back · online · plan.yaml:7
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.users.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.required_back');
CALL rekey.end_step('020.users.required_back');
COMMIT;

-- step 020.orders.required_back · online · plan.yaml:10
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.orders.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.orders.required_back');
CALL rekey.end_step('020.orders.required_back');
COMMIT;

-- step 020.users.require_back · online · plan.yaml:7
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.users.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.require_back');
CALL rekey.end_step('020.users.require_back');
COMMIT;

-- step 020.orders.require_back · online · plan.yaml:10
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.orders.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.orders.require_back');
CALL rekey.end_step('020.orders.require_back');
COMMIT;

-- step 020.close · online
-- the phase is applied
-- no lock on your tables
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

