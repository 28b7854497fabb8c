// rehearse: a bundle there and back on a copy of the live database, in a throwaway server of this machine. The
// live database is only read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "runtime/checks.h"
#include "runtime/commands/commands.h"
#include "runtime/copy/rows.h"
#include "runtime/copy/schema_listing.h"
#include "runtime/interrupt.h"
#include "runtime/journal.h"
#include "runtime/outcome.h"
#include "runtime/rehearse/contents.h"
#include "runtime/rehearse/report.h"
#include "runtime/rehearse/writes.h"
#include "runtime/text.h"
#include "runtime/verification.h"
#include "runtime/waivers.h"

namespace rekey {

namespace {

using namespace rehearse;

void add(std::vector<std::string>& to, const std::string& what, const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) to.push_back(what + sentence);
}

// The report comes last; this is for who waits.
void say(const std::string& what) { fmt::print(stderr, "{}\n", what); }

// What apply would refuse on the live database itself.
void check_live(db::Connection& live, const bundle::Bundle& b, Report& report) {
  const Journal journal = read_journal(live);
  if (!differences(journal, b).empty() || journal.installed) {
    throw Refused("the database is in the middle of a plan: schema rekey is there; rehearse before the first phase, or "
                  "on a copy that has been rolled back");
  }
  const WaiversNow waivers = waivers_now(live, b);
  if (!waivers.ended.empty()) throw Refused(fmt::format("{}", fmt::join(waivers.ended, "; ")));
  add(report.notes, "", waivers.ending);
  add(report.failures, "on the live database: ", check_version(live, b));
  const Problems closed = check_schemas(live, b);
  add(report.failures, "on the live database: ", closed);
  if (!closed.empty()) return;  // nothing in them can be looked at
  add(report.failures, "on the live database: ", check_drift(live, b, journal));
  add(report.failures, "on the live database: ", check_rights(live, b, journal));
  add(report.failures, "on the live database: ", check_ranges(id_ranges(live, b, journal)));
}

RowsWanted wanted(const Options& options) { return {options.rows, options.full}; }

std::string in_words(const RowsWanted& rows) {
  if (rows.all) return "all rows";
  return rows.of_each > 0 ? fmt::format("about {} rows of each table and those they point at", grouped(rows.of_each)) : "no rows";
}

// A reading transaction that stays open, so that pg_dump and psql see what it sees.
std::string open_snapshot(db::Connection& live) {
  live.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return live.exec("SELECT pg_catalog.pg_export_snapshot()").only().value();
}

// A dump and restore need not give the same: of two equal foreign keys one is lost.
void report_differences(db::Connection& live, db::Connection& here, Report& report) {
  here.exec("SET search_path = ''");
  Contents there, copy;
  there.schema = schema_listing(live);
  copy.schema = schema_listing(here);
  std::ranges::sort(there.schema);
  std::ranges::sort(copy.schema);
  add(report.notes, "in the copy ", differences(there, copy));
}

SchemaCopy make_copy(const Options& options, db::Connection& live, Report& report) {
  say("copying the schema and " + report.rows);
  const std::string snapshot = open_snapshot(live);
  std::string said;
  SchemaCopy copy = copy_schema(options.database, live, snapshot, [&](const Psql& there, const Psql& psql, db::Connection& here) {
    here.exec("SET search_path = ''");
    said = copy_rows(there, psql, here, live, snapshot, wanted(options));
  });
  add(report.notes, "the copy lacks: ", copy.lost);
  if (!said.empty()) report.failures.push_back("rows could not be copied: " + said);
  db::Connection here(copy.url, "rekey copy");
  report_differences(live, here, report);
  add(report.notes, "a materialized view stays empty in the copy: ", fill_materialized_views(here, live));
  live.exec("COMMIT");
  here.exec("ANALYZE");
  return copy;
}

void verify_all(Run& run, const Sources& sources, const bundle::Bundle& b, Report& report) {
  for (const bundle::Phase& phase : b.phases) {
    try {
      const auto checks = verify_phase(run, sources, phase, "verify");
      report.checks += checks.size();
      for (const Check& check : false_ones(checks)) report.failures.push_back("verify: " + to_text(check));
    } catch (const db::Error& error) {
      report.failures.push_back(fmt::format("verify of phase {}: {}", phase.id, error.what()));
    }
  }
}

// A row that could be written before the change has to be possible after it.
void compare_writes(const Writes& before, const Writes& after, Report& report) {
  for (const auto& [name, now] : after) {
    const auto then = before.find(name);
    const bool could = then != before.end() && then->second.tried && then->second.error.empty();
    if (!now.tried) continue;
    ++report.tables;
    if (now.error.empty()) {
      ++report.written;
    } else if (could) {
      report.failures.push_back(fmt::format("a row for {} could be written before the change, and not after it: {} ({})",
                                            name, now.error, now.sqlstate));
    } else {
      report.notes.push_back(fmt::format("no row could be made up for {}, neither before the change nor after it: {}", name, now.error));
    }
  }
}

void report_steps(const Trip& trip, Report& report) {
  report.steps = trip.steps();
  report.claims_hold = true;
  for (const StepSeen& seen : report.steps) {
    const char* way = seen.direction == Direction::up ? "" : ", on the way back";
    if (!seen.error.empty()) report.failures.push_back(fmt::format("step {}{}: {}", seen.step->id, way, seen.error));
    if (seen.left_out) report.notes.push_back(fmt::format("step {}{} was not tried: something that it needs failed", seen.step->id, way));
    const auto broken = broken_claims(seen);
    add(report.failures, "", broken);
    report.claims_hold = report.claims_hold && broken.empty();
  }
}

void there_and_back(const std::string& url, const bundle::Bundle& b, const Sizes& live, Report& report) {
  const Sources sources(b);
  Run run(url, b.plan);
  const auto session = run.open("control");
  const Writes first = write_rows(*session, false);
  const Sizes sizes = sizes_of(*session, true);
  for (const auto& [table, size] : sizes) report.copied += static_cast<std::int64_t>(size.rows);
  const bool in_order = std::ranges::all_of(b.phases, [](const auto& phase) { return phase.way_back == "exact"; });
  const Contents before = contents_of(*session, in_order);
  Trip trip(run, url, b, sources);
  say("there: every step of every phase");
  trip.up();
  say("verifying, writing a row through each table");
  if (!trip.failed()) verify_all(run, sources, b, report);
  compare_writes(first, write_rows(*session, true), report);
  say("and back");
  trip.down();
  report_steps(trip, report);
  const auto different = differences(before, contents_of(*session, in_order));
  add(report.failures, "after the way back ", different);
  report.round_trip = different.empty() && !trip.failed();
  if (report.copied > 0) report.estimates = estimates(report.steps, live, sizes);
}

}  // namespace

int rehearse_bundle(const Options& options) {
  const bundle::Bundle b = bundle::read_bundle(options.bundle);
  watch_signals();
  Report report;
  report.plan = b.plan;
  report.rows = in_words(wanted(options));
  Run run(options.database, b.plan, options.verbose);
  const auto live = run.open("rehearse");
  live->exec("SET default_transaction_read_only = on");
  report.live = db::describe(*live);
  report.live_version = live->exec("SHOW server_version").only().value();
  report.live_version = report.live_version.substr(0, report.live_version.find(' '));
  check_live(*live, b, report);
  const Sizes sizes = sizes_of(*live, false);
  try {
    const SchemaCopy copy = make_copy(options, *live, report);
    report.copy_version = copy.version;
    there_and_back(copy.url, b, sizes, report);
  } catch (const CannotCopy& error) {
    throw Failed(interrupted() ? "interrupted; the database was only read" : error.what());
  } catch (const Interrupted&) {
    throw Failed("interrupted; the database was only read, the copy is gone");
  }
  if (!options.markdown.empty()) {
    std::ofstream file(options.markdown);
    if (!(file << to_markdown(report)).flush()) throw Failed("cannot write " + options.markdown);
  }
  fmt::print("{}", options.json ? to_json(report) : to_text(report));
  return report.passed() ? kDone : kFailed;
}

}  // namespace rekey
