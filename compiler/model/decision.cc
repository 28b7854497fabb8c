// Decisions say what the plan does: one that says otherwise, or speaks of no key, is refused.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/model/resolve.h"

namespace rekey::model {
namespace {

// Domains that have their root there; those that change first.
std::vector<const Domain*> domains_of(const Model& model, const plan::Table& table) {
  std::vector<const Domain*> out;
  for (const auto& domain : model.domains) {
    if (&model.root_table(domain) == &table) out.push_back(&domain);
  }
  std::stable_partition(out.begin(), out.end(), [](const Domain* d) { return d->changes; });
  return out;
}

void check_table(const Model& model, const plan::Table& table, Diagnostics& diagnostics) {
  const auto domains = domains_of(model, table);
  const bool changes = !domains.empty() && domains.front()->changes;
  const auto name = to_text(table.name.value);
  const auto idle = [&](const char* key, Span span) {
    diagnostics.error("idle-setting", span, fmt::format("{} has no effect: {} makes no keys of its own", key, name),
                      "write it at the table whose key it is about");
  };
  if (table.inventory.span.line && domains.empty()) idle("inventory", table.inventory.span);
  if (!table.decision.scope.value) return;
  const auto scope = *table.decision.scope.value;
  if (domains.empty()) {
    idle("decision", table.decision.span);
  } else if (scope == plan::Scope::forward_only && changes) {
    diagnostics.error("decision", table.decision.scope.span,
                      fmt::format("rows of {} are to keep their keys, but the plan changes {}", name, domains.front()->name),
                      "write change: keep for the table, or scope: full");
  } else if (scope == plan::Scope::full && !changes) {
    diagnostics.error("decision", table.decision.scope.span,
                      fmt::format("all rows of {} are to get new keys, but the plan leaves {} as it is", name, domains.front()->name),
                      "take out the change: keep that holds it, or write scope: forward_only");
  }
}

// The plan's own stands for all that change and have none.
void check_plan(const Model& model, Diagnostics& diagnostics) {
  const auto& decision = model.plan->decision;
  if (!decision.scope.value) return;
  const auto stands_for = [&](const Domain& d) { return d.changes && &model.decision(d) == &decision; };
  const auto changed = std::find_if(model.domains.begin(), model.domains.end(), stands_for);
  const bool any = changed != model.domains.end();
  if (any == (*decision.scope.value == plan::Scope::full)) return;
  diagnostics.error("decision", decision.scope.span,
                    any ? fmt::format("rows are to keep their keys, but the plan changes {}", changed->name)
                        : "all rows are to get new keys, but every table that changes has a decision of its own",
                    any ? "write change: keep for its table, or a decision of its own there, or scope: full" : "delete it");
}

}  // namespace

const plan::Decision& Model::decision(const Domain& domain) const {
  const auto& own = root_table(domain).decision;
  return own.scope.value ? own : plan->decision;
}

void check_decisions(const Model& model, Diagnostics& diagnostics) {
  for (const auto& table : model.tables) check_table(model, *table.written, diagnostics);
  check_plan(model, diagnostics);
}

}  // namespace rekey::model
