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
  DELETE FROM rekey.secret;
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
    EXECUTE format('DROP FUNCTION IF EXISTS rekey.array_keys_%s(bigint[]), rekey.array_ids_%1$s(uuid[])', number);
  END LOOP;
  DELETE FROM rekey.keys WHERE domain IN (SELECT domain FROM rekey.domains WHERE phase = phase_id);
  DELETE FROM rekey.lists WHERE domain IN (SELECT domain FROM rekey.domains WHERE phase = phase_id);
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
  generator   text NOT NULL CHECK (generator IN ('ordered', 'keyed', 'v4', 'v7')),
  time_column text CHECK ((generator = 'v7') = (time_column IS NOT NULL)),
  arrays      integer UNIQUE,
  old_low     bigint,
  old_high    bigint
);
COMMENT ON TABLE rekey.domains IS
  'One row a key domain: how it got its keys, and the lowest and highest legacy id at that time';
COMMENT ON COLUMN rekey.domains.arrays IS
  'Where arrays hold keys of the domain: the number in the names of the functions that change them';

CREATE TABLE rekey.key_columns (
  domain      text NOT NULL REFERENCES rekey.domains,
  table_name  text NOT NULL,
  column_name text NOT NULL,
  old_type    text NOT NULL,
  declared    text NOT NULL,
  is_root     boolean NOT NULL,
  is_source   boolean NOT NULL,
  is_array    boolean NOT NULL DEFAULT false,
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
  'Pairs that cannot be computed: the legacy keys that rows written after the change get on the way back; not fresh are the pairs of a v7 domain too large for rekey.lists';

CREATE TABLE rekey.lists (
  domain text PRIMARY KEY REFERENCES rekey.domains,
  ids    bigint[] NOT NULL,
  keys   uuid[] NOT NULL
);
COMMENT ON TABLE rekey.lists IS
  'The legacy ids of a v7 domain in order, and their keys: constants of the statements that change columns';

-- Lists the keys of a v7 domain from a query that gives id and key. Up to ten million, or what the setting
-- rekey.list_limit says, lie in lists (24 bytes a pair, in memory while a table changes); more than that are
-- looked up row by row.
CREATE PROCEDURE rekey.list_keys(of_domain text, query text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  pairs bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (%s) pairs (id, key)', query) INTO pairs;
  IF pairs <= coalesce(nullif(current_setting('rekey.list_limit', true), ''), '10000000')::bigint THEN
    EXECUTE format('INSERT INTO rekey.lists SELECT %L, coalesce(array_agg(id), ''{}''), coalesce(array_agg(key), ''{}'') '
                   'FROM (SELECT * FROM (%s) pairs (id, key) ORDER BY id) p', of_domain, query);
  ELSE
    EXECUTE format('INSERT INTO rekey.keys SELECT %L, id, key, false FROM (%s) pairs (id, key)', of_domain, query);
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
  generator text := (SELECT d.generator FROM rekey.domains d WHERE domain = of_domain);
  secret    text := format('rekey.domain_secret(%L)', of_domain);
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
    WHEN 'v7 key'        THEN format('rekey.listed_key(%s, %L)', operand, of_domain)
    WHEN 'v7 id'         THEN format('rekey.timed_id(%s, %s)', operand, secret)
    WHEN 'v7 holds'      THEN format('rekey.is_timed_legacy(%s, %L)', operand, of_domain)
    WHEN 'v7 back'         THEN format('rekey.timed_back(%s, %L)', operand, of_domain)
    WHEN 'v7 proof'        THEN format('rekey.is_timed(%s, %s)', operand, secret)
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
BEGIN
  FOR item IN
    SELECT f.*, d.arrays FROM rekey.domains d
    CROSS JOIN (VALUES ('keys', 'bigint', 'uuid', 'key'), ('ids', 'uuid', 'bigint', 'back')) f (gives, old, new, kind)
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

-- The keys of a domain's sources that have changed (or not yet), as a query with one column "key"; a key
-- may come more than once. In the middle of a phase some have and some have not.
CREATE FUNCTION rekey.source_keys(of_domain text, changed boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(
    string_agg('SELECT key FROM ' || rekey.held_keys(c.table_name, c.column_name), ' UNION ALL '
               ORDER BY c.table_name, c.column_name),
    format('SELECT NULL::%s AS key WHERE false', CASE WHEN changed THEN 'uuid' ELSE 'bigint' END))
  FROM rekey.key_columns c
  JOIN pg_attribute a ON a.attrelid = c.table_name::regclass AND a.attname = c.column_name
  WHERE c.domain = of_domain AND c.is_source AND (a.atttypid IN ('uuid'::regtype, 'uuid[]'::regtype)) = changed
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

-- Generator v7 lists the keys of the root's rows: each needs a time that 48 bits of milliseconds hold, and
-- every key that another column holds needs its row there.
CREATE PROCEDURE rekey.refuse_untimed(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item    record;
  found   bigint;
  example bigint;
BEGIN
  FOR item IN
    SELECT root.table_name AS root_table, root.column_name AS root_column, d.time_column, c.*
    FROM rekey.domains d
    JOIN rekey.key_columns root ON root.domain = d.domain AND root.is_root
    JOIN rekey.key_columns c ON c.domain = d.domain AND c.is_source
    WHERE d.phase = of_phase AND d.generator = 'v7'
    ORDER BY c.table_name, c.column_name
  LOOP
    IF item.is_root THEN
      EXECUTE format('SELECT count(*), min(%I) FROM %s WHERE NOT coalesce(isfinite(%I) AND extract(epoch FROM %3$I) '
                     '* 1000 >= -140737488355328 AND extract(epoch FROM %3$I) * 1000 < 140737488355328, false)',
                     item.column_name, item.table_name, item.time_column) INTO found, example;
      IF found > 0 THEN
        RAISE EXCEPTION '%: % without a time in % that a key can hold, such as % = %', item.table_name,
          CASE found WHEN 1 THEN '1 row' ELSE found || ' rows' END, quote_ident(item.time_column),
          quote_ident(item.column_name), example
          USING ERRCODE = 'RK003',
            HINT = 'Nothing has changed in this phase. Fill in the times, or choose another generator in the plan.';
      END IF;
    ELSE
      EXECUTE format('SELECT count(*), min(key) FROM %s WHERE NOT EXISTS (SELECT FROM %s p WHERE p.%I = held.key)',
                     rekey.held_keys(item.table_name, item.column_name), item.root_table, item.root_column)
        INTO found, example;
      IF found > 0 THEN
        RAISE EXCEPTION '%: % % that no row of % has, such as %', item.table_name,
          CASE WHEN item.is_array AND found = 1 THEN '1 element in' WHEN item.is_array THEN found || ' elements in'
               WHEN found = 1 THEN '1 row with a' ELSE found || ' rows with a' END,
          quote_ident(item.column_name), item.root_table, example
          USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Delete these rows, add those that '
            'they point at, or choose another generator in the plan: v7 takes the time of a key from there.';
      END IF;
    END IF;
  END LOOP;
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
  FOR item IN SELECT d.domain, f.* FROM rekey.domains d CROSS JOIN LATERAL rekey.fresh_ids(d.domain) f
              WHERE d.phase = of_phase AND f.too_narrow IS NOT NULL ORDER BY d.domain LOOP
    RAISE EXCEPTION 'domain %: % rows were written since the change, the last would get id %: too large for %',
      item.domain, item.needed, item.last_id, item.too_narrow
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Delete rows or stay on the new keys.';
  END LOOP;
END
$body$;

-- Before a change: columns have the types the plan knows, ids fit the generator, no key is an orphan.
CREATE PROCEDURE rekey.expect_legacy(of_phase text)
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
  FOR item IN SELECT c.*, d.generator FROM rekey.key_columns c JOIN rekey.domains d USING (domain)
              WHERE d.phase = of_phase AND c.is_source AND d.generator IN ('ordered', 'v7')
                AND c.old_type = 'bigint' LOOP
    EXECUTE format('SELECT min(key), max(key) FROM %s', rekey.held_keys(item.table_name, item.column_name))
      INTO low, high;
    IF low < -140737488355328 OR high > 140737488355327 THEN
      RAISE EXCEPTION '%.% holds ids from % to %; generator "%" holds -2^47 to 2^47-1',
        item.table_name, quote_ident(item.column_name), low, high, item.generator
        USING ERRCODE = 'RK003', HINT = 'Give the table generator: keyed in the plan.';
    END IF;
  END LOOP;
  CALL rekey.refuse_orphans(of_phase);
  CALL rekey.refuse_untimed(of_phase);
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

-- Where the domain's ids and sequences stand, for the way back.
CREATE PROCEDURE rekey.save_ids(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  low  bigint;
  high bigint;
BEGIN
  CALL rekey.save_sequences(of_domain);
  EXECUTE format('SELECT min(key), max(key) FROM (%s) ids', rekey.source_keys(of_domain, false)) INTO low, high;
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
  SELECT * INTO seq FROM rekey.id_sequence(of_domain);
  step := coalesce(seq.increment, 1);
  SELECT CASE WHEN step > 0 THEN greatest(seq.last_id, d.old_high, max(k.old_key))
              ELSE least(seq.last_id, d.old_low, min(k.old_key)) END
  INTO base
  FROM rekey.domains d LEFT JOIN rekey.keys k ON k.domain = d.domain AND k.fresh
  WHERE d.domain = of_domain GROUP BY d.old_low, d.old_high;
  base := coalesce(base, 0);
  SELECT min(rekey.highest(old_type)) INTO highest FROM rekey.key_columns WHERE domain = of_domain;
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
    SELECT * FROM rekey.key_columns
    WHERE domain = of_domain AND abs(last_id) > rekey.highest(old_type)
    ORDER BY table_name, column_name
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE NOT %s)', rekey.held_keys(item.table_name, item.column_name),
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
    FROM rekey.key_columns c
    JOIN rekey.domains d USING (domain)
    CROSS JOIN rekey.highest(c.old_type) t (highest)
    JOIN pg_attribute a ON a.attrelid = c.table_name::regclass AND a.attname = c.column_name
                       AND a.atttypid IN ('uuid'::regtype, 'uuid[]'::regtype)
    WHERE c.domain = of_domain AND (d.old_high > t.highest OR d.old_low < -t.highest - 1)
    ORDER BY c.table_name, c.column_name
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE CASE WHEN %s THEN %s NOT BETWEEN %s AND %s ELSE false END)',
                   rekey.held_keys(item.table_name, item.column_name), rekey.expression(of_domain, 'holds', 'key'),
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

-- Two of them may have got each other's names: all give theirs up first.
CREATE PROCEDURE rekey.restore_partition_indexes(target regclass)
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
    WHERE i.name <> w.name
  LOOP
    EXECUTE format('ALTER INDEX %I.%I RENAME TO rekey_%s_%s', pair.path[1], pair.name, pg_backend_pid(), pair.number);
  END LOOP;
  FOR pair IN
    SELECT w AS old, i AS new
    FROM rekey.partition_indexes w JOIN rekey.partition_indexes_of(target) i USING (table_name, partition, root)
  LOOP
    was := pair.old;
    built := pair.new;
    CALL rekey.restore_partition_index((parse_ident(was.partition))[1], was, built);
  END LOOP;
  DELETE FROM rekey.partition_indexes WHERE table_name = target::text;
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

-- Online phases add a foreign key of a partitioned table to each partition by itself, not yet valid, and make them one
-- when they are. As what it stands there meanwhile: as the part, or, of a partition that has come since, as the whole.
CREATE FUNCTION rekey.loose_parts(of_table regclass, named text, refers_to regclass)
RETURNS TABLE (partition regclass, name text, is_there boolean, is_valid boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT t.relid, n.name, k.oid IS NOT NULL, coalesce(k.convalidated, false)
  FROM rekey.tree(of_table) t
  LEFT JOIN rekey.foreign_key_parts w ON w.table_name = of_table::text AND w.foreign_key = named
                                     AND w.part_of = t.relid::text AND w.refers_to = loose_parts.refers_to::text
  CROSS JOIN LATERAL (SELECT coalesce(w.name, named) AS name) n
  LEFT JOIN pg_constraint k ON k.conrelid = t.relid AND k.conname = n.name AND k.contype = 'f' AND k.conparentid = 0
                           AND k.confrelid = loose_parts.refers_to
  WHERE t.has_rows
$body$;

-- Whole, or in parts where those have not been made one.
CREATE PROCEDURE rekey.drop_foreign_key(of_table text, named text, refers_to text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f') THEN
    CALL rekey.keep_foreign_key_parts(of_table);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', of_table, named);
    RETURN;
  END IF;
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to) WHERE is_there LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', part.partition, part.name);
  END LOOP;
END
$body$;

CREATE PROCEDURE rekey.add_foreign_key_parts(of_table text, named text, refers_to text, definition text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to) LOOP
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', part.partition, part.name, definition);
  END LOOP;
END
$body$;

-- Of one partition, where it is still one.
CREATE PROCEDURE rekey.validate_foreign_key_part(of_partition text, of_table text, named text, refers_to text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to)
              WHERE partition = to_regclass(of_partition) AND is_there AND NOT is_valid LOOP
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', part.partition, part.name);
  END LOOP;
END
$body$;

-- The server takes valid foreign keys of the partitions for those that the table's needs there, without a look at rows.
CREATE PROCEDURE rekey.join_foreign_key(of_table text, named text, refers_to text, definition text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f') THEN
    RETURN;
  END IF;
  CALL rekey.lock_out(format('%s, %s', refers_to, of_table));  -- the parts' triggers go
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to) WHERE NOT is_valid LOOP
    IF rekey.is_large(part.partition) THEN
      RAISE EXCEPTION 'partition % has come since, and is too large to be read within this step', part.partition
        USING ERRCODE = 'RK003', HINT = format('Let its rows be checked, then go on: %sALTER TABLE %s VALIDATE CONSTRAINT %I;',
          CASE WHEN NOT part.is_there THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID; ', part.partition, part.name, definition) END,
          part.partition, part.name);
    END IF;
    IF part.is_there THEN
      EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', part.partition, part.name);
    END IF;
  END LOOP;
  EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', of_table, named, definition);
  CALL rekey.restore_foreign_key_parts(of_table);
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
              WHERE c.domain = of_domain AND c.is_root AND EXISTS (  -- a phase that only prepares changes no type
                SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(c.table_name)
                  AND a.attname = c.column_name AND a.atttypid = 'uuid'::regtype) LOOP
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

-- Refuses foreign writes to the tables of an open phase.
CREATE FUNCTION rekey.fence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
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
                  %1$I::bigint[], 0) # hashtextextended(coalesce(array_dims(%1$I), ''), 0) END$sql$, name)
                WHEN changed THEN rekey.expression(domain, kind, quote_ident(name))
                ELSE format('%I::bigint', name) END AS id,
           CASE WHEN is_array AND changed AND undoing
                THEN format('(SELECT coalesce(bool_and(rekey.is_legacy(%s, %L) OR %s), true) FROM unnest(key%s) e)',
                            rekey.expression(domain, kind, 'e'), domain, rekey.expression(domain, 'proof', 'e'), n)
                WHEN changed AND undoing
                THEN format('(rekey.is_legacy(id%s, %L) OR %s)', n, domain,
                            rekey.expression(domain, 'proof', 'key' || n)) END AS known
    FROM (SELECT n, name, c.domain, c.is_array, a.atttypid IN ('uuid'::regtype, 'uuid[]'::regtype) AS changed,
                 CASE WHEN undoing THEN 'back' ELSE 'id' END AS kind
          FROM unnest(columns) WITH ORDINALITY u (name, n)
          JOIN rekey.key_columns c ON c.table_name = of_table AND c.column_name = name
          JOIN pg_attribute a ON a.attrelid = of_table::regclass AND a.attname = name) k) parts
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
BEGIN
  SELECT * INTO key_column FROM rekey.key_columns WHERE table_name = of_table AND column_name = of_column;
  IF rekey.is_checked(of_phase, 'keys', named) THEN
    EXECUTE format('SELECT format(''%%s keys made from legacy ids, %%s written since'', '
                   'count(*) FILTER (WHERE holds), count(*) FILTER (WHERE NOT holds)) '
                   'FROM (SELECT %s AS holds FROM %s) keys',
                   rekey.expression(key_column.domain, 'holds', 'key'), rekey.held_keys(of_table, of_column))
      INTO found;
  END IF;
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'keys', named,
    EXISTS (SELECT FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = of_column
                                       AND atttypid = CASE WHEN key_column.is_array THEN 'uuid[]'::regtype
                                                           ELSE 'uuid'::regtype END), found) r;
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
  IF fk.oid IS NULL OR NOT rekey.is_checked(of_phase, 'foreign key', of_table || ' ' || named) THEN
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
  stands boolean := rekey.stands(kind, named, on_table);
BEGIN
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(
    of_phase, kind, concat_ws(' on ', named, on_table), coalesce(stands = expected, true),
    CASE stands WHEN true THEN 'is there' WHEN false THEN 'is missing' ELSE 'not looked for' END) r;
END
$body$;


-- What the online strategy needs of a table.

-- Whether a column of the table has an enabled trigger of a user that an UPDATE fires.
CREATE FUNCTION rekey.fires_on_update(target regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = tgfoid
                 WHERE tgrelid = target AND (NOT tgisinternal OR tgparentid <> 0 AND tgconstraint = 0) AND tgtype & 16 <> 0 AND tgenabled <> 'D'
                   AND pronamespace <> 'rekey'::regnamespace)
$body$;

CREATE FUNCTION rekey.may_silence_triggers() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  may boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
BEGIN
  IF NOT may AND current_setting('server_version_num')::integer >= 150000 THEN
    EXECUTE 'SELECT has_parameter_privilege(''session_replication_role'', ''SET'')' INTO may;
  END IF;
  RETURN may;
END
$body$;

-- The triggers of a table that the backfill cannot silence, and those that run after the ones that keep keys right.
CREATE FUNCTION rekey.unruly_triggers(target regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(CASE WHEN tgname > '~rekey_insert' COLLATE "C" AND tgtype & 2 <> 0
                         THEN format('trigger %I runs after the ones that keep keys right: it may change keys unseen; rename it', tgname)
                         ELSE format('trigger %I is enabled as REPLICA or ALWAYS and would fire for every row that is filled', tgname) END,
                    '; ' ORDER BY tgname)
  FROM pg_trigger g JOIN pg_proc p ON p.oid = tgfoid
  WHERE tgrelid = target AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 1 <> 0
    AND pronamespace <> to_regnamespace('rekey')
    AND (tgname > '~rekey_insert' COLLATE "C" AND tgtype & 2 <> 0 OR tgenabled IN ('A', 'R') AND tgtype & 16 <> 0)
$body$;

-- Foreign keys with a narrower type than what they refer to: a new row's old key may not fit.
CREATE FUNCTION rekey.narrow_references(target regclass, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('column %I (%s) is narrower than %s.%I (%s), to which it refers: alter its type', c.attname,
                           format_type(c.atttypid, c.atttypmod), con.confrelid::regclass, p.attname,
                           format_type(p.atttypid, p.atttypmod)), '; ' ORDER BY con.conname)
  FROM pg_constraint con CROSS JOIN LATERAL unnest(conkey, confkey) k (child, parent)
  JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = k.child
  JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = k.parent
  WHERE contype = 'f' AND conrelid = target AND c.attname = ANY (columns) AND c.attlen < p.attlen
$body$;

-- Functions of triggers that write a row as it is: it has more columns than they know from the first step on.
CREATE FUNCTION rekey.whole_rows(target regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(DISTINCT format('function %s of trigger %I takes all columns of a row (NEW.* or OLD.*): list them', p.oid::regprocedure, tgname),
                    '; ')
  FROM pg_trigger g JOIN pg_proc p ON p.oid = tgfoid
  WHERE tgrelid = target AND NOT tgisinternal AND tgenabled <> 'D' AND prosrc ~* '\m(new|old)\M\s*\)?\s*\.\s*\*'
$body$;

-- A sequence that is near its end has no old keys for the rows written after the swap.
CREATE FUNCTION rekey.spent_sequences(target regclass, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('sequence %s of column %I has %s ids left, fewer than a tenth: rows written after the swap need them as old keys',
                           named, name, trunc(room / abs(seqincrement))), '; ' ORDER BY named)
  FROM unnest(columns) name
  CROSS JOIN LATERAL pg_get_serial_sequence(target::text, name) named
  JOIN pg_sequence s ON seqrelid = named::regclass
  JOIN pg_attribute a ON a.attrelid = target AND a.attname = name
  CROSS JOIN LATERAL rekey.sequence_position(named) p
  CROSS JOIN LATERAL (SELECT least(seqmax, rekey.highest(format_type(a.atttypid, NULL)))::numeric AS utmost) u
  CROSS JOIN LATERAL (SELECT CASE WHEN seqincrement > 0 THEN utmost - p.last_value ELSE p.last_value::numeric - seqmin END AS room) r
  WHERE room * 10 < utmost - seqmin
$body$;

-- A table whose updates are published needs something that tells its rows apart, or it cannot be filled.
CREATE FUNCTION rekey.published_without_identity(target regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('publication %I publishes its updates, and it has no replica identity', pubname), '; ' ORDER BY pubname)
  FROM pg_publication JOIN pg_publication_tables t USING (pubname) JOIN pg_class c ON c.oid = target
  WHERE pubupdate AND format('%I.%I', t.schemaname, t.tablename)::regclass = target
    AND (relreplident = 'n' OR relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = target AND indisprimary))
$body$;

-- A swap locks its tables with all that stands on them in one transaction: 35 locks a table in a schema with two foreign
-- keys a table (measured).
CREATE PROCEDURE rekey.expect_room_for_locks(tables integer)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  needed integer := 50 * tables;
  slots  integer := current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer;
BEGIN
  IF needed > slots * current_setting('max_locks_per_transaction')::integer THEN
    RAISE EXCEPTION 'the swap of % tables takes about % locks at once, and the server has room for %', tables, needed,
      slots * current_setting('max_locks_per_transaction')::integer
      USING ERRCODE = 'RK003', HINT = format('Nothing has changed. Set max_locks_per_transaction to %s and restart the server, '
        'or part the tables into more phases.', ceil(needed::float / slots));
  END IF;
END
$body$;

-- What the online strategy cannot do here, before anything changes.
CREATE PROCEDURE rekey.expect_online(of_table text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := of_table;
  wrong  text;
BEGIN
  SELECT string_agg(format('index %s is not a plain one (it has a tablespace of its own, or is a key that is deferrable or '
                           'partial or has INCLUDE or options)', i.oid::regclass), '; ' ORDER BY i.relname) INTO wrong
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = target AND k.contype IN ('p', 'u')
  WHERE x.indrelid = target
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = target AND a.attname = ANY (columns)
                  AND a.attnum = ANY (x.indkey::smallint[]))
    AND (i.reltablespace <> 0 OR NOT x.indisvalid
         OR x.indisunique AND (x.indpred IS NOT NULL OR i.reloptions IS NOT NULL OR x.indnatts <> x.indnkeyatts
                               OR 0 <> ANY (x.indoption::smallint[])
                               OR coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false))
         OR coalesce(k.condeferrable, false));
  wrong := nullif(concat_ws('; ', wrong, rekey.unruly_triggers(target), rekey.whole_rows(target),
    rekey.narrow_references(target, columns), rekey.spent_sequences(target, columns), rekey.published_without_identity(target), (
    SELECT string_agg(format('column %I has a name of ours: rename it', attname), '; ' ORDER BY attname)
    FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname ~ '^rekey_(new|old)_'), (
    SELECT string_agg(format('constraint %I is NOT VALID: a row that breaks it cannot be filled; validate or drop it', conname),
                      '; ' ORDER BY conname)
    FROM pg_constraint WHERE conrelid = target AND contype NOT IN ('f', 'p', 'u', 'x') AND NOT convalidated)), '');
  IF EXISTS (SELECT FROM pg_rewrite WHERE ev_class = target AND ev_type = '2') THEN
    wrong := concat_ws('; ', wrong, 'a rule stands on its UPDATE');
  END IF;
  IF rekey.fires_on_update(target) AND NOT rekey.may_silence_triggers() THEN
    wrong := concat_ws('; ', wrong, format('triggers would fire for every row that is filled, and role %I may not silence '
      'them: GRANT SET ON PARAMETER session_replication_role TO it (from PostgreSQL 15), or disable them', current_user));
  END IF;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% cannot change online: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Change that, or give the phase strategy: offline.';
  END IF;
END
$body$;

-- What backfills heed before each batch.

CREATE TABLE rekey.throttle (
  only_row             boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  paused               timestamptz,
  most_lag             interval NOT NULL DEFAULT '10 s',
  most_transaction_age interval NOT NULL DEFAULT '10 min',
  wait_while           text,
  most_rows            bigint CHECK (most_rows > 0)
);
INSERT INTO rekey.throttle DEFAULT VALUES;
COMMENT ON TABLE rekey.throttle IS
  'What backfills heed before each batch, as far as the role may see it: a pause; how far a standby may be behind; how old a transaction with a snapshot may be, behind which VACUUM can take nothing away; a query that gives true while they should wait. most_rows: about how many rows a batch may have';

-- Why a backfill should wait; null: it need not.
CREATE FUNCTION rekey.held_back() RETURNS text
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
  most  rekey.throttle;
  held  record;
  waits boolean;
BEGIN
  SELECT * INTO most FROM rekey.throttle;
  IF most.paused IS NOT NULL THEN
    RETURN 'rekey resume: paused since ' || pg_catalog.date_trunc('second', most.paused);
  END IF;
  SELECT application_name, replay_lag INTO held FROM pg_catalog.pg_stat_replication
  WHERE replay_lag > most.most_lag ORDER BY replay_lag DESC LIMIT 1;
  IF FOUND THEN
    RETURN pg_catalog.format('standby %I, %s behind (rekey.throttle.most_lag is %s)', held.application_name,
                             pg_catalog.date_trunc('second', held.replay_lag), most.most_lag);
  END IF;
  SELECT pid, application_name, pg_catalog.clock_timestamp() - xact_start AS age INTO held FROM pg_catalog.pg_stat_activity
  WHERE backend_xmin IS NOT NULL AND datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
    AND backend_type = 'client backend' AND application_name NOT LIKE 'rekey/%' AND query !~* '^\s*vacuum'
    AND xact_start < pg_catalog.clock_timestamp() - most.most_transaction_age
  ORDER BY xact_start LIMIT 1;
  IF FOUND THEN
    RETURN pg_catalog.format('a transaction that is %s old (pid %s, %s): rekey.throttle.most_transaction_age is %s',
                             pg_catalog.date_trunc('second', held.age), held.pid, coalesce(nullif(held.application_name, ''), 'unnamed'),
                             most.most_transaction_age);
  END IF;
  IF most.wait_while IS NOT NULL THEN
    EXECUTE most.wait_while INTO waits;
    IF waits THEN
      RETURN 'the plan''s query: ' || most.wait_while;
    END IF;
  END IF;
  RETURN NULL;
END
$body$;

-- Naps of less than half a second, each in a transaction of its own: a longer one would keep rows from being vacuumed.
CREATE PROCEDURE rekey.wait_while_held_back(of_step text)
LANGUAGE plpgsql
AS $body$
DECLARE
  reason text := rekey.held_back();
BEGIN
  WHILE reason IS NOT NULL LOOP
    UPDATE rekey.backfills SET waits_for = reason WHERE step = of_step AND waits_for IS DISTINCT FROM reason;
    COMMIT;
    PERFORM pg_catalog.pg_sleep(0.3);
    COMMIT;
    reason := rekey.held_back();
  END LOOP;
  UPDATE rekey.backfills SET waits_for = NULL WHERE step = of_step AND waits_for IS NOT NULL;
  COMMIT;
END
$body$;

-- Fills columns beside the application, in batches that any number of sessions may share.

CREATE TABLE rekey.backfills (
  step         text PRIMARY KEY,
  next_block   bigint NOT NULL DEFAULT 0,
  end_block    bigint NOT NULL,
  batch        bigint NOT NULL,
  density      float,
  swept        bigint NOT NULL DEFAULT 0,
  waits_for    text,
  bytes_before bigint NOT NULL,
  bytes_after  bigint
);
COMMENT ON TABLE rekey.backfills IS
  'How far each backfill is: blocks of its table, those that it had at the start; batch: how many the next one takes; density: rows in a block, as far as known; swept: rows that were filled in the passes over what batches had to leave; bytes: of the table without its indexes';

CREATE TABLE rekey.batches (
  step    text NOT NULL REFERENCES rekey.backfills ON DELETE CASCADE,
  low     bigint NOT NULL,
  high    bigint NOT NULL,
  rows    bigint,
  seconds float,
  pid     integer,
  PRIMARY KEY (step, low)
);
COMMENT ON TABLE rekey.batches IS
  'Blocks low to high - 1 of the table: taken; with rows, seconds and the pid of the session: filled, committed with the rows';

-- The blocks of the next batch that nobody works on, locked until the transaction ends; nothing: there is none. What a
-- session that is gone has taken and not filled comes first.
CREATE PROCEDURE rekey.take_batch(of_step text, INOUT low bigint, INOUT high bigint)
LANGUAGE plpgsql
AS $body$
DECLARE
  state rekey.backfills;
BEGIN
  LOOP
    SELECT b.low, b.high INTO low, high FROM rekey.batches b
    WHERE b.step = of_step AND b.rows IS NULL ORDER BY b.low LIMIT 1 FOR UPDATE SKIP LOCKED;
    EXIT WHEN FOUND;
    SELECT * INTO state FROM rekey.backfills WHERE step = of_step FOR UPDATE;
    EXIT WHEN NOT FOUND OR state.next_block >= state.end_block;
    INSERT INTO rekey.batches VALUES (of_step, state.next_block, least(state.next_block + state.batch, state.end_block))
    RETURNING batches.high INTO high;
    UPDATE rekey.backfills SET next_block = high WHERE step = of_step;
    COMMIT;
  END LOOP;
END
$body$;

-- One batch of a backfill: the rows in blocks `low` to `high`, those that miss something. Waits for no lock longer
-- than a tenth of a second, less than it takes a server to see a deadlock, so that no transaction of the application
-- is ended for it; where somebody holds a row the batch takes those that nobody holds.
CREATE PROCEDURE rekey.fill_blocks(of_table text, assigned text, missing text, low bigint, high bigint, INOUT filled bigint)
LANGUAGE plpgsql
AS $body$
DECLARE
  tids   boolean := current_setting('server_version_num')::integer >= 140000;
  within text := format(CASE WHEN tids THEN 'ctid >= ''(%1$s,0)'' AND ctid < ''(%2$s,0)'''
    ELSE 'ctid = ANY (ARRAY(SELECT format(''(%%s,%%s)'', b, i)::tid FROM generate_series(%1$s, %2$s - 1) b, '
         'generate_series(1, 291) i))' END, low, high);
BEGIN
  PERFORM set_config('lock_timeout', '100ms', true);
  BEGIN
    EXECUTE format('UPDATE %s t SET %s WHERE %s AND (%s)', of_table, assigned, within, missing);
    GET DIAGNOSTICS filled = ROW_COUNT;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    EXECUTE format('UPDATE %1$s t SET %2$s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s t WHERE %3$s AND (%4$s) '
                   'FOR UPDATE SKIP LOCKED)) AND (%4$s)', of_table, assigned, within, missing);
    GET DIAGNOSTICS filled = ROW_COUNT;
  END;
END
$body$;

-- Takes a batch, fills it, and sees from how long it took how large the next one should be: half a second, at most
-- half as many again as this one, and no more rows than rekey.throttle allows. False: no batch was free.
CREATE PROCEDURE rekey.fill_batch(of_step text, of_table text, assigned text, missing text, INOUT done boolean)
LANGUAGE plpgsql
AS $body$
DECLARE
  first   bigint;
  past    bigint;
  started timestamptz;
  took    float;
  filled  bigint;
BEGIN
  CALL rekey.take_batch(of_step, first, past);
  done := first IS NOT NULL;
  IF done THEN
    IF rekey.fires_on_update(of_table::regclass) THEN
      PERFORM set_config('session_replication_role', 'replica', true);
    END IF;
    started := clock_timestamp();
    CALL rekey.fill_blocks(of_table, assigned, missing, first, past, filled);
    took := extract(epoch FROM clock_timestamp() - started);
    UPDATE rekey.batches b SET rows = filled, seconds = took, pid = pg_backend_pid() WHERE b.step = of_step AND b.low = first;
    UPDATE rekey.backfills b
    SET density = greatest(density, filled::float / (past - first)),
        batch = greatest(1, least(
          CASE WHEN took > 0.5 THEN ((past - first) * 0.5 / took)::bigint
               WHEN took < 0.3 THEN greatest(batch, (past - first) * 3 / 2 + 1) ELSE batch END,
          16384, (most_rows / greatest(density, filled::float / (past - first), 1))::bigint))
    FROM rekey.throttle WHERE b.step = of_step;
  END IF;
  COMMIT;
END
$body$;

-- Whether this session only helps the one that runs a step.
CREATE FUNCTION rekey.helps() RETURNS boolean
LANGUAGE sql STABLE
AS $body$ SELECT coalesce(pg_catalog.current_setting('rekey.helper', true), '') = 'on' $body$;

-- Up to a thousand rows that lack something, wherever they are, and that nobody holds.
CREATE PROCEDURE rekey.sweep(of_step text, of_table text, assigned text, missing text, INOUT filled bigint)
LANGUAGE plpgsql
AS $body$
BEGIN
  IF rekey.fires_on_update(of_table::regclass) THEN
    PERFORM set_config('session_replication_role', 'replica', true);
  END IF;
  EXECUTE format('UPDATE %1$s t SET %2$s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s t WHERE %3$s LIMIT 1000 '
                 'FOR UPDATE SKIP LOCKED)) AND (%3$s)', of_table, assigned, missing);
  GET DIAGNOSTICS filled = ROW_COUNT;
  UPDATE rekey.backfills SET swept = swept + filled WHERE step = of_step AND filled > 0;
  COMMIT;
END
$body$;

-- Fills the new keys of the rows that lack them, batch by batch. Rows that move meanwhile are filled by the trigger that
-- sees them; last come passes over what is left, rows that somebody held. Called outside of a transaction, with the
-- search_path of the files, while its step is under way: where it is cut off it goes on, and other sessions may call it
-- beside this one, to share the work. With the setting rekey.helper = on it fills one batch, where one is free.
CREATE PROCEDURE rekey.backfill(of_step text, of_table text, assigned text, missing text)
LANGUAGE plpgsql
AS $body$
DECLARE
  helps  boolean := rekey.helps();
  done   boolean := true;
  filled bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM rekey.steps WHERE step = of_step AND state IN ('running', 'undoing')) THEN
    RAISE EXCEPTION 'step % is not under way', of_step USING ERRCODE = 'RK002';
  END IF;
  INSERT INTO rekey.backfills (step, end_block, batch, density, bytes_before)
  SELECT of_step, pg_relation_size(oid) / current_setting('block_size')::bigint,
         CASE WHEN most_rows IS NULL THEN 64 ELSE greatest(1, least(64, coalesce(most_rows / density, 1))) END,
         density, pg_table_size(oid)
  FROM pg_class, rekey.throttle, LATERAL (SELECT nullif(greatest(reltuples, 0), 0) / greatest(relpages, 1) AS density) d
  WHERE oid = of_table::regclass
  ON CONFLICT (step) DO NOTHING;
  COMMIT;
  IF helps THEN
    IF rekey.held_back() IS NULL THEN
      CALL rekey.fill_batch(of_step, of_table, assigned, missing, done);
    END IF;
    RETURN;
  END IF;
  LOOP
    CALL rekey.wait_while_held_back(of_step);
    CALL rekey.fill_batch(of_step, of_table, assigned, missing, done);
    CONTINUE WHEN done;
    EXIT WHEN NOT EXISTS (SELECT FROM rekey.batches WHERE step = of_step AND rows IS NULL);
    PERFORM pg_sleep(0.1);
    COMMIT;
  END LOOP;
  LOOP
    CALL rekey.wait_while_held_back(of_step);
    CALL rekey.sweep(of_step, of_table, assigned, missing, filled);
    CONTINUE WHEN filled > 0;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s t WHERE %s)', of_table, missing) INTO done;
    EXIT WHEN NOT done;
    PERFORM pg_sleep(0.3);
    COMMIT;
  END LOOP;
  UPDATE rekey.backfills SET bytes_after = pg_table_size(of_table::regclass) WHERE step = of_step;
END
$body$;

-- Online phases: both generations of the keys stand beside each other, until the swap and after it.

CREATE TABLE rekey.kept_columns (
  table_name  text NOT NULL,
  column_name text NOT NULL,
  place       smallint NOT NULL,
  not_null    text,
  sequences   text[] NOT NULL,
  PRIMARY KEY (table_name, column_name)
);
COMMENT ON TABLE rekey.kept_columns IS
  'Of columns with old keys that are gone: where they stood, the name of their not-null constraint (from PostgreSQL 18), and the sequences that they own';

-- Before columns are dropped: what goes with them and has to come back.
CREATE PROCEDURE rekey.keep_columns(of_table text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  sequence text;
BEGIN
  DELETE FROM rekey.kept_columns WHERE table_name = of_table;
  INSERT INTO rekey.kept_columns
  SELECT of_table, attname, attnum,
         (SELECT conname FROM pg_constraint WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[attnum]),
         ARRAY(SELECT objid::regclass::text FROM pg_depend JOIN pg_sequence ON seqrelid = objid
               WHERE classid = 'pg_class'::regclass AND refclassid = classid AND refobjid = attrelid
                 AND refobjsubid = attnum AND deptype = 'a' ORDER BY 1)
  FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = ANY (columns);
  FOR sequence IN SELECT unnest(sequences) FROM rekey.kept_columns WHERE table_name = of_table LOOP
    EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', sequence);
  END LOOP;
END
$body$;

CREATE PROCEDURE rekey.restore_columns(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT column_name, sequence FROM rekey.kept_columns, unnest(sequences) sequence
              WHERE table_name = of_table AND to_regclass(sequence) IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE %s OWNED BY %s.%I', item.sequence, of_table, item.column_name);
  END LOOP;
END
$body$;

CREATE PROCEDURE rekey.name_not_nulls(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT n.conname, k.not_null FROM rekey.kept_columns k
              JOIN pg_attribute a ON a.attrelid = of_table::regclass AND a.attname = k.column_name
              JOIN pg_constraint n ON n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
              WHERE k.table_name = of_table AND n.conname <> k.not_null LOOP
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', of_table, item.conname, item.not_null);
  END LOOP;
END
$body$;

-- Of the columns, those that are NOT NULL have to be so among the others too: by a CHECK, whose validation needs no
-- exclusive lock, and after which SET NOT NULL needs no scan.
CREATE FUNCTION rekey.required(of_table text, columns text[], others text[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(other ORDER BY place)
  FROM unnest(columns, others) WITH ORDINALITY u (name, other, place)
  JOIN pg_attribute a ON a.attrelid = of_table::regclass AND a.attname = name AND a.attnotnull
$body$;

CREATE PROCEDURE rekey.require(of_table text, columns text[], others text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  checked text := (SELECT string_agg(format('%I IS NOT NULL', c), ' AND ')
                   FROM unnest(rekey.required(of_table, columns, others)) c);
BEGIN
  IF checked IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT rekey_required CHECK (%s) NOT VALID', of_table, checked);
  END IF;
END
$body$;

CREATE PROCEDURE rekey.require_no_more(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS rekey_required', of_table);
END
$body$;

CREATE PROCEDURE rekey.validate_required(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND conname = 'rekey_required') THEN
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT rekey_required', of_table);
  END IF;
END
$body$;

-- The others become NOT NULL where the columns are, and the CHECK goes.
CREATE PROCEDURE rekey.set_required(of_table text, columns text[], others text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY coalesce(rekey.required(of_table, columns, others), '{}') LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', of_table, name);
  END LOOP;
  CALL rekey.require_no_more(of_table);
END
$body$;

CREATE FUNCTION rekey.columns_of(index regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(attname::text ORDER BY place)
  FROM pg_index CROSS JOIN LATERAL unnest(indkey) WITH ORDINALITY k (number, place)
  LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = number AND number <> 0
  WHERE indexrelid = index
$body$;

-- What an index has beside its definition, and how it calls its columns, which is as the table did when it was built.
CREATE PROCEDURE rekey.finish_index(index regclass, comment text, key_comment text, is_clustered boolean, is_identity boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := (SELECT indrelid FROM pg_index WHERE indexrelid = index);
  named  text := (SELECT relname FROM pg_class WHERE oid = index);
  item   record;
BEGIN
  FOR item IN
    SELECT here.attname AS name, there.wanted
    FROM unnest(rekey.columns_of(index)) WITH ORDINALITY there (wanted, place)
    JOIN pg_attribute here ON here.attrelid = index AND here.attnum = there.place
    WHERE NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = index AND o.attname = there.wanted)
  LOOP
    EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', index, item.name, item.wanted);
  END LOOP;
  IF comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON INDEX %s IS %L', index, comment);
  END IF;
  IF key_comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', named, target, key_comment);
  END IF;
  IF is_clustered THEN
    EXECUTE format('ALTER TABLE %s CLUSTER ON %I', target, named);
  END IF;
  IF is_identity THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', target, named);
  END IF;
END
$body$;

-- An index of no constraint takes the name of another, which is called `aside`.
CREATE PROCEDURE rekey.rename_index(was regclass, twin regclass, aside text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  old record;
BEGIN
  SELECT relname, indisclustered, indisreplident INTO STRICT old FROM pg_index JOIN pg_class ON oid = indexrelid WHERE oid = was;
  EXECUTE format('ALTER INDEX %s RENAME TO %I', was, aside);
  EXECUTE format('ALTER INDEX %s RENAME TO %I', twin, old.relname);
  CALL rekey.finish_index(twin, obj_description(was, 'pg_class'), NULL, old.indisclustered, old.indisreplident);
END
$body$;

-- The index takes the place of the one that has the name now (of the primary key: NULL), with its constraint,
-- comments and marks, and names its columns as the table does. That one goes with its constraint, or is called `aside`.
-- One that is a part of another is swapped with that.
CREATE PROCEDURE rekey.swap_index(of_table text, named text, twin text, aside text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target  regclass := of_table;
  space   text := (SELECT quote_ident(nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = target);
  key     pg_constraint;
  was     record;
  put     text;
  part    record;
BEGIN
  SELECT * INTO key FROM pg_constraint
  WHERE conrelid = target AND CASE WHEN named IS NULL THEN contype = 'p' ELSE contype = 'u' AND conname = named END;
  put := coalesce(key.conname, named);
  SELECT x.*, relispartition, obj_description(indexrelid, 'pg_class') AS comment,
         obj_description(key.oid, 'pg_constraint') AS key_comment INTO STRICT was
  FROM pg_index x JOIN pg_class ON oid = indexrelid WHERE indexrelid = format('%s.%I', space, put)::regclass;
  IF was.relispartition THEN
    RETURN;
  ELSIF key.oid IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target, put);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I', target, put,
                   CASE key.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, twin);
    CALL rekey.finish_index(format('%s.%I', space, put), was.comment, was.key_comment, was.indisclustered, was.indisreplident);
    RETURN;
  END IF;
  EXECUTE format('DROP INDEX IF EXISTS %s.%I', space, aside);
  FOR part IN
    SELECT o.relid AS old, n.relid AS new, CASE o.level WHEN 0 THEN aside ELSE 'rekey_aside_' || o.relid::oid END AS aside
    FROM rekey.index_tree(was.indexrelid) o JOIN rekey.index_tree(format('%s.%I', space, twin)) n USING (target)
    ORDER BY o.level
  LOOP
    CALL rekey.rename_index(part.old, part.new, part.aside);
  END LOOP;
END
$body$;

-- What stays with a column when another takes its name, of the table alone.
CREATE PROCEDURE rekey.copy_column_settings(of_table text, from_column text, to_column text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  was  pg_attribute;
  item record;
BEGIN
  SELECT * INTO STRICT was FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = from_column;
  EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', of_table, to_column, col_description(was.attrelid, was.attnum));
  IF coalesce(was.attstattarget, -1) >= 0 THEN
    EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN %I SET STATISTICS %s', of_table, to_column, was.attstattarget);
  END IF;
  FOR item IN SELECT o FROM unnest(was.attoptions) o WHERE o ~ '^n_distinct' LOOP
    EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN %I SET (%s)', of_table, to_column, item.o);
  END LOOP;
  FOR item IN SELECT * FROM aclexplode(was.attacl) LOOP
    EXECUTE format('GRANT %s (%I) ON %s TO %s%s', item.privilege_type, to_column, of_table,
                   CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
                   CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$body$;

-- From the swap on a sequence of ours gives new rows their old keys, from where the domain's own stands. Where that
-- lags behind ids that are there it goes past them, as far as ids lie no further ahead than there are rows: single
-- ids far off, sentinels, are stepped over one by one when it comes to them.
CREATE PROCEDURE rekey.begin_ids(of_sequence text, of_domain text, of_table text, of_column text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  type   text := (SELECT old_type FROM rekey.key_columns WHERE domain = of_domain AND is_root);
  seq    record;
  last   numeric;
  ahead  numeric;
  utmost numeric;
BEGIN
  CALL rekey.save_sequences(of_domain);
  SELECT coalesce(increment, 1) AS increment, coalesce(min_value, 1) AS low, least(max_value, rekey.highest(type)) AS high, last_id
  INTO seq FROM rekey.id_sequence(of_domain);
  last := coalesce(seq.last_id, 0);
  SELECT seq.increment::numeric * greatest(1000, 2 * sum(reltuples)::bigint) INTO ahead
  FROM rekey.tree(of_table) JOIN pg_class ON oid = relid WHERE has_rows;
  EXECUTE format('SELECT %s(%I) FROM %s WHERE %2$I BETWEEN $1 AND $2', CASE WHEN ahead > 0 THEN 'max' ELSE 'min' END,
                 of_column, of_table)
    INTO utmost
    USING greatest(least(last, last + ahead), -9223372036854775808)::bigint, least(greatest(last, last + ahead), 9223372036854775807)::bigint;
  last := last + greatest(0, coalesce(ceil((utmost - last) / seq.increment), 0)) * seq.increment;
  EXECUTE format('CREATE SEQUENCE %s AS %s INCREMENT %s MINVALUE %s MAXVALUE %s', of_sequence, type, seq.increment, seq.low, seq.high);
  IF last BETWEEN seq.low AND seq.high THEN
    PERFORM setval(of_sequence::regclass, last::bigint);
  END IF;
END
$body$;

-- Once its tables are locked: behind what was drawn since begin_ids.
CREATE PROCEDURE rekey.catch_up_ids(of_sequence text, of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  seq  record;
  ours record;
BEGIN
  CALL rekey.save_sequences(of_domain);
  SELECT * INTO seq FROM rekey.id_sequence(of_domain);
  SELECT * INTO ours FROM rekey.sequence_position(of_sequence);
  IF seq.last_id IS NOT NULL AND seq.last_id BETWEEN seq.min_value AND seq.max_value
     AND seq.last_id <> rekey.last_given(ours.last_value, ours.is_called, seq.increment)
     AND rekey.further(seq.increment, seq.last_id, rekey.last_given(ours.last_value, ours.is_called, seq.increment)) = seq.last_id THEN
    PERFORM setval(of_sequence::regclass, seq.last_id);
  END IF;
END
$body$;

-- The domain's own sequences go on behind the last id that was given: ours may stand further, because a server that
-- was stopped at once skips some.
CREATE PROCEDURE rekey.end_ids(of_sequence text, of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  last bigint := (SELECT CASE WHEN seqincrement > 0 THEN max(old_key) ELSE min(old_key) END
                  FROM rekey.keys, pg_sequence WHERE domain = of_domain AND fresh AND seqrelid = of_sequence::regclass
                  GROUP BY seqincrement);
BEGIN
  -- Before it is written down, which last_id would take for where it stands.
  PERFORM setval(sequence::regclass, last) FROM rekey.key_columns c
  WHERE domain = of_domain AND NOT is_identity AND sequence IS NOT NULL AND last BETWEEN min_value AND max_value
    AND rekey.further(increment, last, rekey.last_id(c)) = last AND last <> rekey.last_id(c);
  UPDATE rekey.key_columns SET last_value = last, is_called = true
  WHERE domain = of_domain AND sequence IS NOT NULL AND last BETWEEN min_value AND max_value
    AND rekey.further(increment, last, rekey.last_given(last_value, is_called, increment)) = last;
  IF of_sequence ~ '^rekey\.' THEN
    EXECUTE 'DROP SEQUENCE ' || of_sequence;
  END IF;
END
$body$;

-- After a swap: rows whose old key is missing or another than theirs get it. Where the swap is not done there is no
-- such column, and nothing to do.
CREATE PROCEDURE rekey.settle_old_keys(of_step text, of_table text, of_column text, assigned text, differing text)
LANGUAGE plpgsql
AS $body$
BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = of_column AND NOT attisdropped) THEN
    CALL rekey.backfill(of_step, of_table, assigned, differing);
    DELETE FROM rekey.backfills WHERE step = of_step AND NOT rekey.helps();
  END IF;
END
$body$;

-- What is amiss with the triggers that keep the generations of a table's keys right; null: nothing.
CREATE FUNCTION rekey.unguarded(of_table text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('trigger %I is %s', name, CASE WHEN tgname IS NULL THEN 'missing' ELSE
           format('not enabled ALWAYS: ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relid, name) END)
           || CASE WHEN relid <> of_table::regclass AND tgname IS NULL THEN ' on ' || relid ELSE '' END, '; ' ORDER BY name, relid::text)
  FROM rekey.tree(of_table) CROSS JOIN (VALUES ('~rekey_insert'), ('~rekey_update')) ours (name)
  LEFT JOIN pg_trigger ON tgrelid = relid AND tgname = name
  WHERE tgenabled IS DISTINCT FROM 'A'
$body$;

-- Takes relations for itself. A waiting lock of this kind lets nobody else in, so it does not wait: it tries for all of
-- them again and again, and keeps none where one is taken. Every fifth try takes its turn instead, for a short
-- time each: without that it would never come where there is never a moment without a reader.
CREATE PROCEDURE rekey.lock_out(relations text)
LANGUAGE plpgsql
AS $body$
BEGIN
  FOR try IN 1..30 LOOP
    BEGIN
      PERFORM set_config('lock_timeout', '80ms', true);
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE%s', relations, CASE WHEN try % 5 > 0 THEN ' NOWAIT' END);
      PERFORM set_config('rekey.locked_at', clock_timestamp()::text, true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF try = 30 THEN
        RAISE;
      END IF;
      PERFORM pg_sleep(0.01 + 0.04 * random());
    END;
  END LOOP;
END
$body$;

-- Rows in which the generations of the keys do not agree, by a condition; null where they have been swapped since.
CREATE FUNCTION rekey.disagreeing(of_table text, condition text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  found_rows bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s t WHERE %s', of_table, condition) INTO found_rows;
  RETURN found_rows;
EXCEPTION WHEN undefined_column THEN
  RETURN NULL;
END
$body$;

CREATE PROCEDURE rekey.expect_agreement(of_table text, condition text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong bigint := rekey.disagreeing(of_table, condition);
  amiss text := rekey.unguarded(of_table);
BEGIN
  IF amiss IS NOT NULL THEN
    RAISE EXCEPTION '%: %', of_table, amiss USING ERRCODE = 'RK003', HINT = 'Rows may have been written past it: repair it, then verify.';
  END IF;
  IF wrong IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION '%: the old and the new key do not agree in % rows', of_table, coalesce(wrong::text, 'any')
      USING ERRCODE = 'RK003', HINT = 'Roll back the phase that prepared this one as well, and apply it again.';
  END IF;
END
$body$;

CREATE FUNCTION rekey.check_agreement(of_phase text, of_table text, condition text,
                                      OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM rekey.disagreeing(of_table, condition) wrong
  CROSS JOIN LATERAL (SELECT rekey.unguarded(of_table) WHERE wrong IS NOT NULL UNION ALL SELECT NULL LIMIT 1) t (amiss)
  CROSS JOIN LATERAL rekey.record_check(of_phase, 'both keys', of_table, coalesce(wrong = 0 AND amiss IS NULL, true),
    coalesce(concat_ws('; ', wrong || ' rows in which they do not agree', amiss), 'swapped since')) r
$body$;

-- Partitioned tables online: what PostgreSQL does to all of them at once only under lock, partition by partition.

-- As rekey.tree; with the table of each index.
CREATE FUNCTION rekey.index_tree(of_index regclass) RETURNS TABLE (relid regclass, target regclass, level integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT indexrelid, indrelid, max(level)
  FROM (SELECT of_index AS relid, 0 AS level UNION ALL SELECT t.relid, t.level FROM pg_partition_tree(of_index) t) i
  JOIN pg_index ON indexrelid = i.relid
  GROUP BY indexrelid, indrelid
$body$;

-- To be read while others wait.
CREATE FUNCTION rekey.is_large(target regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT pg_relation_size(target) > 8 * 1024 * 1024 $body$;

-- Each partition is filled and gets its twins in steps of the plan.
CREATE PROCEDURE rekey.expect_partitions(of_table text, members text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
BEGIN
  SELECT string_agg(CASE WHEN name IS NULL THEN format('partition %s is not in the plan', relid)
                         WHEN t.relid IS NULL THEN format('%s is no partition of it', name)
                         ELSE format('partition %s is a foreign table', relid) END, '; ' ORDER BY coalesce(relid::text, name)) INTO wrong
  FROM rekey.tree(of_table) t FULL JOIN unnest(members) name ON to_regclass(name) = t.relid
  LEFT JOIN pg_class ON oid = t.relid
  WHERE name IS NULL OR t.relid IS NULL OR relkind = 'f';
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% cannot change online: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Draft the plan anew with rekeyc inspect, or give the phase strategy: offline.';
  END IF;
END
$body$;

-- Partitions that have come since the plan was made, one after the other: sessions that help have none to share.
CREATE PROCEDURE rekey.settle_new_partitions(of_step text, of_table text, of_column text, assigned text, differing text, members text[])
LANGUAGE plpgsql
AS $body$
DECLARE
  late text;
BEGIN
  FOREACH late IN ARRAY ARRAY(SELECT relid::text FROM rekey.tree(of_table) WHERE has_rows AND NOT rekey.helps() AND relid NOT IN (
                                SELECT pg_catalog.to_regclass(m) FROM pg_catalog.unnest(members) m WHERE pg_catalog.to_regclass(m) IS NOT NULL))
  LOOP
    CALL rekey.settle_old_keys(of_step, late, of_column, assigned, differing);
  END LOOP;
END
$body$;

-- An index that stands for itself: of no constraint, no part of another.
CREATE FUNCTION rekey.free_index(target regclass, columns text[], is_unique boolean) RETURNS regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT indexrelid FROM pg_index JOIN pg_class i ON i.oid = indexrelid
  WHERE indrelid = target AND indisvalid AND indisunique = is_unique AND NOT relispartition
    AND rekey.columns_of(indexrelid) = columns AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = target)
  ORDER BY relname ~ '^rekey_' DESC, relname LIMIT 1
$body$;

-- Partitions that have come since the plan was made have no twin of the plan's. The server builds it where the table's
-- is made: for a small one that is no time to speak of.
CREATE PROCEDURE rekey.expect_twins(of_table text, columns text[], is_unique boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  late regclass := (SELECT relid FROM rekey.tree(of_table) WHERE has_rows AND rekey.is_large(relid)
                      AND rekey.free_index(relid, columns, is_unique) IS NULL ORDER BY relid::text LIMIT 1);
BEGIN
  IF late IS NOT NULL THEN
    RAISE EXCEPTION 'partition % has come since, and is too large for its index to be built within this step', late
      USING ERRCODE = 'RK003', HINT = format('Build it beside its writers, then go on: CREATE %sINDEX CONCURRENTLY ON %s (%s);',
        CASE WHEN is_unique THEN 'UNIQUE ' ELSE '' END, late, (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n)));
  END IF;
END
$body$;

-- The index of a partitioned table from those of its partitions. One that is a part of another has come with that.
-- `names` are called `others` in it.
CREATE PROCEDURE rekey.join_twins(of_table text, named text, twin text, definition text, names text[], others text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  was regclass := (SELECT indexrelid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = of_table::regclass AND relname = named);
  columns text[] := ARRAY(SELECT coalesce(others[array_position(names, c)], c)
                          FROM unnest(rekey.columns_of(was)) WITH ORDINALITY u (c, place) ORDER BY place);
BEGIN
  IF (SELECT relispartition FROM pg_class WHERE oid = was) THEN
    RETURN;
  END IF;
  CALL rekey.expect_twins(of_table, columns, false);
  EXECUTE format('CREATE INDEX %I ON %s USING %s', twin, of_table, definition);
END
$body$;

-- The twins of the partitions take the place of a partitioned table's key (the primary one: NULL), whose columns have
-- changed their names. That key goes, and with it those of its partitions; the names and marks of theirs come back.
CREATE PROCEDURE rekey.swap_key(of_table text, named text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := of_table;
  space  text := (SELECT quote_ident(nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = target);
  list   text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n));
  key    pg_constraint;
  kind   text;
  was    record;
  part   record;
BEGIN
  SELECT * INTO key FROM pg_constraint
  WHERE conrelid = target AND CASE WHEN named IS NULL THEN contype = 'p' ELSE contype = 'u' AND conname = named END;
  kind := CASE key.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END;
  SELECT x.*, relname, relispartition, obj_description(indexrelid, 'pg_class') AS comment,
         obj_description(key.oid, 'pg_constraint') AS key_comment INTO STRICT was
  FROM pg_index x JOIN pg_class ON oid = indexrelid WHERE indexrelid = format('%s.%I', space, coalesce(key.conname, named))::regclass;
  IF was.relispartition THEN
    RETURN;
  END IF;
  CALL rekey.keep_partition_indexes(target);
  DELETE FROM rekey.partition_indexes WHERE table_name = target::text AND root <> was.indexrelid::regclass::text;
  IF kind IS NULL THEN
    EXECUTE format('DROP INDEX %s', was.indexrelid::regclass);
  ELSE
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target, was.relname);
  END IF;
  FOR part IN
    SELECT partition, name, twin FROM rekey.partition_indexes
    CROSS JOIN LATERAL rekey.free_index(partition::regclass, columns, true) twin
    WHERE table_name = target::text AND twin IS NOT NULL
  LOOP
    IF kind IS NOT NULL THEN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I', part.partition, part.name, kind,
                     (SELECT relname FROM pg_class WHERE oid = part.twin));
    END IF;
    CALL rekey.finish_index(part.twin, NULL, NULL, false, false);
  END LOOP;
  EXECUTE CASE WHEN kind IS NULL THEN format('CREATE UNIQUE INDEX %I ON %s (%s)', was.relname, target, list)
               ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s (%s)', target, was.relname, kind, list) END;
  CALL rekey.restore_partition_indexes(target);
  CALL rekey.finish_index(format('%s.%I', space, was.relname), was.comment, was.key_comment, was.indisclustered, was.indisreplident);
END
$body$;

-- For both versions of an application at once, while the new one is deployed: views of every changed table in its old
-- shape and in its new one, in schemas rekey_old and rekey_new. A session chooses by its search_path. Views of one
-- table take INSERT, UPDATE and DELETE by themselves; triggers of the table keep both generations of its keys right.

-- A view of the table with its columns in the order that they had at first, without the hidden ones; in the place of a column of `places`
-- stands the one of `shown`, under the name of `named`. With the rights of the table, asked of whoever uses the view
-- (from PostgreSQL 15; before it the view's owner reads the table, and rekey.expect_bridge refuses row security).
CREATE PROCEDURE rekey.make_bridge(in_schema text, of_table text, hidden text[], places text[], shown text[], named text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := of_table;
  name   text := (SELECT format('%I.%I', in_schema, relname) FROM pg_class WHERE oid = target);
  item   record;
BEGIN
  EXECUTE format('CREATE VIEW %s %s AS SELECT %s FROM %s', name,
    CASE WHEN current_setting('server_version_num')::integer >= 150000 THEN 'WITH (security_invoker = true)' END, (
      SELECT string_agg(format('%I AS %I', coalesce(shown[i], attname), coalesce(named[i], attname)), ', '
                        ORDER BY coalesce(place, attnum))
      FROM pg_attribute CROSS JOIN LATERAL array_position(places, attname::text) i
      LEFT JOIN rekey.kept_columns ON table_name = of_table AND column_name = attname
      WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname <> ALL (hidden)), of_table);
  FOR item IN
    SELECT privilege_type, '' AS columns, grantee, is_grantable FROM pg_class c, aclexplode(coalesce(relacl, acldefault('r', relowner)))
    WHERE c.oid = target AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    UNION ALL
    SELECT privilege_type, format(' (%I)', coalesce(named[array_position(places, attname::text)], attname)), grantee, is_grantable
    FROM pg_attribute, aclexplode(attacl)
    WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname <> ALL (hidden) AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE')
  LOOP
    EXECUTE format('GRANT %s%s ON %s TO %s%s', item.privilege_type, item.columns, name,
                   CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
                   CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
  EXECUTE format('COMMENT ON VIEW %s IS %L', name, format('%s for the time of a deployment; rekey drops it in the cleanup', of_table));
END
$body$;

-- A view would show rows that the table hides.
CREATE PROCEDURE rekey.expect_bridge(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF current_setting('server_version_num')::integer < 150000
     AND (SELECT relrowsecurity FROM pg_class WHERE oid = of_table::regclass) THEN
    RAISE EXCEPTION '% has row security, which a view passes by before PostgreSQL 15: there is no bridge over it', of_table
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Leave bridge out of the plan.';
  END IF;
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
VALUES ('010.foundation', '010', 1, true, false, '{}', '{}', '7c74186985626517e57892342961c3cce96d6d06a20468120cb654c365d3b95b', 'bb4a1ad1868b70706571c33ee577781214d0c0249667ecc19fa24ad60381433c', 'done');
INSERT INTO rekey.history (step, event) VALUES ('010.foundation', 'done');
COMMIT;

