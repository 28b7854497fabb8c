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
