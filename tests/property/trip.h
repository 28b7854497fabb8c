// inspect → compile → apply → verify → writes → rollback, and what must hold on the way.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/property/schema.h"

namespace rekey::property {

// What does not hold, after the case as SQL.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// inspect or compile finds something that it cannot carry over.
struct NotCarriedOver : Broken {
  using Broken::Broken;
};

// Throws Broken. Gives how far the trip went: "back", or why it was rightly refused.
std::string trip(const Schema& schema, const std::vector<WriteRecipe>& writes);

}  // namespace rekey::property
