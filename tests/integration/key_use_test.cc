// What the compiler says of a definition, against a server: it is created over integer keys,
// printed by the server, and created again over uuid keys with its literals replaced. That works
// where no problem was named, and fails where one was, but for those marked in
// tests/fixtures/key_use.
#include <fmt/format.h>

#include "tests/compiler/key_use_cases.h"
#include "tests/integration/inspect_database.h"

namespace rekey::lint {
namespace {

using inspect::Database;

// Everything that the transaction has created, as statements.
constexpr const char* kPrinted = R"(
SET LOCAL search_path = '';
SELECT definition FROM (
  SELECT oid, xmin, format('CREATE %s %s AS %s', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END,
                           oid::regclass, pg_get_viewdef(oid))
  FROM pg_class WHERE relkind IN ('v', 'm')
  UNION ALL
  SELECT oid, xmin, pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename <> '_RETURN'
  UNION ALL
  SELECT oid, xmin, pg_get_triggerdef(oid) || ';' FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL
  SELECT oid, xmin, format('CREATE POLICY %I ON %s', polname, polrelid::regclass)
                    || coalesce(' USING (' || pg_get_expr(polqual, polrelid) || ')', '')
                    || coalesce(' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')', '') || ';'
  FROM pg_policy
  UNION ALL
  SELECT oid, xmin, format('ALTER TABLE %s ADD CONSTRAINT %I %s;', conrelid::regclass, conname,
                           pg_get_constraintdef(oid))
  FROM pg_constraint WHERE contype IN ('c', 'x')
  UNION ALL
  SELECT oid, c.xmin, pg_get_indexdef(oid) || ';'
  FROM pg_class c JOIN pg_index i ON indexrelid = oid AND i.xmin = c.xmin
  WHERE relnamespace <> 'pg_toast'::regnamespace AND NOT indisexclusion
  UNION ALL
  SELECT oid, xmin, pg_get_statisticsobjdef(oid) || ';' FROM pg_statistic_ext
  UNION ALL
  SELECT oid, xmin, rtrim(pg_get_functiondef(oid), E'\n') || ';' FROM pg_proc WHERE prokind <> 'a'
  UNION ALL
  SELECT d.oid, d.xmin,
         CASE attgenerated
         WHEN '' THEN format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s;', adrelid::regclass, attname,
                             pg_get_expr(adbin, adrelid))
         ELSE format('ALTER TABLE %s ADD COLUMN %I %s GENERATED ALWAYS AS (%s) STORED;', adrelid::regclass,
                     attname, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid)) END
  FROM pg_attrdef d JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  $publications
) AS printed(oid, xmin, definition)
WHERE xmin = pg_current_xact_id()::xid ORDER BY oid
)";

constexpr const char* kRowFilters = R"(
  UNION ALL
  SELECT r.oid, r.xmin, format('ALTER PUBLICATION %I ADD TABLE %s WHERE (%s);', pubname, prrelid::regclass,
                               pg_get_expr(prqual, prrelid))
  FROM pg_publication_rel r JOIN pg_publication p ON p.oid = prpubid)";

std::string printed_query() {
  std::string sql = kPrinted;
  const std::string mark = "$publications";
  return sql.replace(sql.find(mark), mark.size(), Database::major() >= 15 ? kRowFilters : "");
}

// In a transaction that is rolled back; the error, or nothing. An older server need not know the
// statement.
std::optional<std::string> attempt(db::Connection& connection, const std::string& sql,
                                   const std::string& query = {}, std::string* result = nullptr) {
  std::optional<std::string> error;
  connection.exec("BEGIN");
  try {
    connection.exec(sql);
    if (result) {
      for (const db::Row& row : connection.exec(query).rows) *result += row[0].value() + "\n";
    }
  } catch (const db::Error& e) {
    error = e.what();
  }
  connection.exec("ROLLBACK");
  return error;
}

// A uuid that holds the id, as `ordered` would make it.
std::string key(const KeyLiteral& literal) {
  return fmt::format("'{:08x}-0000-7000-8000-{:012x}'::uuid", literal.domain,
                     static_cast<std::uint64_t>(literal.value) & 0xffffffffffff);
}

TEST(KeyUse, ServerAgrees) {
  if (inspect::no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  Database integers("key_use_integers", key_use_schema(false));
  Database uuids("key_use_uuids", key_use_schema(true));
  const int major = Database::major();
  const std::string query = printed_query();
  int created = 0;
  for (const KeyUseFile& file : key_use_files()) {
    for (const KeyUseCase& c : file.cases) {
      std::string text;
      const auto invalid = attempt(integers.connection(), c.definition, query, &text);
      if (invalid && major < 15) continue;
      ASSERT_FALSE(invalid) << *invalid << "\n" << file.path << "\n" << c.definition;
      ASSERT_NE(text, "") << c.definition;
      const KeyUse use = key_use(text, key_use_columns());
      const auto refused = attempt(uuids.connection(), substitute(text, use, key));
      ++created;
      if (use.problems.empty()) {
        EXPECT_FALSE(refused) << *refused << "\n" << text << print(use, text);
      } else {
        EXPECT_EQ(!refused, c.accepted) << file.path << "\n" << text << print(use, text);
      }
    }
  }
  EXPECT_GE(created, 150);
}

}  // namespace
}  // namespace rekey::lint
