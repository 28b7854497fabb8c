// A schema -> the whole draft, one case for each thing that inspect has to understand.
#include <regex>

#include "compiler/inspect/inspect.h"
#include "tests/integration/inspect_database.h"
#include "tests/integration/inspect_draft_cases.h"

namespace rekey::inspect {
namespace {

// The draft without what differs from server to server.
std::string draft_of(const Database& database) {
  Request request;
  request.database = database.uri();
  Diagnostics diagnostics("", "");
  std::string text = draft(request, diagnostics) + diagnostics.render();
  text = std::regex_replace(text, std::regex("database inspect_\\w+, PostgreSQL \\S+\n"),
                            "database D, PostgreSQL V.\n");
  text = std::regex_replace(text, std::regex("OWNER TO \\w+;"), "OWNER TO postgres;");
  return std::regex_replace(text, std::regex("name: inspect_\\w+\nserver: \\d+\n"), "...\n");
}

class Drafts : public testing::TestWithParam<DraftCase> {};

TEST_P(Drafts, AreWhatAPersonWouldWrite) {
  if (no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  if (Database::major() < GetParam().from_version) {
    GTEST_SKIP() << "needs PostgreSQL " << GetParam().from_version;
  }
  const Database database(std::string("draft_") + GetParam().name, GetParam().sql);
  EXPECT_EQ(draft_of(database), GetParam().expected);
}

auto name_of = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Keys, Drafts, testing::ValuesIn(key_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Features, Drafts, testing::ValuesIn(feature_cases()), name_of);

}  // namespace
}  // namespace rekey::inspect
