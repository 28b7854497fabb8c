// The functions and procedures that a piece of SQL creates, and what drops them.
#pragma once

#include <string>
#include <vector>

#include "compiler/lint/parse_sql.h"

namespace rekey::lint {

// DROP FUNCTION public.f(uuid); a line each; empty where it creates none.
std::string drops_of_functions(const ParsedSql& sql);

// public.f(uuid); none where the text is empty.
std::vector<std::string> functions_made(const std::string& sql);

}  // namespace rekey::lint
