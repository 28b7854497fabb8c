#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <set>

#include "compiler/lower/plan_steps.h"
#include "compiler/lower/sql.h"
#include "compiler/lower/step.h"

namespace rekey::lower {
namespace {

// Runs of other characters become one '-', which no plain name contains.
std::string sanitized(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_';
    if (plain) out += c;
    else if (out.empty() || out.back() != '-') out += '-';
  }
  return out.empty() ? "-" : out;
}

// Odd names may come out the same: the number keeps them apart, from plain ones the '-' does.
std::string numbered(const std::string& text, int number) {
  return text.find('-') == std::string::npos ? text : fmt::format("{}_{}", text, number);
}

[[maybe_unused]] bool in_order(const std::vector<std::string>& order, const std::vector<Step>& steps,
                               std::vector<std::string> Step::*needs) {
  std::set<std::string> seen;
  for (const auto& id : order) {
    auto step = std::find_if(steps.begin(), steps.end(), [&](const Step& s) { return s.id == id; });
    if (step == steps.end()) return false;
    for (const auto& need : (*step).*needs) {
      if (!seen.contains(need)) return false;
    }
    if (!seen.insert(id).second) return false;
  }
  return seen.size() == steps.size();
}

[[maybe_unused]] bool well_formed(const Phase& phase) {
  if (phase.steps.size() > 200) return true;  // quadratic, and the shape does not depend on the size
  std::vector<std::string> up;
  for (const auto& step : phase.steps) up.push_back(step.id);
  return in_order(up, phase.steps, &Step::needs) && in_order(phase.undo_order, phase.steps, &Step::undo_needs);
}

// Queries that must return no row, before a phase or after it.
nlohmann::json checks_at(const model::Phase& phase, plan::Moment moment) {
  auto out = nlohmann::json::array();
  for (const auto& check : phase.written->checks) {
    if (check.query.value.empty() || !happens(check, moment, phase)) continue;
    out.push_back({{"phase", sql::literal(phase.id)},
                   {"name", sql::literal(check.name.value)},
                   {"query", sql::dollar_quoted(check.query.value)}});
  }
  return out;
}

}  // namespace

bool happens(const plan::PhaseCheck& check, plan::Moment moment, const model::Phase& phase) {
  if (moment == plan::Moment::after && phase.stage == model::Stage::prepare) return false;
  return check.when.value == moment || check.when.value == plan::Moment::both;
}

std::string slug(const model::Model& model, model::TableId table) {
  const auto& name = model.tables[table].name();
  std::string text = sanitized(name.name);
  if (name.schema != "public") text = sanitized(name.schema) + "." + text;
  return numbered(text, table + 1);
}

std::string column_slug(const model::Model& model, model::ColumnId column) {
  const auto& c = model.columns[column];
  const auto& name = model.tables[c.table].name();
  const auto text = fmt::format("{}.{}.{}", sanitized(name.schema), sanitized(name.name), sanitized(c.name()));
  return numbered(text, column + 1);
}

std::string plain_part(std::string_view name) { return sanitized(name); }

std::string dependent_slug(const model::Model& model, model::DependentId dependent) {
  std::string_view name = model.dependents[dependent].written->name.value;
  if (name.starts_with("public.")) name.remove_prefix(7);
  return fmt::format("{}_{}", sanitized(name), dependent + 1);
}

const std::vector<model::TableId>& tables_of(const model::Model& model, const model::Phase& phase) {
  return phase.stage == model::Stage::prepare ? model.other_half(phase).changed : phase.changed;
}

Phase begin_phase(const model::Phase& phase) {
  Phase lowered{&phase, phase.id + "-" + sanitized(phase.name()), {}, {}, {}};
  lowered.verify = {{"probes", nlohmann::json::array()}, {"checks", checks_at(phase, plan::Moment::after)}};
  if (phase.stage == model::Stage::part) return lowered;  // probes are true at the end
  for (const auto& probe : phase.written->probes) {
    lowered.verify["probes"].push_back({{"phase", sql::literal(phase.id)},
                                        {"name", sql::literal(probe.name.value)},
                                        {"query", probe.query.value}});
  }
  return lowered;
}

std::vector<Phase> lower(const model::Model& model) {
  std::vector<Phase> phases;
  for (const auto& phase : model.phases) {
    switch (phase.written->kind.value) {
      case plan::PhaseKind::foundation: phases.push_back(lower_foundation(model, phase)); break;
      case plan::PhaseKind::tables:
        phases.push_back(phase.stage == model::Stage::part      ? lower_stage(model, phase)
                         : phase.stage == model::Stage::prepare ? lower_prepare(model, phase)
                         : phase.stage == model::Stage::swap    ? lower_swap(model, phase)
                                                                : lower_offline(model, phase));
        break;
      case plan::PhaseKind::cleanup: phases.push_back(lower_cleanup(model, phase)); break;
    }
    add_plan_steps(model, phases.back());
    phases.back().steps.front().data["before_checks"] = checks_at(phase, plan::Moment::before);
    assert(well_formed(phases.back()));
  }
  return phases;
}

std::string print(const std::vector<Phase>& phases) {
  std::string out;
  for (const auto& phase : phases) {
    out += phase.folder + "\n";
    for (const auto& step : phase.steps) {
      out += fmt::format("  {}{}{}\n", step.id, step.transactional ? "" : " (no transaction)",
                         step.undo_always ? " (always undone)" : "");
      if (!step.needs.empty()) out += fmt::format("    needs {}\n", fmt::join(step.needs, ", "));
      if (!step.undo_needs.empty()) out += fmt::format("    undo needs {}\n", fmt::join(step.undo_needs, ", "));
    }
    out += fmt::format("  undone in order {}\n", fmt::join(phase.undo_order, ", "));
  }
  return out;
}

}  // namespace rekey::lower
