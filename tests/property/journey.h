// A database, its plan and its bundle.
#pragma once

#include <string>
#include <vector>

#include "tests/property/trip.h"
#include "tests/runtime/server.h"

namespace rekey::property {

class Journey {
 public:
  Journey(const std::string& sql, bool owned_by_app);

  // Names of not-null constraints as findings ask for them, from PostgreSQL 18 on.
  void name_not_nulls(const std::string& decisions);
  // Throws NotCarriedOver when the plan cannot be drafted or compiled.
  void compile(const std::string& decisions);
  test::Result rekey(std::vector<std::string> words, int jobs = 1) const;

  test::Database database;

 private:
  test::Folder folder_;
  std::string url_ = database.url();
  const std::string bundle_ = (folder_.path() / "bundle").string();
};

// These throw Broken.
void same_schema(const std::string& before, const std::string& after);
void expect_done(const char* what, const test::Result& result);

std::string last_lines(const test::Result& result);

}  // namespace rekey::property
