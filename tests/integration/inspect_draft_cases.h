// Tiny schemas and the drafts that come of them, for inspect_draft_test.cc.
#pragma once

#include <vector>

namespace rekey::inspect {

struct DraftCase {
  const char* name;
  int from_version;
  const char* sql;
  const char* expected;  // server and database left out
};

std::vector<DraftCase> key_cases();      // inspect_draft_keys.cc
std::vector<DraftCase> feature_cases();  // inspect_draft_features.cc

}  // namespace rekey::inspect
