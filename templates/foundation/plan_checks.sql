-- The first rows that a query of the plan gives, for a message; null where it gives none. Whatever else it does is undone.
CREATE FUNCTION rekey.first_rows(named text, query text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item  record;
  shown text[] := '{}';
BEGIN
  BEGIN
    FOR item IN EXECUTE query LOOP
      shown := shown || CASE WHEN cardinality(shown) < 3 THEN left(item::text, 200) ELSE 'and more' END;
      EXIT WHEN cardinality(shown) > 3;
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'RK000';
  EXCEPTION
    WHEN SQLSTATE 'RK000' THEN
      NULL;
    WHEN OTHERS THEN
      RAISE EXCEPTION 'check "%" cannot be made: %', named, SQLERRM USING ERRCODE = SQLSTATE;
  END;
  RETURN nullif(array_to_string(shown, ', '), '');
END
$body$;

-- A check of the plan before its phase, in the transaction that opens it.
CREATE PROCEDURE rekey.expect_none(of_phase text, named text, query text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  found_rows text := rekey.first_rows(named, query);
BEGIN
  IF found_rows IS NOT NULL THEN
    RAISE EXCEPTION 'check "%" must find no row, and finds %', named, found_rows
      USING ERRCODE = 'RK004', HINT = 'Nothing has changed in this phase. Settle that, then apply it again.';
  END IF;
  INSERT INTO rekey.checks (phase, moment, "check", object, ok) VALUES (of_phase, 'before the phase', 'check', named, true);
END
$body$;

-- The same one after the phase, as part of verify.sql.
CREATE FUNCTION rekey.check_none(of_phase text, named text, query text,
                                 OUT "check" text, OUT object text, OUT ok boolean, OUT detail text)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.* FROM rekey.first_rows(named, query) f (found_rows)
  CROSS JOIN LATERAL rekey.record_check(of_phase, 'check', named, found_rows IS NULL, coalesce('finds ' || found_rows, '')) r
$body$;
