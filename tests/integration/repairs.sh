#!/usr/bin/env bash
# Rows that a plan decides about: who may do it, what stops it before anything changes, what has happened to the rows since.
. "$(dirname "$0")/lib.sh"
fixtures=$REKEY_SOURCE/tests/fixtures/features

# A database of the fixture, its plan compiled: NAME FIXTURE
drafted() {
  database "$1"
  sed '/^-- written after apply$/,$d' "$fixtures/$2.sql" | sql >"$work/output" 2>&1
  name_not_nulls
  exits 0 "$REKEYC" inspect --decisions "$fixtures/$2.yaml" -o "$work/$2.yaml"
  compile "$work/$2.yaml" "$work/$2"
  remember before
}

begin 'orphans and duplicates that the plan decides about are no obstacle to a rehearsal'
for fixture in orphans duplicates; do
  drafted "rehearsed_$fixture" "$fixture"
  exits 0 "$REKEY" rehearse "$work/$fixture"
  exactly_as before
done
ok

begin 'without the right to keep triggers from firing nothing changes'
drafted by_owner orphans
sql <<'SQL' >"$work/output" 2>&1
CREATE ROLE keeper LOGIN;
GRANT CREATE ON DATABASE by_owner TO keeper;
GRANT CREATE ON SCHEMA public TO keeper;
SELECT format('ALTER TABLE %s OWNER TO keeper', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' \gexec
SQL
remember owned
PGUSER=keeper exits 3 "$REKEY" apply "$work/orphans" --yes
says 'role keeper may not keep triggers from firing' 'GRANT SET ON PARAMETER session_replication_role' 'nothing has been changed'
exactly_as owned
ok

begin 'a trigger that fires always, and a foreign key that the plan says nothing of, stop it'
drafted loud orphans
sql <<<'ALTER TABLE public.documents ENABLE ALWAYS TRIGGER never' >"$work/output" 2>&1
remember loud
exits 3 "$REKEY" apply "$work/orphans" --yes
says 'trigger never of public.documents would fire' 'disable it for the time of the phase' 'nothing has been changed'
exactly_as loud
sql <<'SQL' >"$work/output" 2>&1
ALTER TABLE public.documents ENABLE TRIGGER never;
ALTER TABLE public.documents ADD UNIQUE (title);
CREATE TABLE public.reviews (title text REFERENCES public.documents (title));
INSERT INTO public.reviews VALUES ('one'), ('lost');
SQL
remember reviewed
exits 1 "$REKEY" apply "$work/orphans" --yes
says 'foreign key reviews_title_fkey of public.reviews: 1 rows refer to rows of public.documents that would be removed'
rollback "$work/orphans"
exactly_as reviewed
ok

begin 'what has taken the place of a removed row is named on the way back, and the way back goes on once it has gone'
drafted taken duplicates
apply "$work/duplicates"
sql <<'SQL' >"$work/output" 2>&1
ALTER TABLE public.users DROP CONSTRAINT IF EXISTS nobody;
INSERT INTO public.documents (document_id, user_id, sha)
SELECT gen_random_uuid(), user_id, 'q' FROM public.users WHERE email = 'b';
UPDATE rekey.archive_1_documents SET sha = 'q', user_id = 2 WHERE document_id = 1;
SQL
exits 1 "$REKEY" rollback "$work/duplicates" --yes
says 'rows of public.documents cannot come back from rekey.archive_1_documents' 'uq_user_filehash' 'Key (user_id, sha)=(2, q) already exists'
sql <<<"UPDATE rekey.archive_1_documents SET sha = 'x', user_id = 1 WHERE document_id = 1" >"$work/output" 2>&1
rollback "$work/duplicates"
equal 'documents' 7 "$(sql <<<'SELECT count(*) FROM public.documents')"
ok

begin 'what removed rows referred to and was deleted since is named on the way back'
drafted deleted duplicates
apply "$work/duplicates"
sql <<'SQL' >"$work/output" 2>&1
SET session_replication_role = replica;
DELETE FROM public.likes WHERE user_id = (SELECT user_id FROM public.users WHERE email = 'b') AND why IS NULL;
DELETE FROM public.replies;
DELETE FROM public.users WHERE email = 'b';
DELETE FROM public.documents WHERE user_id NOT IN (SELECT user_id FROM public.users);
DELETE FROM public.details WHERE document_id NOT IN (SELECT document_id FROM public.documents);
DELETE FROM public.chunks WHERE document_id NOT IN (SELECT document_id FROM public.documents);
UPDATE public.documents SET copy_of = NULL;
SQL
exits 1 "$REKEY" rollback "$work/duplicates" --yes
says 'foreign key likes_user_id_fkey of public.likes: 2 rows in rekey.archive_10_likes refer to rows of public.users that were deleted since'
sql <<<'DELETE FROM rekey.archive_10_likes WHERE user_id = 2' >"$work/output" 2>&1
rollback "$work/duplicates"
equal 'users' '1 3 4' "$(sql <<<"SELECT string_agg(user_id::text, ' ' ORDER BY user_id) FROM public.users")"
ok

begin 'a purge leaves what was quarantined'
drafted purged orphans
apply "$work/orphans"
exits 0 "$REKEY" purge "$work/orphans" --yes
equal 'archives' 'public.documents 2' "$(sql <<<"SELECT string_agg(table_name || ' ' || rows, ',') FROM rekey.archives")"
archive=$(sql <<<'SELECT archive FROM rekey.archives')
equal 'titles' 'lost' "$(sql <<<"SELECT string_agg(title, ',') FROM $archive")"
ok
