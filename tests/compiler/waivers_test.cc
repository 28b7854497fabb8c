// Findings that people have judged: which can be, what becomes of them, and of waivers of nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// b is rewritten with a, and by itself.
std::string plan(const std::string& waivers) {
  return R"(version: 1
name: p
tables:
  public.a: {primary_key: id, columns: {id: integer}}
  public.b: {primary_key: id, columns: {id: integer, a: integer}, foreign_keys: {f: {columns: a, references: public.a}}}
phases:
  - {name: foundation, kind: foundation}
  - {name: one, tables: [public.a]}
  - {name: two, tables: [public.b]}
)" + waivers;
}

TEST(Waivers, MakeANoteOfAWarning) {
  const Stages stages(plan("waivers: [{finding: rewritten-again, at: one, reason: they are small, until: 2026-12-31}]\n"));
  ASSERT_TRUE(stages.ok());
  EXPECT_EQ("\n" + stages.diagnostics.render(), R"(
plan.yaml:8:12: note: 1 table is rewritten in more than one phase: public.b (2×) [rewritten-again]
  - {name: one, tables: [public.a]}
           ^~~
  waived until 2026-12-31: they are small
)");
  const auto emitted = stages.emitted();
  ASSERT_EQ(emitted.bundle.waivers.size(), 1u);
  EXPECT_EQ(emitted.bundle.waivers[0].until, "2026-12-31");
  EXPECT_TRUE(emitted.bundle.notices.empty());
  const auto& page = emitted.files.at("REVIEW.md");
  EXPECT_THAT(page, HasSubstr("| rewritten-again | one | they are small | 2026-12-31 |"));
  EXPECT_THAT(page, HasSubstr("## Findings\n\nNone.\n"));
}

struct Case {
  const char* name;
  std::string waivers;
  std::string said;
};

class Waivers : public testing::TestWithParam<Case> {};

TEST_P(Waivers, Says) { EXPECT_THAT(findings(plan(GetParam().waivers)), HasSubstr(GetParam().said)); }

const Case kCases[] = {
    {"a slip of the pen", "waivers: [{finding: rewriten-again, at: one, reason: r, until: 2026-12-31}]\n",
     "error: no finding that can be waived is named rewriten-again [unknown-finding]\n"
     "waivers: [{finding: rewriten-again, at: one, reason: r, until: 2026-12-31}]\n"
     "                    ^~~~~~~~~~~~~~\n"
     "  did you mean rewritten-again?\n"},
    {"an error", "waivers: [{finding: unknown-table, at: one, reason: r, until: 2026-12-31}]\n",
     "these can be: function-body, idle-generator, rewritten-again, unused-dependent; an error cannot, it says that rows could be lost or "
     "that the SQL could not run\n"},
    {"a day that is none", "waivers: [{finding: rewritten-again, at: one, reason: r, until: 2026-02-30}]\n",
     "error: 2026-02-30 is no day [day]\n"},
    {"no day", "waivers: [{finding: rewritten-again, at: one, reason: r}]\n", "until"},
    {"nothing", "waivers: [{finding: function-body, at: one, reason: r, until: 2026-12-31}]\n",
     "warning: this waives nothing: no finding function-body is about one [idle-waiver]\n"
     "waivers: [{finding: function-body, at: one, reason: r, until: 2026-12-31}]\n"
     "                    ^~~~~~~~~~~~~\n"
     "  delete it\n"},
    {"about something else", "waivers: [{finding: rewritten-again, at: onne, reason: r, until: 2026-12-31}]\n", "  did you mean at: one?\n"},
};

INSTANTIATE_TEST_SUITE_P(Cases, Waivers, testing::ValuesIn(kCases));

TEST(Waivers, ReasonsOfDependentsHaveADayToo) {
  const std::string dependent = R"(dependents:
  - kind: view
    name: public.v
    definition: CREATE VIEW public.v AS SELECT a.id FROM public.a;
    as_is: nobody reads it
    until: 2027-01-31
)";
  const Stages stages(plan(dependent));
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto emitted = stages.emitted();
  ASSERT_EQ(emitted.bundle.waivers.size(), 1u);
  EXPECT_EQ(emitted.bundle.waivers[0].finding + " " + emitted.bundle.waivers[0].at, "as_is view public.v");
}

}  // namespace
}  // namespace rekey
