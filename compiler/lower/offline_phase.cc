#include "compiler/lower/offline_phase.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/sql.h"

namespace rekey::lower {

using model::ColumnId;
using model::DependentId;
using model::DomainId;
using model::ForeignKeyId;
using model::TableId;

OfflinePhase::OfflinePhase(const model::Model& m, const model::Phase& p) : model(m), phase(p) {
  for (DomainId d : phase.domains) {
    if (model.domains[d].borrows()) continue;
    ++roots[model.columns[model.domains[d].root].table];
    for (ColumnId c : model.domains[d].columns) {
      const auto& sequence = model.columns[c].written->sequence.value;
      if (!sequence.empty()) by_sequence[sequence].insert(d);
    }
  }
  for (ForeignKeyId f : phase.touched) {
    const auto& fk = model.foreign_keys[f];
    foreign_keys[fk.child].push_back(f);
    children[fk.parent].insert(fk.child);
  }
  for (TableId t : phase.changed) {
    for (ColumnId c : model.tables[t].columns) {
      if (!changes_here(c)) continue;
      changed.insert(t);
      if (model.columns[c].above == model::kNone) columns[t].push_back(c);
    }
  }
  for (std::size_t d = 0; d < model.dependents.size(); ++d) {
    const auto& dependent = model.dependents[d];
    using Handling = model::Dependent::Handling;
    const bool stays = dependent.handling == Handling::renewed;
    if (dependent.handling != Handling::nothing && dependent.handling != Handling::made_anew && !changed_tables(dependent).empty() &&
        !is_gone(dependent)) {
      (stays ? renewed : dependents).push_back(static_cast<DependentId>(d));
    }
  }
}

std::vector<ColumnId> OfflinePhase::changing(TableId t) const {
  const auto found = columns.find(t);
  return found == columns.end() ? std::vector<ColumnId>{} : found->second;
}

bool OfflinePhase::is_gone(const model::Dependent& dependent) const {
  if (dependent.written->set_aside.value.empty()) return false;
  return std::any_of(dependent.tables.begin(), dependent.tables.end(), [&](TableId t) {
    const auto& columns = model.tables[t].columns;
    return std::any_of(columns.begin(), columns.end(),
                       [&](ColumnId c) { return model.changes(c) && model.phase_of(c) < number(); });
  });
}

bool OfflinePhase::changes_here(ColumnId c) const {
  if (!model.changes(c)) return false;
  const auto& last = model.phases[model.phase_of(c)];
  return &last == &phase || (phase.stage == model::Stage::part && phase.written == last.written);
}

std::set<std::string> OfflinePhase::rewrites(TableId t) const {
  std::set<std::string> out;
  for (ColumnId c : model.tables[t].columns) {
    if (changes_here(c)) out.insert(rewrite_id(model.columns[model.top(c)].table));
  }
  if (phase.reshapes(model, t)) out.insert(rewrite_id(t));
  return out;
}

std::vector<TableId> OfflinePhase::changed_tables(const model::Dependent& dependent) const {
  std::vector<TableId> out;
  for (TableId t : dependent.tables) {
    if (changed.contains(t)) out.push_back(t);
  }
  return out;
}

model::PhaseId OfflinePhase::number() const { return static_cast<model::PhaseId>(&phase - model.phases.data()); }
std::string OfflinePhase::dependent_id(DependentId d, const char* kind) const {
  return fmt::format("{}.{}.{}", phase.id, dependent_slug(model, d), kind);
}

std::string OfflinePhase::id(TableId t, const char* kind) const {
  return fmt::format("{}.{}.{}", phase.id, slug(model, t), kind);
}

std::string OfflinePhase::rewrite_id(TableId t) const { return id(t, makes_anew(t) ? "repartition" : "rewrite"); }

std::string OfflinePhase::own(const char* kind) const { return fmt::format("{}.{}", phase.id, kind); }
std::string OfflinePhase::begun() const {
  if (!phase.merges.empty()) return id(model.columns[model.domains[phase.merges.back()].root].table, "merge");
  return own(phase.orphan_rules.empty() ? "open" : "orphans");
}
bool OfflinePhase::picks() const {
  return std::any_of(phase.domains.begin(), phase.domains.end(), [&](DomainId d) { return model.domains[d].picks(); });
}
std::vector<std::string> OfflinePhase::settled() const {
  std::vector<std::string> out;
  for (DomainId d : phase.domains) {
    if (model.domains[d].picks()) out.push_back(keys_id(d));
  }
  return out.empty() ? std::vector{begun()} : out;
}
std::set<std::string> OfflinePhase::keys_of(ColumnId c) const {
  const auto& domain = model.domain_of(c);
  if (!domain.borrows()) return {keys_id(model.columns[c].domain)};
  std::set<std::string> out;
  for (const auto& place : domain.places) {
    if (model.changes(place.key)) out.insert(keys_id(model.columns[place.key].domain));
  }
  return out;
}

std::string OfflinePhase::keys_id(DomainId d) const {
  const auto& root = model.columns[model.domains[d].root];
  return roots.at(root.table) < 2
             ? id(root.table, "keys")
             : fmt::format("{}.{}.keys", phase.id, column_slug(model, model.domains[d].root));
}

std::string OfflinePhase::table(TableId t) const { return sql::table(model.tables[t].name()); }
bool OfflinePhase::makes_anew(TableId t) const {
  const auto& own = model.tables[t].columns;
  return std::any_of(own.begin(), own.end(), [&](ColumnId c) { return changes_here(c) && model.parts_rows(c); });
}

std::vector<const model::Dependent*> OfflinePhase::definitions(TableId t) const {
  std::set<std::string> names;
  for (TableId member : model.family(t)) names.insert(table(member));
  std::vector<const model::Dependent*> out;
  for (const auto& dependent : model.dependents) {
    const bool made = dependent.handling == model::Dependent::Handling::made_anew;
    if (made && names.contains(dependent.written->name.value)) out.push_back(&dependent);
  }
  return out;
}

bool OfflinePhase::validates(TableId t) const {
  auto found = foreign_keys.find(t);
  return found != foreign_keys.end() && !model.tables[t].partitioned() &&
         std::any_of(found->second.begin(), found->second.end(), [&](ForeignKeyId f) {
           return model.foreign_keys[f].written->holds();
         });
}

std::set<std::string> OfflinePhase::rewrites_under(const model::Dependent& dependent) const {
  std::set<std::string> out;
  for (TableId t : changed_tables(dependent)) out.merge(rewrites(t));
  return out;
}

std::set<std::string> OfflinePhase::rewrites_before(const model::Dependent& dependent) const {
  if (dependent.written->kind.value != plan::DependentKind::materialized_view) return rewrites_under(dependent);
  std::set<std::string> out;
  for (const auto& [t, ids] : columns) out.insert(rewrite_id(t));
  return out;
}

Step table_step(const OfflinePhase& context, TableId t, std::string id, const char* kind) {
  Step step;
  step.id = std::move(id);
  step.kind = kind;
  step.table = context.table(t);
  step.place = context.model.tables[t].written->name.span;
  step.data["table"] = step.table;
  step.data["table_literal"] = sql::literal(step.table);
  return step;
}

}  // namespace rekey::lower
