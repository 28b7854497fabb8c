// What came of a rehearsal.
#pragma once

#include <string>
#include <vector>

#include "runtime/rehearse/estimate.h"
#include "runtime/rehearse/trip.h"

namespace rekey::rehearse {

struct Report {
  std::string plan, live, live_version, copy_version, rows;  // rows: "about 100 of each table"
  std::int64_t copied = 0;
  std::vector<std::string> failures, notes;
  std::vector<StepSeen> steps;
  std::vector<Estimate> estimates;
  std::size_t checks = 0, written = 0, tables = 0;  // tables that a row was written through, of all with rows
  bool round_trip = false, claims_hold = false;

  bool passed() const { return failures.empty() && round_trip && claims_hold; }
};

std::string to_text(const Report& report);      // for a terminal of 80 columns
std::string to_markdown(const Report& report);  // for a pull request
std::string to_json(const Report& report);

}  // namespace rekey::rehearse
