// What a change of keys will meet in the data, domain by domain: read only, before anything is applied.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"
#include "runtime/journal.h"
#include "runtime/text.h"

namespace rekey::inventory {

// A column that holds keys of the domain, beside its root.
struct Reference {
  std::string table, column;
  std::string kind;  // foreign key, not valid, not enforced, logical
  std::int64_t keys = 0, orphans = 0;
  std::int64_t chosen = 0;  // of the keys: those of rows that `where` of the plan picks
  std::string example{};  // of an orphan
  bool settled = false;   // the plan says what becomes of orphans
};

// Rows that would get one key.
struct Group {
  std::vector<std::pair<std::string, std::int64_t>> rows;  // a few: the key, and how many rows refer to it
  std::int64_t size = 0;
};

// Some of the rows of a root's table: those of a time, or of an owner. Zero where the plan does not say which.
struct Part {
  std::string name;
  std::int64_t rows = 0, unprocessed = 0, chosen = 0;
};

// Rows by what the plan names.
struct Spread {
  Part all;                       // its rows by both conditions of the plan
  std::string unit;               // of time: year, quarter, month, week, day, hour; empty: no row has a time
  std::string oldest, newest;
  std::vector<Part> times;        // in order; a first one may hold all that is older
  std::int64_t untimed = 0;       // rows without a time, or with an infinite one
  std::vector<Part> owners;       // a few, the largest first
  std::int64_t owned = 0, owned_chosen = 0, ownerless = 0;  // owners; those of chosen rows; rows that have none
};

// What reading some rows of a table took, and making and sorting a key for each: what a change is estimated by.
struct Sample {
  std::int64_t rows = 0, sampled = 0;
  double bytes = 0;  // of the whole table, with indexes and TOAST
  Seconds read{}, made{};
  double factor = 1;  // how many times what making a key took the change of a row takes
  int phases = 1;     // that change the table
};
using Samples = std::map<std::string, Sample>;  // by table

// What can be done about the keys of a domain.
struct Option {
  std::string name;  // full, hybrid, forward_only
  std::int64_t rows = 0, references = 0;
  double bytes = 0;
  std::optional<std::int64_t> owners{};
  Seconds time{};
  std::string risk{}, how{};
};
struct Advice {
  std::vector<Option> options;  // one alone where the type of the keys changes
  std::string recommended, because;
};

struct Domain {
  std::string name, table, column, generator, type;
  bool uuid = false;     // its keys are UUIDs already
  bool listed = false;   // its keys are made from rows, so that each needs its own
  bool changed = false;  // its phase is applied, or in the middle: nothing else is known then
  std::int64_t rows = 0, bytes = 0;
  std::optional<std::int64_t> matching{};  // keys that are what the generator makes; not known: nothing says so before
  std::vector<std::pair<std::string, std::int64_t>> versions{};  // of UUIDs: "4", "7", "other variant"
  std::int64_t nameless = 0;               // rows from which no key can be made
  std::string nameless_example{};
  std::int64_t groups = 0, doubles = 0;    // of rows that would get one key; rows that are one too many
  std::vector<Group> largest{};            // of the groups
  std::string key{};                       // the constraint that they would break
  std::optional<std::int64_t> childless{}; // rows that nothing refers to; not known where nothing could
  std::vector<Reference> references{};
  std::vector<std::string> beyond{};  // its columns whose ids the generator cannot hold
  bundle::Inventory asked{};          // what the plan wants to know, and what it says was decided
  Spread spread{};
  Advice advice{};
  bool merges = false;  // the plan makes one row of each group
  bool picked = false;  // the plan changes the rows alone that a condition picks
  bool has_choice() const { return advice.options.size() > 1; }
};

// The parts of it: rows by time and owner; how long reading and making keys takes; what to make of that.
Spread spread(db::Connection& session, const bundle::Domain& domain);
Sample sample(db::Connection& session, const bundle::Domain& domain, const bundle::Column& column);
Advice advise(const Domain& domain, const Samples& samples, bool online);
// Seen on databases of half a million rows or so, in memory: what writing, logging and indexing add; more for an online
// phase, more where UUIDs become other UUIDs, which looks up every key.
inline constexpr double kOffline = 4, kOnline = 10, kPairs = 15;
Seconds time_to_change(const Sample& sample, std::int64_t rows);

struct Inventory {
  std::string plan, where;  // the plan's name, the database
  std::vector<Domain> domains;
  Seconds time{};  // to change all tables of the plan that are not changed yet, one after the other
};
// In one snapshot; the session's transaction is read only. Throws Refused where the plan asks for what is not there.
Inventory take(db::Connection& session, const bundle::Bundle& b, const Journal& journal);

// Whether something keeps the domain from being changed as the plan says.
std::vector<std::string> obstacles(const Domain& domain);

std::string to_text(const Inventory& inventory);
std::string to_markdown(const Inventory& inventory);
std::string to_json(const Inventory& inventory);

}  // namespace rekey::inventory
