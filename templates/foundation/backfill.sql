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

-- What is done with rows: columns of them are assigned, or, where it begins with SELECT, something is done for each.
CREATE FUNCTION rekey.filling(of_table text, assigned text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $body$
  SELECT CASE WHEN assigned ~ '^SELECT ' THEN pg_catalog.format('%s FROM %s t', assigned, of_table)
              ELSE pg_catalog.format('UPDATE %s t SET %s', of_table, assigned) END
$body$;

-- Row by row: what somebody else is about to do for one of them is left to that.
CREATE PROCEDURE rekey.fill_one_by_one(of_table text, assigned text, condition text, INOUT filled bigint)
LANGUAGE plpgsql
AS $body$
DECLARE
  item record;
BEGIN
  filled := 0;
  FOR item IN EXECUTE format('SELECT ctid AS place FROM %s t WHERE %s', of_table, condition) LOOP
    BEGIN
      EXECUTE format('%s WHERE ctid = $1', rekey.filling(of_table, assigned)) USING item.place;
      filled := filled + 1;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    END;
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
    EXECUTE format('%s WHERE %s AND (%s)', rekey.filling(of_table, assigned), within, missing);
    GET DIAGNOSTICS filled = ROW_COUNT;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    IF assigned ~ '^SELECT ' THEN
      CALL rekey.fill_one_by_one(of_table, assigned, format('%s AND (%s)', within, missing), filled);
      RETURN;
    END IF;
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
  IF assigned ~ '^SELECT ' THEN
    ANALYZE rekey.keys, rekey.pairs;
    COMMIT;
  END IF;
  WHILE assigned !~ '^SELECT ' LOOP  -- what moves is the concern of triggers
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
