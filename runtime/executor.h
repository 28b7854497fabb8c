// Runs the steps of one phase in one direction on several sessions at once.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/progress.h"
#include "runtime/step_runner.h"

namespace rekey {

// A step ended with an error; it is rolled back, and the steps that ran beside it have ended.
struct StepFailed : std::runtime_error {
  StepFailed(const bundle::Step& failed, const db::Error& cause)
      : std::runtime_error(cause.what()), step(failed), error(cause) {}
  const bundle::Step& step;
  db::Error error;
};

class Executor {
 public:
  Executor(Run& run, const Sources& sources, Progress& progress, int jobs);

  // Closes the sessions that are left; the next run opens new ones.
  void disconnect();
  // Returns when all steps are done. Throws StepFailed, db::Disconnected, Interrupted: then some
  // are done and the journal says which.
  void run(const bundle::Phase& phase, const std::vector<const bundle::Step*>& steps,
           Direction direction, const std::string& run_number);

 private:
  void watch();

  Run& run_;
  Progress& progress_;
  std::vector<std::unique_ptr<StepRunner>> runners_;
  std::unique_ptr<db::Connection> watch_;
};

}  // namespace rekey
