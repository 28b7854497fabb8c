// Plans in, graphs for people out.
#include "compiler/emit/graph.h"

#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

const char* const kPlan = R"(
version: 1
name: p
phases:
  - {name: foundation, kind: foundation}
  - {name: users, tables: [public.users]}
  - {name: the rest, tables: ['"My App"."odd ""name"" <b> #1 `x`"', public.orders]}
tables:
  public.orders:
    primary_key: id
    columns: {id: integer, user_id: integer, odd_id: integer}
    foreign_keys:
      a: {columns: user_id, references: public.users}
      b: {columns: odd_id, references: '"My App"."odd ""name"" <b> #1 `x`"'}
  public.users:
    primary_key: id
    columns: {id: integer, boss: integer}
    foreign_keys: {c: {columns: boss, references: public.users}}
  '"My App"."odd ""name"" <b> #1 `x`"': {primary_key: id, columns: {id: integer}}
  public.stays: {change: keep, primary_key: id, columns: {id: integer}}
)";

TEST(Graph, Mermaid) {
  const Stages stages(kPlan);
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  EXPECT_EQ(emit::mermaid(stages.model()), R"x(graph LR
  subgraph p1["020 users"]
    t1["public.users"]
  end
  subgraph p2["030 the rest"]
    t2["#quot;My App#quot;.#quot;odd #quot;#quot;name#quot;#quot; #lt;b#gt; #35;1 #96;x#96;#quot;"]
    t0["public.orders"]
  end
  t0 --> t1
  t0 --> t2
  t1 --> t1
)x");
}

TEST(Graph, Dot) {
  EXPECT_EQ(emit::dot(Stages(kPlan).model()), R"x(digraph plan {
  rankdir=LR;
  node [shape=box];
  subgraph cluster_1 {
    label="020 users";
    t1 [label="public.users"];
  }
  subgraph cluster_2 {
    label="030 the rest";
    t2 [label="\"My App\".\"odd \"\"name\"\" <b> #1 `x`\""];
    t0 [label="public.orders"];
  }
  t0 -> t1;
  t0 -> t2;
  t1 -> t1;
}
)x");
}

TEST(Graph, Phases) {
  EXPECT_EQ(emit::mermaid_of_phases(Stages(kPlan).model()), R"x(graph LR
  p1["020 users: 1 table"]
  p2["030 the rest: 2 tables"]
  p1 -->|1| p1
  p2 -->|1| p1
  p2 -->|1| p2
)x");
}

TEST(Graph, Empty) {
  const Stages stages("version: 1\nname: p\ntables: {}\n");
  EXPECT_EQ(emit::mermaid(stages.model()), "graph LR\n");
  EXPECT_EQ(emit::dot(stages.model()), "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n}\n");
}

}  // namespace
}  // namespace rekey
