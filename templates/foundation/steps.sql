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
{{#borrowed}}
  FOR number IN SELECT arrays FROM rekey.domains WHERE phase = phase_id AND generator = 'borrowed' AND arrays IS NOT NULL LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS rekey.document_keys_%s, rekey.document_ids_%1$s, rekey.document_back_%1$s, rekey.document_known_%1$s', number);
  END LOOP;
  DELETE FROM rekey.places WHERE (table_name, column_name) IN (
    SELECT table_name, column_name FROM rekey.key_columns JOIN rekey.domains USING (domain) WHERE phase = phase_id);
{{/borrowed}}
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
