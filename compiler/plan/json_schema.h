// The plan format as a JSON Schema (draft 2020-12), for editors and reviewers.
#pragma once

#include <string>

namespace rekey::plan {

// Ends with a line feed; the same bytes every time.
std::string json_schema();

}  // namespace rekey::plan
