#include "compiler/lower/online_exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/offline_defaults.h"
#include "compiler/lower/online_keys.h"
#include "compiler/lower/online_sync.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::ForeignKeyId;
using model::TableId;

bool has_partitions(const OnlinePhase& context, TableId t) { return context.model.tables[t].partitioned(); }

// A part of the plan that is looked up before the locks.
std::string given_by(const std::string& call) { return fmt::format("SELECT rekey.{};", call); }

// One ALTER TABLE for all of them: each would make the server read the table's description anew.
void alter_at_once(const std::string& table, const Statements& parts, Statements& out) {
  if (!parts.empty()) out.push_back(fmt::format("ALTER TABLE {}\n  {};", table, fmt::join(parts, ",\n  ")));
}

void expect_trees(const OnlinePhase& context, Statements& out) {
  for (TableId t : context.heads) {
    if (!has_partitions(context, t)) continue;
    out.push_back(fmt::format("CALL rekey.expect_tree({}, {}, {});", sql::literal(context.table(t)), context.members(t),
                              sql::text_array(context.names(t, &Pair::name_text))));
  }
}

void expect_known_indexes(const OnlinePhase& context, Statements& out) {
  for (TableId t : context.heads) {
    const auto calls = expect_indexes(context, t);
    out.insert(out.end(), calls.begin(), calls.end());
  }
}

bool has_parts(const OnlinePhase& context, const model::ForeignKey& fk) {
  return has_partitions(context, fk.child) || has_partitions(context, fk.parent);
}

// By child, in the plan's order.
std::map<TableId, std::vector<ForeignKeyId>> by_child(const OnlinePhase& context) {
  std::map<TableId, std::vector<ForeignKeyId>> out;
  for (ForeignKeyId f : context.phase.touched) out[context.model.foreign_keys[f].child].push_back(f);
  return out;
}

void keep_foreign_key_parts(const OnlinePhase& context, Statements& out) {
  for (const auto& [child, keys] : by_child(context)) {
    const bool parts = std::any_of(keys.begin(), keys.end(), [&](ForeignKeyId f) { return has_parts(context, context.model.foreign_keys[f]); });
    if (parts) out.push_back(fmt::format("CALL rekey.keep_foreign_key_parts({});", sql::literal(context.table(child))));
  }
}

void drop_foreign_keys(const OnlinePhase& context, Statements& out) {
  for (const auto& [child, keys] : by_child(context)) {
    Statements drops;
    for (ForeignKeyId f : keys) {
      const auto& fk = context.model.foreign_keys[f];
      if (context.is_joined(fk)) out.push_back(given_by(fmt::format("foreign_key_drops({})", foreign_key_arguments(context, fk))));
      else drops.push_back("DROP CONSTRAINT " + sql::identifier(fk.written->name.value));
    }
    alter_at_once(context.table(child), drops, out);
  }
}

// Enforced from here on; what is there is checked afterwards, without this transaction's locks.
void add_foreign_keys(const OnlinePhase& context, Statements& out) {
  for (const auto& [child, keys] : by_child(context)) {
    const auto table = context.table(child);
    Statements additions, more;
    bool parts = false;
    for (ForeignKeyId f : keys) {
      const auto& fk = context.model.foreign_keys[f];
      const auto clause = foreign_key_clause(context.model, fk);
      if (context.is_joined(fk)) {
        out.push_back(given_by(fmt::format("foreign_key_additions({}, {})", foreign_key_arguments(context, fk), sql::literal(clause))));
        continue;
      }
      parts = parts || has_parts(context, fk);
      const auto name = sql::identifier(fk.written->name.value);
      additions.push_back(fmt::format("ADD CONSTRAINT {} {} {}", name, clause, fk.written->enforced.value ? "NOT VALID" : "NOT ENFORCED"));
      if (!fk.written->comment.value.empty()) {
        more.push_back(fmt::format("COMMENT ON CONSTRAINT {} ON {} IS {};", name, table, sql::literal(fk.written->comment.value)));
      }
    }
    alter_at_once(table, additions, out);
    if (parts) out.push_back(fmt::format("CALL rekey.restore_foreign_key_parts({});", sql::literal(table)));
    out.insert(out.end(), more.begin(), more.end());
  }
}

// Columns of a table, each as it is called before the exchange: where the keys have the name of `other` now.
std::vector<std::string> called_now(const OnlinePhase& context, TableId t, std::vector<std::string> columns, std::string Pair::*other) {
  for (const auto& pair : context.pairs.at(t)) std::replace(columns.begin(), columns.end(), pair.name_text, pair.*other);
  return columns;
}

void expect_twins(const OnlinePhase& context, std::string Pair::*other, Statements& out) {
  for (TableId head : context.heads) {
    for (TableId t : context.partitioned(head)) {
      for (const auto& index : context.indexes.at(t)) {
        if (!index.key()) continue;
        out.push_back(fmt::format("CALL rekey.expect_twins({}, {}, true);", sql::literal(context.table(t)),
                                  sql::text_array(called_now(context, t, index.columns, other))));
      }
    }
  }
}

// What the keys' columns are called before the exchange and after it, as two arrays.
std::string renamed(const OnlinePhase& context, TableId t, bool up) {
  std::vector<std::string> now, later;
  for (const auto& pair : context.pairs.at(t)) {
    now.insert(now.end(), {pair.name_text, up ? pair.shadow_text : pair.legacy_text});
    later.insert(later.end(), {up ? pair.legacy_text : pair.shadow_text, pair.name_text});
  }
  return sql::text_array(now) + ", " + sql::text_array(later);
}

void swap_indexes(const OnlinePhase& context, TableId t, bool up, Statements& out) {
  for (const auto& index : context.indexes.at(t)) {
    const auto which = fmt::format("{}, {}", sql::literal(context.table(t)), index.name.empty() ? "NULL" : sql::literal(index.name));
    if (has_partitions(context, t) && index.key()) {
      const auto now = called_now(context, t, index.columns, up ? &Pair::shadow_text : &Pair::legacy_text);
      out.push_back(given_by(fmt::format("key_exchange({}, {}, {})", which, sql::text_array(index.columns), sql::text_array(now))));
      continue;
    }
    out.push_back(given_by(fmt::format("index_exchange({}, {}, {}, {})", which, sql::literal(up ? index.twin : index.legacy_twin),
                                       sql::literal(up ? index.legacy_twin : index.twin), renamed(context, t, up))));
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
  for (const auto& pair : context.pairs.at(t)) {
    rename(context, t, pair.name, pair.legacy, out);
    rename(context, t, pair.shadow, pair.name, out);
  }
  for (TableId member : context.model.family(t)) swap_indexes(context, member, true, out);
  for (const auto& pair : context.pairs.at(t)) {
    give_no_more(context, t, pair, out);
    out.push_back(set_new_default(context, pair.column, has_partitions(context, t) ? "" : "ONLY "));
  }
  give_partitions(context, t, true, out);
}

void swap_back(const OnlinePhase& context, TableId t, Statements& out) {
  const auto table = context.table(t);
  for (const auto& pair : context.pairs.at(t)) {
    if (!set_new_default(context, pair.column).empty()) alter(table, pair.name, "DROP DEFAULT", out);
    rename(context, t, pair.name, pair.shadow, out);
    rename(context, t, pair.legacy, pair.name, out);
    give_again(context, t, pair, out);
  }
  give_partitions(context, t, false, out);
  for (TableId member : context.model.family(t)) swap_indexes(context, member, false, out);
}

void copy_settings(const OnlinePhase& context, Statements& out) {
  for (TableId t : context.heads) {
    for (TableId member : context.model.family(t)) {
      for (const auto& pair : context.pairs.at(member)) {
        out.push_back(fmt::format("CALL rekey.copy_column_settings({}, {}, {});", sql::literal(context.table(member)),
                                  sql::literal(pair.name_text), sql::literal(pair.shadow_text)));
      }
    }
  }
}

void catch_up(const OnlinePhase& context, Statements& out) {
  std::vector<std::string> others;
  for (model::DomainId d : context.phase.domains) {
    const auto& domain = context.model.domains[d];
    const auto name = sql::literal(domain.name);
    if (domain.of_uuids) continue;
    if (context.has_own_ids(domain)) out.push_back(fmt::format("CALL rekey.catch_up_ids({}, {});", sql::literal(context.ids(domain)), name));
    else others.push_back(name);
  }
  if (!others.empty()) out.push_back(fmt::format("CALL rekey.save_positions({});", fmt::join(others, ", ")));
}

void end_old_keys(const OnlinePhase& context, Statements& out) {
  for (model::DomainId d : context.phase.domains) {
    const auto& domain = context.model.domains[d];
    out.push_back(fmt::format("DROP FUNCTION {}(uuid);", context.old_key(context.pair_of(domain.root))));
    if (context.bridged() && !domain.is_listed()) out.push_back(fmt::format("DROP FUNCTION {}(bigint);", context.new_key(context.pair_of(domain.root))));
    if (!domain.of_uuids) out.push_back(fmt::format("CALL rekey.end_ids({}, {});", sql::literal(context.ids(domain)), sql::literal(domain.name)));
  }
}

// Its argument is the type of the table's rows, which would hold the table.
void drop_made_keys(const OnlinePhase& context, Statements& out) {
  for (model::DomainId d : given_domains(context)) out.push_back(drop_made_key(context, context.model.domains[d]));
}

// The type of a column tells whether it has changed, but of one that is a uuid before too.
void note_uuids(const OnlinePhase& context, bool up, Statements& out) {
  for (TableId t : context.phase.changed) {
    std::vector<std::string> columns;
    for (const auto& pair : context.pairs.at(t)) {
      if (context.model.columns[pair.column].uuid()) columns.push_back(pair.name_text);
    }
    if (columns.empty()) continue;
    out.push_back(fmt::format("CALL rekey.note_changed({}, {}, {});", sql::text_array({context.table(t)}), sql::text_array(columns), up));
  }
}

// Of the new shape: like those of the old one they follow their columns when these are renamed.
void make_bridge(const OnlinePhase& context, Statements& out) {
  for (TableId t : context.heads) {
    const auto names = sql::text_array(context.names(t, &Pair::name_text)), shadows = sql::text_array(context.names(t, &Pair::shadow_text));
    out.push_back(fmt::format("CALL rekey.make_bridge('rekey_new', {}, {}, {}, {}, {});", sql::literal(context.table(t)), shadows, names,
                              shadows, names));
  }
}

void drop_bridge(const OnlinePhase& context, Statements& out) {
  Statements views;
  for (TableId t : context.heads) views.push_back("rekey_new." + sql::identifier(context.model.tables[t].name().name));
  out.push_back(fmt::format("DROP VIEW {};", fmt::join(views, ", ")));
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

Statements look_ahead(const OnlinePhase& context) {
  Statements out;
  expect_trees(context, out);
  expect_known_indexes(context, out);
  expect_twins(context, &Pair::shadow_text, out);
  copy_settings(context, out);
  keep_foreign_key_parts(context, out);
  if (context.bridged()) make_bridge(context, out);
  return out;
}

Statements exchange(const OnlinePhase& context) {
  Statements out;
  catch_up(context, out);
  drop_foreign_keys(context, out);
  for (TableId t : context.heads) swap_table(context, t, out);
  add_foreign_keys(context, out);
  if (!context.bridged()) drop_made_keys(context, out);
  note_uuids(context, true, out);
  return out;
}

Statements look_back(const OnlinePhase& context) {
  Statements out;
  expect_trees(context, out);
  expect_known_indexes(context, out);
  expect_twins(context, &Pair::legacy_text, out);
  keep_foreign_key_parts(context, out);
  return out;
}

Statements exchange_back(const OnlinePhase& context) {
  Statements out;
  if (context.bridged()) drop_bridge(context, out);
  drop_foreign_keys(context, out);
  end_old_keys(context, out);
  for (TableId t : context.heads) swap_back(context, t, out);
  add_foreign_keys(context, out);
  note_uuids(context, false, out);
  out.push_back(reopen(context));
  return out;
}

}  // namespace rekey::lower
