-- What the online strategy needs of a table.

-- Whether a column of the table has an enabled trigger of a user that an UPDATE fires.
CREATE FUNCTION rekey.fires_on_update(target regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = tgfoid
                 WHERE tgrelid = target AND (NOT tgisinternal OR tgparentid <> 0 AND tgconstraint = 0) AND tgtype & 16 <> 0 AND tgenabled <> 'D'
                   AND pronamespace <> 'rekey'::regnamespace)
$body$;

CREATE FUNCTION rekey.may_silence_triggers() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  may boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
BEGIN
  IF NOT may AND current_setting('server_version_num')::integer >= 150000 THEN
    EXECUTE 'SELECT has_parameter_privilege(''session_replication_role'', ''SET'')' INTO may;
  END IF;
  RETURN may;
END
$body$;

-- The triggers of a table that the backfill cannot silence, and those that run after the ones that keep keys right.
CREATE FUNCTION rekey.unruly_triggers(target regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(CASE WHEN tgname > '~rekey_insert' COLLATE "C" AND tgtype & 2 <> 0
                         THEN format('trigger %I runs after the ones that keep keys right: it may change keys unseen; rename it', tgname)
                         ELSE format('trigger %I is enabled as REPLICA or ALWAYS and would fire for every row that is filled', tgname) END,
                    '; ' ORDER BY tgname)
  FROM pg_trigger g JOIN pg_proc p ON p.oid = tgfoid
  WHERE tgrelid = target AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 1 <> 0
    AND pronamespace <> to_regnamespace('rekey')
    AND (tgname > '~rekey_insert' COLLATE "C" AND tgtype & 2 <> 0 OR tgenabled IN ('A', 'R') AND tgtype & 16 <> 0)
$body$;

-- Foreign keys with a narrower type than what they refer to: a new row's old key may not fit.
CREATE FUNCTION rekey.narrow_references(target regclass, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('column %I (%s) is narrower than %s.%I (%s), to which it refers: alter its type', c.attname,
                           format_type(c.atttypid, c.atttypmod), con.confrelid::regclass, p.attname,
                           format_type(p.atttypid, p.atttypmod)), '; ' ORDER BY con.conname)
  FROM pg_constraint con CROSS JOIN LATERAL unnest(conkey, confkey) k (child, parent)
  JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = k.child
  JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = k.parent
  WHERE contype = 'f' AND conrelid = target AND c.attname = ANY (columns) AND c.attlen < p.attlen
$body$;

-- Functions of triggers that write a row as it is: it has more columns than they know from the first step on.
CREATE FUNCTION rekey.whole_rows(target regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(DISTINCT format('function %s of trigger %I takes all columns of a row (NEW.* or OLD.*): list them', p.oid::regprocedure, tgname),
                    '; ')
  FROM pg_trigger g JOIN pg_proc p ON p.oid = tgfoid
  WHERE tgrelid = target AND NOT tgisinternal AND tgenabled <> 'D' AND prosrc ~* '\m(new|old)\M\s*\)?\s*\.\s*\*'
$body$;

-- A sequence that is near its end has no old keys for the rows written after the swap.
CREATE FUNCTION rekey.spent_sequences(target regclass, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('sequence %s of column %I has %s ids left, fewer than a tenth: rows written after the swap need them as old keys',
                           named, name, trunc(room / abs(seqincrement))), '; ' ORDER BY named)
  FROM unnest(columns) name
  CROSS JOIN LATERAL pg_get_serial_sequence(target::text, name) named
  JOIN pg_sequence s ON seqrelid = named::regclass
  JOIN pg_attribute a ON a.attrelid = target AND a.attname = name
  CROSS JOIN LATERAL rekey.sequence_position(named) p
  CROSS JOIN LATERAL (SELECT least(seqmax, rekey.highest(format_type(a.atttypid, NULL)))::numeric AS utmost) u
  CROSS JOIN LATERAL (SELECT CASE WHEN seqincrement > 0 THEN utmost - p.last_value ELSE p.last_value::numeric - seqmin END AS room) r
  WHERE room * 10 < utmost - seqmin
$body$;

-- A table whose updates are published needs something that tells its rows apart, or it cannot be filled.
CREATE FUNCTION rekey.published_without_identity(target regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT string_agg(format('publication %I publishes its updates, and it has no replica identity', pubname), '; ' ORDER BY pubname)
  FROM pg_publication JOIN pg_publication_tables t USING (pubname) JOIN pg_class c ON c.oid = target
  WHERE pubupdate AND format('%I.%I', t.schemaname, t.tablename)::regclass = target
    AND (relreplident = 'n' OR relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = target AND indisprimary))
$body$;

-- A swap locks its tables with all that stands on them in one transaction: 35 locks a table in a schema with two foreign
-- keys a table (measured).
CREATE PROCEDURE rekey.expect_room_for_locks(tables integer)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  needed integer := 50 * tables;
  slots  integer := current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer;
BEGIN
  IF needed > slots * current_setting('max_locks_per_transaction')::integer THEN
    RAISE EXCEPTION 'the swap of % tables takes about % locks at once, and the server has room for %', tables, needed,
      slots * current_setting('max_locks_per_transaction')::integer
      USING ERRCODE = 'RK003', HINT = format('Nothing has changed. Set max_locks_per_transaction to %s and restart the server, '
        'or part the tables into more phases.', ceil(needed::float / slots));
  END IF;
END
$body$;

-- What the online strategy cannot do here, before anything changes.
CREATE PROCEDURE rekey.expect_online(of_table text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  target regclass := of_table;
  wrong  text;
BEGIN
  SELECT string_agg(format('index %s is not a plain one (it has a tablespace of its own, or is a key that is deferrable or '
                           'partial or has INCLUDE or options)', i.oid::regclass), '; ' ORDER BY i.relname) INTO wrong
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = target AND k.contype IN ('p', 'u')
  WHERE x.indrelid = target
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = target AND a.attname = ANY (columns)
                  AND a.attnum = ANY (x.indkey::smallint[]))
    AND (i.reltablespace <> 0 OR NOT x.indisvalid
         OR x.indisunique AND (x.indpred IS NOT NULL OR i.reloptions IS NOT NULL OR x.indnatts <> x.indnkeyatts
                               OR 0 <> ANY (x.indoption::smallint[])
                               OR coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false))
         OR coalesce(k.condeferrable, false));
  wrong := nullif(concat_ws('; ', wrong, rekey.unruly_triggers(target), rekey.whole_rows(target),
    rekey.narrow_references(target, columns), rekey.spent_sequences(target, columns), rekey.published_without_identity(target), (
    SELECT string_agg(format('column %I has a name of ours: rename it', attname), '; ' ORDER BY attname)
    FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname ~ '^rekey_(new|old)_'), (
    SELECT string_agg(format('constraint %I is NOT VALID: a row that breaks it cannot be filled; validate or drop it', conname),
                      '; ' ORDER BY conname)
    FROM pg_constraint WHERE conrelid = target AND contype NOT IN ('f', 'p', 'u', 'x') AND NOT convalidated)), '');
  IF EXISTS (SELECT FROM pg_rewrite WHERE ev_class = target AND ev_type = '2') THEN
    wrong := concat_ws('; ', wrong, 'a rule stands on its UPDATE');
  END IF;
  IF rekey.fires_on_update(target) AND NOT rekey.may_silence_triggers() THEN
    wrong := concat_ws('; ', wrong, format('triggers would fire for every row that is filled, and role %I may not silence '
      'them: GRANT SET ON PARAMETER session_replication_role TO it (from PostgreSQL 15), or disable them', current_user));
  END IF;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% cannot change online: %', of_table, wrong
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed. Change that, or give the phase strategy: offline.';
  END IF;
END
$body$;
