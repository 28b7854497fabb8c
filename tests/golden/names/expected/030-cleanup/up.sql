-- Plan names, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:eeb6b8631fb06780032095c6095aaa6be47b680e442ba61ebd9dace786e46191
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
CALL rekey.open_phase('030', 'cleanup', 'sha256:eeb6b8631fb06780032095c6095aaa6be47b680e442ba61ebd9dace786e46191', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.Sales.Order-Head_1.settle","030.Sales.it-s-a-line-_2.settle"],"b9060fde179e80de0a5e32dc16d26f2060d740ee9efa708b4a7430343094c472","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.Sales.Order-Head_1.settle",true,false,["030.open"],["030.close"],"e202c18055061af13e5d6a4eb4e8719cc59901e189cfa44eae8ce55a41016bad","6d23977deb70668f1e6a5ffe37fa600a695fc359d34cece5ee1e682e038f8679"],
["030.Sales.it-s-a-line-_2.settle",true,false,["030.open"],["030.close"],"26314e35a5d50d10302b7d51b23b2db89b5305d6799074eec96ea2342543d4f5","40565a154e79743e665890a8e82e6f6f8fc762045891a2d4f55a4dfd416601fb"],
["030.close",true,false,["030.Sales.Order-Head_1.settle","030.Sales.it-s-a-line-_2.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.Sales.Order-Head_1.settle · offline · plan.yaml:6
-- builds invalid indexes of "Sales"."Order | Head" again
-- SHARE on "Sales"."Order | Head"
-- goes back with 030.Sales.Order-Head_1.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.Sales.Order-Head_1.settle');
CALL rekey.settle_indexes('"Sales"."Order | Head"');
CALL rekey.end_step('030.Sales.Order-Head_1.settle');
COMMIT;

-- step 030.Sales.it-s-a-line-_2.settle · offline · plan.yaml:11
-- builds invalid indexes of "Sales"."it's a ""line""" again
-- SHARE on "Sales"."it's a ""line"""
-- goes back with 030.Sales.it-s-a-line-_2.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.Sales.it-s-a-line-_2.settle');
CALL rekey.settle_indexes('"Sales"."it''s a ""line"""');
CALL rekey.end_step('030.Sales.it-s-a-line-_2.settle');
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

