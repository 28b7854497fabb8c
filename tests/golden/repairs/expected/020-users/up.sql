-- Plan repairs, phase 020 users (2 of 3): the way forward
-- Plan digest sha256:e0e6bfad66a2a02828e12c104601957fd9a36419e7724303e1ee60528e82f2d3
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-users/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-users/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.open · offline
-- opens phase 020: journal, key domains, fence around 3 tables
-- SHARE ROW EXCLUSIVE on public.users, public.documents, public.notes; reads all of public.users,
--   public.documents, public.notes
-- goes back with 020.open in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.open_phase('020', 'users', 'sha256:e0e6bfad66a2a02828e12c104601957fd9a36419e7724303e1ee60528e82f2d3', '010');
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps('020', $steps$[
["020.open",true,false,[],["020.orphans","020.users.merge","020.documents.detach","020.users.keys","020.documents.keys","020.users.rewrite","020.documents.rewrite","020.notes.rewrite","020.documents.attach","020.users.vacuum","020.documents.vacuum","020.notes.vacuum","020.close"],"f046e4d3e875b906404973b98d6cddfe7c346fed31d9eb86c0214cf136cbc255","7fa95635bfdda534ff8f1dc681b06ce868424bff0100e33964693938839cb147"],
["020.orphans",true,false,["020.open"],["020.users.merge","020.documents.detach","020.users.keys","020.documents.keys","020.users.rewrite","020.documents.rewrite","020.notes.rewrite","020.documents.attach","020.users.vacuum","020.documents.vacuum","020.notes.vacuum","020.close"],"cd71266638caa4a7c7a7f02e6a5fbc7c1d27259dcb324aa0a4069c6e05b25dab","86e3722ea97ef8f96935af1ee669761cf346959d1be2f96dab262ea6f9118305"],
["020.users.merge",true,false,["020.orphans"],["020.documents.detach","020.users.keys","020.documents.keys","020.users.rewrite","020.documents.rewrite","020.notes.rewrite","020.documents.attach","020.users.vacuum","020.documents.vacuum","020.notes.vacuum","020.close"],"207fc8edcba2669faaa39462a328fcc4fdb86e3a0969d81d1fec74dd498fa94a","43499470030ff307022ff8439d6056bd628c8770d0586e72c4946ba158f80541"],
["020.documents.detach",true,false,["020.users.merge"],["020.documents.rewrite","020.users.rewrite"],"fd9739094cb13deec76bfd35ece875fdbae3857a44e9ef096360b3cf7e5aca1e","c1b3d7a6b42d94f8ea10cd401cc7764143dd81b838458602212e50026b60fafc"],
["020.users.keys",true,false,["020.users.merge"],["020.close"],"370ae56f2364a2e5a76bd26b13cf5876574e1a9eb32ca2403fa5c4f9376181c7","a17e103b5eef7f602e6bc05628ab34762c9e6411e7acb49628b60280f57ecbd6"],
["020.documents.keys",true,false,["020.users.merge"],["020.close"],"74618bf4bcc435a8fa138a5bf63c5c1b481b5c6102f02db8b492ff37ff02901b","0ef37c56bb61203812e1a1a63364ffb433526bd031577bfa6bac81d68da8c8e1"],
["020.users.rewrite",true,false,["020.documents.detach","020.users.keys"],["020.documents.attach","020.users.keys"],"9a9a4235f0181dc16977d64dacb9229fc884021b035267bba3912fb1eb998451","758f8e56e2fdc58ff9ed30346ec8ce768c58c36384dfbc4c3a81f703d9d0bf48"],
["020.documents.rewrite",true,false,["020.documents.detach","020.documents.keys","020.users.keys"],["020.documents.attach","020.documents.keys","020.users.keys"],"ceb633232b8a741c45d0314601c551f0b779131c81e49227e604c395c2421ccf","049552545630d8a4088f115638da0b0e7a2a14ce5332e8f8ed6b43e15632f39c"],
["020.notes.rewrite",true,false,["020.documents.keys"],["020.documents.keys"],"e3da837aa8ac72dc7136826362534c5b7bef856dff1e9da41f81a5c7c00c6c4b","083731f5144c626b0e3bbfcb5bf2d0aeb6aa880f46754b800a2195da3bfda483"],
["020.documents.attach",true,false,["020.documents.rewrite","020.users.rewrite"],["020.close"],"c07814d8e525fe8ee39bf6928ba8af2d27e29ef7c1842496beaf1bdcee07fb97","ea046683964a27ec3e781ebc7656f47d290b5427ced018f408d884675c55e660"],
["020.users.vacuum",false,true,["020.users.rewrite"],["020.users.rewrite"],"3608bfe4b3d20a583b29cc8fb1e4165cdc230d4406feb8813426e61c761cb3ab","a8b97bc7d274ad5f0bae73b47e8066abe6d5b621f2fa74104edf98db6e8463c2"],
["020.documents.vacuum",false,true,["020.documents.rewrite"],["020.documents.rewrite"],"38f067940c8d65e0da186103951cf168f7e2a17fb32c418486a04e99caadbb8f","845f479b7a17e04cc032ead92d9061d4f61212a7d559a3574668a79a7223d923"],
["020.notes.vacuum",false,true,["020.notes.rewrite"],["020.notes.rewrite"],"dd067e7a5dda02b9afac170e2e41186ece84d606a864f26c4f32c98644df6649","9eb6b6c1645a6113f11a3c5a1fe1beec538f34a3ffd536060872f500a8ca9d91"],
["020.close",true,false,["020.users.vacuum","020.documents.vacuum","020.notes.vacuum"],[],"81c3497c3ddf383eee899afcfcae3ad4ea1d6d4860d2c3ad081f2cda7da18ba7","c351dbab30f6bfb5752dfe8bb9f3a8ae6373e52a5b33dae5f5e0d7a846435a26"]
]$steps$);
CALL rekey.begin_step('020.open');
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
  ('public.users.user_id', '020', 'v5', NULL, NULL),
  ('public.documents.document_id', '020', 'ordered', NULL, NULL);
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
  ('public.users.user_id', 'public.users', 'user_id', 'integer', 'integer', true, true, false, 'public.users_user_id_seq', false),
  ('public.users.user_id', 'public.documents', 'user_id', 'integer', 'integer', false, true, false, NULL, false),
  ('public.documents.document_id', 'public.documents', 'document_id', 'integer', 'integer', true, true, false, 'public.documents_document_id_seq', false),
  ('public.documents.document_id', 'public.notes', 'document_id', 'integer', 'integer', false, true, false, NULL, false);
CALL rekey.expect_columns('020');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.documents
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.documents ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.notes
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.notes ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.end_step('020.open');
COMMIT;

-- step 020.orphans · offline · plan.yaml:25
-- takes care of rows that refer to none, as decided for 2 references
-- SHARE ROW EXCLUSIVE on public.documents, public.notes; ACCESS SHARE on public.users; reads all of
--   public.documents, public.users, public.notes
-- goes back with 020.orphans in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.orphans');
LOCK TABLE public.documents, public.notes IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
-- table, columns that refer, table and columns that they refer to, what becomes of the rows, MATCH
CALL rekey.note_rule('020.orphans', 'public.documents', ARRAY['user_id'], 'public.users', ARRAY['user_id'], 'quarantine', 'simple');
CALL rekey.note_rule('020.orphans', 'public.notes', ARRAY['document_id'], 'public.documents', ARRAY['document_id'], 'set_null', 'no foreign key');
-- all of them, again until what one removes leaves no orphans to another
CALL rekey.settle_orphans('020.orphans');
CALL rekey.expect_no_children('020.orphans');
CALL rekey.expect_legacy('020');
CALL rekey.end_step('020.orphans');
COMMIT;

-- step 020.users.merge · offline · plan.yaml:11
-- public.users: rows that would get one key become one
-- SHARE ROW EXCLUSIVE on public.users, public.documents, public.notes; reads all of public.users
-- goes back with 020.users.merge in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.merge');
LOCK TABLE public.users, public.documents, public.notes IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
INSERT INTO rekey.merged_columns (step, domain, table_name, column_name, is_own, is_root, is_array)
VALUES
  ('020.users.merge', 'public.users.user_id', 'public.users', 'user_id', true, true, false),
  ('020.users.merge', 'public.users.user_id', 'public.documents', 'user_id', false, false, false),
  ('020.users.merge', 'public.documents.document_id', 'public.documents', 'document_id', true, true, false),
  ('020.users.merge', 'public.documents.document_id', 'public.notes', 'document_id', false, false, false);
-- key, key of the row that it becomes, and its place behind that
CALL rekey.find_duplicates('020.users.merge', 'public.users.user_id', $query$
SELECT t.user_id::text, first_value(t.user_id::text) OVER same, row_number() OVER same - 1
FROM public.users t
WHERE t.user_id IS NOT NULL
WINDOW same AS (PARTITION BY t.email::text COLLATE "C"
  ORDER BY t.since NULLS LAST, t.user_id)
$query$);
CALL rekey.merge_rows('020.users.merge');
CALL rekey.expect_no_children('020.users.merge');
CALL rekey.end_step('020.users.merge');
COMMIT;

-- step 020.documents.detach · offline · plan.yaml:17
-- sets 1 foreign key of public.documents aside
-- ACCESS EXCLUSIVE on public.documents, public.users
-- goes back with 020.documents.detach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.detach');
ALTER TABLE public.documents
  DROP CONSTRAINT documents_user_id_fkey;
CALL rekey.end_step('020.documents.detach');
COMMIT;

-- step 020.users.keys · offline · plan.yaml:15
-- notes where the ids of public.users.user_id stand and lists their new keys
-- ACCESS SHARE on public.users, public.documents; reads all of public.users, public.documents
-- goes back with 020.users.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.keys');
CALL rekey.save_ids('public.users.user_id');
CALL rekey.expect_names('public.users', 'user_id', ARRAY['email']);
CALL rekey.list_keys('public.users.user_id', $query$SELECT user_id, rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', email::text) FROM public.users WHERE user_id IS NOT NULL$query$);
CALL rekey.expect_own_keys('public.users.user_id');
CALL rekey.end_step('020.users.keys');
COMMIT;

-- step 020.documents.keys · offline · plan.yaml:20
-- notes where the ids of public.documents.document_id stand
-- ACCESS SHARE on public.documents, public.notes; reads all of public.documents, public.notes
-- goes back with 020.documents.keys in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.keys');
CALL rekey.save_ids('public.documents.document_id');
CALL rekey.end_step('020.documents.keys');
COMMIT;

-- step 020.users.rewrite · offline · plan.yaml:6
-- public.users: user_id to uuid
-- ACCESS EXCLUSIVE on public.users; rewrites public.users; reads all of public.users
-- goes back with 020.users.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.users.rewrite');
LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.users.rewrite', 'before', 'public.users', ARRAY['user_id']);
ALTER TABLE public.users
  ALTER COLUMN user_id DROP DEFAULT,
  ALTER COLUMN user_id TYPE uuid
    USING rekey.listed_key(user_id, 'public.users.user_id');
CALL rekey.measure('020.users.rewrite', 'after', 'public.users', ARRAY['user_id']);
CALL rekey.end_step('020.users.rewrite');
COMMIT;

-- step 020.documents.rewrite · offline · plan.yaml:17
-- public.documents: document_id, user_id to uuid
-- ACCESS EXCLUSIVE on public.documents; rewrites public.documents; reads all of public.documents
-- goes back with 020.documents.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.rewrite');
LOCK TABLE public.documents IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.documents.rewrite', 'before', 'public.documents', ARRAY['document_id', 'user_id']);
ALTER TABLE public.documents
  ALTER COLUMN document_id DROP DEFAULT,
  ALTER COLUMN document_id SET DEFAULT public.uuidv7(),
  ALTER COLUMN document_id TYPE uuid
    USING rekey.ordered(document_id, rekey.domain_secret('public.documents.document_id')),
  ALTER COLUMN user_id TYPE uuid
    USING rekey.listed_key(user_id, 'public.users.user_id');
CALL rekey.measure('020.documents.rewrite', 'after', 'public.documents', ARRAY['document_id', 'user_id']);
CALL rekey.end_step('020.documents.rewrite');
COMMIT;

-- step 020.notes.rewrite · offline · plan.yaml:27
-- public.notes: document_id to uuid
-- ACCESS EXCLUSIVE on public.notes; rewrites public.notes; reads all of public.notes
-- goes back with 020.notes.rewrite in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.notes.rewrite');
LOCK TABLE public.notes IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.notes.rewrite', 'before', 'public.notes', ARRAY['document_id']);
ALTER TABLE public.notes
  ALTER COLUMN document_id TYPE uuid
    USING rekey.ordered(document_id, rekey.domain_secret('public.documents.document_id'));
CALL rekey.measure('020.notes.rewrite', 'after', 'public.notes', ARRAY['document_id']);
CALL rekey.end_step('020.notes.rewrite');
COMMIT;

-- step 020.documents.attach · offline · plan.yaml:17
-- puts 1 foreign key of public.documents back, not yet validated
-- SHARE ROW EXCLUSIVE on public.documents, public.users
-- goes back with 020.documents.attach in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.documents.attach');
ALTER TABLE public.documents
  ADD CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(user_id) NOT VALID;
CALL rekey.end_step('020.documents.attach');
COMMIT;

-- step 020.users.vacuum · offline · outside of a transaction · plan.yaml:6
-- fresh statistics and visibility map for public.users
-- SHARE UPDATE EXCLUSIVE on public.users; reads all of public.users
-- goes back with 020.users.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.users.vacuum');
VACUUM (ANALYZE) public.users;
CALL rekey.end_step('020.users.vacuum', analyzed => 'public.users');

-- step 020.documents.vacuum · offline · outside of a transaction · plan.yaml:17
-- fresh statistics and visibility map for public.documents
-- SHARE UPDATE EXCLUSIVE on public.documents; reads all of public.documents
-- goes back with 020.documents.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.documents.vacuum');
VACUUM (ANALYZE) public.documents;
CALL rekey.end_step('020.documents.vacuum', analyzed => 'public.documents');

-- step 020.notes.vacuum · offline · outside of a transaction · plan.yaml:27
-- fresh statistics and visibility map for public.notes
-- SHARE UPDATE EXCLUSIVE on public.notes; reads all of public.notes
-- goes back with 020.notes.vacuum in down.sql, for as long as schema rekey is there
CALL rekey.begin_step('020.notes.vacuum');
VACUUM (ANALYZE) public.notes;
CALL rekey.end_step('020.notes.vacuum', analyzed => 'public.notes');

-- step 020.close · offline
-- takes the fence down: the phase is applied
-- ACCESS EXCLUSIVE on public.users, public.documents, public.notes
-- goes back with 020.close in down.sql, for as long as schema rekey is there
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_step('020.close');
DROP TRIGGER rekey_fence ON public.users;
DROP TRIGGER rekey_fence ON public.documents;
DROP TRIGGER rekey_fence ON public.notes;
CALL rekey.close_phase('020');
CALL rekey.end_step('020.close');
COMMIT;

