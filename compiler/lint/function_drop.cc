#include "compiler/lint/function_drop.h"

#include <pg_query.h>

#include <vector>

namespace rekey::lint {
namespace {

// The tree of one statement as text.
std::string text_of(PgQuery__Node& statement) {
  PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT;
  raw.stmt = &statement;
  PgQuery__RawStmt* list[] = {&raw};
  PgQuery__ParseResult tree = PG_QUERY__PARSE_RESULT__INIT;
  tree.version = PG_VERSION_NUM;
  tree.n_stmts = 1;
  tree.stmts = list;
  std::vector<std::uint8_t> bytes(pg_query__parse_result__get_packed_size(&tree));
  pg_query__parse_result__pack(&tree, bytes.data());
  const PgQueryDeparseResult result =
      pg_query_deparse_protobuf({bytes.size(), reinterpret_cast<char*>(bytes.data())});
  const std::string text = result.error ? "" : result.query;
  pg_query_free_deparse_result(result);
  return text;
}

// Arguments that tell one function from another of its name.
std::vector<PgQuery__Node> argument_types(const PgQuery__CreateFunctionStmt& function) {
  std::vector<PgQuery__Node> types;
  for (std::size_t i = 0; i < function.n_parameters; ++i) {
    const auto& parameter = *function.parameters[i]->function_parameter;
    if (parameter.mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT ||
        parameter.mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE) {
      continue;
    }
    PgQuery__Node& type = types.emplace_back(PgQuery__Node PG_QUERY__NODE__INIT);
    type.node_case = PG_QUERY__NODE__NODE_TYPE_NAME;
    type.type_name = parameter.arg_type;
  }
  return types;
}

std::string drop_of(const PgQuery__CreateFunctionStmt& function) {
  auto types = argument_types(function);
  std::vector<PgQuery__Node*> places;
  for (auto& type : types) places.push_back(&type);
  PgQuery__ObjectWithArgs object = PG_QUERY__OBJECT_WITH_ARGS__INIT;
  object.n_objname = function.n_funcname;
  object.objname = function.funcname;
  object.n_objargs = places.size();
  object.objargs = places.data();
  PgQuery__Node named = PG_QUERY__NODE__INIT;
  named.node_case = PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS;
  named.object_with_args = &object;
  PgQuery__Node* objects[] = {&named};
  PgQuery__DropStmt drop = PG_QUERY__DROP_STMT__INIT;
  drop.n_objects = 1;
  drop.objects = objects;
  drop.remove_type = function.is_procedure ? PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE
                                           : PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION;
  drop.behavior = PG_QUERY__DROP_BEHAVIOR__DROP_RESTRICT;
  PgQuery__Node statement = PG_QUERY__NODE__INIT;
  statement.node_case = PG_QUERY__NODE__NODE_DROP_STMT;
  statement.drop_stmt = &drop;
  return text_of(statement);
}

}  // namespace

std::string drops_of_functions(const ParsedSql& sql) {
  std::string out;
  for (const auto* statement : sql.statements()) {
    if (statement->node_case != PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT) continue;
    out += (out.empty() ? "" : "\n") + drop_of(*statement->create_function_stmt) + ";";
  }
  return out;
}

std::vector<std::string> functions_made(const std::string& sql) {
  std::vector<std::string> out;
  if (sql.empty()) return out;
  const ParsedSql parsed(sql);
  for (const auto* statement : parsed.statements()) {
    if (statement->node_case != PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT) continue;
    const auto drop = drop_of(*statement->create_function_stmt);
    out.push_back(drop.substr(drop.find(' ', drop.find(' ') + 1) + 1));  // after DROP FUNCTION
  }
  return out;
}

}  // namespace rekey::lint
