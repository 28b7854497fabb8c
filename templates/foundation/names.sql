-- Generators "v5" and "expression": the plan says what a key is made from, and the way back has no other source than
-- the list of the pairs. That of "v5" is the SHA-1 of a namespace and a name, version 5 (RFC 9562, section 5.5).

-- RFC 3174. Taken from an extension where one is installed; this one is for servers without.
CREATE FUNCTION rekey.sha1(data bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
DECLARE
  message bytea := data || '\x80'::bytea
                   || pg_catalog.decode(pg_catalog.repeat('00', (119 - pg_catalog.length(data) % 64) % 64), 'hex')
                   || pg_catalog.int8send(pg_catalog.length(data) * 8::bigint);
  mask    bigint := 4294967295;
  h       bigint[] := '{1732584193, 4023233417, 2562383102, 271733878, 3285377520}';
  w       bigint[];
  a bigint; b bigint; c bigint; d bigint; e bigint; x bigint;
BEGIN
  FOR block IN 0 .. pg_catalog.length(message) / 64 - 1 LOOP
    FOR i IN 1 .. 16 LOOP
      w[i] := ('x' || pg_catalog.encode(pg_catalog.substr(message, block * 64 + i * 4 - 3, 4), 'hex'))::bit(32)::bigint;
    END LOOP;
    FOR i IN 17 .. 80 LOOP
      x := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
      w[i] := ((x << 1) & mask) | (x >> 31);
    END LOOP;
    a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
    FOR i IN 1 .. 80 LOOP
      x := (((a << 5) & mask) | (a >> 27)) + e + w[i]
           + CASE WHEN i <= 20 THEN ((b & c) | ((b # mask) & d)) + 1518500249
                  WHEN i <= 40 THEN (b # c # d) + 1859775393
                  WHEN i <= 60 THEN ((b & c) | (b & d) | (c & d)) + 2400959708
                  ELSE (b # c # d) + 3395469782 END & mask;
      e := d; d := c; c := ((b << 30) & mask) | (b >> 2); b := a; a := x;
    END LOOP;
    h := ARRAY[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask, (h[5] + e) & mask];
  END LOOP;
  RETURN pg_catalog.substr(pg_catalog.int8send(h[1]), 5) || pg_catalog.substr(pg_catalog.int8send(h[2]), 5)
      || pg_catalog.substr(pg_catalog.int8send(h[3]), 5) || pg_catalog.substr(pg_catalog.int8send(h[4]), 5)
      || pg_catalog.substr(pg_catalog.int8send(h[5]), 5);
END
$body$;

CREATE FUNCTION rekey.named(namespace uuid, name text) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.set_bit(pg_catalog.set_bit(
           pg_catalog.substr(rekey.sha1(pg_catalog.uuid_send(namespace) || pg_catalog.convert_to(name, 'UTF8')), 1, 16),
         55, 0), 54, 1), 53, 0), 52, 1), 71, 1), 70, 0), 'hex')::uuid
$body$;

{{#extension}}
CREATE EXTENSION IF NOT EXISTS {{extension}} SCHEMA rekey;

{{/extension}}
-- uuid-ossp makes the key itself, from the bytes of the database's encoding; pgcrypto, which is slower, knows SHA-1.
DO $do$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT extname, quote_ident(nspname) AS space
              FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace
              WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                AND (extname = 'pgcrypto' OR extname = 'uuid-ossp' AND pg_catalog.getdatabaseencoding() = 'UTF8')
              ORDER BY extname DESC LIMIT 1 LOOP
    EXECUTE CASE item.extname
      WHEN 'pgcrypto' THEN pg_catalog.format('CREATE OR REPLACE FUNCTION rekey.sha1(data bytea) RETURNS bytea '
        'LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L', pg_catalog.format('SELECT %s.digest(data, ''sha1'')', item.space))
      ELSE pg_catalog.format('CREATE OR REPLACE FUNCTION rekey.named(namespace uuid, name text) RETURNS uuid '
        'LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L',
        pg_catalog.format('SELECT %s.uuid_generate_v5(namespace, name)', item.space)) END;
  END LOOP;
END
$do$;

-- Each row needs a name of its own, made of values whose text is the same in every session.
CREATE PROCEDURE rekey.expect_names(of_table text, of_column text, columns text[], picked text DEFAULT 'true')
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  list    text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n));
  texts   text := (SELECT string_agg(format('%I::text COLLATE "C"', c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n));
  wrong   text;
  found   bigint;
  example text;
BEGIN
  SELECT string_agg(format('%I (%s)', c, coalesce(format_type(atttypid, atttypmod), 'missing')), ', ' ORDER BY n) INTO wrong
  FROM unnest(columns) WITH ORDINALITY u (c, n)
  LEFT JOIN pg_attribute ON attrelid = of_table::regclass AND attname = c AND NOT attisdropped
  LEFT JOIN pg_type t ON t.oid = atttypid
  WHERE coalesce(t.typcategory <> 'S' AND rekey.base_type(t.oid)::text <> ALL (
          ARRAY['smallint', 'integer', 'bigint', 'numeric', 'uuid', 'boolean']), true);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'names of % cannot be made from %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Take texts, whole numbers, numerics, uuids and booleans into name_template.';
  END IF;
  EXECUTE format('SELECT count(*), min(%I::text) FROM %s WHERE %1$I IS NOT NULL AND num_nulls(%3$s) > 0 AND (%4$s)', of_column, of_table, list, picked) INTO found, example;
  IF found > 0 THEN
    RAISE EXCEPTION '%: % without a name, because one of % is NULL, such as % = %', of_table,
      CASE found WHEN 1 THEN '1 row' ELSE found || ' rows' END, list, quote_ident(of_column), example
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Fill in the values, or take other columns into name_template.';
  END IF;
  EXECUTE format('SELECT sum(more), min(example) FROM (SELECT count(*) - 1 AS more, min(%1$I::text) || '' and '' || max(%1$I::text) AS example '
                 'FROM %2$s WHERE %1$I IS NOT NULL AND (%4$s) GROUP BY %3$s HAVING count(*) > 1) doubles', of_column, of_table, texts, picked) INTO found, example;
  IF found > 0 THEN
    RAISE EXCEPTION '%: % with the name of another, such as % = %: the same %', of_table,
      CASE found WHEN 1 THEN '1 row' ELSE found || ' rows' END, quote_ident(of_column), example, list
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Make one row of them, or take a column that tells them apart into name_template.';
  END IF;
END
$body$;

-- A generated column takes what is immutable and asks no other row.
CREATE PROCEDURE rekey.expect_expression(of_table text, of_column text, expression text, picked text DEFAULT 'true')
LANGUAGE plpgsql
AS $body$
DECLARE
  reason  text;
  found   bigint;
  example text;
BEGIN
  BEGIN
    EXECUTE pg_catalog.format('CREATE TABLE rekey.trial (LIKE %s, "~rekey_key" uuid GENERATED ALWAYS AS (%s) STORED)', of_table, expression);
    DROP TABLE rekey.trial;
  EXCEPTION WHEN syntax_error_or_access_rule_violation OR feature_not_supported THEN
    GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
    RAISE EXCEPTION 'key_expression of %: %', of_table, reason
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. It takes columns of the row, and functions that are IMMUTABLE.';
  END;
  EXECUTE pg_catalog.format('SELECT count(*), min(%I::text) FROM %s WHERE %1$I IS NOT NULL AND (%3$s) IS NULL AND (%4$s)', of_column, of_table, expression, picked) INTO found, example;
  IF found > 0 THEN
    RAISE EXCEPTION '%: % for which key_expression gives NULL, such as % = %', of_table,
      CASE found WHEN 1 THEN '1 row' ELSE found || ' rows' END, pg_catalog.quote_ident(of_column), example
      USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Fill in what it reads, or write another.';
  END IF;
END
$body$;

-- Different values may still make one name: "1" and "23", "12" and "3"; and tables that inherit may hold an id again.
-- Then the list once more, in the order of its keys.
CREATE PROCEDURE rekey.expect_own_keys(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  example record;
BEGIN
  SELECT min(id) AS one, max(id) AS other INTO example
  FROM rekey.lists CROSS JOIN unnest(ids, keys) u (id, key)
  WHERE domain = of_domain GROUP BY key HAVING count(*) > 1 LIMIT 1;
  IF FOUND THEN
    CALL rekey.refuse_shared_key(of_domain, example.one::text, example.other::text);
  END IF;
  SELECT id INTO example FROM rekey.lists CROSS JOIN unnest(ids) id WHERE domain = of_domain GROUP BY id HAVING count(*) > 1 LIMIT 1;
  IF FOUND THEN
    CALL rekey.refuse_shared_key(of_domain, example.id::text, example.id::text);
  END IF;
  UPDATE rekey.lists l SET (keys_in_order, ids_by_key) = (
    SELECT coalesce(array_agg(key ORDER BY key), '{}'), coalesce(array_agg(id ORDER BY key), '{}') FROM unnest(l.ids, l.keys) u (id, key))
  WHERE domain = of_domain;
END
$body$;

CREATE FUNCTION rekey.named_keys(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT coalesce((SELECT keys_in_order FROM rekey.lists WHERE domain = of_domain), '{}') $body$;

CREATE FUNCTION rekey.named_ids(of_domain text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT coalesce((SELECT ids_by_key FROM rekey.lists WHERE domain = of_domain), '{}') $body$;

-- False where the pairs were too many for a list: each key is looked for among them.
CREATE FUNCTION rekey.has_list(of_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT EXISTS (SELECT FROM rekey.lists WHERE domain = of_domain) $body$;

CREATE FUNCTION rekey.paired_id(of_domain text, key uuid) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ BEGIN RETURN (SELECT old_key FROM rekey.keys WHERE domain = of_domain AND new_key = key AND NOT fresh); END $body$;

CREATE FUNCTION rekey.is_named(key uuid, of_domain text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN key IS NULL THEN NULL
            WHEN rekey.has_list(of_domain)
            THEN coalesce((rekey.named_keys(of_domain))[pg_catalog.width_bucket(key, rekey.named_keys(of_domain))] = key, false)
            ELSE rekey.paired_id(of_domain, key) IS NOT NULL END
$body$;

-- NULL for a key that was made from no id.
CREATE FUNCTION rekey.named_id(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN NOT rekey.has_list(of_domain) THEN rekey.paired_id(of_domain, key)
            WHEN (rekey.named_keys(of_domain))[pg_catalog.width_bucket(key, rekey.named_keys(of_domain))] = key
            THEN (rekey.named_ids(of_domain))[pg_catalog.width_bucket(key, rekey.named_keys(of_domain))] END
$body$;

CREATE FUNCTION rekey.named_back(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT coalesce(
  CASE WHEN rekey.assigned_keys(of_domain) IS NOT NULL
       THEN rekey.assigned_id(key, rekey.assigned_keys(of_domain), rekey.assigned_ids(of_domain)) END,
  rekey.named_id(key, of_domain), rekey.mapped_id(of_domain, key))
$body$;
