-- Plan cycle, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:953e15e26f5939acd8c65e2022d628242ae11641dd04c673ddbee225eb2c7aee
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
CALL rekey.open_phase('030', 'cleanup', 'sha256:953e15e26f5939acd8c65e2022d628242ae11641dd04c673ddbee225eb2c7aee', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.app.teams.settle","030.app.people.settle","030.app.audit.settle"],"e2dd520542d025dd7152b86c94c67f9fdf8b5429b9c287107ae7d1396436e679","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.app.teams.settle",true,false,["030.open"],["030.close"],"80ebac52ed6c731989fd3c464c80cbc0f8a6e4ff3ecf66a1c61221d9ac818597","756bc7da13f6119d61ef723522d6c39bf424838ce45a911d286f24aa634b6b0b"],
["030.app.people.settle",true,false,["030.open"],["030.close"],"f26d9f1409215fa40df4f116840200d6e1ec711bd0d7c966e865742067b6b8ac","490c8dacd2af3f5913cb95e292a520d102493bc00d717f6154bed198cb962658"],
["030.app.audit.settle",true,false,["030.open"],["030.close"],"2ba9da8277fd16c429465f1c6ca204f1de7593ad24b438d347ba032e5af97f69","b990169bb45cc90a496ffb5a3e5fc73c9bb6e16718c8f3ae7be9fab98a1b9bb7"],
["030.close",true,false,["030.app.teams.settle","030.app.people.settle","030.app.audit.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.app.teams.settle · offline · plan.yaml:7
-- builds invalid indexes of app.teams again
-- SHARE on app.teams
-- goes back with 030.app.teams.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.app.teams.settle');
CALL rekey.settle_indexes('app.teams');
CALL rekey.end_step('030.app.teams.settle');
COMMIT;

-- step 030.app.people.settle · offline · plan.yaml:15
-- builds invalid indexes of app.people again
-- SHARE on app.people
-- goes back with 030.app.people.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.app.people.settle');
CALL rekey.settle_indexes('app.people');
CALL rekey.end_step('030.app.people.settle');
COMMIT;

-- step 030.app.audit.settle · offline · plan.yaml:23
-- builds invalid indexes of app.audit again
-- SHARE on app.audit
-- goes back with 030.app.audit.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.app.audit.settle');
CALL rekey.settle_indexes('app.audit');
CALL rekey.end_step('030.app.audit.settle');
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

