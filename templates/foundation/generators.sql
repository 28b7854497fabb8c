CREATE TABLE rekey.secret (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  value    bytea NOT NULL CHECK (length(value) = 32)
);
COMMENT ON TABLE rekey.secret IS
  'Whoever reads it can compute every new key from the old one. The setting rekey.secret, given at foundation, pins it; else it is random';
INSERT INTO rekey.secret (value)
SELECT pg_catalog.sha256(coalesce(
  pg_catalog.convert_to(nullif(pg_catalog.current_setting('rekey.secret', true), ''), 'UTF8'),
  pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())));

-- Declared immutable so that it folds into a constant when a statement is planned.
CREATE FUNCTION rekey.domain_secret(domain text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $body$ SELECT sha256(value || convert_to(domain, 'UTF8')) FROM rekey.secret $body$;
REVOKE ALL ON FUNCTION rekey.domain_secret(text) FROM PUBLIC;

-- Default privileges may have opened what was just made to other roles.
CREATE PROCEDURE rekey.keep_secret()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT DISTINCT object, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role
    FROM (SELECT 'SCHEMA rekey', nspowner, nspacl FROM pg_namespace WHERE nspname = 'rekey'
          UNION ALL
          SELECT 'TABLE rekey.secret', relowner, relacl FROM pg_class WHERE oid = 'rekey.secret'::regclass
          UNION ALL
          SELECT 'FUNCTION rekey.domain_secret(text)', proowner, proacl FROM pg_proc
          WHERE oid = 'rekey.domain_secret(text)'::regprocedure) o (object, owner, acl)
    CROSS JOIN aclexplode(acl)
    WHERE grantee <> owner
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', item.object, item.role);
  END LOOP;
END
$body$;
CALL rekey.keep_secret();

-- The functions below are single expressions without a SET clause: PostgreSQL inlines them.
-- Bits 55..52 of the sixteen bytes are the version, 71..70 the variant (RFC 9562, section 4).

-- generator "ordered": 48 bits of id, version 7, 74 bits of hash. id * 65536 raises beyond 2^47.
CREATE FUNCTION rekey.ordered_hash(id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.substr(pg_catalog.sha256(secret || pg_catalog.int8send(id)), 7, 10),
       7, 0), 6, 1), 5, 1), 4, 1), 23, 1), 22, 0)
$body$;

CREATE FUNCTION rekey.ordered(id bigint, secret bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.overlay(pg_catalog.int8send(id * 65536), rekey.ordered_hash(id, secret), 7, 2),
                         'hex')::uuid
$body$;

CREATE FUNCTION rekey.ordered_id(key uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT ('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.uuid_send(key), 1, 6), 'hex') || '0000')
       ::bit(64)::bigint >> 16
$body$;

-- True when the key was made from a legacy id: only then ordered_id() means something.
CREATE FUNCTION rekey.is_ordered(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 10) = rekey.ordered_hash(rekey.ordered_id(key), secret)
$body$;

-- generators "keyed" (version 8) and "v4": a pseudo-random permutation of the id under the secret, so
-- that no two ids can collide and the way back needs no table. Bytes 7..14 are a hash of the id (58
-- bits, version, variant), the other eight the id XOR a hash of those: the synthetic-IV construction
-- of RFC 5297 on one block.
CREATE FUNCTION rekey.keyed_tag(id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.sha256(secret || pg_catalog.int8send(id)),
       55, 1), 54, 0), 53, 0), 52, 0), 71, 1), 70, 0), 7, 8)
$body$;

CREATE FUNCTION rekey.random_tag(id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.sha256(secret || pg_catalog.int8send(id)),
       55, 0), 54, 1), 53, 0), 52, 0), 71, 1), 70, 0), 7, 8)
$body$;

CREATE FUNCTION rekey.tag_mask(tag bytea, secret bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT ('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(tag || secret), 1, 8), 'hex'))
       ::bit(64)::bigint
$body$;

CREATE FUNCTION rekey.keyed(id bigint, secret bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.overlay(
         pg_catalog.int8send(id # rekey.tag_mask(rekey.keyed_tag(id, secret), secret)),
         rekey.keyed_tag(id, secret), 7, 0), 'hex')::uuid
$body$;

CREATE FUNCTION rekey.random(id bigint, secret bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.encode(pg_catalog.overlay(
         pg_catalog.int8send(id # rekey.tag_mask(rekey.random_tag(id, secret), secret)),
         rekey.random_tag(id, secret), 7, 0), 'hex')::uuid
$body$;

CREATE FUNCTION rekey.keyed_id(key uuid, secret bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT ('x' || pg_catalog.encode(pg_catalog.overlay(pg_catalog.uuid_send(key), ''::bytea, 7, 8), 'hex'))
       ::bit(64)::bigint # rekey.tag_mask(pg_catalog.substr(pg_catalog.uuid_send(key), 7, 8), secret)
$body$;

CREATE FUNCTION rekey.is_keyed(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 8)
     = rekey.keyed_tag(rekey.keyed_id(key, secret), secret)
$body$;

CREATE FUNCTION rekey.is_random(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 8)
     = rekey.random_tag(rekey.keyed_id(key, secret), secret)
$body$;

-- generator "v7": the time of the row in milliseconds, version 7, 26 bits of hash of time and id, then the
-- id itself, 48 bits, XOR a hash of all that: the same construction, so that the way back needs no table. The
-- way there does: of a key that points at a row only the id is known. id * 65536 raises beyond 2^47.
CREATE FUNCTION rekey.timed_tag(at bytea, id bigint, secret bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.set_bit(
       pg_catalog.set_bit(pg_catalog.set_bit(
         pg_catalog.substr(pg_catalog.sha256(secret || at || pg_catalog.int8send(id * 65536)), 1, 4),
       7, 0), 6, 1), 5, 1), 4, 1), 23, 1), 22, 0)
$body$;

-- Not inlined: time and hash stand in it more than once.
CREATE FUNCTION rekey.timed(id bigint, at timestamptz, secret bytea) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
DECLARE
  head bytea := pg_catalog.substr(pg_catalog.int8send(
                  pg_catalog.floor(extract(epoch FROM at) * 1000)::bigint * 65536), 1, 6);
BEGIN
  head := head || rekey.timed_tag(head, id, secret);
  RETURN pg_catalog.encode(head || pg_catalog.substr(
           pg_catalog.int8send((id * 65536) # rekey.tag_mask(head, secret)), 1, 6), 'hex')::uuid;
END
$body$;

CREATE FUNCTION rekey.timed_id(key uuid, secret bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT (('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.uuid_send(key), 11, 6), 'hex') || '0000')
        ::bit(64)::bigint # rekey.tag_mask(pg_catalog.substr(pg_catalog.uuid_send(key), 1, 10), secret)) >> 16
$body$;

-- One key in 2^26 that was not made from an id passes: it counts with the range of ids, see rekey.is_legacy().
CREATE FUNCTION rekey.is_timed(key uuid, secret bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
SELECT pg_catalog.substr(pg_catalog.uuid_send(key), 7, 4)
     = rekey.timed_tag(pg_catalog.substr(pg_catalog.uuid_send(key), 1, 6), rekey.timed_id(key, secret), secret)
$body$;
