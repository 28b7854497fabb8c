// All that uses key columns besides keys, foreign keys and plain indexes: one query a kind of
// object. Each finds (kind, name, rel, att, reason) for the columns in `keys`; what no query of its
// own knows is found by the last one through pg_depend, so that nothing is passed over in silence.
#include <algorithm>
#include <tuple>

#include "runtime/db/catalog.h"

namespace rekey::db::catalog {

namespace {

struct Finder {
  Weight weight;
  const char* sql;
};

// Resolved once, by themselves: over names the planner of the queries below would expect one row.
constexpr const char* kKeys = R"(
SELECT array_agg(g.table_name), array_agg(a.attname), array_agg(a.attrelid), array_agg(a.attnum),
       array_agg(a.atttypid)
FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) g(table_name, column_name)
JOIN pg_attribute a ON a.attrelid = to_regclass(g.table_name) AND a.attname = g.column_name
)";

constexpr const char* kFrame = R"(
WITH RECURSIVE keys AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::name[], $3::oid[], $4::smallint[], $5::oid[])
                AS k(table_name, attname, rel, att, type)
), rels AS MATERIALIZED (
  SELECT rel, att, c.relname, c.relkind, c.relispartition, c.reloftype, c.reltype, n.nspname
  FROM keys JOIN pg_class c ON c.oid = rel JOIN pg_namespace n ON n.oid = c.relnamespace
), found(kind, name, rel, att, reason) AS ($found)
SELECT k.table_name, array_agg(DISTINCT k.attname::text), f.kind, f.name, f.reason
FROM found f JOIN keys k USING (rel, att)
GROUP BY k.table_name, f.kind, f.name, f.reason
)";

// A view on such a view has to go and come back with it.
constexpr const char* kViews = R"(
  SELECT DISTINCT ON (name, rel, att) kind, name, rel, att,
         CASE WHEN via IS NULL THEN 'uses the column' ELSE 'is built on ' || via END
  FROM (
    WITH RECURSIVE uses(rule, rel, att, via) AS (
      SELECT d.objid, k.rel, k.att, NULL
      FROM keys k
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                      AND d.refobjsubid = k.att AND d.classid = 'pg_rewrite'::regclass
      UNION
      SELECT d.objid, u.rel, u.att, r.ev_class::regclass::text
      FROM uses u
      JOIN pg_rewrite r ON r.oid = u.rule AND r.rulename = '_RETURN'
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.ev_class
                      AND d.classid = 'pg_rewrite'::regclass AND d.objid <> r.oid
    )
    SELECT CASE WHEN r.rulename <> '_RETURN' THEN 'rule'
                WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END AS kind,
           CASE WHEN r.rulename = '_RETURN' THEN c.oid::regclass::text
                ELSE format('%I on %s', r.rulename, c.oid::regclass) END AS name,
           u.rel, u.att, u.via
    FROM uses u JOIN pg_rewrite r ON r.oid = u.rule JOIN pg_class c ON c.oid = r.ev_class) v
  ORDER BY name, rel, att, via NULLS FIRST
)";

constexpr const char* kTriggers = R"(
  SELECT 'trigger', format('%I on %s', t.tgname, t.tgrelid::regclass), k.rel, k.att,
         CASE WHEN t.tgrelid = k.rel AND k.att = ANY (t.tgattr) THEN 'fires on UPDATE OF the column'
              ELSE 'its WHEN condition uses the column' END
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.classid = 'pg_trigger'::regclass
  JOIN pg_trigger t ON t.oid = d.objid AND NOT t.tgisinternal
)";

constexpr const char* kTriggerFunctions = R"(
  SELECT 'trigger function', p.oid::regprocedure::text, k.rel, k.att,
         'its body names the column; called by ' || string_agg(DISTINCT quote_ident(t.tgname), ', ')
  FROM keys k
  JOIN pg_trigger t ON t.tgrelid = k.rel AND NOT t.tgisinternal
  JOIN pg_proc p ON p.oid = t.tgfoid
  JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
  WHERE p.prosrc ~* ('(^|\W)' || regexp_replace(k.attname::text, '(\W)', '\\\1', 'g') || '(\W|$)')
  GROUP BY p.oid, k.rel, k.att
)";

constexpr const char* kPolicies = R"(
  SELECT DISTINCT 'policy', format('%I on %s', p.polname, p.polrelid::regclass), k.rel, k.att,
         'its expression uses the column'
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.classid = 'pg_policy'::regclass
  JOIN pg_policy p ON p.oid = d.objid
)";

constexpr const char* kConstraints = R"(
  SELECT CASE c.contype WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion constraint' END,
         format('%I on %s', c.conname, c.conrelid::regclass), k.rel, k.att,
         CASE c.contype WHEN 'c' THEN 'its condition uses the column'
              ELSE 'its operators are those of integers' END
  FROM keys k
  JOIN pg_constraint c ON c.conrelid = k.rel AND c.contype IN ('c', 'x')
  LEFT JOIN pg_index x ON x.indexrelid = c.conindid
  WHERE k.att = ANY (c.conkey)
     OR concat(x.indexprs, x.indpred) LIKE '%:varattno ' || k.att || ' %'
)";

constexpr const char* kForeignKeys = R"(
  SELECT CASE u.contype WHEN 'f' THEN 'foreign key' ELSE 'unique key' END,
         format('%I on %s', u.conname, u.conrelid::regclass), u.rel, u.att,
         CASE WHEN u.period THEN 'has a part that is a period of time'
              WHEN NOT u.enforced THEN 'is not enforced'
              ELSE 'its triggers are disabled, and would be enabled again' END
  FROM (
    WITH odd AS MATERIALIZED (
      SELECT * FROM (
        SELECT c.*, coalesce((to_jsonb(c) ->> 'conperiod')::boolean, false) AS period,
               coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true) AS enforced
        FROM pg_constraint c WHERE c.contype IN ('f', 'p', 'u')) c
      WHERE period OR NOT enforced
         OR EXISTS (SELECT FROM pg_trigger t
                    WHERE t.tgconstraint = c.oid AND t.tgisinternal AND t.tgenabled <> 'O')
    )
    SELECT conname, contype, conrelid, period, enforced, conrelid AS rel, unnest(conkey) AS att
    FROM odd
    UNION
    SELECT conname, contype, conrelid, period, enforced, confrelid, unnest(confkey) FROM odd) u
)";

// From 15 on the dependency starts at the expression, before at the column.
constexpr const char* kGeneratedColumns = R"(
  WITH generated AS MATERIALIZED (
    SELECT attrelid, attnum, attname FROM pg_attribute WHERE attgenerated <> ''
  )
  SELECT DISTINCT 'generated column', format('%s.%I', a.attrelid::regclass, a.attname),
         k.rel, k.att, 'is computed from the column'
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att
  LEFT JOIN pg_attrdef ad ON d.classid = 'pg_attrdef'::regclass AND ad.oid = d.objid
  JOIN generated a ON a.attrelid = k.rel AND a.attnum <> k.att
   AND (a.attnum = ad.adnum AND ad.adrelid = k.rel
        OR d.classid = 'pg_class'::regclass AND d.objid = k.rel AND a.attnum = d.objsubid)
  UNION ALL
  SELECT 'generated column', format('%s.%I', k.rel::regclass, k.attname), k.rel, k.att,
         'is computed itself'
  FROM keys k
  JOIN pg_attribute a ON a.attrelid = k.rel AND a.attnum = k.att AND a.attgenerated <> ''
)";

// In an index expression each Var is of the table itself; attribute 0 is the whole row.
constexpr const char* kIndexes = R"(
  SELECT 'index', x.indexrelid::regclass::text, k.rel, k.att,
         CASE WHEN x.indexprs::text LIKE '%:varattno ' || k.att || ' %'
              THEN 'is on an expression over the column'
              ELSE 'its WHERE condition uses the column' END
  FROM keys k JOIN pg_index x ON x.indrelid = k.rel AND NOT x.indisexclusion
  WHERE (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL)
    AND concat(x.indexprs, ' ', x.indpred) LIKE '%:varattno ' || k.att || ' %'
  UNION ALL
  SELECT 'index', x.indexrelid::regclass::text, k.rel, k.att,
         CASE WHEN NOT o.opcdefault THEN 'has the operator class ' || o.opcname
              ELSE format('%s indexes cannot hold uuid', am.amname) END
  FROM keys k
  JOIN pg_index x ON x.indrelid = k.rel AND NOT x.indisexclusion
  JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_am am ON am.oid = i.relam
  CROSS JOIN LATERAL unnest(x.indkey, x.indclass) AS e(att, class)
  JOIN pg_opclass o ON o.oid = e.class
  WHERE e.att = k.att
    AND NOT (o.opcdefault
             AND EXISTS (SELECT FROM pg_opclass u WHERE u.opcmethod = am.oid AND u.opcdefault
                                                   AND u.opcintype = 'uuid'::regtype))
  UNION ALL
  SELECT 'index', x.indexrelid::regclass::text, k.rel, k.att,
         CASE WHEN NOT x.indisvalid THEN 'is invalid: drop it or REINDEX it first'
              ELSE 'a statistics target on its expression would be lost' END
  FROM keys k JOIN pg_index x ON x.indrelid = k.rel AND k.att = ANY (x.indkey)
  JOIN pg_class i ON i.oid = x.indexrelid
  WHERE NOT x.indisvalid AND i.relkind = 'i'
     OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0)
)";

constexpr const char* kStatistics = R"(
  SELECT DISTINCT 'statistics', format('%I.%I', n.nspname, s.stxname), k.rel, k.att,
         'is computed over the column'
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.classid = 'pg_statistic_ext'::regclass
  JOIN pg_statistic_ext s ON s.oid = d.objid
  JOIN pg_namespace n ON n.oid = s.stxnamespace
)";

constexpr const char* kFunctions = R"(
  SELECT DISTINCT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
         p.oid::regprocedure::text, k.rel, k.att, 'its BEGIN ATOMIC body uses the column'
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.classid = 'pg_proc'::regclass
  JOIN pg_proc p ON p.oid = d.objid
)";

constexpr const char* kPublicationLists = R"(
  SELECT DISTINCT 'publication', quote_ident(p.pubname), k.rel, k.att,
         'its column list or row filter for the table uses the column'
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.classid = 'pg_publication_rel'::regclass
  JOIN pg_publication_rel r ON r.oid = d.objid
  JOIN pg_publication p ON p.oid = r.prpubid
)";

constexpr const char* kPublications = R"(
  SELECT 'publication', quote_ident(p.pubname), k.rel, k.att,
         'publishes the table: change its subscribers first'
  FROM rels k JOIN pg_publication_tables p ON p.schemaname = k.nspname AND p.tablename = k.relname
)";

constexpr const char* kSubscriptions = R"(
  SELECT 'subscription', quote_ident(s.subname), k.rel, k.att,
         'writes integers into the table'
  FROM keys k
  JOIN pg_subscription_rel r ON r.srrelid = k.rel
  JOIN pg_subscription s ON s.oid = r.srsubid
)";

constexpr const char* kDefaults = R"(
  SELECT 'default', format('%s.%I', k.rel::regclass, k.attname), k.rel, k.att,
         'new rows get ' || pg_get_expr(ad.adbin, ad.adrelid)
  FROM keys k
  JOIN pg_attribute a ON a.attrelid = k.rel AND a.attnum = k.att AND a.attgenerated = ''
  JOIN pg_attrdef ad ON ad.adrelid = k.rel AND ad.adnum = k.att
  WHERE NOT EXISTS (
    SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
    WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid
      AND d.refclassid = 'pg_class'::regclass
      AND pg_get_expr(ad.adbin, ad.adrelid)
          = 'nextval(''' || replace(s.oid::regclass::text, '''', '''''') || '''::regclass)')
)";

constexpr const char* kSequences = R"(
  SELECT DISTINCT 'sequence', u.seq::regclass::text, u.rel, u.att,
         format('gives %s.%I its values too', o.attrelid::regclass, o.attname)
  FROM (
    SELECT k.rel, k.att, d.objid AS seq
    FROM keys k
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                    AND d.refobjsubid = k.att AND d.classid = 'pg_class'::regclass
                    AND d.deptype = 'i'
    UNION
    SELECT k.rel, k.att, d.refobjid
    FROM keys k
    JOIN pg_attrdef ad ON ad.adrelid = k.rel AND ad.adnum = k.att
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid
                    AND d.refclassid = 'pg_class'::regclass
  ) u
  JOIN pg_class s ON s.oid = u.seq AND s.relkind = 'S'
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = u.seq
                  AND d.classid = 'pg_attrdef'::regclass
  JOIN pg_attrdef ad ON ad.oid = d.objid AND (ad.adrelid, ad.adnum) <> (u.rel, u.att)
  JOIN pg_attribute o ON o.attrelid = ad.adrelid AND o.attnum = ad.adnum
  UNION ALL
  SELECT 'sequence', s.seqrelid::regclass::text, k.rel, k.att,
         format('is %s, while the identity column is %s', s.seqtypid::regtype, k.type::regtype)
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
  JOIN pg_sequence s ON s.seqrelid = d.objid AND s.seqtypid <> k.type
)";

// Arrays of a row type, domains over it and composite types that hold it count as the row type.
constexpr const char* kRowTypes = R"(
  SELECT DISTINCT 'row-type column', format('%s.%I', a.attrelid::regclass, a.attname), y.rel, k.att,
         'holds rows of the table'
  FROM (
    WITH RECURSIVE steps(inner_type, outer_type) AS MATERIALIZED (
      SELECT typelem, oid FROM pg_type WHERE typelem <> 0 AND typcategory = 'A'
      UNION ALL SELECT typbasetype, oid FROM pg_type WHERE typbasetype <> 0
      UNION ALL SELECT rngsubtype, rngtypid FROM pg_range
      UNION ALL SELECT a.atttypid, c.reltype
                FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'c'
                WHERE NOT a.attisdropped
    ), types(type, rel) AS (
      SELECT reltype, rel FROM rels
      UNION
      SELECT s.outer_type, t.rel FROM types t JOIN steps s ON s.inner_type = t.type
    )
    SELECT type, rel FROM types) y
  JOIN keys k USING (rel)
  JOIN pg_attribute a ON a.atttypid = y.type AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm', 'f')
)";

constexpr const char* kTableKinds = R"(
  SELECT 'partitioning', rel::regclass::text, rel, att, 'is partitioned'
  FROM rels WHERE relkind = 'p'
  UNION ALL
  SELECT CASE WHEN r.relispartition THEN 'partitioning' ELSE 'inheritance' END,
         i.inhparent::regclass::text, rel, att,
         CASE WHEN r.relispartition THEN 'the table is a partition of it'
              ELSE 'the table inherits from it' END
  FROM rels r JOIN pg_inherits i ON i.inhrelid = rel
  UNION ALL
  SELECT 'inheritance', i.inhrelid::regclass::text, rel, att, 'inherits from the table'
  FROM rels r JOIN pg_inherits i ON i.inhparent = rel
  WHERE r.relkind <> 'p'
  UNION ALL
  SELECT 'typed table', rel::regclass::text, rel, att, format('is OF type %s', reloftype::regtype)
  FROM rels WHERE reloftype <> 0
  UNION ALL
  SELECT 'foreign table', rel::regclass::text, rel, att, 'its rows are elsewhere'
  FROM rels WHERE relkind = 'f'
  UNION ALL
  SELECT 'domain', type::regtype::text, rel, att, 'the column is of this type'
  FROM keys JOIN pg_type t ON t.oid = type AND t.typtype = 'd'
)";

constexpr const char* kOthers = R"(
  SELECT DISTINCT 'object', pg_describe_object(d.classid, d.objid, d.objsubid), k.rel, k.att,
         'depends on the column in a way that rekey does not know'
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.deptype <> 'i'
  WHERE d.classid NOT IN (
    'pg_class'::regclass, 'pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
    'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_statistic_ext'::regclass,
    'pg_proc'::regclass, 'pg_publication_rel'::regclass)
)";

constexpr Finder kFinders[] = {
    {Weight::blocks, kViews},
    {Weight::blocks, kTriggers},
    {Weight::warns, kTriggerFunctions},
    {Weight::blocks, kPolicies},
    {Weight::blocks, kConstraints},
    {Weight::blocks, kForeignKeys},
    {Weight::blocks, kGeneratedColumns},
    {Weight::blocks, kIndexes},
    {Weight::blocks, kStatistics},
    {Weight::blocks, kFunctions},
    {Weight::blocks, kPublicationLists},
    {Weight::notes, kPublications},
    {Weight::blocks, kSubscriptions},
    {Weight::blocks, kDefaults},
    {Weight::blocks, kSequences},
    {Weight::blocks, kRowTypes},
    {Weight::blocks, kTableKinds},
    {Weight::blocks, kOthers},
};

std::string in_frame(const char* found) {
  std::string sql = kFrame;
  const std::string mark = "$found";
  return sql.replace(sql.find(mark), mark.size(), found);
}

}  // namespace

std::vector<Dependent> dependents(Connection& connection, const std::vector<KeyColumn>& columns) {
  std::vector<std::string> in_tables, names;
  for (const KeyColumn& c : columns) {
    in_tables.push_back(c.table);
    names.push_back(c.column);
  }
  const Row keys = connection.exec(kKeys, {to_array(in_tables), to_array(names)}).rows.at(0);
  std::vector<Dependent> result;
  if (!keys[0]) return result;
  for (const Finder& finder : kFinders) {
    for (const Row& r : connection.exec(in_frame(finder.sql), keys).rows) {
      std::vector<std::string> used = from_array(r[1].value());
      std::sort(used.begin(), used.end());
      result.push_back(
          {r[0].value(), used, r[2].value(), r[3].value(), r[4].value(), finder.weight});
    }
  }
  std::sort(result.begin(), result.end(), [](const Dependent& a, const Dependent& b) {
    return std::tie(a.table, a.kind, a.name, a.reason, a.columns) <
           std::tie(b.table, b.kind, b.name, b.reason, b.columns);
  });
  return result;
}

}  // namespace rekey::db::catalog
