// Which rows of a table change, and in which stages: phases that come of it, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kHead = "version: 1\nname: p\ntables:\n";

std::string documents(const std::string& more) {
  return kHead + "  public.d: {generator: expression, key_expression: md5(name)::uuid, " + more + "primary_key: id, columns: {id: {type: uuid, new_default: none}}}\n";
}

struct Case {
  const char* name;
  std::string plan;
  std::string said;
};

class Picks : public testing::TestWithParam<Case> {};

TEST_P(Picks, Says) { EXPECT_EQ("\n" + findings(GetParam().plan), GetParam().said); }

const Case kCases[] = {
    {"numbers that are none, and no rest", documents("stages: [50, 0, many, rest, 5], "),
     R"(
plan.yaml:4:98: error: no stage takes the rows that are left, which would keep their keys [stages]
...on: md5(name)::uuid, stages: [50, 0, many, rest, 5], primary_key: id, columns: {id: {type: uuid, new...
                                                    ^
  write rest at the end; to leave rows their keys, say which others change: where:
)"},
    {"numbers that are none", documents("stages: [50, 0, many, rest, rest], "),
     R"(
plan.yaml:4:83: error: 0 is no number of rows [stages]
...n, key_expression: md5(name)::uuid, stages: [50, 0, many, rest, rest], primary_key: id, columns: {id...
                                                    ^
  write a whole number above 0
plan.yaml:4:86: error: many is no number of rows [stages]
...ey_expression: md5(name)::uuid, stages: [50, 0, many, rest, rest], primary_key: id, columns: {id: {t...
                                                   ^~~~
  write a whole number above 0
plan.yaml:4:92: error: rest is not the last stage: nothing is left for those after it [stages]
...ression: md5(name)::uuid, stages: [50, 0, many, rest, rest], primary_key: id, columns: {id: {type: u...
                                                   ^~~~
  write it at the end
)"},
    {"integers", kHead + "  public.a: {where: a > 1, stages: [1, rest], primary_key: id, columns: {id: integer}}\n",
     R"(
plan.yaml:4:21: error: where takes some rows of public.a before others, but its keys are integers, and one column cannot hold both kinds [pick-integers]
  public.a: {where: a > 1, stages: [1, rest], primary_key: id, columns: {id: integer}}
                    ^~~~~
  delete the line; rows that are to keep their ids can stay behind only with the whole table: change: keep
plan.yaml:4:37: error: stages takes some rows of public.a before others, but its keys are integers, and one column cannot hold both kinds [pick-integers]
  public.a: {where: a > 1, stages: [1, rest], primary_key: id, columns: {id: integer}}
                                    ^
  delete the line; to change such keys beside the application, in batches, write strategy: online for their phase
)"},
    {"what has no effect", kHead + R"(  public.a: {change: keep, where: a > 1, primary_key: id, columns: {id: uuid}}
  public.b: {order_by: a, primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:4:35: error: where has no effect: no key of public.a is made anew [idle-setting]
  public.a: {change: keep, where: a > 1, primary_key: id, columns: {id: uuid}}
                                  ^~~~~
  delete the line
plan.yaml:5:24: error: order_by has no effect: all rows change at once [idle-setting]
  public.b: {order_by: a, primary_key: id, columns: {id: integer}}
                       ^
  write stages:, or delete the line
)"},
    {"conditions and orders that are more", documents("where: id IN (SELECT id FROM public.d), stages: [1, rest], order_by: \"at DESC, a + 1\", "),
     R"(
plan.yaml:4:77: error: where looks at other rows, which may change while it picks [pick-query]
...pression: md5(name)::uuid, where: id IN (SELECT id FROM public.d), stages: [1, rest], order_by: "at ...
                                     ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  write a condition over columns of the row alone
plan.yaml:4:139: error: this is not a list of columns, each with ASC or DESC where need be: it is more than that [sql]
...M public.d), stages: [1, rest], order_by: "at DESC, a + 1", primary_key: id, columns: {id: {type: uu...
                                             ^~~~~~~~~~~~~~~~
  write it as it would stand in SQL
)"},
    {"rows that are merged and left out", kHead + R"(  public.d:
    generator: v5
    namespace: url
    name_template: "{name}"
    on_duplicate: merge
    time_column: at
    where: name > 'a'
    primary_key: id
    columns: {id: {type: uuid, new_default: none}}
)",
     R"(
plan.yaml:8:19: error: rows of public.d are merged by the names of all of them, and where leaves some out [pick-merge]
    on_duplicate: merge
                  ^~~~~
  merge the rows before with statements of your own, or delete where:
)"},
    {"another domain in the phase", documents("stages: [1, rest], ") + R"(  public.e: {primary_key: id, columns: {id: integer}}
phases:
  - {name: foundation, kind: foundation}
  - {name: both, tables: [public.d, public.e]}
)",
     R"(
plan.yaml:4:79: error: phase both changes the keys of public.d.id in stages, and those of public.e.id too [stages-alone]
...ssion, key_expression: md5(name)::uuid, stages: [1, rest], primary_key: id, columns: {id: {type: uui...
                                                    ^
  write phases: with public.e in one of its own
)"},
    {"decisions for some rows", kHead + R"(  public.a: {decision: {scope: hybrid, reason: r}, generator: expression, key_expression: k, primary_key: id, columns: {id: {type: uuid, new_default: none}}}
  public.b: {decision: {scope: full, reason: r}, where: x, generator: expression, key_expression: k, primary_key: id, columns: {id: {type: uuid, new_default: none}}}
  public.c: {where: x, generator: expression, key_expression: k, primary_key: id, columns: {id: {type: uuid, new_default: none}}}
decision: {scope: full, reason: r}
)",
     R"(
plan.yaml:4:32: error: some rows of public.a are to get new keys, but nothing says which [decision]
  public.a: {decision: {scope: hybrid, reason: r}, generator: expression, key_expression: k, primary...
                               ^~~~~~
  write where: at the table, a condition over its rows, or scope: full
plan.yaml:5:32: error: all rows of public.b are to get new keys, but where: picks some [decision]
  public.b: {decision: {scope: full, reason: r}, where: x, generator: expression, key_expression: k,...
                               ^~~~
  write scope: hybrid, or delete where:
plan.yaml:7:19: error: all rows are to get new keys, but where: picks some of public.c [decision]
decision: {scope: full, reason: r}
                  ^~~~
  write a decision of its own there: scope: hybrid
)"},
};

INSTANTIATE_TEST_SUITE_P(Cases, Picks, testing::ValuesIn(kCases));

TEST(Picks, StagesArePhasesOfTheirOwn) {
  const Stages stages(documents("stages: [10, 20, rest], order_by: at DESC, "));
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  std::vector<std::string> phases;
  for (const auto& phase : stages.model().phases) phases.push_back(phase.id + " " + phase.name());
  EXPECT_THAT(phases, ElementsAre("010 foundation", "018 leaf tables: stage 1 of 3", "019 leaf tables: stage 2 of 3",
                                  "020 leaf tables: stage 3 of 3", "030 cleanup"));
  const auto emitted = stages.emitted();
  EXPECT_THAT(emitted.files.at("019-leaf-tables-stage-2-of-3/up.sql"),
              HasSubstr("CALL rekey.pair_stage('public.d.id: stage 2', 'public.d.id', 11, 30, 30, $query$SELECT id, (md5(name)::uuid), "
                        "row_number() OVER (ORDER BY at DESC, id) FROM public.d WHERE id IS NOT NULL$query$);"));
  EXPECT_THAT(emitted.bundle.domains.at(0).stages, ElementsAre("018", "019"));
}

// Probes and statements of the plan belong to the end, checks to every stage.
TEST(Picks, TheEndIsTheLastStage) {
  const Stages stages(documents("stages: [10, rest], ") + R"(phases:
  - {name: foundation, kind: foundation}
  - name: d
    tables: [public.d]
    probes: [{name: probed, query: SELECT true}]
    checks: [{name: checked, query: SELECT 1 WHERE false}]
    sql: [{name: own, up: SELECT 1, down: SELECT 1}]
)");
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  auto files = stages.emitted().files;
  const auto holds = [&](const char* file, const char* text) { return files.at(file).find(text) != std::string::npos; };
  EXPECT_FALSE(holds("019-d-stage-1-of-2/verify.sql", "probed"));
  EXPECT_TRUE(holds("020-d-stage-2-of-2/verify.sql", "probed"));
  EXPECT_TRUE(holds("019-d-stage-1-of-2/verify.sql", "checked"));
  EXPECT_TRUE(holds("020-d-stage-2-of-2/verify.sql", "checked"));
  EXPECT_FALSE(holds("019-d-stage-1-of-2/up.sql", ".sql'"));
  EXPECT_TRUE(holds("020-d-stage-2-of-2/up.sql", ".sql'"));
}

}  // namespace
}  // namespace rekey
