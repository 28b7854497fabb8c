#include "compiler/lint/user_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "compiler/lint/parse_sql.h"
#include "compiler/lint/tokens.h"
#include "compiler/lower/dependents.h"

namespace rekey::lint {
namespace {

// The parser's trees are as deep as an expression is long, and walked on the stack.
constexpr std::size_t kMostTokens = 1000;

// No parenthesis closes one that was opened outside of the text.
bool balanced(const std::string& text) {
  const auto tokens = tokens_of(text);
  int depth = 0;
  for (const Token& token : tokens) {
    if (token.kind == PG_QUERY__TOKEN__ASCII_40) ++depth;
    if (token.kind == PG_QUERY__TOKEN__ASCII_41 && --depth < 0) return false;
  }
  return !tokens.empty() && depth == 0;
}

// One that no line feed ends.
bool ends_with_comment(const std::string& text) {
  const auto tokens = tokens_of(text);
  return !tokens.empty() && tokens.back().kind == PG_QUERY__TOKEN__SQL_COMMENT &&
         tokens.back().end == text.size();
}

// psql replaces :name, :'name' and :"name" by its variables.
bool psql_would_replace(const std::string& text) {
  for (const Token& token : tokens_of(text)) {
    if (token.kind != PG_QUERY__TOKEN__ASCII_58) continue;
    const unsigned char next = text.c_str()[token.end];
    if (std::isalpha(next) || next == '_' || next == '\'' || next == '"' || next >= 0x80) return true;
  }
  return false;
}

const PgQuery__SelectStmt* single_select(const ParsedSql& parsed) {
  if (parsed.statements().size() != 1) return nullptr;
  const auto& node = *parsed.statements().front();
  return node.node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? node.select_stmt : nullptr;
}

std::optional<std::string> parse_error(const std::string& text, const std::string& framed,
                                       bool (*shape)(const ParsedSql&)) {
  try {
    const ParsedSql parsed(framed);
    if (!shape(parsed) || !balanced(text)) return "it is more than that";
    return std::nullopt;
  } catch (const SyntaxError& error) {
    const std::string message = error.what();
    const auto end = message.find('\n');  // what it is near to may run into our frame
    return end == std::string::npos ? message : message.substr(0, end) + "\"";
  }
}

bool is_expression(const ParsedSql& parsed) {
  const auto* select = single_select(parsed);
  if (!select || select->n_target_list != 1 || select->n_from_clause != 0) return false;
  const auto& value = *select->target_list[0]->res_target->val;
  if (value.node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT) return false;
  return value.node_case != PG_QUERY__NODE__NODE_ROW_EXPR ||
         value.row_expr->row_format == PG_QUERY__COERCION_FORM__COERCE_EXPLICIT_CALL;  // not (a, b)
}

bool is_identity(const ParsedSql& parsed) {
  if (parsed.statements().size() != 1) return false;
  const auto& node = *parsed.statements().front();
  return node.node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT && node.alter_table_stmt->n_cmds == 1;
}

// True for a text that is there and is let through.
bool check(const plan::Text& text, const char* what, const std::string& framed,
           bool (*shape)(const ParsedSql&), Diagnostics& diagnostics) {
  if (text.value.empty()) return false;
  if (const auto count = tokens_of(text.value).size(); count > kMostTokens) {
    diagnostics.error("long-sql", text.span,
                      fmt::format("this has {} words and signs; {} is the most", count, kMostTokens),
                      "make a function of it and call that");
  } else if (const auto error = parse_error(text.value, framed, shape)) {
    diagnostics.error("sql", text.span, fmt::format("this is not {}: {}", what, *error),
                      "write it as it would stand in SQL");
  } else if (psql_would_replace(text.value)) {
    diagnostics.error("psql-variable", text.span, "psql would take :name for one of its variables",
                      "put a space after the colon, or a cast in place of it");
  } else {
    return true;
  }
  return false;
}

// More SQL follows on the line.
void check_no_comment_at_end(const plan::Text& text, Diagnostics& diagnostics) {
  if (!ends_with_comment(text.value)) return;
  diagnostics.error("sql-comment", text.span, "the comment at the end would swallow the SQL behind it",
                    "write the comment after # in the plan");
}

// The line feeds keep a comment at the end from swallowing the parenthesis.
void check_expression(const plan::Text& text, Diagnostics& diagnostics) {
  // Bare, a query is none; in parentheses, a list of clauses is none.
  const char* const what = "an SQL expression";
  if (check(text, what, "SELECT\n" + text.value + "\n", [](const ParsedSql&) { return true; }, diagnostics) &&
      check(text, what, "SELECT (\n" + text.value + "\n)", is_expression, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

void check_sequence_options(const plan::Text& text, Diagnostics& diagnostics) {
  const auto framed = "ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY (\n" + text.value + "\n)";
  if (check(text, "a list of sequence options", framed, is_identity, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

bool is_null_of_a_type(const ParsedSql& parsed) {
  if (!is_expression(parsed)) return false;
  const auto& value = *single_select(parsed)->target_list[0]->res_target->val;
  return value.node_case == PG_QUERY__NODE__NODE_TYPE_CAST &&
         value.type_cast->arg->node_case == PG_QUERY__NODE__NODE_A_CONST && !value.type_cast->type_name->setof;
}

void check_type_name(const plan::Text& text, Diagnostics& diagnostics) {
  if (check(text, "the name of a type", "SELECT (NULL::\n" + text.value + "\n)", is_null_of_a_type, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

bool is_index(const ParsedSql& parsed) {
  const auto& all = parsed.statements();
  return all.size() == 1 && all.front()->node_case == PG_QUERY__NODE__NODE_INDEX_STMT;
}

// What follows USING.
void check_index(const plan::Text& text, Diagnostics& diagnostics) {
  if (check(text, "an index's definition", "CREATE INDEX i ON t USING\n" + text.value + "\n", is_index, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

// That gives one value.
void check_query(const plan::Text& text, Diagnostics& diagnostics) {
  check(text, "a query with one result", "SELECT (\n" + text.value + "\n)", is_expression, diagnostics);
}

bool is_drop(const PgQuery__Node* node) {
  if (node->node_case == PG_QUERY__NODE__NODE_DROP_STMT) return node->drop_stmt->n_objects == 1;
  return node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT ||
         node->node_case == PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT ||
         node->node_case == PG_QUERY__NODE__NODE_ALTER_SEQ_STMT;
}

bool are_drops(const ParsedSql& parsed) {
  const auto& all = parsed.statements();
  return !all.empty() && std::all_of(all.begin(), all.end(), is_drop);
}

bool is_one_drop(const ParsedSql& parsed) { return parsed.statements().size() == 1 && are_drops(parsed); }

// What a step can run: it has a transaction of its own.
bool are_statements(const ParsedSql& parsed) {
  return !parsed.statements().empty() &&
         std::none_of(parsed.statements().begin(), parsed.statements().end(), [](const PgQuery__Node* s) {
           return s->node_case == PG_QUERY__NODE__NODE_TRANSACTION_STMT ||
                  s->node_case == PG_QUERY__NODE__NODE_COPY_STMT;
         });
}

void check_statements(const plan::Text& text, const char* what, bool (*shape)(const ParsedSql&),
                      Diagnostics& diagnostics) {
  if (check(text, what, text.value, shape, diagnostics)) check_no_comment_at_end(text, diagnostics);
}

void check_dependent(const plan::Dependent& dependent, Diagnostics& diagnostics) {
  const auto drop = lower::drop_statement(dependent);
  if (!dependent.drop.value.empty()) {
    check_statements(dependent.drop, "statements that drop one thing each", are_drops, diagnostics);
  } else if (!drop.empty()) {
    check({dependent.name.value, dependent.name.span}, "a name as SQL writes it", drop, is_one_drop, diagnostics);
  } else if (dependent.as_is.value.empty() && dependent.problem.value.empty()) {
    diagnostics.error("no-drop", dependent.name.span,
                      fmt::format("nothing says how {} is dropped", lower::title(dependent)),
                      "write the statement after drop:");
  }
  const char* const what = "a list of statements outside of a transaction block";
  check_statements(dependent.definition, what, are_statements, diagnostics);
  check_statements(dependent.replacement, what, are_statements, diagnostics);
}

}  // namespace

void check_user_sql(const plan::Plan& plan, Diagnostics& diagnostics) {
  check_expression(plan.new_keys.expression, diagnostics);
  check_query(plan.backfill.wait_while, diagnostics);
  for (const auto& table : plan.tables) {
    for (const auto& column : table.columns) {
      if (column.new_default.value != "none") check_expression(column.new_default, diagnostics);
      check_expression(column.default_value, diagnostics);
      check_type_name(column.type_name, diagnostics);
      check_sequence_options(column.sequence_options, diagnostics);
    }
    check_expression(table.key_expression, diagnostics);
    check_expression(table.keep_expression, diagnostics);
    check_expression(table.inventory.unprocessed, diagnostics);
    check_expression(table.inventory.where, diagnostics);
    for (const auto& index : table.indexes) check_index(index.definition, diagnostics);
  }
  for (const auto& dependent : plan.dependents) check_dependent(dependent, diagnostics);
  for (const auto& phase : plan.phases) {
    for (const auto& probe : phase.probes) check_query(probe.query, diagnostics);
  }
}

}  // namespace rekey::lint
