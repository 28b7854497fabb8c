#!/usr/bin/env bash
# Names and texts of the catalog as attacks, on SQL, psql and the templates, wherever a name can stand: a
# trip there and back, by the runtime and by psql alone, changes what it should and nothing else.
. "$(dirname "$0")/lib.sh"
if (($(server_major) >= 18)); then
  echo 'skipped: from PostgreSQL 18 on heirs have to name their not-null constraints as their parents do'
  exit 77
fi
export PGOPTIONS='-c rekey.secret=pinned'

attacks=(
  '"; DROP TABLE victim; --'
  "'; DROP TABLE victim; --"
  "\\'; DROP TABLE victim; --"
  $'\n; DROP TABLE victim;\n\\! touch pwned\n'
  $'\n\\c postgres\n-- step 020.open\n'
  '*/ DROP TABLE victim; /* --'
  '$query$; DROP TABLE victim; $body$ $$'
  ":name :'name' :\"name\" :{?name}"
  '{{x}} {{#tables}} %I %s %L %1$s'
  $'\n%up\n%down\n'
  '\ \\ E\x27\n\u0041 U&\0041'
  'größe 表 😀'
  'select.from,(public.t) [1:2]::int'
  ' a  b '
  $'\e[2J\r\x01\x7f'
  '456789_123456789_123456789_123456789_123456789_123456789_123'
)
kinds=(schema role domain table key other plain primary unique foreign check child heir whole part rest index
  statistics function trigger rule policy view alias upper stored stored_index rows_of)

# Each name has two letters of its own in front; with them the last attack has 63 bytes.
name() {  # NUMBER KIND
  local letters=({a..z} {A..D}) i
  for i in "${!kinds[@]}"; do
    [[ ${kinds[i]} != "$2" ]] || name=${letters[$1]}${letters[i]}_${attacks[$1]}
  done
}

create_objects() {  # NUMBER
  local kind set=()
  for kind in "${kinds[@]}"; do
    name "$1" "$kind"
    set+=(-v "$kind=$name")
  done
  sql "${set[@]}" -v "text=${attacks[$1]}" -f "$REKEY_SOURCE/tests/fixtures/names_everywhere.sql" >"$work/output" 2>&1
}

begin 'every object is drafted'
database odd
sql -c 'CREATE TABLE victim (v integer); INSERT INTO victim VALUES (1)'
for n in "${!attacks[@]}"; do create_objects "$n"; done
remember before
cd "$work"  # where a command that psql was tricked into would work
printf 'name: names\n' >decisions.yaml
exits 0 "$REKEYC" inspect --decisions decisions.yaml -o plan.yaml
exits 0 "$REKEYC" check plan.yaml
for kind in check function index 'materialized view' policy rule statistics trigger; do
  equal "drafts of kind $kind" "${#attacks[@]}" "$(grep -c "kind: $kind\$" plan.yaml)"
done
compile plan.yaml bundle
exits 0 "$REKEY" inventory bundle --json
ok

begin 'there and back by the runtime'
database by_runtime odd
apply bundle
verify bundle
no_trace_of_fences
proves "SELECT bool_and(format_type(atttypid, NULL) = 'uuid') FROM rekey.key_columns
        JOIN pg_attribute ON attrelid = to_regclass(table_name) AND attname = column_name"
remember applied
exits 0 "$REKEY" status bundle --exit-code
for n in "${!attacks[@]}"; do
  name "$n" table
  exits 0 "$REKEY" lookup "$name" 1
done
exits 0 "$REKEY" mapping bundle
sql -c 'CREATE TEMP TABLE read (LIKE rekey.mapping)' -c "\\copy read FROM '$work/output' CSV HEADER" \
  -c 'SELECT count(*) = 0 FROM (TABLE read EXCEPT TABLE rekey.mapping) r' -c 'SELECT count(*) >= 16 * 7 FROM read' \
  >"$work/said"
equal 'the mapping as CSV' $'t\nt' "$(cat "$work/said")"
rollback bundle
exactly_as before
ok

begin 'there and back by psql alone, which knows a variable "name"'
database by_psql odd
run_file() { exits 0 psql -X -v ON_ERROR_STOP=1 -v name='; DROP TABLE victim; --' -f "$1"; }
for folder in bundle/*/; do
  run_file "$folder/up.sql"
  run_file "$folder/verify.sql"
done
exactly_as applied
for folder in $(ls -dr bundle/*/); do run_file "$folder/down.sql"; done
exactly_as before
ok

begin 'nothing was done besides'
[[ ! -e pwned ]] || fail 'psql ran a command out of a name'
ok
