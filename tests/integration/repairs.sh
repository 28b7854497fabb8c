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

begin 'the old key of a row that was merged leads to the one that stayed'
drafted looked_up duplicates_of_uuids
apply "$work/duplicates_of_uuids"
key=$(sql -c "SELECT document_id FROM documents WHERE owner = 'a'")
for n in 1 2 3; do
  exits 0 "$REKEY" lookup documents 00000001-0000-4000-8000-00000000000$n
  says "$key" 'the row exists'
  [[ $n == 2 ]] || says 'merged into the row that was 00000001-0000-4000-8000-000000000002'
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

# A database and its plan from two texts: NAME SCHEMA DECISIONS
small() {
  database "$1"
  sql <<<"$2" >"$work/output" 2>&1
  name_not_nulls
  printf '%s\n' "$3" >"$work/$1.yaml"
  exits 0 "$REKEYC" inspect --decisions "$work/$1.yaml" -o "$work/$1.plan.yaml"
  compile "$work/$1.plan.yaml" "$work/$1"
  remember before
}
letters="CREATE TABLE senders (sender_id serial PRIMARY KEY);
INSERT INTO senders DEFAULT VALUES;
CREATE TABLE letters (letter_id serial PRIMARY KEY, sender integer, code text UNIQUE DEFERRABLE);
INSERT INTO letters (sender, code) VALUES (1, 'a'), (7, 'b');
ALTER TABLE letters ADD CONSTRAINT letters_sender FOREIGN KEY (sender) REFERENCES senders NOT VALID;"

begin 'a reference that no constraint enforces, and that nothing was said of, to a row that is removed'
small unsaid "$letters CREATE TABLE stamps (stamp_id serial PRIMARY KEY, on_letter integer); INSERT INTO stamps (on_letter) VALUES (2);" 'tables:
  public.letters: {foreign_keys: {letters_sender: {orphans: delete}}}
  public.stamps: {logical_references: [{columns: on_letter, references: public.letters}]}'
exits 1 "$REKEY" apply "$work/unsaid" --yes
says '1 rows of public.stamps refer to rows of public.letters that would be removed' 'orphans: of that logical reference'
rollback "$work/unsaid"
exactly_as before
ok

begin 'an array of ids, some of rows that are removed'
shelves='tables:
  public.letters: {foreign_keys: {letters_sender: {orphans: delete}}}
  public.shelves: {logical_references: [{columns: letters, references: public.letters}]}'
small listed "$letters CREATE TABLE shelves (shelf_id serial PRIMARY KEY, letters integer[]); INSERT INTO shelves (letters) VALUES ('{1,2}'), ('{1}');" "$shelves"
exits 1 "$REKEY" apply "$work/listed" --yes
says '1 rows of public.shelves refer to rows of public.letters that would be removed' 'ids in arrays have to be taken out before'
rollback "$work/listed"
exactly_as before
small unlisted "$letters CREATE TABLE shelves (shelf_id serial PRIMARY KEY, letters integer[]); INSERT INTO shelves (letters) VALUES ('{1,9}'), (NULL);" "$shelves"
apply "$work/unlisted"
rollback "$work/unlisted"
exactly_as before
ok

begin 'a unique constraint that can be deferred is looked at when rows come back'
small deferred "$letters" 'tables: {public.letters: {foreign_keys: {letters_sender: {orphans: delete}}}}'
apply "$work/deferred"
sql <<<"INSERT INTO public.letters (code) VALUES ('b')" >"$work/output" 2>&1
exits 1 "$REKEY" rollback "$work/deferred" --yes
says 'constraint letters_code_key would have 2 rows of one value'
sql <<<"SET rekey.fence = 'open'; DELETE FROM public.letters WHERE sender IS NULL AND code = 'b'" >"$work/output" 2>&1
rollback "$work/deferred"
equal 'letters' 2 "$(sql <<<'SELECT count(*) FROM public.letters')"
ok

begin 'a foreign key to a single partition is not left with rows that refer to what is removed'
small leaf "CREATE TABLE senders (sender_id serial PRIMARY KEY);
INSERT INTO senders DEFAULT VALUES;
CREATE TABLE letters (letter_id serial, sender integer, day date, code text, PRIMARY KEY (letter_id, day)) PARTITION BY RANGE (day);
CREATE TABLE letters_1 PARTITION OF letters FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
ALTER TABLE letters_1 ADD UNIQUE (code);
CREATE TABLE seals (code text REFERENCES letters_1 (code));
INSERT INTO letters (sender, day, code) VALUES (7, '2020-01-01', 'a');
INSERT INTO seals VALUES ('a');" 'tables: {public.letters: {logical_references: [{columns: sender, references: public.senders, orphans: quarantine}]}}'
exits 1 "$REKEY" apply "$work/leaf" --yes
says 'foreign key seals_code_fkey of public.seals: 1 rows refer to rows of public.letters_1 that would be removed'
rollback "$work/leaf"
exactly_as before
ok

begin 'a UUID that a removed row had may not be that of a row written since'
small reused "CREATE TABLE books (book_id uuid PRIMARY KEY, title text NOT NULL, at date);
INSERT INTO books VALUES ('00000000-0000-4000-8000-000000000001', 'a', '2020-01-01'), ('00000000-0000-4000-8000-000000000002', 'a', '2021-01-01');
CREATE TABLE counters (counter_id serial PRIMARY KEY);" 'tables:
  public.books: {generator: v5, namespace: url, name_template: "{title}", on_duplicate: merge, time_column: at, columns: {book_id: {new_default: none}}}'
apply "$work/reused"
sql <<<"INSERT INTO public.books VALUES ('00000000-0000-4000-8000-000000000001', 'new', NULL)" >"$work/output" 2>&1
exits 1 "$REKEY" rollback "$work/reused" --yes
says 'key 00000000-0000-4000-8000-000000000001 was written since the change, and is the old key of a row in rekey.archive_' 'Nothing has changed'
proves "SELECT count(*) = 2 FROM public.books"
sql <<<"DELETE FROM public.books WHERE title = 'new'" >"$work/output" 2>&1
rollback "$work/reused"
exactly_as before
ok

begin 'a purge leaves what was quarantined'
drafted purged orphans
apply "$work/orphans"
exits 0 "$REKEY" purge "$work/orphans" --yes
equal 'archives' 'public.documents 2' "$(sql <<<"SELECT string_agg(table_name || ' ' || rows, ',') FROM rekey.archives")"
archive=$(sql <<<'SELECT archive FROM rekey.archives')
equal 'titles' 'lost' "$(sql <<<"SELECT string_agg(title, ',') FROM $archive")"
ok
