// The rows of a database by their tags, and how ids and keys pair up.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/db/connection.h"
#include "tests/property/schema.h"

namespace rekey::property {

struct Snapshot {
  std::vector<std::map<std::string, db::Row>> tables;  // by tag: key columns, then "at"
  std::map<std::string, db::Row> sequences;            // last_value, is_called
  std::string fired;                                   // how often triggers and rules did
  bool operator==(const Snapshot&) const = default;
};

Snapshot take(db::Connection& session, const Schema& schema);

// What the dependents' probes give.
std::vector<std::string> probe(db::Connection& session, const Schema& schema);

// id by key, a map for each domain that changes.
using Pairs = std::map<int, std::map<std::string, std::string>>;

// Both hold the same rows, and ids and keys correspond one to one within each domain. Throws
// Broken.
Pairs pair_up(const Schema& schema, const Snapshot& ids, const Snapshot& keys);

}  // namespace rekey::property
