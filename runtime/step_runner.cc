#include "runtime/step_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/backfills.h"
#include "runtime/interrupt.h"
#include "runtime/text.h"

namespace rekey {

namespace {

using Clock = std::chrono::steady_clock;

std::string path_of(const bundle::Phase& phase, Direction direction) {
  return phase.folder + (direction == Direction::up ? "/up.sql" : "/down.sql");
}

}  // namespace

Sources::Sources(const bundle::Bundle& b) {
  for (const bundle::Phase& phase : b.phases) {
    for (const char* name : {"up.sql", "down.sql", "verify.sql"}) {
      const std::string path = phase.folder + "/" + name;
      files_.emplace(path, bundle::read_file(b, path));
    }
  }
}

std::string_view Sources::text(const std::string& path, const bundle::Range& range) const {
  return std::string_view(files_.at(path)).substr(range.offset, range.length);
}

StepRunner::StepRunner(Run& run, const Sources& sources, std::string role)
    : run_(run), sources_(sources), role_(std::move(role)) {}

// As psql would: a fresh session a file, with the settings at its top.
void StepRunner::enter(const bundle::Phase& phase, Direction direction,
                       const std::string& run_number) {
  const bool up = direction == Direction::up;
  const std::string path = path_of(phase, direction);
  if (session_ && entered_ == path + "\n" + run_number) return;
  if (session_) {
    session_->exec("RESET ALL");
    run_.prepare(*session_, role_);
  } else {
    session_ = run_.open(role_);
  }
  const std::string_view settings = sources_.text(path, up ? phase.up_session : phase.down_session);
  if (!settings.empty()) session_->exec(settings);
  session_->exec("SELECT set_config('rekey.run', $1, false)", {run_number});
  entered_ = path + "\n" + run_number;
}

void StepRunner::attempt(const std::string& path, const bundle::Side& side, bool transactional) {
  try {
    const Cancellable cancellable(*session_);
    for (const bundle::Range& statement : side.statements) {
      if (interrupted()) throw Interrupted{};
      session_->exec(sources_.text(path, statement));
    }
  } catch (const db::Disconnected&) {
    throw;
  } catch (const Interrupted&) {
    undo(transactional);
    throw;
  } catch (const db::Error&) {
    undo(transactional);
    if (interrupted()) throw Interrupted{};
    throw;
  }
}

void StepRunner::undo(bool transactional) {
  session_->exec("ROLLBACK");
  if (!transactional) session_->exec("SELECT pg_advisory_unlock_all()");
}

std::string StepRunner::blockers(const bundle::Side& side) {
  std::vector<std::string> tables, texts;
  for (const bundle::TableLock& lock : side.locks) tables.push_back(lock.table);
  for (const db::Holder& holder : db::lock_holders(*session_, tables, {})) {
    for (const bundle::TableLock& lock : side.locks) {
      if (lock.table != holder.table) continue;
      for (int mode = 0; mode < 8; ++mode) {
        const auto held = static_cast<bundle::LockMode>(mode);
        if (bundle::name(held) == holder.mode && bundle::conflict(held, lock.mode)) {
          texts.push_back(db::to_text(holder));
        }
      }
    }
  }
  constexpr std::size_t kMost = 5;
  const std::size_t all = texts.size();
  if (all > kMost) texts.resize(kMost);
  return texts.empty() ? "" : "; " + joined(texts, "; ") + (all > kMost ? fmt::format("; and {} more", all - kMost) : "");
}

// A step that rewrites a table has counted its rows, a backfill too.
Ran StepRunner::what_it_did(const bundle::Step& step, const bundle::Side& side) {
  if (side.shared) {
    const auto filled = filled_by(*session_, step.id);
    if (!filled) return {};
    return {static_cast<double>(filled->rows),
            fmt::format("table {}, {} before", size(filled->bytes_after), size(filled->bytes_before)), {}};
  }
  if (side.rewrites.empty()) return {};
  const db::Rows found = session_->exec(
      "SELECT rows FROM rekey.checks WHERE step = $1 AND moment = 'after' ORDER BY entry DESC LIMIT 1", {step.id});
  if (found.rows.empty() || !found.rows[0][0]) return {};
  return {std::stod(*found.rows[0][0]), "", {}};
}

// As the step itself wrote down; of one outside of a transaction nothing is known.
Seconds StepRunner::held(const bundle::Step& step, const bundle::Side& side) {
  const Seconds unknown = Seconds::max();
  if (!step.transactional || step.kind == "foundation" || !exclusive(side)) return unknown;
  const db::Rows found = session_->exec(
      "SELECT extract(epoch FROM held) FROM rekey.history WHERE step = $1 ORDER BY at DESC LIMIT 1", {step.id});
  return found.rows.empty() || !found.rows[0][0] ? unknown : Seconds(std::stod(*found.rows[0][0]));
}

// The session that runs the step meets the same errors, or it has ended in between.
void StepRunner::help(const bundle::Phase& phase, const bundle::Step& step, Direction direction,
                      const std::string& run_number) {
  bundle::Side part;
  part.statements = {side_of(step, direction).statements.at(1)};
  try {
    enter(phase, direction, run_number);
    session_->exec("SET rekey.helper = on");
    attempt(path_of(phase, direction), part, true);
  } catch (const db::Disconnected&) {
    session_.reset();
    throw;
  } catch (const db::Error&) {
  }
  session_->exec("RESET rekey.helper");
}

Ran StepRunner::run(const bundle::Phase& phase, const bundle::Step& step, Direction direction, const std::string& run_number,
                    const std::function<void(const std::string&)>& report) {
  const bundle::Side& side = side_of(step, direction);
  const std::string path = path_of(phase, direction);
  Clock::time_point began;
  try {
    enter(phase, direction, run_number);
    db::with_retries(
        {},
        [&] {
          began = Clock::now();
          attempt(path, side, step.transactional);
        },
        [&](const db::Retry& retry) {
          report(fmt::format("{}: {}; try {} in {}{}", step.id, retry.error.what(),
                             retry.failed + 1, duration(retry.pause), blockers(side)));
          return pause_for(retry.pause);
        });
    const Seconds last_try = Clock::now() - began;
    Ran ran = what_it_did(step, side);
    ran.held = std::min(last_try, held(step, side));
    return ran;
  } catch (const db::Disconnected&) {
    session_.reset();
    throw;
  } catch (const db::Error&) {
    if (interrupted()) throw Interrupted{};
    throw;
  }
}

}  // namespace rekey
