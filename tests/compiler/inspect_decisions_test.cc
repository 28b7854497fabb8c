// Decisions: what is wrong with a file, and what a right one makes of a draft.
#include "compiler/inspect/decisions.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "compiler/plan/parse.h"
#include "compiler/plan/print.h"

namespace rekey::inspect {
namespace {

constexpr const char* kDraft = R"(version: 1
name: shop
server: 15

tables:
  public.users:
    primary_key: [user_id]
    columns:
      user_id: {type: integer, sequence: public.users_user_id_seq}
      manager_id: {type: integer, default: "1"}

  public.orders:
    primary_key: [order_id]
    columns:
      order_id: integer

dependents:
  - kind: view
    name: public.active_users
    definition: |
      CREATE VIEW public.active_users AS SELECT user_id FROM public.users;
  - kind: function
    name: public.touch()
    uses: [public.users]
    problem: its body names user_id
    definition: |
      CREATE FUNCTION public.touch() …;
  - kind: trigger
    name: touch
    table: public.users
    problem: it is odd
)";

// The draft under the decisions, or what is wrong with them.
std::string decide(const std::string& decisions_text) {
  Diagnostics of_draft("draft", kDraft), diagnostics("decisions.yaml", decisions_text);
  plan::Plan plan = plan::parse(kDraft, of_draft);
  const Decisions decisions = parse_decisions(decisions_text, diagnostics);
  if (!diagnostics.has_errors()) apply(decisions, plan, diagnostics);
  return diagnostics.has_errors() ? diagnostics.render() : plan::print(plan);
}

struct Case {
  const char* name;
  const char* decisions;
  const char* expected;
};

class DecisionsOverADraft : public testing::TestWithParam<Case> {};

TEST_P(DecisionsOverADraft, Give) { EXPECT_EQ(decide(GetParam().decisions), GetParam().expected); }

const Case kCases[] = {
    {"everything",
     R"(name: orders first
strategy: online
generator: keyed
new_keys: {schema: ids}
lock_timeout: 1s
maintenance_work_mem: 1GB
include: public.*
exclude: ["*.tmp_?"]
phases:
  - {name: foundation, kind: foundation}
  - {name: all, tables: [public.users, public.orders], risk: high, reason: the whole shop}
tables:
  public.users:
    generator: v7
    time_column: created_at
    inventory: {unprocessed: seen IS NULL}
    decision: {scope: full, reason: ids leave the shop, date: 2025-03-01}
    columns: {manager_id: {new_default: none}}
    logical_references:
      - {columns: [manager_id], references: public.users}
  public.orders: {change: keep}
)",
     R"(version: 1
name: orders first
server: 15
strategy: online
generator: keyed
new_keys: {schema: ids}
lock_timeout: 1s
maintenance_work_mem: 1GB

phases:
  - name: foundation
    kind: foundation
  - name: all
    tables: [public.users, public.orders]
    risk: high
    reason: the whole shop

tables:
  public.users:
    primary_key: [user_id]
    generator: v7
    time_column: created_at
    inventory: {unprocessed: seen IS NULL}
    decision: {scope: full, reason: ids leave the shop, date: "2025-03-01"}
    columns:
      user_id: {type: integer, sequence: public.users_user_id_seq}
      manager_id: {type: integer, default: "1", new_default: none}
    logical_references:
      - {columns: [manager_id], references: public.users}

  public.orders:
    change: keep
    primary_key: [order_id]
    columns:
      order_id: integer

dependents:
  - kind: view
    name: public.active_users
    definition: |
      CREATE VIEW public.active_users AS SELECT user_id FROM public.users;
  - kind: function
    name: public.touch()
    uses: [public.users]
    problem: its body names user_id
    definition: |
      CREATE FUNCTION public.touch() …;
  - kind: trigger
    name: touch
    table: public.users
    problem: it is odd
)"},
    {"dependents",
     R"(dependents:
  - {kind: view, name: public.active_users, set_aside: it moves}
  - kind: function
    name: public.touch()
    replacement: |
      CREATE OR REPLACE FUNCTION public.touch() new;
  - {kind: trigger, name: touch, table: public.users, drop: DROP TRIGGER touch ON public.users, definition: CREATE TRIGGER touch …}
)",
     R"(version: 1
name: shop
server: 15

tables:
  public.users:
    primary_key: [user_id]
    columns:
      user_id: {type: integer, sequence: public.users_user_id_seq}
      manager_id: {type: integer, default: "1"}

  public.orders:
    primary_key: [order_id]
    columns:
      order_id: integer

dependents:
  - kind: view
    name: public.active_users
    set_aside: it moves
    definition: |
      CREATE VIEW public.active_users AS SELECT user_id FROM public.users;
  - kind: function
    name: public.touch()
    uses: [public.users]
    problem: its body names user_id
    definition: |
      CREATE FUNCTION public.touch() …;
    replacement: |
      CREATE OR REPLACE FUNCTION public.touch() new;
  - kind: trigger
    name: touch
    table: public.users
    problem: it is odd
    drop: DROP TRIGGER touch ON public.users
    definition: CREATE TRIGGER touch …
)"},
    {"dependents_gone",
     R"(dependents:
  - {kind: view, name: public.active_user, as_is: fine}
  - {kind: trigger, name: touch, as_is: fine}
  - {kind: policy, name: p, table: public.orders, as_is: fine}
  - {kind: view, name: public.active_users, definition: CREATE VIEW other}
)",
     R"(decisions.yaml:2:24: error: view public.active_user is not in the draft [unknown-dependent]
  - {kind: view, name: public.active_user, as_is: fine}
                       ^~~~~~~~~~~~~~~~~~
  did you mean view public.active_users?
decisions.yaml:3:27: error: trigger touch is not in the draft [unknown-dependent]
  - {kind: trigger, name: touch, as_is: fine}
                          ^~~~~
  did you mean trigger touch on public.users?
decisions.yaml:4:26: error: policy p on public.orders is not in the draft [unknown-dependent]
  - {kind: policy, name: p, table: public.orders, as_is: fine}
                         ^
  take it out of the decisions: it is gone, uses no key, or is found with --probe alone
decisions.yaml:5:57: error: the definition of view public.active_users is the catalog's [fact]
  - {kind: view, name: public.active_users, definition: CREATE VIEW other}
                                                        ^~~~~~~~~~~~~~~~~
  write what it shall be once the keys have changed under replacement:
)"},
    {"dependents_malformed",
     R"(dependents:
  - {kind: view, problem: none}
)",
     R"(decisions.yaml:2:5: error: this dependent has no "name" [missing-key]
  - {kind: view, problem: none}
    ^
  add name: public.active_users
decisions.yaml:2:18: error: unknown key "problem" in this dependent [unknown-key]
  - {kind: view, problem: none}
                 ^~~~~~~
  the keys here are kind, name, table, uses, as_is, set_aside, until, drop, definition, replacement
)"},
    {"gone",
     R"(phases: [{name: all, tables: [public.users, public.carts]}]
tables:
  public.user: {generator: v4}
  public.users: {columns: {id: {new_default: none}}}
)",
     R"(decisions.yaml:1:45: error: public.carts is not in the draft [unknown-table]
phases: [{name: all, tables: [public.users, public.carts]}]
                                            ^~~~~~~~~~~~
  take it out of the decisions: it is gone, left out, or has no key column
decisions.yaml:3:3: error: public.user is not in the draft [unknown-table]
  public.user: {generator: v4}
  ^~~~~~~~~~~
  did you mean public.users?
decisions.yaml:4:28: error: public.users has no key column id [unknown-column]
  public.users: {columns: {id: {new_default: none}}}
                           ^~
  take it out of the decisions, or write it as the catalog has it
)"},
    {"facts",
     R"(server: 16
tables:
  public.users:
    primary_key: [id]
    columns: {user_id: bigint, manager_id: {type: bigint}}
)",
     R"(decisions.yaml:1:1: error: unknown key "server" in the decisions [unknown-key]
server: 16
^~~~~~
  the keys here are name, strategy, generator, new_keys, lock_timeout, maintenance_work_mem, backfill, bridge, decision, extension, phases, tables, dependents, waivers, include, exclude
decisions.yaml:4:5: error: unknown key "primary_key" in table public.users [unknown-key]
    primary_key: [id]
    ^~~~~~~~~~~
  the keys here are change, generator, time_column, namespace, name_template, key_expression, on_duplicate, keep, keep_expression, where, stages, order_by, upserts, surrogate, consolidate, drop, inventory, decision, columns, foreign_keys, logical_references
decisions.yaml:5:24: error: column user_id is a map of keys, not "bigint" [wrong-kind]
    columns: {user_id: bigint, manager_id: {type: bigint}}
                       ^~~~~~
  its keys are change, new_default
decisions.yaml:5:45: error: unknown key "type" in column manager_id [unknown-key]
    columns: {user_id: bigint, manager_id: {type: bigint}}
                                            ^~~~
  the keys here are change, new_default
)"},
    {"malformed",
     R"(exlude: [public.users]
include: users
generator: v8
generator: v4
)",
     R"(decisions.yaml:1:1: error: unknown key "exlude" in the decisions [unknown-key]
exlude: [public.users]
^~~~~~
  did you mean "exclude"?
decisions.yaml:2:10: error: "users" is not a name with its schema [bad-name]
include: users
         ^~~~~
  write schema and name, for example public.users
decisions.yaml:3:12: error: "generator" takes ordered, keyed, v4, v5, v7 or expression, not "v8" [unknown-word]
generator: v8
           ^~
  did you mean "v4"?
decisions.yaml:4:1: error: "generator" is given twice [duplicate-key]
generator: v4
^~~~~~~~~
  leave out one of them
decisions.yaml:3:1: note: first defined here
generator: v8
^~~~~~~~~
)"},
    {"wrong_kinds",
     R"(exclude: {public: users}
tables: [public.users]
)",
     R"(decisions.yaml:1:10: error: "exclude" takes a table name or a list of them, not a map [wrong-kind]
exclude: {public: users}
         ^
  for example exclude: [public.audit_*]
decisions.yaml:2:9: error: "tables" is a map by name, not a list [wrong-kind]
tables: [public.users]
        ^
  write tables: {public.users: {generator: v4}}
)"},
    {"nothing_yet",
     R"(# to be decided

)",
     R"(version: 1
name: shop
server: 15

tables:
  public.users:
    primary_key: [user_id]
    columns:
      user_id: {type: integer, sequence: public.users_user_id_seq}
      manager_id: {type: integer, default: "1"}

  public.orders:
    primary_key: [order_id]
    columns:
      order_id: integer

dependents:
  - kind: view
    name: public.active_users
    definition: |
      CREATE VIEW public.active_users AS SELECT user_id FROM public.users;
  - kind: function
    name: public.touch()
    uses: [public.users]
    problem: its body names user_id
    definition: |
      CREATE FUNCTION public.touch() …;
  - kind: trigger
    name: touch
    table: public.users
    problem: it is odd
)"},
};

INSTANTIATE_TEST_SUITE_P(All, DecisionsOverADraft, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Patterns, MatchWholeNames) {
  const plan::TableName name{"public", "audit_logs"};
  for (const char* hit : {"audit_logs", "*", "audit_*", "*_logs", "a*t*s", "audit?logs", "**"}) {
    EXPECT_TRUE(matches({"public", hit}, name)) << hit;
  }
  for (const char* miss : {"audit", "logs", "audit_log", "?audit_logs", "Audit_logs", "a?s", "*x*"}) {
    EXPECT_FALSE(matches({"public", miss}, name)) << miss;
  }
  EXPECT_TRUE(matches({"p*", "audit_logs"}, name));
  EXPECT_FALSE(matches({"private", "*"}, name));
}

}  // namespace
}  // namespace rekey::inspect
