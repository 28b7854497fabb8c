#!/usr/bin/env bash
# What goes wrong in online changes of keys that look right, a case each.
. "$(dirname "$0")/lib.sh"

draft() {  # decisions from stdin, SQL of the database before
  printf '%s\n' 'strategy: online' >"$work/decisions.yaml"
  cat >>"$work/decisions.yaml"
  rm -rf "$work/plan.yaml" "$work/bundle"
  exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$work/bundle"
}

says_cleanup() { grep -q 'stopped before phase [0-9]* cleanup' "$work/output"; }
swap() { until says_cleanup; do apply "$work/bundle"; done; }

shop() {
  database traps
  sql <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, name text);
CREATE TABLE orders (id serial PRIMARY KEY, user_id integer DEFAULT 3 REFERENCES users, total integer DEFAULT 0);
INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 50) i;
INSERT INTO orders (user_id, total) SELECT i % 50 + 1, i FROM generate_series(1, 500) i;
SQL
  remember before
}

begin 'what a foreign key does to a child it does to both generations of its keys'
database traps
sql <<'SQL'
CREATE TABLE p (id serial PRIMARY KEY, name text UNIQUE);
CREATE TABLE a (p_id integer REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE, n integer);
CREATE TABLE b (p_id integer DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT ON UPDATE SET NULL, n integer);
CREATE TABLE c (p_id integer REFERENCES p ON DELETE CASCADE ON UPDATE SET DEFAULT, n integer);
INSERT INTO p (name) SELECT 'p' || i FROM generate_series(1, 9) i;
INSERT INTO a SELECT i, i FROM generate_series(1, 9) i;
INSERT INTO b SELECT i, i FROM generate_series(1, 9) i;
INSERT INTO c SELECT i, i FROM generate_series(1, 9) i;
SQL
remember before
draft </dev/null
apply "$work/bundle"
sql -c "DELETE FROM p WHERE name = 'p2'" -c "UPDATE p SET id = 100 WHERE name = 'p3'"
verify "$work/bundle"
swap
sql -c "DELETE FROM p WHERE name = 'p4'" -c "UPDATE p SET id = gen_random_uuid() WHERE name = 'p5'"
verify "$work/bundle"
proves "SELECT (SELECT name = 'p5' FROM a JOIN p ON p.id = p_id WHERE n = 5) AND (SELECT p_id IS NULL FROM b WHERE n = 5)
          AND (SELECT name = 'p1' FROM b JOIN p ON p.id = p_id WHERE n = 4) AND (SELECT p_id IS NULL FROM a WHERE n = 4)"
rollback "$work/bundle"
schema_as before
proves "SELECT string_agg(coalesce(p_id::text, '-'), ' ' ORDER BY n) ~ '^1 - 100 - [0-9]+ 6 7 8 9$' FROM a"
proves "SELECT string_agg(coalesce(p_id::text, '-'), ' ' ORDER BY n) = '1 1 - 1 - 6 7 8 9' FROM b"
proves "SELECT string_agg(coalesce(p_id::text, '-'), ' ' ORDER BY n) = '1 - - 6 7 8 9' FROM c"
ok

begin 'upserts of few keys by many sessions do not fail, where the plan says so'
shop
draft <<<'tables: {public.users: {upserts: true}}'
upserts() {  # keys in the form of the day
  local i
  for ((i = 0; i < 60; i++)); do
    echo "INSERT INTO users (id, name) VALUES ($(sed -n "$((i % 4 + 1))p" "$work/keys"), 's$1') ON CONFLICT (id) DO UPDATE SET name = excluded.name;"
    ((i % 7)) || echo "DELETE FROM users WHERE id = $(sed -n "$((i % 4 + 1))p" "$work/keys");"
  done | sql >"$work/upserts.$1" 2>&1
}
many() {
  local s sessions=()
  for s in 1 2 3 4 5 6; do
    upserts "$s" &
    sessions+=($!)
  done
  wait "${sessions[@]}" || fail "$(cat "$work"/upserts.*)"
}
seq 1001 1004 >"$work/keys"
apply "$work/bundle"
many
verify "$work/bundle"
swap
sql -c "SELECT quote_literal(gen_random_uuid()) FROM generate_series(1, 4)" >"$work/keys"
many
verify "$work/bundle"
rollback "$work/bundle"
schema_as before
ok

begin 'while the swap waits for somebody nobody waits for the swap'
shop
draft </dev/null
apply "$work/bundle"
PGAPPNAME=report sql -c BEGIN -c 'SELECT count(*) FROM users' -c 'SELECT pg_sleep(600)' >"$work/holder" 2>&1 &
holder=$!
await holds "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'report' AND query LIKE '%pg_sleep%'"
"$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
runtime=$!
await grep -q 'swap: canceling statement due to lock timeout; try 2 in .*report.* holds ACCESS SHARE on public.users' "$work/applied"
for i in 1 2 3 4 5 6 7 8 9 10; do
  sql -c "SET lock_timeout = '1s'" -c 'SELECT count(*) FROM users, orders' -c "UPDATE orders SET total = $i WHERE id = $i" \
    -c "INSERT INTO users (name) VALUES ('seen')" -c "DELETE FROM users WHERE name = 'seen'" >"$work/output"
done
exits 0 sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'report'"
wait "$holder" || true
wait "$runtime"
verify "$work/bundle"
drawn=$(sql -c 'SELECT last_value FROM users_id_seq')
sql -c "INSERT INTO users (name) VALUES ('after')"
rollback "$work/bundle"
proves "SELECT id > $drawn FROM users WHERE name = 'after'"
ok

begin 'half of an index that somebody left is built anew'
shop
draft </dev/null
apply "$work/bundle" --to foundation
exits 0 "$REKEY" pause "$work/bundle"
"$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
runtime=$!
await holds 'SELECT count(*) > 0 FROM rekey.backfills WHERE waits_for IS NOT NULL'
twin=$(grep -hoE 'rekey_twin_[0-9]+_1 ON public.orders' "$work"/bundle/*/up.sql | head -n 1 | cut -d ' ' -f 1)
exits 1 sql -c "CREATE UNIQUE INDEX CONCURRENTLY $twin ON orders ((total % 2))"
proves "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = '$twin'::regclass"
exits 0 "$REKEY" resume "$work/bundle"
wait "$runtime"
proves "SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = 'orders'::regclass"
swap
verify "$work/bundle"
ok

begin 'sessions that replicate have their rows kept right too'
shop
draft </dev/null
apply "$work/bundle"
sql -c 'SET session_replication_role = replica' -c 'INSERT INTO orders (user_id, total) VALUES (7, 1000)' \
  -c 'UPDATE orders SET user_id = 8 WHERE total = 2'
verify "$work/bundle"
swap
sql -c 'SET session_replication_role = replica' -c "INSERT INTO orders (user_id, total) SELECT id, 1001 FROM users WHERE name = 'user 9'"
verify "$work/bundle"
rollback "$work/bundle"
proves "SELECT string_agg(user_id::text, ' ' ORDER BY total) = '8 7 9' FROM orders WHERE total IN (2, 1000, 1001)"
ok

begin 'a trigger of ours that is not what it was is named, and keeps the swap from happening'
shop
draft </dev/null
apply "$work/bundle"
sql -c 'ALTER TABLE orders DISABLE TRIGGER ALL' -c 'ALTER TABLE orders ENABLE TRIGGER ALL'
exits 1 "$REKEY" verify "$work/bundle"
says 'public.orders' 'trigger "~rekey_insert" is not enabled ALWAYS'
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'trigger "~rekey_update" is not enabled ALWAYS: ALTER TABLE public.orders ENABLE ALWAYS TRIGGER "~rekey_update"'
sql -c 'ALTER TABLE orders ENABLE ALWAYS TRIGGER "~rekey_insert"' -c 'ALTER TABLE orders ENABLE ALWAYS TRIGGER "~rekey_update"'
swap
verify "$work/bundle"
ok

begin 'without the right to silence triggers nothing is begun, and the GRANT is named'
shop
sql <<'SQL'
DO $$ BEGIN CREATE ROLE traps_owner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER TABLE users OWNER TO traps_owner;
ALTER TABLE orders OWNER TO traps_owner;
ALTER DATABASE traps OWNER TO traps_owner;
GRANT ALL ON SCHEMA public TO traps_owner;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.total := NEW.total + 1; RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touched();
SQL
draft </dev/null
PGUSER=traps_owner exits 1 "$REKEY" apply "$work/bundle" --yes
says 'role traps_owner may not silence' 'GRANT SET ON PARAMETER session_replication_role TO it (from PostgreSQL 15)'
if (($(server_major) >= 15)); then
  sql -c 'GRANT SET ON PARAMETER session_replication_role TO traps_owner'
  total=$(sql -c 'SELECT sum(total) FROM orders')
  : >"$work/output"
  until says_cleanup; do PGUSER=traps_owner exits 0 "$REKEY" apply "$work/bundle" --yes; done
  equal 'totals that a trigger would have changed' "$total" "$(sql -c 'SELECT sum(total) FROM orders')"
  PGUSER=traps_owner verify "$work/bundle"
  sql -c 'REVOKE SET ON PARAMETER session_replication_role FROM traps_owner'
fi
ok

# In the cleanup users have let go of their old keys, orders cannot yet, and the runtime is gone.
half_contracted() {
  shop
  sql -c "INSERT INTO users (id, name) VALUES (60, 'far')"
  draft </dev/null
  apply "$work/bundle"
  swap
  PGAPPNAME=report sql -c BEGIN -c 'SELECT count(*) FROM orders' -c 'SELECT pg_sleep(600)' >"$work/holder" 2>&1 &
  holder=$!
  "$REKEY" apply "$work/bundle" --yes >"$work/applied" 2>&1 </dev/null &
  runtime=$!
  await holds "SELECT count(*) = 0 FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname ~ '^rekey_old' AND NOT attisdropped"
  write_late 1
  kill -9 "$runtime"
  exits 0 sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'report'"
  wait "$holder" "$runtime" 2>/dev/null || true
  write_late 2
}
write_late() {
  sql -c "WITH n AS (INSERT INTO users (name) SELECT 'late $1' FROM generate_series(1, 20) RETURNING id)
          INSERT INTO orders (user_id, total) SELECT id, 2000 FROM n"
}
late_rows_are_right() {
  proves "SELECT count(DISTINCT u.id) = $1 AND count(*) = $1 FROM orders o JOIN users u ON u.id = o.user_id WHERE total = 2000"
  proves "SELECT id = 60 FROM users WHERE name = 'far'"
}

begin 'from the middle of the cleanup back, with rows written there'
half_contracted
rollback "$work/bundle"
late_rows_are_right 40
ok

begin 'from the middle of the cleanup to its end, and then back'
half_contracted
apply "$work/bundle"
write_late 3
verify "$work/bundle"
rollback "$work/bundle"
late_rows_are_right 60
ok

begin 'a server without room for the locks of a swap is told how much it needs'
shop
draft </dev/null
grep -q '^CALL rekey.expect_room_for_locks(2);' "$work"/bundle/010-foundation/up.sql
apply "$work/bundle" --to foundation
exits 1 psql -XqAt -c 'CALL rekey.expect_room_for_locks(4000)'
says 'the swap of 4000 tables takes about 200000 locks at once' 'HINT:  Nothing has changed. Set max_locks_per_transaction to'
ok

begin 'how statements of the old shape fail after the swap'
shop
draft </dev/null
apply "$work/bundle"
psql -XqAt -v VERBOSITY=sqlstate >"$work/session" 2>&1 <<SQL &
PREPARE one AS SELECT * FROM orders WHERE total = 1;
EXECUTE one;
\! until [ -e '$work/swapped' ]; do sleep 0.1; done
EXECUTE one;
SELECT count(*) FROM orders WHERE user_id = 7;
INSERT INTO orders (user_id) VALUES (7);
SELECT * FROM orders WHERE user_id = '7';
SQL
session=$!
await grep -q 2 "$work/session"
swap
touch "$work/swapped"
wait "$session"
equal 'SQLSTATEs' '0A000 42883 42804 22P02' "$(sed -n 's/^ERROR:  //p' "$work/session" | xargs)"
ok
