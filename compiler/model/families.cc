// Families: a table with its partitions, or with the tables that inherit from it. The server changes a
// column of all of them by one ALTER TABLE of the table where the column begins.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/model/resolve.h"
#include "compiler/plan/names.h"

namespace rekey::model {
namespace {

std::vector<const plan::Located<plan::TableName>*> parents_of(const plan::Table& written) {
  std::vector<const plan::Located<plan::TableName>*> out;
  if (!written.partition_of.value.name.empty()) out.push_back(&written.partition_of);
  for (const auto& parent : written.inherits) out.push_back(&parent);
  return out;
}

void tie(Model& model, TableId child, TableId parent, const plan::Located<plan::TableName>& written,
         Diagnostics& diagnostics) {
  model.tables[child].parents.push_back(parent);
  for (ColumnId above : model.tables[parent].columns) {
    const ColumnId c = column_named(model, child, model.columns[above].name());
    if (c == kNone) {
      diagnostics.error("half-listed", written.span,
                        fmt::format("{} has the column {} of {}, but does not list it",
                                    to_text(model.tables[child].name()), model.columns[above].name(),
                                    to_text(model.tables[parent].name())),
                        fmt::format("write \"{}: {}\" under its columns:", model.columns[above].name(),
                                    model.columns[above].written->type.value));
    } else if (model.columns[c].above == kNone) {
      model.columns[c].above = above;
    } else if (model.tables[child].written->change.value == plan::Change::keep) {
      model.logical_references.emplace_back(c, above);  // it stays, and so does the other parent
    } else {
      diagnostics.error("two-parents", written.span,
                        fmt::format("{} has the column {} from two parents, and the server changes neither",
                                    to_text(model.tables[child].name()), model.columns[c].name()),
                        "ALTER TABLE … NO INHERIT one of them until the migration is done, or leave the "
                        "tables out with change: keep");
    }
  }
}

bool is_defined(const Model& model, const Table& table) {
  return std::ranges::any_of(model.plan->dependents, [&](const plan::Dependent& d) {
    return d.kind.value == plan::DependentKind::partitioned_table && d.as_is.value.empty() &&
           plan::parse_table_name(d.name.value) == table.name();
  });
}

// Where rows go by a key, the table has to be made anew, with all that are partitioned above and below it.
void refuse_undefined_tables(const Model& model, Diagnostics& diagnostics) {
  for (const auto& table : model.tables) {
    if (!table.partitioned() || is_defined(model, table)) continue;
    const auto c = std::ranges::find_if(table.columns, [&](ColumnId c) { return model.changes(c) && model.parts_rows(c); });
    if (c == table.columns.end()) continue;
    diagnostics.error("partition-key", table.written->name.span,
                      fmt::format("{} has to be made anew, because the key column {} parts the rows of it, or of tables "
                                  "above or below it: the plan does not say how",
                                  to_text(table.name()), model.columns[*c].name()),
                      "draft the plan anew with rekeyc inspect: the definition is among its dependents, of kind "
                      "\"partitioned table\". Or leave it and what it is tied to out with change: keep");
  }
}

}  // namespace

void tie_families(Model& model, Diagnostics& diagnostics) {
  std::map<plan::TableName, TableId> known;
  for (std::size_t t = 0; t < model.tables.size(); ++t) known[model.tables[t].name()] = static_cast<int>(t);
  for (std::size_t t = 0; t < model.tables.size(); ++t) {
    for (const auto* written : parents_of(*model.tables[t].written)) {
      const auto found = known.find(written->value);
      if (found != known.end()) {
        tie(model, static_cast<int>(t), found->second, *written, diagnostics);
        model.tables[found->second].children.push_back(static_cast<int>(t));
        continue;
      }
      diagnostics.error("unknown-table", written->span,
                        fmt::format("table {} is not in the plan", to_text(written->value)),
                        "add it under tables:, or delete the line where it shares no key column");
    }
  }
}

void check_families(const Model& model, Diagnostics& diagnostics) { refuse_undefined_tables(model, diagnostics); }

ColumnId Model::top(ColumnId c) const {
  while (columns[c].above != kNone) c = columns[c].above;
  return c;
}

bool Model::parts_rows(ColumnId c) const {
  const auto tables_of_it = family(columns[top(c)].table);
  return std::ranges::any_of(tables_of_it, [&](TableId t) {
    return std::ranges::any_of(tables[t].written->partition_columns,
                               [&](const auto& part) { return part.value == columns[c].name(); });
  });
}

const std::string& Model::new_default(ColumnId c) const {
  const auto& written = *columns[c].written;
  const ColumnId above = columns[c].above;
  const bool has_default = !written.sequence.value.empty() || !written.default_value.value.empty();
  if (!written.new_default.value.empty() || !has_default || above == kNone ||
      written.default_value.value != columns[above].written->default_value.value) {
    return written.new_default.value;
  }
  return new_default(above);
}

std::vector<TableId> Model::family(TableId t) const {
  std::vector<TableId> out{t};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& below = tables[out[i]].children;
    out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

}  // namespace rekey::model
