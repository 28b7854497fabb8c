#include <fmt/format.h>

#include "compiler/model/schema.h"
#include "compiler/plan/names.h"

namespace rekey::model {
namespace {

const char* word(plan::PhaseKind kind) {
  switch (kind) {
    case plan::PhaseKind::foundation: return "foundation";
    case plan::PhaseKind::tables: return "tables";
    case plan::PhaseKind::cleanup: return "cleanup";
  }
  return "";
}

// The items of a list by `text`, after `title`; nothing for an empty list.
template <class Items, class Text>
std::string line(const char* title, const Items& items, Text text) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + text(item);
  return out.empty() ? out : fmt::format("  {} {}\n", title, out);
}

std::string printed(const Model& model, const Table& table) {
  std::string out = fmt::format("table {}{}\n", to_text(table.name()),
                                table.phase == kNone ? "" : " in " + model.phases[table.phase].id);
  for (ColumnId c : table.columns) {
    const auto& column = model.columns[c];
    out += fmt::format("  {} {}{}{} of {}\n", column.name(), column.written->type.value,
                       column.root ? " root" : "", column.source ? " source" : "",
                       model.domain_of(c).name);
  }
  for (ForeignKeyId f : table.foreign_keys) {
    const auto& fk = model.foreign_keys[f];
    out += fmt::format("  {} ({}) -> {} ({})\n", fk.written->name.value, fmt::join(fk.columns, ", "),
                       to_text(model.tables[fk.parent].name()), fmt::join(fk.parent_columns, ", "));
  }
  return out;
}

std::string printed(const Model& model, const Domain& domain) {
  const auto how = domain.changes
                       ? fmt::format("{} in {}", domain.borrows() ? "borrowed" : plan::word(domain.generator),
                                     domain.phase == kNone ? "no phase" : model.phases[domain.phase].id)
                       : std::string("stays");
  return fmt::format("domain {}: {}\n", domain.name, how) +
         line("of", domain.columns, [&](ColumnId c) { return model.path(c); }) +
         line("holds", domain.places, [&](const Place& p) {
           return fmt::format("{} of {}", p.type.empty() ? plan::to_text(p.path) : p.type, model.path(p.key));
         });
}

std::string printed(const Model& model, const Phase& phase) {
  auto table = [&](TableId t) { return to_text(model.tables[t].name()); };
  return fmt::format("phase {} {} ({})\n", phase.id, phase.written->name.value,
                     word(phase.written->kind.value)) +
         line("lists", phase.written->tables, [](const auto& t) { return to_text(t.value); }) +
         line("changes", phase.domains, [&](DomainId d) { return model.domains[d].name; }) +
         line("rewrites", phase.changed, table) + line("touches", phase.touched, [&](ForeignKeyId f) {
           const auto& fk = model.foreign_keys[f];
           return table(fk.child) + "." + fk.written->name.value;
         });
}

}  // namespace

std::string print(const Model& model) {
  std::string out;
  for (const auto& table : model.tables) out += printed(model, table);
  for (auto [from, to] : model.logical_references) {
    out += fmt::format("reference {} -> {}\n", model.path(from), model.path(to));
  }
  for (const auto& domain : model.domains) out += printed(model, domain);
  for (const auto& phase : model.phases) out += printed(model, phase);
  return out;
}

}  // namespace rekey::model
