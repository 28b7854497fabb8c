-- Plan online, phase 020 users: swap (3 of 4): the way forward
-- Plan digest sha256:bcabc84c4bba6504767fa9936b7446403b8ff8d6cb6663c9f183eeae4d5de1d7
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
CALL rekey.open_phase('020', 'users: swap', 'sha256:bcabc84c4bba6504767fa9936b7446403b8ff8d6cb6663c9f183eeae4d5de1d7', '015');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.compare","020.orders.compare","020.swap","020.orders.validate","020.users.settle","020.orders.settle","020.close"],"9b87b3e8dc56810fc15d09d664a35839a28a74ae6609d4c01400f9449309b24c","d4d5b5e740585471f440c82310a0ee1bed4aabedb8c624262ef037b9ed9e6890"],
["020.users.compare",true,false,["020.open"],["020.swap"],"3b69c15cfd9c0415763508844321d6585f586d105cda31fb3706b5bf234ec175","cc8ed24f46991298ea441da7f8c48a4a5f2c66cb67728238015122b3e56056fd"],
["020.orders.compare",true,false,["020.open"],["020.swap"],"172eba8065307b5d6940c1196f7c72a3069ff34432cae0dd3b8ffed8e4e88770","1ea7b80b3950964911c2924c7c6f7ffaf43f568025450e9c023865e21be643d8"],
["020.swap",true,false,["020.users.compare","020.orders.compare"],["020.users.settle","020.orders.settle"],"41d9d5ed37a7922f2491cd6a8f8564e16cdbe340fa8abd0a6a950679be0eb78e","1c16fe759d08b2df25351d75b0226d829ac80fa47ea1e7cb0f754c0b7d926bc8"],
["020.orders.validate",true,true,["020.swap"],["020.swap"],"f34c2a0cb3cb7421646dfffccaa9eaac9176ef52da24e803e7ed63ce6f3472c2","71a4eb99fcce41e28a58c464b962f08b876b6ea5dc1f9c7ce2a8dce13a71cd4e"],
["020.users.settle",false,true,["020.swap"],["020.close"],"fdad65fd6ca68f92786b48301532932e3ed5ae896a6ad75f9980382b9c563fb2","7550909f7c405fb256fe94d3a25b1387a042d1f4df4e819ffa029a234d0bef36"],
["020.orders.settle",false,true,["020.swap"],["020.close"],"b203af8cbd5fdc0b79051a6656301ae1be663f5a72827e8a32ebf0adc026d7ff","eb53ef09cfa5f65825aaffb0f46e9ffe58a21b43f88eadd30df2c99dd5045c9d"],
["020.close",true,false,["020.swap","020.users.settle","020.orders.settle","020.orders.validate"],[],"0c627a9b98a1295938c7f5a36f1bf8096d0746fc00520f5c27b7e03daf7585f8","2a2499ee47cc1e7dccc82115fd7703d0a7dcddd6b3c3cbc3f60ba5c61b9973ce"]
]$steps$);
CALL rekey.begin_step('020.open');
UPDATE rekey.domains SET phase = '020' WHERE phase = '015';
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.compare · online · plan.yaml:8
-- every row of public.users has the new key of its old one
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.compare');
CALL rekey.expect_agreement('public.users', $query$t.rekey_new_id_1 IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.users.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.old_key = t.id AND k.new_key = t.rekey_new_id_1)$query$);
CALL rekey.end_step('020.users.compare');
COMMIT;

-- step 020.orders.compare · online · plan.yaml:11
-- every row of public.orders has the new key of its old one
-- ACCESS SHARE on public.orders; reads all of public.orders
-- goes back with 020.orders.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.orders.compare');
CALL rekey.expect_agreement('public.orders', $query$t.rekey_new_id_2 IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.orders.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.old_key = t.id AND k.new_key = t.rekey_new_id_2) OR t.rekey_new_user_id_3 IS DISTINCT FROM rekey.ordered(t.user_id, rekey.domain_secret('public.users.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id AND k.new_key = t.rekey_new_user_id_3)$query$);
CALL rekey.end_step('020.orders.compare');
COMMIT;

-- step 020.swap · online
-- the new keys take the names of the old ones in 2 tables
-- ACCESS EXCLUSIVE on public.users, public.orders, public.buyers
-- goes back with 020.swap in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.swap');
CALL rekey.begin_ids('rekey.ids_1', 'public.users.id', 'public.users', 'id');
CREATE FUNCTION rekey.old_key_1(of_key uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
#variable_conflict use_variable
DECLARE
  drawn bigint;
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  ELSIF rekey.is_ordered(of_key, rekey.domain_secret('public.users.id')) THEN
    RETURN rekey.ordered_id(of_key);
  END IF;
  LOOP
    SELECT old_key INTO drawn FROM rekey.keys WHERE domain = 'public.users.id' AND new_key = of_key;
    IF FOUND THEN
      RETURN drawn;
    END IF;
    drawn := nextval('rekey.ids_1');
    CONTINUE WHEN EXISTS (SELECT FROM public.users r WHERE r.id = rekey.ordered(drawn, rekey.domain_secret('public.users.id')));
    INSERT INTO rekey.keys VALUES ('public.users.id', drawn, of_key, true) ON CONFLICT DO NOTHING;
  END LOOP;
END
$query$;
CALL rekey.begin_ids('rekey.ids_2', 'public.orders.id', 'public.orders', 'id');
CREATE FUNCTION rekey.old_key_2(of_key uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
#variable_conflict use_variable
DECLARE
  drawn bigint;
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  ELSIF rekey.is_ordered(of_key, rekey.domain_secret('public.orders.id')) THEN
    RETURN rekey.ordered_id(of_key);
  END IF;
  LOOP
    SELECT old_key INTO drawn FROM rekey.keys WHERE domain = 'public.orders.id' AND new_key = of_key;
    IF FOUND THEN
      RETURN drawn;
    END IF;
    drawn := nextval('rekey.ids_2');
    CONTINUE WHEN EXISTS (SELECT FROM public.orders r WHERE r.id = rekey.ordered(drawn, rekey.domain_secret('public.orders.id')));
    INSERT INTO rekey.keys VALUES ('public.orders.id', drawn, of_key, true) ON CONFLICT DO NOTHING;
  END LOOP;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_old_id_1 := rekey.old_key_1(NEW.id);
  RETURN NEW;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  NEW.rekey_old_id_2 := rekey.old_key_2(NEW.id);
  NEW.rekey_old_user_id_3 := rekey.old_key_1(NEW.user_id);
  RETURN NEW;
END
$query$;
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE public.users, public.orders IN SHARE UPDATE EXCLUSIVE MODE;
CALL rekey.expect_indexes('public.users', ARRAY['id'], '{}');
CALL rekey.expect_indexes('public.orders', ARRAY['id', 'user_id'], ARRAY['orders_user_id']);
CALL rekey.copy_column_settings('public.users', 'id', 'rekey_new_id_1');
CALL rekey.copy_column_settings('public.orders', 'id', 'rekey_new_id_2');
CALL rekey.copy_column_settings('public.orders', 'user_id', 'rekey_new_user_id_3');
CALL rekey.plan_changes($swap$
CALL rekey.catch_up_ids('rekey.ids_1', 'public.users.id');
CALL rekey.catch_up_ids('rekey.ids_2', 'public.orders.id');
ALTER TABLE public.orders
  DROP CONSTRAINT orders_user_id_fkey;
ALTER TABLE public.users RENAME COLUMN id TO rekey_old_id_1;
ALTER TABLE public.users RENAME COLUMN rekey_new_id_1 TO id;
SELECT rekey.index_exchange('public.users', NULL, 'rekey_twin_1_1', 'rekey_old_key_1_1', ARRAY['id', 'rekey_new_id_1'], ARRAY['rekey_old_id_1', 'id']);
ALTER TABLE public.users ALTER COLUMN rekey_old_id_1 DROP DEFAULT;
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT public.uuidv7();
ALTER TABLE public.orders RENAME COLUMN id TO rekey_old_id_2;
ALTER TABLE public.orders RENAME COLUMN rekey_new_id_2 TO id;
ALTER TABLE public.orders RENAME COLUMN user_id TO rekey_old_user_id_3;
ALTER TABLE public.orders RENAME COLUMN rekey_new_user_id_3 TO user_id;
SELECT rekey.index_exchange('public.orders', NULL, 'rekey_twin_2_1', 'rekey_old_key_2_1', ARRAY['id', 'rekey_new_id_2', 'user_id', 'rekey_new_user_id_3'], ARRAY['rekey_old_id_2', 'id', 'rekey_old_user_id_3', 'user_id']);
SELECT rekey.index_exchange('public.orders', 'orders_user_id', 'rekey_twin_2_2', 'rekey_old_key_2_2', ARRAY['id', 'rekey_new_id_2', 'user_id', 'rekey_new_user_id_3'], ARRAY['rekey_old_id_2', 'id', 'rekey_old_user_id_3', 'user_id']);
ALTER TABLE public.orders ALTER COLUMN rekey_old_id_2 DROP DEFAULT;
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT public.uuidv7();
ALTER TABLE public.orders
  ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE NOT VALID;
$swap$);
-- All of them at once or none, in many tries, some of which take their turn for a short time.
-- Locking a view locks what it reads, for as long.
CALL rekey.lock_out('public.buyers', 'public.users', 'public.orders');
DROP VIEW public.buyers;
CALL rekey.make_changes();
CREATE VIEW public.buyers AS
 SELECT users.id
   FROM public.users;
CALL rekey.end_step('020.swap');
COMMIT;

-- step 020.orders.validate · online · plan.yaml:11
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

-- step 020.users.settle · online · outside of a transaction · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.users.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.settle');
CALL rekey.end_step('020.users.settle');

-- step 020.orders.settle · online · outside of a transaction · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.orders.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.orders.settle');
CALL rekey.end_step('020.orders.settle');

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

