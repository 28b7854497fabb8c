-- A foreign key of a partitioned table, or to one, has a part for each partition. A part has the name that its
-- partition gave it before it was attached, or one that the server chose by what there was at the time. A foreign key
-- that is made again has parts of other names, perhaps of one that the next constraint needs. Here is meanwhile what
-- they were.
CREATE TABLE rekey.foreign_key_parts (
  table_name  text NOT NULL,
  foreign_key text NOT NULL,
  part_of     text NOT NULL,  -- the table itself, or its partition
  refers_to   text NOT NULL,
  name        text NOT NULL,
  comment     text,
  PRIMARY KEY (table_name, foreign_key, part_of, refers_to)
);

CREATE FUNCTION rekey.foreign_key_parts_of(target regclass)
RETURNS TABLE (foreign_key text, part_of text, refers_to text, id oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  WITH RECURSIVE parts AS (
    SELECT conname::text AS foreign_key, NULL::text AS part_of, NULL::text AS refers_to, oid AS id
    FROM pg_constraint WHERE conrelid = target AND contype = 'f' AND conparentid = 0
    UNION ALL
    SELECT parts.foreign_key, k.conrelid::regclass::text, k.confrelid::regclass::text, k.oid
    FROM parts JOIN pg_constraint k ON k.conparentid = parts.id
  )
  SELECT * FROM parts WHERE part_of IS NOT NULL
$body$;

-- Of all foreign keys of the table, also of those that stay for now: the step that needs them asks again.
CREATE PROCEDURE rekey.keep_foreign_key_parts(target regclass)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  INSERT INTO rekey.foreign_key_parts
  SELECT target::text, p.foreign_key, p.part_of, p.refers_to, k.conname, obj_description(k.oid, 'pg_constraint')
  FROM rekey.foreign_key_parts_of(target) p JOIN pg_constraint k ON k.oid = p.id
  ON CONFLICT (table_name, foreign_key, part_of, refers_to) DO UPDATE SET name = excluded.name, comment = excluded.comment
$body$;

-- Who has the name by now gets the part's: another part, or an equal foreign key of the partition that became the part
-- instead. A constraint that somebody made meanwhile keeps it.
CREATE PROCEDURE rekey.rename_foreign_key_part(part pg_constraint, wanted text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  other     pg_constraint;
  meanwhile text := format('rekey_%s', pg_backend_pid());
BEGIN
  SELECT * INTO other FROM pg_constraint WHERE conrelid = part.conrelid AND conname = wanted;
  IF other.oid IS NULL THEN
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, part.conname, wanted);
  ELSIF other.contype = 'f' AND (other.conparentid <> 0 OR
                                 (other.confrelid, other.conkey) = (part.confrelid, part.conkey)) THEN
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, wanted, meanwhile);
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, part.conname, wanted);
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', part.conrelid::regclass, meanwhile, part.conname);
  END IF;
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

-- Whole, or in parts where those have not been made one.
CREATE PROCEDURE rekey.drop_foreign_key(of_table text, named text, refers_to text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f') THEN
    CALL rekey.keep_foreign_key_parts(of_table);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', of_table, named);
    RETURN;
  END IF;
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to) WHERE is_there LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', part.partition, part.name);
  END LOOP;
END
$body$;

CREATE PROCEDURE rekey.add_foreign_key_parts(of_table text, named text, refers_to text, definition text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT * FROM rekey.loose_parts(of_table, named, refers_to) LOOP
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', part.partition, part.name, definition);
  END LOOP;
END
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

-- The server takes valid foreign keys of the partitions for those that the table's needs there, without a look at rows.
CREATE PROCEDURE rekey.join_foreign_key(of_table text, named text, refers_to text, definition text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  part record;
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f') THEN
    RETURN;
  END IF;
  CALL rekey.lock_out(format('%s, %s', refers_to, of_table));  -- the parts' triggers go
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

-- Of the foreign keys that are there again.
CREATE PROCEDURE rekey.restore_foreign_key_parts(target regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept record;
  part pg_constraint;
BEGIN
  FOR kept IN
    SELECT p.id, w.name, w.comment
    FROM rekey.foreign_key_parts w JOIN rekey.foreign_key_parts_of(target) p USING (foreign_key, part_of, refers_to)
    WHERE w.table_name = target::text
  LOOP
    SELECT * INTO part FROM pg_constraint WHERE oid = kept.id;
    IF kept.comment IS NOT NULL THEN
      EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', part.conname, part.conrelid::regclass, kept.comment);
    END IF;
    IF part.conname <> kept.name THEN
      CALL rekey.rename_foreign_key_part(part, kept.name);
    END IF;
  END LOOP;
  DELETE FROM rekey.foreign_key_parts
  WHERE table_name = target::text AND foreign_key IN (
    SELECT conname FROM pg_constraint WHERE conrelid = target AND contype = 'f' AND conparentid = 0);
END
$body$;
