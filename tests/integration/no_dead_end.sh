#!/usr/bin/env bash
# What would stop a phase in its middle, both ways at once, is found while nothing has changed.
. "$(dirname "$0")/lib.sh"

bundle=$work/bundle

drafted() {
  exits 0 "$REKEYC" inspect -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$bundle"
}

orphan() { sql -c 'SET session_replication_role = replica' -c "$1"; }

begin 'orphans of validated foreign keys'
database orphans
sql -c 'CREATE TABLE parent (id serial PRIMARY KEY)' -c 'INSERT INTO parent VALUES (1)' \
  -c 'CREATE TABLE child (id serial PRIMARY KEY, parent_id integer REFERENCES parent)' \
  -c 'INSERT INTO child (parent_id) VALUES (1), (NULL)'
drafted
orphan 'INSERT INTO child VALUES (77, 8), (78, 9)'
exits 3 "$REKEY" apply "$bundle" --yes
says 'foreign key child_parent_id_fkey of public.child: 2 orphans, such as (parent_id) = (8), (9); delete' \
  'or add those of public.parent that they point at; or say what becomes of them: orphans: in the plan'
proves "SELECT to_regnamespace('rekey') IS NULL"
for file in 010-foundation 020-parent; do
  psql -X -v ON_ERROR_STOP=1 -f "$bundle/$file/up.sql" >"$work/output" 2>&1 || code=$?
done
equal 'exit code of psql' 3 "$code"
says '2 orphans, such as (parent_id) = (8)' 'Nothing has changed in this phase'
no_trace_of_fences
sql -c 'DELETE FROM child WHERE id >= 77'
apply "$bundle"
orphan 'INSERT INTO child (parent_id) VALUES (gen_random_uuid())'
exits 3 "$REKEY" rollback "$bundle" --yes
says '1 orphan, such as (parent_id)'
proves "SELECT count(*) = 3 FROM rekey.phases WHERE state = 'applied'"
no_trace_of_fences
sql -c 'DELETE FROM child c WHERE NOT EXISTS (SELECT FROM parent p WHERE p.id = c.parent_id)'
rollback "$bundle"
proves 'SELECT array_agg(parent_id) = ARRAY[1] FROM child'
ok

begin 'a role with rights on an identity is dropped meanwhile'
database departed
sql -c 'CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY)' -c 'CREATE ROLE departing' \
  -c 'CREATE ROLE staying' -c 'GRANT USAGE ON SEQUENCE t_id_seq TO departing, staying'
drafted
apply "$bundle"
sql -c 'DROP ROLE departing'
rollback "$bundle"
proves "SELECT has_sequence_privilege('staying', 't_id_seq', 'USAGE')"
ok

begin 'an owner who may not make the sequence of an identity again'
database closed
sql -c 'CREATE ROLE tenant LOGIN' -c 'GRANT CREATE ON DATABASE closed TO tenant' -c 'CREATE SCHEMA keys' \
  -c 'GRANT ALL ON SCHEMA keys TO tenant' -c 'CREATE SCHEMA flat' -c 'GRANT USAGE ON SCHEMA flat TO tenant' \
  -c 'CREATE TABLE flat.t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY)' \
  -c 'ALTER TABLE flat.t OWNER TO tenant'
exits 0 "$REKEYC" inspect -o "$work/plan.yaml"
sed -i 's/^tables:/new_keys: {schema: keys}\n&/' "$work/plan.yaml"
compile "$work/plan.yaml" "$bundle"
PGUSER=tenant exits 3 "$REKEY" apply "$bundle" --yes
says 'GRANT CREATE ON SCHEMA flat' flat.t
sql -c 'GRANT CREATE ON SCHEMA flat TO tenant'
PGUSER=tenant apply "$bundle"
PGUSER=tenant rollback "$bundle"
ok

begin 'a table without statistics'
database dark
sql -c 'CREATE TABLE t (id serial PRIMARY KEY)' -c 'ALTER TABLE t ALTER id SET STATISTICS 0' \
  -c 'INSERT INTO t SELECT generate_series(1, 50)'
drafted
remember dark
apply "$bundle"
rollback "$bundle"
exactly_as dark
ok

begin 'settings of a database that change how SQL is read'
database odd
sql -c 'CREATE TABLE t (id serial PRIMARY KEY, up integer REFERENCES t)' -c 'INSERT INTO t VALUES (7, 7)' \
  -c 'ALTER DATABASE odd SET standard_conforming_strings = off' \
  -c 'ALTER DATABASE odd SET quote_all_identifiers = on' -c "ALTER DATABASE odd SET bytea_output = 'escape'"
remember odd
for generator in ordered keyed v4; do
  exits 0 "$REKEYC" inspect --generate $generator -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$bundle"
  apply "$bundle"
  rollback "$bundle"
  exactly_as odd
done
ok

begin 'default privileges do not open the secret'
database open
sql -c 'CREATE ROLE reader' -c 'CREATE TABLE t (id serial PRIMARY KEY)' \
  -c 'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader' \
  -c 'ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO reader' \
  -c 'ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO reader'
drafted
apply "$bundle"
proves "SELECT NOT (has_schema_privilege('reader', 'rekey', 'USAGE')
                    OR has_table_privilege('reader', 'rekey.secret', 'SELECT')
                    OR has_function_privilege('reader', 'rekey.domain_secret(text)', 'EXECUTE'))"
ok

begin 'a password is in no address that is shown'
database shown
sql -c 'CREATE TABLE t (id serial PRIMARY KEY, up integer REFERENCES t)'
drafted
sql -c "CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'" \
  -c "CREATE EVENT TRIGGER stop ON table_rewrite EXECUTE FUNCTION stop()"
exits 1 "$REKEY" apply "$bundle" --yes --database 'dbname=shown password=pass-word'
says 'go on:' 'dbname=shown'
says_not pass-word
ok

begin 'what was built on foundation since'
database later
sql -c 'CREATE TABLE t (id serial PRIMARY KEY)'
drafted
apply "$bundle"
uuidv7=$(sql -c "SELECT coalesce(to_regproc('public.uuidv7'), 'gen_random_uuid')")  # 18 has its own
sql -c "CREATE TABLE late (id uuid DEFAULT $uuidv7())" -c 'CREATE VIEW seen AS SELECT old_key FROM rekey.mapping'
exits 3 "$REKEY" rollback "$bundle" --yes
says 'on view public.seen uses view rekey.mapping'
[[ $uuidv7 == gen_random_uuid ]] ||
  says 'default value for column id of table public.late uses function public.uuidv7(), which goes with foundation'
proves "SELECT count(*) = 3 FROM rekey.phases WHERE state = 'applied'"
exits 0 "$REKEY" rollback "$bundle" --to foundation --yes
sql -c 'DROP TABLE late' -c 'DROP VIEW seen'
rollback "$bundle"
ok
