// Walks the table of fields. What equals its default is left out; a structure stands on one line in
// braces where that fits, else over several.
#include "compiler/plan/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "compiler/plan/fields.h"
#include "compiler/plan/names.h"

namespace rekey::plan {
namespace {

constexpr std::size_t kWidth = 100;

template <class T, class Get>
std::vector<std::string> each(const std::vector<T>& values, Get get) {
  std::vector<std::string> out;
  for (const T& value : values) out.push_back(get(value));
  return out;
}

std::size_t width(std::string_view text) {
  std::size_t characters = 0;
  for (char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return characters;
}

// What a field holds: nothing where it is not given or is the default.
struct Value {
  std::optional<std::string> scalar;
  std::vector<std::string> scalars;  // of a list
  bool given() const { return scalar || !scalars.empty(); }
};

std::optional<std::string> word(const Field& field, const WordSlot& slot) {
  int index = slot.get(slot.member) - field.first_word;
  if (index < 0) return std::nullopt;
  const std::string& text = field.words[static_cast<std::size_t>(index)];
  return text == field.standard ? std::nullopt : std::optional(text);
}

std::optional<std::string> not_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Value value_of(const Field& field, const Slot& slot) {
  auto table_text = [](const Located<TableName>& t) { return to_text(t.value); };
  if (auto* text = std::get_if<Text*>(&slot)) return {not_empty((*text)->value), {}};
  if (auto* texts = std::get_if<Texts*>(&slot))
    return {std::nullopt, each(**texts, [](const Text& t) { return t.value; })};
  if (auto* tables = std::get_if<std::vector<Located<TableName>>*>(&slot))
    return {std::nullopt, each(**tables, table_text)};
  if (auto* table = std::get_if<Located<TableName>*>(&slot))
    return {(*table)->value.name.empty() ? std::nullopt : std::optional(table_text(**table)), {}};
  if (auto* flag = std::get_if<Located<bool>*>(&slot)) {
    std::string text = (*flag)->value ? "true" : "false";
    return {text == field.standard ? std::nullopt : std::optional(text), {}};
  }
  if (auto* number = std::get_if<Located<int>*>(&slot))
    return {(*number)->value == 0 ? std::nullopt : std::optional(std::to_string((*number)->value)),
            {}};
  if (auto* reference = std::get_if<Located<Reference>*>(&slot))
    return {(*reference)->value.table.name.empty() ? std::nullopt
                                                   : std::optional(to_text((*reference)->value)),
            {}};
  return {word(field, std::get<WordSlot>(slot)), {}};
}

// Numbers and true and false are values of their own in YAML: they stand without quotes.
std::string scalar(const Field& field, const std::string& text, bool flow) {
  bool literal = field.kind == Kind::boolean || field.kind == Kind::integer || field.kind == Kind::stages;
  return literal ? text : yaml_scalar(text, flow);
}

std::string flow_list(const Field& field, const std::vector<std::string>& values) {
  auto items = each(values, [&](const std::string& text) { return scalar(field, text, true); });
  return fmt::format("[{}]", fmt::join(items, ", "));
}

class Printer {
 public:
  explicit Printer(const Comments& comments) : comments_(comments) {}

  std::string text;

  void comment(const std::vector<std::string>& lines, std::size_t indent) {
    for (const std::string& line : lines) {
      std::string safe;
      for (char c : line) safe += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
      text += std::string(indent, ' ') + (safe.empty() ? "#" : "# " + safe) + "\n";
    }
  }

  // The fields of an object, one a line; `first` stands before the first one instead of blanks.
  void block(const Object& object, void* owner, std::size_t indent, std::string first = {}) {
    for (const Field& field : object.fields) {
      std::string start = first.empty() ? std::string(indent, ' ') : first;
      std::size_t before = text.size();
      Slot slot = field.slot(owner);
      if (field.kind == Kind::object)
        nested(field, std::get<ObjectSlot>(slot).member, indent, start);
      else if (field.kind == Kind::list)
        list(field, std::get<ItemsSlot>(slot), indent, start);
      else if (field.kind == Kind::map)
        named(field, std::get<ItemsSlot>(slot), indent, start);
      else
        simple(field, value_of(field, slot), indent, start);
      if (text.size() != before) first.clear();
    }
  }

 private:
  void simple(const Field& field, const Value& value, std::size_t indent,
              const std::string& start) {
    if (!value.given()) return;
    std::string key = fmt::format("{}{}:", start, field.key);
    if (value.scalar) {
      const auto lines = yaml_lines(*value.scalar, indent + 2);
      text += fmt::format("{} {}\n", key, lines ? *lines : scalar(field, *value.scalar, false));
      return;
    }
    std::string line = fmt::format("{} {}", key, flow_list(field, value.scalars));
    if (width(line) <= kWidth) {
      text += line + "\n";
      return;
    }
    text += key + "\n";
    for (const std::string& item : value.scalars)
      text += fmt::format("{}- {}\n", std::string(indent + 2, ' '), scalar(field, item, false));
  }

  void nested(const Field& field, void* owner, std::size_t indent, const std::string& start) {
    std::string inside = flow(*field.object, owner);
    if (inside == "{}") return;
    std::string line = fmt::format("{}{}: {}", start, field.key, inside);
    if (width(line) <= kWidth) {
      text += line + "\n";
      return;
    }
    text += fmt::format("{}{}:\n", start, field.key);
    block(*field.object, owner, indent + 2);
  }

  void list(const Field& field, const ItemsSlot& items, std::size_t indent,
            const std::string& start) {
    std::size_t size = items.size(items.items);
    if (size == 0) return;
    bool top = indent == 0;
    text += fmt::format("{}{}{}:\n", top ? "\n" : "", start, field.key);
    for (std::size_t i = 0; i < size; i++) {
      void* item = items.at(items.items, i);
      std::string dash = std::string(indent + 2, ' ') + "- ";
      std::string line = dash + flow(*field.object, item);
      if (top && field.key == "dependents") {
        if (auto note = comments_.dependents.find(i); note != comments_.dependents.end())
          comment(note->second, indent + 2);
      }
      if (!field.object->block && width(line) <= kWidth)
        text += line + "\n";
      else
        block(*field.object, item, indent + 4, dash);
    }
  }

  void named(const Field& field, const ItemsSlot& items, std::size_t indent,
             const std::string& start) {
    std::size_t size = items.size(items.items);
    const Object& object = *field.object;
    bool top = indent == 0;
    if (size == 0) {
      if (field.required) text += fmt::format("\n{}{}: {{}}\n", start, field.key);
      return;
    }
    text += fmt::format("{}{}{}:\n", top ? "\n" : "", start, field.key);
    for (std::size_t i = 0; i < size; i++) {
      if (top && i > 0) text += "\n";
      entry(object, items.at(items.items, i), indent + 2);
    }
  }

  void entry(const Object& object, void* item, std::size_t indent) {
    Slot name = object.name(item);
    std::string key;
    if (auto* table = std::get_if<Located<TableName>*>(&name)) {
      auto note = comments_.tables.find((*table)->value);
      if (note != comments_.tables.end()) comment(note->second, indent);
      key = to_text((*table)->value);
    } else {
      key = std::get<Text*>(name)->value;
    }
    std::string start = fmt::format("{}{}:", std::string(indent, ' '), yaml_scalar(key, false));
    auto brief = short_form(object, item);
    std::string inside = brief ? *brief : flow(object, item);
    bool fits = !object.block && width(start) + 1 + width(inside) <= kWidth;
    bool one_word = brief && !brief->starts_with('[');
    if (inside == "{}" || fits || one_word) {
      text += start + " " + inside + "\n";
      return;
    }
    text += start + "\n";
    std::size_t before = text.size();
    block(object, item, indent + 2);
    if (text.size() == before) text.replace(before - 1, 1, " {}\n");
  }

  static bool only(const Object& object, void* item, std::string_view key) {
    for (const Field& field : object.fields)
      if (value_of(field, field.slot(item)).given() != (field.key == key)) return false;
    return true;
  }

  // The value alone, where nothing but the shorthand field is given.
  static std::optional<std::string> short_form(const Object& object, void* item, bool inside = false) {
    if (object.shorthand.empty() || !only(object, item, object.shorthand)) return std::nullopt;
    const Field& field = *object.find(object.shorthand);
    Value value = value_of(field, field.slot(item));
    return value.scalar ? scalar(field, *value.scalar, inside) : flow_list(field, value.scalars);
  }

  // The items of a map by name: an object in an object has maps of simple objects alone.
  static std::string flow_map(const Object& object, const ItemsSlot& items) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < items.size(items.items); ++i) {
      void* item = items.at(items.items, i);
      const auto brief = short_form(object, item, true);
      parts.push_back(fmt::format("{}: {}", yaml_scalar(std::get<Text*>(object.name(item))->value, true), brief ? *brief : flow(object, item)));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }

  // On one line in braces; only for objects of simple fields, and maps of these.
  static std::string flow(const Object& object, void* item) {
    if (object.block) return "";
    std::vector<std::string> parts;
    for (const Field& field : object.fields) {
      Slot slot = field.slot(item);
      if (field.kind == Kind::map) {
        const auto& items = std::get<ItemsSlot>(slot);
        if (items.size(items.items) > 0) parts.push_back(fmt::format("{}: {}", field.key, flow_map(*field.object, items)));
        continue;
      }
      Value value = value_of(field, slot);
      if (value.scalar)
        parts.push_back(fmt::format("{}: {}", field.key, scalar(field, *value.scalar, true)));
      if (!value.scalars.empty())
        parts.push_back(fmt::format("{}: {}", field.key, flow_list(field, value.scalars)));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }

  const Comments& comments_;
};

}  // namespace

std::string print(const Plan& plan, const Comments& comments) {
  Plan copy = plan;  // slots are pointers one can write through
  Printer printer(comments);
  printer.comment(comments.top, 0);
  if (!comments.top.empty()) printer.text += "\n";
  printer.block(plan_object(), &copy, 0);
  return std::move(printer.text);
}

}  // namespace rekey::plan
