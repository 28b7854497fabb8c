-- To change a column of a partitioned table the server builds its indexes anew, and with them those of the
-- partitions: under names of its own choice and with the options of the table's. Here is meanwhile what they were.
CREATE TABLE rekey.partition_indexes (
  table_name         text NOT NULL,
  partition          text NOT NULL,
  root               text NOT NULL,  -- the table's index, which keeps its name
  name               text NOT NULL,
  options            text[],
  tablespace         text NOT NULL,
  comment            text,
  constraint_comment text,
  is_clustered       boolean NOT NULL,
  is_identity        boolean NOT NULL,  -- of its partition, for logical replication
  PRIMARY KEY (partition, root)
);

-- As they are now.
CREATE FUNCTION rekey.partition_indexes_of(target regclass) RETURNS SETOF rekey.partition_indexes
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT target::text, i.indrelid::regclass::text, pg_partition_root(c.oid)::regclass::text, c.relname::text,
    c.reloptions, s.spcname::text, obj_description(c.oid, 'pg_class'),
    obj_description(con.oid, 'pg_constraint'), i.indisclustered, i.indisreplident
  FROM pg_partition_tree(target) t
  JOIN pg_index i ON i.indrelid = t.relid
  JOIN pg_class c ON c.oid = i.indexrelid AND c.relispartition
  JOIN pg_database d ON d.datname = current_database()
  JOIN pg_tablespace s ON s.oid = CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END
  LEFT JOIN pg_constraint con ON con.conindid = c.oid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x')
$body$;

CREATE PROCEDURE rekey.keep_partition_indexes(target regclass)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  DELETE FROM rekey.partition_indexes WHERE table_name = target::text;
  INSERT INTO rekey.partition_indexes SELECT * FROM rekey.partition_indexes_of(target);
$body$;

CREATE PROCEDURE rekey.restore_partition_index(of_schema text, was rekey.partition_indexes, built rekey.partition_indexes)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  named text := format('%I.%I', of_schema, was.name);
BEGIN
  IF built.name <> was.name THEN
    EXECUTE format('ALTER INDEX %I.%I RENAME TO %I', of_schema, built.name, was.name);
  END IF;
  IF built.options IS DISTINCT FROM was.options THEN
    IF built.options IS NOT NULL THEN
      EXECUTE format('ALTER INDEX %s RESET (%s)', named,
        (SELECT string_agg(quote_ident(split_part(o, '=', 1)), ', ') FROM unnest(built.options) o));
    END IF;
    IF was.options IS NOT NULL THEN
      EXECUTE format('ALTER INDEX %s SET (%s)', named,
        (SELECT string_agg(format('%I = %L', split_part(o, '=', 1), split_part(o, '=', 2)), ', ')
         FROM unnest(was.options) o));
    END IF;
  END IF;
  IF built.tablespace <> was.tablespace THEN
    EXECUTE format('ALTER INDEX %s SET TABLESPACE %I', named, was.tablespace);
  END IF;
  IF was.comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON INDEX %s IS %L', named, was.comment);
  END IF;
  IF was.constraint_comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', was.name, was.partition, was.constraint_comment);
  END IF;
  IF was.is_clustered THEN
    EXECUTE format('ALTER TABLE %s CLUSTER ON %I', was.partition, was.name);
  END IF;
  IF was.is_identity THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', was.partition, was.name);
  END IF;
END
$body$;

-- Of all indexes of the table, or of one. Two of them may have got each other's names: all give theirs up first.
CREATE PROCEDURE rekey.restore_partition_indexes(target regclass, of_root text DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  pair  record;
  was   rekey.partition_indexes;
  built rekey.partition_indexes;
BEGIN
  FOR pair IN
    SELECT parse_ident(w.partition) AS path, i.name, row_number() OVER () AS number
    FROM rekey.partition_indexes w JOIN rekey.partition_indexes_of(target) i USING (table_name, partition, root)
    WHERE i.name <> w.name AND root = coalesce(of_root, root)
  LOOP
    EXECUTE format('ALTER INDEX %I.%I RENAME TO rekey_%s_%s', pair.path[1], pair.name, pg_backend_pid(), pair.number);
  END LOOP;
  FOR pair IN
    SELECT w AS old, i AS new
    FROM rekey.partition_indexes w JOIN rekey.partition_indexes_of(target) i USING (table_name, partition, root)
    WHERE root = coalesce(of_root, root)
  LOOP
    was := pair.old;
    built := pair.new;
    CALL rekey.restore_partition_index((parse_ident(was.partition))[1], was, built);
  END LOOP;
  DELETE FROM rekey.partition_indexes WHERE table_name = target::text AND root = coalesce(of_root, root);
END
$body$;
