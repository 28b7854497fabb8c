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
    if (!domain.borrows() && &model.root_table(domain) == &table) out.push_back(&domain);
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
  } else if (scope == plan::Scope::hybrid && (!changes || domains.front()->where.empty())) {
    diagnostics.error("decision", table.decision.scope.span,
                      fmt::format("some rows of {} are to get new keys, but {}", name,
                                  changes ? "nothing says which" : fmt::format("the plan leaves {} as it is", domains.front()->name)),
                      changes ? "write where: at the table, a condition over its rows, or scope: full"
                              : "take out the change: keep that holds it, or write scope: forward_only");
  } else if (scope == plan::Scope::full && changes && !domains.front()->where.empty()) {
    diagnostics.error("decision", table.decision.scope.span,
                      fmt::format("all rows of {} are to get new keys, but where: picks some", name),
                      "write scope: hybrid, or delete where:");
  } else if (scope == plan::Scope::full && !changes) {
    diagnostics.error("decision", table.decision.scope.span,
                      fmt::format("all rows of {} are to get new keys, but the plan leaves {} as it is", name, domains.front()->name),
                      "take out the change: keep that holds it, or write scope: forward_only");
  }
}

// Of a decision for the plan: it says of every table that some rows change, or that all do.
void check_picks(const Model& model, const std::vector<const Domain*>& changed, Diagnostics& diagnostics) {
  const auto& scope = model.plan->decision.scope;
  const bool hybrid = *scope.value == plan::Scope::hybrid;
  for (const Domain* d : changed) {
    if (hybrid != d->where.empty()) continue;
    const auto table = to_text(model.root_table(*d).name.value);
    diagnostics.error("decision", scope.span,
                      hybrid ? fmt::format("some rows are to get new keys, but nothing says which of {}", table)
                             : fmt::format("all rows are to get new keys, but where: picks some of {}", table),
                      hybrid ? "write where: at the table, or a decision of its own there" : "write a decision of its own there: scope: hybrid");
    return;
  }
}

// The plan's own stands for all that change and have none.
void check_plan(const Model& model, Diagnostics& diagnostics) {
  const auto& decision = model.plan->decision;
  if (!decision.scope.value) return;
  const auto stands_for = [&](const Domain& d) { return d.changes && !d.borrows() && &model.decision(d) == &decision; };
  const auto changed = std::find_if(model.domains.begin(), model.domains.end(), stands_for);
  const bool any = changed != model.domains.end();
  if (any && *decision.scope.value != plan::Scope::forward_only) {
    std::vector<const Domain*> all;
    for (const auto& d : model.domains) {
      if (stands_for(d)) all.push_back(&d);
    }
    return check_picks(model, all, diagnostics);
  }
  if (!any && *decision.scope.value == plan::Scope::forward_only) return;
  diagnostics.error("decision", decision.scope.span,
                    any ? fmt::format("rows are to keep their keys, but the plan changes {}", changed->name)
                        : fmt::format("{} rows are to get new keys, but every table that changes has a decision of its own",
                                      *decision.scope.value == plan::Scope::full ? "all" : "some"),
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
