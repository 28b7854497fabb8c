#!/usr/bin/env bash
# Steps of a plan's own, SQL and indexes: there and back in both strategies, as by psql; what stays is said; what a crash
# left is built again; an index that is not the plan's is not touched.
. "$(dirname "$0")/lib.sh"
cd "$work"

schema() {
  sql <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigserial PRIMARY KEY, user_id integer REFERENCES users, placed_at timestamptz DEFAULT '2020-01-01');
CREATE INDEX orders_placed ON orders (placed_at DESC);
CREATE SCHEMA app;
CREATE TABLE app.settings (version integer);
CREATE TABLE app.visits (who integer);
INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 50) i;
INSERT INTO orders (user_id) SELECT 1 + i % 50 FROM generate_series(1, 300) i;
INSERT INTO app.settings VALUES (1);
INSERT INTO app.visits VALUES (1), (2);
SQL
}

plan() {  # STRATEGY [MORE SQL]
  cat >decisions.yaml <<YAML
strategy: $1
include: public.*
phases:
  - {name: foundation, kind: foundation}
  - name: all
    tables: [public.users, public.orders]
    sql:
      - name: version 2
        up: UPDATE app.settings SET version = 2
        down: UPDATE app.settings SET version = 1
        verify: SELECT version = 2 FROM app.settings
      - name: names
        up: UPDATE public.users SET name = name || '!'; CREATE VIEW app.names AS SELECT id, name FROM public.users
        down: DROP VIEW app.names; UPDATE public.users SET name = rtrim(name, '!')
${2-}  - name: cleanup
    kind: cleanup
    sql: [{name: owners, up: ALTER TABLE app.settings ADD COLUMN owner uuid, down: ALTER TABLE app.settings DROP COLUMN owner}]
    indexes:
      - create: CREATE UNIQUE INDEX "Users by name" ON public.users USING btree (lower(name)) WHERE (name <> ''::text)
      - {drop: public.orders_placed, definition: CREATE INDEX orders_placed ON public.orders USING btree (placed_at DESC)}
      - {reindex: public.users_pkey, definition: CREATE UNIQUE INDEX users_pkey ON public.users USING btree (id)}
YAML
  exits 0 "$REKEYC" inspect --decisions decisions.yaml -o plan.yaml
  rm -rf bundle
  compile plan.yaml bundle
}

apply_all() {
  apply bundle
  while ! holds "SELECT EXISTS (SELECT FROM rekey.phases WHERE name = 'cleanup' AND state = 'applied')"; do apply bundle; done
}

as_the_plan_says() {
  proves "SELECT version = 2 FROM app.settings"
  proves "SELECT count(*) FILTER (WHERE name LIKE '%!') = count(*) FROM app.names"
  proves "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.\"Users by name\"')"
  proves "SELECT to_regclass('public.orders_placed') IS NULL"
  no_trace_of_fences
}

for strategy in offline online; do
  begin "$strategy: there and back"
  database "steps_$strategy"
  schema
  remember before
  before=$(sql -c "SELECT id, name FROM users ORDER BY id" -c 'SELECT * FROM app.settings')
  plan "$strategy"
  apply_all
  as_the_plan_says
  verify bundle
  sql -c "INSERT INTO users (name) VALUES ('new!')"
  rollback bundle
  sql -c "DELETE FROM users WHERE name = 'new'"
  equal 'rows' "$before" "$(sql -c "SELECT id, name FROM users ORDER BY id" -c 'SELECT * FROM app.settings')"
  proves "SELECT pg_get_indexdef('orders_placed'::regclass) LIKE '%(placed_at DESC)' AND to_regclass('\"Users by name\"') IS NULL"
  [[ $strategy == online ]] || schema_as before
  ok
done

begin 'as by psql alone'
database steps_psql
schema
remember before
plan offline
for phase in bundle/*/; do exits 0 psql -X -v ON_ERROR_STOP=1 -f "$phase/up.sql"; done
as_the_plan_says
for phase in $(ls -rd bundle/*/); do exits 0 psql -X -v ON_ERROR_STOP=1 -f "$phase/down.sql"; done
exactly_as before
ok

begin 'what stays is said before, and stays'
database steps_stay
schema
plan offline '      - {name: forget visits, up: TRUNCATE app.visits, down: none, reason: they are counted elsewhere}
'
grep -q 'What "forget visits" does in phase all stays after a rollback: they are counted elsewhere' bundle/REVIEW.md
apply bundle
says 'after it the way back is exact but for what "forget visits" does, which stays: they are counted elsewhere'
rollback bundle
proves 'SELECT count(*) = 0 FROM app.visits'
ok

begin 'SQL that fails takes its step back, and only that'
database steps_fail
schema
remember before
plan offline '      - {name: broken, up: UPDATE app.settings SET version = 3; SELECT 1 / count(*) FROM public.users WHERE false, down: SELECT}
'
exits 1 "$REKEY" apply bundle --yes
says 'step 020.broken_3.sql failed and is rolled back' 'division by zero' 'go back:'
proves 'SELECT version = 2 FROM app.settings'
rollback bundle
exactly_as before
ok

begin 'an index of the same name, or another one than the plan says, is left alone'
database steps_taken
schema
sql -c 'CREATE INDEX "Users by name" ON users (name)'
remember before
plan offline
exits 1 "$REKEY" apply bundle --yes
says 'public."Users by name" is there already' 'Rename that, or drop it, then go on.'
sql -c 'DROP INDEX "Users by name"; DROP INDEX orders_placed; CREATE INDEX orders_placed ON orders (placed_at)'
exits 1 "$REKEY" apply bundle --yes
says 'index public.orders_placed is not what the plan says' \
  'Write definition: CREATE INDEX orders_placed ON public.orders USING btree (placed_at)'
sql -c "DROP INDEX orders_placed; CREATE INDEX orders_placed ON orders (placed_at DESC); COMMENT ON INDEX orders_placed IS 'mine'"
exits 1 "$REKEY" apply bundle --yes
says 'index public.orders_placed has a comment, which a definition does not say'
sql -c 'COMMENT ON INDEX orders_placed IS NULL' -c 'ALTER INDEX users_pkey RENAME TO users_pkey_ccnew'
exits 1 "$REKEY" apply bundle --yes
says 'index public.users_pkey is not there'
sql -c 'ALTER INDEX users_pkey_ccnew RENAME TO users_pkey' -c 'CREATE INDEX users_pkey_ccnew ON users (name)'
exits 1 "$REKEY" apply bundle --yes
says 'public.users_pkey_ccnew has a name that REINDEX gives, and is valid'
sql -c 'DROP INDEX users_pkey_ccnew'
apply bundle
as_the_plan_says
rollback bundle
ok

begin 'an invalid index that a failed build left is built again'
database steps_again
schema
sql -c "INSERT INTO users (name) VALUES ('User 1')"
remember before
plan offline
exits 1 "$REKEY" apply bundle --yes
says 'could not create unique index "Users by name"'
proves "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.\"Users by name\"')"
rollback bundle --to all
proves "SELECT to_regclass('public.\"Users by name\"') IS NULL"
exits 1 "$REKEY" apply bundle --yes
sql -c "UPDATE users SET name = 'Somebody!' WHERE name = 'User 1!'"
apply bundle
as_the_plan_says
ok
