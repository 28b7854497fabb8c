#!/usr/bin/env bash
# The runtime, its sessions or its server killed in the middle, at known steps and at random moments:
# status tells the truth, the next run finishes, and the end is that of a run nobody disturbed.
. "$(dirname "$0")/lib.sh"
export PGOPTIONS='-c rekey.secret=pinned'
seed=${REKEY_TEST_SEED:-$RANDOM}
echo "REKEY_TEST_SEED=$seed"
RANDOM=$seed

# A gate before every DDL statement: the step named in gate.stop waits there until the row is gone.
install_gate() {
  sql <<'SQL'
CREATE SCHEMA gate;
CREATE TABLE gate.stop (step text);
CREATE FUNCTION gate.wait() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  here boolean := true;
BEGIN
  WHILE here LOOP
    IF to_regclass('rekey.steps') IS NULL THEN
      SELECT count(*) > 0 INTO here FROM gate.stop WHERE step = 'nothing yet';
    ELSE
      SELECT count(*) > 0 INTO here FROM gate.stop
      JOIN rekey.steps USING (step) WHERE state IN ('running', 'undoing');
    END IF;
    IF here THEN PERFORM pg_sleep(0.02); END IF;
  END LOOP;
END $$;
CREATE EVENT TRIGGER gate ON ddl_command_start EXECUTE FUNCTION gate.wait();
SQL
}

at_gate="SELECT count(*) > 0 FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event = 'PgSleep'"
close_gate() { sql -c "INSERT INTO gate.stop VALUES ('$1')"; }
open_gate() { sql -c 'DELETE FROM gate.stop'; }

start() {  # COMMAND…; leaves its id in $runtime
  "$REKEY" "$@" --yes >"$work/run" 2>&1 </dev/null &
  runtime=$!
}

ended() { ! kill -0 "$runtime" 2>/dev/null; }
at_gate_or_ended() { ended || holds "$at_gate"; }

start_until() {  # STEP COMMAND…: until it stands at the gate in STEP
  close_gate "$1"
  start "${@:2}"
  await at_gate_or_ended
  if ended; then
    cp "$work/run" "$work/output"
    fail "ended before step $1"
  fi
}

# What status says is what the journal holds, once the steps that still run beside have ended.
status_agrees() {
  "$REKEY" status "$bundle" --json >"$work/output" 2>&1 || return 1
  if holds "SELECT to_regclass('rekey.steps') IS NULL"; then
    ! grep -q '"state": "appl' "$work/output"
    return
  fi
  holds "WITH status AS (SELECT \$json\$$(cat "$work/output")\$json\$::json AS j),
              running AS (SELECT r->>'step' AS step FROM status, json_array_elements(j->'running') r),
              said AS (SELECT p->>'phase' AS phase, p->>'state' AS state, (p->'steps'->>'done')::int AS done,
                              (p->'steps'->>'pending')::int AS pending
                       FROM status, json_array_elements(j->'phases') p),
              held AS (SELECT phase, p.state, count(*) FILTER (WHERE s.state = 'done' AND p.state <> 'rolled back'
                                                               AND step NOT IN (TABLE running)) AS done
                       FROM rekey.phases p LEFT JOIN rekey.steps s USING (phase) GROUP BY 1, 2)
         SELECT bool_and(said.state = coalesce(held.state, 'pending') AND said.done = coalesce(held.done, 0)
                         AND (said.state <> 'applied' OR said.pending = 0))
         FROM said LEFT JOIN held USING (phase)"
}
status_is_true() { await status_agrees; }

kill_runtime() {
  kill -9 "$runtime"
  wait "$runtime" 2>/dev/null || true
}

workflow_database workflow 3000
install_gate
bundle=$work/bundle
compile "$REKEY_SOURCE/plans/workflow.yaml" "$bundle"
database calm workflow
remember before
apply "$bundle"
remember applied

database disturbed workflow
for step in 'nothing yet' 020.open 020.workflow_activities.detach 030.users.rewrite 030.users.attach \
  030.users.validate 040.reports.rewrite 050.close 060.open; do
  begin "apply, kill -9 in step $step"
  start_until "$step" apply "$bundle"
  status_is_true
  exits 0 "$REKEY" status "$bundle"
  # Before foundation and open are committed, no journal knows of them.
  [[ $step == 'nothing yet' || $step == *.open ]] || says "running: $step"
  kill_runtime
  open_gate
  status_is_true
  ok
done
begin 'apply finishes after nine kills'
apply "$bundle"
status_is_true
exactly_as applied
verify "$bundle"
ok

# Rows written since, with keys given so that both databases get the same ones.
write_rows() {
  sql -c "INSERT INTO public.users (user_id, email, full_name, created_at) VALUES
            ('00000000-0000-4000-8000-00000000000a', 'a@new.example', 'A', '2030-01-01'),
            ('00000000-0000-4000-8000-00000000000b', 'b@new.example', 'B', '2030-01-01');
          INSERT INTO public.audit_logs (audit_id, user_id, entity_owner_id, action, entity_type, occurred_at)
          VALUES ('00000000-0000-4000-8000-00000000000c', '00000000-0000-4000-8000-00000000000a',
                  '00000000-0000-4000-8000-00000000000b', 'new', 'new', '2030-01-01')
          " >/dev/null
  sql -c "UPDATE public.lobs SET head_user_id = '00000000-0000-4000-8000-00000000000b'
          WHERE lob_name = (SELECT min(lob_name) FROM public.lobs)"
}
write_rows
database calm_back calm
write_rows
rollback "$bundle"
remember returned
export PGDATABASE=disturbed

for step in 060.close 060.observations.attach 040.reports.rewrite 030.users.rewrite 030.users.detach \
  030.users.validate 030.open 010.foundation; do
  begin "rollback, kill -9 in step $step"
  start_until "$step" rollback "$bundle"
  status_is_true
  exits 0 "$REKEY" status "$bundle"
  says "running: $step"
  kill_runtime
  open_gate
  status_is_true
  if [[ $step == 030.users.rewrite ]]; then
    exits 3 "$REKEY" apply "$bundle" --yes
    says 'half rolled back'
  fi
  ok
done
begin 'rollback finishes after eight kills, rows written since and all'
rollback "$bundle"
exactly_as returned
database disturbed workflow
ok

begin 'turning round in the middle of a phase'
for step in 030.users.rewrite 060.samples.attach; do
  start_until "$step" apply "$bundle"
  kill_runtime
  open_gate
  rollback "$bundle"
  exactly_as before
done
ok

begin 'kill -9 at random moments of apply'
kills=0
while ((kills < 12)); do
  start apply "$bundle" --to 060  # killed after its stop, it would go on with the cleanup
  sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
  ended && break
  kill_runtime
  kills=$((kills + 1))
  status_is_true
done
apply "$bundle" --to 060
exactly_as applied
ok

begin 'kill -9 at random moments of rollback'
kills=0
while ((kills < 12)); do
  start rollback "$bundle"
  sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
  ended && break
  kill_runtime
  kills=$((kills + 1))
  status_is_true
done
rollback "$bundle"
exactly_as before
ok

begin 'its sessions terminated: it connects again and finishes'
start_until 030.users.rewrite apply "$bundle"
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()" >/dev/null
open_gate
wait "$runtime" || { cp "$work/run" "$work/output"; fail 'apply failed'; }
exactly_as applied
ok

begin 'Ctrl-C: says so, and what to type next; then on'
start_until 040.reports.rewrite rollback "$bundle"
kill -INT "$runtime"
code=0
wait "$runtime" || code=$?
open_gate
cp "$work/run" "$work/output"
equal 'exit code' 1 "$code"
says interrupted 'go on:' 'Phase 040 workflow core is open'
status_is_true
rollback "$bundle"
exactly_as before
ok

# A server of our own, to be stopped without ceremony.
as_server() { if ((EUID == 0)); then runuser -u postgres -- "$@"; else "$@"; fi; }
bin=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")
server=$(as_server mktemp -d "${TMPDIR:-/tmp}/rekey-server.XXXXXX")
stop_server() { as_server "$bin/pg_ctl" -D "$server/data" -m immediate stop >/dev/null 2>&1; }
start_server() {
  as_server "$bin/pg_ctl" -w -D "$server/data" -l "$server/log" \
    -o "-k $server -c listen_addresses= -c max_connections=50" start >/dev/null
}
trap 'stop_server; rm -rf "$server"; finish' EXIT
as_server "$bin/initdb" -A trust -N -E UTF8 --locale=C -U postgres -D "$server/data" >/dev/null
start_server
export PGHOST=$server PGPORT=5432 PGUSER=postgres
workflow_database workflow 3000
install_gate

begin 'the server stops at once and comes back: apply finishes by itself'
start_until 030.users.rewrite apply "$bundle" --reconnect 60
stop_server
start_server
open_gate
wait "$runtime" || { cp "$work/run" "$work/output"; fail 'apply failed'; }
exactly_as applied
ok

begin 'the server stops at once and stays away: the next run goes on'
start_until 030.users.rewrite rollback "$bundle" --reconnect 1
stop_server
code=0
wait "$runtime" || code=$?
cp "$work/run" "$work/output"
equal 'exit code' 1 "$code"
says 'go on:'
start_server
open_gate
status_is_true
rollback "$bundle"
exactly_as before
ok
