// Checks of a phase that are commands of the team's: /bin/sh runs them, where rekey was started.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"

namespace rekey {

const char* when(const bundle::Command& command);  // "before", "after", "before and after"

// Runs those of the phase that are due, before it or after it, and gives the problems: a text for each that did not
// exit 0, with the end of what it wrote, freed of passwords. They find the database in PGHOST and the like; `say` is
// told of each that holds.
std::vector<std::string> run_commands(const bundle::Phase& phase, bool bundle::Command::*due, const std::string& database,
                                      const std::function<void(const std::string&)>& say);

}  // namespace rekey
