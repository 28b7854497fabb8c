// Locks of statements that only SQL of a plan's own has: it writes rows, makes tables, renames.
#pragma once

#include "compiler/lint/locks.h"

namespace rekey::lint {

// False for a statement of which it cannot be told: DO, CALL, whatever runs code.
bool read_own_statement(const PgQuery__Node& node, const Knowledge& knowledge, Effects& out);

// ADD COLUMN rewrites a table where rows get values of their own, and reads it where they are checked.
void read_new_column(const std::string& table, const PgQuery__ColumnDef& column, Effects& out);

bool is_concurrent(const PgQuery__ReindexStmt& statement);

// Of the user's tables; those without a schema are of a WITH, or of the catalog, as are those in its schemas.
bool is_users(const std::string& table);

}  // namespace rekey::lint
