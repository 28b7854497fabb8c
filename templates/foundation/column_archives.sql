-- Columns that a cleanup drops, and what brings them back.

CREATE TABLE rekey.column_archives (
  archive     integer PRIMARY KEY,
  step        text NOT NULL,
  table_name  text NOT NULL UNIQUE,
  rows        bigint NOT NULL,
  bytes       bigint NOT NULL,
  indexes     bigint NOT NULL,
  columns     jsonb NOT NULL,
  objects     text[] NOT NULL,
  statements  text[] NOT NULL
);
COMMENT ON TABLE rekey.column_archives IS
  'Tables whose columns a cleanup has dropped: values stand in rekey.columns_N, N its number, statements make the rest again';
COMMENT ON COLUMN rekey.column_archives.bytes IS 'Of the values in the table and of the indexes that went with them';

-- Key columns that are gone: what rekey.key_columns had of them.
CREATE TABLE rekey.archived_key_columns (LIKE rekey.key_columns);

-- What would go with columns but is not the table's own, without the views and functions that are known.
CREATE FUNCTION rekey.users_of_columns(of_table regclass, numbers smallint[], known text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(DISTINCT described, ', ' ORDER BY described) FROM (
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS described
    FROM pg_depend d
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_constraint n ON d.classid = 'pg_constraint'::regclass AND n.oid = d.objid
    LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = of_table AND d.refobjsubid = ANY (numbers)
      AND NOT coalesce(c.relkind IN ('i', 'S'), false)
      AND NOT coalesce(n.conrelid = of_table, false)
      AND NOT coalesce(f.adrelid = of_table AND f.adnum = ANY (numbers), false)
      AND NOT coalesce(g.tgfoid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'rekey'::regnamespace), false)
      AND d.classid <> 'pg_statistic_ext'::regclass
      AND NOT coalesce(r.ev_class::regclass::text = ANY (known), false)
      AND NOT (d.classid = 'pg_proc'::regclass AND d.objid::regprocedure::text = ANY (known))
    UNION ALL
    SELECT format('foreign key %I of %s', conname, conrelid::regclass) FROM pg_constraint
    WHERE confrelid = of_table AND contype = 'f' AND confkey && numbers) users
$body$;

-- What rows could break once columns are back that nobody has given a value since: foreign keys whose parents are gone,
-- unique keys over a default, checks of several columns.
CREATE FUNCTION rekey.constraints_in_the_way(of_table regclass, columns text[], expressions text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  WITH gone AS (
    SELECT attnum, atthasdef FROM unnest(columns, expressions) u (c, expression)
    JOIN pg_attribute ON attrelid = of_table AND attname = c WHERE expression = ''),
  numbers AS (SELECT array_agg(attnum) AS list, array_agg(attnum) FILTER (WHERE atthasdef) AS with_default FROM gone)
  SELECT string_agg(what, ', ' ORDER BY what) FROM (
    SELECT format('constraint %I', conname) AS what FROM pg_constraint, numbers
    WHERE conrelid = of_table AND conkey && list AND (contype = 'f' OR contype = 'c' AND cardinality(conkey) > 1)
    UNION ALL
    SELECT format('unique index %s', indexrelid::regclass) FROM pg_index, numbers
    WHERE indrelid = of_table AND indisunique AND (indkey::smallint[]) && with_default) found
$body$;

-- Refuses what could not come back.
CREATE PROCEDURE rekey.expect_droppable(of_table text, columns text[], expressions text[], known text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  numbers smallint[] := ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = ANY (columns) AND NOT attisdropped);
  wrong   text;
BEGIN
  SELECT string_agg(quote_ident(c) || CASE WHEN attname IS NULL THEN ' is missing' WHEN attidentity <> '' THEN ' is an identity'
                                           WHEN attgenerated <> '' THEN ' is generated'
                                           ELSE ' is NOT NULL and has no default that rows written since could get on the way back' END, '; ')
  INTO wrong
  FROM unnest(columns, expressions) u (c, expression)
  LEFT JOIN pg_attribute ON attrelid = of_table::regclass AND attname = c AND NOT attisdropped
  WHERE attname IS NULL OR attidentity <> '' OR attgenerated <> '' OR (attnotnull AND NOT atthasdef AND expression = '');
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% is to lose columns: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Take the columns out of drop: in the plan, or change them before.';
  END IF;
  wrong := rekey.constraints_in_the_way(of_table::regclass, columns, expressions);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'rows of % written since would stop the way back: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Drop these before, or take the columns out of drop: in the plan.';
  END IF;
  wrong := rekey.users_of_columns(of_table::regclass, numbers, known);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'columns of % that are to be dropped are used by: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Let these do without the columns: a view by a replacement: in the plan, or by hand before.';
  END IF;
END
$body$;

-- What makes columns again what they were, once they have their values: the order matters.
CREATE FUNCTION rekey.column_statements(of_table regclass, numbers smallint[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  WITH gone AS (
    SELECT a.*, format('ALTER TABLE %s ALTER COLUMN %I ', of_table, attname) AS alter_column,
           (SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', of_table, conname, pg_get_constraintdef(oid)) FROM pg_constraint
            WHERE conrelid = of_table AND contype = 'n' AND conkey = ARRAY[attnum]) AS named_not_null
    FROM pg_attribute a WHERE attrelid = of_table AND attnum = ANY (numbers))
  SELECT array_agg(statement ORDER BY part, place, n, statement) FROM (
    SELECT 1 AS part, attnum::bigint AS place, 1::bigint AS n, alter_column || 'SET DEFAULT ' || pg_get_expr(adbin, adrelid) AS statement
    FROM gone JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT 1, attnum, 1, coalesce(named_not_null, alter_column || 'SET NOT NULL') FROM gone WHERE attnotnull
    UNION ALL
    SELECT 1, attnum, 1, alter_column || 'SET STATISTICS ' || attstattarget FROM gone WHERE coalesce(attstattarget, -1) >= 0
    UNION ALL
    SELECT 1, attnum, 1, alter_column || 'SET STORAGE ' || CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'm' THEN 'MAIN' WHEN 'e' THEN 'EXTERNAL' ELSE 'EXTENDED' END
    FROM gone JOIN pg_type t ON t.oid = atttypid WHERE attstorage <> typstorage
    UNION ALL
    SELECT 1, attnum, 1, alter_column || format('SET (%s)', array_to_string(attoptions, ', ')) FROM gone WHERE attoptions IS NOT NULL
    UNION ALL
    SELECT 1, attnum, 1, format('COMMENT ON COLUMN %s.%I IS %L', of_table, attname, col_description(attrelid, attnum))
    FROM gone WHERE col_description(attrelid, attnum) IS NOT NULL
    UNION ALL
    SELECT 1, attnum, 1, format('GRANT %s (%I) ON %s TO %s%s', privilege_type, attname, of_table,
                             CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
    FROM gone CROSS JOIN aclexplode(attacl)
    UNION ALL
    SELECT 1, attnum, 1, format('ALTER SEQUENCE %s OWNED BY %s.%I', objid::regclass, of_table, attname)
    FROM gone JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = attrelid AND refobjsubid = attnum
    JOIN pg_class s ON classid = 'pg_class'::regclass AND s.oid = objid AND relkind = 'S'
    UNION ALL
    SELECT CASE contype WHEN 'f' THEN 4 ELSE 2 END, c.oid::bigint, n, s
    FROM pg_constraint c CROSS JOIN LATERAL unnest(
      format('ALTER TABLE %s ADD CONSTRAINT %I %s', of_table, conname, pg_get_constraintdef(c.oid)) || rekey.constraint_statements(c)) WITH ORDINALITY u (s, n)
    WHERE conrelid = of_table AND contype <> 'n' AND (conkey && numbers OR EXISTS (
      SELECT FROM pg_depend WHERE classid = 'pg_constraint'::regclass AND objid = c.oid AND refobjid = of_table AND refobjsubid = ANY (numbers)))
    UNION ALL
    SELECT 3, i.indexrelid::bigint, n, s
    FROM pg_index i CROSS JOIN LATERAL unnest(pg_get_indexdef(indexrelid) || rekey.index_statements(indexrelid)) WITH ORDINALITY u (s, n)
    WHERE indrelid = of_table AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = of_table)
      AND EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = indexrelid AND refobjid = of_table AND refobjsubid = ANY (numbers))
    UNION ALL
    SELECT 5, e.oid::bigint, 1, pg_get_statisticsobjdef(e.oid) FROM pg_statistic_ext e WHERE stxrelid = of_table
      AND EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_statistic_ext'::regclass AND objid = e.oid AND refobjid = of_table AND refobjsubid = ANY (numbers))
  ) statements
$body$;

-- Indexes that go with columns, and how large they are.
CREATE FUNCTION rekey.indexes_of_columns(of_table regclass, numbers smallint[], OUT indexes bigint, OUT bytes bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT count(*), coalesce(sum(pg_relation_size(indexrelid)), 0) FROM pg_index WHERE indrelid = of_table AND EXISTS (
    SELECT FROM pg_depend d LEFT JOIN pg_constraint c ON c.conindid = indexrelid AND c.conrelid = of_table
    WHERE refobjid = of_table AND refobjsubid = ANY (numbers)
      AND (classid = 'pg_class'::regclass AND objid = indexrelid OR classid = 'pg_constraint'::regclass AND objid = c.oid))
$body$;

-- Names of constraints, and of indexes and statistics with their schemas, that go with columns.
CREATE FUNCTION rekey.objects_of_columns(of_table regclass, numbers smallint[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT ARRAY(
    SELECT DISTINCT coalesce(quote_ident(conname), i.oid::regclass::text, format('%I.%I', nspname, stxname))
    FROM pg_depend d
    LEFT JOIN pg_constraint c ON classid = 'pg_constraint'::regclass AND c.oid = objid
    LEFT JOIN pg_class i ON classid = 'pg_class'::regclass AND i.oid = objid AND i.relkind = 'i'
    LEFT JOIN pg_statistic_ext s ON classid = 'pg_statistic_ext'::regclass AND s.oid = objid
    LEFT JOIN pg_namespace n ON n.oid = stxnamespace
    WHERE refclassid = 'pg_class'::regclass AND refobjid = of_table AND refobjsubid = ANY (numbers)
      AND (c.oid IS NOT NULL OR i.oid IS NOT NULL OR s.oid IS NOT NULL)
    ORDER BY 1)
$body$;

CREATE PROCEDURE rekey.archive_columns(of_step text, number integer, of_table text, columns text[], key text[], expressions text[], sources text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  numbers smallint[] := ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = ANY (columns) AND NOT attisdropped);
  keys    text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(key) WITH ORDINALITY u (c, n));
  names   text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n));
  beside  text := (SELECT string_agg(', ' || quote_ident(s), '') FROM (SELECT DISTINCT s FROM unnest(sources) s WHERE s <> ALL (key || ARRAY[''])) d);
  owned   regclass;
  counted record;
BEGIN
  CALL rekey.expect_droppable(of_table, columns, expressions, '{}');
  IF rekey.key_names(of_table::regclass) IS DISTINCT FROM key THEN
    RAISE EXCEPTION 'the primary key of % is (%), not (%)', of_table, array_to_string(rekey.key_names(of_table::regclass), ', '),
      array_to_string(key, ', ') USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Correct primary_key in the plan.';
  END IF;
  INSERT INTO rekey.column_archives (archive, step, table_name, rows, bytes, indexes, columns, objects, statements)
  SELECT number, of_step, of_table, 0, i.bytes, i.indexes,
         (SELECT jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod), 'base', rekey.base_type(atttypid)::text,
                                              'collation', CASE WHEN attcollation <> t.typcollation THEN attcollation::regcollation::text END,
                                              'default', pg_get_expr(adbin, adrelid)) ORDER BY attnum)
          FROM pg_attribute JOIN pg_type t ON t.oid = atttypid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
          WHERE attrelid = of_table::regclass AND attnum = ANY (numbers)),
         rekey.objects_of_columns(of_table::regclass, numbers),
         coalesce(rekey.column_statements(of_table::regclass, numbers), '{}')
  FROM rekey.indexes_of_columns(of_table::regclass, numbers) i;
  -- What stands in the place of the columns from now on is there too: a row that has lost it since gets nothing back.
  EXECUTE format('CREATE TABLE rekey.columns_%s AS SELECT %s, %s%s FROM %s', number, keys, names, coalesce(beside, ''), of_table);
  EXECUTE format('ALTER TABLE rekey.columns_%s ADD PRIMARY KEY (%s)', number, keys);
  EXECUTE format('SELECT count(*) AS rows, coalesce(sum(%s), 0) AS bytes FROM rekey.columns_%s',
                 (SELECT string_agg(format('coalesce(pg_column_size(%I), 0)', c), ' + ') FROM unnest(columns) c), number) INTO counted;
  UPDATE rekey.column_archives SET rows = counted.rows, bytes = bytes + counted.bytes WHERE archive = number;
  FOR owned IN SELECT objid::regclass FROM pg_depend JOIN pg_class s ON s.oid = objid AND relkind = 'S'
               WHERE classid = 'pg_class'::regclass AND refclassid = classid AND refobjid = of_table::regclass AND refobjsubid = ANY (numbers) LOOP
    EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', owned);
  END LOOP;
  WITH gone AS (DELETE FROM rekey.key_columns WHERE table_name = of_table AND column_name = ANY (columns) RETURNING *)
  INSERT INTO rekey.archived_key_columns SELECT * FROM gone;
END
$body$;

-- The value of a row in a column that is gone: from columns beside it, from the archive, or the default that it had.
CREATE PROCEDURE rekey.make_archived_value(named text, of_table text, archive integer, of_column jsonb, key text[], expression text, source text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  types text := (SELECT string_agg(format_type(atttypid, NULL), ', ' ORDER BY n) FROM unnest(key) WITH ORDINALITY u (c, n)
                 JOIN pg_attribute ON attrelid = of_table::regclass AND attname = c);
BEGIN
  EXECUTE format('CREATE FUNCTION %s(uuid, %s) RETURNS %s LANGUAGE plpgsql IMMUTABLE AS %L', named, types, of_column ->> 'base', concat_ws(E'\n',
    'DECLARE', format('  kept %s;', of_column ->> 'base'), 'BEGIN',
    CASE WHEN expression <> '' THEN format('  IF $1 IS NOT NULL THEN RETURN %s; END IF;', expression) END,
    format('  SELECT a.%I INTO kept FROM rekey.columns_%s a WHERE %s%s;', of_column ->> 'name', archive,
           (SELECT string_agg(format('a.%I = $%s', c, n + 1), ' AND ' ORDER BY n) FROM unnest(key) WITH ORDINALITY u (c, n)),
           CASE WHEN source <> '' THEN format(' AND a.%I IS NULL', source) END),
    '  IF FOUND THEN RETURN kept; END IF;',
    format('  RETURN %s;', CASE WHEN source <> '' THEN 'NULL' ELSE coalesce(of_column ->> 'default', 'NULL') END), 'END'));
END
$body$;

-- Added empty and filled by one ALTER TABLE: no trigger of the table sees it, and no row is written twice.
CREATE PROCEDURE rekey.restore_archived(of_step text, of_table text, columns text[], key text[], expressions text[], sources text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept      rekey.column_archives;
  item      record;
  additions text;
  values_of text;
BEGIN
  SELECT * INTO STRICT kept FROM rekey.column_archives WHERE step = of_step;
  FOR item IN SELECT c, place, format('rekey.archived_%s_%s', kept.archive, place) AS value, expressions[n] AS expression, sources[n] AS source
              FROM jsonb_array_elements(kept.columns) WITH ORDINALITY j (c, place)
              JOIN unnest(columns) WITH ORDINALITY u (name, n) ON name = c ->> 'name' ORDER BY place LOOP
    CALL rekey.make_archived_value(item.value, of_table, kept.archive, item.c, key, item.expression, item.source);
    additions := concat_ws(', ', additions, format('ADD COLUMN %I %s', item.c ->> 'name', item.c ->> 'base'));
    values_of := concat_ws(', ', values_of, format('ALTER COLUMN %I TYPE %s%s USING %s(%s, %s)', item.c ->> 'name', item.c ->> 'type',
      ' COLLATE ' || (item.c ->> 'collation'), item.value, CASE item.source WHEN '' THEN 'NULL::uuid' ELSE quote_ident(item.source) END,
      (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(key) WITH ORDINALITY u (k, n))));
  END LOOP;
  EXECUTE format('ALTER TABLE %s %s', of_table, additions);
  EXECUTE format('ALTER TABLE %s %s', of_table, values_of);
  FOR item IN SELECT format('rekey.archived_%s_%s', kept.archive, place) AS value FROM jsonb_array_elements(kept.columns) WITH ORDINALITY j (c, place) LOOP
    EXECUTE format('DROP FUNCTION %s', item.value);
  END LOOP;
  CALL rekey.run_all(kept.statements);
  WITH back AS (DELETE FROM rekey.archived_key_columns WHERE table_name = of_table RETURNING *)
  INSERT INTO rekey.key_columns SELECT * FROM back;
  EXECUTE format('DROP TABLE rekey.columns_%s', kept.archive);
  DELETE FROM rekey.column_archives WHERE archive = kept.archive;
END
$body$;

CREATE FUNCTION rekey.check_dropped(of_phase text, of_step text, of_table text,
                                    OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM (SELECT of_step AS step) s LEFT JOIN rekey.column_archives a USING (step)
  CROSS JOIN LATERAL rekey.record_check(of_phase, 'archive', of_table, a.archive IS NOT NULL,
    format('%s of %s rows in rekey.columns_%s; saves %s%s', (SELECT string_agg(c ->> 'name', ', ') FROM jsonb_array_elements(a.columns) c),
           a.rows, a.archive, pg_size_pretty(a.bytes), CASE a.indexes WHEN 0 THEN '' WHEN 1 THEN ', with an index' ELSE ', with ' || a.indexes || ' indexes' END)) r
$body$;

CREATE PROCEDURE rekey.purge_columns()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  number integer;
BEGIN
  FOR number IN SELECT archive FROM rekey.column_archives LOOP
    EXECUTE format('DROP TABLE rekey.columns_%s', number);
  END LOOP;
END
$body$;
