#!/usr/bin/env bash
# Partitioned tables online, from tests/fixtures/online_partitions: what is filled, indexed and validated partition by
# partition is one table's before and after; partitions that come meanwhile are carried along.
. "$(dirname "$0")/online_trip.sh"

fixtures=$REKEY_SOURCE/tests/fixtures/online_partitions
events=$fixtures/events.sql

for file in "$fixtures"/*.sql; do all_trips "$file"; done

begin 'back from before the swap, as if nothing had been'
draft "$events"
apply "$work/bundle"
rollback "$work/bundle"
exactly_as before
ok

begin 'the swap, either way, builds no index'
files_of() {
  sql -c "SELECT pg_relation_filenode(indexrelid) FROM pg_index JOIN pg_partition_tree('events') ON relid = indrelid WHERE isleaf" | sort
}
draft "$events"
apply "$work/bundle"
until grep -q 'stopped before phase [0-9]* users: swap' "$work/output"; do apply "$work/bundle"; done
files_of >"$work/prepared"
apply_all
files_of >"$work/swapped"
[[ -z $(comm -13 "$work/prepared" "$work/swapped") ]] || fail "$(cat "$work/swapped")"
rollback "$work/bundle" --to 'users: prepare'
files_of >"$work/back"
[[ -z $(comm -13 "$work/swapped" "$work/back") ]] || fail "$(cat "$work/back")"
ok

new_partition() { sql -c "CREATE TABLE may PARTITION OF events FOR VALUES FROM ('2024-05-01') TO ('2024-06-01')"; }

# Rows as both versions of the application write them: keys by default, one of them moved from elsewhere.
fill_partition() {
  sql -c "INSERT INTO events (day, kind, user_id, note) SELECT '2024-05-02', 'a', id, 'may ' || name FROM users" \
    -c "UPDATE events SET day = '2024-05-03' WHERE note = '5'"
}

# Nothing of it stands alone: it has the indexes and constraints of the others, valid, as parts of the table's.
is_whole() {
  proves "SELECT count(*) FILTER (WHERE indrelid = 'may'::regclass) = count(*) FILTER (WHERE indrelid <> 'may'::regclass)
          AND bool_and(indisvalid) FROM pg_index JOIN pg_class ON oid = indexrelid
          WHERE indrelid = 'may'::regclass OR indrelid = 'early'::regclass AND relispartition"
  proves "SELECT array_agg(contype ORDER BY contype) = (SELECT array_agg(contype ORDER BY contype) FROM pg_constraint WHERE conrelid = 'early'::regclass)
          AND bool_and(convalidated OR confrelid <> 'users'::regclass) AND bool_and(conparentid <> 0 OR contype NOT IN ('f', 'p', 'u'))
          FROM pg_constraint WHERE conrelid = 'may'::regclass"
}

without_partition() { sql -c 'ALTER TABLE events DETACH PARTITION may' -c 'DROP TABLE may'; }

nothing_left() {
  is_whole
  proves "SELECT count(*) = 0 FROM pg_class WHERE relname ~ 'rekey'"
  proves "SELECT count(*) = 51 AND count(*) FILTER (WHERE note = '5' AND id = 5) = 1 AND max(id) = 2050 FROM may"
  without_partition
  schema_as before
}

for moment in prepared swapped; do
  begin "a partition comes when it is $moment"
  draft "$events"
  apply "$work/bundle"
  until grep -q 'stopped before phase [0-9]* users: swap' "$work/output"; do apply "$work/bundle"; done
  [[ $moment == prepared ]] || apply_all
  new_partition
  fill_partition
  verify "$work/bundle"
  [[ $moment == swapped ]] || apply_all
  verify "$work/bundle"
  is_whole
  rollback "$work/bundle"
  nothing_left
  ok
done

begin 'a partition comes in the middle of the backfill'
draft "$events"
apply "$work/bundle" --to foundation
exits 0 "$REKEY" pause "$work/bundle"
"$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
runtime=$!
await holds "SELECT count(*) > 0 FROM rekey.backfills WHERE step LIKE '%.early.backfill' AND waits_for IS NOT NULL"
new_partition
fill_partition
exits 0 "$REKEY" resume "$work/bundle"
wait "$runtime"
apply_all
verify "$work/bundle"
is_whole
rollback "$work/bundle"
nothing_left
ok

begin 'a partition comes after the cleanup'
draft "$events"
apply_all
apply "$work/bundle"
new_partition
fill_partition
verify "$work/bundle"
rollback "$work/bundle"
is_whole
proves "SELECT count(*) = 0 FROM pg_class WHERE relname ~ 'rekey'"
without_partition
schema_but_for_order before
ok

# Applies, and does what it is told to where it refuses.
advised() {
  local times
  for ((times = 0; times < 9; times++)); do
    "$@" --yes >"$work/output" 2>&1 </dev/null && return
    says 'partition public.may has come since, and is too large'
    grep -oE '(CREATE|ALTER) [^;]*;' "$work/output" | sed 's/;$//' >"$work/advice"
    while read -r statement; do sql -c "$statement"; done <"$work/advice"
  done
  fail 'it wants ever more'
}

begin 'a large partition gets its indexes from who makes it, there and back'
draft "$events"
apply "$work/bundle"
new_partition
sql -c "INSERT INTO events (day, kind, user_id, note)
        SELECT '2024-05-02', 'a', 1, repeat('x', 700) || i FROM generate_series(1, 14000) i"
until says_cleanup; do advised "$REKEY" apply "$work/bundle"; done
verify "$work/bundle"
advised "$REKEY" rollback "$work/bundle"
without_partition
schema_as before
ok

begin 'a partition that has left has to come back, whichever way it goes'
draft "$events"
apply_all
sql -c 'DELETE FROM marks' -c 'UPDATE events SET cause_id = NULL' -c 'ALTER TABLE events DETACH PARTITION late'
sql -c "SELECT format('ALTER TABLE late DROP CONSTRAINT IF EXISTS %I', conname) FROM pg_constraint
        WHERE conrelid = 'late'::regclass AND contype = 'f'" | while read -r statement; do
  sql -c 'SET client_min_messages = error' -c "$statement"
done
for command in apply rollback; do
  exits 1 "$REKEY" "$command" "$work/bundle" --yes
  says 'no partition of public.events any more: public.late' 'ATTACH it again'
done
sql -c "ALTER TABLE events ATTACH PARTITION late FOR VALUES FROM ('2024-03-01') TO ('2024-05-01')"
rollback "$work/bundle"
proves "SELECT format_type(atttypid, NULL) = 'bigint' FROM pg_attribute WHERE attrelid = 'late'::regclass AND attname = 'id'"
proves "SELECT count(*) = 0 FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attname ~ '^rekey' AND relkind IN ('r', 'p')"
ok

begin 'what a new partition has of its own on keys is named'
draft "$events"
apply "$work/bundle"
until grep -q 'stopped before phase [0-9]* users: swap' "$work/output"; do apply "$work/bundle"; done
new_partition
sql -c 'ALTER TABLE may ADD CONSTRAINT may_own UNIQUE (id, kind)' -c 'CREATE VIEW of_may AS SELECT id FROM may'
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'has something of its own on its keys' 'constraint may_own on table' 'view' 'make it again'
sql -c 'DROP VIEW of_may' -c 'ALTER TABLE may DROP CONSTRAINT may_own'
apply_all
verify "$work/bundle"
rollback "$work/bundle"
ok

begin 'one that the plan does not know is refused before anything changes'
database online
part 0 "$events" | sql >"$work/output" 2>&1
new_partition
remember before
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'table public.may is a partition of public.events and is unknown to the plan'
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/010-foundation/up.sql
says 'public.events cannot change online: partition public.may is not in the plan'
exactly_as before
ok

begin 'a trigger that is disabled on one partition keeps the swap from happening'
draft "$events"
apply "$work/bundle"
until grep -q 'stopped before phase [0-9]* users: swap' "$work/output"; do apply "$work/bundle"; done
sql -c 'ALTER TABLE late DISABLE TRIGGER "~rekey_insert"'
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'ALTER TABLE public.late ENABLE ALWAYS TRIGGER "~rekey_insert"'
sql -c 'ALTER TABLE late ENABLE ALWAYS TRIGGER "~rekey_insert"'
apply_all
verify "$work/bundle"
ok

# Foreign keys are checked in partitions alone: sessions lock one of these first and the table later. This one would be
# the first to see a deadlock.
begin 'who has a partition already and comes for the table is no deadlock'
begins_with_a_partition() {
  rm -f "$work/came"
  psql -XqAt >"$work/session" 2>&1 <<SQL &
SET deadlock_timeout = '400ms';
BEGIN;
SELECT 'began' FROM early LIMIT 1;
\! until [ -e '$work/came' ]; do sleep 0.05; done
SELECT 'went on' FROM events LIMIT 1;
COMMIT;
SQL
  session=$!
  await grep -q began "$work/session"
}
meets() {  # COMMAND
  begins_with_a_partition
  "$REKEY" "$1" "$work/bundle" --yes >"$work/output" 2>&1 </dev/null &
  runtime=$!
  await holds "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event IN ('PgSleep', 'relation')"
  touch "$work/came"
  wait "$session"
  equal 'what the session got' 'began went on' "$(xargs <"$work/session")"
  wait "$runtime"
}
draft "$events"
meets apply
meets rollback
exactly_as before
ok

begin 'a turn on a table of partitions ends in its time, however many of them are held one after the other'
draft "$events"
apply "$work/bundle"
sql -c 'CREATE TABLE turns (n integer) PARTITION BY LIST (n)'
for n in 1 2 3; do sql -c "CREATE TABLE turns_$n PARTITION OF turns FOR VALUES IN ($n)"; done
for n in 1 2 3; do sql -c "BEGIN; LOCK TABLE turns_$n IN ACCESS SHARE MODE; SELECT pg_sleep(2 * $n); COMMIT" >"$work/holder.$n" 2>&1 & done
await holds "SELECT count(*) = 3 FROM pg_locks WHERE mode = 'AccessShareLock' AND granted AND relation::regclass::text ~ '^turns_'"
exits 1 psql -XqAt -v ON_ERROR_STOP=1 -c "CALL rekey.take_turn('{turns}', '{}', '3s')"
says 'canceling statement due to lock timeout'
wait
ok

begin 'the swap alone is taken back, and done again'
draft "$events"
apply_all
sql -c "INSERT INTO events (day, kind, user_id, note) SELECT '2024-02-05', 'a', id, 'since' FROM users LIMIT 1"
given=$(sql -c "SELECT id FROM events WHERE note = 'since'")
rollback "$work/bundle" --to 'users: prepare'
apply_all
verify "$work/bundle"
equal 'the key of a row written after the first swap' "$given" "$(sql -c "SELECT id FROM events WHERE note = 'since'")"
rollback "$work/bundle"
schema_as before
ok

# Whoever writes keys of one shape finds them again, in another partition too.
application() {  # SHAPE NAME
  PGOPTIONS="-c search_path=rekey_$1,public" sql -v name="$2" >"$work/output" <<'SQL'
INSERT INTO users (name) VALUES (:'name') RETURNING id AS me \gset
INSERT INTO events (day, kind, user_id, note) VALUES ('2024-02-03', 'a', :'me', :'name') RETURNING id AS event \gset
UPDATE events SET day = '2024-01-03' WHERE id = :'event';
INSERT INTO marks (event_id, day, kind, what) VALUES (:'event', '2024-01-03', 'a', :'name');
SELECT e.user_id = :'me' AND m.event_id = :'event' FROM events e JOIN marks m ON m.event_id = e.id WHERE note = :'name';
SQL
  equal "what $2 wrote" t "$(cat "$work/output")"
}

begin 'a bridge over partitions'
database online
part 0 "$events" | sql >"$work/output" 2>&1
remember before
rm -rf "$work/plan.yaml" "$work/bundle"
printf 'strategy: online\nbridge: true\n' >"$work/decisions.yaml"
exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
apply "$work/bundle"
until grep -q 'stopped before phase [0-9]* users: swap' "$work/output"; do apply "$work/bundle"; done
application old before
apply_all
application old after
application new newer
verify "$work/bundle"
apply "$work/bundle"
rollback "$work/bundle" --to 'users: swap'
application old later
application new latest
verify "$work/bundle"
rollback "$work/bundle"
schema_but_for_order before
proves "SELECT count(*) = 5 AND count(DISTINCT user_id) = 5 FROM events WHERE tableoid = 'early'::regclass AND note !~ '[0-9]'"
ok

begin 'psql alone, there and back'
draft "$events"
for folder in "$work"/bundle/*/; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"; done
verify "$work/bundle"
for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"
done
schema_but_for_order before
ok

begin 'a rehearsal'
if can_dump; then
  draft "$events"
  exits 0 "$REKEY" rehearse "$work/bundle" --full
  ok
fi

begin 'killed again and again, on both ways'
draft "$events"
interrupted apply "SELECT to_regclass('rekey.phases') IS NOT NULL"
interrupted apply "SELECT count(*) = 1 FROM rekey.phases WHERE name = 'cleanup' AND state = 'applied'"
verify "$work/bundle"
interrupted rollback "SELECT to_regclass('rekey.phases') IS NULL"
schema_but_for_order before
ok
