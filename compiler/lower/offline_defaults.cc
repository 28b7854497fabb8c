#include "compiler/lower/offline_defaults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lower {

using model::ColumnId;
using model::TableId;
using nlohmann::json;

namespace {

bool has_default(const plan::Column& written) {
  return !written.sequence.value.empty() || !written.default_value.value.empty();
}

// Columns that share a family have the default of the column where they begin, those that had any.
std::string default_for_new_rows(const model::Model& model, ColumnId c) {
  const auto& column = model.columns[c];
  const auto& chosen = model.new_default(c);
  const bool of_parent = column.root && model.domain_of(c).generator == plan::Generator::parent;
  if (chosen == "none" || of_parent) return "";
  if (!chosen.empty()) return chosen;
  const bool member = column.above != model::kNone && has_default(*column.written);
  if (column.uuid() && !has_default(*column.written)) return "";  // the application makes them
  if (!column.root && !(member && model.columns[model.top(column.above)].root)) return "";
  return default_of_new_keys(*model.plan);
}

bool literal_default(const model::Model& model, ColumnId c) {
  return model.new_default(c).empty() && model.columns[c].default_ids.has_value();
}

// With calls of rekey.key() where keys stand.
std::string literal(const model::Model& model, const model::Column& column) {
  std::vector<std::string> keys;
  for (const auto& id : *column.default_ids) {
    keys.push_back(id ? fmt::format("rekey.key({}, {})", sql::literal(model.domains[column.domain].name), *id) : "NULL");
  }
  if (keys.empty()) return "'{}'::uuid[]";
  return column.array() ? fmt::format("ARRAY[{}]::uuid[]", fmt::join(keys, ", ")) : keys.front();
}

std::string set_default(const std::string& table, const model::Column& column, const std::string& value, const char* only = "ONLY ") {
  return fmt::format("ALTER TABLE {}{} ALTER COLUMN {} SET DEFAULT {}", only, table, sql::identifier(column.name()), value);
}

// With its semicolon; keys in it become constants.
std::string run(const std::string& statement, bool keys) {
  return keys ? fmt::format("CALL rekey.run_with_keys({});", sql::dollar_quoted(statement)) : statement + ";";
}

bool any_id(const model::Column& column) {
  return std::any_of(column.default_ids->begin(), column.default_ids->end(), [](auto id) { return id.has_value(); });
}

}  // namespace

std::string default_of_new_keys(const plan::Plan& plan) {
  if (!plan.new_keys.expression.value.empty()) return plan.new_keys.expression.value;
  const auto schema = new_keys_schema(plan);
  return schema.empty() ? "pg_catalog.uuidv7()" : sql::table({schema, "uuidv7"}) + "()";
}

std::string old_default(const plan::Column& written) {
  if (written.identity.value != plan::Identity::none) return "";
  const auto sequence = plan::parse_table_name(written.sequence.value);
  return sequence ? fmt::format("nextval({}::regclass)", sql::literal(sql::table(*sequence)))
                  : written.default_value.value;
}

std::string identity(const plan::Column& written) {
  const auto sequence = plan::parse_table_name(written.sequence.value);
  std::string options;
  if (sequence) options = "SEQUENCE NAME " + sql::table(*sequence);
  if (!written.sequence_options.value.empty()) options += " " + written.sequence_options.value;
  return fmt::format("ADD GENERATED {} AS IDENTITY ({})", written.identity.value == plan::Identity::always ? "ALWAYS" : "BY DEFAULT",
                     options);
}

std::string set_new_default(const OfflinePhase& context, ColumnId c, const char* only) {
  const auto& model = context.model;
  const auto& column = model.columns[c];
  const auto table = context.table(column.table);
  if (literal_default(model, c)) return run(set_default(table, column, literal(model, column), only), any_id(column));
  const auto fresh = default_for_new_rows(model, c);
  return fresh.empty() ? "" : run(set_default(table, column, fresh, only), false);
}

std::vector<std::string> defaults_that_rest(const OfflinePhase& context, TableId t) {
  const auto& model = context.model;
  std::vector<std::string> out;
  for (ColumnId c : model.tables[t].columns) {
    const auto& column = model.columns[c];
    if (context.changes_here(c)) continue;
    if (!model.changes(c) || model.phase_of(c) > context.number()) {
      if (const auto was = old_default(*column.written); !was.empty()) {
        out.push_back(run(set_default(context.table(t), column, was), false));
      }
    } else if (const auto statement = set_new_default(context, c); !statement.empty()) {
      out.push_back(statement);
    }
  }
  return out;
}

void Surroundings::add(ColumnId c, json& item) {
  const auto& column = context_.model.columns[c];
  if (column.document()) return;  // it keeps its type, and its default with it
  add_identity(column);
  const auto members = sharing(c);
  if (members.size() > 1 || context_.makes_anew(column.table)) {
    for (ColumnId m : members) add_default(m);
    return;
  }
  if (const auto was = old_default(*column.written); !was.empty()) item["old_default"] = was;
  if (literal_default(context_.model, c)) {
    add_literal_default(column);
    item["has_new_default"] = true;
  } else if (const auto fresh = default_for_new_rows(context_.model, c); !fresh.empty()) {
    item["new_default"] = fresh;
    item["has_new_default"] = true;
  }
}

void Surroundings::put(json& data) const {
  data["before"] = before_;
  data["after"] = after_;
  data["undo_before"] = undo_before_;
  data["undo_after"] = undo_after_;
}

std::string Surroundings::altered(const model::Column& column, const char* only) const {
  return fmt::format("ALTER TABLE {}{} ALTER COLUMN {} ", only, context_.table(column.table),
                     sql::identifier(column.name()));
}

// The column wherever it is in the family, itself first.
std::vector<ColumnId> Surroundings::sharing(ColumnId c) const {
  std::vector<ColumnId> out;
  for (TableId t : context_.model.family(context_.model.columns[c].table)) {
    for (ColumnId other : context_.model.tables[t].columns) {
      if (context_.model.top(other) == c) out.push_back(other);
    }
  }
  return out;
}

void Surroundings::add_identity(const model::Column& column) {
  const auto& written = *column.written;
  if (written.identity.value == plan::Identity::none) return;
  before_.push_back(altered(column, "") + "DROP IDENTITY;");
  undo_after_.push_back(altered(column, "") + identity(written) + ";");
  undo_after_.push_back(fmt::format("CALL rekey.restore_sequence({}, {});",
                                    sql::literal(context_.table(column.table)), sql::literal(column.name())));
}

void Surroundings::add_default(ColumnId c) {
  const auto& column = context_.model.columns[c];
  const auto was = old_default(*column.written);
  const auto fresh = default_for_new_rows(context_.model, c);
  if (!was.empty()) {
    before_.push_back(altered(column) + "DROP DEFAULT;");
    undo_after_.push_back(altered(column) + "SET DEFAULT " + was + ";");
  }
  if (literal_default(context_.model, c)) {
    add_literal_default(column);
  } else if (!fresh.empty()) {
    after_.push_back(altered(column) + "SET DEFAULT " + fresh + ";");
  } else {
    return;
  }
  undo_before_.push_back(altered(column) + "DROP DEFAULT;");
}

void Surroundings::add_literal_default(const model::Column& column) {
  after_.push_back(run(set_default(context_.table(column.table), column, literal(context_.model, column)), any_id(column)));
}

}  // namespace rekey::lower
