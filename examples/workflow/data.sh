#!/usr/bin/env bash
# Prints SQL that fills the tables of schema.sql. The same ROWS gives the same rows: what looks
# random is a hash of the row number.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: examples/workflow/data.sh [ROWS]

Prints SQL that fills the empty tables of schema.sql with about ROWS rows in all (default 300000,
never fewer than about 300). Pipe it into psql, which takes the database from PG* or a URL:

  examples/workflow/data.sh 300000 | psql -X -q -v ON_ERROR_STOP=1
USAGE
}

case ${1-} in -h | --help) usage; exit ;; esac
rows=${1-300000}
if (($# > 1)) || [[ ! $rows =~ ^[1-9][0-9]{0,8}$ ]]; then
  usage >&2
  exit 2
fi

# One row in $1 of all, $2 at least.
part() {
  local n=$((rows / $1))
  echo $((n < $2 ? $2 : n))
}

capped() { echo $(($1 > $2 ? $2 : $1)); }

permissions=$(capped "$(part 100 8)" 24)
roles=6
role_permissions=$((roles * permissions / 2))
severities=5
lobs=$(part 3000 4)
users=$(part 60 8)
user_roles=$((users * 5 / 4))
profiles=$((users * 9 / 10))
notifications=$((users * 6 / 10))
settings=8
sources=$(capped "$(part 3000 4)" 200)
reports=$(part 500 5)
schedules=$((reports * 2))
cycles=$(part 6000 3)
cycle_reports=$(part 200 3)
phases=$((cycle_reports * 7))
activities=$(part 20 15)
attributes=$(part 50 6)
planning=$(part 20 15)
scoping=$((planning * 3 / 5))
rules=$(part 50 6)
results=$(part 20 10)
sample_sets=$(part 100 3)
samples=$(part 20 15)
test_cases=$(part 15 20)
executions=$(part 14 22)
observations=$(part 60 5)
comments=$(part 40 6)
requests=$(part 60 6)
responses=$(part 60 5)
documents=$(part 40 6)
llm_logs=$(part 30 8)

others=$((permissions + roles + role_permissions + severities + lobs + users + user_roles +
  profiles + notifications + settings + sources + reports + schedules + cycles + cycle_reports +
  phases + activities + attributes + planning + scoping + rules + results + sample_sets + samples +
  test_cases + executions + observations + comments + requests + responses + documents + llm_logs))
audit_logs=$((rows - others > 30 ? rows - others : 30))

cat <<SQL
-- $((others + audit_logs)) rows; made by data.sh $rows
BEGIN;

-- A number from 1 to n that looks random: i is the row, salt tells columns apart.
CREATE FUNCTION pg_temp.pick(i bigint, salt bigint, n bigint) RETURNS integer
LANGUAGE sql IMMUTABLE AS
\$\$ SELECT (1 + (hashint8extended(i, salt) & 2147483647) % n)::integer \$\$;

-- The same with small numbers far more frequent.
CREATE FUNCTION pg_temp.skewed(i bigint, salt bigint, n bigint) RETURNS integer
LANGUAGE sql IMMUTABLE AS
\$\$ SELECT pg_temp.pick(i, salt, pg_temp.pick(i, salt + 1, pg_temp.pick(i, salt + 2, n))) \$\$;

-- NULL in one row of n.
CREATE FUNCTION pg_temp.gaps(value integer, i bigint, salt bigint, n bigint) RETURNS integer
LANGUAGE sql IMMUTABLE AS
\$\$ SELECT CASE WHEN pg_temp.pick(i, salt + 7, n) > 1 THEN value END \$\$;

-- A moment in 2024 or 2025, to the second.
CREATE FUNCTION pg_temp.moment(i bigint, salt bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS
\$\$ SELECT to_timestamp(1704067200 + pg_temp.pick(i, salt, 63072000)) \$\$;

-- Lookup tables and configuration

INSERT INTO permissions (permission_id, resource, action)
SELECT i,
       (ARRAY['reports', 'cycles', 'samples', 'tests', 'observations', 'users'])[(i + 3) / 4],
       (ARRAY['read', 'create', 'update', 'delete'])[1 + (i - 1) % 4]
FROM generate_series(1, $permissions) i;

INSERT INTO roles (role_id, role_name, description) VALUES
    (1, 'Administrator', NULL),
    (2, 'Test Manager', 'Plans cycles and assigns testers'),
    (3, 'Tester', 'Executes test cases'),
    (4, 'Report Owner', 'Approves scope and samples'),
    (5, 'Data Owner', 'Answers requests for information'),
    (6, 'Data Executive', 'Names the data owners of a line of business');

INSERT INTO role_permissions (role_id, permission_id, granted_at)
SELECT role_id, 1 + ((i - 1) / $roles + role_id) % $permissions, pg_temp.moment(i, 10)
FROM generate_series(1, $role_permissions) i, LATERAL (SELECT 1 + (i - 1) % $roles) r (role_id);

-- -1 is a sentinel: an observation that nobody has rated yet.
INSERT INTO observation_severities (severity_id, severity_name, days_to_resolve) VALUES
    (-1, 'not rated', NULL),
    (10, 'low', 180),
    (20, 'medium', 90),
    (30, 'high', 30),
    (40, 'critical', 7);

-- People and lines of business; the heads come before their users, which the deferred key allows

INSERT INTO lobs (lob_id, lob_name, head_user_id)
SELECT i, 'Line of business ' || i, pg_temp.gaps(pg_temp.pick(i, 20, $users), i, 20, 5)
FROM generate_series(1, $lobs) i;

INSERT INTO users (user_id, email, full_name, lob_id, manager_id, is_active, created_at)
SELECT i, 'user' || i || '@bank.example',
       (ARRAY['Ada', 'Ben', 'Chen', 'Dana', 'Eva', 'Femi', 'Gita', 'Hugo'])[pg_temp.pick(i, 30, 8)]
           || ' ' || initcap(substr(md5(i::text), 1, 7)),
       pg_temp.gaps(pg_temp.skewed(i, 31, $lobs), i, 31, 20),
       CASE WHEN i > 1 THEN pg_temp.gaps(pg_temp.pick(i, 34, (i + 9) / 10), i, 34, 25) END,
       pg_temp.pick(i, 35, 12) > 1, pg_temp.moment(i, 36)
FROM generate_series(1, $users) i;

INSERT INTO user_roles (user_id, role_id, granted_by, granted_at)
SELECT user_id, 1 + (pg_temp.skewed(user_id, 40, $roles) + (i - 1) / $users) % $roles,
       pg_temp.gaps(pg_temp.skewed(i, 43, $users), i, 43, 8), pg_temp.moment(i, 46)
FROM generate_series(1, $user_roles) i, LATERAL (SELECT 1 + (i - 1) % $users) u (user_id);

INSERT INTO user_profiles (user_id, time_zone, phone)
SELECT i, (ARRAY['UTC', 'Europe/London', 'America/New_York'])[pg_temp.pick(i, 50, 3)],
       '+1 555 ' || lpad(pg_temp.gaps(i, i, 51, 4)::text, 7, '0')
FROM generate_series(1, $profiles) i;

INSERT INTO user_notification_settings (user_id, by_email, digest_hour)
SELECT i, pg_temp.pick(i, 60, 4) > 1, pg_temp.gaps(pg_temp.pick(i, 61, 24) - 1, i, 61, 3)
FROM generate_series(1, $notifications) i;

INSERT INTO system_settings (setting_key, setting_value, updated_by, updated_at)
SELECT key, value, pg_temp.gaps(pg_temp.pick(n, 70, $users), n, 70, 3), pg_temp.moment(n, 71)
FROM (VALUES
    (1, 'cycle.default_days', jsonb '90'),
    (2, 'sample.default_size', '25'),
    (3, 'sample.require_approval', 'true'),
    (4, 'rfi.days_to_answer', '10'),
    (5, 'rfi.remind_before_days', '[5, 2, 1]'),
    (6, 'profiling.fail_above', '0.05'),
    (7, 'llm.model', '"default"'),
    (8, 'audit.keep_years', '7')) s (n, key, value);

-- Reports, cycles and phases

INSERT INTO "DataSource" ("dataSourceId", "displayName", "ownerId")
SELECT i, 'Source ' || i, pg_temp.gaps(pg_temp.pick(i, 80, $users), i, 80, 6)
FROM generate_series(1, $sources) i;

INSERT INTO reports (report_id, report_number, report_name, regulator, lob_id, owner_id)
OVERRIDING SYSTEM VALUE
SELECT 1000 + i, 700000 + 7 * i, 'Report ' || i,
       (ARRAY['Federal Reserve', 'OCC', 'FDIC', 'ECB'])[pg_temp.skewed(i, 90, 4)],
       pg_temp.skewed(i, 93, $lobs), pg_temp.gaps(pg_temp.pick(i, 96, $users), i, 96, 15)
FROM generate_series(1, $reports) i;

INSERT INTO report_schedules (schedule_id, report_number, due_on)
SELECT i, 700000 + 7 * (1 + (i - 1) % $reports), date '2024-03-31' + 90 * ((i - 1) / $reports)
FROM generate_series(1, $schedules) i;

INSERT INTO test_cycles (cycle_id, cycle_name, test_manager_id, starts_on, ends_on)
SELECT i, 'Cycle ' || i, pg_temp.gaps(pg_temp.pick(i, 100, $users), i, 100, 10), day, day + 89
FROM generate_series(1, $cycles) i,
     LATERAL (SELECT date '2024-01-01' + (7 * (i - 1)) % 640) s (day);

-- The n-th report under test
CREATE TEMP TABLE under_test ON COMMIT DROP AS
SELECT n, cycle_id,
       1001 + ((n - 1) / $cycles + pg_temp.pick(cycle_id, 110, $reports)) % $reports AS report_id
FROM generate_series(1, $cycle_reports) n, LATERAL (SELECT 1 + (n - 1) % $cycles) c (cycle_id);
ALTER TABLE under_test ADD PRIMARY KEY (n);
ANALYZE under_test;

INSERT INTO cycle_reports (cycle_id, report_id, tester_id, status, started_at)
SELECT cycle_id, report_id, pg_temp.gaps(pg_temp.skewed(n, 111, $users), n, 111, 10),
       (ARRAY['not_started', 'in_progress', 'complete'])[status],
       CASE WHEN status > 1 THEN pg_temp.moment(n, 114) END
FROM under_test, LATERAL (SELECT pg_temp.pick(n, 115, 3)) s (status);

INSERT INTO workflow_phases (phase_id, cycle_id, report_id, phase_code, status, planned_end,
                             started_by, completed_by)
SELECT 7 * (n - 1) + p, cycle_id, report_id,
       (ARRAY['planning', 'profiling', 'scoping', 'sampling', 'rfi', 'execution',
              'observation'])[p],
       (ARRAY['not_started', 'in_progress', 'complete'])[status],
       date '2024-02-01' + pg_temp.pick(7 * n + p, 120, 600),
       CASE WHEN status > 1 THEN pg_temp.skewed(7 * n + p, 121, $users) END,
       CASE WHEN status > 2 THEN pg_temp.skewed(7 * n + p, 124, $users) END
FROM under_test, generate_series(1, 7) p,
     LATERAL (SELECT pg_temp.pick(7 * n + p, 127, 3)) s (status)
ORDER BY n, p;

INSERT INTO workflow_activities (activity_id, phase_id, depends_on_id, assigned_to, title, done_at)
SELECT i, pg_temp.skewed(i, 130, $phases),
       CASE WHEN i > 1 AND i % 3 = 0 THEN pg_temp.pick(i, 133, i - 1) END,
       pg_temp.gaps(pg_temp.skewed(i, 134, $users), i, 134, 6), 'Activity ' || i,
       CASE WHEN i % 2 = 0 THEN pg_temp.moment(i, 137) END
FROM generate_series(1, $activities) i;

-- Attributes

INSERT INTO report_attributes (attribute_id, report_id, line_item, attribute_name, is_critical)
SELECT i, 1001 + (i - 1) % $reports, 'L' || 1 + (i - 1) / $reports, 'Attribute ' || i,
       pg_temp.pick(i, 140, 9) = 1
FROM generate_series(1, $attributes) i;

-- Planned attribute i belongs to the ((i - 1) % $cycle_reports + 1)-th report under test; the
-- first $scoping are in scope.
INSERT INTO cycle_report_planning_attributes
    (planning_attribute_id, cycle_id, report_id, attribute_id, "dataSourceId", approved_by,
     approved_at)
SELECT i, cycle_id, report_id,
       report_id - 1000 + $reports * ((i - 1) / $cycle_reports % ($attributes / $reports)),
       pg_temp.gaps(pg_temp.skewed(i, 150, $sources), i, 150, 9), approver,
       CASE WHEN approver IS NOT NULL THEN pg_temp.moment(i, 153) END
FROM generate_series(1, $planning) i
JOIN under_test ON n = 1 + (i - 1) % $cycle_reports,
     LATERAL (SELECT pg_temp.gaps(pg_temp.skewed(i, 154, $users), i, 154, 4)) a (approver)
ORDER BY i;

INSERT INTO cycle_report_scoping_attributes (scoping_attribute_id, planning_attribute_id,
                                             risk_score, rationale, scoped_by)
SELECT $scoping + 1 - i, i, pg_temp.pick(i, 160, 1000) / 100.0, 'Reason ' || pg_temp.pick(i, 161, 40),
       pg_temp.gaps(pg_temp.skewed(i, 162, $users), i, 162, 10)
FROM generate_series(1, $scoping) i;

-- Data profiling

INSERT INTO profiling_rules (rule_id, planning_attribute_id, rule_kind, expression, created_by)
SELECT i, pg_temp.skewed(i, 170, $planning),
       (ARRAY['not null', 'range', 'format', 'lookup'])[pg_temp.pick(i, 173, 4)],
       'value <> ' || pg_temp.pick(i, 174, 100),
       pg_temp.gaps(pg_temp.skewed(i, 175, $users), i, 175, 3)
FROM generate_series(1, $rules) i;

INSERT INTO profiling_results (result_id, rule_id, ran_at, rows_checked, rows_failed)
SELECT i, pg_temp.skewed(i, 180, $rules), pg_temp.moment(i, 183), checked,
       checked * pg_temp.pick(i, 184, 20) / 400
FROM generate_series(1, $results) i,
     LATERAL (SELECT 1000 * pg_temp.pick(i, 185, 900)) c (checked);

-- Sample selection

INSERT INTO sample_sets (sample_set_id, cycle_id, report_id, method, created_by, approved_by)
OVERRIDING SYSTEM VALUE
SELECT i, cycle_id, report_id, (ARRAY['random', 'risk based', 'by hand'])[pg_temp.pick(i, 190, 3)],
       pg_temp.skewed(i, 191, $users), pg_temp.gaps(pg_temp.skewed(i, 194, $users), i, 194, 3)
FROM generate_series(1, $sample_sets) i JOIN under_test ON n = 1 + (i - 1) % $cycle_reports
ORDER BY i;

INSERT INTO samples (sample_id, sample_set_id, lob_id, source_key, amount)
SELECT i, 1 + (i - 1) % $sample_sets, pg_temp.gaps(pg_temp.skewed(i, 200, $lobs), i, 200, 7),
       'ACC-' || lpad(pg_temp.pick(i, 203, 99999999)::text, 8, '0'),
       pg_temp.gaps(pg_temp.pick(i, 204, 90000000), i, 204, 12) / 100.0
FROM generate_series(1, $samples) i;

-- Test execution; a test case joins a sample with an attribute of the same report under test

INSERT INTO test_cases (test_case_id, cycle_id, report_id, planning_attribute_id,
                        scoping_attribute_id, sample_id, tester_id, expected_value)
SELECT i, cycle_id, report_id, planned, $scoping + 1 - planned, sample, pg_temp.gaps(pg_temp.skewed(i, 210, $users), i, 210, 9),
       pg_temp.gaps(pg_temp.pick(i, 213, 100000), i, 213, 5)::text
FROM generate_series(1, $test_cases) i,
     LATERAL (SELECT 1 + (i - 1) % $samples) s (sample)
JOIN under_test ON n = 1 + (sample - 1) % $sample_sets % $cycle_reports,
     LATERAL (SELECT n + $cycle_reports * (((i - 1) / $samples + pg_temp.pick(sample, 214, 100))
                                           % (($scoping - n) / $cycle_reports + 1))) p (planned)
ORDER BY i;

INSERT INTO test_executions (execution_id, test_case_id, executed_by, result, executed_at)
SELECT i, 1 + (i - 1) % $test_cases, pg_temp.gaps(pg_temp.skewed(i, 220, $users), i, 220, 6),
       (ARRAY['pass', 'fail', 'inconclusive'])[pg_temp.skewed(i, 223, 3)], pg_temp.moment(i, 226)
FROM generate_series(1, $executions) i;

-- Observations

INSERT INTO observations (observation_id, parent_observation_id, cycle_id, report_id, execution_id,
                          severity_id, raised_by, title, raised_at)
SELECT i, CASE WHEN i > 1 AND i % 4 = 0 THEN pg_temp.skewed(i, 230, i - 1) END,
       cycle_id, report_id, pg_temp.gaps(execution, i, 233, 5),
       pg_temp.gaps((ARRAY[10, 20, -1, 30, 40])[pg_temp.skewed(i, 234, 5)], i, 234, 11),
       pg_temp.skewed(i, 237, $users), 'Observation ' || i, pg_temp.moment(i, 240)
FROM generate_series(1, $observations) i,
     LATERAL (SELECT pg_temp.pick(i, 241, $executions)) e (execution)
JOIN test_cases ON test_case_id = 1 + (execution - 1) % $test_cases
ORDER BY i;

INSERT INTO observation_comments (comment_id, observation_id, author_id, body, written_at)
SELECT i, pg_temp.skewed(i, 250, $observations),
       pg_temp.gaps(pg_temp.skewed(i, 253, $users), i, 253, 20), 'Comment ' || md5(i::text),
       pg_temp.moment(i, 256)
FROM generate_series(1, $comments) i;

-- Requests for information

INSERT INTO rfi.requests (request_id, cycle_id, report_id, requested_by, data_owner_id, subject,
                          due_on)
SELECT i, cycle_id, report_id, pg_temp.skewed(i, 260, $users),
       pg_temp.gaps(pg_temp.pick(i, 263, $users), i, 263, 5), 'Evidence for sample ' || i,
       date '2024-02-01' + pg_temp.gaps(pg_temp.pick(i, 264, 600), i, 264, 10)
FROM generate_series(1, $requests) i
JOIN under_test ON n = pg_temp.skewed(i, 265, $cycle_reports)
ORDER BY i;

INSERT INTO rfi.responses (response_id, request_id, responded_by, body, responded_at)
SELECT i, pg_temp.pick(i, 270, $requests), pg_temp.pick(i, 271, $users),
       'Answer ' || pg_temp.gaps(i, i, 272, 6), pg_temp.moment(i, 273)
FROM generate_series(1, $responses) i;

INSERT INTO rfi.documents (document_id, response_id, test_case_id, uploaded_by, file_name,
                           file_sha256)
SELECT i, pg_temp.skewed(i, 280, $responses),
       pg_temp.gaps(pg_temp.pick(i, 283, $test_cases), i, 283, 3),
       pg_temp.gaps(pg_temp.skewed(i, 284, $users), i, 284, 15), 'evidence-' || i || '.pdf',
       encode(sha256(i::text::bytea), 'hex')
FROM generate_series(1, $documents) i;

-- Logs; the ids of audit_logs are beyond the range of integer

INSERT INTO audit_logs (audit_id, user_id, entity_owner_id, action, entity_type, details,
                        occurred_at)
SELECT 5000000000 + i, pg_temp.gaps(pg_temp.skewed(i, 290, $users), i, 290, 12),
       pg_temp.gaps(pg_temp.pick(i, 293, $users), i, 293, 4),
       (ARRAY['update', 'create', 'approve', 'delete'])[pg_temp.skewed(i, 294, 4)],
       (ARRAY['test_cases', 'samples', 'observations', 'rfi.requests'])[pg_temp.pick(i, 297, 4)],
       jsonb_build_object('request', md5(i::text)), pg_temp.moment(i, 298)
FROM generate_series(1, $audit_logs) i;

INSERT INTO llm_audit_logs (llm_audit_id, cycle_id, report_id, requested_by, model_name,
                            prompt_tokens, answer_tokens, called_at)
SELECT i, cycle_id, report_id, pg_temp.gaps(pg_temp.skewed(i, 300, $users), i, 300, 5),
       'model-' || pg_temp.pick(i, 303, 3), pg_temp.pick(i, 304, 8000), pg_temp.pick(i, 305, 900),
       pg_temp.moment(i, 306)
FROM generate_series(1, $llm_logs) i
LEFT JOIN under_test ON n = pg_temp.gaps(pg_temp.skewed(i, 307, $cycle_reports), i, 307, 3)
ORDER BY i;

-- Sequences go on after the largest id ...
DO \$\$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT c.oid::regclass AS tab, a.attname AS col,
               pg_get_serial_sequence(c.oid::regclass::text, a.attname) AS seq
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, 'rfi'::regnamespace)
    LOOP
        IF key.seq IS NOT NULL THEN
            EXECUTE format('SELECT setval(%L, max(%I)) FROM %s', key.seq, key.col, key.tab);
        END IF;
    END LOOP;
END \$\$;

-- ... but for one, as after an import that brought its own ids: it lags behind max(request_id).
DO \$\$ BEGIN PERFORM setval('rfi.requests_request_id_seq', $((requests / 2))); END \$\$;

COMMIT;

ANALYZE;
SQL
