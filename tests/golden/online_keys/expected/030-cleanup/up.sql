-- Plan documents, phase 030 cleanup (4 of 4): the way forward
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
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

-- step 030.open · online · plan.yaml:36
-- opens the phase
-- no lock on your tables
-- goes back with 030.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('030', 'cleanup', 'sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069', '020');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('030', $steps$[
["030.open",true,false,[],["030.users.hook_back","030.users.keep","030.users.rekey_old_key_1_1","030.users.require_back","030.users.required_back","030.users.not_null_back","030.users.contract","030.documents.hook_back","030.documents.keep","030.documents.rekey_old_key_2_1","030.documents.require_back","030.documents.required_back","030.documents.not_null_back","030.documents.contract","030.chunks.hook_back","030.chunks.keep","030.chunks.rekey_old_key_3_1","030.chunks.require_back","030.chunks.required_back","030.chunks.not_null_back","030.chunks.contract"],"b6297ae053b7ca62496e8f944b971b89c3e3584147f10e9b05b3639d47129e72","c37a98df94cf50c4f770c90ca3df81989de57d64fbabf22825465356c38d89fa"],
["030.users.hook_back",true,false,["030.open"],["030.users.contract"],"7d54954886d5a5b0fdcbf9ed2ee78b958b4255fc22625d41c6a98be36305eec0","a2c3688d5fab1f5022057e108fad43f10163ed2e6a2a729e40bb3fb31ce1cd95"],
["030.users.keep",false,false,["030.open"],["030.users.hook_back"],"4c130fdf0a3ce77bdc20066e1eab6672a927dea30e36c639b5c280f4cb9a52a4","8589d4095bd5f5e08f28e720a105d18995f2a85448ed50a8eb14feb6ca497bd7"],
["030.users.rekey_old_key_1_1",false,false,["030.open"],["030.users.keep"],"488f1073403ecb6c1c4899c44dc9f97adecd0fd1a8d5949fdf7fc3967d5e228e","1b70252d66b3bbbd70b679a347e0da40d6a41474d5144ae6610db34bb5971b90"],
["030.users.require_back",true,false,["030.open"],["030.users.rekey_old_key_1_1"],"d1cf2b904e24035811fb529815032d4a0f785d41d47accad541b9dd09d770f67","9679807cd00a0ac60eb3ffddb43e5ec99f4d445d91e892538a82ed1c8a5cc4ab"],
["030.users.required_back",true,false,["030.open"],["030.users.require_back"],"a8ea56bbddfb06b1385597c0be2decf51f00055f8a9a5b1e7f0e9a4082f84830","54329646a3c39231b6cda40083635ef6b05477e0847d3fbf0e72fc88dbfaa44b"],
["030.users.not_null_back",true,false,["030.open"],["030.users.required_back"],"c31fe8d0b8c727e6f4cb6685d2e0c4c6e86beed99e79051662e4d99adc21d113","ee0cc51ea0388c1f5296fa033cf1936ea73de4f98ce79c44ddd4a6e16332c0eb"],
["030.users.contract",true,false,["030.open"],["030.close"],"706dd1dae899ca952b1d585c89ae67c819426b2c177b49b7ebd6838c437e6bea","7150dea437047c6ca5583b36c395e649862fe42542bb578f73bacdd5a5203022"],
["030.documents.hook_back",true,false,["030.open"],["030.documents.contract","030.users.keep"],"6588c6919af01aed33e23881c95d6d40ab0dac4f50c1a4bd503f103931d77314","a3910bd3b608420f3e562002adff0fbdf1029e98f8496863d737a1e0aa7c8f20"],
["030.documents.keep",false,false,["030.open"],["030.documents.hook_back"],"ef8e1881dfbbc89f3afc7baf25c951e20d2636e22ce6991c2f93a55297fe232a","047e8676a4c6ab5624281659f1b659106414e223964ff91b2f2697cd841d565c"],
["030.documents.rekey_old_key_2_1",false,false,["030.open"],["030.documents.keep"],"ceef0a8f786741cdc8ae996e154bd864dd2894efd5ad8be4013cf6138a01c82a","51befa4a84a010d4b8059f324b0a2ee5e988133e8a41b16418614c5044fd7c51"],
["030.documents.require_back",true,false,["030.open"],["030.documents.rekey_old_key_2_1"],"7ddf2811da53d0e8c74fcb6f6edabbb38996a5090ae965450210ae9f9429a0a9","f64781d59740cb91159bd0eb5a54b4927ef6329ab9a4f54791397e14bd0cb6a9"],
["030.documents.required_back",true,false,["030.open"],["030.documents.require_back"],"c780adb791ba2739b8fbf900564e2f7e1f54536b15df2740e6914fc1a437b904","59d587fcd0e670def8b6128e154fab3509c111147e719e250a86e5b050bf0e9b"],
["030.documents.not_null_back",true,false,["030.open"],["030.documents.required_back"],"54e8530d35e10f2aa26997fc398dd03bd2f500c6cca9f15c71a15e841b7a8cc4","a464c195a6fb29ae251c93bb39a1a35be1d4034a9364fcdd5233f678f9b734fc"],
["030.documents.contract",true,false,["030.open"],["030.close"],"fccf3320a6757f16fd0ca63a43cb898c55cda7f972b45345b12daa00738502d0","c5682626e78c6d52efffe292e934057e99c006eec55643b3010f5b6e798b39a9"],
["030.chunks.hook_back",true,false,["030.open"],["030.chunks.contract","030.documents.keep"],"b201f15c1c790f114a38991f7a229bfef7042a1ecf4e6f6bd822b80776b42d8c","1d4ab0aa9d19d00462c1d388e9a7e7c8ee27de1e9346fde5fe15e4dc049ff133"],
["030.chunks.keep",false,false,["030.open"],["030.chunks.hook_back"],"bae8ec2fbe4767dcdce5bb9bb875310aacde91b2865a60264a190cfd1c98e19f","47f13392b653653aeeefb5cf42ad1ca1ac88357e0984a2b8e480fcdb259d90e6"],
["030.chunks.rekey_old_key_3_1",false,false,["030.open"],["030.chunks.keep"],"56f2808810c449929b4afca0f098bebc26cd0c57ee3ed985d622bd357a96e2c6","b5ffd123d5d600fe210ef67a661dd78d41f0159aeff248ebb3e4b570e66a91b3"],
["030.chunks.require_back",true,false,["030.open"],["030.chunks.rekey_old_key_3_1"],"e02bed471ddaa74eb7d2dd70f4115d3e61779d00b7dab1fdc7e3c19a78a1884f","b27c23ec4842cd0d285d64572b14946ad0258d38197373ad77df65e5550acb7c"],
["030.chunks.required_back",true,false,["030.open"],["030.chunks.require_back"],"4ff2eda6ee3730cded4d8e7170dc237ddfbd8cc108befb65ddf2f6a2e0595dc1","42edb279dd66e3025f15cec1ed0d009dd66643f40994e0233b0a1b5a00443259"],
["030.chunks.not_null_back",true,false,["030.open"],["030.chunks.required_back"],"24c39aa5e448adab4ba449b4fc5c4a24d6914e9b6926718b87e571b249ea3180","da8d3cea751ac5bc3fed7b1ada418b4b392b558a417fdf4b3c5daf05f7c4987d"],
["030.chunks.contract",true,false,["030.open"],["030.close"],"0d2081d4c396f4fe7f25821ee93c06656165a5aecae4205929195bc908fcf5a6","d288ee56afdebfdbb8a366ec6a69a2c886fd4713cc0a896c3dc12118675042db"],
["030.close",true,false,["030.users.hook_back","030.users.keep","030.users.rekey_old_key_1_1","030.users.require_back","030.users.required_back","030.users.not_null_back","030.users.contract","030.documents.hook_back","030.documents.keep","030.documents.rekey_old_key_2_1","030.documents.require_back","030.documents.required_back","030.documents.not_null_back","030.documents.contract","030.chunks.hook_back","030.chunks.keep","030.chunks.rekey_old_key_3_1","030.chunks.require_back","030.chunks.required_back","030.chunks.not_null_back","030.chunks.contract"],[],"4ce86f7126efc984e4b7ae2e421ab83b87bc38b1746261c2e4e02978e4a594c4","097fbc5e4bebd39590b0f7642c72b9d8833da1b46a7fe282125b751c3c66e963"]
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
CALL rekey.settle_old_keys('030.users.keep', 'public.users', 'rekey_old_id_1', $query$rekey_old_id_1 = rekey.old_key_1(id)$query$, $query$t.rekey_old_id_1 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.id) OR t.rekey_old_id_1 IS NULL AND t.id IS NOT NULL$query$);
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

-- step 030.documents.hook_back · online · plan.yaml:15
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.documents.hook_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.documents.hook_back');
CALL rekey.end_step('030.documents.hook_back');
COMMIT;

-- step 030.documents.keep · online · outside of a transaction · plan.yaml:15
-- old keys for the rows of public.documents that lack one or have another
-- ROW EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 030.documents.keep in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.documents.keep');
CALL rekey.settle_old_keys('030.documents.keep', 'public.documents', 'rekey_old_id_2', $query$rekey_old_id_2 = rekey.old_key_2(id), rekey_old_user_id_3 = rekey.old_key_1(user_id)$query$, $query$t.rekey_old_id_2 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.id) OR t.rekey_old_id_2 IS NULL AND t.id IS NOT NULL OR t.rekey_old_user_id_3 IS DISTINCT FROM (SELECT k.old_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.new_key = t.user_id) OR t.rekey_old_user_id_3 IS NULL AND t.user_id IS NOT NULL$query$);
CALL rekey.end_step('030.documents.keep');

-- step 030.documents.rekey_old_key_2_1 · online · outside of a transaction · plan.yaml:15
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.documents.rekey_old_key_2_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.documents.rekey_old_key_2_1');
CALL rekey.end_step('030.documents.rekey_old_key_2_1');

-- step 030.documents.require_back · online · plan.yaml:15
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.documents.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.documents.require_back');
CALL rekey.end_step('030.documents.require_back');
COMMIT;

-- step 030.documents.required_back · online · plan.yaml:15
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.documents.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.documents.required_back');
CALL rekey.end_step('030.documents.required_back');
COMMIT;

-- step 030.documents.not_null_back · online · plan.yaml:15
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.documents.not_null_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.documents.not_null_back');
CALL rekey.end_step('030.documents.not_null_back');
COMMIT;

-- step 030.documents.contract · online · plan.yaml:15
-- drops the old keys of public.documents and the triggers that fill them; they are computed from
--   the new ones, or stand in rekey.keys
-- ACCESS EXCLUSIVE on public.documents
-- goes back with 030.documents.contract in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.documents.contract');
DROP TRIGGER "~rekey_insert" ON public.documents;
DROP TRIGGER "~rekey_update" ON public.documents;

CALL rekey.keep_columns('public.documents', ARRAY['rekey_old_id_2', 'rekey_old_user_id_3']);
ALTER TABLE public.documents
  DROP COLUMN rekey_old_id_2,
  DROP COLUMN rekey_old_user_id_3;
CALL rekey.end_step('030.documents.contract');
COMMIT;

-- step 030.chunks.hook_back · online · plan.yaml:26
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.chunks.hook_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.chunks.hook_back');
CALL rekey.end_step('030.chunks.hook_back');
COMMIT;

-- step 030.chunks.keep · online · outside of a transaction · plan.yaml:26
-- old keys for the rows of public.chunks that lack one or have another
-- ROW EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 030.chunks.keep in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.chunks.keep');
CALL rekey.settle_old_keys('030.chunks.keep', 'public.chunks', 'rekey_old_document_id_4', $query$rekey_old_document_id_4 = rekey.old_key_2(document_id)$query$, $query$t.rekey_old_document_id_4 IS DISTINCT FROM (SELECT k.old_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.new_key = t.document_id) OR t.rekey_old_document_id_4 IS NULL AND t.document_id IS NOT NULL$query$);
CALL rekey.end_step('030.chunks.keep');

-- step 030.chunks.rekey_old_key_3_1 · online · outside of a transaction · plan.yaml:26
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.chunks.rekey_old_key_3_1 in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('030.chunks.rekey_old_key_3_1');
CALL rekey.end_step('030.chunks.rekey_old_key_3_1');

-- step 030.chunks.require_back · online · plan.yaml:26
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.chunks.require_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.chunks.require_back');
CALL rekey.end_step('030.chunks.require_back');
COMMIT;

-- step 030.chunks.required_back · online · plan.yaml:26
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.chunks.required_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.chunks.required_back');
CALL rekey.end_step('030.chunks.required_back');
COMMIT;

-- step 030.chunks.not_null_back · online · plan.yaml:26
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 030.chunks.not_null_back in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.chunks.not_null_back');
CALL rekey.end_step('030.chunks.not_null_back');
COMMIT;

-- step 030.chunks.contract · online · plan.yaml:26
-- drops the old keys of public.chunks and the triggers that fill them; they are computed from the
--   new ones, or stand in rekey.keys
-- ACCESS EXCLUSIVE on public.chunks
-- goes back with 030.chunks.contract in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.chunks.contract');
DROP TRIGGER "~rekey_insert" ON public.chunks;
DROP TRIGGER "~rekey_update" ON public.chunks;

CALL rekey.keep_columns('public.chunks', ARRAY['rekey_old_document_id_4']);
ALTER TABLE public.chunks
  DROP COLUMN rekey_old_document_id_4;
CALL rekey.end_step('030.chunks.contract');
COMMIT;

-- step 030.close · online · plan.yaml:36
-- ends the phase
-- no lock on your tables
-- goes back with 030.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('030.close');
CALL rekey.close_phase('030');
CALL rekey.end_step('030.close');
COMMIT;

