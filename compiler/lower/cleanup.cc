// The last phase: indexes of offline phases that a crash left invalid are built again, and the old keys that online
// phases keep go.
// Statistics are fresh already: every phase ends with them, either way.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/lower/reshape.h"
#include "compiler/lower/sql.h"
#include "compiler/lower/step.h"

namespace rekey::lower {

Phase lower_cleanup(const model::Model& model, const model::Phase& phase) {
  Phase lowered = begin_phase(phase);
  std::set<model::TableId> changed;
  for (const auto& p : model.phases) {
    if (p.stage == model::Stage::offline) changed.insert(p.changed.begin(), p.changed.end());
  }

  Step open{phase.id + ".open", "open_cleanup", "", "opens the phase", "closes the phase's way back",
            phase.written->name.span};
  Step close{phase.id + ".close", "close_cleanup", "", "ends the phase", "opens the way back",
             phase.written->name.span};
  std::vector<Step> settles;
  std::size_t dropped = 0;
  for (model::TableId t : model.order) {
    if (!changed.contains(t)) continue;
    Step step;
    step.id = fmt::format("{}.{}.settle", phase.id, slug(model, t));
    step.kind = "settle";
    step.table = sql::table(model.tables[t].name());
    step.up_title = fmt::format("builds invalid indexes of {} again", step.table);
    step.down_title = "nothing to take back";
    step.place = model.tables[t].written->name.span;
    step.needs = {open.id};
    step.undo_needs = {close.id};
    step.data["table"] = step.table;
    step.data["table_literal"] = sql::literal(step.table);
    close.needs.push_back(step.id);
    open.undo_needs.push_back(step.id);
    settles.push_back(std::move(step));
  }
  for (auto& step : drop_steps(model, phase)) {
    step.needs = {open.id};
    if (changed.contains(phase.drops[dropped].table)) step.needs.push_back(fmt::format("{}.{}.settle", phase.id, slug(model, phase.drops[dropped].table)));
    step.undo_needs = {close.id};
    close.needs.push_back(step.id);
    open.undo_needs.push_back(step.id);
    settles.push_back(std::move(step));
    ++dropped;
  }
  auto contracts = contract_steps(model, phase);
  for (const auto& steps : contracts) {
    for (const auto& step : steps) {
      close.needs.push_back(step.id);
      open.undo_needs.push_back(step.id);
    }
  }
  if (settles.empty() && contracts.empty()) {
    close.needs = {open.id};
    open.undo_needs = {close.id};
  }
  open.data["droppable"] = drop_expectations(model, false);
  close.data["phase"] = open.data["phase"] = sql::literal(phase.id);
  lowered.verify["dropped"] = drop_checks(model, phase);
  lowered.undo_order.push_back(close.id);
  std::vector<std::vector<Step>> back = contracts;
  if (model.plan->bridge.value) std::rotate(back.begin(), back.begin() + 1, back.end());  // it comes back after all else
  for (const auto& steps : back) {
    lowered.undo_order.push_back(steps.back().id);
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) lowered.undo_order.push_back(steps[i].id);
  }
  for (const auto& step : settles) lowered.undo_order.push_back(step.id);
  lowered.undo_order.push_back(open.id);
  lowered.steps.push_back(std::move(open));
  std::move(settles.begin(), settles.end(), std::back_inserter(lowered.steps));
  for (auto& steps : contracts) std::move(steps.begin(), steps.end(), std::back_inserter(lowered.steps));
  lowered.steps.push_back(std::move(close));
  return lowered;
}

}  // namespace rekey::lower
