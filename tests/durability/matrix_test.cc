// A bundle with a step of every kind, disturbed in every way before, in and after each step, in both
// directions. REKEY_EXHAUSTIVE=1: at every statement, those between the steps too.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/durability/disturbance.h"

namespace rekey::test {
namespace {

const Scene& scene() {
  static const bool pinned = setenv("PGOPTIONS", "-c rekey.secret=pinned", 1) == 0;
  static const std::string folder = REKEY_SOURCE "/tests/durability/";
  static const Scene scene(folder + "every_step.yaml", read_text(folder + "every_step.sql"),
                           pinned ? read_text(folder + "rows_since.sql") : "");
  return scene;
}

// A backend that is stopped cannot be terminated, nor its server stopped.
bool possible(Fault fault, Moment moment) {
  return moment != Moment::unread || fault == Fault::kill || fault == Fault::cut;
}

std::vector<Disturbance> at_steps(Direction direction, Fault fault) {
  std::vector<Disturbance> all;
  for (const StepUnits& step : scene().course(direction).steps) {
    for (const Point& point : {Point{step.first, Moment::before},
                               Point{(step.first + step.last) / 2, Moment::unanswered},
                               Point{step.last, Moment::unread}, Point{step.last, Moment::unanswered},
                               Point{step.last, Moment::after}}) {
      if (possible(fault, point.moment)) all.push_back({direction, point, fault});
    }
  }
  return all;
}

bool in_a_step(const Course& course, std::size_t unit) {
  for (const StepUnits& step : course.steps) {
    if (step.first <= unit && unit <= step.last) return true;
  }
  return false;
}

std::vector<Disturbance> everywhere(Direction direction, Fault fault) {
  std::vector<Disturbance> all;
  const Course& course = scene().course(direction);
  for (std::size_t unit = 1; unit <= course.units.size(); ++unit) {
    for (Moment moment : {Moment::before, Moment::unread, Moment::unanswered, Moment::after}) {
      if (!possible(fault, moment)) continue;
      all.push_back({direction, {unit, moment}, fault, false, 1, in_a_step(course, unit)});
    }
  }
  return all;
}

std::vector<Disturbance> chosen(Direction direction, Fault fault) {
  return std::getenv("REKEY_EXHAUSTIVE") ? everywhere(direction, fault) : at_steps(direction, fault);
}

void hold(const std::vector<Disturbance>& all) {
  ASSERT_FALSE(all.empty());
  for (const Disturbance& d : all) {
    try {
      if (std::getenv("REKEY_TEST_LOUD")) fmt::print(stderr, "{}\n", to_text(d, scene()));
      if (!disturb(scene(), d)) ADD_FAILURE() << to_text(d, scene()) << "\nnever reached";
    } catch (const std::exception& error) {
      ADD_FAILURE() << to_text(d, scene()) << "\n" << error.what();
    }
  }
  fmt::print("{} disturbances\n", all.size());
}

TEST(Matrix, RollbackReturnsTheSchema) { EXPECT_EQ(scene().down.end.schema, scene().original.schema); }

TEST(Matrix, KillApply) { hold(chosen(Direction::up, Fault::kill)); }
TEST(Matrix, KillRollback) { hold(chosen(Direction::down, Fault::kill)); }
TEST(Matrix, TerminateApply) { hold(chosen(Direction::up, Fault::terminate)); }
TEST(Matrix, TerminateRollback) { hold(chosen(Direction::down, Fault::terminate)); }
TEST(Matrix, StopApply) { hold(chosen(Direction::up, Fault::stop)); }
TEST(Matrix, StopRollback) { hold(chosen(Direction::down, Fault::stop)); }
TEST(Matrix, CutApply) { hold(chosen(Direction::up, Fault::cut)); }
TEST(Matrix, CutRollback) { hold(chosen(Direction::down, Fault::cut)); }

TEST(Matrix, KillApplyAndGoBack) {
  std::vector<Disturbance> all = chosen(Direction::up, Fault::kill);
  for (Disturbance& d : all) d.turn_round = true;
  hold(all);
}

}  // namespace
}  // namespace rekey::test
