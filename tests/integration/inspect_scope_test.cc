// Which tables are in a draft: schemas, include and exclude, and what that does to key domains.
#include <gtest/gtest.h>

#include "compiler/inspect/inspect.h"
#include "compiler/plan/parse.h"
#include "tests/integration/inspect_database.h"

namespace rekey::inspect {
namespace {

constexpr const char* kSchema = R"(
CREATE SCHEMA hr;
CREATE TABLE hr.people (id serial PRIMARY KEY);
CREATE TABLE users (id serial PRIMARY KEY, person_id integer REFERENCES hr.people);
CREATE TABLE orders (id serial PRIMARY KEY, user_id integer REFERENCES users);
CREATE TABLE logs (id serial PRIMARY KEY);
)";

// Comments at the top, then the tables; or what is wrong.
std::string scope(const Database& database, const std::vector<std::string>& schemas,
                  const std::string& decisions) {
  Request request;
  request.database = database.uri();
  request.schemas = schemas;
  request.decisions = decisions;
  Diagnostics diagnostics("decisions.yaml", decisions);
  const std::string text = draft(request, diagnostics);
  if (text.empty()) return diagnostics.render();
  Diagnostics of_plan("plan", text);
  const std::size_t start = text.find('\n') + 1;  // after the line with the server's version
  std::string result = text.substr(start, text.find("\nversion:") - start);
  for (const plan::Table& t : plan::parse(text, of_plan).tables) {
    result += to_text(t.name.value) + ":";
    for (const plan::Column& c : t.columns) result += " " + c.name.value;
    result += "\n";
  }
  return result + of_plan.render();
}

struct Case {
  const char* name;
  std::vector<std::string> schemas;
  const char* decisions;
  const char* expected;
};

class Scopes : public testing::TestWithParam<Case> {};

TEST_P(Scopes, Are) {
  if (no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  const Database database(std::string("scope_") + GetParam().name, kSchema);
  EXPECT_EQ(scope(database, GetParam().schemas, GetParam().decisions), GetParam().expected);
}

const Case kCases[] = {
    {"all", {},
     R"()",
     R"(# 4 of 4 tables, 6 key columns in 4 key domains, 2 foreign keys.
hr.people: id
public.logs: id
public.users: id person_id
public.orders: id user_id
)"},
    {"leaf_excluded", {},
     R"(exclude: [public.logs]
)",
     R"(# 3 of 4 tables, 5 key columns in 3 key domains, 2 foreign keys.
# Tables that are not in it:
#   public.logs: excluded
hr.people: id
public.users: id person_id
public.orders: id user_id
)"},
    {"root_excluded", {},
     R"(exclude: [hr.*]
)",
     R"(# 3 of 4 tables, 4 key columns in 3 key domains, 1 foreign key.
# Tables that are not in it:
#   hr.people: excluded
# Key domains that stay as they are:
#   hr.people.id stays as it is: its table is excluded. With it stays public.users.person_id
public.logs: id
public.users: id
public.orders: id user_id
)"},
    {"referencing_table_excluded", {},
     R"(exclude: [public.logs, public.orders]
)",
     R"(decisions.yaml:1:24: error: public.orders is left out (excluded), but its column user_id holds keys of public.users, which change [split-domain]
exclude: [public.logs, public.orders]
                       ^~~~~~~~~~~~~
  take public.orders in, or exclude public.users too
)"},
    {"included", {},
     R"(include: [public.orders, public.users, hr.people]
exclude: hr.people
)",
     R"(# 2 of 4 tables, 3 key columns in 2 key domains, 1 foreign key.
# Tables that are not in it:
#   hr.people: excluded
#   public.logs: not included
# Key domains that stay as they are:
#   hr.people.id stays as it is: its table is excluded. With it stays public.users.person_id
public.users: id
public.orders: id user_id
)"},
    {"included_too_little", {},
     R"(include: [public.users, hr.people]
)",
     R"(decisions.yaml:1:11: error: public.orders is left out (not included), but its column user_id holds keys of public.users, which change [split-domain]
include: [public.users, hr.people]
          ^~~~~~~~~~~~
  take public.orders in, or exclude public.users too
)"},
    {"schema", {"public"},
     R"()",
     R"(# 3 of 4 tables, 4 key columns in 3 key domains, 1 foreign key.
# Tables that are not in it:
#   1 table of schema hr, which was not asked for
# Key domains that stay as they are:
#   hr.people.id stays as it is: its table is in schema hr, which was not asked for. With it stays public.users.person_id
public.logs: id
public.users: id
public.orders: id user_id
)"},
    {"schema_of_the_root_only", {"hr"},
     R"()",
     R"(decisions.yaml: error: public.users is left out (in schema public, which was not asked for), but its column person_id holds keys of hr.people, which change [split-domain]
  take public.users in, or exclude hr.people too
)"},
    {"unknown_schema", {"publik"},
     R"()",
     R"(decisions.yaml: error: schema publik has no tables [unknown-schema]
  did you mean public?
)"},
    {"pattern_without_a_table", {},
     R"(exclude: [public.carts, public.x*]
)",
     R"(decisions.yaml:1:11: error: no table has a name like public.carts [unknown-table]
exclude: [public.carts, public.x*]
          ^~~~~~~~~~~~
  take it out of the decisions, or write it as the catalog has it
decisions.yaml:1:25: error: no table has a name like public.x* [unknown-table]
exclude: [public.carts, public.x*]
                        ^~~~~~~~~
  take it out of the decisions, or write it as the catalog has it
)"},
    {"nothing_left", {},
     R"(include: public.orders
exclude: public.orders
)",
     R"(decisions.yaml: error: database inspect_scope_nothing_left has no table with an integer primary key among those asked for [nothing-to-change]
)"},
};

INSTANTIATE_TEST_SUITE_P(All, Scopes, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Inspect, TakesOptionsBeforeDecisions) {
  if (no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  const Database database("options", "CREATE TABLE users (id serial PRIMARY KEY);");
  const std::string decisions = "generator: v4\nstrategy: online\nname: decided\n";
  Diagnostics diagnostics("decisions.yaml", decisions);
  Request request;
  request.database = database.uri();
  request.decisions = decisions;
  request.generator = plan::Generator::keyed;
  const std::string text = draft(request, diagnostics);
  Diagnostics of_plan("plan", text);
  const plan::Plan plan = plan::parse(text, of_plan);
  EXPECT_EQ(diagnostics.render() + of_plan.render(), "");
  EXPECT_EQ(plan.generator.value, plan::Generator::keyed);
  EXPECT_EQ(plan.strategy.value, plan::Strategy::online);
  EXPECT_EQ(plan.name.value, "decided");
}

// Extensions own their tables: only they may change them.
TEST(Inspect, LeavesOutTablesOfExtensions) {
  if (no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  const Database database("extension", std::string(kSchema) + R"(
CREATE EXTENSION bloom; ALTER EXTENSION bloom ADD TABLE hr.people;)");
  EXPECT_EQ(scope(database, {}, "exclude: public.logs"), R"(# 2 of 4 tables, 3 key columns in 2 key domains, 1 foreign key.
# Tables that are not in it:
#   hr.people: part of extension bloom
#   public.logs: excluded
# Key domains that stay as they are:
#   hr.people.id stays as it is: its table is part of extension bloom. With it stays public.users.person_id
public.users: id
public.orders: id user_id
)");
}

TEST(Inspect, SaysWhenThereIsNothingToDo) {
  if (no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  const Database database("nothing", "CREATE TABLE words (word text PRIMARY KEY);");
  EXPECT_EQ(scope(database, {}, ""), R"(decisions.yaml: error: database inspect_nothing has no table with an integer primary key among those asked for [nothing-to-change]
)");
}

}  // namespace
}  // namespace rekey::inspect
