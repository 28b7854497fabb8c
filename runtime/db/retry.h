// The one retry policy: what is tried again, how often, and who is in the way meanwhile.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/db/connection.h"

namespace rekey::db {

// lock_not_available, deadlock_detected, serialization_failure; nothing else is worth another try.
bool retryable(std::string_view sqlstate);

struct RetryPolicy {
  int tries = 15;  // with the first; about 45 s of waiting in all
  std::chrono::milliseconds first{100}, longest{5000};
};

// The pause after the failed try number `failed` (from 1): doubled each time, up to `longest`, and
// shortened by up to a half at random, so that two who collide do not meet again.
std::chrono::milliseconds back_off(const RetryPolicy& policy, int failed);

struct Retry {
  int failed = 0;  // tries so far
  std::chrono::milliseconds pause{0};
  const Error& error;
};

// Runs `attempt` until it returns; rethrows what is not retryable, and the last error when the
// tries are used up. `wait` reports and sleeps; where it returns false (interrupted) the error is
// rethrown.
void with_retries(const RetryPolicy& policy, const std::function<void()>& attempt,
                  const std::function<bool(const Retry&)>& wait);

// A session that holds a lock on a table, or a prepared transaction: pid 0, its name in application.
struct Holder {
  int pid = 0;
  std::string user, application, state;
  std::string since;  // how long its transaction is open: "00:01:07"
  std::string table;  // as it was asked for
  std::string mode;   // "ACCESS EXCLUSIVE"
};
// "pid 4711 (app, psql, idle in transaction for 00:01:07) holds ROW EXCLUSIVE on public.users"
std::string to_text(const Holder& holder);

// Sessions other than `ours` (backend pids) that hold a lock on one of the tables.
std::vector<Holder> lock_holders(Connection& connection, const std::vector<std::string>& tables,
                                 const std::vector<int>& ours);

}  // namespace rekey::db
