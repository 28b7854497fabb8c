// Lays the table of fields over the YAML tree. Values are read in values.cc.
#include "compiler/plan/parse.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/plan/fields.h"
#include "compiler/plan/values.h"
#include "compiler/plan/yaml.h"

namespace rekey::plan {
namespace {

class Reader {
 public:
  explicit Reader(Diagnostics& diagnostics) : values_(diagnostics), diagnostics_(diagnostics) {}

  // `title` names the owner in messages: table public.users.
  void read(const Object& object, void* owner, const Node& node, const std::string& title,
            Span place) {
    if (object.span) *object.span(owner) = node.span;
    if (node.kind == Node::Kind::map) return read_map(object, owner, node, title, place);
    const Field* shorthand = object.find(object.shorthand);
    if (node.kind == Node::Kind::null) {
      diagnostics_.error("missing-value", node.span, fmt::format("{} has no value", title),
                         shorthand
                             ? fmt::format("write {}", shorthand->example)
                             : fmt::format("write {{}}, or some of its keys: {}", keys(object)));
      return;
    }
    if (shorthand) return read_field(*shorthand, owner, node, place, title);
    diagnostics_.error("wrong-kind", node.span,
                       fmt::format("{} is a map of keys, not {}", title, describe(node)),
                       fmt::format("its keys are {}", keys(object)));
  }

 private:
  void read_map(const Object& object, void* owner, const Node& node, const std::string& title,
                Span place) {
    std::vector<bool> given(object.fields.size());
    for (std::size_t i = 0; i < node.items.size(); i += 2) {
      const Node& key = node.items[i];
      const Field* field = object.find(key.text);
      if (!field) {
        unknown(object, key, title);
        continue;
      }
      given[static_cast<std::size_t>(field - object.fields.data())] = true;
      read_field(*field, owner, node.items[i + 1], key.span, fmt::format("\"{}\"", key.text));
    }
    for (std::size_t i = 0; i < given.size(); i++) {
      const Field& field = object.fields[i];
      if (field.required && !given[i])
        diagnostics_.error("missing-key", place, fmt::format("{} has no \"{}\"", title, field.key),
                           fmt::format("add {}: {}", field.key, field.example));
    }
  }

  void read_field(const Field& field, void* owner, const Node& node, Span key,
                  const std::string& title) {
    if (node.kind == Node::Kind::null) {
      diagnostics_.error(
          "missing-value", key, fmt::format("{} has no value", title),
          fmt::format("write {}: {}, or leave the key out", field.key, field.example));
      return;
    }
    Slot slot = field.slot(owner);
    switch (field.kind) {
      case Kind::object:
        return read(*field.object, std::get<ObjectSlot>(slot).member, node, title, key);
      case Kind::list:
        return read_list(field, std::get<ItemsSlot>(slot), node, title);
      case Kind::map:
        return read_named(field, std::get<ItemsSlot>(slot), node, title);
      default:
        return values_.read(field, slot, node, title);
    }
  }

  void read_list(const Field& field, ItemsSlot items, const Node& node, const std::string& title) {
    if (node.kind != Node::Kind::list) {
      diagnostics_.error("wrong-kind", node.span,
                         fmt::format("{} is a list, not {}", title, describe(node)),
                         fmt::format("write {}: {}", field.key, field.example));
      return;
    }
    for (const Node& item : node.items)
      read(*field.object, items.append(items.items), item,
           fmt::format("this {}", field.object->noun), item.span);
  }

  void read_named(const Field& field, ItemsSlot items, const Node& node, const std::string& title) {
    const Object& object = *field.object;
    if (node.kind != Node::Kind::map) {
      diagnostics_.error("wrong-kind", node.span,
                         fmt::format("{} is a map by name, not {}", title, describe(node)),
                         fmt::format("write {}: {}", field.key, field.example));
      return;
    }
    std::set<TableName> tables;
    for (std::size_t i = 0; i < node.items.size(); i += 2) {
      const Node& key = node.items[i];
      void* item = items.append(items.items);
      Slot name = object.name(item);
      if (!values_.read_name(name, key)) continue;
      if (auto* table = std::get_if<Located<TableName>*>(&name);
          table && !tables.insert((*table)->value).second)
        duplicate_table(items, (*table)->value, key);
      read(object, item, node.items[i + 1], fmt::format("{} {}", object.noun, key.text), key.span);
    }
  }

  // The same table, quoted in two ways.
  void duplicate_table(ItemsSlot items, const TableName& name, const Node& key) {
    Diagnostic& d = diagnostics_.error("duplicate-key", key.span,
                                       fmt::format("{} is given twice", to_text(name)),
                                       "leave out one of them");
    for (std::size_t i = 0; i + 1 < items.size(items.items); i++) {
      const Located<TableName>& other = static_cast<Table*>(items.at(items.items, i))->name;
      if (other.value == name) d.see(other.span, "first defined here");
    }
  }

  void unknown(const Object& object, const Node& key, const std::string& title) {
    std::vector<std::string> known;
    for (const Field& field : object.fields) known.emplace_back(field.key);
    auto near = nearest(key.text, known);
    diagnostics_.error("unknown-key", key.span,
                       fmt::format("unknown key \"{}\" in {}", key.text, title),
                       near ? fmt::format("did you mean \"{}\"?", *near)
                            : fmt::format("the keys here are {}", keys(object)));
  }

  static std::string keys(const Object& object) {
    std::vector<std::string_view> names;
    for (const Field& field : object.fields) names.push_back(field.key);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  Values values_;
  Diagnostics& diagnostics_;
};

// A plan of another version is not worth reading on: every other message would be beside the point.
bool other_version(const Node& root, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < root.items.size(); i += 2) {
    const Node& value = root.items[i + 1];
    bool number = value.plain && !value.text.empty() && value.text.size() < 10 &&
                  value.text[0] != '0' &&
                  value.text.find_first_not_of("0123456789") == std::string::npos;
    if (root.items[i].text != "version" || !number || std::stoi(value.text) == kVersion) continue;
    diagnostics.error(
        "unknown-version", value.span,
        fmt::format("this rekeyc reads version {}, not {}", kVersion, value.text),
        fmt::format("use the rekeyc that fits the plan, or write version: {}", kVersion));
    return true;
  }
  return false;
}

}  // namespace

Plan parse(const std::string& text, Diagnostics& diagnostics) {
  Plan plan;
  auto root = read_yaml(text, diagnostics);
  if (!root || (root->kind == Node::Kind::map && other_version(*root, diagnostics))) return plan;
  Reader(diagnostics).read(plan_object(), &plan, *root, "the plan", root->span);
  return plan;
}

void parse(const std::string& text, const Object& object, void* owner, const std::string& title,
           Diagnostics& diagnostics) {
  auto root = read_yaml(text, diagnostics);
  if (root) Reader(diagnostics).read(object, owner, *root, title, root->span);
}

}  // namespace rekey::plan
