#!/usr/bin/env bash
# Online phases, from tests/fixtures/online: apply stops before the swap, the application goes on meanwhile; after the
# swap it writes new keys; the way back keeps all rows, those written since with keys of their own, and the schema is
# that of before, to the byte.
. "$(dirname "$0")/online_trip.sh"

old_rows() {
  sql -c 'SELECT id, boss_id, name FROM users ORDER BY 1' -c 'SELECT id, user_id, total FROM orders ORDER BY 1' \
    -c 'SELECT order_id, line, user_id, note FROM items ORDER BY 1, 2'
}

for file in "$REKEY_SOURCE"/tests/fixtures/online/*.sql; do all_trips "$file"; done

keys=$REKEY_SOURCE/tests/fixtures/online/keys.sql

begin 'back from before the swap, as if nothing had been'
draft "$keys"
apply "$work/bundle"
rollback "$work/bundle"
exactly_as before
ok

begin 'what it cannot do is said before anything changes'
while IFS='|' read -r statement message; do
  database online
  part 0 "$keys" | sql >"$work/output" 2>&1
  sql -c 'SET client_min_messages = error' -c "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'" -c "$statement"
  remember before
  rm -rf "$work/plan.yaml" "$work/bundle"
  exits 0 "$REKEYC" inspect --strategy online -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$work/bundle"
  for try in apply psql; do
    case $try in
      apply) exits 1 "$REKEY" apply "$work/bundle" --yes ;;
      psql) exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/010-foundation/up.sql ;;
    esac
    says 'cannot change online' "$message"
    exactly_as before
  done
done <<'END'
ALTER TABLE orders ADD CONSTRAINT big CHECK (total > 5) NOT VALID|constraint big is NOT VALID
CREATE TRIGGER t BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION nothing(); ALTER TABLE items ENABLE ALWAYS TRIGGER t|trigger t is enabled as REPLICA or ALWAYS
CREATE TRIGGER "~~" BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION nothing()|trigger "~~" runs after the ones that keep keys right
CREATE FUNCTION whole() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO copies SELECT 1, NEW.*; RETURN NULL; END'; CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION whole()|takes all columns of a row
ALTER SEQUENCE orders_id_seq MAXVALUE 2100|sequence public.orders_id_seq of column id has 100 ids left
ALTER TABLE users ADD rekey_old_id text|column rekey_old_id has a name of ours
CREATE PUBLICATION p FOR TABLE wishes|publication p publishes its updates, and it has no replica identity
ALTER TABLE wishes ALTER user_id TYPE smallint|column user_id (smallint) is narrower than public.users.id (integer)
CREATE RULE r AS ON UPDATE TO users DO ALSO SELECT 1|a rule stands on its UPDATE
ALTER TABLE orders DROP CONSTRAINT orders_user_id_total_key, ADD UNIQUE (user_id, total) DEFERRABLE|is not a plain one
END
ok

begin 'psql alone, there and back'
draft "$keys"
old_rows >"$work/were.rows"
for folder in "$work"/bundle/*/; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"; done
verify "$work/bundle"
for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"
done
schema_but_for_order before
old_rows >"$work/now.rows"
same_files 'rows as they were' "$work/were.rows" "$work/now.rows"
ok

begin 'a rehearsal'
if can_dump; then
  draft "$keys"
  exits 0 "$REKEY" rehearse "$work/bundle" --full
  ok
fi

begin 'keys that do not agree keep the swap from happening'
draft "$keys"
apply "$work/bundle"
while holds "SELECT count(*) = 0 FROM rekey.phases WHERE name = 'users: prepare' AND state = 'applied'"; do apply "$work/bundle"; done
column=$(sql -c "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname LIKE 'rekey_new_id%'")
sql -c "UPDATE orders SET $column = gen_random_uuid() WHERE total = 1"
exits 0 "$REKEY" verify "$work/bundle"  # a trigger puts it right
sql -c 'ALTER TABLE orders DISABLE TRIGGER "~rekey_update"' -c "UPDATE orders SET $column = gen_random_uuid() WHERE total = 1" \
  -c 'ALTER TABLE orders ENABLE ALWAYS TRIGGER "~rekey_update"'
exits 1 "$REKEY" verify "$work/bundle"
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'both keys of public.orders: 1 rows in which they do not agree'
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/*-users-swap/up.sql
says 'public.orders: the old and the new key do not agree in 1 rows'
rollback "$work/bundle"
exactly_as before
ok

begin 'an index on keys that the plan does not know is named, whenever it came'
draft "$keys"
stops() {  # apply, within so many starts of it
  local start
  for start in 1 2 3 4 5; do "$REKEY" apply "$work/bundle" --yes >"$work/output" 2>&1 </dev/null || return 0; done
  fail 'it went through'
}
sql -c 'CREATE INDEX early ON orders (user_id)'
stops
says 'index early on keys of public.orders is not in the plan' 'make it again on the keys that are there then'
sql -c 'DROP INDEX early'
while holds "SELECT count(*) = 0 FROM rekey.phases WHERE name = 'users: prepare' AND state = 'applied'"; do apply "$work/bundle"; done
sql -c 'ALTER TABLE orders ADD CONSTRAINT late UNIQUE (user_id, total)'
stops
says 'index late on keys of public.orders is not in the plan'
sql -c 'ALTER TABLE orders DROP CONSTRAINT late'
while holds "SELECT count(*) = 0 FROM rekey.phases WHERE name = 'users: swap' AND state = 'applied'"; do apply "$work/bundle"; done
sql -c 'CREATE INDEX since ON orders (id, total)'
exits 1 "$REKEY" rollback "$work/bundle" --yes
says 'index since on keys of public.orders is not in the plan'
sql -c 'DROP INDEX since'
rollback "$work/bundle"
exactly_as before
ok

begin 'what was written past the triggers has its old keys on the way back all the same'
draft "$keys"
apply_all
sql -c 'ALTER TABLE orders DISABLE TRIGGER "~rekey_update"' \
  -c "UPDATE orders SET user_id = (SELECT id FROM users WHERE name = 'user 7') WHERE total = 1" \
  -c 'ALTER TABLE orders ENABLE ALWAYS TRIGGER "~rekey_update"'
exits 1 "$REKEY" verify "$work/bundle"
says 'both keys' 'public.orders' '1 rows in which they do not agree'
rollback "$work/bundle"
schema_as before
proves 'SELECT user_id = 7 FROM orders WHERE total = 1'
ok

begin 'the swap alone is taken back, and done again: keys that were given out stay'
draft "$keys"
apply_all
sql -c "INSERT INTO users (name) VALUES ('since')"
given=$(sql -c "SELECT id FROM users WHERE name = 'since'")
rollback "$work/bundle" --to 'users: prepare'
sql -c "INSERT INTO orders (user_id, total) SELECT id, 7000 FROM users WHERE name = 'since'"
verify "$work/bundle"
apply_all
verify "$work/bundle"
equal 'the key of a row written after the first swap' "$given $given" \
  "$(sql -F ' ' -c "SELECT u.id, user_id FROM users u, orders WHERE total = 7000 AND name = 'since'")"
rollback "$work/bundle" --to 'users: prepare'
rollback "$work/bundle"
schema_as before
proves "SELECT user_id = 501 FROM orders WHERE total = 7000"
ok

begin 'between the swap back and the end of its phase new rows get ids that no row has'
draft "$keys"
apply_all
sql -c "INSERT INTO users (name) VALUES ('since')"
awk '{print} /^-- step .*\.swap /{swap = 1} swap && /^COMMIT/{exit}' "$work"/bundle/*-users-swap/down.sql >"$work/back.sql"
exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/back.sql"
sql -c "INSERT INTO users (name) VALUES ('between')"
rollback "$work/bundle"
schema_as before
equal 'ids of the two' '501 502' "$(sql -F ' ' -c "SELECT s.id, b.id FROM users s, users b WHERE s.name = 'since' AND b.name = 'between'")"
ok

begin 'paused, a backfill waits and says why'
draft "$keys"
apply "$work/bundle" --to foundation
exits 0 "$REKEY" pause "$work/bundle"
"$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
runtime=$!
until holds "SELECT count(*) > 0 FROM rekey.backfills WHERE waits_for IS NOT NULL"; do sleep 0.1; done
exits 0 "$REKEY" status "$work/bundle"
says 'backfill: 015.kinds.backfill, 0 rows filled, 0 % of the table; waits for rekey resume: paused since'
proves "SELECT count(*) = 0 FROM rekey.steps WHERE step = '015.kinds.backfill' AND state = 'done'"
exits 0 "$REKEY" resume "$work/bundle"
wait "$runtime"
apply_all
verify "$work/bundle"
ok

begin 'offline there is nothing to pause'
draft "$keys"
exits 0 "$REKEYC" inspect -o "$work/offline.yaml"
compile "$work/offline.yaml" "$work/offline"
exits 0 "$REKEY" apply "$work/offline" --yes --to foundation
exits 3 "$REKEY" pause "$work/offline"
says 'has no online phases: only their backfills can be paused'
exits 0 "$REKEY" status "$work/offline"
exits 0 "$REKEY" rollback "$work/offline" --yes
ok

begin 'purged: no way back'
draft "$keys"
apply_all
exits 3 "$REKEY" purge "$work/bundle" --yes
says 'is not applied: there is no purge before all of the plan is'
exits 1 psql -XqAt -v ON_ERROR_STOP=1 -c 'CALL rekey.purge()'
apply "$work/bundle"
exits 3 "$REKEY" purge "$work/bundle"
says 'lost for good: the way back' 'old keys of 3 domains' 'confirmation missing'
exits 0 "$REKEY" purge "$work/bundle" --yes
remember purged
sql -c "INSERT INTO orders (user_id, total) SELECT id, 1 FROM users WHERE name = 'user 1'"
for command in rollback verify mapping; do
  exits 3 "$REKEY" "$command" "$work/bundle" $([[ $command != rollback ]] || echo --yes)
  says 'was purged at'
done
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/*-cleanup/down.sql
says 'there is no way back'
exits 0 "$REKEY" status "$work/bundle"
says 'purged at'
exits 0 "$REKEY" purge "$work/bundle" --yes
schema_as purged
ok

begin 'sessions share a backfill, and more may join'
draft "$keys"
cat >"$work/decisions.yaml" <<'END'
strategy: online
backfill:
  most_rows: 60
  wait_while: SELECT pg_sleep(0.3) IS NULL
END
rm -rf "$work/bundle" "$work/plan.yaml"
exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
apply "$work/bundle" --jobs 3
"$REKEY" apply "$work/bundle" --yes --jobs 3 >"$work/applied" 2>&1 </dev/null &
runtime=$!
of_items="step LIKE '%.items.backfill'"
await holds "SELECT count(*) > 0 FROM rekey.batches WHERE $of_items AND rows > 0"
call=$(grep -h 'CALL rekey.backfill' "$work"/bundle/*-users-prepare/up.sql | grep items)
exits 0 psql -XqAt -v ON_ERROR_STOP=1 -c 'SET search_path = pg_catalog, pg_temp' -c "$call"
wait "$runtime"
proves "SELECT count(DISTINCT pid) >= 3 AND sum(rows) = 6000 AND max(rows) BETWEEN 20 AND 180 FROM rekey.batches WHERE $of_items"
exits 1 psql -XqAt -v ON_ERROR_STOP=1 -c 'SET search_path = pg_catalog, pg_temp' -c "$call"
says 'is not under way'
sql -c 'UPDATE rekey.throttle SET wait_while = NULL'
grep -q 'items.backfill .. ok .*, 6,000 rows; table .* kB, .* kB before' "$work/applied" || fail "$(cat "$work/applied")"
apply_all
verify "$work/bundle"
rollback "$work/bundle"
schema_as before
ok

begin 'behind an old transaction a backfill waits, and says for whom'
draft "$keys"
apply "$work/bundle" --to foundation
sql -c "UPDATE rekey.throttle SET most_transaction_age = '100 ms'"
PGAPPNAME=reports sql -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT pg_sleep(600)' >"$work/holder" 2>&1 &
holder=$!
sleeping="query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
await holds "SELECT count(*) = 1 FROM pg_stat_activity WHERE $sleeping"
"$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
runtime=$!
await holds "SELECT count(*) > 0 FROM rekey.backfills WHERE waits_for ~ 'a transaction that is .* old \(pid [0-9]+, reports\)'"
await grep -q 'kinds.backfill: 0 rows filled, 0 % of the table; waits for a transaction' "$work/applied"
exits 0 sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $sleeping"
wait "$holder" || true
wait "$runtime"
apply_all
verify "$work/bundle"
ok

begin 'a row that somebody holds does not hold the others up'
draft "$keys"
apply "$work/bundle"
exits 0 "$REKEY" pause "$work/bundle"
"$REKEY" apply "$work/bundle" --yes --jobs 8 >"$work/applied" 2>&1 </dev/null &
runtime=$!
await holds "SELECT count(*) = 1 FROM rekey.backfills WHERE step LIKE '%.orders.backfill' AND waits_for IS NOT NULL"
sql -c BEGIN -c 'SELECT FROM orders WHERE total = 5 FOR UPDATE' -c 'SELECT pg_sleep(600)' >"$work/holder" 2>&1 &
holder=$!
await holds "SELECT count(*) = 1 FROM pg_stat_activity WHERE $sleeping"
exits 0 "$REKEY" resume "$work/bundle"
column=$(sql -c "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname LIKE 'rekey_new_id%'")
await holds "SELECT array_agg(total) = '{5}' FROM orders WHERE $column IS NULL"
exits 0 sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $sleeping"
wait "$holder" || true
wait "$runtime"
apply_all
verify "$work/bundle"
ok

# An application that inserts, updates and deletes in three sessions, the old one until the swap.
busy() {
  local i
  for ((i = 1; ; i++)); do
    [[ ! -e $work/enough ]] || return 0
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
touch "$work/enough"  # a writer that is killed leaves a session behind which goes on
wait "${writers[@]}" || true
for w in 1 2 3; do [[ ! -s $work/busy.$w ]] || fail "writer $w: $(cat "$work/busy.$w")"; done
old_rows >"$work/written.rows"
apply_all
verify "$work/bundle"
rollback "$work/bundle"
schema_as before
old_rows >"$work/now.rows"
same_files 'rows as they were written' "$work/written.rows" "$work/now.rows"
ok
