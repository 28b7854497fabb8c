// The first half of an online phase, beside the application: new columns, triggers that fill them, the backfill, and
// the twins of all indexes. Nothing that the application sees changes; the way back drops what was added.
//
//   open ─▶ expand ─▶ backfill ─▶ require ─▶ required ─▶ twin ─▶ join ─▶ analyze ─▶ close
//
// Keys that are made from rows are given between `expand` and `backfill`, to the rows of the tables where they begin;
// tables that hold them leave what they require to the swap, because a row may have no key that could be made from it.
//
// Of a partitioned table each partition has backfill and twins of its own; `join` makes its plain indexes from theirs.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/lower/enforced.h"
#include "compiler/lower/key_data.h"
#include "compiler/lower/online_keys.h"
#include "compiler/lower/online_phase.h"
#include "compiler/lower/online_sync.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::TableId;
using nlohmann::json;

json shadows(const OnlinePhase& context, TableId t) {
  json out = json::array();
  for (const auto& pair : context.pairs.at(t)) out.push_back({{"shadow", pair.shadow}});
  return out;
}

Step open_step(const OnlinePhase& context) {
  Step step{context.prepare.id + ".open", "open_prepare", "", "", "", context.phase.written->name.span};
  step.up_title = fmt::format("opens phase {}: journal, key domains", context.prepare.id);
  step.down_title = "the phase is rolled back";
  step.data = key_data(context);
  step.data["phase"] = sql::literal(context.prepare.id);
  step.data["tables"] = json::array();
  add_tables(context, step.data["tables"]);
  step.data["enforced"] = expected_to_hold(context.model, context.phase);
  step.data["of_rows"] = expected_of_rows(context);
  return step;
}

Step expand_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.prepare_id(t, "expand"), "expand");
  step.up_title = fmt::format("new columns beside the keys of {}, and triggers that fill them", step.table);
  step.down_title = fmt::format("drops the new columns of {}", step.table);
  step.needs = {context.prepare.id + ".open"};
  step.data["columns"] = shadows(context, t);
  step.data["expected"] = expect_indexes(context, t);
  step.data["sync"] = sync(context, t, Follows::new_key);
  step.data["unsync"] = unsync(context, t);
  step.data["function"] = context.function(t, "sync");
  step.data["drops"] = json::array();
  for (model::DomainId d : given_at(context, t)) {
    const auto& domain = context.model.domains[d];
    for (const auto& drop : {drop_made_key(context, domain), drop_give_key(domain)}) step.data["drops"].push_back(drop);
  }
  add_parts(context, t, step.data);
  return step;
}

std::string give_id(const OnlinePhase& context, const model::Domain& domain) {
  return fmt::format("{}.{}.give", context.prepare.id, column_slug(context.model, domain.root));
}

// The keys that those of its table's rows are made from are given before.
Step give_step(const OnlinePhase& context, model::DomainId d, const std::vector<std::string>& before) {
  const auto& domain = context.model.domains[d];
  const TableId t = context.model.columns[domain.root].table;
  Step step = table_step(context, t, give_id(context, domain), "backfill");
  step.up_title = fmt::format("gives keys of {} to the rows that are there, in batches, and writes them down", domain.name);
  step.down_title = "nothing to take back";
  step.transactional = false;
  step.needs = before;
  step.needs.push_back(context.prepare_id(t, "expand"));
  step.data["assigned"] = sql::dollar_quoted(giving(domain, context));
  step.data["missing"] = sql::dollar_quoted(not_given(domain, context));
  return step;
}

// With the steps that add columns to the tables where these keys begin.
std::vector<Step> give_steps(const OnlinePhase& context) {
  std::vector<Step> out;
  std::set<TableId> expanded;
  std::vector<std::string> before;
  for (model::DomainId d : given_domains(context)) {
    const TableId t = context.model.columns[context.model.domains[d].root].table;
    if (expanded.insert(t).second) out.push_back(expand_step(context, t));
    out.push_back(give_step(context, d, before));
    before = {out.back().id};
  }
  return out;
}

std::vector<std::string> gives_before(const OnlinePhase& context, TableId t) {
  std::vector<std::string> out;
  for (model::DomainId d : given_domains(context)) {
    const auto& own = context.pairs.at(t);
    if (std::any_of(own.begin(), own.end(), [&](const Pair& pair) { return context.model.columns[pair.column].domain == d; })) {
      out.push_back(give_id(context, context.model.domains[d]));
    }
  }
  return out;
}

Step backfill_step(const OnlinePhase& context, TableId head, TableId t) {
  Step step = table_step(context, t, context.prepare_id(t, "backfill"), "backfill");
  step.up_title = fmt::format("fills the new columns of {}, one UPDATE a row, in batches", step.table);
  step.down_title = "nothing to take back";
  step.transactional = false;
  step.needs = gives_before(context, t);
  step.needs.push_back(context.prepare_id(head, "expand"));
  step.data["assigned"] = sql::dollar_quoted(filled(context, t));
  step.data["missing"] = sql::dollar_quoted(lacking(context, t));
  return step;
}

void add_names(const OnlinePhase& context, TableId t, Step& step) {
  step.data["names"] = sql::text_array(context.names(t, &Pair::name_text));
  step.data["others"] = sql::text_array(context.names(t, &Pair::shadow_text));
  add_parts(context, t, step.data);
}

Step require_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.prepare_id(t, "require"), "require");
  step.up_title = fmt::format("new keys of {} may not be NULL where the old ones may not: not yet validated", step.table);
  step.down_title = "they may again";
  for (TableId member : context.stored(t)) step.needs.push_back(context.prepare_id(member, "backfill"));
  add_names(context, t, step);
  return step;
}

Step required_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.prepare_id(t, "required"), "required");
  step.up_title = fmt::format("checks that no new key of {} is NULL that may not be", step.table);
  step.down_title = "nothing to take back";
  step.needs = {context.prepare_id(t, "require")};
  return step;
}

// In the swap it would be more time under its locks.
Step not_null_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.prepare_id(t, "not_null"), "not_null");
  step.up_title = fmt::format("new keys of {} become NOT NULL, by the check: without a scan", step.table);
  step.down_title = "nothing to take back";
  step.needs = {context.prepare_id(t, "required")};
  add_names(context, t, step);
  return step;
}

// What indexes are built after.
std::vector<std::string> filled_steps(const OnlinePhase& context, TableId head) {
  if (!holds_given(context, head)) return {context.prepare_id(head, "not_null")};
  std::vector<std::string> out;
  for (TableId member : context.stored(head)) out.push_back(context.prepare_id(member, "backfill"));
  return out;
}

Step twin_step(const OnlinePhase& context, TableId head, TableId t, const std::string& name, const std::string& definition,
               bool unique) {
  Step step = table_step(context, t, context.prepare_id(t, name), "twin");
  step.up_title = fmt::format("builds {} beside the writes to {}", name, step.table);
  step.down_title = fmt::format("drops {}", name);
  step.transactional = false;
  step.needs = filled_steps(context, head);
  const auto twin = sql::identifier(context.model.tables[t].name().schema) + "." + name;
  step.data["twin"] = twin;
  step.data["twin_literal"] = sql::literal(twin);
  step.data["name"] = name;
  step.data["unique"] = unique ? "UNIQUE " : "";
  step.data["definition"] = definition;
  return step;
}

std::vector<Step> twin_steps(const OnlinePhase& context, TableId head) {
  std::vector<Step> out;
  for (TableId t : context.stored(head)) {
    for (const auto& index : context.indexes.at(t)) {
      out.push_back(twin_step(context, head, t, index.twin, index.definition, index.unique));
      if (index.key()) out.push_back(twin_step(context, head, t, index.legacy_twin, index.legacy, true));
    }
  }
  if (!joins(context, head)) return out;
  Step join = join_step(context, head, context.prepare_id(head, "join"), false);
  join.up_title = fmt::format("indexes of {} from those of its partitions, which builds none of these", join.table);
  join.down_title = fmt::format("drops them, those of partitions with them");
  for (const auto& twin : out) join.needs.push_back(twin.id);
  if (out.empty()) join.needs = filled_steps(context, head);
  out.push_back(std::move(join));
  return out;
}

Step analyze_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.prepare_id(t, "analyze"), "analyze");
  step.up_title = fmt::format("statistics of the new columns of {}", step.table);
  step.down_title = "nothing to take back";
  step.transactional = false;
  return step;
}

// Whoever reads and writes the view of the old shape sees nothing of the swap.
Step bridge_step(const OnlinePhase& context) {
  Step step{context.prepare.id + ".bridge", "bridge", "", "views of the old shape in schema rekey_old", "drops them",
            context.phase.written->name.span};
  step.data["tables"] = json::array();
  for (TableId t : context.heads) {
    const auto names = sql::text_array(context.names(t, &Pair::name_text));
    step.needs.push_back(context.prepare_id(t, "expand"));
    step.data["tables"].push_back({{"table", sql::literal(context.table(t))},
                                   {"name", sql::identifier(context.model.tables[t].name().name)},
                                   {"hidden", sql::text_array(context.names(t, &Pair::shadow_text))},
                                   {"names", names}});
  }
  return step;
}

// Nothing goes before what was built on it, and the first not before all others.
void chain_undo(std::vector<Step>& steps) {
  std::map<std::string, std::vector<std::string>> built_on;
  for (const auto& step : steps) {
    for (const auto& need : step.needs) built_on[need].push_back(step.id);
  }
  for (auto& step : steps) step.undo_needs = built_on[step.id];
  auto& last = steps.front().undo_needs;
  const std::set<std::string> there(last.begin(), last.end());
  for (std::size_t i = 1; i < steps.size(); ++i) {
    if (!there.contains(steps[i].id)) last.push_back(steps[i].id);
  }
}

}  // namespace

Phase lower_prepare(const model::Model& model, const model::Phase& phase) {
  const OnlinePhase context(model, model.other_half(phase));
  Phase lowered = begin_phase(phase);
  std::vector<Step> steps{open_step(context)};
  Step close{phase.id + ".close", "close_cleanup", "", "the new keys are ready: the swap is the next phase",
             "opens the way back", phase.written->name.span};
  close.data["phase"] = sql::literal(phase.id);
  auto gives = give_steps(context);
  std::move(gives.begin(), gives.end(), std::back_inserter(steps));
  for (TableId t : context.heads) {
    if (given_at(context, t).empty()) steps.push_back(expand_step(context, t));
    for (TableId member : context.stored(t)) steps.push_back(backfill_step(context, t, member));
    if (!holds_given(context, t)) {
      for (auto* make : {require_step, required_step, not_null_step}) steps.push_back(make(context, t));
    }
    Step analyze = analyze_step(context, t);
    analyze.needs = filled_steps(context, t);
    for (auto& twin : twin_steps(context, t)) {
      analyze.needs.push_back(twin.id);
      steps.push_back(std::move(twin));
    }
    close.needs.push_back(analyze.id);
    steps.push_back(std::move(analyze));
  }
  if (context.bridged()) {
    steps.push_back(bridge_step(context));
    close.needs.push_back(steps.back().id);
  }
  steps.push_back(std::move(close));
  chain_undo(steps);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) lowered.undo_order.push_back(step->id);
  lowered.steps = std::move(steps);
  lowered.verify["agreeing"] = json::array();
  for (TableId t : context.heads) {
    lowered.verify["agreeing"].push_back({{"table", sql::literal(context.table(t))},
                                          {"condition", sql::dollar_quoted(disagreement(context, t, Follows::new_key))}});
  }
  lowered.verify["keys"] = json::array();
  for (TableId t : context.heads) {
    for (const auto& arguments : key_arguments(context, t)) lowered.verify["keys"].push_back(arguments);
  }
  lowered.verify["probes"] = json::array();  // they speak of the keys after the swap
  return lowered;
}

}  // namespace rekey::lower
