// A bundle, a database before it and one after it, and what an undisturbed run does between the two:
// the units it sends, where each step begins and ends among them, and what is in effect after each.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/scheduler.h"
#include "tests/runtime/server.h"

namespace rekey::test {

// Everything outside schema rekey, as text: columns, constraints, indexes, statistics and for which columns
// there are any, triggers, rules, policies, views, functions, sequences with their positions, rows.
std::string effects(const Database& database);
// The states of phases and steps; nothing without the schema.
std::string journal(const Database& database);

// All that a run leaves, run ids and times aside.
struct Rest {
  std::string schema, effects, journal;
  bool operator==(const Rest&) const = default;
};
Rest rest_of(const Database& database);
std::string difference(const Rest& wanted, const Rest& found);  // the first line that differs
// Whether two schemas have the same lines, places of columns aside.
bool same_but_for_order(const std::string& one, const std::string& other);

struct StepUnits {
  std::string id;
  std::size_t first = 0, last = 0;  // numbers of units
  std::size_t claim = 0;  // from its answer on, others see that the step runs; 0: never
  bool transactional = true;
};

struct Course {
  std::vector<std::string> units;  // of --jobs 1
  std::vector<StepUnits> steps;    // in their order
  std::set<std::string> statements;  // of its files
  // journal -> effects, wherever no transaction is under way; of a step outside of one two: VACUUM ran or not
  std::map<std::string, std::set<std::string>> states;
  Rest end;
};

struct Scene {
  // NAME.sql is the database, NAME.decisions.yaml what its plan has besides, NAME.since.sql writes rows
  // after the change.
  // Of NAME.sql and NAME.since.sql, by DECISIONS.decisions.yaml: NAME's unless given.
  explicit Scene(const std::string& name, const std::string& decisions = "");

  Folder folder;
  std::string bundle;
  bundle::Bundle manifest;
  Database before;
  std::optional<Database> after;
  Rest original;
  Course up, down;

  const Database& start(Direction d) const { return d == Direction::up ? before : *after; }
  const Course& course(Direction d) const { return d == Direction::up ? up : down; }
  // The command line of apply or rollback on `database`, whose server seems to listen in `place`.
  std::vector<std::string> line(Direction direction, const Database& database,
                                const std::filesystem::path& place, int jobs) const;

 private:
  void compile(const std::string& decisions);
  void run_through() const;
  Course record(Direction direction) const;
};

}  // namespace rekey::test
