// What would keep schema rekey from being removed.
#include <fmt/format.h>

#include "runtime/checks.h"
#include "runtime/db/catalog.h"

namespace rekey {

namespace {

// The plan's own columns get their old defaults back, its dependents their old definitions; fences and what the online
// strategy puts beside the keys go.
constexpr const char* kUsers = R"(
WITH ours(class, id) AS (
  SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relnamespace = 'rekey'::regnamespace
  UNION ALL
  SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = 'rekey'::regnamespace
  UNION ALL
  SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = 'rekey' OR (n.nspname = $1 AND p.proname = 'uuidv7' AND p.pronargs = 0)
)
SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, 0)
FROM pg_depend d
JOIN ours o ON o.class = d.refclassid AND o.id = d.refobjid
LEFT JOIN pg_attrdef ad ON d.classid = 'pg_attrdef'::regclass AND ad.oid = d.objid
LEFT JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
WHERE d.deptype IN ('n', 'a')
  AND NOT EXISTS (SELECT FROM ours own WHERE own.class = d.classid AND own.id = d.objid)
  AND NOT EXISTS (SELECT FROM ours own WHERE own.class = 'pg_class'::regclass
                                         AND own.id IN (ad.adrelid, r.ev_class, c.conrelid, t.tgrelid))
  AND coalesce(t.tgname, '') NOT IN ('rekey_fence', '~rekey_insert', '~rekey_update', '~rekey_late', '~rekey_follow')
  AND coalesce(a.attname, '') !~ '^rekey_old_'
  AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) k (of_table, named)
                  WHERE k.named = a.attname AND (to_regclass(k.of_table) = a.attrelid OR to_regclass(k.of_table) IN (
                    SELECT relid FROM pg_partition_ancestors(a.attrelid))))
  AND NOT EXISTS (SELECT FROM unnest($4::text[]) k (named)
                  WHERE to_regclass(k.named) = r.ev_class
                     OR k.named = p.pronamespace::regnamespace || '.' || quote_ident(p.proname))
ORDER BY 1, 2
)";

}  // namespace

Problems check_removal(db::Connection& session, const bundle::Bundle& b) {
  std::vector<std::string> tables, columns, dependents;
  for (const bundle::Column& column : b.columns) {
    tables.push_back(column.table);
    columns.push_back(column.column);
  }
  for (const bundle::NewColumn& column : b.new_columns) {
    tables.push_back(column.table);
    columns.push_back(column.column);
  }
  for (const bundle::Dependent& dependent : b.dependents) {
    const bool function = dependent.kind == "function" || dependent.kind == "procedure";
    dependents.push_back(function ? bundle::without_arguments(dependent.name) : dependent.name);
  }
  Problems problems;
  const auto array = [](const auto& texts) { return db::catalog::to_array(texts); };
  for (const db::Row& row :
       session.exec(kUsers, {b.new_keys_schema, array(tables), array(columns), array(dependents)}).rows) {
    problems.push_back(fmt::format("{} uses {}, which goes with foundation: change or drop it first, or keep foundation "
                                   "with --to",
                                   row[0].value_or(""), row[1].value_or("")));
  }
  return problems;
}

}  // namespace rekey
