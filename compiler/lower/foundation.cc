// The first phase: schema rekey and the function that gives new rows their keys.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/lower/online_phase.h"
#include "compiler/lower/reshape.h"
#include "compiler/lower/sql.h"
#include "compiler/lower/step.h"

namespace rekey::lower {

std::string new_keys_schema(const plan::Plan& plan) {
  if (!plan.new_keys.expression.value.empty() || plan.server.value >= 18) return "";
  return plan.new_keys.schema.value.empty() ? "public" : plan.new_keys.schema.value;
}

namespace {

// What the plan has set, as an UPDATE takes it; empty: nothing.
std::string throttle(const plan::Backfill& backfill) {
  std::vector<std::string> parts;
  const auto add = [&](const char* column, const std::string& value) {
    if (!value.empty()) parts.push_back(fmt::format("{} = {}", column, sql::literal(value)));
  };
  if (backfill.most_rows.value > 0) parts.push_back(fmt::format("most_rows = {}", backfill.most_rows.value));
  add("most_lag", backfill.standby_lag.value);
  add("most_transaction_age", backfill.transaction_age.value);
  add("wait_while", backfill.wait_while.value);
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Phase lower_foundation(const model::Model& model, const model::Phase& phase) {
  Phase lowered = begin_phase(phase);
  const auto& plan = *model.plan;
  Step step;
  step.id = phase.id + ".foundation";
  step.kind = "foundation";
  step.up_title = "installs schema rekey: journal, generators, archive";
  step.down_title = "removes schema rekey, and with it the journal";
  step.place = phase.written->name.span;
  step.data["plan"] = sql::literal(plan.name.value);
  step.data["plan_comment"] = sql::literal("Journal and archive of the rekey plan " + plan.name.value +
                                           "; the down side of foundation removes it");
  if (const auto schema = new_keys_schema(plan); !schema.empty()) {
    step.data["new_key_function"] = sql::table({schema, "uuidv7"});
  }
  step.data["online"] = nlohmann::json::array();  // what cannot be done with a table online is said before all else
  std::size_t most = 0;
  for (const auto& other : model.phases) {
    if (other.stage != model::Stage::swap) continue;
    add_tables(OnlinePhase(model, other), step.data["online"]);
    if (std::any_of(other.domains.begin(), other.domains.end(), [&](int d) { return model.domains[d].is_listed(); })) step.data["given"] = true;
    most = std::max(most, other.changed.size());
  }
  if (most > 0) {
    step.data["most_tables"] = std::to_string(most);
    if (const auto set = throttle(plan.backfill); !set.empty()) step.data["throttle"] = set;
  }
  const auto is_named = [](const model::Domain& d) { return d.changes && d.has_plan_keys(); };
  if (std::any_of(model.domains.begin(), model.domains.end(), is_named)) step.data["named"] = true;
  const auto borrows = [](const model::Domain& d) { return d.changes && d.borrows(); };
  if (std::any_of(model.domains.begin(), model.domains.end(), borrows)) step.data["borrowed"] = true;
  if (!model.enforced.empty()) step.data["enforced"] = true;
  const auto is_paired = [](const model::Domain& d) { return d.changes && d.of_uuids; };
  if (std::any_of(model.domains.begin(), model.domains.end(), is_paired)) step.data["paired"] = true;
  for (const auto& other : model.phases) {
    if (other.stages > 0) step.data["stages"] = step.data["repairs"] = true;
    if (other.repairs()) step.data["repairs"] = true;
    if (!other.merges.empty()) step.data["merges"] = true;
    if (!other.surrogates.empty() || !other.drops.empty() || !other.consolidations.empty()) step.data["reshapes"] = true;
    if (!other.written->checks.empty()) step.data["plan_checks"] = true;
    if (!other.indexes.empty()) step.data["plan_indexes"] = true;
  }
  step.data["droppable"] = drop_expectations(model, true);
  if (!plan.extension.value.empty()) {
    step.data["extension"] = sql::identifier(plan.extension.value);
    step.data["extension_literal"] = sql::literal(plan.extension.value);
  }
  if (plan.bridge.value) step.data["bridge"] = bridge_schemas();
  lowered.undo_order = {step.id};
  lowered.steps.push_back(std::move(step));
  return lowered;
}

}  // namespace rekey::lower
