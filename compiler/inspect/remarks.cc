// Tables and columns that are not in the draft, each with its reason, and what goes on beside it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/inspect/draft.h"
#include "compiler/plan/names.h"
#include "compiler/plan/print.h"

namespace rekey::inspect {

namespace {

std::set<std::string> changing_tables(const Catalog& catalog, const Selection& selection) {
  std::set<std::string> result;
  for (std::size_t c = 0; c < catalog.columns.size(); ++c) {
    if (selection.changes[c]) result.insert(catalog.columns[c].table);
  }
  return result;
}

std::string why_no_key(const Catalog& catalog, const std::string& table) {
  const db::catalog::Table& t = catalog.tables[catalog.table_at.at(table)];
  if (t.kind == "foreign table") return "foreign table";
  const db::catalog::UniqueKey* primary = catalog.primary_key(table);
  if (!primary) return "no primary key";
  if (primary->columns.size() > 1) {
    return fmt::format("no column of its primary key ({}) is an id by itself",
                       fmt::join(primary->columns, ", "));
  }
  const db::catalog::Column& key =
      catalog.columns[catalog.column_at.at({table, primary->columns[0]})];
  return key.key_type.empty() || key.is_uuid() ? key.type + " primary key" : "its key stays as it is, see below";
}

void add(std::vector<std::string>& lines, const std::string& title,
         std::vector<std::string> items) {
  if (items.empty()) return;
  lines.push_back(title);
  for (const std::string& item : items) lines.push_back("  " + item);
}

std::vector<std::string> tables_left_out(const Catalog& catalog, const Selection& selection) {
  const std::set<std::string> changing = changing_tables(catalog, selection);
  std::vector<std::string> result;
  std::map<std::string, int> beyond;  // schemas that were not asked for: a line each
  for (std::size_t t = 0; t < catalog.tables.size(); ++t) {
    const db::catalog::Table& table = catalog.tables[t];
    if (changing.contains(table.table)) continue;
    const std::string& why = selection.left_out[t];
    if (why.starts_with("in schema")) {
      ++beyond[table.schema];
      continue;
    }
    result.push_back(fmt::format("{}: {}", to_text(plan::TableName{table.schema, table.name}),
                                 why.empty() ? why_no_key(catalog, table.table) : why));
  }
  for (const auto& [schema, tables] : beyond) {
    result.push_back(fmt::format("{} table{} of schema {}, which was not asked for", tables,
                                 tables == 1 ? "" : "s", plan::name_part(schema)));
  }
  return result;
}

std::vector<std::string> tied_to(const Catalog& catalog, const Selection& selection, int column) {
  std::vector<std::string> result;
  for (std::size_t c = 0; c < catalog.columns.size(); ++c) {
    if (static_cast<int>(c) != column && selection.component[c] == selection.component[column]) {
      result.push_back(catalog.path(c));
    }
  }
  return result;
}

// Integers in primary keys that are ids of nothing, each with the columns that stay with it.
std::vector<std::string> columns_left_out(const Catalog& catalog, const Selection& selection) {
  const std::set<std::string> changing = changing_tables(catalog, selection);
  std::set<int> told;  // components; those with a root have a remark of their own
  for (std::size_t c = 0; c < catalog.columns.size(); ++c) {
    if (selection.root[c]) told.insert(selection.component[c]);
  }
  std::vector<std::string> result;
  for (const db::catalog::UniqueKey& k : catalog.keys) {
    if (!k.primary || !changing.contains(k.table)) continue;
    for (const std::string& name : k.columns) {
      const int c = catalog.column_at.at({k.table, name});
      if (selection.changes[c] || catalog.columns[c].key_type.empty() || catalog.columns[c].is_array() ||
          catalog.columns[c].is_uuid()) {
        continue;
      }
      if (!told.insert(selection.component[c]).second) continue;
      const auto with_it = tied_to(catalog, selection, c);
      result.push_back(fmt::format(
          "{}, part of the primary key ({}){}", catalog.path(c), fmt::join(k.columns, ", "),
          with_it.empty() ? "" : fmt::format("; with it {}", fmt::join(with_it, ", "))));
    }
  }
  return result;
}

// Nobody but a person knows whether they are ids; the last lines are what to paste.
std::vector<std::string> arrays_left_out(const Catalog& catalog, const Selection& selection) {
  std::vector<std::string> result;
  std::string snippet;
  for (const db::catalog::KeyColumn& array : catalog.arrays) {
    const auto it = catalog.column_at.find({array.table, array.column});
    if (it != catalog.column_at.end() && selection.changes[it->second]) continue;
    const std::string table = to_text(catalog.name(array.table));
    result.push_back(table + "." + plan::name_part(array.column));
    if (!snippet.empty()) continue;
    snippet = fmt::format("{}: {{logical_references: [{{columns: {}, references: SCHEMA.TABLE}}]}}",
                          plan::yaml_scalar(table, false), plan::yaml_scalar(array.column, true));
  }
  if (!result.empty()) result.insert(result.end(), {"in a decisions file:", "  tables:", "    " + snippet});
  return result;
}

std::vector<std::string> notes(const std::vector<db::catalog::Dependent>& dependents) {
  std::map<std::string, std::set<std::string>> tables;
  for (const db::catalog::Dependent& d : dependents) {
    if (d.weight == db::catalog::Weight::notes) tables[d.kind + " " + d.name].insert(d.table);
  }
  std::vector<std::string> result;
  for (const auto& [name, of] : tables) {
    result.push_back(fmt::format("{} publishes {} of these tables: change its subscribers first",
                                 name, of.size()));
  }
  return result;
}

std::string counts(const Catalog& catalog, const Selection& selection, const plan::Plan& plan) {
  std::set<int> domains;
  for (std::size_t c = 0; c < catalog.columns.size(); ++c) {
    if (selection.changes[c]) domains.insert(selection.component[c]);
  }
  std::size_t columns = 0, foreign_keys = 0;
  for (const plan::Table& t : plan.tables) {
    columns += t.columns.size();
    foreign_keys += t.foreign_keys.size();
  }
  auto of = [](std::size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  return fmt::format("{} of {}, {} in {}, {}.", plan.tables.size(),
                     of(catalog.tables.size(), "table"), of(columns, "key column"),
                     of(domains.size(), "key domain"), of(foreign_keys, "foreign key"));
}

}  // namespace

std::vector<std::string> remarks(const Catalog& catalog, const Selection& selection,
                                 const std::vector<db::catalog::Dependent>& dependents,
                                 const plan::Plan& plan) {
  std::vector<std::string> lines = {
      fmt::format("Drafted by rekeyc inspect from database {}, PostgreSQL {}.", catalog.database,
                  catalog.version),
      counts(catalog, selection, plan)};
  add(lines, "Tables that are not in it:", tables_left_out(catalog, selection));
  add(lines, "Columns that stay as they are, as no foreign key ties them to an id:",
      columns_left_out(catalog, selection));
  add(lines, "Arrays of integers that stay as they are; where they are ids, say of which table",
      arrays_left_out(catalog, selection));
  add(lines, "Key domains that stay as they are:", selection.remarks);
  add(lines, "Beside the plan:", notes(dependents));
  return lines;
}

}  // namespace rekey::inspect
