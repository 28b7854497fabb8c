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
  rows        bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE rekey.archives IS
  'Tables with what was removed (all columns of the row), or changed: the row''s key (key_1, …), values before (was_1, …) and after (now_1, …) of the columns listed here';

CREATE TABLE rekey.orphan_rules (
  step           text NOT NULL,
  number         integer NOT NULL,
  child          text NOT NULL,
  columns        text[] NOT NULL,
  parent         text NOT NULL,
  parent_columns text[] NOT NULL,
  action         text NOT NULL,
  match          text NOT NULL CHECK (match IN ('simple', 'full', 'no foreign key')),
  PRIMARY KEY (step, number)
);
COMMENT ON TABLE rekey.orphan_rules IS 'What the plan says of rows that refer to none; fail: of a reference that no constraint enforces, to rows that others remove';

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
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. GRANT SET ON PARAMETER session_replication_role TO it (from PostgreSQL 15), '
      'or let a superuser run the phase.';
END
$body$;

-- The columns of a primary key, else of a unique key without NULLs; NULL where there is none.
CREATE FUNCTION rekey.row_key(of_table regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(a.attname::text ORDER BY k.place)
  FROM (SELECT * FROM pg_index i WHERE i.indrelid = of_table AND i.indisunique AND i.indisvalid
          AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM pg_attribute n WHERE n.attrelid = of_table AND n.attnum = ANY (i.indkey) AND NOT n.attnotnull)
        ORDER BY i.indisprimary DESC, i.indimmediate DESC, i.indexrelid LIMIT 1) i
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
        USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Give the table a primary key, or take care of the rows before.';
    END IF;
    list := (SELECT string_agg(format('%I AS key_%s', k, n), ', ' ORDER BY n) FROM unnest(made.key_columns) WITH ORDINALITY u (k, n))
      || (SELECT string_agg(format(', %I AS was_%s, %1$I AS now_%2$s', c, n), '' ORDER BY n) FROM unnest(changed) WITH ORDINALITY u (c, n))
      || ', NULL::jsonb AS rest';
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
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Disable it for the time of the phase, or take care of the rows before.';
  END IF;
END
$body$;

-- Which columns of a reference can be NULL; all of them have to be where MATCH FULL wants all or none.
CREATE FUNCTION rekey.columns_to_unset(child regclass, columns text[], match text) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  free text[] := ARRAY(SELECT c FROM unnest(columns) WITH ORDINALITY u (c, n) JOIN pg_attribute ON attrelid = child AND attname = c
                       WHERE NOT attnotnull ORDER BY n);
BEGIN
  IF free = '{}' OR match = 'full' AND cardinality(free) < cardinality(columns) THEN
    RAISE EXCEPTION 'orphans of %: set_null cannot be, because % may not be NULL', child,
      (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c WHERE c <> ALL (free))
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Write orphans: quarantine or delete in the plan.';
  END IF;
  RETURN free;
END
$body$;

-- The rows of a table, as c, that refer to none. Of an inheritance tree a foreign key holds for the table alone, any other
-- reference for all of it.
CREATE FUNCTION rekey.orphans_of(rule rekey.orphan_rules) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format('(%s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
    string_agg(format('c.%I IS NOT NULL', c), CASE rule.match WHEN 'full' THEN ' OR ' ELSE ' AND ' END),
    CASE rule.match WHEN 'no foreign key' THEN rule.parent ELSE rekey.rows_under(rule.parent::regclass) END,
    string_agg(format('p.%I = c.%I', p, c), ' AND '))
  FROM unnest(rule.columns, rule.parent_columns) u (c, p)
$body$;

CREATE PROCEDURE rekey.unset_orphans(rule rekey.orphan_rules, INOUT hits bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  unset text[] := rekey.columns_to_unset(rule.child::regclass, rule.columns, rule.match);
  made  rekey.archives := rekey.new_archive(rule.step, rule.child, rule.action, unset);
BEGIN
  EXECUTE format('INSERT INTO %s SELECT %s, %s, NULL FROM %s c WHERE %s', made.archive,
    (SELECT string_agg(format('c.%I', k), ', ' ORDER BY n) FROM unnest(made.key_columns) WITH ORDINALITY u (k, n)),
    (SELECT string_agg(format('c.%I, NULL', k), ', ' ORDER BY n) FROM unnest(unset) WITH ORDINALITY u (k, n)),
    rekey.rows_under(rule.child::regclass), rekey.orphans_of(rule));
  EXECUTE format('UPDATE %s c SET %s WHERE %s', rekey.rows_under(rule.child::regclass),
                 (SELECT string_agg(format('%I = NULL', k), ', ') FROM unnest(unset) k), rekey.orphans_of(rule));
  GET DIAGNOSTICS hits = ROW_COUNT;
  CALL rekey.close_archive(made);
EXCEPTION WHEN unique_violation OR exclusion_violation OR check_violation THEN
  RAISE EXCEPTION 'orphans of %: set_null cannot be: %', rule.child, SQLERRM
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Write orphans: quarantine or delete in the plan.';
END
$body$;

CREATE PROCEDURE rekey.remove_orphans(rule rekey.orphan_rules, INOUT hits bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  made rekey.archives := rekey.new_archive(rule.step, rule.child, rule.action, NULL);
BEGIN
  EXECUTE format('WITH gone AS (DELETE FROM %s c WHERE %s RETURNING c.*) INSERT INTO %s SELECT * FROM gone',
                 rekey.rows_under(rule.child::regclass), rekey.orphans_of(rule), made.archive);
  GET DIAGNOSTICS hits = ROW_COUNT;
  CALL rekey.close_archive(made);
END
$body$;

-- Notes what becomes of the orphans of one reference.
CREATE PROCEDURE rekey.note_rule(of_step text, child text, columns text[], parent text, parent_columns text[], action text, match text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  CALL rekey.refuse_loud_triggers(child::regclass);
  INSERT INTO rekey.orphan_rules
  SELECT of_step, coalesce(max(r.number), 0) + 1, note_rule.child, note_rule.columns, note_rule.parent, note_rule.parent_columns,
         note_rule.action, note_rule.match
  FROM rekey.orphan_rules r WHERE r.step = of_step;
END
$body$;

-- What one rule removes may leave orphans to another, or to itself: until none finds any.
CREATE PROCEDURE rekey.settle_orphans(of_step text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  rule  rekey.orphan_rules;
  hits  bigint;
  total bigint := 1;
BEGIN
  WHILE total > 0 LOOP
    total := 0;
    FOR rule IN SELECT * FROM rekey.orphan_rules r WHERE r.step = of_step AND r.action <> 'fail' ORDER BY r.number LOOP
      IF rule.action = 'set_null' THEN
        CALL rekey.unset_orphans(rule, hits);
      ELSE
        CALL rekey.remove_orphans(rule, hits);
      END IF;
      total := total + hits;
    END LOOP;
  END LOOP;
  CALL rekey.refuse_left_over(of_step);
END
$body$;

-- The rows of a table, as c, that refer to what stands in an archive of removed rows, and nowhere else.
CREATE FUNCTION rekey.children_of_removed(rule rekey.orphan_rules, archive text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN bool_or(typcategory = 'A')
    THEN format('EXISTS (SELECT FROM unnest(c.%I) e (id) JOIN %s x ON x.%I = e.id WHERE NOT EXISTS (SELECT FROM %s p WHERE p.%3$I = e.id))',
                min(c), archive, min(p), rule.parent)
    ELSE format('%s AND EXISTS (SELECT FROM %s x WHERE %s)', rekey.orphans_of(rule), archive, string_agg(format('x.%I = c.%I', p, c), ' AND ')) END
  FROM unnest(rule.columns, rule.parent_columns) u (c, p)
  JOIN pg_attribute ON attrelid = rule.child::regclass AND attname = c JOIN pg_type t ON t.oid = atttypid
$body$;

-- References that no constraint enforces, and of which the plan says nothing, to rows that are removed.
CREATE PROCEDURE rekey.refuse_left_over(of_step text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item  record;
  found bigint;
BEGIN
  FOR item IN
    SELECT r.child, r.parent, rekey.children_of_removed(r, a.archive) AS which
    FROM rekey.orphan_rules r JOIN rekey.archives a ON a.table_name = r.parent AND a.step = r.step AND a.columns IS NULL
    WHERE r.step = of_step AND r.action = 'fail'
  LOOP
    EXECUTE format('SELECT count(*) FROM %s c WHERE %s', item.child, item.which) INTO found;
    IF found > 0 THEN
      RAISE EXCEPTION '% rows of % refer to rows of % that would be removed', found, item.child, item.parent
        USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Say in the plan what becomes of them: orphans: of that logical reference; ids in arrays have to be taken out before.';
    END IF;
  END LOOP;
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
    JOIN pg_constraint con ON con.contype = 'f' AND con.conparentid = 0
      AND con.confrelid IN (SELECT relid FROM rekey.tree(a.table_name::regclass))
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
        USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Say in the plan what becomes of them: orphans: of that foreign key. Where rows are merged, list the key that it refers to under columns: of its table, with change: keep.';
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
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Add the column again, or drop it from the archive, and its values are lost.';
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
EXCEPTION WHEN not_null_violation THEN
  RAISE EXCEPTION 'rows of % cannot come back from %: %', kept.table_name, kept.archive, SQLERRM
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Give the column a default until the way back is done, and go on.';
WHEN unique_violation OR exclusion_violation OR check_violation THEN
  GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION 'rows of % cannot come back from %: %', kept.table_name, kept.archive, concat_ws(': ', SQLERRM, nullif(why, ''))
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Change the row that was written since (after SET rekey.fence = ''open'' in that session), or the one in the archive, and go on.';
END
$body$;

-- Without triggers the server does not look at unique constraints that can be deferred.
CREATE PROCEDURE rekey.expect_unique(kept rekey.archives)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
  twice text;
BEGIN
  FOR item IN
    SELECT con.conname, string_agg(format('t.%I', a.attname), ', ' ORDER BY k.place) AS list,
           string_agg(format('t.%I = x.%I', a.attname, a.attname), ' AND ') AS same
    FROM pg_constraint con CROSS JOIN LATERAL unnest(con.conkey) WITH ORDINALITY k (attnum, place)
    JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum
    WHERE con.conrelid = kept.table_name::regclass AND con.contype IN ('p', 'u') AND con.condeferrable GROUP BY con.oid, con.conname
  LOOP
    EXECUTE format('SELECT count(*) FROM %s t WHERE EXISTS (SELECT FROM %s x WHERE %s) GROUP BY %s HAVING count(*) > 1 LIMIT 1',
                   kept.table_name, kept.archive, item.same, item.list) INTO twice;
    IF twice IS NOT NULL THEN
      RAISE EXCEPTION 'rows of % cannot come back from %: constraint % would have % rows of one value', kept.table_name, kept.archive,
        quote_ident(item.conname), twice
        USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Change the row that was written since (after SET rekey.fence = ''open'' in that session), or the one in the archive, and go on.';
    END IF;
  END LOOP;
END
$body$;

-- A row that was changed since in these columns keeps what it has; one whose key was a part of the change, too, where
-- anything else in it is otherwise by now: it may be another row.
CREATE PROCEDURE rekey.restore_changed(kept rekey.archives)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('UPDATE %s t SET %s FROM %s a WHERE %s AND %s AND (a.rest IS NULL OR to_jsonb(t) @> a.rest)', kept.table_name,
    (SELECT string_agg(format('%I = a.was_%s', c, n), ', ' ORDER BY n) FROM unnest(kept.columns) WITH ORDINALITY u (c, n)), kept.archive,
    (SELECT string_agg(format('t.%I = a.key_%s', k, n), ' AND ' ORDER BY n) FROM unnest(kept.key_columns) WITH ORDINALITY u (k, n)),
    (SELECT string_agg(format('t.%I IS NOT DISTINCT FROM a.now_%s', c, n), ' AND ' ORDER BY n) FROM unnest(kept.columns) WITH ORDINALITY u (c, n)));
EXCEPTION WHEN unique_violation OR exclusion_violation OR check_violation THEN
  RAISE EXCEPTION 'references in % cannot come back from %: %', kept.table_name, kept.archive, SQLERRM
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Change the row that was written since (after SET rekey.fence = ''open'' in that session), or take that row out of the archive, and go on.';
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
    JOIN pg_constraint con ON con.contype = 'f' AND con.conparentid = 0 AND con.convalidated
      AND con.conrelid IN (SELECT relid FROM rekey.tree(a.table_name::regclass))
    CROSS JOIN LATERAL unnest(con.conkey, con.confkey) k (child, parent)
    JOIN pg_attribute c ON c.attrelid = con.conrelid AND c.attnum = k.child
    JOIN pg_attribute p ON p.attrelid = con.confrelid AND p.attnum = k.parent
    WHERE a.step = of_step AND a.columns IS NULL
    GROUP BY a.archive, a.table_name, con.oid, con.conname, con.conrelid, con.confrelid
    HAVING NOT EXISTS (SELECT FROM rekey.orphan_rules r WHERE r.step = of_step AND r.child = a.table_name  -- it was an orphan before
                         AND r.columns @> array_agg(c.attname::text))
  LOOP
    -- who deletes one of these has to wait, and then finds what refers to it
    EXECUTE format('SELECT FROM %s p WHERE EXISTS (SELECT FROM %s x WHERE %s) FOR KEY SHARE', item.parents, item.archive, item.joined);
    EXECUTE format('SELECT count(*) FROM %s x WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                   item.archive, item.present, item.parents, item.joined) INTO lost;
    IF lost > 0 THEN
      RAISE EXCEPTION 'foreign key % of %: % rows in % refer to rows of % that were deleted since',
        quote_ident(item.conname), item.child, lost, item.archive, item.parent
        USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Delete these rows from the archive, where they are to be gone as well, or add those that they refer to, and go on.';
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
      CALL rekey.expect_unique(kept);
    ELSE
      CALL rekey.restore_changed(kept);
    END IF;
  END LOOP;
  CALL rekey.expect_parents(of_step);
  FOR kept IN SELECT * FROM rekey.archives WHERE step = of_step LOOP
    EXECUTE format('DROP TABLE %s', kept.archive);
  END LOOP;
  DELETE FROM rekey.archives WHERE step = of_step;
  DELETE FROM rekey.orphan_rules WHERE step = of_step;
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

-- Ids that removed rows have, and references that were changed, which no row that comes later may get: more of a query with
-- one column.
CREATE FUNCTION rekey.archived_ids(of_domain text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format(' UNION ALL SELECT %I FROM %s', t.attname, a.archive), '')
  FROM rekey.key_columns c JOIN rekey.archives a ON a.table_name = c.table_name
  JOIN pg_attribute t ON t.attrelid = a.archive::regclass AND NOT t.attisdropped
    AND t.attname = CASE WHEN a.columns IS NULL THEN c.column_name ELSE 'was_' || array_position(a.columns, c.column_name) END
  WHERE c.domain = of_domain AND NOT c.is_array AND t.atttypid <> 'uuid'::regtype
$body$;

-- A row written since may have the key of one that was removed, where keys were UUIDs before: before anything goes back.
CREATE PROCEDURE rekey.expect_room_for_rows(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item  record;
  taken text;
BEGIN
  FOR item IN
    SELECT a.archive, a.table_name, c.column_name, c.domain FROM rekey.archives a JOIN rekey.steps s USING (step)
    JOIN rekey.key_columns c ON c.table_name = a.table_name AND c.is_root AND c.old_type = 'uuid'
    WHERE s.phase = of_phase AND a.columns IS NULL
  LOOP
    EXECUTE format('SELECT min(x.%I::text) FROM %s x WHERE x.%1$I IN (SELECT t.%1$I FROM %3$s t)', item.column_name, item.archive, item.table_name) INTO taken;
    IF taken IS NOT NULL THEN
      RAISE EXCEPTION 'domain %: key % was written since the change, and is the old key of a row in %', item.domain, taken, item.archive
        USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Give that row another key, or stay on the new keys.';
    END IF;
  END LOOP;
END
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
