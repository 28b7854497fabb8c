#include "tests/property/writes.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace rekey::property {

namespace {

// The row with this number, by tag, modulo how many there are.
std::string nth(const Table& t, const std::string& what, unsigned n) {
  return fmt::format(
      "(SELECT {} FROM {} ORDER BY tag LIMIT 1 OFFSET {} % (SELECT greatest(count(*), 1) FROM {}))",
      what, t.sql(), n, t.sql());
}

std::map<int, std::string> reference(const Schema& schema, const ForeignKey& fk, unsigned parent) {
  std::map<int, std::string> values;
  const Table& target = schema.tables[fk.target];
  for (std::size_t i = 0; i < fk.columns.size(); ++i) {
    const Column& to = target.columns[fk.target_columns[i]];
    values[fk.columns[i]] = parent % 5 == 4 ? "NULL" : nth(target, sql_name(to.name), parent);
  }
  return values;
}

std::string insert(const Schema& schema, const Table& t, const WriteRecipe& w, std::size_t number) {
  std::map<int, std::string> values;
  for (auto fk = t.foreign_keys.rbegin(); fk != t.foreign_keys.rend(); ++fk) {
    const unsigned parent = w.parent + static_cast<unsigned>(fk - t.foreign_keys.rbegin());
    for (const auto& [column, value] : reference(schema, *fk, parent)) values[column] = value;
  }
  std::string columns, list;
  for (std::size_t c = 0; c < t.columns.size(); ++c) {
    const Column& column = t.columns[c];
    std::string value;
    if (values.contains(static_cast<int>(c)))
      value = values.at(static_cast<int>(c));
    else if (!schema.changes(column) && column.sequence.empty())
      value = std::to_string(2000 + number);
    else if (schema.changes(column) && w.row % 7 == 6)
      value = "gen_random_uuid()";
    if (value.empty()) continue;
    columns += sql_name(column.name) + ", ";
    list += value + ", ";
  }
  return fmt::format("INSERT INTO {} ({}tag) VALUES ({}'w{:02}')", t.sql(), columns, list, number);
}

std::string update(const Schema& schema, const Table& t, const WriteRecipe& w) {
  std::map<int, std::string> values;
  if (!t.foreign_keys.empty() && w.kind == 2) {
    values = reference(schema, t.foreign_keys[w.parent % t.foreign_keys.size()], w.parent / 2);
  } else if (schema.changes(t.columns[0])) {
    values[0] = "gen_random_uuid()";
  }
  std::string list;
  for (const auto& [column, value] : values) {
    list +=
        fmt::format("{}{} = {}", list.empty() ? "" : ", ", sql_name(t.columns[column].name), value);
  }
  if (list.empty()) list = "tag = tag";
  return fmt::format("UPDATE {} SET {} WHERE tag = {}", t.sql(), list, nth(t, "tag", w.row));
}

std::string statement(const Schema& schema, const WriteRecipe& w, std::size_t number) {
  const Table& t = schema.tables[w.table % schema.tables.size()];
  if (w.kind == 0) return insert(schema, t, w, number);
  if (w.kind == 1)
    return fmt::format("DELETE FROM {} WHERE tag = {}", t.sql(), nth(t, "tag", w.row));
  return update(schema, t, w);
}

}  // namespace

std::string write(db::Connection& session, const Schema& schema,
                  const std::vector<WriteRecipe>& writes) {
  std::string log;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const std::string sql = statement(schema, writes[i], i);
    log += sql + ";";
    try {
      session.exec(sql);
    } catch (const db::Error& error) {
      // Of a key that is kept: GENERATED ALWAYS, a sequence at its end, an id too large for a narrow column.
      const std::set<std::string> of_what_stays = {"428C9", "2200H", "22003"};
      const bool stays = of_what_stays.contains(error.sqlstate);
      if (!error.sqlstate.starts_with("23") && error.sqlstate != "27000" && !stays) throw;
      log += fmt::format("  -- {}", error.what());
    }
    log += "\n";
  }
  return log;
}

}  // namespace rekey::property
