CREATE FUNCTION {{new_key_function}}() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.overlay(
         pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
         pg_catalog.substr(pg_catalog.int8send(pg_catalog.floor(
           extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint), 3, 6), 1, 6), 52, 1), 53, 1), 'hex')::uuid
$body$;
GRANT EXECUTE ON FUNCTION {{new_key_function}}() TO PUBLIC;
COMMENT ON FUNCTION {{new_key_function}}() IS
  'UUID version 7 (RFC 9562, section 5.7): the clock in milliseconds, then 74 random bits. Column defaults use it';
