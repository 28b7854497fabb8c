#!/usr/bin/env bash
# Checks of a plan's phases: before them they stop the phase while nothing has changed, after them they fail the apply;
# queries the same by psql alone, commands by the runtime, with the database in their environment and no password shown.
. "$(dirname "$0")/lib.sh"
cd "$work"

schema() {
  sql <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, name text);
INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 5) i;
CREATE SCHEMA app;
CREATE TABLE app.jobs (pid integer, note text);
CREATE TABLE app.problems (what text);
CREATE TABLE app.dust (what text);
SQL
}

plan() {  # STRATEGY [FOR-CLEANUP]
  cat >plan.decisions.yaml <<YAML
strategy: $1
include: public.*
phases:
  - {name: foundation, kind: foundation}
  - name: users
    tables: public.users
    checks:
      - {name: no job runs, query: "SELECT pid, note FROM app.jobs ORDER BY pid", when: before}
      - {name: no problem, query: SELECT what FROM app.problems}
      - {name: ready, command: echo before >>commands; echo "\$PGDATABASE" >where; ! test -e busy, when: before}
      - {name: smoke, command: "echo after >>commands; printf 'said\nsecret is %s\n' \$PGPASSWORD; echo \$DATABASE_URL >&2; ! test -e broken"}
  - {name: cleanup, kind: cleanup${2-}}
YAML
  exits 0 "$REKEYC" inspect --decisions plan.decisions.yaml -o plan.yaml
  rm -rf bundle
  compile plan.yaml bundle
}

trip_with_checks() {  # STRATEGY
  local applied=("$REKEY" apply bundle --yes) prepared
  database "checks_$1"
  schema
  remember before
  plan "$1"
  rm -f commands busy broken
  prepared=$([[ $1 == offline ]] && echo 020 || echo 015)

  begin "$1: a query before a phase finds rows"
  sql -c "INSERT INTO app.jobs SELECT i, 'job' || i FROM generate_series(1, 5) i"
  exits 1 "${applied[@]}"
  says 'check "no job runs" must find no row, and finds (1,job1), (2,job2), (3,job3), and more' \
    'Nothing has changed in this phase'
  proves "SELECT array_agg(phase ORDER BY phase) = '{010}' FROM rekey.phases"
  no_trace_of_fences
  sql -c 'DELETE FROM app.jobs'
  ok

  begin "$1: a command before a phase fails"
  : >busy
  exits 1 "${applied[@]}"
  says "phase $prepared users" 'has not been begun' 'check "ready": exit code 1 of echo before' 'go back:'
  proves "SELECT array_agg(phase ORDER BY phase) = '{010}' FROM rekey.phases"
  equal 'the database of the command' "$PGDATABASE" "$(cat where)"
  rm busy
  ok

  begin "$1: checks after a phase fail"
  : >broken
  sql -c "INSERT INTO app.problems VALUES ('smoke')"
  if [[ $1 == online ]]; then apply bundle; fi
  exits 1 env DATABASE_URL="postgresql://$PGUSER:sesame@/$PGDATABASE?host=$PGHOST&port=$PGPORT" "${applied[@]}"
  says 'phase 020 users' 'is applied, and does not verify:' 'phase 020: check of no problem: finds (smoke)' \
    'phase 020: check "smoke": exit code 1 of echo after' 'secret is ***' 'go on:   rekey apply' 'go back: rekey rollback' "--to $(if [[ $1 == online ]]; then echo 015; else echo 010; fi)"
  says_not sesame
  exits 1 "$REKEY" verify bundle
  says 'no problem' 'finds (smoke)'
  exits 1 "${applied[@]}"  # it is looked at again before the next phase
  says 'does not verify'
  rm broken
  sql -c 'DELETE FROM app.problems'
  ok

  begin "$1: mended, it goes on, and back"
  apply bundle
  if [[ $1 == online ]]; then apply bundle; fi
  verify bundle
  exits 0 "${applied[@]}"
  equal 'the commands that ran' 'before after' "$(sort -ru commands | xargs)"
  rollback bundle
  if [[ $1 == online ]]; then proves "SELECT array_agg(id ORDER BY id) = '{1,2,3,4,5}' FROM users"; else exactly_as before; fi
  ok
}

trip_with_checks offline
trip_with_checks online

begin 'psql alone: the same queries, and a word about the commands'
database checks_psql
schema
plan offline
grep -A1 -F -- '-- check "ready": before anything below, this command has to exit 0' bundle/020-users/up.sql | grep -qF -- '--   echo before'
grep -qF -- '-- check "smoke": after all of this file, this command has to exit 0' bundle/020-users/up.sql
exits 0 psql -X -v ON_ERROR_STOP=1 -f bundle/010-foundation/up.sql
sql -c "INSERT INTO app.jobs VALUES (7, 'late')"
exits 3 psql -X -v ON_ERROR_STOP=1 -f bundle/020-users/up.sql
says 'check "no job runs" must find no row, and finds (7,late)'
no_trace_of_fences
sql -c 'DELETE FROM app.jobs'
exits 0 psql -X -v ON_ERROR_STOP=1 -f bundle/020-users/up.sql
sql -c "INSERT INTO app.problems VALUES ('one')"
exits 0 psql -XAt -f bundle/020-users/verify.sql
says 'check|no problem|f|finds (one)'
ok

begin 'the last phase: applied already is not done while its checks are false'
database checks_last
schema
plan offline ', checks: [{name: no dust, query: SELECT what FROM app.dust}]'
sql -c "INSERT INTO app.dust VALUES ('grain')"
for try in 1 2; do
  exits 1 "$REKEY" apply bundle --yes
  says 'phase 030: check of no dust: finds (grain)'
done
sql -c 'DELETE FROM app.dust'
exits 0 "$REKEY" apply bundle --yes
says 'applied already'
ok
