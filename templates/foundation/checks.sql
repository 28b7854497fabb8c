-- Counts the rows of a table and sums a hash of their keys, each taken back to its legacy id: one row with
-- the count, the sum, and how many rows have a key that nobody knows. An array counts with its shape. Rows written since the change have
-- got their legacy ids when a step is undone; OFFSET 0 keeps the server from taking each key back twice.
CREATE FUNCTION rekey.content_query(of_table text, columns text[], undoing boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format('SELECT count(*), sum(hash_array_extended(ARRAY[%s], 0)), %s FROM (SELECT %s FROM %s%s) k',
                string_agg('id' || n, ', ' ORDER BY n),
                coalesce('count(*) FILTER (WHERE NOT (' || string_agg(known, ' AND ' ORDER BY n) || '))', '0'),
                string_agg(format('%s AS id%s, %I AS key%2$s', id, n, name){{#borrowed}} || coalesce(', ' || borrowed_known || ' AS known' || n, ''){{/borrowed}}, ', ' ORDER BY n),
                of_table, CASE WHEN count(known) > 0 THEN ' OFFSET 0' END)
  FROM (
    SELECT n, name,
{{#borrowed}}
           CASE WHEN generator = 'borrowed' AND changed AND undoing THEN rekey.expression(domain, 'known', quote_ident(name)) END AS borrowed_known,
{{/borrowed}}
           CASE WHEN is_array AND changed THEN format($sql$CASE WHEN %1$I IS NOT NULL THEN hash_array_extended(ARRAY(
                  SELECT %2$s FROM unnest(%1$I) e), 0) # hashtextextended(coalesce(array_dims(%1$I), ''), 0) END$sql$,
                  name, rekey.expression(domain, kind, 'e'))
                WHEN is_array THEN format($sql$CASE WHEN %1$I IS NOT NULL THEN hash_array_extended(
                  %1$I::%2$s[], 0) # hashtextextended(coalesce(array_dims(%1$I), ''), 0) END$sql$, name, CASE WHEN is_uuid THEN 'uuid' ELSE 'bigint' END)
{{#borrowed}}
                WHEN is_document THEN format('jsonb_hash_extended(%s, 0)', CASE WHEN changed THEN rekey.expression(domain, kind, quote_ident(name))
                                                                                ELSE quote_ident(name) END)
{{/borrowed}}
                WHEN is_uuid THEN format('uuid_hash_extended(%s, 0)', CASE WHEN changed THEN rekey.expression(domain, kind, quote_ident(name))
                                                                           ELSE quote_ident(name) END)
                WHEN changed THEN rekey.expression(domain, kind, quote_ident(name))
                ELSE format('%I::bigint', name) END AS id,
           CASE
{{#borrowed}}
                WHEN generator = 'borrowed' THEN CASE WHEN changed AND undoing THEN 'known' || n END
{{/borrowed}}
                WHEN is_array AND changed AND undoing AND NOT is_uuid
                THEN format('(SELECT coalesce(bool_and(rekey.is_legacy(%s, %L) OR %s), true) FROM unnest(key%s) e)',
                            rekey.expression(domain, kind, 'e'), domain, rekey.expression(domain, 'proof', 'e'), n)
                WHEN changed AND undoing AND NOT is_uuid  -- any uuid may come back as what it is
                THEN format('(rekey.is_legacy(id%s, %L) OR %s)', n, domain,
                            rekey.expression(domain, 'proof', 'key' || n)) END AS known
    FROM (SELECT n, name, c.domain, c.is_array, rekey.has_changed(c) AS changed, c.old_type = 'uuid' AS is_uuid,
{{#borrowed}}
                 c.old_type = 'jsonb' AS is_document, (SELECT d.generator FROM rekey.domains d WHERE d.domain = c.domain) AS generator,
{{/borrowed}}
                 CASE WHEN undoing THEN 'back' ELSE 'id' END AS kind
          FROM unnest(columns) WITH ORDINALITY u (name, n)
          JOIN rekey.key_columns c ON c.table_name = of_table AND c.column_name = name) k) parts
$body$;

-- A change of types is right when the sum after it is the sum before it. Call it before and after, in one step.
CREATE PROCEDURE rekey.measure(of_step text, at_moment text, of_table text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  undoing boolean := (SELECT state = 'undoing' FROM rekey.steps WHERE step = of_step);
  counted bigint;
  total   numeric;
  unknown bigint;
  earlier rekey.checks;
BEGIN
  EXECUTE rekey.content_query(of_table, columns, undoing) INTO counted, total, unknown;
  IF unknown > 0 THEN
    RAISE EXCEPTION '%: % rows with keys that have no legacy id: written behind the fence', of_table, unknown
      USING ERRCODE = 'RK003', HINT = 'Delete these rows, or give them keys of rows that were there before.';
  END IF;
  SELECT * INTO earlier FROM rekey.checks
  WHERE step = of_step AND object = of_table AND moment = 'before' ORDER BY entry DESC LIMIT 1;
  INSERT INTO rekey.checks (phase, step, moment, "check", object, ok, detail, rows, checksum)
  SELECT s.phase, of_step, at_moment, 'content', of_table, true,
         CASE WHEN undoing THEN 'rollback' ELSE 'apply' END, counted, total
  FROM rekey.steps s WHERE s.step = of_step;
  IF at_moment = 'after' AND (earlier.rows, earlier.checksum) IS DISTINCT FROM (counted, total) THEN
    RAISE EXCEPTION '%: % rows with checksum % before, % rows with checksum % after', of_table,
      earlier.rows, earlier.checksum, counted, total
      USING ERRCODE = 'RK004', HINT = 'The step is undone as a whole; please report this.';
  END IF;
END
$body$;

-- The checks of verify.sql: each writes its result down and gives it back.
CREATE FUNCTION rekey.record_check(of_phase text, named text, of_object text, passed boolean, details text,
                                   OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
  INSERT INTO rekey.checks AS c (phase, moment, "check", object, ok, detail)
  VALUES (of_phase, 'verify', named, of_object, coalesce(passed, false), details)
  RETURNING c."check", c.object, c.ok, c.detail INTO "check", object, ok, detail;
END
$body$;

-- Rows and checksum before a change and after it, as its step measured them.
CREATE FUNCTION rekey.check_content(of_phase text, of_step text, of_object text,
                                    OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM (
    SELECT max(entry) FILTER (WHERE moment = 'before') AS before,
           max(entry) FILTER (WHERE moment = 'after') AS after
    FROM rekey.checks WHERE step = of_step) last
  LEFT JOIN rekey.checks b ON b.entry = last.before
  LEFT JOIN rekey.checks a ON a.entry = last.after
  CROSS JOIN LATERAL rekey.record_check(of_phase, 'content', of_object,
    (a.rows, a.checksum) IS NOT DISTINCT FROM (b.rows, b.checksum) AND a.entry > b.entry,
    format('%s rows, checksum %s before and %s after', a.rows, coalesce(b.checksum, 0), coalesce(a.checksum, 0))) r
$body$;

-- Of a key column, or what stood on one (a constraint, an index or statistics, as SQL writes them), that a cleanup has dropped.
CREATE FUNCTION rekey.is_archived(of_table text, of_column text, of_object text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  archived boolean := false;
BEGIN
  IF to_regclass('rekey.column_archives') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM rekey.column_archives WHERE table_name = $1 AND (columns @> jsonb_build_array(jsonb_build_object(''name'', $2)) '
            'OR $3 = ANY (objects)))' INTO archived USING of_table, of_column, of_object;
  END IF;
  RETURN archived;
END
$body$;

-- False until the check has been made since the phase closed: up to then the steps of the phase, which read
-- every row behind the fence, are the proof, and the rows are not read a second time.
CREATE FUNCTION rekey.is_checked(of_phase text, named text, of_object text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RETURN EXISTS (
    SELECT FROM rekey.checks c
    WHERE c.phase = of_phase AND c.moment = 'verify' AND c."check" = named AND c.object = of_object
      AND c.at > (SELECT max(h.at) FROM rekey.history h
                  WHERE h.step = of_phase || '.close' AND h.event = 'done'));
END
$body$;

CREATE FUNCTION rekey.check_key(of_phase text, of_table text, of_column text,
                                OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  key_column rekey.key_columns;
  named      text := format('%s.%I', of_table, of_column);
  found      text := 'made from legacy ids by the phase';
  strays     text;
BEGIN
  SELECT * INTO key_column FROM rekey.key_columns WHERE table_name = of_table AND column_name = of_column;
  IF rekey.is_archived(of_table, of_column, NULL) THEN
    SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'keys', named, true, 'in the archive since the cleanup') r;
    RETURN;
  END IF;
  IF rekey.is_checked(of_phase, 'keys', named) THEN
    EXECUTE (SELECT format('SELECT format(%L, count(*) FILTER (WHERE holds), count(*) FILTER (WHERE NOT holds)) FROM (%s) keys',
                           CASE key_column.old_type WHEN 'uuid' THEN '%s new keys, %s that stayed or were written since'
                                                    ELSE '%s keys made from legacy ids, %s written since' END,
                           string_agg(format('SELECT %s AS holds FROM %s', rekey.expression(h.domain, 'holds', 'key'), h.keys), ' UNION ALL '))
             FROM rekey.holders h
             WHERE h.column_name = of_column AND h.table_name = of_table) INTO found;
{{#borrowed}}
    strays := rekey.strays(of_table, of_column);
{{/borrowed}}
  END IF;
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'keys', named,
    rekey.has_changed(key_column) AND strays IS NULL, concat_ws('; ', found, strays)) r;
END
$body$;

-- The constraint stands, is validated where it was, and no row breaks it.
CREATE FUNCTION rekey.check_foreign_key(of_phase text, of_table text, named text, validated boolean,
                                        OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fk      pg_constraint;
  orphans bigint;
  joined  text;
  present text;
BEGIN
  SELECT * INTO fk FROM pg_constraint
  WHERE conrelid = of_table::regclass AND conname = named AND contype = 'f';
  IF fk.oid IS NULL AND rekey.is_archived(of_table, NULL, quote_ident(named)) THEN
    SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'foreign key', of_table || ' ' || named, true,
      'gone with its columns since the cleanup') r;
    RETURN;
  ELSIF fk.oid IS NULL OR NOT rekey.is_checked(of_phase, 'foreign key', of_table || ' ' || named) THEN
    SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'foreign key',
      of_table || ' ' || named, fk.convalidated = validated,
      CASE fk.convalidated WHEN true THEN 'validated by the phase' WHEN false THEN 'not valid' ELSE 'missing' END) r;
    RETURN;
  END IF;
  SELECT string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND '),
         string_agg(format('c.%I IS NOT NULL', c.attname), ' AND ')
  INTO joined, present
  FROM unnest(fk.conkey, fk.confkey) k(child, parent)
  JOIN pg_attribute c ON c.attrelid = fk.conrelid AND c.attnum = k.child
  JOIN pg_attribute p ON p.attrelid = fk.confrelid AND p.attnum = k.parent;
  EXECUTE format('SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                 rekey.rows_under(fk.conrelid), present, rekey.rows_under(fk.confrelid), joined) INTO orphans;
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'foreign key',
    of_table || ' ' || named, fk.convalidated = validated AND (orphans = 0 OR NOT validated),
    format('%s, %s orphans', CASE WHEN fk.convalidated THEN 'valid' ELSE 'not valid' END, orphans)) r;
END
$body$;

-- Uniqueness of the table's keys rests on its indexes: none may be invalid.
CREATE FUNCTION rekey.check_indexes(of_phase text, of_table text,
                                    OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM (
    SELECT count(*) AS total, count(*) FILTER (WHERE indisunique) AS uniques,
           count(*) FILTER (WHERE NOT (indisvalid AND indisready) AND relkind = 'i') AS invalid  -- not: ON ONLY
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = of_table::regclass) i
  CROSS JOIN LATERAL rekey.record_check(of_phase, 'indexes', of_table, i.invalid = 0,
    format('%s indexes, %s unique, %s invalid', i.total, i.uniques, i.invalid)) r
$body$;

CREATE FUNCTION rekey.check_probe(of_phase text, named text, answer boolean,
                                  OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM rekey.record_check(of_phase, 'probe', named, answer, '') r
$body$;

-- Indexes that a crash or a failed build left invalid are built again.
CREATE PROCEDURE rekey.settle_indexes(target regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  broken regclass;
BEGIN
  FOR broken IN SELECT indexrelid FROM pg_index WHERE indrelid = target AND NOT indisvalid LOOP
    EXECUTE format('REINDEX INDEX %s', broken);
  END LOOP;
END
$body$;
