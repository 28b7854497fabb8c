#include "compiler/model/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "compiler/model/fk_graph.h"

namespace rekey::model {
namespace {

// Lookup by name while the tables are being put together.
class Names {
 public:
  Names(Model& model, Diagnostics& diagnostics) : model_(model), diagnostics_(diagnostics) {}

  void add_tables() {
    for (const auto& written : model_.plan->tables) {
      const int id = static_cast<int>(model_.tables.size());
      model_.tables.push_back({&written, {}, {}, kNone, {}, {}});
      tables_[to_text(written.name.value)] = id;
      columns_.emplace_back();
      for (const auto& column : written.columns) {
        columns_[id][column.name.value] = static_cast<int>(model_.columns.size());
        model_.tables[id].columns.push_back(static_cast<int>(model_.columns.size()));
        model_.columns.emplace_back().table = id;
        model_.columns.back().written = &column;
      }
    }
  }

  void add_foreign_keys() {
    for (TableId child = 0; child < static_cast<int>(model_.tables.size()); ++child) {
      for (const auto& written : model_.tables[child].written->foreign_keys) {
        add_foreign_key(child, written);
      }
    }
  }

  TableId find_table(const plan::TableName& name, Span span) {
    auto found = tables_.find(to_text(name));
    if (found != tables_.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [text, id] : tables_) known.push_back(text);
    std::sort(known.begin(), known.end());
    auto near = nearest(to_text(name), known);
    diagnostics_.error("unknown-table", span, fmt::format("table {} is not in the plan", to_text(name)),
                       near ? fmt::format("did you mean {}?", *near)
                            : "add it under tables:, with its primary_key");
    return kNone;
  }

  ColumnId find_column(TableId table, const std::string& name) const {
    auto found = columns_[table].find(name);
    return found == columns_[table].end() ? kNone : found->second;
  }

 private:
  void add_foreign_key(TableId child, const plan::ForeignKey& written) {
    const auto& reference = written.references;
    ForeignKey fk{&written, child, find_table(reference.value.table, reference.span), {}, {}, {}, {}};
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
      fk.ids.push_back(find_column(child, fk.columns[i]));
      fk.parent_ids.push_back(find_column(fk.parent, fk.parent_columns[i]));
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
    auto matches = [&](const plan::Texts& key) {
      std::vector<std::string> names, wanted = fk.parent_columns;
      for (const auto& c : key) names.push_back(c.value);
      std::sort(names.begin(), names.end());
      std::sort(wanted.begin(), wanted.end());
      return names == wanted;
    };
    if (matches(parent.primary_key)) return true;
    for (const auto& unique : parent.unique) {
      if (matches(unique.columns)) return true;
    }
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
  Diagnostics& diagnostics_;
  std::unordered_map<std::string, TableId> tables_;
  std::vector<std::unordered_map<std::string, ColumnId>> columns_;
};

// Both columns of one part of a logical reference, or an error for the one that the plan does not list.
void add_logical_pair(Model& model, const Names& names, TableId child, TableId parent,
                      const plan::Text& from, const std::string& to, Diagnostics& diagnostics) {
  const ColumnId a = names.find_column(child, from.value), b = names.find_column(parent, to);
  if (a != kNone && b != kNone && model.columns[b].array()) {
    diagnostics.error("array-target", from.span, fmt::format("{} holds arrays: it is no key", model.path(b)),
                      "name the column whose keys these are: references: schema.table (column)");
    return;
  }
  if (a != kNone && b != kNone) {
    model.logical_references.emplace_back(a, b);
    return;
  }
  const auto& table = model.tables[a == kNone ? child : parent].name();
  const auto& column = a == kNone ? from.value : to;
  diagnostics.error("unknown-column", from.span,
                    fmt::format("{} lists no column {}", to_text(table), column),
                    fmt::format("write \"{}: integer\" (its type, integer[] for an array) under its columns:", column));
}

void add_logical_references(Model& model, Names& names, Diagnostics& diagnostics) {
  for (TableId table = 0; table < static_cast<int>(model.tables.size()); ++table) {
    for (const auto& reference : model.tables[table].written->logical_references) {
      const TableId parent = names.find_table(reference.references.value.table, reference.references.span);
      if (parent == kNone) continue;
      auto wanted = reference.references.value.columns;
      if (wanted.empty()) {
        for (const auto& c : model.tables[parent].written->primary_key) wanted.push_back(c.value);
      }
      if (wanted.size() != reference.columns.size()) {
        diagnostics.error("reference-width", reference.references.span,
                          "the reference has another number of columns than its target",
                          "name the target's columns: references: schema.table (column, …)");
        continue;
      }
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        add_logical_pair(model, names, table, parent, reference.columns[i], wanted[i], diagnostics);
      }
    }
  }
}

}  // namespace

std::string Model::path(ColumnId c) const {
  return to_text(tables[columns[c].table].name()) + "." + columns[c].name();
}

ColumnId column_named(const Model& model, TableId table, const std::string& name) {
  const auto& columns = model.tables[table].columns;
  const auto found = std::find_if(columns.begin(), columns.end(), [&](ColumnId c) { return model.columns[c].name() == name; });
  return found == columns.end() ? kNone : *found;
}

Model resolve_names(const plan::Plan& plan, Diagnostics& diagnostics) {
  Model model{&plan, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  Names names(model, diagnostics);
  names.add_tables();
  names.add_foreign_keys();
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
