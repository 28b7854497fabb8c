#!/usr/bin/env bash
# What goes wrong on the user's side: a clear error, the right exit code, and nothing changed.
. "$(dirname "$0")/lib.sh"

shop=$REKEY_SOURCE/tests/fixtures/shop
plan=$work/shop.yaml
bundle=$work/bundle

# A plan with one edit by sed, refused with the texts; nothing is written.
refused_plan() {  # WHAT EDIT TEXT…
  begin "plan: $1"
  sed -E "$2" "$shop.yaml" >"$plan"
  ! cmp -s "$shop.yaml" "$plan" || fail 'the edit changes nothing'
  exits 2 "$REKEYC" compile "$plan" -o "$work/no bundle"
  grep -qE "^$plan:[0-9]+:[0-9]+: error: " "$work/output" || fail 'no place'
  says "${@:3}"
  [[ ! -e "$work/no bundle" ]] || fail 'a folder was written'
  ok
}

refused_plan 'malformed YAML' 's/primary_key: \[id\]/primary_key: [id/' "$plan"
refused_plan 'duplicate keys' 's/^name: shop/&\nname: shop/' 'name'
refused_plan 'unknown version' 's/^version: 1/version: 2/' 'version'
refused_plan 'unknown key' 's/^    primary_key: /    primary_kee: /' 'primary_key'
refused_plan 'unknown table in a phase' 's/\[public.products\]/[public.produkts]/' 'public.produkts'
refused_plan 'unknown table of a foreign key' 's/references: public.orders/references: public.order/' 'public.order'
refused_plan 'unknown column of a foreign key' 's/columns: \[user_id\]/columns: [usr_id]/' 'usr_id'
refused_plan 'a table in two phases' 's/\[public.users\]/[public.users, public.products]/' \
  'public.products' 'two phases' 'listed here too'
refused_plan 'a table in no phase' 's/, public.items\]/]/' 'public.items'
refused_plan 'cleanup before what it cleans up' '/name: cleanup/d; /kind: cleanup/d
  s/^  - name: people/  - name: cleanup\n    kind: cleanup\n&/' 'cleanup'
refused_plan 'a view that uses a key' \
  '$a\dependents: [{kind: view, name: public.v}]' 'public.v cannot be carried over'
refused_plan 'a view on one that is set aside' '$a\
dependents:\
  - {kind: view, name: public.v, set_aside: not now, definition: CREATE VIEW public.v AS SELECT id FROM public.users}\
  - {kind: view, name: public.w, definition: CREATE VIEW public.w AS SELECT v.id FROM public.v}' \
  'view public.w cannot be carried over: it is built on view public.v, which is set aside'

begin 'plan: not there, a folder, not text'
exits 2 "$REKEYC" compile "$work/none.yaml" -o "$bundle"
says "$work/none.yaml"
exits 2 "$REKEYC" compile "$work" -o "$bundle"
head -c 1000 "$REKEYC" >"$work/binary.yaml"
exits 2 "$REKEYC" compile "$work/binary.yaml" -o "$bundle"
ok

begin 'output folder not writable'
cp "$shop.yaml" "$plan"
: >"$work/file"
exits 1 "$REKEYC" compile "$plan" -o "$work/file/bundle"
says "$work/file"
exits 1 "$REKEYC" compile "$plan" -o /proc/bundle
says /proc/bundle
ok

begin 'output folder that holds something else'
mkdir "$work/mine"
echo precious >"$work/mine/notes"
exits 1 "$REKEYC" compile "$plan" -o "$work/mine"
says "$work/mine"
equal content precious "$(cat "$work/mine/notes")"
ok

database shop
sql -f "$shop.sql"
remember before
compile "$plan" "$bundle"

edited_bundle() {  # WHAT FILE COMMAND…: in a copy of the bundle
  begin "bundle: $1"
  rm -rf "$work/edited"
  cp -r "$bundle" "$work/edited"
  (cd "$work/edited" && "${@:3}")
  local command
  for command in apply rollback; do
    exits 3 "$REKEY" $command "$work/edited" --yes
    says "$2"
  done
  exits 3 "$REKEY" status "$work/edited"
  exactly_as before
  ok
}

one_byte() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
edited_bundle 'one byte of up.sql' 030-people/up.sql one_byte 030-people/up.sql 900 '#'
edited_bundle 'a byte more in down.sql' 040-trade/down.sql bash -c 'echo >> 040-trade/down.sql'
edited_bundle 'one byte of bundle.json' bundle.json sed -i 's/"public.users"/"public.Users"/' bundle.json
edited_bundle 'bundle.json cut off' bundle.json truncate -s -20 bundle.json
edited_bundle 'a file more' extra.sql touch 030-people/extra.sql
edited_bundle 'a file missing' 020-catalogue/verify.sql rm 020-catalogue/verify.sql
edited_bundle 'no bundle.json' bundle.json rm bundle.json
edited_bundle 'REVIEW.md' REVIEW.md bash -c 'echo approved >> REVIEW.md'

refused_here() {  # WHAT TEXT…: apply of the bundle is refused and changes nothing
  begin "$1"
  remember refused
  exits 3 "$REKEY" apply "$bundle" --yes
  says "${@:2}"
  exactly_as refused
  ok
}

drift() {  # WHAT SQL TEXT…
  database drifted shop
  sql -c "$2"
  refused_here "drift: $1" "${@:3}"
}

database empty
refused_here 'wrong database: no such tables' 'public.users' missing 'nothing has been changed'
drift 'a type differs' 'ALTER TABLE orders ALTER id TYPE integer' 'column public.orders.id is integer, not bigint'
drift 'a column is gone' 'ALTER TABLE users DROP COLUMN manager_id' 'public.users.manager_id'
drift 'one more foreign key' 'CREATE TABLE visits (user_id integer CONSTRAINT visitor REFERENCES users)' \
  visitor public.visits
drift 'a foreign key differs' 'ALTER TABLE items DROP CONSTRAINT items_order_id_fkey,
  ADD CONSTRAINT items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE' \
  items_order_id_fkey 'ON DELETE CASCADE'
drift 'a foreign key is gone' 'ALTER TABLE items DROP CONSTRAINT items_order_id_fkey' items_order_id_fkey missing
drift 'a view' 'CREATE VIEW names AS SELECT id, name FROM users' 'view public.names'
drift 'a trigger with WHEN' "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER watch BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.id > 5) EXECUTE FUNCTION f()" 'trigger' watch
drift 'a check' 'ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0)' positive
drift 'a policy' 'CREATE POLICY p ON orders USING (user_id > 0)' policy
drift 'a partial index' 'CREATE INDEX few ON orders (user_id) WHERE user_id < 9' few
drift 'a generated column' \
  'ALTER TABLE users ADD double_id integer GENERATED ALWAYS AS (id * 2) STORED' double_id
drift 'a schema rekey of someone else' 'CREATE SCHEMA rekey' 'schema rekey'

begin 'legacy ids beyond 2^47'
database far shop
sql -c 'INSERT INTO orders VALUES (140737488355328, 1)'
refused_here 'legacy ids beyond 2^47' public.orders.id 140737488355328 keyed
sed 's/^  public.orders:/&\n    generator: keyed/' "$shop.yaml" >"$work/keyed.yaml"
compile "$work/keyed.yaml" "$work/keyed"
remember far
apply "$work/keyed"
rollback "$work/keyed"
exactly_as far

begin 'no rights'
database guarded shop
sql -c 'CREATE ROLE passer_by LOGIN'
remember refused
PGUSER=passer_by exits 3 "$REKEY" apply "$bundle" --yes
says public.users
exactly_as refused
ok

begin 'the owner needs no superuser'
database owned
sql -c 'CREATE ROLE keeper LOGIN' -c 'ALTER DATABASE owned OWNER TO keeper' \
  -c 'ALTER SCHEMA public OWNER TO keeper'
PGUSER=keeper sql -f "$shop.sql"
remember owned
PGUSER=keeper apply "$bundle"
PGUSER=keeper verify "$bundle"
PGUSER=passer_by exits 3 "$REKEY" status "$bundle"
says 'schema rekey'
PGUSER=passer_by exits 3 "$REKEY" rollback "$bundle" --yes
PGUSER=keeper rollback "$bundle"
exactly_as owned
ok

begin 'no server; no password in any output'
database asked shop
PGHOST=$work exits 1 "$REKEY" apply "$bundle" --yes
says 'cannot reach the database'
exits 1 "$REKEY" apply "$bundle" --yes --database "postgresql://me:pass-word@localhost:1/none"
says_not pass-word
exits 1 "$REKEYC" inspect --database "postgresql://me:pass-word@localhost:1/none" -o "$work/none.yaml"
says_not pass-word
ok

begin 'usage'
exits 2 "$REKEY" apply "$bundle" --to nowhere --yes
says 'no phase "nowhere"' catalogue
exits 2 "$REKEY" apply
exits 2 "$REKEY" aply "$bundle"
exits 2 "$REKEY" apply "$bundle" --jobs 0
exits 2 "$REKEYC" compile "$plan"
exits 1 "$REKEY" lookup users 5
says 'no plan is applied'
exits 0 "$REKEY" rollback "$bundle" --yes
says 'nothing to roll back'
exits 0 "$REKEY" apply "$bundle" --dry-run
says 'nothing has been changed' 'ACCESS EXCLUSIVE on public.users'
exits 4 "$REKEY" status "$bundle" --exit-code
exactly_as before
ok

begin 'no --yes and no terminal; the wrong name on a terminal'
exits 3 "$REKEY" apply "$bundle"
says 'confirmation missing'
on_terminal() { printf '%s\n' "$1" | script -qec "$(printf '%q ' "${@:2}")" /dev/null; }
if command -v script >/dev/null; then
  exits 3 on_terminal postgres "$REKEY" apply "$bundle"
  says 'not confirmed'
  exactly_as before
  exits 0 on_terminal asked "$REKEY" apply "$bundle"
  exits 0 on_terminal asked "$REKEY" rollback "$bundle"
fi
exactly_as before
ok

begin 'other sessions on the tables are named; --wait waits; two runtimes at once'
in_the_way() {
  PGAPPNAME=reporting sql -c 'BEGIN; SELECT count(*) FROM users; SELECT pg_sleep(600)' >/dev/null 2>&1
}
in_the_way &
reporting=$!
await holds "SELECT count(*) > 0 FROM pg_stat_activity
             WHERE application_name = 'reporting' AND wait_event = 'PgSleep'"
exits 3 "$REKEY" apply "$bundle" --yes
says reporting public.users 'has not been begun' 'ACCESS SHARE'
proves "SELECT count(*) = 0 FROM pg_trigger WHERE tgname = 'rekey_fence'"
"$REKEY" apply "$bundle" --yes --wait >"$work/waiting" 2>&1 </dev/null &
waiting=$!
await grep -q 'waiting for .*reporting' "$work/waiting"
for command in apply rollback; do
  exits 3 "$REKEY" $command "$bundle" --yes
  says 'being worked on by pid'
done
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reporting'" >/dev/null
wait "$reporting" || true
wait "$waiting" || { cp "$work/waiting" "$work/output"; fail 'the runtime that waited failed'; }
verify "$bundle"
ok

begin 'the fence refuses foreign writes while a phase is open'
rollback "$bundle"
exactly_as before
exits 0 "$REKEY" apply "$bundle" --to foundation --yes
exits 0 psql -X -v ON_ERROR_STOP=1 -f <(awk '/^-- step /{n++} n < 2' "$bundle/020-catalogue/up.sql")
exits 1 sql -c "INSERT INTO products (name) VALUES ('in between')"
says 'public.products is closed for writes while its keys change' 'Phase 020'
exits 1 sql -c "TRUNCATE products CASCADE"
says 'closed for writes'
apply "$bundle"
sql -c "INSERT INTO products (name) VALUES ('afterwards')"
sql -c "DELETE FROM products WHERE name = 'afterwards'"
ok

begin 'another text than was applied'
sed 's/lock_timeout: 500ms/lock_timeout: 700ms/' "$shop.yaml" >"$plan"
compile "$plan" "$work/changed"
remember refused
for command in apply rollback; do
  exits 3 "$REKEY" $command "$work/changed" --yes
  says 'step 020.products.rewrite was applied as another text'
done
exactly_as refused
exits 3 "$REKEY" verify "$work/changed"
exits 3 "$REKEY" status "$work/changed"
ok

begin 'another plan in the same database'
sed 's/^name: shop/name: other/' "$shop.yaml" >"$plan"
compile "$plan" "$work/other"
exits 3 "$REKEY" apply "$work/other" --yes
says 'plan "shop" is applied to this database' 'plan "other"'
exactly_as refused
ok

begin 'a later phase edited after apply --to'
rollback "$bundle"
exactly_as before
exits 0 "$REKEY" apply "$bundle" --to people --yes
says 'stopped before phase 040 trade'
probe='{name: orders are there, query: SELECT count(*) = 60 FROM public.orders}'
sed "s/^    risk: low/&\n    reason: thought over again\n    probes:\n      - $probe/" "$shop.yaml" >"$plan"
exits 1 "$REKEYC" compile "$plan" -o "$bundle" --check
compile "$plan" "$bundle"
apply "$bundle"
verify "$bundle"
exits 0 "$REKEY" verify "$bundle" --json
says '"orders are there"'
ok

begin 'verify says what does not hold'
sql -c 'ALTER TABLE items DROP CONSTRAINT items_order_id_fkey'
exits 1 "$REKEY" verify "$bundle"
says 'NO' items_order_id_fkey missing
exits 3 "$REKEY" status "$bundle"
says items_order_id_fkey
sql -c 'ALTER TABLE items ADD CONSTRAINT items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders'
verify "$bundle"
rollback "$bundle"
exactly_as before
ok

begin 'rollback needs more legacy ids than a smallint holds'
sql -c "SELECT setval('products_id_seq', 32765)" >/dev/null
apply "$bundle"
sql -c "INSERT INTO products (name) SELECT 'new ' || i FROM generate_series(1, 5) i"
remember refused
exits 3 "$REKEY" rollback "$bundle" --yes
says products '5 rows' 32770
exactly_as refused
sql -c "DELETE FROM products WHERE name IN ('new 1', 'new 2', 'new 3')"
rollback "$bundle"
schema_as before
rows_kept_since before
proves "SELECT array_agg(id ORDER BY id) = '{32766,32767}' FROM products WHERE name LIKE 'new%'"
ok
