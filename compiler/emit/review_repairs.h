// For REVIEW.md: what becomes of rows before their keys change, because the plan says so.
#pragma once

#include <nlohmann/json.hpp>

#include "compiler/model/schema.h"

namespace rekey::emit {

// A row for each decision: phase, table, which rows, what becomes of them.
nlohmann::json repair_rows(const model::Model& model);

}  // namespace rekey::emit
