// The statements that drop the functions and procedures which a piece of SQL creates.
#pragma once

#include <string>

#include "compiler/lint/parse_sql.h"

namespace rekey::lint {

// DROP FUNCTION public.f(uuid); a line each; empty where it creates none.
std::string drops_of_functions(const ParsedSql& sql);

}  // namespace rekey::lint
