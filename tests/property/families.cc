// Partitions of tables, and tables that inherit from others.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tests/property/schema.h"
#include "tests/property/values.h"

namespace rekey::property {

namespace {

class Partitioner {
 public:
  Partitioner(Table& t, unsigned names) : t_(t), names_(names) {}

  void run(unsigned family) {
    const std::string line = column(1);
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

  // By a column that gets new values.
  void run_by_key(unsigned family) {
    const bool alone = t_.primary_key.size() == 1;
    if (family == 1) {
      t_.partitioning = fmt::format("LIST ({})", column(0));
      part(t_.sql(), fmt::format("FOR VALUES IN ({})", listed()));
      attached("DEFAULT");
    } else if (family == 2 && !alone) {
      t_.partitioning = fmt::format("RANGE ({}, {})", column(1), column(0));
      part(t_.sql(), "FOR VALUES FROM (MINVALUE, MINVALUE) TO (3, MINVALUE)");
      hashed(part(t_.sql(), "FOR VALUES FROM (3, MINVALUE) TO (MAXVALUE, MAXVALUE)", below(0)));
    } else if (family == 3 && !alone) {
      t_.partitioning = fmt::format("LIST ({})", column(1));
      part(t_.sql(), "FOR VALUES IN (0, 2, 4)");
      hashed(part(t_.sql(), "DEFAULT", below(0)));
    } else {
      t_.partitioning = fmt::format("HASH ({}{})", column(0), alone || family != 4 ? "" : ", " + column(1));
      hashed(t_.sql());
    }
  }

 private:
  std::string column(int part) const { return sql_name(t_.columns[t_.primary_key[part]].name); }
  std::string below(int part) const { return fmt::format(" PARTITION BY HASH ({})", column(part)); }

  void hashed(const std::string& of) {
    part(of, "FOR VALUES WITH (MODULUS 2, REMAINDER 0)");
    part(of, "FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
  }

  // The key of every other row, and one that no row has.
  std::string listed() const {
    std::set<std::int64_t> ids{17};
    for (std::size_t r = 0; r < t_.rows.size(); r += 2) ids.insert(*t_.rows[r][t_.primary_key[0]]);
    return fmt::format("{}", fmt::join(ids, ", "));
  }

  std::string next_name() {
    const std::string plain = fmt::format("t{}_p{}", t_.number, made_++);
    return sql_name(t_.schema) + "." + sql_name(odd_name(names_, plain).substr(0, 63));
  }

  std::string part(const std::string& of, const std::string& bounds, const std::string& below = "") {
    const std::string name = next_name();
    t_.before_rows.push_back(fmt::format("CREATE TABLE {} PARTITION OF {} {}{}", name, of, bounds, below));
    if (below.empty()) t_.partitions.push_back(name);
    return name;
  }

  // Its columns stand otherwise, and one is gone.
  void attached(const char* bounds) {
    const std::string name = next_name();
    std::string columns;
    for (std::size_t c = t_.columns.size(); c-- > 0;) {
      columns += fmt::format(", {} {}{}", sql_name(t_.columns[c].name), t_.columns[c].sql_type(), t_.not_null(c));
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

void partition(Table& t, const TableRecipe& r) {
  Partitioner partitioner(t, r.name);
  t.parts_by_key = r.by_key;
  if (r.by_key) partitioner.run_by_key(r.family % 5);
  else partitioner.run(r.family % 5);
}

Table child_of(const Table& parent, const TableRecipe& r, int number) {
  Table child;
  child.number = number;
  child.parent = parent.number;
  child.column_owner = parent.parent < 0 ? parent.number : parent.column_owner;
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
