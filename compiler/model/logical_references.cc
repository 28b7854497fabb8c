// References that no constraint enforces: between columns they are ties, as foreign keys are; keys in documents, and
// those of several tables in one column, are borrowed. Some become foreign keys in the end.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/model/names.h"
#include "compiler/model/resolve.h"
#include "compiler/plan/names.h"

namespace rekey::model {
namespace {

class References {
 public:
  References(Model& model, Names& names, Diagnostics& diagnostics) : model_(model), names_(names), diagnostics_(diagnostics) {}

  void add(TableId table, const plan::LogicalReference& written) {
    if (!has_one_form(written)) return;
    if (!written.path.value.empty()) return add_path(table, written);
    if (!written.types.empty()) return add_types(table, written);
    add_ties(table, written);
  }

 private:
  void error(const char* code, Span span, std::string message, std::string fix) {
    diagnostics_.error(code, span, std::move(message), std::move(fix));
  }

  Span place_of(const plan::LogicalReference& written) const {
    return written.columns.empty() ? written.references.span : written.columns.front().span;
  }

  bool has_one_form(const plan::LogicalReference& written) {
    const Span span = place_of(written);
    const bool one = !written.references.value.table.name.empty(), typed = !written.types.empty();
    if (one == typed) {
      error("reference-target", span, one ? "the reference names a table, and types with tables of their own" : "nothing says whose keys these are",
            "write references: with the one table, or type_column: and types: with the tables of each");
      return false;
    }
    if (typed == !written.type_column.value.empty()) return !refuse_path_of_types(written);
    error("reference-target", typed ? span : written.type_column.span,
          typed ? "nothing says which column tells the types of rows" : "type_column has no effect without types:",
          typed ? "write type_column: with its name" : "write types: {Post: public.posts}, or delete the line");
    return false;
  }

  bool refuse_path_of_types(const plan::LogicalReference& written) {
    if (written.types.empty() || written.path.value.empty()) return false;
    error("path", written.path.span, "keys at a path are of one table, whatever the type of the row is",
          "write references: with the one table, or take such rows out of the plan");
    return true;
  }

  // The columns that the reference is to, or none with an error.
  std::vector<std::string> targets(const plan::Reference& reference, TableId parent, std::size_t width, Span span) {
    auto wanted = reference.columns;
    if (wanted.empty()) wanted = plan::to_strings(model_.tables[parent].written->primary_key);
    if (wanted.size() == width) return wanted;
    error("reference-width", span, "the reference has another number of columns than its target",
          "name the target's columns: references: schema.table (column, …)");
    return {};
  }

  ColumnId listed(TableId table, const std::string& name, Span span, const char* type) {
    const ColumnId c = names_.find_column(table, name);
    if (c != kNone) return c;
    error("unknown-column", span, fmt::format("{} lists no column {}", to_text(model_.tables[table].name()), name),
          fmt::format("write \"{}: {} under its columns:", name, type));
    return kNone;
  }

  bool is_array_target(ColumnId key, Span span) {
    if (!model_.columns[key].array() && !model_.columns[key].document()) return false;
    error("array-target", span, fmt::format("{} holds {}: it is no key", model_.path(key), model_.columns[key].array() ? "arrays" : "documents"),
          "name the column whose keys these are: references: schema.table (column)");
    return true;
  }

  void add_ties(TableId table, const plan::LogicalReference& written) {
    const TableId parent = names_.find_table(written.references.value.table, written.references.span);
    if (parent == kNone) return;
    const auto wanted = targets(written.references.value, parent, written.columns.size(), written.references.span);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto& from = written.columns[i];
      const char* type = "integer\" (its type, integer[] for an array)";
      const ColumnId a = listed(table, from.value, from.span, type), b = a == kNone ? kNone : listed(parent, wanted[i], from.span, type);
      if (a == kNone || b == kNone || is_array_target(b, from.span)) continue;
      if (model_.columns[a].document()) {
        error("path", from.span, fmt::format("{} holds documents: nothing says where keys stand in them", model_.path(a)),
              "write path: with the place, for example path: $.user.id");
        continue;
      }
      model_.logical_references.emplace_back(a, b);
    }
    if (!wanted.empty()) enforce(table, parent, written, wanted);
  }

  // The one column that holds the keys, which may have been met before.
  Borrowing* borrowing(TableId table, const plan::LogicalReference& written, const char* type) {
    if (written.columns.size() != 1) {
      error("reference-width", written.columns.empty() ? place_of(written) : written.columns[1].span, "keys at a path or by types stand in one column", "write a reference for each column");
      return nullptr;
    }
    const auto& column = written.columns.front();
    const ColumnId c = listed(table, column.value, column.span, type);
    refuse_settings(written);
    if (c == kNone) return nullptr;
    for (auto& known : model_.borrowings) {
      if (known.column == c) return &known;
    }
    model_.borrowings.push_back({c, {}, {}});
    return &model_.borrowings.back();
  }

  void refuse_settings(const plan::LogicalReference& written) {
    const char* what = written.types.empty() ? "of a path in documents" : "of keys of several tables";
    if (written.orphans.value != plan::Orphans::fail) {
      error("orphans-borrowed", written.orphans.span, fmt::format("what becomes of orphans cannot be decided {}", what),
            "delete the line, and take care of such rows before");
    }
    refuse_enforce(written, fmt::format("PostgreSQL has no foreign keys {}", what));
  }

  void refuse_enforce(const plan::LogicalReference& written, const std::string& why) {
    if (written.enforce.value) error("enforce", written.enforce.span, why, "delete the line");
    else refuse_idle(written);
  }

  void refuse_idle(const plan::LogicalReference& written) {
    for (const auto& [key, value] : {std::pair{"constraint", &written.constraint}, std::pair{"on_delete", &written.on_delete}}) {
      if (!value->value.empty()) error("idle-setting", value->span, fmt::format("{} has no effect without a foreign key", key), "write enforce: true, or delete the line");
    }
  }

  void add_path(TableId table, const plan::LogicalReference& written) {
    const TableId parent = names_.find_table(written.references.value.table, written.references.span);
    auto* into = borrowing(table, written, "jsonb\"");
    if (!into || parent == kNone) return;
    if (!model_.columns[into->column].document()) {
      return error("path", written.path.span, fmt::format("{} is {}: only documents have paths", model_.path(into->column), model_.columns[into->column].written->type.value),
                   "delete the line");
    }
    const auto parsed = plan::parse_path(written.path.value);
    if (const auto* bad = std::get_if<plan::BadPath>(&parsed)) {
      Span span = written.path.span;
      span.column += static_cast<int>(bad->at) + (span.length > static_cast<int>(written.path.value.size()));
      span.length = 1;
      return error("path", span, bad->wrong, "a path is $ and steps: .name, .\"any name\" or [*]; for example $.members[*].id");
    }
    const auto wanted = targets(written.references.value, parent, 1, written.references.span);
    if (wanted.empty()) return;
    const ColumnId key = listed(parent, wanted.front(), written.references.span, "integer\" (its type)");
    if (key == kNone || is_array_target(key, written.references.span)) return;
    const auto& path = std::get<plan::Path>(parsed);
    const auto same = std::find_if(into->places.begin(), into->places.end(), [&](const Place& p) { return p.path == path; });
    if (same != into->places.end()) {
      diagnostics_.error("path", written.path.span, "this path stands here twice", "delete one of them").see(same->span, "the first");
      return;
    }
    into->places.push_back({key, path, "", written.path.span});
  }

  void add_types(TableId table, const plan::LogicalReference& written) {
    auto* into = borrowing(table, written, "bigint\" (its type)");
    if (!into) return;
    const auto& column = model_.columns[into->column];
    if (column.array() || column.document()) {
      return error("types", written.columns.front().span, fmt::format("{} is {}: by types a column holds one key", model_.path(into->column), column.written->type.value),
                   "leave it out");
    }
    if (!into->places.empty()) {
      return error("types", written.type_column.span, fmt::format("{} has its types already", model_.path(into->column)), "write all of them in one reference");
    }
    into->type_column = written.type_column.value;
    for (const auto& type : written.types) {
      const auto& reference = type.references;
      const TableId parent = names_.find_table(reference.value.table, reference.span);
      if (parent == kNone) continue;
      const auto wanted = targets(reference.value, parent, 1, reference.span);
      const ColumnId key = wanted.empty() ? kNone : listed(parent, wanted.front(), reference.span, "integer\" (its type)");
      if (key != kNone && !is_array_target(key, reference.span)) into->places.push_back({key, {}, type.name.value, reference.span});
    }
  }

  // As PostgreSQL would name it, where that fits.
  std::string constraint_name(TableId child, const plan::LogicalReference& written) {
    if (!written.constraint.value.empty()) return written.constraint.value;
    const auto name = plan::constraint_name(model_.tables[child].name(), plan::to_strings(written.columns), "fkey");
    if (name.size() <= plan::kMaxName) return name;
    error("enforce", written.enforce.span, fmt::format("the name {} has {} bytes; PostgreSQL keeps {}", name, name.size(), plan::kMaxName),
          "give it one: constraint: and a shorter name");
    return {};
  }

  bool is_family(const plan::Table& table) {
    return !table.partitioning.value.empty() || !table.partition_of.value.name.empty() || !table.inherits.empty() ||
           std::any_of(model_.plan->tables.begin(), model_.plan->tables.end(), [&](const plan::Table& other) {
             return std::any_of(other.inherits.begin(), other.inherits.end(), [&](const auto& above) { return above.value == table.name.value; });
           });
  }

  void enforce(TableId child, TableId parent, const plan::LogicalReference& written, const std::vector<std::string>& wanted) {
    if (!written.enforce.value) return refuse_idle(written);
    const auto& of = *model_.tables[child].written;
    const auto& to = *model_.tables[parent].written;
    for (const auto& column : written.columns) {
      const ColumnId c = names_.find_column(child, column.value);
      if (c != kNone && model_.columns[c].array()) return refuse_enforce(written, "PostgreSQL has no foreign keys of the elements of arrays");
    }
    if (!is_key_of(to, wanted)) {
      return error("enforce", written.enforce.span, fmt::format("{} ({}) is neither its primary key nor a unique key in the plan", to_text(to.name.value), fmt::join(wanted, ", ")),
                   fmt::format("add it to {} under unique:, where there is one", to_text(to.name.value)));
    }
    if (is_family(of) || is_family(to)) {
      return error("enforce", written.enforce.span,
                   fmt::format("{} is partitioned, a partition, or has to do with tables that inherit: a foreign key cannot be added there beside writers",
                               to_text((is_family(of) ? of : to).name.value)),
                   "delete the line, and add it with statements of your own: sql: of a phase");
    }
    const auto name = constraint_name(child, written);
    if (name.empty()) return;
    const bool taken = std::any_of(of.foreign_keys.begin(), of.foreign_keys.end(), [&](const auto& fk) { return fk.name.value == name; }) ||
                       std::any_of(of.unique.begin(), of.unique.end(), [&](const auto& key) { return key.name.value == name; }) ||
                       std::any_of(model_.enforced.begin(), model_.enforced.end(), [&](const Enforced& e) { return e.child == child && e.name == name; });
    if (taken) {
      return error("enforce", written.enforce.span, fmt::format("{} has a constraint {} already", to_text(of.name.value), name), "give this one another name: constraint:");
    }
    model_.enforced.push_back({&written, child, parent, plan::to_strings(written.columns), wanted, name});
  }

  Model& model_;
  Names& names_;
  Diagnostics& diagnostics_;
};

}  // namespace

void add_logical_references(Model& model, Names& names, Diagnostics& diagnostics) {
  References references(model, names, diagnostics);
  for (TableId table = 0; table < static_cast<int>(model.tables.size()); ++table) {
    for (const auto& written : model.tables[table].written->logical_references) references.add(table, written);
  }
}

}  // namespace rekey::model
