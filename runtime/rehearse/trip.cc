#include "runtime/rehearse/trip.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/interrupt.h"
#include "runtime/outcome.h"

namespace rekey::rehearse {

namespace {

using Clock = std::chrono::steady_clock;

// They need every step of their phase, and run whatever became of it.
bool runs_anyway(const bundle::Step& step) {
  return step.kind == "vacuum" || step.kind == "close" || step.kind == "open";
}

std::string message(const db::Error& error) {
  std::string text = error.what();
  if (!error.sqlstate.empty()) text += fmt::format(" ({})", error.sqlstate);
  if (!error.detail.empty()) text += "; " + error.detail;
  return text;
}

double wal_position(db::Connection& session) {
  return std::stod(session.exec("SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn").only().value());
}

}  // namespace

Trip::Trip(Run& run, const std::string& url, const bundle::Bundle& b, const Sources& sources)
    : bundle_(b), sources_(sources), run_(run), session_(run.open("rehearsal")),
      sampler_(url, session_->backend_pid()), files_(files_of(*session_)) {}

void Trip::enter(const bundle::Phase& phase, Direction direction) {
  const bool up = direction == Direction::up;
  path_ = phase.folder + (up ? "/up.sql" : "/down.sql");
  session_->exec("RESET ALL");
  run_.prepare(*session_, "rehearsal");
  session_->exec(sources_.text(path_, up ? phase.up_session : phase.down_session));
}

void Trip::up() {
  for (const bundle::Phase& phase : bundle_.phases) {
    enter(phase, Direction::up);
    for (const bundle::Step& step : phase.steps) run(phase, step, Direction::up, not_done_);
    if (!not_done_.contains(phase.steps.front().id)) continue;
    if (phase.kind == "foundation") throw Failed("the foundation cannot be laid: " + steps_.back().error);
    session_->exec("INSERT INTO rekey.phases VALUES ($1, $2, '', 'applied') ON CONFLICT (phase) DO UPDATE SET state = 'applied'",
                   {phase.id, phase.name});
  }
}

void Trip::down() {
  for (auto phase = bundle_.phases.rbegin(); phase != bundle_.phases.rend(); ++phase) {
    if (phase->kind == "foundation" && !not_undone_.empty()) return;  // what did not go back needs it
    enter(*phase, Direction::down);
    for (const std::string& id : phase->undo_order) {
      const auto step = std::ranges::find(phase->steps, id, &bundle::Step::id);
      if (not_done_.contains(id) && !step->undo_always) {
        pretend(*phase, *step, Direction::down);
      } else {
        run(*phase, *step, Direction::down, not_undone_);
      }
    }
  }
}

void Trip::run(const bundle::Phase& phase, const bundle::Step& step, Direction direction,
               std::set<std::string>& missing) {
  if (interrupted()) throw Interrupted{};
  StepSeen seen;
  seen.phase = &phase;
  seen.step = &step;
  seen.direction = direction;
  const auto& needs = direction == Direction::up ? step.needs : step.undo_needs;
  seen.left_out = !runs_anyway(step) && std::ranges::any_of(needs, [&](const auto& need) { return missing.contains(need); });
  if (!seen.left_out) attempt(side_of(step, direction), seen);
  if (seen.left_out || !seen.error.empty()) {
    missing.insert(step.id);
    pretend(phase, step, direction);
  }
  steps_.push_back(std::move(seen));
}

// The journal takes a step that failed or was left out for done, so that the next ones may run.
void Trip::pretend(const bundle::Phase& phase, const bundle::Step& step, Direction direction) {
  if (phase.kind == "foundation") return;
  session_->exec("UPDATE rekey.steps SET state = $1 WHERE step = $2", {direction == Direction::up ? "done" : "undone", step.id});
}

void Trip::attempt(const bundle::Side& side, StepSeen& seen) {
  sampler_.take();
  const double wal = wal_position(*session_);
  const auto started = Clock::now();
  try {
    const Cancellable cancellable(*session_);
    for (const bundle::Range& statement : side.statements) {
      const std::string_view sql = sources_.text(path_, statement);
      if (sql.starts_with("COMMIT")) seen.locks = locks_of(*session_, session_->backend_pid());
      session_->exec(sql);
    }
  } catch (const db::Disconnected&) {
    throw;
  } catch (const db::Error& error) {
    if (interrupted()) throw Interrupted{};
    seen.error = message(error);
    session_->exec("ROLLBACK");
    session_->exec("SELECT pg_catalog.pg_advisory_unlock_all()");
  }
  seen.time = Clock::now() - started;
  seen.wal = wal_position(*session_) - wal;
  Sampler::Seen sampled = sampler_.take();
  seen.progress = std::move(sampled.progress);
  if (!seen.step->transactional) seen.locks = std::move(sampled.locks);
  const Files now = files_of(*session_);
  seen.rewrites = rewritten(files_, now);
  files_ = now;
}

bool Trip::failed() const {
  return std::ranges::any_of(steps_, [](const StepSeen& s) { return s.left_out || !s.error.empty(); });
}

// Locks that let writers and readers of rows pass need no announcement.
std::vector<std::string> broken_claims(const StepSeen& seen) {
  std::vector<std::string> out;
  const bundle::Side& side = side_of(*seen.step, seen.direction);
  const char* way = seen.direction == Direction::up ? "" : ", on the way back";
  for (const auto& [table, mode] : seen.locks) {
    if (mode < bundle::LockMode::share_update_exclusive) continue;
    const auto claimed = std::ranges::find(side.locks, table, &bundle::TableLock::table);
    if (claimed != side.locks.end() && claimed->mode >= mode) continue;
    out.push_back(fmt::format("step {} took {} on {}{}; its header says {}", seen.step->id, bundle::name(mode), table, way,
                              claimed == side.locks.end() ? "nothing of that table" : std::string(bundle::name(claimed->mode))));
  }
  for (const std::string& table : seen.rewrites) {
    if (std::ranges::count(side.rewrites, table)) continue;
    out.push_back(fmt::format("step {} rewrote {}{}; its header does not say so", seen.step->id, table, way));
  }
  return out;
}

}  // namespace rekey::rehearse
