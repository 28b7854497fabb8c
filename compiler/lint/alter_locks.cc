#include "compiler/lint/alter_locks.h"

#include <string_view>

#include "compiler/lint/statement_locks.h"

namespace rekey::lint {

using bundle::LockMode;

void lock_all(const std::string& table, LockMode mode, const Knowledge& knowledge, Effects& out) {
  out.lock(table, mode);
  for (const auto& partition : knowledge.partitions(table)) out.lock(partition, mode);
}

namespace {

void read_foreign_key(const std::string& table, const PgQuery__Constraint& constraint, const Knowledge& knowledge,
                      Effects& out) {
  out.lock(table, LockMode::share_row_exclusive);
  lock_all(table_name(*constraint.pktable), LockMode::share_row_exclusive, knowledge, out);
  if (!constraint.skip_validation) out.scan(table);
}

void read_alter_command(const std::string& table, const PgQuery__AlterTableCmd& command,
                        const Knowledge& knowledge, Effects& out) {
  const std::string name = command.name ? command.name : "";
  switch (command.subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
#if PG_VERSION_NUM >= 170000
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetExpression:
#endif
      out.lock(table, LockMode::access_exclusive);
      out.rewrite(table);
      return;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
      if (command.def->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN) {
        return read_foreign_key(table, *command.def->constraint, knowledge, out);
      }
      out.lock(table, LockMode::access_exclusive);
      // an index that is there already, or NOT VALID, spares it
      if (std::string_view(command.def->constraint->indexname).empty() && !command.def->constraint->skip_validation) out.scan(table);
      return;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
      out.lock(table, LockMode::access_exclusive);
      out.scan(table);
      return;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
      read_new_column(table, *command.def->column_def, out);
      return;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetUnLogged:
#if PG_VERSION_NUM >= 150000
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetAccessMethod:
#endif
      out.lock(table, LockMode::access_exclusive);
      out.rewrite(table);
      return;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition: {
      const auto part = table_name(*command.def->partition_cmd->name);
      if (!command.def->partition_cmd->bound) return out.lock(table, LockMode::access_exclusive);  // of an index
      out.lock(table, LockMode::share_update_exclusive);
      out.lock(part, LockMode::access_exclusive);
      out.scan(part);
      return;
    }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint: {
      out.lock(table, LockMode::access_exclusive);
      const auto& parent = knowledge.referenced(table, name);
      if (!parent.empty()) lock_all(parent, LockMode::access_exclusive, knowledge, out);
      return;
    }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint: {
      out.lock(table, LockMode::share_update_exclusive);
      const auto& parent = knowledge.referenced(table, name);
      if (!parent.empty()) lock_all(parent, LockMode::row_share, knowledge, out);
      out.scan(table);
      return;
    }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig:
      out.lock(table, LockMode::share_row_exclusive);
      return;
    default: out.lock(table, LockMode::access_exclusive); return;
  }
}

}  // namespace

std::vector<std::string> reached(const PgQuery__RangeVar& relation, const Knowledge& knowledge) {
  std::vector<std::string> tables{table_name(relation)};
  if (!relation.inh) return tables;
  const auto& members = knowledge.members(tables.front());
  tables.insert(tables.end(), members.begin(), members.end());
  return tables;
}

void read_alter_table(const PgQuery__AlterTableStmt& statement, const Knowledge& knowledge, Effects& out) {
  for (const auto& table : reached(*statement.relation, knowledge)) {
    for (std::size_t i = 0; i < statement.n_cmds; ++i) {
      read_alter_command(table, *statement.cmds[i]->alter_table_cmd, knowledge, out);
    }
  }
}

}  // namespace rekey::lint
