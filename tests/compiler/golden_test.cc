// Plan in, bundle out: every folder of tests/golden is a case. Its expected/ holds the bundle; all cases
// but `smallest` leave out bundle.json and the foundation, which are long and alike.
//
//   REKEY_UPDATE_GOLDEN=1 tests/run -R Golden      writes expected/ anew
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(REKEY_SOURCE) / "tests/golden";

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// The bundle of a case, in a folder of its own.
void compile_to(const std::string& name, const fs::path& folder) {
  const Stages stages(read_plan(kGolden / name / "plan.yaml"));
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  for (const auto& [path, text] : stages.emitted().files) {
    const bool alike = path == "bundle.json" || path.starts_with("010-");
    if (name == "smallest" || !alike) write(folder / path, text);
  }
}

std::string difference(const fs::path& expected, const fs::path& actual) {
  const auto command = fmt::format("cd '{}' && diff -ruN expected '{}' 2>&1", expected.parent_path().string(),
                                   actual.string());
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  while (const auto count = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, count);
  pclose(pipe);
  return out;
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, Bundle) {
  const fs::path expected = kGolden / GetParam() / "expected";
  const fs::path actual = fs::path(testing::TempDir()) / fmt::format("golden-{}-{}", GetParam(), getpid());
  compile_to(GetParam(), actual);
  if (std::getenv("REKEY_UPDATE_GOLDEN")) {
    fs::remove_all(expected);
    fs::copy(actual, expected, fs::copy_options::recursive);
  }
  const auto diff = difference(expected, actual);
  fs::remove_all(actual);
  EXPECT_EQ(diff, "") << "Where the new text is right: REKEY_UPDATE_GOLDEN=1 tests/run -R Golden";
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace rekey
