// Plain indexes, settings and row security of tables that are otherwise complete.
#include <fmt/format.h>

#include <array>

#include "runtime/db/connection.h"
#include "tests/property/schema.h"
#include "tests/property/values.h"

namespace rekey::property {

namespace {

std::string object_name(const Table& t, const TableRecipe& r, const std::string& what) {
  return sql_name(odd_name(r.name, fmt::format("t{}_{}", t.number, what)).substr(0, 63));
}

// Bits of indexes and marks that a partitioned table cannot have.
constexpr unsigned kUnique = 2 | 32 | 64, kStored = 1 | 64;

void add_indexes(Table& t, const TableRecipe& r) {
  const std::string first = sql_name(t.columns.front().name),
                    last = sql_name(t.columns.back().name);
  const std::array kinds = {
      fmt::format("INDEX {{}} ON {} ({})", t.sql(), last),
      fmt::format("UNIQUE INDEX {{}} ON {} (tag) INCLUDE ({})", t.sql(), first),
      fmt::format("INDEX {{}} ON {} ({} DESC NULLS LAST, tag)", t.sql(), first),
      fmt::format("INDEX {{}} ON {} USING hash ({})", t.sql(), last),
      fmt::format("INDEX {{}} ON {} USING brin ({})", t.sql(), first),
      fmt::format("UNIQUE INDEX {{}} ON {} (tag, {} NULLS FIRST) WITH (fillfactor = 70)", t.sql(),
                  last),
  };
  const unsigned wanted = t.partitions.empty() ? r.indexes : r.indexes & ~kUnique;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (!(wanted >> i & 1)) continue;
    const std::string name = object_name(t, r, fmt::format("i{}", i));
    t.after_rows.push_back("CREATE " + fmt::format(fmt::runtime(kinds[i]), name));
  }
  if (wanted & 64) {
    t.after_rows.push_back(
        fmt::format("ALTER TABLE {} ADD UNIQUE ({}, tag) DEFERRABLE", t.sql(), first));
  }
}

void add_marks(Table& t, const TableRecipe& r) {
  const std::string name = t.sql(), first = sql_name(t.columns.front().name);
  const std::string key = sql_name(t.key_name);
  const std::array marks = {
      fmt::format("ALTER TABLE {} CLUSTER ON {}", name, key),
      fmt::format("ALTER TABLE {} REPLICA IDENTITY USING INDEX {}", name, key),
      fmt::format("COMMENT ON COLUMN {}.{} IS 'the \"id\"'", name, first),
      fmt::format("COMMENT ON CONSTRAINT {} ON {} IS 'the key'", key, name),
      fmt::format("ALTER TABLE {} ALTER {} SET STATISTICS 77, ALTER {} SET (n_distinct = -0.5)",
                  name, first, first),
      fmt::format("GRANT SELECT ({}), UPDATE ON {} TO reader", first, name),
      fmt::format("ALTER TABLE {} SET (fillfactor = 80)", name),
  };
  const unsigned wanted = t.partitions.empty() ? r.marks : r.marks & ~kStored;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (wanted >> i & 1) t.after_rows.push_back(marks[i]);
  }
  if (!(wanted & 128) || t.columns[0].sequence.empty()) return;
  const std::string sequence = t.columns[0].sequence;
  t.after_rows.push_back(fmt::format("GRANT USAGE ON SEQUENCE {} TO reader", sequence));
  t.after_rows.push_back(fmt::format("COMMENT ON SEQUENCE {} IS 'it''s a \\sequence'", sequence));
}

}  // namespace

void add_statements(Schema& schema, const Recipe& recipe) {
  for (Table& t : schema.tables) {
    const TableRecipe& r = recipe.tables[t.number];
    add_indexes(t, r);
    add_marks(t, r);
    if (!r.row_security) continue;
    schema.row_security = true;
    for (const char* what : {"ENABLE", "FORCE"}) {
      t.after_rows.push_back(fmt::format("ALTER TABLE {} {} ROW LEVEL SECURITY", t.sql(), what));
    }
    t.after_rows.push_back(
        fmt::format("CREATE POLICY some_rows ON {} USING (tag LIKE '%1%')", t.sql()));
  }
}

}  // namespace rekey::property
