// Any database comes back from new keys as it was. A case is drawn by rapidcheck, which prints its
// seed and shrinks it when it fails; RC_PARAMS="reproduce=…" runs that one again.
// REKEY_PROPERTY_CASES says how many cases, over all generators.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tests/property/trip.h"

namespace rekey::property {
namespace {

constexpr int kCases = 200;

void set_number_of_cases() {
  const char* given = std::getenv("REKEY_PROPERTY_CASES");
  const int all = given ? std::atoi(given) : kCases;
  setenv("RC_PARAMS", fmt::format("max_success={}", (all + 3) / 4).c_str(), 0);
}

class Trips : public ::testing::TestWithParam<const char*> {};

TEST_P(Trips, ComeBack) {
  set_number_of_cases();
  std::map<std::string, int> ends;
  bool told = false;
  EXPECT_TRUE(rc::check(fmt::format("a database comes back from {} keys", GetParam()), [&] {
    const Recipe recipe = *recipes();
    try {
      ++ends[trip(build(recipe, GetParam()), recipe.writes)];
    } catch (const Broken& broken) {
      if (!told) fmt::print(stderr, "failed, shrinking; as drawn:\n{}\n", broken.what());
      told = true;
      RC_FAIL(broken.what());
    }
  }));
  for (const auto& [end, count] : ends) fmt::print("{}: {}\n", end, count);
}

INSTANTIATE_TEST_SUITE_P(By, Trips, ::testing::Values("ordered", "keyed", "v4", "v7"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace rekey::property
