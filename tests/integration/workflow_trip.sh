#!/usr/bin/env bash
# The workflow example there and back, by every generator: keys, foreign keys, the mapping of old keys
# to new ones, rows written meanwhile, sequences afterwards.
. "$(dirname "$0")/lib.sh"

# Integer columns of primary and foreign keys but the regulator's number, and one logical reference.
dump_key_columns() {
  sql -c "SET search_path = ''" -c "
    SELECT DISTINCT a.attrelid::regclass || '.' || a.attname || ' $1'
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
    WHERE c.contype IN ('p', 'f') AND a.attname <> 'report_number'
      AND c.connamespace IN ('public'::regnamespace, 'rfi'::regnamespace)
      AND a.atttypid IN ($2)
    UNION SELECT a.attrelid::regclass || '.' || a.attname || ' $1' FROM pg_attribute a
    WHERE a.attrelid = 'public.audit_logs'::regclass AND a.attname = 'entity_owner_id' AND a.atttypid IN ($2)
    ORDER BY 1"
}

integers="'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype"

# Old keys of all tables with a key of one column, before anything changes.
dump_old_keys() {
  sql <<'SQL' | sort
SET search_path = '';
SELECT format('SELECT %L, %L, %I FROM %s', format('%I.%I', n.nspname, c.relname),
  a.attname, a.attname, c.oid::regclass)
FROM pg_constraint p JOIN pg_class c ON c.oid = p.conrelid JOIN pg_namespace n
  ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.conkey[1]
WHERE p.contype = 'p' AND cardinality(p.conkey) = 1 AND n.nspname IN ('public', 'rfi')
  AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
  AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = p.conrelid AND f.contype = 'f'
                                              AND p.conkey[1] = ANY (f.conkey))
\gexec
SQL
}

check_mapping() {
  sql -c "SELECT table_name, column_name, old_key FROM rekey.mapping m
          WHERE (table_name, column_name) NOT IN (
            ('public.user_profiles', 'user_id'), ('public.user_notification_settings', 'user_id'),
            ('public.cycle_report_scoping_attributes', 'planning_attribute_id'))" | sort >"$work/mapped"
  same_files 'old keys of rekey.mapping' "$work/old_keys" "$work/mapped"
  # The row behind the new key is the row that was behind the old one.
  equal 'rows with the key they should have' "$(
    sql -c 'SELECT (SELECT count(*) FROM was.users), (SELECT count(*) FROM was.audit_logs)'
  )" "$(
    sql <<'SQL'
CREATE TEMPORARY TABLE m AS SELECT * FROM rekey.mapping;
ANALYZE m;
SELECT (SELECT count(*) FROM was.users o
        JOIN m ON m.table_name = 'public.users' AND m.old_key = o.user_id
        JOIN public.users n ON n.user_id = m.new_key AND n.email = o.email),
       (SELECT count(*) FROM was.audit_logs o
        JOIN m ON m.table_name = 'public.audit_logs' AND m.old_key = o.audit_id
        JOIN public.audit_logs n ON n.audit_id = m.new_key AND n.details = o.details
        LEFT JOIN m u ON u.table_name = 'public.users' AND u.new_key = n.entity_owner_id
        WHERE u.old_key IS NOT DISTINCT FROM o.entity_owner_id)
SQL
  )"
  exits 0 "$REKEY" mapping "$work/$1"
  sort "$work/output" >"$work/exported"
  { echo 'table,column,old_key,new_key'
    sql --csv -c 'SELECT * FROM rekey.mapping'; } | sort >"$work/expected"
  same_files 'exported mapping' "$work/expected" "$work/exported"
}

check_lookup() {
  local key
  key=$(sql -c "SELECT u.user_id FROM public.users u JOIN was.users w USING (email) WHERE w.user_id = 5")
  exits 0 "$REKEY" lookup users 5
  says "$key" 'the row exists'
  exits 0 "$REKEY" lookup public.users "$key"
  says ' 5 ' 'the row exists'
  exits 0 "$REKEY" lookup users 2000000000
  says 'no row has this key'
  key=$(sql -c "SELECT cycle_id || ',' || report_id FROM was.cycle_reports LIMIT 1")
  exits 0 "$REKEY" lookup cycle_reports "$key"
  says public.cycle_reports.report_id 'the row exists'
  exits 2 "$REKEY" lookup cycle_reports 1
  says 'cycle_id, report_id'
}

# New rows by the new defaults, tied to each other and to old rows.
write_rows() {
  sql <<'SQL'
BEGIN;
CREATE TEMPORARY TABLE made AS
WITH line AS (INSERT INTO public.lobs (lob_name) VALUES ('New line') RETURNING lob_id),
boss AS (INSERT INTO public.users (email, full_name, lob_id)
  SELECT 'boss@new.example', 'Boss', lob_id FROM line RETURNING user_id, lob_id),
staff AS (INSERT INTO public.users (email, full_name, lob_id, manager_id)
  SELECT 'staff@new.example', 'Staff', lob_id, user_id FROM boss RETURNING user_id),
profile AS (INSERT INTO public.user_profiles SELECT user_id, 'CET' FROM staff RETURNING user_id),
settings AS (INSERT INTO public.user_notification_settings SELECT user_id FROM profile
  RETURNING user_id),
report AS (INSERT INTO public.reports (report_number, report_name, regulator, lob_id)
  SELECT 4711, 'New report', 'New', lob_id FROM line RETURNING report_id),
cycle AS (INSERT INTO public.test_cycles (cycle_name, starts_on, ends_on)
  VALUES ('New cycle', '2030-01-01', '2030-02-01') RETURNING cycle_id),
pair AS (INSERT INTO public.cycle_reports (cycle_id, report_id) SELECT cycle_id, report_id
  FROM cycle, report RETURNING *),
request AS (INSERT INTO rfi.requests (cycle_id, report_id, requested_by, subject)
  SELECT cycle_id, report_id, user_id, 'New request' FROM pair, staff RETURNING request_id),
response AS (INSERT INTO rfi.responses (request_id, responded_by, body, responded_at)
  SELECT request_id, user_id, 'New response', now() FROM request, boss RETURNING response_id),
document AS (INSERT INTO rfi.documents (response_id, file_name, file_sha256)
  SELECT response_id, 'new.pdf', '' FROM response),
seen AS (INSERT INTO public.observations (cycle_id, report_id, raised_by, title, raised_at)
  SELECT cycle_id, report_id, user_id, 'New observation', now() FROM pair, boss
  RETURNING observation_id),
source AS (INSERT INTO public."DataSource" ("displayName", "ownerId")
  SELECT 'New source', user_id FROM boss),
right_ AS (INSERT INTO public.permissions (resource, action) VALUES ('new', 'new')),
log AS (INSERT INTO public.audit_logs (user_id, entity_owner_id,
  action, entity_type, occurred_at) SELECT s.user_id, b.user_id, 'new', 'new', now()
  FROM staff s, boss b)
SELECT line.lob_id, boss.user_id, observation_id FROM line, boss, seen;
UPDATE public.lobs l SET head_user_id = made.user_id FROM made WHERE l.lob_id = made.lob_id;
INSERT INTO public.observations (parent_observation_id, cycle_id,
  report_id, raised_by, title, raised_at)
SELECT observation_id, cycle_id, report_id, user_id, 'New child', now() FROM made CROSS
  JOIN (SELECT * FROM public.cycle_reports LIMIT 1) old;
INSERT INTO public.report_schedules (report_number, due_on) VALUES (4711, '2030-01-01');
COMMIT;
SQL
}

# The written rows have keys above those from before and still belong together.
check_written_rows() {
  proves "
    SELECT l.lob_id > (SELECT max(lob_id) FROM was.lobs) AND b.user_id > (SELECT max(user_id) FROM was.users)
       AND s.user_id > (SELECT max(user_id) FROM was.users) AND n.by_email
       AND r.report_id > (SELECT max(report_id) FROM was.reports)
       AND q.request_id > (SELECT max(request_id) FROM was.requests)
       AND a.audit_id > (SELECT max(audit_id) FROM was.audit_logs) AND a.entity_owner_id = b.user_id
    FROM public.lobs l JOIN public.users b ON b.user_id = l.head_user_id AND b.email = 'boss@new.example'
    JOIN public.users s ON s.manager_id = b.user_id AND s.email = 'staff@new.example'
    JOIN public.user_profiles p ON p.user_id = s.user_id
    JOIN public.user_notification_settings n ON n.user_id = p.user_id
    JOIN public.reports r ON r.lob_id = l.lob_id AND r.report_number = 4711
    JOIN public.report_schedules d USING (report_number)
    JOIN public.cycle_reports c USING (report_id)
    JOIN rfi.requests q ON (q.cycle_id, q.report_id, q.requested_by) = (c.cycle_id, c.report_id, s.user_id)
    JOIN rfi.responses w ON w.request_id = q.request_id AND w.responded_by = b.user_id
    JOIN rfi.documents f USING (response_id)
    JOIN public.observations o ON o.raised_by = b.user_id AND o.title = 'New observation'
    JOIN public.observations k ON k.parent_observation_id = o.observation_id AND k.title = 'New child'
    JOIN public.\"DataSource\" t ON t.\"ownerId\" = b.user_id
    JOIN public.audit_logs a ON a.user_id = s.user_id
    JOIN public.permissions e ON e.resource = 'new'"
}

# Each sequence goes on without a collision, the one that lagged before among them.
insert_by_sequences() {
  sql <<'SQL'
INSERT INTO public.lobs (lob_name) VALUES ('After');
INSERT INTO public.users (email, full_name) VALUES ('after@new.example', 'After');
INSERT INTO public.permissions (resource, action) VALUES ('after', 'after');
INSERT INTO public.reports (report_number, report_name, regulator, lob_id)
SELECT 4712, 'After', 'After', lob_id FROM public.lobs WHERE lob_name = 'After';
INSERT INTO public."DataSource" ("displayName") VALUES ('After');
INSERT INTO public.test_cycles (cycle_name, starts_on, ends_on)
  VALUES ('After', '2031-01-01', '2031-02-01');
INSERT INTO rfi.requests (cycle_id, report_id, requested_by, subject)
SELECT cycle_id, report_id, user_id, 'After' FROM public.cycle_reports, public.users
  WHERE email = 'after@new.example' LIMIT 1;
INSERT INTO rfi.responses (request_id, responded_by, responded_at)
SELECT request_id, requested_by, now() FROM rfi.requests WHERE subject = 'After';
INSERT INTO public.audit_logs (action, entity_type, occurred_at) VALUES ('after', 'after', now());
SQL
}

trip() {
  local generator=$1 bundle=$1.bundle plan=$work/$1.yaml
  begin "workflow, $generator: apply"
  database "trip_$generator" workflow
  case $generator in
    ordered) cp "$REKEY_SOURCE/plans/workflow.yaml" "$plan" ;;
    v7) sed -E 's/^  (public\.users|public\.audit_logs):$/&\n    generator: v7/
                /^  public.users:/a\    time_column: created_at
                /^  public.audit_logs:/a\    time_column: occurred_at' \
          "$REKEY_SOURCE/plans/workflow.yaml" >"$plan" ;;
    *) sed "s/^server: 15$/&\ngenerator: $generator/" "$REKEY_SOURCE/plans/workflow.yaml" >"$plan" ;;
  esac
  remember before
  dump_old_keys >"$work/old_keys"
  dump_key_columns uuid "$integers" >"$work/columns"
  dump_foreign_keys >"$work/foreign_keys"
  compile "$plan" "$work/$bundle"
  apply "$work/$bundle"
  verify "$work/$bundle"
  # But for the surrogate of cycle_reports and what follows to it.
  dump_key_columns uuid "'uuid'::regtype" | grep -v '[.]cycle_report_id ' >"$work/columns.now"
  same_files 'key columns' "$work/columns" "$work/columns.now"
  dump_foreign_keys | grep -vE '_(cycle_report|scoping_attribute)_id_fkey' >"$work/foreign_keys.now"
  same_files 'foreign keys' "$work/foreign_keys" "$work/foreign_keys.now"
  proves "SELECT count(*) = 8 FROM pg_constraint WHERE contype = 'f' AND conname ~ '_(cycle_report|scoping_attribute)_id_fkey'"
  proves "SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'"
  no_trace_of_fences
  exits 4 "$REKEY" status "$work/$bundle" --exit-code
  ok

  begin "workflow, $generator: mapping, lookup and export"
  check_mapping "$bundle"
  check_lookup
  ok

  begin "workflow, $generator: rows written with new keys survive the rollback"
  write_rows
  verify "$work/$bundle"
  rollback "$work/$bundle"
  schema_as before
  rows_kept_since before
  check_written_rows
  insert_by_sequences
  ok

  begin "workflow, $generator: apply again, and back to the byte"
  remember again
  apply "$work/$bundle"
  verify "$work/$bundle"
  rollback "$work/$bundle"
  exactly_as again
  ok
}

# The new application alone writes, and nothing of the pairs is left; the way back brings them again.
through_the_cleanup() {
  begin 'workflow: the cleanup, and back from there'
  apply "$work/ordered.bundle"
  apply "$work/ordered.bundle"
  exits 0 "$REKEY" status "$work/ordered.bundle" --exit-code
  proves "SELECT count(*) = 2 FROM information_schema.columns WHERE column_name IN ('cycle_id', 'report_id')
            AND table_name NOT IN ('reports', 'test_cycles', 'report_attributes') AND table_schema NOT IN ('was', 'rekey')"
  proves "SELECT count(*) = 3 FROM pg_indexes WHERE indexname IN ('workflow_phases_one_of_each_code', 'observations_cycle_report_id', 'requests_open')"
  sql -c "INSERT INTO public.observations (cycle_report_id, raised_by, title, raised_at)
          SELECT cycle_report_id, user_id, 'Cleaned up', now() FROM public.cycle_reports, public.users LIMIT 1"
  verify "$work/ordered.bundle"
  rollback "$work/ordered.bundle"
  schema_but_for_order again
  proves "SELECT count(*) = 1 FROM public.observations JOIN public.cycle_reports USING (cycle_id, report_id) WHERE title = 'Cleaned up'"
  ok
}

# Copies for comparison stand in a schema that no plan names.
workflow_database workflow 4000
sql -c 'CREATE SCHEMA was' -c 'CREATE TABLE was.users AS TABLE public.users' \
  -c 'CREATE TABLE was.audit_logs AS TABLE public.audit_logs' -c 'CREATE TABLE was.lobs AS TABLE public.lobs' \
  -c 'CREATE TABLE was.reports AS TABLE public.reports' -c 'CREATE TABLE was.requests AS TABLE rfi.requests' \
  -c 'CREATE TABLE was.cycle_reports AS TABLE public.cycle_reports'
trip ordered
through_the_cleanup
for generator in keyed v4 v7; do trip "$generator"; done
