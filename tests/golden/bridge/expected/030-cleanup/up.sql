-- Plan bridge, phase 030 cleanup (4 of 4): the way forward
-- Plan digest sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9
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
CALL rekey.open_phase('030', 'cleanup', 'sha256:bbbecdb8c6912909ef48f6d1619e00d6ebb60b2e7480849d8f403e493d336ef9', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.bridge","030.users.hook_back","030.users.keep","030.users.rekey_old_key_1_1","030.users.require_back","030.users.required_back","030.users.not_null_back","030.users.contract","030.notes.hook_back","030.notes.keep","030.notes.rekey_old_key_2_1","030.notes.require_back","030.notes.required_back","030.notes.not_null_back","030.notes.contract"],"724ae465a3d41584effe745081a6a6c8bce5f243b99b0f1e8f0344aa2443e6d7","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.bridge",true,false,["030.open"],["030.users.not_null_back","030.notes.not_null_back"],"ddab7857f3c9a0e9979638cf82bda346f3afe6410b0cebf18906dc6ad2b19687","ba4e55882ec2e96b77caf9f1a249ce61e1caf597bfda7a3d02915b774d0278cc"],
["030.users.hook_back",true,false,["030.open"],["030.users.contract"],"7d54954886d5a5b0fdcbf9ed2ee78b958b4255fc22625d41c6a98be36305eec0","c6c59de2df4c0b2715a435030e3c27e74d79e5dc108625793da4c6de1681fa1a"],
["030.users.keep",false,false,["030.open"],["030.users.hook_back"],"8b9d2e0c8847bd491266edb68fe06fc202e2754b3966109bee969d64b4c5a8cd","93004076fa2c7813ddd6c622ebc9a7c5f4c0a670abb8caf39a6dca30b46e552a"],
["030.users.rekey_old_key_1_1",false,false,["030.open"],["030.users.keep"],"488f1073403ecb6c1c4899c44dc9f97adecd0fd1a8d5949fdf7fc3967d5e228e","1b70252d66b3bbbd70b679a347e0da40d6a41474d5144ae6610db34bb5971b90"],
["030.users.require_back",true,false,["030.open"],["030.users.rekey_old_key_1_1"],"d1cf2b904e24035811fb529815032d4a0f785d41d47accad541b9dd09d770f67","9679807cd00a0ac60eb3ffddb43e5ec99f4d445d91e892538a82ed1c8a5cc4ab"],
["030.users.required_back",true,false,["030.open"],["030.users.require_back"],"a8ea56bbddfb06b1385597c0be2decf51f00055f8a9a5b1e7f0e9a4082f84830","54329646a3c39231b6cda40083635ef6b05477e0847d3fbf0e72fc88dbfaa44b"],
["030.users.not_null_back",true,false,["030.open"],["030.users.required_back"],"c31fe8d0b8c727e6f4cb6685d2e0c4c6e86beed99e79051662e4d99adc21d113","ee0cc51ea0388c1f5296fa033cf1936ea73de4f98ce79c44ddd4a6e16332c0eb"],
["030.users.contract",true,false,["030.open","030.bridge"],["030.close"],"706dd1dae899ca952b1d585c89ae67c819426b2c177b49b7ebd6838c437e6bea","4ad546f0566b742fc0f4878148ea1abc2d75a7f281906c870e48a86deb50884a"],
["030.notes.hook_back",true,false,["030.open"],["030.notes.contract","030.users.keep"],"73683aa0b4ce2b2b6d73321664ca5e9355225df707c5670e5713454b5a6ad6d6","49583f83344bfa4887b33242f1d132dfc523b3518108039b76ed6f21dc6cc4e2"],
["030.notes.keep",false,false,["030.open"],["030.notes.hook_back"],"b3072c45367ea249cc4f4fdfe3824e3d328dda9943388eea0ad99ae36fd51bf1","fd26b2e155b584f690eef9822a2a5706a7def9b33565e4202370a10db80b780e"],
["030.notes.rekey_old_key_2_1",false,false,["030.open"],["030.notes.keep"],"59fd3773a1c4a19de3dfae91ecf67328ea67f91723f3f84db5e6d09ca7230893","ce7628b288fc079bcc0e88e1c9a21e851c9f466b327ae5b26abd77a74fd9a288"],
["030.notes.require_back",true,false,["030.open"],["030.notes.rekey_old_key_2_1"],"c4ecbf636d046a11e3c4bb7f0fc623f9353142ed252bfd5feca34b30a54d5198","5bdd2c1204374f1a7b72b79a618211b4d43f3e92d9f221e7634622d059953ff5"],
["030.notes.required_back",true,false,["030.open"],["030.notes.require_back"],"31e4ed9ddc1f5bccfe58775998bf114faabd58b5802ab319bfa08db136145de9","edfdc2ba84a49f0e5bd9129b0926062ac7e0c5035e3ad39e3cf029c93fccbeb8"],
["030.notes.not_null_back",true,false,["030.open"],["030.notes.required_back"],"0790fb26540860c78f3938a67c5223d8b59db11bc226247700de8d0b1dfc9b13","2043b77c2b7997e1ceff37634f34390d1a77482ce9c776e63a838c4f2c49b1ab"],
["030.notes.contract",true,false,["030.open","030.bridge"],["030.close"],"1bfa6cd5606657890be9c1efdb7dbfa6eaffd3330785d2eaa4a94cf12d3a5045","530de42410bdb7ac67bfdf781408b7ce33627881fd382dc9e6476ad3f2524285"],
["030.close",true,false,["030.bridge","030.users.hook_back","030.users.keep","030.users.rekey_old_key_1_1","030.users.require_back","030.users.required_back","030.users.not_null_back","030.users.contract","030.notes.hook_back","030.notes.keep","030.notes.rekey_old_key_2_1","030.notes.require_back","030.notes.required_back","030.notes.not_null_back","030.notes.contract"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
]$steps$);
CALL rekey.begin_step('030.open');
CALL rekey.end_step('030.open');
COMMIT;

-- step 030.bridge · online
-- both versions of the application are one: their views go
-- ACCESS EXCLUSIVE on rekey_new.users, rekey_old.users, rekey_new.notes, rekey_old.notes
-- goes back with 030.bridge in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.bridge');
DROP VIEW rekey_new.users;
DROP VIEW rekey_old.users;
DROP VIEW rekey_new.notes;
DROP VIEW rekey_old.notes;
DROP SCHEMA rekey_new;
DROP SCHEMA rekey_old;
CALL rekey.end_step('030.bridge');
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

-- step 030.notes.hook_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.notes.hook_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.notes.hook_back');
CALL rekey.end_step('030.notes.hook_back');
COMMIT;

-- step 030.notes.keep · online · outside of a transaction · plan.yaml:11
-- old keys for the rows of public.notes that lack one or have another
-- ROW EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 030.notes.keep in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.notes.keep');
CALL rekey.settle_old_keys('030.notes.keep', 'public.notes', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id), rekey_old_user_id_3 = rekey.old_key_1(user_id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.id, rekey.domain_secret('public.notes.id')) THEN rekey.ordered_id(t.id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.notes.id' AND k.new_key = t.id) END OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM CASE WHEN rekey.is_ordered(t.user_id, rekey.domain_secret('public.users.id')) THEN rekey.ordered_id(t.user_id) ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) END OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
CALL rekey.end_step('030.notes.keep');

-- step 030.notes.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.notes.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.notes.rekey_old_key_2_1');
CALL rekey.end_step('030.notes.rekey_old_key_2_1');

-- step 030.notes.require_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.notes.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.notes.require_back');
CALL rekey.end_step('030.notes.require_back');
COMMIT;

-- step 030.notes.required_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.notes.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.notes.required_back');
CALL rekey.end_step('030.notes.required_back');
COMMIT;

-- step 030.notes.not_null_back · online · plan.yaml:11
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.notes.not_null_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.notes.not_null_back');
CALL rekey.end_step('030.notes.not_null_back');
COMMIT;

-- step 030.notes.contract · online · plan.yaml:11
-- drops the old keys of public.notes and the triggers that fill them; they are computed from the
--   new ones, or stand in rekey.keys
-- ACCESS EXCLUSIVE on public.notes
-- goes back with 030.notes.contract in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.notes.contract');
DROP TRIGGER "~rekey_insert" ON public.notes;
DROP TRIGGER "~rekey_update" ON public.notes;

CALL rekey.keep_columns('public.notes', ARRAY['rekey_old_id_2', 'rekey_old_user_id_3']);
ALTER TABLE public.notes
  DROP COLUMN rekey_old_id_2,
  DROP COLUMN rekey_old_user_id_3;
CALL rekey.end_step('030.notes.contract');
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

