// What a plan decides of orphans and duplicates: when, in which order, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

using ::testing::ElementsAre;

constexpr const char* kChain = R"(
  public.a: {primary_key: id, columns: {id: integer}}
  public.c:
    primary_key: id
    columns: {id: integer, b: integer}
    foreign_keys: {c_b: {columns: b, references: public.b, orphans: set_null}}
  public.b:
    primary_key: id
    columns: {id: integer, a: integer}
    foreign_keys: {b_a: {columns: a, references: public.a, orphans: delete}}
phases:
  - {name: foundation, kind: foundation}
  - {name: a, tables: public.a}
  - {name: rest, tables: [public.b, public.c]}
)";

// What is removed because of the first key may have been referred to by rows whose own keys change later.
TEST(Repairs, FollowWhatIsRemoved) {
  const Stages stages("version: 1\nname: p\ntables:\n" + std::string(kChain));
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  std::vector<std::string> rules;
  for (const auto& phase : stages.model().phases) {
    for (const auto& rule : phase.orphan_rules) rules.push_back(phase.name() + " " + rule.constraint);
  }
  EXPECT_THAT(rules, ElementsAre("a b_a", "a c_b", "rest c_b"));
}

struct Case {
  const char* name;
  std::string tables;
  std::string errors;
};

const Case kRefused[] = {
    {"nothing changes, or nothing is the same",
     R"(
  public.a: {change: keep, primary_key: id, columns: {id: integer}}
  public.b:
    primary_key: id
    on_duplicate: merge
    columns: {id: integer, a: integer}
    foreign_keys: {f: {columns: a, references: public.a, orphans: delete}}
  public.c: {primary_key: id, keep: oldest, keep_expression: size, columns: {id: integer}}
)",
     R"(
plan.yaml:8:19: error: on_duplicate has no effect: no two rows of public.b would get one key [idle-setting]
    on_duplicate: merge
                  ^~~~~
  write generator: v5 or expression, or delete the line
plan.yaml:10:67: error: orphans has no effect: no key in a of public.b changes [idle-setting]
    foreign_keys: {f: {columns: a, references: public.a, orphans: delete}}
                                                                  ^~~~~~
  delete the line
plan.yaml:11:37: error: keep has no effect: no rows of public.c are merged [idle-setting]
  public.c: {primary_key: id, keep: oldest, keep_expression: size, columns: {id: integer}}
                                    ^~~~~~
  write on_duplicate: merge, or delete the line
plan.yaml:11:62: error: keep_expression has no effect [idle-setting]
  public.c: {primary_key: id, keep: oldest, keep_expression: size, columns: {id: integer}}
                                                             ^~~~
  write keep: expression, or delete the line
)"},
    {"what cannot be NULL, and single elements",
     R"(
  public.a: {primary_key: id, columns: {id: integer}}
  public.b:
    primary_key: [a, n]
    columns: {a: integer, more: "integer[]"}
    foreign_keys: {f: {columns: a, references: public.a, orphans: set_null}}
    logical_references: [{columns: more, references: public.a, orphans: delete}]
)",
     R"(
plan.yaml:9:67: error: a is part of the primary key of public.b: it cannot be NULL [orphans-key]
    foreign_keys: {f: {columns: a, references: public.a, orphans: set_null}}
                                                                  ^~~~~~~~
  write quarantine or delete
plan.yaml:10:73: error: public.b.more holds arrays: what becomes of single elements cannot be decided here [orphans-array]
    logical_references: [{columns: more, references: public.a, orphans: delete}]
                                                                        ^~~~~~
  delete the line, and take such elements out before
)"},
    {"which row stays",
     R"(
  public.a:
    generator: v5
    namespace: url
    name_template: "{name}"
    on_duplicate: merge
    primary_key: id
    columns: {id: {type: uuid, new_default: none}}
  public.b:
    generator: expression
    key_expression: public.key_of(name)
    on_duplicate: merge
    keep: expression
    primary_key: id
    columns: {id: {type: integer, new_default: none}}
)",
     R"(
plan.yaml:9:19: error: nothing says which row of public.a is the newest: its keys are UUIDs [no-time]
    on_duplicate: merge
                  ^~~~~
  write time_column: with the column that says so, or keep: most_children or expression
plan.yaml:16:11: error: nothing says which row stays [no-expression]
    keep: expression
          ^~~~~~~~~~
  write keep_expression: with SQL over columns of the row
)"},
};

TEST(Repairs, Refused) {
  for (const Case& c : kRefused) {
    const Stages stages("version: 1\nname: p\ntables:\n" + c.tables);
    EXPECT_EQ("\n" + stages.diagnostics.render(), c.errors) << c.name;
  }
}

}  // namespace
}  // namespace rekey
