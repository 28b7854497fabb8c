-- What the swap of an online phase changes: looked up before it takes its locks, so that under them there is nothing
-- but the changes themselves.

CREATE TABLE rekey.planned (
  place     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  statement text NOT NULL
);
COMMENT ON TABLE rekey.planned IS 'What a swap does under its locks, while it is under way';

-- Statements, each to the end of a line. Those that SELECT stand for the ones that they give.
CREATE PROCEDURE rekey.plan_changes(statements text, ends text DEFAULT E';\n')
LANGUAGE plpgsql
AS $body$
DECLARE
  item text;
BEGIN
  FOREACH item IN ARRAY string_to_array(rtrim(statements, E';\n'), ends) LOOP
    IF item ~ '^\s*SELECT' THEN
      EXECUTE 'INSERT INTO rekey.planned (statement) ' || item;
    ELSE
      INSERT INTO rekey.planned (statement) VALUES (item);
    END IF;
  END LOOP;
END
$body$;

-- Blocks of PL/pgSQL would keep a plan of each statement, all of which every change of a table has to look through.
CREATE PROCEDURE rekey.make_changes()
LANGUAGE plpgsql
AS $body$
DECLARE
  item text;
BEGIN
  FOREACH item IN ARRAY (SELECT array_agg(statement ORDER BY place) FROM rekey.planned) LOOP
    EXECUTE item;
  END LOOP;
  DELETE FROM rekey.planned;
END
$body$;

-- LOCK TABLE takes no sequences: a change that changes nothing keeps others from drawing from one. They come first: who
-- holds one may hold it for long, and the tables' readers do not wait for that.
CREATE PROCEDURE rekey.lock_sequence(of_sequence regclass)
LANGUAGE plpgsql
AS $body$
BEGIN
  EXECUTE format('ALTER SEQUENCE %s INCREMENT %s', of_sequence, (SELECT seqincrement FROM pg_catalog.pg_sequence WHERE seqrelid = of_sequence));
END
$body$;

-- Takes relations for itself, one after the other, but gives up after `at_most`. Whoever comes meanwhile waits behind it.
-- lock_timeout is for a lock, and a LOCK TABLE of a tree takes many: each partition gets one of its own, after its table
-- and in the order of the server's.
CREATE PROCEDURE rekey.take_turn(relations text[], sequences text[], at_most interval)
LANGUAGE plpgsql
AS $body$
DECLARE
  until timestamptz := clock_timestamp() + at_most;
  item  record;
BEGIN
  FOR item IN
    SELECT t.relid, c.relkind = 'p' AS parted, false AS is_sequence, place, level
    FROM unnest(relations) WITH ORDINALITY r (relation, place) JOIN pg_catalog.pg_class c ON c.oid = relation::regclass
    CROSS JOIN LATERAL (SELECT c.oid::regclass AS relid, 0 AS level WHERE c.relkind <> 'p'
                        UNION ALL SELECT p.relid, p.level FROM pg_catalog.pg_partition_tree(c.oid) p WHERE c.relkind = 'p') t
    UNION ALL SELECT named::regclass, false, true, 0, place FROM unnest(sequences) WITH ORDINALITY s (named, place)
    ORDER BY place, level, relid
  LOOP
    PERFORM set_config('lock_timeout', format('%sms', greatest(1, ceil(1000 * extract(epoch FROM until - clock_timestamp())))), true);
    IF item.is_sequence THEN
      CALL rekey.lock_sequence(item.relid);
    ELSE
      EXECUTE format('LOCK TABLE %s%s IN ACCESS EXCLUSIVE MODE', CASE WHEN item.parted THEN 'ONLY ' END, item.relid);
    END IF;
  END LOOP;
END
$body$;

-- Takes relations for itself, and sequences: "SEQUENCE public.a_id_seq". A waiting lock of this kind lets nobody else in,
-- so it does not wait: it tries for all of them again and again, and keeps none where one is taken. Where there is never a
-- moment without a reader that would never come, so every fifth try takes its turn: for 80 ms, the next one for longer, up
-- to lock_timeout, and for less than deadlock_timeout, so that nobody who waits for it is taken for part of a deadlock.
CREATE PROCEDURE rekey.lock_out(VARIADIC names text[])
LANGUAGE plpgsql
AS $body$
DECLARE
  given     text := current_setting('lock_timeout');
  most      interval := least(nullif(given::interval, '0'), 0.8 * current_setting('deadlock_timeout')::interval);
  turn      interval := '80ms';
  relations text[] := ARRAY(SELECT n FROM unnest(names) n WHERE n !~ '^SEQUENCE ');
  sequences text[] := ARRAY(SELECT substr(n, 10) FROM unnest(names) n WHERE n ~ '^SEQUENCE ');
  item      text;
BEGIN
  FOR try IN 1..30 LOOP
    BEGIN
      PERFORM set_config('rekey.locked_at', clock_timestamp()::text, true);
      IF try % 5 > 0 THEN
        PERFORM set_config('lock_timeout', '1ms', true);
        FOREACH item IN ARRAY sequences LOOP
          CALL rekey.lock_sequence(item);
        END LOOP;
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', array_to_string(relations, ', '));
      ELSE
        CALL rekey.take_turn(relations, sequences, least(turn, most));
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

CREATE FUNCTION rekey.columns_of(index regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(attname::text ORDER BY place)
  FROM pg_index CROSS JOIN LATERAL unnest(indkey) WITH ORDINALITY k (number, place)
  LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = number AND number <> 0
  WHERE indexrelid = index
$body$;

-- Whether all parts of an index call a column so: then a renaming goes down to them, and fails where one does not.
CREATE FUNCTION rekey.is_named_throughout(index regclass, name text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT NOT EXISTS (SELECT FROM pg_partition_tree(index) part
                     WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = part.relid AND attname = name))
$body$;

-- Statements that give the twin of an index, `put` in its place, what that has beside its definition; and what `names`
-- of its columns are called later, which is how the table names them by then.
CREATE FUNCTION rekey.index_finish(twin regclass, put text, was regclass, key oid, names text[], later text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := (SELECT indrelid FROM pg_index WHERE indexrelid = twin);
  space  text := (SELECT quote_ident(nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = target);
  old    pg_index;
BEGIN
  RETURN QUERY
    SELECT format('ALTER TABLE %s.%I RENAME COLUMN %I TO %I', space, put, here.attname, there.wanted)
    FROM (SELECT coalesce(later[array_position(names, name)], name) AS wanted, place
          FROM unnest(rekey.columns_of(twin)) WITH ORDINALITY u (name, place)) there
    JOIN pg_attribute here ON here.attrelid = twin AND here.attnum = there.place
    WHERE NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = twin AND o.attname = there.wanted)
      AND rekey.is_named_throughout(twin, here.attname)
      AND NOT EXISTS (SELECT FROM pg_partition_ancestors(twin) up
                      WHERE up.relid <> twin AND rekey.is_named_throughout(up.relid, here.attname));
  SELECT * INTO old FROM pg_index WHERE indexrelid = was;
  RETURN QUERY SELECT * FROM rekey.index_marks(target, space, put, obj_description(was, 'pg_class'),
                                               obj_description(key, 'pg_constraint'), old.indisclustered, old.indisreplident);
END
$body$;

CREATE FUNCTION rekey.index_marks(target regclass, space text, named text, comment text, key_comment text,
                                  is_clustered boolean, is_identity boolean) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT statement FROM (VALUES
    (comment IS NOT NULL, format('COMMENT ON INDEX %s.%I IS %L', space, named, comment)),
    (key_comment IS NOT NULL, format('COMMENT ON CONSTRAINT %I ON %s IS %L', named, target, key_comment)),
    (is_clustered, format('ALTER TABLE %s CLUSTER ON %I', target, named)),
    (is_identity, format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', target, named))) s (is_needed, statement)
  WHERE is_needed
$body$;

-- Statements after which a twin has the place of the index that has the name now (of the primary key: NULL), with its
-- constraint. That one goes with its constraint, or is called `aside`. One that is a part of another goes with that.
CREATE FUNCTION rekey.index_exchange(of_table text, named text, twin text, aside text, names text[], later text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := of_table;
  space  text := (SELECT quote_ident(nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = target);
  key    pg_constraint;
  was    regclass;
  put    text;
  part   record;
BEGIN
  SELECT * INTO key FROM pg_constraint
  WHERE conrelid = target AND CASE WHEN named IS NULL THEN contype = 'p' ELSE contype = 'u' AND conname = named END;
  put := coalesce(key.conname, named);
  was := format('%s.%I', space, put)::regclass;
  IF (SELECT relispartition FROM pg_class WHERE oid = was) THEN
    RETURN;
  ELSIF key.oid IS NOT NULL THEN
    RETURN NEXT format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s USING INDEX %I', target, put,
                       CASE key.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, twin);
    RETURN QUERY SELECT * FROM rekey.index_finish(format('%s.%I', space, twin), put, was, key.oid, names, later);
    RETURN;
  END IF;
  IF to_regclass(format('%s.%I', space, aside)) IS NOT NULL THEN
    RETURN NEXT format('DROP INDEX %s.%I', space, aside);
  END IF;
  FOR part IN
    SELECT o.relid AS old, n.relid AS new, relname AS name, CASE o.level WHEN 0 THEN aside ELSE 'rekey_aside_' || o.relid::oid END AS aside
    FROM rekey.index_tree(was) o JOIN rekey.index_tree(format('%s.%I', space, twin)) n USING (target) JOIN pg_class c ON c.oid = o.relid
    ORDER BY o.level
  LOOP
    RETURN NEXT format('ALTER INDEX %s RENAME TO %I', part.old, part.aside);
    RETURN NEXT format('ALTER INDEX %s RENAME TO %I', part.new, part.name);
    RETURN QUERY SELECT * FROM rekey.index_finish(part.new, part.name, part.old, NULL, names, later);
  END LOOP;
END
$body$;

