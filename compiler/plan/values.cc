// One function a kind of value; every message says what the key takes and what stands there.
#include "compiler/plan/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "compiler/plan/names.h"

namespace rekey::plan {
namespace {

constexpr std::string_view kDigits = "0123456789";

std::string alternatives(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); i++)
    out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return out;
}

std::string what(const Field& field) {
  switch (field.kind) {
    case Kind::text:
      return "a text";
    case Kind::stages:
      return "a list of numbers of rows that ends with rest";
    case Kind::label:
    case Kind::name:
      return "a name";
    case Kind::names:
      return "a name or a list of names";
    case Kind::word:
      return alternatives(field.words);
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "a whole number";
    case Kind::duration:
      return "a time with its unit";
    case Kind::memory:
      return "a size with its unit";
    case Kind::qualified:
      return "a name with its schema";
    case Kind::table:
      return "a table name";
    case Kind::tables:
      return "a table name or a list of them";
    case Kind::reference:
      return "a table and its columns";
    case Kind::object:
    case Kind::list:
    case Kind::map:
      return "";
  }
  return "";
}

bool digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr Unit kTimes[] = {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}};
constexpr Unit kSizes[] = {{"kB", 1}, {"MB", 1024}, {"GB", 1024 * 1024}};
constexpr std::int64_t kMost = 2147483647;  // of a setting in PostgreSQL, in ms or kB

// At most 60 characters of a text, for messages.
std::string cut(const std::string& text) {
  std::size_t at = 0;
  for (std::size_t characters = 0; at < text.size() && characters < 60; characters++)
    at += std::max<std::size_t>(utf8_length(std::string_view(text).substr(at)), 1);
  return at < text.size() ? text.substr(0, at) + "..." : text;
}

const std::string kQuoting =
    "a name that contains a dot, a quote, a parenthesis, a comma or a blank stands in double "
    "quotes: "
    "public.\"odd.name\"";

}  // namespace

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return fmt::format("\"{}\"", cut(node.text));
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "";
}

void Values::wrong_kind(const Field& field, const Node& node, const std::string& title) {
  diagnostics_.error("wrong-kind", node.span,
                     fmt::format("{} takes {}, not {}", title, what(field), describe(node)),
                     fmt::format("for example {}: {}", field.key, field.example));
}

bool Values::read_text(const Node& node, const std::string& title, const Field& field, Text& out) {
  if (node.kind != Node::Kind::scalar) return wrong_kind(field, node, title), false;
  if (node.text.empty()) {
    diagnostics_.error("missing-value", node.span, fmt::format("{} is empty", title),
                       fmt::format("for example {}: {}", field.key, field.example));
    return false;
  }
  if (node.text.find('\0') != std::string::npos) {
    diagnostics_.error("bad-text", node.span, fmt::format("{} contains the character 0x00", title),
                       "leave it out; PostgreSQL has no such texts");
    return false;
  }
  bool identifier = field.kind == Kind::name || field.kind == Kind::names;
  if (identifier && !short_enough(node.text, node)) return false;
  out = {node.text, node.span};
  return true;
}

bool Values::short_enough(const std::string& name, const Node& node) {
  if (name.size() <= kMaxName) return true;
  diagnostics_.error("long-name", node.span,
                     fmt::format("a name of {} bytes; PostgreSQL keeps {}", name.size(), kMaxName),
                     "write it as the catalog has it");
  return false;
}

// Labels become names of folders and lines of comments.
bool Values::read_label(const Node& node, const std::string& title) {
  auto allowed = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) || c == ' ' || c == '-' || c == '_' || c == '.';
  };
  const std::string& text = node.text;
  if (!short_enough(text, node)) return false;
  bool edges = text.front() == ' ' || text.front() == '.' || text.back() == ' ';
  if (!edges && std::all_of(text.begin(), text.end(), allowed)) return true;
  diagnostics_.error(
      "bad-name", node.span, fmt::format("{} cannot be {}", title, describe(node)),
      "use letters, digits, blanks, \".\", \"-\" and \"_\"; begin with a letter or digit");
  return false;
}

void Values::read_word(const Field& field, const Slot& slot, const Node& node,
                       const std::string& title) {
  Text word;
  if (!read_text(node, title, field, word)) return;
  auto found = std::find(field.words.begin(), field.words.end(), word.value);
  if (found != field.words.end()) {
    if (auto* text = std::get_if<Text*>(&slot)) {
      **text = word;
    } else {
      const WordSlot& place = std::get<WordSlot>(slot);
      place.set(place.member, static_cast<int>(found - field.words.begin()) + field.first_word);
      *place.span = node.span;
    }
    return;
  }
  if (std::find(field.reserved.begin(), field.reserved.end(), word.value) != field.reserved.end()) {
    diagnostics_.error("not-available", node.span,
                       fmt::format("\"{}: {}\" is not available yet", field.key, word.value),
                       fmt::format("write {}", alternatives(field.words)));
    return;
  }
  std::optional<std::string> near;
  for (const auto& [synonym, meant] : field.synonyms)
    if (word.value == synonym) near = meant;
  if (!near) near = nearest(word.value, field.words);
  diagnostics_.error("unknown-word", node.span,
                     fmt::format("{} takes {}, not {}", title, what(field), describe(node)),
                     near ? fmt::format("did you mean \"{}\"?", *near)
                     : field.hint.empty()
                         ? fmt::format("for example {}: {}", field.key, field.example)
                         : std::string(field.hint));
}

void Values::read_boolean(const Field& field, Located<bool>& out, const Node& node,
                          const std::string& title) {
  if (node.kind != Node::Kind::scalar || (node.text != "true" && node.text != "false"))
    return wrong_kind(field, node, title);
  out = {node.text == "true", node.span};
}

void Values::read_integer(const Field& field, Located<int>& out, const Node& node,
                          const std::string& title) {
  if (node.kind != Node::Kind::scalar || !node.plain || !digits(node.text))
    return wrong_kind(field, node, title);
  if (node.text.size() > 1 && node.text[0] == '0') {
    std::size_t start = std::min(node.text.find_first_not_of('0'), node.text.size() - 1);
    diagnostics_.error(
        "bad-integer", node.span,
        fmt::format("{} starts with 0, which some read as an octal number", node.text),
        fmt::format("write {}", node.text.substr(start)));
    return;
  }
  int value = node.text.size() > 9 ? field.most + 1 : std::stoi(node.text);
  if (value < field.least || value > field.most) {
    diagnostics_.error(
        "out-of-range", node.span,
        fmt::format("{} is from {} to {}, not {}", title, field.least, field.most, node.text),
        fmt::format("for example {}: {}", field.key, field.example));
    return;
  }
  out = {value, node.span};
}

void Values::read_quantity(const Field& field, Text& out, const Node& node,
                           const std::string& title) {
  if (node.kind != Node::Kind::scalar) return wrong_kind(field, node, title);
  bool time = field.kind == Kind::duration;
  auto begin = time ? std::begin(kTimes) : std::begin(kSizes);
  auto end = time ? std::end(kTimes) : std::end(kSizes);
  std::size_t split = std::min(node.text.find_first_not_of(kDigits), node.text.size());
  std::string_view number = std::string_view(node.text).substr(0, split);
  std::string_view name = std::string_view(node.text).substr(split);
  auto unit = std::find_if(begin, end, [&](const Unit& u) { return u.name == name; });
  if (number.empty() || unit == end) return wrong_kind(field, node, title);

  std::int64_t amount =
      number.size() > 10 ? kMost + 1 : std::stoll(std::string(number)) * unit->factor;
  std::int64_t least = time ? 1 : 1024;  // 0 would mean no limit; PostgreSQL wants 1 MB
  if (amount >= least && amount <= kMost) {
    out = {node.text, node.span};
    return;
  }
  diagnostics_.error("out-of-range", node.span,
                     fmt::format("{} is {}, not {}", title,
                                 time ? "from 1ms to 596h" : "from 1MB to 2047GB", node.text),
                     fmt::format("for example {}: {}", field.key, field.example));
}

bool Values::read_table(const Node& node, TableName& out) {
  if (auto name = parse_table_name(node.text)) {
    if (!short_enough(name->schema, node) || !short_enough(name->name, node)) return false;
    out = *name;
    return true;
  }
  bool bare = !node.text.empty() && node.text.find_first_of(".\"(), \t") == std::string::npos;
  diagnostics_.error(
      "bad-name", node.span, fmt::format("{} is not a name with its schema", describe(node)),
      bare ? fmt::format("write schema and name, for example public.{}", node.text) : kQuoting);
  return false;
}

void Values::read_reference(const Field& field, Located<Reference>& out, const Node& node,
                            const std::string& title) {
  if (node.kind != Node::Kind::scalar) return wrong_kind(field, node, title);
  auto reference = parse_reference(node.text);
  if (!reference) {
    bool bare = !node.text.empty() && node.text.find_first_of(".\"(") == std::string::npos;
    diagnostics_.error("bad-reference", node.span,
                       fmt::format("{} is not a table with its schema and columns", describe(node)),
                       bare ? fmt::format("write it like {}", field.example)
                            : fmt::format("write it like {}; {}", field.example, kQuoting));
    return;
  }
  const TableName& table = reference->table;
  if (!short_enough(table.schema, node) || !short_enough(table.name, node)) return;
  for (const std::string& column : reference->columns)
    if (!short_enough(column, node)) return;
  out = {*reference, node.span};
}

void Values::read(const Field& field, const Slot& slot, const Node& node,
                  const std::string& title) {
  auto each = [&](auto&& one) {
    if (node.kind == Node::Kind::scalar) return one(node);
    if (node.kind != Node::Kind::list) return wrong_kind(field, node, title);
    for (const Node& item : node.items) one(item);
  };
  switch (field.kind) {
    case Kind::text:
    case Kind::name: {
      read_text(node, title, field, *std::get<Text*>(slot));
      return;
    }
    case Kind::label: {
      Text text;
      if (read_text(node, title, field, text) && read_label(node, title))
        *std::get<Text*>(slot) = text;
      return;
    }
    case Kind::stages:
    case Kind::names:
      return each([&](const Node& item) {
        Text text;
        if (read_text(item, title, field, text)) std::get<Texts*>(slot)->push_back(text);
      });
    case Kind::word:
      return read_word(field, slot, node, title);
    case Kind::boolean:
      return read_boolean(field, *std::get<Located<bool>*>(slot), node, title);
    case Kind::integer:
      return read_integer(field, *std::get<Located<int>*>(slot), node, title);
    case Kind::duration:
    case Kind::memory:
      return read_quantity(field, *std::get<Text*>(slot), node, title);
    case Kind::qualified: {
      TableName name;
      if (node.kind != Node::Kind::scalar) return wrong_kind(field, node, title);
      if (read_table(node, name)) *std::get<Text*>(slot) = {node.text, node.span};
      return;
    }
    case Kind::table: {
      auto& table = *std::get<Located<TableName>*>(slot);
      if (node.kind != Node::Kind::scalar) return wrong_kind(field, node, title);
      if (read_table(node, table.value)) table.span = node.span;
      return;
    }
    case Kind::tables:
      return each([&](const Node& item) {
        Located<TableName> table{{}, item.span};
        if (item.kind != Node::Kind::scalar) return wrong_kind(field, item, title);
        if (read_table(item, table.value))
          std::get<std::vector<Located<TableName>>*>(slot)->push_back(table);
      });
    case Kind::reference:
      return read_reference(field, *std::get<Located<Reference>*>(slot), node, title);
    case Kind::object:
    case Kind::list:
    case Kind::map:
      return;
  }
}

bool Values::read_name(const Slot& slot, const Node& key) {
  if (auto* table = std::get_if<Located<TableName>*>(&slot)) {
    (*table)->span = key.span;
    return read_table(key, (*table)->value);
  }
  static const Field kName{
      .key = "name", .kind = Kind::name, .slot = nullptr, .help = "", .example = "users"};
  return read_text(key, "a name", kName, *std::get<Text*>(slot));
}

}  // namespace rekey::plan
