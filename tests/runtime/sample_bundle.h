// A small bundle written by hand, so that the runtime is tested without the compiler: two tables, a
// serial key each, a foreign key between them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"

namespace rekey::test {

// The database that the bundle is for: five users, seven orders.
extern const char* const kSampleSchema;

struct StepSql {
  std::string id, table;
  std::string up, down;  // what stands between begin_step and end_step
  std::vector<std::string> needs = {};
  bool transactional = true;
  std::vector<bundle::TableLock> locks = {};  // of both sides
  std::vector<std::string> rewrites = {};
  std::vector<std::string> undo_needs = {};  // empty: whoever needs it
};

struct PhaseSql {
  std::string id, name, kind;
  std::vector<std::string> tables;
  std::vector<StepSql> steps;  // the first opens the phase, the last closes it
  std::string verify;
  bool checkpoint = false;
};

struct Sample {
  std::string plan = "sample";
  std::vector<PhaseSql> phases;  // without foundation
  std::vector<bundle::Domain> domains;
  std::vector<bundle::Column> columns;
  std::vector<bundle::ForeignKey> foreign_keys;
  std::vector<std::string> notices;
};

// 020 people: both tables; 030 cleanup: ANALYZE.
Sample sample();
StepSql& step_of(Sample& sample, const std::string& id);

// Writes the bundle with foundation in front.
void write_bundle(const Sample& sample, const std::filesystem::path& folder);

}  // namespace rekey::test
