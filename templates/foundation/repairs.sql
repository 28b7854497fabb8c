-- Rows that a phase removes or changes before it changes their keys, because the plan says so: each stands in a table of
-- its own kind in this schema until it is back in its place.
CREATE TABLE rekey.archives (
  archive     text PRIMARY KEY,
  number      integer NOT NULL,
  step        text NOT NULL,
  table_name  text NOT NULL,
  action      text NOT NULL CHECK (action IN ('quarantine', 'delete', 'set_null', 'merge', 'repoint')),
  key_columns text[],
  columns     text[],
  refers      text[],
  rows        bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN rekey.archives.refers IS 'Of orphans: the columns that refer to none';
COMMENT ON TABLE rekey.archives IS
  'Tables with what was removed (all columns of the row), or changed: the row''s key (key_1, …), values before (was_1, …) and after (now_1, …) of the columns listed here';

-- What may only be done as the server does it: no trigger of a user fires, nothing cascades, foreign keys that are to come
-- back are not asked.
CREATE PROCEDURE rekey.begin_repair()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  PERFORM set_config('rekey.fence', 'open', true);
  PERFORM set_config('session_replication_role', 'replica', true);
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'role % may not keep triggers from firing, which rows that are taken out and put back need', current_user
    USING ERRCODE = 'RK003', HINT = 'Nothing has changed. GRANT SET ON PARAMETER session_replication_role TO it (from PostgreSQL 15), '
      'or let a superuser run the phase.';
END
$body$;

-- The columns of a primary key, else of a unique key without NULLs; NULL where there is none.
CREATE FUNCTION rekey.row_key(of_table regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(a.attname::text ORDER BY k.place)
  FROM (SELECT * FROM pg_index i WHERE i.indrelid = of_table AND i.indisunique AND i.indimmediate AND i.indisvalid
          AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM pg_attribute n WHERE n.attrelid = of_table AND n.attnum = ANY (i.indkey) AND NOT n.attnotnull)
        ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) i
  CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place)
  JOIN pg_attribute a ON a.attrelid = of_table AND a.attnum = k.attnum
  WHERE k.place <= i.indnkeyatts
$body$;

-- A new archive, empty: for removed rows with all columns of the table, else for the key and the columns that change.
CREATE FUNCTION rekey.new_archive(of_step text, of_table text, for_action text, changed text[]) RETURNS rekey.archives
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  made rekey.archives;
  list text := '*';
BEGIN
  made.number := (SELECT coalesce(max(number), 0) + 1 FROM rekey.archives);
  made.archive := format('rekey.archive_%s_%s', made.number,
    left(regexp_replace((SELECT relname FROM pg_class WHERE oid = of_table::regclass), '[^a-z0-9]+', '_', 'g'), 40));
  IF changed IS NOT NULL THEN
    made.key_columns := rekey.row_key(of_table::regclass);
    IF made.key_columns IS NULL THEN
      RAISE EXCEPTION 'table % has no primary key: a row that changes could not be found again', of_table
        USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Give the table a primary key, or take care of the rows before.';
    END IF;
    list := (SELECT string_agg(format('%I AS key_%s', k, n), ', ' ORDER BY n) FROM unnest(made.key_columns) WITH ORDINALITY u (k, n))
      || (SELECT string_agg(format(', %I AS was_%s, %1$I AS now_%2$s', c, n), '' ORDER BY n) FROM unnest(changed) WITH ORDINALITY u (c, n));
  END IF;
  EXECUTE format('CREATE TABLE %s AS SELECT %s FROM %s WITH NO DATA', made.archive, list, of_table);
  INSERT INTO rekey.archives (archive, number, step, table_name, action, key_columns, columns)
  VALUES (made.archive, made.number, of_step, of_table, for_action, made.key_columns, changed)
  RETURNING * INTO made;
  RETURN made;
END
$body$;

-- Notes how many rows an archive holds; one without any goes.
CREATE PROCEDURE rekey.close_archive(made rekey.archives)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  held bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s', made.archive) INTO held;
  IF held = 0 THEN
    EXECUTE format('DROP TABLE %s', made.archive);
    DELETE FROM rekey.archives WHERE archive = made.archive;
  ELSE
    EXECUTE format('COMMENT ON TABLE %s IS %L', made.archive, format('%s rows of %s, put there by step %s: %s', held, made.table_name, made.step, made.action));
    UPDATE rekey.archives SET rows = held WHERE archive = made.archive;
  END IF;
END
$body$;

-- A trigger that fires all the same has a purpose that is not ours to judge.
CREATE PROCEDURE rekey.refuse_loud_triggers(of_table regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  loud text;
BEGIN
  SELECT string_agg(quote_ident(tgname), ', ' ORDER BY tgname) INTO loud FROM pg_trigger
  WHERE tgrelid = of_table AND NOT tgisinternal AND tgenabled IN ('A', 'R') AND tgfoid <> 'rekey.fence'::regproc;
  IF loud IS NOT NULL THEN
    RAISE EXCEPTION 'trigger % of % would fire for rows that are only taken out for a while', loud, of_table
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Disable it for the time of the phase, or take care of the rows before.';
  END IF;
END
$body$;

-- Which columns of a reference can be NULL; all of them have to be where MATCH FULL wants all or none.
CREATE FUNCTION rekey.columns_to_unset(child regclass, columns text[], match_full boolean) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  free text[] := ARRAY(SELECT c FROM unnest(columns) WITH ORDINALITY u (c, n) JOIN pg_attribute ON attrelid = child AND attname = c
                       WHERE NOT attnotnull ORDER BY n);
BEGIN
  IF free = '{}' OR match_full AND cardinality(free) < cardinality(columns) THEN
    RAISE EXCEPTION 'orphans of %: set_null cannot be, because % may not be NULL', child,
      (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c WHERE c <> ALL (free))
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Write orphans: quarantine or delete in the plan.';
  END IF;
  RETURN free;
END
$body$;

-- The rows of a table, as c, that refer to none. Of an inheritance tree a foreign key holds for the table alone.
CREATE FUNCTION rekey.orphans_of(child regclass, columns text[], parent regclass, parent_columns text[], match_full boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format('(%s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
    string_agg(format('c.%I IS NOT NULL', c), CASE WHEN match_full THEN ' OR ' ELSE ' AND ' END),
    rekey.rows_under(parent), string_agg(format('p.%I = c.%I', p, c), ' AND '))
  FROM unnest(columns, parent_columns) u (c, p)
$body$;

-- Does with the orphans of one reference what the plan says. Where a table refers to itself, what goes may leave more.
CREATE PROCEDURE rekey.settle_orphans(of_step text, child text, columns text[], parent text, parent_columns text[], action text, match_full boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  made  rekey.archives;
  which text := rekey.orphans_of(child::regclass, columns, parent::regclass, parent_columns, match_full);
  those text := rekey.rows_under(child::regclass);
  unset text[];
  gone  bigint;
BEGIN
  CALL rekey.refuse_loud_triggers(child::regclass);
  IF action = 'set_null' THEN
    unset := rekey.columns_to_unset(child::regclass, columns, match_full);
    made := rekey.new_archive(of_step, child, action, unset);
    EXECUTE format('INSERT INTO %s SELECT %s, %s FROM %s c WHERE %s', made.archive,
      (SELECT string_agg(format('c.%I', k), ', ' ORDER BY n) FROM unnest(made.key_columns) WITH ORDINALITY u (k, n)),
      (SELECT string_agg(format('c.%I, NULL', k), ', ' ORDER BY n) FROM unnest(unset) WITH ORDINALITY u (k, n)), those, which);
    EXECUTE format('UPDATE %s c SET %s WHERE %s', those, (SELECT string_agg(format('%I = NULL', k), ', ') FROM unnest(unset) k), which);
  ELSE
    made := rekey.new_archive(of_step, child, action, NULL);
    UPDATE rekey.archives SET refers = settle_orphans.columns WHERE archive = made.archive;
    LOOP
      EXECUTE format('WITH gone AS (DELETE FROM %s c WHERE %s RETURNING c.*) INSERT INTO %s SELECT * FROM gone', those, which, made.archive);
      GET DIAGNOSTICS gone = ROW_COUNT;
      EXIT WHEN gone = 0 OR child::regclass <> parent::regclass;
    END LOOP;
  END IF;
  CALL rekey.close_archive(made);
END
$body$;

-- No foreign key, known to the plan or not, may be left with rows that refer to what has been removed.
CREATE PROCEDURE rekey.expect_no_children(of_step text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
  left_over bigint;
BEGIN
  FOR item IN
    SELECT a.archive, con.conname, con.conrelid::regclass AS child, con.confrelid::regclass AS parent, rekey.rows_under(con.conrelid) AS children,
           rekey.rows_under(con.confrelid) AS parents,
           string_agg(format('x.%I = c.%I', p.attname, c.attname), ' AND ') AS same,
           string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND ') AS there
    FROM rekey.archives a
    JOIN pg_constraint con ON con.contype = 'f' AND con.confrelid = a.table_name::regclass AND con.conparentid = 0
    CROSS JOIN LATERAL unnest(con.conkey, con.confkey) k (child, parent)
    JOIN pg_attribute c ON c.attrelid = con.conrelid AND c.attnum = k.child
    JOIN pg_attribute p ON p.attrelid = con.confrelid AND p.attnum = k.parent
    WHERE a.step = of_step AND a.columns IS NULL
    GROUP BY a.archive, con.oid, con.conname, con.conrelid, con.confrelid
  LOOP
    EXECUTE format('SELECT count(*) FROM %s c WHERE EXISTS (SELECT FROM %s x WHERE %s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                   item.children, item.archive, item.same, item.parents, item.there) INTO left_over;
    IF left_over > 0 THEN
      RAISE EXCEPTION 'foreign key % of %: % rows refer to rows of % that would be removed', quote_ident(item.conname), item.child, left_over, item.parent
        USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Say in the plan what becomes of them: orphans: of that foreign key. Where rows are merged, list the key that it refers to under columns: of its table, with change: keep.';
    END IF;
  END LOOP;
END
$body$;

-- Columns that both an archive and its table have, but for generated ones. What the table lacks by now would be lost.
CREATE FUNCTION rekey.columns_to_restore(kept rekey.archives) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  lost text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO lost FROM pg_attribute x
  WHERE attrelid = kept.archive::regclass AND attnum > 0 AND NOT attisdropped
    AND NOT EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = kept.table_name::regclass AND t.attname = x.attname AND NOT t.attisdropped);
  IF lost IS NOT NULL THEN
    RAISE EXCEPTION 'table % has no column % any more, which rows in % have', kept.table_name, lost, kept.archive
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this step. Add the column again, or drop it from the archive, and its values are lost.';
  END IF;
  RETURN (SELECT string_agg(quote_ident(x.attname), ', ' ORDER BY x.attnum)
          FROM pg_attribute x JOIN pg_attribute t ON t.attrelid = kept.table_name::regclass AND t.attname = x.attname AND NOT t.attisdropped
          WHERE x.attrelid = kept.archive::regclass AND x.attnum > 0 AND NOT x.attisdropped AND t.attgenerated = '');
END
$body$;

CREATE PROCEDURE rekey.restore_removed(kept rekey.archives)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  list text := rekey.columns_to_restore(kept);
  why  text;
BEGIN
  EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s', kept.table_name, list, kept.archive);
EXCEPTION WHEN unique_violation OR exclusion_violation OR check_violation OR not_null_violation THEN
  GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION 'rows of % cannot come back from %: %', kept.table_name, kept.archive, concat_ws(': ', SQLERRM, nullif(why, ''))
    USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this step. Change the row that was written since, or the one in the archive, and go on.';
END
$body$;

-- A row that was changed since in these columns keeps what it has.
CREATE PROCEDURE rekey.restore_changed(kept rekey.archives)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('UPDATE %s t SET %s FROM %s a WHERE %s AND %s', kept.table_name,
    (SELECT string_agg(format('%I = a.was_%s', c, n), ', ' ORDER BY n) FROM unnest(kept.columns) WITH ORDINALITY u (c, n)), kept.archive,
    (SELECT string_agg(format('t.%I = a.key_%s', k, n), ' AND ' ORDER BY n) FROM unnest(kept.key_columns) WITH ORDINALITY u (k, n)),
    (SELECT string_agg(format('t.%I IS NOT DISTINCT FROM a.now_%s', c, n), ' AND ' ORDER BY n) FROM unnest(kept.columns) WITH ORDINALITY u (c, n)));
END
$body$;

-- What removed rows referred to may have been deleted since, and with it, where a foreign key says so, what refers to it.
CREATE PROCEDURE rekey.expect_parents(of_step text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
  lost bigint;
BEGIN
  FOR item IN
    SELECT a.archive, con.conname, con.conrelid::regclass AS child, con.confrelid::regclass AS parent, rekey.rows_under(con.confrelid) AS parents,
           string_agg(format('x.%I IS NOT NULL', c.attname), ' AND ') AS present,
           string_agg(format('p.%I = x.%I', p.attname, c.attname), ' AND ') AS joined
    FROM rekey.archives a
    JOIN pg_constraint con ON con.contype = 'f' AND con.conrelid = a.table_name::regclass AND con.conparentid = 0 AND con.convalidated
    CROSS JOIN LATERAL unnest(con.conkey, con.confkey) k (child, parent)
    JOIN pg_attribute c ON c.attrelid = con.conrelid AND c.attnum = k.child
    JOIN pg_attribute p ON p.attrelid = con.confrelid AND p.attnum = k.parent
    WHERE a.step = of_step AND a.columns IS NULL
    GROUP BY a.archive, a.refers, con.oid, con.conname, con.conrelid, con.confrelid
    HAVING NOT coalesce(array_agg(c.attname::text) <@ a.refers, false)
  LOOP
    EXECUTE format('SELECT count(*) FROM %s x WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                   item.archive, item.present, item.parents, item.joined) INTO lost;
    IF lost > 0 THEN
      RAISE EXCEPTION 'foreign key % of %: % rows in % refer to rows of % that were deleted since',
        quote_ident(item.conname), item.child, lost, item.archive, item.parent
        USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this step. Delete these rows from the archive, where they are to be gone as well, or add those that they refer to, and go on.';
    END IF;
  END LOOP;
END
$body$;

-- The way back of a step: what it did last comes back first.
CREATE PROCEDURE rekey.restore_rows(of_step text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept rekey.archives;
BEGIN
  FOR kept IN SELECT * FROM rekey.archives WHERE step = of_step ORDER BY number DESC LOOP
    CALL rekey.refuse_loud_triggers(kept.table_name::regclass);
    IF kept.columns IS NULL THEN
      CALL rekey.restore_removed(kept);
    ELSE
      CALL rekey.restore_changed(kept);
    END IF;
  END LOOP;
  CALL rekey.expect_parents(of_step);
  FOR kept IN SELECT * FROM rekey.archives WHERE step = of_step LOOP
    EXECUTE format('DROP TABLE %s', kept.archive);
  END LOOP;
  DELETE FROM rekey.archives WHERE step = of_step;
END
$body$;

-- Of a check after the phase: every archive still holds its rows.
CREATE FUNCTION rekey.check_archives(of_phase text)
RETURNS TABLE ("check" text, object text, ok boolean, detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept rekey.archives;
  held bigint;
BEGIN
  FOR kept IN SELECT a.* FROM rekey.archives a JOIN rekey.steps s USING (step) WHERE s.phase = of_phase ORDER BY a.number LOOP
    EXECUTE format('SELECT count(*) FROM %s', kept.archive) INTO held;
    RETURN QUERY SELECT r.* FROM rekey.record_check(of_phase, 'archive', kept.table_name, held = kept.rows,
      format('%s of %s rows in %s: %s', held, kept.rows, kept.archive, kept.action)) r;
  END LOOP;
END
$body$;

-- The ids of removed rows, which no row that comes later may get: more of a query with one column.
CREATE FUNCTION rekey.archived_ids(of_domain text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format(' UNION ALL SELECT %I FROM %s', c.column_name, a.archive), '')
  FROM rekey.key_columns c JOIN rekey.archives a ON a.table_name = c.table_name AND a.columns IS NULL
  JOIN pg_attribute t ON t.attrelid = a.archive::regclass AND t.attname = c.column_name
  WHERE c.domain = of_domain AND NOT c.is_array AND t.atttypid <> 'uuid'::regtype
$body$;

-- After the point of no return only what was quarantined stays.
CREATE PROCEDURE rekey.purge_archives()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept rekey.archives;
BEGIN
  FOR kept IN SELECT * FROM rekey.archives WHERE action <> 'quarantine' LOOP
    EXECUTE format('DROP TABLE %s', kept.archive);
  END LOOP;
  DELETE FROM rekey.archives WHERE action <> 'quarantine';
END
$body$;
