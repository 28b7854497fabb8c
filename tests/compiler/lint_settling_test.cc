// What is told where a dependent cannot be carried over, and that it can be pasted.
#include "compiler/lint/settling.h"

#include <gtest/gtest.h>

#include "compiler/inspect/decisions.h"

namespace rekey::lint {
namespace {

using plan::DependentKind;

plan::Dependent dependent(DependentKind kind, const char* name, const char* definition) {
  plan::Dependent d;
  d.kind.value = kind;
  d.name.value = name;
  d.definition.value = definition;
  return d;
}

TEST(WaysToSettle, OfAView) {
  EXPECT_EQ(ways_to_settle(dependent(DependentKind::view, "public.\"A: b\"", "CREATE VIEW …"), false),
            R"(give it one of the last lines of this, in the plan or in a decisions file:
  dependents:
    - kind: view
      name: 'public."A: b"'
      replacement: its SQL with uuid keys
      set_aside: why it may be missing until the keys come back
or keep its table out: change: keep under the table)");
}

TEST(WaysToSettle, OfWhatStandsOnATable) {
  auto policy = dependent(DependentKind::policy, "own", "CREATE POLICY …");
  policy.table.value = {"public", "My table"};
  const auto text = ways_to_settle(policy, true);
  EXPECT_EQ(text, R"(give it one of the last lines of this, in the plan or in a decisions file:
  dependents:
    - kind: policy
      name: own
      table: public."My table"
      replacement: its SQL with uuid keys
      set_aside: why it may be missing until the keys come back
      as_is: why it may stay as it is
or keep its table out: change: keep under public."My table")");
}

TEST(WaysToSettle, OfWhatHasNoDefinition) {
  auto object = dependent(DependentKind::object, "subscription s", "");
  object.problem.value = "it writes integers";
  EXPECT_EQ(ways_to_settle(object, true), R"(change it in the database and draft the plan anew; or say why it may stay:
  dependents:
    - kind: object
      name: subscription s
      as_is: why it may stay as it is
or keep its table out: change: keep under the table)");
  EXPECT_EQ(ways_to_settle(object, false), R"(change it in the database and draft the plan anew
or keep its table out: change: keep under the table)");
}

TEST(WaysToSettle, ThePieceIsADecisionsFile) {
  const auto text = ways_to_settle(dependent(DependentKind::trigger, "\"a 'b'\"", "CREATE TRIGGER …"), true);
  const auto begin = text.find('\n') + 1;
  const auto piece = text.substr(begin, text.rfind('\n') + 1 - begin);
  Diagnostics diagnostics("decisions.yaml", piece);
  const auto decisions = inspect::parse_decisions(piece, diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  ASSERT_EQ(decisions.dependents.size(), 1U);
  EXPECT_EQ(decisions.dependents[0].name.value, "\"a 'b'\"");
  EXPECT_EQ(decisions.dependents[0].as_is.value, "why it may stay as it is");
}

}  // namespace
}  // namespace rekey::lint
