#include "tests/compiler/key_use_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace rekey::lint {
namespace {

using plan::Generator;

enum Domain { users, orders, tags, events };
const char* const kDomains[] = {"users", "orders", "tags", "events"};

std::string named(const KeyOf& key) {
  return fmt::format("{}{}", kDomains[key.domain], key.array ? "[]" : "");
}

const std::string kFolder = REKEY_SOURCE "/tests/fixtures/key_use";
const std::string kResult = "--> ";
const std::string kAccepted = "uuid is accepted";

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

KeyUseFile read_file(const std::string& path) {
  KeyUseFile file{path, {}};
  std::istringstream lines(read(path));
  KeyUseCase current{};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      file.cases.push_back(std::exchange(current, {}));
    } else if (!line.starts_with(kResult)) {
      current.definition += line + "\n";
    } else if (line == kResult + kAccepted) {
      current.accepted = true;
    } else {
      current.printed += line.substr(kResult.size()) + "\n";
    }
  }
  return file;
}

}  // namespace

std::vector<KeyUseFile> key_use_files() {
  std::vector<KeyUseFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().filename() != "schema.sql") files.push_back(read_file(entry.path().string()));
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::string key_use_schema(bool uuid) {
  const std::string text = read(kFolder + "/schema.sql");
  return uuid ? std::regex_replace(text, std::regex(R"(\w+ /\* key \*/)"), "uuid") : text;
}

std::string print(const KeyUseFile& file) {
  std::string out;
  for (const KeyUseCase& c : file.cases) {
    out += c.definition;
    std::istringstream lines(c.printed);
    for (std::string line; std::getline(lines, line);) out += kResult + line + "\n";
    if (c.accepted) out += kResult + kAccepted + "\n";
    out += "\n";
  }
  return out;
}

const KeyColumns& key_use_columns() {
  static const KeyColumns all = {
      {{"public.users", "id"}, {users, Generator::ordered}},
      {{"public.users", "boss_id"}, {users, Generator::ordered}},
      {{"public.orders", "id"}, {orders, Generator::ordered}},
      {{"public.orders", "user_id"}, {users, Generator::ordered}},
      {{"public.badges", "user_id"}, {users, Generator::ordered}},
      {{"public.marks", "user_id"}, {users, Generator::ordered}},
      {{"\"Odd\".\"T.1\"", "Id"}, {users, Generator::ordered}},
      {{"public.people", "person"}, {users, Generator::ordered}},
      {{"public.tags", "id"}, {tags, Generator::keyed}},
      {{"public.tags", "parent_id"}, {tags, Generator::keyed}},
      {{"public.events", "id"}, {events, Generator::v7}},
  };
  return all;
}

std::string print(const KeyUse& use, const std::string& definition) {
  std::string out;
  for (const KeyLiteral& l : use.literals) {
    out += fmt::format("{} of {}: {}\n", l.value, kDomains[l.domain],
                       definition.substr(l.offset, l.length));
  }
  for (const KeyEdit& e : use.edits) {
    out += fmt::format("{} -> {}\n", definition.substr(e.offset, e.length), e.text);
  }
  for (const KeyProblem& p : use.problems) out += fmt::format("problem: {}\n", p.message);
  for (const auto& [column, key] : use.outputs)
    out += fmt::format("column {}: {}\n", column, named(key));
  return out;
}

}  // namespace rekey::lint
