// Plans in, steps with what they need out.
#include "compiler/lower/step.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

const std::string kHead = "version: 1\nname: p\n";

struct Case {
  const char* name;
  std::string plan;
  std::string printed;
};

std::string lowered(const std::string& plan) {
  const Stages stages(kHead + plan);
  return "\n" + (stages.ok() ? lower::print(lower::lower(stages.model())) : stages.diagnostics.render());
}

const Case kCases[] = {
    {"a table that stands alone",
     R"(
tables:
  public.a: {primary_key: id, columns: {id: integer}}
)",
     R"(
010-foundation
  010.foundation
  undone in order 010.foundation
020-leaf-tables
  020.open
    undo needs 020.a.keys, 020.a.rewrite, 020.a.vacuum, 020.close
  020.a.keys
    needs 020.open
    undo needs 020.close
  020.a.rewrite
    needs 020.a.keys
    undo needs 020.a.keys
  020.a.vacuum (no transaction) (always undone)
    needs 020.a.rewrite
    undo needs 020.a.rewrite
  020.close
    needs 020.a.vacuum
  undone in order 020.close, 020.a.keys, 020.a.rewrite, 020.a.vacuum, 020.open
030-cleanup
  030.open
    undo needs 030.a.settle
  030.a.settle
    needs 030.open
    undo needs 030.close
  030.close
    needs 030.a.settle
  undone in order 030.close, 030.a.settle, 030.open
)"},
    {"parent and child",
     R"(
tables:
  public.users:
    primary_key: id
    columns: {id: integer, boss: integer}
    foreign_keys: {boss_fkey: {columns: boss, references: public.users}}
  public.orders:
    primary_key: id
    columns: {id: integer, user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: public.users}}
)",
     R"(
010-foundation
  010.foundation
  undone in order 010.foundation
020-users
  020.open
    undo needs 020.users.detach, 020.orders.detach, 020.users.keys, 020.orders.keys, 020.users.rewrite, 020.orders.rewrite, 020.users.attach, 020.orders.attach, 020.users.validate, 020.orders.validate, 020.users.vacuum, 020.orders.vacuum, 020.close
  020.users.detach
    needs 020.open
    undo needs 020.users.rewrite
  020.orders.detach
    needs 020.open
    undo needs 020.orders.rewrite, 020.users.rewrite
  020.users.keys
    needs 020.open
    undo needs 020.close
  020.orders.keys
    needs 020.open
    undo needs 020.close
  020.users.rewrite
    needs 020.orders.detach, 020.users.detach, 020.users.keys
    undo needs 020.orders.attach, 020.users.attach, 020.users.keys
  020.orders.rewrite
    needs 020.orders.detach, 020.orders.keys, 020.users.keys
    undo needs 020.orders.attach, 020.orders.keys, 020.users.keys
  020.users.attach
    needs 020.users.rewrite
    undo needs 020.close
  020.orders.attach
    needs 020.orders.rewrite, 020.users.rewrite
    undo needs 020.close
  020.users.validate (always undone)
    needs 020.users.attach
    undo needs 020.users.detach
  020.orders.validate (always undone)
    needs 020.orders.attach
    undo needs 020.orders.detach
  020.users.vacuum (no transaction) (always undone)
    needs 020.users.validate
    undo needs 020.users.validate
  020.orders.vacuum (no transaction) (always undone)
    needs 020.orders.validate
    undo needs 020.orders.validate
  020.close
    needs 020.users.vacuum, 020.orders.vacuum
  undone in order 020.close, 020.users.attach, 020.orders.attach, 020.users.keys, 020.orders.keys, 020.users.rewrite, 020.orders.rewrite, 020.users.detach, 020.orders.detach, 020.users.validate, 020.orders.validate, 020.users.vacuum, 020.orders.vacuum, 020.open
030-cleanup
  030.open
    undo needs 030.users.settle, 030.orders.settle
  030.users.settle
    needs 030.open
    undo needs 030.close
  030.orders.settle
    needs 030.open
    undo needs 030.close
  030.close
    needs 030.users.settle, 030.orders.settle
  undone in order 030.close, 030.users.settle, 030.orders.settle, 030.open
)"},
    {"a foreign key that is not valid is not validated",
     R"(
tables:
  app.users: {primary_key: id, columns: {id: integer}}
  app.orders:
    columns: {user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: app.users, valid: false}}
)",
     R"(
010-foundation
  010.foundation
  undone in order 010.foundation
020-users
  020.open
    undo needs 020.app.orders.detach, 020.app.users.keys, 020.app.users.rewrite, 020.app.orders.rewrite, 020.app.orders.attach, 020.app.users.vacuum, 020.app.orders.vacuum, 020.close
  020.app.orders.detach
    needs 020.open
    undo needs 020.app.orders.rewrite, 020.app.users.rewrite
  020.app.users.keys
    needs 020.open
    undo needs 020.close
  020.app.users.rewrite
    needs 020.app.orders.detach, 020.app.users.keys
    undo needs 020.app.orders.attach, 020.app.users.keys
  020.app.orders.rewrite
    needs 020.app.orders.detach, 020.app.users.keys
    undo needs 020.app.orders.attach, 020.app.users.keys
  020.app.orders.attach
    needs 020.app.orders.rewrite, 020.app.users.rewrite
    undo needs 020.close
  020.app.users.vacuum (no transaction) (always undone)
    needs 020.app.users.rewrite
    undo needs 020.app.users.rewrite
  020.app.orders.vacuum (no transaction) (always undone)
    needs 020.app.orders.rewrite
    undo needs 020.app.orders.rewrite
  020.close
    needs 020.app.users.vacuum, 020.app.orders.vacuum
  undone in order 020.close, 020.app.orders.attach, 020.app.users.keys, 020.app.users.rewrite, 020.app.orders.rewrite, 020.app.orders.detach, 020.app.users.vacuum, 020.app.orders.vacuum, 020.open
030-cleanup
  030.open
    undo needs 030.app.users.settle, 030.app.orders.settle
  030.app.users.settle
    needs 030.open
    undo needs 030.close
  030.app.orders.settle
    needs 030.open
    undo needs 030.close
  030.close
    needs 030.app.users.settle, 030.app.orders.settle
  undone in order 030.close, 030.app.users.settle, 030.app.orders.settle, 030.open
)"},
    {"a composite key from two domains in one phase, roots in one table",
     R"(
phases:
  - {name: f, kind: foundation}
  - {name: all, tables: [public.a, public.b]}
tables:
  public.a: {primary_key: [x, y], columns: {x: integer, y: integer}}
  public.b:
    columns: {x: integer, y: integer}
    foreign_keys: {a_fkey: {columns: [x, y], references: public.a}}
)",
     R"(
010-f
  010.foundation
  undone in order 010.foundation
020-all
  020.open
    undo needs 020.b.detach, 020.public.a.x.keys, 020.public.a.y.keys, 020.a.rewrite, 020.b.rewrite, 020.b.attach, 020.b.validate, 020.a.vacuum, 020.b.vacuum, 020.close
  020.b.detach
    needs 020.open
    undo needs 020.a.rewrite, 020.b.rewrite
  020.public.a.x.keys
    needs 020.open
    undo needs 020.close
  020.public.a.y.keys
    needs 020.open
    undo needs 020.close
  020.a.rewrite
    needs 020.b.detach, 020.public.a.x.keys, 020.public.a.y.keys
    undo needs 020.b.attach, 020.public.a.x.keys, 020.public.a.y.keys
  020.b.rewrite
    needs 020.b.detach, 020.public.a.x.keys, 020.public.a.y.keys
    undo needs 020.b.attach, 020.public.a.x.keys, 020.public.a.y.keys
  020.b.attach
    needs 020.a.rewrite, 020.b.rewrite
    undo needs 020.close
  020.b.validate (always undone)
    needs 020.b.attach
    undo needs 020.b.detach
  020.a.vacuum (no transaction) (always undone)
    needs 020.a.rewrite
    undo needs 020.a.rewrite
  020.b.vacuum (no transaction) (always undone)
    needs 020.b.validate
    undo needs 020.b.validate
  020.close
    needs 020.a.vacuum, 020.b.vacuum
  undone in order 020.close, 020.b.attach, 020.public.a.x.keys, 020.public.a.y.keys, 020.a.rewrite, 020.b.rewrite, 020.b.detach, 020.b.validate, 020.a.vacuum, 020.b.vacuum, 020.open
)"},
    {"a child that changes in its parents' phases",
     R"(
phases:
  - {name: f, kind: foundation}
  - {name: users, tables: public.users}
  - {name: orders, tables: public.orders}
  - {name: tidy, kind: cleanup}
tables:
  public.users: {primary_key: id, columns: {id: integer}}
  public.orders:
    primary_key: id
    columns: {id: integer, user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: public.users}}
)",
     R"(
010-f
  010.foundation
  undone in order 010.foundation
020-users
  020.open
    undo needs 020.orders.detach, 020.users.keys, 020.users.rewrite, 020.orders.rewrite, 020.orders.attach, 020.orders.validate, 020.users.vacuum, 020.orders.vacuum, 020.close
  020.orders.detach
    needs 020.open
    undo needs 020.orders.rewrite, 020.users.rewrite
  020.users.keys
    needs 020.open
    undo needs 020.close
  020.users.rewrite
    needs 020.orders.detach, 020.users.keys
    undo needs 020.orders.attach, 020.users.keys
  020.orders.rewrite
    needs 020.orders.detach, 020.users.keys
    undo needs 020.orders.attach, 020.users.keys
  020.orders.attach
    needs 020.orders.rewrite, 020.users.rewrite
    undo needs 020.close
  020.orders.validate (always undone)
    needs 020.orders.attach
    undo needs 020.orders.detach
  020.users.vacuum (no transaction) (always undone)
    needs 020.users.rewrite
    undo needs 020.users.rewrite
  020.orders.vacuum (no transaction) (always undone)
    needs 020.orders.validate
    undo needs 020.orders.validate
  020.close
    needs 020.users.vacuum, 020.orders.vacuum
  undone in order 020.close, 020.orders.attach, 020.users.keys, 020.users.rewrite, 020.orders.rewrite, 020.orders.detach, 020.orders.validate, 020.users.vacuum, 020.orders.vacuum, 020.open
030-orders
  030.open
    undo needs 030.orders.keys, 030.orders.rewrite, 030.orders.vacuum, 030.close
  030.orders.keys
    needs 030.open
    undo needs 030.close
  030.orders.rewrite
    needs 030.orders.keys
    undo needs 030.orders.keys
  030.orders.vacuum (no transaction) (always undone)
    needs 030.orders.rewrite
    undo needs 030.orders.rewrite
  030.close
    needs 030.orders.vacuum
  undone in order 030.close, 030.orders.keys, 030.orders.rewrite, 030.orders.vacuum, 030.open
040-tidy
  040.open
    undo needs 040.users.settle, 040.orders.settle
  040.users.settle
    needs 040.open
    undo needs 040.close
  040.orders.settle
    needs 040.open
    undo needs 040.close
  040.close
    needs 040.users.settle, 040.orders.settle
  undone in order 040.close, 040.users.settle, 040.orders.settle, 040.open
)"},
    {"cleanup where nothing changes",
     R"(
phases:
  - {name: f, kind: foundation}
  - {name: tidy, kind: cleanup}
tables: {}
)",
     R"(
010-f
  010.foundation
  undone in order 010.foundation
020-tidy
  020.open
    undo needs 020.close
  020.close
    needs 020.open
  undone in order 020.close, 020.open
)"},
};

TEST(Lower, Steps) {
  for (const Case& c : kCases) EXPECT_EQ(lowered(c.plan), c.printed) << c.name;
}

// A rewrite hides the rows of a table from whoever began to read it before: also those of an heir from who
// reads the table it inherits from.
TEST(Lower, AnHeirIsRewrittenBesideNobodyWhoReadsItsParent) {
  const auto steps = lowered(R"(
tables:
  public.other: {primary_key: id, columns: {id: integer}}
  public.base: {primary_key: id, columns: {id: integer}}
  public.heir:
    inherits: public.base
    primary_key: id
    columns: {id: integer, other_id: integer}
    foreign_keys: {f: {columns: other_id, references: public.other}}
dependents:
  - kind: materialized view
    name: public.m
    definition: CREATE MATERIALIZED VIEW public.m AS SELECT id FROM public.base;
)");
  EXPECT_THAT(steps, testing::HasSubstr("020.heir.rewrite\n    needs 020.base.keys, 020.heir.detach, 020.other.keys, 020.m_1.set_aside\n"));
  EXPECT_THAT(steps, testing::HasSubstr("020.base.rewrite\n    needs 020.base.keys, 020.heir.detach, 020.other.keys, 020.m_1.set_aside\n"));
  EXPECT_THAT(steps, testing::HasSubstr("020.m_1.put_back\n    needs 020.base.rewrite, 020.heir.rewrite, 020.other.rewrite\n"));
}

// A view named _a and the type of arrays of rows of a view named a have the same name.
TEST(Lower, ViewsOfNearlyOneNameAreMadeOneAfterTheOther) {
  const std::string name(60, 'v');
  const auto steps = lowered(fmt::format(R"(
tables:
  public.t: {{primary_key: id, columns: {{id: integer}}}}
dependents:
  - {{kind: view, name: public.{0}1, definition: "CREATE VIEW public.{0}1 AS SELECT id FROM public.t"}}
  - {{kind: view, name: public.a, definition: CREATE VIEW public.a AS SELECT id FROM public.t}}
  - {{kind: view, name: public._a, definition: CREATE VIEW public._a AS SELECT id FROM public.t}}
  - {{kind: view, name: public.{0}2, definition: "CREATE VIEW public.{0}2 AS SELECT id FROM public.t"}}
  - {{kind: view, name: app._a, definition: CREATE VIEW app._a AS SELECT id FROM public.t}}
)", name));
  const auto has = [&](const std::string& text) { EXPECT_THAT(steps, testing::HasSubstr(text)); };
  has("020._a_3.put_back\n    needs 020.t.rewrite, 020.a_2.put_back\n");
  has(fmt::format("020.{0}2_4.put_back\n    needs 020.t.rewrite, 020.{0}1_1.put_back\n", name));
  has("020.app-_a_5.put_back\n    needs 020.t.rewrite\n");
  has("020._a_3.set_aside\n    needs 020.open\n    undo needs 020.t.rewrite, 020.a_2.set_aside\n");
}

// Ids are keys of the journal and arguments of sed in the headers: plain, and no two alike.
TEST(Lower, StepIds) {
  const Stages stages(kHead + R"(
tables:
  public."a b": {primary_key: id, columns: {id: integer}}
  public."a-b_1": {primary_key: id, columns: {id: integer}}
  public."a.b": {primary_key: id, columns: {id: integer}}
  a.b: {primary_key: id, columns: {id: integer}}
  public.A: {primary_key: id, columns: {id: integer}}
  public.a: {primary_key: [x, y], columns: {x: integer, y: integer}}
  a.1: {primary_key: id, columns: {id: integer}}
  a.7: {primary_key: id, columns: {id: integer}}
  a.8: {primary_key: id, columns: {id: integer}}
  public.größe: {primary_key: id, columns: {id: integer}}
  public.grösse: {primary_key: id, columns: {id: integer}}
  public.open: {primary_key: id, columns: {id: integer}}
  'public.");--"': {primary_key: id, columns: {id: integer}}
)");
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  std::set<std::string> seen;
  for (const auto& phase : lower::lower(stages.model())) {
    for (const auto& step : phase.steps) {
      EXPECT_TRUE(seen.insert(step.id).second) << step.id << " twice";
      EXPECT_EQ(step.id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"),
                std::string::npos) << step.id;
    }
  }
}

// As pg_get_constraintdef prints it: what drift compares with the catalog.
TEST(Lower, ForeignKeyDefinitions) {
  const struct {
    const char* attributes;
    const char* definition;
  } cases[] = {
      {"", "FOREIGN KEY (x) REFERENCES public.a(id)"},
      {", on_delete: no action, on_update: no action", "FOREIGN KEY (x) REFERENCES public.a(id)"},
      {", on_delete: cascade", "FOREIGN KEY (x) REFERENCES public.a(id) ON DELETE CASCADE"},
      {", on_delete: set null, on_update: restrict",
       "FOREIGN KEY (x) REFERENCES public.a(id) ON UPDATE RESTRICT ON DELETE SET NULL"},
      {", on_delete: set default, on_delete_columns: [x]",
       "FOREIGN KEY (x) REFERENCES public.a(id) ON DELETE SET DEFAULT (x)"},
      {", match: full", "FOREIGN KEY (x) REFERENCES public.a(id) MATCH FULL"},
      {", deferrable: initially immediate", "FOREIGN KEY (x) REFERENCES public.a(id) DEFERRABLE"},
      {", deferrable: initially deferred, valid: false, on_delete: cascade",
       "FOREIGN KEY (x) REFERENCES public.a(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID"},
  };
  for (const auto& c : cases) {
    const Stages stages(kHead + "tables:\n  public.a: {primary_key: id, columns: {id: integer}}\n"
                        "  public.b:\n    columns: {x: integer}\n    foreign_keys: {f: {columns: x, references: "
                        "public.a" + c.attributes + "}}\n");
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    EXPECT_EQ(lower::foreign_key_definition(stages.model(), stages.model().foreign_keys.front()), c.definition);
  }
}

}  // namespace
}  // namespace rekey
