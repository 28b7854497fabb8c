#include "runtime/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "runtime/journal.h"

namespace rekey {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// One phase under way: workers take steps from the schedule until it is finished or something went
// wrong; the first thing that went wrong is kept.
struct Work {
  Work(const bundle::Phase& of_phase, Schedule steps, Direction towards, const std::string& number)
      : phase(of_phase), direction(towards), run_number(number), schedule(std::move(steps)) {}

  const bundle::Phase& phase;
  const Direction direction;
  const std::string& run_number;
  std::mutex mutex;
  std::condition_variable changed;
  Schedule schedule;
  std::exception_ptr problem;
  std::size_t workers = 0;
  std::size_t turn = 0;
};

void run_one(Work& work, StepRunner& runner, Progress& progress, const bundle::Step& step) {
  const auto started = Clock::now();
  progress.begin(step);
  try {
    const Ran ran = runner.run(work.phase, step, work.direction, work.run_number,
                               [&](const std::string& line) { progress.say(line); });
    progress.end(step, work.direction, Clock::now() - started, ran);
  } catch (const db::Disconnected&) {
    progress.fail(step, Clock::now() - started);
    throw;
  } catch (const db::Error& error) {
    progress.fail(step, Clock::now() - started);
    throw StepFailed(step, error);
  } catch (...) {
    progress.fail(step, Clock::now() - started);
    throw;
  }
}

// The caller holds the lock, and holds it again afterwards.
void run_next(Work& work, std::unique_lock<std::mutex>& lock, StepRunner& runner, Progress& progress, std::size_t step) {
  work.schedule.start(step);
  lock.unlock();
  std::exception_ptr problem;
  try {
    run_one(work, runner, progress, work.schedule.step(step));
  } catch (...) {
    problem = std::current_exception();
  }
  lock.lock();
  work.schedule.finish(step);
  if (problem && !work.problem) work.problem = problem;
  work.changed.notify_all();
}

// Of the shared steps that run each gets its turn.
const bundle::Step* shared_step(Work& work) {
  std::vector<const bundle::Step*> shared;
  for (const std::size_t i : work.schedule.running()) {
    if (side_of(work.schedule.step(i), work.direction).shared) shared.push_back(&work.schedule.step(i));
  }
  return shared.empty() ? nullptr : shared[work.turn++ % shared.size()];
}

// One batch, so that a step that becomes ready does not wait for long.
void help(Work& work, std::unique_lock<std::mutex>& lock, StepRunner& runner, const bundle::Step& step) {
  lock.unlock();
  const auto began = Clock::now();
  std::exception_ptr problem;
  try {
    runner.help(work.phase, step, work.direction, work.run_number);
  } catch (...) {
    problem = std::current_exception();
  }
  lock.lock();
  if (problem && !work.problem) {
    work.problem = problem;
    work.changed.notify_all();
  } else if (Clock::now() - began < 50ms) {
    work.changed.wait_for(lock, 200ms);  // there was nothing to do
  }
}

void work_through(Work& work, StepRunner& runner, Progress& progress) {
  std::unique_lock lock(work.mutex);
  while (!work.problem && !work.schedule.finished()) {
    if (const auto next = work.schedule.next()) {
      run_next(work, lock, runner, progress, *next);
    } else if (work.schedule.idle()) {
      work.problem = std::make_exception_ptr(
          std::logic_error(fmt::format("no step of phase {} can run: {} wait for each other",
                                       work.phase.id, joined(work.schedule.waiting()))));
    } else if (const bundle::Step* shared = shared_step(work)) {
      help(work, lock, runner, *shared);
    } else {
      work.changed.wait(lock);
    }
  }
  --work.workers;
  work.changed.notify_all();
}

}  // namespace

Executor::Executor(Run& run, const Sources& sources, Progress& progress, int jobs)
    : run_(run), progress_(progress) {
  for (int i = 1; i <= jobs; ++i) {
    runners_.push_back(std::make_unique<StepRunner>(run, sources, fmt::format("worker-{}", i)));
  }
}

void Executor::disconnect() {
  for (const auto& runner : runners_) runner->disconnect();
  watch_.reset();
}

// Nothing depends on it: where it cannot be had, nothing is shown.
void Executor::watch() {
  try {
    if (!watch_) watch_ = run_.open("watch");
    for (const RunningStep& step : running_steps(*watch_)) progress_.waiting(step.step, step.waits_for);
    for (const Backfill& b : running_backfills(*watch_)) progress_.filling(b);
  } catch (const db::Disconnected&) {
    watch_.reset();
  } catch (const db::Error&) {
  }
}

void Executor::run(const bundle::Phase& phase, const std::vector<const bundle::Step*>& steps,
                   Direction direction, const std::string& run_number) {
  std::vector<double> weights;
  for (const bundle::Step* step : steps) weights.push_back(progress_.rows_of(side_of(*step, direction)));
  const bool shared = std::ranges::any_of(steps, [&](const bundle::Step* step) { return side_of(*step, direction).shared; });
  Work work(phase, Schedule(steps, direction, weights), direction, run_number);
  work.workers = shared ? runners_.size() : std::min(runners_.size(), steps.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0, all = work.workers; i < all; ++i) {
    threads.emplace_back([&, i] { work_through(work, *runners_[i], progress_); });
  }
  auto watched = Clock::now() + 1s;  // most steps have ended by then
  std::unique_lock lock(work.mutex);
  while (work.workers > 0) {
    work.changed.wait_for(lock, 200ms);
    lock.unlock();
    progress_.tick();
    if (Clock::now() - watched > 1s) {
      watch();
      watched = Clock::now();
    }
    lock.lock();
  }
  lock.unlock();
  threads.clear();
  if (work.problem) std::rethrow_exception(work.problem);
}

}  // namespace rekey
