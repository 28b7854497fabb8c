// The second half of an online phase: one short transaction over all its tables gives the columns each other's names,
// with keys, indexes, defaults, foreign keys and what else uses them. From then on the old keys follow the new ones,
// so that the way back, the same transaction in the other direction, keeps the rows written since.
//
//   open ─▶ compare ─▶ swap ─▶ validate ─▶ join ─▶ close    close ─▶ settle ─▶ swap ─▶ validate ─▶ join ─▶ open
//
// Keys that are made from rows may be missing up to here. From `hold` on a row is refused that cannot have one:
//
//   open ─▶ hold ─▶ give ─▶ fill ─▶ keyed ─▶ not_null ─▶ compare
//
// Of a partitioned table the swap adds foreign keys partition by partition; `join` makes them one once they are valid.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/lower/dependents.h"
#include "compiler/lower/key_data.h"
#include "compiler/lower/online_exchange.h"
#include "compiler/lower/online_keys.h"
#include "compiler/lower/online_sync.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lower {
namespace {

using model::DependentId;
using model::ForeignKeyId;
using model::TableId;
using nlohmann::json;

// What stands before a change that goes `from` one state of the phase to the other: gone before it, made after it.
void take_away(const OnlinePhase& context, int from, Statements& out) {
  for (auto d = context.dependents.rbegin(); d != context.dependents.rend(); ++d) {
    const auto& dependent = context.model.dependents[*d];
    if (!leaves(dependent) || (from == 1 && !returns(dependent))) continue;
    out.push_back(drop_before(context.model, dependent, context.number() + from));
  }
}

void make_again(const OnlinePhase& context, int to, Statements& out) {
  for (DependentId d : context.dependents) {
    const auto& dependent = context.model.dependents[d];
    if (to == 1 && !returns(dependent)) continue;
    out.push_back(statements_before(context.model, dependent, context.number() + to));
  }
  for (DependentId d : context.renewed) {
    out.push_back(fmt::format("CALL rekey.renew_function({});", sql::literal(context.model.dependents[d].written->name.value)));
  }
}

void begin_old_keys(const OnlinePhase& context, Statements& out) {
  for (model::DomainId d : context.phase.domains) {
    const auto& domain = context.model.domains[d];
    if (domain.of_uuids) {  // an old key is no number
    } else if (context.has_own_ids(domain)) {
      out.push_back(fmt::format("CALL rekey.begin_ids({}, {}, {}, {});", sql::literal(context.ids(domain)), sql::literal(domain.name),
                                sql::literal(context.table(context.model.columns[domain.root].table)),
                                sql::literal(context.pair_of(domain.root).name_text)));
    } else {
      out.push_back(fmt::format("CALL rekey.save_sequences({});", sql::literal(domain.name)));
    }
    out.push_back(old_key_function(context, domain));
    if (context.bridged() && !domain.is_listed()) out.push_back(new_key_function(context, domain));
  }
}

// A line break before each statement that makes more than one.
Statements lines(const Statements& statements) {
  Statements out;
  for (auto text : statements) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.empty()) out.push_back(text);
  }
  return out;
}

// Whether an end of a statement in it may stand in a literal or a name.
bool has_two_readings(const std::string& statement) {
  bool in_name = false;
  for (std::size_t at = 0; at + 1 < statement.size(); ++at) {
    if (statement[at] == '"') in_name = !in_name;
    if (statement.compare(at, 2, ";\n") == 0 && (in_name || statement.find_first_of("'$") != std::string::npos)) return true;
  }
  return false;
}

// The server tells statements apart by the ends of lines; where a text of the user's could be taken for two, each comes
// by itself.
Statements plan_changes(const Statements& statements) {
  const std::string mark = "$swap$", text = fmt::format("\n{}\n", fmt::join(statements, "\n"));
  const bool unclear = std::any_of(statements.begin(), statements.end(), has_two_readings);
  if (!unclear && text.find(mark) == std::string::npos) return {fmt::format("CALL rekey.plan_changes({0}{1}{0});", mark, text)};
  Statements out;
  for (const auto& statement : statements) out.push_back(fmt::format("CALL rekey.plan_changes({}, '');", sql::dollar_quoted(statement)));
  return out;
}

// Views that go come first: who reads one has it before its tables, and would wait for those while we wait for it.
void lock_out(const OnlinePhase& context, int from, const std::vector<std::string>& tables, json& data) {
  std::vector<std::string> all;
  for (DependentId d : context.dependents) {
    const auto& dependent = context.model.dependents[d];
    if (dependent.written->kind.value != plan::DependentKind::view || !leaves(dependent) || (from == 1 && !returns(dependent))) continue;
    all.push_back(dependent.written->name.value);
  }
  for (TableId t : context.heads) {
    if (from == 1 && context.bridged()) all.push_back("rekey_new." + sql::identifier(context.model.tables[t].name().name));
  }
  data["views"] = all.empty() ? "" : "\n-- Locking a view locks what it reads, for as long.";
  all.insert(all.end(), tables.begin(), tables.end());
  for (TableId t : context.heads) {  // an identity goes with its sequence
    for (const auto& pair : context.pairs.at(t)) {
      const auto& column = *context.model.columns[pair.column].written;
      if (from == 1 || column.identity.value == plan::Identity::none) continue;
      all.push_back("SEQUENCE " + sql::table(*plan::parse_table_name(column.sequence.value)));
    }
  }
  for (auto& name : all) name = sql::literal(name);
  data["locked_literals"] = fmt::format("{}", fmt::join(all, ", "));
}

json under_lock(const OnlinePhase& context, int from) {
  Statements out;
  take_away(context, from, out);
  out.push_back("CALL rekey.make_changes();");
  make_again(context, 1 - from, out);
  return lines(out);
}

json ahead_of_locks(Statements looked, const Statements& exchanged) {
  for (const auto& text : plan_changes(lines(exchanged))) looked.push_back(text);
  return lines(looked);
}

Step swap_step(const OnlinePhase& context) {
  Step step{context.own("swap"), "swap", "", "", "", context.phase.written->name.span};
  step.up_title = fmt::format("the new keys take the names of the old ones in {}", counted(context.phase.changed.size(), "table"));
  step.down_title = "the old keys take their names back";
  std::vector<std::string> tables;
  for (TableId t : context.locked()) tables.push_back(context.table(t));
  step.data["locked"] = fmt::format("{}", fmt::join(tables, ", "));
  lock_out(context, 0, tables, step.data["up"]);
  lock_out(context, 1, tables, step.data["down"]);
  Statements before, before_back;  // what needs no lock
  begin_old_keys(context, before);
  for (TableId t : context.heads) {
    before.push_back(sync_function(context, t, Follows::old_key));
    before_back.push_back(sync_function(context, t, Follows::new_key_again));
  }
  step.data["up"]["before"] = lines(before);
  step.data["down"]["before"] = lines(before_back);
  step.data["up"]["ahead"] = ahead_of_locks(look_ahead(context), exchange(context));
  step.data["down"]["ahead"] = ahead_of_locks(look_back(context), exchange_back(context));
  step.data["up"]["statements"] = under_lock(context, 0);
  step.data["down"]["statements"] = under_lock(context, 1);
  return step;
}

Step open_step(const OnlinePhase& context) {
  Step step{context.own("open"), "open_swap", "", fmt::format("opens phase {}", context.phase.id), "the phase is rolled back",
            context.phase.written->name.span};
  step.data["phase"] = sql::literal(context.phase.id);
  step.data["prepared"] = sql::literal(context.prepare.id);
  step.data["keys"] = json::array();
  for (TableId t : context.heads) {
    for (const auto& arguments : key_arguments(context, t)) step.data["keys"].push_back(arguments);
  }
  return step;
}

void add_names(const OnlinePhase& context, TableId t, Step& step) {
  step.data["names"] = sql::text_array(context.names(t, &Pair::name_text));
  step.data["others"] = sql::text_array(context.names(t, &Pair::shadow_text));
  add_parts(context, t, step.data);
}

Step hold_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.id(t, "hold"), "hold");
  step.up_title = fmt::format("from now on rows of {} that cannot have a new key are refused", step.table);
  step.down_title = fmt::format("rows of {} may be without a new key again", step.table);
  step.needs = {context.own("open")};
  step.data["sync"] = sync_function(context, t, Follows::new_key_strictly);
  step.data["sync_before"] = sync_function(context, t, Follows::new_key);
  add_names(context, t, step);
  return step;
}

// Beside the application, and few: rows written while they were prepared.
Step fill_step(const OnlinePhase& context, TableId t, std::string id, const std::string& assigned, const std::string& missing) {
  Step step = table_step(context, t, std::move(id), "backfill");
  step.down_title = "nothing to take back";
  step.transactional = false;
  step.data["assigned"] = sql::dollar_quoted(assigned);
  step.data["missing"] = sql::dollar_quoted(missing);
  return step;
}

std::string give_id(const OnlinePhase& context, const model::Domain& domain) {
  return fmt::format("{}.{}.give", context.phase.id, column_slug(context.model, domain.root));
}

Step keyed_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.id(t, "keyed"), "keyed");
  step.up_title = fmt::format("every row of {} has a new key", step.table);
  step.down_title = "nothing to take back";
  for (TableId member : context.stored(t)) step.needs.push_back(context.id(member, "fill"));
  step.data["keys"] = key_arguments(context, t);
  return step;
}

// The rows that lack a key that is made from rows get it, or are named.
std::vector<Step> give_steps(const OnlinePhase& context) {
  std::vector<Step> out;
  std::vector<std::string> given;
  for (TableId t : context.heads) {
    if (!holds_given(context, t)) continue;
    out.push_back(hold_step(context, t));
    given.push_back(out.back().id);
  }
  for (model::DomainId d : given_domains(context)) {  // in turn: names may hold keys of those before
    const auto& domain = context.model.domains[d];
    const TableId t = context.model.columns[domain.root].table;
    Step step = fill_step(context, t, give_id(context, domain), giving(domain, context), not_given(domain, context));
    step.up_title = fmt::format("gives keys of {} to rows that have none", domain.name);
    step.needs = given;
    given.push_back(step.id);
    out.push_back(std::move(step));
  }
  for (TableId t : context.heads) {
    if (!holds_given(context, t)) continue;
    for (TableId member : context.stored(t)) {
      Step fill = fill_step(context, member, context.id(member, "fill"), filled(context, member), differing(context, member));
      fill.up_title = fmt::format("fills the new columns of {} that were left", fill.table);
      fill.needs = given;
      out.push_back(std::move(fill));
    }
    out.push_back(keyed_step(context, t));
    Step not_null = table_step(context, t, context.id(t, "not_null"), "not_null");
    not_null.up_title = fmt::format("new keys of {} become NOT NULL, by the check: without a scan", not_null.table);
    not_null.down_title = "nothing to take back";
    not_null.needs = {context.id(t, "keyed")};
    add_names(context, t, not_null);
    out.push_back(std::move(not_null));
  }
  return out;
}

Step compare_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.id(t, "compare"), "compare");
  step.up_title = fmt::format("every row of {} has the new key of its old one", step.table);
  step.down_title = "nothing to take back";
  step.needs = {holds_given(context, t) ? context.id(t, "not_null") : context.own("open")};
  step.data["given"] = json::array();
  for (model::DomainId d : given_at(context, t)) {
    const auto& domain = context.model.domains[d];
    step.data["given"].push_back(fmt::format("{}, {}", sql::dollar_quoted(giving(domain, context)), sql::dollar_quoted(not_given(domain, context))));
  }
  step.data["condition"] = sql::dollar_quoted(disagreement(context, t, Follows::new_key_strictly));
  return step;
}

Step validate_step(const OnlinePhase& context, TableId child) {
  Step step = table_step(context, child, context.id(child, "validate"), "validate");
  step.up_title = fmt::format("checks every row of {} against its foreign keys", step.table);
  step.down_title = step.up_title;
  step.undo_always = true;
  step.needs = {context.own("swap")};
  step.undo_needs = {context.own("swap")};
  step.data["foreign_keys"] = json::array();
  for (ForeignKeyId f : context.foreign_keys.at(child)) {
    const auto& written = *context.model.foreign_keys[f].written;
    if (written.holds()) step.data["foreign_keys"].push_back({{"name", sql::identifier(written.name.value)}});
  }
  step.data["forward"] = step.data["foreign_keys"];
  return step;
}

// The foreign keys of a partitioned table: of each partition by itself, and, once all hold, the one of the table.
std::vector<Step> join_steps(const OnlinePhase& context, TableId child) {
  Step join = table_step(context, child, context.id(child, "join"), "join_keys");
  join.up_title = join.down_title = fmt::format("foreign keys of {} from those of its partitions, which hold", join.table);
  join.undo_always = true;
  join.data["foreign_keys"] = json::array();
  std::vector<std::string> keys;
  std::set<TableId> locked{child};
  for (ForeignKeyId f : context.foreign_keys.at(child)) {
    const auto& fk = context.model.foreign_keys[f];
    if (!context.is_joined(fk)) continue;
    locked.insert(fk.parent);
    keys.push_back(foreign_key_arguments(context, fk));
    json item = {{"arguments", keys.back()}, {"definition", sql::literal(foreign_key_clause(context.model, fk))},
                 {"name", sql::identifier(fk.written->name.value)}};
    if (!fk.written->comment.value.empty()) item["comment"] = sql::literal(fk.written->comment.value);
    join.data["foreign_keys"].push_back(item);
  }
  if (keys.empty()) return {};
  std::vector<std::string> names;
  for (TableId t : locked) names.push_back(sql::literal(context.table(t)));
  join.data["locked"] = fmt::format("{}", fmt::join(names, ", "));
  std::vector<Step> out;
  for (TableId t : context.stored(child)) {
    const auto kind = fmt::format("validate.{}", child + 1);  // it may have keys of several tables, and of its own
    Step step = table_step(context, t, context.id(t, kind.c_str()), "validate_parts");
    step.up_title = step.down_title = fmt::format("checks every row of {} against the foreign keys of {}", step.table, join.table);
    step.undo_always = true;
    step.needs = step.undo_needs = {context.own("swap")};
    step.data["foreign_keys"] = json::array();
    for (const auto& key : keys) step.data["foreign_keys"].push_back({{"arguments", step.data["table_literal"].get<std::string>() + ", " + key}});
    join.needs.push_back(step.id);
    out.push_back(std::move(step));
  }
  join.needs.push_back(context.own("swap"));
  join.undo_needs = join.needs;
  out.push_back(std::move(join));
  return out;
}

// On the way back alone: whatever was written since, past the triggers too, has its old keys before they are needed.
Step settle_step(const OnlinePhase& context, TableId t) {
  Step step = settling_step(context, t, context.id(t, "settle"), "settle_keys");
  step.up_title = "nothing to do on the way forward";
  step.undo_always = true;  // it may not have come to the end of the way forward
  step.needs = {context.own("swap")};
  step.undo_needs = {context.own("close")};
  return step;
}

void add_checks(const OnlinePhase& context, json& verify) {
  verify["agreeing"] = verify["columns"] = verify["changed"] = json::array();
  verify["foreign_keys"] = foreign_key_checks(context);
  for (TableId t : context.phase.changed) verify["changed"].push_back(sql::literal(context.table(t)));
  for (TableId t : context.heads) {
    const auto table = sql::literal(context.table(t));
    verify["agreeing"].push_back({{"table", table}, {"condition", sql::dollar_quoted(disagreement(context, t, Follows::old_key))}});
    for (const auto& pair : context.pairs.at(t)) {
      verify["columns"].push_back({{"table", table}, {"column", sql::literal(context.model.columns[pair.column].name())}});
    }
  }
}

}  // namespace

Phase lower_swap(const model::Model& model, const model::Phase& phase) {
  const OnlinePhase context(model, phase);
  Phase lowered = begin_phase(phase);
  Step swap = swap_step(context);
  Step close{context.own("close"), "close_cleanup", "", "the phase is applied", "opens the way back", phase.written->name.span};
  close.data["phase"] = sql::literal(phase.id);
  close.needs = {swap.id};
  std::vector<Step> gives = give_steps(context), compares, validates, settles;  // the last are for the way back
  for (TableId t : context.heads) {
    compares.push_back(compare_step(context, t));
    swap.needs.push_back(compares.back().id);
    for (TableId member : context.settled(t)) {
      settles.push_back(settle_step(context, member));
      swap.undo_needs.push_back(settles.back().id);
      close.needs.push_back(settles.back().id);
    }
  }
  for (const auto& [child, keys] : context.foreign_keys) {
    if (context.validates(child)) validates.push_back(validate_step(context, child));
    if (!model.tables[child].partitioned()) continue;
    auto joins = join_steps(context, child);
    std::move(joins.begin(), joins.end(), std::back_inserter(validates));
  }
  for (const auto& step : validates) close.needs.push_back(step.id);
  for (auto* group : {&compares, &gives}) {
    for (auto& step : *group) step.undo_needs = {swap.id};
  }
  lowered.undo_order.push_back(close.id);
  for (const auto& step : settles) lowered.undo_order.push_back(step.id);
  lowered.undo_order.push_back(swap.id);
  for (const auto* group : {&validates, &compares}) {
    for (const auto& step : *group) lowered.undo_order.push_back(step.id);
  }
  std::for_each(gives.rbegin(), gives.rend(), [&](const Step& step) { lowered.undo_order.push_back(step.id); });
  lowered.undo_order.push_back(context.own("open"));
  lowered.steps.push_back(open_step(context));
  std::move(gives.begin(), gives.end(), std::back_inserter(lowered.steps));
  std::move(compares.begin(), compares.end(), std::back_inserter(lowered.steps));
  lowered.steps.push_back(std::move(swap));
  for (auto* group : {&validates, &settles}) std::move(group->begin(), group->end(), std::back_inserter(lowered.steps));
  lowered.steps.push_back(std::move(close));
  for (std::size_t i = 1; i < lowered.steps.size(); ++i) lowered.steps.front().undo_needs.push_back(lowered.steps[i].id);
  add_checks(context, lowered.verify);
  return lowered;
}

}  // namespace rekey::lower
