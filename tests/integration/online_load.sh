#!/usr/bin/env bash
# An application of six sessions beside an online change of its database, there and back: of the workflow example, or of
# the one that an argument names. It knows what it wrote: no row is lost or double, every reference leads where it led,
# no statement fails before its tables change their shape. Figures are printed, not judged.
. "$(dirname "$0")/lib.sh"

: "${REKEY_LOAD:?path of rekey_load}"
application=${1:-workflow}
spec=$REKEY_SOURCE/tests/load/$application.yaml
known=$work/known.json stage=$work/stage longest=0

enter() { echo "$1" >"$stage.new" && mv "$stage.new" "$stage"; }

start_load() {  # SHAPE REPORT [OPTION…]
  rm -f "$work/enough"
  "$REKEY_LOAD" --spec "$spec" --shape "$1" --sessions 6 --rate 300 --state "$known" --report "$work/$2.json" \
    --until "$work/enough" --stage-file "$stage" "${@:3}" >"$work/$2.differences" 2>&1 </dev/null &
  load=$!
  await holds "SELECT count(*) = 6 FROM pg_stat_activity WHERE application_name = 'load app'"
}

stop_load() {  # REPORT
  touch "$work/enough"
  wait "$load" || fail "the load: $(cat "$work/$1.differences")"
}

failures() { grep -c '"sqlstate":' "$work/$1.json" || true; }

# A comparison with, or a value of, the wrong type; a prepared statement whose result changed its type; or a key that
# comes back in a form that the application cannot read. That none failed before its time is in the load's exit code.
fails_only_for_its_shape() {
  (($(failures "$1") > 0)) || fail 'nothing failed after the swap'
  equal 'other failures' '' "$(grep '"sqlstate":' "$work/$1.json" | grep -vE '"(0A000|42804|42883|form)"' || true)"
}

all_is_there() { exits 0 "$REKEY_LOAD" --spec "$spec" --check --state "$known"; }

# Runs rekey; keeps the longest exclusive lock of all that were run.
timed() {  # COMMAND
  exits 0 "$REKEY" "$1" "$work/bundle" --yes --json
  longest=$(sed -n 's/.*"longest_exclusive_lock_seconds": \([^,]*\),.*/\1/p' "$work/output" | sort -g - <(echo "$longest") | tail -n 1)
}

apply_up_to_cleanup() {
  enter prepare
  timed apply
  until grep -q 'stopped before phase [0-9]* cleanup' "$work/output"; do
    ! grep -q 'stopped before phase [0-9]* .*: swap' "$work/output" || enter swap
    timed apply
  done
}

prepare_workflow() {
  workflow_database load 2000
  decisions=()
}

prepare_pagila() {
  local corpus=$REKEY_SOURCE/../shared/corpora/pagila.sql.gz
  [[ -f $corpus ]] || { echo "skipped: $corpus is not there"; exit 77; }
  database load
  zcat "$corpus" | sql >"$work/output"
  sql -f "$REKEY_SOURCE/tests/load/pagila.sql"
  decisions=(--decisions "$REKEY_SOURCE/tests/fixtures/corpora/pagila.yaml")
}

# STATEMENT|MESSAGE: what the check says after each.
sabotage_of_workflow() {
  cat <<'END'
DELETE FROM workflow_activities WHERE title = (SELECT max(title) FROM workflow_activities WHERE title LIKE '%@load#%')|is lost
INSERT INTO workflow_phases (cycle_id, report_id, phase_code) SELECT cycle_id, report_id, concat(phase_code, '.') FROM workflow_phases WHERE phase_code LIKE '%@load#%' LIMIT 1|is there twice
UPDATE cycle_reports SET tester_id = (SELECT max(user_id) FROM users) WHERE status = (SELECT max(status) FROM cycle_reports WHERE status LIKE '%@load#%')|tester 
UPDATE users SET full_name = 'of yesterday' WHERE email = (SELECT max(email) FROM users WHERE email LIKE 'app.%@load')|version 'of yesterday' instead of
UPDATE workflow_activities SET activity_id = -1 WHERE activity_id = (SELECT max(activity_id) FROM workflow_activities a WHERE title LIKE '%@load#%' AND NOT EXISTS (SELECT FROM workflow_activities d WHERE d.depends_on_id = a.activity_id))|activity_id '-1' instead of
INSERT INTO users (email, full_name) VALUES ('app.0.0@load', '')|is there and should not be
INSERT INTO user_profiles (user_id, phone) SELECT min(user_id), 'hot#7' FROM users WHERE email = 'app.0.0@load'|hot rows say
END
}

sabotage_of_pagila() {
  cat <<'END'
DELETE FROM payment WHERE note = (SELECT max(note) FROM payment)|is lost
INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date, note) SELECT customer_id, staff_id, rental_id, 1, '2022-01-31', concat(note, '.') FROM payment WHERE note IS NOT NULL LIMIT 1|is there twice
UPDATE payment SET payment_id = -1 WHERE note = (SELECT min(note) FROM payment)|payment_id '-1' instead of
END
}

begin 'an application beside the change'
"prepare_$application"
remember before
exits 0 "$REKEYC" inspect --strategy online "${decisions[@]}" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
enter idle
start_load old old
sleep 3
apply_up_to_cleanup
enter 'after, old shape'
sleep 1
stop_load old
all_is_there
fails_only_for_its_shape old
verify "$work/bundle"
ok

begin 'the new version of it'
enter 'after, new shape'
start_load new new
sleep 3
verify "$work/bundle"
stop_load new
all_is_there
equal 'failures of the new version' 0 "$(failures new)"
ok

begin 'the way back beside one that follows'
enter 'before the way back'
start_load follow back --prepared
sleep 1
enter rollback
timed rollback
enter 'rolled back'
sleep 1
stop_load back
fails_only_for_its_shape back
schema_as before
all_is_there
ok

begin 'what is lost, double or led astray is found'
while IFS='|' read -r statement message; do
  sql -c "$statement"
  exits 1 "$REKEY_LOAD" --spec "$spec" --check --state "$known"
  says "$message"
done < <("sabotage_of_$application")
ok

"$REKEY_LOAD" --table "$work"/{old,new,back}.json
echo "longest exclusive lock: $longest s"
