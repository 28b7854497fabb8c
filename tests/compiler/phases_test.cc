// Phases of a plan against its graph: the printed phases, or every error whole.
#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

const std::string kHead = "version: 1\nname: p\n";

struct Case {
  const char* name;
  std::string plan;
  std::string printed;
};

// Warnings, then the phases alone: the rest is model_test's.
std::string phased(const std::string& plan) {
  const Stages stages(kHead + plan);
  std::string out = "\n" + stages.diagnostics.render();
  if (!stages.ok()) return out;
  const std::string model = print(stages.model());
  return out + model.substr(model.find("\nphase 010") + 1);
}

const Case kDerived[] = {
    {"tables that stand alone are leaves",
     R"(
tables:
  public.a: {primary_key: id, columns: {id: integer}}
  public.b: {primary_key: id, columns: {id: integer}}
)",
     R"(
phase 010 foundation (foundation)
phase 020 leaf tables (tables)
  lists public.a, public.b
  changes public.a.id, public.b.id
  rewrites public.a, public.b
phase 030 cleanup (cleanup)
)"},
    {"tables tied by foreign keys go together; the phase is named for its first",
     R"(
tables:
  public.lone: {primary_key: id, columns: {id: integer}}
  public.orders:
    primary_key: id
    columns: {id: integer, user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: public.users}}
  public.users: {primary_key: id, columns: {id: integer}}
)",
     R"(
phase 010 foundation (foundation)
phase 020 leaf tables (tables)
  lists public.lone
  changes public.lone.id
  rewrites public.lone
phase 030 users (tables)
  lists public.users, public.orders
  changes public.orders.id, public.users.id
  rewrites public.users, public.orders
  touches public.orders.user_fkey
phase 040 cleanup (cleanup)
)"},
    {"a kept domain ties nothing",
     R"(
tables:
  public.countries: {change: keep, primary_key: id, columns: {id: integer}}
  public.a:
    primary_key: id
    columns: {id: integer, country: integer}
    foreign_keys: {country_fkey: {columns: country, references: public.countries}}
  public.b:
    primary_key: id
    columns: {id: integer, country: integer}
    foreign_keys: {country_fkey: {columns: country, references: public.countries}}
)",
     R"(
phase 010 foundation (foundation)
phase 020 leaf tables (tables)
  lists public.a, public.b
  changes public.a.id, public.b.id
  rewrites public.a, public.b
phase 030 cleanup (cleanup)
)"},
    {"no tables at all",
     R"(
tables: {}
)",
     R"(
phase 010 foundation (foundation)
phase 020 cleanup (cleanup)
)"},
    {"groups of the same name, and of a name that every plan has",
     R"(
tables:
  a.users:
    primary_key: id
    columns: {id: integer}
  a.orders:
    columns: {user_id: integer}
    foreign_keys: {f: {columns: user_id, references: a.users}}
  b.users: {primary_key: id, columns: {id: integer}}
  b.orders:
    columns: {user_id: integer}
    foreign_keys: {f: {columns: user_id, references: b.users}}
  c.cleanup: {primary_key: id, columns: {id: integer}}
  c.orders:
    columns: {user_id: integer}
    foreign_keys: {f: {columns: user_id, references: c.cleanup}}
)",
     R"(
phase 010 foundation (foundation)
phase 020 users (tables)
  lists a.users, a.orders
  changes a.users.id
  rewrites a.users, a.orders
  touches a.orders.f
phase 030 b.users (tables)
  lists b.users, b.orders
  changes b.users.id
  rewrites b.users, b.orders
  touches b.orders.f
phase 040 c.cleanup (tables)
  lists c.cleanup, c.orders
  changes c.cleanup.id
  rewrites c.cleanup, c.orders
  touches c.orders.f
phase 050 cleanup (cleanup)
)"},
};

TEST(Phases, Derived) {
  for (const Case& c : kDerived) EXPECT_EQ(phased(c.plan), c.printed) << c.name;
}

const Case kGiven[] = {
    {"in the plan's order, not the graph's",
     R"(
phases:
  - {name: foundation, kind: foundation}
  - {name: orders first, tables: public.orders}
  - {name: users, tables: public.users}
  - {name: cleanup, kind: cleanup}
tables:
  public.users: {primary_key: id, columns: {id: integer}}
  public.orders: {primary_key: id, columns: {id: integer}}
)",
     R"(
phase 010 foundation (foundation)
phase 020 orders first (tables)
  lists public.orders
  changes public.orders.id
  rewrites public.orders
phase 030 users (tables)
  lists public.users
  changes public.users.id
  rewrites public.users
phase 040 cleanup (cleanup)
)"},
    {"tables rewritten in two phases: the layout that avoids it",
     R"(
phases:
  - {name: foundation, kind: foundation}
  - {name: users, tables: public.users}
  - {name: orders, tables: public.orders}
  - {name: alone, tables: public.alone}
  - {name: items, tables: public.items}
tables:
  public.users: {primary_key: id, columns: {id: integer}}
  public.orders:
    primary_key: id
    columns: {id: integer, user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: public.users}}
  public.items:
    primary_key: id
    columns: {id: integer, order_id: integer, user_id: integer}
    foreign_keys:
      order_fkey: {columns: order_id, references: public.orders}
      user_fkey: {columns: user_id, references: public.users}
  public.alone: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:6:12: warning: 2 tables are rewritten in more than one phase: public.orders (2×), public.items (3×) [rewritten-again]
  - {name: users, tables: public.users}
           ^~~~~
  one phase in place of users, orders, items rewrites each table once
phase 010 foundation (foundation)
phase 020 users (tables)
  lists public.users
  changes public.users.id
  rewrites public.users, public.orders, public.items
  touches public.orders.user_fkey, public.items.user_fkey
phase 030 orders (tables)
  lists public.orders
  changes public.orders.id
  rewrites public.orders, public.items
  touches public.items.order_fkey
phase 040 alone (tables)
  lists public.alone
  changes public.alone.id
  rewrites public.alone
phase 050 items (tables)
  lists public.items
  changes public.items.id
  rewrites public.items
)"},
    {"a table that stays needs no phase",
     R"(
phases:
  - {name: foundation, kind: foundation}
  - {name: users, tables: public.users}
tables:
  public.users: {primary_key: id, columns: {id: integer}}
  public.links: {change: keep, primary_key: id, columns: {id: integer}}
)",
     R"(
phase 010 foundation (foundation)
phase 020 users (tables)
  lists public.users
  changes public.users.id
  rewrites public.users
)"},
};

TEST(Phases, Given) {
  for (const Case& c : kGiven) EXPECT_EQ(phased(c.plan), c.printed) << c.name;
}

const Case kIllegal[] = {
    {"a table in two phases",
     R"(
phases:
  - {name: foundation, kind: foundation}
  - {name: first, tables: public.a}
  - {name: second, tables: [public.b, public.a]}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
  public.b: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:7:39: error: the key of public.a would change in two phases [table-twice]
  - {name: second, tables: [public.b, public.a]}
                                      ^~~~~~~~
  list it once
plan.yaml:6:27: note: listed here too
  - {name: first, tables: public.a}
                          ^~~~~~~~
)"},
    {"a composite primary key in two phases",
     R"(
phases:
  - {name: foundation, kind: foundation}
  - {name: cycles, tables: [public.cycles, public.cycle_reports]}
  - {name: reports, tables: public.reports}
tables:
  public.cycles: {primary_key: id, columns: {id: integer}}
  public.reports: {primary_key: id, columns: {id: integer}}
  public.cycle_reports:
    primary_key: [cycle_id, report_id]
    columns: {cycle_id: integer, report_id: integer}
    foreign_keys:
      cycle_fkey: {columns: cycle_id, references: public.cycles}
      report_fkey: {columns: report_id, references: public.reports}
)",
     R"(
plan.yaml:7:29: error: the primary key of public.cycle_reports would change in two phases: cycle_id with public.cycles, report_id with public.reports [key-in-two-phases]
  - {name: reports, tables: public.reports}
                            ^~~~~~~~~~~~~~
  list public.cycles and public.reports in one phase
plan.yaml:6:29: note: the other phase
  - {name: cycles, tables: [public.cycles, public.cycle_reports]}
                            ^~~~~~~~~~~~~
)"},
    {"a domain in two phases",
     R"(
phases:
  - {name: foundation, kind: foundation}
  - {name: a, tables: [public.a, public.c]}
  - {name: b, tables: public.b}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
  public.b: {primary_key: id, columns: {id: integer}}
  public.c:
    columns: {x: integer}
    foreign_keys:
      a_fkey: {columns: x, references: public.a}
      b_fkey: {columns: x, references: public.b}
)",
     R"(
plan.yaml:7:12: error: phase b changes no key: the key columns of its tables change with the tables they reference, or stay [empty-phase]
  - {name: b, tables: public.b}
           ^
  list its tables in the phase of those they reference, and delete it
plan.yaml:7:23: error: public.b.id and public.a.id share their ids and cannot change in two phases [domain-in-two-phases]
  - {name: b, tables: public.b}
                      ^~~~~~~~
  list both tables in one phase
plan.yaml:6:24: note: the other table
  - {name: a, tables: [public.a, public.c]}
                       ^~~~~~~~
)"},
    {"cleanup before a phase, foundation late",
     R"(
phases:
  - {name: tidy, kind: cleanup}
  - {name: a, tables: public.a}
  - {name: base, kind: foundation}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:5:12: error: cleanup stands before phase a, which it cleans up [cleanup-early]
  - {name: tidy, kind: cleanup}
           ^~~~
  make cleanup the last phase
plan.yaml:6:12: note: comes after it
  - {name: a, tables: public.a}
           ^
plan.yaml:5:12: error: the first phase is not the foundation [no-foundation]
  - {name: tidy, kind: cleanup}
           ^~~~
  begin phases: with {name: foundation, kind: foundation}
plan.yaml:7:12: error: the foundation comes after a phase that stands on it [foundation-late]
  - {name: base, kind: foundation}
           ^~~~
  make it the first phase
)"},
    {"no foundation",
     R"(
phases:
  - {name: a, tables: public.a}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:5:12: error: the first phase is not the foundation [no-foundation]
  - {name: a, tables: public.a}
           ^
  begin phases: with {name: foundation, kind: foundation}
)"},
    {"two foundations, two names alike",
     R"(
phases:
  - {name: base, kind: foundation}
  - {name: base, kind: foundation}
  - {name: a, tables: public.a}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:6:12: error: two phases are named base [phase-twice]
  - {name: base, kind: foundation}
           ^~~~
  rename one
plan.yaml:5:12: note: the first
  - {name: base, kind: foundation}
           ^~~~
plan.yaml:6:12: error: the foundation comes after a phase that stands on it [foundation-late]
  - {name: base, kind: foundation}
           ^~~~
  make it the first phase
)"},
    {"two cleanups",
     R"(
phases:
  - {name: base, kind: foundation}
  - {name: a, tables: public.a}
  - {name: tidy, kind: cleanup}
  - {name: tidy more, kind: cleanup}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
)",
     R"(
phase 010 base (foundation)
phase 020 a (tables)
  lists public.a
  changes public.a.id
  rewrites public.a
phase 030 tidy (cleanup)
phase 040 tidy more (cleanup)
)"},
    {"a table in no phase",
     R"(
phases:
  - {name: base, kind: foundation}
  - {name: a, tables: public.a}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
  public.b: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:9:3: error: public.b is in no phase [no-phase]
  public.b: {primary_key: id, columns: {id: integer}}
  ^~~~~~~~
  add it to tables: of a phase, or keep its key with change: keep
)"},
    {"a phase that lists what the plan has not",
     R"(
phases:
  - {name: base, kind: foundation}
  - {name: a, tables: [public.a, public.bb, crm.accounts]}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
  public.b: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:6:34: error: table public.bb is not in the plan [unknown-table]
  - {name: a, tables: [public.a, public.bb, crm.accounts]}
                                 ^~~~~~~~~
  did you mean public.b?
plan.yaml:6:45: error: table crm.accounts is not in the plan [unknown-table]
  - {name: a, tables: [public.a, public.bb, crm.accounts]}
                                            ^~~~~~~~~~~~
  add it under tables:
plan.yaml:9:3: error: public.b is in no phase [no-phase]
  public.b: {primary_key: id, columns: {id: integer}}
  ^~~~~~~~
  add it to tables: of a phase, or keep its key with change: keep
)"},
    {"tables where none belong",
     R"(
phases:
  - {name: base, kind: foundation, tables: public.a}
  - {name: a, tables: public.a}
  - {name: tidy, kind: cleanup, tables: [public.a]}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:5:44: error: a phase of kind foundation lists no tables [phase-tables]
  - {name: base, kind: foundation, tables: public.a}
                                           ^~~~~~~~
  list them in a phase of their own
plan.yaml:7:42: error: a phase of kind cleanup lists no tables [phase-tables]
  - {name: tidy, kind: cleanup, tables: [public.a]}
                                         ^~~~~~~~
  list them in a phase of their own
)"},
    {"phases of tables that change nothing",
     R"(
phases:
  - {name: base, kind: foundation}
  - {name: nothing}
  - {name: a, tables: public.a}
  - {name: links, tables: public.links}
  - {name: kept, tables: public.kept}
tables:
  public.a: {primary_key: id, columns: {id: integer}}
  public.links:
    columns: {a: integer}
    foreign_keys: {a_fkey: {columns: a, references: public.a}}
  public.kept: {change: keep, primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:6:12: error: phase nothing lists no tables [empty-phase]
  - {name: nothing}
           ^~~~~~~
  list them under tables:, or delete the phase
plan.yaml:8:12: error: phase links changes no key: the key columns of its tables change with the tables they reference, or stay [empty-phase]
  - {name: links, tables: public.links}
           ^~~~~
  list its tables in the phase of those they reference, and delete it
plan.yaml:9:12: error: phase kept changes no key: the key columns of its tables change with the tables they reference, or stay [empty-phase]
  - {name: kept, tables: public.kept}
           ^~~~
  list its tables in the phase of those they reference, and delete it
)"},
};

TEST(Phases, Illegal) {
  for (const Case& c : kIllegal) EXPECT_EQ(phased(c.plan), c.printed) << c.name;
}

TEST(Phases, AtMostNinetyNine) {
  std::string phases = "phases:\n  - {name: f, kind: foundation}\n", tables = "tables:\n";
  for (int i = 1; i < 100; ++i) {
    phases += "  - {name: p" + std::to_string(i) + ", tables: public.t" + std::to_string(i) + "}\n";
    tables += "  public.t" + std::to_string(i) + ": {primary_key: id, columns: {id: integer}}\n";
  }
  EXPECT_EQ(findings(kHead + phases + tables),
            "plan.yaml:103:12: error: a plan has at most 99 phases [too-many-phases]\n"
            "  - {name: p99, tables: public.t99}\n"
            "           ^~~\n"
            "  put some together\n");
}

}  // namespace
}  // namespace rekey
