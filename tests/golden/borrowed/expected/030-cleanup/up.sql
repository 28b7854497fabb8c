-- Plan borrowed, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d
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
CALL rekey.open_phase('030', 'cleanup', 'sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.users.settle","030.posts.settle","030.comments.settle","030.comments_author_fkey_1.enforce","030.comments_author_fkey_1.confirm"],"bebbd189bc7ba17c1d16dc279c5ddcba8156e3b16866d78a11c39737c80297f4","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.users.settle",true,false,["030.open"],["030.comments_author_fkey_1.enforce"],"b1d958c8db573913ef6cab3d896cf6091029f139a94df508aa3d439e04ae3611","716cce92d88853073ef132892c23089997e413aec7cb41a492a3b86008e38064"],
["030.posts.settle",true,false,["030.open"],["030.comments_author_fkey_1.enforce"],"8a94bd61980906502944583b70ae9562a787cfcd0360f462953f0c5681b2d466","79678f9fb0baca3e3d9930c5574dc621f37e7a050e69055d57806309816c5c9a"],
["030.comments.settle",true,false,["030.open"],["030.comments_author_fkey_1.enforce"],"c3255a3d886177573a59adf409e69c8c9f2b0d05a98deb3279dd9a4bd69108a4","c8892fb9563d24b86446c6bead09fb7b72f70b79fa521f9c2109b219df6e3c31"],
["030.comments_author_fkey_1.enforce",true,false,["030.users.settle","030.posts.settle","030.comments.settle"],["030.comments_author_fkey_1.confirm"],"9826af607411ebcd7d3119f7c58cb29d3ee7769b0e1f0adae1b91dec92447040","cdb1672e046f59243b7f87e4d8684100c8c64a08b5b194a8d2b022fc82b181d5"],
["030.comments_author_fkey_1.confirm",true,false,["030.comments_author_fkey_1.enforce"],["030.close"],"1361897f34598464f76d3387d5ce0da05c444de6be811d34e7056ac99d0fa5b4","62c03120d7b581f2332f85c32567c055c3a4b21062c651246eeb4ffc3d5cd43c"],
["030.close",true,false,["030.users.settle","030.posts.settle","030.comments.settle","030.comments_author_fkey_1.confirm"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.users.settle · offline · plan.yaml:5
-- builds invalid indexes of public.users again
-- SHARE on public.users
-- goes back with 030.users.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.users.settle');
CALL rekey.settle_indexes('public.users');
CALL rekey.end_step('030.users.settle');
COMMIT;

-- step 030.posts.settle · offline · plan.yaml:9
-- builds invalid indexes of public.posts again
-- SHARE on public.posts
-- goes back with 030.posts.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.posts.settle');
CALL rekey.settle_indexes('public.posts');
CALL rekey.end_step('030.posts.settle');
COMMIT;

-- step 030.comments.settle · offline · plan.yaml:14
-- builds invalid indexes of public.comments again
-- SHARE on public.comments
-- goes back with 030.comments.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.comments.settle');
CALL rekey.settle_indexes('public.comments');
CALL rekey.end_step('030.comments.settle');
COMMIT;

-- step 030.comments_author_fkey_1.enforce · offline · plan.yaml:20
-- makes foreign key comments_author_fkey of public.comments, not yet validated
-- SHARE ROW EXCLUSIVE on public.comments, public.users
-- goes back with 030.comments_author_fkey_1.enforce in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.comments_author_fkey_1.enforce');
ALTER TABLE public.comments
  ADD CONSTRAINT comments_author_fkey FOREIGN KEY (author) REFERENCES public.users(user_id) ON DELETE CASCADE NOT VALID;
CALL rekey.end_step('030.comments_author_fkey_1.enforce');
COMMIT;

-- step 030.comments_author_fkey_1.confirm · offline · plan.yaml:20
-- checks every row of public.comments against comments_author_fkey
-- SHARE UPDATE EXCLUSIVE on public.comments; ROW SHARE on public.users; reads all of
--   public.comments
-- goes back with 030.comments_author_fkey_1.confirm in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.comments_author_fkey_1.confirm');
ALTER TABLE public.comments VALIDATE CONSTRAINT comments_author_fkey;
CALL rekey.end_step('030.comments_author_fkey_1.confirm');
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

