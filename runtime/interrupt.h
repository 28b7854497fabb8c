// SIGINT and SIGTERM: what runs is cancelled, nothing new is begun, and the command says how to go
// on.
#pragma once

#include <chrono>

#include "runtime/db/connection.h"

namespace rekey {

// From the first call on the signals set a flag and cancel the statements of all Cancellable
// sessions, again and again until those are gone. To be called before any thread is started.
void watch_signals();

bool interrupted();

// Sleeps; false when it was woken by a signal.
bool pause_for(std::chrono::milliseconds time);

// While it lives, the statement that runs on the connection ends when a signal comes.
class Cancellable {
 public:
  explicit Cancellable(db::Connection& connection);
  ~Cancellable();
  Cancellable(const Cancellable&) = delete;

 private:
  db::Connection& connection_;
};

}  // namespace rekey
