// Online phases: two for each that the plan has, and what the strategy does not carry, by name.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

using testing::HasSubstr;

const std::string kHead = "version: 1\nname: p\nstrategy: online\ntables:\n";

std::string refused(const std::string& tables) {
  const Stages stages(kHead + tables);
  EXPECT_FALSE(stages.ok());
  return stages.diagnostics.render();
}

TEST(Online, APhaseBecomesTwo) {
  const Stages stages(kHead + "  public.a: {primary_key: id, columns: {id: integer}}\n");
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto& phases = stages.emitted().bundle.phases;
  ASSERT_EQ(phases.size(), 4u);
  EXPECT_EQ(phases[1].id + " " + phases[1].name, "015 leaf tables: prepare");
  EXPECT_TRUE(phases[1].checkpoint);
  EXPECT_EQ(phases[2].id + " " + phases[2].name, "020 leaf tables: swap");
  EXPECT_TRUE(phases[2].checkpoint);  // the cleanup lets the old keys go
  EXPECT_EQ(phases[2].way_back, "exact");
  EXPECT_NE(phases[3].way_back, "exact");
  for (const auto& phase : {phases[1], phases[2]}) {
    EXPECT_EQ(phase.strategy, "online");
    EXPECT_EQ(phase.tables, std::vector<std::string>{"public.a"});
  }
}

// The promise of the strategy, for every step of a golden case.
class Promise : public testing::TestWithParam<const char*> {};

TEST_P(Promise, NothingIsScannedOrRewrittenUnderAnExclusiveLock) {
  const Stages stages(read_plan(std::filesystem::path(REKEY_SOURCE) / "tests/golden" / GetParam() / "plan.yaml"));
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  int exclusive = 0;
  for (const auto& phase : stages.emitted().bundle.phases) {
    if (phase.strategy != "online") continue;
    for (const auto& step : phase.steps) {
      for (const auto* side : {&step.up, &step.down}) {
        EXPECT_TRUE(side->rewrites.empty()) << step.id;
        for (const auto& lock : side->locks) {
          if (lock.mode != bundle::LockMode::access_exclusive) continue;
          ++exclusive;
          EXPECT_THAT(side->scans, testing::Not(testing::Contains(lock.table))) << step.id;
        }
      }
    }
  }
  EXPECT_GT(exclusive, 0);
}

INSTANTIATE_TEST_SUITE_P(Online, Promise, testing::Values("online", "online_keys"), [](const auto& info) { return std::string(info.param); });

// Keys are given in the order in which names need them, before columns are filled with them; what a row must have, it
// must have from the swap's phase on.
TEST(Online, KeysThatAreMadeFromRowsComeInTurn) {
  const Stages stages(read_plan(std::filesystem::path(REKEY_SOURCE) / "tests/golden/online_keys/plan.yaml"));
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto& phases = stages.emitted().bundle.phases;
  const auto needs = [&](const std::string& phase, const std::string& step) {
    const auto& steps = phases[phase == "015" ? 1 : 2].steps;
    const auto found = std::find_if(steps.begin(), steps.end(), [&](const auto& s) { return s.id == phase + "." + step; });
    return found == steps.end() ? std::vector<std::string>{"no such step"} : found->needs;
  };
  EXPECT_THAT(needs("015", "public.documents.id.give"), testing::Contains("015.public.users.id.give"));
  EXPECT_THAT(needs("015", "chunks.backfill"), testing::Contains("015.public.documents.id.give"));
  EXPECT_THAT(needs("015", "chunks.require"), testing::ElementsAre("no such step"));
  EXPECT_THAT(needs("020", "public.users.id.give"), testing::IsSupersetOf({"020.users.hold", "020.documents.hold", "020.chunks.hold"}));
  EXPECT_THAT(needs("020", "chunks.compare"), testing::ElementsAre("020.chunks.not_null"));
}

TEST(Online, TwinsOfOddNames) {
  const Stages stages(kHead + R"(
  public.a:
    primary_key: ["c)d, e", n]
    columns: {"c)d, e": {type: integer, sequence: public.s}}
    indexes: {i: 'btree (n, "c)d, e" DESC) INCLUDE (valid) WHERE (valid)'}
)");
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto& files = stages.emitted().files;
  const auto& up = files.at("015-leaf-tables-prepare/up.sql");
  EXPECT_THAT(up, HasSubstr(R"(btree ("rekey_new_c)d, e_1", n);)"));
  EXPECT_THAT(up, HasSubstr(R"(btree (n, "rekey_new_c)d, e_1" DESC) INCLUDE (valid) WHERE (valid);)"));
}

TEST(Online, WhatIsNotCarried) {
  EXPECT_THAT(refused("  public.a: {primary_key: id, generator: v7, time_column: at, columns: {id: integer}}\n"
                      "  public.b: {primary_key: n, columns: {a_id: integer},\n"
                      "             foreign_keys: {b_a: {columns: a_id, references: public.a, deferrable: initially deferred}}}\n"),
              HasSubstr("foreign key b_a is deferrable: a row that comes before the one it refers to has no new key, because generator v7 "
                        "makes keys of public.a.id from rows that are there"));
  const Stages bridged("version: 1\nname: p\nstrategy: online\nbridge: true\ntables:\n  public.a: {primary_key: id, generator: expression, "
                       "key_expression: public.f(x), columns: {id: {type: integer, new_default: none}}}\n");
  EXPECT_FALSE(bridged.ok());
  EXPECT_THAT(bridged.diagnostics.render(), HasSubstr("over a bridge nobody could make keys of public.a.id for the old version"));
  EXPECT_THAT(refused("  public.a: {primary_key: id, columns: {id: {type: integer, default: public.f()}}}\n"),
              HasSubstr("the default of public.a.id is no sequence"));
  EXPECT_THAT(refused("  public.a: {primary_key: [part, id], columns: {id: integer}}\n"),
              HasSubstr("no key or index begins with public.a.id"));
  EXPECT_THAT(refused("  public.a: {primary_key: id, columns: {id: integer}, indexes: {i: \"btree (id) WHERE (id > 0)\"}}\n"),
              HasSubstr("index i is more than a list of columns"));
  EXPECT_THAT(refused("  public.a: {primary_key: id, columns: {id: integer}}\n"
                      "  public.b: {inherits: public.a, primary_key: id, columns: {id: integer}}\n"),
              HasSubstr("public.b inherits from public.a"));
  EXPECT_THAT(refused("  public.a: {partitioning: LIST (id), partition_columns: [id], primary_key: id, columns: {id: integer}}\n"
                      "dependents: [{kind: partitioned table, name: public.a, table: public.a, "
                      "definition: CREATE TABLE public.a (id integer) PARTITION BY LIST (id);}]\n"),
              HasSubstr("public.a is partitioned by the key id"));
  EXPECT_THAT(refused("  public.a: {partitioning: LIST (day), partition_columns: [day], primary_key: [id, day], columns: {id: integer}}\n"
                      "  public.p: {partition_of: public.a, primary_key: [id, day], columns: {id: integer}, unique: {u: [id, day]}}\n"
                      "dependents: [{kind: partitioned table, name: public.a, table: public.a, "
                      "definition: 'CREATE TABLE public.a (id integer, day date) PARTITION BY LIST (day);'}]\n"),
              HasSubstr("partition public.p has two keys on the same columns, of which the swap could not tell which is its table's: u"));
  EXPECT_THAT(refused("  public.a: {primary_key: id, columns: {id: integer}}\n"
                      "dependents:\n  - kind: check\n    name: c\n    table: public.a\n"
                      "    definition: ALTER TABLE public.a ADD CONSTRAINT c CHECK ((id IS NOT NULL));\n"),
              HasSubstr("check c on public.a cannot be made again within the swap"));
}

}  // namespace
}  // namespace rekey
