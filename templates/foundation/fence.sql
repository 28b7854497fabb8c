-- Refuses foreign writes to the tables of an open phase; a step of the plan's own SQL says that it may.
CREATE FUNCTION rekey.fence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF current_setting('rekey.fence', true) = 'open' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'table %.% is closed for writes while its keys change',
    quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
    USING ERRCODE = '55006', HINT = 'Phase ' || TG_ARGV[0] || ' of rekey has to end first: see rekey status.';
END
$body$;
