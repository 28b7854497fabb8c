// What a plan adds to a phase: steps at its end, one after the other, and the first to be undone.
//
//   … ─▶ sql ─▶ foreign keys ─▶ indexes ─▶ close       close ─▶ all of them, in the reverse order ─▶ …
#include "compiler/lower/plan_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "compiler/lower/enforced.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lower {
namespace {

// Without its semicolon: as pg_get_indexdef writes it.
std::string bare(const std::string& statement) {
  const auto end = statement.find_last_not_of(" \t\n;");
  return statement.substr(0, end == std::string::npos ? 0 : end + 1);
}

Step sql_step(const model::Phase& phase, const plan::OwnSql& own, std::size_t number) {
  Step step{fmt::format("{}.{}_{}.sql", phase.id, plain_part(own.name.value), number), "sql", "", own.name.value,
            "takes back: " + own.name.value, own.name.span};
  if (stays(own)) step.down_title = "nothing is taken back: " + own.reason.value;
  step.data["up"] = sql::ended(own.up.value);
  if (!stays(own)) step.data["down"] = sql::ended(own.down.value);
  if (phase.written->kind.value == plan::PhaseKind::tables && phase.is_fenced()) step.data["fenced"] = true;
  return step;
}

// As the server names what REINDEX CONCURRENTLY has not come to the end of.
std::string copy_name(const model::IndexChange& change, const std::string& suffix) {
  std::string name = change.name.substr(0, plan::kMaxName - suffix.size());
  while (!name.empty() && name.size() < change.name.size() && (static_cast<unsigned char>(change.name[name.size()]) & 0xC0) == 0x80) name.pop_back();
  return change.index.substr(0, change.index.size() - sql::identifier(change.name).size()) + sql::identifier(name + suffix);
}

Step index_step(const model::Phase& phase, const model::IndexChange& change, std::size_t number) {
  const auto& written = *change.written;
  const bool created = !written.create.value.empty(), dropped = !written.drop.value.empty();
  const char* kind = created ? "create_index" : dropped ? "drop_index" : "reindex";
  const Span& place = created ? written.create.span : dropped ? written.drop.span : written.reindex.span;
  Step step{fmt::format("{}.{}_{}.{}", phase.id, plain_part(change.name), number, kind), kind, change.table, "", "", place};
  const auto builds = fmt::format("builds {} beside the writes to {}", change.index, change.table);
  const auto drops = fmt::format("drops {} beside the writes to {}", change.index, change.table);
  step.up_title = created ? builds : dropped ? drops : fmt::format("builds {} anew beside the writes to {}", change.index, change.table);
  step.down_title = created ? drops : dropped ? builds : "nothing to take back: it is the same index";
  step.transactional = false;
  step.data["index"] = change.index;
  step.data["index_literal"] = sql::literal(change.index);
  step.data["statement"] = change.statement;
  step.data["definition"] = sql::literal(bare(written.definition.value));
  const std::vector<std::string> copies{copy_name(change, "_ccnew"), copy_name(change, "_ccold")};
  step.data["leftovers"] = copies;
  step.data["copies"] = sql::text_array(copies);
  return step;
}

// What waited for the end of the phase on the way back waits for them.
void put_before_close(Phase& lowered, std::vector<Step> own) {
  Step& open = lowered.steps.front();
  Step& close = lowered.steps.back();
  for (std::size_t i = 0; i < own.size(); ++i) {
    own[i].needs = i == 0 ? close.needs : std::vector{own[i - 1].id};
    own[i].undo_needs = {i + 1 == own.size() ? close.id : own[i + 1].id};
    open.undo_needs.push_back(own[i].id);
  }
  for (auto& step : lowered.steps) {
    if (&step != &open) std::replace(step.undo_needs.begin(), step.undo_needs.end(), close.id, own.front().id);
  }
  close.needs.push_back(own.back().id);
  auto place = std::find(lowered.undo_order.begin(), lowered.undo_order.end(), close.id);
  assert(place != lowered.undo_order.end());
  for (const auto& step : own) place = std::prev(lowered.undo_order.insert(std::next(place), step.id));
  lowered.steps.insert(std::prev(lowered.steps.end()), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
}

}  // namespace

bool stays(const plan::OwnSql& own) { return own.down.value == "none"; }

void add_plan_steps(const model::Model& model, Phase& lowered) {
  const auto& phase = *lowered.model;
  if (phase.is_before_the_end()) return;
  std::vector<Step> own;
  for (const auto& sql : phase.written->sql) own.push_back(sql_step(phase, sql, own.size() + 1));
  for (auto& step : enforced_steps(model, phase)) own.push_back(std::move(step));
  for (const auto& change : phase.indexes) own.push_back(index_step(phase, change, own.size() + 1));
  for (auto& check : enforced_checks(model, phase)) lowered.verify["foreign_keys"].push_back(std::move(check));
  if (!own.empty()) put_before_close(lowered, std::move(own));
  lowered.verify["sql"] = nlohmann::json::array();
  for (const auto& sql : phase.written->sql) {
    if (sql.verify.value.empty()) continue;
    lowered.verify["sql"].push_back({{"phase", sql::literal(phase.id)}, {"name", sql::literal(sql.name.value)}, {"query", sql.verify.value}});
  }
}

}  // namespace rekey::lower
