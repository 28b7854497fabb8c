-- Keys that are UUIDs already may change in stages. Each is a phase, and has pairs of its own: those before the last
-- change their rows where these are, the last one rewrites the tables as any phase does. On the way back each takes back
-- what it did, whatever the others have done.
CREATE TABLE rekey.staged_rows (
  domain text NOT NULL,
  key    uuid NOT NULL,
  place  bigint NOT NULL,
  PRIMARY KEY (domain, key)
);
COMMENT ON TABLE rekey.staged_rows IS
  'The rows of all stages but the last, by the key that they had when the first one began: a row written since belongs to the last';

CREATE TABLE rekey.stage_keys (
  old_key uuid NOT NULL,
  new_key uuid NOT NULL,
  place   bigint NOT NULL
);
COMMENT ON TABLE rekey.stage_keys IS 'Empty but within a step that lists the keys of a stage';

-- The phase's turn: the domain is its own until the next stage begins.
CREATE PROCEDURE rekey.enter_stage(of_phase text, of_domain text, of_stage text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $body$
  UPDATE rekey.domains SET phase = of_phase WHERE domain = of_domain;
  UPDATE rekey.key_columns SET stage = of_stage WHERE domain = of_domain;
$body$;

-- When it is taken back, before the phase is withdrawn.
CREATE PROCEDURE rekey.leave_stage(to_phase text, of_domain text, to_stage text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF to_stage IS NULL THEN
    DELETE FROM rekey.staged_rows WHERE domain = of_domain;
  ELSE
    UPDATE rekey.domains SET phase = to_phase WHERE domain = of_domain;
    UPDATE rekey.key_columns SET stage = to_stage WHERE domain = of_domain;
  END IF;
END
$body$;

-- Two rows would have one key, now or in a later stage.
CREATE PROCEDURE rekey.expect_free_new_keys(of_domain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  one   uuid;
  other uuid;
BEGIN
  SELECT s.old_key, t.old_key INTO one, other FROM rekey.stage_keys s JOIN rekey.stage_keys t ON t.new_key = s.new_key AND t.old_key > s.old_key LIMIT 1;
  IF FOUND THEN
    CALL rekey.refuse_shared_key(of_domain, one::text, other::text);
  END IF;
  EXECUTE (SELECT format('SELECT s.old_key, s.new_key FROM rekey.stage_keys s JOIN %s k ON k.%I = s.new_key LIMIT 1', table_name, column_name)
           FROM rekey.key_columns WHERE domain = of_domain AND is_root) INTO one, other;
  IF one IS NOT NULL THEN
    CALL rekey.refuse_taken_key(of_domain, one, other);
  END IF;
END
$body$;

-- From a query that gives old key, new key and place of every row that changes in some stage: the pairs of the rows of
-- this one, from one place to another; to NULL: of all that are left. What an earlier stage has changed stays.
CREATE PROCEDURE rekey.pair_stage(of_stage text, of_domain text, from_place bigint, to_place bigint, staged bigint, query text)
LANGUAGE plpgsql
AS $body$
BEGIN
  EXECUTE pg_catalog.format('INSERT INTO rekey.stage_keys SELECT old, new, place FROM (%s) k (old, new, place) WHERE old IS DISTINCT FROM new '
                            'AND NOT EXISTS (SELECT FROM rekey.pairs w JOIN rekey.domains d USING (domain) WHERE d.stage_of = %L AND w.new_key = k.old)',
                            query, of_domain);
  ANALYZE rekey.stage_keys;
  CALL rekey.expect_free_new_keys(of_domain);
  IF from_place = 1 THEN
    INSERT INTO rekey.staged_rows
    SELECT of_domain, old_key, pg_catalog.row_number() OVER (ORDER BY place) FROM rekey.stage_keys ORDER BY place LIMIT staged;
  END IF;
  INSERT INTO rekey.pairs
  SELECT of_stage, s.old_key, s.new_key FROM rekey.stage_keys s
  WHERE to_place IS NULL
     OR s.old_key IN (SELECT r.key FROM rekey.staged_rows r WHERE r.domain = of_domain AND r.place BETWEEN from_place AND to_place);
  TRUNCATE rekey.stage_keys;
  CALL rekey.list_pairs(of_stage);
END
$body$;

-- No trigger or rule fires and no foreign key is asked meanwhile; one that fires all the same has a purpose of its own.
CREATE PROCEDURE rekey.begin_move(of_tables text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item text;
  loud text;
BEGIN
  CALL rekey.begin_repair();
  FOREACH item IN ARRAY of_tables LOOP
    CALL rekey.refuse_loud_triggers(item::regclass);
    SELECT min(quote_ident(rulename)) INTO loud FROM pg_rewrite WHERE ev_class = item::regclass AND ev_type = '2' AND ev_enabled IN ('A', 'R');
    IF loud IS NOT NULL THEN
      RAISE EXCEPTION 'rule % of % would take the place of a change of keys', loud, item
        USING ERRCODE = 'RK003', HINT = 'This step has changed nothing. Disable it for the time of the phase.';
    END IF;
  END LOOP;
END
$body$;

-- No row has a key of the wrong side: an old one of this stage, or, on the way back, a new one.
CREATE PROCEDURE rekey.expect_moved(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  side text := (SELECT CASE state WHEN 'rolling back' THEN 'new_key' ELSE 'old_key' END FROM rekey.phases WHERE phase = of_phase);
  item rekey.key_columns;
  left_over bigint;
BEGIN
  FOR item IN SELECT c.* FROM rekey.key_columns c JOIN rekey.domains d USING (domain) WHERE d.phase = of_phase ORDER BY c.table_name, c.column_name LOOP
    EXECUTE format('SELECT count(*) FROM %s WHERE %I IN (SELECT %s FROM rekey.pairs WHERE domain = %L)', item.table_name, item.column_name, side, item.stage)
      INTO left_over;
    IF left_over > 0 THEN
      RAISE EXCEPTION '%.%: % rows have a key that should have changed', item.table_name, quote_ident(item.column_name), left_over
        USING ERRCODE = 'RK004', HINT = 'Roll the phase back, or finish its rollback; please report this.';
    END IF;
  END LOOP;
END
$body$;

-- After rows have changed without a look at foreign keys: each that holds in every row still does, whoever made it.
CREATE PROCEDURE rekey.expect_references(of_phase text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  fk   record;
  lost bigint;
BEGIN
  FOR fk IN
    SELECT con.conname, con.conrelid::regclass AS child, rekey.rows_under(con.conrelid) AS children, rekey.rows_under(con.confrelid) AS parents,
           string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND ') AS joined,
           string_agg(format('c.%I IS NOT NULL', c.attname), CASE con.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END) AS present
    FROM pg_constraint con
    CROSS JOIN LATERAL unnest(con.conkey, con.confkey) k (child, parent)
    JOIN pg_attribute c ON c.attrelid = con.conrelid AND c.attnum = k.child
    JOIN pg_attribute p ON p.attrelid = con.confrelid AND p.attnum = k.parent
    WHERE con.contype = 'f' AND con.convalidated AND con.conparentid = 0 AND EXISTS (
      SELECT FROM rekey.key_columns kc JOIN rekey.domains d USING (domain)
      JOIN pg_attribute a ON a.attrelid = to_regclass(kc.table_name) AND a.attname = kc.column_name
      WHERE d.phase = of_phase AND (a.attrelid = con.conrelid AND a.attnum = ANY (con.conkey)
                                    OR a.attrelid = con.confrelid AND a.attnum = ANY (con.confkey)))
    GROUP BY con.oid, con.conname, con.conrelid, con.confrelid, con.confmatchtype
    ORDER BY con.conrelid::regclass::text, con.conname
  LOOP
    EXECUTE format('SELECT count(*) FROM %s c WHERE (%s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                   fk.children, fk.present, fk.parents, fk.joined) INTO lost;
    IF lost > 0 THEN
      RAISE EXCEPTION 'foreign key % of %: % rows refer to none', quote_ident(fk.conname), fk.child, lost
        USING ERRCODE = 'RK004', HINT = 'This step has changed nothing. Roll the phase back, and draft the plan anew where it does not know the foreign key.';
    END IF;
  END LOOP;
END
$body$;
