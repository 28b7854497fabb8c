// Any database comes back from new keys as it was. A case is drawn by rapidcheck, which prints its
// seed and shrinks it when it fails; RC_PARAMS="reproduce=…" runs that one again.
// REKEY_PROPERTY_CASES says how many cases, over all generators, and then the seed is a new one each time unless
// REKEY_TEST_SEED gives it; without both they are the same 200, so that a change that breaks nothing is not blamed for
// an old fault.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "tests/property/repairs.h"
#include "tests/property/shapes.h"
#include "tests/property/trip.h"
#include "tests/runtime/server.h"

namespace rekey::property {
namespace {

constexpr int kCases = 200;

void set_number_of_cases() {
  const char* given = std::getenv("REKEY_PROPERTY_CASES");
  const char* seed = std::getenv("REKEY_TEST_SEED");
  const int all = given ? std::atoi(given) : kCases;
  const std::string fixed = seed ? seed : given ? "" : "20261124";
  setenv("RC_PARAMS", fmt::format("max_success={}{}", (all + 4) / 5, fixed.empty() ? "" : " seed=" + fixed).c_str(), 0);
}

int server() {
  return db::Connection(test::server().url("postgres"), "test").server_version() / 10000;
}

class Trips : public ::testing::TestWithParam<const char*> {};

TEST_P(Trips, ComeBack) {
  set_number_of_cases();
  std::map<std::string, int> ends;
  bool told = false;
  EXPECT_TRUE(rc::check(fmt::format("a database comes back from {} keys", GetParam()), [&] {
    const Recipe recipe = *recipes();
    try {
      ++ends[trip(build(recipe, GetParam(), server()), recipe.writes)];
    } catch (const Broken& broken) {
      if (!told) fmt::print(stderr, "failed, shrinking; as drawn:\n{}\n", broken.what());
      told = true;
      RC_FAIL(broken.what());
    }
  }));
  for (const auto& [end, count] : ends) fmt::print("{}: {}\n", end, count);
}

// Draws recipes and prints how often each ending came.
template <class Recipe>
void expect_endings(const char* what, const rc::Gen<Recipe>& recipes, std::string (*trip)(const Recipe&)) {
  set_number_of_cases();
  std::map<std::string, int> ends;
  bool told = false;
  EXPECT_TRUE(rc::check(what, [&] {
    const Recipe recipe = *recipes;
    try {
      ++ends[trip(recipe)];
    } catch (const Broken& broken) {
      if (!told) fmt::print(stderr, "failed, shrinking; as drawn:\n{}\n", broken.what());
      told = true;
      RC_FAIL(broken.what());
    }
  }));
  for (const auto& [end, count] : ends) fmt::print("{}: {}\n", end, count);
}

TEST(Libraries, AreMendedAndComeBack) { expect_endings("rows that stand in the way are mended and come back", libraries(), mend); }

TEST(Shapes, ChangeAndComeBack) { expect_endings("tables that change their shape come back", shapes(), reshape); }

// What has no meaning for a uuid is refused by name before anything changes, or works after all: no
// bundle fails half-way.
TEST(Meaningless, IsNamedOrWorks) {
  set_number_of_cases();
  std::map<std::string, int> ends;
  EXPECT_TRUE(rc::check("what has no meaning for a uuid is named", [&] {
    Recipe recipe = *recipes();
    recipe.meaningless = true;
    const Schema schema = build(recipe, recipe.jobs == 0 ? "ordered" : "v4", server());
    try {
      ++ends[trip(schema, recipe.writes)];
    } catch (const NotCarriedOver& refused) {
      const std::string text = refused.what();
      const auto findings = text.rfind("\ncompile: ");
      if (findings == std::string::npos) RC_FAIL(text);
      const bool named = std::any_of(
          schema.dependents.begin(), schema.dependents.end(),
          [&](const Dependent& d) { return text.find(d.name, findings) != std::string::npos; });
      if (!named) RC_FAIL(text);
      ++ends["named"];
    } catch (const Broken& broken) {
      RC_FAIL(broken.what());
    }
  }));
  for (const auto& [end, count] : ends) fmt::print("{}: {}\n", end, count);
}

INSTANTIATE_TEST_SUITE_P(By, Trips, ::testing::Values("ordered", "keyed", "v4", "v5", "v7"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace rekey::property
