#include "compiler/lower/enforced.h"

#include <fmt/format.h>

#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using nlohmann::json;

std::string table(const model::Model& model, model::TableId t) { return sql::table(model.tables[t].name()); }

bool is_at(const model::Model& model, model::PhaseId p, const model::Phase& phase) {
  return p != model::kNone && &model.phases[p] == &phase;
}

}  // namespace

std::string enforced_definition(const model::Model& model, const model::Enforced& e) {
  std::string text = fmt::format("FOREIGN KEY ({}) REFERENCES {}({})", sql::columns(e.columns), table(model, e.parent), sql::columns(e.parent_columns));
  const auto& action = e.written->on_delete.value;
  if (!action.empty() && action != "no action") text += " ON DELETE " + sql::upper(action);
  return text;
}

std::vector<Step> enforced_steps(const model::Model& model, const model::Phase& phase) {
  std::vector<Step> out;
  for (std::size_t i = 0; i < model.enforced.size(); ++i) {
    const auto& e = model.enforced[i];
    if (!is_at(model, e.home, phase)) continue;
    const auto slug = fmt::format("{}.{}_{}", phase.id, plain_part(e.name), i + 1);
    const auto child = table(model, e.child), name = sql::identifier(e.name);
    Step add{slug + ".enforce", "enforce", child, fmt::format("makes foreign key {} of {}, not yet validated", name, child),
             fmt::format("drops foreign key {} of {}", name, child), e.written->enforce.span};
    Step confirm{slug + ".confirm", "confirm", child, fmt::format("checks every row of {} against {}", child, name), "nothing to take back",
                 e.written->enforce.span};
    add.data = confirm.data = {{"table", child}, {"name", name}, {"definition", enforced_definition(model, e)}};
    out.push_back(std::move(add));
    out.push_back(std::move(confirm));
  }
  return out;
}

json enforced_checks(const model::Model& model, const model::Phase& phase) {
  json out = json::array();
  for (const auto& e : model.enforced) {
    if (is_at(model, e.home, phase)) out.push_back({{"table", sql::literal(table(model, e.child))}, {"name", sql::literal(e.name)}, {"valid", "true"}});
  }
  return out;
}

json expected_to_hold(const model::Model& model, const model::Phase& phase) {
  json out = json::array();
  for (const auto& e : model.enforced) {
    if (!is_at(model, e.changed, phase) || e.written->orphans.value != plan::Orphans::fail) continue;
    out.push_back({{"table", sql::literal(table(model, e.child))},
                   {"columns", sql::text_array(e.columns)},
                   {"parent", sql::literal(table(model, e.parent))},
                   {"parent_columns", sql::text_array(e.parent_columns)}});
  }
  return out;
}

}  // namespace rekey::lower
