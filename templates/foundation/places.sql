-- Columns that hold keys of others: at paths in documents, or, row by row, of the table that a type names. They change
-- in the rewrite of their table like any other; what stands at a place and is no key stops a phase before it begins.

-- What stands at the places of a column and is no key: a NULL in a document refers to nothing, an object or an array may
-- be one that a longer path goes on in.
CREATE FUNCTION rekey.strays(of_table text, of_column text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item    record;
  strays  bigint;
  example text;
  wrong   text;
BEGIN
  FOR item IN
    SELECT p AS place_row, p.*, rekey.has_changed(c) AS changed,
           (SELECT coalesce(array_agg(CASE WHEN q.path[cardinality(p.path) + 1] IS NULL THEN 'array' ELSE 'object' END), '{}') FROM rekey.places q
            WHERE (q.table_name, q.column_name) = (of_table, of_column) AND cardinality(q.path) > cardinality(p.path)
              AND q.path[1:cardinality(p.path)] = p.path) AS gone_on
    FROM rekey.places p JOIN rekey.key_columns c ON (c.table_name, c.column_name) = (p.table_name, p.column_name)
    WHERE (p.table_name, p.column_name) = (of_table, of_column) AND p.path IS NOT NULL ORDER BY p.place
  LOOP
    EXECUTE format('SELECT count(*), min(left(v.value::text, 80)) FROM %s t CROSS JOIN LATERAL (%s) v '
                   'WHERE jsonb_typeof(v.value) <> ALL (%L::text[]) AND NOT %s', of_table, rekey.values_at(item.path, format('t.%I', of_column)),
                   'null'::text || item.gone_on, rekey.is_key_at(item.place_row, item.changed)) INTO strays, example;
    IF strays > 0 THEN
      wrong := concat_ws('; ', wrong, format('%s.%I: %s at %s that %s no %s, such as %s', of_table, of_column,
        CASE strays WHEN 1 THEN '1 value' ELSE strays || ' values' END, item.title, CASE strays WHEN 1 THEN 'is' ELSE 'are' END,
        CASE WHEN item.changed THEN 'new key' ELSE 'key' END, example));
    END IF;
  END LOOP;
  FOR item IN
    SELECT p.type_column, array_agg(p.type) AS types FROM rekey.places p
    WHERE (p.table_name, p.column_name) = (of_table, of_column) AND p.path IS NULL GROUP BY p.type_column
  LOOP
    EXECUTE format('SELECT count(*), string_agg(DISTINCT coalesce(quote_literal(left(%1$I::text, 80)), ''NULL''), '', '') FROM %2$s '
                   'WHERE %3$I IS NOT NULL AND coalesce(%1$I::text <> ALL (%4$L::text[]), true)', item.type_column, of_table, of_column, item.types)
      INTO strays, example;
    IF strays > 0 THEN
      wrong := concat_ws('; ', wrong, format('%s.%I: %s of types that the plan does not know: %s', of_table, of_column,
        CASE strays WHEN 1 THEN '1 row' ELSE strays || ' rows' END, left(example, 400)));
    END IF;
  END LOOP;
  RETURN wrong;
END
$body$;

CREATE PROCEDURE rekey.refuse_strays(of_phase text, advice text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
BEGIN
  SELECT string_agg(s.strays, '; ' ORDER BY c.table_name, c.column_name) INTO wrong
  FROM (SELECT DISTINCT p.table_name, p.column_name FROM rekey.places p JOIN rekey.key_columns k USING (table_name, column_name)
        JOIN rekey.domains d ON d.domain = k.domain WHERE d.phase = of_phase) c
  CROSS JOIN LATERAL rekey.strays(c.table_name, c.column_name) s (strays);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', wrong USING ERRCODE = 'RK003', HINT = advice;
  END IF;
END
$body$;

-- A document as it is with the keys at its places changed, as an expression over the one at "at": which places are below
-- it, the path so far decides.
CREATE FUNCTION rekey.document_with(of_table text, of_column text, so_far text[], at text, kind text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  depth    integer := cardinality(so_far);
  step     text;
  here     rekey.places;
  key_type text;
  change   text;
  objects  text := '';
  cases    text := '';
BEGIN
  SELECT * INTO here FROM rekey.places p WHERE (p.table_name, p.column_name) = (of_table, of_column) AND p.path = so_far;
  IF here.domain IS NOT NULL THEN
    SELECT CASE l.old_type WHEN 'uuid' THEN 'uuid' ELSE 'bigint' END INTO key_type FROM rekey.key_columns l WHERE l.domain = here.domain LIMIT 1;
    change := rekey.expression(here.domain, kind, format('(%s #>> ''{}'')::%s', at, CASE kind WHEN 'key' THEN key_type ELSE 'uuid' END));
    IF kind <> 'key' AND key_type = 'bigint' AND NOT here.as_number THEN
      change := format('(%s)::text', change);
    END IF;
    cases := format(E'\n  WHEN pg_catalog.jsonb_typeof(%s) IN (''number'', ''string'') THEN pg_catalog.to_jsonb(%s)', at, change);
  END IF;
  FOR step IN
    SELECT DISTINCT p.path[depth + 1] FROM rekey.places p
    WHERE (p.table_name, p.column_name) = (of_table, of_column) AND cardinality(p.path) > depth AND p.path[1:depth] = so_far
      AND p.path[depth + 1] IS NOT NULL ORDER BY 1
  LOOP
    objects := objects || format(E'\n    || CASE WHEN %s ? %L THEN pg_catalog.jsonb_build_object(%2$L, %s) ELSE ''{}'' END', at, step,
      rekey.document_with(of_table, of_column, array_append(so_far, step), format('(%s -> %L)', at, step), kind));
  END LOOP;
  IF objects <> '' THEN
    cases := cases || format(E'\n  WHEN pg_catalog.jsonb_typeof(%1$s) = ''object'' THEN %1$s%2$s', at, objects);
  END IF;
  IF EXISTS (SELECT FROM rekey.places p WHERE (p.table_name, p.column_name) = (of_table, of_column) AND cardinality(p.path) > depth
               AND p.path[1:depth] = so_far AND p.path[depth + 1] IS NULL) THEN
    cases := cases || format(E'\n  WHEN pg_catalog.jsonb_typeof(%1$s) = ''array'' THEN (SELECT coalesce(pg_catalog.jsonb_agg(%2$s ORDER BY n%3$s), ''[]'') '
      'FROM pg_catalog.jsonb_array_elements(%1$s) WITH ORDINALITY a%3$s (e%3$s, n%3$s))',
      at, rekey.document_with(of_table, of_column, array_append(so_far, NULL), 'e' || depth, kind), depth);
  END IF;
  RETURN format('CASE%s ELSE %s END', cases, at);
END
$body$;

-- Whether all keys in a document are known on the way back, which those written behind the fence are not.
CREATE FUNCTION rekey.document_known(of_table text, of_column text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(string_agg(
    format('NOT EXISTS (SELECT FROM (SELECT (v.value #>> ''{}'')::uuid AS key FROM (%s) v WHERE pg_catalog.jsonb_typeof(v.value) = ''string'') k '
           'WHERE NOT (rekey.is_legacy(%s, %L) OR %s))', rekey.values_at(p.path, '$1'), rekey.expression(p.domain, 'back', 'k.key'), p.domain,
           rekey.expression(p.domain, 'proof', 'k.key')), E'\n  AND ' ORDER BY p.place), 'true')
  FROM rekey.places p
  WHERE (p.table_name, p.column_name) = (of_table, of_column)
    AND NOT EXISTS (SELECT FROM rekey.key_columns l WHERE l.domain = p.domain AND l.old_type = 'uuid')
$body$;

-- What rekey.expression is of a domain, of a column that borrows keys.
CREATE FUNCTION rekey.borrowed_expression(of_domain text, kind text, operand text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  number integer := (SELECT arrays FROM rekey.domains WHERE domain = of_domain);
BEGIN
  IF number IS NOT NULL THEN
    RETURN format('rekey.document_%s_%s(%s)', CASE kind WHEN 'key' THEN 'keys' WHEN 'id' THEN 'ids' ELSE kind END, number, operand);
  END IF;
  RETURN (
    SELECT format('CASE %I::text %s ELSE %s END', p.type_column, string_agg(format('WHEN %L THEN %s', p.type, CASE
             WHEN kind = 'known' AND (p.domain IS NULL OR c.old_type = 'uuid') THEN 'true'
             WHEN kind = 'known' THEN format('rekey.is_legacy(%s, %L) OR %s', rekey.expression(p.domain, 'back', operand), p.domain,
                                             rekey.expression(p.domain, 'proof', operand))
             WHEN p.domain IS NULL THEN operand
             ELSE rekey.expression(p.domain, kind, operand) END), ' ' ORDER BY p.place),
             CASE kind WHEN 'known' THEN operand || ' IS NULL' ELSE 'NULL' END)
    FROM rekey.key_columns c JOIN rekey.places p ON (p.table_name, p.column_name) = (c.table_name, c.column_name)
    WHERE c.domain = of_domain GROUP BY p.type_column);
END
$body$;

CREATE FUNCTION rekey.refuse_type(type text, key text) RETURNS text
LANGUAGE plpgsql STABLE
AS $body$
BEGIN
  IF key IS NULL THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'key % is of type %, which the plan does not know', key, coalesce(type, 'NULL') USING ERRCODE = 'RK003';
END
$body$;

-- Whether ids stand in documents as numbers or as texts is kept for the way back, one way a place.
CREATE PROCEDURE rekey.note_numbers(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item    record;
  numbers bigint;
  texts   bigint;
BEGIN
  FOR item IN
    SELECT p.* FROM rekey.places p JOIN rekey.domains d USING (domain)
    WHERE d.phase = of_phase AND p.path IS NOT NULL ORDER BY p.table_name, p.column_name, p.place
  LOOP
    EXECUTE format('SELECT count(*) FILTER (WHERE jsonb_typeof(v.value) = ''number''), count(*) FILTER (WHERE jsonb_typeof(v.value) = ''string'') '
                   'FROM %s t CROSS JOIN LATERAL (%s) v', item.table_name, rekey.values_at(item.path, format('t.%I', item.column_name)))
      INTO numbers, texts;
    IF numbers > 0 AND texts > 0 THEN
      RAISE EXCEPTION '%.%: ids at % are numbers (%) and texts (%): the way back could not tell which were which',
        item.table_name, quote_ident(item.column_name), item.title, numbers, texts
        USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Make them one or the other before.';
    END IF;
    UPDATE rekey.places p SET as_number = texts = 0
    WHERE (p.table_name, p.column_name, p.place) = (item.table_name, item.column_name, item.place);
  END LOOP;
END
$body$;

-- A default is left alone.
CREATE PROCEDURE rekey.expect_plain_default(of_table text, of_column text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  held boolean;
BEGIN
  EXECUTE (
    SELECT format('SELECT EXISTS (%s)', string_agg(format('SELECT FROM (%s) v WHERE jsonb_typeof(v.value) <> ''null''',
             rekey.values_at(p.path, format('(%s)', coalesce(pg_get_expr(d.adbin, d.adrelid), 'NULL::jsonb')))), ' UNION ALL '))
    FROM rekey.places p
    JOIN pg_attribute a ON a.attrelid = p.table_name::regclass AND a.attname = p.column_name
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE (p.table_name, p.column_name) = (of_table, of_column)) INTO held;
  IF held THEN
    RAISE EXCEPTION 'the default of %.% holds a key', of_table, quote_ident(of_column)
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Drop the default before, and set another one afterwards.';
  END IF;
END
$body$;

-- Before a change: all that stands at the places of its columns are keys. The functions through which documents change
-- are made here: USING takes no subquery.
CREATE PROCEDURE rekey.settle_places(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  CALL rekey.refuse_strays(of_phase, 'Nothing has changed in this phase. Correct these, or write the plan so that it knows them.');
  CALL rekey.note_numbers(of_phase);
  FOR item IN
    SELECT c.table_name, c.column_name, d.arrays, f.* FROM rekey.key_columns c JOIN rekey.domains d USING (domain)
    CROSS JOIN (VALUES ('keys', 'key', 'jsonb'), ('ids', 'id', 'jsonb'), ('back', 'back', 'jsonb'), ('known', 'known', 'boolean')) f (gives, kind, result)
    WHERE d.phase = of_phase AND d.generator = 'borrowed' AND c.old_type = 'jsonb'
      AND EXISTS (SELECT FROM rekey.places p WHERE (p.table_name, p.column_name) = (c.table_name, c.column_name))
  LOOP
    CALL rekey.expect_plain_default(item.table_name, item.column_name);
    EXECUTE format('CREATE OR REPLACE FUNCTION rekey.document_%s_%s(jsonb) RETURNS %s LANGUAGE sql STABLE AS %L', item.gives, item.arrays, item.result,
      'SELECT ' || CASE item.kind WHEN 'known' THEN rekey.document_known(item.table_name, item.column_name)
                                  ELSE rekey.document_with(item.table_name, item.column_name, '{}', '$1', item.kind) END);
  END LOOP;
END
$body$;

-- And before it is taken back.
CREATE PROCEDURE rekey.expect_places(of_phase text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  CALL rekey.refuse_strays(of_phase, 'Nothing has changed. They were written since the change: correct or delete these.');
$body$;
