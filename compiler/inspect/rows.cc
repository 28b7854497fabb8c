#include "compiler/inspect/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <vector>

namespace rekey::inspect {

namespace {

// Each column that can be given a value: name, literal, and whether nothing else gives it one. Integers are
// all 1, so that foreign keys find what they refer to.
constexpr const char* kColumns = R"(
SELECT a.attrelid::regclass, quote_ident(a.attname), quote_literal(v.value), a.attnotnull
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
CROSS JOIN LATERAL (
  SELECT CASE t.typcategory
    WHEN 'N' THEN '1' WHEN 'S' THEN 'a' WHEN 'B' THEN 't' WHEN 'D' THEN '2000-01-01 00:00'
    WHEN 'T' THEN '1 hour' WHEN 'A' THEN '{}' WHEN 'I' THEN '127.0.0.1' WHEN 'V' THEN '1'
    WHEN 'E' THEN (SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY enumsortorder LIMIT 1)
    WHEN 'R' THEN 'empty'
    WHEN 'U' THEN CASE t.typname WHEN 'uuid' THEN '00000000-0000-0000-0000-000000000001' WHEN 'xml' THEN '<a/>'
                                 WHEN 'json' THEN '{}' WHEN 'jsonb' THEN '{}' WHEN 'bytea' THEN '' END END) v(value)
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND v.value IS NOT NULL
  AND (t.typcategory = 'N' OR NOT a.atthasdef)
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, a.attnum)";

constexpr const char* kOrphans = R"(
SELECT format('DELETE FROM %s c WHERE num_nulls(%s) = 0 AND NOT EXISTS (SELECT FROM %s p WHERE (%s) = (%2$s)) RETURNING 1',
              k.conrelid::regclass, string_agg(format('c.%I', a.attname), ', '), k.confrelid::regclass,
              string_agg(format('p.%I', b.attname), ', '))
FROM pg_constraint k
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) u(from_key, to_key)
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.from_key
JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.to_key
WHERE k.contype = 'f'
GROUP BY k.oid, k.conrelid, k.confrelid)";

struct Values {
  std::vector<std::string> names, literals;
};

bool insert(db::Connection& copy, const std::string& table, const Values& values) {
  const auto sql = values.names.empty()
                       ? fmt::format("INSERT INTO {} DEFAULT VALUES", table)
                       : fmt::format("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})", table,
                                     fmt::join(values.names, ", "), fmt::join(values.literals, ", "));
  try {
    copy.exec(sql);
    return true;
  } catch (const db::Disconnected&) {
    throw;
  } catch (const db::Error&) {  // no row then
    return false;
  }
}

void remove_orphans(db::Connection& copy) {
  const db::Rows statements = copy.exec(kOrphans);
  for (bool again = true; again;) {
    again = false;
    for (const db::Row& row : statements.rows) again = !copy.exec(*row[0]).rows.empty() || again;
  }
}

}  // namespace

void make_up_rows(db::Connection& copy, const std::string& search_path) {
  copy.exec("SET search_path = pg_catalog");
  std::map<std::string, Values> all, required;
  for (const db::Row& row : copy.exec(kColumns).rows) {
    for (auto* values : {&all, &required}) {
      if (values == &required && row[3] != "t") continue;
      (*values)[*row[0]].names.push_back(*row[1]);
      (*values)[*row[0]].literals.push_back(*row[2]);
    }
  }
  copy.exec("SET session_replication_role = replica");  // no trigger of the schema runs
  copy.exec("SELECT set_config('search_path', $1, false)", {search_path});
  for (const auto& [table, values] : all) {
    if (!insert(copy, table, values)) insert(copy, table, required[table]);
  }
  copy.exec("SET search_path = pg_catalog");
  remove_orphans(copy);
  copy.exec("RESET ALL");
}

}  // namespace rekey::inspect
