// A schema as lines of text that compare; see schema_listing.sql.
#pragma once

#include <string>
#include <vector>

#include "runtime/db/connection.h"

namespace rekey {

// Sorted. The session's search_path has to be empty.
std::vector<std::string> schema_listing(db::Connection& session);

}  // namespace rekey
