// Reads a bundle's folder and refuses it when a byte differs from what was compiled.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/bundle/json.h"

namespace rekey::bundle {

namespace {

namespace fs = std::filesystem;
using Contents = std::map<std::string, std::string>;  // path to bytes

constexpr const char* kAgain = "compile the plan again";

Bundle read_manifest(const fs::path& folder) {
  const fs::path path = folder / "bundle.json";
  if (!fs::is_directory(folder)) {
    throw Damaged(fmt::format("{}: no such folder; name the folder that rekeyc compile wrote",
                              folder.string()));
  }
  if (!fs::is_regular_file(fs::symlink_status(path))) {
    throw Damaged(path.string() + ": not there; name the folder that rekeyc compile wrote");
  }
  try {
    Bundle b = from_json(read_bytes(path));
    b.folder = folder;
    return b;
  } catch (const Damaged& e) {
    if (std::string_view(e.what()).starts_with(path.string())) throw;
    throw Damaged(fmt::format("{}: {}; {}", path.string(), e.what(), kAgain));
  }
}

[[noreturn]] void damaged(const Bundle& b, const std::string& path, const std::string& what) {
  throw Damaged(fmt::format("{}: {}; {}", (b.folder / path).string(), what, kAgain));
}

Contents read_listed(const Bundle& b) {
  Contents contents;
  for (const File& file : b.files) {
    const fs::path relative(file.path);
    if (relative.is_absolute() || std::ranges::count(relative, "..") != 0) {
      damaged(b, "bundle.json",
              fmt::format("lists \"{}\", which is outside the folder", file.path));
    }
    if (!fs::is_regular_file(fs::symlink_status(b.folder / relative))) {
      damaged(b, file.path, "missing");
    }
    std::string bytes = read_bytes(b.folder / relative);
    if (bytes.size() != file.bytes) {
      damaged(b, file.path,
              fmt::format("has {} bytes, not {} as compiled", bytes.size(), file.bytes));
    }
    if (sha256(bytes) != file.sha256) damaged(b, file.path, "differs from what was compiled");
    contents.emplace(file.path, std::move(bytes));
  }
  return contents;
}

void refuse_added(const Bundle& b, const Contents& contents) {
  std::set<std::string> added;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(b.folder)) {
    const std::string path = entry.path().lexically_relative(b.folder).generic_string();
    if (fs::is_directory(entry.symlink_status())) continue;
    if (path != "bundle.json" && !contents.contains(path)) added.insert(path);
  }
  if (added.empty()) return;
  throw Damaged(
      fmt::format("{}: does not belong to the bundle; remove it or compile the plan again",
                  (b.folder / *added.begin()).string()));
}

bool inside(const Range& part, const Range& whole) {
  return part.offset >= whole.offset && part.length <= whole.length &&
         part.offset - whole.offset <= whole.length - part.length;
}

void check_ranges(const Bundle& b, const std::string& path, const Range& whole,
                  const std::vector<Range>& parts) {
  for (const Range& part : parts) {
    if (!inside(part, whole)) {
      damaged(b, "bundle.json",
              fmt::format("has a range ({}, {}) outside of {}", part.offset, part.length, path));
    }
  }
}

void check_side(const Bundle& b, const std::string& path, const std::string& bytes,
                const Side& side) {
  check_ranges(b, path, {0, bytes.size()}, {side.text});
  check_ranges(b, path, side.text, side.statements);
}

void check_phase(const Bundle& b, const Phase& phase, const Contents& contents) {
  const auto bytes_of = [&](const char* file) -> std::pair<std::string, const std::string&> {
    const auto found = contents.find(phase.folder + "/" + file);
    if (found == contents.end()) damaged(b, phase.folder + "/" + file, "not listed in bundle.json");
    return {found->first, found->second};
  };
  const auto& [up_path, up] = bytes_of("up.sql");
  const auto& [down_path, down] = bytes_of("down.sql");
  const auto& [verify_path, verify] = bytes_of("verify.sql");
  check_ranges(b, up_path, {0, up.size()}, {phase.up_session});
  check_ranges(b, down_path, {0, down.size()}, {phase.down_session});
  check_ranges(b, verify_path, {0, verify.size()}, {phase.verify_session});
  check_ranges(b, verify_path, {0, verify.size()}, phase.verify);
  std::set<std::string> ids;
  for (const Step& step : phase.steps) {
    ids.insert(step.id);
    check_side(b, up_path, up, step.up);
    check_side(b, down_path, down, step.down);
  }
  const std::set<std::string> undone(phase.undo_order.begin(), phase.undo_order.end());
  if (ids.empty()) {
    damaged(b, "bundle.json", fmt::format("has phase {} without steps", phase.id));
  }
  if (ids.size() != phase.steps.size() || undone != ids || phase.undo_order.size() != ids.size()) {
    damaged(b, "bundle.json",
            fmt::format("has steps of phase {} twice or in one direction only", phase.id));
  }
}

void check_needs(const Bundle& b, const Step& step, const std::vector<std::string>& needs,
                 std::set<std::string>& before) {
  for (const std::string& need : needs) {
    if (before.contains(need)) continue;
    damaged(b, "bundle.json",
            fmt::format("has step {} depend on {}, which does not come before it", step.id, need));
  }
  before.insert(step.id);
}

// Both directions run in an order that satisfies all needs, so no steps wait for each other.
void check_order(const Bundle& b) {
  std::set<std::string> done, undone;
  for (const Phase& phase : b.phases) {
    for (const Step& step : phase.steps) check_needs(b, step, step.needs, done);
  }
  for (auto phase = b.phases.rbegin(); phase != b.phases.rend(); ++phase) {
    std::map<std::string, const Step*> steps;
    for (const Step& step : phase->steps) steps[step.id] = &step;
    for (const std::string& id : phase->undo_order) {
      check_needs(b, *steps.at(id), steps.at(id)->undo_needs, undone);
    }
  }
}

}  // namespace

Bundle read_bundle(const fs::path& folder) {
  const Bundle b = read_manifest(folder);
  try {
    const Contents contents = read_listed(b);
    refuse_added(b, contents);
    for (const Phase& phase : b.phases) check_phase(b, phase, contents);
    check_order(b);
  } catch (const fs::filesystem_error& e) {
    throw Damaged(fmt::format("{}: {}", e.path1().string(), e.code().message()));
  }
  return b;
}

}  // namespace rekey::bundle
