#include "compiler/lower/dependents.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using plan::DependentKind;

struct Kind {
  std::string_view word, drop;  // {0}: its name, {1}: its table
};

const Kind& kind_of(DependentKind kind) {
  static const Kind kinds[] = {
      {"view", "DROP VIEW {0};"},
      {"materialized view", "DROP MATERIALIZED VIEW {0};"},
      {"rule", "DROP RULE {0} ON {1};"},
      {"trigger", "DROP TRIGGER {0} ON {1};"},
      {"policy", "DROP POLICY {0} ON {1};"},
      {"check", "ALTER TABLE {1} DROP CONSTRAINT {0};"},
      {"exclusion constraint", "ALTER TABLE {1} DROP CONSTRAINT {0};"},
      {"index", "DROP INDEX {0};"},
      {"statistics", "DROP STATISTICS {0};"},
      {"function", "DROP FUNCTION {0};"},
      {"procedure", "DROP PROCEDURE {0};"},
      {"publication", ""},
      {"typed table", ""},
      {"generated column", ""},
      {"partitioned table", "DROP TABLE {0};"},
      {"object", ""}};
  return kinds[static_cast<int>(kind)];
}

// The statement's bytes with calls of rekey.key() where keys stand.
std::string with_keys(const model::Model& model, const model::Dependent& dependent, std::size_t begin,
                      std::size_t end, model::PhaseId phase, bool& any) {
  const std::string& text = dependent.written->definition.value;
  std::string out;
  for (const auto& edit : dependent.edits) {
    if (edit.offset < begin || edit.offset >= end) continue;
    if (edit.domain != model::kNone && model.domains[edit.domain].phase >= phase) continue;
    out += text.substr(begin, edit.offset - begin);
    out += edit.id ? fmt::format("rekey.key({}, {})", sql::literal(model.domains[edit.domain].name), *edit.id) : edit.text;
    begin = edit.offset + edit.length;
    any = any || edit.id;
  }
  return out + text.substr(begin, end - begin);
}

bool all_changed(const model::Model& model, const model::Dependent& dependent, model::PhaseId phase) {
  return std::all_of(dependent.tables.begin(), dependent.tables.end(), [&](model::TableId t) {
    const auto& columns = model.tables[t].columns;
    return std::all_of(columns.begin(), columns.end(),
                       [&](model::ColumnId c) { return model.phase_of(c) < phase; });
  });
}

bool is_replaced(const model::Model& model, const model::Dependent& dependent, model::PhaseId phase) {
  return !dependent.written->replacement.value.empty() && all_changed(model, dependent, phase);
}

}  // namespace

std::string_view word(DependentKind kind) { return kind_of(kind).word; }

std::string title(const plan::Dependent& dependent) {
  auto text = fmt::format("{} {}", word(dependent.kind.value), dependent.name.value);
  if (!dependent.table.value.name.empty()) text += " on " + sql::table(dependent.table.value);
  return text;
}

std::string drop_statement(const plan::Dependent& dependent) {
  if (!dependent.drop.value.empty()) return sql::ended(dependent.drop.value);
  return fmt::format(fmt::runtime(kind_of(dependent.kind.value).drop), dependent.name.value,
                     sql::table(dependent.table.value));
}

std::string statements_before(const model::Model& model, const model::Dependent& dependent,
                              model::PhaseId phase) {
  const auto& written = *dependent.written;
  if (is_replaced(model, dependent, phase)) return sql::ended(written.replacement.value);
  std::string out;
  for (const auto& [offset, length] : dependent.statements) {
    bool keys = false;
    auto statement = with_keys(model, dependent, offset, offset + length, phase, keys);
    if (keys) statement = fmt::format("CALL rekey.run_with_keys({})", sql::dollar_quoted(statement));
    out += (out.empty() ? "" : "\n") + sql::ended(statement);
  }
  return out;
}

std::string drop_before(const model::Model& model, const model::Dependent& dependent, model::PhaseId phase) {
  const bool other = !dependent.drop_replacement.empty() && is_replaced(model, dependent, phase);
  return other ? dependent.drop_replacement : drop_statement(*dependent.written);
}

bool leaves(const model::Dependent& dependent) { return dependent.handling == model::Dependent::Handling::moved; }
bool returns(const model::Dependent& dependent) { return dependent.written->set_aside.value.empty(); }

}  // namespace rekey::lower
