// For REVIEW.md: tables that change their shape, and what that saves.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "compiler/model/schema.h"

namespace rekey::emit {

// A row for each change: phase, table, what becomes of it.
nlohmann::json reshape_rows(const model::Model& model);

// What is gone after the cleanup, in a sentence; empty where no column goes.
std::string reshape_savings(const model::Model& model);

}  // namespace rekey::emit
