#include "compiler/lower/online_exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/offline_defaults.h"
#include "compiler/lower/online_sync.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::ForeignKeyId;
using model::TableId;

bool has_partitions(const OnlinePhase& context, TableId t) { return context.model.tables[t].partitioned(); }

void expect_trees(const OnlinePhase& context, Statements& out) {
  for (TableId t : context.heads) {
    if (!has_partitions(context, t)) continue;
    out.push_back(fmt::format("CALL rekey.expect_tree({}, {}, {});", sql::literal(context.table(t)), context.members(t),
                              sql::text_array(context.names(t, &Pair::name_text))));
  }
}

bool has_parts(const OnlinePhase& context, const model::ForeignKey& fk) {
  return has_partitions(context, fk.child) || has_partitions(context, fk.parent);
}

void drop_foreign_keys(const OnlinePhase& context, Statements& out) {
  for (ForeignKeyId f : context.phase.touched) {
    const auto& fk = context.model.foreign_keys[f];
    if (context.is_joined(fk)) {
      out.push_back(fmt::format("CALL rekey.drop_foreign_key({});", foreign_key_arguments(context, fk)));
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
      out.push_back(fmt::format("CALL rekey.add_foreign_key_parts({}, {});", foreign_key_arguments(context, fk),
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

}  // namespace

std::string foreign_key_arguments(const OnlinePhase& context, const model::ForeignKey& fk) {
  return fmt::format("{}, {}, {}", sql::literal(context.table(fk.child)), sql::literal(fk.written->name.value),
                     sql::literal(context.table(fk.parent)));
}

Statements exchange(const OnlinePhase& context) {
  Statements out;
  expect_trees(context, out);
  catch_up(context, out);
  drop_foreign_keys(context, out);
  for (TableId t : context.heads) swap_table(context, t, out);
  add_foreign_keys(context, out);
  bridge(context, true, out);
  return out;
}

Statements exchange_back(const OnlinePhase& context) {
  Statements out;
  expect_trees(context, out);
  bridge(context, false, out);
  drop_foreign_keys(context, out);
  end_old_keys(context, out);
  for (TableId t : context.heads) swap_back(context, t, out);
  add_foreign_keys(context, out);
  out.push_back(reopen(context));
  return out;
}

}  // namespace rekey::lower
