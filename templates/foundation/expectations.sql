-- Of an inheritance tree a foreign key holds for the table alone, of a partitioned one for all of it.
CREATE FUNCTION rekey.rows_under(of_table regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT CASE relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || of_table FROM pg_class WHERE oid = of_table $body$;

-- A table and what it is parted into, on every level.
CREATE FUNCTION rekey.tree(target regclass) RETURNS TABLE (relid regclass, has_rows boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT target, relkind <> 'p' FROM pg_class WHERE oid = target
  UNION
  SELECT t.relid, t.isleaf FROM pg_partition_tree(target) t
$body$;

-- A row that breaks a validated foreign key (written while triggers were off) has no key to go with and
-- would stop the phase in its middle.
CREATE PROCEDURE rekey.refuse_orphans(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fk      record;
  orphans bigint;
  example text;
  wrong   text;
BEGIN
  -- rekey has looked for them before it changed anything; should one have come since, the foreign key finds it
  IF of_phase = ANY (string_to_array(current_setting('rekey.without_orphans', true), ',')) THEN
    RETURN;
  END IF;
  FOR fk IN
    SELECT con.conrelid::regclass AS child, rekey.rows_under(con.conrelid) AS children,
           rekey.rows_under(con.confrelid) AS parents, con.conname,
           string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND ') AS joined,
           string_agg(format('c.%I IS NOT NULL', c.attname),
                      CASE con.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END) AS present,
           string_agg(quote_ident(c.attname), ', ' ORDER BY k.place) AS columns,
           string_agg(format('coalesce(c.%I::text, ''null'')', c.attname), ', ' ORDER BY k.place) AS key
    FROM pg_constraint con
    CROSS JOIN LATERAL unnest(con.conkey, con.confkey) WITH ORDINALITY k (child, parent, place)
    JOIN pg_attribute c ON c.attrelid = con.conrelid AND c.attnum = k.child
    JOIN pg_attribute p ON p.attrelid = con.confrelid AND p.attnum = k.parent
    WHERE con.contype = 'f' AND con.convalidated AND con.conparentid = 0 AND EXISTS (
      SELECT FROM rekey.key_columns kc JOIN rekey.domains d USING (domain)
      JOIN pg_attribute a ON a.attrelid = to_regclass(kc.table_name) AND a.attname = kc.column_name
      WHERE d.phase = of_phase AND a.attrelid = con.conrelid AND a.attnum = ANY (con.conkey))
    GROUP BY con.oid, con.conrelid, con.confrelid, con.conname, con.confmatchtype
    ORDER BY con.conrelid::regclass::text, con.conname
  LOOP
    EXECUTE format('SELECT count(*), min(concat_ws('', '', %s)) FROM %s c '
                   'WHERE (%s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                   fk.key, fk.children, fk.present, fk.parents, fk.joined) INTO orphans, example;
    IF orphans > 0 THEN
      wrong := concat_ws('; ', wrong, format('foreign key %I of %s: %s, such as (%s) = (%s)', fk.conname, fk.child,
        CASE orphans WHEN 1 THEN '1 orphan' ELSE orphans || ' orphans' END, fk.columns, example));
    END IF;
  END LOOP;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', wrong USING ERRCODE = 'RK003',
      HINT = 'Nothing has changed in this phase. Remove the orphans, or add the rows they point at.';
  END IF;
END
$body$;

{{#enforced}}
-- A reference that is to become a foreign key: rows that would break it are named before anything changes.
CREATE PROCEDURE rekey.expect_referred(of_table text, columns text[], parent text, parent_columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  orphans bigint;
  example text;
BEGIN
  EXECUTE (
    SELECT format('SELECT count(*), min(concat_ws('', '', %s)) FROM ONLY %s c WHERE %s AND NOT EXISTS (SELECT FROM ONLY %s p WHERE %s)',
                  string_agg(format('c.%I::text', child), ', ' ORDER BY n), of_table, string_agg(format('c.%I IS NOT NULL', child), ' AND '),
                  parent, string_agg(format('p.%I = c.%I', above, child), ' AND '))
    FROM unnest(columns, parent_columns) WITH ORDINALITY k (child, above, n)) INTO orphans, example;
  IF orphans > 0 THEN
    RAISE EXCEPTION '%: % with (%) that no row of % has, such as (%)', of_table, CASE orphans WHEN 1 THEN '1 row' ELSE orphans || ' rows' END,
      array_to_string(columns, ', '), parent, example
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase, and enforce: true would have no end. Say in the plan what becomes '
        'of them: orphans: of that logical reference, or take enforce: out.';
  END IF;
END
$body$;

{{/enforced}}
-- Generators v5, v7 and expression list the keys of the root's rows: v7 needs a time that 48 bits of milliseconds hold, and
-- every key that another column holds needs its row there.
CREATE PROCEDURE rekey.refuse_unlisted(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item    record;
  found   bigint;
  example text;
BEGIN
  FOR item IN
    SELECT root.table_name AS root_table, root.column_name AS root_column, d.time_column, d.picked, h.*,
           (root.table_name, root.column_name) = (h.table_name, h.column_name) AS is_root
    FROM rekey.domains d
    JOIN rekey.key_columns root ON root.domain = d.domain AND root.is_root
    JOIN rekey.holders h ON h.domain = d.domain AND h.is_source
    WHERE d.phase = of_phase AND d.generator IN ('v5', 'v7', 'expression', 'parent')
    ORDER BY h.table_name, h.column_name, h.title
  LOOP
    IF item.is_root AND item.time_column IS NULL THEN
      CONTINUE;
    ELSIF item.is_root THEN
      EXECUTE format('SELECT count(*), min(%I::text) FROM %s WHERE NOT coalesce(isfinite(%I) AND extract(epoch FROM %3$I) '
                     '* 1000 >= -140737488355328 AND extract(epoch FROM %3$I) * 1000 < 140737488355328, false) AND (%4$s)',
                     item.column_name, item.table_name, item.time_column, coalesce(item.picked, 'true')) INTO found, example;
      IF found > 0 THEN
        RAISE EXCEPTION '%: % without a time in % that a key can hold, such as % = %', item.table_name,
          CASE found WHEN 1 THEN '1 row' ELSE found || ' rows' END, quote_ident(item.time_column),
          quote_ident(item.column_name), example
          USING ERRCODE = 'RK003',
            HINT = 'Nothing has changed in this phase. Fill in the times, or choose another generator in the plan.';
      END IF;
    ELSE
      EXECUTE format('SELECT count(*), min(key::text) FROM %s WHERE NOT EXISTS (SELECT FROM %s p WHERE p.%I = held.key)',
                     item.keys, item.root_table, item.root_column)
        INTO found, example;
      IF found > 0 THEN
        RAISE EXCEPTION '%: % % that no row of % has, such as %', item.table_name,
          CASE found WHEN 1 THEN '1 ' || item.thing ELSE format('%s %ss', found, item.thing) END ||
            CASE item.thing WHEN 'element' THEN ' in' WHEN 'row' THEN ' with a' ELSE ' at' END,
          item.title, item.root_table, example
          USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Delete these rows, add those that '
            'they point at, or choose another generator in the plan: this one makes a key from the row there.';
      END IF;
    END IF;
  END LOOP;
END
$body$;

-- Before keys that were UUIDs go back: a row written since whose key is the old one of another would have to share it.
CREATE PROCEDURE rekey.expect_free_keys(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  taken uuid;
BEGIN
  EXECUTE format('SELECT k.key FROM (%1$s) k JOIN rekey.pairs w ON w.domain = %2$L AND w.old_key = k.key '
                 'WHERE NOT EXISTS (SELECT FROM rekey.pairs n WHERE n.domain = w.domain AND n.new_key = k.key) '
                 'AND EXISTS (SELECT FROM (%1$s) s WHERE s.key = w.new_key) LIMIT 1',
                 rekey.source_keys(of_domain, true), rekey.pairs_of(of_domain)) INTO taken;
  IF taken IS NOT NULL THEN
    RAISE EXCEPTION 'domain %: key % was written since the change, and is the old key of another row', of_domain, taken
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Give that row another key, or stay on the new keys.';
  END IF;
END
$body$;

-- Before a change is taken back, with the fence up: what would stop the way back in its middle.
CREATE PROCEDURE rekey.expect_way_back(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  CALL rekey.refuse_orphans(of_phase);
{{#borrowed}}
  CALL rekey.expect_places(of_phase);
{{/borrowed}}
  IF to_regclass('rekey.archives') IS NOT NULL THEN
    CALL rekey.expect_room_for_rows(of_phase);
  END IF;
  FOR item IN SELECT DISTINCT domain FROM rekey.domains JOIN rekey.key_columns USING (domain)
              WHERE phase = of_phase AND old_type = 'uuid' AND generator <> 'borrowed' ORDER BY domain LOOP
    CALL rekey.expect_free_keys(item.domain);
  END LOOP;
  FOR item IN SELECT d.domain, f.* FROM rekey.domains d CROSS JOIN LATERAL rekey.fresh_ids(d.domain) f
              WHERE d.phase = of_phase AND f.too_narrow IS NOT NULL ORDER BY d.domain LOOP
    RAISE EXCEPTION 'domain %: % rows were written since the change, the last would get id %: too large for %',
      item.domain, item.needed, item.last_id, item.too_narrow
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Delete rows or stay on the new keys.';
  END LOOP;
END
$body$;

-- Before a change: columns have the types the plan knows, ids fit the generator.
CREATE PROCEDURE rekey.expect_columns(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
  item  record;
  low   bigint;
  high  bigint;
BEGIN
  SELECT string_agg(format('%s.%I is %s, not %s', c.table_name, c.column_name,
                           coalesce(format_type(a.atttypid, a.atttypmod), 'missing'), c.declared), '; '
                    ORDER BY c.table_name, c.column_name) INTO wrong
  FROM rekey.key_columns c JOIN rekey.domains d USING (domain)
  LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(c.table_name)
                          AND a.attname = c.column_name AND NOT a.attisdropped
  WHERE d.phase = of_phase AND format_type(a.atttypid, a.atttypmod) IS DISTINCT FROM c.declared;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'the database is not what the plan describes: %', wrong
      USING ERRCODE = 'RK003', HINT = 'Draft the plan anew with rekeyc inspect, or correct it.';
  END IF;
{{#borrowed}}
  CALL rekey.settle_places(of_phase);
{{/borrowed}}
  FOR item IN SELECT h.*, d.generator FROM rekey.holders h JOIN rekey.domains d USING (domain)
              WHERE d.phase = of_phase AND h.is_source AND d.generator IN ('ordered', 'v7')
                AND h.old_type IN ('bigint', 'jsonb') AND NOT EXISTS (
                  SELECT FROM rekey.key_columns c WHERE c.domain = d.domain AND c.old_type = 'uuid') LOOP
    EXECUTE format('SELECT min(key), max(key) FROM %s', item.keys) INTO low, high;
    IF low < -140737488355328 OR high > 140737488355327 THEN
      RAISE EXCEPTION '%.% holds ids from % to %; generator "%" holds -2^47 to 2^47-1',
        item.table_name, item.title, low, high, item.generator
        USING ERRCODE = 'RK003', HINT = 'Give the table generator: keyed in the plan.';
    END IF;
  END LOOP;
END
$body$;

-- And no key is an orphan.
CREATE PROCEDURE rekey.expect_legacy(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  CALL rekey.expect_columns(of_phase);
  CALL rekey.refuse_orphans(of_phase);
  CALL rekey.refuse_unlisted(of_phase);
END
$body$;
