// The second half of an online phase: one short transaction over all its tables gives the columns each other's names,
// with keys, indexes, defaults, foreign keys and what else uses them. From then on the old keys follow the new ones,
// so that the way back, the same transaction in the other direction, keeps the rows written since.
//
//   open ─▶ compare ─▶ swap ─▶ validate ─▶ join ─▶ close    close ─▶ settle ─▶ swap ─▶ validate ─▶ join ─▶ open
//
// Of a partitioned table the swap adds foreign keys partition by partition; `join` makes them one once they are valid.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/dependents.h"
#include "compiler/lower/key_data.h"
#include "compiler/lower/offline_defaults.h"
#include "compiler/lower/online_phase.h"
#include "compiler/lower/online_sync.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::DependentId;
using model::ForeignKeyId;
using model::TableId;
using nlohmann::json;

using Statements = std::vector<std::string>;

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

bool has_partitions(const OnlinePhase& context, TableId t) { return context.model.tables[t].partitioned(); }

// A foreign key as procedures of templates/foundation/foreign_key_parts.sql take it.
std::string arguments(const OnlinePhase& context, const model::ForeignKey& fk) {
  return fmt::format("{}, {}, {}", sql::literal(context.table(fk.child)), sql::literal(fk.written->name.value),
                     sql::literal(context.table(fk.parent)));
}

bool has_parts(const OnlinePhase& context, const model::ForeignKey& fk) {
  return has_partitions(context, fk.child) || has_partitions(context, fk.parent);
}

void drop_foreign_keys(const OnlinePhase& context, Statements& out) {
  for (ForeignKeyId f : context.phase.touched) {
    const auto& fk = context.model.foreign_keys[f];
    if (context.is_joined(fk)) {
      out.push_back(fmt::format("CALL rekey.drop_foreign_key({});", arguments(context, fk)));
      continue;
    }
    if (has_parts(context, fk)) out.push_back(fmt::format("CALL rekey.keep_foreign_key_parts({});", sql::literal(context.table(fk.child))));
    out.push_back(fmt::format("ALTER TABLE {} DROP CONSTRAINT {};", context.table(fk.child), sql::identifier(fk.written->name.value)));
  }
}

// Enforced from here on; what is there is checked afterwards, without this transaction's locks.
void add_foreign_keys(const OnlinePhase& context, Statements& out) {
  for (ForeignKeyId f : context.phase.touched) {
    const auto& fk = context.model.foreign_keys[f];
    const auto name = sql::identifier(fk.written->name.value), table = context.table(fk.child);
    if (context.is_joined(fk)) {
      out.push_back(fmt::format("CALL rekey.add_foreign_key_parts({}, {});", arguments(context, fk),
                                sql::literal(foreign_key_clause(context.model, fk))));
      continue;
    }
    out.push_back(fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {} {};", table, name, foreign_key_clause(context.model, fk),
                              fk.written->enforced.value ? "NOT VALID" : "NOT ENFORCED"));
    if (has_parts(context, fk)) out.push_back(fmt::format("CALL rekey.restore_foreign_key_parts({});", sql::literal(context.table(fk.child))));
    if (fk.written->comment.value.empty()) continue;
    out.push_back(fmt::format("COMMENT ON CONSTRAINT {} ON {} IS {};", name, table, sql::literal(fk.written->comment.value)));
  }
}

// Before the columns have each other's names: the twins of a key, partition by partition.
void expect_twins(const OnlinePhase& context, TableId head, std::string Pair::*other, Statements& out) {
  for (TableId t : context.partitioned(head)) {
    for (const auto& index : context.indexes.at(t)) {
      if (!index.key()) continue;
      auto columns = index.columns;
      for (const auto& pair : context.pairs.at(t)) std::replace(columns.begin(), columns.end(), pair.name_text, pair.*other);
      out.push_back(fmt::format("CALL rekey.expect_twins({}, {}, true);", sql::literal(context.table(t)), sql::text_array(columns)));
    }
  }
}

void swap_indexes(const OnlinePhase& context, TableId t, bool up, Statements& out) {
  for (const auto& index : context.indexes.at(t)) {
    if (has_partitions(context, t) && index.key()) {
      out.push_back(fmt::format("CALL rekey.swap_key({}, {}, {});", sql::literal(context.table(t)),
                                index.name.empty() ? "NULL" : sql::literal(index.name), sql::text_array(index.columns)));
      continue;
    }
    out.push_back(fmt::format("CALL rekey.swap_index({}, {}, {}, {});", sql::literal(context.table(t)),
                              index.name.empty() ? "NULL" : sql::literal(index.name),
                              sql::literal(up ? index.twin : index.legacy_twin), sql::literal(up ? index.legacy_twin : index.twin)));
  }
}

void rename(const OnlinePhase& context, TableId t, const std::string& from, const std::string& to, Statements& out) {
  out.push_back(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {};", context.table(t), from, to));
}

void alter(const std::string& table, const std::string& column, const std::string& how, Statements& out) {
  out.push_back(fmt::format("ALTER TABLE {} ALTER COLUMN {} {};", table, column, how));
}

// To the server the identity of a partition is its table's.
bool has_identity(const OnlinePhase& context, const Pair& pair) {
  const auto& column = context.model.columns[pair.column];
  return column.above == model::kNone && column.written->identity.value != plan::Identity::none;
}

// A trigger gives the old keys of new rows, whatever rights the application has.
void give_no_more(const OnlinePhase& context, TableId t, const Pair& pair, Statements& out) {
  if (has_identity(context, pair)) alter(context.table(t), pair.legacy, "DROP IDENTITY", out);
  if (!old_default(*context.model.columns[pair.column].written).empty()) alter(context.table(t), pair.legacy, "DROP DEFAULT", out);
}

void give_again(const OnlinePhase& context, TableId t, const Pair& pair, Statements& out) {
  const auto& column = *context.model.columns[pair.column].written;
  if (const auto was = old_default(column); !was.empty()) alter(context.table(t), pair.name, "SET DEFAULT " + was, out);
  if (!has_identity(context, pair)) return;
  alter(context.table(t), pair.name, identity(column), out);
  out.push_back(fmt::format("CALL rekey.restore_sequence({}, {});", sql::literal(context.table(t)), sql::literal(pair.name_text)));
}

// A default goes on to all partitions, also those that the plan does not know; here are the ones that have another.
void give_partitions(const OnlinePhase& context, TableId head, bool up, Statements& out) {
  const auto family = context.model.family(head);
  const auto given = [&](model::ColumnId c, bool old) {
    return old ? old_default(*context.model.columns[c].written) : set_new_default(context, c);
  };
  for (std::size_t i = 1; i < family.size(); ++i) {
    for (const auto& pair : context.pairs.at(family[i])) {
      const auto top = context.model.top(pair.column);
      const auto alone = "ONLY " + context.table(family[i]);
      if (!given(pair.column, up).empty() && given(top, up).empty()) alter(alone, up ? pair.legacy : pair.shadow, "DROP DEFAULT", out);
      const auto own = given(pair.column, !up);
      if (own.empty() && !given(top, !up).empty()) alter(alone, pair.name, "DROP DEFAULT", out);
      if (!own.empty() && up) out.push_back(own);
      if (!own.empty() && !up) alter(alone, pair.name, "SET DEFAULT " + own, out);
    }
  }
}

void swap_table(const OnlinePhase& context, TableId t, Statements& out) {
  const auto table = context.table(t);
  expect_twins(context, t, &Pair::shadow_text, out);
  out.push_back(unsync(context, t));
  for (const auto& pair : context.pairs.at(t)) {
    rename(context, t, pair.name, pair.legacy, out);
    rename(context, t, pair.shadow, pair.name, out);
  }
  out.push_back(fmt::format("CALL rekey.set_required({}, {}, {});", sql::literal(table),
                            sql::text_array(context.names(t, &Pair::legacy_text)), sql::text_array(context.names(t, &Pair::name_text))));
  for (TableId member : context.model.family(t)) {
    swap_indexes(context, member, true, out);
    for (const auto& pair : context.pairs.at(member)) {
      out.push_back(fmt::format("CALL rekey.copy_column_settings({}, {}, {});", sql::literal(context.table(member)),
                                sql::literal(pair.legacy_text), sql::literal(pair.name_text)));
      if (member != t) continue;
      give_no_more(context, t, pair, out);
      out.push_back(set_new_default(context, pair.column, has_partitions(context, t) ? "" : "ONLY "));
    }
  }
  give_partitions(context, t, true, out);
  out.push_back(sync_triggers(context, t, Follows::old_key));
}

void swap_back(const OnlinePhase& context, TableId t, Statements& out) {
  const auto table = context.table(t);
  expect_twins(context, t, &Pair::legacy_text, out);
  out.push_back(unsync(context, t));
  for (const auto& pair : context.pairs.at(t)) {
    if (!set_new_default(context, pair.column).empty()) alter(table, pair.name, "DROP DEFAULT", out);
    rename(context, t, pair.name, pair.shadow, out);
    rename(context, t, pair.legacy, pair.name, out);
    give_again(context, t, pair, out);
  }
  give_partitions(context, t, false, out);
  for (TableId member : context.model.family(t)) swap_indexes(context, member, false, out);
  out.push_back(sync_triggers(context, t, Follows::new_key_again));
}

void begin_old_keys(const OnlinePhase& context, Statements& out) {
  for (model::DomainId d : context.phase.domains) {
    const auto& domain = context.model.domains[d];
    if (context.has_own_ids(domain)) {
      out.push_back(fmt::format("CALL rekey.begin_ids({}, {}, {}, {});", sql::literal(context.ids(domain)), sql::literal(domain.name),
                                sql::literal(context.table(context.model.columns[domain.root].table)),
                                sql::literal(context.pair_of(domain.root).name_text)));
    }
    out.push_back(old_key_function(context, domain));
    if (context.bridged()) out.push_back(new_key_function(context, domain));
  }
}

void catch_up(const OnlinePhase& context, Statements& out) {
  for (model::DomainId d : context.phase.domains) {
    const auto& domain = context.model.domains[d];
    const auto name = sql::literal(domain.name);
    out.push_back(context.has_own_ids(domain) ? fmt::format("CALL rekey.catch_up_ids({}, {});", sql::literal(context.ids(domain)), name)
                                              : fmt::format("CALL rekey.save_sequences({});", name));
  }
}

void end_old_keys(const OnlinePhase& context, Statements& out) {
  for (model::DomainId d : context.phase.domains) {
    const auto& domain = context.model.domains[d];
    out.push_back(fmt::format("DROP FUNCTION {}(uuid);", context.old_key(context.pair_of(domain.root))));
    if (context.bridged()) out.push_back(fmt::format("DROP FUNCTION {}(bigint);", context.new_key(context.pair_of(domain.root))));
    out.push_back(fmt::format("CALL rekey.end_ids({}, {});", sql::literal(context.ids(domain)), sql::literal(domain.name)));
  }
}

// Of the new shape; those of the old one follow their columns.
void bridge(const OnlinePhase& context, bool up, Statements& out) {
  for (TableId t : context.heads) {
    if (!context.bridged()) return;
    const auto name = sql::identifier(context.model.tables[t].name().name);
    const auto names = sql::text_array(context.names(t, &Pair::name_text));
    out.push_back(up ? fmt::format("CALL rekey.make_bridge('rekey_new', {}, {}, {}, {}, {});", sql::literal(context.table(t)), names,
                                   sql::text_array(context.names(t, &Pair::legacy_text)), names, names)
                     : fmt::format("DROP VIEW rekey_new.{};", name));
  }
}

// Constraints take their indexes along when they go: the first half of the phase has to build those again before the
// next swap.
std::string reopen(const OnlinePhase& context) {
  std::vector<std::string> steps;
  for (TableId t : context.phase.changed) {
    for (const auto& index : context.indexes.at(t)) {
      if (!index.key() || has_partitions(context, t)) continue;
      for (const auto& twin : {index.twin, index.legacy_twin}) steps.push_back(context.prepare_id(t, twin));
    }
    if (context.columns.contains(t)) steps.push_back(context.prepare_id(t, "analyze"));
  }
  steps.push_back(context.prepare.id + ".close");
  return fmt::format("CALL rekey.reopen_phase({}, {});", sql::literal(context.prepare.id), sql::text_array(steps));
}

// A line break before each statement that makes more than one.
json lines(const Statements& statements) {
  json out = json::array();
  for (auto text : statements) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.empty()) out.push_back(text);
  }
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
  data["locked_literal"] = sql::literal(fmt::format("{}", fmt::join(all, ", ")));
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
  Statements before, before_back, up, down;  // what needs no lock comes before it
  begin_old_keys(context, before);
  for (TableId t : context.heads) {
    before.push_back(sync_function(context, t, Follows::old_key));
    before_back.push_back(sync_function(context, t, Follows::new_key_again));
  }
  catch_up(context, up);
  take_away(context, 0, up);
  drop_foreign_keys(context, up);
  for (TableId t : context.heads) swap_table(context, t, up);
  add_foreign_keys(context, up);
  make_again(context, 1, up);
  bridge(context, true, up);
  bridge(context, false, down);
  take_away(context, 1, down);
  drop_foreign_keys(context, down);
  end_old_keys(context, down);
  for (TableId t : context.heads) swap_back(context, t, down);
  add_foreign_keys(context, down);
  make_again(context, 0, down);
  down.push_back(reopen(context));
  step.data["up"]["before"] = lines(before);
  step.data["down"]["before"] = lines(before_back);
  step.data["up"]["statements"] = lines(up);
  step.data["down"]["statements"] = lines(down);
  return step;
}

Step open_step(const OnlinePhase& context) {
  Step step{context.own("open"), "open_swap", "", fmt::format("opens phase {}", context.phase.id), "the phase is rolled back",
            context.phase.written->name.span};
  step.data["phase"] = sql::literal(context.phase.id);
  step.data["prepared"] = sql::literal(context.prepare.id);
  return step;
}

Step compare_step(const OnlinePhase& context, TableId t) {
  Step step = table_step(context, t, context.id(t, "compare"), "compare");
  step.up_title = fmt::format("every row of {} has the new key of its old one", step.table);
  step.down_title = "nothing to take back";
  step.needs = {context.own("open")};
  step.data["condition"] = sql::dollar_quoted(disagreement(context, t, Follows::new_key));
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
  return step;
}

// The foreign keys of a partitioned table: of each partition by itself, and, once all hold, the one of the table.
std::vector<Step> join_steps(const OnlinePhase& context, TableId child) {
  Step join = table_step(context, child, context.id(child, "join"), "join_keys");
  join.up_title = join.down_title = fmt::format("foreign keys of {} from those of its partitions, which hold", join.table);
  join.undo_always = true;
  join.data["foreign_keys"] = json::array();
  std::vector<std::string> keys;
  for (ForeignKeyId f : context.foreign_keys.at(child)) {
    const auto& fk = context.model.foreign_keys[f];
    if (!context.is_joined(fk)) continue;
    keys.push_back(arguments(context, fk));
    json item = {{"arguments", keys.back()}, {"definition", sql::literal(foreign_key_clause(context.model, fk))},
                 {"name", sql::identifier(fk.written->name.value)}};
    if (!fk.written->comment.value.empty()) item["comment"] = sql::literal(fk.written->comment.value);
    join.data["foreign_keys"].push_back(item);
  }
  if (keys.empty()) return {};
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
  std::vector<Step> compares, validates, settles;  // the last are for the way back
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
  for (auto& step : compares) step.undo_needs = {swap.id};
  lowered.undo_order.push_back(close.id);
  for (const auto& step : settles) lowered.undo_order.push_back(step.id);
  lowered.undo_order.push_back(swap.id);
  for (const auto* group : {&validates, &compares}) {
    for (const auto& step : *group) lowered.undo_order.push_back(step.id);
  }
  lowered.undo_order.push_back(context.own("open"));
  lowered.steps.push_back(open_step(context));
  std::move(compares.begin(), compares.end(), std::back_inserter(lowered.steps));
  lowered.steps.push_back(std::move(swap));
  for (auto* group : {&validates, &settles}) std::move(group->begin(), group->end(), std::back_inserter(lowered.steps));
  lowered.steps.push_back(std::move(close));
  for (std::size_t i = 1; i < lowered.steps.size(); ++i) lowered.steps.front().undo_needs.push_back(lowered.steps[i].id);
  add_checks(context, lowered.verify);
  return lowered;
}

}  // namespace rekey::lower
