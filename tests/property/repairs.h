// inspect → compile → apply → verify → writes → rollback → apply of a library, and what must hold on the way.
#pragma once

#include <string>

#include "tests/property/library.h"

namespace rekey::property {

// Throws Broken. Gives how far it went: "back", or why it was rightly refused.
std::string mend(const LibraryRecipe& recipe);

}  // namespace rekey::property
