#!/usr/bin/env bash
# What a change of keys will meet in the data: documents with random keys where named ones were meant, some twice,
# with rows that hang on nothing.
. "$(dirname "$0")/lib.sh"

begin 'duplicates, rows without a name, orphans of every kind, and what is right already'
database inventory
sql <<'SQL'
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE documents (id uuid PRIMARY KEY, user_id integer NOT NULL REFERENCES users, sha text);
CREATE TABLE chunks (id bigserial PRIMARY KEY, document_id uuid NOT NULL REFERENCES documents);
CREATE TABLE jobs (id bigserial PRIMARY KEY, document_id uuid);
CREATE TABLE reads (document_id uuid, at timestamptz);
CREATE TABLE events (id uuid PRIMARY KEY, at timestamptz);
INSERT INTO users VALUES (1), (2);
INSERT INTO documents VALUES
  ('00000000-0000-4000-8000-000000000001', 1, 'ab'),
  ('00000000-0000-4000-8000-000000000002', 1, 'ab'),
  ('62aae63b-6fe1-5058-b674-9f2be9f58a0d', 1, 'ab'),  -- by Python's uuid.uuid5(NAMESPACE_URL, '1:ab')
  ('00000000-0000-4000-8000-000000000003', 2, 'ä'),
  ('00000000-0000-4000-8000-000000000004', 2, NULL),
  ('00000000-0000-1000-0000-000000000005', 2, 'x');
INSERT INTO chunks (document_id) SELECT '00000000-0000-4000-8000-000000000002' FROM generate_series(1, 3);
INSERT INTO jobs (document_id) VALUES ('00000000-0000-4000-8000-000000000001'), ('00000000-0000-4000-8000-00000000dead'), (NULL);
ALTER TABLE jobs ADD FOREIGN KEY (document_id) REFERENCES documents NOT VALID;
INSERT INTO reads (document_id) VALUES ('00000000-0000-4000-8000-00000000beef'), ('00000000-0000-4000-8000-000000000003');
INSERT INTO events VALUES ('018cc251-f400-7000-8000-000000000000', '2024-01-01 00:00Z'), ('018cc251-f401-7000-8000-000000000000', '2024-01-01 00:00Z');
SQL
cat >"$work/decisions" <<'YAML'
tables:
  public.users: {change: keep}
  public.documents: {generator: v5, namespace: url, name_template: "{user_id}:{sha}", columns: {id: {new_default: none}}}
  public.reads: {logical_references: [{columns: document_id, references: public.documents}]}
  public.events: {generator: v7, time_column: at}
YAML
exits 0 "$REKEYC" inspect --decisions "$work/decisions" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
sql -c 'CREATE ROLE reader LOGIN' -c 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader'
remember before
exits 0 env PGUSER=reader "$REKEY" inventory "$work/bundle" --markdown "$work/report.md"
squeezed() { tr -s ' ' <"$work/output" >"$work/squeezed" && mv "$work/squeezed" "$work/output"; }
squeezed
says 'public.documents.id uuid v5 6 ' ' 16.7 % 1 2 3' 'public.events.id uuid v7 2 ' ' 50.0 % 0 1 -' 'public.chunks.id bigint ordered 3 '
says 'public.chunks.document_id public.documents foreign key 3 0' 'public.jobs.document_id public.documents not valid 2 1' \
  'public.reads.document_id public.documents logical 2 1'
says 'public.documents.id has version 4: 4, version 5: 1, other variant: 1'
exits 0 "$REKEY" inventory "$work/bundle" --json
says '"matching": 1' '"nameless": 1' '"double_groups": 1' '"doubles": 2' '"childless": 3' '"example": "00000000-0000-4000-8000-00000000dead"'
tr -d ' \n' <"$work/output" >"$work/flat" && mv "$work/flat" "$work/output"
says '"largest_groups":[{"size":3,"rows":[{"key":"00000000-0000-4000-8000-000000000001","children":1},{"key":"00000000-0000-4000-8000-000000000002","children":3},{"key":"62aae63b-6fe1-5058-b674-9f2be9f58a0d","children":0}]}]'
for line in '**5 things in the way of this plan**' 'documents_pkey would break' '| public.reads.document_id | public.documents | logical | 2 | 1 |' \
  '3 rows would be one key: 00000000-0000-4000-8000-000000000001 (1 child), 00000000-0000-4000-8000-000000000002 (3 children)' 'Decided:'; do
  grep -qF -- "$line" "$work/report.md" || fail "the report lacks: $line"
done
exactly_as before
ok

begin 'what is in the way there keeps apply from beginning, and once it is gone nothing does'
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'nothing has been changed' 'such as those with id = 018cc251-f400-7000-8000-000000000000 and 018cc251-f401-7000-8000-000000000000' \
  'would get one key: they have the same at and the same bits behind it'
sql -c "DELETE FROM jobs WHERE document_id::text ~ 'dead'" -c "DELETE FROM reads WHERE document_id::text ~ 'beef'" \
  -c "UPDATE documents SET sha = 'named' WHERE sha IS NULL" -c "UPDATE documents SET sha = sha || id WHERE user_id = 1" \
  -c "UPDATE events SET at = at + interval '1 hour' WHERE id::text ~ 'f401'"
exits 0 "$REKEY" inventory "$work/bundle"
says "nothing in the data keeps this plan from being applied"
apply "$work/bundle"
exits 0 "$REKEY" inventory "$work/bundle"
says 'public.documents.id  changed'
rollback "$work/bundle"
ok

begin 'what it says is what apply says: columns of one foreign key count together, times and ids have their range'
database inventory
sql <<'SQL'
CREATE TABLE p (id serial PRIMARY KEY, b integer, UNIQUE (id, b));
CREATE TABLE c (p_id integer, b integer, FOREIGN KEY (p_id, b) REFERENCES p (id, b));
INSERT INTO p VALUES (1, 1);
INSERT INTO c VALUES (1, 1), (77, NULL);
CREATE TABLE far (id uuid PRIMARY KEY, at timestamptz);
CREATE TABLE big (id bigint PRIMARY KEY);
SQL
echo 'tables: {public.far: {generator: v7, time_column: at}}' >"$work/decisions"
exits 0 "$REKEYC" inspect --decisions "$work/decisions" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
exits 0 "$REKEY" inventory "$work/bundle"
says "nothing in the data keeps this plan from being applied"
sql -c "INSERT INTO far VALUES (gen_random_uuid(), '290000-01-01'), (gen_random_uuid(), '-infinity')" -c 'INSERT INTO big VALUES (4611686018427387904)'
exits 0 "$REKEY" inventory "$work/bundle"
says 'public.far: 2 rows from which no key can be made' 'public.big.id holds ids from 4611686018427387904 to' '2 things in the way'
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'public.far: 2 rows without a time in at' 'public.big.id holds ids from 4611686018427387904 to'
ok

begin 'names in which keys stand that change too are told apart before the change as after it'
database inventory
sql <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL);
CREATE TABLE documents (id uuid PRIMARY KEY, user_id integer NOT NULL REFERENCES users, sha text NOT NULL);
INSERT INTO users (email) VALUES ('a'), ('b');
INSERT INTO documents VALUES ('00000000-0000-4000-8000-000000000001', 1, '1'), ('00000000-0000-4000-8000-000000000002', 2, '1'),
  ('00000000-0000-4000-8000-000000000003', 2, '1');
SQL
cat >"$work/decisions" <<'YAML'
tables:
  public.documents: {generator: v5, namespace: url, name_template: "{user_id}{sha}", columns: {id: {new_default: none}}}
YAML
exits 0 "$REKEYC" inspect --decisions "$work/decisions" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
exits 0 "$REKEY" inventory "$work/bundle" --json
says '"matching": null' '"double_groups": 1' '"doubles": 1'
ok
