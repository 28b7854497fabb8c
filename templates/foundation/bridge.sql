-- For both versions of an application at once, while the new one is deployed: views of every changed table in its old
-- shape and in its new one, in schemas rekey_old and rekey_new. A session chooses by its search_path. Views of one
-- table take INSERT, UPDATE and DELETE by themselves; triggers of the table keep both generations of its keys right.

-- A view of the table with its columns in the order that they had at first, without the hidden ones; in the place of a column of `places`
-- stands the one of `shown`, under the name of `named`. With the rights of the table, asked of whoever uses the view
-- (from PostgreSQL 15; before it the view's owner reads the table, and rekey.expect_bridge refuses row security).
CREATE PROCEDURE rekey.make_bridge(in_schema text, of_table text, hidden text[], places text[], shown text[], named text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := of_table;
  name   text := (SELECT format('%I.%I', in_schema, relname) FROM pg_class WHERE oid = target);
  item   record;
BEGIN
  EXECUTE format('CREATE VIEW %s %s AS SELECT %s FROM %s', name,
    CASE WHEN current_setting('server_version_num')::integer >= 150000 THEN 'WITH (security_invoker = true)' END, (
      SELECT string_agg(format('%I AS %I', coalesce(shown[i], attname), coalesce(named[i], attname)), ', '
                        ORDER BY coalesce(place, attnum))
      FROM pg_attribute CROSS JOIN LATERAL array_position(places, attname::text) i
      LEFT JOIN rekey.kept_columns ON table_name = of_table AND column_name = attname
      WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname <> ALL (hidden)), of_table);
  FOR item IN
    SELECT privilege_type, '' AS columns, grantee, is_grantable FROM pg_class c, aclexplode(coalesce(relacl, acldefault('r', relowner)))
    WHERE c.oid = target AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    UNION ALL
    SELECT privilege_type, format(' (%I)', coalesce(named[array_position(places, attname::text)], attname)), grantee, is_grantable
    FROM pg_attribute, aclexplode(attacl)
    WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname <> ALL (hidden) AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE')
  LOOP
    EXECUTE format('GRANT %s%s ON %s TO %s%s', item.privilege_type, item.columns, name,
                   CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
                   CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
  EXECUTE format('COMMENT ON VIEW %s IS %L', name, format('%s for the time of a deployment; rekey drops it in the cleanup', of_table));
END
$body$;

-- A view would show rows that the table hides.
CREATE PROCEDURE rekey.expect_bridge(of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF current_setting('server_version_num')::integer < 150000
     AND (SELECT relrowsecurity FROM pg_class WHERE oid = of_table::regclass) THEN
    RAISE EXCEPTION '% has row security, which a view passes by before PostgreSQL 15: there is no bridge over it', of_table
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Leave bridge out of the plan.';
  END IF;
END
$body$;
