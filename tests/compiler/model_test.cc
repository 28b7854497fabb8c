// Plans in, the printed model out: key domains above all.
#include <gtest/gtest.h>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

const std::string kHead = "version: 1\nname: p\ntables:\n";

struct Case {
  const char* name;
  std::string tables;
  std::string printed;
};

std::string resolved(const std::string& tables) {
  const Stages stages(kHead + tables);
  return "\n" + stages.diagnostics.render() + (stages.ok() ? print(stages.model()) : "");
}

const Case kDomains[] = {
    {"self reference",
     R"(
  public.employees:
    primary_key: id
    columns: {id: integer, boss: integer}
    foreign_keys: {boss_fkey: {columns: boss, references: public.employees}}
)",
     R"(
table public.employees in 020
  id integer root source of public.employees.id
  boss integer of public.employees.id
  boss_fkey (boss) -> public.employees (id)
domain public.employees.id: ordered in 020
  of public.employees.id, public.employees.boss
phase 010 foundation (foundation)
phase 020 leaf tables (tables)
  lists public.employees
  changes public.employees.id
  rewrites public.employees
  touches public.employees.boss_fkey
phase 030 cleanup (cleanup)
)"},
    {"foreign keys in a circle",
     R"(
  public.teams:
    primary_key: id
    columns: {id: integer, lead: integer}
    foreign_keys: {lead_fkey: {columns: lead, references: public.people}}
  public.people:
    primary_key: id
    columns: {id: integer, team: integer}
    foreign_keys: {team_fkey: {columns: team, references: public.teams}}
)",
     R"(
table public.teams in 020
  id integer root source of public.teams.id
  lead integer of public.people.id
  lead_fkey (lead) -> public.people (id)
table public.people in 020
  id integer root source of public.people.id
  team integer of public.teams.id
  team_fkey (team) -> public.teams (id)
domain public.teams.id: ordered in 020
  of public.teams.id, public.people.team
domain public.people.id: ordered in 020
  of public.teams.lead, public.people.id
phase 010 foundation (foundation)
phase 020 teams (tables)
  lists public.teams, public.people
  changes public.teams.id, public.people.id
  rewrites public.teams, public.people
  touches public.teams.lead_fkey, public.people.team_fkey
phase 030 cleanup (cleanup)
)"},
    {"a composite key made of foreign keys, and a reference to all of it",
     R"(
  public.cycles: {primary_key: id, columns: {id: integer}}
  public.reports: {primary_key: id, columns: {id: bigint}}
  public.cycle_reports:
    primary_key: [cycle_id, report_id]
    columns: {cycle_id: integer, report_id: bigint}
    foreign_keys:
      cycle_fkey: {columns: cycle_id, references: public.cycles}
      report_fkey: {columns: report_id, references: public.reports}
  public.phases:
    primary_key: id
    columns: {id: integer, cycle_id: integer, report_id: bigint}
    foreign_keys:
      both_fkey: {columns: [cycle_id, report_id], references: public.cycle_reports}
)",
     R"(
table public.cycles in 020
  id integer root source of public.cycles.id
table public.reports in 020
  id bigint root source of public.reports.id
table public.cycle_reports in 020
  cycle_id integer of public.cycles.id
  report_id bigint of public.reports.id
  cycle_fkey (cycle_id) -> public.cycles (id)
  report_fkey (report_id) -> public.reports (id)
table public.phases in 020
  id integer root source of public.phases.id
  cycle_id integer source of public.cycles.id
  report_id bigint source of public.reports.id
  both_fkey (cycle_id, report_id) -> public.cycle_reports (cycle_id, report_id)
domain public.cycles.id: ordered in 020
  of public.cycles.id, public.cycle_reports.cycle_id, public.phases.cycle_id
domain public.reports.id: ordered in 020
  of public.reports.id, public.cycle_reports.report_id, public.phases.report_id
domain public.phases.id: ordered in 020
  of public.phases.id
phase 010 foundation (foundation)
phase 020 cycles (tables)
  lists public.cycles, public.reports, public.cycle_reports, public.phases
  changes public.cycles.id, public.reports.id, public.phases.id
  rewrites public.cycles, public.reports, public.cycle_reports, public.phases
  touches public.cycle_reports.cycle_fkey, public.cycle_reports.report_fkey, public.phases.both_fkey
phase 030 cleanup (cleanup)
)"},
    {"a composite key with a column that is no key",
     R"(
  public.lines:
    primary_key: [order_id, line]
    columns: {order_id: integer}
    foreign_keys: {order_fkey: {columns: order_id, references: public.orders}}
  public.orders: {primary_key: id, columns: {id: integer}}
  public.parts:
    primary_key: id
    columns: {id: integer, order_id: integer}
    foreign_keys: {line_fkey: {columns: [order_id, line], references: public.lines}}
)",
     R"(
table public.lines in 020
  order_id integer of public.orders.id
  order_fkey (order_id) -> public.orders (id)
table public.orders in 020
  id integer root source of public.orders.id
table public.parts in 020
  id integer root source of public.parts.id
  order_id integer source of public.orders.id
  line_fkey (order_id, line) -> public.lines (order_id, line)
domain public.orders.id: ordered in 020
  of public.lines.order_id, public.orders.id, public.parts.order_id
domain public.parts.id: ordered in 020
  of public.parts.id
phase 010 foundation (foundation)
phase 020 orders (tables)
  lists public.orders, public.lines, public.parts
  changes public.orders.id, public.parts.id
  rewrites public.orders, public.lines, public.parts
  touches public.lines.order_fkey, public.parts.line_fkey
phase 030 cleanup (cleanup)
)"},
    {"primary keys shared along a chain",
     R"(
  public.party: {primary_key: id, columns: {id: integer}}
  public.person:
    primary_key: id
    columns: {id: integer}
    foreign_keys: {party_fkey: {columns: id, references: public.party}}
  public.employee:
    primary_key: id
    columns: {id: integer}
    foreign_keys: {person_fkey: {columns: id, references: public.person}}
)",
     R"(
table public.party in 020
  id integer root source of public.party.id
table public.person in 020
  id integer of public.party.id
  party_fkey (id) -> public.party (id)
table public.employee in 020
  id integer of public.party.id
  person_fkey (id) -> public.person (id)
domain public.party.id: ordered in 020
  of public.party.id, public.person.id, public.employee.id
phase 010 foundation (foundation)
phase 020 party (tables)
  lists public.party, public.person, public.employee
  changes public.party.id
  rewrites public.party, public.person, public.employee
  touches public.person.party_fkey, public.employee.person_fkey
phase 030 cleanup (cleanup)
)"},
    {"a column with two foreign keys makes one domain of two tables",
     R"(
  public.a: {primary_key: id, columns: {id: integer}}
  public.b: {primary_key: id, columns: {id: integer}}
  public.c:
    primary_key: id
    columns: {id: integer, x: integer}
    foreign_keys:
      a_fkey: {columns: x, references: public.a}
      b_fkey: {columns: x, references: public.b}
)",
     R"(
table public.a in 020
  id integer root source of public.a.id
table public.b in 020
  id integer root source of public.a.id
table public.c in 020
  id integer root source of public.c.id
  x integer of public.a.id
  a_fkey (x) -> public.a (id)
  b_fkey (x) -> public.b (id)
domain public.a.id: ordered in 020
  of public.a.id, public.b.id, public.c.x
domain public.c.id: ordered in 020
  of public.c.id
phase 010 foundation (foundation)
phase 020 a (tables)
  lists public.a, public.b, public.c
  changes public.a.id, public.c.id
  rewrites public.a, public.b, public.c
  touches public.c.a_fkey, public.c.b_fkey
phase 030 cleanup (cleanup)
)"},
    {"a unique key that is not the primary key",
     R"(
  public.accounts:
    primary_key: id
    columns: {id: integer, number: bigint}
    unique: {number_key: number}
  public.payments:
    primary_key: id
    columns: {id: integer, account: bigint}
    foreign_keys: {account_fkey: {columns: account, references: public.accounts (number)}}
)",
     R"(
table public.accounts in 020
  id integer root source of public.accounts.id
  number bigint root source of public.accounts.number
table public.payments in 020
  id integer root source of public.payments.id
  account bigint of public.accounts.number
  account_fkey (account) -> public.accounts (number)
domain public.accounts.id: ordered in 020
  of public.accounts.id
domain public.accounts.number: ordered in 020
  of public.accounts.number, public.payments.account
domain public.payments.id: ordered in 020
  of public.payments.id
phase 010 foundation (foundation)
phase 020 accounts (tables)
  lists public.accounts, public.payments
  changes public.accounts.id, public.accounts.number, public.payments.id
  rewrites public.accounts, public.payments
  touches public.payments.account_fkey
phase 030 cleanup (cleanup)
)"},
    {"a foreign key of another type than its target",
     R"(
  public.users: {primary_key: id, columns: {id: integer}}
  public.orders:
    primary_key: id
    columns: {id: bigint, user_id: bigint, seller: smallint}
    foreign_keys:
      user_fkey: {columns: user_id, references: public.users}
      seller_fkey: {columns: seller, references: public.users}
)",
     R"(
table public.users in 020
  id integer root source of public.users.id
table public.orders in 020
  id bigint root source of public.orders.id
  user_id bigint of public.users.id
  seller smallint of public.users.id
  user_fkey (user_id) -> public.users (id)
  seller_fkey (seller) -> public.users (id)
domain public.users.id: ordered in 020
  of public.users.id, public.orders.user_id, public.orders.seller
domain public.orders.id: ordered in 020
  of public.orders.id
phase 010 foundation (foundation)
phase 020 users (tables)
  lists public.users, public.orders
  changes public.users.id, public.orders.id
  rewrites public.users, public.orders
  touches public.orders.user_fkey, public.orders.seller_fkey
phase 030 cleanup (cleanup)
)"},
    {"across schemas, the same table name in both",
     R"(
  app.users: {primary_key: id, columns: {id: integer}}
  log.users:
    primary_key: id
    columns: {id: integer, app_id: integer}
    foreign_keys: {users_fkey: {columns: app_id, references: app.users}}
)",
     R"(
table app.users in 020
  id integer root source of app.users.id
table log.users in 020
  id integer root source of log.users.id
  app_id integer of app.users.id
  users_fkey (app_id) -> app.users (id)
domain app.users.id: ordered in 020
  of app.users.id, log.users.app_id
domain log.users.id: ordered in 020
  of log.users.id
phase 010 foundation (foundation)
phase 020 users (tables)
  lists app.users, log.users
  changes app.users.id, log.users.id
  rewrites app.users, log.users
  touches log.users.users_fkey
phase 030 cleanup (cleanup)
)"},
    {"names in capitals, with blanks, dots and quotes",
     R"(
  'Sales."Order ""x"" (old).v1"': {primary_key: "Order Id", columns: {"Order Id": integer}}
  Sales.order:
    primary_key: id
    columns: {id: integer, "the.order": integer}
    foreign_keys:
      'fk "1"': {columns: the.order, references: 'Sales."Order ""x"" (old).v1"'}
)",
     R"(
table Sales."Order ""x"" (old).v1" in 020
  Order Id integer root source of Sales."Order ""x"" (old).v1".Order Id
table Sales.order in 020
  id integer root source of Sales.order.id
  the.order integer of Sales."Order ""x"" (old).v1".Order Id
  fk "1" (the.order) -> Sales."Order ""x"" (old).v1" (Order Id)
domain Sales."Order ""x"" (old).v1".Order Id: ordered in 020
  of Sales."Order ""x"" (old).v1".Order Id, Sales.order.the.order
domain Sales.order.id: ordered in 020
  of Sales.order.id
phase 010 foundation (foundation)
phase 020 Order "x" (old).v1 (tables)
  lists Sales."Order ""x"" (old).v1", Sales.order
  changes Sales."Order ""x"" (old).v1".Order Id, Sales.order.id
  rewrites Sales."Order ""x"" (old).v1", Sales.order
  touches Sales.order.fk "1"
phase 030 cleanup (cleanup)
)"},
    {"names of 63 bytes",
     R"(
  public.a12345678901234567890123456789012345678901234567890123456789012:
    primary_key: c12345678901234567890123456789012345678901234567890123456789012
    columns: {c12345678901234567890123456789012345678901234567890123456789012: integer}
  public.ü1234567890123456789012345678901234567890123456789012345678901:
    primary_key: id
    columns: {id: integer, ref: integer}
    foreign_keys:
      f12345678901234567890123456789012345678901234567890123456789012:
        {columns: ref, references: public.a12345678901234567890123456789012345678901234567890123456789012}
)",
     R"(
table public.a12345678901234567890123456789012345678901234567890123456789012 in 020
  c12345678901234567890123456789012345678901234567890123456789012 integer root source of public.a12345678901234567890123456789012345678901234567890123456789012.c12345678901234567890123456789012345678901234567890123456789012
table public.ü1234567890123456789012345678901234567890123456789012345678901 in 020
  id integer root source of public.ü1234567890123456789012345678901234567890123456789012345678901.id
  ref integer of public.a12345678901234567890123456789012345678901234567890123456789012.c12345678901234567890123456789012345678901234567890123456789012
  f12345678901234567890123456789012345678901234567890123456789012 (ref) -> public.a12345678901234567890123456789012345678901234567890123456789012 (c12345678901234567890123456789012345678901234567890123456789012)
domain public.a12345678901234567890123456789012345678901234567890123456789012.c12345678901234567890123456789012345678901234567890123456789012: ordered in 020
  of public.a12345678901234567890123456789012345678901234567890123456789012.c12345678901234567890123456789012345678901234567890123456789012, public.ü1234567890123456789012345678901234567890123456789012345678901.ref
domain public.ü1234567890123456789012345678901234567890123456789012345678901.id: ordered in 020
  of public.ü1234567890123456789012345678901234567890123456789012345678901.id
phase 010 foundation (foundation)
phase 020 a12345678901234567890123456789012345678901234567890123456789012 (tables)
  lists public.a12345678901234567890123456789012345678901234567890123456789012, public.ü1234567890123456789012345678901234567890123456789012345678901
  changes public.a12345678901234567890123456789012345678901234567890123456789012.c12345678901234567890123456789012345678901234567890123456789012, public.ü1234567890123456789012345678901234567890123456789012345678901.id
  rewrites public.a12345678901234567890123456789012345678901234567890123456789012, public.ü1234567890123456789012345678901234567890123456789012345678901
  touches public.ü1234567890123456789012345678901234567890123456789012345678901.f12345678901234567890123456789012345678901234567890123456789012
phase 030 cleanup (cleanup)
)"},
    {"change: keep leaves the whole domain as it is",
     R"(
  public.countries: {change: keep, primary_key: id, columns: {id: integer}}
  public.users:
    primary_key: id
    columns: {id: integer, country: integer}
    foreign_keys: {country_fkey: {columns: country, references: public.countries}}
)",
     R"(
table public.countries
  id integer root source of public.countries.id
table public.users in 020
  id integer root source of public.users.id
  country integer of public.countries.id
  country_fkey (country) -> public.countries (id)
domain public.countries.id: stays
  of public.countries.id, public.users.country
domain public.users.id: ordered in 020
  of public.users.id
phase 010 foundation (foundation)
phase 020 leaf tables (tables)
  lists public.users
  changes public.users.id
  rewrites public.users
phase 030 cleanup (cleanup)
)"},
    {"logical references tie columns; they hold no ids back",
     R"(
  public.users: {primary_key: id, columns: {id: integer}}
  public.audit:
    primary_key: id
    columns: {id: bigint, actor: integer}
    logical_references: [{columns: actor, references: public.users}]
)",
     R"(
table public.users in 020
  id integer root source of public.users.id
table public.audit in 020
  id bigint root source of public.audit.id
  actor integer source of public.users.id
reference public.audit.actor -> public.users.id
domain public.users.id: ordered in 020
  of public.users.id, public.audit.actor
domain public.audit.id: ordered in 020
  of public.audit.id
phase 010 foundation (foundation)
phase 020 users (tables)
  lists public.users, public.audit
  changes public.users.id, public.audit.id
  rewrites public.users, public.audit
phase 030 cleanup (cleanup)
)"},
    {"a column is a source where no valid foreign key holds it in every row",
     R"(
  public.a: {primary_key: [x, y], columns: {x: integer, y: integer}}
  public.u: {primary_key: id, columns: {id: integer}}
  public.not_valid:
    columns: {u: integer}
    foreign_keys: {f: {columns: u, references: public.u, valid: false}}
  public.some_null:
    columns: {x: integer, y: integer}
    foreign_keys: {f: {columns: [x, y], references: public.a}}
  public.all_or_none:
    columns: {x: integer, y: integer}
    foreign_keys: {f: {columns: [x, y], references: public.a, match: full}}
  public.both:
    columns: {u: integer}
    foreign_keys:
      f: {columns: u, references: public.u, valid: false}
      g: {columns: u, references: public.u}
)",
     R"(
table public.a in 020
  x integer root source of public.a.x
  y integer root source of public.a.y
table public.u in 030
  id integer root source of public.u.id
table public.not_valid in 030
  u integer source of public.u.id
  f (u) -> public.u (id)
table public.some_null in 020
  x integer source of public.a.x
  y integer source of public.a.y
  f (x, y) -> public.a (x, y)
table public.all_or_none in 020
  x integer of public.a.x
  y integer of public.a.y
  f (x, y) -> public.a (x, y)
table public.both in 030
  u integer of public.u.id
  f (u) -> public.u (id)
  g (u) -> public.u (id)
domain public.a.x: ordered in 020
  of public.a.x, public.some_null.x, public.all_or_none.x
domain public.a.y: ordered in 020
  of public.a.y, public.some_null.y, public.all_or_none.y
domain public.u.id: ordered in 030
  of public.u.id, public.not_valid.u, public.both.u
phase 010 foundation (foundation)
phase 020 a (tables)
  lists public.a, public.some_null, public.all_or_none
  changes public.a.x, public.a.y
  rewrites public.a, public.some_null, public.all_or_none
  touches public.some_null.f, public.all_or_none.f
phase 030 u (tables)
  lists public.u, public.not_valid, public.both
  changes public.u.id
  rewrites public.u, public.not_valid, public.both
  touches public.not_valid.f, public.both.f, public.both.g
phase 040 cleanup (cleanup)
)"},
    {"the root that is a key by itself names the domain",
     R"(
  public.a:
    primary_key: [x, y]
    columns: {x: integer, y: integer}
  public.b: {primary_key: id, columns: {id: integer}}
  public.c:
    columns: {r: integer}
    foreign_keys: {b_fkey: {columns: r, references: public.b}}
    logical_references: [{columns: r, references: public.d (x)}]
  public.d:
    primary_key: [x, y]
    columns: {x: integer, y: integer}
)",
     R"(
table public.a in 020
  x integer root source of public.a.x
  y integer root source of public.a.y
table public.b in 030
  id integer root source of public.b.id
table public.c in 030
  r integer of public.b.id
  b_fkey (r) -> public.b (id)
table public.d in 030
  x integer root source of public.b.id
  y integer root source of public.d.y
reference public.c.r -> public.d.x
domain public.a.x: ordered in 020
  of public.a.x
domain public.a.y: ordered in 020
  of public.a.y
domain public.b.id: ordered in 030
  of public.b.id, public.c.r, public.d.x
domain public.d.y: ordered in 030
  of public.d.y
phase 010 foundation (foundation)
phase 020 leaf tables (tables)
  lists public.a
  changes public.a.x, public.a.y
  rewrites public.a
phase 030 b (tables)
  lists public.b, public.c, public.d
  changes public.b.id, public.d.y
  rewrites public.b, public.c, public.d
  touches public.c.b_fkey
phase 040 cleanup (cleanup)
)"},
    {"generators",
     R"(
  public.a: {generator: keyed, primary_key: id, columns: {id: integer}}
  public.b: {generator: v7, time_column: made_at, primary_key: id, columns: {id: integer}}
  public.c:
    generator: v4
    primary_key: id
    columns: {id: integer}
    foreign_keys: {a_fkey: {columns: id, references: public.a}}
)",
     R"(
plan.yaml:8:16: warning: public.c gets its keys from the tables it references: its generator has no effect [idle-generator]
    generator: v4
               ^~
  delete the line
table public.a in 030
  id integer root source of public.a.id
table public.b in 020
  id integer root source of public.b.id
table public.c in 030
  id integer of public.a.id
  a_fkey (id) -> public.a (id)
domain public.a.id: keyed in 030
  of public.a.id, public.c.id
domain public.b.id: v7 in 020
  of public.b.id
phase 010 foundation (foundation)
phase 020 leaf tables (tables)
  lists public.b
  changes public.b.id
  rewrites public.b
phase 030 a (tables)
  lists public.a, public.c
  changes public.a.id
  rewrites public.a, public.c
  touches public.c.a_fkey
phase 040 cleanup (cleanup)
)"},
};

TEST(Model, KeyDomains) {
  for (const Case& c : kDomains) EXPECT_EQ(resolved(c.tables), c.printed) << c.name;
}

const Case kRefused[] = {
    {"unknown table, with a near one",
     R"(
  public.users: {primary_key: id, columns: {id: integer}}
  public.orders:
    columns: {user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: public.user}}
)",
     R"(
plan.yaml:8:62: error: table public.user is not in the plan [unknown-table]
    foreign_keys: {user_fkey: {columns: user_id, references: public.user}}
                                                             ^~~~~~~~~~~
  did you mean public.users?
)"},
    {"unknown table, none near",
     R"(
  public.orders:
    columns: {user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: crm.accounts}}
    logical_references: [{columns: user_id, references: crm.contacts}]
)",
     R"(
plan.yaml:7:62: error: table crm.accounts is not in the plan [unknown-table]
    foreign_keys: {user_fkey: {columns: user_id, references: crm.accounts}}
                                                             ^~~~~~~~~~~~
  add it under tables:, with its primary_key
plan.yaml:8:57: error: table crm.contacts is not in the plan [unknown-table]
    logical_references: [{columns: user_id, references: crm.contacts}]
                                                        ^~~~~~~~~~~~
  add it under tables:, with its primary_key
)"},
    {"number of columns",
     R"(
  public.a: {primary_key: [x, y], columns: {x: integer, y: integer}}
  public.b:
    columns: {x: integer}
    foreign_keys: {f: {columns: x, references: public.a}}
    logical_references: [{columns: x, references: public.a}]
)",
     R"(
plan.yaml:8:48: error: foreign key f has 1 column, its target 2 [foreign-key-width]
    foreign_keys: {f: {columns: x, references: public.a}}
                                               ^~~~~~~~
  name the target's columns: references: schema.table (column, …)
plan.yaml:9:51: error: the reference has another number of columns than its target [reference-width]
    logical_references: [{columns: x, references: public.a}]
                                                  ^~~~~~~~
  name the target's columns: references: schema.table (column, …)
)"},
    {"a target that is no key",
     R"(
  public.a: {primary_key: id, columns: {id: integer, n: integer}}
  public.b:
    columns: {x: integer}
    foreign_keys: {f: {columns: x, references: public.a (n)}}
)",
     R"(
plan.yaml:8:48: error: foreign key f points at public.a (n), which is neither its primary key nor a unique key in the plan [not-a-key]
    foreign_keys: {f: {columns: x, references: public.a (n)}}
                                               ^~~~~~~~~~~~
  add it to public.a under unique:
)"},
    {"one end of a foreign key listed",
     R"(
  public.a: {primary_key: id, columns: {id: integer}}
  public.b:
    primary_key: id
    columns: {id: integer}
    foreign_keys: {f: {columns: x, references: public.a}}
  public.c: {primary_key: id}
  public.d:
    primary_key: id
    columns: {id: integer, c: integer}
    foreign_keys: {f: {columns: c, references: public.c}}
)",
     R"(
plan.yaml:9:33: error: foreign key f ties public.b.x to a key column, but public.b does not list it [half-listed]
    foreign_keys: {f: {columns: x, references: public.a}}
                                ^
  write "x: integer" (its type) under columns: of public.b
plan.yaml:14:48: error: foreign key f ties public.c.id to a key column, but public.c does not list it [half-listed]
    foreign_keys: {f: {columns: c, references: public.c}}
                                               ^~~~~~~~
  write "id: integer" (its type) under columns: of public.c
)"},
    {"a logical reference to a column that is not listed",
     R"(
  public.a: {primary_key: id, columns: {id: integer}}
  public.b:
    columns: {x: integer}
    logical_references: [{columns: x, references: public.a (z)}, {columns: w, references: public.a}]
)",
     R"(
plan.yaml:8:36: error: public.a lists no column z [unknown-column]
    logical_references: [{columns: x, references: public.a (z)}, {columns: w, references: public.a}]
                                   ^
  write "z: integer" (its type, integer[] for an array) under its columns:
plan.yaml:8:76: error: public.b lists no column w [unknown-column]
    logical_references: [{columns: x, references: public.a (z)}, {columns: w, references: public.a}]
                                                                           ^
  write "w: integer" (its type, integer[] for an array) under its columns:
)"},
    {"a column in no key",
     R"(
  public.a: {primary_key: id, columns: {id: integer, loose: integer}}
)",
     R"(
plan.yaml:5:54: error: public.a.loose is in no key, and no foreign key ties it to one [no-key]
  public.a: {primary_key: id, columns: {id: integer, loose: integer}}
                                                     ^~~~~
  delete it here, or say what it refers to under logical_references:
)"},
    {"arrays tied to each other",
     R"(
  public.a: {primary_key: id, columns: {id: integer, held: "integer[]"}}
  public.b:
    columns: {of_arrays: "integer[]"}
    logical_references: [{columns: of_arrays, references: public.a (held)}]
  public.c:
    columns: {like: "integer[]"}
    unique: {u: like}
    foreign_keys: {f: {columns: like, references: public.c (like)}}
)",
     R"(
plan.yaml:8:36: error: public.a.held holds arrays: it is no key [array-target]
    logical_references: [{columns: of_arrays, references: public.a (held)}]
                                   ^~~~~~~~~
  name the column whose keys these are: references: schema.table (column)
plan.yaml:12:33: error: foreign key f ties arrays to each other [array-foreign-key]
    foreign_keys: {f: {columns: like, references: public.c (like)}}
                                ^~~~
  keep both tables out with change: keep, or drop the foreign key first
)"},
    {"an array that holds keys of nothing",
     R"(
  public.a: {primary_key: id, columns: {id: integer, held: "integer[]"}}
)",
     R"(
plan.yaml:5:54: error: nothing says whose keys public.a.held holds [array-root]
  public.a: {primary_key: id, columns: {id: integer, held: "integer[]"}}
                                                     ^~~~
  delete it here, or say so under public.a:
    logical_references:
      - {columns: held, references: schema.table}
)"},
    {"generators that differ in one domain",
     R"(
  public.a: {generator: keyed, primary_key: id, columns: {id: integer}}
  public.b: {generator: v4, primary_key: id, columns: {id: integer}}
  public.c:
    columns: {x: integer}
    foreign_keys:
      a_fkey: {columns: x, references: public.a}
      b_fkey: {columns: x, references: public.b}
)",
     R"(
plan.yaml:6:25: error: public.a and public.b share one key domain and name different generators [generator-conflict]
  public.b: {generator: v4, primary_key: id, columns: {id: integer}}
                        ^~
  give both the same generator
plan.yaml:5:25: note: the other generator
  public.a: {generator: keyed, primary_key: id, columns: {id: integer}}
                        ^~~~~
)"},
    {"v7 without a time, and over two roots",
     R"(
  public.a: {generator: v7, primary_key: id, columns: {id: integer}}
  public.b: {generator: v7, time_column: at, primary_key: id, columns: {id: integer}}
  public.c: {primary_key: id, columns: {id: integer}}
  public.d:
    columns: {x: integer}
    foreign_keys:
      b_fkey: {columns: x, references: public.b}
      c_fkey: {columns: x, references: public.c}
)",
     R"(
plan.yaml:5:25: error: generator v7 of public.a needs a timestamp [no-time-column]
  public.a: {generator: v7, primary_key: id, columns: {id: integer}}
                        ^~
  name a timestamp column: time_column: created_at
plan.yaml:6:25: error: generator v7 needs one root that is a key by itself; the domain of public.b.id has another shape [listed-root]
  public.b: {generator: v7, time_column: at, primary_key: id, columns: {id: integer}}
                        ^~
  use ordered, keyed or v4
)"},
    {"a default that is no sequence",
     R"(
  public.a:
    primary_key: id
    columns: {id: {type: integer, default: 7}}
  public.b:
    primary_key: id
    columns: {id: {type: integer, default: 7, new_default: none}}
)",
     R"(
plan.yaml:7:44: error: public.a.id has the default 7, which is no uuid [default]
    columns: {id: {type: integer, default: 7}}
                                           ^
  say what new rows get: new_default: an expression of type uuid, or none
)"},
    {"an identity without its sequence",
     R"(
  public.a:
    primary_key: id
    columns: {id: {type: integer, identity: always}}
  public.kept:
    change: keep
    primary_key: id
    columns: {id: {type: integer, identity: always}}
)",
     R"(
plan.yaml:7:45: error: the sequence of identity column public.a.id is not named [no-sequence]
    columns: {id: {type: integer, identity: always}}
                                            ^~~~~~
  write its name, usually sequence: public.a_id_seq
)"},
};

TEST(Model, Refused) {
  for (const Case& c : kRefused) EXPECT_EQ(resolved(c.tables), c.printed) << c.name;
}

}  // namespace
}  // namespace rekey
