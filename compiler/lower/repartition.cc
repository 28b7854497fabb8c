#include "compiler/lower/repartition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "compiler/lower/dependents.h"
#include "compiler/lower/offline_defaults.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::TableId;
using nlohmann::json;

// The new type of a column that changes, and its value.
struct Change {
  std::string name, type, value;
};

std::vector<Change> changes(const json& columns, bool up) {
  std::vector<Change> out;
  for (const auto& column : columns) {
    const auto type = column[up ? "new_type" : "type"].get<std::string>();
    const auto value = column[up ? "new_key" : "legacy_id_of_any"].get<std::string>();
    out.push_back({column["name"], type, up ? value : value + "::" + type});
  }
  return out;
}

// The columns of its rows as a SELECT gives them.
std::string selected(const std::vector<std::string>& columns, const std::vector<Change>& changed) {
  std::vector<std::string> out;
  for (const auto& column : columns) {
    const auto name = sql::identifier(column);
    const auto found = std::find_if(changed.begin(), changed.end(), [&](const Change& c) { return c.name == name; });
    out.push_back(found == changed.end() ? name : fmt::format("{} AS {}", found->value, name));
  }
  return fmt::format("{}", fmt::join(out, ",\n  "));
}

// Foreign keys of the plan that no column of this phase is part of: they go with the table, within the step.
json keys_that_rest(const OfflinePhase& context, TableId t) {
  json out = json::array();
  const auto& touched = context.phase.touched;
  for (TableId member : context.model.family(t)) {
    if (!context.model.tables[member].partitioned()) continue;
    for (model::ForeignKeyId f : context.model.tables[member].foreign_keys) {
      if (std::find(touched.begin(), touched.end(), f) != touched.end()) continue;
      const auto& fk = context.model.foreign_keys[f];
      json item = {{"of", context.table(member)},
                   {"of_literal", sql::literal(context.table(member))},
                   {"name", sql::identifier(fk.written->name.value)},
                   {"definition", foreign_key_definition(context.model, fk)}};
      if (!fk.written->comment.value.empty()) item["comment"] = sql::literal(fk.written->comment.value);
      out.push_back(item);
    }
  }
  return out;
}

// What differs between there and back.
json one_way(const OfflinePhase& context, TableId t, const json& data, bool up) {
  const auto changed = changes(data["columns"], up);
  json columns = json::array(), way;
  for (const auto& change : changed) columns.push_back({{"name", change.name}, {"type", change.type}, {"value", change.value}});
  way["before"] = data[up ? "before" : "undo_before"];
  way["after"] = data[up ? "after" : "undo_after"];
  way["which"] = up ? "new" : "old";
  way["partitions"] = way["definitions"] = json::array();
  for (TableId member : context.model.family(t)) {
    if (context.model.tables[member].partitioned()) continue;
    way["partitions"].push_back({{"partition", context.table(member)}, {"columns", columns}});
  }
  const auto definitions = context.definitions(t);
  for (const auto* definition : definitions) {
    way["definitions"].push_back(statements_before(context.model, *definition, context.number() + (up ? 1 : 0)));
  }
  way["selected"] = selected(definitions.back()->row_columns, changed);  // the table's own stands last
  return way;
}

}  // namespace

void make_anew(const OfflinePhase& context, TableId t, Step& step) {
  auto& data = step.data;
  const auto definitions = context.definitions(t);
  data["rows"] = fmt::format("rekey.rows_{}", t + 1);
  data["row_columns"] = sql::columns(definitions.back()->row_columns);
  data["members"] = data["partitioned"] = data["drops"] = data["defaults"] = json::array();
  for (TableId member : context.model.family(t)) {
    data["members"].push_back(context.table(member));
    if (!context.model.tables[member].partitioned()) continue;
    data["partitioned"].push_back(sql::literal(context.table(member)));
    for (const auto& statement : defaults_that_rest(context, member)) data["defaults"].push_back(statement);
  }
  for (const auto* definition : definitions) {
    data["drops"].insert(data["drops"].begin(), drop_statement(*definition->written));
  }
  data["foreign_keys"] = keys_that_rest(context, t);
  data["phase"] = sql::literal(context.phase.id);
  data["up"] = one_way(context, t, data, true);
  data["down"] = one_way(context, t, data, false);
  for (const char* key : {"before", "after", "columns"}) data.erase(key);  // each way has its own
}

}  // namespace rekey::lower
