// What a session does to tables while it runs a step: the locks it holds, the files it writes anew.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"

namespace rekey::rehearse {

using Locks = std::map<std::string, bundle::LockMode>;  // strongest, of tables that are neither ours nor the system's

// Before its COMMIT a transaction still holds all the locks it took: exact.
Locks locks_of(db::Connection& session, int pid);

// The file of every table; one that changes between two readings has been rewritten.
using Files = std::map<std::string, std::string>;
Files files_of(db::Connection& session);
std::set<std::string> rewritten(const Files& before, const Files& after);

// Samples the locks of a session and what the server says of its progress, every few milliseconds: for steps
// outside of a transaction, whose locks nobody holds at the end.
class Sampler {
 public:
  Sampler(const std::string& url, int pid);
  ~Sampler();
  Sampler(const Sampler&) = delete;

  struct Seen {
    Locks locks;
    std::set<std::string> progress;  // "vacuum: scanning heap"
  };
  Seen take();  // since the last time

 private:
  void sample();

  db::Connection session_;
  const int pid_;
  std::mutex mutex_;
  Seen seen_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace rekey::rehearse
