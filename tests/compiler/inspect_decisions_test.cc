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
    dependents:
      - {kind: view, name: public.active_users, columns: [user_id]}

  public.orders:
    primary_key: [order_id]
    columns:
      order_id: integer
)";

// The draft under the decisions, the lines on what they took away, and what is wrong with them.
std::string decide(const std::string& decisions_text) {
  Diagnostics of_draft("draft", kDraft), diagnostics("decisions.yaml", decisions_text);
  plan::Plan plan = plan::parse(kDraft, of_draft);
  const Decisions decisions = parse_decisions(decisions_text, diagnostics);
  plan::Comments comments;
  if (!diagnostics.has_errors()) comments.top = apply(decisions, plan, diagnostics);
  return diagnostics.has_errors() ? diagnostics.render() : plan::print(plan, comments);
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
    columns:
      user_id: {type: integer, sequence: public.users_user_id_seq}
      manager_id: {type: integer, default: "1", new_default: none}
    logical_references:
      - {columns: [manager_id], references: public.users}
    dependents:
      - {kind: view, name: public.active_users, columns: [user_id]}

  public.orders:
    change: keep
    primary_key: [order_id]
    columns:
      order_id: integer
)"},
    {"no_dependents",
     R"(tables:
  public.users: {dependents: []}
)",
     R"(# view public.active_users, which uses public.users

version: 1
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
)"},
    {"other_dependents",
     R"(tables:
  public.users: {dependents: [{kind: function, name: public.f()}]}
)",
     R"(# view public.active_users, which uses public.users

version: 1
name: shop
server: 15

tables:
  public.users:
    primary_key: [user_id]
    columns:
      user_id: {type: integer, sequence: public.users_user_id_seq}
      manager_id: {type: integer, default: "1"}
    dependents:
      - {kind: function, name: public.f()}

  public.orders:
    primary_key: [order_id]
    columns:
      order_id: integer
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
  the keys here are name, strategy, generator, new_keys, lock_timeout, maintenance_work_mem, phases, tables, include, exclude
decisions.yaml:4:5: error: unknown key "primary_key" in table public.users [unknown-key]
    primary_key: [id]
    ^~~~~~~~~~~
  the keys here are change, generator, time_column, columns, logical_references, dependents
decisions.yaml:5:24: error: column user_id is a map of keys, not "bigint" [wrong-kind]
    columns: {user_id: bigint, manager_id: {type: bigint}}
                       ^~~~~~
  its keys are new_default
decisions.yaml:5:45: error: unknown key "type" in column manager_id [unknown-key]
    columns: {user_id: bigint, manager_id: {type: bigint}}
                                            ^~~~
  the keys here are new_default
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
decisions.yaml:3:12: error: "generator" takes ordered, keyed, v4 or v7, not "v8" [unknown-word]
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
    dependents:
      - {kind: view, name: public.active_users, columns: [user_id]}

  public.orders:
    primary_key: [order_id]
    columns:
      order_id: integer
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
