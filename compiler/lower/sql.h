// Names and literals as SQL text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::sql {

// Quoted only where PostgreSQL's own scanner would not read it back as the same name.
std::string identifier(std::string_view name);
std::string literal(std::string_view text);
std::string dollar_quoted(std::string_view text);  // a query inside a statement, as it would stand alone
std::string upper(std::string keywords);
std::string ended(std::string statement);  // with its semicolon
std::string table(const plan::TableName& name);  // public."Users"
std::string columns(const std::vector<std::string>& names);  // a, b, "C"

std::string text_array(const std::vector<std::string>& texts);  // ARRAY['a', 'b']

}  // namespace rekey::sql
