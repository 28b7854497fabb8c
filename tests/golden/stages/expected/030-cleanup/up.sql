-- Plan documents, phase 030 cleanup (4 of 4): the way forward
-- Plan digest sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53
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

-- step 030.open · offline · plan.yaml:37
-- opens the phase
-- no lock on your tables
-- goes back with 030.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('030', 'cleanup', 'sha256:ec9cc4d4c675ec4d116e25dbf85a3f1027c89a10d55d89adb71a9434fa9dcc53', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.documents.settle","030.chunks.settle"],"ae5f16e436b1c612ab52c13f754a05d6aa3ec5fd3735df9ae19a657a55229457","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.documents.settle",true,false,["030.open"],["030.close"],"91c308229f91be6d7037eb0e4e9f8ed094d511465eafea39358e5c9908ba9096","8f10af8e7206ebca490b4dc0335f872b18a37933b74cb4afa8b87a904f19c05b"],
["030.chunks.settle",true,false,["030.open"],["030.close"],"79b40d9497019f0afc603333dbe10844518ed97b338b3defb62cf67f8af7ca62","afa38f246f89de062cf654a993e4641f162137c73b76762ff8fda32b24268da5"],
["030.close",true,false,["030.documents.settle","030.chunks.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.documents.settle · offline · plan.yaml:7
-- builds invalid indexes of public.documents again
-- SHARE on public.documents
-- goes back with 030.documents.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.documents.settle');
CALL rekey.settle_indexes('public.documents');
CALL rekey.end_step('030.documents.settle');
COMMIT;

-- step 030.chunks.settle · offline · plan.yaml:22
-- builds invalid indexes of public.chunks again
-- SHARE on public.chunks
-- goes back with 030.chunks.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.chunks.settle');
CALL rekey.settle_indexes('public.chunks');
CALL rekey.end_step('030.chunks.settle');
COMMIT;

-- step 030.close · offline · plan.yaml:37
-- ends the phase
-- no lock on your tables
-- goes back with 030.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.close');
CALL rekey.close_phase('030');
CALL rekey.end_step('030.close');
COMMIT;

