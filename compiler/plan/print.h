// A plan as a person would write it; parse(print(p)) gives p again, places aside.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::plan {

// Lines of comment, without "# ": at the top of the file, above tables, and above dependents by their
// place in the plan.
struct Comments {
  std::vector<std::string> top;
  std::map<TableName, std::vector<std::string>> tables;
  std::map<std::size_t, std::vector<std::string>> dependents = {};
};

// The text must be UTF-8, as the names of a catalog are.
std::string print(const Plan& plan, const Comments& comments = {});

// A text as a YAML scalar; `flow` where it stands between brackets.
std::string yaml_scalar(std::string_view text, bool flow);

// A text of several lines as a literal block whose lines stand `indent` deep; nullopt where it has to be
// a scalar.
std::optional<std::string> yaml_lines(std::string_view text, std::size_t indent);

}  // namespace rekey::plan
