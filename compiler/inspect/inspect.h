// Drafts a plan from the catalog of a live database: the one part of the compiler that talks to
// one.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::inspect {

struct Request {
  std::string database;                    // URI; empty: as db::Connection says
  std::vector<std::string> schemas;        // empty: all but the system's
  std::optional<plan::Strategy> strategy;  // given, these two go before the decisions
  std::optional<plan::Generator> generator;
  std::optional<std::string> decisions;  // the text that `diagnostics` was made for
};

struct CannotInspect : std::runtime_error {
  using std::runtime_error::runtime_error;  // what the server said, its hint on a line of its own
};

// The text of a plan; empty when there are errors in `diagnostics`. The same catalog gives the same
// text. Throws CannotInspect.
std::string draft(const Request& request, Diagnostics& diagnostics);

}  // namespace rekey::inspect
