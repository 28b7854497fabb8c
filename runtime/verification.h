// The statements of verify.sql, run and read.
#pragma once

#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/step_runner.h"

namespace rekey {

struct Check {
  std::string phase, check, object, detail;
  bool ok = false;
};

// All checks of the phase. Throws db::Error where a statement fails, Interrupted.
std::vector<Check> verify_phase(Run& run, const Sources& sources, const bundle::Phase& phase,
                                const std::string& role);

std::vector<Check> false_ones(const std::vector<Check>& checks);
// "phase 030: content of public.users: 5 rows before, 4 after"
std::string to_text(const Check& check);

}  // namespace rekey
