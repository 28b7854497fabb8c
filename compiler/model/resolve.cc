#include "compiler/model/resolve.h"
#include "compiler/plan/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/model/fk_graph.h"
#include "compiler/model/names.h"

namespace rekey::model {
namespace {

class ForeignKeys {
 public:
  ForeignKeys(Model& model, Names& names, Diagnostics& diagnostics) : model_(model), names_(names), diagnostics_(diagnostics) {}

  void add_all() {
    for (TableId child = 0; child < static_cast<int>(model_.tables.size()); ++child) {
      for (const auto& written : model_.tables[child].written->foreign_keys) {
        add_foreign_key(child, written);
      }
    }
  }

 private:
  void add_foreign_key(TableId child, const plan::ForeignKey& written) {
    const auto& reference = written.references;
    ForeignKey fk{&written, child, names_.find_table(reference.value.table, reference.span), {}, {}, {}, {}};
    if (fk.parent == kNone) return;
    for (const auto& column : written.columns) fk.columns.push_back(column.value);
    fk.parent_columns = reference.value.columns;
    if (fk.parent_columns.empty()) {
      for (const auto& c : model_.tables[fk.parent].written->primary_key) {
        fk.parent_columns.push_back(c.value);
      }
    }
    if (!same_width(fk) || !target_is_a_key(fk)) return;
    for (std::size_t i = 0; i < fk.columns.size(); ++i) {
      fk.ids.push_back(names_.find_column(child, fk.columns[i]));
      fk.parent_ids.push_back(names_.find_column(fk.parent, fk.parent_columns[i]));
      check_both_listed(fk, i);
      refuse_arrays(fk, i);
    }
    model_.tables[child].foreign_keys.push_back(static_cast<int>(model_.foreign_keys.size()));
    model_.foreign_keys.push_back(std::move(fk));
  }

  bool same_width(const ForeignKey& fk) {
    if (fk.columns.size() == fk.parent_columns.size()) return true;
    diagnostics_.error("foreign-key-width", fk.written->references.span,
                       fmt::format("foreign key {} has {}, its target {}", fk.written->name.value,
                                   counted(fk.columns.size(), "column"), fk.parent_columns.size()),
                       "name the target's columns: references: schema.table (column, …)");
    return false;
  }

  bool target_is_a_key(const ForeignKey& fk) {
    const auto& parent = *model_.tables[fk.parent].written;
    if (is_key_of(parent, fk.parent_columns)) return true;
    diagnostics_.error("not-a-key", fk.written->references.span,
                       fmt::format("foreign key {} points at {} ({}), which is neither its primary key "
                                   "nor a unique key in the plan",
                                   fk.written->name.value, to_text(parent.name.value),
                                   fmt::join(fk.parent_columns, ", ")),
                       fmt::format("add it to {} under unique:", to_text(parent.name.value)));
    return false;
  }

  // An array is one value to a foreign key: that it equals another says nothing of its elements.
  void refuse_arrays(const ForeignKey& fk, std::size_t i) {
    const bool array = fk.ids[i] != kNone && model_.columns[fk.ids[i]].array();
    if (!array && (fk.parent_ids[i] == kNone || !model_.columns[fk.parent_ids[i]].array())) return;
    diagnostics_.error("array-foreign-key", fk.written->columns[i].span,
                       fmt::format("foreign key {} ties arrays to each other", fk.written->name.value),
                       "keep both tables out with change: keep, or drop the foreign key first");
  }

  void check_both_listed(const ForeignKey& fk, std::size_t i) {
    if ((fk.ids[i] == kNone) == (fk.parent_ids[i] == kNone)) return;
    const bool child_missing = fk.ids[i] == kNone;
    const auto& table = *model_.tables[child_missing ? fk.child : fk.parent].written;
    const auto& column = child_missing ? fk.columns[i] : fk.parent_columns[i];
    diagnostics_.error(
        "half-listed", child_missing ? fk.written->columns[i].span : fk.written->references.span,
        fmt::format("foreign key {} ties {}.{} to a key column, but {} does not list it",
                    fk.written->name.value, to_text(table.name.value), column,
                    to_text(table.name.value)),
        fmt::format("write \"{}: integer\" (its type) under columns: of {}", column,
                    to_text(table.name.value)));
  }

  Model& model_;
  Names& names_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::string Model::path(ColumnId c) const {
  return to_text(tables[columns[c].table].name()) + "." + columns[c].name();
}

bool same_columns(const plan::Texts& key, const std::vector<std::string>& columns) {
  auto names = plan::to_strings(key), wanted = columns;
  std::sort(names.begin(), names.end());
  std::sort(wanted.begin(), wanted.end());
  return names == wanted;
}

bool is_key_of(const plan::Table& table, const std::vector<std::string>& columns) {
  return same_columns(table.primary_key, columns) ||
         std::any_of(table.unique.begin(), table.unique.end(), [&](const auto& unique) { return same_columns(unique.columns, columns); });
}

ColumnId column_named(const Model& model, TableId table, const std::string& name) {
  const auto& columns = model.tables[table].columns;
  const auto found = std::find_if(columns.begin(), columns.end(), [&](ColumnId c) { return model.columns[c].name() == name; });
  return found == columns.end() ? kNone : *found;
}

Model resolve_names(const plan::Plan& plan, Diagnostics& diagnostics) {
  Model model{&plan, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  Names names(model, diagnostics);
  names.add_tables();
  ForeignKeys(model, names, diagnostics).add_all();
  add_logical_references(model, names, diagnostics);
  tie_families(model, diagnostics);
  Edges edges;
  for (const auto& fk : model.foreign_keys) edges.emplace_back(fk.child, fk.parent);
  for (TableId t = 0; t < static_cast<int>(model.tables.size()); ++t) {
    for (TableId parent : model.tables[t].parents) edges.emplace_back(t, parent);
  }
  model.order = targets_first(static_cast<int>(model.tables.size()), edges);
  return model;
}

std::optional<Model> resolve(const plan::Plan& plan, Diagnostics& diagnostics) {
  Model model = resolve_names(plan, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  find_key_domains(model, diagnostics);
  check_families(model, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  assign_phases(model, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  check_defaults(model, diagnostics);
  assign_repairs(model, diagnostics);
  return model;
}

}  // namespace rekey::model
