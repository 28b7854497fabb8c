// The SQL of dependents, with marks for names, keys and ids.
#pragma once

#include <vector>

namespace rekey::property {

// What a dependent stands on.
enum : unsigned { kOrdinary = 1, kPartitioned = 2, kPartition = 4, kView = 8, kMaterialized = 16 };
inline constexpr unsigned kTables = kOrdinary | kPartitioned | kPartition;
inline constexpr unsigned kStored = kOrdinary | kPartition;
inline constexpr unsigned kAny = kTables | kView | kMaterialized;

enum : unsigned {
  kComputed = 1,  // the key of an id is known: not of v5 and v7
  kOrdered = 2,   // keys are in the order of their ids
  kSame = 4       // another key of the domain in the same place
};

// {n} its name, {s} with a schema of any table, {i} with that of its table; {t} what it stands on,
// {k} a key of that, {h} another key of its domain there; {u} and {o} a place and key of the domain
// anywhere; {l}, {m} ids; {p} the primary key.
struct Template {
  const char* sql;
  unsigned on = kAny;
  unsigned needs = 0;
  unsigned shows = 0;      // a view or materialized view that has {k} and a tag
  const char* probe = "";  // with the same marks
  int since = 13;
};

const std::vector<Template>& templates();
const std::vector<Template>& meaningless_templates();

// What templates use: table log, and functions of triggers.
const std::vector<const char*>& stage();

}  // namespace rekey::property
