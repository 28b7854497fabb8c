#include "compiler/lower/repartition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "compiler/lower/dependents.h"
#include "compiler/lower/offline_defaults.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::TableId;
using nlohmann::json;

// The columns of its rows as a SELECT gives them; `way` names the new value of a key among the data
// of the columns that change, `cast` the type that it is cast to, if any.
std::string selected(const std::vector<std::string>& columns, const json& changed, const char* way, const char* cast) {
  std::map<std::string, std::string> values;
  for (const auto& column : changed) {
    auto value = column[way].get<std::string>();
    if (cast) value += "::" + column[cast].get<std::string>();
    values[column["name"]] = value;
  }
  std::vector<std::string> out;
  for (const auto& column : columns) {
    const auto name = sql::identifier(column);
    const auto found = values.find(name);
    out.push_back(found == values.end() ? name : fmt::format("{} AS {}", found->second, name));
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
                   {"name", sql::identifier(fk.written->name.value)},
                   {"definition", foreign_key_definition(context.model, fk)}};
      if (!fk.written->comment.value.empty()) item["comment"] = sql::literal(fk.written->comment.value);
      out.push_back(item);
    }
  }
  return out;
}

}  // namespace

void make_anew(const OfflinePhase& context, TableId t, Step& step) {
  auto& data = step.data;
  const auto definitions = context.definitions(t);
  data["rows"] = fmt::format("rekey.rows_{}", t + 1);
  data["defaults"] = json::array();
  data["members"] = data["partitions"] = data["drops"] = data["definitions"] = data["undo_definitions"] = json::array();
  for (TableId member : context.model.family(t)) {
    data["members"].push_back(context.table(member));
    if (context.model.tables[member].partitioned()) {
      for (const auto& statement : defaults_that_rest(context, member)) data["defaults"].push_back(statement);
    } else {
      data["partitions"].push_back({{"partition", context.table(member)}, {"columns", data["columns"]}});
    }
  }
  for (const auto* definition : definitions) {
    data["drops"].insert(data["drops"].begin(), drop_statement(*definition->written));
    data["definitions"].push_back(statements_before(context.model, *definition, context.number() + 1));
    data["undo_definitions"].push_back(statements_before(context.model, *definition, context.number()));
  }
  data["foreign_keys"] = keys_that_rest(context, t);
  const auto& columns = definitions.back()->row_columns;  // the table's own stands last
  data["row_columns"] = sql::columns(columns);
  data["selected"] = selected(columns, data["columns"], "new_key", nullptr);
  data["undo_selected"] = selected(columns, data["columns"], "legacy_id_of_any", "type");
  data["phase"] = sql::literal(context.phase.id);
}

}  // namespace rekey::lower
