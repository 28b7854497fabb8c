#include "compiler/model/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace rekey::model {

void Names::add_tables() {
  for (const auto& written : model_.plan->tables) {
    const int id = static_cast<int>(model_.tables.size());
    model_.tables.push_back({&written, {}, {}, kNone, {}, {}});
    tables_[to_text(written.name.value)] = id;
    columns_.emplace_back();
    for (const auto& column : written.columns) {
      columns_[id][column.name.value] = static_cast<int>(model_.columns.size());
      model_.tables[id].columns.push_back(static_cast<int>(model_.columns.size()));
      model_.columns.emplace_back().table = id;
      model_.columns.back().written = &column;
    }
  }
}

TableId Names::find_table(const plan::TableName& name, Span span) {
  auto found = tables_.find(to_text(name));
  if (found != tables_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [text, id] : tables_) known.push_back(text);
  std::sort(known.begin(), known.end());
  auto near = nearest(to_text(name), known);
  diagnostics_.error("unknown-table", span, fmt::format("table {} is not in the plan", to_text(name)),
                     near ? fmt::format("did you mean {}?", *near)
                          : "add it under tables:, with its primary_key");
  return kNone;
}

ColumnId Names::find_column(TableId table, const std::string& name) const {
  auto found = columns_[table].find(name);
  return found == columns_[table].end() ? kNone : found->second;
}

}  // namespace rekey::model
