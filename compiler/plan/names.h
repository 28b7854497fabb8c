// Names as they stand in a plan: public.users, public."odd.name", public.users (user_id).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::plan {

inline constexpr std::size_t kMaxName = 63;  // bytes of an identifier in PostgreSQL

// One part of a name, in double quotes where it has to be.
std::string name_part(std::string_view name);

std::string to_text(const Reference& reference);

std::vector<std::string> to_strings(const Texts& texts);  // without their places

// As PostgreSQL names a constraint that is given none: users_email_key; the suffix is "key" or "fkey". May be longer than
// kMaxName.
std::string constraint_name(const TableName& table, const std::vector<std::string>& columns, std::string_view suffix);

// nullopt when the text is not a schema and a name; lengths are not checked.
std::optional<TableName> parse_table_name(std::string_view text);
std::optional<Reference> parse_reference(std::string_view text);

}  // namespace rekey::plan
