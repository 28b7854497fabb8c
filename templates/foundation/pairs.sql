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

CREATE PROCEDURE rekey.list_pairs(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  ANALYZE rekey.pairs;
  IF (SELECT count(*) FROM rekey.pairs WHERE domain = of_domain) <= rekey.list_limit(of_domain) THEN
    INSERT INTO rekey.pair_lists
    SELECT of_domain, coalesce(array_agg(old_key ORDER BY old_key), '{}'), coalesce(array_agg(new_key ORDER BY old_key), '{}'),
           coalesce(array_agg(new_key ORDER BY new_key), '{}'), coalesce(array_agg(old_key ORDER BY new_key), '{}')
    FROM rekey.pairs WHERE domain = of_domain;
  END IF;
END
$body$;

CREATE PROCEDURE rekey.refuse_taken_key(of_domain text, key uuid, wanted uuid)
LANGUAGE plpgsql
AS $body$
BEGIN
  RAISE EXCEPTION 'domain %: the row with % would get %, which is the key of another row', of_domain, key, wanted
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Delete one of these rows or make one of them, or let where: leave the first one out.';
END
$body$;

-- A condition that says which rows change: it speaks of the row alone, and is true of it whenever one looks.
CREATE PROCEDURE rekey.expect_condition(of_table text, condition text)
LANGUAGE plpgsql
AS $body$
DECLARE
  reason text;
BEGIN
  EXECUTE pg_catalog.format('CREATE TABLE rekey.trial (LIKE %s, "~rekey_picked" boolean GENERATED ALWAYS AS (%s) STORED)', of_table, condition);
  DROP TABLE rekey.trial;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR feature_not_supported THEN
  GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
  RAISE EXCEPTION 'where of %: %', of_table, reason
    USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. It takes columns of the row, and functions that are IMMUTABLE.';
END
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
  CALL rekey.list_pairs(of_domain);
END
$body$;

-- Of keys of which some change: those pairs alone. A row whose key stays must not have the new key of another.
CREATE PROCEDURE rekey.pair_picked(of_domain text, query text)
LANGUAGE plpgsql
AS $body$
DECLARE
  taken rekey.pairs;
BEGIN
  CALL rekey.pair_keys(of_domain, pg_catalog.format('SELECT old, new FROM (%s) picked (old, new) WHERE old IS DISTINCT FROM new', query));
  EXECUTE (SELECT pg_catalog.format('SELECT w.* FROM rekey.pairs w JOIN %s k ON k.%I = w.new_key WHERE w.domain = %L '
                                    'AND NOT EXISTS (SELECT FROM rekey.pairs m WHERE m.domain = w.domain AND m.old_key = w.new_key) LIMIT 1',
                                    table_name, column_name, of_domain)
           FROM rekey.key_columns WHERE domain = of_domain AND is_root) INTO taken;
  IF taken IS NOT NULL THEN
    CALL rekey.refuse_taken_key(of_domain, taken.old_key, taken.new_key);
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

-- Where only some rows change: a key of any other stays.
CREATE FUNCTION rekey.new_or_same(key uuid, of_domain text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT coalesce(
  CASE WHEN NOT rekey.lists_pairs(of_domain) THEN rekey.found_new(of_domain, key)
       WHEN (rekey.paired_old(of_domain))[pg_catalog.width_bucket(key, rekey.paired_old(of_domain))] = key
       THEN (rekey.paired_new_by_old(of_domain))[pg_catalog.width_bucket(key, rekey.paired_old(of_domain))] END,
  key)
$body$;

-- NULL for a key that was made from no other.
CREATE FUNCTION rekey.old_of_pair(key uuid, of_domain text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT CASE WHEN NOT rekey.lists_pairs(of_domain) THEN rekey.found_old(of_domain, key)
            WHEN (rekey.paired_new(of_domain))[pg_catalog.width_bucket(key, rekey.paired_new(of_domain))] = key
            THEN (rekey.paired_old_by_new(of_domain))[pg_catalog.width_bucket(key, rekey.paired_new(of_domain))] END
$body$;

-- Pairs of uuids stand in a view of their own: rekey.mapping has integers on one side. A phase that only prepares has
-- changed no key.
CREATE VIEW rekey.uuid_mapping AS
SELECT c.table_name, c.column_name, w.old_key, w.new_key
FROM rekey.pairs w
JOIN rekey.domains d USING (domain)
JOIN rekey.phases p USING (phase)
JOIN rekey.key_columns c ON c.domain = coalesce(d.stage_of, d.domain) AND c.is_root
WHERE p.state = 'applied' AND rekey.has_changed(c);
COMMENT ON VIEW rekey.uuid_mapping IS 'Old key and new key of every row that had another UUID before';
