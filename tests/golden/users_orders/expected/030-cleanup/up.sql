-- Plan users and orders, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:df205b6249c13293b3627bae76123cf3aefceee471198da8e459d8782504fc99
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 030-cleanup/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 030-cleanup/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '5s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET maintenance_work_mem = '256MB';

-- step 030.open · offline · plan.yaml:16
-- opens the phase
-- no lock on your tables
-- goes back with 030.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.open_phase('030', 'cleanup', 'sha256:df205b6249c13293b3627bae76123cf3aefceee471198da8e459d8782504fc99', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.users.settle","030.orders.settle"],"bc0ba58b8faa99551fbb5301ce1476eb3eeaee649d1b205804bbb3c678ac3947","9be8584b2b884c5edff62216ee09a53e0026a6684f36f7db446f0e4bb42a9813"],
["030.users.settle",true,false,["030.open"],["030.close"],"2075cc3154c328677d69a3b18b46271ee6683efd26c718178bf4e5015335be24","c8fca09331bbb944c70383df870f380cb4d6fd87b779f2f3c15a541db06c8ecd"],
["030.orders.settle",true,false,["030.open"],["030.close"],"782f7c782ea1e0112e251c8ee4fcc9369adc2450b7f2d6a1a2a6d42cf41e1b55","1bb62b259669a6e3988370597b7462d1aad183ef200b4ad2af811b44dc05f60b"],
["030.close",true,false,["030.users.settle","030.orders.settle"],[],"f8f6cfb35fb6bffb4471fc1e641568eaf43ead4e7ed99cefda5fa8dbce7a506a","fc4eae0199780497b14fb19aae86b536c5cb1bf5d7c83d533566722c24210f22"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.users.settle · offline · plan.yaml:19
-- builds invalid indexes of public.users again
-- SHARE on public.users
-- goes back with 030.users.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('030.users.settle');
CALL rekey.settle_indexes('public.users');
CALL rekey.end_step('030.users.settle');
COMMIT;

-- step 030.orders.settle · offline · plan.yaml:27
-- builds invalid indexes of public.orders again
-- SHARE on public.orders
-- goes back with 030.orders.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('030.orders.settle');
CALL rekey.settle_indexes('public.orders');
CALL rekey.end_step('030.orders.settle');
COMMIT;

-- step 030.close · offline · plan.yaml:16
-- ends the phase
-- no lock on your tables
-- goes back with 030.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '5s';
CALL rekey.begin_step('030.close');
CALL rekey.close_phase('030');
CALL rekey.end_step('030.close');
COMMIT;

