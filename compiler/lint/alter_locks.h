// Locks of ALTER TABLE, command by command, and the tables that a statement reaches through one.
#pragma once

#include "compiler/lint/locks.h"

namespace rekey::lint {

// What is done to a partitioned table's foreign keys and triggers is done to those of its partitions.
void lock_all(const std::string& table, bundle::LockMode mode, const Knowledge& knowledge, Effects& out);

// The table and, without ONLY, all of its family below it.
std::vector<std::string> reached(const PgQuery__RangeVar& relation, const Knowledge& knowledge);

void read_alter_table(const PgQuery__AlterTableStmt& statement, const Knowledge& knowledge, Effects& out);

}  // namespace rekey::lint
