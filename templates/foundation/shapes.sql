-- What a partitioned table is that a phase has made anew, a line a fact: the way back makes it from the plan, and what
-- somebody has changed of it since would be gone.
CREATE TABLE rekey.shapes (
  phase      text NOT NULL REFERENCES rekey.phases,
  table_name text NOT NULL,
  fact       text NOT NULL,
  PRIMARY KEY (phase, table_name, fact)
);

CREATE FUNCTION rekey.shape_of(target regclass) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT fact FROM pg_class c CROSS JOIN LATERAL (
    VALUES ('owner ' || relowner::regrole::text),
           (CASE WHEN relrowsecurity THEN 'row level security' END),
           (CASE WHEN relforcerowsecurity THEN 'row level security forced' END),
           ('replica identity ' || relreplident::text),
           ('comment ' || obj_description(c.oid, 'pg_class'))) f (fact)
  WHERE c.oid = target AND fact IS NOT NULL
  UNION
  SELECT 'grant ' || acl::text FROM pg_class c CROSS JOIN unnest(relacl) acl WHERE c.oid = target
  UNION
  SELECT format('column %I %s%s%s%s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' NOT NULL' END,
                ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ' comment ' || col_description(attrelid, attnum))
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
  WHERE attrelid = target AND attnum > 0 AND NOT attisdropped
  UNION
  SELECT format('grant on column %I %s', attname, acl::text) FROM pg_attribute CROSS JOIN unnest(attacl) acl
  WHERE attrelid = target AND NOT attisdropped
  UNION
  SELECT format('constraint %I %s%s', conname, pg_get_constraintdef(oid), ' comment ' || obj_description(oid, 'pg_constraint'))
  FROM pg_constraint WHERE conrelid = target AND conparentid = 0
  UNION
  SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = target
  UNION
  SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger
  WHERE tgrelid = target AND NOT tgisinternal AND tgname <> 'rekey_fence'
  UNION
  SELECT 'rule ' || pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = target
  UNION
  SELECT format('policy %I', polname) FROM pg_policy WHERE polrelid = target
  UNION
  SELECT format('partition %s %s', inhrelid::regclass, pg_get_expr(relpartbound, inhrelid))
  FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = target
$body$;

CREATE PROCEDURE rekey.note_shape(of_phase text, of_table text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  INSERT INTO rekey.shapes SELECT of_phase, of_table, fact FROM rekey.shape_of(of_table::regclass) fact
  ON CONFLICT DO NOTHING;
$body$;

CREATE PROCEDURE rekey.expect_shape(of_phase text, of_table text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  added text;
  gone  text;
BEGIN
  SELECT string_agg(fact, '; ' ORDER BY fact) INTO added FROM rekey.shape_of(of_table::regclass) fact
  WHERE fact NOT IN (SELECT s.fact FROM rekey.shapes s WHERE s.phase = of_phase AND s.table_name = of_table);
  SELECT string_agg(fact, '; ' ORDER BY fact) INTO gone FROM rekey.shapes
  WHERE phase = of_phase AND table_name = of_table AND fact NOT IN (SELECT rekey.shape_of(of_table::regclass));
  IF added IS NOT NULL OR gone IS NOT NULL THEN
    RAISE EXCEPTION '% is not as phase % left it: %', of_table, of_phase, concat_ws('. ', 'Now: ' || added, 'Before: ' || gone)
      USING ERRCODE = 'RK003', HINT = 'Nothing of this phase has changed. The way back makes the table from the plan: take this back '
        'before, and do it again afterwards (a partition can be detached meanwhile).';
  END IF;
END
$body$;
