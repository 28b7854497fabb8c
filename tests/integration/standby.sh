#!/usr/bin/env bash
# A server with a standby: a backfill does not leave it far behind, and both come to the same.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/own_servers.sh"

new_server primary
"${as_server[@]}" cp -r "$folder/primary" "$folder/standby"
"${as_server[@]}" touch "$folder/standby/standby.signal"
serve primary 6544
serve standby 6545 -c "primary_conninfo=host='$folder' port=6544 user=postgres application_name=replica"
export PGHOST=$folder PGPORT=6544
on_standby() { PGPORT=6545 sql "$@"; }

behind() {
  sql -c "INSERT INTO notes SELECT 'written' FROM generate_series(1, 100)"
  holds "SELECT max(replay_lag) > '2 s' FROM pg_stat_replication"
}

caught_up() {
  local at
  at=$(sql -c 'SELECT pg_current_wal_lsn()')
  await holds "SELECT replay_lsn >= '$at' FROM pg_stat_replication"
}

await sql -d postgres -c 'SELECT 1'
await on_standby -d postgres -c 'SELECT 1'

begin 'behind a standby that lags a backfill waits, and says for whom'
database shop
sql -c 'CREATE TABLE users (id serial PRIMARY KEY, name text)' -c 'CREATE TABLE notes (note text)' \
  -c "INSERT INTO users (name) SELECT concat('user ', n) FROM generate_series(1, 1000) n"
printf 'strategy: online\nbackfill:\n  standby_lag: 2s\n  most_rows: 100\ntables:\n  public.users: {generator: ordered}\n' >"$work/decisions.yaml"
exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
exits 0 "$REKEY" apply "$work/bundle" --yes --to foundation
caught_up
on_standby -c 'SELECT pg_wal_replay_pause()'
await behind
"$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
runtime=$!
await grep -q 'users.backfill: 0 rows filled, 0 % of the table; waits for standby replica, .* behind' "$work/applied"
exits 0 "$REKEY" status "$work/bundle"
says 'waits for standby replica' 'rekey.throttle.most_lag is 00:00:02'
ok

begin 'when it has caught up the backfill goes on, and both servers come to the same'
on_standby -c 'SELECT pg_wal_replay_resume()'
wait "$runtime"
exits 0 "$REKEY" apply "$work/bundle" --yes
says 'stopped before phase'
verify "$work/bundle"
caught_up
dump_schema >"$work/here"
PGPORT=6545 dump_schema >"$work/there"
same_files 'schemas' "$work/here" "$work/there"
dump_rows >"$work/here"
PGPORT=6545 dump_rows >"$work/there"
same_files 'rows' "$work/here" "$work/there"
exits 0 "$REKEY" rollback "$work/bundle" --yes
ok
