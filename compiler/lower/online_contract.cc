// The end of online phases, in the cleanup: the old keys go, with the triggers that fill them. The way back adds them
// again, beside the application, and fills them from the new keys: from there on it is that of the swap.
//
//   keep ─▶ contract       contract ─▶ hook_back ─▶ keep ─▶ indexes ─▶ join_back ─▶ require_back ─▶ required_back ─▶ not_null_back
//
// A table's rows have their old keys before triggers look for those in tables that refer to it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/lower/key_data.h"
#include "compiler/lower/online_keys.h"
#include "compiler/lower/online_phase.h"
#include "compiler/lower/online_sync.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::TableId;
using nlohmann::json;

class Contract {
 public:
  Contract(const OnlinePhase& context, const model::Phase& cleanup, TableId t) : context_(context), cleanup_(cleanup), t_(t) {}

  std::vector<Step> steps() const {
    std::vector<Step> out;  // but for the last in the order of the way back
    out.push_back(hook());
    const auto stored = context_.stored(t_);
    for (TableId t : context_.settled(t_)) out.push_back(keep(t));
    for (TableId t : stored) {
      for (const auto& index : context_.indexes.at(t)) out.push_back(old_index(t, index));
    }
    if (joins(context_, t_)) out.push_back(join_back());
    out.push_back(way_back("require_back", "old keys of {} may not be NULL where the new ones may not: not yet validated"));
    out.push_back(way_back("required_back", "checks that no old key of {} is NULL that may not be"));
    out.push_back(way_back("not_null_back", "the old keys of {} are NOT NULL again"));
    out.push_back(contract());
    order(out);
    return out;
  }

  // The last step after which all rows have their old keys again.
  std::string kept() const { return id(context_.settled(t_).back(), "keep"); }

 private:
  std::string id(TableId t, const std::string& kind) const { return fmt::format("{}.{}.{}", cleanup_.id, slug(context_.model, t), kind); }

  Step step(TableId t, const std::string& kind, const char* text) const { return table_step(context_, t, id(t, kind), text); }

  // Both ways the same: what was written past the triggers has its old key before that is let go, or needed.
  Step keep(TableId t) const { return settling_step(context_, t, id(t, "keep"), "keep_keys"); }

  Step contract() const {
    Step out = step(t_, "contract", "contract");
    out.up_title = fmt::format("drops the old keys of {} and the triggers that fill them; they are computed from the new ones, or "
                               "stand in rekey.keys", out.table);
    out.down_title = fmt::format("old keys of {} again, as its last columns", out.table);
    out.data["unsync"] = unsync(context_, t_);
    for (model::DomainId d : given_at(context_, t_)) {
      if (context_.bridged()) out.data["unsync"] = out.data["unsync"].get<std::string>() + drop_made_key(context_, context_.model.domains[d]) + "\n";
    }
    add_parts(context_, t_, out.data);
    out.data["legacy_names"] = sql::text_array(context_.names(t_, &Pair::legacy_text));
    out.data["columns"] = json::array();
    for (const auto& pair : context_.pairs.at(t_)) {
      out.data["columns"].push_back({{"legacy", pair.legacy}, {"type", declared_type(*context_.model.columns[pair.column].written)}});
    }
    out.data["settings"] = json::array();
    for (TableId t : context_.model.family(t_)) {
      for (const auto& pair : context_.pairs.at(t)) {
        out.data["settings"].push_back(fmt::format("{}, {}, {}", sql::literal(context_.table(t)), sql::literal(pair.name_text),
                                                   sql::literal(pair.legacy_text)));
      }
    }
    return out;
  }

  Step hook() const {
    Step out = way_back("hook_back", "triggers fill the old keys of {} again");
    out.data["unsync"] = unsync_if_there(context_, t_);  // the way forward may not have come to its end
    out.data["sync"] = sync(context_, t_, Follows::old_key);
    return out;
  }

  Step old_index(TableId t, const TwinIndex& index) const {
    Step out = step(t, index.legacy_twin, "old_index");
    out.up_title = "nothing to do on the way forward";
    out.down_title = fmt::format("builds {} beside the writes to {}", index.legacy_twin, out.table);
    out.transactional = false;
    const auto name = sql::identifier(context_.model.tables[t].name().schema) + "." + index.legacy_twin;
    out.data["index"] = name;
    out.data["index_literal"] = sql::literal(name);
    out.data["name"] = index.legacy_twin;
    out.data["unique"] = index.unique ? "UNIQUE " : "";
    out.data["definition"] = index.old_definition;
    return out;
  }

  Step join_back() const {
    Step out = join_step(context_, t_, id(t_, "join_back"), true);
    out.up_title = "nothing to do on the way forward";
    out.down_title = fmt::format("old indexes of {} from those of its partitions, which builds none of these", out.table);
    return out;
  }

  Step way_back(const char* kind, const char* title) const {
    Step out = step(t_, kind, kind);
    out.up_title = "nothing to do on the way forward";
    out.down_title = fmt::format(fmt::runtime(title), out.table);
    out.data["names"] = sql::text_array(context_.names(t_, &Pair::name_text));
    out.data["others"] = sql::text_array(context_.names(t_, &Pair::legacy_text));
    add_parts(context_, t_, out.data);
    return out;
  }

  // Forward the columns go last, so that all else is done wherever they are gone.
  void order(std::vector<Step>& steps) const {
    Step& contract = steps.back();
    contract.undo_needs = {cleanup_.id + ".close"};
    std::string before = contract.id;
    for (auto& step : steps) {
      step.needs = {cleanup_.id + ".open"};
      if (step.id == contract.id) continue;
      contract.needs.push_back(step.id);
      step.undo_needs = {before};
      before = step.id;
    }
  }

  const OnlinePhase& context_;
  const model::Phase& cleanup_;
  TableId t_;
};

// What becomes of the bridge: `contracts` need it gone, and it comes back after them.
Step end_of_bridge(const model::Model& model, const model::Phase& cleanup, std::vector<std::vector<Step>>& contracts) {
  Step step{cleanup.id + ".bridge", "end_bridge", "", "both versions of the application are one: their views go",
            "views of both shapes again", cleanup.written->name.span};
  step.needs = {cleanup.id + ".open"};
  step.data["bridges"] = bridge_schemas();
  step.data["tables"] = json::array();
  for (const auto& phase : model.phases) {
    if (phase.stage != model::Stage::swap) continue;
    const OnlinePhase context(model, phase);
    for (TableId t : context.heads) {
      step.data["tables"].push_back({{"table", sql::literal(context.table(t))},
                                     {"name", sql::identifier(model.tables[t].name().name)},
                                     {"names", sql::text_array(context.names(t, &Pair::name_text))},
                                     {"legacy", sql::text_array(context.names(t, &Pair::legacy_text))}});
    }
  }
  for (auto& steps : contracts) {
    steps.back().needs.push_back(step.id);
    step.undo_needs.push_back(steps[steps.size() - 2].id);
  }
  return step;
}

}  // namespace

std::vector<std::vector<Step>> contract_steps(const model::Model& model, const model::Phase& cleanup) {
  std::vector<std::vector<Step>> out;
  std::map<TableId, std::string> kept;  // by the table, the step after which its rows have their old keys again
  for (TableId t : model.order) {
    const auto phase = std::find_if(model.phases.begin(), model.phases.end(), [&](const model::Phase& p) {
      return p.stage == model::Stage::swap && std::find(p.changed.begin(), p.changed.end(), t) != p.changed.end();
    });
    if (phase == model.phases.end()) continue;
    const OnlinePhase context(model, *phase);
    if (!context.columns.contains(t)) continue;  // a partition
    const Contract contract(context, cleanup, t);
    out.push_back(contract.steps());
    Step& hook = out.back()[0];
    std::set<std::string> before;
    for (const auto& pair : context.pairs.at(t)) {
      const auto root = kept.find(model.columns[model.domain_of(pair.column).root].table);
      if (root != kept.end()) before.insert(root->second);
    }
    hook.undo_needs.insert(hook.undo_needs.end(), before.begin(), before.end());
    kept[t] = contract.kept();
  }
  if (model.plan->bridge.value) out.insert(out.begin(), {end_of_bridge(model, cleanup, out)});
  return out;
}

}  // namespace rekey::lower
