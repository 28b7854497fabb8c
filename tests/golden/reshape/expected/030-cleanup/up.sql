-- Plan reshape, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7
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
-- ACCESS SHARE on public.steps, public.profiles
-- goes back with 030.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('030', 'cleanup', 'sha256:9103767c89648b21be4024ea00142a50a7aef84cb02f066a23179a8597f843d7', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.cycles.settle","030.cycle_reports.settle","030.steps.settle","030.profiles.settle","030.steps.drop","030.profiles.drop"],"4ef693be702c4f779b0293574d27a1588a47ba443a0a2ab15bad44c059e97dd4","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.cycles.settle",true,false,["030.open"],["030.close"],"ea435b67c7e62b63c38be40809787e52dafe88080867689508ab0d58e95e475d","584dbf255c2db73edf4b0027b36f948546495a8392006d51ff4b4ae3bebe8d7a"],
["030.cycle_reports.settle",true,false,["030.open"],["030.close"],"f0c47f296f45342937b845b163abfe4261d261fb642c64fe46b74eb7740f2fc0","c47bd9708fd912c73d1bffcb3ffa799c5c9c545209c9c553760e4be2f94e5bd8"],
["030.steps.settle",true,false,["030.open"],["030.close"],"107efa9a9eb7db45e6b95929e70ce41b1b96bbc3195141bc74768fac4078097a","301d50c51896f0729d10017bcb745d2f5fcd6725e2db5e0ab8d9744e205f185e"],
["030.profiles.settle",true,false,["030.open"],["030.close"],"085a74e5574377d73e3516395c526242926da59a6496c3bcd2362c69304115d6","370e30487874af0f9579d9c693ed6deec340604af0f3a4025ce94c4ab0d0a32e"],
["030.steps.drop",true,false,["030.open","030.steps.settle"],["030.close"],"3b4cc12627c17510e2b50f7d9912c7db43b8b63b832ee2ca3912a1d4e312c5bb","a7355c8f9d67dc2ccd949a457f01dd2af2ade7ce0348144fe0c8a5f82c6203b2"],
["030.profiles.drop",true,false,["030.open","030.profiles.settle"],["030.close"],"2ccffb0cf33700cac7493e6382ddfc42d927580a25d2b2cd72ca22acf6f1a746","9275b1faf50ce6aaa157a98b30a5bbda4e61ac4a54a802802012a8568739a888"],
["030.close",true,false,["030.cycles.settle","030.cycle_reports.settle","030.steps.settle","030.profiles.settle","030.steps.drop","030.profiles.drop"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.expect_droppable('public.steps', ARRAY['cycle_id', 'report_number'], ARRAY['(SELECT p.cycle_id FROM public.cycle_reports p WHERE p.cycle_report_id = $1)', '(SELECT p.report_number FROM public.cycle_reports p WHERE p.cycle_report_id = $1)'], '{}');
CALL rekey.expect_droppable('public.profiles', ARRAY['step_id'], ARRAY['$1'], '{}');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.cycles.settle · offline · plan.yaml:6
-- builds invalid indexes of public.cycles again
-- SHARE on public.cycles
-- goes back with 030.cycles.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.cycles.settle');
CALL rekey.settle_indexes('public.cycles');
CALL rekey.end_step('030.cycles.settle');
COMMIT;

-- step 030.cycle_reports.settle · offline · plan.yaml:11
-- builds invalid indexes of public.cycle_reports again
-- SHARE on public.cycle_reports
-- goes back with 030.cycle_reports.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.cycle_reports.settle');
CALL rekey.settle_indexes('public.cycle_reports');
CALL rekey.end_step('030.cycle_reports.settle');
COMMIT;

-- step 030.steps.settle · offline · plan.yaml:19
-- builds invalid indexes of public.steps again
-- SHARE on public.steps
-- goes back with 030.steps.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.steps.settle');
CALL rekey.settle_indexes('public.steps');
CALL rekey.end_step('030.steps.settle');
COMMIT;

-- step 030.profiles.settle · offline · plan.yaml:35
-- builds invalid indexes of public.profiles again
-- SHARE on public.profiles
-- goes back with 030.profiles.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.profiles.settle');
CALL rekey.settle_indexes('public.profiles');
CALL rekey.end_step('030.profiles.settle');
COMMIT;

-- step 030.steps.drop · offline · plan.yaml:21
-- cycle_id, report_number of public.steps to the archive, and gone
-- ACCESS EXCLUSIVE on public.steps, public.cycle_reports; reads all of public.steps
-- goes back with 030.steps.drop in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.steps.drop');
LOCK TABLE public.steps, public.cycle_reports IN ACCESS EXCLUSIVE MODE;
CALL rekey.archive_columns('030.steps.drop', 3, 'public.steps', ARRAY['cycle_id', 'report_number'], ARRAY['step_id'], ARRAY['(SELECT p.cycle_id FROM public.cycle_reports p WHERE p.cycle_report_id = $1)', '(SELECT p.report_number FROM public.cycle_reports p WHERE p.cycle_report_id = $1)'], ARRAY['cycle_report_id', 'cycle_report_id']);
DROP TRIGGER "~rekey_follow" ON public.steps;
DROP FUNCTION rekey.follow_3();
ALTER TABLE public.steps
  DROP COLUMN cycle_id,
  DROP COLUMN report_number;
CALL rekey.end_step('030.steps.drop');
COMMIT;

-- step 030.profiles.drop · offline · plan.yaml:38
-- step_id of public.profiles to the archive, and gone
-- ACCESS EXCLUSIVE on public.profiles, public.steps; reads all of public.profiles
-- goes back with 030.profiles.drop in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.profiles.drop');
LOCK TABLE public.profiles, public.steps IN ACCESS EXCLUSIVE MODE;
CALL rekey.archive_columns('030.profiles.drop', 4, 'public.profiles', ARRAY['step_id'], ARRAY['profile_id'], ARRAY['$1'], ARRAY['profile_id']);
DROP TRIGGER "~rekey_follow" ON public.profiles;
DROP FUNCTION rekey.follow_4();
ALTER TABLE public.profiles
  DROP COLUMN step_id;
CALL rekey.end_step('030.profiles.drop');
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

