#include "runtime/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace rekey {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLines{30};

std::size_t columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

}  // namespace

bool exclusive(const bundle::Side& side) {
  return std::ranges::any_of(side.locks, [](const bundle::TableLock& lock) {
    return lock.mode == bundle::LockMode::access_exclusive;
  });
}

Progress::Progress(std::FILE* lines, bool every_step, std::map<std::string, double> rows)
    : lines_(lines),
      every_step_(every_step),
      rows_(std::move(rows)),
      terminal_(isatty(fileno(lines)) != 0 && std::getenv("TERM") != nullptr &&
                std::string_view(std::getenv("TERM")) != "dumb") {}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  erase();
}

double Progress::rows_of(const bundle::Side& side) const {
  double rows = 0;
  for (const std::string& table : side.rewrites) {
    if (const auto found = rows_.find(table); found != rows_.end())
      rows += std::max(0.0, found->second);
  }
  return rows;
}

void Progress::expect(const bundle::Step& step, Direction direction) {
  const std::lock_guard lock(mutex_);
  ++totals_.expected;
  totals_.expected_rows += rows_of(side_of(step, direction));
}

void Progress::phase(const bundle::Phase& phase, Direction direction) {
  const std::lock_guard lock(mutex_);
  phase_ = phase.id + " " + phase.name;
  line((direction == Direction::up ? "apply phase " : "roll back phase ") + phase_);
}

void Progress::begin(const bundle::Step& step) {
  const std::lock_guard lock(mutex_);
  running_[step.id] = {Clock::now(), Clock::now(), {}, {}};
  draw();
}

void Progress::end(const bundle::Step& step, Direction direction, Seconds time, const Ran& ran) {
  const std::lock_guard lock(mutex_);
  const bundle::Side& side = side_of(step, direction);
  const double rows = ran.rows.value_or(rows_of(side));
  running_.erase(step.id);
  ++totals_.steps;
  totals_.rows += rows;
  if (exclusive(side) && ran.held > totals_.exclusive) {
    totals_.exclusive = ran.held;
    totals_.exclusive_step = step.id;
  }
  const bool told = !side.rewrites.empty() || side.shared || step.kind == "move";
  if (!every_step_ && !told) return draw();
  line(fmt::format("{} .. ok {}{}{}", step.id, duration(time),
                   rows > 0 ? ", " + counted(static_cast<std::int64_t>(rows), "row") : "",
                   ran.note.empty() ? "" : "; " + ran.note));
}

void Progress::fail(const bundle::Step& step, Seconds time) {
  const std::lock_guard lock(mutex_);
  running_.erase(step.id);
  line(fmt::format("{} .. failed after {}", step.id, duration(time)));
}

void Progress::filling(const Backfill& backfill) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(backfill.step);
  if (found == running_.end()) return;
  Running& running = found->second;
  const bool waits = !backfill.waits_for.empty() && !(running.backfill && !running.backfill->waits_for.empty());
  running.backfill = backfill;
  if (!waits && (terminal_ || Clock::now() - running.told < kBetweenLines)) return draw();
  running.told = Clock::now();
  line(status_of(backfill.step, running));
}

void Progress::waiting(const std::string& step, const std::string& whom) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(step);
  if (found == running_.end() || found->second.waits_for == whom) return;
  found->second.waits_for = whom;
  if (!whom.empty()) line(fmt::format("{} waits for {}", step, whom));
}

void Progress::say(const std::string& text) {
  const std::lock_guard lock(mutex_);
  erase();
  fmt::print(stderr, "{}\n", text);
  draw();
}

void Progress::tick() {
  const std::lock_guard lock(mutex_);
  draw();
}

Progress::Totals Progress::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals = totals_;
  totals.time = Clock::now() - started_;
  return totals;
}

std::string Progress::summary() const {
  const Totals t = totals();
  std::string text = counted(static_cast<std::int64_t>(t.steps), "step");
  if (t.rows > 0) text += ", " + counted(static_cast<std::int64_t>(t.rows), "row");
  text += " in " + duration(t.time);
  if (!t.exclusive_step.empty()) {
    text +=
        fmt::format("; longest exclusive lock {} ({})", duration(t.exclusive), t.exclusive_step);
  }
  return text;
}

// "015.orders.backfill: 12,000 rows filled, 40 % of the table, 3 min 05 s left"
std::string Progress::status_of(const std::string& step, const Running& running) const {
  if (!running.backfill) return step;
  const double share = running.backfill->share;
  std::string text = step + ": " + to_text(*running.backfill);
  if (share > 0 && share < 1) text += ", " + duration(Seconds(Clock::now() - running.since) * ((1 - share) / share)) + " left";
  return text;
}

std::string Progress::status() const {
  std::string text = fmt::format("[{}] {}/{} steps", phase_, totals_.steps, totals_.expected);
  double done = totals_.steps, all = totals_.expected;
  if (totals_.expected_rows > 0) {
    text += fmt::format(", {} of {} rows", grouped(static_cast<std::int64_t>(totals_.rows)),
                        grouped(static_cast<std::int64_t>(totals_.expected_rows)));
    done = totals_.rows;
    all = totals_.expected_rows;
  }
  if (all > 0) text += fmt::format(", {:.0f} %", 100 * done / all);
  if (done > 0 && done < all) {
    text += ", ETA " + duration(Seconds(Clock::now() - started_) * ((all - done) / done));
  }
  if (!running_.empty()) text += "  " + status_of(running_.begin()->first, running_.begin()->second);
  return text;
}

void Progress::erase() {
  if (drawn_) fmt::print(lines_, "\r\033[K");
  drawn_ = false;
  std::fflush(lines_);
}

void Progress::draw() {
  if (!terminal_ || running_.empty()) return;
  std::string text = status();
  if (const std::size_t width = columns() - 1; text.size() > width) text.resize(width);
  fmt::print(lines_, "\r\033[K{}", text);
  drawn_ = true;
  std::fflush(lines_);
}

void Progress::line(const std::string& text) {
  erase();
  fmt::print(lines_, "{}\n", text);
  draw();
  std::fflush(lines_);
}

}  // namespace rekey
