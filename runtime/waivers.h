// Findings that the plan takes for right up to a day, by the clock of the server.
#pragma once

#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"

namespace rekey {

struct WaiversNow {
  std::vector<std::string> ended, ending;  // a sentence each; ending: within two weeks
};
WaiversNow waivers_now(db::Connection& session, const bundle::Bundle& b);

}  // namespace rekey
