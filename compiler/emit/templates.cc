#include "compiler/emit/templates.h"

#include <fmt/format.h>

#include <fstream>
#include <kainjow/mustache.hpp>
#include <set>
#include <sstream>

namespace rekey::emit {
namespace {

namespace mustache = kainjow::mustache;
using nlohmann::json;

// Section lines leave no trace. The library's own rule for them leaves blank lines where they nest and
// swallows blank lines behind them, so a mark keeps it from seeing them as lines of their own.
constexpr char kSign = '\x01';
constexpr const char* kMark = "\x01\n";

// A sign in a value is no mark: it comes twice.
std::string with_signs_doubled(const std::string& value) {
  std::string out;
  for (char c : value) out.append(c == kSign ? 2 : 1, c);
  return out;
}

mustache::data convert(const json& value) {
  if (value.is_string()) return mustache::data(with_signs_doubled(value.get<std::string>()));
  if (value.is_boolean()) return mustache::data(value.get<bool>());
  if (value.is_number()) return mustache::data(value.dump());
  if (value.is_array()) {
    mustache::data list(mustache::data::type::list);
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto item = convert(value[i]);
      if (value[i].is_object()) item.set("separator", i + 1 < value.size() ? "," : ";");
      list.push_back(item);
    }
    return list;
  }
  mustache::data object(mustache::data::type::object);
  for (const auto& [key, child] : value.items()) object.set(key, convert(child));
  return object;
}

std::set<std::string> tags(const std::string& text) {
  std::set<std::string> names;
  for (auto at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
    const auto end = text.find("}}", at);
    auto name = text.substr(at + 2, end - at - 2);
    if (!name.empty() && std::string("#/^").find(name[0]) != std::string::npos) name.erase(0, 1);
    names.insert(name);
  }
  return names;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Mustache renders an unknown name as nothing, which would be a hole in somebody's SQL.
void check_override(const std::string& file, const std::string& text) {
  const auto known = tags(embedded_templates().at(file));
  for (const auto& name : tags(text)) {
    if (!known.contains(name)) {
      throw BadTemplate(fmt::format("{}: {{{{{}}}}} is not a name that this template has", file, name));
    }
  }
}

// A line with nothing but the tag of a section.
bool is_section_line(const std::string& line) {
  return line.size() > 5 && line.starts_with("{{") && line.find("}}") == line.size() - 2 &&
         std::string("#^/").find(line[2]) != std::string::npos;
}

std::string without_marks(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != kSign) out += text[i];
    else if (text[++i] == kSign) out += kSign;
  }
  return out;
}

std::map<std::string, std::string> split(const std::string& text) {
  std::map<std::string, std::string> parts;
  std::istringstream in(text);
  std::string line, part;
  while (std::getline(in, line)) {
    if (line.size() > 1 && line[0] == '%' && std::isalpha(static_cast<unsigned char>(line[1]))) {
      part = line.substr(1);
      parts[part];
    } else {
      parts[part] += line + (is_section_line(line) ? kMark : "\n");
    }
  }
  return parts;
}

}  // namespace

struct Templates::Parsed {
  explicit Parsed(const std::string& text) : tree(text) {
    tree.set_custom_escape([](const std::string& s) { return s; });
  }
  mustache::mustache tree;
};

Templates::Templates(const std::optional<std::filesystem::path>& folder) {
  for (const auto& [file, embedded] : embedded_templates()) {
    std::string text = embedded;
    if (folder && std::filesystem::exists(*folder / file)) {
      text = read(*folder / file);
      check_override(file, text);
    }
    for (const auto& [part, content] : split(text)) {
      parts_[file + "%" + part] = std::make_unique<Parsed>(content);
    }
  }
  if (folder && !std::filesystem::is_directory(*folder)) {
    throw BadTemplate(fmt::format("{} is not a folder", folder->string()));
  }
}

Templates::~Templates() = default;

bool Templates::has_part(const std::string& file, const std::string& part) const {
  return parts_.contains(file + "%" + part);
}

std::string Templates::render(const std::string& file, const std::string& part, const json& data) const {
  return without_marks(parts_.at(file + "%" + part)->tree.render(convert(data)));
}

}  // namespace rekey::emit
