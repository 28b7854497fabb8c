// Partitions of tables, and tables that inherit from others.
#include <fmt/format.h>

#include <algorithm>

#include "tests/property/schema.h"
#include "tests/property/values.h"

namespace rekey::property {

namespace {

class Partitioner {
 public:
  Partitioner(Table& t, unsigned names) : t_(t), names_(names) {}

  void run(unsigned family) {
    const std::string line = sql_name(t_.columns[t_.primary_key[1]].name);
    t_.partitioning = fmt::format("{} ({})", family == 1 || family == 4 ? "RANGE" : family == 2 ? "LIST" : "HASH", line);
    if (family == 1) {
      part(t_.sql(), "FOR VALUES FROM (MINVALUE) TO (3)");
      part(t_.sql(), "FOR VALUES FROM (3) TO (9)");
      part(t_.sql(), "DEFAULT");
    } else if (family == 2) {
      attached("FOR VALUES IN (0, 2, 4)");
      part(t_.sql(), "FOR VALUES IN (1)");
      part(t_.sql(), "DEFAULT");
    } else if (family == 3) {
      part(t_.sql(), "FOR VALUES WITH (MODULUS 2, REMAINDER 0)");
      part(t_.sql(), "FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
    } else {
      const std::string below = part(t_.sql(), "FOR VALUES FROM (MINVALUE) TO (7)", fmt::format(" PARTITION BY LIST ({})", line));
      part(below, "FOR VALUES IN (0, 1, 2)");
      part(below, "DEFAULT");
      part(t_.sql(), "FOR VALUES FROM (7) TO (MAXVALUE)");
    }
  }

 private:
  std::string next_name() {
    const std::string plain = fmt::format("t{}_p{}", t_.number, made_++);
    return sql_name(t_.schema) + "." + sql_name(odd_name(names_, plain).substr(0, 63));
  }

  std::string part(const std::string& of, const char* bounds, const std::string& below = "") {
    const std::string name = next_name();
    t_.before_rows.push_back(fmt::format("CREATE TABLE {} PARTITION OF {} {}{}", name, of, bounds, below));
    if (below.empty()) t_.partitions.push_back(name);
    return name;
  }

  // Its columns stand otherwise, and one is gone.
  void attached(const char* bounds) {
    const std::string name = next_name();
    std::string columns;
    for (auto c = t_.columns.rbegin(); c != t_.columns.rend(); ++c) {
      columns += fmt::format(", {} {}{}", sql_name(c->name), c->sql_type(), c->not_null ? " NOT NULL" : "");
    }
    t_.before_rows.push_back(fmt::format("CREATE TABLE {} (gone integer, tag text NOT NULL, at {} NOT NULL{})", name, t_.time_type, columns));
    t_.before_rows.push_back(fmt::format("ALTER TABLE {} DROP gone", name));
    t_.before_rows.push_back(fmt::format("ALTER TABLE {} ATTACH PARTITION {} {}", t_.sql(), name, bounds));
    t_.partitions.push_back(name);
  }

  Table& t_;
  const unsigned names_;
  int made_ = 0;
};

}  // namespace

void partition(Table& t, const TableRecipe& r) { Partitioner(t, r.name).run(r.family % 5); }

Table child_of(const Table& parent, const TableRecipe& r, int number) {
  Table child;
  child.number = number;
  child.parent = parent.number;
  child.inherited_columns = static_cast<int>(parent.columns.size());
  child.schema = parent.schema;
  child.name = odd_name(r.name, fmt::format("t{}", number));
  child.key_name = odd_name(r.name, fmt::format("t{}_pk", number));
  child.columns = parent.columns;
  for (Column& c : child.columns) {
    if (!c.rest.starts_with(" DEFAULT nextval")) c.sequence.clear();  // an identity is the parent's alone
  }
  child.primary_key = parent.primary_key;
  child.time_type = parent.time_type;
  child.time = parent.time;
  constexpr std::size_t kRows = 4;
  child.rows.assign(parent.rows.begin(), parent.rows.begin() + std::min(kRows, parent.rows.size()));
  const bool own = parent.primary_key.size() == 1 && parent.foreign_keys.empty();
  for (std::size_t i = 0; own && i < child.rows.size(); ++i) child.rows[i][0] = 600 + 10 * number + i;
  return child;
}

}  // namespace rekey::property
