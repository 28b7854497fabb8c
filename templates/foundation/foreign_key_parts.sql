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
