#!/usr/bin/env bash
# Behind pgbouncer, and on a hot standby, nothing is begun.
. "$(dirname "$0")/lib.sh"

as_server() { if ((EUID == 0)); then runuser -u postgres -- "$@"; else "$@"; fi; }

major=$(server_major)
for bin in "/usr/lib/postgresql/$major/bin" "${REKEY_POSTGRES-}/$major/bin"; do
  [[ ! -x $bin/initdb ]] || break
done
chmod 755 "$work"
folder=$work/servers
mkdir "$folder"
if ((EUID == 0)); then chown postgres "$folder"; fi
children=()
trap 'code=$?; set +e; for child in "${children[@]}"; do kill "$child"; wait "$child"; done 2>/dev/null; (exit "$code"); finish' EXIT

begin 'a hot standby is named, and nothing is changed'
as_server "$bin/initdb" -A trust -U postgres -N -E UTF8 --locale=C -D "$folder/data" >"$work/output"
as_server touch "$folder/data/standby.signal"
as_server "$bin/postgres" -D "$folder/data" -k "$folder" -p 6544 -c listen_addresses= >"$work/standby" 2>&1 &
children+=($!)
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
as_server pgbouncer -q "$folder/pgbouncer.ini" >"$work/pooler" 2>&1 &
children+=($!)
remember before
await psql -XqAt -h "$folder" -p 6543 -c 'SELECT 1'
exits 3 env PGHOST="$folder" PGPORT=6543 "$REKEY" apply "$work/bundle" --yes
says 'a connection pooler, such as pgbouncer, stands before the server' 'nothing has been changed'
exactly_as before
ok
