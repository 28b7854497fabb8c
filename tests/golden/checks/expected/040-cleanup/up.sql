-- Plan checks, phase 040 cleanup (5 of 5): the way forward
-- Plan digest sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 040-cleanup/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 040-cleanup/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 040.open · online · plan.yaml:22
-- opens the phase
-- no lock on your tables
-- goes back with 040.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('040', 'cleanup', 'sha256:51cbd6c20e95a20c7744a00721c9707145e0c49fb75d15e972107ad3dbad5ef7', '030');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('040', $steps$[
["040.open",true,false,[],["040.users.settle","040.orders.hook_back","040.orders.keep","040.orders.rekey_old_key_2_1","040.orders.require_back","040.orders.required_back","040.orders.not_null_back","040.orders.contract"],"d70eccadf1af68f2283599aebe36b77b8cd3a95ac329eea985b929eed58e19f7","9b88c37b62c4cd131564dd03515eed71d0df4bf3d07bef5ecf59c5a5365a8ebc"],
["040.users.settle",true,false,["040.open"],["040.close"],"cf78262c2ceaad20d758951e7ebad63ea21b5356edb66b63f3a36830b09783e2","d3714b7a2b7b629bd8f1ef54b57a30d468cbbcd6ec4e85ea6f519b6579215c33"],
["040.orders.hook_back",true,false,["040.open"],["040.orders.contract"],"74c01b45f638eb834ca7b77dcde1520afaaa2b42bb6ef97fb32f9c9a57d5401b","4a3b212919a76e24af8ac8b1f6f956ede31c6b1dddcd4fe91bdd6eea29e48a98"],
["040.orders.keep",false,false,["040.open"],["040.orders.hook_back"],"291572ba57a6107c5f7d0ffaac94cae609cdc35df3d6a95dd69ef0212c0b4c31","5007ab04f8e25df29ddfb3da1e61d51d5a44cf829670321b3adeccb8983daa96"],
["040.orders.rekey_old_key_2_1",false,false,["040.open"],["040.orders.keep"],"df4d403ae0c75af23700129f67913223f7bd79d7c9aaf92668aa43b9e868ee86","50ef1d6785538d4adcc075bec56cd09a4cd93e98c7a9468bf8233e7b2ef42d21"],
["040.orders.require_back",true,false,["040.open"],["040.orders.rekey_old_key_2_1"],"f76408c9870fb2fb652b7f5edbb1d1fdf30c08e0bb18df77a51bb7831bdfeb19","fd0d56d0ada8b7311b31ba2d1e03f366424a21c6b3b6a0eaa5bbfdb032d065a8"],
["040.orders.required_back",true,false,["040.open"],["040.orders.require_back"],"de8e4eec88d4519540831ee155de22f532506a5968b6d99d9edd44654557f12f","f2aa18daa721f785dea276cacaa1d136f8752d1e193098b023d59b48acb32f0c"],
["040.orders.not_null_back",true,false,["040.open"],["040.orders.required_back"],"f65ea3f57657210ed27e212a05b4b4648e90b5d51bca5c5528f23cf47293afee","8673af5f85acc456be332a978e902a7a049e2604ac53acbed24bea77538fea85"],
["040.orders.contract",true,false,["040.open"],["040.close"],"d98d0c014ec3425530d7eac950fb91224eaf61653f7eef9e59ac6a511cc3ac25","f094e449c9b479e3fe976a670450a732a38a2486f03c9884161b85e7d3fb9dc4"],
["040.close",true,false,["040.users.settle","040.orders.hook_back","040.orders.keep","040.orders.rekey_old_key_2_1","040.orders.require_back","040.orders.required_back","040.orders.not_null_back","040.orders.contract"],[],"78e220f27d543d07d246aac21e7c08ecf03aec705bd8f651c7d5542881652114","96b64abae2be66e3af7dc20df8a26e3c690f0e70ef5899286ab197f29af086f4"]
]$steps$);
CALL rekey.begin_step('040.open');
CALL rekey.end_step('040.open');
COMMIT;

-- step 040.users.settle · online · plan.yaml:24
-- builds invalid indexes of public.users again
-- SHARE on public.users
-- goes back with 040.users.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('040.users.settle');
CALL rekey.settle_indexes('public.users');
CALL rekey.end_step('040.users.settle');
COMMIT;

-- step 040.orders.hook_back · online · plan.yaml:27
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 040.orders.hook_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('040.orders.hook_back');
CALL rekey.end_step('040.orders.hook_back');
COMMIT;

-- step 040.orders.keep · online · outside of a transaction · plan.yaml:27
-- old keys for the rows of public.orders that lack one or have another
-- ROW EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 040.orders.keep in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('040.orders.keep');
CALL rekey.settle_old_keys('040.orders.keep', 'public.orders', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.orders.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_step('040.orders.keep');

-- step 040.orders.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:27
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 040.orders.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('040.orders.rekey_old_key_2_1');
CALL rekey.end_step('040.orders.rekey_old_key_2_1');

-- step 040.orders.require_back · online · plan.yaml:27
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 040.orders.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('040.orders.require_back');
CALL rekey.end_step('040.orders.require_back');
COMMIT;

-- step 040.orders.required_back · online · plan.yaml:27
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 040.orders.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('040.orders.required_back');
CALL rekey.end_step('040.orders.required_back');
COMMIT;

-- step 040.orders.not_null_back · online · plan.yaml:27
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 040.orders.not_null_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('040.orders.not_null_back');
CALL rekey.end_step('040.orders.not_null_back');
COMMIT;

-- step 040.orders.contract · online · plan.yaml:27
-- drops the old keys of public.orders and the triggers that fill them; they are computed from the
--   new ones, or stand in rekey.keys
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 040.orders.contract in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('040.orders.contract');
DROP TRIGGER "~rekey_insert" ON public.orders;
DROP TRIGGER "~rekey_update" ON public.orders;

CALL rekey.keep_columns('public.orders', ARRAY['rekey_old_id_2']);
ALTER TABLE public.orders
  DROP COLUMN rekey_old_id_2;
CALL rekey.end_step('040.orders.contract');
COMMIT;

-- step 040.close · online · plan.yaml:22
-- ends the phase
-- no lock on your tables
-- goes back with 040.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('040.close');
CALL rekey.close_phase('040');
CALL rekey.end_step('040.close');
COMMIT;

