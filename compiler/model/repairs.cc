// Rows that cannot get a key as they are, and what the plan has decided of them: orphans, and rows that would share a key.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/model/fk_graph.h"
#include "compiler/model/resolve.h"
#include "compiler/plan/names.h"

namespace rekey::model {
namespace {

bool is_in_key(const Table& table, const std::string& column) {
  return std::any_of(table.written->primary_key.begin(), table.written->primary_key.end(),
                     [&](const auto& key) { return key.value == column; });
}

TableId table_named(const Model& model, const plan::TableName& name) {
  const auto found = std::find_if(model.tables.begin(), model.tables.end(), [&](const Table& t) { return t.name() == name; });
  return static_cast<TableId>(found - model.tables.begin());
}

void add_logical(const Model& model, TableId child, const plan::LogicalReference& written, std::vector<OrphanRule>& rules) {
  const TableId parent = table_named(model, written.references.value.table);
  auto targets = written.references.value.columns;
  if (targets.empty()) targets = plan::to_strings(model.tables[parent].written->primary_key);
  rules.push_back({child, parent, plan::to_strings(written.columns), targets, written.orphans.value, "", false, written.orphans.span});
}

// In the plan's words, of any phase; logical references also where nothing was decided: what they refer to may be removed.
std::vector<OrphanRule> all_rules(const Model& model) {
  std::vector<OrphanRule> rules;
  for (const auto& fk : model.foreign_keys) {
    const auto& written = *fk.written;
    if (written.orphans.value == plan::Orphans::fail) continue;
    rules.push_back({fk.child, fk.parent, fk.columns, fk.parent_columns, written.orphans.value, written.name.value,
                     written.match.value == "full", written.orphans.span});
  }
  for (TableId t = 0; t < static_cast<int>(model.tables.size()); ++t) {
    for (const auto& written : model.tables[t].written->logical_references) {
      if (!written.path.value.empty() || !written.types.empty()) continue;  // see refuse_borrowers
      add_logical(model, t, written, rules);
    }
  }
  return rules;
}

void check_rule(const Model& model, const OrphanRule& rule, Diagnostics& diagnostics) {
  if (rule.action == plan::Orphans::fail) return;
  const auto& child = model.tables[rule.child];
  if (rule.constraint.empty() && !child.children.empty() && !child.partitioned()) {
    diagnostics.error("orphans-heirs", rule.span,
                      fmt::format("other tables inherit from {}: which of them a row comes from would be lost", to_text(child.name())),
                      "delete the line, and take care of the rows before");
  }
  const bool all_in_key = std::all_of(rule.columns.begin(), rule.columns.end(), [&](const auto& c) { return is_in_key(child, c); });
  if (rule.action == plan::Orphans::set_null && all_in_key) {
    diagnostics.error("orphans-key", rule.span,
                      fmt::format("{} is part of the primary key of {}: it cannot be NULL", fmt::join(rule.columns, ", "), to_text(child.name())),
                      "write quarantine or delete");
  }
  for (const auto& column : rule.columns) {
    const ColumnId c = column_named(model, rule.child, column);
    if (c != kNone && model.columns[c].array()) {
      diagnostics.error("orphans-array", rule.span,
                        fmt::format("{} holds arrays: what becomes of single elements cannot be decided here", model.path(c)),
                        "delete the line, and take such elements out before");
    }
  }
}

bool begins_in(const Model& model, const OrphanRule& rule, PhaseId phase) {
  return std::any_of(rule.columns.begin(), rule.columns.end(), [&](const std::string& column) {
    const ColumnId c = column_named(model, rule.child, column);
    return c != kNone && model.phase_of(c) == phase;
  });
}

// What is removed may have been referred to, by tables whose own keys change in another phase too.
std::set<std::size_t> rules_of(const Model& model, const std::vector<OrphanRule>& rules, PhaseId phase) {
  std::set<std::size_t> taken;
  std::set<TableId> shrunk;
  for (bool grown = true; grown;) {
    const auto before = taken.size();
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const bool begins = begins_in(model, rules[i], phase) && rules[i].action != plan::Orphans::fail;
      if (!begins && !shrunk.contains(rules[i].parent)) continue;
      taken.insert(i);
      if (rules[i].removes()) shrunk.insert(rules[i].child);
    }
    grown = taken.size() > before;
  }
  return taken;
}

void refuse_online(const Phase& phase, const char* setting, const char* what, Span span, Diagnostics& diagnostics) {
  if (phase.is_fenced()) return;
  diagnostics.error(setting, span, fmt::format("{} in a maintenance window alone, and phase {} is online", what, phase.name()),
                    "give the phase strategy: offline, or do it before with statements of your own");
}

// Keys in documents, or of several tables in one column, are not followed where rows go.
void refuse_borrowers(const Model& model, TableId t, Span span, const char* what, Diagnostics& diagnostics) {
  for (const auto& domain : model.domains) {
    for (const auto& place : domain.places) {
      const auto& lender = model.domain_of(place.key);
      const bool holds = std::any_of(lender.columns.begin(), lender.columns.end(), [&](ColumnId c) { return model.columns[c].table == t && model.columns[c].root; });
      if (!holds) continue;
      diagnostics.error("borrowed-rows", span, fmt::format("{} holds keys of {}, whose rows would be {}: they are not followed there", domain.name, to_text(model.tables[t].name()), what),
                        "delete the line, and take care of such rows before with statements of your own");
      return;
    }
  }
}

void assign_rules(Model& model, Diagnostics& diagnostics) {
  const auto rules = all_rules(model);
  std::set<std::size_t> placed;
  std::vector<int> place(model.tables.size());
  for (std::size_t i = 0; i < model.order.size(); ++i) place[model.order[i]] = static_cast<int>(i);
  for (std::size_t p = 0; p < model.phases.size(); ++p) {
    auto& phase = model.phases[p];
    if (phase.written->kind.value != plan::PhaseKind::tables || phase.is_before_the_end()) continue;
    for (std::size_t i : rules_of(model, rules, static_cast<PhaseId>(p))) {
      placed.insert(i);
      phase.orphan_rules.push_back(rules[i]);
      if (rules[i].removes()) refuse_borrowers(model, rules[i].child, rules[i].span, "removed", diagnostics);
      if (rules[i].action != plan::Orphans::fail) {
        refuse_online(phase, "orphans-online", "orphans are taken care of", rules[i].span, diagnostics);
      }
    }
    std::stable_sort(phase.orphan_rules.begin(), phase.orphan_rules.end(),
                     [&](const OrphanRule& a, const OrphanRule& b) { return place[a.child] < place[b.child]; });
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_rule(model, rules[i], diagnostics);
    if (placed.contains(i) || rules[i].action == plan::Orphans::fail) continue;
    diagnostics.error("idle-setting", rules[i].span,
                      fmt::format("orphans has no effect: no key in {} of {} changes", fmt::join(rules[i].columns, ", "),
                                  to_text(model.tables[rules[i].child].name())),
                      "delete the line");
  }
}

// Of the table's own keys, the domain that is made from its rows.
DomainId merged_domain(const Model& model, const Table& table) {
  for (ColumnId c : table.columns) {
    if (model.domain_of(c).root == c && model.changes(c) && model.domain_of(c).has_plan_keys() &&
        model.domain_of(c).generator != plan::Generator::parent) return model.columns[c].domain;
  }
  return kNone;
}

bool goes_by_time(const plan::Table& written) {
  const auto keep = written.keep.value.value_or(plan::Keep::newest);
  return keep == plan::Keep::newest || keep == plan::Keep::oldest;
}

void check_keep(const plan::Table& written, const Domain* domain, Diagnostics& diagnostics) {
  const bool merges = written.on_duplicate.value == plan::OnDuplicate::merge;
  const auto name = to_text(written.name.value);
  if (written.keep.value && !merges) {
    diagnostics.error("idle-setting", written.keep.span, fmt::format("keep has no effect: no rows of {} are merged", name),
                      "write on_duplicate: merge, or delete the line");
  }
  const bool by_expression = written.keep.value == plan::Keep::expression;
  if (!written.keep_expression.value.empty() && !by_expression) {
    diagnostics.error("idle-setting", written.keep_expression.span, "keep_expression has no effect", "write keep: expression, or delete the line");
  }
  if (by_expression && written.keep_expression.value.empty()) {
    diagnostics.error("no-expression", written.keep.span, "nothing says which row stays", "write keep_expression: with SQL over columns of the row");
  }
  if (merges && domain && domain->of_uuids && goes_by_time(written) && written.time_column.value.empty()) {
    diagnostics.error("no-time", written.on_duplicate.span, fmt::format("nothing says which row of {} is the newest: its keys are UUIDs", name),
                      "write time_column: with the column that says so, or keep: most_children or expression");
  }
}

// Of what a unique key of the table above says nothing, and what would come back there.
void refuse_heirs(const Model& model, DomainId domain, Span span, Diagnostics& diagnostics) {
  std::set<TableId> told;
  for (ColumnId c : merged_columns(model, domain)) {
    const auto& table = model.tables[model.columns[c].table];
    const bool has_heirs = !table.children.empty() && !table.partitioned();
    if ((table.written->inherits.empty() && !has_heirs) || !told.insert(model.columns[c].table).second) continue;
    diagnostics.error("merge-heirs", span,
                      fmt::format("{} {}: rows cannot be merged around it", to_text(table.name()),
                                  has_heirs ? "has tables that inherit from it" : "inherits from another table"),
                      "merge the rows before with statements of your own, and delete the line");
  }
}

void place_merge(Model& model, const Table& table, Diagnostics& diagnostics) {
  const DomainId d = merged_domain(model, table);
  check_keep(*table.written, d == kNone ? nullptr : &model.domains[d], diagnostics);
  const auto& decided = table.written->on_duplicate;
  if (decided.value == plan::OnDuplicate::fail) return;
  if (d == kNone) {
    diagnostics.error("idle-setting", decided.span,
                      fmt::format("on_duplicate has no effect: no two rows of {} would get one key", to_text(table.name())),
                      "write generator: v5 or expression, or delete the line");
    return;
  }
  auto& phase = model.phases[model.domains[d].phase];
  refuse_online(phase, "merge-online", "rows are merged", decided.span, diagnostics);
  refuse_heirs(model, d, decided.span, diagnostics);
  for (ColumnId c : merged_columns(model, d)) {
    if (model.columns[c].root) refuse_borrowers(model, model.columns[c].table, decided.span, "merged", diagnostics);
  }
  phase.merges.push_back(d);
}

// A name may hold the key of a row that is merged itself.
void order_merges(const Model& model, Phase& phase) {
  Edges edges;
  for (std::size_t i = 0; i < phase.merges.size(); ++i) {
    const auto& domain = model.domains[phase.merges[i]];
    for (const auto& part : domain.key_name) {
      const ColumnId c = named_column(model, domain, part);
      const auto other = c == kNone ? phase.merges.end() : std::find(phase.merges.begin(), phase.merges.end(), model.columns[c].domain);
      if (other != phase.merges.end()) edges.emplace_back(static_cast<int>(i), static_cast<int>(other - phase.merges.begin()));
    }
  }
  std::vector<DomainId> ordered;
  for (int i : targets_first(static_cast<int>(phase.merges.size()), edges)) ordered.push_back(phase.merges[i]);
  phase.merges = ordered;
}

void add_merged(const Model& model, DomainId d, std::set<DomainId>& seen, std::vector<ColumnId>& columns) {
  if (!seen.insert(d).second) return;
  for (ColumnId c : model.domains[d].columns) {
    if (model.columns[c].above != kNone) continue;  // an UPDATE of the table above reaches it
    columns.push_back(c);
    for (ColumnId own : model.tables[model.columns[c].table].columns) {
      if (model.columns[own].root) add_merged(model, model.columns[own].domain, seen, columns);
    }
  }
}

}  // namespace

std::vector<ColumnId> merged_columns(const Model& model, DomainId domain) {
  std::set<DomainId> seen;
  std::vector<ColumnId> columns;
  add_merged(model, domain, seen, columns);
  return columns;
}

void assign_repairs(Model& model, Diagnostics& diagnostics) {
  assign_rules(model, diagnostics);
  for (const auto& table : model.tables) place_merge(model, table, diagnostics);
  for (auto& phase : model.phases) order_merges(model, phase);
  repair_before_stages(model);
}

}  // namespace rekey::model
