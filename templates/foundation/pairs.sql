-- Keys that are UUIDs already: the plan says what new ones are made from, and each stands beside its old one in
-- rekey.pairs. On the way back a key that is not among them was written since, and stays what it is.

-- Generator v7 puts a time before the random bits that a key has: those of version 4 are 74 from the 49th on.
CREATE FUNCTION rekey.retimed(key uuid, at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(
         pg_catalog.substr(pg_catalog.int8send(pg_catalog.floor(extract(epoch FROM at) * 1000)::bigint * 65536), 1, 6)
         || pg_catalog.substr(
              pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
                pg_catalog.uuid_send(key), 55, 0), 54, 1), 53, 1), 52, 1), 71, 1), 70, 0), 7), 'hex')::uuid
$body$;

-- Writes the pairs of a domain down, from a query that gives the old key and the new one: each key once.
CREATE PROCEDURE rekey.pair_keys(of_domain text, query text)
LANGUAGE plpgsql
AS $body$
DECLARE
  paired  bigint;
  wanted  bigint;
  example record;
BEGIN
  EXECUTE pg_catalog.format('INSERT INTO rekey.pairs SELECT %L, old, new FROM (%s) p (old, new) ON CONFLICT DO NOTHING', of_domain, query);
  GET DIAGNOSTICS paired = ROW_COUNT;
  EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM (%s) p', query) INTO wanted;
  IF paired < wanted THEN
    EXECUTE pg_catalog.format('SELECT p.old, w.old_key AS other FROM (%s) p (old, new) JOIN rekey.pairs w ON w.domain = %L '
                   'AND (w.new_key = p.new AND w.old_key <> p.old OR w.old_key = p.old AND w.new_key <> p.new) LIMIT 1', query, of_domain)
      INTO example;
    IF example.old = example.other THEN
      RAISE EXCEPTION 'domain %: % is the key of rows with different names', of_domain, example.old
        USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Delete all of these rows but one, or choose another generator in the plan.';
    END IF;
    RAISE EXCEPTION 'domain %: % and % would have one key', of_domain, example.other, example.old
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Make one row of them, or take a column that tells them apart into name_template or key_expression.';
  END IF;
  ANALYZE rekey.pairs;
END
$body$;

-- Up to ten million pairs, or what the setting rekey.list_limit says, lie in arrays, in the order of either side:
-- constants of the statements that change columns. More than that are looked up row by row.
CREATE FUNCTION rekey.lists_pairs(of_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT count(*) <= coalesce(nullif(current_setting('rekey.list_limit', true), ''), '10000000')::bigint
  FROM rekey.pairs WHERE domain = of_domain
$body$;

CREATE FUNCTION rekey.pairs_by_old(of_domain text, wants_old boolean) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(array_agg(CASE WHEN wants_old THEN old_key ELSE new_key END ORDER BY old_key), '{}')
  FROM rekey.pairs WHERE domain = of_domain
$body$;

CREATE FUNCTION rekey.pairs_by_new(of_domain text, wants_old boolean) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT coalesce(array_agg(CASE WHEN wants_old THEN old_key ELSE new_key END ORDER BY new_key), '{}')
  FROM rekey.pairs WHERE domain = of_domain
$body$;

CREATE FUNCTION rekey.found_new(of_domain text, key uuid) RETURNS uuid
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ BEGIN RETURN (SELECT new_key FROM rekey.pairs WHERE domain = of_domain AND old_key = key); END $body$;

CREATE FUNCTION rekey.found_old(of_domain text, key uuid) RETURNS uuid
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ BEGIN RETURN (SELECT old_key FROM rekey.pairs WHERE domain = of_domain AND new_key = key); END $body$;

CREATE FUNCTION rekey.refuse_unpaired(of_domain text, key uuid) RETURNS uuid
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RAISE EXCEPTION 'key % of domain % has no row in its root table', key, of_domain
    USING ERRCODE = 'RK003', HINT = 'Remove the orphan, or add the row it points at.';
END
$body$;

CREATE FUNCTION rekey.new_of_pair(key uuid, of_domain text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT coalesce(
  CASE WHEN NOT rekey.lists_pairs(of_domain) THEN rekey.found_new(of_domain, key)
       WHEN (rekey.pairs_by_old(of_domain, true))[pg_catalog.width_bucket(key, rekey.pairs_by_old(of_domain, true))] = key
       THEN (rekey.pairs_by_old(of_domain, false))[pg_catalog.width_bucket(key, rekey.pairs_by_old(of_domain, true))] END,
  rekey.refuse_unpaired(of_domain, key))
$body$;

-- NULL for a key that was made from no other.
CREATE FUNCTION rekey.old_of_pair(key uuid, of_domain text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN NOT rekey.lists_pairs(of_domain) THEN rekey.found_old(of_domain, key)
            WHEN (rekey.pairs_by_new(of_domain, false))[pg_catalog.width_bucket(key, rekey.pairs_by_new(of_domain, false))] = key
            THEN (rekey.pairs_by_new(of_domain, true))[pg_catalog.width_bucket(key, rekey.pairs_by_new(of_domain, false))] END
$body$;

-- Pairs of uuids stand in a view of their own: rekey.mapping has integers on one side.
CREATE VIEW rekey.uuid_mapping AS
SELECT c.table_name, c.column_name, w.old_key, w.new_key
FROM rekey.pairs w
JOIN rekey.domains d USING (domain)
JOIN rekey.phases p USING (phase)
JOIN rekey.key_columns c ON c.domain = w.domain AND c.is_root
WHERE p.state = 'applied';
COMMENT ON VIEW rekey.uuid_mapping IS 'Old key and new key of every row that had a UUID before';
