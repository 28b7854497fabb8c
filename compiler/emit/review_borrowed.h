// For REVIEW.md: keys that stand in columns of no key domain, and foreign keys that the plan makes.
#pragma once

#include <nlohmann/json.hpp>

#include "compiler/model/schema.h"

namespace rekey::emit {

// A row for each place: column, where, whose keys.
nlohmann::json borrowed_rows(const model::Model& model);

// A row for each: table, constraint, definition, phase.
nlohmann::json enforced_rows(const model::Model& model);

}  // namespace rekey::emit
