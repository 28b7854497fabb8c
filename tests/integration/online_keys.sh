#!/usr/bin/env bash
# Keys that are made from rows, beside the application, beyond the trips that online makes: rows that can have no key,
# the time shortly before the swap, a bridge, kills.
. "$(dirname "$0")/online_trip.sh"
rows=$REKEY_SOURCE/tests/fixtures/online/keys_of_rows.sql
uuids=$REKEY_SOURCE/tests/fixtures/online/uuid_keys.sql

refused() {  # SQLSTATE STATEMENT TEXT…
  local state=$1 statement=$2
  shift 2
  exits 1 psql -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -c "$statement"
  says "$state:" "$@"
}

before_the_swap() {  # up to where it would lock its tables
  awk '/^-- step .*\.swap /{exit} {print}' "$work"/bundle/*-all-swap/up.sql >"$work/head.sql"
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/head.sql"
}

older() {  # a session that begins with STATEMENTS
  rm -f "$work/older"
  mkfifo "$work/older"
  psql -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose <"$work/older" >"$work/answers" 2>&1 &
  older=$!
  exec {to_older}>"$work/older"
  echo "$1" >&"$to_older"
  await holds "SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'psql'"
}

older_ends() {  # STATEMENTS CODE
  local code=0
  echo "$1 COMMIT;" >&"$to_older"
  exec {to_older}>&-
  wait "$older" || code=$?
  ((code == $2)) || fail "$(cat "$work/answers")"
}

begin 'what can have no key is written all the same, and named before the swap'
draft "$uuids"
apply "$work/bundle"
sql -c "INSERT INTO users (email, created_at) VALUES ('at the end', 'infinity')" \
  -c "INSERT INTO documents (user_id, sha) SELECT id, '1' FROM users WHERE email = 'at the end'" \
  -c "INSERT INTO jobs VALUES (gen_random_uuid(), md5('nothing')::uuid)" \
  -c "UPDATE documents SET sha = 'zz' WHERE sha = 'ab' AND user_id = md5('user1')::uuid" \
  -c "INSERT INTO documents (user_id, sha) VALUES (md5('user1')::uuid, 'ab')"
exits 1 "$REKEY" verify "$work/bundle"
says 'public.users.id' '1 row from which no key can be made, such as id = ' 'public.jobs.about' \
  '1 row with a key that no row of public.documents has, such as about = ' '1 row that would have the key of another'
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'nothing has been changed' 'public.users: 1 row without a time in created_at'
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/*-all-swap/up.sql
says 'that no row of public.documents has'
proves "SELECT count(*) = 0 FROM rekey.phases WHERE name = 'all: swap'"
sql -c "UPDATE users SET created_at = '2000-01-01' WHERE email = 'at the end'" -c "DELETE FROM jobs WHERE about = md5('nothing')::uuid"
exits 1 "$REKEY" verify "$work/bundle"
says_not 'from which no key can be made'
says "DELETE FROM rekey.pairs WHERE domain = 'public.documents.id' AND old_key = "
sql -c "DELETE FROM rekey.pairs w USING documents d WHERE domain = 'public.documents.id' AND w.old_key = d.id AND d.sha = 'zz'"
verify "$work/bundle"
apply_all
verify "$work/bundle"
proves "SELECT count(*) = 92 AND count(*) = (SELECT count(*) FROM documents) FROM documents d JOIN users u ON u.id = user_id
        WHERE d.id = rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', u.id || ':' || sha)"
rollback "$work/bundle"
schema_as before
ok

begin 'rows of which no key can be made stop the phase before it adds anything'
draft "$rows"
sql -c "INSERT INTO tags VALUES (8, 'y', NULL)" -c "INSERT INTO documents (owner_id) VALUES (3)"
apply "$work/bundle" --to foundation
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'public.documents: 1 row without a name' 'This step has changed nothing'
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/*-all-prepare/up.sql
says 'public.documents: 1 row without a name, because one of owner_id, sha is NULL'
sql -c 'DELETE FROM documents WHERE sha IS NULL'
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/*-all-prepare/up.sql
says 'domain public.tags.code: the rows with 7 and 8 would have one key'
proves "SELECT count(*) = 0 FROM information_schema.columns WHERE column_name LIKE 'rekey\\_%'"
draft "$rows"
sql -c 'ALTER TABLE owners ADD mail text GENERATED ALWAYS AS (lower(email)) STORED'
sed -i 's/name_template: "{email}"/name_template: "{mail}"/' "$work/plan.yaml"
compile "$work/plan.yaml" "$work/generated"
apply "$work/generated" --to foundation
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/generated/*-all-prepare/up.sql
says 'public.owners: mail is generated, after the trigger that makes a key of it'
ok

begin 'shortly before the swap: an upsert finds its row, what can have no key is refused'
draft "$rows"
apply "$work/bundle"
part 1 "$rows" | sql >"$work/output" 2>&1
sql -c 'INSERT INTO documents (owner_id) VALUES (40)'
older 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM were;'
sql -c "UPDATE documents SET sha = 'then' WHERE sha IS NULL"
before_the_swap
older_ends "INSERT INTO chunks (document_id, n) SELECT id, 66 FROM documents WHERE sha IS NULL;" 3
grep -q '40001:.*public.chunks: document_id = .* got its new key after this transaction began' "$work/answers" || fail "$(cat "$work/answers")"
sql -c "INSERT INTO owners (email) VALUES ('o1'), ('quite new') ON CONFLICT (email) DO UPDATE SET email = excluded.email" \
  -c "INSERT INTO documents (owner_id, sha) VALUES (2, '1') ON CONFLICT (owner_id, sha) DO UPDATE SET copy_of = NULL" \
  -c "INSERT INTO chunks SELECT id, 70 FROM documents WHERE owner_id = 2"
refused 23502 'INSERT INTO documents (owner_id) VALUES (2)' 'public.documents: a value is missing or too large from which a new key is made'
refused 23502 "INSERT INTO tags VALUES (77, '', NULL)" 'public.tags: a value is missing'
refused 23502 "INSERT INTO events (happened) VALUES ('infinity')" 'public.events: a value is missing or too large'
refused 23505 "INSERT INTO tags VALUES (77, 'x', NULL)" 'duplicate key value violates unique constraint'
refused 23503 'INSERT INTO jobs (about) VALUES (-7)' 'public.jobs: about = -7 refers to no row'
refused 23503 'INSERT INTO chunks VALUES (-7, 1)' 'public.chunks: document_id = -7 refers to no row'
exits 0 "$REKEY" verify "$work/bundle"
says 'all: prepare is not verified' 'swap is in its middle'
exits 0 "$REKEY" rollback "$work/bundle" --to 'all: prepare' --yes
sql -c 'INSERT INTO documents (owner_id) VALUES (2)' -c "INSERT INTO tags VALUES (77, 'x', NULL)" -c 'INSERT INTO jobs (about) VALUES (-7)' \
  -c 'DELETE FROM documents WHERE sha IS NULL' -c 'DELETE FROM tags WHERE code = 77' -c 'DELETE FROM jobs WHERE about = -7'
apply_all
verify "$work/bundle"
rollback "$work/bundle"
schema_as before
ok

begin 'a key that somebody else is about to give is left to that'
draft "$rows"
apply "$work/bundle" --to foundation
sql -c "UPDATE rekey.throttle SET wait_while = \$\$SELECT EXISTS (SELECT FROM rekey.steps WHERE step LIKE '%.tags.code.give' AND state = 'running')\$\$"
"$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
runtime=$!
await holds "SELECT count(*) > 0 FROM rekey.backfills WHERE waits_for IS NOT NULL"
older "BEGIN; DELETE FROM tags WHERE code = 7; INSERT INTO tags VALUES (8, 'y', NULL);"
sql -c 'UPDATE rekey.throttle SET wait_while = NULL'
await holds "SELECT count(*) = 1 FROM rekey.steps WHERE step LIKE '%.tags.code.give' AND state = 'done'"
equal 'keys that were given' '-4' "$(sql -c "SELECT old_key FROM rekey.keys WHERE domain = 'public.tags.code'")"
older_ends '' 0
wait "$runtime" || true
apply_all
verify "$work/bundle"
proves 'SELECT count(*) = 2 AND bool_and(code = public.key_of(name)) FROM tags'
rollback "$work/bundle"
schema_as before
ok

begin 'the swap alone is taken back, and done again: keys that were given out stay'
for file in "$rows" "$uuids"; do
  draft "$file"
  apply "$work/bundle"
  apply_all
  part 2 "$uuids" | sed -n '/^INSERT INTO users/,/^INSERT INTO documents/p' >"$work/since.sql"
  [[ $file == "$uuids" ]] || echo "INSERT INTO owners (id, email) VALUES (gen_random_uuid(), 'since');
    INSERT INTO documents (owner_id, sha) SELECT id, 's' FROM owners WHERE email = 'since'" >"$work/since.sql"
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/since.sql"
  sql -c 'SELECT id FROM documents ORDER BY 1' >"$work/given"
  rollback "$work/bundle" --to 'all: prepare'
  sql -c "UPDATE documents SET sha = 'ren' WHERE sha IN ('s', 'since')" -c 'INSERT INTO chunks (document_id, n) SELECT id, 77 FROM documents'
  apply_all
  verify "$work/bundle"
  sql -c 'SELECT id FROM documents ORDER BY 1' >"$work/now"
  same_files 'keys of documents' "$work/given" "$work/now"
  proves 'SELECT count(*) = (SELECT count(*) FROM documents) FROM chunks JOIN documents d ON d.id = document_id WHERE n = 77'
  rollback "$work/bundle"
  schema_as before
done
ok

begin 'psql alone, there and back'
for file in "$rows" "$uuids"; do
  draft "$file"
  for folder in "$work"/bundle/*/; do
    exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"
    exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/verify.sql"
  done
  verify "$work/bundle"
  for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do
    exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"
  done
  schema_but_for_order before
done
ok

begin 'either key leads to the other'
draft "$uuids"
apply "$work/bundle"
proves 'SELECT count(*) = 0 FROM rekey.uuid_mapping'
apply_all
old=$(sql -c 'SELECT id FROM were ORDER BY id LIMIT 1')
new=$(sql -c "SELECT new_key FROM rekey.uuid_mapping WHERE table_name = 'public.documents' AND old_key = '$old'")
for key in "$old" "$new"; do
  exits 0 "$REKEY" lookup documents "$key" --json
  says "\"old_key\": \"$old\"" "\"new_key\": \"$new\"" '"row_exists": true'
done
draft "$rows"
apply_all
sql -c "UPDATE events SET happened = now() WHERE happened < '2020-01-01 00:00:10Z'"
new=$(sql -c "SELECT new_key FROM rekey.mapping WHERE table_name = 'public.events' AND old_key = 7")
for key in 7 "$new"; do
  exits 0 "$REKEY" lookup events "$key" --json
  says '"old_key": "7"' "\"new_key\": \"$new\"" '"row_exists": true'
done
exits 0 "$REKEY" mapping --table documents
equal 'rows of the mapping' 401 "$(wc -l <"$work/output")"
ok

begin 'a rehearsal'
if can_dump; then
  for file in "$rows" "$uuids"; do
    draft "$file"
    exits 0 "$REKEY" rehearse "$work/bundle" --full
  done
  ok
fi

# The old application, NAME its own: what it wrote it finds again by its own keys.
old_application() {  # NAME
  PGOPTIONS='-c search_path=rekey_old,public' exits 0 psql -XqAt -v ON_ERROR_STOP=1 -v name="$1" -f "$work/old.sql"
}

begin 'over a bridge either version makes keys of rows'
database bridge
sql <<'SQL'
CREATE TABLE owners (id serial PRIMARY KEY, email text UNIQUE);
CREATE TABLE documents (id serial PRIMARY KEY, owner_id integer REFERENCES owners, sha text NOT NULL, UNIQUE (owner_id, sha));
CREATE TABLE readers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), since timestamptz NOT NULL DEFAULT now(), friend uuid REFERENCES readers);
CREATE TABLE reads (document_id integer REFERENCES documents ON UPDATE CASCADE, reader_id uuid REFERENCES readers ON DELETE CASCADE, PRIMARY KEY (document_id, reader_id));
INSERT INTO owners (email) SELECT 'o' || n FROM generate_series(1, 9) n;
INSERT INTO documents (owner_id, sha) SELECT n % 9 + 1, n FROM generate_series(1, 30) n;
INSERT INTO readers (since) SELECT '2024-01-01Z'::timestamptz + n * interval '1 day' FROM generate_series(1, 9) n;
INSERT INTO reads SELECT d.id, r.id FROM documents d, readers r;
SQL
cat >"$work/old.sql" <<'SQL'
INSERT INTO owners (email) VALUES (:'name') RETURNING id AS me \gset
INSERT INTO owners (email) VALUES (:'name') ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING 1 / (id = :me)::integer;
INSERT INTO documents (owner_id, sha) VALUES (:me, 'a'), (:me, 'b') RETURNING id AS last \gset document_
INSERT INTO readers (since) VALUES ('2025-05-05Z') RETURNING id AS reader \gset
INSERT INTO readers (friend) VALUES (:'reader');
INSERT INTO reads SELECT id, :'reader' FROM documents WHERE owner_id = :me;
UPDATE documents SET sha = 'c' WHERE owner_id = :me AND sha = 'b';
SELECT 1 / (count(*) = 2)::integer FROM reads r JOIN documents d ON d.id = r.document_id WHERE d.owner_id = :me AND reader_id = :'reader';
SELECT 1 / (count(*) = 1)::integer FROM readers WHERE friend = :'reader';
BEGIN;
DELETE FROM readers WHERE friend = :'reader';
DELETE FROM readers WHERE id = :'reader';
SELECT 1 / (count(*) = 0)::integer FROM reads r WHERE reader_id = :'reader';
ROLLBACK;
SQL
sed -i 's/ RETURNING id AS last .gset document_/;/' "$work/old.sql"
cat >"$work/new.sql" <<'SQL'
INSERT INTO owners VALUES (rekey.named('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'new'), 'new') RETURNING id AS me \gset
INSERT INTO documents (id, owner_id, sha) VALUES (gen_random_uuid(), :'me', 'n') RETURNING id AS document \gset
INSERT INTO readers (since) VALUES (now()) RETURNING id AS reader \gset
INSERT INTO reads VALUES (:'document', :'reader');
UPDATE owners SET email = 'newer' WHERE id = :'me';
SELECT 1 / (count(*) = 1)::integer FROM reads r JOIN documents d ON d.id = document_id JOIN owners o ON o.id = owner_id WHERE email = 'newer';
SQL
remember before
cat >"$work/decisions.yaml" <<'END'
strategy: online
bridge: true
tables:
  public.owners: {generator: v5, namespace: dns, name_template: "{email}", columns: {id: {new_default: none}}}
  public.documents: {generator: v5, namespace: url, name_template: "{owner_id}/{sha}", columns: {id: {new_default: none}}}
  public.readers: {generator: v7, time_column: since}
phases:
  - {name: foundation, kind: foundation}
  - {name: all, tables: [public.owners, public.documents, public.readers, public.reads]}
  - {name: cleanup, kind: cleanup}
END
rm -rf "$work/plan.yaml" "$work/bundle"
exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
apply "$work/bundle"
old_application before
apply_all
old_application between
PGOPTIONS='-c search_path=rekey_new,public' exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/new.sql"
old_application again
verify "$work/bundle"
proves "SELECT count(*) = 12 FROM owners WHERE id = rekey.named('6ba7b810-9dad-11d1-80b4-00c04fd430c8', email)"
proves "SELECT count(*) FILTER (WHERE d.id = rekey.named('6ba7b811-9dad-11d1-80b4-00c04fd430c8', o.id || '/' || sha)) = 33 AND count(*) = 37
        FROM documents d JOIN owners o ON o.id = owner_id"
proves "SELECT count(*) = 1 FROM rekey_old.reads r JOIN rekey_old.documents d ON d.id = r.document_id JOIN rekey_old.owners o ON o.id = d.owner_id WHERE email = 'newer'"
rollback "$work/bundle" --to 'all: prepare'
old_application 'swapped back'
apply_all
old_application 'swapped again'
apply "$work/bundle"
verify "$work/bundle"
rollback "$work/bundle"
schema_but_for_order before
old_application 'afterwards'
proves 'SELECT count(*) = 9 * 30 FROM reads r JOIN documents d ON d.id = document_id JOIN readers ON readers.id = reader_id WHERE d.id <= 30'
ok

# An application in three sessions, the old one until the swap: by names that others have at the same time, rows that go
# and come again, values that come late.
busy() {
  local i
  for ((i = 1; ; i++)); do
    [[ ! -e $work/enough ]] || return 0
    sql <<SQL || return
INSERT INTO owners (email) VALUES ('busy $((i % 50))') ON CONFLICT (email) DO UPDATE SET email = excluded.email;
INSERT INTO documents (owner_id, sha) SELECT id, $i % 9 FROM owners WHERE email = 'busy $((i % 50))' ON CONFLICT (owner_id, sha) DO NOTHING;
INSERT INTO chunks SELECT id, $1 FROM documents WHERE owner_id = $((i % 40 + 1)) ON CONFLICT DO NOTHING;
INSERT INTO documents (owner_id, copy_of) SELECT id, (SELECT min(id) FROM documents) FROM owners WHERE email = 'busy $1';
UPDATE documents SET sha = 's$((i % 90))' WHERE sha IS NULL AND owner_id = (SELECT id FROM owners WHERE email = 'busy $1')
  AND NOT EXISTS (SELECT FROM documents d WHERE d.owner_id = documents.owner_id AND d.sha = 's$((i % 90))');
DELETE FROM documents WHERE sha IS NULL AND owner_id = (SELECT id FROM owners WHERE email = 'busy $1');
DELETE FROM documents WHERE sha = 's$((i % 7))' AND owner_id = (SELECT id FROM owners WHERE email = 'busy $1');
INSERT INTO events (happened, cause) SELECT now(), max(id) FROM events;
UPDATE events SET happened = now() WHERE id = $((i % 300 + 1));
INSERT INTO jobs (about) SELECT max(id) FROM documents WHERE sha = '$((i % 300))';
SQL
  done
}

its_rows() {
  local columns
  for columns in 'id, email FROM owners' 'id, owner_id, sha, copy_of FROM documents' 'document_id, n FROM chunks' 'id, happened, cause FROM events' \
    'code, name FROM tags' 'id, about FROM jobs'; do
    sql -c "SELECT $columns ORDER BY 1, 2"
  done
}

begin 'beside three writers, killed again and again'
draft "$rows"
writers=()
for w in 1 2 3; do
  busy "$w" >"$work/busy.$w" 2>&1 &
  writers+=($!)
done
prepared="SELECT count(*) > 0 FROM rekey.phases WHERE name = 'all: prepare' AND state = 'applied'"
for ((try = 1; try <= 400; try++)); do
  "$REKEY" apply "$work/bundle" --yes >"$work/output" 2>&1 </dev/null &
  runtime=$!
  if ((try < 8)); then
    sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
    kill -9 "$runtime" 2>/dev/null || true
  fi
  wait "$runtime" 2>/dev/null || true
  ! holds "SELECT to_regclass('rekey.phases') IS NOT NULL" || ! holds "$prepared" || break
done
proves "$prepared"
sleep 0.5
touch "$work/enough"
wait "${writers[@]}" || true
for w in 1 2 3; do [[ ! -s $work/busy.$w ]] || fail "writer $w: $(cat "$work/busy.$w")"; done
sql -c 'DELETE FROM jobs WHERE about IS NOT NULL AND NOT EXISTS (SELECT FROM documents d WHERE d.id = about)' \
  -c 'DELETE FROM documents WHERE sha IS NULL'
its_rows >"$work/written.rows"
apply_all
verify "$work/bundle"
proves "SELECT count(*) = 0 FROM owners WHERE id <> rekey.named('6ba7b810-9dad-11d1-80b4-00c04fd430c8', email)"
proves "SELECT count(*) = 0 FROM documents WHERE id <> rekey.named('00000000-0000-0000-0000-00000000000a', owner_id || '/' || sha::text)"
rollback "$work/bundle"
schema_as before
its_rows >"$work/now.rows"
same_files 'rows as they were written' "$work/written.rows" "$work/now.rows"
ok

begin 'killed again and again, on both ways'
draft "$uuids"
interrupted apply "SELECT to_regclass('rekey.phases') IS NOT NULL"
interrupted apply "SELECT count(*) = 3 FROM rekey.phases WHERE state = 'applied'"
verify "$work/bundle"
interrupted rollback "SELECT to_regclass('rekey.phases') IS NULL"
exactly_as before
ok
