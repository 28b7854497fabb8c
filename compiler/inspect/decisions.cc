#include "compiler/inspect/decisions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string_view>

#include "compiler/plan/fields.h"
#include "compiler/plan/parse.h"

namespace rekey::inspect {

namespace {

// The parser knows owners as the structures of the plan that they are derived from.
Decisions& decisions_at(void* owner) {
  return static_cast<Decisions&>(*static_cast<plan::Plan*>(owner));
}
TableDecision& table_at(void* owner) {
  return static_cast<TableDecision&>(*static_cast<plan::Table*>(owner));
}

// Some of an object's fields, none of them required.
plan::Object choices(const plan::Object& of, std::set<std::string_view> keys) {
  plan::Object result = of;
  result.shorthand = {};
  std::erase_if(result.fields, [&](const plan::Field& f) { return !keys.contains(f.key); });
  for (plan::Field& field : result.fields) field.required = false;
  return result;
}

plan::Slot dependents_slot(void* owner) {
  table_at(owner).dependents_given = true;
  return plan::plan_object().find("tables")->object->find("dependents")->slot(owner);
}

plan::Slot tables_slot(void* owner) {
  using Tables = std::vector<TableDecision>;
  return plan::ItemsSlot{
      &decisions_at(owner).of_tables,
      [](void* items) -> void* {
        return static_cast<plan::Table*>(&static_cast<Tables*>(items)->emplace_back());
      },
      [](const void* items) { return static_cast<const Tables*>(items)->size(); },
      [](void* items, std::size_t i) -> void* {
        return static_cast<plan::Table*>(&(*static_cast<Tables*>(items))[i]);
      }};
}

const plan::Object& column_choices() {
  static const plan::Object object = choices(
      *plan::plan_object().find("tables")->object->find("columns")->object, {"new_default"});
  return object;
}

const plan::Object& table_choices() {
  static const plan::Object object = [] {
    plan::Object o = choices(
        *plan::plan_object().find("tables")->object,
        {"change", "generator", "time_column", "columns", "logical_references", "dependents"});
    for (plan::Field& field : o.fields) {
      if (field.key == "columns") {
        field.object = &column_choices();
        field.example = "{user_id: {new_default: none}}";
      }
      if (field.key == "dependents") field.slot = dependents_slot;
    }
    return o;
  }();
  return object;
}

plan::Field patterns(std::string_view key, std::string_view help, plan::Slot (*slot)(void*)) {
  return {.key = key,
          .kind = plan::Kind::tables,
          .slot = slot,
          .help = help,
          .example = "[public.audit_*]"};
}

const plan::Object& decisions_object() {
  static const plan::Object object = [] {
    plan::Object o =
        choices(plan::plan_object(), {"name", "strategy", "generator", "new_keys", "lock_timeout",
                                      "maintenance_work_mem", "phases", "tables"});
    o.noun = "decisions";
    o.id = "decisions";
    for (plan::Field& field : o.fields) {
      if (field.key != "tables") continue;
      field.object = &table_choices();
      field.slot = tables_slot;
      field.example = "{public.users: {generator: v4}}";
    }
    o.fields.push_back(patterns("include", "Only tables with such names are in the draft",
                                [](void* d) -> plan::Slot { return &decisions_at(d).include; }));
    o.fields.push_back(patterns("exclude", "Tables with such names are not in the draft",
                                [](void* d) -> plan::Slot { return &decisions_at(d).exclude; }));
    return o;
  }();
  return object;
}

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return matches(pattern.substr(1), text) || (!text.empty() && matches(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         matches(pattern.substr(1), text.substr(1));
}

template <class Items, class Name>
auto* find(Items& items, const Name& name) {
  auto it = std::find_if(items.begin(), items.end(),
                         [&](const auto& item) { return item.name.value == name; });
  return it == items.end() ? nullptr : &*it;
}

// Blank lines and comments only: a file whose decisions are still to come.
bool says_nothing(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start != std::string::npos && line[start] != '#') return false;
  }
  return true;
}

std::string advice(const plan::Plan& draft, const plan::TableName& name) {
  std::vector<std::string> known;  // in the same schema: that part alone is no likeness
  for (const plan::Table& t : draft.tables) {
    if (t.name.value.schema == name.schema) known.push_back(t.name.value.name);
  }
  const auto near = nearest(name.name, known);
  return near ? fmt::format("did you mean {}?", to_text(plan::TableName{name.schema, *near}))
              : "take it out of the decisions: it is gone, left out, or has no key column";
}

template <class T>
void take(T& into, const T& decided) {
  if (decided.span.line) into = decided;
}

void apply_column(const plan::Column& decided, plan::Table& table, Diagnostics& diagnostics) {
  plan::Column* column = find(table.columns, decided.name.value);
  if (!column) {
    diagnostics.error(
        "unknown-column", decided.name.span,
        fmt::format("{} has no key column {}", to_text(table.name.value), decided.name.value),
        "take it out of the decisions, or write it as the catalog has it");
    return;
  }
  take(column->new_default, decided.new_default);
}

std::vector<std::string> apply_table(const TableDecision& decided, plan::Table& table,
                                     Diagnostics& diagnostics) {
  take(table.change, decided.change);
  take(table.generator, decided.generator);
  take(table.time_column, decided.time_column);
  for (const plan::Column& c : decided.columns) apply_column(c, table, diagnostics);
  table.logical_references.insert(table.logical_references.end(),
                                  decided.logical_references.begin(),
                                  decided.logical_references.end());
  std::vector<std::string> taken_away;
  if (decided.dependents_given) {
    for (const plan::TableDependent& d : table.dependents) {
      taken_away.push_back(fmt::format("{} {}, which uses {}", d.kind.value, d.name.value,
                                       to_text(table.name.value)));
    }
    table.dependents = decided.dependents;
  }
  return taken_away;
}

}  // namespace

Decisions parse_decisions(const std::string& text, Diagnostics& diagnostics) {
  Decisions result;
  if (says_nothing(text)) return result;
  plan::parse(text, decisions_object(), static_cast<plan::Plan*>(&result), "the decisions",
              diagnostics);
  return result;
}

bool matches(const plan::TableName& pattern, const plan::TableName& name) {
  return matches(std::string_view(pattern.schema), name.schema) &&
         matches(std::string_view(pattern.name), name.name);
}

std::vector<std::string> apply(const Decisions& decisions, plan::Plan& draft,
                               Diagnostics& diagnostics) {
  take(draft.name, decisions.name);
  take(draft.strategy, decisions.strategy);
  take(draft.generator, decisions.generator);
  take(draft.new_keys.schema, decisions.new_keys.schema);
  take(draft.new_keys.expression, decisions.new_keys.expression);
  take(draft.lock_timeout, decisions.lock_timeout);
  take(draft.maintenance_work_mem, decisions.maintenance_work_mem);
  draft.phases = decisions.phases;
  auto known = [&](const plan::Located<plan::TableName>& name) -> plan::Table* {
    plan::Table* table = find(draft.tables, name.value);
    if (!table) {
      diagnostics.error("unknown-table", name.span,
                        fmt::format("{} is not in the draft", to_text(name.value)),
                        advice(draft, name.value));
    }
    return table;
  };
  for (const plan::Phase& phase : draft.phases) {
    for (const auto& table : phase.tables) known(table);
  }
  std::vector<std::string> taken_away;
  for (const TableDecision& decided : decisions.of_tables) {
    if (plan::Table* table = known(decided.name)) {
      std::vector<std::string> gone = apply_table(decided, *table, diagnostics);
      taken_away.insert(taken_away.end(), gone.begin(), gone.end());
    }
  }
  return taken_away;
}

}  // namespace rekey::inspect
