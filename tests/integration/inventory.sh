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

begin 'rows by condition, time and owner; full, hybrid and forward-only in numbers; a decision that the plan keeps'
database inventory
sql <<'SQL'
CREATE ROLE stranger LOGIN;
CREATE TABLE users (id uuid PRIMARY KEY, "Of" timestamp);
CREATE TABLE documents (id uuid PRIMARY KEY, "The | owner" text, sha text, at date, state text);
CREATE TABLE chunks (id bigserial PRIMARY KEY, document_id uuid NOT NULL REFERENCES documents);
CREATE TABLE numbers (id serial PRIMARY KEY);
INSERT INTO users SELECT gen_random_uuid(), timestamp '2024-01-01 00:30' + n * interval '10 minutes' FROM generate_series(0, 17) n;
INSERT INTO users VALUES (gen_random_uuid(), 'infinity'), (gen_random_uuid(), NULL);
INSERT INTO documents
SELECT md5(n::text)::uuid, CASE WHEN n > 1 THEN 'a|' || n % 7 END, n::text, make_date(2000 + n, 1, 1), CASE WHEN n % 4 = 0 THEN 'new' END
FROM generate_series(1, 20) n;
INSERT INTO chunks (document_id) SELECT id FROM documents, generate_series(1, 3);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO stranger;
SQL
decide() {  # MORE of documents
  cat >"$work/decisions" <<YAML
tables:
  public.users: {generator: v7, time_column: Of}
  public.documents:
    generator: v5
    namespace: url
    name_template: "{sha}"
    inventory: {unprocessed: state = 'new', time_column: at, owner_column: "The | owner", where: documents.at > '2014-06-01'}
    columns: {id: {new_default: none}}
    $1
YAML
  exits 0 "$REKEYC" inspect --decisions "$work/decisions" -o "$work/plan.yaml"
}
decide ''
compile "$work/plan.yaml" "$work/bundle"
remember before
exits 0 env PGUSER=stranger PGTZ=Asia/Tokyo "$REKEY" inventory "$work/bundle" --markdown "$work/report.md"
squeezed
says "public.documents: 5 of 20 rows (25.0 %) not processed: state = 'new'" \
  'public.documents by at, 2001-01-01 00:00 to 2020-01-01 00:00 UTC' 'before 2009 8 40.0 % 2 0' '2020 1 5.0 % 1 1' \
  'public.documents by The | owner: 7 owners; 1 row without one; the 5 with the' 'a|2 3 15.0 % 1 1' \
  '2024-01-01 00:00 3 15.0 %' 'full 20 60 ' 'hybrid 6 18 ' 'forward_only 0 0 0 B 0 0.0 s' \
  'recommended: full: it leaves one kind of key, in less than a second' 'rekey rehearse measures it.'
for line in '| before 2009 | 8 | 40.0 % | 2 | 0 |' '| a\|2 | 3 | 15.0 % | 1 | 1 |' '| The \| owner | rows | share | unprocessed | where |' \
  '- **hybrid**, risk: 14 rows keep the keys that they have' '- **forward_only**, risk: nothing is changed' \
  '- **hybrid**: its numbers stand here once the plan says which rows come first' 'Recommended: **full**' \
  '**public.documents.id** (recommended: full)' '**All others**' 'Because:'; do
  grep -qF -- "$line" "$work/report.md" || fail "the report lacks: $line"
done
exactly_as before
exits 0 "$REKEY" inventory "$work/bundle" --json
tr -d ' \n' <"$work/output" >"$work/flat" && mv "$work/flat" "$work/output"
says '"unprocessed":5,"where":6,"time":{"column":"at","oldest":"2001-01-0100:00","newest":"2020-01-0100:00","unit":"year","without":0,"parts":[{"name":"before2009","rows":8,"unprocessed":2,"where":0}' \
  '"owner":{"column":"The|owner","owners":7,"without":1,"largest":[{"name":"a|2","rows":3,"unprocessed":1,"where":1}' \
  '{"scope":"hybrid","rows":6,"references":18,' '"owners":6,' '"recommended":"full"' '"decision":null' '"unit":"hour","without":2'
decide "decision: {scope: full, reason: 'one | kind', date: 2025-03-01}"
compile "$work/plan.yaml" "$work/bundle"
grep -qF '| public.documents | full | one \| kind | 2025-03-01 |' "$work/bundle/REVIEW.md" || fail 'no decision in REVIEW.md'
exits 0 "$REKEY" inventory "$work/bundle" --markdown "$work/report.md"
says 'decided: full (2025-03-01): one | kind'
grep -qF -- '- **public.documents.id**: full (2025-03-01): one | kind' "$work/report.md" || fail 'no decision in the report'
decide "decision: {scope: forward_only, reason: too many}"
exits 2 "$REKEYC" check "$work/plan.yaml"
says 'rows of public.documents are to keep their keys, but the plan changes public.documents.id' 'write change: keep for the table'
sql -c "UPDATE documents SET sha = 1 WHERE sha::integer < 5"
exits 0 "$REKEY" inventory "$work/bundle"
says 'recommended: forward_only: 15.0 % of the rows can get no key of their own'
ok

begin 'what a plan asks for and the table does not have is named'
for asked in "unprocessed: nothing IS NULL" "where: count(*) > 1" "where: state" "time_column: state" "owner_column: nobody"; do
  sed -i "s/inventory: {.*\(}\)$/inventory: {$asked}/" "$work/decisions"
  sed -i '/decision:/d' "$work/decisions"
  exits 0 "$REKEYC" inspect --decisions "$work/decisions" -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$work/bundle"
  exits 3 "$REKEY" inventory "$work/bundle"
  says "public.documents: ${asked%%:*} under inventory: of the plan does not fit the table" 'correct the plan'
done
sed -i "s/inventory: {.*\(}\)$/inventory: {where: 1 \/ (length(id::text) - 36) > 0}/" "$work/decisions"
exits 0 "$REKEYC" inspect --decisions "$work/decisions" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
exits 3 "$REKEY" inventory "$work/bundle"
says 'public.documents: what inventory: of the plan asks for cannot be counted: division by zero; correct the plan'
ok
