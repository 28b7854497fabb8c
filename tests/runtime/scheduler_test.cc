// Steps as text in, the order in which they start and end out.
#include "runtime/scheduler.h"

#include <gtest/gtest.h>

#include <deque>

namespace rekey::test {
namespace {

using bundle::LockMode;

bundle::Step step(const std::string& id, std::vector<std::string> needs,
                  std::vector<bundle::TableLock> locks = {}) {
  bundle::Step s;
  s.id = id;
  s.needs = s.undo_needs = std::move(needs);
  s.up.locks = s.down.locks = std::move(locks);
  return s;
}

// Workers that all take the same time: each round starts what may start, then the oldest ends.
std::string run(const std::vector<bundle::Step>& steps, std::size_t workers, Direction direction) {
  std::vector<const bundle::Step*> pointers;
  for (const bundle::Step& s : steps) pointers.push_back(&s);
  Schedule schedule(pointers, direction);
  std::deque<std::size_t> running;
  std::string trace;
  while (!schedule.finished()) {
    while (running.size() < workers) {
      const auto next = schedule.next();
      if (!next) break;
      schedule.start(*next);
      running.push_back(*next);
      trace += "+" + schedule.step(*next).id + " ";
    }
    if (running.empty()) {
      trace += "stuck:";
      for (const std::string& id : schedule.waiting()) trace += " " + id;
      return trace;
    }
    schedule.finish(running.front());
    trace += "-" + schedule.step(running.front()).id + " ";
    running.pop_front();
  }
  return trace;
}

TEST(Scheduler, TheHeaviestPathGoesFirst) {
  const std::vector<bundle::Step> steps = {step("a", {}), step("b", {}), step("c", {}),
                                           step("small", {"a"}), step("large", {"c"})};
  std::vector<const bundle::Step*> pointers;
  for (const bundle::Step& s : steps) pointers.push_back(&s);
  Schedule schedule(pointers, Direction::up, {0, 0, 0, 1, 5});
  std::string order;
  while (const auto next = schedule.next()) {
    schedule.start(*next);
    schedule.finish(*next);
    order += schedule.step(*next).id + " ";
  }
  EXPECT_EQ(order, "c large a small b ");
}

TEST(Scheduler, Traces) {
  const bundle::TableLock t{"public.t", LockMode::access_exclusive},
      read_t{"public.t", LockMode::access_share};
  const bundle::TableLock vacuum_t{"public.t", LockMode::share_update_exclusive};
  const bundle::TableLock u{"public.u", LockMode::access_exclusive};
  const struct {
    std::vector<bundle::Step> steps;
    std::size_t workers;
    std::string trace;
  } cases[] = {
      {{step("a", {}), step("b", {"a"}), step("c", {"a"}), step("d", {"b", "c"})},
       1,
       "+a -a +b -b +c -c +d -d "},
      {{step("a", {}), step("b", {"a"}), step("c", {"a"}), step("d", {"b", "c"})},
       2,
       "+a -a +b +c -b -c +d -d "},
      {{step("a", {}, {t}), step("b", {}, {u}), step("c", {}, {t, u})}, 3, "+a +b -a -b +c -c "},
      {{step("a", {}, {t}), step("b", {}, {read_t})}, 2, "+a -a +b -b "},
      {{step("a", {}, {vacuum_t}), step("b", {}, {vacuum_t})}, 2, "+a -a +b -b "},
      {{step("a", {}, {read_t}), step("b", {}, {vacuum_t})}, 2, "+a +b -a -b "},
      {{step("b", {"done long ago"})}, 1, "+b -b "},
      {{step("a", {"b"}), step("b", {"a"}), step("c", {})}, 2, "+c -c stuck: a b"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(run(c.steps, c.workers, Direction::up), c.trace);
    EXPECT_EQ(run(c.steps, c.workers, Direction::down), c.trace);
  }
}

}  // namespace
}  // namespace rekey::test
