// Tables that change their shape: when, and what is refused.
#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

const std::string kHead = "version: 1\nname: p\ntables:";

// Neither table of the first two has a key that is a number: the surrogate alone makes their phase.
TEST(Reshape, OfTextsAlone) {
  const Stages stages(kHead + R"(
  public.places:
    primary_key: [country, town]
    surrogate: place_id
    columns: {}
  public.visits:
    primary_key: id
    columns: {id: integer}
    foreign_keys: {f: {columns: [country, town], references: public.places, follow: place_id}}
)");
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  std::string rewrites;
  for (const auto& phase : stages.emitted().bundle.phases) {
    for (const auto& step : phase.steps) {
      if (step.kind == "rewrite" || step.kind == "drop") rewrites += phase.name + " " + step.table + " " + step.kind + "\n";
    }
  }
  EXPECT_EQ(rewrites, "leaf tables public.places rewrite\nleaf tables public.visits rewrite\ncleanup public.visits drop\n");
}

struct Case {
  const char* name;
  std::string tables;
  std::string errors;
};

const Case kRefused[] = {
    {"what follows to none, to itself, or too late",
     R"(
  public.a: {primary_key: [x, y], columns: {x: integer, y: integer}, logical_references: [{columns: [x, y], references: public.c}]}
  public.c: {primary_key: [id, id2], surrogate: key, columns: {id: integer, id2: integer}, foreign_keys: {self: {columns: [id, id2], references: public.c, follow: above}}}
  public.b:
    primary_key: id
    columns: {id: integer, x: integer, y: integer}
    foreign_keys:
      f: {columns: [x, y], references: public.a, follow: key}
      g: {columns: [x, y], references: public.c, follow_index: i}
      h: {columns: [x, y], references: public.c, follow: key, deferrable: initially deferred}
)",
     R"(
plan.yaml:5:164: error: public.c refers to itself: which row comes first cannot be said [follow-itself]
...ger, id2: integer}, foreign_keys: {self: {columns: [id, id2], references: public.c, follow: above}}}
                                                                                               ^~~~~
  delete the line
plan.yaml:10:58: error: public.a has no surrogate in place of (x, y) [no-surrogate]
      f: {columns: [x, y], references: public.a, follow: key}
                                                         ^~~
  write surrogate: key at public.a, or delete the line
plan.yaml:11:64: error: follow_index has no effect without follow [idle-setting]
      g: {columns: [x, y], references: public.c, follow_index: i}
                                                               ^
  delete the line
plan.yaml:12:58: error: rows of public.b may be there before those that they refer to: their new column would be empty [follow-late]
      h: {columns: [x, y], references: public.c, follow: key, deferrable: initially deferred}
                                                         ^~~
  make the foreign key valid, and not deferrable, or delete the line
)"},
    {"columns and constraints that are there",
     R"(
  public.a:
    primary_key: [x, y]
    surrogate: x
    columns: {x: integer, y: integer}
  public.b:
    primary_key: [x, y]
    surrogate: key
    unique: {b_x_y_key: [x]}
    columns: {x: integer, y: integer}
)",
     R"(
plan.yaml:6:16: error: public.a has a column x already [column-twice]
    surrogate: x
               ^
  give the new one another name
plan.yaml:10:16: error: the new constraint would be named b_x_y_key, which another one is [constraint-name]
    surrogate: key
               ^~~
  give the new column another name, or rename the other constraint before
)"},
    {"consolidation of what is no key, or stays",
     R"(
  public.a: {primary_key: id, change: keep, columns: {id: integer}}
  public.b: {primary_key: id, consolidate: missing, columns: {id: integer}}
  public.c:
    primary_key: id
    consolidate: f
    columns: {id: integer, a: integer}
    foreign_keys: {f: {columns: a, references: public.a}}
)",
     R"(
plan.yaml:5:44: error: missing is no valid foreign key of public.b from one key column to the key of another table [consolidate]
  public.b: {primary_key: id, consolidate: missing, columns: {id: integer}}
                                           ^~~~~~~
  name such a foreign key, as it stands under foreign_keys:
plan.yaml:8:18: error: the keys of public.a.id stay what they are: integers [consolidate]
    consolidate: f
                 ^
  let them change too, or delete the line
)"},
    {"columns that cannot go",
     R"(
  public.a: {primary_key: id, drop: [id, other], unique: {u: [other]}, columns: {id: integer, other: integer}}
  public.b:
    primary_key: id
    columns: {id: integer, a: integer}
    foreign_keys: {f: {columns: a, references: public.a (other)}}
phases:
  - {name: foundation, kind: foundation}
  - {name: rest, tables: [public.a, public.b]}
  - {name: cleanup, kind: cleanup}
)",
     R"(
plan.yaml:4:38: error: id is part of the primary key of public.a [drop-key]
  public.a: {primary_key: id, drop: [id, other], unique: {u: [other]}, columns: {id: integer, other:...
                                     ^~
  delete it here
plan.yaml:4:42: error: other of public.a is what f refers to [drop-referenced]
  public.a: {primary_key: id, drop: [id, other], unique: {u: [other]}, columns: {id: integer, other:...
                                         ^~~~~
  delete it here
)"},
    {"actions, shared columns and halves",
     R"(
  public.c: {primary_key: [x, y], surrogate: key, columns: {x: integer, y: integer}, logical_references: [{columns: [x, y], references: "public.p"}]}
  public.p: {primary_key: [x, y], columns: {x: integer, y: integer}}
  public.b:
    primary_key: id
    drop: [y, z]
    columns: {id: integer, x: integer, y: integer, z: integer, v: integer, w: integer}
    foreign_keys:
      f: {columns: [x, y], references: public.c, follow: one}
      g: {columns: [z, y], references: public.c, follow: two}
      h: {columns: [v, w], references: public.c, follow: three, on_delete: set default}
  public.d:
    primary_key: id
    consolidate: f
    columns: {id: integer, b: integer}
    foreign_keys: {f: {columns: b, references: public.b, on_delete: set null}}
  public.e:
    primary_key: id
    drop: b
    columns: {id: integer, b: integer}
    foreign_keys: {f: {columns: b, references: public.b}}
)",
     R"(
plan.yaml:8:12: error: it is a part of foreign key f, of which the rest stays [drop-reference]
    drop: [y, z]
           ^
  drop all of its columns, or none
plan.yaml:12:58: error: g and f share a column: each would change the other's reference [follow-shared]
      g: {columns: [z, y], references: public.c, follow: two}
                                                         ^~~
  let one of them follow
plan.yaml:13:58: error: what h does to some of its columns has no meaning for one key [follow-actions]
      h: {columns: [v, w], references: public.c, follow: three, on_delete: set default}
                                                         ^~~~~
  give the foreign key another ON DELETE before, or delete the line
plan.yaml:16:18: error: b is set null where its parent goes, and a key cannot be [consolidate]
    consolidate: f
                 ^
  give the foreign key another ON DELETE before, or delete the line
plan.yaml:21:11: error: foreign key f goes with it, and rows may refer to what is gone by the time of a rollback [drop-reference]
    drop: b
          ^
  let it follow, or drop the foreign key with sql: of a phase, for good
)"},
    {"online, and in two phases",
     R"(
  public.a: {primary_key: id, columns: {id: integer}}
  public.b:
    primary_key: [x, y]
    surrogate: key
    columns: {x: integer, y: integer}
    foreign_keys: {f: {columns: x, references: public.a}}
    logical_references: [{columns: y, references: public.a}]
  public.c:
    primary_key: id
    consolidate: f
    columns: {id: integer, a: integer}
    foreign_keys: {f: {columns: a, references: public.a}}
phases:
  - {name: foundation, kind: foundation}
  - {name: early, tables: [public.b, public.c]}
  - {name: late, strategy: online, tables: [public.a]}
  - {name: cleanup, kind: cleanup}
)",
     R"(
plan.yaml:7:16: error: public.b.x changes in a later phase than the surrogate is made in [surrogate-early]
    surrogate: key
               ^~~
  list public.b in phase late
plan.yaml:13:18: error: the keys of public.a change in a later phase than those of public.c, which become the same [consolidate-early]
    consolidate: f
                 ^
  list both tables in one phase
)"},
};

TEST(Reshape, Refused) {
  for (const Case& c : kRefused) {
    const Stages stages(kHead + c.tables);
    EXPECT_EQ("\n" + stages.diagnostics.render(), c.errors) << c.name;
  }
}

}  // namespace
}  // namespace rekey
