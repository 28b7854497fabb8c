// One stage of a domain whose keys are UUIDs already, before the last: its rows, and what refers to them, change where they
// are. Types stay, so that nothing has to be set aside; readers go on, writers wait for the end of the stage.
//
//   open ─▶ repairs (of the first) ─▶ keys ─▶ move, a table each ─▶ references ─▶ refresh ─▶ close
//
// The way back does the same with the pairs the other way round.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/generators.h"
#include "compiler/lower/key_data.h"
#include "compiler/lower/keys_steps.h"
#include "compiler/lower/offline_phase.h"
#include "compiler/lower/repairs.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::ColumnId;
using model::DependentId;
using model::TableId;
using nlohmann::json;

Step open_step(const OfflinePhase& context) {
  Step step{context.own("open"), "open", "", "", "", context.phase.written->name.span};
  step.up_title = fmt::format("opens {}: journal, pairs, fence around {}", context.phase.name(), counted(context.phase.changed.size(), "table"));
  step.down_title = "takes the fence down: the stage is rolled back";
  step.data = key_data(context);
  step.data["phase"] = sql::literal(context.phase.id);
  step.data["tables"] = json::array();
  for (TableId t : context.phase.changed) step.data["tables"].push_back(context.table(t));
  if (!context.phase.orphan_rules.empty()) step.data["with_orphans"] = true;
  return step;
}

Step move_step(const OfflinePhase& context, TableId t, const std::string& keys) {
  Step step = table_step(context, t, context.id(t, "move"), "move");
  std::vector<std::string> names, tables;
  step.data["columns"] = json::array();
  const auto& columns = context.columns.at(t);
  for (ColumnId c : columns) {
    names.push_back(context.model.columns[c].name());
    step.data["columns"].push_back({{"name", sql::identifier(names.back())},
                                    {"or", names.size() > 1 ? "\n   OR " : ""},
                                    {"end", names.size() < columns.size() ? "," : ""}});
  }
  for (TableId member : context.model.family(t)) tables.push_back(context.table(member));
  step.data["names"] = sql::text_array(names);
  step.data["tables"] = sql::text_array(tables);
  step.data["stage"] = sql::literal(pairs_name(context.model.domains[context.phase.domains.front()], context.phase));
  step.data["first"] = context.phase.number == 1;
  step.up_title = fmt::format("{}: new keys of this stage in {}", step.table, fmt::join(names, ", "));
  step.down_title = fmt::format("{}: old keys of this stage in {}", step.table, fmt::join(names, ", "));
  step.needs = {keys};
  step.undo_needs = {context.own("close")};
  return step;
}

// Its rows are those of before: nobody else fills it again.
Step refresh_step(const OfflinePhase& context, DependentId d) {
  const auto& name = context.model.dependents[d].written->name;
  Step step{context.dependent_id(d, "refresh"), "refresh", "", "", "", name.span};
  step.up_title = fmt::format("fills materialized view {} again", name.value);
  step.down_title = step.up_title;
  step.data["view"] = name.value;
  return step;
}

bool is_filled(const model::Dependent& dependent) {
  return dependent.written->kind.value == plan::DependentKind::materialized_view &&
         dependent.written->definition.value.find("WITH NO DATA") == std::string::npos;
}

// One after the other: a view may read another.
std::vector<Step> refresh_steps(const OfflinePhase& context, const Step& references) {
  std::vector<Step> out;
  for (DependentId d = 0; d < static_cast<int>(context.model.dependents.size()); ++d) {
    const auto& dependent = context.model.dependents[d];
    if (!is_filled(dependent) || context.changed_tables(dependent).empty() || context.is_gone(dependent)) continue;
    Step step = refresh_step(context, d);
    const std::string before = out.empty() ? references.id : out.back().id;
    step.needs = step.undo_needs = {before};
    out.push_back(std::move(step));
  }
  return out;
}

Step references_step(const OfflinePhase& context, const std::vector<Step>& moves) {
  Step step{context.own("references"), "references", "", "looks for keys that should have changed, and for rows that refer to none", "", context.phase.written->name.span};
  step.down_title = step.up_title;
  step.undo_always = true;
  for (const auto& move : moves) step.needs.push_back(move.id);
  step.undo_needs = step.needs;
  step.data["phase"] = sql::literal(context.phase.id);
  return step;
}

Step close_step(const OfflinePhase& context, const std::string& last) {
  Step step{context.own("close"), "close", "", "takes the fence down: the stage is applied", "puts the fence up again", context.phase.written->name.span};
  step.needs = {last};
  step.data["phase"] = sql::literal(context.phase.id);
  step.data["tables"] = json::array();
  for (TableId t : context.phase.changed) step.data["tables"].push_back(context.table(t));
  return step;
}

json verify_data(const OfflinePhase& context) {
  json data = {{"tables", json::array()}, {"changed", json::array()}, {"columns", json::array()},
               {"repairs", context.phase.repairs()}, {"foreign_keys", foreign_key_checks(context)}};
  for (TableId t : context.phase.changed) {
    data["changed"].push_back(sql::literal(context.table(t)));
    if (context.columns.contains(t)) data["tables"].push_back({{"table", sql::literal(context.table(t))}, {"step", sql::literal(context.id(t, "move"))}});
    for (ColumnId c : context.model.tables[t].columns) {
      if (!context.changes_here(c)) continue;
      data["columns"].push_back({{"table", sql::literal(context.table(t))}, {"column", sql::literal(context.model.columns[c].name())}});
    }
  }
  return data;
}

}  // namespace

Phase lower_stage(const model::Model& model, const model::Phase& phase) {
  const OfflinePhase context(model, phase);
  Phase lowered = begin_phase(phase);
  auto& steps = lowered.steps;
  steps.push_back(open_step(context));
  for (auto& step : repair_steps(context)) steps.push_back(std::move(step));
  const std::size_t repaired = steps.size() - 1;
  steps.push_back(keys_step(context, phase.domains.front()));
  std::vector<Step> moves;
  for (TableId t : phase.changed) {
    if (context.columns.contains(t)) moves.push_back(move_step(context, t, steps.back().id));
  }
  for (const auto& move : moves) steps[repaired + 1].undo_needs.push_back(move.id);
  Step references = references_step(context, moves);
  auto refreshes = refresh_steps(context, references);
  Step close = close_step(context, refreshes.empty() ? references.id : refreshes.back().id);
  lowered.undo_order = {close.id};
  for (const auto& move : moves) lowered.undo_order.push_back(move.id);
  lowered.undo_order.push_back(references.id);
  for (const auto& refresh : refreshes) lowered.undo_order.push_back(refresh.id);
  for (std::size_t i = repaired + 2; i-- > 0;) lowered.undo_order.push_back(steps[i].id);
  std::move(moves.begin(), moves.end(), std::back_inserter(steps));
  steps.push_back(std::move(references));
  std::move(refreshes.begin(), refreshes.end(), std::back_inserter(steps));
  steps.push_back(std::move(close));
  for (std::size_t first = 0; first <= repaired; ++first) {  // these come back last of all, in turn
    for (std::size_t i = first + 1; i < steps.size(); ++i) steps[first].undo_needs.push_back(steps[i].id);
  }
  lowered.verify.update(verify_data(context));
  return lowered;
}

}  // namespace rekey::lower
