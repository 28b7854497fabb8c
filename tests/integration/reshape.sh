#!/usr/bin/env bash
# Tables that change their shape: a surrogate for a key of two columns, references that follow to it, a table that
# takes the keys of another, columns that go in the cleanup; and all the way back.
. "$(dirname "$0")/lib.sh"
fixture=$REKEY_SOURCE/tests/fixtures/reshape

made=
draft() {
  database "shape$((++count))"
  if [[ $made ]]; then sed '/^CREATE ROLE/d' "$fixture/tables.sql"; else cat "$fixture/tables.sql"; fi | sql >"$work/output" 2>&1
  made=1
  name_not_nulls --decisions "$fixture/decisions.yaml"
  [[ -z ${1-} ]] || sql -c "$1" >"$work/output" 2>&1
  remember before
  dump_named_rows >"$work/before.named"
  exits 0 "$REKEYC" inspect --decisions "${2:-$fixture/decisions.yaml}" -o "$work/plan.yaml"
  rm -rf "$work/bundle"
  compile "$work/plan.yaml" "$work/bundle"
}

rows_kept() {
  dump_named_rows >"$work/now.named"
  comm -23 "$work/before.named" "$work/now.named" >"$work/lost"
  [[ ! -s $work/lost ]] || fail 'rows lost or changed:' "$(head -n 20 "$work/lost")"
}

count=0

begin 'there and back before the cleanup: to the byte'
draft
exits 0 "$REKEY" inventory "$work/bundle"
says public.profiles.profile_id parent
apply "$work/bundle"
says 'stopped before phase 030 cleanup'
verify "$work/bundle"
says 'reference'
proves "SELECT count(*) = 0 FROM steps s JOIN cycle_reports c USING (cycle_report_id) WHERE (s.cycle_id, s.report_id) <> (c.cycle_id, c.report_id)"
proves "SELECT count(*) = 3 FROM logs WHERE cycle_report_id IS NULL"
proves "SELECT bool_and(profile_id = person_id) AND count(*) = 5 FROM profiles"
proves "SELECT count(*) = 5 FROM pictures JOIN profiles USING (profile_id) JOIN people p ON p.person_id = profile_id WHERE bio = 'b' || substr(name, 2)"
rollback "$work/bundle"
exactly_as before
ok

begin 'either application writes until the cleanup'
apply "$work/bundle"
sql >"$work/output" 2>&1 <<'SQL'
SELECT cycle_report_id AS key, cycle_id AS c, report_id AS r FROM cycle_reports ORDER BY 1 LIMIT 1 \gset
SELECT cycle_report_id AS other FROM cycle_reports ORDER BY 1 DESC LIMIT 1 \gset
INSERT INTO steps (cycle_id, report_id, code) VALUES (:'c', :'r', 'old');
INSERT INTO steps (cycle_report_id, code) VALUES (:'key', 'new');
INSERT INTO people (name) VALUES ('since') RETURNING person_id \gset
INSERT INTO profiles (person_id, bio) VALUES (:'person_id', 'since') RETURNING profile_id \gset
INSERT INTO pictures (profile_id, file) VALUES (:'profile_id', 'since');
UPDATE steps SET cycle_report_id = :'other' WHERE code = 'new';
DELETE FROM people WHERE name = 'p1';
SQL
proves "SELECT count(*) = 2 FROM steps s JOIN cycle_reports c USING (cycle_report_id, cycle_id, report_id) WHERE code IN ('old', 'new')"
proves "SELECT count(*) = 1 FROM profiles WHERE bio = 'since' AND profile_id = person_id"
verify "$work/bundle"
rollback "$work/bundle"
schema_as before
proves "SELECT count(*) = 2 FROM steps WHERE code IN ('old', 'new') AND step_id > 54"
proves "SELECT count(*) = 1 FROM profiles JOIN people USING (person_id) JOIN pictures USING (profile_id) WHERE bio = name AND profile_id = 100"
ok

begin 'through the cleanup, rows written since, and back but for the order of columns'
draft
apply "$work/bundle"
apply "$work/bundle"
says 'after it the way back is exact but for the order of columns'
verify "$work/bundle"
says 'archive'
exits 0 "$REKEY" verify "$work/bundle" --json
says 'cycle_id, report_id of 54 rows in rekey.columns_' 'with 2 indexes'
proves "SELECT count(*) = 0 FROM information_schema.columns WHERE table_name IN ('steps', 'logs') AND column_name IN ('cycle_id', 'report_id')"
proves "SELECT count(*) = 0 FROM pg_trigger WHERE tgname LIKE '~rekey%'"
sql >"$work/output" 2>&1 <<'SQL'
INSERT INTO cycles (title) VALUES ('since') RETURNING cycle_id \gset
INSERT INTO cycle_reports (cycle_id, report_id) SELECT :'cycle_id', report_id FROM reports WHERE title = 'r1' RETURNING cycle_report_id \gset
INSERT INTO steps (cycle_report_id, code) VALUES (:'cycle_report_id', 'since');
UPDATE steps SET cycle_report_id = :'cycle_report_id', code = 'moved' WHERE step_id = (SELECT min(step_id::text)::uuid FROM steps WHERE code = 's2');
INSERT INTO logs (what) VALUES ('since');
INSERT INTO people (name) VALUES ('since') RETURNING person_id \gset
INSERT INTO profiles (profile_id, bio) VALUES (:'person_id', 'since');
SQL
verify "$work/bundle"
rollback "$work/bundle"
schema_but_for_order before
grep -v '"code": "s2", "step_id": 19,' "$work/before.named" >"$work/kept" && mv "$work/kept" "$work/before.named"
rows_kept
proves "SELECT count(*) = 1 FROM steps JOIN cycles USING (cycle_id) JOIN reports r USING (report_id) WHERE code = 'since' AND cycles.title = 'since' AND r.title = 'r1'"
proves "SELECT (cycle_id, report_id) = (SELECT cycle_id, 1 FROM cycles WHERE title = 'since') FROM steps WHERE step_id = 19"
proves "SELECT legacy_code = 'none' FROM people WHERE name = 'since'"
proves "SELECT person_id = 10 AND profile_id = 100 FROM profiles WHERE bio = 'since'"
proves "SELECT cycle_id = 3 AND report_id IS NULL FROM logs WHERE what = 'half'"
ok

begin 'a cleanup that drops nothing, but ends what keeps references equal, is not begun by itself'
sed -E '/^ +drop:/d; /people:/d; s/, drop: [^]]*\]//' "$fixture/decisions.yaml" >"$work/decisions.yaml"
draft '' "$work/decisions.yaml"
apply "$work/bundle"
says 'stopped before phase 030 cleanup'
sql -c "INSERT INTO profiles (person_id, bio) SELECT person_id, 'old' FROM people WHERE name = 'p2'" >"$work/output" 2>&1
proves "SELECT profile_id = person_id FROM profiles WHERE bio = 'old'"
apply "$work/bundle"
verify "$work/bundle"
rollback "$work/bundle"
schema_as before
rows_kept
ok

begin 'psql alone'
draft
for folder in "$work"/bundle/*/; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"; done
verify "$work/bundle"
for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"
done
schema_but_for_order before
rows_kept
ok

begin 'purge'
apply "$work/bundle"
apply "$work/bundle"
exits 0 "$REKEY" purge "$work/bundle" --yes
proves "SELECT to_regclass('rekey.columns_1') IS NULL"
ok

refused() {  # WHAT SQL TEXT…: before anything changes
  begin "refused: $1"
  draft "$2"
  exits 1 "$REKEY" apply "$work/bundle" --yes
  shift 2
  says "$@" 'This step has changed nothing'
  exactly_as before
  ok
}

refused 'a view on a column that goes' 'CREATE VIEW codes AS SELECT legacy_code FROM people' 'view public.codes'
refused 'a check of a column that goes and of another, which rows written since could break' \
  'ALTER TABLE people ADD CONSTRAINT named CHECK (legacy_code IS NOT NULL OR name IS NOT NULL)' 'would stop the way back: constraint named'
refused 'a unique key over a default' 'CREATE UNIQUE INDEX people_codes ON people (legacy_code)' 'would stop the way back: unique index public.people_codes'
refused 'a column that new rows could not get on the way back' 'ALTER TABLE people ALTER legacy_code DROP DEFAULT' \
  'legacy_code is NOT NULL and has no default that rows written since could get'

refused_by_phase() {  # WHAT SQL TEXT…: the phase, which has not changed anything
  begin "refused: $1"
  draft "$2"
  exits 1 "$REKEY" apply "$work/bundle" --yes
  shift 2
  says "$@" 'Nothing has changed in this phase'
  no_trace_of_fences
  rollback "$work/bundle"
  exactly_as before
  ok
}

refused_by_phase 'half of a reference NOT NULL' 'ALTER TABLE steps ALTER report_id DROP NOT NULL' 'public.steps cannot follow: some of (cycle_id, report_id) are NOT NULL'
refused_by_phase 'a view that groups by the primary key' \
  'CREATE VIEW due AS SELECT cycle_id, report_id, due FROM cycle_reports GROUP BY cycle_id, report_id' 'what depends on the primary key of public.cycle_reports: rule _RETURN on view public.due'
refused_by_phase 'a name that is taken' 'CREATE TABLE steps_cycle_report_id ()' 'there is a steps_cycle_report_id already'
refused_by_phase 'a key that may be NULL' 'ALTER TABLE profiles ALTER person_id DROP NOT NULL' 'person_id of public.profiles may be NULL, and is to become its key'

begin 'refused: a view that came meanwhile; the cleanup has not begun'
draft
apply "$work/bundle"
sql -c 'CREATE VIEW codes AS SELECT legacy_code FROM people'
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'view public.codes'
proves "SELECT count(*) = 0 FROM rekey.column_archives"
sql -c 'DROP VIEW codes'
rollback "$work/bundle"
exactly_as before
ok

begin 'refused: a column of the new name'
draft
sql -c 'ALTER TABLE logs ADD cycle_report_id text'
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'cycle_report_id is there already'
ok

begin 'refused: a surrogate of columns in which equal values may have different texts'
database shape_of_numerics
sql -c 'CREATE TABLE rates (currency text, factor numeric, PRIMARY KEY (currency, factor))' \
  -c 'CREATE TABLE uses (use_id serial PRIMARY KEY, currency text, factor numeric, CONSTRAINT uses_rate FOREIGN KEY (currency, factor) REFERENCES rates)' \
  -c "INSERT INTO rates VALUES ('EUR', 1.0)" -c "INSERT INTO uses (currency, factor) VALUES ('EUR', 1.00)"
cat >"$work/plan.yaml" <<'YAML'
version: 1
name: rates
tables:
  public.rates: {primary_key: [currency, factor], surrogate: rate_id}
  public.uses:
    primary_key: use_id
    columns: {use_id: {type: integer, sequence: public.uses_use_id_seq}}
    foreign_keys: {uses_rate: {columns: [currency, factor], references: public.rates, follow: rate_id}}
YAML
rm -rf "$work/bundle"
compile "$work/plan.yaml" "$work/bundle"
exits 1 "$REKEY" apply "$work/bundle" --yes
says 'no surrogate can be made from columns of public.rates: factor (numeric)' 'Nothing has changed in this phase'
ok

begin 'a surrogate of texts alone, names that need quotes'
database shape_of_texts
sql <<'SQL'
CREATE TABLE "The places" (country char(4), "Town" varchar(40), inhabitants integer, PRIMARY KEY (country, "Town"));
CREATE TABLE visits (visit_id serial PRIMARY KEY, country char(4), "of Town" text,
  CONSTRAINT "visits: place" FOREIGN KEY (country, "of Town") REFERENCES "The places" ON UPDATE CASCADE);
INSERT INTO "The places" VALUES ('A', 'x,y'), ('A,x', 'y'), ('A', '"'), ('B', 'é');
INSERT INTO visits (country, "of Town") SELECT trim(country), "Town" FROM "The places" UNION ALL SELECT 'B', NULL;
SQL
cat >"$work/plan.yaml" <<'YAML'
version: 1
name: places
tables:
  public."The places": {primary_key: [country, Town], surrogate: Place id}
  public.visits:
    primary_key: visit_id
    drop: [country, of Town]
    columns: {visit_id: {type: integer, sequence: public.visits_visit_id_seq}}
    foreign_keys: {"visits: place": {columns: [country, of Town], references: 'public."The places"', on_update: cascade, follow: Place id, follow_index: visits of}}
YAML
rm -rf "$work/bundle"
remember before
dump_named_rows >"$work/before.named"
compile "$work/plan.yaml" "$work/bundle"
apply "$work/bundle"
sql -c "UPDATE \"The places\" SET \"Town\" = 'z' WHERE \"Town\" = 'y'"
proves "SELECT count(*) = 4 FROM visits v JOIN \"The places\" p USING (country, \"Place id\") WHERE p.\"Town\" = v.\"of Town\""
sql -c "UPDATE \"The places\" SET \"Town\" = 'y' WHERE \"Town\" = 'z'"
apply "$work/bundle"
verify "$work/bundle"
rollback "$work/bundle"
schema_but_for_order before
rows_kept
ok

begin 'a reference that is taken away stays away, one that is moved is where it went, and what nobody keeps equal is compared'
draft
apply "$work/bundle"
apply "$work/bundle"
sql -c "ALTER TABLE logs DISABLE TRIGGER never" \
  -c "UPDATE logs SET cycle_report_id = NULL WHERE log_id = (SELECT log_id FROM logs WHERE cycle_report_id IS NOT NULL ORDER BY log_id LIMIT 1)" \
  -c "ALTER TABLE logs ENABLE TRIGGER never"
rollback "$work/bundle"
proves "SELECT count(*) = 2 FROM logs WHERE cycle_id IS NULL AND report_id IS NULL AND what IN ('w', 'neither')"
ok

begin 'what is written past the trigger is found by verify, and before the way back'
draft
apply "$work/bundle"
sql -c 'ALTER TABLE logs DISABLE TRIGGER "~rekey_follow"' \
  -c "INSERT INTO logs (what, cycle_report_id) SELECT 'past it', cycle_report_id FROM cycle_reports LIMIT 1" \
  -c 'ALTER TABLE logs ENABLE ALWAYS TRIGGER "~rekey_follow"'
exits 1 "$REKEY" verify "$work/bundle"
says public.logs.cycle_report_id '1 rows differ from the one beside it'
exits 1 "$REKEY" rollback "$work/bundle" --yes
says 'public.logs: in 1 row cycle_report_id is not what the reference beside it says'
sql -c "DELETE FROM logs WHERE what = 'past it'"
rollback "$work/bundle"
exactly_as before
ok

begin 'a foreign key of somebody else to a surrogate is named before the way back begins'
draft
apply "$work/bundle"
sql -c 'CREATE TABLE guests (cycle_report_id uuid REFERENCES cycle_reports)'
exits 3 "$REKEY" rollback "$work/bundle" --yes
says 'foreign key guests_cycle_report_id_fkey of public.guests is unknown to the plan' 'nothing has been changed'
sql -c 'DROP TABLE guests'
rollback "$work/bundle"
exactly_as before
ok

begin 'without a drop the cleanup ends the trigger alone, and both sides are compared on the way back'
grep -v 'drop: ' "$fixture/decisions.yaml" | sed 's/, drop: .person_id.//' >"$work/kept.yaml"
draft '' "$work/kept.yaml"
apply "$work/bundle"
says 'stopped before phase 030 cleanup'
apply "$work/bundle"
sql -c "UPDATE steps SET cycle_report_id = (SELECT max(cycle_report_id::text)::uuid FROM cycle_reports) WHERE code = 's1'"
exits 1 "$REKEY" rollback "$work/bundle" --yes
says 'in 17 rows cycle_report_id is not what the reference beside it says' 'This step has changed nothing'
sql -c "UPDATE steps s SET (cycle_id, report_id) = (SELECT cycle_id, report_id FROM cycle_reports c WHERE c.cycle_report_id = s.cycle_report_id)"
rollback "$work/bundle"
schema_as before
ok

begin 'refused: two rows for one, and one for none'
draft "ALTER TABLE profiles DROP CONSTRAINT profiles_person; INSERT INTO profiles (person_id) VALUES (1)"
exits 3 "$REKEY" apply "$work/bundle" --yes
says profiles 'person_id'
ok

begin 'a rehearsal'
if can_dump; then
  draft
  exits 0 "$REKEY" rehearse "$work/bundle" --full
fi
ok

