-- Indexes that a plan makes, drops or makes anew. What a step finds when it begins, but for one that did not come to its
-- end, is not its own.
CREATE FUNCTION rekey.is_begun(of_step text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT EXISTS (SELECT FROM rekey.steps WHERE step = of_step AND state IN ('running', 'undoing')) $body$;

CREATE PROCEDURE rekey.expect_free_name(of_step text, index_name text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  -- one that was begun, or is to be undone before its end, has left it
  IF to_regclass(index_name) IS NOT NULL AND NOT rekey.is_begun(of_step) THEN
    RAISE EXCEPTION '% is there already', index_name
      USING ERRCODE = 'RK003', HINT = 'The step has not begun. Rename that, or drop it, then go on.';
  END IF;
END
$body$;

-- What the way back makes is what is there now: the plan's definition, and nothing that this does not say.
CREATE PROCEDURE rekey.expect_plain_index(of_step text, index_name text, planned text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  this regclass := to_regclass(index_name);
  more text;
BEGIN
  IF rekey.is_begun(of_step) THEN
    RETURN;
  ELSIF this IS NULL THEN
    RAISE EXCEPTION 'index % is not there', index_name
      USING ERRCODE = 'RK003', HINT = 'The step has not begun. Leave it out of the plan, or make it, then go on.';
  ELSIF pg_get_indexdef(this) <> planned THEN
    RAISE EXCEPTION 'index % is not what the plan says', index_name
      USING ERRCODE = 'RK003', HINT = format('The step has not begun. Write definition: %s', pg_get_indexdef(this));
  END IF;
  SELECT string_agg(what, ', ') INTO more FROM (
    SELECT 'a build that did not come to its end' AS what FROM pg_index WHERE indexrelid = this AND NOT indisvalid
    UNION ALL SELECT 'a tablespace' FROM pg_class WHERE oid = this AND reltablespace <> 0
    UNION ALL SELECT 'a comment' WHERE obj_description(this, 'pg_class') IS NOT NULL
    UNION ALL SELECT 'a constraint on it' WHERE EXISTS (SELECT FROM pg_constraint WHERE conindid = this)
    UNION ALL SELECT 'the mark of CLUSTER' FROM pg_index WHERE indexrelid = this AND indisclustered
    UNION ALL SELECT 'the mark of REPLICA IDENTITY' FROM pg_index WHERE indexrelid = this AND indisreplident
    UNION ALL SELECT 'partitions' FROM pg_class WHERE oid = this AND relkind = 'I'
    UNION ALL SELECT 'a place in a partitioned index' FROM pg_class WHERE oid = this AND relispartition
    UNION ALL SELECT 'statistics targets' WHERE EXISTS (SELECT FROM pg_attribute WHERE attrelid = this AND attstattarget >= 0)) m;
  IF more IS NOT NULL THEN
    RAISE EXCEPTION 'index % has %, which a definition does not say', index_name, more
      USING ERRCODE = 'RK003', HINT = 'The step has not begun. Drop it under sql: with all of that in down:.';
  END IF;
END
$body$;

-- What REINDEX CONCURRENTLY leaves when it does not come to its end is invalid; a valid index of such a name is somebody's.
CREATE PROCEDURE rekey.expect_no_copies(of_step text, index_name text, copies text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  copy text;
BEGIN
  IF to_regclass(index_name) IS NULL THEN
    RAISE EXCEPTION 'index % is not there', index_name
      USING ERRCODE = 'RK003', HINT = 'The step has not begun. Leave it out of the plan, or make it, then go on.';
  END IF;
  FOREACH copy IN ARRAY copies LOOP
    IF to_regclass(copy) IS NOT NULL AND NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(copy) AND NOT indisvalid) THEN
      RAISE EXCEPTION '% has a name that REINDEX gives, and is valid', copy
        USING ERRCODE = 'RK003', HINT = 'The step has not begun. Rename it, then go on.';
    END IF;
  END LOOP;
END
$body$;
