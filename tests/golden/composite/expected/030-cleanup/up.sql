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
SET standard_conforming_strings = on;
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
["030.open",true,false,[],["030.cycles.settle","030.reports.settle","030.cycle_reports.settle","030.notes.settle"],"307fc13eef525e908773ed5e3d2eee7f0370cfc2497a768c1a355c2bbcf167e4","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.cycles.settle",true,false,["030.open"],["030.close"],"5cf202759f3f0e36073ca1c780cb525ffac179631dbe658f47765fc2a95e687c","c2049debaa1bcbe73f427a45c7685b434b3af776ddf5e1933887a28841af2c28"],
["030.reports.settle",true,false,["030.open"],["030.close"],"f99a9f7f8c1a81f67048ebbc3aad3ff66603b2222b12d6bc043c2fec85e6d769","a0cd66827c3be77e20ba2d44eb5e5c2ec8d56e11f5ec0455573ea161116ac73d"],
["030.cycle_reports.settle",true,false,["030.open"],["030.close"],"7755dde4d62bfd8325151d0cbe76da941830e88ce7bda5c54c6872a1b4fc0053","f8655505caa8ae96aa4f95f4aa7b2ed590d4fea1858aab976a5b96748b5f0585"],
["030.notes.settle",true,false,["030.open"],["030.close"],"ca5bcd10f2e01ef4fa0aad5eb466ee31e2689c5d6d965f1282a94bdd589a77f0","8aa265a66982e08fe76eacbdd0cb287c9c11a66669be61d755324029fb2ef8ba"],
["030.close",true,false,["030.cycles.settle","030.reports.settle","030.cycle_reports.settle","030.notes.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.cycles.settle · offline · plan.yaml:6
-- builds invalid indexes of public.cycles again and analyzes it
-- SHARE ROW EXCLUSIVE on public.cycles; reads all of public.cycles
-- goes back with 030.cycles.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.cycles.settle');
CALL rekey.settle_indexes('public.cycles');
ANALYZE public.cycles;
CALL rekey.end_step('030.cycles.settle');
COMMIT;

-- step 030.reports.settle · offline · plan.yaml:11
-- builds invalid indexes of public.reports again and analyzes it
-- SHARE ROW EXCLUSIVE on public.reports; reads all of public.reports
-- goes back with 030.reports.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.reports.settle');
CALL rekey.settle_indexes('public.reports');
ANALYZE public.reports;
CALL rekey.end_step('030.reports.settle');
COMMIT;

-- step 030.cycle_reports.settle · offline · plan.yaml:16
-- builds invalid indexes of public.cycle_reports again and analyzes it
-- SHARE ROW EXCLUSIVE on public.cycle_reports; reads all of public.cycle_reports
-- goes back with 030.cycle_reports.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.cycle_reports.settle');
CALL rekey.settle_indexes('public.cycle_reports');
ANALYZE public.cycle_reports;
CALL rekey.end_step('030.cycle_reports.settle');
COMMIT;

-- step 030.notes.settle · offline · plan.yaml:25
-- builds invalid indexes of public.notes again and analyzes it
-- SHARE ROW EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 030.notes.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.notes.settle');
CALL rekey.settle_indexes('public.notes');
ANALYZE public.notes;
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

