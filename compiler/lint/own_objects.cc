#include "compiler/lint/own_objects.h"

#include <set>

#include "compiler/lint/parse_sql.h"
#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

bool writes_rows(const PgQuery__Node& node) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT: return true;
    default: return false;
  }
}

// The one that CREATE VIEW makes, not those that its query reads.
std::vector<std::string> objects_of(const PgQuery__Node& node) {
  if (writes_rows(node)) return {};
  if (node.node_case == PG_QUERY__NODE__NODE_VIEW_STMT) return {table_name(*node.view_stmt->view)};
  if (node.node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT) return {table_name(*node.create_table_as_stmt->into->rel)};
  if (node.node_case != PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT) return tables_in(node.base);
  const auto& function = *node.create_function_stmt;
  if (function.n_funcname != 2) return {};
  return {sql::identifier(function.funcname[0]->string->sval) + "." + sql::identifier(function.funcname[1]->string->sval)};
}

}  // namespace

std::vector<std::string> own_objects(const std::string& statements) {
  std::set<std::string> out;
  const ParsedSql parsed(statements);
  for (const auto* statement : parsed.statements()) {
    for (auto& name : objects_of(*statement)) out.insert(std::move(name));
  }
  return {out.begin(), out.end()};
}

}  // namespace rekey::lint
