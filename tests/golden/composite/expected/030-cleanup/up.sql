-- Plan composite, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:11080daeaf15aaa861a78619c770d4e0f15cc266607fcb2d24e1301ab4ecdc3a
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
CALL rekey.open_phase('030', 'cleanup', 'sha256:11080daeaf15aaa861a78619c770d4e0f15cc266607fcb2d24e1301ab4ecdc3a', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.cycles.settle","030.reports.settle","030.cycle_reports.settle","030.notes.settle"],"ec5f78979a687b05f4e055c566318c0b63089fb1a2653afebbbd9148c0968a2d","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.cycles.settle",true,false,["030.open"],["030.close"],"ea435b67c7e62b63c38be40809787e52dafe88080867689508ab0d58e95e475d","584dbf255c2db73edf4b0027b36f948546495a8392006d51ff4b4ae3bebe8d7a"],
["030.reports.settle",true,false,["030.open"],["030.close"],"471fbebc2df614d7950ed1ead35915c2949e2264861d6c4994ce879f88d387a5","ab98de75a9c016dd9ec741ee4fd33b9e58abad18b6fbbe99e73438519fa9e22c"],
["030.cycle_reports.settle",true,false,["030.open"],["030.close"],"f0c47f296f45342937b845b163abfe4261d261fb642c64fe46b74eb7740f2fc0","c47bd9708fd912c73d1bffcb3ffa799c5c9c545209c9c553760e4be2f94e5bd8"],
["030.notes.settle",true,false,["030.open"],["030.close"],"bfc05d34226713247aff8f3cf058e9f6e9efeb14b18eb98d1879779c9ca2a7fb","619a7b877897570909aa3fd6a2a4031be0a44247af02964dafa6cc3d97d84c81"],
["030.close",true,false,["030.cycles.settle","030.reports.settle","030.cycle_reports.settle","030.notes.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
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

-- step 030.reports.settle · offline · plan.yaml:11
-- builds invalid indexes of public.reports again
-- SHARE on public.reports
-- goes back with 030.reports.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.reports.settle');
CALL rekey.settle_indexes('public.reports');
CALL rekey.end_step('030.reports.settle');
COMMIT;

-- step 030.cycle_reports.settle · offline · plan.yaml:16
-- builds invalid indexes of public.cycle_reports again
-- SHARE on public.cycle_reports
-- goes back with 030.cycle_reports.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.cycle_reports.settle');
CALL rekey.settle_indexes('public.cycle_reports');
CALL rekey.end_step('030.cycle_reports.settle');
COMMIT;

-- step 030.notes.settle · offline · plan.yaml:25
-- builds invalid indexes of public.notes again
-- SHARE on public.notes
-- goes back with 030.notes.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.notes.settle');
CALL rekey.settle_indexes('public.notes');
CALL rekey.end_step('030.notes.settle');
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

