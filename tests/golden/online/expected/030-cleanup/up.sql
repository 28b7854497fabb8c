-- Plan online, phase 030 cleanup (4 of 4): the way forward
-- Plan digest sha256:bcabc84c4bba6504767fa9936b7446403b8ff8d6cb6663c9f183eeae4d5de1d7
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

-- step 030.open · online
-- opens the phase
-- no lock on your tables
-- goes back with 030.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('030', 'cleanup', 'sha256:bcabc84c4bba6504767fa9936b7446403b8ff8d6cb6663c9f183eeae4d5de1d7', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.users.hook_back","030.users.keep","030.users.rekey_old_key_1_1","030.users.require_back","030.users.required_back","030.users.not_null_back","030.users.contract","030.orders.hook_back","030.orders.keep","030.orders.rekey_old_key_2_1","030.orders.rekey_old_key_2_2","030.orders.require_back","030.orders.required_back","030.orders.not_null_back","030.orders.contract"],"b7a38948ce3764d1ed0e4de60a1673258fd7edce2a179b75eaaf6ddd1b8edb6c","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.users.hook_back",true,false,["030.open"],["030.users.contract"],"7d54954886d5a5b0fdcbf9ed2ee78b958b4255fc22625d41c6a98be36305eec0","cb8decd722cc032e289ec2ed6b08d9cb4856017b68975fd4f1bb803c212e1b44"],
["030.users.keep",false,false,["030.open"],["030.users.hook_back"],"8b9d2e0c8847bd491266edb68fe06fc202e2754b3966109bee969d64b4c5a8cd","93004076fa2c7813ddd6c622ebc9a7c5f4c0a670abb8caf39a6dca30b46e552a"],
["030.users.rekey_old_key_1_1",false,false,["030.open"],["030.users.keep"],"488f1073403ecb6c1c4899c44dc9f97adecd0fd1a8d5949fdf7fc3967d5e228e","1b70252d66b3bbbd70b679a347e0da40d6a41474d5144ae6610db34bb5971b90"],
["030.users.require_back",true,false,["030.open"],["030.users.rekey_old_key_1_1"],"d1cf2b904e24035811fb529815032d4a0f785d41d47accad541b9dd09d770f67","9679807cd00a0ac60eb3ffddb43e5ec99f4d445d91e892538a82ed1c8a5cc4ab"],
["030.users.required_back",true,false,["030.open"],["030.users.require_back"],"a8ea56bbddfb06b1385597c0be2decf51f00055f8a9a5b1e7f0e9a4082f84830","54329646a3c39231b6cda40083635ef6b05477e0847d3fbf0e72fc88dbfaa44b"],
["030.users.not_null_back",true,false,["030.open"],["030.users.required_back"],"c31fe8d0b8c727e6f4cb6685d2e0c4c6e86beed99e79051662e4d99adc21d113","ee0cc51ea0388c1f5296fa033cf1936ea73de4f98ce79c44ddd4a6e16332c0eb"],
["030.users.contract",true,false,["030.open"],["030.close"],"706dd1dae899ca952b1d585c89ae67c819426b2c177b49b7ebd6838c437e6bea","4ad546f0566b742fc0f4878148ea1abc2d75a7f281906c870e48a86deb50884a"],
["030.orders.hook_back",true,false,["030.open"],["030.orders.contract","030.users.keep"],"ad793d0cf56b07e7301b65fe2e3d9808ae9d80e0752bbdefd93a07dbe3686c75","b6261fce1aa8f45ce4516810f3d4ba3c38afe2a46f807cfb0571b3a3f57e86cd"],
["030.orders.keep",false,false,["030.open"],["030.orders.hook_back"],"b3c10450fbd476169288ead85ecd956130f5ff82363df602f614898ffde0aea3","a506da6b82ab2c55d6d89b4d8066c5d34c9fdbd8db454cb4624896d44b6486a9"],
["030.orders.rekey_old_key_2_1",false,false,["030.open"],["030.orders.keep"],"b5eb97e8e09a1b7f02ed7033d2fa10c8085556930666aa0fa5d4714becce96a5","0581e0545af8dcaf8828d3f36c4a429ed4ad364552b472ea13b52c87a9d7f404"],
["030.orders.rekey_old_key_2_2",false,false,["030.open"],["030.orders.rekey_old_key_2_1"],"15c0164b5291f0bcbb9f8594175214470fbda270cef57057d594d417a8143ebd","d5330dd950fdef8ea32a0b5ba443e7b3e347c1d560d5f01c4ef11c72f1fd2e4f"],
["030.orders.require_back",true,false,["030.open"],["030.orders.rekey_old_key_2_2"],"900e8daf68eab5cc3dcf609da00433f258b75e43ca14f0cf74e6daa07bee11f5","3adc4b8523a99624b1905e3be973bb2a3bb47b7b8f0f0d0fff5dce6a081ab3ec"],
["030.orders.required_back",true,false,["030.open"],["030.orders.require_back"],"d7a6b02ed45806e35c36168c4c28fb6f03b1f77ad0bd4173b95b5bca6c6f5ef3","42438c22351256f7712c66ff3dcc6618b8aafbac7c949df15aa278749e69da99"],
["030.orders.not_null_back",true,false,["030.open"],["030.orders.required_back"],"da1f46e255ac46f4beac8d837131f135ddd95659003b8bed3670f19a8e2d6af0","90f892da2e67a452c2b6539a398eebb3fb1e1411858515acde928047303f57f3"],
["030.orders.contract",true,false,["030.open"],["030.close"],"756a39c891290b66587724f77ea5124bf6425f4e02eb3d579b5fc60c884dfa54","bc4b745ef96c1a9fa7f65644eb400ad42ca40ebd3b18487b167d765b9e3761a7"],
["030.close",true,false,["030.users.hook_back","030.users.keep","030.users.rekey_old_key_1_1","030.users.require_back","030.users.required_back","030.users.not_null_back","030.users.contract","030.orders.hook_back","030.orders.keep","030.orders.rekey_old_key_2_1","030.orders.rekey_old_key_2_2","030.orders.require_back","030.orders.required_back","030.orders.not_null_back","030.orders.contract"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.users.hook_back · online · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.users.hook_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.users.hook_back');
CALL rekey.end_step('030.users.hook_back');
COMMIT;

-- step 030.users.keep · online · outside of a transaction · plan.yaml:8
-- old keys for the rows of public.users that lack one or have another
-- ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 030.users.keep in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.users.keep');
CALL rekey.settle_old_keys('030.users.keep', 'public.users', 'rekey_old_id_1', $query$rekey_old_id_1 = rekey.old_key_1(id)$query$, $query$t.rekey_old_id_1 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) END OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
CALL rekey.end_step('030.users.keep');

-- step 030.users.rekey_old_key_1_1 · online · outside of a transaction · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.users.rekey_old_key_1_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.users.rekey_old_key_1_1');
CALL rekey.end_step('030.users.rekey_old_key_1_1');

-- step 030.users.require_back · online · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.users.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.users.require_back');
CALL rekey.end_step('030.users.require_back');
COMMIT;

-- step 030.users.required_back · online · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.users.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.users.required_back');
CALL rekey.end_step('030.users.required_back');
COMMIT;

-- step 030.users.not_null_back · online · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.users.not_null_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.users.not_null_back');
CALL rekey.end_step('030.users.not_null_back');
COMMIT;

-- step 030.users.contract · online · plan.yaml:8
-- drops the old keys of public.users and the triggers that fill them; they are computed from the
--   new ones, or stand in rekey.keys
-- ACCESS EXCLUSIVE on public.users
-- goes back with 030.users.contract in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.users.contract');
DROP TRIGGER "~rekey_insert" ON public.users;
DROP TRIGGER "~rekey_update" ON public.users;

CALL rekey.keep_columns('public.users', ARRAY['rekey_old_id_1']);
ALTER TABLE public.users
  DROP COLUMN rekey_old_id_1;
CALL rekey.end_step('030.users.contract');
COMMIT;

-- step 030.orders.hook_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.orders.hook_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.orders.hook_back');
CALL rekey.end_step('030.orders.hook_back');
COMMIT;

-- step 030.orders.keep · online · outside of a transaction · plan.yaml:11
-- old keys for the rows of public.orders that lack one or have another
-- ROW EXCLUSIVE on public.orders; reads all of public.orders
-- goes back with 030.orders.keep in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.orders.keep');
CALL rekey.settle_old_keys('030.orders.keep', 'public.orders', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id), rekey_old_user_id_3 = rekey.old_key_1(user_id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.orders.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.orders.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.user_id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.user_id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) END OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
CALL rekey.end_step('030.orders.keep');

-- step 030.orders.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.orders.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.orders.rekey_old_key_2_1');
CALL rekey.end_step('030.orders.rekey_old_key_2_1');

-- step 030.orders.rekey_old_key_2_2 · online · outside of a transaction · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.orders.rekey_old_key_2_2 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.orders.rekey_old_key_2_2');
CALL rekey.end_step('030.orders.rekey_old_key_2_2');

-- step 030.orders.require_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.orders.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.orders.require_back');
CALL rekey.end_step('030.orders.require_back');
COMMIT;

-- step 030.orders.required_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.orders.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.orders.required_back');
CALL rekey.end_step('030.orders.required_back');
COMMIT;

-- step 030.orders.not_null_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.orders.not_null_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.orders.not_null_back');
CALL rekey.end_step('030.orders.not_null_back');
COMMIT;

-- step 030.orders.contract · online · plan.yaml:11
-- drops the old keys of public.orders and the triggers that fill them; they are computed from the
--   new ones, or stand in rekey.keys
-- ACCESS EXCLUSIVE on public.orders
-- goes back with 030.orders.contract in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.orders.contract');
DROP TRIGGER "~rekey_insert" ON public.orders;
DROP TRIGGER "~rekey_update" ON public.orders;

CALL rekey.keep_columns('public.orders', ARRAY['rekey_old_id_2', 'rekey_old_user_id_3']);
ALTER TABLE public.orders
  DROP COLUMN rekey_old_id_2,
  DROP COLUMN rekey_old_user_id_3;
CALL rekey.end_step('030.orders.contract');
COMMIT;

-- step 030.close · online
-- ends the phase
-- no lock on your tables
-- goes back with 030.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.close');
CALL rekey.close_phase('030');
CALL rekey.end_step('030.close');
COMMIT;

