#!/usr/bin/env bash
# Behind pgbouncer, and on a hot standby, nothing is begun.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/own_servers.sh"

begin 'a hot standby is named, and nothing is changed'
new_server standby
"${as_server[@]}" touch "$folder/standby/standby.signal"
serve standby 6544
database users
sql -c 'CREATE TABLE users (id serial PRIMARY KEY)'
exits 0 "$REKEYC" inspect -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
await psql -XqAt -h "$folder" -p 6544 -d postgres -c 'SELECT 1'
exits 3 env PGHOST="$folder" PGPORT=6544 PGDATABASE=postgres "$REKEY" apply "$work/bundle" --yes
says 'the server is a standby: connect to the primary' 'nothing has been changed'
ok

begin 'a bundle for another version is refused'
other=$((major == 18 ? 17 : major + 1))
exits 0 "$REKEYC" compile "$work/plan.yaml" -o "$work/other" --server-version "$other"
exits 3 "$REKEY" apply "$work/other" --yes
says "the bundle is for PostgreSQL $other and the server is $major" "--server-version $major" 'nothing has been changed'
ok

command -v pgbouncer >/dev/null || { echo 'skipped: a pooler in between; there is no pgbouncer here'; exit 0; }

begin 'a pooler in between is named, and nothing is changed'
cat >"$folder/pgbouncer.ini" <<INI
[databases]
* = host=$PGHOST port=${PGPORT:-5432} user=$PGUSER
[pgbouncer]
unix_socket_dir = $folder
listen_port = 6543
auth_type = any
pool_mode = transaction
ignore_startup_parameters = extra_float_digits, options
logfile = $folder/log
INI
"${as_server[@]}" pgbouncer -q "$folder/pgbouncer.ini" >"$work/pooler" 2>&1 &
children+=($!)
remember before
await psql -XqAt -h "$folder" -p 6543 -c 'SELECT 1'
exits 3 env PGHOST="$folder" PGPORT=6543 "$REKEY" apply "$work/bundle" --yes
says 'a connection pooler, such as pgbouncer, stands before the server' 'nothing has been changed'
exactly_as before
ok
