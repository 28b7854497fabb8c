#!/usr/bin/env bash
# A bridge: both versions of an application run during its deployment, each on views of its own shape. The old one is
# here the same statements before the swap, after it and after the way back; none of them may fail.
. "$(dirname "$0")/lib.sh"

keys=$REKEY_SOURCE/tests/fixtures/online/keys.sql
old=rekey_old,public new=rekey_new,public

says_cleanup() { grep -q 'stopped before phase [0-9]* cleanup' "$work/output"; }

draft() {
  database bridge
  awk '/^-- written before the swap$/ {exit} {print}' "$keys" | sql >"$work/output" 2>&1
  sql -c 'CREATE TABLE hints (user_id integer REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE, hint text)' \
    -c 'DO $$ BEGIN CREATE ROLE bridge_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$' \
    -c 'GRANT SELECT, INSERT, UPDATE, DELETE ON users, orders, items, hints TO bridge_app' \
    -c 'GRANT SELECT (what), INSERT (user_id, what) ON wishes TO bridge_app' -c 'GRANT USAGE ON SEQUENCE orders_id_seq TO bridge_app'
  remember before
  rm -rf "$work/plan.yaml" "$work/bundle"
  printf 'strategy: online\nbridge: true\n' >"$work/decisions.yaml"
  exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$work/bundle"
}

# The old application, NAME its own: what it wrote it finds again by its own ids.
old_application() {  # NAME
  PGOPTIONS="-c search_path=$old -c role=bridge_app" sql -v name="$1" >"$work/output" 2>&1 <<'SQL'
INSERT INTO users (boss_id, name) VALUES (1, :'name') RETURNING id AS me \gset
INSERT INTO users (boss_id, name) VALUES (:me, :'name' || ' below') RETURNING id AS below \gset
SELECT nextval('orders_id_seq') AS drawn \gset
INSERT INTO orders (id, user_id, total) VALUES (:drawn, :me, 1), (nextval('orders_id_seq'), :below, 2);
INSERT INTO orders (user_id, total) VALUES (:me, 3) RETURNING id AS third \gset
INSERT INTO orders (id, user_id, total) VALUES (:drawn, :me, 4) ON CONFLICT (id) DO UPDATE SET total = 40;
INSERT INTO items VALUES (:drawn, 1, :me, 'a'), (:third, 1, NULL, 'b');
INSERT INTO hints VALUES (:me, 'first'), (NULL, 'none');
UPDATE items SET user_id = :below WHERE order_id = :third;
UPDATE orders SET user_id = :below WHERE id = :third;
UPDATE users SET boss_id = NULL WHERE id = :below;
UPDATE hints SET user_id = :below WHERE hint = 'none' AND user_id IS NULL;
INSERT INTO wishes (user_id, what) VALUES (:me, :'name'), (7, :'name');
SELECT 1 / (count(*) = 1)::integer FROM users WHERE id = :me AND boss_id = 1;
SELECT 1 / (count(*) = 1)::integer FROM orders WHERE id = :drawn AND user_id = :me AND total = 40;
SELECT 1 / (string_agg(total::text, ' ' ORDER BY total) = '2 3')::integer FROM orders WHERE user_id = :below;
SELECT 1 / (count(*) = 1)::integer FROM items i JOIN orders o ON o.id = i.order_id JOIN users u ON u.id = o.user_id
WHERE i.user_id = u.id AND u.name = :'name' || ' below';
BEGIN;
UPDATE items SET user_id = NULL WHERE user_id = :below;
DELETE FROM users WHERE id = :below;
SELECT 1 / (count(*) = 0)::integer FROM orders WHERE user_id = :below;
SELECT 1 / (count(*) = 1)::integer FROM hints WHERE hint = 'none' AND user_id IS NULL;
ROLLBACK;
SQL
}

new_application() {  # NAME
  PGOPTIONS="-c search_path=$new -c role=bridge_app" sql -v name="$1" >"$work/output" 2>&1 <<'SQL'
INSERT INTO users (name) VALUES (:'name') RETURNING id AS me \gset
INSERT INTO users VALUES (gen_random_uuid(), :'me', :'name' || ' below') RETURNING id AS below \gset
INSERT INTO orders (user_id, total) VALUES (:'me', 1) RETURNING id AS first \gset
INSERT INTO items VALUES (:'first', 1, :'below', 'new');
UPDATE orders SET user_id = :'below' WHERE id = :'first';
INSERT INTO orders VALUES (:'first', :'below', 5) ON CONFLICT (id) DO UPDATE SET total = 50;
SELECT 1 / (count(*) = 1)::integer FROM items i JOIN orders o ON o.id = i.order_id JOIN users u ON u.id = o.user_id
WHERE i.user_id = u.id AND u.name = :'name' || ' below' AND o.total = 50;
SQL
}

begin 'both versions, there and back'
draft
apply "$work/bundle"
while ! holds "SELECT count(*) = 1 FROM rekey.phases WHERE name = 'users: prepare' AND state = 'applied'"; do apply "$work/bundle"; done
old_application 'before'
verify "$work/bundle"
apply "$work/bundle"
until says_cleanup; do apply "$work/bundle"; done
old_application 'between'
new_application 'new'
verify "$work/bundle"
# Either sees what the other wrote.
proves "SELECT count(*) = 1 FROM rekey_old.orders o JOIN rekey_old.users u ON u.id = o.user_id WHERE u.name = 'new below' AND o.total = 50"
proves "SELECT count(*) = 1 FROM rekey_new.orders o JOIN rekey_new.users u ON u.id = o.user_id WHERE u.name = 'between' AND o.total = 40"
proves "SELECT string_agg(attname, ' ' ORDER BY attnum) = 'id boss_id name' FROM pg_attribute WHERE attrelid = 'rekey_new.users'::regclass"
PGOPTIONS="-c search_path=$old" sql -c "UPDATE orders SET total = 51 FROM users WHERE users.id = user_id AND name = 'new below'"
proves "SELECT total = 51 FROM public.orders o JOIN public.users u ON u.id = user_id WHERE name = 'new below'"
rollback "$work/bundle" --to 'users: prepare'
old_application 'swapped back'
apply "$work/bundle"
until says_cleanup; do apply "$work/bundle"; done
old_application 'swapped again'
verify "$work/bundle"
sql -F ' ' -c "SELECT id, name FROM rekey_old.users ORDER BY 1" -c "SELECT id, user_id, total FROM rekey_old.orders ORDER BY 1" \
  -c "SELECT order_id, line, user_id, note FROM rekey_old.items ORDER BY 1, 2" >"$work/seen.rows"
rollback "$work/bundle"
schema_as before
sql -F ' ' -c "SELECT id, name FROM users ORDER BY 1" -c "SELECT id, user_id, total FROM orders ORDER BY 1" \
  -c "SELECT order_id, line, user_id, note FROM items ORDER BY 1, 2" >"$work/now.rows"
same_files 'what the old application saw' "$work/seen.rows" "$work/now.rows"
ok

begin 'the cleanup takes it down, the way back puts it up again'
draft
apply "$work/bundle"
until says_cleanup; do apply "$work/bundle"; done
old_application 'between'
apply "$work/bundle"
proves "SELECT count(*) = 0 FROM pg_namespace WHERE nspname ~ '^rekey_'"
rollback "$work/bundle" --to 'users: swap'
old_application 'again'
new_application 'new'
rollback "$work/bundle"
proves "SELECT count(*) = 0 FROM pg_namespace WHERE nspname ~ '^rekey'"
ok

begin 'a rehearsal'
if can_dump; then
  draft
  exits 0 "$REKEY" rehearse "$work/bundle" --full
  ok
fi

begin 'what does not work through a view fails as REVIEW.md says'
draft
apply "$work/bundle"
until says_cleanup; do apply "$work/bundle"; done
while IFS='|' read -r statement message; do
  PGOPTIONS="-c search_path=$old" exits 1 psql -XqAt -c "$statement"
  says "$message"
done <<'END'
COPY orders FROM '/dev/null'|cannot copy to view
TRUNCATE orders|is not a table
INSERT INTO orders (id, user_id) VALUES (1, 1) ON CONFLICT ON CONSTRAINT orders_pkey DO NOTHING|does not exist
SELECT id, total FROM orders GROUP BY id|must appear in the GROUP BY clause
SELECT xmin FROM orders|does not exist
END
grep -q '^## Both versions at once' "$work/bundle/REVIEW.md"
ok

begin 'what it cannot do is said'
draft
sql -c 'CREATE SCHEMA rekey_old'
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'schema "rekey_old" already exists'
sql -c 'DROP SCHEMA rekey_old'
exactly_as before
sed 's/^strategy: online/strategy: offline/' "$work/plan.yaml" >"$work/offline.yaml"
exits 2 "$REKEYC" compile "$work/offline.yaml" -o "$work/offline"
says 'there is no online phase to build a bridge over'
ok
