-- Partitioned tables online: what PostgreSQL does to all of them at once only under lock, partition by partition.

-- As rekey.tree; with the table of each index.
CREATE FUNCTION rekey.index_tree(of_index regclass) RETURNS TABLE (relid regclass, target regclass, level integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT indexrelid, indrelid, max(level)
  FROM (SELECT of_index AS relid, 0 AS level UNION ALL SELECT t.relid, t.level FROM pg_partition_tree(of_index) t) i
  JOIN pg_index ON indexrelid = i.relid
  GROUP BY indexrelid, indrelid
$body$;

-- To be read while others wait.
CREATE FUNCTION rekey.is_large(target regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT pg_relation_size(target) > 8 * 1024 * 1024 $body$;

-- Each partition is filled and gets its twins in steps of the plan.
CREATE PROCEDURE rekey.expect_partitions(of_table text, members text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
BEGIN
  SELECT string_agg(CASE WHEN name IS NULL THEN format('partition %s is not in the plan', relid)
                         WHEN t.relid IS NULL THEN format('%s is no partition of it', name)
                         ELSE format('partition %s is a foreign table', relid) END, '; ' ORDER BY coalesce(relid::text, name)) INTO wrong
  FROM rekey.tree(of_table) t FULL JOIN unnest(members) name ON to_regclass(name) = t.relid
  LEFT JOIN pg_class ON oid = t.relid
  WHERE name IS NULL OR t.relid IS NULL OR relkind = 'f';
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% cannot change online: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Roll back what is applied of the plan; then draft it anew with rekeyc inspect, or give the phase strategy: offline.';
  END IF;
END
$body$;

-- Between prepare and the end of the way back: a partition that has left would stay behind with half of its columns, and
-- what a new one has of its own on keys would stay with the generation that it was made for. Indexes and foreign keys
-- that a hint asked for are none of that.
CREATE PROCEDURE rekey.expect_tree(of_table text, members text[], keys text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
BEGIN
  SELECT string_agg(name, ', ') INTO wrong FROM unnest(members) name
  WHERE NOT EXISTS (SELECT FROM rekey.tree(of_table) WHERE relid = to_regclass(name));
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'no partition of % any more: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'ATTACH it again, as it is, then go on, forward or back.';
  END IF;
  SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO wrong
  FROM rekey.tree(of_table) t
  JOIN pg_attribute a ON a.attrelid = t.relid AND a.attname = ANY (keys)
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.relid AND d.refobjsubid = a.attnum
  LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
  LEFT JOIN pg_class i ON d.classid = 'pg_class'::regclass AND i.oid = d.objid
  LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
  WHERE NOT EXISTS (SELECT FROM unnest(members) name WHERE to_regclass(name) = t.relid)
    AND CASE d.classid
          WHEN 'pg_attrdef'::regclass THEN false
          WHEN 'pg_constraint'::regclass THEN
            c.coninhcount = 0 AND c.conparentid = 0 AND NOT (c.contype = 'f' AND c.conrelid = t.relid)
          WHEN 'pg_class'::regclass THEN i.relkind IN ('i', 'I') AND NOT i.relispartition
          WHEN 'pg_trigger'::regclass THEN g.tgparentid = 0 AND NOT g.tgisinternal
          ELSE true
        END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'a partition of % that has come since has something of its own on its keys: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Drop it, go on, and make it again on the keys that are there then.';
  END IF;
END
$body$;

-- Partitions that have come since the plan was made, one after the other: sessions that help have none to share.
CREATE PROCEDURE rekey.settle_new_partitions(of_step text, of_table text, of_column text, assigned text, differing text, members text[])
LANGUAGE plpgsql
AS $body$
DECLARE
  late text;
BEGIN
  FOREACH late IN ARRAY ARRAY(SELECT relid::text FROM rekey.tree(of_table) WHERE has_rows AND NOT rekey.helps() AND relid NOT IN (
                                SELECT pg_catalog.to_regclass(m) FROM pg_catalog.unnest(members) m WHERE pg_catalog.to_regclass(m) IS NOT NULL))
  LOOP
    CALL rekey.settle_old_keys(of_step, late, of_column, assigned, differing);
  END LOOP;
END
$body$;

-- An index that stands for itself: of no constraint, no part of another.
CREATE FUNCTION rekey.free_index(target regclass, columns text[], is_unique boolean) RETURNS regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT indexrelid FROM pg_index JOIN pg_class i ON i.oid = indexrelid
  WHERE indrelid = target AND indisvalid AND indisunique = is_unique AND NOT relispartition
    AND rekey.columns_of(indexrelid) = columns AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = target)
  ORDER BY relname ~ '^rekey_' DESC, relname LIMIT 1
$body$;

-- Partitions that have come since the plan was made have no twin of the plan's. The server builds it where the table's
-- is made: for a small one that is no time to speak of.
CREATE PROCEDURE rekey.expect_twins(of_table text, columns text[], is_unique boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  late regclass := (SELECT relid FROM rekey.tree(of_table) WHERE has_rows AND rekey.is_large(relid)
                      AND rekey.free_index(relid, columns, is_unique) IS NULL ORDER BY relid::text LIMIT 1);
BEGIN
  IF late IS NOT NULL THEN
    RAISE EXCEPTION 'partition % has come since, and is too large for its index to be built within this step', late
      USING ERRCODE = 'RK003', HINT = format('Build it beside its writers, then go on: CREATE %sINDEX CONCURRENTLY ON %s (%s);',
        CASE WHEN is_unique THEN 'UNIQUE ' ELSE '' END, late, (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n)));
  END IF;
END
$body$;

-- The index of a partitioned table from those of its partitions. One that is a part of another has come with that.
-- `names` are called `others` in it.
CREATE PROCEDURE rekey.join_twins(of_table text, named text, twin text, definition text, names text[], others text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  was regclass := (SELECT indexrelid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = of_table::regclass AND relname = named);
  columns text[] := ARRAY(SELECT coalesce(others[array_position(names, c)], c)
                          FROM unnest(rekey.columns_of(was)) WITH ORDINALITY u (c, place) ORDER BY place);
BEGIN
  IF (SELECT relispartition FROM pg_class WHERE oid = was) THEN
    RETURN;
  END IF;
  CALL rekey.expect_twins(of_table, columns, false);
  EXECUTE format('CREATE INDEX %I ON %s USING %s', twin, of_table, definition);
END
$body$;

-- Statements after which the twins of the partitions, on the columns called `others` now, have the place of a partitioned
-- table's key (the primary one: NULL), whose `columns` are those by then. That key goes, and with it those of its
-- partitions; the names and marks of theirs come back.
CREATE FUNCTION rekey.key_exchange(of_table text, named text, columns text[], others text[]) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := of_table;
  space  text := (SELECT quote_ident(nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = target);
  list   text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n));
  key    pg_constraint;
  kind   text;
  was    record;
  part   record;
BEGIN
  SELECT * INTO key FROM pg_constraint
  WHERE conrelid = target AND CASE WHEN named IS NULL THEN contype = 'p' ELSE contype = 'u' AND conname = named END;
  kind := CASE key.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END;
  SELECT x.*, relname, relispartition INTO STRICT was
  FROM pg_index x JOIN pg_class ON oid = indexrelid WHERE indexrelid = format('%s.%I', space, coalesce(key.conname, named))::regclass;
  IF was.relispartition THEN
    RETURN;
  END IF;
  DELETE FROM rekey.partition_indexes WHERE table_name = target::text AND root = was.indexrelid::regclass::text;
  INSERT INTO rekey.partition_indexes SELECT * FROM rekey.partition_indexes_of(target) WHERE root = was.indexrelid::regclass::text;
  RETURN NEXT CASE WHEN kind IS NULL THEN format('DROP INDEX %s', was.indexrelid::regclass)
                   ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', target, was.relname) END;
  FOR part IN
    SELECT partition, name, twin, relname AS twin_name FROM rekey.partition_indexes
    CROSS JOIN LATERAL rekey.free_index(partition::regclass, others, true) twin JOIN pg_class ON oid = twin
    WHERE table_name = target::text AND root = was.indexrelid::regclass::text
  LOOP
    IF kind IS NOT NULL THEN
      RETURN NEXT format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I', part.partition, part.name, kind, part.twin_name);
    END IF;
    RETURN QUERY SELECT * FROM rekey.index_finish(part.twin, CASE WHEN kind IS NULL THEN part.twin_name ELSE part.name END,
                                                  NULL, NULL, others, columns);
  END LOOP;
  RETURN NEXT CASE WHEN kind IS NULL THEN format('CREATE UNIQUE INDEX %I ON %s (%s)', was.relname, target, list)
                   ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s (%s)', target, was.relname, kind, list) END;
  RETURN NEXT format('CALL rekey.restore_partition_indexes(%L, %L)', target, was.indexrelid::regclass);
  RETURN QUERY SELECT * FROM rekey.index_marks(target, space, was.relname, obj_description(was.indexrelid, 'pg_class'),
                                               obj_description(key.oid, 'pg_constraint'), was.indisclustered, was.indisreplident);
END
$body$;

-- Online phases add a foreign key of a partitioned table to each partition by itself, not yet valid, and make them one
-- when they are. As what it stands there meanwhile: as the part, or, of a partition that has come since, as the whole.
CREATE FUNCTION rekey.loose_parts(of_table regclass, named text, refers_to regclass)
RETURNS TABLE (partition regclass, name text, is_there boolean, is_valid boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT t.relid, n.name, k.oid IS NOT NULL, coalesce(k.convalidated, false)
  FROM rekey.tree(of_table) t
  LEFT JOIN rekey.foreign_key_parts w ON w.table_name = of_table::text AND w.foreign_key = named
                                     AND w.part_of = t.relid::text AND w.refers_to = loose_parts.refers_to::text
  CROSS JOIN LATERAL (SELECT coalesce(w.name, named) AS name) n
  LEFT JOIN pg_constraint k ON k.conrelid = t.relid AND k.conname = n.name AND k.contype = 'f' AND k.conparentid = 0
                           AND k.confrelid = loose_parts.refers_to
  WHERE t.has_rows
$body$;

-- Statements that drop it: whole, or in parts where those have not been made one.
CREATE FUNCTION rekey.foreign_key_drops(of_table text, named text, refers_to text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f') THEN
    CALL rekey.keep_foreign_key_parts(of_table);
    RETURN NEXT format('ALTER TABLE %s DROP CONSTRAINT %I', of_table, named);
    RETURN;
  END IF;
  RETURN QUERY SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', partition, name)
               FROM rekey.loose_parts(of_table, named, refers_to) WHERE is_there;
END
$body$;

-- Statements that add it to each partition; what its parts were called has been looked up by the ones that drop it.
CREATE FUNCTION rekey.foreign_key_additions(of_table text, named text, refers_to text, definition text) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', partition, name, definition)
  FROM rekey.loose_parts(of_table, named, refers_to)
$body$;

-- Of one partition, where it is still one.
CREATE PROCEDURE rekey.validate_foreign_key_part(of_partition text, of_table text, named text, refers_to text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to)
              WHERE partition = to_regclass(of_partition) AND is_there AND NOT is_valid LOOP
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', part.partition, part.name);
  END LOOP;
END
$body$;

-- The server takes valid foreign keys of the partitions for those that the table's needs there, without a look at their
-- rows; those of small partitions that have come since are checked here.
CREATE PROCEDURE rekey.join_foreign_key(of_table text, named text, refers_to text, definition text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f') THEN
    RETURN;
  END IF;
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to) WHERE NOT is_valid LOOP
    IF rekey.is_large(part.partition) THEN
      RAISE EXCEPTION 'partition % has come since, and is too large to be read within this step', part.partition
        USING ERRCODE = 'RK003', HINT = format('Let its rows be checked, then go on: %sALTER TABLE %s VALIDATE CONSTRAINT %I;',
          CASE WHEN NOT part.is_there THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID; ', part.partition, part.name, definition) END,
          part.partition, part.name);
    END IF;
    IF part.is_there THEN
      EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', part.partition, part.name);
    END IF;
  END LOOP;
  EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', of_table, named, definition);
  CALL rekey.restore_foreign_key_parts(of_table);
END
$body$;
