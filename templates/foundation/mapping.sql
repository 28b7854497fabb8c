CREATE FUNCTION rekey.mapping_of(of_domain text)
RETURNS TABLE (table_name text, column_name text, old_key bigint, new_key uuid)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  root record;
BEGIN
  FOR root IN SELECT * FROM rekey.key_columns c
              WHERE c.domain = of_domain AND c.is_root AND c.old_type <> 'uuid'
                AND rekey.has_changed(c) LOOP  -- a phase that only prepares changes no type
    RETURN QUERY EXECUTE format(
      'SELECT %L::text, %L::text, coalesce(s.old_key, %s), k.key '
      'FROM (SELECT %I AS key FROM %s) k LEFT JOIN rekey.keys s ON s.domain = %L AND s.new_key = k.key '
      'WHERE s.old_key IS NOT NULL OR %s',
      root.table_name, root.column_name, rekey.expression(of_domain, 'id', 'k.key'),
      root.column_name, root.table_name, of_domain, rekey.expression(of_domain, 'holds', 'k.key'));
  END LOOP;
END
$body$;

-- Through a function, so that no view of ours depends on a column of a user's table.
CREATE VIEW rekey.mapping AS
SELECT m.table_name, m.column_name, m.old_key, m.new_key
FROM rekey.domains d
JOIN rekey.phases p USING (phase)
CROSS JOIN LATERAL rekey.mapping_of(d.domain) m
WHERE p.state = 'applied';
COMMENT ON VIEW rekey.mapping IS
  'Old key and new key of every row of every applied domain; rows written since are here where they have an old key: after an online phase';
