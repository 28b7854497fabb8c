-- Plan documents, phase 020 documents: swap (3 of 4): the way forward
-- Plan digest sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-documents-swap/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-documents-swap/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · online · plan.yaml:35
-- opens phase 020
-- ACCESS SHARE on public.users, public.documents, public.chunks; reads all of public.users,
--   public.documents, public.chunks
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'documents: swap', 'sha256:aa81d27f42fe58bcf4fad37e3eeb4549101738770060a08402601195b2261069', '015');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.users.hold","020.documents.hold","020.chunks.hold","020.public.users.id.give","020.public.documents.id.give","020.users.fill","020.users.keyed","020.users.not_null","020.documents.fill","020.documents.keyed","020.documents.not_null","020.chunks.fill","020.chunks.keyed","020.chunks.not_null","020.users.compare","020.documents.compare","020.chunks.compare","020.swap","020.documents.validate","020.chunks.validate","020.users.settle","020.documents.settle","020.chunks.settle","020.close"],"293f2ccc266ce879a9bb6fa9dc30a636bc8ad75fbb2bbf85b43ddb2f83ec0c85","d4d5b5e740585471f440c82310a0ee1bed4aabedb8c624262ef037b9ed9e6890"],
["020.users.hold",true,false,["020.open"],["020.swap"],"b694249d63f905f7ec002c736580d31bb5ae20138c734453d206d3eb9341e86b","3348484edf7353c4f9e4fed1b64f33886ffd4f07b5c9dc7fbe9c137f7da7466b"],
["020.documents.hold",true,false,["020.open"],["020.swap"],"6226073ab0ffca669dc644e3e85103961fd46c0d7c432f4b5d87320d47cee418","d805ba3d25d493e4720ec6cf4831889ff869d3bc923bea74085ee3e31eead124"],
["020.chunks.hold",true,false,["020.open"],["020.swap"],"1e8fdf3db2095896b7c44352cbf12f769b463ce1fdc1332da592026d428d7fbb","739c7df0b476f23b22dfd0378ceef7a7e363eada09e08b7bae289d44077b14ec"],
["020.public.users.id.give",false,false,["020.users.hold","020.documents.hold","020.chunks.hold"],["020.swap"],"eecd378b8c4d3cebee35edc331735f892629a2ef2d57a59e6bc014ea33a305ea","1f20c4915a8018b06e25aebe6e3e189d5bd87493fa0d5b67eeb2fb97a648424a"],
["020.public.documents.id.give",false,false,["020.users.hold","020.documents.hold","020.chunks.hold","020.public.users.id.give"],["020.swap"],"8a2fd94013beae454c51dcdc53b501a00249510313a33c34c4e52cafef5e83cb","8d69cfef9b3635189dd5774c4a72dba4dee991177c59dcab0edab57e2dae1599"],
["020.users.fill",false,false,["020.users.hold","020.documents.hold","020.chunks.hold","020.public.users.id.give","020.public.documents.id.give"],["020.swap"],"4981b95b3cc89e2746af9b52cf0afc7a991f073a9dd5a7e63d8dfc43e0bd2d70","1b09f3a7f8374fa7cdf260936faeb67c48663cc6e4083d564aa60f434fd2cf4f"],
["020.users.keyed",true,false,["020.users.fill"],["020.swap"],"b84370926ad8445e5b8c2e9cd12f89e40f660d8f6bc072396194217b0c30076a","00dc28b803ac0e9ae3b91a97f0c1526b7ceee94bb202d3288ca2122ef63f3845"],
["020.users.not_null",true,false,["020.users.keyed"],["020.swap"],"7d2d69ef4fbfd3d7647d1213fd63bed3f7f5f37dccbd69d3fd74fc39f35c59b6","a0602754ecf7dee47463fefb8bcf5e890568ff1271c97d9d78c61801177a2dc8"],
["020.documents.fill",false,false,["020.users.hold","020.documents.hold","020.chunks.hold","020.public.users.id.give","020.public.documents.id.give"],["020.swap"],"7dac7dc43e0689eab4a344c18ae00a12aa5d4cb35b4d9b1f327c83b74961c836","53efb0ce3b36192ba04b97539a605eb4ef31cbb8df11d031777deaecece288f1"],
["020.documents.keyed",true,false,["020.documents.fill"],["020.swap"],"1ddbb0f50a144e177ad95ba3848789a3ef85fa0ea0aeca6c8b35223e200fee5a","f70ea12c07b2573d5be4a1c3438bb97ffdb91d7a5da02156acb582d88ec7c65e"],
["020.documents.not_null",true,false,["020.documents.keyed"],["020.swap"],"b7b01c2a8595da766083f7f77b7153b999206d11b8c813fb26630d73162966a0","8b8be3d070dee318ede632cbbd614b55ca7c7a9c6cf89514346875630db6ef27"],
["020.chunks.fill",false,false,["020.users.hold","020.documents.hold","020.chunks.hold","020.public.users.id.give","020.public.documents.id.give"],["020.swap"],"9a5b861abe4bbe01ddad6b8bde1c6be5743b2ec892778dc86e9c2352240937fe","9ee0e4c0a6e25e3edd05ce833321763206ff47626be8ef431362fd1b00300044"],
["020.chunks.keyed",true,false,["020.chunks.fill"],["020.swap"],"57451b57189fc6e188e04e52d230704ba0a01efa2fb911c623aa3c0fade70e6f","5b7a3a91693b104fea1d949eff059b3f1abf675683f8d42dfb0db9d2c643fab2"],
["020.chunks.not_null",true,false,["020.chunks.keyed"],["020.swap"],"8ad5ab1906fd9dd1b3b0dfabddf796ec6cad6dcac98b4023ca61c122990bc17b","2c1c1da81942c07a01e4c9215326d34b83bc0c930bb40730b5c48d63220bc929"],
["020.users.compare",true,false,["020.users.not_null"],["020.swap"],"214ff6223bb1f0a6cd947230fa3d971132f7b5a85b47adcdfea1c202b2ad25b9","cc8ed24f46991298ea441da7f8c48a4a5f2c66cb67728238015122b3e56056fd"],
["020.documents.compare",true,false,["020.documents.not_null"],["020.swap"],"ee6fd943056f1a1f8f5fb5dc751c5e8e87700deafe147a26bf72c9c68bb1e947","d83912978dbee9390deaad8b1072516bcb8a8cfe80fc66efa5dba5a4da15f7d2"],
["020.chunks.compare",true,false,["020.chunks.not_null"],["020.swap"],"54e50dec031ba92b2984d30491144406a387b7dcc7f35676043237706e327505","7802dfce4905d6c9ddc44590f810145895d2a9a647a8d2c237cd402c470f9515"],
["020.swap",true,false,["020.users.compare","020.documents.compare","020.chunks.compare"],["020.users.settle","020.documents.settle","020.chunks.settle"],"934dbf37894e829cc8fafac4af85168cea83cdacf38f792b46f385cb0ac50ca8","66a515c39225c9f47b33b13b1a0525d4aaae54cbd8bba1d52dda4d18d4fb456b"],
["020.documents.validate",true,true,["020.swap"],["020.swap"],"32c14bf9e854ea079ff9981d000c49633d43857289c86df22b736fd35f079c01","f492194c24f844bffc3a258c3d3e55164b90c88014d5292975b9ebc92c5fb44e"],
["020.chunks.validate",true,true,["020.swap"],["020.swap"],"ca554e317faedc9ad04bf5b67651587def5b7833ddcb5eaeab0e688b38344334","548faf089498b397619c0bf265df545310b8e3410367b7574167c07f70215081"],
["020.users.settle",false,true,["020.swap"],["020.close"],"fdad65fd6ca68f92786b48301532932e3ed5ae896a6ad75f9980382b9c563fb2","73dc352fe6697ca04e40ab77322384560f97dab1c10a6bbbb71c67898cc74662"],
["020.documents.settle",false,true,["020.swap"],["020.close"],"63226ca1d51ecb6facd6207b0173f68ce6eeb50de4af99fdf682f5e64e7aada8","bb9239811ebb2730dbdcd9fbc92e93276c4c5997fdd1c5caa6568a1604b0f13c"],
["020.chunks.settle",false,true,["020.swap"],["020.close"],"b025aef07c797640fb29c89461e126614614f122701f6a680137663ff40c181c","724a58240eedf277b4bbb5db101524e273937f91b743be2cfe684fba0ff92ca6"],
["020.close",true,false,["020.swap","020.users.settle","020.documents.settle","020.chunks.settle","020.documents.validate","020.chunks.validate"],[],"0c627a9b98a1295938c7f5a36f1bf8096d0746fc00520f5c27b7e03daf7585f8","2a2499ee47cc1e7dccc82115fd7703d0a7dcddd6b3c3cbc3f60ba5c61b9973ce"]
]$steps$);
CALL rekey.begin_step('020.open');
CALL rekey.expect_keys('public.users', 'id', 'rekey_new_id_1', 'public.users.id', 'rekey.made_key_1');
CALL rekey.expect_keys('public.documents', 'id', 'rekey_new_id_2', 'public.documents.id', 'rekey.made_key_2');
CALL rekey.expect_keys('public.documents', 'user_id', 'rekey_new_user_id_3', 'public.users.id', NULL);
CALL rekey.expect_keys('public.chunks', 'document_id', 'rekey_new_document_id_4', 'public.documents.id', NULL);
UPDATE rekey.domains SET phase = '020' WHERE phase = '015';
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.users.hold · online · plan.yaml:8
-- from now on rows of public.users that cannot have a new key are refused
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.users.hold in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.hold');
-- Whoever has written rows by the function of before has committed them then.
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CREATE OR REPLACE FUNCTION rekey.made_key_1(of_row public.users) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET TimeZone = 'UTC'
AS $query$
#variable_conflict use_column
BEGIN
  RETURN CASE WHEN rekey.fits_in_key(of_row.created_at) THEN rekey.retimed(of_row.id, of_row.created_at) END;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.give_key_1(of_id uuid, was uuid, made uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  given uuid;
BEGIN
  IF of_id IS NULL THEN
    RETURN NULL;
  ELSIF was <> of_id THEN
    DELETE FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
    UPDATE rekey.pairs SET old_key = of_id WHERE domain = 'public.users.id' AND old_key = was RETURNING new_key INTO given;
    IF FOUND THEN
      RETURN given;
    END IF;
  END IF;
  SELECT new_key INTO given FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
  IF FOUND AND (given = made OR EXISTS (SELECT FROM public.users r WHERE r.id = of_id)) THEN
    RETURN given;
  END IF;
  DELETE FROM rekey.pairs WHERE domain = 'public.users.id' AND old_key = of_id;
  IF made IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO rekey.pairs VALUES ('public.users.id', of_id, made) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE rekey.pairs k SET old_key = of_id
    WHERE k.domain = 'public.users.id' AND k.new_key = made AND NOT EXISTS (SELECT FROM public.users r WHERE r.id = k.old_key);
  END IF;
  RETURN (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = of_id);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_id_1 := CASE WHEN NEW.id IS NOT NULL THEN coalesce(rekey.give_key_1(NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.id END, rekey.made_key_1(NEW)),
    rekey.made_key_1(NEW), rekey.refuse_row('public.users', 'id', NEW.id::text)) END;
  RETURN NEW;
END
$query$;

CALL rekey.require('public.users', ARRAY['id'], ARRAY['rekey_new_id_1']);
CALL rekey.end_step('020.users.hold');
COMMIT;

-- step 020.documents.hold · online · plan.yaml:15
-- from now on rows of public.documents that cannot have a new key are refused
-- ACCESS EXCLUSIVE on public.documents
-- goes back with 020.documents.hold in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.hold');
-- Whoever has written rows by the function of before has committed them then.
LOCK TABLE public.documents IN ACCESS EXCLUSIVE MODE;
CREATE OR REPLACE FUNCTION rekey.made_key_2(of_row public.documents) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET TimeZone = 'UTC'
AS $query$
#variable_conflict use_column
BEGIN
  RETURN rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = of_row.user_id)::text || ':' || of_row.file_sha256::text);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.give_key_2(of_id bigint, was bigint, made uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  given uuid;
BEGIN
  IF of_id IS NULL THEN
    RETURN NULL;
  ELSIF was <> of_id THEN
    DELETE FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
    UPDATE rekey.keys SET old_key = of_id WHERE domain = 'public.documents.id' AND old_key = was RETURNING new_key INTO given;
    IF FOUND THEN
      RETURN given;
    END IF;
  END IF;
  SELECT new_key INTO given FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
  IF FOUND AND (given = made OR EXISTS (SELECT FROM public.documents r WHERE r.id = of_id)) THEN
    RETURN given;
  END IF;
  DELETE FROM rekey.keys WHERE domain = 'public.documents.id' AND old_key = of_id;
  IF made IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO rekey.keys VALUES ('public.documents.id', of_id, made, false) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE rekey.keys k SET old_key = of_id
    WHERE k.domain = 'public.documents.id' AND k.new_key = made AND NOT EXISTS (SELECT FROM public.documents r WHERE r.id = k.old_key);
  END IF;
  RETURN (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = of_id);
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_id_2 := CASE WHEN NEW.id IS NOT NULL THEN coalesce(rekey.give_key_2(NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.id END, rekey.made_key_2(NEW)),
    rekey.made_key_2(NEW), rekey.refuse_row('public.documents', 'id', NEW.id::text)) END;
  NEW.rekey_new_user_id_3 := CASE WHEN NEW.user_id IS NOT NULL THEN coalesce((SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = NEW.user_id),
    rekey.refuse_reference('public.documents', 'user_id', NEW.user_id::text, EXISTS (SELECT FROM public.users r WHERE r.id = NEW.user_id))) END;
  RETURN NEW;
END
$query$;

CALL rekey.require('public.documents', ARRAY['id', 'user_id'], ARRAY['rekey_new_id_2', 'rekey_new_user_id_3']);
CALL rekey.end_step('020.documents.hold');
COMMIT;

-- step 020.chunks.hold · online · plan.yaml:26
-- from now on rows of public.chunks that cannot have a new key are refused
-- ACCESS EXCLUSIVE on public.chunks
-- goes back with 020.chunks.hold in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.hold');
-- Whoever has written rows by the function of before has committed them then.
LOCK TABLE public.chunks IN ACCESS EXCLUSIVE MODE;
CREATE OR REPLACE FUNCTION rekey.sync_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_new_document_id_4 := CASE WHEN NEW.document_id IS NOT NULL THEN coalesce((SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = NEW.document_id),
    rekey.refuse_reference('public.chunks', 'document_id', NEW.document_id::text, EXISTS (SELECT FROM public.documents r WHERE r.id = NEW.document_id))) END;
  RETURN NEW;
END
$query$;

CALL rekey.require('public.chunks', ARRAY['document_id'], ARRAY['rekey_new_document_id_4']);
CALL rekey.end_step('020.chunks.hold');
COMMIT;

-- step 020.public.users.id.give · online · outside of a transaction · plan.yaml:8
-- gives keys of public.users.id to rows that have none
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.public.users.id.give in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.public.users.id.give');
CALL rekey.backfill('020.public.users.id.give', 'public.users', $query$SELECT rekey.give_key_1(t.id, NULL, rekey.made_key_1(t.*))$query$, $query$t.id IS NOT NULL AND NOT EXISTS (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$);
CALL rekey.end_step('020.public.users.id.give');

-- step 020.public.documents.id.give · online · outside of a transaction · plan.yaml:15
-- gives keys of public.documents.id to rows that have none
-- ACCESS SHARE on public.documents; reads all of public.documents
-- goes back with 020.public.documents.id.give in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.public.documents.id.give');
CALL rekey.backfill('020.public.documents.id.give', 'public.documents', $query$SELECT rekey.give_key_2(t.id, NULL, rekey.made_key_2(t.*))$query$, $query$t.id IS NOT NULL AND NOT EXISTS (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id)$query$);
CALL rekey.end_step('020.public.documents.id.give');

-- step 020.users.fill · online · outside of a transaction · plan.yaml:8
-- fills the new columns of public.users that were left
-- ROW EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.fill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.fill');
CALL rekey.backfill('020.users.fill', 'public.users', $query$rekey_new_id_1 = (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$, $query$t.rekey_new_id_1 <> (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id) OR t.rekey_new_id_1 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$);
CALL rekey.end_step('020.users.fill');

-- step 020.users.keyed · online · plan.yaml:8
-- every row of public.users has a new key
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.keyed in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keyed');
CALL rekey.expect_keys('public.users', 'id', 'rekey_new_id_1', 'public.users.id', 'rekey.made_key_1');
CALL rekey.validate_required('public.users');
CALL rekey.end_step('020.users.keyed');
COMMIT;

-- step 020.users.not_null · online · plan.yaml:8
-- new keys of public.users become NOT NULL, by the check: without a scan
-- ACCESS EXCLUSIVE on public.users
-- goes back with 020.users.not_null in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.not_null');
CALL rekey.set_required('public.users', ARRAY['id'], ARRAY['rekey_new_id_1']);
CALL rekey.end_step('020.users.not_null');
COMMIT;

-- step 020.documents.fill · online · outside of a transaction · plan.yaml:15
-- fills the new columns of public.documents that were left
-- ROW EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 020.documents.fill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.documents.fill');
CALL rekey.backfill('020.documents.fill', 'public.documents', $query$rekey_new_id_2 = (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id), rekey_new_user_id_3 = (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id)$query$, $query$t.rekey_new_id_2 <> (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id) OR t.rekey_new_id_2 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id) OR t.rekey_new_user_id_3 <> (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id) OR t.rekey_new_user_id_3 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id)$query$);
CALL rekey.end_step('020.documents.fill');

-- step 020.documents.keyed · online · plan.yaml:15
-- every row of public.documents has a new key
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 020.documents.keyed in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.keyed');
CALL rekey.expect_keys('public.documents', 'id', 'rekey_new_id_2', 'public.documents.id', 'rekey.made_key_2');
CALL rekey.expect_keys('public.documents', 'user_id', 'rekey_new_user_id_3', 'public.users.id', NULL);
CALL rekey.validate_required('public.documents');
CALL rekey.end_step('020.documents.keyed');
COMMIT;

-- step 020.documents.not_null · online · plan.yaml:15
-- new keys of public.documents become NOT NULL, by the check: without a scan
-- ACCESS EXCLUSIVE on public.documents
-- goes back with 020.documents.not_null in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.not_null');
CALL rekey.set_required('public.documents', ARRAY['id', 'user_id'], ARRAY['rekey_new_id_2', 'rekey_new_user_id_3']);
CALL rekey.end_step('020.documents.not_null');
COMMIT;

-- step 020.chunks.fill · online · outside of a transaction · plan.yaml:26
-- fills the new columns of public.chunks that were left
-- ROW EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 020.chunks.fill in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.chunks.fill');
CALL rekey.backfill('020.chunks.fill', 'public.chunks', $query$rekey_new_document_id_4 = (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.document_id)$query$, $query$t.rekey_new_document_id_4 <> (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.document_id) OR t.rekey_new_document_id_4 IS NULL AND EXISTS (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.document_id)$query$);
CALL rekey.end_step('020.chunks.fill');

-- step 020.chunks.keyed · online · plan.yaml:26
-- every row of public.chunks has a new key
-- SHARE UPDATE EXCLUSIVE on public.chunks; reads all of public.chunks
-- goes back with 020.chunks.keyed in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.keyed');
CALL rekey.expect_keys('public.chunks', 'document_id', 'rekey_new_document_id_4', 'public.documents.id', NULL);
CALL rekey.validate_required('public.chunks');
CALL rekey.end_step('020.chunks.keyed');
COMMIT;

-- step 020.chunks.not_null · online · plan.yaml:26
-- new keys of public.chunks become NOT NULL, by the check: without a scan
-- ACCESS EXCLUSIVE on public.chunks
-- goes back with 020.chunks.not_null in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.not_null');
CALL rekey.set_required('public.chunks', ARRAY['document_id'], ARRAY['rekey_new_document_id_4']);
CALL rekey.end_step('020.chunks.not_null');
COMMIT;

-- step 020.users.compare · online · plan.yaml:8
-- every row of public.users has the new key of its old one
-- ACCESS SHARE on public.users; reads all of public.users
-- goes back with 020.users.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.compare');
CALL rekey.give_rest('public.users', $query$SELECT rekey.give_key_1(t.id, NULL, rekey.made_key_1(t.*))$query$, $query$t.id IS NOT NULL AND NOT EXISTS (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$);
CALL rekey.expect_agreement('public.users', $query$t.rekey_new_id_1 IS DISTINCT FROM (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.id)$query$);
CALL rekey.end_step('020.users.compare');
COMMIT;

-- step 020.documents.compare · online · plan.yaml:15
-- every row of public.documents has the new key of its old one
-- ACCESS SHARE on public.documents; reads all of public.documents
-- goes back with 020.documents.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.compare');
CALL rekey.give_rest('public.documents', $query$SELECT rekey.give_key_2(t.id, NULL, rekey.made_key_2(t.*))$query$, $query$t.id IS NOT NULL AND NOT EXISTS (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id)$query$);
CALL rekey.expect_agreement('public.documents', $query$t.rekey_new_id_2 IS DISTINCT FROM (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.id) OR t.rekey_new_user_id_3 IS DISTINCT FROM (SELECT k.new_key FROM rekey.pairs k WHERE k.domain = 'public.users.id' AND k.old_key = t.user_id)$query$);
CALL rekey.end_step('020.documents.compare');
COMMIT;

-- step 020.chunks.compare · online · plan.yaml:26
-- every row of public.chunks has the new key of its old one
-- ACCESS SHARE on public.chunks; reads all of public.chunks
-- goes back with 020.chunks.compare in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.compare');
CALL rekey.expect_agreement('public.chunks', $query$t.rekey_new_document_id_4 IS DISTINCT FROM (SELECT k.new_key FROM rekey.keys k WHERE k.domain = 'public.documents.id' AND k.old_key = t.document_id)$query$);
CALL rekey.end_step('020.chunks.compare');
COMMIT;

-- step 020.swap · online · plan.yaml:35
-- the new keys take the names of the old ones in 3 tables
-- ACCESS EXCLUSIVE on public.documents, public.users, public.chunks
-- goes back with 020.swap in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.swap');
CREATE FUNCTION rekey.old_key_1(of_key uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  drawn uuid;
  known uuid;
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  END IF;
  LOOP
    SELECT old_key INTO known FROM rekey.pairs WHERE domain = 'public.users.id' AND new_key = of_key;
    IF FOUND THEN
      RETURN known;
    END IF;
    drawn := CASE WHEN drawn IS NULL THEN of_key ELSE gen_random_uuid() END;
    INSERT INTO rekey.pairs VALUES ('public.users.id', drawn, of_key) ON CONFLICT DO NOTHING;
  END LOOP;
END
$query$;
CALL rekey.begin_ids('rekey.ids_2', 'public.documents.id', 'public.documents', 'id');
CREATE FUNCTION rekey.old_key_2(of_key uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
#variable_conflict use_variable
DECLARE
  drawn bigint;
  known bigint;
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  END IF;
  LOOP
    SELECT old_key INTO known FROM rekey.keys WHERE domain = 'public.documents.id' AND new_key = of_key;
    IF FOUND THEN
      RETURN known;
    END IF;
    drawn := nextval('rekey.ids_2');
    INSERT INTO rekey.keys VALUES ('public.documents.id', drawn, of_key, true) ON CONFLICT DO NOTHING;
  END LOOP;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.rekey_old_id_1 IS NOT NULL AND NEW.rekey_old_id_1 IS DISTINCT FROM rekey.old_key_1(NEW.id) THEN
    PERFORM rekey.refuse_place('public.users', 'id');
  END IF;
  NEW.rekey_old_id_1 := rekey.old_key_1(NEW.id);
  RETURN NEW;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_2() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_old_id_2 := rekey.old_key_2(NEW.id);
  IF TG_OP = 'INSERT' AND NEW.rekey_old_user_id_3 IS NOT NULL AND NEW.rekey_old_user_id_3 IS DISTINCT FROM rekey.old_key_1(NEW.user_id) THEN
    PERFORM rekey.refuse_place('public.documents', 'user_id');
  END IF;
  NEW.rekey_old_user_id_3 := rekey.old_key_1(NEW.user_id);
  RETURN NEW;
END
$query$;
CREATE OR REPLACE FUNCTION rekey.sync_3() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $query$
BEGIN
  NEW.rekey_old_document_id_4 := rekey.old_key_2(NEW.document_id);
  RETURN NEW;
END
$query$;
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE public.users, public.documents, public.chunks IN SHARE UPDATE EXCLUSIVE MODE;
CALL rekey.expect_indexes('public.users', ARRAY['id'], '{}');
CALL rekey.expect_indexes('public.documents', ARRAY['id', 'user_id'], '{}');
CALL rekey.expect_indexes('public.chunks', ARRAY['document_id'], '{}');
CALL rekey.copy_column_settings('public.users', 'id', 'rekey_new_id_1');
CALL rekey.copy_column_settings('public.documents', 'id', 'rekey_new_id_2');
CALL rekey.copy_column_settings('public.documents', 'user_id', 'rekey_new_user_id_3');
CALL rekey.copy_column_settings('public.chunks', 'document_id', 'rekey_new_document_id_4');
CALL rekey.plan_changes($swap$
CALL rekey.catch_up_ids('rekey.ids_2', 'public.documents.id');
ALTER TABLE public.documents
  DROP CONSTRAINT documents_user_id_fkey;
ALTER TABLE public.chunks
  DROP CONSTRAINT chunks_document_id_fkey;
ALTER TABLE public.users RENAME COLUMN id TO rekey_old_id_1;
ALTER TABLE public.users RENAME COLUMN rekey_new_id_1 TO id;
SELECT rekey.index_exchange('public.users', NULL, 'rekey_twin_1_1', 'rekey_old_key_1_1', ARRAY['id', 'rekey_new_id_1'], ARRAY['rekey_old_id_1', 'id']);
ALTER TABLE public.users ALTER COLUMN rekey_old_id_1 DROP DEFAULT;
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT public.uuidv7();
ALTER TABLE public.documents RENAME COLUMN id TO rekey_old_id_2;
ALTER TABLE public.documents RENAME COLUMN rekey_new_id_2 TO id;
ALTER TABLE public.documents RENAME COLUMN user_id TO rekey_old_user_id_3;
ALTER TABLE public.documents RENAME COLUMN rekey_new_user_id_3 TO user_id;
SELECT rekey.index_exchange('public.documents', NULL, 'rekey_twin_2_1', 'rekey_old_key_2_1', ARRAY['id', 'rekey_new_id_2', 'user_id', 'rekey_new_user_id_3'], ARRAY['rekey_old_id_2', 'id', 'rekey_old_user_id_3', 'user_id']);
ALTER TABLE public.documents ALTER COLUMN rekey_old_id_2 DROP DEFAULT;
ALTER TABLE public.chunks RENAME COLUMN document_id TO rekey_old_document_id_4;
ALTER TABLE public.chunks RENAME COLUMN rekey_new_document_id_4 TO document_id;
SELECT rekey.index_exchange('public.chunks', NULL, 'rekey_twin_3_1', 'rekey_old_key_3_1', ARRAY['document_id', 'rekey_new_document_id_4'], ARRAY['rekey_old_document_id_4', 'document_id']);
ALTER TABLE public.documents
  ADD CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE NOT VALID;
ALTER TABLE public.chunks
  ADD CONSTRAINT chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) NOT VALID;
DROP FUNCTION IF EXISTS rekey.made_key_1(public.users);
DROP FUNCTION IF EXISTS rekey.made_key_2(public.documents);
CALL rekey.note_changed(ARRAY['public.users'], ARRAY['id'], true);
CALL rekey.note_changed(ARRAY['public.documents'], ARRAY['user_id'], true);
$swap$);
-- All of them at once or none, in many tries, some of which take their turn for a short time.
CALL rekey.lock_out('public.users', 'public.documents', 'public.chunks');
CALL rekey.make_changes();
CALL rekey.end_step('020.swap');
COMMIT;

-- step 020.documents.validate · online · plan.yaml:15
-- checks every row of public.documents against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.documents; ROW SHARE on public.users; reads all of
--   public.documents
-- goes back with 020.documents.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.validate');
ALTER TABLE public.documents
  VALIDATE CONSTRAINT documents_user_id_fkey;
CALL rekey.end_step('020.documents.validate');
COMMIT;

-- step 020.chunks.validate · online · plan.yaml:26
-- checks every row of public.chunks against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.chunks; ROW SHARE on public.documents; reads all of
--   public.chunks
-- goes back with 020.chunks.validate in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.chunks.validate');
ALTER TABLE public.chunks
  VALIDATE CONSTRAINT chunks_document_id_fkey;
CALL rekey.end_step('020.chunks.validate');
COMMIT;

-- step 020.users.settle · online · outside of a transaction · plan.yaml:8
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.users.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.settle');
CALL rekey.end_step('020.users.settle');

-- step 020.documents.settle · online · outside of a transaction · plan.yaml:15
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.documents.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.documents.settle');
CALL rekey.end_step('020.documents.settle');

-- step 020.chunks.settle · online · outside of a transaction · plan.yaml:26
-- nothing to do on the way forward
-- no lock on your tables
-- goes back with 020.chunks.settle in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.chunks.settle');
CALL rekey.end_step('020.chunks.settle');

-- step 020.close · online · plan.yaml:35
-- the phase is applied
-- no lock on your tables
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

