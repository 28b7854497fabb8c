// Graphs as edges "from>to" in, orders and components out.
#include "compiler/model/fk_graph.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace rekey::model {
namespace {

std::string printed(int vertices, const Edges& edges) {
  std::string out = fmt::format("order {}; connected {}; cycles", fmt::join(targets_first(vertices, edges), " "),
                                fmt::join(connected_components(vertices, edges), " "));
  for (const auto& cycle : cycles(vertices, edges)) out += fmt::format(" [{}]", fmt::join(cycle, " "));
  return out;
}

TEST(FkGraph, OrderComponentsAndCycles) {
  const struct {
    int vertices;
    Edges edges;
    const char* printed;
  } cases[] = {
      {0, {}, "order ; connected ; cycles"},
      {1, {}, "order 0; connected 0; cycles"},
      {3, {}, "order 0 1 2; connected 0 1 2; cycles"},
      {1, {{0, 0}}, "order 0; connected 0; cycles"},
      // A referenced table comes first, whatever its number.
      {2, {{0, 1}}, "order 1 0; connected 0 0; cycles"},
      {4, {{0, 1}, {1, 2}, {2, 3}}, "order 3 2 1 0; connected 0 0 0 0; cycles"},
      // Among tables that are ready the lowest number comes first, also when it became ready last.
      {5, {{0, 4}, {3, 1}}, "order 1 2 3 4 0; connected 0 1 2 1 0; cycles"},
      {4, {{0, 3}, {1, 3}, {2, 3}}, "order 3 0 1 2; connected 0 0 0 0; cycles"},
      // The same edge twice counts twice and is taken off twice.
      {2, {{0, 1}, {0, 1}}, "order 1 0; connected 0 0; cycles"},
      // A diamond.
      {4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}, "order 3 1 2 0; connected 0 0 0 0; cycles"},
      // Inside a cycle by number; what it references before it, what references it after it.
      {2, {{0, 1}, {1, 0}}, "order 0 1; connected 0 0; cycles [0 1]"},
      {5, {{1, 2}, {2, 3}, {3, 1}, {0, 1}, {3, 4}}, "order 4 1 2 3 0; connected 0 0 0 0 0; cycles [1 2 3]"},
      {4, {{0, 1}, {1, 0}, {2, 3}, {3, 2}, {0, 2}}, "order 2 3 0 1; connected 0 0 0 0; cycles [0 1] [2 3]"},
      // A self reference inside a cycle changes nothing.
      {3, {{2, 0}, {0, 2}, {2, 2}}, "order 0 2 1; connected 0 1 0; cycles [0 2]"},
  };
  for (const auto& c : cases) EXPECT_EQ(printed(c.vertices, c.edges), c.printed);
}

TEST(FkGraph, StrongComponentsHaveNoGaps) {
  auto component = strong_components(5, {{0, 1}, {1, 0}, {2, 3}});
  EXPECT_EQ(component[0], component[1]);
  std::sort(component.begin(), component.end());
  EXPECT_EQ(component, (std::vector<int>{0, 0, 1, 2, 3}));
}

// Deep chains and wide stars are plans too: no recursion, no quadratic order.
TEST(FkGraph, LongChain) {
  constexpr int kLength = 100'000;
  Edges edges;
  std::vector<int> expected;
  for (int v = 0; v + 1 < kLength; ++v) edges.emplace_back(v, v + 1);
  for (int v = kLength - 1; v >= 0; --v) expected.push_back(v);
  EXPECT_EQ(targets_first(kLength, edges), expected);
}

}  // namespace
}  // namespace rekey::model
