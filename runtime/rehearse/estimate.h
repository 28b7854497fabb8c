// What the phases would take on the live database, scaled from what they took on the copy.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/rehearse/trip.h"

namespace rekey::rehearse {

struct TableSize {
  double rows = 0, bytes = 0;  // bytes with indexes and TOAST
};
using Sizes = std::map<std::string, TableSize>;
// counted: rows by count(*) instead of the planner's guess.
Sizes sizes_of(db::Connection& session, bool counted);

struct Estimate {
  const bundle::Phase* phase = nullptr;
  Direction direction = Direction::up;
  Seconds seen{}, time{};    // on the copy; on the live database
  double wal = 0;            // bytes
  double room = 0;           // bytes that the largest single rewrite needs beside what is there
  double largest = 1;        // how many times a live table is its copy
};

// live and copy: before the trip. A step that reads or rewrites tables takes as much longer as the largest of
// them has more rows; the others take as long as they took.
std::vector<Estimate> estimates(const std::vector<StepSeen>& steps, const Sizes& live, const Sizes& copy);

}  // namespace rekey::rehearse
