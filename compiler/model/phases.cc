// Phases: those of the plan, checked against the graph, or derived from it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/model/fk_graph.h"
#include "compiler/model/resolve.h"

namespace rekey::model {
namespace {

constexpr int kMostPhases = 99;  // ids have three digits, in tens

// Tables tied by a domain that changes, as edges.
Edges shared_domains(const Model& model) {
  Edges edges;
  for (const auto& domain : model.domains) {
    if (!domain.changes) continue;
    for (ColumnId c : domain.columns) {
      edges.emplace_back(model.columns[domain.root].table, model.columns[c].table);
    }
    for (const auto& place : domain.places) {
      if (model.changes(place.key)) edges.emplace_back(model.columns[domain.root].table, model.columns[place.key].table);
    }
  }
  return edges;
}

plan::Phase derived_phase(std::string name, plan::PhaseKind kind, plan::Risk risk, std::string reason) {
  plan::Phase phase;
  phase.name.value = std::move(name);
  phase.kind.value = kind;
  phase.risk.value = risk;
  phase.reason.value = std::move(reason);
  return phase;
}

bool has_changes(const Model& model, const Table& table) {
  return !table.written->surrogate.value.empty() ||
         std::any_of(table.columns.begin(), table.columns.end(), [&](ColumnId c) { return model.changes(c); });
}

// A phase named for its first table; tables of several schemas may share a name.
std::string free_name(const Model& model, const std::vector<plan::Phase>& others, TableId table) {
  std::set<std::string> taken{"foundation", "leaf tables", "cleanup"};
  for (const auto& phase : others) taken.insert(phase.name.value);
  const auto& name = model.tables[table].name();
  std::string free = name.name;
  if (taken.contains(free)) free = to_text(name);
  for (int i = 2; taken.contains(free); ++i) free = fmt::format("{} {}", to_text(name), i);
  return free;
}

// Tables that rewrite together go into one phase, so that each is rewritten once. Leaf tables, which
// nobody references, have one of their own where that costs no second rewrite.
void derive(Model& model) {
  using enum plan::PhaseKind;
  const auto group = connected_components(static_cast<int>(model.tables.size()), shared_domains(model));
  std::map<int, std::vector<TableId>> groups;
  for (TableId t : model.order) {
    if (has_changes(model, model.tables[t])) groups[group[t]].push_back(t);
  }
  auto leaves = derived_phase("leaf tables", tables, plan::Risk::low,
                              "nobody references them: only their own keys change");
  std::vector<plan::Phase> others;
  for (const auto& [id, members] : groups) {
    if (members.size() > 1 && others.size() < kMostPhases - 4) {
      others.push_back(derived_phase(free_name(model, others, members.front()), tables, plan::Risk::high,
                                     fmt::format("{} tables tied by foreign keys change together, each "
                                                 "rewritten once", members.size())));
    }
    for (TableId t : members) {
      (members.size() > 1 ? others.back() : leaves).tables.push_back(model.tables[t].written->name);
    }
  }
  model.derived.push_back(derived_phase("foundation", foundation, plan::Risk::low,
                                        "installs schema rekey: journal, generators, archive"));
  if (!leaves.tables.empty()) model.derived.push_back(std::move(leaves));
  std::move(others.begin(), others.end(), std::back_inserter(model.derived));
  const bool drops = std::any_of(model.tables.begin(), model.tables.end(), [](const Table& t) { return !t.written->drop.empty(); });
  model.derived.push_back(derived_phase("cleanup", cleanup, drops ? plan::Risk::medium : plan::Risk::low,
                                        drops ? "drops columns, which come back as the last ones; builds indexes again that are invalid"
                                              : "builds indexes again that are invalid"));
}

void check_shape(const Model& model, Diagnostics& diagnostics) {
  std::map<std::string, Span> names;
  const plan::Phase* cleanup = nullptr;
  for (const auto& phase : model.phases) {
    if (phase.is_before_the_end()) continue;
    const auto& written = *phase.written;
    auto [seen, fresh] = names.emplace(written.name.value, written.name.span);
    if (!fresh) {
      diagnostics.error("phase-twice", written.name.span,
                        fmt::format("two phases are named {}", written.name.value), "rename one")
          .see(seen->second, "the first");
    }
    if (written.kind.value == plan::PhaseKind::foundation && &phase != &model.phases.front()) {
      diagnostics.error("foundation-late", written.name.span,
                        "the foundation comes after a phase that stands on it", "make it the first phase");
    }
    if (written.kind.value != plan::PhaseKind::tables && !written.tables.empty()) {
      diagnostics.error("phase-tables", written.tables.front().span,
                        fmt::format("a phase of kind {} lists no tables",
                                    written.kind.value == plan::PhaseKind::cleanup ? "cleanup" : "foundation"),
                        "list them in a phase of their own");
    }
    if (cleanup && written.kind.value == plan::PhaseKind::tables) {
      diagnostics.error("cleanup-early", cleanup->name.span,
                        fmt::format("cleanup stands before phase {}, which it cleans up", written.name.value),
                        "make cleanup the last phase")
          .see(written.name.span, "comes after it");
    }
    if (written.kind.value == plan::PhaseKind::cleanup) cleanup = &written;
  }
  if (model.phases.front().written->kind.value != plan::PhaseKind::foundation) {
    diagnostics.error("no-foundation", model.phases.front().written->name.span,
                      "the first phase is not the foundation",
                      "begin phases: with {name: foundation, kind: foundation}");
  }
}

// The phase of every table the plan lists in one; errors for tables in two.
void place_tables(Model& model, Diagnostics& diagnostics) {
  std::map<plan::TableName, TableId> known;
  for (TableId t = 0; t < static_cast<int>(model.tables.size()); ++t) known[model.tables[t].name()] = t;
  std::map<TableId, Span> first;
  for (PhaseId p = 0; p < static_cast<int>(model.phases.size()); ++p) {
    if (model.phases[p].written->kind.value != plan::PhaseKind::tables || model.phases[p].is_before_the_end()) continue;
    for (const auto& listed : model.phases[p].written->tables) {
      auto found = known.find(listed.value);
      if (found == known.end()) {
        std::vector<std::string> names;
        for (const auto& [name, id] : known) names.push_back(to_text(name));
        auto near = nearest(to_text(listed.value), names);
        diagnostics.error("unknown-table", listed.span,
                          fmt::format("table {} is not in the plan", to_text(listed.value)),
                          near ? fmt::format("did you mean {}?", *near) : "add it under tables:");
        continue;
      }
      auto [seen, fresh] = first.emplace(found->second, listed.span);
      if (!fresh) {
        diagnostics.error("table-twice", listed.span,
                          fmt::format("the key of {} would change in two phases", to_text(listed.value)),
                          "list it once")
            .see(seen->second, "listed here too");
      }
      model.tables[found->second].phase = p;
    }
  }
}

// Members of a family change with its top, listed or not.
void place_members(Model& model) {
  for (TableId t : model.order) {
    auto& table = model.tables[t];
    for (TableId parent : table.parents) {
      if (table.phase == kNone) table.phase = model.tables[parent].phase;
    }
  }
}

void check_no_table_is_left(const Model& model, Diagnostics& diagnostics) {
  for (const auto& table : model.tables) {
    if (table.phase != kNone || !has_changes(model, table)) continue;
    diagnostics.error("no-phase", table.written->name.span,
                      fmt::format("{} is in no phase", to_text(table.name())),
                      "add it to tables: of a phase, or keep its key with change: keep");
  }
}

Span listed_at(const Model& model, TableId table) {
  for (const auto& listed : model.phases[model.tables[table].phase].written->tables) {
    if (listed.value == model.tables[table].name()) return listed.span;
  }
  return {};
}

// A domain changes with its main root; a second root elsewhere would change its own key there.
void place_domains(Model& model, Diagnostics& diagnostics) {
  for (DomainId d = 0; d < static_cast<int>(model.domains.size()); ++d) {
    auto& domain = model.domains[d];
    if (!domain.changes || domain.borrows()) continue;
    const TableId home = model.columns[domain.root].table;
    domain.phase = model.tables[home].phase;
    if (domain.phase == kNone) continue;
    model.phases[domain.phase].domains.push_back(d);
    for (ColumnId c : domain.columns) {
      const TableId other = model.columns[c].table;
      if (!model.columns[c].root || model.tables[other].phase == domain.phase) continue;
      if (model.tables[other].phase == kNone) continue;
      diagnostics
          .error("domain-in-two-phases", listed_at(model, other),
                 fmt::format("{} and {} share their ids and cannot change in two phases", model.path(c),
                             domain.name),
                 "list both tables in one phase")
          .see(listed_at(model, home), "the other table");
    }
  }
}

// A phase of tables that changes no key would open and close around nothing.
void check_phases_change_keys(const Model& model, Diagnostics& diagnostics) {
  for (const auto& phase : model.phases) {
    const auto& written = *phase.written;
    const bool of_keys = written.kind.value == plan::PhaseKind::tables && !phase.is_before_the_end();
    if (!of_keys || !phase.domains.empty() || !phase.surrogates.empty()) continue;
    if (written.tables.empty()) {
      diagnostics.error("empty-phase", written.name.span,
                        fmt::format("phase {} lists no tables", written.name.value),
                        "list them under tables:, or delete the phase");
    } else {
      diagnostics.error("empty-phase", written.name.span,
                        fmt::format("phase {} changes no key: the key columns of its tables change with the "
                                    "tables they reference, or stay", written.name.value),
                        "list its tables in the phase of those they reference, and delete it");
    }
  }
}

// A primary key of several columns changes in one phase, or its table would have half a key between.
void check_keys_change_once(const Model& model, Diagnostics& diagnostics) {
  for (const auto& table : model.tables) {
    ColumnId first = kNone;
    for (const auto& part : table.written->primary_key) {
      for (ColumnId c : table.columns) {
        if (model.columns[c].name() != part.value || model.phase_of(c) == kNone) continue;
        if (first == kNone) first = c;
        if (model.phase_of(c) == model.phase_of(first)) continue;
        const TableId here = model.columns[model.domain_of(c).root].table;
        const TableId there = model.columns[model.domain_of(first).root].table;
        diagnostics
            .error("key-in-two-phases", listed_at(model, here),
                   fmt::format("the primary key of {} would change in two phases: {} with {}, {} with {}",
                               to_text(table.name()), model.columns[first].name(),
                               to_text(model.tables[there].name()), model.columns[c].name(),
                               to_text(model.tables[here].name())),
                   fmt::format("list {} and {} in one phase", to_text(model.tables[there].name()),
                               to_text(model.tables[here].name())))
            .see(listed_at(model, there), "the other phase");
      }
    }
  }
}

// Its target's primary key becomes another constraint.
bool stands_on_old_key(const Model& model, const Phase& phase, const ForeignKey& fk) {
  return std::any_of(phase.surrogates.begin(), phase.surrogates.end(), [&](const Surrogate& s) {
    return fk.parent == s.table && same_columns(model.tables[s.table].written->primary_key, fk.parent_columns);
  });
}

void collect_changes(Model& model) {
  std::vector<std::set<TableId>> changed(model.phases.size());
  for (const auto& column : model.columns) {
    const auto& domain = model.domains[column.domain];
    if (domain.changes) changed[domain.phase].insert(column.table);
  }
  for (PhaseId p = 0; p < static_cast<int>(model.phases.size()); ++p) {
    for (const auto& surrogate : model.phases[p].surrogates) changed[p].insert(surrogate.table);
    for (const auto& follow : model.phases[p].follows) changed[p].insert(model.foreign_keys[follow.key].child);
  }
  for (PhaseId p = 0; p < static_cast<int>(model.phases.size()); ++p) {
    if (changed[p].empty()) continue;
    for (TableId t : model.order) {
      if (changed[p].contains(t)) model.phases[p].changed.push_back(t);
    }
  }
  for (ForeignKeyId f = 0; f < static_cast<int>(model.foreign_keys.size()); ++f) {
    std::set<PhaseId> phases;
    for (ColumnId c : model.foreign_keys[f].ids) {
      if (model.changes(c)) phases.insert(model.phase_of(c));
    }
    for (PhaseId p = 0; p < static_cast<int>(model.phases.size()); ++p) {
      const auto& consolidations = model.phases[p].consolidations;
      const bool consolidates = std::any_of(consolidations.begin(), consolidations.end(), [&](const auto& c) { return c.key == f; });
      if (consolidates || stands_on_old_key(model, model.phases[p], model.foreign_keys[f])) phases.insert(p);
    }
    for (PhaseId p : phases) model.phases[p].touched.push_back(f);
  }
}

std::string names_of(const Model& model, const std::set<PhaseId>& phases) {
  std::vector<std::string> names;
  for (PhaseId p : phases) names.push_back(model.phases[p].written->name.value);
  return fmt::format("{}", fmt::join(names, ", "));
}

// At most eight of them; the rest is counted.
std::string shortened(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 8;
  const std::vector<std::string> first(names.begin(), names.begin() + std::min(kMost, names.size()));
  auto text = fmt::format("{}", fmt::join(first, ", "));
  if (names.size() > kMost) text += fmt::format(" and {} more", names.size() - kMost);
  return text;
}

// Phases that rewrite a table in common, as groups: put together they would rewrite each table once.
void advise_on_repeated_rewrites(const Model& model, Diagnostics& diagnostics) {
  std::map<TableId, std::set<PhaseId>> rewrites;
  for (PhaseId p = 0; p < static_cast<int>(model.phases.size()); ++p) {
    for (TableId t : model.phases[p].changed) rewrites[t].insert(p);
  }
  Edges edges;
  for (const auto& [table, phases] : rewrites) {
    for (PhaseId p : phases) edges.emplace_back(*phases.begin(), p);
  }
  const auto group = connected_components(static_cast<int>(model.phases.size()), edges);
  std::map<int, std::pair<std::set<PhaseId>, std::vector<std::string>>> findings;
  for (const auto& [table, phases] : rewrites) {
    if (phases.size() < 2) continue;
    auto& [all, tables] = findings[group[*phases.begin()]];
    all.insert(phases.begin(), phases.end());
    tables.push_back(fmt::format("{} ({}×)", to_text(model.tables[table].name()), phases.size()));
  }
  for (const auto& [id, finding] : findings) {
    const auto& [phases, tables] = finding;
    diagnostics.warning("rewritten-again", model.phases[*phases.begin()].written->name.span,
                        fmt::format("{} rewritten in more than one phase: {}",
                                    tables.size() == 1 ? "1 table is" : counted(tables.size(), "table") + " are",
                                    shortened(tables)),
                        fmt::format("one phase in place of {} rewrites each table once",
                                    names_of(model, phases)))
        .about(model.phases[*phases.begin()].written->name.value);
  }
}

}  // namespace

std::string Phase::name() const {
  switch (stage) {
    case Stage::prepare: return written->name.value + ": prepare";
    case Stage::swap: return written->name.value + ": swap";
    case Stage::part:
    case Stage::offline: break;
  }
  return stages == 0 ? written->name.value : fmt::format("{}: stage {} of {}", written->name.value, number, stages);
}

void assign_phases(Model& model, Diagnostics& diagnostics) {
  if (model.plan->phases.empty()) derive(model);
  const auto& written = model.plan->phases.empty() ? model.derived : model.plan->phases;
  if (written.size() > kMostPhases) {
    diagnostics.error("too-many-phases", written[kMostPhases].name.span,
                      fmt::format("a plan has at most {} phases", kMostPhases), "put some together");
    return;
  }
  int number = 0;
  for (const auto& phase : written) {
    number += 10;
    const bool online = phase.kind.value == plan::PhaseKind::tables &&
                        phase.strategy.value.value_or(model.plan->strategy.value) == plan::Strategy::online;
    if (online) model.phases.push_back({&phase, fmt::format("{:03}", number - 5), {}, {}, {}, {}, {}, Stage::prepare});
    const int stages = stages_of(model, phase);
    for (int stage = 1; stage < stages; ++stage) {
      model.phases.push_back({&phase, fmt::format("{:03}", number - stages + stage), {}, {}, {}, {}, {}, Stage::part});
      model.phases.back().number = stage;
      model.phases.back().stages = stages;
    }
    model.phases.push_back({&phase, fmt::format("{:03}", number), {}, {}, {}, {}, {}, online ? Stage::swap : Stage::offline});
    model.phases.back().number = model.phases.back().stages = stages;
  }
  check_shape(model, diagnostics);
  place_tables(model, diagnostics);
  place_members(model);
  check_no_table_is_left(model, diagnostics);
  if (diagnostics.has_errors()) return;
  place_domains(model, diagnostics);
  place_borrowings(model, diagnostics);
  check_keys_change_once(model, diagnostics);
  place_reshapes(model, diagnostics);
  check_phases_change_keys(model, diagnostics);
  check_name_phases(model, diagnostics);
  check_stages(model, diagnostics);
  if (diagnostics.has_errors()) return;
  collect_changes(model);
  place_enforced(model, diagnostics);
  advise_on_repeated_rewrites(model, diagnostics);
  fill_stages(model);
}

bool Model::contracts(const Phase& phase) const {
  return phase.written->kind.value == plan::PhaseKind::cleanup &&
         std::any_of(phases.begin(), phases.end(), [](const Phase& p) { return p.stage == Stage::swap; });
}

}  // namespace rekey::model
