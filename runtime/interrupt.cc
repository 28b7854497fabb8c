#include "runtime/interrupt.h"

#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace rekey {

namespace {

using namespace std::chrono_literals;

std::atomic<bool> flag = false;
std::mutex mutex;
std::condition_variable woken;
std::set<db::Connection*> running;

void cancel_all() {
  const std::lock_guard lock(mutex);
  for (db::Connection* connection : running) {
    try {
      connection->cancel();
    } catch (const db::Error&) {
      // It is gone; whoever uses it learns of it by the statement.
    }
  }
}

// A cancel that comes between two statements has no effect, hence the repetition.
void wait_for_signal(sigset_t signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  {
    const std::lock_guard lock(mutex);
    flag = true;
  }
  woken.notify_all();
  for (;; std::this_thread::sleep_for(300ms)) cancel_all();
}

}  // namespace

void watch_signals() {
  static std::once_flag once;
  std::call_once(once, [] {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread(wait_for_signal, signals).detach();
  });
}

bool interrupted() { return flag; }

bool pause_for(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex);
  return !woken.wait_for(lock, time, [] { return flag.load(); });
}

Cancellable::Cancellable(db::Connection& connection) : connection_(connection) {
  const std::lock_guard lock(mutex);
  running.insert(&connection_);
}

Cancellable::~Cancellable() {
  const std::lock_guard lock(mutex);
  running.erase(&connection_);
}

}  // namespace rekey
