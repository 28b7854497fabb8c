// What PostgreSQL makes of its own text. Most definitions that it prints give the same text again once
// an object is made from them; those with an array that is cast as a whole, as it prints IN over a
// varchar, do so only from the second time on.
#pragma once

#include <string>

#include "compiler/model/schema.h"

namespace rekey::lint {

// The definition as the server prints it once the object is made from it.
std::string remade(const std::string& definition);

// Fills model.remade, and the definitions of dependents that become others, with a note each.
void find_remade(model::Model& model, Diagnostics& diagnostics);

}  // namespace rekey::lint
