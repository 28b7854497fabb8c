#include "compiler/lint/key_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/lint/key_reader.h"
#include "compiler/lint/parse_sql.h"
#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

// Reads the statements of one definition in their order.
class Definition {
 public:
  Definition(const Source& source, const KeyColumns& keys)
      : source_(source), flow_(source_), reader_(source_, keys, flow_, use_) {}

  void read(const Node& node);
  void read_expression(const Node& node, const KeyOf* result);
  KeyUse finish(std::size_t shift);

 private:
  Scope scope_of(const PgQuery__RangeVar& range) {
    Scope scope;
    scope.relations.push_back(std::make_shared<Relation>(reader_.table(range)));
    return scope;
  }
  void output(const std::string& table, const std::string& column, const Value& value);
  void read_view(const PgQuery__RangeVar& view, const Node& query, Node* const* names,
                 std::size_t count);
  void read_rule(const PgQuery__RuleStmt& rule);
  void read_trigger(const PgQuery__CreateTrigStmt& trigger);
  void read_alter_table(const PgQuery__AlterTableStmt& alter);
  void set_expression(const PgQuery__Node* expression, const Scope& scope);
  void read_constraint(const PgQuery__Constraint& constraint, const Scope& scope);
  void read_new_column(const PgQuery__ColumnDef& column, const Scope& scope);
  void read_index(const PgQuery__IndexStmt& index);
  void read_index_column(const PgQuery__IndexElem& column, const Scope& scope,
                         const std::string& method, const std::string& op);
  void read_statistics(const PgQuery__CreateStatsStmt& statistics);
  void read_function(const PgQuery__CreateFunctionStmt& function);
  void read_result(const PgQuery__CreateFunctionStmt& function, const Relation& output);
  void read_publication(Node* const* objects, std::size_t count);

  const Source& source_;
  std::set<std::string> created_;
  KeyUse use_;
  KeyFlow flow_;
  KeyReader reader_;
};

std::size_t last(std::size_t count) { return count - 1; }

void Definition::output(const std::string& table, const std::string& column, const Value& value) {
  if (value.row && value.row->has_keys(flow_)) {
    flow_.problem({nullptr, column},
                  "a column of whole rows cannot be followed: name their columns");
  }
  const KeyOf* key = flow_.resolve(value.kind);
  if (!key || (value.shape == Value::text && !key->is_document())) return;
  KeyOf found = *key;
  found.array = value.shape == Value::array;
  use_.outputs.push_back({column, found});
  reader_.create(table, column, found);
}

void Definition::read_view(const PgQuery__RangeVar& view, const Node& query, Node* const* names,
                           std::size_t count) {
  created_.insert(table_name(view));
  Relation columns = reader_.statement(query, nullptr);
  reader_.rename(columns, texts_of(names, count), {&query.base});
  for (const auto& column : columns.columns) output(table_name(view), column.name, column.value);
}

// What a rule gives back stands for the columns of its view.
void Definition::read_rule(const PgQuery__RuleStmt& rule) {
  Scope scope = scope_of(*rule.relation);
  const Relation target = *scope.relations.back();
  scope.relations.clear();
  for (const char* name : {"old", "new"}) {
    scope.relations.push_back(std::make_shared<Relation>(target));
    std::const_pointer_cast<Relation>(scope.relations.back())->name = name;
  }
  reader_.expression(rule.where_clause, scope);
  for (std::size_t i = 0; i < rule.n_actions; ++i) {
    const Relation given = reader_.statement(*rule.actions[i], &scope);
    for (const auto& column : given.columns) {
      if (const auto* of = target.find(column.name))
        reader_.meet(of->value, column.value, column.place, "mixes");
    }
  }
}

void Definition::read_trigger(const PgQuery__CreateTrigStmt& trigger) {
  const Relation target = reader_.table(*trigger.relation);
  Scope scope;
  for (const char* name : {"old", "new"}) {
    scope.relations.push_back(std::make_shared<Relation>(target));
    std::const_pointer_cast<Relation>(scope.relations.back())->name = name;
  }
  reader_.expression(trigger.when_clause, scope);
  const auto parts = texts_of(trigger.funcname, trigger.n_funcname);
  reader_.call_of((parts.size() > 1 ? sql::identifier(parts[0]) + "." : "") +
                  sql::identifier(parts.back()));
}

void Definition::read_index_column(const PgQuery__IndexElem& column, const Scope& scope,
                                   const std::string& method, const std::string& op) {
  Value value;
  Place place{column.expr ? &column.expr->base : nullptr, column.name ? column.name : ""};
  if (column.expr)
    value = reader_.expression(column.expr, scope);
  else if (const auto* found = scope.relations.back()->find(column.name))
    value = found->value;
  static const std::string_view known[] = {"", "btree", "hash", "gist", "gin", "brin"};
  if (std::find(std::begin(known), std::end(known), method) == std::end(known)) {
    reader_.refuse(value, place, fmt::format("{} indexes cannot hold uuid", method));
  }
  if (column.n_opclass > 0 && value.shape != Value::text) {
    const std::string name = text_of(column.opclass[last(column.n_opclass)]);
    reader_.refuse(value, place, fmt::format("operator class {} is none of uuid", name));
  }
  if (!op.empty() && op != "=" && op != "<>") {
    reader_.refuse(value, place, fmt::format("operator {} on a key cannot be followed", op));
  }
}

void Definition::read_index(const PgQuery__IndexStmt& index) {
  const Scope scope = scope_of(*index.relation);
  const std::string schema = index.relation->schemaname;
  created_.insert((schema.empty() ? "" : sql::identifier(schema) + ".") +
                  sql::identifier(index.idxname));
  const std::string method = index.access_method ? index.access_method : "";
  for (std::size_t i = 0; i < index.n_index_params; ++i) {
    read_index_column(*index.index_params[i]->index_elem, scope, method, "");
  }
  reader_.expression(index.where_clause, scope);
}

void Definition::read_constraint(const PgQuery__Constraint& constraint, const Scope& scope) {
  reader_.expression(constraint.raw_expr, scope);
  for (std::size_t i = 0; i < constraint.n_exclusions; ++i) {
    const auto& pair = *constraint.exclusions[i]->list;  // what, operator
    const auto& op = *pair.items[1]->list;
    read_index_column(*pair.items[0]->index_elem, scope, constraint.access_method,
                      text_of(op.items[last(op.n_items)]));
  }
  reader_.expression(constraint.where_clause, scope);
}

// A generated column of integers that holds keys becomes uuid as well.
void Definition::read_new_column(const PgQuery__ColumnDef& column, const Scope& scope) {
  for (std::size_t i = 0; i < column.n_constraints; ++i) {
    const auto& constraint = *column.constraints[i]->constraint;
    const Value value = reader_.expression(constraint.raw_expr, scope);
    if (constraint.contype != PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) continue;
    if (is_integer_type(*column.type_name) && value.shape != Value::text) {
      flow_.edit(value.kind, source_.type_name(*column.type_name),
                 value.shape == Value::array ? "uuid[]" : "uuid");
      output(scope.relations.back()->table, column.colname, value);
    } else if (is_uuid_type(*column.type_name) && value.shape != Value::text) {
      output(scope.relations.back()->table, column.colname, value);
    } else if (!is_text_type(*column.type_name)) {
      reader_.refuse(value, {&constraint.raw_expr->base}, "the column cannot hold a uuid");
    }
  }
}

void Definition::read_alter_table(const PgQuery__AlterTableStmt& alter) {
  const Scope scope = scope_of(*alter.relation);
  for (std::size_t i = 0; i < alter.n_cmds; ++i) {
    const auto& command = *alter.cmds[i]->alter_table_cmd;
    switch (command.subtype) {
      case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        read_constraint(*command.def->constraint, scope);
        break;
      case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
        read_new_column(*command.def->column_def, scope);
        break;
      case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
        if (!command.def) break;
        reader_.assign(*scope.relations.back(), command.name, reader_.expression(command.def, {}),
                       {&command.def->base});
        break;
      case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:  // SET EXPRESSION, in older words
        set_expression(command.def->column_def->raw_default, scope);
        break;
#if PG_VERSION_NUM >= 170000
      case PG_QUERY__ALTER_TABLE_TYPE__AT_SetExpression: set_expression(command.def, scope); break;
#endif
      default: reader_.expression(command.def, scope); break;
    }
  }
}

void Definition::set_expression(const PgQuery__Node* expression, const Scope& scope) {
  const Value value = reader_.expression(expression, scope);
  if (value.shape != Value::text && expression) {
    reader_.refuse(value, {&expression->base}, "the column cannot hold a uuid");
  }
}

void Definition::read_statistics(const PgQuery__CreateStatsStmt& statistics) {
  Scope scope;
  for (std::size_t i = 0; i < statistics.n_relations; ++i) {
    scope.relations.push_back(
        std::make_shared<Relation>(reader_.table(*statistics.relations[i]->range_var)));
  }
  for (std::size_t i = 0; i < statistics.n_exprs; ++i) {
    reader_.expression(statistics.exprs[i]->stats_elem->expr, scope);
  }
}

// Positions of a function's result: its columns, or the one type.
void Definition::read_result(const PgQuery__CreateFunctionStmt& function, const Relation& output) {
  std::vector<const PgQuery__TypeName*> types;
  for (std::size_t i = 0; i < function.n_parameters; ++i) {
    const auto& parameter = *function.parameters[i]->function_parameter;
    if (parameter.mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT ||
        parameter.mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_INOUT ||
        parameter.mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE) {
      types.push_back(parameter.arg_type);
    }
  }
  if (types.empty() && function.return_type) {
    const auto& type = *function.return_type;
    const std::string name = text_of(type.names[last(type.n_names)]);
    if (name == "void" || name == "record") return;
    if (type.n_names == 2) {
      const Relation rows = reader_.rows_of(text_of(type.names[0]), name);
      if (output.columns.size() == 1 && output.columns[0].value.row &&
          output.columns[0].value.row->table == rows.table) {
        return;
      }
      for (const auto& column : rows.columns) {
        const auto* given = output.find(column.name);
        if (given)
          reader_.meet(column.value, given->value, given->place, "mixes");
        else
          flow_.problem({nullptr, column.name},
                        "it cannot be told which column of the result this is");
      }
      if (rows.has_keys(flow_)) return;
    }
    types.push_back(&type);
  }
  for (std::size_t i = 0; i < types.size() && i < output.columns.size(); ++i) {
    if (is_text_type(*types[i]) || is_uuid_type(*types[i])) continue;
    reader_.refuse(output.columns[i].value, output.columns[i].place,
                   fmt::format("the function gives a key as {}",
                               source_.excerpt(source_.type_name(*types[i]))));
  }
  if (!output.complete && output.has_keys(flow_)) {
    flow_.problem({nullptr, "*"},
                  "it cannot be told which column of the result is a key: name the columns");
  }
}

void Definition::read_function(const PgQuery__CreateFunctionStmt& function) {
  if (!function.sql_body) {
    flow_.problem(
        {nullptr},
        "the body of the function is a text, which cannot be followed: give a replacement");
    return;
  }
  Relation parameters{text_of(function.funcname[last(function.n_funcname)]), "", {}};
  for (std::size_t i = 0; i < function.n_parameters; ++i) {
    const auto& parameter = *function.parameters[i]->function_parameter;
    reader_.expression(parameter.defexpr, {});
    parameters.columns.push_back({parameter.name, {}, {nullptr}});
    const auto& type = *parameter.arg_type;
    if (type.n_names != 2 || type.n_array_bounds > 0) continue;
    const auto rows =
        std::make_shared<Relation>(reader_.rows_of(text_of(type.names[0]), text_of(type.names[1])));
    if (!rows->columns.empty()) parameters.columns.back().value.row = rows;
  }
  Scope scope;
  scope.relations.push_back(std::make_shared<Relation>(std::move(parameters)));
  const Node& body = *function.sql_body;
  Relation output;
  if (body.node_case == PG_QUERY__NODE__NODE_RETURN_STMT) {
    const Node* value = body.return_stmt->returnval;
    output.columns.push_back({"", reader_.expression(value, scope), {&value->base}});
  } else {
    const auto& list = *body.list->items[0]->list;
    for (std::size_t i = 0; i < list.n_items; ++i)
      output = reader_.statement(*list.items[i], &scope);
  }
  read_result(function, output);
}

void Definition::read_publication(Node* const* objects, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto* table = objects[i]->publication_obj_spec->pubtable;
    if (table) reader_.expression(table->where_clause, scope_of(*table->relation));
  }
}

void Definition::read(const Node& node) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_VIEW_STMT:
      return read_view(*node.view_stmt->view, *node.view_stmt->query, node.view_stmt->aliases,
                       node.view_stmt->n_aliases);
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT: {
      const auto& into = *node.create_table_as_stmt->into;
      return read_view(*into.rel, *node.create_table_as_stmt->query, into.col_names,
                       into.n_col_names);
    }
    case PG_QUERY__NODE__NODE_SELECT_STMT: {
      static const PgQuery__RangeVar kNone = PG_QUERY__RANGE_VAR__INIT;
      return read_view(kNone, node, nullptr, 0);
    }
    case PG_QUERY__NODE__NODE_RULE_STMT: return read_rule(*node.rule_stmt);
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT: return read_trigger(*node.create_trig_stmt);
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT: {
      const Scope scope = scope_of(*node.create_policy_stmt->table);
      reader_.expression(node.create_policy_stmt->qual, scope);
      reader_.expression(node.create_policy_stmt->with_check, scope);
      return;
    }
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT: return read_alter_table(*node.alter_table_stmt);
    case PG_QUERY__NODE__NODE_INDEX_STMT: return read_index(*node.index_stmt);
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT: return read_statistics(*node.create_stats_stmt);
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
      return read_function(*node.create_function_stmt);
    case PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT:
      return read_publication(node.create_publication_stmt->pubobjects,
                              node.create_publication_stmt->n_pubobjects);
    case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
      return read_publication(node.alter_publication_stmt->pubobjects,
                              node.alter_publication_stmt->n_pubobjects);
    // What goes with an object and holds no expression.
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
    case PG_QUERY__NODE__NODE_GRANT_STMT:
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
    case PG_QUERY__NODE__NODE_SEC_LABEL_STMT:
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
    case PG_QUERY__NODE__NODE_ALTER_STATS_STMT: return;
    case PG_QUERY__NODE__NODE_DO_STMT:
      return flow_.problem({nullptr, "DO"}, "its body is a text, which cannot be followed");
    default: reader_.statement(node, nullptr); return;
  }
}

KeyUse Definition::finish(std::size_t shift) {
  flow_.finish(use_, shift);
  std::erase_if(use_.relations, [&](const std::string& name) { return created_.contains(name); });
  return std::move(use_);
}

void Definition::read_expression(const Node& node, const KeyOf* result) {
  const Value value = reader_.expression(&node, {});
  if (result) reader_.meet({flow_.key(*result)}, value, {&node.base}, "mixes");
}

const std::string kExpression = "SELECT ";

}  // namespace

KeyUse key_use(const std::string& definition, const KeyColumns& keys, const KeyOf* result) {
  try {
    const ParsedSql parsed(definition);
    const Source source(definition);
    Definition reading(source, keys);
    for (const Node* statement : parsed.statements()) reading.read(*statement);
    return reading.finish(0);
  } catch (const SyntaxError&) {  // no statement
  }
  try {
    const ParsedSql parsed(kExpression + definition);
    const Source source(kExpression + definition);
    Definition reading(source, keys);
    const auto& targets = *parsed.statements().at(0)->select_stmt;
    reading.read_expression(*targets.target_list[0]->res_target->val, result);
    return reading.finish(kExpression.size());
  } catch (const SyntaxError& error) {
    KeyUse use;
    use.problems.push_back({0, fmt::format("it cannot be read: {}", error.what())});
    return use;
  }
}

std::string substitute(const std::string& definition, const KeyUse& use,
                       const std::function<std::string(const KeyLiteral&)>& key) {
  std::vector<KeyEdit> all = use.edits;
  for (const KeyLiteral& l : use.literals) all.push_back({l.offset, l.length, key(l), l.domain});
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  std::string out;
  std::size_t at = 0;
  for (const KeyEdit& e : all) {
    out += definition.substr(at, e.offset - at) + e.text;
    at = e.offset + e.length;
  }
  return out + definition.substr(at);
}

}  // namespace rekey::lint
