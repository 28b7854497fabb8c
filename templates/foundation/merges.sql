-- Rows that would get one key become one. Merging ids of a domain means that every column that holds such an id holds the
-- kept one from then on; rows of other tables that a unique key then takes for one are merged in turn, and stay or go as
-- the rows that they referred to did.
CREATE TABLE rekey.merged_columns (
  step        text NOT NULL,
  domain      text NOT NULL,
  table_name  text NOT NULL,
  column_name text NOT NULL,
  is_own      boolean NOT NULL,
  is_root     boolean NOT NULL,
  is_array    boolean NOT NULL,
  PRIMARY KEY (step, table_name, column_name)
);
COMMENT ON COLUMN rekey.merged_columns.is_own IS 'It tells the rows of its table apart, and refers to no other';

CREATE TABLE rekey.merged_keys (
  step     text NOT NULL,
  domain   text NOT NULL,
  old_key  text NOT NULL,
  kept_key text NOT NULL,
  place    bigint NOT NULL,
  round    integer,
  PRIMARY KEY (step, domain, old_key)
);
COMMENT ON TABLE rekey.merged_keys IS 'Which row became which, by their keys at that time';

CREATE TABLE rekey.merge_losers (
  table_oid  oid NOT NULL,
  row_id     tid NOT NULL,
  kept_table oid NOT NULL,
  kept_row   tid NOT NULL,
  place      bigint NOT NULL
);
COMMENT ON TABLE rekey.merge_losers IS 'Empty but within a step that merges rows';

CREATE PROCEDURE rekey.find_duplicates(of_step text, of_domain text, query text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('INSERT INTO rekey.merged_keys (step, domain, old_key, kept_key, place) '
                 'SELECT %L, %L, d.key, d.kept, d.place FROM (%s) d (key, kept, place) WHERE d.place > 0', of_step, of_domain, query);
END
$body$;

-- An array with kept ids in place of others, in its shape.
CREATE FUNCTION rekey.merged_array(list anyarray, of_step text, of_domain text, of_round integer) RETURNS anyarray
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  pair record;
  kind text := (SELECT typelem::regtype::text FROM pg_type WHERE oid = pg_typeof(list));
BEGIN
  FOR pair IN SELECT old_key, kept_key FROM rekey.merged_keys m
              WHERE m.step = of_step AND m.domain = of_domain AND m.round = of_round AND m.old_key = ANY (list::text[]) LOOP
    EXECUTE format('SELECT array_replace($1, %L::%s, %L::%s)', pair.old_key, kind, pair.kept_key, kind) INTO list USING list;
  END LOOP;
  RETURN list;
END
$body$;

-- Columns of a table that hold keys of the domain, but for its own key.
CREATE FUNCTION rekey.referring_columns(of_step text, of_domain text, of_table text)
RETURNS TABLE (name text, is_array boolean, type text, n bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT c.column_name, c.is_array, format_type(a.atttypid, a.atttypmod), row_number() OVER (ORDER BY c.column_name)
  FROM rekey.merged_columns c JOIN pg_attribute a ON a.attrelid = c.table_name::regclass AND a.attname = c.column_name
  WHERE c.step = of_step AND c.domain = of_domain AND c.table_name = of_table AND NOT c.is_root
$body$;

-- Its rows as they will be: every column, "~place" above 0 where something changes, and where the row is now.
CREATE FUNCTION rekey.merged_rows(of_step text, of_domain text, of_round integer, of_table text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  WITH referring AS (SELECT * FROM rekey.referring_columns(of_step, of_domain, of_table)),
  map AS (SELECT format('(SELECT old_key, kept_key, place FROM rekey.merged_keys WHERE step = %L AND domain = %L AND round = %s)',
                        of_step, of_domain, of_round) AS query),
  changed AS (
    SELECT name, n, is_array,
           CASE WHEN is_array THEN format('rekey.merged_array(x.%I, %L, %L, %s)', name, of_step, of_domain, of_round)
                ELSE format('coalesce(m%s.kept_key::%s, x.%I)', n, type, name) END AS value,
           CASE WHEN is_array THEN format('CASE WHEN x.%I IS DISTINCT FROM rekey.merged_array(x.%1$I, %2$L, %3$L, %4$s) THEN 1 ELSE 0 END',
                                          name, of_step, of_domain, of_round)
                ELSE format('coalesce(m%s.place, 0)', n) END AS place
    FROM referring)
  SELECT format('SELECT x.tableoid AS "~table", x.ctid AS "~row", %s AS "~place", %s FROM %s x%s',
    (SELECT string_agg(place, ' + ') FROM changed),
    (SELECT string_agg(coalesce(c.value, format('x.%I', a.attname)) || format(' AS %I', a.attname), ', ' ORDER BY a.attnum)
     FROM pg_attribute a LEFT JOIN changed c ON c.name = a.attname
     WHERE a.attrelid = of_table::regclass AND a.attnum > 0 AND NOT a.attisdropped),
    of_table,
    (SELECT string_agg(format(' LEFT JOIN %s m%s ON m%2$s.old_key = x.%3$I::text', map.query, n, name), '') FROM changed, map WHERE NOT is_array))
$body$;

-- Rows that one unique index would take for the same: those of merge_losers go, each for the row that comes first.
CREATE PROCEDURE rekey.find_losers(rows_as_they_will_be text, of_table regclass, of_index regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  parts text;
  given text;
  first text := (SELECT string_agg(format('%I', k), ', ') FROM unnest(rekey.row_key(of_table)) k);
BEGIN
  SELECT string_agg(format('(%s)', pg_get_indexdef(of_index, k, true)), ', ' ORDER BY k),
         CASE WHEN to_jsonb(i) ->> 'indnullsnotdistinct' = 'true' THEN 'true'
              ELSE string_agg(format('(%s) IS NOT NULL', pg_get_indexdef(of_index, k, true)), ' AND ') END
  INTO parts, given
  FROM pg_index i CROSS JOIN generate_series(1, i.indnkeyatts::integer) k WHERE i.indexrelid = of_index GROUP BY i.*;
  EXECUTE format('INSERT INTO rekey.merge_losers SELECT * FROM ('
    'SELECT "~table", "~row", first_value("~table") OVER same, first_value("~row") OVER same, row_number() OVER same - 1 AS "~behind" '
    'FROM (%s) x WHERE %s AND (%s) WINDOW same AS (PARTITION BY %s ORDER BY "~place"%s)) losers WHERE "~behind" > 0',
    rows_as_they_will_be, given, coalesce((SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = of_index), 'true'),
    parts, coalesce(', ' || first, ''));
END
$body$;

-- Their own keys are merged next. What became a row that becomes another becomes that one.
CREATE PROCEDURE rekey.note_losers(of_step text, of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  own rekey.merged_columns;
BEGIN
  FOR own IN SELECT * FROM rekey.merged_columns WHERE step = of_step AND table_name = of_table AND is_own LOOP
    EXECUTE format('INSERT INTO rekey.merged_keys (step, domain, old_key, kept_key, place) '
      'SELECT %L, %L, gone.%I::text, kept.%3$I::text, l.place FROM rekey.merge_losers l '
      'JOIN %4$s gone ON gone.tableoid = l.table_oid AND gone.ctid = l.row_id JOIN %4$s kept ON kept.tableoid = l.kept_table AND kept.ctid = l.kept_row '
      'WHERE gone.%3$I IS NOT NULL AND kept.%3$I IS NOT NULL', of_step, own.domain, own.column_name, of_table);
    ANALYZE rekey.merged_keys;
    UPDATE rekey.merged_keys m SET kept_key = n.kept_key FROM rekey.merged_keys n
    WHERE m.step = of_step AND n.step = of_step AND m.domain = own.domain AND n.domain = own.domain AND m.kept_key = n.old_key;
  END LOOP;
END
$body$;

CREATE PROCEDURE rekey.remove_losers(of_step text, of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  made rekey.archives;
BEGIN
  IF NOT EXISTS (SELECT FROM rekey.merge_losers) THEN
    RETURN;
  END IF;
  ANALYZE rekey.merge_losers;
  CALL rekey.note_losers(of_step, of_table);
  made := rekey.new_archive(of_step, of_table, 'merge', NULL);
  EXECUTE format('WITH gone AS (DELETE FROM %s x USING rekey.merge_losers l WHERE x.tableoid = l.table_oid AND x.ctid = l.row_id RETURNING x.*) '
                 'INSERT INTO %s SELECT * FROM gone', of_table, made.archive);
  DELETE FROM rekey.merge_losers;
  CALL rekey.close_archive(made);
END
$body$;

-- The rows whose own key is merged.
CREATE PROCEDURE rekey.remove_merged(of_step text, of_domain text, of_round integer, of_table text, of_column text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  made rekey.archives := rekey.new_archive(of_step, of_table, 'merge', NULL);
BEGIN
  EXECUTE format('WITH gone AS (DELETE FROM %s x USING rekey.merged_keys m WHERE m.step = %L AND m.domain = %L AND m.round = %s '
                 'AND m.old_key = x.%I::text RETURNING x.*) INSERT INTO %s SELECT * FROM gone',
                 of_table, of_step, of_domain, of_round, of_column, made.archive);
  CALL rekey.close_archive(made);
END
$body$;

-- One UPDATE a table, whatever columns of it refer to merged rows.
CREATE PROCEDURE rekey.repoint(of_step text, of_table text, columns text[], rows_as_they_will_be text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  made rekey.archives := rekey.new_archive(of_step, of_table, 'repoint', columns);
  rest text;
BEGIN
  -- a row whose key is a part of the change is told from others by all else that it has
  rest := CASE WHEN made.key_columns && columns THEN format('(SELECT to_jsonb(r) FROM (SELECT %s) r)',
    (SELECT string_agg(format('y.%I', attname), ', ') FROM pg_attribute WHERE attrelid = of_table::regclass AND attnum > 0 AND NOT attisdropped))
    ELSE 'NULL' END;
  EXECUTE format('INSERT INTO %s SELECT %s, %s, %s FROM (%s) y JOIN %s t ON t.tableoid = y."~table" AND t.ctid = y."~row" WHERE y."~place" > 0', made.archive,
    (SELECT string_agg(format('y.%I', k), ', ' ORDER BY n) FROM unnest(made.key_columns) WITH ORDINALITY u (k, n)),
    (SELECT string_agg(format('t.%I, y.%1$I', c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n)), rest,
    rows_as_they_will_be, of_table);
  EXECUTE format('UPDATE %s t SET %s FROM (%s) y WHERE t.tableoid = y."~table" AND t.ctid = y."~row" AND y."~place" > 0', of_table,
    (SELECT string_agg(format('%I = y.%1$I', c), ', ') FROM unnest(columns) c), rows_as_they_will_be);
  CALL rekey.close_archive(made);
EXCEPTION WHEN unique_violation OR exclusion_violation OR check_violation THEN
  RAISE EXCEPTION 'rows of % cannot refer to the row that stays: %', of_table, SQLERRM
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Of unique keys only indexes of the table itself, with the collations of its '
      'columns, say which rows are the same: merge these rows before, with statements of your own.';
END
$body$;

CREATE PROCEDURE rekey.merge_in_table(of_step text, of_domain text, of_round integer, of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  own     text := (SELECT column_name FROM rekey.merged_columns
                   WHERE step = of_step AND domain = of_domain AND table_name = of_table AND is_own LIMIT 1);
  columns text[] := (SELECT array_agg(name ORDER BY n) FROM rekey.referring_columns(of_step, of_domain, of_table));
  will_be text;
  hit     boolean;
  item    regclass;
BEGIN
  CALL rekey.refuse_loud_triggers(of_table::regclass);
  IF own IS NOT NULL THEN
    CALL rekey.remove_merged(of_step, of_domain, of_round, of_table, own);
  END IF;
  IF columns IS NULL THEN
    RETURN;
  END IF;
  will_be := rekey.merged_rows(of_step, of_domain, of_round, of_table);
  EXECUTE format('SELECT EXISTS (SELECT FROM (%s) x WHERE "~place" > 0)', will_be) INTO hit;
  IF NOT hit THEN
    RETURN;
  END IF;
  FOR item IN
    SELECT indexrelid FROM pg_index WHERE indrelid = of_table::regclass AND indisunique AND indisvalid
      AND (indexprs IS NOT NULL OR indpred IS NOT NULL OR EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey) AND attname = ANY (columns)))
    ORDER BY indisprimary DESC, indexrelid
  LOOP
    CALL rekey.find_losers(will_be, of_table::regclass, item);
    CALL rekey.remove_losers(of_step, of_table);
  END LOOP;
  CALL rekey.repoint(of_step, of_table, columns, will_be);
END
$body$;

-- Until no domain has keys that are merged and not yet followed.
CREATE PROCEDURE rekey.merge_rows(of_step text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  of_domain text;
  number    integer := 0;
  item      text;
BEGIN
  LOOP
    SELECT domain INTO of_domain FROM rekey.merged_keys WHERE step = of_step AND round IS NULL ORDER BY domain LIMIT 1;
    EXIT WHEN NOT FOUND;
    number := number + 1;
    UPDATE rekey.merged_keys SET round = number WHERE step = of_step AND domain = of_domain AND round IS NULL;
    ANALYZE rekey.merged_keys;
    FOR item IN SELECT DISTINCT table_name FROM rekey.merged_columns WHERE step = of_step AND domain = of_domain ORDER BY table_name LOOP
      CALL rekey.merge_in_table(of_step, of_domain, number, item);
    END LOOP;
  END LOOP;
END
$body$;

-- After its rows are back.
CREATE PROCEDURE rekey.forget_merges(of_step text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  DELETE FROM rekey.merged_keys WHERE step = of_step;
  DELETE FROM rekey.merged_columns WHERE step = of_step;
$body$;
