// What a database holds, to be compared with what it holds later.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/db/connection.h"

namespace rekey::rehearse {

struct Contents {
  std::vector<std::string> schema;                          // schema_listing
  std::map<std::string, std::vector<std::int64_t>> rows;    // a hash a row, sorted, by table
  std::map<std::string, std::int64_t> sequences;            // how far each has come, the way that it counts
};
// Not in order: the order of columns does not matter.
Contents contents_of(db::Connection& session, bool in_order);

// What is otherwise than before, a sentence each. Rows may have come; none may be missing or changed.
std::vector<std::string> differences(const Contents& before, const Contents& after);

}  // namespace rekey::rehearse
