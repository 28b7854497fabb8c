#!/usr/bin/env bash
# rehearse: a bundle there and back on a copy of the database, which itself is only read.
. "$(dirname "$0")/lib.sh"

needs_pg_dump

begin 'a sample honours foreign keys, the round trip is identical, the database is only read'
workflow_database whole 300
exits 0 "$REKEYC" inspect -o "$work/whole.yaml"
compile "$work/whole.yaml" "$work/whole"
remember before
exits 0 "$REKEY" rehearse "$work/whole" --rows 5 --markdown "$work/whole.md"
says 'passed: there and back the database is the same, and every claim of the bundle' 'holds' \
  'Estimates' '020 ' 'about 5 rows of each'
says_not 'the copy lacks'
grep -qF '## Rehearsal of plan' "$work/whole.md"
grep -qF 'ACCESS EXCLUSIVE on' "$work/whole.md"
exactly_as before
proves "SELECT to_regnamespace('rekey') IS NULL"
ok

begin 'all rows, as JSON'
exits 0 "$REKEY" rehearse "$work/whole" --full --json
grep -qF '"passed": true' "$work/output"
equal 'rows copied' "$(sql <<'SQL' | awk '{ n += $1 } END { print n }'
SELECT format('SELECT count(*) FROM ONLY %s', oid::regclass) FROM pg_class
WHERE relkind = 'r' AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema') \gexec
SQL
)" "$(grep -oP '"rows_copied": \K\d+' "$work/output")"
ok

begin 'without rows there is no estimate'
exits 0 "$REKEY" rehearse "$work/whole" --rows 0
says 'no rows, 0 rows'
says_not 'Estimates'
ok

begin 'whatever a row of the sample points at comes along; an orphan is no loop'
database chain
sql <<'SQL'
CREATE TABLE links (id serial PRIMARY KEY, next_id int REFERENCES links, code text UNIQUE);
CREATE TABLE odd (id serial PRIMARY KEY, code text REFERENCES links (code));
INSERT INTO links SELECT n, nullif(n + 1, 51), 'c' || n FROM generate_series(50, 1, -1) n;
INSERT INTO odd (code) VALUES ('c7');
SQL
exits 0 "$REKEYC" inspect -o "$work/chain.yaml"
compile "$work/chain.yaml" "$work/chain"
exits 0 "$REKEY" rehearse "$work/chain" --rows 1 --json
grep -qE '"rows_copied": (4[5-9]|5[01]),' "$work/output"
sql -c 'SET session_replication_role = replica' -c "INSERT INTO links VALUES (99, 77, 'x')" -c "UPDATE odd SET code = 'x'"
exits 1 "$REKEY" rehearse "$work/chain" --rows 1
says 'links_next_id_fkey'
ok

begin 'all that fails is reported, not the first'
database faulty
sql <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, name text);
CREATE TABLE notes (id serial PRIMARY KEY, text text);
CREATE TABLE calls (id serial PRIMARY KEY, at int DEFAULT 1);
INSERT INTO users (name) VALUES ('ann'), ('bob');
INSERT INTO notes (text) VALUES ('a');
INSERT INTO calls DEFAULT VALUES;
CREATE VIEW next_users AS SELECT id + 1 AS next FROM users;
CREATE VIEW next_notes AS SELECT id + 1 AS next FROM notes;
CREATE FUNCTION check_call() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 WHERE NEW.id + 1 > 0; RETURN NEW; END $$;
CREATE TRIGGER check_call BEFORE INSERT ON calls FOR EACH ROW EXECUTE FUNCTION check_call();
SQL
cat >"$work/faulty.decisions" <<'YAML'
dependents:
  - {kind: view, name: public.next_users, as_is: nobody asked}
  - {kind: view, name: public.next_notes, as_is: nobody asked}
  - {kind: function, name: public.check_call(), as_is: it was never looked at}
YAML
exits 0 "$REKEYC" inspect --decisions "$work/faulty.decisions" -o "$work/faulty.yaml"
compile "$work/faulty.yaml" "$work/faulty"
remember before
exits 1 "$REKEY" rehearse "$work/faulty"
says 'step 020.users.rewrite' 'step 020.notes.rewrite' 'on view public.next_users' 'on view public.next_notes' \
  'could be written before the change' 'operator does not exist: uuid + integer' 'findings'
exactly_as before
ok

begin 'in the middle of a plan it is refused'
apply "$work/whole" --database 'dbname=whole' --to 010
exits 3 "$REKEY" rehearse "$work/whole" --database 'dbname=whole'
says 'is in the middle of a plan'
rollback "$work/whole" --database 'dbname=whole'
ok

begin 'drift of the live database is a finding'
PGDATABASE=whole sql -c 'ALTER TABLE users ALTER COLUMN user_id TYPE bigint'
exits 1 "$REKEY" rehearse "$work/whole" --database 'dbname=whole' --rows 0
says 'on the live database: '
ok
