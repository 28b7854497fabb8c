#include "compiler/emit/foundation.h"

#include <fmt/format.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"

namespace rekey::emit {
namespace {

using nlohmann::json;

// Files of templates/foundation, each after those that it needs.
std::vector<std::string> parts(const json& data) {
  std::vector<std::string> out{"journal", "steps", "generators", "domains", "expectations", "legacy_ids", "partition_indexes",
                               "foreign_key_parts", "shapes", "mapping", "fence", "checks", "dependents"};
  for (const char* part : {"plan_checks", "plan_indexes"}) {
    if (data.contains(part)) out.push_back(part);
  }
  if (data.contains("named")) out.push_back("names");
  if (data.contains("paired")) out.push_back("pairs");
  if (data.contains("borrowed")) out.push_back("places");
  if (data.contains("reshapes")) out.insert(out.end(), {"reshape", "column_archives"});
  if (data.contains("repairs")) out.push_back("repairs");
  if (data.contains("merges")) out.push_back("merges");
  if (data.contains("stages")) out.push_back("stages");
  if (!data["online"].empty()) out.insert(out.end(), {"online_expectations", "throttle", "backfill", "online", "swap", "online_partitions"});
  if (data.contains("given")) out.push_back("given_keys");
  if (data.contains("bridge")) out.push_back("bridge");
  return out;
}

// "DROP FUNCTION rekey.a, rekey.b;" in lines of 120 columns. No two functions share a name.
std::string drop(const char* kind, const std::vector<std::string>& names) {
  std::string out, line = fmt::format("DROP {} ", kind);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto next = names[i] + (i + 1 < names.size() ? "," : ";");
    if (line.size() + next.size() > 120) {
      out += line.substr(0, line.size() - 1) + "\n";
      line = "  ";
    }
    line += next + " ";
  }
  return out + line.substr(0, line.size() - 1) + "\n";
}

// Of all that a text makes in schema rekey: first what may use the others.
std::string drops(const std::string& text) {
  std::map<std::string, std::vector<std::string>> made;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string create, kind, name;
    words >> create >> kind >> name;
    if (create == "CREATE" && name.starts_with("rekey.")) made[kind].push_back(name.substr(0, name.find('(')));
  }
  std::string out;
  for (const char* kind : {"VIEW", "PROCEDURE", "FUNCTION", "TABLE"}) {
    if (auto& names = made[kind]; !names.empty()) out += drop(kind, {names.rbegin(), names.rend()});
  }
  return out + "DROP SCHEMA rekey;\n";
}

}  // namespace

json foundation_sql(const Templates& templates, const json& data) {
  std::string text;
  for (const auto& part : parts(data)) text += templates.render(fmt::format("foundation/{}.sql", part), "", data) + "\n";
  const auto dropped = drops(text);
  if (data.contains("new_key_function")) text += templates.render("foundation/new_keys.sql", "", data);
  return {{"format", std::to_string(bundle::kFormat)}, {"foundation", text}, {"drop", dropped}};
}

}  // namespace rekey::emit
