#include "runtime/rehearse/watch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace rekey::rehearse {

namespace {

using namespace std::chrono_literals;

constexpr const char* kLocks = R"(
SELECT c.oid::regclass, l.mode
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = $1::int AND l.locktype = 'relation' AND l.granted
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND nspname <> 'rekey' AND nspname <> 'information_schema' AND nspname !~ '^pg_')";

constexpr const char* kFiles = R"(
SELECT c.oid::regclass, pg_catalog.pg_relation_filenode(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname <> 'rekey' AND nspname <> 'information_schema' AND nspname !~ '^pg_')";

constexpr const char* kProgress = R"(
SELECT 'vacuum: ' || phase FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1::int
UNION ALL SELECT 'analyze: ' || phase FROM pg_catalog.pg_stat_progress_analyze WHERE pid = $1::int
UNION ALL SELECT 'create index: ' || phase FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1::int)";

constexpr std::array<std::string_view, 8> kModes = {
    "AccessShareLock", "RowShareLock",          "RowExclusiveLock", "ShareUpdateExclusiveLock",
    "ShareLock",       "ShareRowExclusiveLock", "ExclusiveLock",    "AccessExclusiveLock"};

void merge(Locks& into, const Locks& more) {
  for (const auto& [table, mode] : more) {
    const auto [at, is_new] = into.try_emplace(table, mode);
    if (!is_new) at->second = std::max(at->second, mode);
  }
}

}  // namespace

Locks locks_of(db::Connection& session, int pid) {
  Locks locks;
  for (const db::Row& row : session.exec(kLocks, {std::to_string(pid)}).rows) {
    const auto mode = std::find(kModes.begin(), kModes.end(), row[1].value_or(""));
    if (mode != kModes.end()) merge(locks, {{row[0].value_or(""), bundle::LockMode(mode - kModes.begin())}});
  }
  return locks;
}

Files files_of(db::Connection& session) {
  Files files;
  for (const db::Row& row : session.exec(kFiles).rows) files[row[0].value_or("")] = row[1].value_or("");
  return files;
}

std::set<std::string> rewritten(const Files& before, const Files& after) {
  std::set<std::string> tables;
  for (const auto& [table, file] : before) {
    const auto now = after.find(table);
    if (now != after.end() && now->second != file) tables.insert(table);
  }
  return tables;
}

Sampler::Sampler(const std::string& url, int pid)
    : session_(url, "rekey rehearse sampler"), pid_(pid), thread_([this] {
        try {
          session_.exec("SET search_path = ''");
          while (!over_) {
            sample();
            std::this_thread::sleep_for(5ms);
          }
        } catch (const db::Error&) {
          // what it would have seen is missing from the report; the trip goes on
        }
      }) {}

Sampler::~Sampler() {
  over_ = true;
  thread_.join();
}

void Sampler::sample() {
  const std::lock_guard guard(mutex_);  // take() is to wait: what is being read belongs to the step before it
  merge(seen_.locks, locks_of(session_, pid_));
  const db::Rows progress = session_.exec(kProgress, {std::to_string(pid_)});
  for (const db::Row& row : progress.rows) seen_.progress.insert(row[0].value_or(""));
}

Sampler::Seen Sampler::take() {
  const std::lock_guard guard(mutex_);
  return std::exchange(seen_, {});
}

}  // namespace rekey::rehearse
