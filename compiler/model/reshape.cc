// Tables that change their shape with their keys: a surrogate in place of a primary key of several columns, references
// that follow to it, a table that takes the keys of the rows it refers to, columns that go at the end.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/model/resolve.h"
#include "compiler/plan/names.h"

namespace rekey::model {
namespace {

bool holds(const std::vector<std::string>& columns, const std::string& name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

bool has_family(const Table& table) { return table.partitioned() || !table.parents.empty() || !table.children.empty(); }

class Reshapes {
 public:
  Reshapes(Model& model, Diagnostics& diagnostics) : model_(model), diagnostics_(diagnostics) {}

  void place() {
    for (TableId t = 0; t < static_cast<int>(model_.tables.size()); ++t) {
      if (!written(t).surrogate.value.empty()) add_surrogate(t);
      if (!written(t).consolidate.value.empty()) add_consolidation(t);
    }
    for (ForeignKeyId f = 0; f < static_cast<int>(model_.foreign_keys.size()); ++f) {
      const auto& own = *model_.foreign_keys[f].written;
      if (!own.follow.value.empty()) add_follow(f);
      else if (!own.follow_index.value.empty()) error("idle-setting", own.follow_index.span, "follow_index has no effect without follow", "delete the line");
    }
    for (TableId t : model_.order) add_drop(t);
  }

 private:
  const plan::Table& written(TableId t) const { return *model_.tables[t].written; }
  std::string name(TableId t) const { return to_text(model_.tables[t].name()); }
  void error(const char* code, Span span, std::string what, std::string fix) {
    diagnostics_.error(code, span, std::move(what), std::move(fix));
  }

  // The phase that lists the table, if it can change the shape of one.
  Phase* phase_of(TableId t, const char* what, Span span) {
    const PhaseId p = model_.tables[t].phase;
    if (p == kNone) {
      error("no-phase", span, fmt::format("{} is in no phase", name(t)), "add it to tables: of a phase");
      return nullptr;
    }
    if (model_.phases[p].stage == Stage::offline) return &model_.phases[p];
    error("reshape-online", span, fmt::format("{} in a maintenance window alone, and phase {} is online", what, model_.phases[p].name()),
          "give the phase strategy: offline");
    return nullptr;
  }

  bool is_alone(TableId t, const char* what, Span span) {
    if (!has_family(model_.tables[t])) return true;
    error("reshape-family", span, fmt::format("{} of a table that is partitioned, or inherits, or is inherited from: {}", what, name(t)),
          "delete the line; statements of your own can do it after the plan");
    return false;
  }

  bool is_free(TableId t, const plan::Text& column) {
    const auto& columns = model_.tables[t].columns;
    const bool taken = std::any_of(columns.begin(), columns.end(), [&](ColumnId c) { return model_.columns[c].name() == column.value; }) ||
                       !new_columns_.insert({t, column.value}).second;
    if (taken) error("column-twice", column.span, fmt::format("{} has a column {} already", name(t), column.value), "give the new one another name");
    return !taken;
  }

  bool is_name(TableId t, const std::string& constraint, Span span) {
    const auto& table = written(t);
    const bool taken = std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const auto& fk) { return fk.name.value == constraint; }) ||
                       std::any_of(table.unique.begin(), table.unique.end(), [&](const auto& u) { return u.name.value == constraint; });
    if (!taken && constraint.size() <= plan::kMaxName) return true;
    error("constraint-name", span,
          fmt::format("the new constraint would be named {}, which {}", constraint, taken ? "another one is" : "is too long"),
          taken ? "give the new column another name, or rename the other constraint before" : "give the new column a shorter name");
    return false;
  }

  void add_surrogate(TableId t) {
    const auto& column = written(t).surrogate;
    const auto key = plan::to_strings(written(t).primary_key);
    auto* phase = phase_of(t, "a surrogate is made", column.span);
    if (key.empty()) {
      error("no-key", column.span, fmt::format("{} has no primary key that a surrogate could stand for", name(t)), "name its columns: primary_key: [a, b]");
      return;
    }
    const auto unique = plan::constraint_name(model_.tables[t].name(), key, "key");
    for (ColumnId c : model_.tables[t].columns) {
      if (holds(key, model_.columns[c].name()) && model_.phase_of(c) != kNone && model_.phase_of(c) > model_.tables[t].phase) {
        error("surrogate-early", column.span, fmt::format("{} changes in a later phase than the surrogate is made in", model_.path(c)),
              fmt::format("list {} in phase {}", name(t), model_.phases[model_.phase_of(c)].written->name.value));
        return;
      }
    }
    if (!phase || !is_alone(t, "a surrogate", column.span) || !is_free(t, column) || !is_name(t, unique, column.span)) return;
    phase->surrogates.push_back({t, column.value, unique});
  }

  void add_follow(ForeignKeyId f) {
    const auto& fk = model_.foreign_keys[f];
    const auto& column = fk.written->follow;
    if (written(fk.parent).surrogate.value.empty() || !same_columns(written(fk.parent).primary_key, fk.parent_columns)) {
      error("no-surrogate", column.span, fmt::format("{} has no surrogate in place of ({})", name(fk.parent), fmt::join(fk.parent_columns, ", ")),
            fmt::format("write surrogate: {} at {}, or delete the line", column.value, name(fk.parent)));
      return;
    }
    if (!surrogate_of(model_, fk.parent)) return;  // said already
    if (fk.child == fk.parent) {
      error("follow-itself", column.span, fmt::format("{} refers to itself: which row comes first cannot be said", name(fk.child)), "delete the line");
      return;
    }
    if (!fk.written->deferrable.value.empty() || !fk.written->holds()) {
      error("follow-late", column.span,
            fmt::format("rows of {} may be there before those that they refer to: their new column would be empty", name(fk.child)),
            "make the foreign key valid, and not deferrable, or delete the line");
      return;
    }
    if (fk.written->on_delete.value == "set default" || !fk.written->on_delete_columns.empty()) {
      error("follow-actions", column.span, fmt::format("what {} does to some of its columns has no meaning for one key", fk.written->name.value),
            "give the foreign key another ON DELETE before, or delete the line");
      return;
    }
    for (const auto& other : model_.tables[fk.child].foreign_keys) {
      const auto& second = model_.foreign_keys[other];
      const bool shares = std::any_of(fk.columns.begin(), fk.columns.end(), [&](const auto& c) { return holds(second.columns, c); });
      if (other >= f || second.written->follow.value.empty() || !shares) continue;
      error("follow-shared", column.span, fmt::format("{} and {} share a column: each would change the other's reference", fk.written->name.value, second.written->name.value),
            "let one of them follow");
      return;
    }
    const auto constraint = plan::constraint_name(model_.tables[fk.child].name(), {column.value}, "fkey");
    if (!is_alone(fk.child, "a reference", column.span) || !is_free(fk.child, column) || !is_name(fk.child, constraint, column.span)) return;
    model_.phases[model_.tables[fk.parent].phase].follows.push_back({f, column.value, constraint, fk.written->follow_index.value});
  }

  void add_consolidation(TableId t) {
    const auto& named = written(t).consolidate;
    const ForeignKeyId f = foreign_key_named(model_, t, named.value);
    if (f == kNone || model_.foreign_keys[f].columns.size() != 1) return;  // said already
    auto* phase = phase_of(t, "keys are consolidated", named.span);
    const auto& fk = model_.foreign_keys[f];
    const auto& key = written(t).primary_key;
    if (!phase || !is_alone(t, "consolidation", named.span)) return;
    if (fk.written->on_delete.value == "set null" || fk.written->on_delete.value == "set default") {
      error("consolidate", named.span, fmt::format("{} is {} where its parent goes, and a key cannot be", fk.columns.front(), fk.written->on_delete.value),
            "give the foreign key another ON DELETE before, or delete the line");
      return;
    }
    const PhaseId above = model_.phase_of(fk.parent_ids.front());
    if (above != kNone && above > model_.tables[t].phase) {
      error("consolidate-early", named.span,
            fmt::format("the keys of {} change in a later phase than those of {}, which become the same", name(fk.parent), name(t)),
            "list both tables in one phase");
      return;
    }
    const auto constraint = plan::constraint_name(model_.tables[t].name(), {key.front().value}, "fkey");
    if (is_name(t, constraint, named.span)) phase->consolidations.push_back({t, f, key.front().value, constraint});
  }

  bool is_tied(TableId t) const {
    return std::any_of(model_.phases.begin(), model_.phases.end(), [&](const Phase& phase) {
      return std::any_of(phase.follows.begin(), phase.follows.end(), [&](const auto& f) { return model_.foreign_keys[f.key].child == t; }) ||
             std::any_of(phase.consolidations.begin(), phase.consolidations.end(), [&](const auto& c) { return c.table == t; });
    });
  }

  void add_drop(TableId t) {
    const auto& dropped = written(t).drop;
    if (dropped.empty() && !is_tied(t)) return;
    const Span span = dropped.empty() ? written(t).name.span : dropped.front().span;
    auto& last = model_.phases.back();
    if (last.written->kind.value != plan::PhaseKind::cleanup) {
      if (!dropped.empty()) error("drop-nowhere", span, "columns go in the cleanup, and the plan has none", "end phases: with {name: cleanup, kind: cleanup}");
      return;
    }
    if (!dropped.empty() && model_.contracts(last)) {
      error("drop-online", span, "the cleanup of a plan with online phases runs beside the application, and a table is read behind a lock before its columns go",
            "drop them in a plan of their own, or with sql: of the cleanup");
    }
    for (const auto& column : dropped) check_drop(t, column);
    last.drops.push_back({t, plan::to_strings(dropped), span});
  }

  void check_drop(TableId t, const plan::Text& column) {
    is_alone(t, "drop", column.span);
    const auto& surrogate = written(t).surrogate.value;
    const auto key = surrogate.empty() ? plan::to_strings(written(t).primary_key) : std::vector{surrogate};
    if (key.empty() || holds(key, column.value)) {
      error("drop-key", column.span,
            key.empty() ? fmt::format("{} has no primary key: nothing says which row a value of {} came from", name(t), column.value)
                        : fmt::format("{} is part of the primary key of {}", column.value, name(t)),
            "delete it here");
    }
    for (const auto& fk : model_.foreign_keys) {
      if (fk.parent == t && holds(fk.parent_columns, column.value)) refuse_referenced(t, column, fk.written->name.value);
      if (fk.child == t && holds(fk.columns, column.value)) check_whole(fk, column);
    }
    for (const auto& [from, to] : model_.logical_references) {
      if (model_.columns[to].table == t && model_.columns[to].name() == column.value) refuse_referenced(t, column, model_.path(from));
    }
    check_borrowed(t, column);
  }

  // What the archive would not bring back, and what a foreign key of the same cleanup stands on.
  void check_borrowed(TableId t, const plan::Text& column) {
    for (const auto& domain : model_.domains) {
      for (const auto& place : domain.places) {
        const auto& key = model_.columns[place.key];
        if (key.table == t && key.name() == column.value) refuse_referenced(t, column, domain.name);
      }
      const auto& root = model_.columns[domain.root];
      if (!domain.borrows() || root.table != t || (root.name() != column.value && domain.type_column != column.value)) continue;
      error("drop-borrowed", column.span, fmt::format("the way back needs {} of {}, which holds keys of other tables or says whose they are", column.value, name(t)),
            "delete it here, and drop it once there is no way back");
    }
    for (const auto& e : model_.enforced) {
      if (e.child == t && holds(e.columns, column.value)) {
        error("drop-enforced", column.span, fmt::format("{} of {} is to get foreign key {} in the same cleanup", column.value, name(t), e.name), "delete it here, or take enforce: out");
      }
      if (e.parent == t && holds(e.parent_columns, column.value)) refuse_referenced(t, column, e.name);
    }
  }

  // A reference goes as a whole, to one that stands for it.
  void check_whole(const ForeignKey& fk, const plan::Text& column) {
    const auto dropped = plan::to_strings(written(fk.child).drop);
    const bool whole = std::all_of(fk.columns.begin(), fk.columns.end(), [&](const auto& c) { return holds(dropped, c); });
    const bool stands = !fk.written->follow.value.empty() || written(fk.child).consolidate.value == fk.written->name.value;
    if (whole && stands) return;
    const bool elsewhere = std::any_of(model_.foreign_keys.begin(), model_.foreign_keys.end(), [&](const ForeignKey& other) {
      return other.child == fk.child && &other != &fk && holds(other.columns, column.value) && !other.written->follow.value.empty();
    });
    if (elsewhere && !stands) return;
    error("drop-reference", column.span,
          whole ? fmt::format("foreign key {} goes with it, and rows may refer to what is gone by the time of a rollback", fk.written->name.value)
                : fmt::format("it is a part of foreign key {}, of which the rest stays", fk.written->name.value),
          whole ? "let it follow, or drop the foreign key with sql: of a phase, for good" : "drop all of its columns, or none");
  }

  void refuse_referenced(TableId t, const plan::Text& column, const std::string& by) {
    error("drop-referenced", column.span, fmt::format("{} of {} is what {} refers to", column.value, name(t), by), "delete it here");
  }

  Model& model_;
  Diagnostics& diagnostics_;
  std::set<std::pair<TableId, std::string>> new_columns_;
};

}  // namespace

const Surrogate* surrogate_of(const Model& model, TableId t) {
  for (const auto& phase : model.phases) {
    for (const auto& surrogate : phase.surrogates) {
      if (surrogate.table == t) return &surrogate;
    }
  }
  return nullptr;
}

ForeignKeyId foreign_key_named(const Model& model, TableId t, const std::string& name) {
  for (ForeignKeyId f : model.tables[t].foreign_keys) {
    if (model.foreign_keys[f].written->name.value == name) return f;
  }
  return kNone;
}

// A table that consolidates has its keys made by it, from the column of its foreign key.
void take_parent_keys(const Model& model, Domain& domain, Diagnostics& diagnostics) {
  const TableId t = model.columns[domain.root].table;
  const auto& written = *model.tables[t].written;
  const auto& named = written.consolidate;
  if (named.value.empty() || written.primary_key.size() != 1 || written.primary_key.front().value != model.columns[domain.root].name()) return;
  const ForeignKeyId f = foreign_key_named(model, t, named.value);
  const auto* fk = f == kNone ? nullptr : &model.foreign_keys[f];
  if (!fk || fk->columns.size() != 1 || fk->ids.front() == kNone || !fk->written->holds() || !is_own_key(model, fk->parent_ids.front())) {
    diagnostics.error("consolidate", named.span,
                      fmt::format("{} is no valid foreign key of {} from one key column to the key of another table", named.value, to_text(written.name.value)),
                      "name such a foreign key, as it stands under foreign_keys:");
    return;
  }
  if (written.generator.value || !domain.changes) {
    diagnostics.error("consolidate", named.span, fmt::format("the keys of {} become those of {}", to_text(written.name.value), to_text(model.tables[fk->parent].name())),
                      written.generator.value ? "delete generator: here" : "delete change: keep here");
    return;
  }
  domain.generator = plan::Generator::parent;
  domain.key_name = {{true, fk->columns.front()}};
}

void check_consolidated(const Model& model, Diagnostics& diagnostics) {
  for (TableId t = 0; t < static_cast<int>(model.tables.size()); ++t) {
    const auto& named = model.tables[t].written->consolidate;
    if (named.value.empty()) continue;
    const auto& columns = model.tables[t].columns;
    const auto own = std::find_if(columns.begin(), columns.end(), [&](ColumnId c) {
      return model.columns[c].root && model.domain_of(c).generator == plan::Generator::parent;
    });
    if (own == columns.end()) {
      if (!diagnostics.has_errors()) {
        diagnostics.error("consolidate", named.span, fmt::format("{} has no key of its own that could become that of another table", to_text(model.tables[t].name())),
                          "delete the line");
      }
      continue;
    }
    const ColumnId parent = model.foreign_keys[foreign_key_named(model, t, named.value)].parent_ids.front();
    if (model.changes(parent) || model.columns[parent].uuid()) continue;
    diagnostics.error("consolidate", named.span, fmt::format("the keys of {} stay what they are: integers", model.path(parent)),
                      "let them change too, or delete the line");
  }
}

void place_reshapes(Model& model, Diagnostics& diagnostics) { Reshapes(model, diagnostics).place(); }

bool Phase::reshapes(const Model& model, TableId t) const {
  return std::any_of(surrogates.begin(), surrogates.end(), [&](const auto& s) { return s.table == t; }) ||
         std::any_of(follows.begin(), follows.end(), [&](const auto& f) { return model.foreign_keys[f.key].child == t; }) ||
         std::any_of(consolidations.begin(), consolidations.end(), [&](const auto& c) { return c.table == t; });
}

}  // namespace rekey::model
