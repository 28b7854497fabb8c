CREATE SCHEMA rekey;
COMMENT ON SCHEMA rekey IS {{plan_comment}};

CREATE TABLE rekey.plan (
  only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  name         text NOT NULL,
  format       integer NOT NULL,
  installed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  purged_at    timestamptz
);

CREATE TABLE rekey.runs (
  run         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  command     text NOT NULL,
  plan_digest text NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  outcome     text
);

CREATE TABLE rekey.phases (
  phase       text PRIMARY KEY,
  name        text NOT NULL,
  plan_digest text NOT NULL,
  state       text NOT NULL CHECK (state IN ('applying', 'applied', 'rolling back', 'rolled back'))
);

CREATE TABLE rekey.steps (
  step          text PRIMARY KEY,
  phase         text NOT NULL REFERENCES rekey.phases,
  position      integer NOT NULL,
  transactional boolean NOT NULL,
  undo_always   boolean NOT NULL,
  needs         text[] NOT NULL,
  undo_needs    text[] NOT NULL,
  up_digest     text NOT NULL,
  down_digest   text NOT NULL,
  state         text NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'running', 'done', 'undoing', 'undone'))
);
COMMENT ON COLUMN rekey.steps.state IS
  'running and undoing are seen from outside only for a step that cannot be in a transaction; a transactional step holds the advisory lock (rekey.lock_class(), hashtext(step)) while it runs';

CREATE TABLE rekey.history (
  entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  step  text NOT NULL,
  event text NOT NULL,
  at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  held  interval,
  run   bigint DEFAULT nullif(current_setting('rekey.run', true), '')::bigint
);
COMMENT ON COLUMN rekey.history.held IS
  'Of a step in a transaction: for how long at most it had its locks';
CREATE INDEX history_of_step ON rekey.history (step, at);

CREATE TABLE rekey.checks (
  entry    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  phase    text NOT NULL,
  step     text,
  moment   text NOT NULL,
  "check"  text NOT NULL,
  object   text NOT NULL,
  ok       boolean NOT NULL,
  detail   text NOT NULL DEFAULT '',
  rows     bigint,
  checksum numeric,
  at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX checks_of_step ON rekey.checks (step);
CREATE INDEX checks_of_object ON rekey.checks (phase, "check", object);

CREATE FUNCTION rekey.lock_class() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT pg_catalog.hashtext('rekey.steps') $body$;
