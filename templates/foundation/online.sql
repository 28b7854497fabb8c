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
  altered text := (SELECT string_agg(format('ALTER COLUMN %I SET NOT NULL', name), ', ')
                   FROM unnest(rekey.required(of_table, columns, others)) name);
BEGIN
  IF altered IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s %s', of_table, altered);
  END IF;
  CALL rekey.require_no_more(of_table);
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

-- What stands on keys and is not in the plan would stay with the generation that goes.
CREATE PROCEDURE rekey.expect_indexes(of_table text, columns text[], known text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text := (
    SELECT string_agg(format('index %I', relname), ', ' ORDER BY relname) FROM pg_index JOIN pg_class i ON i.oid = indexrelid
    WHERE indrelid = of_table::regclass AND indisvalid AND NOT indisprimary AND NOT relispartition AND relname !~ '^rekey_'
      AND relname <> ALL (known) AND EXISTS (
        SELECT FROM pg_attribute a WHERE attrelid = indrelid AND attname = ANY (columns) AND (attnum = ANY (indkey) OR EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = indexrelid
            AND d.refclassid = d.classid AND d.refobjid = indrelid AND d.refobjsubid = a.attnum))));
BEGIN
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% on keys of % is not in the plan', wrong, of_table
      USING ERRCODE = 'RK003', HINT = 'Drop it, or its constraint, then go on, forward or back, and make it again on the keys that are there then.';
  END IF;
END
$body$;
