CREATE FUNCTION rekey.last_given(last_value bigint, is_called boolean, increment bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT CASE WHEN is_called THEN last_value ELSE last_value - increment END $body$;

CREATE FUNCTION rekey.sequence_position(sequence text, OUT last_value bigint, OUT is_called boolean)
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('SELECT last_value, is_called FROM %s', sequence) INTO last_value, is_called;
END
$body$;

CREATE PROCEDURE rekey.save_sequences(of_domain text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.key_columns c
  SET increment = q.seqincrement, min_value = q.seqmin, max_value = q.seqmax, acl = r.relacl,
      comment = obj_description(r.oid, 'pg_class'),
      (last_value, is_called) = (SELECT p.last_value, p.is_called FROM rekey.sequence_position(c.sequence) p)
  FROM pg_class r JOIN pg_sequence q ON q.seqrelid = r.oid
  WHERE c.domain = of_domain AND r.oid = c.sequence::regclass;
$body$;

-- Of those that have been saved, where they stand by now.
CREATE PROCEDURE rekey.save_positions(VARIADIC domains text[])
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.key_columns c SET (last_value, is_called) = (p.last_value, p.is_called)
  FROM rekey.key_columns s CROSS JOIN LATERAL rekey.sequence_position(s.sequence) p
  WHERE (s.table_name, s.column_name) = (c.table_name, c.column_name) AND c.domain = ANY (domains)
    AND (c.last_value, c.is_called) IS DISTINCT FROM (p.last_value, p.is_called);
$body$;

-- Where the domain's ids and sequences stand, for the way back.
CREATE PROCEDURE rekey.save_ids(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  ids  text := rekey.source_keys(of_domain, false);
  low  bigint;
  high bigint;
BEGIN
  CALL rekey.save_sequences(of_domain);
  IF to_regclass('rekey.archives') IS NOT NULL THEN
    ids := ids || coalesce(rekey.archived_ids(of_domain), '');
  END IF;
  EXECUTE format('SELECT min(key), max(key) FROM (%s) ids', ids) INTO low, high;
  UPDATE rekey.domains SET old_low = low, old_high = high WHERE domain = of_domain;
END
$body$;

CREATE FUNCTION rekey.further(increment bigint, one bigint, other bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT CASE WHEN increment > 0 THEN greatest(one, other) ELSE least(one, other) END $body$;

-- The last id of a column's sequence: as written down, or as it stands now where it went on.
CREATE FUNCTION rekey.last_id(of_column rekey.key_columns) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  saved bigint := rekey.last_given(of_column.last_value, of_column.is_called, of_column.increment);
BEGIN
  IF of_column.is_identity THEN
    RETURN saved;
  END IF;
  RETURN rekey.further(of_column.increment, saved,
    (SELECT rekey.last_given(last_value, is_called, of_column.increment)
     FROM rekey.sequence_position(of_column.sequence)));
END
$body$;

-- The sequence that gives the domain its legacy ids, and the last it gave; NULLs where there is none. The
-- root that the domain is named for decides: quotes aside, because SQL quotes more names than a plan does.
CREATE FUNCTION rekey.id_sequence(of_domain text, OUT sequence text, OUT increment bigint, OUT last_id bigint,
                                  OUT min_value bigint, OUT max_value bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT c.*, rekey.last_id(c) AS last FROM rekey.key_columns c
              WHERE c.domain = of_domain AND c.sequence IS NOT NULL
              ORDER BY c.is_source, (replace(c.table_name || '.' || c.column_name, '"', '') = replace(of_domain, '"', '')),
                       c.table_name, c.column_name LOOP
    last_id := rekey.further(item.increment, last_id, item.last);
    sequence := item.sequence; increment := item.increment;
    min_value := item.min_value; max_value := item.max_value;
  END LOOP;
END
$body$;

CREATE FUNCTION rekey.highest(type text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT CASE type WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647 ELSE 9223372036854775807 END $body$;

-- The keys of rows written after the change: how many, the id after which theirs begin, the id of the
-- last, and the columns whose type cannot hold it. As long as even all rows there are would fit, nobody
-- looks which of them were written since: "needed" counts them all then.
CREATE FUNCTION rekey.fresh_ids(of_domain text, OUT needed bigint, OUT base bigint, OUT step bigint,
                                OUT last_id numeric, OUT too_narrow text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  seq     record;
  item    record;
  hit     boolean;
  highest bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM rekey.key_columns WHERE domain = of_domain AND old_type <> 'uuid')
     OR EXISTS (SELECT FROM rekey.domains WHERE domain = of_domain AND generator = 'borrowed') THEN
    RETURN;  -- such keys stay what they are, or are of others, and a stage of a domain has none of its own
  END IF;
  SELECT * INTO seq FROM rekey.id_sequence(of_domain);
  step := coalesce(seq.increment, 1);
  SELECT CASE WHEN step > 0 THEN greatest(seq.last_id, d.old_high, max(k.old_key))
              ELSE least(seq.last_id, d.old_low, min(k.old_key)) END
  INTO base
  FROM rekey.domains d LEFT JOIN rekey.keys k ON k.domain = d.domain AND k.fresh
  WHERE d.domain = of_domain GROUP BY d.old_low, d.old_high;
  base := coalesce(base, 0);
  SELECT min(rekey.highest(old_type)) INTO highest FROM rekey.holders WHERE domain = of_domain;
  EXECUTE format('SELECT count(*) FROM (%s) k', rekey.source_keys(of_domain, true)) INTO needed;
  last_id := base::numeric + needed * step::numeric;
  IF abs(last_id) <= highest AND (seq.sequence IS NULL OR last_id BETWEEN seq.min_value AND seq.max_value) THEN
    RETURN;
  END IF;
  EXECUTE format('SELECT count(*) FROM (%s) fresh', rekey.fresh_keys(of_domain)) INTO needed;
  last_id := base::numeric + needed * step::numeric;
  IF needed = 0 THEN
    RETURN;
  ELSIF last_id < seq.min_value OR last_id > seq.max_value THEN
    too_narrow := 'sequence ' || seq.sequence;
    RETURN;
  END IF;
  FOR item IN
    SELECT * FROM rekey.holders
    WHERE domain = of_domain AND abs(last_id) > rekey.highest(old_type)
    ORDER BY table_name, column_name, title
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE NOT %s)', item.keys,
                   rekey.expression(of_domain, 'holds', 'key')) INTO hit;
    IF hit THEN
      too_narrow := concat_ws(', ', too_narrow,
        format('%s.%I (%s)', item.table_name, item.column_name, item.declared));
    END IF;
  END LOOP;
END
$body$;

-- Columns that by now hold keys of legacy ids too large for their old type: a foreign key may be narrower
-- than what it refers to.
CREATE FUNCTION rekey.narrow_columns(of_domain text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item   record;
  hit    boolean;
  narrow text;
BEGIN
  FOR item IN
    SELECT c.*, t.highest
    FROM rekey.holders c
    JOIN rekey.domains d USING (domain)
    CROSS JOIN rekey.highest(c.old_type) t (highest)
    WHERE c.domain = of_domain AND c.changed AND (d.old_high > t.highest OR d.old_low < -t.highest - 1)
    ORDER BY c.table_name, c.column_name
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE CASE WHEN %s THEN %s NOT BETWEEN %s AND %s ELSE false END)',
                   item.keys, rekey.expression(of_domain, 'holds', 'key'),
                   rekey.expression(of_domain, 'id', 'key'), -item.highest - 1, item.highest) INTO hit;
    IF hit THEN
      narrow := concat_ws(', ', narrow,
        format('%s.%I (%s)', item.table_name, item.column_name, item.declared));
    END IF;
  END LOOP;
  RETURN narrow;
END
$body$;

-- Rows written after the change get legacy ids above the highest ever used, in the order of their keys. The
-- sequences follow when the phase ends: setval is no part of a transaction, and one cut off here must give
-- the same ids again.
CREATE PROCEDURE rekey.assign_legacy_ids(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fresh  record;
  narrow text := rekey.narrow_columns(of_domain);
  given  bigint;
  last   bigint;
BEGIN
  IF narrow IS NOT NULL THEN
    RAISE EXCEPTION 'since the change rows refer to legacy ids too large for %', narrow
      USING ERRCODE = 'RK003', HINT = 'Let these rows refer to others, or stay on the new keys.';
  END IF;
  SELECT * INTO fresh FROM rekey.fresh_ids(of_domain);
  IF fresh.too_narrow IS NOT NULL THEN
    RAISE EXCEPTION '% rows were written since the change, the last would get id %: too large for %',
      fresh.needed, fresh.last_id, fresh.too_narrow
      USING ERRCODE = 'RK003', HINT = 'Delete rows or stay on the new keys.';
  END IF;
  EXECUTE format(
    'INSERT INTO rekey.keys SELECT %L, %s + row_number() OVER (ORDER BY key) * %s, key, true FROM (%s) fresh',
    of_domain, fresh.base, fresh.step, rekey.fresh_keys(of_domain));
  GET DIAGNOSTICS given = ROW_COUNT;
  IF given = 0 THEN
    RETURN;
  END IF;
  last := fresh.base + given * fresh.step;
  UPDATE rekey.key_columns SET last_value = last, is_called = true
  WHERE sequence IN (SELECT sequence FROM rekey.key_columns WHERE domain = of_domain)
    AND last BETWEEN min_value AND max_value;
END
$body$;

-- Nobody else writes to the phase's tables yet; an identity's sequence is made again with it.
CREATE PROCEDURE rekey.advance_sequences(of_phase text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT setval(c.sequence::regclass, c.last_value, c.is_called)
  FROM rekey.key_columns c
  JOIN rekey.domains d USING (domain)
  CROSS JOIN rekey.sequence_position(c.sequence) now
  WHERE d.phase = of_phase AND NOT c.is_identity
    AND rekey.last_id(c) <> rekey.last_given(now.last_value, now.is_called, c.increment);
$body$;

-- An identity's sequence was dropped with it: position, rights and comment return here.
CREATE PROCEDURE rekey.restore_sequence(of_table text, of_column text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  saved rekey.key_columns;
  item  record;
BEGIN
  SELECT * INTO STRICT saved FROM rekey.key_columns
  WHERE table_name = of_table AND column_name = of_column;
  PERFORM setval(saved.sequence::regclass, saved.last_value, saved.is_called);
  IF saved.comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON SEQUENCE %s IS %L', saved.sequence, saved.comment);
  END IF;
  IF saved.acl IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %s', saved.sequence,
    (SELECT relowner::regrole FROM pg_class WHERE oid = saved.sequence::regclass));
  FOR item IN SELECT * FROM aclexplode(saved.acl)
              WHERE grantee = 0 OR EXISTS (SELECT FROM pg_roles WHERE oid = grantee) LOOP
    EXECUTE format('GRANT %s ON SEQUENCE %s TO %s%s', item.privilege_type, saved.sequence,
      CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
      CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$body$;
