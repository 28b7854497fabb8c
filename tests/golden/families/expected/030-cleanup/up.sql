-- Plan families, phase 030 cleanup (3 of 3): the way forward
-- Plan digest sha256:dd85670ef1cd0b024b2eb395add3cd1dd51794af4cd28cc6dd220d2945be93b4
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
CALL rekey.open_phase('030', 'cleanup', 'sha256:dd85670ef1cd0b024b2eb395add3cd1dd51794af4cd28cc6dd220d2945be93b4', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.customer.settle","030.payment.settle","030.payment_1.settle","030.payment_2.settle","030.base.settle","030.derived.settle","030.bybase.settle"],"2c6867f1c8c02745bb816c7272ff5480239580408c4af213d200384d40cb0ac8","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.customer.settle",true,false,["030.open"],["030.close"],"92b11f43ec21184cac29ec0dc7e25ca5e8e61761ab0048ea11118e4e186248ca","a28b0a2b16a78fb0d084d9e368efdcf9ead4821564d76775ef7f77f68dfe3358"],
["030.payment.settle",true,false,["030.open"],["030.close"],"ef92b1c7a01acab67bf0ef9263dadf37092ea35f5a48905f27dc6929a1c180b0","bb0ae040c558f88b129a233b8ee65b06a6f03641cee09ab5eb33676a63497752"],
["030.payment_1.settle",true,false,["030.open"],["030.close"],"974a9b5ea08fb8b9c99378269294688458b12ba5300ffc0e207ea462bce0e632","6b7a9cf7f65095974322324bce86c7f21b0e7cf4fae54a4d9595a67642b2722a"],
["030.payment_2.settle",true,false,["030.open"],["030.close"],"3d02e4ecfdcd692adafb312cce0fb7aa70b01777c1a29727b6aa533de8a4c084","f7bd598ea32bd2fb28c06c213ef5aa6a73a29f36fa39271c8ecd62a5d1062d48"],
["030.base.settle",true,false,["030.open"],["030.close"],"5d9c42dc939baa56d2cebf7853ff0736a99e17cde1fd841663556e34015b704b","3f0a0318dfcb6873c11c2f8123d5a3e4d7558912478336776fbf90743f0d38a1"],
["030.derived.settle",true,false,["030.open"],["030.close"],"8304aeaf97ecabd81dd3c41dc7beae640bcc5185d34c36168b7dc4b9d91b8c13","b25612ac98886f85557d14f902674511e3a72ca49c63c8d686d60f563fedde34"],
["030.bybase.settle",true,false,["030.open"],["030.close"],"4c465004a19158f8cc2f390965b4ab94543d52067a788a066e29026c6639da4f","adabb0b833d850d412d148db1c9f7a3e57cbad3c6e27c3ace55531fa802c4bab"],
["030.close",true,false,["030.customer.settle","030.payment.settle","030.payment_1.settle","030.payment_2.settle","030.base.settle","030.derived.settle","030.bybase.settle"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.customer.settle · offline · plan.yaml:6
-- builds invalid indexes of public.customer again
-- SHARE on public.customer
-- goes back with 030.customer.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.customer.settle');
CALL rekey.settle_indexes('public.customer');
CALL rekey.end_step('030.customer.settle');
COMMIT;

-- step 030.payment.settle · offline · plan.yaml:9
-- builds invalid indexes of public.payment again
-- SHARE on public.payment
-- goes back with 030.payment.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.payment.settle');
CALL rekey.settle_indexes('public.payment');
CALL rekey.end_step('030.payment.settle');
COMMIT;

-- step 030.payment_1.settle · offline · plan.yaml:16
-- builds invalid indexes of public.payment_1 again
-- SHARE on public.payment_1
-- goes back with 030.payment_1.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.payment_1.settle');
CALL rekey.settle_indexes('public.payment_1');
CALL rekey.end_step('030.payment_1.settle');
COMMIT;

-- step 030.payment_2.settle · offline · plan.yaml:23
-- builds invalid indexes of public.payment_2 again
-- SHARE on public.payment_2
-- goes back with 030.payment_2.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.payment_2.settle');
CALL rekey.settle_indexes('public.payment_2');
CALL rekey.end_step('030.payment_2.settle');
COMMIT;

-- step 030.base.settle · offline · plan.yaml:30
-- builds invalid indexes of public.base again
-- SHARE on public.base
-- goes back with 030.base.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.base.settle');
CALL rekey.settle_indexes('public.base');
CALL rekey.end_step('030.base.settle');
COMMIT;

-- step 030.derived.settle · offline · plan.yaml:36
-- builds invalid indexes of public.derived again
-- SHARE on public.derived
-- goes back with 030.derived.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.derived.settle');
CALL rekey.settle_indexes('public.derived');
CALL rekey.end_step('030.derived.settle');
COMMIT;

-- step 030.bybase.settle · offline · plan.yaml:42
-- builds invalid indexes of public.bybase again
-- SHARE on public.bybase
-- goes back with 030.bybase.settle in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.bybase.settle');
CALL rekey.settle_indexes('public.bybase');
CALL rekey.end_step('030.bybase.settle');
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

