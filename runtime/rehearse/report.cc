#include "runtime/rehearse/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/text.h"

namespace rekey::rehearse {

namespace {

using nlohmann::ordered_json;
using Cells = std::vector<std::vector<std::string>>;

const char* word(Direction direction) { return direction == Direction::up ? "apply" : "rollback"; }

std::string result(const Report& r) {
  if (r.passed()) return "passed: there and back the database is the same, and every claim of the bundle holds";
  return fmt::format("failed: {}", counted(static_cast<std::int64_t>(r.failures.size()), "finding"));
}

std::string about(const Report& r) {
  return fmt::format("{} (PostgreSQL {}) on a copy (PostgreSQL {}) with {}, {}", r.live, r.live_version, r.copy_version,
                     r.rows, counted(r.copied, "row"));
}

std::string what_was_done(const Report& r) {
  std::size_t ran = 0;
  for (const StepSeen& s : r.steps) ran += !s.left_out;
  return fmt::format("{} of {} steps ran there and back, {} checks, a row written through {} of {} tables with rows", ran,
                     r.steps.size(), r.checks, r.written, r.tables);
}

Cells estimate_rows(const Report& r) {
  Cells rows = {{"phase", "way", "on the copy", "estimate", "WAL", "room", "scaled"}};
  for (const Estimate& e : r.estimates) {
    rows.push_back({e.phase->id + " " + e.phase->name, word(e.direction), duration(e.seen), duration(e.time), size(e.wal),
                    size(e.room), fmt::format("{:.0f}x", e.largest)});
  }
  return rows;
}

// Steps that keep others from a table; of many tables the first.
Cells lock_rows(const Report& r) {
  Cells rows = {{"step", "way", "time", "strongest lock seen", "as claimed"}};
  for (const StepSeen& s : r.steps) {
    const auto strongest = std::ranges::max_element(s.locks, {}, [](const auto& l) { return l.second; });
    if (strongest == s.locks.end() || strongest->second < bundle::LockMode::share) continue;
    const std::string more = s.locks.size() > 1 ? fmt::format(" and {} more", s.locks.size() - 1) : "";
    rows.push_back({s.step->id, word(s.direction), duration(s.time),
                    fmt::format("{} on {}{}{}", bundle::name(strongest->second), strongest->first, more,
                                s.rewrites.empty() ? "" : ", rewritten"),
                    broken_claims(s).empty() ? "yes" : "NO"});
  }
  return rows;
}

constexpr const char* kEstimate =
    "Estimates: what a step took on the copy times how much larger its largest table is; room: what the largest "
    "rewrite needs on disk beside what is there. They are estimates: the copy's server does not wait for its disk.";

}  // namespace

std::string to_text(const Report& r) {
  std::string out = wrapped(about(r)) + wrapped(what_was_done(r)) + "\n";
  if (!r.estimates.empty()) out += table(estimate_rows(r)) + wrapped(kEstimate) + "\n";
  for (const std::string& failure : r.failures) out += wrapped("- " + failure);
  for (const std::string& note : r.notes) out += wrapped("note: " + note);
  return out + wrapped(result(r));
}

std::string to_markdown(const Report& r) {
  std::string out = fmt::format("## Rehearsal of plan {}\n\n**{}**\n\n{}. {}.\n", r.plan, result(r), about(r), what_was_done(r));
  if (!r.failures.empty()) out += "\n### What fails\n\n";
  for (const std::string& failure : r.failures) out += "- " + failure + "\n";
  if (!r.notes.empty()) out += "\n### Notes\n\n";
  for (const std::string& note : r.notes) out += "- " + note + "\n";
  if (!r.estimates.empty()) out += fmt::format("\n### Estimates\n\n{}\n{}\n", markdown_table(estimate_rows(r)), kEstimate);
  return out + "\n### Locks\n\n" + markdown_table(lock_rows(r));
}

std::string to_json(const Report& r) {
  ordered_json steps = ordered_json::array(), phases = ordered_json::array();
  for (const StepSeen& s : r.steps) {
    ordered_json locks = ordered_json::object();
    for (const auto& [table, mode] : s.locks) locks[table] = bundle::name(mode);
    steps.push_back({{"step", s.step->id}, {"way", word(s.direction)}, {"seconds", s.time.count()}, {"wal_bytes", s.wal},
                     {"locks", locks}, {"rewrites", s.rewrites}, {"progress", s.progress}, {"error", s.error},
                     {"left_out", s.left_out}, {"broken_claims", broken_claims(s)}});
  }
  for (const Estimate& e : r.estimates) {
    phases.push_back({{"phase", e.phase->id}, {"name", e.phase->name}, {"way", word(e.direction)},
                      {"seconds_on_copy", e.seen.count()}, {"estimated_seconds", e.time.count()},
                      {"estimated_wal_bytes", e.wal}, {"estimated_room_bytes", e.room}, {"scaled_by", e.largest}});
  }
  return ordered_json{{"schema_version", 1}, {"plan", r.plan}, {"passed", r.passed()}, {"round_trip", r.round_trip},
                      {"claims_hold", r.claims_hold}, {"live", r.live}, {"live_version", r.live_version},
                      {"copy_version", r.copy_version}, {"rows_copied", r.copied}, {"checks", r.checks},
                      {"tables_written", r.written}, {"failures", r.failures}, {"notes", r.notes},
                      {"phases", phases}, {"steps", steps}}.dump(2) + "\n";
}

}  // namespace rekey::rehearse
