// What schema rekey of a database knows: which phases and steps are applied, and as what.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"

namespace rekey {

struct JournalStep {
  std::string phase, state, up_digest;
  bool undo_always = false;
};

struct JournalPhase {
  std::string name, plan_digest, state;  // applying, applied, rolling back, rolled back
};

// A snapshot. Without the schema it is empty: nothing is applied.
struct Journal {
  bool installed = false;
  std::string plan;
  std::string purged;  // when; empty: it is not
  std::map<std::string, JournalPhase> phases;
  std::map<std::string, JournalStep> steps;

  // "" where the phase is unknown.
  std::string phase_state(const std::string& phase) const;
  std::string step_state(const std::string& step) const;
  bool applied(const std::string& phase) const { return phase_state(phase) == "applied"; }
  // Known and not rolled back: there is something to take back.
  bool present(const std::string& phase) const;
  // Neither as before nor as after.
  bool in_the_middle(const std::string& phase) const;
};

// Throws Refused when the schema is there but is not ours, or cannot be read; Failed when another
// session keeps it locked, with who that is.
Journal read_journal(db::Connection& session);

// Throws Refused where the bundle is not what was applied, with why.
void refuse_other(const Journal& journal, const bundle::Bundle& b);

// Throws Refused where what computes old keys has been purged.
void refuse_purged(const Journal& journal);

// Why the journal does not belong to the bundle: another plan, or steps that were applied as others
// than those of the bundle. Empty when it does.
std::vector<std::string> differences(const Journal& journal, const bundle::Bundle& b);

// The rows of rekey.runs. begin_run gives the number that steps write down as theirs.
std::string begin_run(db::Connection& session, const std::string& command,
                      const std::string& digest);
void end_run(db::Connection& session, const std::string& run, const std::string& outcome);

// Steps that some session runs at this moment, by their advisory locks.
struct RunningStep {
  std::string step, since, application;
  int pid = 0;
  std::string waits_for;  // who holds what it waits for; empty: it does not wait
};
std::vector<RunningStep> running_steps(db::Connection& session);

}  // namespace rekey
