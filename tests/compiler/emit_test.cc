// The bundle as the runtime sees it: ranges, digests, and the same bytes every time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "compiler/emit/output.h"
#include "compiler/lint/parse_sql.h"
#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

namespace fs = std::filesystem;
using bundle::Range;

const fs::path kGolden = fs::path(REKEY_SOURCE) / "tests/golden";

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string plan_of(const std::string& name) { return read_plan(kGolden / name / "plan.yaml"); }

std::string cut(const std::string& text, const Range& range) { return text.substr(range.offset, range.length); }

// What is left of a file when its ranges are taken out, without comments and blank lines.
std::string rest(const std::string& text, const std::vector<Range>& ranges) {
  std::string out;
  std::size_t from = 0;
  for (const auto& range : ranges) {
    EXPECT_GE(range.offset, from) << "ranges overlap or are out of order";
    out += text.substr(from, range.offset - from) + "\n";
    from = range.offset + range.length;
  }
  std::istringstream lines(out + text.substr(from));
  std::string line, left;
  while (std::getline(lines, line)) {
    if (!line.empty() && !line.starts_with("--")) left += line + "\n";
  }
  return left;
}

// The statements of a file as PostgreSQL's parser cuts them.
std::vector<std::string> statements(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& range : lint::statements_in(text)) out.push_back(cut(text, range));
  return out;
}

// Ranges in file order cover all that is not comment, and each is one statement; the session part is
// several.
void expect_cover(const std::string& text, const Range& session, const std::vector<Range>& ranges,
                  const std::string& where) {
  std::vector<Range> all{session};
  all.insert(all.end(), ranges.begin(), ranges.end());
  EXPECT_EQ(rest(text, all), "") << where;
  auto expected = statements(cut(text, session));
  for (const auto& range : ranges) expected.push_back(cut(text, range));
  EXPECT_EQ(statements(text), expected) << where;
}

void expect_side(const bundle::Side& side, const std::string& text, const std::string& id, bool transactional) {
  const auto whole = cut(text, side.text);
  EXPECT_TRUE(whole.starts_with("-- step " + id + " ")) << whole;
  EXPECT_TRUE(whole.ends_with(";\n")) << whole;
  EXPECT_EQ(side.journal.size(), 64u);
  ASSERT_FALSE(side.statements.empty());
  if (!transactional) return;
  EXPECT_EQ(cut(text, side.statements.front()), "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;");
  EXPECT_EQ(cut(text, side.statements.back()), "COMMIT;");
}

class Emit : public testing::TestWithParam<std::string> {};

TEST_P(Emit, RangesCutOutTheStatements) {
  const Stages stages(plan_of(GetParam()));
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto emitted = stages.emitted();
  for (const auto& phase : emitted.bundle.phases) {
    const auto& up = emitted.files.at(phase.folder + "/up.sql");
    const auto& down = emitted.files.at(phase.folder + "/down.sql");
    const auto& verify = emitted.files.at(phase.folder + "/verify.sql");
    std::vector<Range> forward, back;
    std::map<std::string, const bundle::Step*> steps;
    for (const auto& step : phase.steps) {
      SCOPED_TRACE(step.id);
      expect_side(step.up, up, step.id, step.transactional);
      expect_side(step.down, down, step.id, step.transactional);
      forward.insert(forward.end(), step.up.statements.begin(), step.up.statements.end());
      steps[step.id] = &step;
    }
    for (const auto& id : phase.undo_order) {
      const auto& ranges = steps.at(id)->down.statements;
      back.insert(back.end(), ranges.begin(), ranges.end());
    }
    EXPECT_EQ(steps.size(), phase.undo_order.size());
    expect_cover(up, phase.up_session, forward, phase.folder + "/up.sql");
    expect_cover(down, phase.down_session, back, phase.folder + "/down.sql");
    expect_cover(verify, phase.verify_session, phase.verify, phase.folder + "/verify.sql");
  }
}

TEST_P(Emit, NeedsStandBeforeTheirSteps) {
  const auto emitted = Stages(plan_of(GetParam())).emitted();
  for (const auto& phase : emitted.bundle.phases) {
    std::set<std::string> done, undone;
    std::map<std::string, const bundle::Step*> steps;
    for (const auto& step : phase.steps) {
      for (const auto& need : step.needs) EXPECT_TRUE(done.contains(need)) << step.id << " needs " << need;
      done.insert(step.id);
      steps[step.id] = &step;
    }
    for (const auto& id : phase.undo_order) {
      for (const auto& need : steps.at(id)->undo_needs) {
        EXPECT_TRUE(undone.contains(need)) << id << " is undone after " << need;
      }
      undone.insert(id);
    }
  }
}

TEST_P(Emit, TheRuntimeReadsTheFolder) {
  const auto emitted = Stages(plan_of(GetParam())).emitted();
  const fs::path folder = fs::path(testing::TempDir()) / fmt::format("emit-{}-{}", GetParam(), getpid());
  emit::write_folder(folder, emitted.files);
  const auto read = bundle::read_bundle(folder);
  fs::remove_all(folder);
  EXPECT_EQ(bundle::to_json(read), emitted.files.at("bundle.json"));
}

TEST_P(Emit, TheSameBytesEveryTime) {
  const auto text = plan_of(GetParam());
  const Stages here(text), there(text);
  const auto first = compile_plan(*here.checked, text, "plan.yaml", emit::Templates(std::nullopt), here.diagnostics);
  const auto second = compile_plan(*there.checked, text, "/some/where else/plan.yaml",
                                   emit::Templates(std::nullopt), there.diagnostics);
  EXPECT_EQ(first.files, second.files);
  const auto renamed = compile_plan(*here.checked, text, "other.yaml", emit::Templates(std::nullopt),
                                    here.diagnostics);
  EXPECT_NE(first.files, renamed.files) << "headers name the plan's file";
}

INSTANTIATE_TEST_SUITE_P(Cases, Emit, testing::ValuesIn(cases()), [](const auto& info) { return info.param; });

// A comment above a table moves every line of the plan, and changes no step.
TEST(EmitJournal, DigestsOfStepsLeaveCommentsOut) {
  const auto text = plan_of("users_orders");
  const auto before = Stages(text).emitted(), after = Stages("# one line more\n" + text).emitted();
  ASSERT_EQ(before.bundle.phases.size(), after.bundle.phases.size());
  for (std::size_t p = 0; p < before.bundle.phases.size(); ++p) {
    const auto &a = before.bundle.phases[p].steps, &b = after.bundle.phases[p].steps;
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t s = 0; s < a.size(); ++s) {
      EXPECT_EQ(a[s].up.journal, b[s].up.journal) << a[s].id;
      EXPECT_EQ(a[s].down.journal, b[s].down.journal) << a[s].id;
    }
  }
}

// What the first step of a phase enters into the journal is what the manifest says.
TEST(EmitJournal, RegisteredDigestsAreThoseOfTheManifest) {
  const auto emitted = Stages(plan_of("users_orders")).emitted();
  for (const auto& phase : emitted.bundle.phases) {
    const auto& up = emitted.files.at(phase.folder + "/up.sql");
    const auto first = cut(up, phase.steps.front().up.text);
    for (const auto& step : phase.steps) {
      const auto up_at = first.find(step.up.journal);
      ASSERT_NE(up_at, std::string::npos) << step.id;
      const auto down_at = first.find(step.down.journal, up_at);
      ASSERT_NE(down_at, std::string::npos) << step.id;
      EXPECT_EQ(first.substr(up_at, down_at - up_at).find('\n'), std::string::npos) << "one line a step";
    }
  }
}

}  // namespace
}  // namespace rekey
