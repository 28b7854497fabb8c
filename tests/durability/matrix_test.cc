// Bundles, disturbed. One has a step of every kind: in every way before, in and after each step, in both
// directions; with REKEY_EXHAUSTIVE at every statement, those between the steps too. The others, a larger one and ones
// of online phases, with two jobs: at random; with REKEY_EXHAUSTIVE everywhere. REKEY_TEST_DISTURBANCES says
// how many there are in each test: of those around the steps, evenly spread ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "tests/durability/disturbance.h"

namespace rekey::test {
namespace {

const std::vector<Fault> kFaults{Fault::kill, Fault::terminate, Fault::stop, Fault::cut};

const Scene& every_step() {
  static const Scene scene("every_step");
  return scene;
}

bool exhaustive() { return std::getenv("REKEY_EXHAUSTIVE") != nullptr; }

// A backend that is stopped cannot be terminated, nor its server stopped.
bool possible(Fault fault, Moment moment) {
  return moment != Moment::unread || fault == Fault::kill || fault == Fault::cut;
}

std::vector<Disturbance> at_steps(const Scene& scene, Direction direction, Fault fault) {
  std::vector<Disturbance> all;
  for (const StepUnits& step : scene.course(direction).steps) {
    for (const Point& point : {Point{step.first, Moment::before}, Point{step.last - 1, Moment::unanswered},
                               Point{step.last, Moment::unread}, Point{step.last, Moment::unanswered},
                               Point{step.last, Moment::after}}) {
      if (possible(fault, point.moment)) all.push_back({direction, point, fault});
    }
  }
  return all;
}

std::vector<Disturbance> everywhere(const Scene& scene, Direction direction, Fault fault) {
  std::vector<Disturbance> all;
  for (std::size_t unit = 1; unit <= scene.course(direction).units.size(); ++unit) {
    for (Moment moment : {Moment::before, Moment::unread, Moment::unanswered, Moment::after}) {
      if (possible(fault, moment)) all.push_back({direction, {unit, moment}, fault});
    }
  }
  return all;
}

const char* how_many() { return std::getenv("REKEY_TEST_DISTURBANCES"); }

std::vector<Disturbance> spread(const std::vector<Disturbance>& all, std::size_t count) {
  if (all.size() <= count) return all;
  std::vector<Disturbance> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(all[i * all.size() / count]);
  return some;
}

std::vector<Disturbance> chosen(Direction direction, Fault fault) {
  if (exhaustive()) return everywhere(every_step(), direction, fault);
  const auto all = at_steps(every_step(), direction, fault);
  return how_many() ? spread(all, std::stoul(how_many())) : all;
}

std::vector<Disturbance> turned_round(std::vector<Disturbance> all) {
  for (Disturbance& d : all) d.turn_round = true;
  return all;
}

void hold(const Scene& scene, const std::vector<Disturbance>& all) {
  ASSERT_FALSE(all.empty());
  std::size_t done = 0;
  for (const Disturbance& d : all) {
    if (exhaustive() && done++ % 50 == 0) fmt::print(stderr, "{} of {}\n", done, all.size());
    try {
      if (std::getenv("REKEY_TEST_LOUD")) fmt::print(stderr, "{}\n", to_text(d, scene));
      if (!disturb(scene, d)) ADD_FAILURE() << to_text(d, scene) << "\nnever reached";
    } catch (const std::exception& error) {
      ADD_FAILURE() << to_text(d, scene) << "\n" << error.what();
    }
  }
  fmt::print("{} disturbances\n", all.size());
}

// Those of online phases and of columns that go, which have scenes of their own.
bool is_elsewhere(const std::string& kind) {
  const char* const kinds[] = {"open_prepare", "open_swap", "expand", "backfill", "twin", "require", "required", "analyze",
                               "compare", "swap", "settle_keys", "keep_keys", "contract", "old_index", "hook_back",
                               "require_back", "required_back", "not_null", "not_null_back", "bridge", "end_bridge", "join", "join_back",
                               "join_keys", "validate_parts", "drop", "hold", "keyed"};
  return std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds);
}

// Every other template of a step is the template of a step here.
TEST(Matrix, HasAStepOfEveryKind) {
  std::string ids;
  for (const StepUnits& step : every_step().up.steps) ids += step.id + "\n";
  for (const auto& file : std::filesystem::directory_iterator(REKEY_SOURCE "/templates/steps")) {
    const std::string kind = file.path().stem();
    if (kind == "frame" || kind == "header" || kind == "session" || kind == "verify" || is_elsewhere(kind)) continue;
    const std::string wanted = kind.ends_with("_cleanup") ? "040." + kind.substr(0, kind.find('_')) : "." + kind;
    EXPECT_NE(ids.find(wanted + "\n"), std::string::npos) << kind << " is not in\n" << ids;
  }
}

TEST(Matrix, RollbackReturnsTheSchema) {
  EXPECT_EQ(every_step().down.end.schema, every_step().original.schema);
}

TEST(Matrix, KillApply) { hold(every_step(), chosen(Direction::up, Fault::kill)); }
TEST(Matrix, KillRollback) { hold(every_step(), chosen(Direction::down, Fault::kill)); }
TEST(Matrix, TerminateApply) { hold(every_step(), chosen(Direction::up, Fault::terminate)); }
TEST(Matrix, TerminateRollback) { hold(every_step(), chosen(Direction::down, Fault::terminate)); }
TEST(Matrix, StopApply) { hold(every_step(), chosen(Direction::up, Fault::stop)); }
TEST(Matrix, StopRollback) { hold(every_step(), chosen(Direction::down, Fault::stop)); }
TEST(Matrix, CutApply) { hold(every_step(), chosen(Direction::up, Fault::cut)); }
TEST(Matrix, CutRollback) { hold(every_step(), chosen(Direction::down, Fault::cut)); }
TEST(Matrix, KillApplyAndGoBack) {
  hold(every_step(), turned_round(chosen(Direction::up, Fault::kill)));
}

// Every third with one job: there the journal is held against what is in effect, too.
std::vector<Disturbance> sample(const Scene& scene, unsigned seed, std::size_t most, const std::vector<Fault>& faults) {
  std::vector<Disturbance> all;
  const auto add = [&](const std::vector<Disturbance>& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (Fault fault : faults) {
    add(everywhere(scene, Direction::up, fault));
    add(everywhere(scene, Direction::down, fault));
  }
  add(turned_round(everywhere(scene, Direction::up, Fault::kill)));
  std::shuffle(all.begin(), all.end(), std::mt19937(seed));
  if (all.size() > most) all.resize(most);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].jobs = i % 3 == 2 ? 1 : 2;
  return all;
}

// The same sample each time, unless a seed or a number of disturbances is given.
unsigned drawn_seed() {
  const char* given = std::getenv("REKEY_TEST_SEED");
  const unsigned seed = given ? static_cast<unsigned>(std::stoul(given)) : how_many() ? std::random_device{}() : 20261124u;
  fmt::print("REKEY_TEST_SEED={}\n", seed);
  return seed;
}

void hold_sample(const Scene& scene, const std::vector<Fault>& faults = kFaults) {
  const char* number = how_many();
  hold(scene, sample(scene, drawn_seed(), number ? std::stoul(number) : exhaustive() ? SIZE_MAX : 20, faults));
}

TEST(Sample, LargerBundle) {
  const Scene scene("shop");
  EXPECT_EQ(scene.down.end.schema, scene.original.schema);
  hold_sample(scene);
}

// Online phases there and back, the cleanup too.
TEST(Sample, OnlineBundle) { hold_sample(Scene("online")); }

// Through the cleanup that drops columns, and back.
TEST(Sample, Reshape) { hold_sample(Scene("reshape")); }

// With a bridge the old version's sequences go on, and a server that is stopped at once skips ids of them.
TEST(Sample, Bridge) { hold_sample(Scene("online", "bridge"), {Fault::kill, Fault::terminate, Fault::cut}); }

}  // namespace
}  // namespace rekey::test
