// How far the backfills that run now are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/db/connection.h"

namespace rekey {

struct Backfill {
  std::string step, waits_for;
  std::int64_t rows = 0;
  double share = 1;  // of the blocks that the table had when it began
};

// Where the journal is installed: whether there are online phases in its plan.
bool has_backfills(db::Connection& session);
// None where there are no online phases. In the order of their steps.
std::vector<Backfill> running_backfills(db::Connection& session);
// "12,000 rows filled, 40 % of the table; waits for …"
std::string to_text(const Backfill& b);

// What one did that has come to its end.
struct Filled {
  std::int64_t rows = 0, bytes_before = 0, bytes_after = 0;
};
std::optional<Filled> filled_by(db::Connection& session, const std::string& step);

}  // namespace rekey
