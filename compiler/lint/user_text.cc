#include "compiler/lint/user_text.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>
#include <set>
#include <string_view>

#include "compiler/lint/tokens.h"

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

std::string text_of(const PgQuery__Node& node) {
  return node.node_case == PG_QUERY__NODE__NODE_STRING ? node.string->sval : "";
}

// The first of so few names that a schema is not among them; empty: there is one, or the object has none.
std::string without_schema(PgQuery__Node** names, std::size_t count, std::size_t whole) {
  return count > 0 && count < whole ? text_of(*names[0]) : "";
}

std::string dropped_without_schema(const PgQuery__DropStmt& drop, const PgQuery__Node& object) {
  const auto kind = drop.remove_type;
  const bool on_table = kind == PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER || kind == PG_QUERY__OBJECT_TYPE__OBJECT_POLICY ||
                        kind == PG_QUERY__OBJECT_TYPE__OBJECT_RULE;
  switch (object.node_case) {
    case PG_QUERY__NODE__NODE_LIST: return without_schema(object.list->items, object.list->n_items, on_table ? 3 : 2);
    case PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS:
      return without_schema(object.object_with_args->objname, object.object_with_args->n_objname, 2);
    case PG_QUERY__NODE__NODE_TYPE_NAME: return without_schema(object.type_name->names, object.type_name->n_names, 2);
    default: return "";
  }
}

// Names of what statements make or drop that stand in no reference to a table.
void add_bare_names(const PgQuery__Node& node, std::set<std::string>& bare) {
  std::string name;
  if (node.node_case == PG_QUERY__NODE__NODE_DROP_STMT) {
    for (std::size_t i = 0; i < node.drop_stmt->n_objects; ++i) {
      bare.insert(dropped_without_schema(*node.drop_stmt, *node.drop_stmt->objects[i]));
    }
  } else if (node.node_case == PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT) {
    name = without_schema(node.create_function_stmt->funcname, node.create_function_stmt->n_funcname, 2);
  } else if (node.node_case == PG_QUERY__NODE__NODE_CREATE_ENUM_STMT) {
    name = without_schema(node.create_enum_stmt->type_name, node.create_enum_stmt->n_type_name, 2);
  } else if (node.node_case == PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT) {
    name = without_schema(node.create_domain_stmt->domainname, node.create_domain_stmt->n_domainname, 2);
  }
  bare.insert(name);
  bare.erase("");
}

}  // namespace

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

void check_no_comment_at_end(const plan::Text& text, Diagnostics& diagnostics) {
  if (!ends_with_comment(text.value)) return;
  diagnostics.error("sql-comment", text.span, "the comment at the end would swallow the SQL behind it",
                    "write the comment after # in the plan");
}

const PgQuery__SelectStmt* single_select(const ParsedSql& parsed) {
  if (parsed.statements().size() != 1) return nullptr;
  const auto& node = *parsed.statements().front();
  return node.node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? node.select_stmt : nullptr;
}

bool is_expression(const ParsedSql& parsed) {
  const auto* select = single_select(parsed);
  if (!select || select->n_target_list != 1 || select->n_from_clause != 0) return false;
  const auto& value = *select->target_list[0]->res_target->val;
  if (value.node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT) return false;
  return value.node_case != PG_QUERY__NODE__NODE_ROW_EXPR ||
         value.row_expr->row_format == PG_QUERY__COERCION_FORM__COERCE_EXPLICIT_CALL;  // not (a, b)
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

void check_query(const plan::Text& text, Diagnostics& diagnostics) {
  check(text, "a query with one result", "SELECT (\n" + text.value + "\n)", is_expression, diagnostics);
}

void check_schemas(const plan::Text& text, Diagnostics& diagnostics) {
  const ParsedSql parsed(text.value);
  std::set<std::string> known, bare;  // known: of a WITH, or temporary
  for (const auto* statement : parsed.statements()) {
    add_bare_names(*statement, bare);
    visit_messages(statement->base, [&](const ProtobufCMessage& inner) {
      if (inner.descriptor == &pg_query__common_table_expr__descriptor) {
        known.insert(reinterpret_cast<const PgQuery__CommonTableExpr&>(inner).ctename);
      } else if (inner.descriptor == &pg_query__range_var__descriptor) {
        const auto& table = reinterpret_cast<const PgQuery__RangeVar&>(inner);
        const std::string_view schema = table.schemaname ? table.schemaname : "";
        if (std::string_view(table.relpersistence) == "t") known.insert(table.relname);
        else if (schema.empty() && !std::string_view(table.relname).starts_with("pg_")) bare.insert(table.relname);
      }
      return true;
    });
  }
  for (const auto& name : bare) {
    if (known.contains(name)) continue;
    diagnostics.error("no-schema", text.span, fmt::format("{} is written without its schema", name),
                      fmt::format("write public.{}, or the schema that it is in: nothing else is looked up while a step runs", name));
  }
}

}  // namespace rekey::lint
