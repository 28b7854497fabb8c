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

// What came of trying a draft on a copy of the schema.
struct Probed {
  std::string version;        // of the server that the copy was on
  std::size_t tried = 0;      // recreations of dependents
  std::size_t functions = 0;  // whose bodies the server read again
  std::size_t not_tried = 0;  // because they are not settled, or built on what failed
  std::size_t failed = 0;     // dependents
  std::size_t others = 0;     // steps that are no recreation
  std::size_t decided = 0;    // more failures, which the decisions settle
  std::vector<std::string> lost;  // what the copy lacks, in the words of the server
};

std::string in_words(const Probed& probed);  // "PostgreSQL 15.20: 12 recreations tried, 1 failed"

struct CannotInspect : std::runtime_error {
  using std::runtime_error::runtime_error;  // what the server said, its hint on a line of its own
};

// The text of a plan; empty when there are errors in `diagnostics`. The same catalog gives the same
// text. With `probed` it is tried out on a copy of the schema first, in a server of this machine. Throws
// CannotInspect, Failed.
std::string draft(const Request& request, Diagnostics& diagnostics, Probed* probed = nullptr);

}  // namespace rekey::inspect
