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
// Some of an object's fields, none of them required.
plan::Object choices(const plan::Object& of, std::set<std::string_view> keys) {
  plan::Object result = of;
  result.shorthand = {};
  std::erase_if(result.fields, [&](const plan::Field& f) { return !keys.contains(f.key); });
  for (plan::Field& field : result.fields) field.required = false;
  return result;
}

const plan::Object& column_choices() {
  static const plan::Object object = choices(
      *plan::plan_object().find("tables")->object->find("columns")->object, {"change", "new_default"});
  return object;
}

const plan::Object& foreign_key_choices() {
  static const plan::Object object = choices(*plan::plan_object().find("tables")->object->find("foreign_keys")->object,
                                              {"orphans", "follow", "follow_index"});
  return object;
}

const plan::Object& table_choices() {
  static const plan::Object object = [] {
    plan::Object o = choices(
        *plan::plan_object().find("tables")->object,
        {"change", "generator", "time_column", "namespace", "name_template", "key_expression", "on_duplicate", "keep", "keep_expression",
         "surrogate", "consolidate", "drop", "where", "stages", "order_by", "upserts", "inventory", "decision", "columns", "foreign_keys", "logical_references"});
    for (plan::Field& field : o.fields) {
      if (field.key == "foreign_keys") {
        field.object = &foreign_key_choices();
        field.example = "{orders_user_fkey: {orphans: delete}}";
      }
      if (field.key != "columns") continue;
      field.object = &column_choices();
      field.example = "{user_id: {new_default: none}}";
    }
    return o;
  }();
  return object;
}

const plan::Object& dependent_choices() {
  static const plan::Object object = [] {
    plan::Object o = choices(*plan::plan_object().find("dependents")->object,
                             {"kind", "name", "table", "uses", "as_is", "set_aside", "until", "drop", "definition",
                              "replacement"});
    for (plan::Field& field : o.fields) field.required = field.key == "kind" || field.key == "name";
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
                                      "maintenance_work_mem", "backfill", "bridge", "decision", "extension", "phases", "tables", "dependents", "waivers"});
    o.noun = "decisions";
    o.id = "decisions";
    for (plan::Field& field : o.fields) {
      if (field.key == "dependents") {
        field.object = &dependent_choices();
        field.example = "[{kind: function, name: public.f(integer), as_is: it only reads names}]";
      }
      if (field.key != "tables") continue;
      field.object = &table_choices();
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
  take(column->change, decided.change);
  take(column->new_default, decided.new_default);
}

void apply_foreign_key(const plan::ForeignKey& decided, plan::Table& table, Diagnostics& diagnostics) {
  if (plan::ForeignKey* fk = find(table.foreign_keys, decided.name.value)) {
    take(fk->orphans, decided.orphans);
    take(fk->follow, decided.follow);
    take(fk->follow_index, decided.follow_index);
    return;
  }
  diagnostics.error("unknown-foreign-key", decided.name.span,
                    fmt::format("{} has no foreign key {} on key columns", to_text(table.name.value), decided.name.value),
                    "take it out of the decisions, or write it as the catalog has it");
}

void apply_table(const plan::Table& decided, plan::Table& table, Diagnostics& diagnostics) {
  take(table.change, decided.change);
  take(table.generator, decided.generator);
  take(table.time_column, decided.time_column);
  take(table.name_space, decided.name_space);
  take(table.name_template, decided.name_template);
  take(table.key_expression, decided.key_expression);
  take(table.on_duplicate, decided.on_duplicate);
  take(table.keep, decided.keep);
  take(table.keep_expression, decided.keep_expression);
  take(table.surrogate, decided.surrogate);
  take(table.consolidate, decided.consolidate);
  if (!decided.drop.empty()) table.drop = decided.drop;
  if (decided.upserts.value) table.upserts = decided.upserts;
  take(table.where, decided.where);
  if (!decided.stages.empty()) table.stages = decided.stages;
  take(table.order_by, decided.order_by);
  take(table.inventory, decided.inventory);
  take(table.decision, decided.decision);
  for (const plan::Column& c : decided.columns) apply_column(c, table, diagnostics);
  for (const plan::ForeignKey& fk : decided.foreign_keys) apply_foreign_key(fk, table, diagnostics);
  table.logical_references.insert(table.logical_references.end(),
                                  decided.logical_references.begin(),
                                  decided.logical_references.end());
}

std::string title(const plan::Dependent& d) {
  const auto& words = plan::plan_object().find("dependents")->object->find("kind")->words;
  return fmt::format("{} {}{}", words[static_cast<int>(d.kind.value)], d.name.value,
                     d.table.value.name.empty() ? "" : " on " + to_text(d.table.value));
}

plan::Dependent* find(std::vector<plan::Dependent>& dependents, const plan::Dependent& decided) {
  auto it = std::find_if(dependents.begin(), dependents.end(),
                         [&](const plan::Dependent& d) { return title(d) == title(decided); });
  return it == dependents.end() ? nullptr : &*it;
}

void unknown_dependent(const plan::Dependent& decided, const plan::Plan& draft, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  std::optional<std::string> near;
  for (const plan::Dependent& d : draft.dependents) {
    known.push_back(title(d));
    if (d.kind.value == decided.kind.value && d.name.value == decided.name.value) near = title(d);
  }
  if (!near) near = nearest(title(decided), known);
  diagnostics.error("unknown-dependent", decided.name.span,
                    fmt::format("{} is not in the draft", title(decided)),
                    near ? fmt::format("did you mean {}?", *near)
                         : "take it out of the decisions: it is gone, uses no key, or is found with --probe alone");
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

void apply_dependent(const plan::Dependent& decided, plan::Plan& draft, Diagnostics& diagnostics) {
  plan::Dependent* dependent = find(draft.dependents, decided);
  if (!dependent) return unknown_dependent(decided, draft, diagnostics);
  if (decided.definition.span.line && !dependent->definition.value.empty()) {
    diagnostics.error("fact", decided.definition.span,
                      fmt::format("the definition of {} is the catalog's", title(decided)),
                      "write what it shall be once the keys have changed under replacement:");
  }
  if (!decided.uses.empty()) dependent->uses = decided.uses;
  take(dependent->as_is, decided.as_is);
  take(dependent->set_aside, decided.set_aside);
  take(dependent->until, decided.until);
  take(dependent->drop, decided.drop);
  take(dependent->definition, decided.definition);
  take(dependent->replacement, decided.replacement);
}

void apply(const Decisions& decisions, plan::Plan& draft, Diagnostics& diagnostics,
           std::vector<const plan::Dependent*>* put_off) {
  take(draft.name, decisions.name);
  take(draft.strategy, decisions.strategy);
  take(draft.generator, decisions.generator);
  take(draft.new_keys.schema, decisions.new_keys.schema);
  take(draft.new_keys.expression, decisions.new_keys.expression);
  take(draft.lock_timeout, decisions.lock_timeout);
  take(draft.maintenance_work_mem, decisions.maintenance_work_mem);
  draft.backfill = decisions.backfill;
  draft.bridge = decisions.bridge;
  take(draft.decision, decisions.decision);
  take(draft.extension, decisions.extension);
  draft.phases = decisions.phases;
  draft.waivers = decisions.waivers;
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
  for (const plan::Table& decided : decisions.tables) {
    if (plan::Table* table = known(decided.name)) apply_table(decided, *table, diagnostics);
  }
  for (const plan::Dependent& decided : decisions.dependents) {
    if (put_off && !find(draft.dependents, decided)) put_off->push_back(&decided);
    else apply_dependent(decided, draft, diagnostics);
  }
}

}  // namespace rekey::inspect
