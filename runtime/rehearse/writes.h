// Rows written into a copy as an application would: of every table that has rows, one more like the first, with
// a key of its own.
#pragma once

#include <map>
#include <string>

#include "runtime/db/connection.h"

namespace rekey::rehearse {

struct Written {
  std::string error, sqlstate;  // empty: the row is there
  bool tried = true;            // false where there is no row to write another like it
};
using Writes = std::map<std::string, Written>;  // by table

// keep: false takes each row back at once; sequences move on either way.
Writes write_rows(db::Connection& session, bool keep);

}  // namespace rekey::rehearse
