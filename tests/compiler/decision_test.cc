// What was decided after an inventory, and what a plan asks one: kept where it says what the plan does, else refused.
#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

const std::string kHead = "version: 1\nname: p\ntables:\n";

struct Case {
  const char* name;
  std::string tables;
  std::string said;
};

class Decision : public testing::TestWithParam<Case> {};

TEST_P(Decision, Says) { EXPECT_EQ("\n" + findings(kHead + GetParam().tables), GetParam().said); }

const Case kCases[] = {
    {"what the plan does",
     R"(  public.a: {decision: {scope: full, reason: r}, primary_key: id, columns: {id: integer}}
  public.b: {change: keep, decision: {scope: forward_only, reason: r}, inventory: {where: late}, primary_key: id, columns: {id: uuid}}
decision: {scope: full, reason: r}
)",
     R"(
plan.yaml:6:19: error: all rows are to get new keys, but every table that changes has a decision of its own [decision]
decision: {scope: full, reason: r}
                  ^~~~
  delete it
)"},
    {"what the plan does not",
     R"(  public.a: {decision: {scope: forward_only, reason: r}, primary_key: id, columns: {id: integer}}
  public.b: {change: keep, decision: {scope: full, reason: r}, primary_key: id, columns: {id: integer}}
  public.c: {primary_key: id, columns: {id: integer}}
decision: {scope: forward_only, reason: r}
)",
     R"(
plan.yaml:4:32: error: rows of public.a are to keep their keys, but the plan changes public.a.id [decision]
  public.a: {decision: {scope: forward_only, reason: r}, primary_key: id, columns: {id: integer}}
                               ^~~~~~~~~~~~
  write change: keep for the table, or scope: full
plan.yaml:5:46: error: all rows of public.b are to get new keys, but the plan leaves public.b.id as it is [decision]
  public.b: {change: keep, decision: {scope: full, reason: r}, primary_key: id, columns: {id: intege...
                                             ^~~~
  take out the change: keep that holds it, or write scope: forward_only
plan.yaml:7:19: error: rows are to keep their keys, but the plan changes public.c.id [decision]
decision: {scope: forward_only, reason: r}
                  ^~~~~~~~~~~~
  write change: keep for its table, or a decision of its own there, or scope: full
)"},
    {"a table whose keys are those of others",
     R"(  public.a: {primary_key: id, columns: {id: integer}}
  public.b:
    inventory: {owner_column: o}
    decision: {scope: full, reason: r}
    primary_key: id
    columns: {id: integer}
    foreign_keys: {f: {columns: id, references: public.a}}
)",
     R"(
plan.yaml:6:16: error: inventory has no effect: public.b makes no keys of its own [idle-setting]
    inventory: {owner_column: o}
               ^
  write it at the table whose key it is about
plan.yaml:7:15: error: decision has no effect: public.b makes no keys of its own [idle-setting]
    decision: {scope: full, reason: r}
              ^
  write it at the table whose key it is about
)"},
    {"conditions that are more than one",
     R"(  public.a: {inventory: {unprocessed: a; b, where: "SELECT true"}, primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:4:39: error: this is not an SQL expression: syntax error at or near "b" [sql]
  public.a: {inventory: {unprocessed: a; b, where: "SELECT true"}, primary_key: id, columns: {id: in...
                                      ^~~~
  write it as it would stand in SQL
plan.yaml:4:52: error: this is not an SQL expression: syntax error at or near "SELECT" [sql]
...c.a: {inventory: {unprocessed: a; b, where: "SELECT true"}, primary_key: id, columns: {id: integer}}
                                               ^~~~~~~~~~~~~
  write it as it would stand in SQL
)"},
};

INSTANTIATE_TEST_SUITE_P(Cases, Decision, testing::ValuesIn(kCases));

bundle::Inventory asked(const std::string& tables, std::size_t domain) {
  const Stages stages(kHead + tables);
  EXPECT_TRUE(stages.ok()) << stages.diagnostics.render();
  return stages.emitted().bundle.domains.at(domain).inventory;
}

TEST(Decision, TheBundleHasWhatIsAskedAndDecided) {
  const std::string tables = R"(  public.a: {generator: v7, time_column: at, inventory: {unprocessed: x IS NULL}, primary_key: id, columns: {id: integer}}
  public.b: {inventory: {time_column: made, owner_column: o, where: y}, decision: {scope: full, reason: its own, date: today}, primary_key: id, columns: {id: integer}}
decision: {scope: full, reason: the plan's}
)";
  const auto a = asked(tables, 0), b = asked(tables, 1);
  EXPECT_EQ(a.unprocessed + "|" + a.time_column + "|" + a.decided + "|" + a.reason + "|" + a.date, "x IS NULL|at|full|the plan's|");
  EXPECT_EQ(b.where + "|" + b.time_column + "|" + b.owner_column + "|" + b.reason + "|" + b.date, "y|made|o|its own|today");
}

}  // namespace
}  // namespace rekey
