#!/usr/bin/env bash
# Online phases, from tests/fixtures/online: apply stops before the swap, the application goes on meanwhile; after the
# swap it writes new keys; the way back keeps all rows, those written since with keys of their own, and the schema is
# that of before, to the byte. A file has parts, parted by "-- written before the swap", "-- written after it" and
# "-- true after rollback".
. "$(dirname "$0")/lib.sh"

part() {
  awk -v want="$1" '/^-- written before the swap$/ {n = 1; next}
                    /^-- written after it$/ {n = 2; next}
                    /^-- true after rollback$/ {n = 3; next}
                    n + 0 == want' "$2"
}

draft() {  # FILE
  database online
  part 0 "$1" | sql >"$work/output" 2>&1
  remember before
  rm -rf "$work/plan.yaml" "$work/bundle"
  exits 0 "$REKEYC" inspect --strategy online -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$work/bundle"
}

# Over all stops.
apply_all() {
  apply "$work/bundle"
  while grep -q 'stopped before phase' "$work/output"; do apply "$work/bundle"; done
}

trip() {
  draft "$1"
  apply "$work/bundle"
  says 'stopped before phase'
  part 1 "$1" | sql >"$work/output" 2>&1
  verify "$work/bundle"
  apply_all
  verify "$work/bundle"
  part 2 "$1" | sql >"$work/output" 2>&1
  verify "$work/bundle"
  rollback "$work/bundle"
  schema_as before
  equal 'what is true after rollback' t "$(part 3 "$1" | sql 2>&1 | sort -u)"
}

for file in "$REKEY_SOURCE"/tests/fixtures/online/*.sql; do
  begin "online ${file##*/}"
  trip "$file"
  ok
done

keys=$REKEY_SOURCE/tests/fixtures/online/keys.sql

begin 'back from before the swap, as if nothing had been'
draft "$keys"
apply "$work/bundle"
rollback "$work/bundle"
exactly_as before
ok

begin 'psql alone, there and back'
draft "$keys"
for folder in "$work"/bundle/*/; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"; done
verify "$work/bundle"
for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"
done
exactly_as before
ok

begin 'a rehearsal'
draft "$keys"
exits 0 "$REKEY" rehearse "$work/bundle" --full
ok

begin 'keys that do not agree keep the swap from happening'
draft "$keys"
apply "$work/bundle"
while holds "SELECT count(*) = 0 FROM rekey.phases WHERE name = 'users: prepare' AND state = 'applied'"; do apply "$work/bundle"; done
sql -c 'UPDATE orders SET rekey_new_id = gen_random_uuid() WHERE total = 1'
exits 1 "$REKEY" verify "$work/bundle"
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'both keys of public.orders: 1 rows in which they do not agree'
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/*-users-swap/up.sql
says 'public.orders: the old and the new key do not agree in 1 rows'
rollback "$work/bundle"
exactly_as before
ok

# An application that inserts, updates and deletes in three sessions, the old one until the swap.
busy() {
  local i
  for ((i = 1; ; i++)); do
    sql <<SQL || return
INSERT INTO users (boss_id, name) VALUES ($((i % 400 + 1)), 'busy $1 $i');
INSERT INTO orders (user_id, total) SELECT id, 100000 * $1 + $i FROM users WHERE name = 'busy $1 $i';
INSERT INTO items SELECT id, $1, user_id, 'busy' FROM orders WHERE total = 100000 * $1 + $i;
UPDATE orders SET user_id = $((i * 7 % 400 + 1)) WHERE id = $((i * 13 % 2000 + 1)) AND total < 100000;
UPDATE items SET note = 'touched' WHERE user_id = $((i % 500 + 1));
DELETE FROM orders WHERE id = $((i * 31 % 2000 + 1)) AND $i % 5 = 0;
SQL
  done
}

old_rows() {
  sql -c 'SELECT id, boss_id, name FROM users ORDER BY 1' -c 'SELECT id, user_id, total FROM orders ORDER BY 1' \
    -c 'SELECT order_id, line, user_id, note FROM items ORDER BY 1, 2'
}

begin 'beside three writers, killed again and again'
draft "$keys"
writers=()
for w in 1 2 3; do
  busy "$w" >"$work/busy.$w" 2>&1 &
  writers+=($!)
done
prepared="SELECT count(*) > 0 FROM rekey.phases WHERE name = 'users: prepare' AND state = 'applied'"
for ((try = 1; try <= 400; try++)); do
  "$REKEY" apply "$work/bundle" --yes >"$work/output" 2>&1 </dev/null &
  runtime=$!
  if ((try < 8)); then
    sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
    kill -9 "$runtime" 2>/dev/null || true
  fi
  wait "$runtime" 2>/dev/null || true
  ! holds "SELECT to_regclass('rekey.phases') IS NOT NULL" || ! holds "$prepared" || break
done
proves "$prepared"
sleep 0.5
verify "$work/bundle"
for w in 1 2 3; do [[ ! -s $work/busy.$w ]] || fail "writer $w: $(cat "$work/busy.$w")"; done
kill "${writers[@]}" 2>/dev/null || true
wait "${writers[@]}" 2>/dev/null || true
old_rows >"$work/written.rows"
apply_all
verify "$work/bundle"
rollback "$work/bundle"
schema_as before
old_rows >"$work/now.rows"
same_files 'rows as they were written' "$work/written.rows" "$work/now.rows"
ok
