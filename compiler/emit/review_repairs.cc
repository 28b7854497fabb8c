#include "compiler/emit/review_repairs.h"

#include <fmt/format.h>

#include "compiler/emit/step_text.h"
#include "compiler/lower/generators.h"
#include "compiler/lower/sql.h"

namespace rekey::emit {
namespace {

using nlohmann::json;

const char* fate(plan::Orphans action) {
  switch (action) {
    case plan::Orphans::fail: return "";
    case plan::Orphans::quarantine: return "moved to a table in schema `rekey`, which `rekey purge` leaves";
    case plan::Orphans::set_null: return "their reference becomes NULL";
    case plan::Orphans::remove: return "removed, and kept in schema `rekey` until `rekey purge`";
  }
  return "";
}

std::string kept(const plan::Table& written) {
  const auto& time = written.time_column.value;
  switch (written.keep.value.value_or(plan::Keep::newest)) {
    case plan::Keep::newest: return time.empty() ? "that with the highest key" : "the newest by " + sql::identifier(time);
    case plan::Keep::oldest: return time.empty() ? "that with the lowest key" : "the oldest by " + sql::identifier(time);
    case plan::Keep::most_children: return "that which most rows refer to";
    case plan::Keep::expression: return "that with the largest " + written.keep_expression.value;
  }
  return "";
}

json orphan_row(const model::Model& model, const model::Phase& phase, const model::OrphanRule& rule) {
  return {{"phase", phase.id},
          {"table", cell(to_text(model.tables[rule.child].name()))},
          {"which", cell(fmt::format("{} refers to no row of {}", sql::columns(rule.columns), to_text(model.tables[rule.parent].name())))},
          {"fate", cell(fate(rule.action))}};
}

json merge_row(const model::Model& model, const model::Phase& phase, const model::Domain& domain) {
  const auto& table = model.tables[model.columns[domain.root].table];
  const auto same = domain.key_expression.empty() ? sql::columns(lower::name_columns(domain)) : domain.key_expression;
  return {{"phase", phase.id},
          {"table", cell(to_text(table.name()))},
          {"which", cell("the same " + same)},
          {"fate", cell(fmt::format("one stays, {}; what refers to the others refers to it, and of rows that a unique key takes for one "
                                    "then, that which referred to it stays; the others are kept in schema `rekey` until `rekey purge`",
                                    kept(*table.written)))}};
}

}  // namespace

json repair_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& phase : model.phases) {
    for (const auto& rule : phase.orphan_rules) {
      if (rule.action != plan::Orphans::fail) rows.push_back(orphan_row(model, phase, rule));
    }
    for (model::DomainId d : phase.merges) rows.push_back(merge_row(model, phase, model.domains[d]));
  }
  return rows;
}

}  // namespace rekey::emit
