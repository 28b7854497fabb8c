// bundle.json of any bytes, its own digest made right: what it is refused for is said, and what is
// read can be written again, scheduled and looked up.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "runtime/bundle/json.h"
#include "runtime/journal.h"
#include "runtime/scheduler.h"
#include "runtime/step_runner.h"
#include "tests/fuzz/fuzz.h"

namespace rekey::fuzz {
namespace {

namespace fs = std::filesystem;

// A copy of the smallest golden bundle, whose manifest each input replaces.
class Copy {
 public:
  Copy() {
    std::string pattern = (fs::temp_directory_path() / "rekey-fuzz.XXXXXX").string();
    expect(mkdtemp(pattern.data()) != nullptr, "a folder can be made", pattern);
    folder = pattern;
    fs::copy(REKEY_SOURCE "/tests/golden/smallest/expected", folder, fs::copy_options::recursive);
  }
  ~Copy() { fs::remove_all(folder); }
  fs::path folder;
};

// Without this the digest would turn away all that is interesting.
std::string sealed(const std::string& text) {
  const std::string key = "  \"self\": \"";
  const auto at = text.rfind(key);
  if (at == std::string::npos) return text;
  const std::string members = text.substr(0, at);
  return members + key + bundle::sha256(members) + "\"\n}\n";
}

void expect_runs(const bundle::Phase& phase, const std::vector<const bundle::Step*>& steps,
                 Direction direction) {
  Schedule schedule(steps, direction);
  while (const auto next = schedule.next()) {
    schedule.start(*next);
    schedule.finish(*next);
  }
  expect(schedule.finished(), "the steps of a phase do not wait for each other", phase.id);
}

void expect_runs(const bundle::Phase& phase) {
  std::map<std::string, const bundle::Step*> steps;
  std::vector<const bundle::Step*> up, down;
  for (const bundle::Step& step : phase.steps) up.push_back(steps[step.id] = &step);
  for (const std::string& id : phase.undo_order) down.push_back(steps.at(id));
  expect(!up.empty(), "a phase has steps", phase.id);
  expect_runs(phase, up, Direction::up);
  expect_runs(phase, down, Direction::down);
}

void expect_texts(const Sources& sources, const bundle::Phase& phase) {
  for (const bundle::Step& step : phase.steps) {
    for (const auto& statement : step.up.statements) sources.text(phase.folder + "/up.sql", statement);
    for (const auto& statement : step.down.statements) sources.text(phase.folder + "/down.sql", statement);
  }
  for (const auto& statement : phase.verify) sources.text(phase.folder + "/verify.sql", statement);
}

void try_manifest(const std::string& text) {
  static const Copy copy;
  try {
    const bundle::Bundle b = bundle::from_json(text);
    const std::string written = bundle::to_json(b);
    expect(bundle::to_json(bundle::from_json(written)) == written, "what was read is written the same", written);
    std::ofstream(copy.folder / "bundle.json", std::ios::binary) << text;
    const bundle::Bundle whole = bundle::read_bundle(copy.folder);
    const Sources sources(whole);
    for (const bundle::Phase& phase : whole.phases) {
      expect_texts(sources, phase);
      expect_runs(phase);
    }
    expect(differences(Journal{}, whole).empty(), "any bundle fits a database without a journal");
  } catch (const bundle::Damaged& e) {
    expect(!std::string_view(e.what()).empty(), "a refusal says why");
  }
}

}  // namespace
}  // namespace rekey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rekey::fuzz::try_manifest(rekey::fuzz::sealed({reinterpret_cast<const char*>(data), size}));
  return 0;
}
