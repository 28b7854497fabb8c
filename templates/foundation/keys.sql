CREATE TABLE rekey.domains (
  domain     text PRIMARY KEY,
  phase      text NOT NULL REFERENCES rekey.phases,
  generator  text NOT NULL CHECK (generator IN ('ordered', 'keyed', 'v4', 'v7')),
  sequence   text,
  identity   boolean NOT NULL DEFAULT false,
  old_max    bigint,
  last_value bigint,
  is_called  boolean,
  increment  bigint NOT NULL DEFAULT 1,
  min_value  bigint,
  max_value  bigint,
  acl        aclitem[],
  comment    text
);
COMMENT ON TABLE rekey.domains IS
  'One row a key domain: how it got its keys, and where its sequence stood before the change';

CREATE TABLE rekey.key_columns (
  domain      text NOT NULL REFERENCES rekey.domains,
  table_name  text NOT NULL,
  column_name text NOT NULL,
  old_type    text NOT NULL,
  is_source   boolean NOT NULL,
  PRIMARY KEY (table_name, column_name)
);
COMMENT ON COLUMN rekey.key_columns.is_source IS
  'The column brings ids into the domain: its root, or one that no valid foreign key holds to it';

CREATE TABLE rekey.keys (
  domain  text NOT NULL REFERENCES rekey.domains,
  old_key bigint NOT NULL,
  new_key uuid NOT NULL,
  fresh   boolean NOT NULL,
  PRIMARY KEY (domain, new_key),
  UNIQUE (domain, old_key)
);
COMMENT ON TABLE rekey.keys IS
  'Pairs that cannot be computed: all of a v7 domain, and the legacy keys that rows written after the change get on the way back';

CREATE FUNCTION rekey.mapped_key(of_domain text, id bigint) RETURNS uuid
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  found_key uuid;
BEGIN
  SELECT new_key INTO found_key FROM rekey.keys WHERE domain = of_domain AND old_key = id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'key % of domain % has no row in its root table', id, of_domain
      USING ERRCODE = 'RK003', HINT = 'Remove the orphan, or add the row it points at.';
  END IF;
  RETURN found_key;
END
$body$;

CREATE FUNCTION rekey.mapped_id(of_domain text, key uuid) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  found_id bigint;
BEGIN
  SELECT old_key INTO found_id FROM rekey.keys WHERE domain = of_domain AND new_key = key;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'key % of domain % has no legacy key and no row in its root table', key, of_domain
      USING ERRCODE = 'RK003', HINT = 'Remove the orphan, or add the row it points at.';
  END IF;
  RETURN found_id;
END
$body$;

-- The generator of a domain as SQL text over one operand: kind is 'key', 'id' or 'holds'.
CREATE FUNCTION rekey.expression(of_domain text, kind text, operand text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  generator text := (SELECT d.generator FROM rekey.domains d WHERE domain = of_domain);
  secret    text := format('rekey.domain_secret(%L)', of_domain);
BEGIN
  RETURN CASE generator || ' ' || kind
    WHEN 'ordered key'   THEN format('rekey.ordered(%s, %s)', operand, secret)
    WHEN 'ordered id'    THEN format('rekey.ordered_id(%s)', operand)
    WHEN 'ordered holds' THEN format('rekey.is_ordered(%s, %s)', operand, secret)
    WHEN 'keyed key'     THEN format('rekey.keyed(%s, %s)', operand, secret)
    WHEN 'keyed id'      THEN format('rekey.keyed_id(%s, %s)', operand, secret)
    WHEN 'keyed holds'   THEN format('rekey.is_keyed(%s, %s)', operand, secret)
    WHEN 'v4 key'        THEN format('rekey.random(%s, %s)', operand, secret)
    WHEN 'v4 id'         THEN format('rekey.keyed_id(%s, %s)', operand, secret)
    WHEN 'v4 holds'      THEN format('rekey.is_random(%s, %s)', operand, secret)
    WHEN 'v7 key'        THEN format('rekey.mapped_key(%L, %s)', of_domain, operand)
    WHEN 'v7 id'         THEN format('rekey.mapped_id(%L, %s)', of_domain, operand)
    WHEN 'v7 holds'      THEN format(
      'EXISTS (SELECT FROM rekey.keys k WHERE k.domain = %L AND k.new_key = %s)', of_domain, operand)
  END;
END
$body$;

-- All keys of a domain's sources as a query with one column "key".
CREATE FUNCTION rekey.source_keys(of_domain text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('SELECT %I AS key FROM %s WHERE %1$I IS NOT NULL', column_name, table_name),
                    ' UNION ' ORDER BY table_name, column_name)
  FROM rekey.key_columns WHERE domain = of_domain AND is_source
$body$;

-- Before a change: columns have the types the plan knows, ids fit the generator.
CREATE PROCEDURE rekey.expect_legacy(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text;
  item  record;
  low   bigint;
  high  bigint;
BEGIN
  SELECT string_agg(format('%s.%I is %s, not %s', c.table_name, c.column_name,
                           coalesce(format_type(a.atttypid, a.atttypmod), 'missing'), c.old_type), '; '
                    ORDER BY c.table_name, c.column_name) INTO wrong
  FROM rekey.key_columns c JOIN rekey.domains d USING (domain)
  LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(c.table_name)
                          AND a.attname = c.column_name AND NOT a.attisdropped
  WHERE d.phase = of_phase AND format_type(a.atttypid, a.atttypmod) IS DISTINCT FROM c.old_type;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'the database is not what the plan describes: %', wrong
      USING ERRCODE = 'RK003', HINT = 'Draft the plan anew with rekeyc inspect, or correct it.';
  END IF;
  FOR item IN SELECT c.* FROM rekey.key_columns c JOIN rekey.domains d USING (domain)
              WHERE d.phase = of_phase AND c.is_source AND d.generator = 'ordered'
                AND c.old_type = 'bigint' LOOP
    EXECUTE format('SELECT min(%I), max(%1$I) FROM %s', item.column_name, item.table_name)
      INTO low, high;
    IF low < -140737488355328 OR high > 140737488355327 THEN
      RAISE EXCEPTION '%.% holds ids from % to %; generator "ordered" holds -2^47 to 2^47-1',
        item.table_name, quote_ident(item.column_name), low, high
        USING ERRCODE = 'RK003', HINT = 'Give the table generator: keyed in the plan.';
    END IF;
  END LOOP;
END
$body$;

-- Where the domain's ids and its sequence stand, for the way back.
CREATE PROCEDURE rekey.save_ids(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  saved  rekey.domains;
  seq    pg_sequence;
  low    bigint;
  high   bigint;
BEGIN
  SELECT * INTO saved FROM rekey.domains WHERE domain = of_domain;
  IF saved.sequence IS NOT NULL THEN
    SELECT * INTO STRICT seq FROM pg_sequence WHERE seqrelid = saved.sequence::regclass;
    EXECUTE format('SELECT last_value, is_called FROM %s', saved.sequence)
      INTO saved.last_value, saved.is_called;
    SELECT relacl, obj_description(oid, 'pg_class') INTO saved.acl, saved.comment
    FROM pg_class WHERE oid = saved.sequence::regclass;
    saved.increment := seq.seqincrement;
    saved.min_value := seq.seqmin;
    saved.max_value := seq.seqmax;
  END IF;
  EXECUTE format('SELECT min(key), max(key) FROM (%s) ids', rekey.source_keys(of_domain)) INTO low, high;
  UPDATE rekey.domains
  SET old_max = CASE WHEN saved.increment > 0 THEN high ELSE low END,
      last_value = saved.last_value, is_called = saved.is_called, increment = saved.increment,
      min_value = saved.min_value, max_value = saved.max_value, acl = saved.acl, comment = saved.comment
  WHERE domain = of_domain;
END
$body$;

-- The keys of rows written after the change: how many, the id that the last of them will get, and
-- the columns whose type cannot hold it.
CREATE FUNCTION rekey.fresh_ids(of_domain text, OUT needed bigint, OUT base bigint, OUT last_id numeric,
                                OUT too_narrow text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  this rekey.domains;
  item record;
  hit  boolean;
BEGIN
  SELECT * INTO STRICT this FROM rekey.domains WHERE domain = of_domain;
  EXECUTE format(
    'SELECT count(*) FROM (%s) k WHERE NOT EXISTS (SELECT FROM rekey.keys s WHERE s.domain = %L AND s.new_key = k.key) AND NOT %s',
    rekey.source_keys(of_domain), of_domain, rekey.expression(of_domain, 'holds', 'k.key'))
    INTO needed;
  base := this.old_max;
  IF this.sequence IS NOT NULL THEN
    IF NOT this.identity THEN
      EXECUTE format('SELECT last_value, is_called FROM %s', this.sequence)
        INTO this.last_value, this.is_called;
    END IF;
    IF NOT this.is_called THEN
      this.last_value := this.last_value - this.increment;
    END IF;
    base := CASE WHEN this.increment > 0 THEN greatest(base, this.last_value)
                 ELSE least(base, this.last_value) END;
  END IF;
  SELECT CASE WHEN this.increment > 0 THEN greatest(base, max(old_key))
              ELSE least(base, min(old_key)) END
  INTO base FROM rekey.keys WHERE domain = of_domain AND fresh;
  base := coalesce(base, 0);
  last_id := base::numeric + needed * this.increment;
  IF needed = 0 THEN
    RETURN;
  END IF;
  IF last_id NOT BETWEEN coalesce(this.min_value, -9223372036854775808)
                     AND coalesce(this.max_value, 9223372036854775807) THEN
    too_narrow := 'sequence ' || this.sequence;
    RETURN;
  END IF;
  FOR item IN
    SELECT * FROM rekey.key_columns
    WHERE domain = of_domain
      AND abs(last_id) > CASE old_type WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647
                                       ELSE 9223372036854775807 END
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s k WHERE %I IS NOT NULL AND NOT %s)', item.table_name,
                   item.column_name,
                   rekey.expression(of_domain, 'holds', format('k.%I', item.column_name))) INTO hit;
    IF hit THEN
      too_narrow := concat_ws(', ', too_narrow,
        format('%s.%I (%s)', item.table_name, item.column_name, item.old_type));
    END IF;
  END LOOP;
END
$body$;

-- Rows written after the change get legacy ids above the highest ever used, in the order of their keys.
CREATE PROCEDURE rekey.assign_legacy_ids(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fresh record;
  this  rekey.domains;
BEGIN
  SELECT * INTO fresh FROM rekey.fresh_ids(of_domain);
  IF fresh.needed = 0 THEN
    RETURN;
  END IF;
  IF fresh.too_narrow IS NOT NULL THEN
    RAISE EXCEPTION '% rows were written since the change, the last would get id %: too large for %',
      fresh.needed, fresh.last_id, fresh.too_narrow
      USING ERRCODE = 'RK003', HINT = 'Delete rows or stay on the new keys; nothing has been changed.';
  END IF;
  SELECT * INTO STRICT this FROM rekey.domains WHERE domain = of_domain;
  EXECUTE format(
    'INSERT INTO rekey.keys SELECT %L, %s + row_number() OVER (ORDER BY key) * %s, key, true FROM (%s) k
     WHERE NOT EXISTS (SELECT FROM rekey.keys s WHERE s.domain = %1$L AND s.new_key = k.key) AND NOT %s',
    of_domain, fresh.base, this.increment, rekey.source_keys(of_domain),
    rekey.expression(of_domain, 'holds', 'k.key'));
  IF this.sequence IS NOT NULL AND NOT this.identity THEN
    PERFORM setval(this.sequence::regclass, fresh.last_id::bigint, true);
  END IF;
  UPDATE rekey.domains SET last_value = fresh.last_id, is_called = true
  WHERE domain = of_domain AND sequence IS NOT NULL;
END
$body$;

-- An identity's sequence was dropped with it: position, rights and comment return here.
CREATE PROCEDURE rekey.restore_sequence(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  saved rekey.domains;
  item  record;
BEGIN
  SELECT * INTO STRICT saved FROM rekey.domains WHERE domain = of_domain;
  PERFORM setval(saved.sequence::regclass, saved.last_value, saved.is_called);
  IF saved.comment IS NOT NULL THEN
    EXECUTE format('COMMENT ON SEQUENCE %s IS %L', saved.sequence, saved.comment);
  END IF;
  IF saved.acl IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %s', saved.sequence,
    (SELECT relowner::regrole FROM pg_class WHERE oid = saved.sequence::regclass));
  FOR item IN SELECT * FROM aclexplode(saved.acl) LOOP
    EXECUTE format('GRANT %s ON SEQUENCE %s TO %s%s', item.privilege_type, saved.sequence,
      CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
      CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$body$;

CREATE FUNCTION rekey.mapping_of(of_domain text)
RETURNS TABLE (table_name text, column_name text, old_key bigint, new_key uuid)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  root record;
BEGIN
  SELECT * INTO root FROM rekey.key_columns c
  WHERE c.domain = of_domain AND c.is_source ORDER BY (c.table_name || '.' || c.column_name <> of_domain) LIMIT 1;
  RETURN QUERY EXECUTE format(
    'SELECT %L::text, %L::text, coalesce(s.old_key, %s), k.key FROM (%s) k
     LEFT JOIN rekey.keys s ON s.domain = %L AND s.new_key = k.key
     WHERE s.old_key IS NOT NULL OR %s',
    root.table_name, root.column_name, rekey.expression(of_domain, 'id', 'k.key'),
    rekey.source_keys(of_domain), of_domain, rekey.expression(of_domain, 'holds', 'k.key'));
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
  'Old key and new key of every row of every applied domain; rows written since have no old key and are not here';

-- Refuses foreign writes to the tables of an open phase.
CREATE FUNCTION rekey.fence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RAISE EXCEPTION 'table %.% is closed for writes while its keys change',
    quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
    USING ERRCODE = '55006', HINT = 'Phase ' || TG_ARGV[0] || ' of rekey has to end first: see rekey status.';
END
$body$;

-- Counts rows and sums a hash of their keys, each taken back to its legacy id, in any order: a change
-- of types is right when the sum after it is the sum before it. Call it before and after, in one step.
CREATE PROCEDURE rekey.measure(of_step text, at_moment text, of_object text, query text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  counted bigint;
  total   numeric;
  earlier rekey.checks;
BEGIN
  EXECUTE query INTO counted, total;
  SELECT * INTO earlier FROM rekey.checks
  WHERE step = of_step AND object = of_object AND moment = 'before' ORDER BY entry DESC LIMIT 1;
  INSERT INTO rekey.checks (phase, step, moment, "check", object, ok, detail, rows, checksum)
  SELECT s.phase, of_step, at_moment, 'content', of_object, true,
         CASE WHEN s.state = 'undoing' THEN 'rollback' ELSE 'apply' END, counted, total
  FROM rekey.steps s WHERE s.step = of_step;
  IF at_moment = 'after' AND (earlier.rows, earlier.checksum) IS DISTINCT FROM (counted, total) THEN
    RAISE EXCEPTION '%: % rows with checksum % before, % rows with checksum % after', of_object,
      earlier.rows, earlier.checksum, counted, total
      USING ERRCODE = 'RK004', HINT = 'The step is undone as a whole; please report this.';
  END IF;
END
$body$;
