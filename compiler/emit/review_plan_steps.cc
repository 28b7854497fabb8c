#include "compiler/emit/review_plan_steps.h"

#include "compiler/emit/review_repairs.h"
#include "compiler/emit/step_text.h"
#include "compiler/lower/plan_steps.h"

namespace rekey::emit {
namespace {

using nlohmann::json;

const char* word(plan::Moment moment) {
  switch (moment) {
    case plan::Moment::before: return "before";
    case plan::Moment::after: return "after";
    case plan::Moment::both: return "before and after";
  }
  return "";
}

json check_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& phase : model.phases) {
    if (phase.is_before_the_end()) continue;
    for (const auto& check : phase.written->checks) {
      const bool query = !check.query.value.empty();
      rows.push_back({{"phase", cell(phase.written->name.value)},
                      {"when", word(check.when.value)},
                      {"name", cell(check.name.value)},
                      {"what", cell((query ? "no row: " : "exit 0: ") + (query ? check.query.value : check.command.value))}});
    }
  }
  return rows;
}

json sql_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& phase : model.phases) {
    if (phase.is_before_the_end()) continue;
    for (const auto& own : phase.written->sql) {
      rows.push_back({{"phase", cell(phase.written->name.value)},
                      {"name", cell(own.name.value)},
                      {"up", cell(own.up.value)},
                      {"down", cell(lower::stays(own) ? "none: " + own.reason.value : own.down.value)}});
    }
  }
  return rows;
}

json index_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& phase : model.phases) {
    for (const auto& change : phase.indexes) {
      const auto& written = *change.written;
      const bool created = !written.create.value.empty(), dropped = !written.drop.value.empty();
      rows.push_back({{"index", cell(change.index)}, {"table", cell(change.table)},
                      {"fate", created ? "built" : dropped ? "dropped" : "built anew"},
                      {"back", created ? "dropped" : dropped ? "built" : "stays as it is"}});
    }
  }
  return rows;
}

json staying_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& phase : model.phases) {
    if (phase.is_before_the_end()) continue;
    for (const auto& own : phase.written->sql) {
      if (!lower::stays(own)) continue;
      rows.push_back({{"name", one_line(own.name.value)}, {"phase", one_line(phase.written->name.value)}, {"reason", one_line(own.reason.value)}});
    }
  }
  return rows;
}

}  // namespace

std::map<std::string, json> plan_step_rows(const model::Model& model) {
  return {{"repairs", repair_rows(model)}, {"checks", check_rows(model)}, {"sql", sql_rows(model)},
          {"indexes", index_rows(model)}, {"staying", staying_rows(model)}};
}

}  // namespace rekey::emit
