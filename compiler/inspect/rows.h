// A row of made-up values in every table of the copy that takes one: what is computed from rows, such as
// index expressions, CHECKs and materialized views, then runs instead of being read alone.
#pragma once

#include <string>

#include "runtime/db/connection.h"

namespace rekey::inspect {

// In sessions that start with `search_path`, as pg_settings has it. Foreign keys hold afterwards.
void make_up_rows(db::Connection& copy, const std::string& search_path);

}  // namespace rekey::inspect
