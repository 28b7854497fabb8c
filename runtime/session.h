// Who this process is to the server: one run of a plan, and the sessions it opens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"

namespace rekey {

// Shared by all threads of a run. Every session of it is called "rekey/<plan>/<tag>/<role>", so
// that a person sees in pg_stat_activity what works there, and a later run finds what an earlier
// one left.
class Run {
 public:
  // verbose: what the server notes goes to stderr.
  Run(std::string uri, std::string plan, bool verbose = false);

  // Open, with the settings that all our sessions share. Throws db::Disconnected.
  std::unique_ptr<db::Connection> open(const std::string& role);
  // The settings of a fresh session, again: `RESET ALL` takes them away.
  void prepare(db::Connection& session, const std::string& role) const;

  // For sessions opened from now on: rekey.refuse_orphans() need not read the rows of these phases again, but for those that take
  // care of orphans themselves.
  void orphans_looked_for(const std::vector<const bundle::Phase*>& phases);

  const std::string& plan() const { return plan_; }
  std::string application(const std::string& role) const;
  std::string pattern() const;      // LIKE pattern of the sessions of all runs of the plan

 private:
  std::string uri_, plan_, tag_, without_orphans_;
  bool verbose_;
};

// The advisory lock of a plan: held by a session, gone with it.
struct LockOwner {
  int pid = 0;
  std::string user, application, since;
};
// Takes it for the session; otherwise tells who holds it (pid 0 when that one has just gone).
bool take_plan_lock(db::Connection& session, const std::string& plan, LockOwner* other);

// Sessions whose client is gone while their statement goes on: of an earlier run of the plan, or of
// this one after it lost a connection. To be looked for while this run has no worker.
struct Orphan {
  int pid = 0;
  std::string application, state, since, query;
};
std::vector<Orphan> find_orphans(db::Connection& session, const Run& run);

}  // namespace rekey
