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
    CALL rekey.refuse_shared_key(of_domain, example.other::text, example.old::text);
  END IF;
  ANALYZE rekey.pairs;
  IF paired <= rekey.list_limit(of_domain) THEN
    INSERT INTO rekey.pair_lists
    SELECT of_domain, coalesce(pg_catalog.array_agg(old_key ORDER BY old_key), '{}'), coalesce(pg_catalog.array_agg(new_key ORDER BY old_key), '{}'),
           coalesce(pg_catalog.array_agg(new_key ORDER BY new_key), '{}'), coalesce(pg_catalog.array_agg(old_key ORDER BY new_key), '{}')
    FROM rekey.pairs WHERE domain = of_domain;
  END IF;
END
$body$;

-- False where they are too many: each is looked up.
CREATE FUNCTION rekey.lists_pairs(of_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT EXISTS (SELECT FROM rekey.pair_lists WHERE domain = of_domain) $body$;

CREATE FUNCTION rekey.paired_old(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT old_keys FROM rekey.pair_lists WHERE domain = of_domain $body$;

CREATE FUNCTION rekey.paired_new_by_old(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT new_by_old FROM rekey.pair_lists WHERE domain = of_domain $body$;

CREATE FUNCTION rekey.paired_new(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT new_keys FROM rekey.pair_lists WHERE domain = of_domain $body$;

CREATE FUNCTION rekey.paired_old_by_new(of_domain text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT old_by_new FROM rekey.pair_lists WHERE domain = of_domain $body$;

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
       WHEN (rekey.paired_old(of_domain))[pg_catalog.width_bucket(key, rekey.paired_old(of_domain))] = key
       THEN (rekey.paired_new_by_old(of_domain))[pg_catalog.width_bucket(key, rekey.paired_old(of_domain))] END,
  rekey.refuse_unpaired(of_domain, key))
$body$;

-- NULL for a key that was made from no other.
CREATE FUNCTION rekey.old_of_pair(key uuid, of_domain text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN NOT rekey.lists_pairs(of_domain) THEN rekey.found_old(of_domain, key)
            WHEN (rekey.paired_new(of_domain))[pg_catalog.width_bucket(key, rekey.paired_new(of_domain))] = key
            THEN (rekey.paired_old_by_new(of_domain))[pg_catalog.width_bucket(key, rekey.paired_new(of_domain))] END
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
