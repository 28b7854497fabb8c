// What SQL of a plan's own makes or alters, from its parse trees.
#pragma once

#include <string>
#include <vector>

namespace rekey::lint {

// Relations and functions, as SQL text with their schemas, each once, sorted; of statements that write rows nothing.
std::vector<std::string> own_objects(const std::string& statements);

}  // namespace rekey::lint
