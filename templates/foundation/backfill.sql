-- Fills columns beside the application, in batches.

CREATE TABLE rekey.backfills (
  step       text PRIMARY KEY,
  next_block bigint NOT NULL DEFAULT 0,
  end_block  bigint NOT NULL,
  batch      bigint NOT NULL DEFAULT 64,
  rows       bigint NOT NULL DEFAULT 0,
  waits_for  text
);
COMMENT ON TABLE rekey.backfills IS
  'How far each backfill is: blocks of its table, those that it had at the start; committed with the rows';

CREATE TABLE rekey.throttle (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  paused   timestamptz,
  most_lag interval NOT NULL DEFAULT '10 s'
);
INSERT INTO rekey.throttle DEFAULT VALUES;
COMMENT ON TABLE rekey.throttle IS
  'What backfills heed before each batch: a pause, and how far a standby may be behind (as far as the role sees pg_stat_replication)';

-- Why a backfill should wait; null: it need not.
CREATE FUNCTION rekey.held_back() RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN paused IS NOT NULL THEN 'rekey resume: paused since ' || date_trunc('second', paused)
              WHEN lag > most_lag THEN format('a standby that is %s behind (rekey.throttle allows %s)', date_trunc('second', lag), most_lag) END
  FROM rekey.throttle, LATERAL (SELECT max(replay_lag) AS lag FROM pg_stat_replication) r
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
    PERFORM pg_sleep(0.3);
    COMMIT;
    reason := rekey.held_back();
  END LOOP;
  UPDATE rekey.backfills SET waits_for = NULL WHERE step = of_step AND waits_for IS NOT NULL;
  COMMIT;
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
                   'FOR NO KEY UPDATE SKIP LOCKED)) AND (%4$s)', of_table, assigned, within, missing);
    GET DIAGNOSTICS filled = ROW_COUNT;
  END;
END
$body$;

-- Fills the new keys of the rows that lack them, batch by batch, each with its place in rekey.backfills; batches
-- take about half a second. Rows that move meanwhile are filled by the trigger that sees them; last come passes over
-- what is left, rows that somebody held.
-- Called outside of a transaction, with the search_path of the files; where it is cut off it goes on.
CREATE PROCEDURE rekey.backfill(of_step text, of_table text, assigned text, missing text)
LANGUAGE plpgsql
AS $body$
DECLARE
  state   rekey.backfills;
  silent  boolean := rekey.fires_on_update(of_table::regclass);
  started timestamptz;
  took    float;
  filled  bigint;
  till    bigint;
  rest    boolean;
BEGIN
  INSERT INTO rekey.backfills (step, end_block)
  VALUES (of_step, pg_relation_size(of_table::regclass)
                   / current_setting('block_size')::bigint)
  ON CONFLICT (step) DO NOTHING;
  COMMIT;
  LOOP
    CALL rekey.wait_while_held_back(of_step);
    SELECT * INTO state FROM rekey.backfills WHERE step = of_step;
    EXIT WHEN state.next_block >= state.end_block;
    started := clock_timestamp();
    till := least(state.next_block + state.batch, state.end_block);
    IF silent THEN
      PERFORM set_config('session_replication_role', 'replica', true);
    END IF;
    CALL rekey.fill_blocks(of_table, assigned, missing, state.next_block, till, filled);
    took := extract(epoch FROM clock_timestamp() - started);
    UPDATE rekey.backfills SET next_block = till, rows = rows + filled,
      batch = CASE WHEN took > 0.5 THEN greatest(1, (batch * 0.5 / took)::bigint)
                   WHEN took < 0.3 THEN least(batch * 3 / 2 + 1, 16384) ELSE batch END
    WHERE step = of_step;
    COMMIT;
  END LOOP;
  LOOP
    CALL rekey.wait_while_held_back(of_step);
    IF silent THEN
      PERFORM set_config('session_replication_role', 'replica', true);
    END IF;
    EXECUTE format('UPDATE %1$s t SET %2$s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s t WHERE %3$s LIMIT 1000 '
                   'FOR NO KEY UPDATE SKIP LOCKED)) AND (%3$s)', of_table, assigned, missing);
    GET DIAGNOSTICS filled = ROW_COUNT;
    COMMIT;
    CONTINUE WHEN filled > 0;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s t WHERE %s)', of_table, missing) INTO rest;
    EXIT WHEN NOT rest;
    PERFORM pg_sleep(0.3);
    COMMIT;
  END LOOP;
END
$body$;
