#include "runtime/command_checks.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>

#include "runtime/copy/program.h"
#include "runtime/db/server_message.h"
#include "runtime/interrupt.h"
#include "runtime/outcome.h"
#include "runtime/step_runner.h"
#include "runtime/text.h"

namespace rekey {

namespace {

namespace fs = std::filesystem;

// A folder for what commands write, for as long as they run.
class Folder {
 public:
  Folder() {
    std::string name = fs::temp_directory_path() / "rekey-check-XXXXXX";
    if (!mkdtemp(name.data())) throw Failed("no folder can be made under " + fs::temp_directory_path().string());
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;

  fs::path path;
};

std::map<std::string, std::string> environment_of(const std::string& address) {
  auto environment = db::environment_of(address);
  if (!address.empty()) environment["DATABASE_URL"] = address;
  return environment;
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  if (what.empty() || what == with) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

std::string without_passwords(std::string text, const std::string& address) {
  const char* ours = std::getenv("PGPASSWORD");
  replace_all(text, address, db::address_without_password(address));
  replace_all(text, db::password_of(address), "***");
  replace_all(text, ours ? ours : "", "***");
  std::smatch written;  // as it stands in the address, with its % signs
  if (static const std::regex in_address("://[^/@:]*:([^/@]+)@"); std::regex_search(address, written, in_address)) {
    replace_all(text, written[1].str(), "***");
  }
  return text;
}

// The last lines, indented below their check.
std::string end_of(const std::string& text) {
  constexpr std::size_t kMost = 20;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::string out;
  for (std::size_t i = lines.size() > kMost ? lines.size() - kMost : 0; i < lines.size(); ++i) out += "\n    " + lines[i];
  return out;
}

}  // namespace

const char* when(const bundle::Command& command) {
  return command.before && command.after ? "before and after" : command.before ? "before" : "after";
}

std::vector<std::string> run_commands(const bundle::Phase& phase, bool bundle::Command::*due, const std::string& database,
                                      const std::function<void(const std::string&)>& say) {
  const std::string address = db::address_of(database);
  std::vector<std::string> problems;
  for (const bundle::Command& command : phase.commands) {
    if (!(command.*due)) continue;
    const Folder folder;
    const auto began = std::chrono::steady_clock::now();
    const Ended ended = run_program({"/bin/sh", "-c", "exec 2>&1\n" + command.command}, folder.path / "output", environment_of(address));
    if (interrupted()) throw Interrupted{};
    if (ended.code == 0) {
      say(fmt::format("check \"{}\" .. ok {}", command.name, duration(std::chrono::steady_clock::now() - began)));
      continue;
    }
    const std::string wrote = without_passwords(bundle::read_bytes(folder.path / "output"), address);
    problems.push_back(fmt::format("check \"{}\": exit code {} of {}{}", command.name, ended.code,
                                   without_passwords(command.command, address), end_of(wrote)));
  }
  return problems;
}

}  // namespace rekey
