-- The new key of a legacy id, which need not belong to a row.
CREATE FUNCTION rekey.key(of_domain text, id bigint) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  new_key uuid;
BEGIN
  EXECUTE format('SELECT %s', rekey.expression(of_domain, 'key', '$1')) INTO new_key USING id;
  RETURN new_key;
END
$body$;

-- Runs a statement after each rekey.key('domain', id) in it has become the constant that it is: what the
-- statement makes must not depend on schema rekey.
CREATE PROCEDURE rekey.run_with_keys(statement text)
LANGUAGE plpgsql
AS $body$
DECLARE
  found text[];
BEGIN
  FOR found IN
    SELECT DISTINCT pg_catalog.regexp_matches(statement,
                                              $re$(rekey\.key\((E?)'((?:[^'\\]|''|\\\\)+)', (-?[0-9]+)\))$re$, 'g')
  LOOP
    statement := pg_catalog.replace(statement, found[1], pg_catalog.format('%L::uuid', rekey.key(
      pg_catalog.replace(CASE found[2] WHEN 'E' THEN pg_catalog.replace(found[3], E'\\\\', E'\\') ELSE found[3] END,
                         '''''', ''''), found[4]::bigint)));
  END LOOP;
  EXECUTE statement;
END
$body$;

-- A session keeps a PL/pgSQL function as it has compiled it, with the types of then, until the function's row in
-- the catalog changes: it is told what it is already. One that is gone since needs nothing.
CREATE PROCEDURE rekey.renew_function(named text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  known pg_proc;
BEGIN
  SELECT * INTO known FROM pg_proc WHERE oid = to_regprocedure(named);
  IF NOT FOUND THEN
    RETURN;
  ELSIF NOT pg_has_role(known.proowner, 'USAGE') THEN
    RAISE WARNING '% belongs to %: sessions that have called it have to connect anew', named, known.proowner::regrole;
  ELSE
    EXECUTE format('ALTER ROUTINE %s SECURITY %s', known.oid::regprocedure,
                   CASE WHEN known.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END);
  END IF;
END
$body$;

-- Whether an object stands in the catalog; of kinds that this does not know, null.
CREATE FUNCTION rekey.stands(kind text, named text, on_table text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  CASE
    WHEN kind IN ('view', 'materialized view', 'index', 'partitioned table') THEN RETURN to_regclass(named) IS NOT NULL;
    WHEN kind IN ('function', 'procedure') THEN RETURN to_regprocedure(named) IS NOT NULL;
    WHEN kind = 'trigger' THEN RETURN EXISTS (
      SELECT FROM pg_trigger WHERE tgrelid = to_regclass(on_table) AND tgname = (parse_ident(named))[1]);
    WHEN kind = 'policy' THEN RETURN EXISTS (
      SELECT FROM pg_policy WHERE polrelid = to_regclass(on_table) AND polname = (parse_ident(named))[1]);
    WHEN kind = 'rule' THEN RETURN EXISTS (
      SELECT FROM pg_rewrite WHERE ev_class = to_regclass(on_table) AND rulename = (parse_ident(named))[1]);
    WHEN kind IN ('check', 'exclusion constraint') THEN RETURN EXISTS (
      SELECT FROM pg_constraint WHERE conrelid = to_regclass(on_table) AND conname = (parse_ident(named))[1]);
    WHEN kind = 'statistics' THEN RETURN EXISTS (
      SELECT FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
      WHERE ARRAY[nspname, stxname]::text[] = parse_ident(named));
    ELSE RETURN NULL;
  END CASE;
END
$body$;

CREATE FUNCTION rekey.check_dependent(of_phase text, kind text, named text, on_table text, expected boolean,
                                      OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  stands   boolean := rekey.stands(kind, named, on_table);
  archived boolean := stands IS FALSE AND expected AND rekey.is_archived(on_table, NULL, named);
BEGIN
  SELECT r.* INTO "check", object, ok, detail FROM rekey.record_check(
    of_phase, kind, concat_ws(' on ', named, on_table), coalesce(stands = expected, true) OR archived,
    CASE WHEN archived THEN 'gone with its columns since the cleanup' WHEN stands THEN 'is there' WHEN NOT stands THEN 'is missing'
         ELSE 'not looked for' END) r;
END
$body$;

