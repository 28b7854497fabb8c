#!/usr/bin/env bash
# A wide database makes the whole trip with the locks that a server has by default. REKEY_WIDE_TABLES
# says how many tables, a multiple of ten (500: 1,800 views, 600 foreign keys, three minutes); the server is
# one of its own.
. "$(dirname "$0")/lib.sh"

tables=${REKEY_WIDE_TABLES:-100}
binaries=$(sql -c "SELECT setting FROM pg_config WHERE name = 'BINDIR'")

home=$(mktemp -d "${TMPDIR:-/tmp}/rekey_wide.XXXXXX")
owner=()  # a server does not run as root
if ((EUID == 0)); then
  chown postgres "$home"
  owner=(runuser -u postgres --)
fi

end_server() {
  local code=$?
  "${owner[@]}" "$binaries/pg_ctl" -D "$home/data" -m immediate stop >"$work/server.end" 2>&1
  rm -rf "$home"
  (exit "$code")
  finish
}

begin 'a server as it is by default'
trap end_server EXIT
cd "$home"
"${owner[@]}" "$binaries/initdb" -D data -U postgres -A trust -N -E UTF8 --locale=C >"$work/output"
"${owner[@]}" "$binaries/pg_ctl" -w -D data -l log -o "-k $home -c listen_addresses= -c fsync=off" start >"$work/output"
export PGHOST=$home PGDATABASE=postgres
equal 'locks a transaction' 64 "$(sql -c 'SHOW max_locks_per_transaction')"
equal 'connections' 100 "$(sql -c 'SHOW max_connections')"
ok

took() {
  local start=$EPOCHREALTIME
  "$@"
  printf '        %s s: %s\n' "$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $start }")" "${1##*/}"
}

begin "$tables tables"
database wide
PGOPTIONS="-c wide.tables=$tables" took sql -1 -f "$REKEY_SOURCE/tests/fixtures/wide.sql"
sql -c VACUUM
name_not_nulls
remember before
inspect() { exits 0 "$REKEYC" inspect "$@"; }
took inspect -o "$work/wide.yaml"
took compile "$work/wide.yaml" "$work/wide"
took apply "$work/wide"
took verify "$work/wide"
took rollback "$work/wide"
exactly_as before
ok

begin 'rows written between apply and rollback'
took apply "$work/wide"
sql -1 -v tables="$tables" <<'SQL'
SELECT format('INSERT INTO t%s (id, parent_id, name) SELECT gen_random_uuid(), id, ''new'' FROM t%s WHERE name = ''n5''',
              i, i - (i - 1) % 10) FROM generate_series(1, :tables) i
\gexec
INSERT INTO kin7 (name) VALUES ('new');
INSERT INTO of_kin (kin_id) SELECT id FROM kin7 WHERE name = 'new';
SQL
took rollback "$work/wide"
schema_as before
dump_rows | grep '^public\.t[0-9]' >"$work/now.rows"
equal 'new rows' "$tables" "$(grep -c ',new,' "$work/now.rows")"
grep -v ',new,' "$work/now.rows" >"$work/old.rows"
grep '^public\.t[0-9]' "$work/before.rows" >"$work/then.rows"
same_files 'rows that were there' "$work/then.rows" "$work/old.rows"
proves 'SELECT count(*) = 0 FROM (SELECT parent_id FROM t2 EXCEPT SELECT id FROM t1) lost WHERE parent_id IS NOT NULL'
proves "SELECT count(*) = 1 FROM of_kin JOIN kin7 k ON k.id = kin_id WHERE k.name = 'new'"
ok
