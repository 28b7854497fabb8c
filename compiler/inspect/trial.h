// A bundle run on a copy of the schema, there and back. Where a step fails it is left out and the rest goes
// on, so that one run finds all that fails; what is built on something that failed is not tried.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "compiler/emit/emit.h"
#include "compiler/model/schema.h"
#include "runtime/db/connection.h"

namespace rekey::inspect {

struct Failure {
  model::DependentId dependent = model::kNone;  // that could not be dropped or made again
  std::string table, what;                      // or else what failed: "change of its keys" of a table
  bool way_back = false;
  std::string message;  // the server's
};

struct Trial {
  std::vector<Failure> failures;
  std::set<model::DependentId> tried, not_tried;
};

// `there` is called once the keys have changed, before the way back.
Trial try_out(db::Connection& copy, const model::Model& model, const emit::Emitted& emitted,
              const std::function<void()>& there);

}  // namespace rekey::inspect
