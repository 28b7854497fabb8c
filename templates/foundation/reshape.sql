-- Tables that change their shape: a key of one column in place of one of several, references that are kept equal.

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
