CREATE TABLE rekey.domains (
  domain      text PRIMARY KEY,
  phase       text NOT NULL REFERENCES rekey.phases,
  generator   text NOT NULL CHECK (generator IN ('ordered', 'keyed', 'v4', 'v5', 'v7', 'expression', 'parent', 'borrowed')),
  time_column text CHECK ((generator = 'v7') = (time_column IS NOT NULL)),
  arrays      integer UNIQUE,
  picked      text,
  stage_of    text,
  given       boolean NOT NULL DEFAULT false,
  old_low     bigint,
  old_high    bigint
);
COMMENT ON TABLE rekey.domains IS
  'One row a key domain: how it got its keys, and the lowest and highest legacy id at that time';
COMMENT ON COLUMN rekey.domains.arrays IS
  'Where arrays hold keys of the domain: the number in the names of the functions that change them';

COMMENT ON COLUMN rekey.domains.picked IS
  'A condition over rows of its root''s table: only these get new keys';
COMMENT ON COLUMN rekey.domains.stage_of IS
  'This is no domain but a stage of that one, which has the columns: the pairs of a part of its rows';
COMMENT ON COLUMN rekey.domains.given IS
  'Whether keys that are made from rows were given to these one by one, beside the application: all pairs stand in rekey.keys, or rekey.pairs';

CREATE TABLE rekey.key_columns (
  domain      text NOT NULL REFERENCES rekey.domains,
  table_name  text NOT NULL,
  column_name text NOT NULL,
  old_type    text NOT NULL,
  declared    text NOT NULL,
  is_root     boolean NOT NULL,
  is_source   boolean NOT NULL,
  is_array    boolean NOT NULL DEFAULT false,
  changed     boolean NOT NULL DEFAULT false,
  stage       text,
  sequence    text,
  is_identity boolean NOT NULL DEFAULT false,
  last_value  bigint,
  is_called   boolean,
  increment   bigint,
  min_value   bigint,
  max_value   bigint,
  acl         aclitem[],
  comment     text,
  PRIMARY KEY (table_name, column_name)
);
COMMENT ON TABLE rekey.key_columns IS
  'Every key column that changes, and where its sequence stood, or has to stand after the way back: an identity''s is dropped with it';
COMMENT ON COLUMN rekey.key_columns.old_type IS 'Of an array that of its elements';
COMMENT ON COLUMN rekey.key_columns.declared IS 'The type that the column had: old_type, an array of it, a domain over it';
COMMENT ON COLUMN rekey.key_columns.changed IS
  'Of a key that was a uuid before, or stands in documents: whether it is a new one; of any other its type says so';
COMMENT ON COLUMN rekey.key_columns.stage IS
  'Where keys change in stages: the one that is the last so far, whose pairs its keys are taken back by';
COMMENT ON COLUMN rekey.key_columns.is_source IS
  'The column brings ids into the domain: its root, or one that no valid foreign key holds in every row';

{{#borrowed}}
CREATE TABLE rekey.places (
  table_name  text NOT NULL,
  column_name text NOT NULL,
  place       integer NOT NULL,
  domain      text REFERENCES rekey.domains,
  title       text NOT NULL,
  path        text[],
  type_column text,
  type        text,
  as_number   boolean NOT NULL DEFAULT true,
  PRIMARY KEY (table_name, column_name, place),
  FOREIGN KEY (table_name, column_name) REFERENCES rekey.key_columns,
  CHECK ((path IS NULL) = (type_column IS NOT NULL AND type IS NOT NULL))
);
COMMENT ON TABLE rekey.places IS
  'Where a column of a borrowed domain holds keys of others: at a path in its documents, or in rows of a type';
COMMENT ON COLUMN rekey.places.domain IS 'Whose keys these are; NULL: of a table whose keys stay';
COMMENT ON COLUMN rekey.places.path IS 'Keys of objects; NULL in it: every element of an array';
COMMENT ON COLUMN rekey.places.as_number IS 'In documents: whether the legacy ids are numbers, or texts';

{{/borrowed}}
CREATE TABLE rekey.keys (
  domain  text NOT NULL REFERENCES rekey.domains,
  old_key bigint NOT NULL,
  new_key uuid NOT NULL,
  fresh   boolean NOT NULL,
  PRIMARY KEY (domain, new_key),
  UNIQUE (domain, old_key)
);
COMMENT ON TABLE rekey.keys IS
  'Pairs that cannot be computed: the legacy keys that rows written after the change get on the way back; not fresh are the pairs of a v5, v7 or expression domain too large for rekey.lists';

CREATE TABLE rekey.lists (
  domain text PRIMARY KEY REFERENCES rekey.domains,
  ids    bigint[] NOT NULL,
  keys   uuid[] NOT NULL,
  keys_in_order uuid[],
  ids_by_key    bigint[]
);
COMMENT ON TABLE rekey.lists IS
  'The legacy ids of a v5, v7 or expression domain in order, and their keys: constants of the statements that change columns; but for v7 once more in the order of the keys';

CREATE TABLE rekey.pairs (
  domain  text NOT NULL REFERENCES rekey.domains,
  old_key uuid NOT NULL,
  new_key uuid NOT NULL,
  PRIMARY KEY (domain, old_key),
  UNIQUE (domain, new_key)
);
COMMENT ON TABLE rekey.pairs IS
  'Old and new key of every row of a domain whose keys were UUIDs before; where only some change, of these';

-- Once more, in the order of either side: constants of the statements that change columns.
CREATE TABLE rekey.pair_lists (
  domain     text PRIMARY KEY REFERENCES rekey.domains,
  old_keys   uuid[] NOT NULL,
  new_by_old uuid[] NOT NULL,
  new_keys   uuid[] NOT NULL,
  old_by_new uuid[] NOT NULL
);

-- Under domains, of which one may be over another.
CREATE FUNCTION rekey.base_type(type oid) RETURNS regtype
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  WITH RECURSIVE base(type) AS (
    SELECT base_type.type UNION ALL SELECT typbasetype FROM base JOIN pg_type t ON t.oid = base.type WHERE typtype = 'd')
  SELECT t.oid::regtype FROM base JOIN pg_type t ON t.oid = base.type WHERE typtype <> 'd'
$body$;

CREATE FUNCTION rekey.has_changed(of_column rekey.key_columns) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN of_column.old_type IN ('uuid', 'jsonb') THEN of_column.changed ELSE EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(of_column.table_name) AND attname = of_column.column_name
      AND atttypid IN ('uuid'::regtype, 'uuid[]'::regtype)) END
$body$;

-- What the pairs of a domain are listed under now.
CREATE FUNCTION rekey.pairs_of(of_domain text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce((SELECT max(stage) FROM rekey.key_columns WHERE domain = of_domain), of_domain)
$body$;

-- Within the step that changes them, either way.
CREATE PROCEDURE rekey.note_changed(tables text[], columns text[], is_new boolean)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.key_columns SET changed = is_new WHERE table_name = ANY (tables) AND column_name = ANY (columns);
$body$;

-- How many pairs of a domain may lie in lists, which a statement that changes columns holds in memory several times: a
-- million and 0.3 GB or more where the way back needs them too, five million and 0.5 GB for v7, or what the setting says.
CREATE FUNCTION rekey.list_limit(of_domain text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(nullif(current_setting('rekey.list_limit', true), '')::bigint,
                  CASE WHEN generator = 'v7' AND NOT EXISTS (SELECT FROM rekey.pairs p WHERE p.domain = d.domain) THEN 5000000 ELSE 1000000 END)
  FROM rekey.domains d WHERE d.domain = of_domain
$body$;

CREATE PROCEDURE rekey.refuse_shared_key(of_domain text, one text, other text)
LANGUAGE plpgsql
AS $body$
BEGIN
  IF one = other THEN
    RAISE EXCEPTION 'domain %: % is the key of rows with different names', of_domain, one
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Delete all of these rows but one (on_duplicate: merge), or choose another generator in the plan.';
  END IF;
  RAISE EXCEPTION 'domain %: the rows with % and % would have one key', of_domain, one, other
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Write something between the columns of name_template, such as a colon, '
      'take one more in that tells them apart, or write another key_expression.';
END
$body$;

-- Lists the keys of a v5, v7 or expression domain from a query that gives id and key; where they are too many they are
-- looked up row by row.
CREATE PROCEDURE rekey.list_keys(of_domain text, query text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  pairs   bigint;
  written bigint;
  example record;
BEGIN
  EXECUTE format('SELECT count(*) FROM (%s) pairs (id, key)', query) INTO pairs;
  IF pairs <= rekey.list_limit(of_domain) THEN
    EXECUTE format('INSERT INTO rekey.lists SELECT %L, coalesce(array_agg(id), ''{}''), coalesce(array_agg(key), ''{}'') '
                   'FROM (SELECT * FROM (%s) pairs (id, key) ORDER BY id) p', of_domain, query);
  ELSE
    EXECUTE format('INSERT INTO rekey.keys SELECT %L, id, key, false FROM (%s) pairs (id, key) ON CONFLICT DO NOTHING', of_domain, query);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < pairs THEN
      EXECUTE format('SELECT p.id, k.old_key FROM (%s) p (id, key) JOIN rekey.keys k ON k.domain = %L '
                     'AND (k.new_key = p.key AND k.old_key <> p.id OR k.old_key = p.id AND k.new_key <> p.key) LIMIT 1', query, of_domain)
        INTO example;
      CALL rekey.refuse_shared_key(of_domain, example.old_key::text, example.id::text);
    END IF;
    ANALYZE rekey.keys;
  END IF;
END
$body$;

-- Declared immutable so that they fold into constants.
CREATE FUNCTION rekey.listed_ids(of_domain text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT coalesce((SELECT ids FROM rekey.lists WHERE domain = of_domain), '{}') $body$;

CREATE FUNCTION rekey.listed_keys(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT coalesce((SELECT keys FROM rekey.lists WHERE domain = of_domain), '{}') $body$;

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

-- Searched in memory; what is not in the list is looked for among the pairs, and refused there.
CREATE FUNCTION rekey.listed_key(id bigint, of_domain text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN (rekey.listed_ids(of_domain))[pg_catalog.width_bucket(id, rekey.listed_ids(of_domain))] = id
  THEN (rekey.listed_keys(of_domain))[pg_catalog.width_bucket(id, rekey.listed_ids(of_domain))]
  ELSE rekey.mapped_key(of_domain, id) END
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

-- The keys that got a legacy id on the way back, in order, and those ids: constants of a statement, searched
-- in memory. NULL when there are too many for that.
CREATE FUNCTION rekey.assigned_keys(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN count(*) <= 500000 THEN coalesce(array_agg(new_key), '{}') END
  FROM (SELECT new_key FROM rekey.keys WHERE domain = of_domain AND fresh ORDER BY new_key LIMIT 500001) k
$body$;

CREATE FUNCTION rekey.assigned_ids(of_domain text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT array_agg(old_key)
  FROM (SELECT old_key FROM rekey.keys WHERE domain = of_domain AND fresh ORDER BY new_key LIMIT 500001) k
$body$;

CREATE FUNCTION rekey.assigned_id(key uuid, keys uuid[], ids bigint[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN keys[pg_catalog.width_bucket(key, keys)] = key
            THEN ids[pg_catalog.width_bucket(key, keys)] END
$body$;

-- The way back of any key of a domain whose rows written since have got their legacy ids: a key that is not
-- among those was made from its id. These are inlined, the list and the secret fold into constants.
CREATE FUNCTION rekey.ordered_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)), rekey.ordered_id(key))
  WHEN rekey.is_ordered(key, rekey.domain_secret(of_domain)) THEN rekey.ordered_id(key)
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

CREATE FUNCTION rekey.keyed_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)),
    rekey.keyed_id(key, rekey.domain_secret(of_domain)))
  WHEN rekey.is_keyed(key, rekey.domain_secret(of_domain)) THEN rekey.keyed_id(key, rekey.domain_secret(of_domain))
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

CREATE FUNCTION rekey.random_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)),
    rekey.keyed_id(key, rekey.domain_secret(of_domain)))
  WHEN rekey.is_random(key, rekey.domain_secret(of_domain)) THEN rekey.keyed_id(key, rekey.domain_secret(of_domain))
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

-- The legacy ids that a domain has, a constant too; more than that only a key's own hash proves.
CREATE FUNCTION rekey.legacy_ids(of_domain text) RETURNS int8range
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN low IS NULL THEN 'empty' ELSE int8range(low, nullif(high, 9223372036854775807), '[]') END
  FROM (
    SELECT least(min(old_low), min(old_key)) AS low, greatest(max(old_high), max(old_key)) AS high
    FROM rekey.domains d LEFT JOIN rekey.keys k ON k.domain = d.domain AND k.fresh
    WHERE d.domain = of_domain) ids
$body$;

CREATE FUNCTION rekey.is_legacy(id bigint, of_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$ SELECT rekey.legacy_ids(of_domain) @> id $body$;

CREATE FUNCTION rekey.is_timed_legacy(key uuid, of_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT rekey.is_timed(key, rekey.domain_secret(of_domain))
   AND rekey.is_legacy(rekey.timed_id(key, rekey.domain_secret(of_domain)), of_domain)
$body$;

CREATE FUNCTION rekey.timed_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE
  WHEN rekey.assigned_keys(of_domain) IS NOT NULL THEN coalesce(
    rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)),
    rekey.timed_id(key, rekey.domain_secret(of_domain)))
  WHEN rekey.is_timed_legacy(key, of_domain) THEN rekey.timed_id(key, rekey.domain_secret(of_domain))
  ELSE rekey.mapped_id(of_domain, key) END
$body$;

-- The generator of a domain as SQL text over one operand, by kind: the key of an id; the id of a key made
-- from one, and of any key of the domain; whether a key was made from an id, alone or with its id known.
CREATE FUNCTION rekey.expression(of_domain text, kind text, operand text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  generator text := (SELECT CASE WHEN d.generator = 'borrowed' THEN d.generator WHEN c.old_type = 'uuid' THEN 'uuid' WHEN d.given THEN 'given'
                                 WHEN d.generator IN ('expression', 'parent') THEN 'v5'
                                 ELSE d.generator END
                     FROM rekey.domains d JOIN rekey.key_columns c USING (domain) WHERE domain = of_domain LIMIT 1);
  secret    text := format('rekey.domain_secret(%L)', of_domain);
  pairs     text := rekey.pairs_of(of_domain);
BEGIN
{{#borrowed}}
  IF generator = 'borrowed' THEN
    RETURN rekey.borrowed_expression(of_domain, kind, operand);
  END IF;
{{/borrowed}}
  RETURN CASE generator || ' ' || kind
    WHEN 'ordered key'   THEN format('rekey.ordered(%s, %s)', operand, secret)
    WHEN 'ordered id'    THEN format('rekey.ordered_id(%s)', operand)
    WHEN 'ordered holds' THEN format('rekey.is_ordered(%s, %s)', operand, secret)
    WHEN 'ordered back'    THEN format('rekey.ordered_back(%s, %L)', operand, of_domain)
    WHEN 'ordered proof'   THEN format('rekey.is_ordered(%s, %s)', operand, secret)
    WHEN 'keyed key'     THEN format('rekey.keyed(%s, %s)', operand, secret)
    WHEN 'keyed id'      THEN format('rekey.keyed_id(%s, %s)', operand, secret)
    WHEN 'keyed holds'   THEN format('rekey.is_keyed(%s, %s)', operand, secret)
    WHEN 'keyed back'      THEN format('rekey.keyed_back(%s, %L)', operand, of_domain)
    WHEN 'keyed proof'     THEN format('rekey.is_keyed(%s, %s)', operand, secret)
    WHEN 'v4 key'        THEN format('rekey.random(%s, %s)', operand, secret)
    WHEN 'v4 id'         THEN format('rekey.keyed_id(%s, %s)', operand, secret)
    WHEN 'v4 holds'      THEN format('rekey.is_random(%s, %s)', operand, secret)
    WHEN 'v4 back'         THEN format('rekey.random_back(%s, %L)', operand, of_domain)
    WHEN 'v4 proof'        THEN format('rekey.is_random(%s, %s)', operand, secret)
    WHEN 'v5 key'        THEN format('rekey.listed_key(%s, %L)', operand, of_domain)
    WHEN 'v5 id'         THEN format('rekey.named_id(%s, %L)', operand, of_domain)
    WHEN 'v5 holds'      THEN format('rekey.is_named(%s, %L)', operand, of_domain)
    WHEN 'v5 back'         THEN format('rekey.named_back(%s, %L)', operand, of_domain)
    WHEN 'v5 proof'        THEN format('rekey.is_named(%s, %L)', operand, of_domain)
    WHEN 'v7 key'        THEN format('rekey.listed_key(%s, %L)', operand, of_domain)
    WHEN 'v7 id'         THEN format('rekey.timed_id(%s, %s)', operand, secret)
    WHEN 'v7 holds'      THEN format('rekey.is_timed_legacy(%s, %L)', operand, of_domain)
    WHEN 'v7 back'         THEN format('rekey.timed_back(%s, %L)', operand, of_domain)
    WHEN 'v7 proof'        THEN format('rekey.is_timed(%s, %s)', operand, secret)
    WHEN 'given key'     THEN format('rekey.mapped_key(%L, %s)', of_domain, operand)
    WHEN 'given id'      THEN format('rekey.given_id(%s, %L)', operand, of_domain)
    WHEN 'given holds'   THEN format('rekey.given_id(%s, %L) IS NOT NULL', operand, of_domain)
    WHEN 'uuid key'      THEN format('rekey.new_of_pair(%s, %L)', operand, pairs)
    WHEN 'uuid id'       THEN format('coalesce(rekey.old_of_pair(%s, %L), %1$s)', operand, pairs)
    WHEN 'uuid holds'    THEN format('EXISTS (SELECT FROM rekey.pairs w JOIN rekey.domains d USING (domain) '
                                     'WHERE coalesce(d.stage_of, d.domain) = %2$L AND w.new_key = %1$s)', operand, of_domain)
    WHEN 'uuid back'     THEN format('coalesce(rekey.old_of_pair(%s, %L), %1$s)', operand, pairs)
  END;
END
$body$;

-- The functions through which arrays of a domain's keys change, there and back: USING takes no subquery. An
-- array of several dimensions, or one that does not begin at 1, keeps its shape: its text is taken apart.
CREATE PROCEDURE rekey.map_arrays(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
  id   text := (SELECT CASE old_type WHEN 'uuid' THEN 'uuid' ELSE 'bigint' END FROM rekey.key_columns WHERE domain = of_domain LIMIT 1);
BEGIN
  FOR item IN
    SELECT f.*, d.arrays FROM rekey.domains d
    CROSS JOIN (VALUES ('keys', id, 'uuid', 'key'), ('ids', 'uuid', id, 'back')) f (gives, old, new, kind)
    WHERE d.domain = of_domain
  LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION rekey.array_%s_%s(%s[]) RETURNS %s[] LANGUAGE sql STABLE STRICT AS %L',
      item.gives, item.arrays, item.old, item.new,
      format('SELECT CASE WHEN pg_catalog.array_ndims($1) > 1 OR pg_catalog.array_lower($1, 1) <> 1 THEN ('
             'SELECT pg_catalog.left($1::text, pg_catalog.strpos($1::text, ''='')) || pg_catalog.string_agg('
             'CASE WHEN part[1] ~ ''^[-0-9a-f]'' THEN (%s)::text ELSE part[1] END, '''' ORDER BY n) '
             'FROM pg_catalog.regexp_matches(pg_catalog.substr($1::text, pg_catalog.strpos($1::text, ''='') + 1), '
             '''[-0-9a-f]+|[^-0-9a-f]+'', ''g'') WITH ORDINALITY p (part, n))::%s[] '
             'ELSE ARRAY(SELECT %s FROM pg_catalog.unnest($1) e) END',
             rekey.expression(of_domain, item.kind, 'part[1]::' || item.old), item.new,
             rekey.expression(of_domain, item.kind, 'e')));
  END LOOP;
END
$body$;

-- The keys that a column holds, one by one, as a table "held" with one column "key".
CREATE FUNCTION rekey.held_keys(of_table text, of_column text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format(CASE WHEN is_array THEN '(SELECT e AS key FROM %s t CROSS JOIN unnest(t.%I) e WHERE e IS NOT NULL) held'
                     ELSE '(SELECT %2$I AS key FROM %1$s WHERE %2$I IS NOT NULL) held' END, of_table, of_column)
  FROM rekey.key_columns WHERE table_name = of_table AND column_name = of_column
$body$;

{{#borrowed}}
-- The values at a path of a document, one by one: a query of one column "value". What has not the shape of the path,
-- a text where an object would be, has none there.
CREATE FUNCTION rekey.values_at(path text[], document text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  at      text := document;
  sources text := '';
  step    text;
  number  integer := 0;
BEGIN
  FOREACH step IN ARRAY path LOOP
    IF step IS NULL THEN
      number := number + 1;
      sources := sources || format('%s pg_catalog.jsonb_array_elements(CASE pg_catalog.jsonb_typeof(%s) WHEN ''array'' THEN %2$s ELSE ''[]'' END) a%3$s (e%3$s)',
                                   CASE number WHEN 1 THEN ' FROM' ELSE ' CROSS JOIN LATERAL' END, at, number);
      at := 'e' || number;
    ELSE
      at := format('(%s -> %L)', at, step);
    END IF;
  END LOOP;
  RETURN format('SELECT %s AS value%s', at, sources);
END
$body$;

-- Whether a value v.value is a key, as it stands in a document before the change and after it: one that comes back
-- as the text that it was.
CREATE FUNCTION rekey.is_key_at(of_place rekey.places, changed boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE
    WHEN changed THEN $sql$(jsonb_typeof(v.value) = 'string' AND v.value #>> '{}' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')$sql$
    WHEN EXISTS (SELECT FROM rekey.key_columns l WHERE l.domain = of_place.domain AND l.old_type = 'uuid')
    THEN $sql$(jsonb_typeof(v.value) = 'string' AND v.value #>> '{}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')$sql$
    ELSE $sql$(CASE WHEN jsonb_typeof(v.value) IN ('number', 'string') AND v.value #>> '{}' ~ '^(0|-?[1-9][0-9]{0,18})$'
      THEN (v.value #>> '{}')::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE false END)$sql$ END
$body$;

-- Those values of a column; what else stands there is a stray.
CREATE FUNCTION rekey.held_at(of_place rekey.places) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN of_place.path IS NULL
    THEN format('(SELECT %I AS key FROM %s WHERE %I::text = %L AND %1$I IS NOT NULL) held', of_place.column_name, of_place.table_name,
                of_place.type_column, of_place.type)
    ELSE format('(SELECT CASE WHEN %1$s THEN (v.value #>> ''{}'')::%2$s END AS key FROM %3$s t CROSS JOIN LATERAL (%4$s) v WHERE %1$s) held',
                rekey.is_key_at(of_place, c.changed),
                CASE WHEN c.changed OR EXISTS (SELECT FROM rekey.key_columns l WHERE l.domain = of_place.domain AND l.old_type = 'uuid')
                     THEN 'uuid' ELSE 'bigint' END,
                of_place.table_name, rekey.values_at(of_place.path, format('t.%I', of_place.column_name))) END
  FROM rekey.key_columns c WHERE c.table_name = of_place.table_name AND c.column_name = of_place.column_name
$body$;

{{/borrowed}}
-- Whatever holds keys of a domain, and those as held_keys gives them.
CREATE VIEW rekey.holders AS
SELECT c.domain, c.table_name, c.column_name, c.is_source, c.old_type, c.declared, rekey.has_changed(c) AS changed,
       CASE WHEN c.is_array THEN 'element' ELSE 'row' END AS thing, quote_ident(c.column_name) AS title,
       rekey.held_keys(c.table_name, c.column_name) AS keys
FROM rekey.key_columns c JOIN rekey.domains d USING (domain) WHERE d.generator <> 'borrowed'{{#borrowed}}

UNION ALL
SELECT p.domain, c.table_name, c.column_name, true, c.old_type, c.declared, rekey.has_changed(c),
       CASE WHEN p.path IS NULL THEN 'row' ELSE 'value' END, format('%I %s', c.column_name, p.title), rekey.held_at(p)
FROM rekey.places p JOIN rekey.key_columns c USING (table_name, column_name) WHERE p.domain IS NOT NULL{{/borrowed}};
COMMENT ON VIEW rekey.holders IS 'Columns and places that hold keys of a domain, and what to read these from';

-- The keys of a domain's sources that have changed (or not yet), as a query with one column "key"; a key
-- may come more than once. In the middle of a phase some have and some have not.
CREATE FUNCTION rekey.source_keys(of_domain text, changed boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(
    string_agg('SELECT key FROM ' || h.keys, ' UNION ALL ' ORDER BY h.table_name, h.column_name, h.title),
    format('SELECT NULL::%s AS key WHERE false', CASE WHEN source_keys.changed THEN 'uuid' ELSE 'bigint' END))
  FROM rekey.holders h
  WHERE h.domain = of_domain AND h.is_source AND h.changed = source_keys.changed
$body$;

-- Those of them that were written after the change and have no legacy id yet.
CREATE FUNCTION rekey.fresh_keys(of_domain text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT format('SELECT DISTINCT key FROM (%s) k WHERE NOT %s AND NOT EXISTS '
                '(SELECT FROM rekey.keys s WHERE s.domain = %L AND s.new_key = k.key)',
                rekey.source_keys(of_domain, true), rekey.expression(of_domain, 'holds', 'k.key'), of_domain)
$body$;
