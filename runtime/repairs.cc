// What steps that take rows out, and put them back, need: that no trigger fires meanwhile.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/checks.h"
#include "runtime/db/catalog.h"

namespace rekey {
namespace {

bool is_repair(const bundle::Step& step) { return step.kind == "orphans" || step.kind == "merge" || step.kind == "move"; }

// That they write to.
std::vector<std::string> repaired_tables(const bundle::Bundle& b) {
  std::set<std::string> tables;
  for (const bundle::Phase& phase : b.phases) {
    for (const bundle::Step& step : phase.steps) {
      if (!is_repair(step)) continue;
      for (const bundle::TableLock& lock : step.up.locks) {
        if (lock.mode > bundle::LockMode::access_share) tables.insert(lock.table);
      }
    }
  }
  return {tables.begin(), tables.end()};
}

bool may_silence_triggers(db::Connection& session) {
  return session.exec(session.server_version() < 150000
                          ? "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
                          : "SELECT has_parameter_privilege('session_replication_role', 'SET')").only() == "t";
}

}  // namespace

Problems check_repairs(db::Connection& session, const bundle::Bundle& b) {
  Problems problems;
  const auto tables = repaired_tables(b);
  if (tables.empty()) return problems;
  if (!may_silence_triggers(session)) {
    problems.push_back(fmt::format(
        "role {} may not keep triggers from firing, which rows need that are taken out and put back or change in stages: GRANT SET ON PARAMETER "
        "session_replication_role TO it (from PostgreSQL 15), or connect as a superuser",
        session.exec("SELECT quote_ident(current_user)").only().value()));
  }
  const db::Rows loud = session.exec(
      "SELECT tgrelid::regclass, quote_ident(tgname) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('A', 'R') "
      "AND tgfoid <> ALL (ARRAY(SELECT oid FROM pg_proc WHERE pronamespace = to_regnamespace('rekey')::oid)) "
      "AND tgrelid IN (SELECT to_regclass(t)::oid FROM unnest($1::text[]) t) ORDER BY 1, 2",
      {db::catalog::to_array(tables)});
  for (const db::Row& row : loud.rows) {
    problems.push_back(fmt::format("trigger {} of {} would fire for rows that are only taken out for a while, or change in stages: disable it for "
                                   "the time of the phase, or do without that", row[1].value(), row[0].value()));
  }
  return problems;
}

}  // namespace rekey
