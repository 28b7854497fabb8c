-- Plan partition key, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:effe6ca29a9d761568a0c64cf2c234acfd827b6960d0b7d5acb14e46ae8ba05e
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 030-cleanup/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 030-cleanup/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 030.open · offline
-- opens the phase
-- no lock on your tables
-- goes back with 030.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('030', 'cleanup', 'sha256:effe6ca29a9d761568a0c64cf2c234acfd827b6960d0b7d5acb14e46ae8ba05e', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.tenants.settle","030.events.settle","030.events_1.settle","030.events_rest.settle","030.events_rest_0.settle"],"8885698df7d43517586220a7a7bcbbd870e2fc0c6623bd89664fdab90e5a2ffa","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.tenants.settle",true,false,["030.open"],["030.close"],"b164281cf235249c50d4b2f6499b4ce55eeb6c7c69e654d60b8e0068caad6010","923148641fdba6185e99ae136a426cb3269c06200bf05355930bf6216a12b1be"],
["030.events.settle",true,false,["030.open"],["030.close"],"385498ab158699d819e545b2836fd8a9bee3630ef8291789baa8351e50520c05","af4e774dc2d63ff7c2157ebf5e8e3314f439053be76f32020d71dd5cb9f27e62"],
["030.events_1.settle",true,false,["030.open"],["030.close"],"a05cdad6021306a6f9b8f713fda3ac5fa7cfe3736616a2962184359f981f131d","c89ecd114027db9ba2bc7af356ca8e37b9a540f85d3c75db603ad4e82cdd987f"],
["030.events_rest.settle",true,false,["030.open"],["030.close"],"9a91266423b2beb6c9f8082d5b7c48a260a321becb471b9879653f0340944345","408aa7b1c1209dce6edf1a16eef4cfc35c67936389193a4ba427afb0af446e7f"],
["030.events_rest_0.settle",true,false,["030.open"],["030.close"],"d139c897c7b97b4c63be62ed7b37d8a4d5abe42b2057ea0fa1d3796446f77d6a","d0b4101536c9bc49477b349acb8da704782deaf67c5746055eb7022155042be7"],
["030.close",true,false,["030.tenants.settle","030.events.settle","030.events_1.settle","030.events_rest.settle","030.events_rest_0.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.tenants.settle · offline · plan.yaml:7
-- builds invalid indexes of public.tenants again
-- SHARE on public.tenants
-- goes back with 030.tenants.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.tenants.settle');
CALL rekey.settle_indexes('public.tenants');
CALL rekey.end_step('030.tenants.settle');
COMMIT;

-- step 030.events.settle · offline · plan.yaml:12
-- builds invalid indexes of public.events again
-- SHARE on public.events
-- goes back with 030.events.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.events.settle');
CALL rekey.settle_indexes('public.events');
CALL rekey.end_step('030.events.settle');
COMMIT;

-- step 030.events_1.settle · offline · plan.yaml:21
-- builds invalid indexes of public.events_1 again
-- SHARE on public.events_1
-- goes back with 030.events_1.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.events_1.settle');
CALL rekey.settle_indexes('public.events_1');
CALL rekey.end_step('030.events_1.settle');
COMMIT;

-- step 030.events_rest.settle · offline · plan.yaml:27
-- builds invalid indexes of public.events_rest again
-- SHARE on public.events_rest
-- goes back with 030.events_rest.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.events_rest.settle');
CALL rekey.settle_indexes('public.events_rest');
CALL rekey.end_step('030.events_rest.settle');
COMMIT;

-- step 030.events_rest_0.settle · offline · plan.yaml:35
-- builds invalid indexes of public.events_rest_0 again
-- SHARE on public.events_rest_0
-- goes back with 030.events_rest_0.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.events_rest_0.settle');
CALL rekey.settle_indexes('public.events_rest_0');
CALL rekey.end_step('030.events_rest_0.settle');
COMMIT;

-- step 030.close · offline
-- ends the phase
-- no lock on your tables
-- goes back with 030.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.close');
CALL rekey.close_phase('030');
CALL rekey.end_step('030.close');
COMMIT;

