#include "compiler/lint/user_sql.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "compiler/lint/parse_sql.h"

namespace rekey::lint {
namespace {

// psql replaces :name, :'name' and :"name" outside of quotes by its variables.
bool psql_would_replace(const std::string& text) {
  char quote = 0;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const char c = text[i];
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ':') {
      const char next = text[i + 1];
      if (next == ':') ++i;
      else if (std::isalpha(static_cast<unsigned char>(next)) || next == '_' || next == '\'' || next == '"') return true;
    }
  }
  return false;
}

const PgQuery__SelectStmt* single_select(const ParsedSql& parsed) {
  if (parsed.statements().size() != 1) return nullptr;
  const auto& node = *parsed.statements().front().node;
  return node.node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? node.select_stmt : nullptr;
}

std::optional<std::string> parse_error(const std::string& text, bool (*shape)(const ParsedSql&)) {
  try {
    const ParsedSql parsed(text);
    if (!shape(parsed)) return "it is more than that";
    return std::nullopt;
  } catch (const SyntaxError& error) {
    return error.what();
  }
}

bool is_expression(const ParsedSql& parsed) {
  const auto* select = single_select(parsed);
  return select && select->n_target_list == 1 && select->n_from_clause == 0 && !select->where_clause &&
         select->op == PG_QUERY__SET_OPERATION__SETOP_NONE;
}


bool is_identity(const ParsedSql& parsed) {
  if (parsed.statements().size() != 1) return false;
  const auto& node = *parsed.statements().front().node;
  return node.node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT && node.alter_table_stmt->n_cmds == 1;
}

void check(const plan::Text& text, const char* what, const std::string& framed,
           bool (*shape)(const ParsedSql&), Diagnostics& diagnostics) {
  if (text.value.empty()) return;
  if (const auto error = parse_error(framed, shape)) {
    diagnostics.error("sql", text.span, fmt::format("this is not {}: {}", what, *error),
                      "write it as it would stand in SQL");
  } else if (psql_would_replace(text.value)) {
    diagnostics.error("psql-variable", text.span, "psql would take :name for one of its variables",
                      "put a space after the colon, or a cast in place of it");
  }
}

// The line feeds keep a comment at the end from swallowing the parenthesis.
void check_expression(const plan::Text& text, Diagnostics& diagnostics) {
  check(text, "an SQL expression", "SELECT (\n" + text.value + "\n)", is_expression, diagnostics);
}

}  // namespace

void check_user_sql(const plan::Plan& plan, Diagnostics& diagnostics) {
  check_expression(plan.new_keys.expression, diagnostics);
  for (const auto& table : plan.tables) {
    for (const auto& column : table.columns) {
      if (column.new_default.value != "none") check_expression(column.new_default, diagnostics);
      check_expression(column.default_value, diagnostics);
      check(column.sequence_options, "a list of sequence options",
            "ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY (\n" +
                column.sequence_options.value + "\n)",
            is_identity, diagnostics);
    }
  }
  for (const auto& phase : plan.phases) {
    for (const auto& probe : phase.probes) {
      check(probe.query, "a query with one result", "SELECT (\n" + probe.query.value + "\n)", is_expression,
            diagnostics);
    }
  }
}

}  // namespace rekey::lint
