#include "runtime/journal.h"

#include <fmt/format.h>

#include "runtime/db/retry.h"
#include "runtime/outcome.h"
#include "runtime/text.h"

namespace rekey {

namespace {

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }

// A digest with or without the name of its algorithm.
std::string_view bare(std::string_view digest) {
  return digest.starts_with("sha256:") ? digest.substr(7) : digest;
}

// One statement, so that a step that ends meanwhile is in all of it or in none.
void read_tables(db::Connection& session, Journal& journal) {
  for (const db::Row& row : session
                                .exec(R"(
SELECT n.name, p.phase, p.name, p.plan_digest, p.state, s.step, s.state, s.up_digest, s.undo_always, n.purged_at
FROM rekey.plan n LEFT JOIN rekey.phases p ON true LEFT JOIN rekey.steps s USING (phase))")
                                .rows) {
    journal.plan = text(row, 0);
    journal.purged = text(row, 9);
    journal.phases[text(row, 1)] = {text(row, 2), text(row, 3), text(row, 4)};
    if (row[5]) journal.steps[*row[5]] = {text(row, 1), text(row, 6), text(row, 7), text(row, 8) == "t"};
  }
}

// Only the undoing of foundation keeps readers out.
std::string who_locks(db::Connection& session) {
  std::vector<std::string> holders;
  for (const db::Holder& holder : db::lock_holders(session, {"rekey.steps"}, {})) {
    if (holder.mode == "ACCESS EXCLUSIVE") holders.push_back(db::to_text(holder));
  }
  return joined(holders, "; ");
}

}  // namespace

void refuse_other(const Journal& journal, const bundle::Bundle& b) {
  const auto other = differences(journal, b);
  if (!other.empty()) throw Refused("the bundle is not what was applied:\n  " + joined(other, "\n  "));
}

void refuse_purged(const Journal& journal) {
  if (journal.purged.empty()) return;
  throw Refused(fmt::format("plan {} was purged at {}: old keys cannot be computed any more, and there is no way back", journal.plan,
                            journal.purged));
}

std::string Journal::phase_state(const std::string& phase) const {
  const auto found = phases.find(phase);
  return found == phases.end() ? "" : found->second.state;
}

std::string Journal::step_state(const std::string& step) const {
  const auto found = steps.find(step);
  return found == steps.end() ? "" : found->second.state;
}

bool Journal::present(const std::string& phase) const {
  const std::string state = phase_state(phase);
  return !state.empty() && state != "rolled back";
}

bool Journal::in_the_middle(const std::string& phase) const {
  const std::string state = phase_state(phase);
  return state == "applying" || state == "rolling back";
}

Journal read_journal(db::Connection& session) {
  Journal journal;
  const auto kind = session
                        .exec(R"(
SELECT CASE WHEN n.oid IS NULL THEN 'none'
            WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN 'closed'
            WHEN to_regclass('rekey.plan') IS NULL OR to_regclass('rekey.steps') IS NULL THEN 'foreign'
            ELSE 'ours' END
FROM (VALUES (1)) one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'rekey')")
                        .only();
  if (kind == "none") return journal;
  if (kind == "foreign") {
    throw Refused(
        "the database has a schema rekey that no plan installed: rename or drop it first");
  }
  if (kind == "closed") {
    throw Refused(
        "no right to use schema rekey: connect as the role that installed it or a superuser");
  }
  journal.installed = true;
  try {
    read_tables(session, journal);
  } catch (const db::Error& e) {
    if (e.sqlstate == "42P01" || e.sqlstate == "3F000") return {};  // gone since the question above
    if (e.sqlstate == "55P03") {
      throw Failed(fmt::format("the journal is locked, as it is while foundation goes back: {}",
                               who_locks(session)));
    }
    if (e.sqlstate != "42501") throw;
    throw Refused(fmt::format("cannot read the journal: {}; connect as the role that installed it",
                              e.what()));
  }
  return journal;
}

std::vector<std::string> differences(const Journal& journal, const bundle::Bundle& b) {
  if (!journal.installed) return {};
  if (!journal.plan.empty() && journal.plan != b.plan) {
    return {fmt::format("plan \"{}\" is applied to this database; the bundle is of plan \"{}\"",
                        journal.plan, b.plan)};
  }
  std::vector<std::string> found;
  std::map<std::string, const bundle::Step*> known;
  for (const bundle::Phase& phase : b.phases) {
    for (const bundle::Step& step : phase.steps) known[step.id] = &step;
  }
  for (const auto& [id, entry] : journal.steps) {
    if (!journal.present(entry.phase)) continue;
    const auto step = known.find(id);
    if (step == known.end()) {
      found.push_back(fmt::format("step {} was registered here; the bundle does not have it", id));
    } else if (entry.state != "pending" && !entry.up_digest.empty() &&
               bare(entry.up_digest) != bare(step->second->up.journal)) {
      found.push_back(fmt::format("step {} was applied as another text than the bundle has", id));
    }
  }
  return found;
}

std::string begin_run(db::Connection& session, const std::string& command,
                      const std::string& digest) {
  return session
      .exec("INSERT INTO rekey.runs (command, plan_digest) VALUES ($1, $2) RETURNING run",
            {command, digest})
      .only()
      .value();
}

void end_run(db::Connection& session, const std::string& run, const std::string& outcome) {
  session.exec(
      "UPDATE rekey.runs SET finished_at = clock_timestamp(), outcome = $2 "
      "WHERE run = $1::bigint",
      {run, outcome});
}

std::vector<RunningStep> running_steps(db::Connection& session) {
  std::vector<RunningStep> found;
  for (const db::Row& row : session
                                .exec(R"(
SELECT s.step, to_char(clock_timestamp() - coalesce(a.xact_start, a.query_start), 'HH24:MI:SS'),
       a.application_name, l.pid,
       (SELECT string_agg(format('pid %s (%s, %s since %s)', b.pid, coalesce(nullif(b.application_name, ''), 'no application name'),
                                 b.state, to_char(coalesce(b.xact_start, b.query_start), 'HH24:MI:SS')), ', ' ORDER BY b.pid)
        FROM pg_catalog.pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(l.pid)))
FROM rekey.steps s
JOIN pg_catalog.pg_locks l
  ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
 AND l.classid = (rekey.lock_class()::bigint & 4294967295)::oid
 AND l.objid = (hashtext(s.step)::bigint & 4294967295)::oid
 AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
ORDER BY s.step)")
                                .rows) {
    found.push_back({text(row, 0), text(row, 1), text(row, 2), std::stoi(text(row, 3)), text(row, 4)});
  }
  return found;
}

}  // namespace rekey
