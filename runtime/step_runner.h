// Runs steps of a bundle on one session, byte for byte as they stand in the files.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/bundle/bundle.h"
#include "runtime/db/retry.h"
#include "runtime/progress.h"
#include "runtime/scheduler.h"
#include "runtime/session.h"
#include "runtime/text.h"

namespace rekey {

// The SQL files of a bundle, read once.
class Sources {
 public:
  explicit Sources(const bundle::Bundle& b);
  std::string_view text(const std::string& path, const bundle::Range& range) const;

 private:
  std::map<std::string, std::string> files_;
};

// A signal came; the statement was cancelled and the step is as if it had not been begun.
struct Interrupted {};

class StepRunner {
 public:
  StepRunner(Run& run, const Sources& sources, std::string role);

  // Runs one side of the step, again where the server says that another try may help; `report` is
  // told of each wait. run_number is what the step's rows in rekey.history carry, or empty. Throws
  // db::Error (the step is rolled back), db::Disconnected (what happened is unknown), Interrupted.
  Ran run(const bundle::Phase& phase, const bundle::Step& step, Direction direction, const std::string& run_number,
          const std::function<void(const std::string&)>& report);

  // Does a part of a shared step that runs in another session, where there is one to do: one batch. Throws
  // db::Disconnected, Interrupted.
  void help(const bundle::Phase& phase, const bundle::Step& step, Direction direction,
            const std::string& run_number);

  void disconnect() { session_.reset(); }

 private:
  void enter(const bundle::Phase& phase, Direction direction, const std::string& run_number);
  void attempt(const std::string& path, const bundle::Side& side, bool transactional);
  void undo(bool transactional);
  Ran what_it_did(const bundle::Step& step, const bundle::Side& side);
  Seconds held(const bundle::Step& step, const bundle::Side& side);
  std::string blockers(const bundle::Side& side);

  Run& run_;
  const Sources& sources_;
  std::string role_;
  std::unique_ptr<db::Connection> session_;
  std::string entered_;  // file and run number that the session is set up for
};

}  // namespace rekey
