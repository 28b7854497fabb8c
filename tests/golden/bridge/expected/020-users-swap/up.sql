-- Plan bridge, phase 020 users: swap (3 of 4): the way forward
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
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
CALL rekey.open_phase('020', 'users: swap', 'sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9', '015');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.compare","020.notes.compare","020.swap","020.notes.validate","020.users.settle","020.notes.settle","020.close"],"afd0a147a2f7852f11c24b85ecc4f54697b6848a81a113db88409750ffad7dcb","d4d5b5e740585471f440c82310a0ee1bed4aabedb8c624262ef037b9ed9e6890"],
["020.users.compare",true,false,["020.open"],["020.swap"],"3b69c15cfd9c0415763508844321d6585f586d105cda31fb3706b5bf234ec175","cc8ed24f46991298ea441da7f8c48a4a5f2c66cb67728238015122b3e56056fd"],
["020.notes.compare",true,false,["020.open"],["020.swap"],"dd590eeddfb49d7708a9854904dae2011baae1f7910062a94f082584aa4970c6","c60aeae841f9497a6843676fb2b9678e0b6f4e2ef06ffa673ca655caed52c433"],
["020.swap",true,false,["020.users.compare","020.notes.compare"],["020.users.settle","020.notes.settle"],"f50c35f46e4a9a9184fb7a5ce387580beda09ab5f665c8d527427daf768fd48b","90ef14401c7f307b933aa7d0631e4d3c45c1a8239c059da219bdad8481d8977e"],
["020.notes.validate",true,true,["020.swap"],["020.swap"],"a5e07887d3f1f1d9627f7620388019d3a61e3466d44eb1a116b8c403ce3867b2","fdca753ce5b85eb3934b20aeca7d28838f657a33d76d25bad2d5fea9d77e81b9"],
["020.users.settle",false,true,["020.swap"],["020.close"],"fdad65fd6ca68f92786b48301532932e3ed5ae896a6ad75f9980382b9c563fb2","7550909f7c405fb256fe94d3a25b1387a042d1f4df4e819ffa029a234d0bef36"],
["020.notes.settle",false,true,["020.swap"],["020.close"],"7bf202efa7ecb1bf0cd93ac717ca5526208e43bf589c5ea25ea267dc772452e8","1a83a1842b3ce5e87aa391724718e2e325d81419955121eb3b44ca111e4acab9"],
["020.close",true,false,["020.swap","020.users.settle","020.notes.settle","020.notes.validate"],[],"0c627a9b98a1295938c7f5a36f1bf8096d0746fc00520f5c27b7e03daf7585f8","2a2499ee47cc1e7dccc82115fd7703d0a7dcddd6b3c3cbc3f60ba5c61b9973ce"]
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

-- step 020.notes.compare · online · plan.yaml:11
-- every row of public.notes has the new key of its old one
-- ACCESS SHARE on public.notes; reads all of public.notes
-- goes back with 020.notes.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.notes.compare');
CALL rekey.expect_agreement('public.notes', $query$t.rekey_new_id_2 IS DISTINCT FROM rekey.ordered(t.id, rekey.domain_secret('public.notes.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.notes.id' AND k.old_key = t.id AND k.new_key = t.rekey_new_id_2) OR t.rekey_new_user_id_3 IS DISTINCT FROM rekey.ordered(t.user_id, rekey.domain_secret('public.users.id')) AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id AND k.new_key = t.rekey_new_user_id_3)$query$);
CALL rekey.end_step('020.notes.compare');
COMMIT;

-- step 020.swap · online
-- the new keys take the names of the old ones in 2 tables
-- ACCESS EXCLUSIVE on public.notes, public.users
-- goes back with 020.swap in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.swap');
CALL rekey.save_sequences('public.users.id');
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
    drawn := nextval('public.users_id_seq');
    CONTINUE WHEN EXISTS (SELECT FROM public.users r WHERE r.id = rekey.ordered(drawn, rekey.domain_secret('public.users.id')));
    INSERT INTO rekey.keys VALUES ('public.users.id', drawn, of_key, true) ON CONFLICT DO NOTHING;
  END LOOP;
END
$query$;
CREATE FUNCTION rekey.new_key_1(of_id bigint) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
  SELECT coalesce((SELECT new_key FROM rekey.keys WHERE domain = 'public.users.id' AND old_key = of_id), rekey.ordered(of_id, rekey.domain_secret('public.users.id')))
$query$;
CALL rekey.begin_ids('rekey.ids_2', 'public.notes.id', 'public.notes', 'id');
CREATE FUNCTION rekey.old_key_2(of_key uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
#variable_conflict use_variable
DECLARE
  drawn bigint;
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  ELSIF rekey.is_ordered(of_key, rekey.domain_secret('public.notes.id')) THEN
    RETURN rekey.ordered_id(of_key);
  END IF;
  LOOP
    SELECT old_key INTO drawn FROM rekey.keys WHERE domain = 'public.notes.id' AND new_key = of_key;
    IF FOUND THEN
      RETURN drawn;
    END IF;
    drawn := nextval('rekey.ids_2');
    CONTINUE WHEN EXISTS (SELECT FROM public.notes r WHERE r.id = rekey.ordered(drawn, rekey.domain_secret('public.notes.id')));
    INSERT INTO rekey.keys VALUES ('public.notes.id', drawn, of_key, true) ON CONFLICT DO NOTHING;
  END LOOP;
END
$query$;
CREATE FUNCTION rekey.new_key_2(of_id bigint) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
  SELECT coalesce((SELECT new_key FROM rekey.keys WHERE domain = 'public.notes.id' AND old_key = of_id), rekey.ordered(of_id, rekey.domain_secret('public.notes.id')))
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.rekey_old_id_1 IS NOT NULL
     OR TG_OP = 'UPDATE' AND NEW.id IS NOT DISTINCT FROM OLD.id AND NEW.rekey_old_id_1 IS DISTINCT FROM OLD.rekey_old_id_1 THEN
    NEW.id := rekey.new_key_1(NEW.rekey_old_id_1);
  ELSIF TG_OP = 'INSERT' OR NEW.id IS DISTINCT FROM OLD.id THEN
    NEW.rekey_old_id_1 := rekey.old_key_1(NEW.id);
  END IF;
  RETURN NEW;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.rekey_old_id_2 IS NOT NULL
     OR TG_OP = 'UPDATE' AND NEW.id IS NOT DISTINCT FROM OLD.id AND NEW.rekey_old_id_2 IS DISTINCT FROM OLD.rekey_old_id_2 THEN
    NEW.id := rekey.new_key_2(NEW.rekey_old_id_2);
  ELSIF TG_OP = 'INSERT' OR NEW.id IS DISTINCT FROM OLD.id THEN
    NEW.rekey_old_id_2 := rekey.old_key_2(NEW.id);
  END IF;
  IF TG_OP = 'INSERT' AND NEW.rekey_old_user_id_3 IS NOT NULL
     OR TG_OP = 'UPDATE' AND NEW.user_id IS NOT DISTINCT FROM OLD.user_id AND NEW.rekey_old_user_id_3 IS DISTINCT FROM OLD.rekey_old_user_id_3 THEN
    NEW.user_id := rekey.new_key_1(NEW.rekey_old_user_id_3);
  ELSIF TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id THEN
    NEW.rekey_old_user_id_3 := rekey.old_key_1(NEW.user_id);
  END IF;
  RETURN NEW;
END
$query$;
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE public.users, public.notes IN SHARE UPDATE EXCLUSIVE MODE;
CALL rekey.expect_indexes('public.users', ARRAY['id'], '{}');
CALL rekey.expect_indexes('public.notes', ARRAY['id', 'user_id'], '{}');
CALL rekey.copy_column_settings('public.users', 'id', 'rekey_new_id_1');
CALL rekey.copy_column_settings('public.notes', 'id', 'rekey_new_id_2');
CALL rekey.copy_column_settings('public.notes', 'user_id', 'rekey_new_user_id_3');
CALL rekey.make_bridge('rekey_new', 'public.users', ARRAY['rekey_new_id_1'], ARRAY['id'], ARRAY['rekey_new_id_1'], ARRAY['id']);
CALL rekey.make_bridge('rekey_new', 'public.notes', ARRAY['rekey_new_id_2', 'rekey_new_user_id_3'], ARRAY['id', 'user_id'], ARRAY['rekey_new_id_2', 'rekey_new_user_id_3'], ARRAY['id', 'user_id']);
CALL rekey.plan_changes($swap$
CALL rekey.catch_up_ids('rekey.ids_2', 'public.notes.id');
CALL rekey.save_positions('public.users.id');
ALTER TABLE public.notes
  DROP CONSTRAINT notes_user_id_fkey;
ALTER TABLE public.users RENAME COLUMN id TO rekey_old_id_1;
ALTER TABLE public.users RENAME COLUMN rekey_new_id_1 TO id;
SELECT rekey.index_exchange('public.users', NULL, 'rekey_twin_1_1', 'rekey_old_key_1_1', ARRAY['id', 'rekey_new_id_1'], ARRAY['rekey_old_id_1', 'id']);
ALTER TABLE public.users ALTER COLUMN rekey_old_id_1 DROP DEFAULT;
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT public.uuidv7();
ALTER TABLE public.notes RENAME COLUMN id TO rekey_old_id_2;
ALTER TABLE public.notes RENAME COLUMN rekey_new_id_2 TO id;
ALTER TABLE public.notes RENAME COLUMN user_id TO rekey_old_user_id_3;
ALTER TABLE public.notes RENAME COLUMN rekey_new_user_id_3 TO user_id;
SELECT rekey.index_exchange('public.notes', NULL, 'rekey_twin_2_1', 'rekey_old_key_2_1', ARRAY['id', 'rekey_new_id_2', 'user_id', 'rekey_new_user_id_3'], ARRAY['rekey_old_id_2', 'id', 'rekey_old_user_id_3', 'user_id']);
ALTER TABLE public.notes ALTER COLUMN rekey_old_id_2 DROP IDENTITY;
ALTER TABLE ONLY public.notes ALTER COLUMN id SET DEFAULT public.uuidv7();
ALTER TABLE public.notes
  ADD CONSTRAINT notes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) NOT VALID;
$swap$);
-- All of them at once or none, in many tries, some of which take their turn for a short time.
CALL rekey.lock_out('public.users', 'public.notes', 'SEQUENCE public.notes_id_seq');
CALL rekey.make_changes();
CALL rekey.end_step('020.swap');
COMMIT;

-- step 020.notes.validate · online · plan.yaml:11
-- checks every row of public.notes against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.notes; ROW SHARE on public.users; reads all of public.notes
-- goes back with 020.notes.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.notes.validate');
ALTER TABLE public.notes
  VALIDATE CONSTRAINT notes_user_id_fkey;
CALL rekey.end_step('020.notes.validate');
COMMIT;

-- step 020.users.settle · online · outside of a transaction · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.users.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.settle');
CALL rekey.end_step('020.users.settle');

-- step 020.notes.settle · online · outside of a transaction · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.notes.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.notes.settle');
CALL rekey.end_step('020.notes.settle');

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

