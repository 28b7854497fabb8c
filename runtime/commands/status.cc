// status: where the database stands in a bundle, and whether it is still what the bundle knows.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/backfills.h"
#include "runtime/checks.h"
#include "runtime/commands/commands.h"
#include "runtime/journal.h"
#include "runtime/outcome.h"
#include "runtime/session.h"
#include "runtime/text.h"

namespace rekey {

namespace {

struct Counts {
  std::size_t done = 0, pending = 0, running = 0;
};

struct PhaseStatus {
  const bundle::Phase* phase;
  std::string state;
  Counts steps;
};

PhaseStatus status_of(const bundle::Phase& phase, const Journal& journal,
                      const std::vector<RunningStep>& running) {
  PhaseStatus status{&phase, journal.phase_state(phase.id), {}};
  if (status.state.empty()) status.state = "pending";
  for (const bundle::Step& step : phase.steps) {
    const bool runs =
        std::ranges::any_of(running, [&](const RunningStep& r) { return r.step == step.id; });
    if (runs) {
      ++status.steps.running;
    } else if (journal.present(phase.id) && journal.step_state(step.id) == "done") {
      ++status.steps.done;
    } else {
      ++status.steps.pending;
    }
  }
  return status;
}

nlohmann::ordered_json to_json(const std::vector<Backfill>& all) {
  auto out = nlohmann::ordered_json::array();
  for (const Backfill& b : all) {
    out.push_back({{"step", b.step}, {"rows", b.rows}, {"share", b.share},
                   {"waits_for", b.waits_for.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(b.waits_for)}});
  }
  return out;
}

void print_text(const bundle::Bundle& b, const std::string& where,
                const std::vector<PhaseStatus>& phases, const std::vector<RunningStep>& running) {
  fmt::print("plan {} at {}\n", b.plan, where);
  std::vector<std::vector<std::string>> rows = {{"phase", "state", "done", "pending", "running"}};
  for (const PhaseStatus& p : phases) {
    rows.push_back({p.phase->id + " " + p.phase->name, p.state, std::to_string(p.steps.done),
                    std::to_string(p.steps.pending), std::to_string(p.steps.running)});
  }
  fmt::print("{}", table(rows));
  for (const RunningStep& r : running) {
    fmt::print("running: {} for {} (pid {}, {}){}\n", r.step, r.since, r.pid, r.application,
               r.waits_for.empty() ? "" : "; waits for " + r.waits_for);
  }
}

void print_json(const bundle::Bundle& b, const std::string& where,
                const Journal& journal, const std::vector<PhaseStatus>& phases, const std::vector<RunningStep>& running,
                const std::vector<Backfill>& filling, const std::optional<Problems>& drift, const Problems& digests) {
  using Json = nlohmann::ordered_json;
  Json phase_list = Json::array(), running_list = Json::array();
  for (const PhaseStatus& p : phases) {
    phase_list.push_back(
        {{"phase", p.phase->id},
         {"name", p.phase->name},
         {"state", p.state},
         {"steps",
          {{"done", p.steps.done}, {"pending", p.steps.pending}, {"running", p.steps.running}}}});
  }
  for (const RunningStep& r : running) {
    running_list.push_back(
        {{"step", r.step}, {"since", r.since}, {"pid", r.pid}, {"application", r.application},
         {"waits_for", r.waits_for.empty() ? Json(nullptr) : Json(r.waits_for)}});
  }
  fmt::print("{}\n", Json{{"schema_version", 1},
                          {"plan", b.plan},
                          {"plan_digest", b.plan_digest},
                          {"database", where},
                          {"purged_at", journal.purged.empty() ? Json(nullptr) : Json(journal.purged)},
                          {"phases", phase_list},
                          {"running", running_list},
                          {"backfills", to_json(filling)},
                          {"drift", drift ? Json(*drift) : Json(nullptr)},
                          {"differences", digests}}
                         .dump(2));
}

// Reading a definition waits for whoever rewrites its table: what is out of sight is not waited for.
// Of another plan's journal nothing can be said about this bundle's columns.
std::optional<Problems> look_for_drift(db::Connection& session, const bundle::Bundle& b,
                                       const Journal& journal, bool running, bool same_plan) {
  if (!same_plan) return Problems{};
  if (running) return std::nullopt;
  try {
    return check_drift(session, b, journal);
  } catch (const db::Disconnected&) {
    throw;
  } catch (const db::Error& error) {
    if (error.sqlstate != "55P03") throw;
    return std::nullopt;
  }
}

}  // namespace

int status(const Options& options) {
  const bundle::Bundle b = bundle::read_bundle(options.bundle);
  Run run(options.database, b.plan, options.verbose);
  const auto session = run.open("status");
  session->exec("SET lock_timeout = '1s'");
  Journal journal = read_journal(*session);
  const auto running = journal.installed ? running_steps(*session) : std::vector<RunningStep>{};
  // Once more, or a step that has just ended would neither run nor be done.
  if (journal.installed) journal = read_journal(*session);
  const Problems digests = differences(journal, b);
  const auto drift = look_for_drift(*session, b, journal, !running.empty(), digests.empty());
  const auto filling = journal.installed ? running_backfills(*session) : std::vector<Backfill>{};
  std::vector<PhaseStatus> phases;
  bool pending = false;
  for (const bundle::Phase& phase : b.phases) {
    phases.push_back(status_of(phase, journal, running));
    pending = pending || phases.back().state != "applied";
  }
  if (options.json) {
    print_json(b, describe(*session), journal, phases, running, filling, drift, digests);
  } else {
    print_text(b, describe(*session), phases, running);
    for (const Backfill& f : filling) fmt::print("backfill: {}, {}\n", f.step, to_text(f));
    if (!journal.purged.empty()) fmt::print("purged at {}: there is no way back\n", journal.purged);
    for (const std::string& line : digests) fmt::print("differs: {}\n", line);
    for (const std::string& line : drift.value_or(Problems{})) fmt::print("drift: {}\n", line);
    if (!drift) fmt::print("drift: not looked for while tables are locked\n");
  }
  if (!digests.empty() || (drift && !drift->empty())) return kRefused;
  return options.exit_code && pending ? kPending : kDone;
}

}  // namespace rekey
