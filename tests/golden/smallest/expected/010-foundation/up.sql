-- Plan smallest, phase 010 foundation (1 of 3): the way forward
-- Plan digest sha256:8692e531b0e6b61a0b90e2dd0799389636eb41890746e3215878030eac2be2ad
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 010-foundation/up.sql
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 010-foundation/up.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 010.foundation · offline
-- installs schema rekey: journal, generators, archive
-- no lock on your tables
-- its way back in down.sql removes the journal; roll the other phases back first
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CREATE SCHEMA rekey;
COMMENT ON SCHEMA rekey IS 'Journal and archive of the rekey plan smallest; the down side of foundation removes it';

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

-- Opens a phase: its journal starts empty. Refuses before the phase in front of it is applied.
CREATE PROCEDURE rekey.open_phase(phase_id text, phase_name text, digest text, after text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  known text;
BEGIN
  SELECT state INTO known FROM rekey.phases WHERE phase = phase_id FOR UPDATE NOWAIT;
  IF known IN ('applying', 'applied') THEN
    RAISE EXCEPTION 'phase % is open already (%)', phase_id, known USING ERRCODE = 'RK001';
  ELSIF known = 'rolling back' THEN
    RAISE EXCEPTION 'phase % is being rolled back', phase_id
      USING ERRCODE = 'RK002', HINT = 'Finish the rollback first.';
  END IF;
  PERFORM FROM rekey.phases WHERE phase = after AND state = 'applied' FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'phase % comes after phase %, which is not applied', phase_id, after
      USING ERRCODE = 'RK002';
  END IF;
  DELETE FROM rekey.steps WHERE phase = phase_id;
  INSERT INTO rekey.phases VALUES (phase_id, phase_name, digest, 'applying')
  ON CONFLICT (phase) DO UPDATE
    SET name = excluded.name, plan_digest = excluded.plan_digest, state = excluded.state;
END
$body$;

-- Enters the steps of a phase into the journal: a JSON array with an array for each step, in the order of
-- the columns of rekey.steps after "position".
CREATE PROCEDURE rekey.register_steps(phase_id text, steps jsonb)
LANGUAGE sql
AS $body$
  INSERT INTO rekey.steps (step, phase, position, transactional, undo_always, needs, undo_needs, up_digest,
                           down_digest)
  SELECT s.item ->> 0, phase_id, s.position, (s.item ->> 1)::boolean, (s.item ->> 2)::boolean,
         ARRAY(SELECT pg_catalog.jsonb_array_elements_text(s.item -> 3)),
         ARRAY(SELECT pg_catalog.jsonb_array_elements_text(s.item -> 4)), s.item ->> 5, s.item ->> 6
  FROM pg_catalog.jsonb_array_elements(steps) WITH ORDINALITY AS s (item, position)
$body$;

-- The step's own row, locked; a step that runs elsewhere raises lock_not_available.
CREATE FUNCTION rekey.claim_step(step_id text) RETURNS rekey.steps
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  claimed rekey.steps;
  free    boolean;
BEGIN
  SELECT * INTO claimed FROM rekey.steps WHERE step = step_id FOR UPDATE NOWAIT;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'step % is not in the journal', step_id
      USING ERRCODE = 'RK002', HINT = 'Run the steps of the phase in order, from its first.';
  END IF;
  IF claimed.transactional THEN
    free := pg_try_advisory_xact_lock(rekey.lock_class(), hashtext(step_id));
  ELSE
    free := pg_try_advisory_lock(rekey.lock_class(), hashtext(step_id));
  END IF;
  IF NOT free THEN
    RAISE EXCEPTION 'step % is running in another session', step_id USING ERRCODE = '55P03';
  END IF;
  RETURN claimed;
END
$body$;

-- VACUUM cannot be in a transaction: what it leaves in the catalog is the proof that it ran. Read through
-- pg_stats, because pg_statistic is for superusers.
CREATE FUNCTION rekey.is_analyzed(target regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN relkind = 'p' AND NOT EXISTS (SELECT FROM pg_partition_tree(target) WHERE isleaf) THEN true
              WHEN reltuples < 0 THEN false WHEN reltuples = 0 THEN true
              ELSE EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname)
                OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                                 AND NOT a.attisdropped AND coalesce(a.attstattarget, -1) <> 0) END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target
$body$;

CREATE PROCEDURE rekey.begin_step(step_id text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  this    rekey.steps := rekey.claim_step(step_id);
  missing text;
BEGIN
  IF this.state = 'done' THEN
    RAISE EXCEPTION 'step % is done already', step_id USING ERRCODE = 'RK001',
      HINT = 'Go on with the step after it, or let "rekey apply" find the place.';
  ELSIF this.state NOT IN ('pending', 'running') THEN
    RAISE EXCEPTION 'step % has been undone: its phase is being rolled back', step_id
      USING ERRCODE = 'RK002', HINT = 'Finish the rollback, then apply the phase from its start.';
  END IF;
  PERFORM FROM rekey.phases WHERE phase = this.phase AND state = 'applying' FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'phase % is not being applied', this.phase USING ERRCODE = 'RK002';
  END IF;
  PERFORM FROM rekey.steps WHERE step = ANY (this.needs) FOR SHARE;
  SELECT string_agg(need, ', ' ORDER BY need) INTO missing
  FROM unnest(this.needs) need
  WHERE NOT EXISTS (SELECT FROM rekey.steps s WHERE s.step = need AND s.state = 'done');
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'step % needs % first', step_id, missing USING ERRCODE = 'RK002';
  END IF;
  UPDATE rekey.steps SET state = 'running' WHERE step = step_id;
  IF NOT this.transactional THEN
    INSERT INTO rekey.history (step, event) VALUES (step_id, 'begun');
  END IF;
END
$body$;

-- What a step outside of a transaction was to do: analyzed is a table, built an index.
CREATE PROCEDURE rekey.expect_proof(step_id text, analyzed regclass, built text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF NOT rekey.is_analyzed(analyzed) THEN
    RAISE EXCEPTION 'step %: table % has not been analyzed', step_id, analyzed
      USING ERRCODE = 'RK004', HINT = 'Run VACUUM (ANALYZE) on it, then end the step.';
  END IF;
  IF built IS NOT NULL AND NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(built) AND indisvalid) THEN
    RAISE EXCEPTION 'step %: index % is not there, or not valid', step_id, built
      USING ERRCODE = 'RK004', HINT = 'Build it, then end the step.';
  END IF;
END
$body$;

-- How long the locks of this transaction have been held at most: since it had all of them, where it said so.
CREATE FUNCTION rekey.held() RETURNS interval
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT clock_timestamp() - coalesce(nullif(current_setting('rekey.locked_at', true), '')::timestamptz, now())
$body$;

CREATE PROCEDURE rekey.end_step(step_id text, analyzed regclass DEFAULT NULL, built text DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  outside boolean;
BEGIN
  CALL rekey.expect_proof(step_id, analyzed, built);
  UPDATE rekey.steps SET state = 'done' WHERE step = step_id AND state = 'running'
  RETURNING NOT transactional INTO outside;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'step % was not begun', step_id USING ERRCODE = 'RK002';
  END IF;
  INSERT INTO rekey.history (step, event, held) VALUES (step_id, 'done', CASE WHEN NOT outside THEN rekey.held() END);
  IF outside THEN
    PERFORM pg_advisory_unlock(rekey.lock_class(), hashtext(step_id));
  END IF;
END
$body$;

CREATE PROCEDURE rekey.begin_undo(step_id text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  this    rekey.steps := rekey.claim_step(step_id);
  missing text;
BEGIN
  IF EXISTS (SELECT FROM rekey.plan WHERE purged_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the plan has been purged: there is no way back' USING ERRCODE = 'RK003';
  ELSIF this.state = 'undone' THEN
    RAISE EXCEPTION 'step % is undone already', step_id USING ERRCODE = 'RK001',
      HINT = 'Go on with the step after it, or let "rekey rollback" find the place.';
  ELSIF this.state = 'pending' AND NOT this.undo_always THEN
    RAISE EXCEPTION 'step % was never done: there is nothing to undo', step_id
      USING ERRCODE = 'RK001';
  END IF;
  SELECT string_agg(phase, ', ' ORDER BY phase) INTO missing
  FROM rekey.phases WHERE phase > this.phase AND state <> 'rolled back';
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'roll back phase % first', missing USING ERRCODE = 'RK002';
  END IF;
  PERFORM FROM rekey.phases WHERE phase = this.phase AND state <> 'rolling back' FOR UPDATE;
  IF FOUND THEN
    UPDATE rekey.phases SET state = 'rolling back' WHERE phase = this.phase;
  END IF;
  PERFORM FROM rekey.steps WHERE step = ANY (this.undo_needs) FOR SHARE;
  SELECT string_agg(s.step, ', ' ORDER BY s.step) INTO missing
  FROM rekey.steps s
  WHERE s.step = ANY (this.undo_needs)
    AND NOT (s.state = 'undone' OR s.state = 'pending' AND NOT s.undo_always);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'undo % before step %', missing, step_id USING ERRCODE = 'RK002';
  END IF;
  UPDATE rekey.steps SET state = 'undoing' WHERE step = step_id;
  IF NOT this.transactional THEN
    INSERT INTO rekey.history (step, event) VALUES (step_id, 'undo begun');
  END IF;
END
$body$;

CREATE PROCEDURE rekey.end_undo(step_id text, analyzed regclass DEFAULT NULL, built text DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  outside boolean;
BEGIN
  CALL rekey.expect_proof(step_id, analyzed, built);
  UPDATE rekey.steps SET state = 'undone' WHERE step = step_id AND state = 'undoing'
  RETURNING NOT transactional INTO outside;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the undoing of step % was not begun', step_id USING ERRCODE = 'RK002';
  END IF;
  INSERT INTO rekey.history (step, event, held) VALUES (step_id, 'undone', CASE WHEN NOT outside THEN rekey.held() END);
  IF outside THEN
    PERFORM pg_advisory_unlock(rekey.lock_class(), hashtext(step_id));
  END IF;
END
$body$;

CREATE PROCEDURE rekey.close_phase(phase_id text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  UPDATE rekey.phases SET state = 'applied' WHERE phase = phase_id AND state = 'applying';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'phase % is not being applied', phase_id USING ERRCODE = 'RK002';
  END IF;
END
$body$;

-- The point of no return: what computes old keys goes, the journal stays.
CREATE PROCEDURE rekey.purge()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  open_phases text := (SELECT string_agg(phase, ', ' ORDER BY phase) FROM rekey.phases WHERE state <> 'applied');
BEGIN
  IF open_phases IS NOT NULL THEN
    RAISE EXCEPTION 'phase % is not applied', open_phases USING ERRCODE = 'RK002', HINT = 'Apply all of the plan before.';
  END IF;
  IF EXISTS (SELECT FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid WHERE pronamespace = 'rekey'::regnamespace) THEN
    RAISE EXCEPTION 'old keys are still kept beside the new ones' USING ERRCODE = 'RK002', HINT = 'Apply a plan that ends with a cleanup.';
  END IF;
  UPDATE rekey.plan SET purged_at = clock_timestamp();
  DELETE FROM rekey.keys;
  DELETE FROM rekey.lists;
  DELETE FROM rekey.pairs;
  DELETE FROM rekey.pair_lists;
  DELETE FROM rekey.secret;
  IF to_regclass('rekey.staged_rows') IS NOT NULL THEN
    DELETE FROM rekey.staged_rows;
  END IF;
  IF to_regclass('rekey.archives') IS NOT NULL THEN
    CALL rekey.purge_archives();
  END IF;
  IF to_regclass('rekey.column_archives') IS NOT NULL THEN
    CALL rekey.purge_columns();
  END IF;
END
$body$;

-- A phase whose work another one has used up and cannot give back: these steps are to be done again. They read as
-- begun and not finished, so that the phase can go either way from here.
CREATE PROCEDURE rekey.reopen_phase(phase_id text, of_steps text[])
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.steps SET state = 'running' WHERE step = ANY (of_steps) AND state = 'done';
  UPDATE rekey.phases SET state = 'applying' WHERE phase = phase_id AND state = 'applied';
$body$;

-- The last act of a rollback: what was known of the phase's keys is true no more.
CREATE PROCEDURE rekey.withdraw_phase(phase_id text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  number integer;
BEGIN
  CALL rekey.advance_sequences(phase_id);
  FOR number IN SELECT arrays FROM rekey.domains WHERE phase = phase_id AND arrays IS NOT NULL LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS rekey.array_keys_%s(bigint[]), rekey.array_keys_%1$s(uuid[]), rekey.array_ids_%1$s(uuid[])', number);
  END LOOP;
  DELETE FROM rekey.keys WHERE domain IN (SELECT domain FROM rekey.domains WHERE phase = phase_id);
  DELETE FROM rekey.lists WHERE domain IN (SELECT domain FROM rekey.domains WHERE phase = phase_id);
  DELETE FROM rekey.pair_lists WHERE domain IN (SELECT domain FROM rekey.domains WHERE phase = phase_id);
  DELETE FROM rekey.pairs WHERE domain IN (SELECT domain FROM rekey.domains WHERE phase = phase_id);
  DELETE FROM rekey.key_columns
  WHERE domain IN (SELECT domain FROM rekey.domains WHERE phase = phase_id);
  DELETE FROM rekey.domains WHERE phase = phase_id;
  DELETE FROM rekey.shapes WHERE phase = phase_id;
  UPDATE rekey.phases SET state = 'rolled back' WHERE phase = phase_id;
END
$body$;

CREATE TABLE rekey.secret (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  value    bytea NOT NULL CHECK (length(value) = 32)
);
COMMENT ON TABLE rekey.secret IS
  'Whoever reads it can compute every new key from the old one. The setting rekey.secret, given at foundation, pins it; else it is random';
INSERT INTO rekey.secret (value)
SELECT pg_catalog.sha256(coalesce(
  pg_catalog.convert_to(nullif(pg_catalog.current_setting('rekey.secret', true), ''), 'UTF8'),
  pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())));

-- Declared immutable so that it folds into a constant when a statement is planned.
CREATE FUNCTION rekey.domain_secret(domain text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $body$ SELECT sha256(value || convert_to(domain, 'UTF8')) FROM rekey.secret $body$;
REVOKE ALL ON FUNCTION rekey.domain_secret(text) FROM PUBLIC;

-- Default privileges may have opened what was just made to other roles.
CREATE PROCEDURE rekey.keep_secret()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT DISTINCT object, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role
    FROM (SELECT 'SCHEMA rekey', nspowner, nspacl FROM pg_namespace WHERE nspname = 'rekey'
          UNION ALL
          SELECT 'TABLE rekey.secret', relowner, relacl FROM pg_class WHERE oid = 'rekey.secret'::regclass
          UNION ALL
          SELECT 'FUNCTION rekey.domain_secret(text)', proowner, proacl FROM pg_proc
          WHERE oid = 'rekey.domain_secret(text)'::regprocedure) o (object, owner, acl)
    CROSS JOIN aclexplode(acl)
    WHERE grantee <> owner
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', item.object, item.role);
  END LOOP;
END
$body$;
CALL rekey.keep_secret();

-- The functions below are single expressions without a SET clause: PostgreSQL inlines them.
-- Bits 55..52 of the sixteen bytes are the version, 71..70 the variant (RFC 9562, section 4).

-- generator "ordered": 48 bits of id, version 7, 74 bits of hash. id * 65536 raises beyond 2^47.
CREATE FUNCTION rekey.ordered_hash(id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.substr(pg_catalog.sha256(secret || pg_catalog.int8send(id)), 7, 10),
       7, 0), 6, 1), 5, 1), 4, 1), 23, 1), 22, 0)
$body$;

CREATE FUNCTION rekey.ordered(id bigint, secret bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.overlay(pg_catalog.int8send(id * 65536), rekey.ordered_hash(id, secret), 7, 2),
                         'hex')::uuid
$body$;

CREATE FUNCTION rekey.ordered_id(key uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT ('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.uuid_send(key), 1, 6), 'hex') || '0000')
       ::bit(64)::bigint >> 16
$body$;

-- True when the key was made from a legacy id: only then ordered_id() means something.
CREATE FUNCTION rekey.is_ordered(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 10) = rekey.ordered_hash(rekey.ordered_id(key), secret)
$body$;

-- generators "keyed" (version 8) and "v4": a pseudo-random permutation of the id under the secret, so
-- that no two ids can collide and the way back needs no table. Bytes 7..14 are a hash of the id (58
-- bits, version, variant), the other eight the id XOR a hash of those: the synthetic-IV construction
-- of RFC 5297 on one block.
CREATE FUNCTION rekey.keyed_tag(id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.sha256(secret || pg_catalog.int8send(id)),
       55, 1), 54, 0), 53, 0), 52, 0), 71, 1), 70, 0), 7, 8)
$body$;

CREATE FUNCTION rekey.random_tag(id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.sha256(secret || pg_catalog.int8send(id)),
       55, 0), 54, 1), 53, 0), 52, 0), 71, 1), 70, 0), 7, 8)
$body$;

CREATE FUNCTION rekey.tag_mask(tag bytea, secret bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT ('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(tag || secret), 1, 8), 'hex'))
       ::bit(64)::bigint
$body$;

CREATE FUNCTION rekey.keyed(id bigint, secret bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.overlay(
         pg_catalog.int8send(id # rekey.tag_mask(rekey.keyed_tag(id, secret), secret)),
         rekey.keyed_tag(id, secret), 7, 0), 'hex')::uuid
$body$;

CREATE FUNCTION rekey.random(id bigint, secret bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.overlay(
         pg_catalog.int8send(id # rekey.tag_mask(rekey.random_tag(id, secret), secret)),
         rekey.random_tag(id, secret), 7, 0), 'hex')::uuid
$body$;

CREATE FUNCTION rekey.keyed_id(key uuid, secret bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT ('x' || pg_catalog.encode(pg_catalog.overlay(pg_catalog.uuid_send(key), ''::bytea, 7, 8), 'hex'))
       ::bit(64)::bigint # rekey.tag_mask(pg_catalog.substr(pg_catalog.uuid_send(key), 7, 8), secret)
$body$;

CREATE FUNCTION rekey.is_keyed(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 8)
     = rekey.keyed_tag(rekey.keyed_id(key, secret), secret)
$body$;

CREATE FUNCTION rekey.is_random(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 8)
     = rekey.random_tag(rekey.keyed_id(key, secret), secret)
$body$;

-- generator "v7": the time of the row in milliseconds, version 7, 26 bits of hash of time and id, then the
-- id itself, 48 bits, XOR a hash of all that: the same construction, so that the way back needs no table. The
-- way there does: of a key that points at a row only the id is known. id * 65536 raises beyond 2^47.
CREATE FUNCTION rekey.timed_tag(at bytea, id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.substr(pg_catalog.sha256(secret || at || pg_catalog.int8send(id * 65536)), 1, 4),
       7, 0), 6, 1), 5, 1), 4, 1), 23, 1), 22, 0)
$body$;

-- Not inlined: time and hash stand in it more than once.
CREATE FUNCTION rekey.timed(id bigint, at timestamptz, secret bytea) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
DECLARE
  head bytea := pg_catalog.substr(pg_catalog.int8send(
                  pg_catalog.floor(extract(epoch FROM at) * 1000)::bigint * 65536), 1, 6);
BEGIN
  head := head || rekey.timed_tag(head, id, secret);
  RETURN pg_catalog.encode(head || pg_catalog.substr(
           pg_catalog.int8send((id * 65536) # rekey.tag_mask(head, secret)), 1, 6), 'hex')::uuid;
END
$body$;

CREATE FUNCTION rekey.timed_id(key uuid, secret bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT (('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.uuid_send(key), 11, 6), 'hex') || '0000')
        ::bit(64)::bigint # rekey.tag_mask(pg_catalog.substr(pg_catalog.uuid_send(key), 1, 10), secret)) >> 16
$body$;

-- One key in 2^26 that was not made from an id passes: it counts with the range of ids, see rekey.is_legacy().
CREATE FUNCTION rekey.is_timed(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 4)
     = rekey.timed_tag(pg_catalog.substr(pg_catalog.uuid_send(key), 1, 6), rekey.timed_id(key, secret), secret)
$body$;

CREATE TABLE rekey.domains (
  domain      text PRIMARY KEY,
  phase       text NOT NULL REFERENCES rekey.phases,
  generator   text NOT NULL CHECK (generator IN ('ordered', 'keyed', 'v4', 'v5', 'v7', 'expression', 'parent', 'borrowed')),
  time_column text CHECK ((generator = 'v7') = (time_column IS NOT NULL)),
  arrays      integer UNIQUE,
  picked      text,
  stage_of    text,
  given       boolean NOT NULL DEFAULT false,
  old_low     bigint,
  old_high    bigint
);
COMMENT ON TABLE rekey.domains IS
  'One row a key domain: how it got its keys, and the lowest and highest legacy id at that time';
COMMENT ON COLUMN rekey.domains.arrays IS
  'Where arrays hold keys of the domain: the number in the names of the functions that change them';

COMMENT ON COLUMN rekey.domains.picked IS
  'A condition over rows of its root''s table: only these get new keys';
COMMENT ON COLUMN rekey.domains.stage_of IS
  'This is no domain but a stage of that one, which has the columns: the pairs of a part of its rows';
COMMENT ON COLUMN rekey.domains.given IS
  'Whether keys that are made from rows were given to these one by one, beside the application: all pairs stand in rekey.keys, or rekey.pairs';

CREATE TABLE rekey.key_columns (
  domain      text NOT NULL REFERENCES rekey.domains,
  table_name  text NOT NULL,
  column_name text NOT NULL,
  old_type    text NOT NULL,
  declared    text NOT NULL,
  is_root     boolean NOT NULL,
  is_source   boolean NOT NULL,
  is_array    boolean NOT NULL DEFAULT false,
  changed     boolean NOT NULL DEFAULT false,
  stage       text,
  sequence    text,
  is_identity boolean NOT NULL DEFAULT false,
  last_value  bigint,
  is_called   boolean,
  increment   bigint,
  min_value   bigint,
  max_value   bigint,
  acl         aclitem[],
  comment     text,
  PRIMARY KEY (table_name, column_name)
);
COMMENT ON TABLE rekey.key_columns IS
  'Every key column that changes, and where its sequence stood, or has to stand after the way back: an identity''s is dropped with it';
COMMENT ON COLUMN rekey.key_columns.old_type IS 'Of an array that of its elements';
COMMENT ON COLUMN rekey.key_columns.declared IS 'The type that the column had: old_type, an array of it, a domain over it';
COMMENT ON COLUMN rekey.key_columns.changed IS
  'Of a key that was a uuid before, or stands in documents: whether it is a new one; of any other its type says so';
COMMENT ON COLUMN rekey.key_columns.stage IS
  'Where keys change in stages: the one that is the last so far, whose pairs its keys are taken back by';
COMMENT ON COLUMN rekey.key_columns.is_source IS
  'The column brings ids into the domain: its root, or one that no valid foreign key holds in every row';

CREATE TABLE rekey.keys (
  domain  text NOT NULL REFERENCES rekey.domains,
  old_key bigint NOT NULL,
  new_key uuid NOT NULL,
  fresh   boolean NOT NULL,
  PRIMARY KEY (domain, new_key),
  UNIQUE (domain, old_key)
);
COMMENT ON TABLE rekey.keys IS
  'Pairs that cannot be computed: the legacy keys that rows written after the change get on the way back; not fresh are the pairs of a v5, v7 or expression domain too large for rekey.lists';

CREATE TABLE rekey.lists (
  domain text PRIMARY KEY REFERENCES rekey.domains,
  ids    bigint[] NOT NULL,
  keys   uuid[] NOT NULL,
  keys_in_order uuid[],
  ids_by_key    bigint[]
);
COMMENT ON TABLE rekey.lists IS
  'The legacy ids of a v5, v7 or expression domain in order, and their keys: constants of the statements that change columns; but for v7 once more in the order of the keys';

CREATE TABLE rekey.pairs (
  domain  text NOT NULL REFERENCES rekey.domains,
  old_key uuid NOT NULL,
  new_key uuid NOT NULL,
  PRIMARY KEY (domain, old_key),
  UNIQUE (domain, new_key)
);
COMMENT ON TABLE rekey.pairs IS
  'Old and new key of every row of a domain whose keys were UUIDs before; where only some change, of these';

-- Once more, in the order of either side: constants of the statements that change columns.
CREATE TABLE rekey.pair_lists (
  domain     text PRIMARY KEY REFERENCES rekey.domains,
  old_keys   uuid[] NOT NULL,
  new_by_old uuid[] NOT NULL,
  new_keys   uuid[] NOT NULL,
  old_by_new uuid[] NOT NULL
);

-- Under domains, of which one may be over another.
CREATE FUNCTION rekey.base_type(type oid) RETURNS regtype
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  WITH RECURSIVE base(type) AS (
    SELECT base_type.type UNION ALL SELECT typbasetype FROM base JOIN pg_type t ON t.oid = base.type WHERE typtype = 'd')
  SELECT t.oid::regtype FROM base JOIN pg_type t ON t.oid = base.type WHERE typtype <> 'd'
$body$;

CREATE FUNCTION rekey.has_changed(of_column rekey.key_columns) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN of_column.old_type IN ('uuid', 'jsonb') THEN of_column.changed ELSE EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(of_column.table_name) AND attname = of_column.column_name
      AND atttypid IN ('uuid'::regtype, 'uuid[]'::regtype)) END
$body$;

-- What the pairs of a domain are listed under now.
CREATE FUNCTION rekey.pairs_of(of_domain text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce((SELECT max(stage) FROM rekey.key_columns WHERE domain = of_domain), of_domain)
$body$;

-- Within the step that changes them, either way.
CREATE PROCEDURE rekey.note_changed(tables text[], columns text[], is_new boolean)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.key_columns SET changed = is_new WHERE table_name = ANY (tables) AND column_name = ANY (columns);
$body$;

-- How many pairs of a domain may lie in lists, which a statement that changes columns holds in memory several times: a
-- million and 0.3 GB or more where the way back needs them too, five million and 0.5 GB for v7, or what the setting says.
CREATE FUNCTION rekey.list_limit(of_domain text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(nullif(current_setting('rekey.list_limit', true), '')::bigint,
                  CASE WHEN generator = 'v7' AND NOT EXISTS (SELECT FROM rekey.pairs p WHERE p.domain = d.domain) THEN 5000000 ELSE 1000000 END)
  FROM rekey.domains d WHERE d.domain = of_domain
$body$;

CREATE PROCEDURE rekey.refuse_shared_key(of_domain text, one text, other text)
LANGUAGE plpgsql
AS $body$
BEGIN
  IF one = other THEN
    RAISE EXCEPTION 'domain %: % is the key of rows with different names', of_domain, one
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Delete all of these rows but one (on_duplicate: merge), or choose another generator in the plan.';
  END IF;
  RAISE EXCEPTION 'domain %: the rows with % and % would have one key', of_domain, one, other
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Write something between the columns of name_template, such as a colon, '
      'take one more in that tells them apart, or write another key_expression.';
END
$body$;

-- Lists the keys of a v5, v7 or expression domain from a query that gives id and key; where they are too many they are
-- looked up row by row.
CREATE PROCEDURE rekey.list_keys(of_domain text, query text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  pairs   bigint;
  written bigint;
  example record;
BEGIN
  EXECUTE format('SELECT count(*) FROM (%s) pairs (id, key)', query) INTO pairs;
  IF pairs <= rekey.list_limit(of_domain) THEN
    EXECUTE format('INSERT INTO rekey.lists SELECT %L, coalesce(array_agg(id), ''{}''), coalesce(array_agg(key), ''{}'') '
                   'FROM (SELECT * FROM (%s) pairs (id, key) ORDER BY id) p', of_domain, query);
  ELSE
    EXECUTE format('INSERT INTO rekey.keys SELECT %L, id, key, false FROM (%s) pairs (id, key) ON CONFLICT DO NOTHING', of_domain, query);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < pairs THEN
      EXECUTE format('SELECT p.id, k.old_key FROM (%s) p (id, key) JOIN rekey.keys k ON k.domain = %L '
                     'AND (k.new_key = p.key AND k.old_key <> p.id OR k.old_key = p.id AND k.new_key <> p.key) LIMIT 1', query, of_domain)
        INTO example;
      CALL rekey.refuse_shared_key(of_domain, example.old_key::text, example.id::text);
    END IF;
    ANALYZE rekey.keys;
  END IF;
END
$body$;

-- Declared immutable so that they fold into constants.
CREATE FUNCTION rekey.listed_ids(of_domain text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT coalesce((SELECT ids FROM rekey.lists WHERE domain = of_domain), '{}') $body$;

CREATE FUNCTION rekey.listed_keys(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT coalesce((SELECT keys FROM rekey.lists WHERE domain = of_domain), '{}') $body$;

CREATE FUNCTION rekey.mapped_key(of_domain text, id bigint) RETURNS uuid
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  found_key uuid;
BEGIN
  SELECT new_key INTO found_key FROM rekey.keys WHERE domain = of_domain AND old_key = id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'key % of domain % has no row in its root table', id, of_domain
      USING ERRCODE = 'RK003', HINT = 'Remove the orphan, or add the row it points at.';
  END IF;
  RETURN found_key;
END
$body$;

-- Searched in memory; what is not in the list is looked for among the pairs, and refused there.
CREATE FUNCTION rekey.listed_key(id bigint, of_domain text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN (rekey.listed_ids(of_domain))[pg_catalog.width_bucket(id, rekey.listed_ids(of_domain))] = id
  THEN (rekey.listed_keys(of_domain))[pg_catalog.width_bucket(id, rekey.listed_ids(of_domain))]
  ELSE rekey.mapped_key(of_domain, id) END
$body$;

CREATE FUNCTION rekey.mapped_id(of_domain text, key uuid) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  found_id bigint;
BEGIN
  SELECT old_key INTO found_id FROM rekey.keys WHERE domain = of_domain AND new_key = key;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'key % of domain % has no legacy key and no row in its root table', key, of_domain
      USING ERRCODE = 'RK003', HINT = 'Remove the orphan, or add the row it points at.';
  END IF;
  RETURN found_id;
END
$body$;

-- The keys that got a legacy id on the way back, in order, and those ids: constants of a statement, searched
-- in memory. NULL when there are too many for that.
CREATE FUNCTION rekey.assigned_keys(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN count(*) <= 500000 THEN coalesce(array_agg(new_key), '{}') END
  FROM (SELECT new_key FROM rekey.keys WHERE domain = of_domain AND fresh ORDER BY new_key LIMIT 500001) k
$body$;

CREATE FUNCTION rekey.assigned_ids(of_domain text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(old_key)
  FROM (SELECT old_key FROM rekey.keys WHERE domain = of_domain AND fresh ORDER BY new_key LIMIT 500001) k
$body$;

CREATE FUNCTION rekey.assigned_id(key uuid, keys uuid[], ids bigint[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN keys[pg_catalog.width_bucket(key, keys)] = key
            THEN ids[pg_catalog.width_bucket(key, keys)] END
$body$;

-- The way back of any key of a domain whose rows written since have got their legacy ids: a key that is not
-- among those was made from its id. These are inlined, the list and the secret fold into constants.
CREATE FUNCTION rekey.ordered_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)), rekey.ordered_id(key))
  WHEN rekey.is_ordered(key, rekey.domain_secret(of_domain)) THEN rekey.ordered_id(key)
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

CREATE FUNCTION rekey.keyed_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)),
    rekey.keyed_id(key, rekey.domain_secret(of_domain)))
  WHEN rekey.is_keyed(key, rekey.domain_secret(of_domain)) THEN rekey.keyed_id(key, rekey.domain_secret(of_domain))
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

CREATE FUNCTION rekey.random_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)),
    rekey.keyed_id(key, rekey.domain_secret(of_domain)))
  WHEN rekey.is_random(key, rekey.domain_secret(of_domain)) THEN rekey.keyed_id(key, rekey.domain_secret(of_domain))
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

-- The legacy ids that a domain has, a constant too; more than that only a key's own hash proves.
CREATE FUNCTION rekey.legacy_ids(of_domain text) RETURNS int8range
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN low IS NULL THEN 'empty' ELSE int8range(low, nullif(high, 9223372036854775807), '[]') END
  FROM (
    SELECT least(min(old_low), min(old_key)) AS low, greatest(max(old_high), max(old_key)) AS high
    FROM rekey.domains d LEFT JOIN rekey.keys k ON k.domain = d.domain AND k.fresh
    WHERE d.domain = of_domain) ids
$body$;

CREATE FUNCTION rekey.is_legacy(id bigint, of_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT rekey.legacy_ids(of_domain) @> id $body$;

CREATE FUNCTION rekey.is_timed_legacy(key uuid, of_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT rekey.is_timed(key, rekey.domain_secret(of_domain))
   AND rekey.is_legacy(rekey.timed_id(key, rekey.domain_secret(of_domain)), of_domain)
$body$;

CREATE FUNCTION rekey.timed_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)),
    rekey.timed_id(key, rekey.domain_secret(of_domain)))
  WHEN rekey.is_timed_legacy(key, of_domain) THEN rekey.timed_id(key, rekey.domain_secret(of_domain))
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

-- The generator of a domain as SQL text over one operand, by kind: the key of an id; the id of a key made
-- from one, and of any key of the domain; whether a key was made from an id, alone or with its id known.
CREATE FUNCTION rekey.expression(of_domain text, kind text, operand text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  generator text := (SELECT CASE WHEN d.generator = 'borrowed' THEN d.generator WHEN c.old_type = 'uuid' THEN 'uuid' WHEN d.given THEN 'given'
                                 WHEN d.generator IN ('expression', 'parent') THEN 'v5'
                                 ELSE d.generator END
                     FROM rekey.domains d JOIN rekey.key_columns c USING (domain) WHERE domain = of_domain LIMIT 1);
  secret    text := format('rekey.domain_secret(%L)', of_domain);
  pairs     text := rekey.pairs_of(of_domain);
BEGIN
  RETURN CASE generator || ' ' || kind
    WHEN 'ordered key'   THEN format('rekey.ordered(%s, %s)', operand, secret)
    WHEN 'ordered id'    THEN format('rekey.ordered_id(%s)', operand)
    WHEN 'ordered holds' THEN format('rekey.is_ordered(%s, %s)', operand, secret)
    WHEN 'ordered back'    THEN format('rekey.ordered_back(%s, %L)', operand, of_domain)
    WHEN 'ordered proof'   THEN format('rekey.is_ordered(%s, %s)', operand, secret)
    WHEN 'keyed key'     THEN format('rekey.keyed(%s, %s)', operand, secret)
    WHEN 'keyed id'      THEN format('rekey.keyed_id(%s, %s)', operand, secret)
    WHEN 'keyed holds'   THEN format('rekey.is_keyed(%s, %s)', operand, secret)
    WHEN 'keyed back'      THEN format('rekey.keyed_back(%s, %L)', operand, of_domain)
    WHEN 'keyed proof'     THEN format('rekey.is_keyed(%s, %s)', operand, secret)
    WHEN 'v4 key'        THEN format('rekey.random(%s, %s)', operand, secret)
    WHEN 'v4 id'         THEN format('rekey.keyed_id(%s, %s)', operand, secret)
    WHEN 'v4 holds'      THEN format('rekey.is_random(%s, %s)', operand, secret)
    WHEN 'v4 back'         THEN format('rekey.random_back(%s, %L)', operand, of_domain)
    WHEN 'v4 proof'        THEN format('rekey.is_random(%s, %s)', operand, secret)
    WHEN 'v5 key'        THEN format('rekey.listed_key(%s, %L)', operand, of_domain)
    WHEN 'v5 id'         THEN format('rekey.named_id(%s, %L)', operand, of_domain)
    WHEN 'v5 holds'      THEN format('rekey.is_named(%s, %L)', operand, of_domain)
    WHEN 'v5 back'         THEN format('rekey.named_back(%s, %L)', operand, of_domain)
    WHEN 'v5 proof'        THEN format('rekey.is_named(%s, %L)', operand, of_domain)
    WHEN 'v7 key'        THEN format('rekey.listed_key(%s, %L)', operand, of_domain)
    WHEN 'v7 id'         THEN format('rekey.timed_id(%s, %s)', operand, secret)
    WHEN 'v7 holds'      THEN format('rekey.is_timed_legacy(%s, %L)', operand, of_domain)
    WHEN 'v7 back'         THEN format('rekey.timed_back(%s, %L)', operand, of_domain)
    WHEN 'v7 proof'        THEN format('rekey.is_timed(%s, %s)', operand, secret)
    WHEN 'given key'     THEN format('rekey.mapped_key(%L, %s)', of_domain, operand)
    WHEN 'given id'      THEN format('rekey.given_id(%s, %L)', operand, of_domain)
    WHEN 'given holds'   THEN format('rekey.given_id(%s, %L) IS NOT NULL', operand, of_domain)
    WHEN 'uuid key'      THEN format('rekey.new_of_pair(%s, %L)', operand, pairs)
    WHEN 'uuid id'       THEN format('coalesce(rekey.old_of_pair(%s, %L), %1$s)', operand, pairs)
    WHEN 'uuid holds'    THEN format('EXISTS (SELECT FROM rekey.pairs w JOIN rekey.domains d USING (domain) '
                                     'WHERE coalesce(d.stage_of, d.domain) = %2$L AND w.new_key = %1$s)', operand, of_domain)
    WHEN 'uuid back'     THEN format('coalesce(rekey.old_of_pair(%s, %L), %1$s)', operand, pairs)
  END;
END
$body$;

-- The functions through which arrays of a domain's keys change, there and back: USING takes no subquery. An
-- array of several dimensions, or one that does not begin at 1, keeps its shape: its text is taken apart.
CREATE PROCEDURE rekey.map_arrays(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
  id   text := (SELECT CASE old_type WHEN 'uuid' THEN 'uuid' ELSE 'bigint' END FROM rekey.key_columns WHERE domain = of_domain LIMIT 1);
BEGIN
  FOR item IN
    SELECT f.*, d.arrays FROM rekey.domains d
    CROSS JOIN (VALUES ('keys', id, 'uuid', 'key'), ('ids', 'uuid', id, 'back')) f (gives, old, new, kind)
    WHERE d.domain = of_domain
  LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION rekey.array_%s_%s(%s[]) RETURNS %s[] LANGUAGE sql STABLE STRICT AS %L',
      item.gives, item.arrays, item.old, item.new,
      format('SELECT CASE WHEN pg_catalog.array_ndims($1) > 1 OR pg_catalog.array_lower($1, 1) <> 1 THEN ('
             'SELECT pg_catalog.left($1::text, pg_catalog.strpos($1::text, ''='')) || pg_catalog.string_agg('
             'CASE WHEN part[1] ~ ''^[-0-9a-f]'' THEN (%s)::text ELSE part[1] END, '''' ORDER BY n) '
             'FROM pg_catalog.regexp_matches(pg_catalog.substr($1::text, pg_catalog.strpos($1::text, ''='') + 1), '
             '''[-0-9a-f]+|[^-0-9a-f]+'', ''g'') WITH ORDINALITY p (part, n))::%s[] '
             'ELSE ARRAY(SELECT %s FROM pg_catalog.unnest($1) e) END',
             rekey.expression(of_domain, item.kind, 'part[1]::' || item.old), item.new,
             rekey.expression(of_domain, item.kind, 'e')));
  END LOOP;
END
$body$;

-- The keys that a column holds, one by one, as a table "held" with one column "key".
CREATE FUNCTION rekey.held_keys(of_table text, of_column text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format(CASE WHEN is_array THEN '(SELECT e AS key FROM %s t CROSS JOIN unnest(t.%I) e WHERE e IS NOT NULL) held'
                     ELSE '(SELECT %2$I AS key FROM %1$s WHERE %2$I IS NOT NULL) held' END, of_table, of_column)
  FROM rekey.key_columns WHERE table_name = of_table AND column_name = of_column
$body$;

-- Whatever holds keys of a domain, and those as held_keys gives them.
CREATE VIEW rekey.holders AS
SELECT c.domain, c.table_name, c.column_name, c.is_source, c.old_type, c.declared, rekey.has_changed(c) AS changed,
       CASE WHEN c.is_array THEN 'element' ELSE 'row' END AS thing, quote_ident(c.column_name) AS title,
       rekey.held_keys(c.table_name, c.column_name) AS keys
FROM rekey.key_columns c JOIN rekey.domains d USING (domain) WHERE d.generator <> 'borrowed';
COMMENT ON VIEW rekey.holders IS 'Columns and places that hold keys of a domain, and what to read these from';

-- The keys of a domain's sources that have changed (or not yet), as a query with one column "key"; a key
-- may come more than once. In the middle of a phase some have and some have not.
CREATE FUNCTION rekey.source_keys(of_domain text, changed boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(
    string_agg('SELECT key FROM ' || h.keys, ' UNION ALL ' ORDER BY h.table_name, h.column_name, h.title),
    format('SELECT NULL::%s AS key WHERE false', CASE WHEN source_keys.changed THEN 'uuid' ELSE 'bigint' END))
  FROM rekey.holders h
  WHERE h.domain = of_domain AND h.is_source AND h.changed = source_keys.changed
$body$;

-- Those of them that were written after the change and have no legacy id yet.
CREATE FUNCTION rekey.fresh_keys(of_domain text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format('SELECT DISTINCT key FROM (%s) k WHERE NOT %s AND NOT EXISTS '
                '(SELECT FROM rekey.keys s WHERE s.domain = %L AND s.new_key = k.key)',
                rekey.source_keys(of_domain, true), rekey.expression(of_domain, 'holds', 'k.key'), of_domain)
$body$;

-- Of an inheritance tree a foreign key holds for the table alone, of a partitioned one for all of it.
CREATE FUNCTION rekey.rows_under(of_table regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT CASE relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || of_table FROM pg_class WHERE oid = of_table $body$;

-- A table and what it is parted into, on every level.
CREATE FUNCTION rekey.tree(target regclass) RETURNS TABLE (relid regclass, has_rows boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT target, relkind <> 'p' FROM pg_class WHERE oid = target
  UNION
  SELECT t.relid, t.isleaf FROM pg_partition_tree(target) t
$body$;

-- A row that breaks a validated foreign key (written while triggers were off) has no key to go with and
-- would stop the phase in its middle.
CREATE PROCEDURE rekey.refuse_orphans(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fk      record;
  orphans bigint;
  example text;
  wrong   text;
BEGIN
  -- rekey has looked for them before it changed anything; should one have come since, the foreign key finds it
  IF of_phase = ANY (string_to_array(current_setting('rekey.without_orphans', true), ',')) THEN
    RETURN;
  END IF;
  FOR fk IN
    SELECT con.conrelid::regclass AS child, rekey.rows_under(con.conrelid) AS children,
           rekey.rows_under(con.confrelid) AS parents, con.conname,
           string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND ') AS joined,
           string_agg(format('c.%I IS NOT NULL', c.attname),
                      CASE con.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END) AS present,
           string_agg(quote_ident(c.attname), ', ' ORDER BY k.place) AS columns,
           string_agg(format('coalesce(c.%I::text, ''null'')', c.attname), ', ' ORDER BY k.place) AS key
    FROM pg_constraint con
    CROSS JOIN LATERAL unnest(con.conkey, con.confkey) WITH ORDINALITY k (child, parent, place)
    JOIN pg_attribute c ON c.attrelid = con.conrelid AND c.attnum = k.child
    JOIN pg_attribute p ON p.attrelid = con.confrelid AND p.attnum = k.parent
    WHERE con.contype = 'f' AND con.convalidated AND con.conparentid = 0 AND EXISTS (
      SELECT FROM rekey.key_columns kc JOIN rekey.domains d USING (domain)
      JOIN pg_attribute a ON a.attrelid = to_regclass(kc.table_name) AND a.attname = kc.column_name
      WHERE d.phase = of_phase AND a.attrelid = con.conrelid AND a.attnum = ANY (con.conkey))
    GROUP BY con.oid, con.conrelid, con.confrelid, con.conname, con.confmatchtype
    ORDER BY con.conrelid::regclass::text, con.conname
  LOOP
    EXECUTE format('SELECT count(*), min(concat_ws('', '', %s)) FROM %s c '
                   'WHERE (%s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                   fk.key, fk.children, fk.present, fk.parents, fk.joined) INTO orphans, example;
    IF orphans > 0 THEN
      wrong := concat_ws('; ', wrong, format('foreign key %I of %s: %s, such as (%s) = (%s)', fk.conname, fk.child,
        CASE orphans WHEN 1 THEN '1 orphan' ELSE orphans || ' orphans' END, fk.columns, example));
    END IF;
  END LOOP;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', wrong USING ERRCODE = 'RK003',
      HINT = 'Nothing has changed in this phase. Remove the orphans, or add the rows they point at.';
  END IF;
END
$body$;

-- Generators v5, v7 and expression list the keys of the root's rows: v7 needs a time that 48 bits of milliseconds hold, and
-- every key that another column holds needs its row there.
CREATE PROCEDURE rekey.refuse_unlisted(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item    record;
  found   bigint;
  example text;
BEGIN
  FOR item IN
    SELECT root.table_name AS root_table, root.column_name AS root_column, d.time_column, d.picked, h.*,
           (root.table_name, root.column_name) = (h.table_name, h.column_name) AS is_root
    FROM rekey.domains d
    JOIN rekey.key_columns root ON root.domain = d.domain AND root.is_root
    JOIN rekey.holders h ON h.domain = d.domain AND h.is_source
    WHERE d.phase = of_phase AND d.generator IN ('v5', 'v7', 'expression', 'parent')
    ORDER BY h.table_name, h.column_name, h.title
  LOOP
    IF item.is_root AND item.time_column IS NULL THEN
      CONTINUE;
    ELSIF item.is_root THEN
      EXECUTE format('SELECT count(*), min(%I::text) FROM %s WHERE NOT coalesce(isfinite(%I) AND extract(epoch FROM %3$I) '
                     '* 1000 >= -140737488355328 AND extract(epoch FROM %3$I) * 1000 < 140737488355328, false) AND (%4$s)',
                     item.column_name, item.table_name, item.time_column, coalesce(item.picked, 'true')) INTO found, example;
      IF found > 0 THEN
        RAISE EXCEPTION '%: % without a time in % that a key can hold, such as % = %', item.table_name,
          CASE found WHEN 1 THEN '1 row' ELSE found || ' rows' END, quote_ident(item.time_column),
          quote_ident(item.column_name), example
          USING ERRCODE = 'RK003',
            HINT = 'Nothing has changed in this phase. Fill in the times, or choose another generator in the plan.';
      END IF;
    ELSE
      EXECUTE format('SELECT count(*), min(key::text) FROM %s WHERE NOT EXISTS (SELECT FROM %s p WHERE p.%I = held.key)',
                     item.keys, item.root_table, item.root_column)
        INTO found, example;
      IF found > 0 THEN
        RAISE EXCEPTION '%: % % that no row of % has, such as %', item.table_name,
          CASE found WHEN 1 THEN '1 ' || item.thing ELSE format('%s %ss', found, item.thing) END ||
            CASE item.thing WHEN 'element' THEN ' in' WHEN 'row' THEN ' with a' ELSE ' at' END,
          item.title, item.root_table, example
          USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Delete these rows, add those that '
            'they point at, or choose another generator in the plan: this one makes a key from the row there.';
      END IF;
    END IF;
  END LOOP;
END
$body$;

-- Before keys that were UUIDs go back: a row written since whose key is the old one of another would have to share it.
CREATE PROCEDURE rekey.expect_free_keys(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  taken uuid;
BEGIN
  EXECUTE format('SELECT k.key FROM (%1$s) k JOIN rekey.pairs w ON w.domain = %2$L AND w.old_key = k.key '
                 'WHERE NOT EXISTS (SELECT FROM rekey.pairs n WHERE n.domain = w.domain AND n.new_key = k.key) '
                 'AND EXISTS (SELECT FROM (%1$s) s WHERE s.key = w.new_key) LIMIT 1',
                 rekey.source_keys(of_domain, true), rekey.pairs_of(of_domain)) INTO taken;
  IF taken IS NOT NULL THEN
    RAISE EXCEPTION 'domain %: key % was written since the change, and is the old key of another row', of_domain, taken
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Give that row another key, or stay on the new keys.';
  END IF;
END
$body$;

-- Before a change is taken back, with the fence up: what would stop the way back in its middle.
CREATE PROCEDURE rekey.expect_way_back(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  CALL rekey.refuse_orphans(of_phase);
  IF to_regclass('rekey.archives') IS NOT NULL THEN
    CALL rekey.expect_room_for_rows(of_phase);
  END IF;
  FOR item IN SELECT DISTINCT domain FROM rekey.domains JOIN rekey.key_columns USING (domain)
              WHERE phase = of_phase AND old_type = 'uuid' AND generator <> 'borrowed' ORDER BY domain LOOP
    CALL rekey.expect_free_keys(item.domain);
  END LOOP;
  FOR item IN SELECT d.domain, f.* FROM rekey.domains d CROSS JOIN LATERAL rekey.fresh_ids(d.domain) f
              WHERE d.phase = of_phase AND f.too_narrow IS NOT NULL ORDER BY d.domain LOOP
    RAISE EXCEPTION 'domain %: % rows were written since the change, the last would get id %: too large for %',
      item.domain, item.needed, item.last_id, item.too_narrow
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Delete rows or stay on the new keys.';
  END LOOP;
END
$body$;

-- Before a change: columns have the types the plan knows, ids fit the generator.
CREATE PROCEDURE rekey.expect_columns(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
  item  record;
  low   bigint;
  high  bigint;
BEGIN
  SELECT string_agg(format('%s.%I is %s, not %s', c.table_name, c.column_name,
                           coalesce(format_type(a.atttypid, a.atttypmod), 'missing'), c.declared), '; '
                    ORDER BY c.table_name, c.column_name) INTO wrong
  FROM rekey.key_columns c JOIN rekey.domains d USING (domain)
  LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(c.table_name)
                          AND a.attname = c.column_name AND NOT a.attisdropped
  WHERE d.phase = of_phase AND format_type(a.atttypid, a.atttypmod) IS DISTINCT FROM c.declared;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'the database is not what the plan describes: %', wrong
      USING ERRCODE = 'RK003', HINT = 'Draft the plan anew with rekeyc inspect, or correct it.';
  END IF;
  FOR item IN SELECT h.*, d.generator FROM rekey.holders h JOIN rekey.domains d USING (domain)
              WHERE d.phase = of_phase AND h.is_source AND d.generator IN ('ordered', 'v7')
                AND h.old_type IN ('bigint', 'jsonb') AND NOT EXISTS (
                  SELECT FROM rekey.key_columns c WHERE c.domain = d.domain AND c.old_type = 'uuid') LOOP
    EXECUTE format('SELECT min(key), max(key) FROM %s', item.keys) INTO low, high;
    IF low < -140737488355328 OR high > 140737488355327 THEN
      RAISE EXCEPTION '%.% holds ids from % to %; generator "%" holds -2^47 to 2^47-1',
        item.table_name, item.title, low, high, item.generator
        USING ERRCODE = 'RK003', HINT = 'Give the table generator: keyed in the plan.';
    END IF;
  END LOOP;
END
$body$;

-- And no key is an orphan.
CREATE PROCEDURE rekey.expect_legacy(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  CALL rekey.expect_columns(of_phase);
  CALL rekey.refuse_orphans(of_phase);
  CALL rekey.refuse_unlisted(of_phase);
END
$body$;

CREATE FUNCTION rekey.last_given(last_value bigint, is_called boolean, increment bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT CASE WHEN is_called THEN last_value ELSE last_value - increment END $body$;

CREATE FUNCTION rekey.sequence_position(sequence text, OUT last_value bigint, OUT is_called boolean)
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('SELECT last_value, is_called FROM %s', sequence) INTO last_value, is_called;
END
$body$;

CREATE PROCEDURE rekey.save_sequences(of_domain text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.key_columns c
  SET increment = q.seqincrement, min_value = q.seqmin, max_value = q.seqmax, acl = r.relacl,
      comment = obj_description(r.oid, 'pg_class'),
      (last_value, is_called) = (SELECT p.last_value, p.is_called FROM rekey.sequence_position(c.sequence) p)
  FROM pg_class r JOIN pg_sequence q ON q.seqrelid = r.oid
  WHERE c.domain = of_domain AND r.oid = c.sequence::regclass;
$body$;

-- Of those that have been saved, where they stand by now.
CREATE PROCEDURE rekey.save_positions(VARIADIC domains text[])
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.key_columns c SET (last_value, is_called) = (p.last_value, p.is_called)
  FROM rekey.key_columns s CROSS JOIN LATERAL rekey.sequence_position(s.sequence) p
  WHERE (s.table_name, s.column_name) = (c.table_name, c.column_name) AND c.domain = ANY (domains)
    AND (c.last_value, c.is_called) IS DISTINCT FROM (p.last_value, p.is_called);
$body$;

-- Where the domain's ids and sequences stand, for the way back.
CREATE PROCEDURE rekey.save_ids(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  ids  text := rekey.source_keys(of_domain, false);
  low  bigint;
  high bigint;
BEGIN
  CALL rekey.save_sequences(of_domain);
  IF to_regclass('rekey.archives') IS NOT NULL THEN
    ids := ids || coalesce(rekey.archived_ids(of_domain), '');
  END IF;
  EXECUTE format('SELECT min(key), max(key) FROM (%s) ids', ids) INTO low, high;
  UPDATE rekey.domains SET old_low = low, old_high = high WHERE domain = of_domain;
END
$body$;

CREATE FUNCTION rekey.further(increment bigint, one bigint, other bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT CASE WHEN increment > 0 THEN greatest(one, other) ELSE least(one, other) END $body$;

-- The last id of a column's sequence: as written down, or as it stands now where it went on.
CREATE FUNCTION rekey.last_id(of_column rekey.key_columns) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  saved bigint := rekey.last_given(of_column.last_value, of_column.is_called, of_column.increment);
BEGIN
  IF of_column.is_identity THEN
    RETURN saved;
  END IF;
  RETURN rekey.further(of_column.increment, saved,
    (SELECT rekey.last_given(last_value, is_called, of_column.increment)
     FROM rekey.sequence_position(of_column.sequence)));
END
$body$;

-- The sequence that gives the domain its legacy ids, and the last it gave; NULLs where there is none. The
-- root that the domain is named for decides: quotes aside, because SQL quotes more names than a plan does.
CREATE FUNCTION rekey.id_sequence(of_domain text, OUT sequence text, OUT increment bigint, OUT last_id bigint,
                                  OUT min_value bigint, OUT max_value bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT c.*, rekey.last_id(c) AS last FROM rekey.key_columns c
              WHERE c.domain = of_domain AND c.sequence IS NOT NULL
              ORDER BY c.is_source, (replace(c.table_name || '.' || c.column_name, '"', '') = replace(of_domain, '"', '')),
                       c.table_name, c.column_name LOOP
    last_id := rekey.further(item.increment, last_id, item.last);
    sequence := item.sequence; increment := item.increment;
    min_value := item.min_value; max_value := item.max_value;
  END LOOP;
END
$body$;

CREATE FUNCTION rekey.highest(type text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT CASE type WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647 ELSE 9223372036854775807 END $body$;

-- The keys of rows written after the change: how many, the id after which theirs begin, the id of the
-- last, and the columns whose type cannot hold it. As long as even all rows there are would fit, nobody
-- looks which of them were written since: "needed" counts them all then.
CREATE FUNCTION rekey.fresh_ids(of_domain text, OUT needed bigint, OUT base bigint, OUT step bigint,
                                OUT last_id numeric, OUT too_narrow text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  seq     record;
  item    record;
  hit     boolean;
  highest bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM rekey.key_columns WHERE domain = of_domain AND old_type <> 'uuid')
     OR EXISTS (SELECT FROM rekey.domains WHERE domain = of_domain AND generator = 'borrowed') THEN
    RETURN;  -- such keys stay what they are, or are of others, and a stage of a domain has none of its own
  END IF;
  SELECT * INTO seq FROM rekey.id_sequence(of_domain);
  step := coalesce(seq.increment, 1);
  SELECT CASE WHEN step > 0 THEN greatest(seq.last_id, d.old_high, max(k.old_key))
              ELSE least(seq.last_id, d.old_low, min(k.old_key)) END
  INTO base
  FROM rekey.domains d LEFT JOIN rekey.keys k ON k.domain = d.domain AND k.fresh
  WHERE d.domain = of_domain GROUP BY d.old_low, d.old_high;
  base := coalesce(base, 0);
  SELECT min(rekey.highest(old_type)) INTO highest FROM rekey.holders WHERE domain = of_domain;
  EXECUTE format('SELECT count(*) FROM (%s) k', rekey.source_keys(of_domain, true)) INTO needed;
  last_id := base::numeric + needed * step::numeric;
  IF abs(last_id) <= highest AND (seq.sequence IS NULL OR last_id BETWEEN seq.min_value AND seq.max_value) THEN
    RETURN;
  END IF;
  EXECUTE format('SELECT count(*) FROM (%s) fresh', rekey.fresh_keys(of_domain)) INTO needed;
  last_id := base::numeric + needed * step::numeric;
  IF needed = 0 THEN
    RETURN;
  ELSIF last_id < seq.min_value OR last_id > seq.max_value THEN
    too_narrow := 'sequence ' || seq.sequence;
    RETURN;
  END IF;
  FOR item IN
    SELECT * FROM rekey.holders
    WHERE domain = of_domain AND abs(last_id) > rekey.highest(old_type)
    ORDER BY table_name, column_name, title
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE NOT %s)', item.keys,
                   rekey.expression(of_domain, 'holds', 'key')) INTO hit;
    IF hit THEN
      too_narrow := concat_ws(', ', too_narrow,
        format('%s.%I (%s)', item.table_name, item.column_name, item.declared));
    END IF;
  END LOOP;
END
$body$;

-- Columns that by now hold keys of legacy ids too large for their old type: a foreign key may be narrower
-- than what it refers to.
CREATE FUNCTION rekey.narrow_columns(of_domain text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item   record;
  hit    boolean;
  narrow text;
BEGIN
  FOR item IN
    SELECT c.*, t.highest
    FROM rekey.holders c
    JOIN rekey.domains d USING (domain)
    CROSS JOIN rekey.highest(c.old_type) t (highest)
    WHERE c.domain = of_domain AND c.changed AND (d.old_high > t.highest OR d.old_low < -t.highest - 1)
    ORDER BY c.table_name, c.column_name
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE CASE WHEN %s THEN %s NOT BETWEEN %s AND %s ELSE false END)',
                   item.keys, rekey.expression(of_domain, 'holds', 'key'),
                   rekey.expression(of_domain, 'id', 'key'), -item.highest - 1, item.highest) INTO hit;
    IF hit THEN
      narrow := concat_ws(', ', narrow,
        format('%s.%I (%s)', item.table_name, item.column_name, item.declared));
    END IF;
  END LOOP;
  RETURN narrow;
END
$body$;

-- Rows written after the change get legacy ids above the highest ever used, in the order of their keys. The
-- sequences follow when the phase ends: setval is no part of a transaction, and one cut off here must give
-- the same ids again.
CREATE PROCEDURE rekey.assign_legacy_ids(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fresh  record;
  narrow text := rekey.narrow_columns(of_domain);
  given  bigint;
  last   bigint;
BEGIN
  IF narrow IS NOT NULL THEN
    RAISE EXCEPTION 'since the change rows refer to legacy ids too large for %', narrow
      USING ERRCODE = 'RK003', HINT = 'Let these rows refer to others, or stay on the new keys.';
  END IF;
  SELECT * INTO fresh FROM rekey.fresh_ids(of_domain);
  IF fresh.too_narrow IS NOT NULL THEN
    RAISE EXCEPTION '% rows were written since the change, the last would get id %: too large for %',
      fresh.needed, fresh.last_id, fresh.too_narrow
      USING ERRCODE = 'RK003', HINT = 'Delete rows or stay on the new keys.';
  END IF;
  EXECUTE format(
    'INSERT INTO rekey.keys SELECT %L, %s + row_number() OVER (ORDER BY key) * %s, key, true FROM (%s) fresh',
    of_domain, fresh.base, fresh.step, rekey.fresh_keys(of_domain));
  GET DIAGNOSTICS given = ROW_COUNT;
  IF given = 0 THEN
    RETURN;
  END IF;
  last := fresh.base + given * fresh.step;
  UPDATE rekey.key_columns SET last_value = last, is_called = true
  WHERE sequence IN (SELECT sequence FROM rekey.key_columns WHERE domain = of_domain)
    AND last BETWEEN min_value AND max_value;
END
$body$;

-- Nobody else writes to the phase's tables yet; an identity's sequence is made again with it.
CREATE PROCEDURE rekey.advance_sequences(of_phase text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT setval(c.sequence::regclass, c.last_value, c.is_called)
  FROM rekey.key_columns c
  JOIN rekey.domains d USING (domain)
  CROSS JOIN rekey.sequence_position(c.sequence) now
  WHERE d.phase = of_phase AND NOT c.is_identity
    AND rekey.last_id(c) <> rekey.last_given(now.last_value, now.is_called, c.increment);
$body$;

-- An identity's sequence was dropped with it: position, rights and comment return here.
CREATE PROCEDURE rekey.restore_sequence(of_table text, of_column text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  saved rekey.key_columns;
  item  record;
BEGIN
  SELECT * INTO STRICT saved FROM rekey.key_columns
  WHERE table_name = of_table AND column_name = of_column;
  PERFORM setval(saved.sequence::regclass, saved.last_value, saved.is_called);
  IF saved.comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON SEQUENCE %s IS %L', saved.sequence, saved.comment);
  END IF;
  IF saved.acl IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %s', saved.sequence,
    (SELECT relowner::regrole FROM pg_class WHERE oid = saved.sequence::regclass));
  FOR item IN SELECT * FROM aclexplode(saved.acl)
              WHERE grantee = 0 OR EXISTS (SELECT FROM pg_roles WHERE oid = grantee) LOOP
    EXECUTE format('GRANT %s ON SEQUENCE %s TO %s%s', item.privilege_type, saved.sequence,
      CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
      CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$body$;

-- To change a column of a partitioned table the server builds its indexes anew, and with them those of the
-- partitions: under names of its own choice and with the options of the table's. Here is meanwhile what they were.
CREATE TABLE rekey.partition_indexes (
  table_name         text NOT NULL,
  partition          text NOT NULL,
  root               text NOT NULL,  -- the table's index, which keeps its name
  name               text NOT NULL,
  options            text[],
  tablespace         text NOT NULL,
  comment            text,
  constraint_comment text,
  is_clustered       boolean NOT NULL,
  is_identity        boolean NOT NULL,  -- of its partition, for logical replication
  PRIMARY KEY (partition, root)
);

-- As they are now.
CREATE FUNCTION rekey.partition_indexes_of(target regclass) RETURNS SETOF rekey.partition_indexes
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT target::text, i.indrelid::regclass::text, pg_partition_root(c.oid)::regclass::text, c.relname::text,
    c.reloptions, s.spcname::text, obj_description(c.oid, 'pg_class'),
    obj_description(con.oid, 'pg_constraint'), i.indisclustered, i.indisreplident
  FROM pg_partition_tree(target) t
  JOIN pg_index i ON i.indrelid = t.relid
  JOIN pg_class c ON c.oid = i.indexrelid AND c.relispartition
  JOIN pg_database d ON d.datname = current_database()
  JOIN pg_tablespace s ON s.oid = CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END
  LEFT JOIN pg_constraint con ON con.conindid = c.oid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x')
$body$;

CREATE PROCEDURE rekey.keep_partition_indexes(target regclass)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  DELETE FROM rekey.partition_indexes WHERE table_name = target::text;
  INSERT INTO rekey.partition_indexes SELECT * FROM rekey.partition_indexes_of(target);
$body$;

CREATE PROCEDURE rekey.restore_partition_index(of_schema text, was rekey.partition_indexes, built rekey.partition_indexes)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  named text := format('%I.%I', of_schema, was.name);
BEGIN
  IF built.name <> was.name THEN
    EXECUTE format('ALTER INDEX %I.%I RENAME TO %I', of_schema, built.name, was.name);
  END IF;
  IF built.options IS DISTINCT FROM was.options THEN
    IF built.options IS NOT NULL THEN
      EXECUTE format('ALTER INDEX %s RESET (%s)', named,
        (SELECT string_agg(quote_ident(split_part(o, '=', 1)), ', ') FROM unnest(built.options) o));
    END IF;
    IF was.options IS NOT NULL THEN
      EXECUTE format('ALTER INDEX %s SET (%s)', named,
        (SELECT string_agg(format('%I = %L', split_part(o, '=', 1), split_part(o, '=', 2)), ', ')
         FROM unnest(was.options) o));
    END IF;
  END IF;
  IF built.tablespace <> was.tablespace THEN
    EXECUTE format('ALTER INDEX %s SET TABLESPACE %I', named, was.tablespace);
  END IF;
  IF was.comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON INDEX %s IS %L', named, was.comment);
  END IF;
  IF was.constraint_comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', was.name, was.partition, was.constraint_comment);
  END IF;
  IF was.is_clustered THEN
    EXECUTE format('ALTER TABLE %s CLUSTER ON %I', was.partition, was.name);
  END IF;
  IF was.is_identity THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', was.partition, was.name);
  END IF;
END
$body$;

-- Of all indexes of the table, or of one. Two of them may have got each other's names: all give theirs up first.
CREATE PROCEDURE rekey.restore_partition_indexes(target regclass, of_root text DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  pair  record;
  was   rekey.partition_indexes;
  built rekey.partition_indexes;
BEGIN
  FOR pair IN
    SELECT parse_ident(w.partition) AS path, i.name, row_number() OVER () AS number
    FROM rekey.partition_indexes w JOIN rekey.partition_indexes_of(target) i USING (table_name, partition, root)
    WHERE i.name <> w.name AND root = coalesce(of_root, root)
  LOOP
    EXECUTE format('ALTER INDEX %I.%I RENAME TO rekey_%s_%s', pair.path[1], pair.name, pg_backend_pid(), pair.number);
  END LOOP;
  FOR pair IN
    SELECT w AS old, i AS new
    FROM rekey.partition_indexes w JOIN rekey.partition_indexes_of(target) i USING (table_name, partition, root)
    WHERE root = coalesce(of_root, root)
  LOOP
    was := pair.old;
    built := pair.new;
    CALL rekey.restore_partition_index((parse_ident(was.partition))[1], was, built);
  END LOOP;
  DELETE FROM rekey.partition_indexes WHERE table_name = target::text AND root = coalesce(of_root, root);
END
$body$;

-- A foreign key of a partitioned table, or to one, has a part for each partition. A part has the name that its
-- partition gave it before it was attached, or one that the server chose by what there was at the time. A foreign key
-- that is made again has parts of other names, perhaps of one that the next constraint needs. Here is meanwhile what
-- they were.
CREATE TABLE rekey.foreign_key_parts (
  table_name  text NOT NULL,
  foreign_key text NOT NULL,
  part_of     text NOT NULL,  -- the table itself, or its partition
  refers_to   text NOT NULL,
  name        text NOT NULL,
  comment     text,
  PRIMARY KEY (table_name, foreign_key, part_of, refers_to)
);

CREATE FUNCTION rekey.foreign_key_parts_of(target regclass)
RETURNS TABLE (foreign_key text, part_of text, refers_to text, id oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  WITH RECURSIVE parts AS (
    SELECT conname::text AS foreign_key, NULL::text AS part_of, NULL::text AS refers_to, oid AS id
    FROM pg_constraint WHERE conrelid = target AND contype = 'f' AND conparentid = 0
    UNION ALL
    SELECT parts.foreign_key, k.conrelid::regclass::text, k.confrelid::regclass::text, k.oid
    FROM parts JOIN pg_constraint k ON k.conparentid = parts.id
  )
  SELECT * FROM parts WHERE part_of IS NOT NULL
$body$;

-- Of all foreign keys of the table, also of those that stay for now: the step that needs them asks again.
CREATE PROCEDURE rekey.keep_foreign_key_parts(target regclass)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  INSERT INTO rekey.foreign_key_parts
  SELECT target::text, p.foreign_key, p.part_of, p.refers_to, k.conname, obj_description(k.oid, 'pg_constraint')
  FROM rekey.foreign_key_parts_of(target) p JOIN pg_constraint k ON k.oid = p.id
  ON CONFLICT (table_name, foreign_key, part_of, refers_to) DO UPDATE SET name = excluded.name, comment = excluded.comment
$body$;

-- Who has the name by now gets the part's: another part, or an equal foreign key of the partition that became the part
-- instead. A constraint that somebody made meanwhile keeps it.
CREATE PROCEDURE rekey.rename_foreign_key_part(part pg_constraint, wanted text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  other     pg_constraint;
  meanwhile text := format('rekey_%s', pg_backend_pid());
BEGIN
  SELECT * INTO other FROM pg_constraint WHERE conrelid = part.conrelid AND conname = wanted;
  IF other.oid IS NULL THEN
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, part.conname, wanted);
  ELSIF other.contype = 'f' AND (other.conparentid <> 0 OR
                                 (other.confrelid, other.conkey) = (part.confrelid, part.conkey)) THEN
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, wanted, meanwhile);
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, part.conname, wanted);
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, meanwhile, part.conname);
  END IF;
END
$body$;

-- Of the foreign keys that are there again.
CREATE PROCEDURE rekey.restore_foreign_key_parts(target regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept record;
  part pg_constraint;
BEGIN
  FOR kept IN
    SELECT p.id, w.name, w.comment
    FROM rekey.foreign_key_parts w JOIN rekey.foreign_key_parts_of(target) p USING (foreign_key, part_of, refers_to)
    WHERE w.table_name = target::text
  LOOP
    SELECT * INTO part FROM pg_constraint WHERE oid = kept.id;
    IF kept.comment IS NOT NULL THEN
      EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', part.conname, part.conrelid::regclass, kept.comment);
    END IF;
    IF part.conname <> kept.name THEN
      CALL rekey.rename_foreign_key_part(part, kept.name);
    END IF;
  END LOOP;
  DELETE FROM rekey.foreign_key_parts
  WHERE table_name = target::text AND foreign_key IN (
    SELECT conname FROM pg_constraint WHERE conrelid = target AND contype = 'f' AND conparentid = 0);
END
$body$;

-- What a partitioned table is that a phase has made anew, a line a fact: the way back makes it from the plan, and what
-- somebody has changed of it since would be gone.
CREATE TABLE rekey.shapes (
  phase      text NOT NULL REFERENCES rekey.phases,
  table_name text NOT NULL,
  fact       text NOT NULL,
  PRIMARY KEY (phase, table_name, fact)
);

CREATE FUNCTION rekey.shape_of(target regclass) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT fact FROM pg_class c CROSS JOIN LATERAL (
    VALUES ('owner ' || relowner::regrole::text),
           (CASE WHEN relrowsecurity THEN 'row level security' END),
           (CASE WHEN relforcerowsecurity THEN 'row level security forced' END),
           ('replica identity ' || relreplident::text),
           ('comment ' || obj_description(c.oid, 'pg_class'))) f (fact)
  WHERE c.oid = target AND fact IS NOT NULL
  UNION
  SELECT 'grant ' || acl::text FROM pg_class c CROSS JOIN unnest(relacl) acl WHERE c.oid = target
  UNION
  SELECT format('column %I %s%s%s%s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' NOT NULL' END,
                ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ' comment ' || col_description(attrelid, attnum))
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
  WHERE attrelid = target AND attnum > 0 AND NOT attisdropped
  UNION
  SELECT format('grant on column %I %s', attname, acl::text) FROM pg_attribute CROSS JOIN unnest(attacl) acl
  WHERE attrelid = target AND NOT attisdropped
  UNION
  SELECT format('constraint %I %s%s', conname, pg_get_constraintdef(oid), ' comment ' || obj_description(oid, 'pg_constraint'))
  FROM pg_constraint WHERE conrelid = target AND conparentid = 0
  UNION
  SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = target
  UNION
  SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger
  WHERE tgrelid = target AND NOT tgisinternal AND tgname <> 'rekey_fence'
  UNION
  SELECT 'rule ' || pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = target
  UNION
  SELECT format('policy %I', polname) FROM pg_policy WHERE polrelid = target
  UNION
  SELECT format('partition %s %s', inhrelid::regclass, pg_get_expr(relpartbound, inhrelid))
  FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = target
$body$;

CREATE PROCEDURE rekey.note_shape(of_phase text, of_table text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  INSERT INTO rekey.shapes SELECT of_phase, of_table, fact FROM rekey.shape_of(of_table::regclass) fact
  ON CONFLICT DO NOTHING;
$body$;

CREATE PROCEDURE rekey.expect_shape(of_phase text, of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  added text;
  gone  text;
BEGIN
  SELECT string_agg(fact, '; ' ORDER BY fact) INTO added FROM rekey.shape_of(of_table::regclass) fact
  WHERE fact NOT IN (SELECT s.fact FROM rekey.shapes s WHERE s.phase = of_phase AND s.table_name = of_table);
  SELECT string_agg(fact, '; ' ORDER BY fact) INTO gone FROM rekey.shapes
  WHERE phase = of_phase AND table_name = of_table AND fact NOT IN (SELECT rekey.shape_of(of_table::regclass));
  IF added IS NOT NULL OR gone IS NOT NULL THEN
    RAISE EXCEPTION '% is not as phase % left it: %', of_table, of_phase, concat_ws('. ', 'Now: ' || added, 'Before: ' || gone)
      USING ERRCODE = 'RK003', HINT = 'Nothing of this phase has changed. The way back makes the table from the plan: take this back '
        'before, and do it again afterwards (a partition can be detached meanwhile).';
  END IF;
END
$body$;

CREATE FUNCTION rekey.mapping_of(of_domain text)
RETURNS TABLE (table_name text, column_name text, old_key bigint, new_key uuid)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  root record;
BEGIN
  FOR root IN SELECT * FROM rekey.key_columns c
              WHERE c.domain = of_domain AND c.is_root AND c.old_type <> 'uuid'
                AND rekey.has_changed(c) LOOP  -- a phase that only prepares changes no type
    RETURN QUERY EXECUTE format(
      'SELECT %L::text, %L::text, coalesce(s.old_key, %s), k.key '
      'FROM (SELECT %I AS key FROM %s) k LEFT JOIN rekey.keys s ON s.domain = %L AND s.new_key = k.key '
      'WHERE s.old_key IS NOT NULL OR %s',
      root.table_name, root.column_name, rekey.expression(of_domain, 'id', 'k.key'),
      root.column_name, root.table_name, of_domain, rekey.expression(of_domain, 'holds', 'k.key'));
  END LOOP;
END
$body$;

-- Through a function, so that no view of ours depends on a column of a user's table.
CREATE VIEW rekey.mapping AS
SELECT m.table_name, m.column_name, m.old_key, m.new_key
FROM rekey.domains d
JOIN rekey.phases p USING (phase)
CROSS JOIN LATERAL rekey.mapping_of(d.domain) m
WHERE p.state = 'applied';
COMMENT ON VIEW rekey.mapping IS
  'Old key and new key of every row of every applied domain; rows written since are here where they have an old key: after an online phase';

-- Refuses foreign writes to the tables of an open phase; a step of the plan's own SQL says that it may.
CREATE FUNCTION rekey.fence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF current_setting('rekey.fence', true) = 'open' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'table %.% is closed for writes while its keys change',
    quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
    USING ERRCODE = '55006', HINT = 'Phase ' || TG_ARGV[0] || ' of rekey has to end first: see rekey status.';
END
$body$;

-- Counts the rows of a table and sums a hash of their keys, each taken back to its legacy id: one row with
-- the count, the sum, and how many rows have a key that nobody knows. An array counts with its shape. Rows written since the change have
-- got their legacy ids when a step is undone; OFFSET 0 keeps the server from taking each key back twice.
CREATE FUNCTION rekey.content_query(of_table text, columns text[], undoing boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format('SELECT count(*), sum(hash_array_extended(ARRAY[%s], 0)), %s FROM (SELECT %s FROM %s%s) k',
                string_agg('id' || n, ', ' ORDER BY n),
                coalesce('count(*) FILTER (WHERE NOT (' || string_agg(known, ' AND ' ORDER BY n) || '))', '0'),
                string_agg(format('%s AS id%s, %I AS key%2$s', id, n, name), ', ' ORDER BY n),
                of_table, CASE WHEN count(known) > 0 THEN ' OFFSET 0' END)
  FROM (
    SELECT n, name,
           CASE WHEN is_array AND changed THEN format($sql$CASE WHEN %1$I IS NOT NULL THEN hash_array_extended(ARRAY(
                  SELECT %2$s FROM unnest(%1$I) e), 0) # hashtextextended(coalesce(array_dims(%1$I), ''), 0) END$sql$,
                  name, rekey.expression(domain, kind, 'e'))
                WHEN is_array THEN format($sql$CASE WHEN %1$I IS NOT NULL THEN hash_array_extended(
                  %1$I::%2$s[], 0) # hashtextextended(coalesce(array_dims(%1$I), ''), 0) END$sql$, name, CASE WHEN is_uuid THEN 'uuid' ELSE 'bigint' END)
                WHEN is_uuid THEN format('uuid_hash_extended(%s, 0)', CASE WHEN changed THEN rekey.expression(domain, kind, quote_ident(name))
                                                                           ELSE quote_ident(name) END)
                WHEN changed THEN rekey.expression(domain, kind, quote_ident(name))
                ELSE format('%I::bigint', name) END AS id,
           CASE
                WHEN is_array AND changed AND undoing AND NOT is_uuid
                THEN format('(SELECT coalesce(bool_and(rekey.is_legacy(%s, %L) OR %s), true) FROM unnest(key%s) e)',
                            rekey.expression(domain, kind, 'e'), domain, rekey.expression(domain, 'proof', 'e'), n)
                WHEN changed AND undoing AND NOT is_uuid  -- any uuid may come back as what it is
                THEN format('(rekey.is_legacy(id%s, %L) OR %s)', n, domain,
                            rekey.expression(domain, 'proof', 'key' || n)) END AS known
    FROM (SELECT n, name, c.domain, c.is_array, rekey.has_changed(c) AS changed, c.old_type = 'uuid' AS is_uuid,
                 CASE WHEN undoing THEN 'back' ELSE 'id' END AS kind
          FROM unnest(columns) WITH ORDINALITY u (name, n)
          JOIN rekey.key_columns c ON c.table_name = of_table AND c.column_name = name) k) parts
$body$;

-- A change of types is right when the sum after it is the sum before it. Call it before and after, in one step.
CREATE PROCEDURE rekey.measure(of_step text, at_moment text, of_table text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  undoing boolean := (SELECT state = 'undoing' FROM rekey.steps WHERE step = of_step);
  counted bigint;
  total   numeric;
  unknown bigint;
  earlier rekey.checks;
BEGIN
  EXECUTE rekey.content_query(of_table, columns, undoing) INTO counted, total, unknown;
  IF unknown > 0 THEN
    RAISE EXCEPTION '%: % rows with keys that have no legacy id: written behind the fence', of_table, unknown
      USING ERRCODE = 'RK003', HINT = 'Delete these rows, or give them keys of rows that were there before.';
  END IF;
  SELECT * INTO earlier FROM rekey.checks
  WHERE step = of_step AND object = of_table AND moment = 'before' ORDER BY entry DESC LIMIT 1;
  INSERT INTO rekey.checks (phase, step, moment, "check", object, ok, detail, rows, checksum)
  SELECT s.phase, of_step, at_moment, 'content', of_table, true,
         CASE WHEN undoing THEN 'rollback' ELSE 'apply' END, counted, total
  FROM rekey.steps s WHERE s.step = of_step;
  IF at_moment = 'after' AND (earlier.rows, earlier.checksum) IS DISTINCT FROM (counted, total) THEN
    RAISE EXCEPTION '%: % rows with checksum % before, % rows with checksum % after', of_table,
      earlier.rows, earlier.checksum, counted, total
      USING ERRCODE = 'RK004', HINT = 'The step is undone as a whole; please report this.';
  END IF;
END
$body$;

-- The checks of verify.sql: each writes its result down and gives it back.
CREATE FUNCTION rekey.record_check(of_phase text, named text, of_object text, passed boolean, details text,
                                   OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
  INSERT INTO rekey.checks AS c (phase, moment, "check", object, ok, detail)
  VALUES (of_phase, 'verify', named, of_object, coalesce(passed, false), details)
  RETURNING c."check", c.object, c.ok, c.detail INTO "check", object, ok, detail;
END
$body$;

-- Rows and checksum before a change and after it, as its step measured them.
CREATE FUNCTION rekey.check_content(of_phase text, of_step text, of_object text,
                                    OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM (
    SELECT max(entry) FILTER (WHERE moment = 'before') AS before,
           max(entry) FILTER (WHERE moment = 'after') AS after
    FROM rekey.checks WHERE step = of_step) last
  LEFT JOIN rekey.checks b ON b.entry = last.before
  LEFT JOIN rekey.checks a ON a.entry = last.after
  CROSS JOIN LATERAL rekey.record_check(of_phase, 'content', of_object,
    (a.rows, a.checksum) IS NOT DISTINCT FROM (b.rows, b.checksum) AND a.entry > b.entry,
    format('%s rows, checksum %s before and %s after', a.rows, coalesce(b.checksum, 0), coalesce(a.checksum, 0))) r
$body$;

-- Of a key column, or what stood on one (a constraint, an index or statistics, as SQL writes them), that a cleanup has dropped.
CREATE FUNCTION rekey.is_archived(of_table text, of_column text, of_object text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  archived boolean := false;
BEGIN
  IF to_regclass('rekey.column_archives') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM rekey.column_archives WHERE table_name = $1 AND (columns @> jsonb_build_array(jsonb_build_object(''name'', $2)) '
            'OR $3 = ANY (objects)))' INTO archived USING of_table, of_column, of_object;
  END IF;
  RETURN archived;
END
$body$;

-- False until the check has been made since the phase closed: up to then the steps of the phase, which read
-- every row behind the fence, are the proof, and the rows are not read a second time.
CREATE FUNCTION rekey.is_checked(of_phase text, named text, of_object text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RETURN EXISTS (
    SELECT FROM rekey.checks c
    WHERE c.phase = of_phase AND c.moment = 'verify' AND c."check" = named AND c.object = of_object
      AND c.at > (SELECT max(h.at) FROM rekey.history h
                  WHERE h.step = of_phase || '.close' AND h.event = 'done'));
END
$body$;

CREATE FUNCTION rekey.check_key(of_phase text, of_table text, of_column text,
                                OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  key_column rekey.key_columns;
  named      text := format('%s.%I', of_table, of_column);
  found      text := 'made from legacy ids by the phase';
  strays     text;
BEGIN
  SELECT * INTO key_column FROM rekey.key_columns WHERE table_name = of_table AND column_name = of_column;
  IF rekey.is_archived(of_table, of_column, NULL) THEN
    SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'keys', named, true, 'in the archive since the cleanup') r;
    RETURN;
  END IF;
  IF rekey.is_checked(of_phase, 'keys', named) THEN
    EXECUTE (SELECT format('SELECT format(%L, count(*) FILTER (WHERE holds), count(*) FILTER (WHERE NOT holds)) FROM (%s) keys',
                           CASE key_column.old_type WHEN 'uuid' THEN '%s new keys, %s that stayed or were written since'
                                                    ELSE '%s keys made from legacy ids, %s written since' END,
                           string_agg(format('SELECT %s AS holds FROM %s', rekey.expression(h.domain, 'holds', 'key'), h.keys), ' UNION ALL '))
             FROM rekey.holders h
             WHERE h.column_name = of_column AND h.table_name = of_table) INTO found;
  END IF;
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'keys', named,
    rekey.has_changed(key_column) AND strays IS NULL, concat_ws('; ', found, strays)) r;
END
$body$;

-- The constraint stands, is validated where it was, and no row breaks it.
CREATE FUNCTION rekey.check_foreign_key(of_phase text, of_table text, named text, validated boolean,
                                        OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fk      pg_constraint;
  orphans bigint;
  joined  text;
  present text;
BEGIN
  SELECT * INTO fk FROM pg_constraint
  WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f';
  IF fk.oid IS NULL AND rekey.is_archived(of_table, NULL, quote_ident(named)) THEN
    SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'foreign key', of_table || ' ' || named, true,
      'gone with its columns since the cleanup') r;
    RETURN;
  ELSIF fk.oid IS NULL OR NOT rekey.is_checked(of_phase, 'foreign key', of_table || ' ' || named) THEN
    SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'foreign key',
      of_table || ' ' || named, fk.convalidated = validated,
      CASE fk.convalidated WHEN true THEN 'validated by the phase' WHEN false THEN 'not valid' ELSE 'missing' END) r;
    RETURN;
  END IF;
  SELECT string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND '),
         string_agg(format('c.%I IS NOT NULL', c.attname), ' AND ')
  INTO joined, present
  FROM unnest(fk.conkey, fk.confkey) k(child, parent)
  JOIN pg_attribute c ON c.attrelid = fk.conrelid AND c.attnum = k.child
  JOIN pg_attribute p ON p.attrelid = fk.confrelid AND p.attnum = k.parent;
  EXECUTE format('SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                 rekey.rows_under(fk.conrelid), present, rekey.rows_under(fk.confrelid), joined) INTO orphans;
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'foreign key',
    of_table || ' ' || named, fk.convalidated = validated AND (orphans = 0 OR NOT validated),
    format('%s, %s orphans', CASE WHEN fk.convalidated THEN 'valid' ELSE 'not valid' END, orphans)) r;
END
$body$;

-- Uniqueness of the table's keys rests on its indexes: none may be invalid.
CREATE FUNCTION rekey.check_indexes(of_phase text, of_table text,
                                    OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM (
    SELECT count(*) AS total, count(*) FILTER (WHERE indisunique) AS uniques,
           count(*) FILTER (WHERE NOT (indisvalid AND indisready) AND relkind = 'i') AS invalid  -- not: ON ONLY
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = of_table::regclass) i
  CROSS JOIN LATERAL rekey.record_check(of_phase, 'indexes', of_table, i.invalid = 0,
    format('%s indexes, %s unique, %s invalid', i.total, i.uniques, i.invalid)) r
$body$;

CREATE FUNCTION rekey.check_probe(of_phase text, named text, answer boolean,
                                  OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM rekey.record_check(of_phase, 'probe', named, answer, '') r
$body$;

-- Indexes that a crash or a failed build left invalid are built again.
CREATE PROCEDURE rekey.settle_indexes(target regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  broken regclass;
BEGIN
  FOR broken IN SELECT indexrelid FROM pg_index WHERE indrelid = target AND NOT indisvalid LOOP
    EXECUTE format('REINDEX INDEX %s', broken);
  END LOOP;
END
$body$;

-- The new key of a legacy id, which need not belong to a row.
CREATE FUNCTION rekey.key(of_domain text, id bigint) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  new_key uuid;
BEGIN
  EXECUTE format('SELECT %s', rekey.expression(of_domain, 'key', '$1')) INTO new_key USING id;
  RETURN new_key;
END
$body$;

-- Runs a statement after each rekey.key('domain', id) in it has become the constant that it is: what the
-- statement makes must not depend on schema rekey.
CREATE PROCEDURE rekey.run_with_keys(statement text)
LANGUAGE plpgsql
AS $body$
DECLARE
  found text[];
BEGIN
  FOR found IN
    SELECT DISTINCT pg_catalog.regexp_matches(statement,
                                              $re$(rekey\.key\((E?)'((?:[^'\\]|''|\\\\)+)', (-?[0-9]+)\))$re$, 'g')
  LOOP
    statement := pg_catalog.replace(statement, found[1], pg_catalog.format('%L::uuid', rekey.key(
      pg_catalog.replace(CASE found[2] WHEN 'E' THEN pg_catalog.replace(found[3], E'\\\\', E'\\') ELSE found[3] END,
                         '''''', ''''), found[4]::bigint)));
  END LOOP;
  EXECUTE statement;
END
$body$;

-- A session keeps a PL/pgSQL function as it has compiled it, with the types of then, until the function's row in
-- the catalog changes: it is told what it is already. One that is gone since needs nothing.
CREATE PROCEDURE rekey.renew_function(named text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  known pg_proc;
BEGIN
  SELECT * INTO known FROM pg_proc WHERE oid = to_regprocedure(named);
  IF NOT FOUND THEN
    RETURN;
  ELSIF NOT pg_has_role(known.proowner, 'USAGE') THEN
    RAISE WARNING '% belongs to %: sessions that have called it have to connect anew', named, known.proowner::regrole;
  ELSE
    EXECUTE format('ALTER ROUTINE %s SECURITY %s', known.oid::regprocedure,
                   CASE WHEN known.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END);
  END IF;
END
$body$;

-- Whether an object stands in the catalog; of kinds that this does not know, null.
CREATE FUNCTION rekey.stands(kind text, named text, on_table text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  CASE
    WHEN kind IN ('view', 'materialized view', 'index', 'partitioned table') THEN RETURN to_regclass(named) IS NOT NULL;
    WHEN kind IN ('function', 'procedure') THEN RETURN to_regprocedure(named) IS NOT NULL;
    WHEN kind = 'trigger' THEN RETURN EXISTS (
      SELECT FROM pg_trigger WHERE tgrelid = to_regclass(on_table) AND tgname = (parse_ident(named))[1]);
    WHEN kind = 'policy' THEN RETURN EXISTS (
      SELECT FROM pg_policy WHERE polrelid = to_regclass(on_table) AND polname = (parse_ident(named))[1]);
    WHEN kind = 'rule' THEN RETURN EXISTS (
      SELECT FROM pg_rewrite WHERE ev_class = to_regclass(on_table) AND rulename = (parse_ident(named))[1]);
    WHEN kind IN ('check', 'exclusion constraint') THEN RETURN EXISTS (
      SELECT FROM pg_constraint WHERE conrelid = to_regclass(on_table) AND conname = (parse_ident(named))[1]);
    WHEN kind = 'statistics' THEN RETURN EXISTS (
      SELECT FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
      WHERE ARRAY[nspname, stxname]::text[] = parse_ident(named));
    ELSE RETURN NULL;
  END CASE;
END
$body$;

CREATE FUNCTION rekey.check_dependent(of_phase text, kind text, named text, on_table text, expected boolean,
                                      OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  stands   boolean := rekey.stands(kind, named, on_table);
  archived boolean := stands IS FALSE AND expected AND rekey.is_archived(on_table, NULL, named);
BEGIN
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(
    of_phase, kind, concat_ws(' on ', named, on_table), coalesce(stands = expected, true) OR archived,
    CASE WHEN archived THEN 'gone with its columns since the cleanup' WHEN stands THEN 'is there' WHEN NOT stands THEN 'is missing'
         ELSE 'not looked for' END) r;
END
$body$;


CREATE FUNCTION public.uuidv7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.overlay(
         pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
         pg_catalog.substr(pg_catalog.int8send(pg_catalog.floor(
           extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint), 3, 6), 1, 6), 52, 1), 53, 1), 'hex')::uuid
$body$;
GRANT EXECUTE ON FUNCTION public.uuidv7() TO PUBLIC;
COMMENT ON FUNCTION public.uuidv7() IS
  'UUID version 7 (RFC 9562, section 5.7): the clock in milliseconds, then 74 random bits. Column defaults use it';

INSERT INTO rekey.plan (name, format) VALUES ('smallest', 1);
INSERT INTO rekey.phases (phase, name, plan_digest, state)
VALUES ('010', 'foundation', 'sha256:8692e531b0e6b61a0b90e2dd0799389636eb41890746e3215878030eac2be2ad', 'applied');
INSERT INTO rekey.steps (step, phase, position, transactional, undo_always, needs, undo_needs, up_digest, down_digest, state)
VALUES ('010.foundation', '010', 1, true, false, '{}', '{}', 'a54a6e45769d104d97361a98764f1461d87e39889f35316cf7d4cdcc62860b9e', 'd364280e6cbacff733b439ab37ffde3eab7d4f38bba8abe99a9e2682543c9acf', 'done');
INSERT INTO rekey.history (step, event) VALUES ('010.foundation', 'done');
COMMIT;

