# Shared by the scripts of this folder, which source it first: it starts the script again beside a
# throwaway server, makes a work folder with a space in its name, and on failure prints the case, the
# line, the last command and its whole output.
#
#   begin "a case"                names what follows; `ok` prints that it holds
#   database NAME [TEMPLATE]      makes NAME and works in it
#   exits CODE COMMAND…           runs it; output in "$work/output"
#   says TEXT…                    the last output holds each
set -Eeuo pipefail

: "${REKEY:?path of rekey}" "${REKEYC:?path of rekeyc}" "${REKEY_SOURCE:?folder of the sources}"
if [[ -z ${REKEY_TEST_INSIDE-} ]]; then
  export REKEY_TEST_INSIDE=1
  exec "$REKEY" sandbox -- bash "$0" "$@"
fi

unset DATABASE_URL  # cases tell their databases apart by PGDATABASE
export LC_ALL=C PGCLIENTENCODING=UTF8 NO_COLOR=1
work=$(mktemp -d "${TMPDIR:-/tmp}/rekey trips.XXXXXX")
examples=$REKEY_SOURCE/examples/workflow
topic=start
: >"$work/output"

finish() {
  local code=$?
  trap - ERR
  set +e
  if ((code != 0 && code != 77)); then
    printf 'NOT OK  %s (exit code %s, database %s)\n' "$topic" "$code" "${PGDATABASE-}"
    [[ ! -s $work/where ]] || cat "$work/where"
    [[ ! -s $work/command ]] || printf 'last command: %s\n' "$(cat "$work/command")"
    echo 'its output:'
    sed 's/^/  | /' "$work/output"
  fi
  [[ -n ${REKEY_TEST_KEEP-} ]] && echo "kept: $work" || rm -rf "$work"
  exit "$code"
} >&2
trap finish EXIT
trap place ERR

place() {
  local i
  for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
    printf 'at %s:%s, in %s\n' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i - 1]}" "${FUNCNAME[i]}"
  done >"$work/where"
}

begin() { topic=$*; : >"$work/where"; }
ok() { printf 'ok      %s\n' "$topic"; }

fail() {
  printf '%s\n' "$@" >&2
  return 1
}

exits() {
  local want=$1 code=0
  shift
  printf '%q ' "$@" >"$work/command"
  "$@" >"$work/output" 2>&1 </dev/null || code=$?
  ((code == want)) || fail "exit code $code, not $want: $*"
}

says() {
  local text
  for text; do
    grep -qF -e "$text" "$work/output" || fail "the output does not say: $text"
  done
}

says_not() { ! grep -F -e "$1" "$work/output" || fail "the output says: $1"; }

equal() {  # WHAT WANTED FOUND
  [[ $2 == "$3" ]] || fail "$1: not" "$2" "but" "$3"
}

same_files() {  # WHAT WANTED FOUND
  diff -u "$2" "$3" >"$work/difference" || {
    head -n 60 "$work/difference" >&2
    fail "$1: not the same"
  }
}

# No session is in the database; those that are get ended. To be awaited, from another database.
alone() {
  sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$1'"
  holds "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '$1'"
}

# Polls until the command holds; a bound, not a measurement.
await() {
  local tries
  for ((tries = 0; tries < 400; tries++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  fail "waited in vain: $*"
}

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
holds() { [[ $(sql -c "$1") == t ]]; }
proves() { holds "$1" || fail "not true: $1"; }

database() {
  local name=$1 template=${2:-template0}
  PGDATABASE=postgres sql -c 'SET client_min_messages = error' \
    -c "DROP DATABASE IF EXISTS \"$name\" WITH (FORCE)" \
    -c "CREATE DATABASE \"$name\" TEMPLATE \"$template\""
  export PGDATABASE=$name
}

workflow_database() {  # NAME ROWS
  database "$1"
  sql -f "$examples/schema.sql"
  "$examples/data.sh" "$2" | sql
}

dump_schema() { "$REKEY_SOURCE/tests/dump" schema; }
dump_rows() { "$REKEY_SOURCE/tests/dump" rows; }
dump_sequences() { "$REKEY_SOURCE/tests/dump" sequences; }

server_major() { PGDATABASE=postgres sql -c "SELECT current_setting('server_version_num')::integer / 10000"; }

# Whether a pg_dump here is as new as the server.
can_dump() {
  local major
  major=$(server_major)
  pg_dump --version | grep -qE "\) ($(seq -s '|' "$major" 40))" && return
  echo "skipped: no pg_dump that reads PostgreSQL $major"
  return 1
}

# Skips the script where none is.
needs_pg_dump() { can_dump || exit 77; }

# A file that begins with "-- needs 17" is for that version and later ones, with "-- before 18" for earlier ones.
runs_here() {
  local needs before
  before=$(sed -n '1s/^-- before //p' "$1")
  if [[ $before ]] && (($(server_major) >= before)); then
    printf 'skipped %s: it is for servers before PostgreSQL %s\n' "${1##*/}" "$before"
    return 1
  fi
  needs=$(sed -n '1s/^-- needs //p' "$1")
  [[ -z $needs ]] && return
  (($(server_major) >= needs)) && return
  printf 'skipped %s: it needs PostgreSQL %s\n' "${1##*/}" "$needs"
  return 1
}

# Remembers the database as NAME; the others compare it with how it stood then.
remember() {
  dump_schema >"$work/$1.schema"
  dump_rows >"$work/$1.rows"
  dump_sequences >"$work/$1.sequences"
}

schema_as() {
  dump_schema >"$work/now.schema"
  same_files "schema as $1" "$work/$1.schema" "$work/now.schema"
}

# All lines, but for the order of columns: places in the listing, and the commas after the columns of a table.
without_order() { sed -E 's/"place": [0-9]+, //; s/,$//' "$1" | sort; }

# Of columns by their names, because those that were dropped come back as the last ones.
dump_named_rows() {
  sql <<'SQL' | sort
SET search_path = '';
SELECT format('SELECT %L, to_jsonb(t) FROM ONLY %s t', c.oid::regclass, c.oid::regclass)
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text NOT IN ('rekey', 'information_schema', 'pg_catalog')
\gexec
SQL
}

schema_but_for_order() {
  dump_schema >"$work/now.schema"
  same_files "schema as $1 but for the order of columns" <(without_order "$work/$1.schema") <(without_order "$work/now.schema")
}

exactly_as() {
  schema_as "$1"
  dump_rows >"$work/now.rows"
  same_files "rows as $1" "$work/$1.rows" "$work/now.rows"
  dump_sequences >"$work/now.sequences"
  same_files "sequences as $1" "$work/$1.sequences" "$work/now.sequences"
}

# Every row of then is there, unchanged; others may have come.
rows_kept_since() {
  dump_rows >"$work/now.rows"
  comm -23 "$work/$1.rows" "$work/now.rows" >"$work/lost"
  [[ ! -s $work/lost ]] || fail 'rows lost or changed:' "$(head -n 20 "$work/lost")"
}

# All foreign keys with whether they are validated.
dump_foreign_keys() {
  sql -c "SET search_path = ''" -c "
    SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated,
           obj_description(oid, 'pg_constraint')
    FROM pg_constraint WHERE contype = 'f' AND connamespace <> coalesce(to_regnamespace('rekey')::oid, 0)
    ORDER BY 1, 2"
}

no_trace_of_fences() {
  proves "SELECT count(*) = 0 FROM pg_trigger WHERE tgname = 'rekey_fence'"
}

# From PostgreSQL 18 on a partition's or heir's not-null constraint must have the name of its parent's: what
# check says to do about it. One whose own heirs are in the way gets its turn after them.
name_not_nulls() {  # [OPTION…] of inspect
  if (($(server_major) < 18)); then return; fi
  local round
  for ((round = 0; round < 50; round++)); do
    exits 0 "$REKEYC" inspect "$@" -o "$work/first.yaml"
    "$REKEYC" check "$work/first.yaml" >"$work/output" 2>&1 || true
    sed -n 's/.*let it have that name before: \(.*;\).*/BEGIN; \1 COMMIT;/p' "$work/output" >"$work/renames"
    [[ -s $work/renames ]] || return 0
    psql -XqAt -f "$work/renames" >"$work/output" 2>&1
  done
  fail 'not-null constraints without end'
}

compile() { exits 0 "$REKEYC" compile "$1" -o "$2"; }
apply() { exits 0 "$REKEY" apply "$@" --yes; }
rollback() { exits 0 "$REKEY" rollback "$@" --yes; }
verify() { exits 0 "$REKEY" verify "$@"; says 'all hold'; }

# Killed again and again, until the query holds.
interrupted() {  # COMMAND, until the query holds
  local try
  for ((try = 1; try <= 100; try++)); do
    "$REKEY" "$1" "$work/bundle" --yes >"$work/output" 2>&1 </dev/null &
    runtime=$!
    if ((try < 15)); then
      sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
      kill -9 "$runtime" 2>/dev/null || true
    fi
    wait "$runtime" 2>/dev/null || true
    ! holds "$2" || return 0
  done
  fail "never came to: $2"
}
