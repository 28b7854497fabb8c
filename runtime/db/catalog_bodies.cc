// Functions and procedures that the server does not look into.
#include "runtime/db/catalog_queries.h"

namespace rekey::db::catalog {

namespace {

// Words are told apart as SQL does, also within strings and comments: those may become SQL too; a reserved
// word is a name in quotes only. A column counts when a table or view with it is named as well, when a
// trigger of its table runs the function, or when an integer argument has its name.
constexpr const char* kBodies = R"sql(
WITH keys(rel, att, attname) AS MATERIALIZED (
  SELECT * FROM unnest($1::oid[], $2::smallint[], $3::name[])
), names(word, rel, att) AS MATERIALIZED (
  SELECT DISTINCT c.relname::text, k.rel, k.att FROM keys k JOIN pg_class c ON c.oid = k.rel
  UNION
  SELECT * FROM unnest($4::text[], $5::oid[], $6::smallint[])
), bodies AS MATERIALIZED (
  SELECT p.oid, p.proargnames, p.proallargtypes, p.proargtypes,
         concat_ws(' ', p.prosrc, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)) AS text
  FROM pg_proc p
  JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
  JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prosrc <> '' AND p.prokind <> 'a'
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rekey', 'rekey_old', 'rekey_new')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                              AND d.deptype = 'e')
), words AS MATERIALIZED (
  SELECT b.oid, w.word
  FROM bodies b CROSS JOIN LATERAL (
    SELECT v.word
    FROM regexp_matches(b.text, '([^[:space:]!"#%&''()*+,./:;<=>?@\[\\\]^`{|}~-]+)', 'g') m,
         unnest(ARRAY[m[1], lower(m[1])]) v(word)
    WHERE v.word NOT IN (SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T'))
    UNION
    SELECT replace(m[1], '""', '"') FROM regexp_matches(b.text, '"((?:[^"]|"")+)"', 'g') m) w(word)
), runs(oid, rel, what) AS MATERIALIZED (
  SELECT g.tgfoid, g.tgrelid, format('trigger %I on %s', g.tgname, g.tgrelid::regclass)
  FROM pg_trigger g WHERE NOT g.tgisinternal AND g.tgparentid = 0
  UNION
  SELECT d.refobjid, u.rel, u.what
  FROM pg_depend d
  CROSS JOIN LATERAL (
    SELECT ad.adrelid, format('the default of %s.%I', ad.adrelid::regclass, a.attname)
    FROM pg_attrdef ad JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
    WHERE d.classid = 'pg_attrdef'::regclass AND ad.oid = d.objid
    UNION ALL
    SELECT p.polrelid, format('policy %I on %s', p.polname, p.polrelid::regclass)
    FROM pg_policy p WHERE d.classid = 'pg_policy'::regclass AND p.oid = d.objid
    UNION ALL
    SELECT k.conrelid, format('constraint %I on %s', k.conname, k.conrelid::regclass)
    FROM pg_constraint k WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    UNION ALL
    SELECT x.indrelid, 'index ' || x.indexrelid::regclass
    FROM pg_index x WHERE d.classid = 'pg_class'::regclass AND x.indexrelid = d.objid) u(rel, what)
  WHERE d.refclassid = 'pg_proc'::regclass
), near(oid, rel, att) AS MATERIALIZED (
  SELECT w.oid, n.rel, n.att FROM words w JOIN names n USING (word)
  UNION
  SELECT r.oid, k.rel, k.att FROM runs r JOIN keys k USING (rel) WHERE r.what ~ '^trigger '
), hits AS MATERIALIZED (
  SELECT DISTINCT n.oid, k.rel, k.att, k.attname
  FROM near n JOIN keys k USING (rel, att) JOIN words w ON w.oid = n.oid AND w.word = k.attname
), primary_keys AS MATERIALIZED (
  SELECT k.rel, k.att, k.attname FROM keys k JOIN pg_index x ON x.indrelid = k.rel
  WHERE x.indisprimary AND x.indnkeyatts = 1 AND x.indkey[0] = k.att
), arguments AS (
  SELECT DISTINCT b.oid, k.rel, k.att, k.attname
  FROM bodies b
  CROSS JOIN LATERAL unnest(b.proargnames, coalesce(b.proallargtypes, b.proargtypes::oid[])) a(name, type)
  JOIN keys k ON k.attname <> 'id' AND k.attname = regexp_replace(a.name, '^(p|v|i|in|arg|par|param)?_', '')
  WHERE a.type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
    AND b.oid NOT IN (SELECT oid FROM hits)
    AND ((k.rel, k.att) IN (SELECT rel, att FROM primary_keys)
         OR k.attname NOT IN (SELECT attname FROM primary_keys))
)
SELECT f.oid, f.rel, f.att, quote_ident(f.attname), f.how,
       (SELECT string_agg(DISTINCT r.what, ', ' ORDER BY r.what) FROM runs r
        WHERE r.oid = f.oid AND r.rel IN (SELECT rel FROM keys))
FROM (SELECT *, 'names' AS how FROM hits UNION ALL SELECT *, 'takes' FROM arguments) f
)sql";

}  // namespace

const char* bodies_query() { return kBodies; }

}  // namespace rekey::db::catalog
