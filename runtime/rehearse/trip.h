// A bundle run there and back on a copy, step by step on one session. Where a step fails, it is left out with
// all that needs it, and the rest goes on: one run finds all that fails.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/rehearse/watch.h"
#include "runtime/scheduler.h"
#include "runtime/session.h"
#include "runtime/step_runner.h"
#include "runtime/text.h"

namespace rekey::rehearse {

struct StepSeen {
  const bundle::Phase* phase = nullptr;
  const bundle::Step* step = nullptr;
  Direction direction = Direction::up;
  Seconds time{};
  double wal = 0;                   // bytes
  Locks locks;
  std::set<std::string> rewrites, progress;
  std::string error;                // what the server said, if it failed
  bool left_out = false;            // because something that it needs failed
};

class Trip {
 public:
  Trip(Run& run, const std::string& url, const bundle::Bundle& b, const Sources& sources);

  void up();
  void down();
  const std::vector<StepSeen>& steps() const { return steps_; }
  bool failed() const;

 private:
  void enter(const bundle::Phase& phase, Direction direction);
  void run(const bundle::Phase& phase, const bundle::Step& step, Direction direction, std::set<std::string>& missing);
  void attempt(const bundle::Side& side, StepSeen& seen);
  void pretend(const bundle::Phase& phase, const bundle::Step& step, Direction direction);

  const bundle::Bundle& bundle_;
  const Sources& sources_;
  Run& run_;
  std::unique_ptr<db::Connection> session_;
  Sampler sampler_;
  std::string path_;
  Files files_;
  std::set<std::string> not_done_, not_undone_;
  std::vector<StepSeen> steps_;
};

// Where a step did more than its header says: a stronger lock, a table rewritten. A sentence each.
std::vector<std::string> broken_claims(const StepSeen& seen);

}  // namespace rekey::rehearse
