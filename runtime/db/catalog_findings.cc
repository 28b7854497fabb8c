// What keeps keys from being changed, or would be lost, without an object that pg_depend shows.
#include "runtime/db/catalog_queries.h"

namespace rekey::db::catalog {

namespace {

constexpr const char* kFrame = R"(
WITH RECURSIVE keys(rel, att, attname, type) AS MATERIALIZED (
  SELECT * FROM unnest($1::oid[], $2::smallint[], $3::name[], $4::oid[])
), rels AS MATERIALIZED (
  SELECT DISTINCT rel, c.relname, c.relkind, c.relispartition, c.reloftype, c.reltype, n.nspname
  FROM keys JOIN pg_class c ON c.oid = rel JOIN pg_namespace n ON n.oid = c.relnamespace
), views(rel) AS (SELECT unnest($5::oid[])),
found(kind, name, tbl, rel, att, definition, problem, drop) AS ($found)
SELECT kind, name, tbl::regclass, rel, att, definition, problem, drop FROM found
)";

constexpr const char* kForeignKeys = R"(
  SELECT CASE u.contype WHEN 'f' THEN 'foreign key' ELSE 'unique key' END,
         quote_ident(u.conname), u.conrelid, u.rel, u.att, NULL,
         CASE WHEN u.period THEN 'it has a part that is a period of time'
              ELSE 'its triggers are disabled, and would be enabled again' END, NULL
  FROM (
    WITH odd AS MATERIALIZED (
      SELECT * FROM (
        SELECT c.*, coalesce((to_jsonb(c) ->> 'conperiod')::boolean, false) AS period
        FROM pg_constraint c WHERE c.contype IN ('f', 'p', 'u')) c
      WHERE period
         OR EXISTS (SELECT FROM pg_trigger t
                    WHERE t.tgconstraint = c.oid AND t.tgisinternal AND t.tgenabled <> 'O')
    )
    SELECT conname, contype, conrelid, period, conrelid AS rel, unnest(conkey) AS att
    FROM odd
    UNION
    SELECT conname, contype, conrelid, period, confrelid, unnest(confkey) FROM odd) u
  JOIN keys k USING (rel, att)
)";

// From 15 on the dependency starts at the expression, before at the column. From 17 on the expression can
// be taken off and put back.
constexpr const char* kGeneratedColumns = R"(
  SELECT 'generated column', quote_ident(a.attname), rel, rel, att,
         CASE WHEN able THEN format(E'ALTER TABLE %s ALTER COLUMN %I SET EXPRESSION AS (%s);\n',
                                    rel::regclass, a.attname, pg_get_expr(ad.adbin, rel)) END,
         CASE WHEN NOT able THEN format(
           'it is computed from %I, and the server cannot empty it and fill it again: drop it first, '
           'and add it again afterwards, as the last column', of) END,
         CASE WHEN able THEN format(E'ALTER TABLE %s ALTER COLUMN %I SET EXPRESSION AS (NULL::%s);\n',
                                    rel::regclass, a.attname, format_type(a.atttypid, a.atttypmod)) END
  FROM (
    WITH generated AS MATERIALIZED (
      SELECT attrelid, attnum, attname, attnotnull, atttypid, atttypmod,
             NOT attnotnull AND current_setting('server_version_num')::integer >= 170000 AS able
      FROM pg_attribute WHERE attgenerated <> '')
    SELECT DISTINCT k.rel, k.att, k.attname AS of, a.*
    FROM keys k
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel AND d.refobjsubid = k.att
    LEFT JOIN pg_attrdef ad ON d.classid = 'pg_attrdef'::regclass AND ad.oid = d.objid
    JOIN generated a ON a.attrelid = k.rel AND a.attnum <> k.att
     AND (a.attnum = ad.adnum AND ad.adrelid = k.rel
          OR d.classid = 'pg_class'::regclass AND d.objid = k.rel AND a.attnum = d.objsubid)) a
  JOIN pg_attrdef ad ON ad.adrelid = rel AND ad.adnum = a.attnum
  UNION ALL
  SELECT 'generated column', quote_ident(k.attname), k.rel, k.rel, k.att, NULL,
         'it is a key that is computed', NULL
  FROM keys k
  JOIN pg_attribute a ON a.attrelid = k.rel AND a.attnum = k.att AND a.attgenerated <> ''
)";

constexpr const char* kPublications = R"(
  SELECT 'publication', quote_ident(p.pubname), k.rel, k.rel, 0, NULL, NULL, NULL
  FROM rels k JOIN pg_publication_tables p ON p.schemaname = k.nspname AND p.tablename = k.relname
)";

// Before 14 an ordinary role may not read pg_subscription itself.
constexpr const char* kSubscriptions = R"(
  SELECT 'subscription', s.identity, NULL::oid, k.rel, 0, NULL,
         'it writes integers into ' || k.rel::regclass, NULL
  FROM rels k JOIN pg_subscription_rel r ON r.srrelid = k.rel
  CROSS JOIN LATERAL pg_identify_object('pg_subscription'::regclass, r.srsubid, 0) s
)";

constexpr const char* kSequences = R"(
  SELECT DISTINCT 'sequence', u.seq::regclass::text, NULL::oid, u.rel, u.att, NULL,
         format('it gives %s.%I its values, and %s.%I too', u.rel::regclass, u.attname,
                o.attrelid::regclass, o.attname), NULL
  FROM (
    SELECT k.rel, k.att, k.attname, d.objid AS seq
    FROM keys k
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                    AND d.refobjsubid = k.att AND d.classid = 'pg_class'::regclass
                    AND d.deptype = 'i'
  ) u
  JOIN pg_class s ON s.oid = u.seq AND s.relkind = 'S'
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = u.seq
                  AND d.classid = 'pg_attrdef'::regclass
  JOIN pg_attrdef ad ON ad.oid = d.objid AND (ad.adrelid, ad.adnum) <> (u.rel, u.att)
  JOIN pg_attribute o ON o.attrelid = ad.adrelid AND o.attnum = ad.adnum
  UNION ALL
  SELECT 'sequence', s.seqrelid::regclass::text, NULL, k.rel, k.att, NULL,
         format('it is %s, while the identity column %s.%I is %s', s.seqtypid::regtype, k.rel::regclass,
                k.attname, k.type::regtype), NULL
  FROM keys k
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = k.rel
                  AND d.refobjsubid = k.att AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
  JOIN pg_sequence s ON s.seqrelid = d.objid AND s.seqtypid <> k.type
)";

// Materialized views are made anew anyway.
constexpr const char* kRowTypes = R"(
  SELECT DISTINCT 'row-type column', format('%s.%I', a.attrelid::regclass, a.attname), NULL::oid, y.rel, 0, NULL,
         'it holds rows of ' || y.rel::regclass, NULL
  FROM (
    WITH RECURSIVE $steps, types(type, rel) AS (
      SELECT c.reltype, c.oid FROM pg_class c
      WHERE c.oid IN (SELECT rel FROM rels UNION ALL SELECT rel FROM views)
      UNION
      SELECT s.outer_type, t.rel FROM types t JOIN steps s ON s.inner_type = t.type
    )
    SELECT type, rel FROM types) y
  JOIN pg_attribute a ON a.atttypid = y.type AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
)";

constexpr const char* kTableKinds = R"(
  SELECT 'typed table', rel::regclass::text, rel, rel, 0,
         format(E'ALTER TABLE %s OF %s;\n', rel::regclass, reloftype::regtype),
         format('%s has integer columns: the table cannot be of that type while its keys are uuid',
                reloftype::regtype),
         format(E'ALTER TABLE %s NOT OF;\n', rel::regclass)
  FROM rels WHERE reloftype <> 0
  UNION ALL
  SELECT 'foreign table', rel::regclass::text, NULL, rel, 0, NULL, 'its rows are elsewhere', NULL
  FROM rels WHERE relkind = 'f'
)";

// From 18 on not-null constraints have names. Changing a column's type makes them anew down the tree, by the
// parent's name: that of a partition is lost, and one that an heir declared itself stops the change.
constexpr const char* kNotNulls = R"(
  SELECT 'not-null constraint', quote_ident(c.conname), k.rel, k.rel, k.att, NULL,
         format('the change would call it %I, as that of %s; let it have that name before:'
                ' ALTER TABLE %3$s %4$s; ALTER TABLE %s RENAME CONSTRAINT %I TO %1$I; ALTER TABLE %3$s %7$s;',
                p.conname, i.inhparent::regclass,
                CASE WHEN r.relispartition THEN i.inhparent ELSE k.rel END::regclass,
                CASE WHEN r.relispartition THEN format('DETACH PARTITION %s', k.rel::regclass)
                     ELSE format('NO INHERIT %s', i.inhparent::regclass) END,
                k.rel::regclass, c.conname,
                CASE WHEN r.relispartition
                     THEN format('ATTACH PARTITION %s %s', k.rel::regclass, pg_get_expr(b.relpartbound, b.oid))
                     ELSE format('INHERIT %s', i.inhparent::regclass) END), NULL
  FROM keys k
  JOIN rels r USING (rel)
  JOIN pg_class b ON b.oid = k.rel
  JOIN pg_inherits i ON i.inhrelid = k.rel
  JOIN pg_constraint c ON c.conrelid = k.rel AND c.contype = 'n' AND c.conkey = ARRAY[k.att]
  JOIN pg_attribute a ON a.attrelid = i.inhparent AND a.attname = k.attname
  JOIN pg_constraint p ON p.conrelid = i.inhparent AND p.contype = 'n' AND p.conkey = ARRAY[a.attnum]
  WHERE c.conname <> p.conname
)";

// An index of a partition that is partitioned itself is built anew with the options of the one above it, and
// no command changes them.
constexpr const char* kPartitionIndexes = R"(
  SELECT 'partitioned index', quote_ident(c.relname), k.rel, k.rel, k.att, NULL,
         format('the change would give it the options of %s: make that anew on the whole table, with one set of '
                'options, before', top.oid::regclass), NULL
  FROM keys k
  JOIN pg_index i ON i.indrelid = k.rel AND k.att = ANY (i.indkey::smallint[])
                 AND i.indexprs IS NULL AND i.indpred IS NULL
  JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'I' AND c.relispartition
  JOIN pg_class top ON top.oid = pg_partition_root(c.oid)
  WHERE c.reloptions IS DISTINCT FROM top.reloptions
)";

}  // namespace

const std::vector<FindingQuery>& finding_queries() {
  static const std::vector<FindingQuery> queries = [] {
    std::vector<FindingQuery> all;
    for (const auto& [blocks, sql] : std::initializer_list<std::pair<bool, const char*>>{
             {true, kForeignKeys},
             {true, kGeneratedColumns},
             {false, kPublications},
             {true, kSubscriptions},
             {true, kSequences},
             {true, kNotNulls},
             {true, kPartitionIndexes},
             {true, kRowTypes},
             {true, kTableKinds}}) {
      all.push_back({blocks, with(kFrame, {{"$found", sql}, {"$steps", kTypeSteps}})});
    }
    return all;
  }();
  return queries;
}

}  // namespace rekey::db::catalog
