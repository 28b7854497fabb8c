// Objects that use key columns, and what the catalog tells of them, for inspect_dependents_test.cc.
#pragma once

#include <vector>

namespace rekey::inspect {

struct DependentCase {
  const char* name;
  int from_version;
  const char* sql;
  const char* expected;
};

std::vector<DependentCase> relation_cases();  // inspect_dependents_relations.cc
std::vector<DependentCase> table_cases();     // inspect_dependents_tables.cc
std::vector<DependentCase> function_cases();  // inspect_dependents_functions.cc
std::vector<DependentCase> problem_cases();   // inspect_dependents_problems.cc

}  // namespace rekey::inspect
