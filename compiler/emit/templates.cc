#include "compiler/emit/templates.h"

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

namespace rekey::emit {
namespace {

using nlohmann::json;

struct Parser {
  const std::string& file;
  const std::string& text;
  std::size_t at = 0;

  // Up to the end of the section, or of the text where the section has no name.
  std::vector<Piece> pieces(const std::string& section) {
    std::vector<Piece> out;
    for (;;) {
      const auto open = text.find("{{", at), close = text.find("}}", open);
      out.push_back({Piece::Kind::text, text.substr(at, close == std::string::npos ? close : open - at), {}});
      if (close == std::string::npos) {
        if (!section.empty()) fail("{{#" + section + "}} has no end");
        return out;
      }
      const bool value = std::string_view("#^/").find(text[open + 2]) == std::string_view::npos;
      const auto begin = open + (value ? 2 : 3);
      const auto name = text.substr(begin, close - begin);
      at = close + 2;
      if (!value && (open == 0 || text[open - 1] == '\n') && text[at] == '\n') ++at;
      if (value) {
        out.push_back({Piece::Kind::value, name, {}});
      } else if (text[open + 2] != '/') {
        out.push_back({text[open + 2] == '#' ? Piece::Kind::section : Piece::Kind::inverted, name, pieces(name)});
      } else if (name == section) {
        return out;
      } else {
        fail("{{/" + name + "}} ends nothing");
      }
    }
  }

  [[noreturn]] void fail(const std::string& what) const { throw BadTemplate(file + ": " + what); }
};

// What a name is looked up in: the innermost that has it.
struct Scope {
  const json& data;
  const Scope* outer = nullptr;
  const char* separator = nullptr;
};

const json* find(const Scope& scope, const std::string& name) {
  if (name == ".") return &scope.data;
  for (const Scope* s = &scope; s; s = s->outer) {
    if (auto found = s->data.find(name); found != s->data.end()) return &*found;
  }
  return nullptr;
}

void render(const std::vector<Piece>& pieces, const Scope& scope, std::string& out);

void render_value(const std::string& name, const Scope& scope, std::string& out) {
  if (name == "separator") {
    const Scope* item = &scope;
    while (!item->separator && item->outer) item = item->outer;
    if (item->separator) out += item->separator;
  } else if (const json* value = find(scope, name)) {
    out += value->get_ref<const std::string&>();
  }
}

void render_section(const Piece& piece, const Scope& scope, std::string& out) {
  const json* value = find(scope, piece.text);
  const bool none = !value || *value == json(false) || (value->is_array() && value->empty());
  if (none == (piece.kind == Piece::Kind::section)) return;
  if (none) return render(piece.inner, scope, out);
  if (!value->is_array()) return render(piece.inner, {*value, &scope}, out);
  for (const json& item : *value) {
    render(piece.inner, {item, &scope, &item == &value->back() ? ";" : ","}, out);
  }
}

void render(const std::vector<Piece>& pieces, const Scope& scope, std::string& out) {
  for (const Piece& piece : pieces) {
    switch (piece.kind) {
      case Piece::Kind::text: out += piece.text; break;
      case Piece::Kind::value: render_value(piece.text, scope, out); break;
      case Piece::Kind::section:
      case Piece::Kind::inverted: render_section(piece, scope, out); break;
    }
  }
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

std::map<std::string, std::string> split(const std::string& text) {
  std::map<std::string, std::string> parts;
  std::istringstream in(text);
  std::string line, part;
  while (std::getline(in, line)) {
    if (line.size() > 1 && line[0] == '%' && std::isalpha(static_cast<unsigned char>(line[1]))) {
      part = line.substr(1);
      parts[part];
    } else {
      parts[part] += line + "\n";
    }
  }
  return parts;
}

}  // namespace

Templates::Templates(const std::optional<std::filesystem::path>& folder) {
  for (const auto& [file, embedded] : embedded_templates()) {
    std::string text = embedded;
    if (folder && std::filesystem::exists(*folder / file)) {
      text = read(*folder / file);
      check_override(file, text);
    }
    for (const auto& [part, content] : split(text)) {
      parts_[file + "%" + part] = Parser{file, content}.pieces("");
    }
  }
  if (folder && !std::filesystem::is_directory(*folder)) {
    throw BadTemplate(fmt::format("{} is not a folder", folder->string()));
  }
}

bool Templates::has_part(const std::string& file, const std::string& part) const {
  return parts_.contains(file + "%" + part);
}

std::string Templates::render(const std::string& file, const std::string& part, const json& data,
                              const json& outer) const {
  std::string out;
  const Scope outermost{outer};
  emit::render(parts_.at(file + "%" + part), {data, &outermost}, out);
  return out;
}

}  // namespace rekey::emit
