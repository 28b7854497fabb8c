// Partitioned tables that are made anew: ALTER TABLE changes no column of a partition key.
#include "runtime/db/catalog_pieces.h"
#include "runtime/db/catalog_queries.h"

namespace rekey::db::catalog {

namespace {

// From 18 on a not-null constraint has a name, and its usual one may belong to a partition's.
constexpr const char* kColumns = R"((
  SELECT string_agg(concat(format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod)),
           (SELECT format(' COLLATE %I.%I', n.nspname, l.collname)
            FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
            WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation),
           CASE WHEN a.attgenerated <> ''
                THEN format(' GENERATED ALWAYS AS (%s)%s', pg_get_expr(ad.adbin, ad.adrelid),
                            CASE a.attgenerated WHEN 's' THEN ' STORED' END)
                ELSE ' DEFAULT ' || pg_get_expr(ad.adbin, ad.adrelid) END,
           CASE WHEN a.attnotnull THEN concat(
             (SELECT format(' CONSTRAINT %I', k.conname) FROM pg_constraint k
              WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]), ' NOT NULL') END),
         E',\n' ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))";

// The keys that foreign keys refer to; other indexes are dependents of their own.
constexpr const char* kUniqueKeys = R"((
  SELECT string_agg(concat(
           CASE WHEN k.oid IS NULL THEN $index ELSE concat(
             format(E'ALTER TABLE ONLY %s\n  ADD CONSTRAINT %I %s;\n', c.oid::regclass, k.conname,
                    pg_get_constraintdef(k.oid)),
             (SELECT format(E'ALTER INDEX %s SET TABLESPACE %I;\n', i.oid::regclass, spcname)
              FROM pg_tablespace WHERE oid = i.reltablespace), $comment, $settings) END), ''
         ORDER BY x.indisprimary DESC, i.relname COLLATE "C")
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u')
  WHERE x.indrelid = c.oid AND x.indisunique AND x.indexprs IS NULL AND x.indpred IS NULL))";

constexpr const char* kForeignKeys = R"((
  SELECT string_agg(concat(format(E'ALTER TABLE %s\n  ADD CONSTRAINT %I %s;\n', c.oid::regclass, k.conname,
                                  pg_get_constraintdef(k.oid)), $comment), '' ORDER BY k.conname COLLATE "C")
  FROM pg_constraint k
  WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0))";

constexpr const char* kNotNullComments = R"((
  SELECT string_agg(format(E'COMMENT ON CONSTRAINT %I ON %s IS %L;\n', k.conname, c.oid::regclass, d.description), ''
                    ORDER BY k.conname COLLATE "C")
  FROM pg_constraint k JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
  WHERE k.conrelid = c.oid AND k.contype = 'n'))";

constexpr const char* kSequences = R"((
  SELECT string_agg(format(E'ALTER SEQUENCE %s OWNED BY $owner;\n', s.oid::regclass, c.oid::regclass, a.attname), ''
                    ORDER BY s.oid::regclass::text)
  FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = d.classid AND d.refobjid = c.oid AND d.deptype = 'a'))";

constexpr const char* kPartitions = R"((
  SELECT string_agg(format(E'ALTER TABLE ONLY %s $how;\n', c.oid::regclass, p.oid::regclass$bound), ''
                    ORDER BY p.oid::regclass::text COLLATE "C")
  FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhrelid WHERE h.inhparent = c.oid))";

constexpr const char* kProblems = R"(concat_ws('; ',
  (SELECT format('its column %I is an identity and no key: rekey cannot make it again', a.attname)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> ''
     AND (a.attrelid, a.attnum) NOT IN (SELECT * FROM keys) LIMIT 1),
  (SELECT format('its index %s has options that no command sets again', x.indexrelid::regclass)
   FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
   WHERE x.indrelid = c.oid AND x.indisunique AND i.reloptions IS NOT NULL LIMIT 1),
  (SELECT format('its index %s is not valid: attach the indexes of its partitions, or drop it', x.indexrelid::regclass)
   FROM pg_index x WHERE x.indrelid = c.oid AND NOT x.indisvalid LIMIT 1),
  (SELECT format('its column %I is computed whenever it is read: drop it first, and add it again afterwards', a.attname)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated = 'v' LIMIT 1),
  (SELECT format('constraint %I of %s is NOT VALID, and its rows go in anew: VALIDATE it first, or drop it', k.conname,
                 k.conrelid::regclass)
   FROM pg_constraint k
   WHERE NOT k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
     AND (k.conrelid = c.oid AND k.contype IN ('f', 'n')
          OR k.conrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)) LIMIT 1),
  (SELECT format('foreign key %I of %s refers to its partition %s alone, which gets other rows: drop it first, or let '
                 'it refer to the whole table', k.conname, k.conrelid::regclass, k.confrelid::regclass)
   FROM pg_constraint k JOIN pg_inherits h ON h.inhrelid = k.confrelid AND h.inhparent = c.oid
   WHERE k.contype = 'f' AND k.conparentid = 0 LIMIT 1)))";

}  // namespace

const char* made_anew_query() {
  return R"(
SELECT DISTINCT c.oid
FROM unnest($1::oid[], $2::smallint[]) k(rel, att)
JOIN pg_partitioned_table p ON p.partrelid = k.rel
 AND (k.att = ANY (p.partattrs) OR p.partexprs LIKE '%:varattno ' || k.att || ' %')
CROSS JOIN LATERAL pg_partition_tree(pg_partition_root(k.rel)) t
JOIN pg_class c ON c.oid = t.relid AND c.relkind = 'p'
)";
}

std::string partitioned_tables() {
  return with(R"(
WITH keys(rel, att) AS MATERIALIZED (SELECT * FROM unnest($2::oid[], $3::smallint[]))
SELECT c.oid, 'partitioned table', c.oid::regclass, NULL,
       concat(format(E'CREATE TABLE %s (\n', c.oid::regclass), $columns,
              E'\n) PARTITION BY ', pg_get_partkeydef(c.oid),
              (SELECT ' USING ' || quote_ident(amname) FROM pg_am WHERE oid = c.relam),
              (SELECT ' TABLESPACE ' || quote_ident(spcname) FROM pg_tablespace WHERE oid = c.reltablespace), E';\n',
              format(E'ALTER TABLE %s OWNER TO %I;\n', c.oid::regclass, pg_get_userbyid(c.relowner)),
              $settings, $unique_keys, $foreign_keys,
              CASE c.relreplident WHEN 'f' THEN format(E'ALTER TABLE ONLY %s REPLICA IDENTITY FULL;\n', c.oid::regclass)
                                  WHEN 'n' THEN format(E'ALTER TABLE ONLY %s REPLICA IDENTITY NOTHING;\n', c.oid::regclass) END,
              CASE WHEN c.relrowsecurity THEN format(E'ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n', c.oid::regclass) END,
              CASE WHEN c.relforcerowsecurity
                   THEN format(E'ALTER TABLE %s FORCE ROW LEVEL SECURITY;\n', c.oid::regclass) END,
              $not_null_comments, $comment, $column_comments, $grants, $column_grants, $owned, $attached),
       $problems, concat($detached, $unowned, format(E'DROP TABLE %s;\n', c.oid::regclass))
FROM pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'p')",
              {{"$columns", kColumns},
               {"$settings", column_settings("ALTER TABLE ONLY %s ALTER COLUMN %I SET ")},
               {"$unique_keys",
                with(kUniqueKeys, {{"$index", index_definition()},
                                   {"$comment", comment("format('CONSTRAINT %I ON %s', k.conname, c.oid::regclass)",
                                                        "obj_description(k.oid, 'pg_constraint')")},
                                   {"$settings", index_settings()}})},
               {"$foreign_keys",
                with(kForeignKeys, {{"$comment", comment("format('CONSTRAINT %I ON %s', k.conname, c.oid::regclass)",
                                                         "obj_description(k.oid, 'pg_constraint')")}})},
               {"$not_null_comments", kNotNullComments},
               {"$comment", comment("'TABLE ' || c.oid::regclass", "obj_description(c.oid, 'pg_class')")},
               {"$column_comments", column_comments()},
               {"$grants", grants("c.relacl", "r", "c.relowner", "c.relnamespace", "c.oid::regclass", "")},
               {"$column_grants", column_grants("c.oid::regclass", "c.relowner")},
               {"$owned", with(kSequences, {{"$owner", "%s.%I"}})},
               {"$unowned", with(kSequences, {{"$owner", "NONE"}})},
               {"$attached", with(kPartitions, {{"$how", "ATTACH PARTITION %s %s"},
                                                {"$bound", ", pg_get_expr(p.relpartbound, p.oid)"}})},
               {"$detached", with(kPartitions, {{"$how", "DETACH PARTITION %s"}, {"$bound", ""}})},
               {"$problems", kProblems}});
}

}  // namespace rekey::db::catalog
