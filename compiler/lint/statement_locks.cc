#include "compiler/lint/statement_locks.h"

#include <algorithm>
#include <string_view>

#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

using bundle::LockMode;

// A table and what is partitioned below it.
void lock_family(const std::string& table, LockMode mode, const Knowledge& knowledge, Effects& out) {
  out.lock(table, mode);
  for (const auto& member : knowledge.members(table)) out.lock(member, mode);
}

// Rows of the target are written, and looked for; the other tables of the statement are read.
void read_write(const ProtobufCMessage& statement, const PgQuery__RangeVar& target, bool looks, const Knowledge& knowledge, Effects& out) {
  const auto table = table_name(target);
  for (const auto& other : tables_in(statement)) {
    if (!is_users(other) || other == table) continue;
    out.lock(other, LockMode::access_share);
    out.scan(other);
  }
  lock_family(table, LockMode::row_exclusive, knowledge, out);
  if (!looks) return;
  out.scan(table);
  for (const auto& member : knowledge.members(table)) out.scan(member);
}

// Tables that foreign keys of a new one refer to, and that it takes its place under.
void read_create(const PgQuery__CreateStmt& statement, Effects& out) {
  visit_messages(statement.base, [&](const ProtobufCMessage& inner) {
    if (inner.descriptor != &pg_query__constraint__descriptor) return true;
    const auto& constraint = reinterpret_cast<const PgQuery__Constraint&>(inner);
    if (constraint.pktable) out.lock(table_name(*constraint.pktable), LockMode::share_row_exclusive);
    return true;
  });
  for (std::size_t i = 0; i < statement.n_inh_relations; ++i) {
    out.lock(table_name(*statement.inh_relations[i]->range_var), LockMode::access_exclusive);
  }
}

bool read_drop_of_others(const PgQuery__DropStmt& statement) {
  switch (statement.remove_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
    case PG_QUERY__OBJECT_TYPE__OBJECT_STATISTIC_EXT:
      return statement.behavior != PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    default: return false;
  }
}

bool read_relation(const PgQuery__RangeVar* relation, LockMode mode, Effects& out) {
  if (relation) out.lock(table_name(*relation), mode);
  return true;
}

// Of functions whose values differ from row to row; what the server has for the time of a transaction does not.
bool may_differ(const ProtobufCMessage& expression) {
  bool differs = false;
  visit_messages(expression, [&](const ProtobufCMessage& inner) {
    if (inner.descriptor != &pg_query__func_call__descriptor) return !differs;
    const auto& call = reinterpret_cast<const PgQuery__FuncCall&>(inner);
    const std::string_view name = call.funcname[call.n_funcname - 1]->string->sval;
    differs = differs || (name != "now" && name != "transaction_timestamp" && name != "statement_timestamp");
    return !differs;
  });
  return differs;
}

}  // namespace

bool is_users(const std::string& table) {
  return table.find('.') != std::string::npos && !table.starts_with("pg_catalog.") && !table.starts_with("information_schema.");
}

bool is_concurrent(const PgQuery__ReindexStmt& statement) {
  return std::any_of(statement.params, statement.params + statement.n_params,
                     [](const PgQuery__Node* option) { return std::string_view(option->def_elem->defname) == "concurrently"; });
}

void read_new_column(const std::string& table, const PgQuery__ColumnDef& column, Effects& out) {
  out.lock(table, LockMode::access_exclusive);
  const auto& type = *column.type_name;
  if (type.n_names > 0 && std::string_view(type.names[type.n_names - 1]->string->sval).find("serial") != std::string_view::npos) {
    out.rewrite(table);
  }
  for (std::size_t i = 0; i < column.n_constraints; ++i) {
    const auto& constraint = *column.constraints[i]->constraint;
    switch (constraint.contype) {
      case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
        if (may_differ(constraint.raw_expr->base)) out.rewrite(table);
        break;
      case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
      case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED: out.rewrite(table); break;
      case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN: out.lock(table_name(*constraint.pktable), LockMode::share_row_exclusive); [[fallthrough]];
      case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
      case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
      case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE: out.scan(table); break;
      default: break;
    }
  }
}

bool read_own_statement(const PgQuery__Node& node, const Knowledge& knowledge, Effects& out) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_INSERT_STMT:
      read_write(node.insert_stmt->base, *node.insert_stmt->relation, false, knowledge, out);
      return true;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
      read_write(node.update_stmt->base, *node.update_stmt->relation, true, knowledge, out);
      return true;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
      read_write(node.delete_stmt->base, *node.delete_stmt->relation, true, knowledge, out);
      return true;
    case PG_QUERY__NODE__NODE_MERGE_STMT:
      read_write(node.merge_stmt->base, *node.merge_stmt->relation, true, knowledge, out);
      return true;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
      for (const auto& table : tables_in(node.base)) lock_family(table, LockMode::access_exclusive, knowledge, out);
      return node.truncate_stmt->behavior != PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    case PG_QUERY__NODE__NODE_CREATE_STMT: read_create(*node.create_stmt, out); return true;
    case PG_QUERY__NODE__NODE_DROP_STMT: return read_drop_of_others(*node.drop_stmt);
    case PG_QUERY__NODE__NODE_RENAME_STMT: return read_relation(node.rename_stmt->relation, LockMode::access_exclusive, out);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
      return read_relation(node.alter_object_schema_stmt->relation, LockMode::access_exclusive, out);
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT: return read_relation(node.alter_seq_stmt->sequence, LockMode::share_row_exclusive, out);
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
      return read_relation(node.refresh_mat_view_stmt->relation,
                           node.refresh_mat_view_stmt->concurrent ? LockMode::exclusive : LockMode::access_exclusive, out);
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
    case PG_QUERY__NODE__NODE_DEFINE_STMT: return true;
    default: return false;
  }
}

}  // namespace rekey::lint
