// The walk through pg_depend. It passes from an object to all that would keep it from being dropped, and
// ends where ALTER COLUMN TYPE carries an object along by itself: keys, foreign keys, sequences, indexes
// on plain columns. From a table that is made anew it passes to all that stands on it; triggers of its
// partitions must not fire while these get their rows back.
#include "runtime/db/catalog_queries.h"

namespace rekey::db::catalog {

// Arrays of a row type, domains over it and composite types that hold it count as the row type.
const char* const kTypeSteps = R"(steps(inner_type, outer_type) AS MATERIALIZED (
  SELECT typelem, oid FROM pg_type WHERE typelem <> 0 AND typcategory = 'A'
  UNION ALL SELECT typbasetype, oid FROM pg_type WHERE typbasetype <> 0
  UNION ALL SELECT rngsubtype, rngtypid FROM pg_range
  UNION ALL SELECT a.atttypid, c.reltype
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'c'
            WHERE NOT a.attisdropped
))";

namespace {

// An index counts when the new type of a plain column is not enough for it; in its expressions each Var is
// of the table itself, and attribute 0 is the whole row.
constexpr const char* kWalk = R"(
WITH RECURSIVE keys(rel, att) AS MATERIALIZED (
  SELECT * FROM unnest($1::oid[], $2::smallint[])
), $steps, row_types(type, rel) AS (
  SELECT c.reltype, c.oid FROM pg_class c WHERE c.oid IN (SELECT rel FROM keys)
  UNION
  SELECT s.outer_type, t.rel FROM row_types t JOIN steps s ON s.inner_type = t.type
), odd_indexes(oid, rel, att) AS MATERIALIZED (
  SELECT x.indexrelid, k.rel, k.att
  FROM keys k JOIN pg_index x ON x.indrelid = k.rel JOIN pg_class i ON i.oid = x.indexrelid
  WHERE concat(x.indexprs, ' ', x.indpred) LIKE '%:varattno ' || k.att || ' %'
     OR k.att = ANY (x.indkey) AND (
          NOT x.indisvalid AND i.relkind = 'i'
          OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0)
          OR EXISTS (
            SELECT FROM unnest(x.indkey, x.indclass) AS e(att, class) JOIN pg_opclass o ON o.oid = e.class
            WHERE e.att = k.att
              AND NOT (o.opcdefault AND (o.opcintype = 'anyarray'::regtype OR EXISTS (
                SELECT FROM pg_opclass u
                WHERE u.opcmethod = i.relam AND u.opcdefault AND u.opcintype = 'uuid'::regtype)))))
), walk(class, id, sub, on_class, on_id, on_sub) AS (
  SELECT 'pg_class'::regclass::oid, rel, att::integer, NULL::oid, NULL::oid, NULL::integer FROM keys
  UNION
  SELECT 'pg_class'::regclass, anew, 0, NULL, NULL, NULL FROM unnest($3::oid[]) anew
  UNION
  SELECT 'pg_class'::regclass, c.oid, 0, 'pg_class'::regclass, k.rel, k.att
  FROM row_types y
  JOIN pg_attribute a ON a.atttypid = y.type AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'm'
  JOIN keys k ON k.rel = y.rel
  UNION  -- the server refuses to change a row type that stands in a parsed body (from 17.12 on, and others of that day)
  SELECT 'pg_proc'::regclass, p.oid, 0, 'pg_class'::regclass, k.rel, k.att
  FROM row_types y
  JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = y.type AND d.classid = 'pg_proc'::regclass
  JOIN pg_proc p ON p.oid = d.objid AND to_jsonb(p) ->> 'prosqlbody' IS NOT NULL  -- 13 has no such column
  JOIN keys k ON k.rel = y.rel
  UNION
  SELECT o.class, o.id, 0, w.class, w.id, w.sub
  FROM walk w
  JOIN pg_depend d ON d.refclassid = w.class AND d.refobjid = w.id AND w.sub IN (0, d.refobjsubid)
                  AND d.deptype IN ('n', 'a', 'i')
  CROSS JOIN LATERAL (
    SELECT CASE r.rulename WHEN '_RETURN' THEN 'pg_class'::regclass::oid ELSE d.classid END,
           CASE r.rulename WHEN '_RETURN' THEN r.ev_class ELSE r.oid END
    FROM pg_rewrite r WHERE d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
      AND NOT EXISTS (SELECT FROM pg_class ours WHERE ours.oid = r.ev_class
                      AND ours.relnamespace IN (to_regnamespace('rekey_old'), to_regnamespace('rekey_new')))
    UNION ALL
    SELECT CASE c.relkind WHEN 'c' THEN 'pg_type'::regclass::oid ELSE d.classid END,
           CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END
    FROM pg_class c
    WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('v', 'm', 'c')
    UNION ALL
    SELECT d.classid, CASE c.relkind WHEN 'm' THEN c.oid ELSE i.oid END
    FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid JOIN pg_class c ON c.oid = x.indrelid
    WHERE d.classid = 'pg_class'::regclass AND i.oid = d.objid AND NOT i.relispartition
      AND NOT EXISTS (SELECT FROM pg_depend own
                      WHERE own.classid = d.classid AND own.objid = i.oid AND own.deptype = 'i'
                        AND own.refclassid = 'pg_constraint'::regclass)
      AND (w.on_class IS NOT NULL
           OR w.sub = 0 AND NOT (x.indisunique AND x.indexprs IS NULL AND x.indpred IS NULL)
           OR (i.oid, w.id, w.sub) IN (SELECT odd.oid, odd.rel, odd.att FROM odd_indexes odd))
    UNION ALL
    SELECT own.refclassid, k.oid
    FROM pg_depend own JOIN pg_constraint k ON k.oid = own.refobjid AND k.contype = 'x' AND k.conparentid = 0
    WHERE d.classid = 'pg_class'::regclass AND own.classid = d.classid AND own.objid = d.objid
      AND own.deptype = 'i' AND own.refclassid = 'pg_constraint'::regclass
    UNION ALL
    SELECT d.classid, k.oid FROM pg_constraint k
    WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.conparentid = 0
      AND (k.contype = 'x' OR k.contype = 'c' AND k.coninhcount = 0)
    UNION ALL
    SELECT d.classid, g.oid FROM pg_trigger g
    WHERE d.classid = 'pg_trigger'::regclass AND g.oid = d.objid AND NOT g.tgisinternal AND g.tgparentid = 0
      AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.oid = g.tgfoid AND p.pronamespace = to_regnamespace('rekey'))
    UNION ALL
    SELECT CASE c.relkind WHEN 'v' THEN 'pg_class'::regclass::oid ELSE d.classid END,
           CASE c.relkind WHEN 'v' THEN c.oid ELSE ad.oid END
    FROM pg_attrdef ad JOIN pg_class c ON c.oid = ad.adrelid
    WHERE d.classid = 'pg_attrdef'::regclass AND ad.oid = d.objid
      AND (c.relkind = 'v' OR d.refclassid <> 'pg_class'::regclass)
    UNION ALL  -- before 15 a generated column uses what its expression calls by itself
    SELECT 'pg_attrdef'::regclass::oid, ad.oid
    FROM pg_attrdef ad
    JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum AND a.attgenerated <> ''
    WHERE d.classid = 'pg_class'::regclass AND ad.adrelid = d.objid AND ad.adnum = d.objsubid
      AND d.refclassid = 'pg_proc'::regclass
    UNION ALL
    SELECT d.classid, d.objid
    WHERE d.classid NOT IN ('pg_class'::regclass, 'pg_rewrite'::regclass, 'pg_constraint'::regclass,
                            'pg_trigger'::regclass, 'pg_attrdef'::regclass)
  ) o(class, id)
  WHERE (o.class, o.id) <> (w.class, w.id)
), stand_ins(type, class, id) AS MATERIALIZED (
  SELECT t.oid, 'pg_class'::regclass::oid, c.oid FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
  WHERE c.relkind IN ('v', 'm') OR c.oid = ANY ($3)
  UNION ALL
  SELECT t.typarray, CASE WHEN c.relkind IN ('v', 'm') OR c.oid = ANY ($3) THEN 'pg_class'::regclass::oid
                          ELSE 'pg_type'::regclass END,
         CASE WHEN c.relkind IN ('v', 'm') OR c.oid = ANY ($3) THEN c.oid ELSE t.oid END
  FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE t.typarray <> 0
), anew(class, id, on_id, on_sub) AS (
  SELECT 'pg_class'::regclass, rel, rel, att FROM keys WHERE rel = ANY ($3)
  UNION ALL
  SELECT 'pg_class', inhparent, inhrelid, 0 FROM pg_inherits WHERE inhparent = ANY ($3) AND inhrelid = ANY ($3)
  UNION ALL
  SELECT 'pg_trigger', g.oid, k.rel, k.att
  FROM keys k JOIN pg_inherits h ON h.inhrelid = k.rel AND h.inhparent = ANY ($3)
  JOIN pg_trigger g ON g.tgrelid = k.rel AND NOT g.tgisinternal AND g.tgparentid = 0
)
SELECT DISTINCT e.class::regclass, e.id, e.on_class::regclass, e.on_id, e.on_sub
FROM (SELECT coalesce(s.class, w.class) AS class, coalesce(s.id, w.id) AS id,
             coalesce(u.class, w.on_class) AS on_class, coalesce(u.id, w.on_id) AS on_id, w.on_sub
      FROM walk w
      LEFT JOIN stand_ins s ON w.class = 'pg_type'::regclass AND s.type = w.id
      LEFT JOIN stand_ins u ON w.on_class = 'pg_type'::regclass AND u.type = w.on_id
      WHERE w.on_class IS NOT NULL) e
WHERE (e.class, e.id) <> (e.on_class, e.on_id)
UNION
SELECT class, id, 'pg_class', on_id, on_sub FROM anew
)";

}  // namespace

const std::string& walk_query() {
  static const std::string sql = with(kWalk, {{"$steps", kTypeSteps}});
  return sql;
}

}  // namespace rekey::db::catalog
