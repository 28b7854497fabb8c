#!/usr/bin/env bash
# psql alone over the emitted files leaves the same database as the runtime, journal included; it stops
# at what is done already, and goes on after a kill as the head of each file says.
. "$(dirname "$0")/lib.sh"
export PGOPTIONS='-c rekey.secret=pinned'

# The journal without times, run ids and the order in which parallel steps ended.
dump_journal() {
  sql <<'SQL'
SELECT 'plan', name, format FROM rekey.plan;
SELECT 'phase', phase, name, plan_digest, state FROM rekey.phases ORDER BY phase;
SELECT 'step', step, phase, position, transactional, undo_always,
  needs, undo_needs, up_digest, down_digest, state
FROM rekey.steps ORDER BY phase, position;
SELECT 'history', step, event FROM rekey.history ORDER BY step, entry;
SELECT 'check', phase, step, moment, "check", object, ok, detail, rows, checksum FROM rekey.checks
ORDER BY phase, step, "check", object, moment, entry;
SELECT 'domain', d FROM rekey.domains d ORDER BY domain;
SELECT 'column', k FROM rekey.key_columns k ORDER BY table_name, column_name;
SELECT 'key', k FROM rekey.keys k ORDER BY domain, old_key;
SELECT 'secret', s FROM rekey.secret s;
SQL
}

run_file() { psql -X -v ON_ERROR_STOP=1 -f "$1"; }
up() {
  local folder
  for folder in "$bundle"/*/; do
    # Where it has stopped before the cleanup, "rekey apply" verifies the phase before it once more.
    [[ $folder != */070-cleanup/ ]] || exits 0 run_file "$bundle/060-dependents/verify.sql"
    exits 0 run_file "$folder/up.sql"
    exits 0 run_file "$folder/verify.sql"
  done
}
down() {
  local folder
  for folder in $(ls -r "$bundle"); do
    [[ ! -d $bundle/$folder ]] || exits 0 run_file "$bundle/$folder/down.sql"
  done
}
first_pending() {
  sql -c "SELECT step FROM rekey.steps WHERE phase = '$1' AND state <> 'done' ORDER BY position LIMIT 1"
}
# The command that the head of a file gives, for a step.
from_step() { bash -c "$(sed -n 's/^--   \(sed .*\)/\1/p' "$1/up.sql" | sed "s/STEP/$2/")"; }

workflow_database workflow 2000
cd "$work"  # the files name each other from the bundle's folder
bundle=$work/bundle
compile "$REKEY_SOURCE/plans/workflow.yaml" "$bundle"
cd "$bundle"

begin 'the same catalog, rows and journal as by the runtime'
database by_runtime workflow
remember before
dump_named_rows >"$work/before.named"
apply "$bundle"
apply "$bundle"
remember applied
dump_journal >"$work/applied.journal"
database by_psql workflow
up
exactly_as applied
dump_journal >"$work/now.journal"
same_files journal "$work/applied.journal" "$work/now.journal"
exits 0 "$REKEY" status "$bundle" --exit-code
apply "$bundle"
says 'applied already, nothing to do'
dump_journal >"$work/applied.journal"  # it has verified the last phase again
ok

begin 'a second run stops at its first statement and harms nothing'
for folder in "$bundle"/*/; do
  exits 3 run_file "$folder/up.sql"
done
exactly_as applied
dump_journal >"$work/now.journal"
same_files journal "$work/applied.journal" "$work/now.journal"
ok

begin 'phases out of order are refused'
exits 3 run_file "$bundle/010-foundation/down.sql"
says 'roll back phase'
exactly_as applied
ok

# The cleanup has dropped columns.
as_before() {
  schema_but_for_order before
  dump_named_rows >"$work/now.named"
  same_files 'rows as before, by the names of columns' "$work/before.named" "$work/now.named"
}

begin 'the way back by the same files'
down
as_before
ok

begin 'the way back of the runtime and of psql, half each'
database by_both by_runtime
exits 0 run_file "$bundle/070-cleanup/down.sql"
exits 0 run_file "$bundle/060-dependents/down.sql"
exits 0 "$REKEY" rollback "$bundle" --to 030 --yes
exits 0 run_file "$bundle/030-users/down.sql"
dump_journal >"$work/psql.journal"
PGDATABASE=by_runtime exits 0 "$REKEY" rollback "$bundle" --to 020 --yes
PGDATABASE=by_runtime dump_journal >"$work/runtime.journal"
same_files journal "$work/runtime.journal" "$work/psql.journal"
rollback "$bundle"
as_before
ok

begin 'killed psql: the file goes on where its head says'
database killed workflow
exits 0 run_file "$bundle/010-foundation/up.sql"
exits 0 run_file "$bundle/020-leaf-tables/up.sql"
sql -c 'BEGIN; LOCK TABLE rfi.documents IN ACCESS SHARE MODE; SELECT pg_sleep(60)' >/dev/null 2>&1 &
holder=$!
await holds "SELECT count(*) > 0 FROM pg_stat_activity 
             WHERE datname = 'killed' AND wait_event = 'PgSleep'"
psql -X -v ON_ERROR_STOP=1 -f <(sed 's/2s/0/' "$bundle/030-users/up.sql") >/dev/null 2>&1 &
victim=$!
await holds "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"
kill -9 "$victim"
wait "$victim" 2>/dev/null || true
kill "$holder"
wait "$holder" 2>/dev/null || true
PGDATABASE=postgres await alone killed
exits 0 from_step "$bundle/030-users" "$(first_pending 030)"
proves "SELECT state = 'applied' FROM rekey.phases WHERE phase = '030'"
for folder in 040-workflow-core 050-attributes 060-dependents 070-cleanup; do
  exits 0 run_file "$bundle/$folder/up.sql"
done
exactly_as applied
verify "$bundle"
ok

begin 'names that are none stop the phase before it changes anything'
names() {  # TEMPLATE MESSAGE [B]
  database names
  sql -c 'CREATE TABLE d (id serial PRIMARY KEY, a text, b text, c bytea)' \
    -c "INSERT INTO d (a, b, c) VALUES ('1', '23', ''), ('12', '3', ''), ('1', ${3-NULL}, ''), ('1', '5', '')"
  printf 'tables: {public.d: {generator: v5, namespace: url, name_template: "%s", columns: {id: {new_default: none}}}}\n' "$1" >"$work/names.yaml"
  exits 0 "$REKEYC" inspect --decisions "$work/names.yaml" -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$work/names"
  exits 0 run_file "$work/names/010-foundation/up.sql"
  exits 3 run_file "$work"/names/020-*/up.sql
  says "$2" 'This step has changed nothing'
}
names '{a}{b}' 'public.d: 1 row without a name, because one of a, b is NULL, such as id = 3'
names '{a}' 'public.d: 2 rows with the name of another, such as id = 1 and 4: the same a'
names '{a}{b}' 'domain public.d.id: the rows with 1 and 2 would have one key' "'7'"
names '{c}{x}' 'names of public.d cannot be made from c (bytea), x (missing)'
ok

begin 'keys in documents and of several tables, and a foreign key that the plan makes: psql alone leaves what the runtime does'
features=$REKEY_SOURCE/tests/fixtures/features
database borrowed
for name in ids_in_documents polymorphic_references; do
  sed -n '/^-- written after apply$/q;p' "$features/$name.sql" | sed 's/TABLE users/TABLE IF NOT EXISTS users/' | sql >"$work/output" 2>&1
done
sql -c 'CREATE TABLE owned (owner integer, label text PRIMARY KEY)' -c "INSERT INTO owned VALUES (1, 'a'), (NULL, 'b')"
cat "$features/ids_in_documents.yaml" <(sed 1d "$features/polymorphic_references.yaml") >"$work/borrowed.yaml"
echo '  public.owned: {logical_references: [{columns: owner, references: public.users, enforce: true}]}' >>"$work/borrowed.yaml"
remember before
exits 0 "$REKEYC" inspect --decisions "$work/borrowed.yaml" -o "$work/plan.yaml"
bundle=$work/borrowed
compile "$work/plan.yaml" "$bundle"
database by_runtime_too borrowed
apply "$bundle"
verify "$bundle"
remember applied
dump_journal >"$work/applied.journal"
database by_psql_too borrowed
up
exactly_as applied
proves "SELECT convalidated FROM pg_constraint WHERE conname = 'owned_owner_fkey'"
# A query of verify.sql writes its result down each time: the runtime has asked once more.
dump_journal | grep -v '|verify|' >"$work/now.journal"
grep -v '|verify|' "$work/applied.journal" >"$work/once.journal"
same_files journal "$work/once.journal" "$work/now.journal"
down
exactly_as before
ok
