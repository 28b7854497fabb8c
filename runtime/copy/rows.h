// Rows of a live database for a copy of its schema.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/copy/schema_copy.h"

namespace rekey {

struct RowsWanted {
  std::int64_t of_each = 0;  // about so many of every table, and whatever rows those point at
  bool all = false;
};

// To be called between the tables and their constraints; `live` reads under the snapshot. Sequences are set as
// they stand there, whatever is wanted. Gives what could not be read or written, in the words of psql.
std::string copy_rows(const Psql& live, const Psql& copy, db::Connection& here, db::Connection& there,
                      const std::string& snapshot, const RowsWanted& wanted);

// Fills the materialized views of `here` that have rows in `there`; gives those that could not be filled.
std::vector<std::string> fill_materialized_views(db::Connection& here, db::Connection& there);

}  // namespace rekey
