#include "runtime/db/retry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>

namespace rekey::db {

bool retryable(std::string_view sqlstate) {
  return sqlstate == "55P03" || sqlstate == "40P01" || sqlstate == "40001";
}

std::chrono::milliseconds back_off(const RetryPolicy& policy, int failed) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto full = std::min<std::int64_t>(policy.longest.count(), policy.first.count()
                                                                       << std::min(failed - 1, 20));
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(full / 2, full)(random));
}

void with_retries(const RetryPolicy& policy, const std::function<void()>& attempt,
                  const std::function<bool(const Retry&)>& wait) {
  for (int failed = 1;; ++failed) {
    try {
      return attempt();
    } catch (const Error& error) {
      if (!retryable(error.sqlstate) || failed >= policy.tries) throw;
      if (!wait({failed, back_off(policy, failed), error})) throw;
    }
  }
}

std::string to_text(const Holder& h) {
  if (h.pid == 0) {
    return fmt::format("prepared transaction {} ({}, for {}) holds {} on {}", quote_literal(h.application),
                       h.user, h.since, h.mode, h.table);
  }
  return fmt::format("pid {} ({}, {}, {}{}) holds {} on {}", h.pid, h.user,
                     h.application.empty() ? "no application name" : h.application, h.state,
                     h.since.empty() ? "" : " for " + h.since, h.mode, h.table);
}

std::vector<Holder> lock_holders(Connection& connection, const std::vector<std::string>& tables,
                                 const std::vector<int>& ours) {
  if (tables.empty()) return {};
  std::string names;
  for (const std::string& table : tables) {
    names += (names.empty() ? "" : ", ") + quote_literal(table);
  }
  // The mode of pg_locks is "AccessExclusiveLock"; people know it as ACCESS EXCLUSIVE.
  const Rows found = connection.exec(fmt::format(R"(
SELECT coalesce(l.pid, 0), coalesce(a.usename, p.owner), coalesce(a.application_name, p.gid), a.state,
       to_char(clock_timestamp() - coalesce(a.xact_start, a.query_start, p.prepared), 'HH24:MI:SS'), t.name,
       upper(regexp_replace(replace(l.mode, 'Lock', ''), '([a-z])([A-Z])', '\1 \2', 'g'))
FROM unnest(ARRAY[{}]::text[]) t (name)
JOIN pg_catalog.pg_locks l ON l.locktype = 'relation' AND l.relation = to_regclass(t.name)
 AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
LEFT JOIN (pg_catalog.pg_prepared_xacts p
           JOIN pg_catalog.pg_locks x ON x.locktype = 'transactionid' AND x.transactionid = p.transaction)
  ON l.pid IS NULL AND x.virtualtransaction = l.virtualtransaction
WHERE l.granted AND coalesce(l.pid, 0) <> pg_backend_pid()
  AND coalesce(l.pid, 0) <> ALL (ARRAY[{}]::integer[])
  AND coalesce(a.backend_type, '') <> 'autovacuum worker'
ORDER BY 1, 6, 7)",
                                                 names, fmt::join(ours, ", ")));
  std::vector<Holder> holders;
  for (const Row& row : found.rows) {
    const auto text = [&](std::size_t i) { return row[i].value_or(""); };
    holders.push_back({std::stoi(text(0)), text(1), text(2), text(3), text(4), text(5), text(6)});
  }
  return holders;
}

}  // namespace rekey::db
