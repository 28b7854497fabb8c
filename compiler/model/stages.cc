// Which rows of a domain get new keys, and one after the other in how many stages. Each stage before the last is a phase
// of its own, between the one before and the one that the plan writes, which takes the rest.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "compiler/model/resolve.h"
#include "compiler/plan/names.h"

namespace rekey::model {
namespace {

constexpr std::size_t kMostStages = 9;  // phases have numbers in tens

// Of the table's own keys, the one that is made anew; kNone where there is none.
DomainId changed_domain(const Model& model, const Table& table) {
  for (ColumnId c : table.columns) {
    if (model.domain_of(c).root == c && model.changes(c)) return model.columns[c].domain;
  }
  return kNone;
}

bool are_all_uuids(const Model& model, const Table& table) {
  return std::all_of(table.columns.begin(), table.columns.end(), [&](ColumnId c) {
    return model.domain_of(c).root != c || !model.changes(c) || model.columns[c].uuid();
  });
}

// A column has one type: of integers none can stay where others become UUIDs.
bool may_pick(const Model& model, const Table& table, const char* key, Span span, Diagnostics& diagnostics) {
  const auto name = to_text(table.name());
  if (changed_domain(model, table) == kNone) {
    diagnostics.error("idle-setting", span, fmt::format("{} has no effect: no key of {} is made anew", key, name), "delete the line");
    return false;
  }
  if (!table.written->consolidate.value.empty()) {
    diagnostics.error("pick-consolidated", span, fmt::format("the keys of {} become those of the rows that it refers to, all of them", name),
                      "delete the line, or consolidate:");
    return false;
  }
  if (are_all_uuids(model, table)) return true;
  diagnostics.error("pick-integers", span,
                    fmt::format("{} takes some rows of {} before others, but its keys are integers, and one column cannot hold both kinds", key, name),
                    std::string_view(key) == "stages"
                        ? "delete the line; to change such keys beside the application, in batches, write strategy: online for their phase"
                        : "delete the line; rows that are to keep their ids can stay behind only with the whole table: change: keep");
  return false;
}

void read_stages(const plan::Table& written, Domain& domain, Diagnostics& diagnostics) {
  const auto& stages = written.stages;
  if (stages.back().value != "rest") {
    diagnostics.error("stages", stages.back().span, "no stage takes the rows that are left, which would keep their keys",
                      "write rest at the end; to leave rows their keys, say which others change: where:");
    return;
  }
  if (stages.size() > kMostStages) {
    diagnostics.error("stages", stages[kMostStages].span, fmt::format("a phase has at most {} stages", kMostStages), "make some larger");
  }
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    const auto& text = stages[i].value;
    std::int64_t rows = 0;
    const auto end = text.data() + text.size();
    if (text == "rest") {
      diagnostics.error("stages", stages[i].span, "rest is not the last stage: nothing is left for those after it", "write it at the end");
    } else if (auto [at, error] = std::from_chars(text.data(), end, rows); error != std::errc() || at != end || rows < 1) {
      diagnostics.error("stages", stages[i].span, fmt::format("{} is no number of rows", text), "write a whole number above 0");
    }
    domain.stages.push_back(rows);
  }
}

void read_picks(Model& model, const Table& table, Diagnostics& diagnostics) {
  const auto& written = *table.written;
  const bool picks = !written.where.value.empty() && may_pick(model, table, "where", written.where.span, diagnostics);
  const bool staged = !written.stages.empty() && may_pick(model, table, "stages", written.stages.front().span, diagnostics);
  if (!written.order_by.value.empty() && written.stages.empty()) {
    diagnostics.error("idle-setting", written.order_by.span, "order_by has no effect: all rows change at once", "write stages:, or delete the line");
  }
  if (!picks && !staged) return;
  auto& domain = model.domains[changed_domain(model, table)];
  if (picks) domain.where = written.where.value;
  if (staged) read_stages(written, domain, diagnostics);
  domain.order_by = written.order_by.value;
  if (picks && written.on_duplicate.value == plan::OnDuplicate::merge) {
    diagnostics.error("pick-merge", written.on_duplicate.span,
                      fmt::format("rows of {} are merged by the names of all of them, and where leaves some out", to_text(written.name.value)),
                      "merge the rows before with statements of your own, or delete where:");
  }
}

bool lists(const plan::Phase& phase, const plan::TableName& table) {
  return std::any_of(phase.tables.begin(), phase.tables.end(), [&](const auto& listed) { return listed.value == table; });
}

Span stages_at(const Model& model, const Domain& domain) { return model.root_table(domain).stages.front().span; }

}  // namespace

void read_picks(Model& model, Diagnostics& diagnostics) {
  for (const auto& table : model.tables) read_picks(model, table, diagnostics);
}

int stages_of(const Model& model, const plan::Phase& phase) {
  std::size_t most = 0;
  for (const auto& domain : model.domains) {
    if (domain.changes && lists(phase, model.root_table(domain).name.value)) most = std::max(most, domain.stages.size());
  }
  return most == 0 ? 0 : static_cast<int>(most) + 1;
}

void check_stages(const Model& model, Diagnostics& diagnostics) {
  for (const auto& domain : model.domains) {
    if (!domain.changes || !domain.picks()) continue;
    const auto& phase = model.phases[domain.phase];
    const auto& written = model.root_table(domain);
    const Span span = domain.stages.empty() ? written.where.span : stages_at(model, domain);
    if (!phase.is_fenced()) {
      diagnostics.error("stages-online", span, fmt::format("some rows of {} change before others, or without them, and phase {} is online",
                                                           to_text(written.name.value), phase.name()),
                        "give the phase strategy: offline");
    }
    if (domain.stages.empty()) continue;
    const auto other = std::find_if(phase.domains.begin(), phase.domains.end(), [&](DomainId d) { return &model.domains[d] != &domain; });
    if (other != phase.domains.end()) {
      diagnostics.error("stages-alone", span, fmt::format("phase {} changes the keys of {} in stages, and those of {} too", phase.written->name.value,
                                                          domain.name, model.domains[*other].name),
                        fmt::format("write phases: with {} in one of its own",
                                    to_text(model.root_table(model.domains[*other]).name.value)));
    }
    if (!phase.surrogates.empty() || !phase.follows.empty() || !phase.consolidations.empty()) {
      diagnostics.error("stages-alone", span, fmt::format("phase {} changes the keys of {} in stages, and gives tables other columns too",
                                                          phase.written->name.value, domain.name),
                        "write phases: with the tables that get them in one of its own");
    }
    const auto& root = model.tables[model.columns[domain.root].table];
    if (!root.children.empty() && !root.partitioned()) {
      diagnostics.error("stages-heirs", span, fmt::format("other tables inherit from {}: a key may be there twice, in two stages", to_text(root.name())),
                        "delete stages: and order_by:");
    }
    for (ColumnId c : domain.columns) {
      if (!model.parts_rows(c)) continue;
      diagnostics.error("stages-partitions", span, fmt::format("{} parts the rows of its table: they would go to other partitions stage by stage",
                                                               model.path(c)),
                        "delete stages: and order_by:");
      break;
    }
  }
}

void fill_stages(Model& model) {
  for (std::size_t p = 0; p < model.phases.size(); ++p) {
    auto& part = model.phases[p];
    if (part.stage != Stage::part) continue;
    const auto& last = model.phases[p + static_cast<std::size_t>(part.stages - part.number)];
    part.domains = last.domains;
    part.changed = last.changed;
    part.touched = last.touched;
  }
}

void repair_before_stages(Model& model) {
  for (std::size_t p = 0; p < model.phases.size(); ++p) {
    auto& part = model.phases[p];
    if (part.stage != Stage::part || part.number > 1) continue;
    const auto& last = model.phases[p + static_cast<std::size_t>(part.stages - 1)];
    part.orphan_rules = last.orphan_rules;
    part.merges = last.merges;
  }
}

}  // namespace rekey::model
