#!/usr/bin/env bash
# A role with the rights that `rekeyc grants` names, and no others, makes the whole trip.
. "$(dirname "$0")/lib.sh"

begin 'a minimal role'
PGDATABASE=postgres sql -c 'CREATE ROLE "the owner"' -c 'CREATE ROLE second' -c 'CREATE ROLE migrator LOGIN'
database granted
sql <<'SQL'
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA "Sales";
GRANT USAGE, CREATE ON SCHEMA public, "Sales" TO "the owner", second;
CREATE TABLE currencies (code text PRIMARY KEY);
SET ROLE "the owner";
CREATE TABLE users (id serial PRIMARY KEY, boss_id int REFERENCES users);
CREATE VIEW bosses AS SELECT boss_id FROM users WHERE boss_id IS NOT NULL;
GRANT SELECT, REFERENCES ON users TO second;
SET ROLE second;
CREATE TABLE "Sales".orders (id bigserial PRIMARY KEY, user_id int REFERENCES users);
CREATE TABLE "Sales".lines (order_id bigint REFERENCES "Sales".orders, currency text)
  PARTITION BY HASH (order_id);
CREATE TABLE "Sales".lines_0 PARTITION OF "Sales".lines FOR VALUES WITH (MODULUS 1, REMAINDER 0);
RESET ROLE;
ALTER TABLE "Sales".lines ADD FOREIGN KEY (currency) REFERENCES currencies;  -- which its owner may not
INSERT INTO users VALUES (1, NULL), (2, 1);
INSERT INTO currencies VALUES ('EUR');
INSERT INTO "Sales".orders VALUES (1, 2);
INSERT INTO "Sales".lines VALUES (1, 'EUR');
SQL
remember before
exits 0 "$REKEYC" inspect -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
PGUSER=migrator exits 3 "$REKEY" apply "$work/bundle" --yes
says 'nothing has been changed' 'role migrator has no USAGE on schema public: rekeyc grants prints'
exits 0 "$REKEYC" grants "$work/plan.yaml"
cp "$work/output" "$work/grants.sql"
says 'GRANT USAGE, CREATE ON SCHEMA "Sales" TO :"role";'
exits 0 psql -X -q -v role=migrator -f "$work/grants.sql"
(
  export PGUSER=migrator
  apply "$work/bundle"
  verify "$work/bundle"
  exits 0 "$REKEY" status "$work/bundle"
  sql -c 'INSERT INTO users (boss_id) SELECT id FROM users LIMIT 1'
  rollback "$work/bundle"
)
ok

begin 'what was granted goes the same way'
sed 's/GRANT/REVOKE/; s/ TO / FROM /g' "$work/grants.sql" >"$work/revoke.sql"
exits 0 psql -X -q -v role=migrator -f "$work/revoke.sql"
schema_as before
ok
