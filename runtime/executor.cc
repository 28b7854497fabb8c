#include "runtime/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

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
};

void run_one(Work& work, StepRunner& runner, Progress& progress, const bundle::Step& step) {
  const auto started = Clock::now();
  progress.begin(step);
  try {
    const Ran ran = runner.run(work.phase, step, work.direction, work.run_number,
                               [&](const std::string& line) { progress.say(line); });
    progress.end(step, work.direction, Clock::now() - started, ran.last_try, ran.rows);
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

void work_through(Work& work, StepRunner& runner, Progress& progress) {
  std::unique_lock lock(work.mutex);
  while (!work.problem && !work.schedule.finished()) {
    const auto next = work.schedule.next();
    if (!next && work.schedule.idle()) {
      work.problem = std::make_exception_ptr(
          std::logic_error(fmt::format("no step of phase {} can run: {} wait for each other",
                                       work.phase.id, joined(work.schedule.waiting()))));
    } else if (!next) {
      work.changed.wait(lock);
    } else {
      work.schedule.start(*next);
      lock.unlock();
      std::exception_ptr problem;
      try {
        run_one(work, runner, progress, work.schedule.step(*next));
      } catch (...) {
        problem = std::current_exception();
      }
      lock.lock();
      work.schedule.finish(*next);
      if (problem && !work.problem) work.problem = problem;
      work.changed.notify_all();
    }
  }
  --work.workers;
  work.changed.notify_all();
}

}  // namespace

Executor::Executor(Run& run, const Sources& sources, Progress& progress, int jobs)
    : progress_(progress) {
  for (int i = 1; i <= jobs; ++i) {
    runners_.push_back(std::make_unique<StepRunner>(run, sources, fmt::format("worker-{}", i)));
  }
}

void Executor::disconnect() {
  for (const auto& runner : runners_) runner->disconnect();
}

void Executor::run(const bundle::Phase& phase, const std::vector<const bundle::Step*>& steps,
                   Direction direction, const std::string& run_number) {
  std::vector<double> weights;
  for (const bundle::Step* step : steps) weights.push_back(progress_.rows_of(side_of(*step, direction)));
  Work work(phase, Schedule(steps, direction, weights), direction, run_number);
  work.workers = std::min(runners_.size(), steps.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(runners_.size(), steps.size()); ++i) {
    threads.emplace_back([&, i] { work_through(work, *runners_[i], progress_); });
  }
  std::unique_lock lock(work.mutex);
  while (work.workers > 0) {
    work.changed.wait_for(lock, 200ms);
    lock.unlock();
    progress_.tick();
    lock.lock();
  }
  lock.unlock();
  threads.clear();
  if (work.problem) std::rethrow_exception(work.problem);
}

}  // namespace rekey
