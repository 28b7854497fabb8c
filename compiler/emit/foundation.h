// The SQL that makes schema rekey, from templates/foundation, and what drops it again.
#pragma once

#include <nlohmann/json.hpp>

#include "compiler/emit/templates.h"

namespace rekey::emit {

// Texts under "foundation", "drop" and "format", for the foundation step with this data: of what the plan has no use
// for, online phases or a bridge, nothing is made.
nlohmann::json foundation_sql(const Templates& templates, const nlohmann::json& data);

}  // namespace rekey::emit
