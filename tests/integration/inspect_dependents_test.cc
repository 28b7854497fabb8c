// Each kind of object that may use a key column: SQL over a small schema -> what the catalog tells. And
// the definitions are true: dropped and made again by them, the database dumps as before, to the byte.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <regex>

#include "runtime/db/catalog.h"
#include "tests/integration/inspect_database.h"
#include "tests/integration/inspect_dependents_cases.h"

namespace rekey::inspect {
namespace {

using db::catalog::Dependent;

constexpr const char* kSchema = R"(
CREATE TABLE users (id serial PRIMARY KEY, boss_id integer REFERENCES users, name text,
                    active boolean DEFAULT true);
CREATE TABLE posts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    user_id integer NOT NULL REFERENCES users, title text);
CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.name := upper(NEW.name); NEW.idx := 1; RETURN NEW; END';
)";

// Roles are the whole server's.
constexpr const char* kRoles = R"(
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(1);
  IF to_regrole('inspect_app') IS NULL THEN CREATE ROLE inspect_app; CREATE ROLE inspect_owner; END IF;
END $$;)";

std::string indented(std::string text) {
  text = std::regex_replace(text, std::regex("\n(?=.)"), "\n  ");
  return text.empty() ? "" : "  " + text;
}

// Without what differs from version to version: from 16 on, columns are qualified only where they have
// to be, and from 18 on not-null constraints have names.
std::string definition(const Dependent& d) {
  static const std::regex qualifier(R"re(([ (])(?!public\.|toast\.)([a-z_]+|"T ""t")\.(?=[a-z"]))re");
  static const std::regex named(R"re( CONSTRAINT \w+ NOT NULL)re");
  const std::string text = std::regex_replace(std::regex_replace(d.definition, qualifier, "$1"), named, " NOT NULL");
  return std::regex_replace(text, std::regex(", MAINTAIN|\\bIN (?=[a-z_ ]*integer|[a-z_ ]*bigint)"), "");
}

std::string print(const Dependent& d) {
  const char* weights[] = {"", "warns: ", "notes: "};
  std::vector<std::string> uses;
  for (const auto& [table, column] : d.uses) {
    uses.push_back(table + "." + db::quote_identifier(column));
  }
  return fmt::format("{}{} {}{} uses {}\n{}{}{}", weights[static_cast<int>(d.weight)], d.kind, d.name,
                     d.table.empty() ? "" : " on " + d.table, fmt::join(uses, ", "),
                     d.problem.empty() ? "" : "  problem: " + d.problem + "\n", indented(d.drop),
                     indented(definition(d)));
}

std::string print(const std::vector<Dependent>& dependents) {
  std::string text;
  for (const Dependent& d : dependents) text += print(d);
  return text;
}

std::vector<Dependent> dependents_of(Database& database) {
  const db::catalog::Reading reading(database.connection());
  std::vector<db::catalog::KeyColumn> keys;
  for (const db::catalog::Column& c : db::catalog::key_columns(database.connection())) {
    if (!c.key_type.empty() && !c.is_uuid()) keys.push_back({c.table, c.name});
  }
  return db::catalog::dependents(database.connection(), keys);
}

std::string dump(const Database& database) {
  const std::string command = "'" REKEY_SOURCE "/tests/dump' schema '" + database.uri() + "'";
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> part;
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), size);
  EXPECT_EQ(pclose(pipe), 0);
  return text;
}

std::string drop_of(const Dependent& d) {
  if (!d.drop.empty()) return d.drop;
  if (d.kind == "check" || d.kind == "exclusion constraint") {
    return fmt::format("ALTER TABLE {} DROP CONSTRAINT {};", d.table, d.name);
  }
  const bool of_table = d.kind == "rule" || d.kind == "trigger" || d.kind == "policy";
  return fmt::format("DROP {} {}{};", d.kind, d.name, of_table ? " ON " + d.table : "");
}

// What is text to the server stays where it is: its definition is written over it.
bool is_dropped(const Dependent& d) {
  return !d.problem.starts_with("its body names") && !d.problem.starts_with("it takes");
}

bool can_all_be_made(const std::vector<Dependent>& dependents) {
  return std::ranges::none_of(dependents, [](const Dependent& d) { return d.definition.empty(); });
}

void expect_to_come_back(Database& database, const std::vector<Dependent>& dependents) {
  const std::string before = dump(database);
  db::Connection session(database.uri(), "test");  // none of the settings that the case made
  session.exec("BEGIN; SET LOCAL search_path = ''; SET LOCAL check_function_bodies = off");
  for (auto d = dependents.rbegin(); d != dependents.rend(); ++d) {
    if (is_dropped(*d)) session.exec(drop_of(*d));
  }
  for (const Dependent& d : dependents) session.exec(d.definition);
  session.exec("COMMIT");
  EXPECT_EQ(dump(database), before);
}

class Dependents : public testing::TestWithParam<DependentCase> {};

TEST_P(Dependents, AreFoundAndMadeAgain) {
  if (no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  if (Database::major() < GetParam().from_version) {
    GTEST_SKIP() << "needs PostgreSQL " << GetParam().from_version;
  }
  Database database(std::string("dependents_") + GetParam().name, kRoles + std::string(kSchema));
  database.connection().exec(GetParam().sql);
  std::vector<Dependent> found = dependents_of(database);
  EXPECT_EQ(print(found), GetParam().expected);
  std::erase_if(found, [](const Dependent& d) { return d.weight == db::catalog::Weight::notes; });
  if (!can_all_be_made(found)) return;
  expect_to_come_back(database, found);
  EXPECT_EQ(print(dependents_of(database)), GetParam().expected);
}

auto name_of = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Relations, Dependents, testing::ValuesIn(relation_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(OfTables, Dependents, testing::ValuesIn(table_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Functions, Dependents, testing::ValuesIn(function_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Problems, Dependents, testing::ValuesIn(problem_cases()), name_of);

}  // namespace
}  // namespace rekey::inspect
