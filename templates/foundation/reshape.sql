-- Tables that change their shape: a key of one column in place of one of several, columns that go.

-- Version 8 (RFC 9562, section 5.8): a hash of the columns that it stands for, NULL where one of them is.
CREATE FUNCTION rekey.surrogate_key(secret bytea, VARIADIC parts text[]) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN pg_catalog.array_position(parts, NULL) IS NULL THEN
  pg_catalog.encode(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
    pg_catalog.set_bit(pg_catalog.set_bit(
      pg_catalog.substr(pg_catalog.sha256(secret || pg_catalog.convert_to(parts::text, 'UTF8')), 1, 16),
    55, 1), 54, 0), 53, 0), 52, 0), 71, 1), 70, 0), 'hex')::uuid END
$body$;

CREATE TABLE rekey.released_keys (
  table_name text PRIMARY KEY,
  name       text NOT NULL,
  definition text NOT NULL,
  statements text[] NOT NULL
);
COMMENT ON TABLE rekey.released_keys IS
  'Primary keys that surrogates stand for: how they were made, and what was said of their indexes';

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

-- What makes an index what it is beyond its definition.
CREATE FUNCTION rekey.index_statements(index regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_remove(ARRAY[
    CASE WHEN c.reloptions IS NOT NULL THEN format('ALTER INDEX %s SET (%s)', index, array_to_string(c.reloptions, ', ')) END,
    CASE WHEN c.reltablespace <> 0 THEN format('ALTER INDEX %s SET TABLESPACE %I', index, (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace)) END,
    CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', i.indrelid::regclass, c.relname) END,
    CASE WHEN i.indisreplident THEN format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', i.indrelid::regclass, c.relname) END,
    CASE WHEN obj_description(index, 'pg_class') IS NOT NULL
         THEN format('COMMENT ON INDEX %s IS %L', index, obj_description(index, 'pg_class')) END], NULL)
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = index
$body$;

CREATE FUNCTION rekey.constraint_statements(of_constraint pg_constraint) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN of_constraint.contype IN ('p', 'u', 'x') THEN rekey.index_statements(of_constraint.conindid) ELSE '{}' END
      || array_remove(ARRAY[CASE WHEN obj_description(of_constraint.oid, 'pg_constraint') IS NOT NULL THEN format('COMMENT ON CONSTRAINT %I ON %s IS %L',
           of_constraint.conname, of_constraint.conrelid::regclass, obj_description(of_constraint.oid, 'pg_constraint')) END], NULL)
$body$;

CREATE PROCEDURE rekey.run_all(statements text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY statements LOOP
    EXECUTE statement;
  END LOOP;
END
$body$;

CREATE FUNCTION rekey.key_names(of_table regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(attname::text ORDER BY place) FROM pg_constraint
  CROSS JOIN unnest(conkey) WITH ORDINALITY k (number, place) JOIN pg_attribute ON attrelid = conrelid AND attnum = number
  WHERE conrelid = of_table AND contype = 'p'
$body$;

-- Before a column is made from the texts of others: it is not there, and what is equal has one text, in every session.
CREATE PROCEDURE rekey.expect_texts(of_table text, columns text[], named text, of_index text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = named AND NOT attisdropped) THEN
    RAISE EXCEPTION '% has a column % already', of_table, quote_ident(named)
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Give the new column another name in the plan.';
  ELSIF EXISTS (SELECT FROM pg_class WHERE relname = of_index AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = of_table::regclass)) THEN
    RAISE EXCEPTION 'there is a % already, which the new index of % would be named', quote_ident(of_index), of_table
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Rename what is there, or choose another name in the plan.';
  END IF;
  SELECT string_agg(format('%I (%s)', c, coalesce(format_type(atttypid, atttypmod), 'missing')
                           || CASE WHEN NOT collisdeterministic THEN format(' COLLATE %I', collname) ELSE '' END), ', ' ORDER BY n) INTO wrong
  FROM unnest(columns) WITH ORDINALITY u (c, n)
  LEFT JOIN pg_attribute ON attrelid = of_table::regclass AND attname = c AND NOT attisdropped
  LEFT JOIN pg_collation l ON l.oid = attcollation
  WHERE coalesce(rekey.base_type(atttypid) <> ALL (ARRAY['smallint', 'integer', 'bigint', 'uuid', 'boolean', 'text', 'varchar', 'bpchar']::regtype[]), true)
    OR NOT coalesce(collisdeterministic, true);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'no surrogate can be made from columns of %: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Whole numbers, uuids, booleans and texts have one text where they are equal.';
  END IF;
END
$body$;

-- Before a surrogate: its columns are the primary key, and nobody else stands on it.
CREATE PROCEDURE rekey.expect_surrogate(of_table text, columns text[], known text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
BEGIN
  IF rekey.key_names(of_table::regclass) IS DISTINCT FROM columns THEN
    RAISE EXCEPTION 'the primary key of % is (%), not (%)', of_table, array_to_string(rekey.key_names(of_table::regclass), ', '),
      array_to_string(columns, ', ')
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Correct primary_key in the plan.';
  END IF;
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND contype = 'p' AND condeferrable) THEN
    RAISE EXCEPTION 'the primary key of % is deferrable', of_table
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Make it one that is not, or delete surrogate: in the plan.';
  END IF;
  SELECT string_agg(pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO wrong
  FROM pg_constraint c JOIN pg_depend d ON d.refclassid = 'pg_constraint'::regclass AND d.refobjid = c.oid
  WHERE c.conrelid = of_table::regclass AND c.contype = 'p' AND d.classid <> 'pg_class'::regclass;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'what depends on the primary key of %: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. A view that groups by the key alone names its other columns too.';
  END IF;
  SELECT string_agg(format('%I of %s', conname, conrelid::regclass), ', ' ORDER BY conname) INTO wrong
  FROM pg_constraint c WHERE confrelid = of_table::regclass AND contype = 'f' AND conparentid = 0
    AND conindid = (SELECT conindid FROM pg_constraint WHERE conrelid = of_table::regclass AND contype = 'p')
    AND format('%s %s', conrelid::regclass, conname) <> ALL (known);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'foreign keys refer to the primary key of % and are unknown to the plan: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Add them to foreign_keys: of their tables.';
  END IF;
END
$body$;

-- A reference that follows is equal to the key where its texts are, and a row has all of it or none.
CREATE PROCEDURE rekey.expect_follower(of_table text, columns text[], parent text, parent_columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
BEGIN
  SELECT string_agg(format('%I is %s, and %I of %s is %s', c.attname, format_type(c.atttypid, c.atttypmod), p.attname, parent,
                           format_type(p.atttypid, p.atttypmod)), '; ' ORDER BY n) INTO wrong
  FROM unnest(columns, parent_columns) WITH ORDINALITY u (own, other, n)
  JOIN pg_attribute c ON c.attrelid = of_table::regclass AND c.attname = own
  JOIN pg_attribute p ON p.attrelid = parent::regclass AND p.attname = other
  CROSS JOIN LATERAL (SELECT rekey.base_type(c.atttypid) AS one, rekey.base_type(p.atttypid) AS two) t
  WHERE NOT (one = ANY (ARRAY['smallint', 'integer', 'bigint']::regtype[]) AND two = ANY (ARRAY['smallint', 'integer', 'bigint']::regtype[])
             OR one = two AND (c.atttypmod = p.atttypmod OR c.atttypmod = -1 AND one = 'varchar'::regtype)
             OR one = 'text'::regtype AND two = 'varchar'::regtype);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% cannot follow: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Give both columns one type before, or delete follow: in the plan.';
  END IF;
  IF (SELECT count(DISTINCT attnotnull) > 1 FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = ANY (columns)) THEN
    RAISE EXCEPTION '% cannot follow: some of (%) are NOT NULL, and others not', of_table, array_to_string(columns, ', ')
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. A row without a reference has none of them: make all of them NOT NULL, or none.';
  END IF;
END
$body$;

CREATE PROCEDURE rekey.expect_required(of_table text, of_column text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = of_column AND NOT attnotnull) THEN
    RAISE EXCEPTION '% of % may be NULL, and is to become its key', quote_ident(of_column), of_table
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Make it NOT NULL before, or delete consolidate: in the plan.';
  END IF;
END
$body$;

CREATE PROCEDURE rekey.release_key(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  key pg_constraint;
BEGIN
  SELECT * INTO STRICT key FROM pg_constraint WHERE conrelid = of_table::regclass AND contype = 'p';
  INSERT INTO rekey.released_keys VALUES (of_table, key.conname, pg_get_constraintdef(key.oid), rekey.constraint_statements(key));
  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', of_table, key.conname);
END
$body$;

-- The new primary key has the name of the old one, and what was said of it.
CREATE PROCEDURE rekey.take_key(of_table text, of_column text, unique_name text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  released rekey.released_keys;
BEGIN
  SELECT * INTO STRICT released FROM rekey.released_keys WHERE table_name = of_table;
  EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (%I), ADD CONSTRAINT %I UNIQUE (%s)', of_table, released.name, of_column, unique_name,
                 (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n)));
  CALL rekey.run_all(released.statements);
END
$body$;

CREATE PROCEDURE rekey.leave_key(of_table text, unique_name text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, DROP CONSTRAINT %I', of_table, (SELECT name FROM rekey.released_keys WHERE table_name = of_table),
                 unique_name);
END
$body$;

CREATE PROCEDURE rekey.restore_key(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  released rekey.released_keys;
BEGIN
  DELETE FROM rekey.released_keys WHERE table_name = of_table RETURNING * INTO STRICT released;
  EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', of_table, released.name, released.definition);
  CALL rekey.run_all(released.statements);
END
$body$;

-- A reference may be NULL where the one beside it may.
CREATE PROCEDURE rekey.require_like(of_table text, of_column text, others text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF (SELECT bool_and(attnotnull) FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = ANY (others)) THEN
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', of_table, of_column);
  END IF;
END
$body$;

-- Rows in which two references that are kept equal are not.
CREATE FUNCTION rekey.check_tie(of_phase text, of_table text, kept_by text, of_column text, query text,
                                OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  different bigint := 0;
  tied      boolean := to_regproc(kept_by) IS NOT NULL;
BEGIN
  IF tied THEN
    EXECUTE format('SELECT count(*) FROM (%s) d', query) INTO different;
  END IF;
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'reference', format('%s.%I', of_table, of_column), different = 0,
    CASE WHEN NOT tied THEN 'stands alone since the cleanup'
         WHEN different = 0 THEN 'equal to the one beside it in every row' ELSE different || ' rows differ from the one beside it' END) r;
END
$body$;

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

-- On the way back the side that stays counts: it must be what the other one says.
CREATE PROCEDURE rekey.expect_equal(of_table text, of_column text, query text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  different bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (%s) d', query) INTO different;
  IF different > 0 THEN
    RAISE EXCEPTION '%: in % % is not what the reference beside it says', of_table, CASE different WHEN 1 THEN '1 row' ELSE different || ' rows' END,
      quote_ident(of_column) USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Make both say the same: "rekey verify" looks for such rows.';
  END IF;
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
