// What an application writes while its keys are new.
#pragma once

#include <string>
#include <vector>

#include "runtime/db/connection.h"
#include "tests/property/schema.h"

namespace rekey::property {

// Runs them, one transaction each, and gives the statements with what the server said. A statement
// that a constraint refuses changes nothing. Throws db::Error for any other refusal.
std::string write(db::Connection& session, const Schema& schema,
                  const std::vector<WriteRecipe>& writes);

}  // namespace rekey::property
