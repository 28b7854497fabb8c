#include "runtime/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace rekey {

namespace {

std::string random_tag() { return fmt::format("{:08x}", std::random_device{}()); }

std::string like(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

// application_name has 63 bytes and loses what is not ASCII.
std::string short_plan(const std::string& plan) {
  std::string out;
  for (char c : plan.substr(0, 36)) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

}  // namespace

Run::Run(std::string uri, std::string plan, bool verbose)
    : uri_(std::move(uri)), plan_(std::move(plan)), tag_(random_tag()), verbose_(verbose) {}

std::string Run::application(const std::string& role) const {
  return fmt::format("rekey/{}/{}/{}", short_plan(plan_), tag_, role);
}

std::string Run::pattern() const { return like(fmt::format("rekey/{}/", short_plan(plan_))); }

std::unique_ptr<db::Connection> Run::open(const std::string& role) {
  auto session = std::make_unique<db::Connection>(uri_, application(role));
  prepare(*session, role);
  if (verbose_) {
    const std::string who = fmt::format("{} (pid {})", role, session->backend_pid());
    fmt::print(stderr, "{}: connected\n", who);
    session->on_notice([who](std::string_view text) { fmt::print(stderr, "{}: {}\n", who, text); });
  }
  return session;
}

void Run::orphans_looked_for(const std::vector<const bundle::Phase*>& phases) {
  without_orphans_.clear();
  for (const bundle::Phase* phase : phases) {
    const bool removes = std::ranges::any_of(phase->steps, [](const bundle::Step& step) { return step.kind == "orphans"; });
    if (!removes) without_orphans_ += phase->id + ",";
  }
}

void Run::prepare(db::Connection& session, const std::string& role) const {
  session.exec("SET application_name = " + db::quote_literal(application(role)));
  session.exec(
      "SET search_path = ''; SET row_security = off; SET standard_conforming_strings = on; "
      "SET quote_all_identifiers = off; "
      "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
      "SET lock_timeout = '10s'; "
      // Should this machine be gone without a word, the server notices within a minute.
      "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3");
  session.exec("SET rekey.without_orphans = " + db::quote_literal(without_orphans_));
  session.exec(verbose_ ? "SET client_min_messages = notice" : "SET client_min_messages = warning");
  if (session.server_version() >= 140000) {
    // Should this process be killed, its statement ends soon after it.
    session.exec("SET client_connection_check_interval = '2s'");
  }
}

bool take_plan_lock(db::Connection& session, const std::string& plan, LockOwner* other) {
  const auto taken =
      session.exec("SELECT pg_try_advisory_lock(hashtext('rekey'), hashtext($1))", {plan}).only();
  if (taken == "t") return true;
  const db::Rows holder = session.exec(R"(
SELECT a.pid, a.usename, a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS OF')
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND l.classid = (hashtext('rekey')::bigint & 4294967295)::oid
  AND l.objid = (hashtext($1)::bigint & 4294967295)::oid)",
                                       {plan});
  *other = {};
  if (!holder.rows.empty()) {
    const db::Row& row = holder.rows[0];
    *other = {std::stoi(row[0].value()), row[1].value_or(""), row[2].value_or(""),
              row[3].value_or("")};
  }
  return false;
}

std::vector<Orphan> find_orphans(db::Connection& session, const Run& run) {
  const db::Rows found = session.exec(R"(
SELECT pid, application_name, state, to_char(clock_timestamp() - query_start, 'HH24:MI:SS'),
       left(regexp_replace(query, '\s+', ' ', 'g'), 60)
FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND application_name LIKE $1
  AND application_name ~ '/(worker-?[0-9]*|check-[0-9]+|checks)$'
ORDER BY pid)",
                                      {run.pattern()});
  std::vector<Orphan> orphans;
  for (const db::Row& row : found.rows) {
    orphans.push_back({std::stoi(row[0].value()), row[1].value_or(""), row[2].value_or(""),
                       row[3].value_or(""), row[4].value_or("")});
  }
  return orphans;
}

}  // namespace rekey
