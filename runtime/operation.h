// One apply or rollback under way: what both directions share around their steps. The commands say
// in which order phases go; this says under which lock, after which checks, and how it ends.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/checks.h"
#include "runtime/executor.h"
#include "runtime/options.h"

namespace rekey {

class Operation {
 public:
  // Reads the bundle and connects. Throws bundle::Damaged, db::Disconnected.
  Operation(const Options& options, Direction direction);
  ~Operation();

  const bundle::Bundle& bundle() const { return bundle_; }
  const Options& options() const { return options_; }
  db::Connection& control() { return *control_; }
  Run& run() { return run_; }
  Journal journal() { return read_journal(*control_); }

  // Takes the plan's lock and waits for sessions that were left behind. Throws Refused when another
  // session keeps the lock for longer than `patience`.
  void lock(std::chrono::seconds patience = std::chrono::seconds(1));
  // Throws Refused with all problems, a line each.
  void check(const std::vector<const bundle::Phase*>& phases);
  // Asks on a terminal, or takes --yes for an answer. Throws Refused.
  void confirm(const std::string& question);
  // What would run, with locks.
  void print_dry_run(const std::vector<const bundle::Phase*>& phases);

  // Runs `work` until it returns, again after each loss of the connection, as long as the server
  // comes back and the journal moves on. Prints the summary; on failure the way on and the way
  // back. Gives the exit code. `work` returns what the last line begins with.
  int conduct(const std::vector<const bundle::Phase*>& phases,
              const std::function<std::string(Executor&)>& work);

  // All steps of the phase in this direction that the journal has not seen done. A phase that is
  // not in the journal gets only its first step; it registers the others.
  std::vector<const bundle::Step*> todo(const bundle::Phase& phase, const Journal& journal) const;
  void announce(const bundle::Phase& phase);
  void run_steps(Executor& executor, const bundle::Phase& phase,
                 const std::vector<const bundle::Step*>& steps);
  // Other sessions on the tables of an offline phase that is about to open. Throws Refused.
  void lock_out(const bundle::Phase& phase);
  // The commands of the plan that have to exit 0 before the phase. Throws Failed.
  void ask_commands(const bundle::Phase& phase);
  // Its checks after it, commands too. Throws Failed when one is false.
  void verify(const bundle::Phase& phase);
  // Before steps that should carry the number of this run.
  void register_run(const Journal& journal);

  std::string command(Direction direction, const std::string& to) const;  // to type next

 private:
  void wait_for_orphans();
  std::vector<const bundle::Phase*> untouched(const std::vector<const bundle::Phase*>& phases,
                                              const Journal& now) const;
  Problems find_problems(const std::vector<const bundle::Phase*>& phases);
  Journal as_opened(Journal now, const bundle::Phase& phase) const;
  void wait(std::chrono::milliseconds time) const;
  void renew_control();
  void reconnect(const std::string& why);
  void drive(Executor& executor, const std::function<std::string(Executor&)>& work,
             std::string* outcome);
  void finish(const std::string& outcome);
  void print_result(const std::string& outcome);
  [[noreturn]] void explain(const std::string& what);
  std::string way_on();

  const Options options_;
  const Direction direction_;
  const bundle::Bundle bundle_;
  Run run_;
  std::unique_ptr<db::Connection> control_;
  std::optional<Sources> sources_;
  std::unique_ptr<Progress> progress_;
  std::string run_number_;
  std::string unverified_;  // the phase whose checks are false
};

// The phase with this id or name. Throws Usage.
const bundle::Phase& find_phase(const bundle::Bundle& b, const std::string& id_or_name);

}  // namespace rekey
