-- Keys that are made from rows, beside the application: functions of each domain give them (rekey.give_key_1, which the
-- first step of its table makes), the pairs stand in rekey.keys and rekey.pairs.

-- Generator v7 has 48 bits for milliseconds.
CREATE FUNCTION rekey.fits_in_key(at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.isfinite(at) AND extract(epoch FROM at) * 1000 >= -140737488355328 AND extract(epoch FROM at) * 1000 < 140737488355328
$body$;

CREATE FUNCTION rekey.given_id(key uuid, of_domain text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $body$ SELECT old_key FROM rekey.keys WHERE domain = of_domain AND new_key = key AND NOT fresh $body$;

-- Shortly before the swap and after it a row needs its key at once. The errors are those that an application knows: of
-- a value that is missing, of a row that is not there, or not yet, of a transaction that has to be done again.
CREATE FUNCTION rekey.refuse_row(of_table text, of_column text, key text) RETURNS uuid
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RAISE EXCEPTION '%: a value is missing or too large from which a new key is made, in the row with % = %', of_table, quote_ident(of_column), key
    USING ERRCODE = 'not_null_violation', HINT = 'Keys are being exchanged, and each row needs its new one from now on. Once they are, it may be missing.';
END
$body$;

CREATE FUNCTION rekey.refuse_reference(of_table text, of_column text, key text, is_there boolean) RETURNS uuid
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF is_there THEN
    RAISE EXCEPTION '%: % = % got its new key after this transaction began', of_table, quote_ident(of_column), key
      USING ERRCODE = 'serialization_failure', HINT = 'The transaction might succeed if it is done again.';
  END IF;
  RAISE EXCEPTION '%: % = % refers to no row, and has no new key', of_table, quote_ident(of_column), key
    USING ERRCODE = 'foreign_key_violation';
END
$body$;

-- After the swap the old key has the place that the key had. Other types tell; two UUIDs do not.
CREATE FUNCTION rekey.refuse_place(of_table text, of_column text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RAISE EXCEPTION '%: a new row has a key in the place where % was', of_table, quote_ident(of_column)
    USING ERRCODE = 'datatype_mismatch', HINT = 'Name the columns in INSERT and COPY: they stand in another order until the old keys go.';
END
$body$;

-- A column whose value a trigger does not see, and a table that hides rows from the trigger's function.
CREATE PROCEDURE rekey.expect_known_values(of_table text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  generated text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
                     WHERE attrelid = of_table::regclass AND attname = ANY (columns) AND attgenerated <> '');
BEGIN
  IF generated IS NOT NULL THEN
    RAISE EXCEPTION '%: % is generated, after the trigger that makes a key of it', of_table, generated
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Take what it is generated from, or give the phase strategy: offline.';
  END IF;
  IF (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = of_table::regclass)
     AND NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION '%: row security is forced, and would hide rows from triggers of role %', of_table, quote_ident(current_user)
      USING ERRCODE = 'RK003', HINT = 'Nothing has changed in this phase. Let a role with BYPASSRLS do it, or give the phase strategy: offline.';
  END IF;
END
$body$;

-- `same` is equal for rows that would get one key.
CREATE PROCEDURE rekey.expect_keys_of_their_own(of_domain text, of_table text, of_column text, same text)
LANGUAGE plpgsql
AS $body$
DECLARE
  one   text;
  other text;
BEGIN
  EXECUTE pg_catalog.format('SELECT min(%1$I::text), max(%1$I::text) FROM %2$s WHERE %1$I IS NOT NULL GROUP BY (%3$s) HAVING pg_catalog.count(*) > 1 LIMIT 1',
                            of_column, of_table, same) INTO one, other;
  IF one IS NOT NULL THEN
    CALL rekey.refuse_shared_key(of_domain, one, other);
  END IF;
END
$body$;

-- What keeps rows of a table from having new keys in a column; null: nothing. What is only not given yet is nothing.
-- `made` is the function that makes keys of the table's rows; of a column that refers to others it is null.
CREATE FUNCTION rekey.without_key(of_table text, of_column text, of_domain text, made text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  root    rekey.key_columns;
  pairs   text;
  lacking text;
  found   record;
  wrong   text;
BEGIN
  SELECT * INTO STRICT root FROM rekey.key_columns c WHERE c.domain = of_domain AND c.is_root;
  pairs := CASE root.old_type WHEN 'uuid' THEN 'rekey.pairs' ELSE 'rekey.keys' END;
  lacking := format('SELECT t.%1$I AS id' || coalesce(', ' || made || '(t.*) AS key', '') || ' FROM %2$s t WHERE t.%1$I IS NOT NULL AND NOT EXISTS (SELECT FROM %3$s k '
                    'WHERE k.domain = %4$L AND k.old_key = t.%1$I)', of_column, of_table, pairs, of_domain);
  IF made IS NULL THEN
    EXECUTE format('SELECT count(*) AS rows, min(id::text) AS example FROM (%s) l WHERE NOT EXISTS (SELECT FROM %s p WHERE p.%I = l.id)',
                   lacking, root.table_name, root.column_name) INTO found;
    IF found.rows > 0 THEN
      RETURN format('%s that no row of %s has, such as %I = %s', CASE found.rows WHEN 1 THEN '1 row with a key' ELSE found.rows || ' rows with keys' END,
                    root.table_name, of_column, found.example);
    END IF;
    RETURN NULL;
  END IF;
  EXECUTE format('WITH lacking AS MATERIALIZED (%1$s), '
                 'shared AS (SELECT l.id, coalesce((SELECT k.old_key FROM %2$s k JOIN %3$s o ON o.%4$I = k.old_key WHERE k.domain = %5$L AND k.new_key = l.key), '
                 '(SELECT o.id FROM lacking o WHERE o.key = l.key AND o.id < l.id ORDER BY o.id LIMIT 1)) AS other FROM lacking l WHERE key IS NOT NULL) '
                 'SELECT count(*) FILTER (WHERE key IS NULL) AS keyless, min(id::text) FILTER (WHERE key IS NULL) AS keyless_example, '
                 '(SELECT count(*) FROM shared WHERE other IS NOT NULL) AS shared, '
                 '(SELECT format(''%%s and %%s'', other, id) FROM shared WHERE other IS NOT NULL ORDER BY id LIMIT 1) AS shared_example FROM lacking',
                 lacking, pairs, root.table_name, root.column_name, of_domain) INTO found;
  IF found.keyless > 0 THEN
    wrong := format('%s from which no key can be made, such as %I = %s', CASE found.keyless WHEN 1 THEN '1 row' ELSE found.keyless || ' rows' END,
                    of_column, found.keyless_example);
  END IF;
  IF found.shared > 0 THEN
    wrong := concat_ws('; ', wrong, format('%s that would have the key of another, such as %I = %s',
                                           CASE found.shared WHEN 1 THEN '1 row' ELSE found.shared || ' rows' END, of_column, found.shared_example));
  END IF;
  RETURN wrong;
END
$body$;

CREATE FUNCTION rekey.way_to_keys(of_domain text, made text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT CASE WHEN made IS NULL THEN 'Delete these rows, or add those that they refer to.' ELSE format(
    'Fill in what is missing, and make one row of those that are the same. Where another row has changed since it got the key, let it get '
    'a new one: DELETE FROM %s WHERE domain = %L AND old_key = …', CASE old_type WHEN 'uuid' THEN 'rekey.pairs' ELSE 'rekey.keys' END, of_domain) END
  FROM rekey.key_columns WHERE domain = of_domain AND is_root
$body$;

CREATE PROCEDURE rekey.expect_keys(of_table text, of_column text, shadow text, of_domain text, made text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  wrong text := rekey.without_key(of_table, of_column, of_domain, made);
BEGIN
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%: %', of_table, wrong USING ERRCODE = 'RK003', HINT = rekey.way_to_keys(of_domain, made);
  END IF;
END
$body$;

-- While the new keys are beside the old ones.
CREATE FUNCTION rekey.check_keys(of_phase text, of_table text, of_column text, shadow text, of_domain text, made text,
                                 OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  beside boolean := EXISTS (SELECT FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = shadow AND NOT attisdropped);
  wrong  text;
BEGIN
  IF beside THEN
    wrong := rekey.without_key(of_table, of_column, of_domain, made);
  END IF;
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(of_phase, 'keys for all rows', format('%s.%I', of_table, of_column), wrong IS NULL,
    CASE WHEN NOT beside THEN 'swapped since' ELSE coalesce(wrong || '. ' || rekey.way_to_keys(of_domain, made), 'each has one, or can have one') END) r;
END
$body$;

-- Rows that have none by now get theirs.
CREATE PROCEDURE rekey.give_rest(of_table text, given text, missing text)
LANGUAGE plpgsql
AS $body$
BEGIN
  EXECUTE pg_catalog.format('%s FROM %s t WHERE %s', given, of_table, missing);
END
$body$;

-- The other way: columns that a swap back has left NOT NULL may be NULL where no key is given.
CREATE PROCEDURE rekey.allow_null(of_table text, columns text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  EXECUTE format('ALTER TABLE %s %s', of_table, (SELECT string_agg(format('ALTER COLUMN %I DROP NOT NULL', c), ', ') FROM unnest(columns) c));
END
$body$;
