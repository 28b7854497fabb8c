// How a command ends when it does not end well; main turns these into exit codes.
#pragma once

#include <stdexcept>
#include <string>

namespace rekey {

enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kRefused = 3, kPending = 4 };

// A step or a check failed, or the work was interrupted. Exit 1.
struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The command line names something that is not there. Exit 2.
struct Usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Nothing has been changed by this command, and what is in the way has to go first. Exit 3.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace rekey
