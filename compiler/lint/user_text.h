// One text of SQL from a plan: it parses as what it stands for and as nothing more, and means the same to psql.
#pragma once

#include <string>

#include "compiler/diagnostics.h"
#include "compiler/lint/parse_sql.h"
#include "compiler/plan/plan.h"

namespace rekey::lint {

// True for a text that is there and is let through. `framed`: the text where it stands in a statement; `what` it has
// to be there, for the message.
bool check(const plan::Text& text, const char* what, const std::string& framed, bool (*shape)(const ParsedSql&),
           Diagnostics& diagnostics);

// For a text behind which more SQL follows on the line.
void check_no_comment_at_end(const plan::Text& text, Diagnostics& diagnostics);

// The one statement of a text where it is a SELECT, and whether that is of one expression alone.
const PgQuery__SelectStmt* single_select(const ParsedSql& parsed);
bool is_expression(const ParsedSql& parsed);

// One SQL expression; a query that gives one value.
void check_expression(const plan::Text& text, Diagnostics& diagnostics);
void check_query(const plan::Text& text, Diagnostics& diagnostics);

// For a text that parses: steps look names up in pg_catalog alone, so that tables need their schema.
void check_schemas(const plan::Text& text, Diagnostics& diagnostics);

}  // namespace rekey::lint
