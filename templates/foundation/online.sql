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
      -- A part that was made by an ATTACH may name it otherwise; the renaming would go down to it, and fail.
      AND NOT EXISTS (SELECT FROM pg_partition_tree(index) part WHERE NOT EXISTS (
                        SELECT FROM pg_attribute o WHERE o.attrelid = part.relid AND o.attname = here.attname))
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
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s USING INDEX %I', target, put,
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
  IF NOT EXISTS (SELECT FROM rekey.key_columns c CROSS JOIN LATERAL rekey.sequence_position(c.sequence) p
                 WHERE c.domain = of_domain AND (p.last_value, p.is_called) IS DISTINCT FROM (c.last_value, c.is_called)) THEN
    RETURN;
  END IF;
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

-- Takes relations for itself, one after the other, but gives up after `at_most`. Whoever comes meanwhile waits behind it.
CREATE PROCEDURE rekey.take_turn(relations text[], at_most interval)
LANGUAGE plpgsql
AS $body$
DECLARE
  until timestamptz := clock_timestamp() + at_most;
  item  text;
BEGIN
  FOREACH item IN ARRAY relations LOOP
    PERFORM set_config('lock_timeout', format('%sms', greatest(1, ceil(1000 * extract(epoch FROM until - clock_timestamp())))), true);
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', item);
  END LOOP;
END
$body$;

-- Takes relations for itself. A waiting lock of this kind lets nobody else in, so it does not wait: it tries for all of
-- them again and again, and keeps none where one is taken. Where there is never a moment without a reader that would
-- never come, so every fifth try takes its turn: for 80 ms, the next one for longer, up to lock_timeout, and for less
-- than deadlock_timeout, so that nobody who waits for it is taken for part of a deadlock.
CREATE PROCEDURE rekey.lock_out(VARIADIC relations text[])
LANGUAGE plpgsql
AS $body$
DECLARE
  given text := current_setting('lock_timeout');
  most  interval := least(nullif(given::interval, '0'), 0.8 * current_setting('deadlock_timeout')::interval);
  turn  interval := '80ms';
BEGIN
  FOR try IN 1..30 LOOP
    BEGIN
      PERFORM set_config('rekey.locked_at', clock_timestamp()::text, true);
      IF try % 5 > 0 THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', array_to_string(relations, ', '));
      ELSE
        CALL rekey.take_turn(relations, least(turn, most));
      END IF;
      PERFORM set_config('lock_timeout', given, true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF try = 30 THEN
        RAISE;
      END IF;
      turn := CASE WHEN try % 5 > 0 THEN turn ELSE 2 * turn END;
      PERFORM pg_sleep(0.01 + 0.04 * random());
    END;
  END LOOP;
END
$body$;

-- Statements, each to the end of a line. Blocks of PL/pgSQL would keep a plan of each, all of which every change of a
-- table has to look through.
CREATE PROCEDURE rekey.at_once(statements text)
LANGUAGE plpgsql
AS $body$
DECLARE
  item text;
BEGIN
  FOREACH item IN ARRAY string_to_array(rtrim(statements, E';\n'), E';\n') LOOP
    EXECUTE item;
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
