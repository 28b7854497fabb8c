-- Plan online, phase 030 cleanup (4 of 4): the way forward
-- Plan digest sha256:1d552746ba97640edf5202f7b12bc584a06eb450788eca993df032575746fed0
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
CALL rekey.open_phase('030', 'cleanup', 'sha256:1d552746ba97640edf5202f7b12bc584a06eb450788eca993df032575746fed0', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.users.settle","030.orders.settle"],"3e62141d338873d4f8e38e9a735d5ccb4806863a118bf6aaab53ae5abd89cf3e","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.users.settle",true,false,["030.open"],["030.close"],"b1d958c8db573913ef6cab3d896cf6091029f139a94df508aa3d439e04ae3611","716cce92d88853073ef132892c23089997e413aec7cb41a492a3b86008e38064"],
["030.orders.settle",true,false,["030.open"],["030.close"],"9a6583d214617333ebcc160af6b6388b70c787f304929bd7ac9ad1411612600f","ee2f56bb4307a761a52e719de9c5e632d9c3b6f86fec26031c6ed07771f4b386"],
["030.close",true,false,["030.users.settle","030.orders.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.users.settle · offline · plan.yaml:7
-- builds invalid indexes of public.users again
-- SHARE on public.users
-- goes back with 030.users.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.users.settle');
CALL rekey.settle_indexes('public.users');
CALL rekey.end_step('030.users.settle');
COMMIT;

-- step 030.orders.settle · offline · plan.yaml:10
-- builds invalid indexes of public.orders again
-- SHARE on public.orders
-- goes back with 030.orders.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.orders.settle');
CALL rekey.settle_indexes('public.orders');
CALL rekey.end_step('030.orders.settle');
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

