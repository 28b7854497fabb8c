#include "compiler/lower/keys_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "compiler/lower/generators.h"
#include "compiler/lower/sql.h"
#include "compiler/model/fk_graph.h"
#include "compiler/model/resolve.h"

namespace rekey::lower {
namespace {

using model::ColumnId;
using model::DomainId;

// A sequence may give several domains their ids: on the way back one after the other takes from it.
std::vector<std::string> before_at_a_shared_sequence(const OfflinePhase& context, DomainId d) {
  std::set<DomainId> others;
  for (ColumnId c : context.model.domains[d].columns) {
    const auto found = context.by_sequence.find(context.model.columns[c].written->sequence.value);
    if (found != context.by_sequence.end()) others.insert(found->second.begin(), found->second.lower_bound(d));
  }
  std::vector<std::string> out;
  for (DomainId other : others) out.push_back(context.keys_id(other));
  return out;
}

// Tables that inherit may hold an id again.
bool repeats_ids(const OfflinePhase& context, const model::Domain& domain) {
  const auto& table = context.model.tables[context.model.columns[domain.root].table];
  return !table.children.empty() && table.written->partitioning.value.empty();
}

// Rows of the root whose keys change, but for those that a stage before has changed.
std::string chosen(const model::Domain& domain, const std::string& column) {
  return domain.where.empty() ? column + " IS NOT NULL" : fmt::format("{} IS NOT NULL AND ({})", column, domain.where);
}

// The place of a row among those that change in stages; nothing where all change at once.
std::string place(const model::Domain& domain, const std::string& column) {
  if (domain.stages.empty()) return "";
  return fmt::format(", row_number() OVER (ORDER BY {}{})", domain.order_by.empty() ? "" : domain.order_by + ", ", column);
}

// Names may hold keys of other domains, which are listed before.
void add_plan_keys(const OfflinePhase& context, const model::Domain& domain, Step& step) {
  const auto column = sql::identifier(context.model.columns[domain.root].name());
  for (const auto& part : domain.key_name) {
    const ColumnId c = model::named_column(context.model, domain, part);
    if (!context.model.changes(c) || !context.model.domain_of(c).is_listed() || context.model.phase_of(c) != domain.phase) continue;
    step.needs.push_back(context.keys_id(context.model.columns[c].domain));
  }
  const bool named = domain.generator != plan::Generator::expression;
  step.data["own_keys"] = !domain.of_uuids;
  step.data[named ? "named" : "computed"] = {{"columns", sql::text_array(name_columns(domain))},
                                             {"expression", sql::dollar_quoted(domain.key_expression)}};
  const auto key = named ? named_key(context.model, domain) : fmt::format("({})", domain.key_expression);
  step.data["listed"] = {{"query", sql::dollar_quoted(fmt::format("SELECT {3}{0}, {1}{5} FROM {2} WHERE {4}", column, key, step.table,
                                                                  repeats_ids(context, domain) ? "DISTINCT " : "", chosen(domain, column),
                                                                  place(domain, column)))}};
}

void add_times(const OfflinePhase& context, const model::Domain& domain, Step& step) {
  const auto column = sql::identifier(context.model.columns[domain.root].name());
  const auto time = sql::identifier(time_column(context.model, domain));
  // The earliest time counts.
  const auto query = repeats_ids(context, domain) ? "SELECT DISTINCT ON ({0}) {0}, {1}{5} FROM {2} WHERE {4} ORDER BY {0}, {3}"
                                                  : "SELECT {0}, {1}{5} FROM {2} WHERE {4}";
  step.data["listed"] = {{"query", sql::dollar_quoted(fmt::format(fmt::runtime(query), column, timed_key(domain, column, time), step.table, time,
                                                                  chosen(domain, column), place(domain, column)))}};
}

// Which of the rows are this phase's.
void add_stage(const OfflinePhase& context, const model::Domain& domain, Step& step) {
  step.data["picks_rows"] = domain.of_uuids && domain.picks() && domain.stages.empty();
  step.data["pairs_all"] = domain.of_uuids && !domain.picks();
  if (!domain.where.empty()) {
    step.data["condition"] = true;
    step.data["picked"] = sql::dollar_quoted(domain.where);
  }
  if (domain.stages.empty()) return;
  const auto before = static_cast<std::size_t>(context.phase.number - 1);
  const auto from = std::accumulate(domain.stages.begin(), domain.stages.begin() + static_cast<std::ptrdiff_t>(before), std::int64_t{1});
  const bool rest = before == domain.stages.size();
  step.data["staged"] = {{"stage_name", sql::literal(pairs_name(domain, context.phase))},
                         {"from", std::to_string(from)},
                         {"to", rest ? "NULL" : std::to_string(from + domain.stages[before] - 1)},
                         {"staged_rows", std::to_string(std::accumulate(domain.stages.begin(), domain.stages.end(), std::int64_t{0}))}};
  step.up_title = rest ? fmt::format("lists the new keys of the rows of {} that are left", step.table)
                       : fmt::format("lists the new keys of {} of {}", counted(static_cast<std::size_t>(domain.stages[before]), "row"), step.table);
}

}  // namespace

std::string pairs_name(const model::Domain& domain, const model::Phase& phase) {
  return phase.stages == 0 ? domain.name : stage_name(domain, phase.number);
}

Step keys_step(const OfflinePhase& context, DomainId d) {
  const auto& domain = context.model.domains[d];
  const auto& root = context.model.columns[domain.root];
  Step step;
  step.id = context.keys_id(d);
  step.kind = "keys";
  step.table = context.table(root.table);
  step.place = root.written->name.span;
  if (domain.of_uuids) {
    step.up_title = domain.where.empty() ? fmt::format("lists the new keys of {}", domain.name)
                                         : fmt::format("lists the new keys of rows of {} that where: picks", step.table);
    step.down_title = "nothing to take back: a key that was written since stays what it is";
  } else {
    step.up_title = fmt::format("notes where the ids of {} stand{}", domain.name,
                                domain.is_listed() ? " and lists their new keys" : "");
    step.down_title = fmt::format("gives rows of {} written since a legacy id", domain.name);
  }
  step.needs = {context.begun()};
  step.undo_needs = before_at_a_shared_sequence(context, d);
  step.undo_needs.insert(step.undo_needs.begin(), context.own("close"));
  step.data["domain"] = sql::literal(domain.name);
  step.data["table"] = sql::literal(step.table);
  step.data["key"] = sql::literal(root.name());
  step.data["arrays"] = domain.in_arrays;
  step.data["of_uuids"] = domain.of_uuids;
  add_stage(context, domain, step);
  if (domain.has_plan_keys()) add_plan_keys(context, domain, step);
  if (domain.generator == plan::Generator::v7) add_times(context, domain, step);
  return step;
}

std::vector<Step> lists_first(const std::vector<Step>& keys) {
  std::map<std::string, int> place;
  for (const auto& step : keys) place.emplace(step.id, static_cast<int>(place.size()));
  model::Edges edges;
  for (const auto& step : keys) {
    for (const auto& need : step.needs) {
      if (place.contains(need)) edges.emplace_back(place[step.id], place[need]);
    }
  }
  std::vector<Step> out;
  for (const int i : model::targets_first(static_cast<int>(keys.size()), edges)) out.push_back(keys[i]);
  return out;
}

}  // namespace rekey::lower
