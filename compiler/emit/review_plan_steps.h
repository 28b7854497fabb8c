// For REVIEW.md: what a plan adds to its phases, and decides about rows.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "compiler/model/schema.h"

namespace rekey::emit {

// The rows of each table by the name that the template has for it: repairs, checks, sql, indexes, staying.
std::map<std::string, nlohmann::json> plan_step_rows(const model::Model& model);

}  // namespace rekey::emit
