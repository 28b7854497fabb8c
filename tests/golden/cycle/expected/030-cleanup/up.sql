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
SET standard_conforming_strings = on;
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
["030.open",true,false,[],["030.app.teams.settle","030.app.people.settle","030.app.audit.settle"],"d5ebe8a35fb923ee04dfcf5e8dbcc8e9e81b4e72c68ecc941d7a67606323a921","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.app.teams.settle",true,false,["030.open"],["030.close"],"fed257100ba32721f9e02378a55ddb08a5fedbb5021316e047a63add7d918ad1","8a858e6f287475ca24d3a1bcf7d3bb430754ea037084f6f2db952030f301f680"],
["030.app.people.settle",true,false,["030.open"],["030.close"],"2f6d3881b33cca25ebc6e17fcdb81f31e2560eb17b63505b47690de9623424f1","ddb2e0e491a943eb10591233615a2fa698474989867a8e65c1a729448585b948"],
["030.app.audit.settle",true,false,["030.open"],["030.close"],"d6fdb543cba2f0812bc5d7b9f46202734645b39a9f46258f266437724d61020a","8eb17de467a03439d58d81d40b4129df21fafb20c8dbe8b73d177bd7eae19da0"],
["030.close",true,false,["030.app.teams.settle","030.app.people.settle","030.app.audit.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.app.teams.settle · offline · plan.yaml:7
-- builds invalid indexes of app.teams again and analyzes it
-- SHARE ROW EXCLUSIVE on app.teams; reads all of app.teams
-- goes back with 030.app.teams.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.app.teams.settle');
CALL rekey.settle_indexes('app.teams');
ANALYZE app.teams;
CALL rekey.end_step('030.app.teams.settle');
COMMIT;

-- step 030.app.people.settle · offline · plan.yaml:15
-- builds invalid indexes of app.people again and analyzes it
-- SHARE ROW EXCLUSIVE on app.people; reads all of app.people
-- goes back with 030.app.people.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.app.people.settle');
CALL rekey.settle_indexes('app.people');
ANALYZE app.people;
CALL rekey.end_step('030.app.people.settle');
COMMIT;

-- step 030.app.audit.settle · offline · plan.yaml:23
-- builds invalid indexes of app.audit again and analyzes it
-- SHARE ROW EXCLUSIVE on app.audit; reads all of app.audit
-- goes back with 030.app.audit.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.app.audit.settle');
CALL rekey.settle_indexes('app.audit');
ANALYZE app.audit;
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

