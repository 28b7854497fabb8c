// New columns are added empty, which touches no row, and filled by the ALTER TABLE that changes the table's keys: so it is
// read and written once, and its triggers see nothing of it. Keys are a hash of the columns that they stand for, as they
// are before their change, which rows that refer to them have as well: nothing is looked up.
#include "compiler/lower/reshape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/lower/offline_defaults.h"
#include "compiler/lower/sql.h"
#include "compiler/model/resolve.h"
#include "compiler/plan/names.h"

namespace rekey::lower {
namespace {

using model::ForeignKey;
using model::TableId;
using nlohmann::json;

constexpr const char* kTrigger = "\"~rekey_follow\"";

// The key that stands for these columns of the table, NULL where one of them is.
std::string surrogate_key(const model::Model& model, TableId t, const std::vector<std::string>& columns) {
  std::vector<std::string> texts;
  for (const auto& column : columns) texts.push_back(sql::identifier(column) + "::text");
  return fmt::format("rekey.surrogate_key(rekey.domain_secret({}), {})",
                     sql::literal(to_text(model.tables[t].name()) + "." + surrogate_of(model, t)->column), fmt::join(texts, ", "));
}

// The columns of a reference in the order of the key that it refers to, which it may name in another.
std::vector<std::string> in_key_order(const model::Model& model, const ForeignKey& fk) {
  std::vector<std::string> out;
  for (const auto& part : model.tables[fk.parent].written->primary_key) {
    const auto at = std::find(fk.parent_columns.begin(), fk.parent_columns.end(), part.value);
    out.push_back(fk.columns[at - fk.parent_columns.begin()]);
  }
  return out;
}

std::string table_of(const model::Model& model, TableId t) { return sql::table(model.tables[t].name()); }

void add_column(const std::string& column, const std::string& key, Step& step) {
  const auto name = sql::identifier(column);
  step.data["before"].push_back(fmt::format("ALTER TABLE {} ADD COLUMN {} uuid;", step.table, name));
  step.data["columns"].push_back({{"added", true}, {"name", name}, {"new_type", "uuid"}, {"new_key", key}});
}

void add_surrogate(const OfflinePhase& context, const model::Surrogate& surrogate, Step& step) {
  const auto& model = context.model;
  const auto columns = plan::to_strings(model.tables[surrogate.table].written->primary_key);
  const auto column = sql::identifier(surrogate.column);
  auto& data = step.data;
  add_column(surrogate.column, surrogate_key(model, surrogate.table, columns), step);
  data["before"].push_back(fmt::format("CALL rekey.release_key({});", sql::literal(step.table)));
  data["after"].push_back(fmt::format("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {};", step.table, column, default_of_new_keys(*model.plan)));
  data["after"].push_back(fmt::format("CALL rekey.take_key({}, {}, {}, {});", sql::literal(step.table), sql::literal(surrogate.column),
                                      sql::literal(surrogate.unique), sql::text_array(columns)));
  data["undo_before"].push_back(fmt::format("CALL rekey.leave_key({}, {});", sql::literal(step.table), sql::literal(surrogate.unique)));
  data["undo_after"].push_back(fmt::format("CALL rekey.restore_key({});", sql::literal(step.table)));
}

void add_follow(const OfflinePhase& context, const model::Follow& follow, Step& step) {
  const auto& fk = context.model.foreign_keys[follow.key];
  auto& data = step.data;
  add_column(follow.column, surrogate_key(context.model, fk.parent, in_key_order(context.model, fk)), step);
  data["after"].push_back(fmt::format("CALL rekey.require_like({}, {}, {});", sql::literal(step.table), sql::literal(follow.column),
                                      sql::text_array(fk.columns)));
  if (!follow.index.empty()) {
    data["after"].push_back(fmt::format("CREATE INDEX {} ON {} ({});", sql::identifier(follow.index), step.table, sql::identifier(follow.column)));
  }
}

std::string equal(const std::vector<std::string>& left, const std::vector<std::string>& right, const char* left_of, const char* right_of) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < left.size(); ++i) {
    parts.push_back(fmt::format("{}{} = {}{}", left_of, sql::identifier(left[i]), right_of, sql::identifier(right[i])));
  }
  return fmt::format("{}", fmt::join(parts, " AND "));
}

std::string listed(const std::vector<std::string>& columns, const char* of) {
  std::vector<std::string> out;
  for (const auto& column : columns) out.push_back(of + sql::identifier(column));
  return fmt::format("{}", fmt::join(out, ", "));
}

// The key counts where a statement writes it; else it follows the columns that it stands for.
std::string both_ways(const std::string& key, const std::vector<std::string>& others, const std::string& to_key, const std::string& to_others) {
  return fmt::format(R"(  IF TG_OP = 'INSERT' AND NEW.{0} IS NOT NULL OR TG_OP = 'UPDATE' AND NEW.{0} IS DISTINCT FROM OLD.{0} THEN
    {1}
  ELSIF TG_OP = 'INSERT' OR ROW({2}) IS DISTINCT FROM ROW({3}) THEN
    {4}
  END IF;
)", sql::identifier(key), to_others, listed(others, "NEW."), listed(others, "OLD."), to_key);
}

// Everything of a table that is kept equal, in any phase.
std::string trigger_body(const model::Model& model, TableId t) {
  std::string body;
  for (const auto& phase : model.phases) {
    for (const auto& follow : phase.follows) {
      const auto& fk = model.foreign_keys[follow.key];
      if (fk.child != t) continue;
      const auto key = sql::identifier(surrogate_of(model, fk.parent)->column);
      body += both_ways(follow.column, fk.columns,
                        fmt::format("NEW.{} := (SELECT p.{} FROM {} p WHERE {} FOR KEY SHARE);", sql::identifier(follow.column), key, table_of(model, fk.parent),
                                    equal(fk.parent_columns, fk.columns, "p.", "NEW.")),
                        fmt::format("SELECT {} INTO {} FROM {} p WHERE p.{} = NEW.{} FOR KEY SHARE;", listed(fk.parent_columns, "p."), listed(fk.columns, "NEW."),
                                    table_of(model, fk.parent), key, sql::identifier(follow.column)));
    }
    for (const auto& one : phase.consolidations) {
      const auto& other = model.foreign_keys[one.key].columns;
      if (one.table != t) continue;
      body += both_ways(one.column, other, fmt::format("NEW.{} := NEW.{};", sql::identifier(one.column), sql::identifier(other.front())),
                        fmt::format("NEW.{} := NEW.{};", sql::identifier(other.front()), sql::identifier(one.column)));
    }
  }
  return body;
}

std::string function_of(TableId t) { return fmt::format("rekey.follow_{}", t + 1); }

bool is_tied(const model::Model& model, TableId t) { return !trigger_body(model, t).empty(); }

// In a phase of its own each: the trigger is made where the last of them ends.
std::string tie(const model::Model& model, TableId t) {
  return fmt::format("CREATE FUNCTION {0}() RETURNS trigger\n"
                     "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp\nAS {1};\n"
                     "CREATE TRIGGER {2} BEFORE INSERT OR UPDATE ON {3}\n  FOR EACH ROW EXECUTE FUNCTION {0}();\n"
                     "ALTER TABLE {3} ENABLE ALWAYS TRIGGER {2};",
                     function_of(t), sql::dollar_quoted(fmt::format("\nBEGIN\n{}  RETURN NEW;\nEND\n", trigger_body(model, t))), kTrigger,
                     table_of(model, t));
}

std::string untie(const model::Model& model, TableId t) {
  return fmt::format("DROP TRIGGER {} ON {};\nDROP FUNCTION {}();", kTrigger, table_of(model, t), function_of(t));
}

// The last phase that ties the table: before it the columns of the trigger are not there.
model::PhaseId tied_in(const model::Model& model, TableId t) {
  model::PhaseId last = model::kNone;
  for (std::size_t p = 0; p < model.phases.size(); ++p) {
    const auto& phase = model.phases[p];
    const bool follows = std::any_of(phase.follows.begin(), phase.follows.end(), [&](const auto& f) { return model.foreign_keys[f.key].child == t; });
    const bool consolidated = std::any_of(phase.consolidations.begin(), phase.consolidations.end(), [&](const auto& c) { return c.table == t; });
    if (follows || consolidated) last = static_cast<model::PhaseId>(p);
  }
  return last;
}

json foreign_key(const std::string& constraint, const std::string& column, const model::Model& model, const ForeignKey& fk, const std::string& target) {
  model::ForeignKey like = fk;
  plan::ForeignKey written = *fk.written;
  written.match.value.clear();
  written.on_delete_columns.clear();
  like.written = &written;
  like.columns = {column};
  like.parent_columns = {target};
  return {{"name", sql::identifier(constraint)}, {"definition", foreign_key_clause(model, like) + " NOT VALID"}, {"valid", true}, {"in_parts", false}};
}

}  // namespace

void reshape(const OfflinePhase& context, TableId t, Step& step) {
  const auto& model = context.model;
  for (const auto& surrogate : context.phase.surrogates) {
    if (surrogate.table == t) add_surrogate(context, surrogate, step);
  }
  for (const auto& follow : context.phase.follows) {
    if (model.foreign_keys[follow.key].child == t) add_follow(context, follow, step);
  }
  if (tied_in(model, t) == context.number()) {
    step.data["after"].push_back(tie(model, t));
    auto& before = step.data["undo_before"];
    before.insert(before.begin(), untie(model, t));
  }
}

json new_foreign_keys(const OfflinePhase& context, TableId t) {
  json out = json::array();
  const auto& model = context.model;
  for (const auto& follow : context.phase.follows) {
    const auto& fk = model.foreign_keys[follow.key];
    if (fk.child == t) out.push_back(foreign_key(follow.constraint, follow.column, model, fk, surrogate_of(model, fk.parent)->column));
  }
  for (const auto& one : context.phase.consolidations) {
    const auto& fk = model.foreign_keys[one.key];
    if (one.table == t) out.push_back(foreign_key(one.constraint, one.column, model, fk, fk.parent_columns.front()));
  }
  return out;
}

std::vector<std::string> reshape_expectations(const OfflinePhase& context) {
  const auto& model = context.model;
  std::vector<std::string> out;
  for (const auto& surrogate : context.phase.surrogates) {
    std::vector<std::string> known;
    for (const auto& fk : model.foreign_keys) {
      if (fk.parent == surrogate.table) known.push_back(context.table(fk.child) + " " + fk.written->name.value);
    }
    const auto table = sql::literal(context.table(surrogate.table));
    const auto columns = sql::text_array(plan::to_strings(model.tables[surrogate.table].written->primary_key));
    out.push_back(fmt::format("CALL rekey.expect_texts({}, {}, {}, {});", table, columns, sql::literal(surrogate.column), sql::literal(surrogate.unique)));
    out.push_back(fmt::format("CALL rekey.expect_surrogate({}, {}, {});", table, columns, sql::text_array(known)));
  }
  for (const auto& follow : context.phase.follows) {
    const auto& fk = model.foreign_keys[follow.key];
    const auto table = sql::literal(context.table(fk.child));
    out.push_back(fmt::format("CALL rekey.expect_texts({}, {}, {}, {});", table, sql::text_array(fk.columns), sql::literal(follow.column), sql::literal(follow.index)));
    out.push_back(fmt::format("CALL rekey.expect_follower({}, {}, {}, {});", table, sql::text_array(fk.columns), sql::literal(context.table(fk.parent)),
                              sql::text_array(fk.parent_columns)));
  }
  for (const auto& one : context.phase.consolidations) {
    out.push_back(fmt::format("CALL rekey.expect_required({}, {});", sql::literal(context.table(one.table)),
                              sql::literal(model.foreign_keys[one.key].columns.front())));
  }
  return out;
}

namespace {

struct Tie {
  std::string column, query;  // rows in which the two sides say different things
};

// What a phase ties at a table; all phases where none is given.
std::vector<Tie> ties(const model::Model& model, TableId t, const model::Phase* only) {
  std::vector<Tie> out;
  const auto table = sql::table(model.tables[t].name());
  for (const auto& phase : model.phases) {
    if (only && &phase != only) continue;
    for (const auto& follow : phase.follows) {
      const auto& fk = model.foreign_keys[follow.key];
      if (fk.child != t) continue;
      const auto key = sql::identifier(follow.column);
      out.push_back({follow.column, fmt::format("SELECT FROM {0} c WHERE (c.{1} IS NULL) <> (num_nulls({2}) > 0) OR c.{1} IS NOT NULL AND NOT EXISTS ("
                                                "SELECT FROM {3} p WHERE p.{4} = c.{1} AND {5})", table, key, listed(fk.columns, "c."), table_of(model, fk.parent),
                                                sql::identifier(surrogate_of(model, fk.parent)->column), equal(fk.parent_columns, fk.columns, "p.", "c."))});
    }
    for (const auto& one : phase.consolidations) {
      if (one.table != t) continue;
      out.push_back({one.column, fmt::format("SELECT FROM {} c WHERE c.{} IS DISTINCT FROM c.{}", table, sql::identifier(one.column),
                                             sql::identifier(model.foreign_keys[one.key].columns.front()))});
    }
  }
  return out;
}

}  // namespace

json reshape_checks(const OfflinePhase& context) {
  json out = json::array();
  for (TableId t : context.phase.changed) {
    for (const auto& tie : ties(context.model, t, &context.phase)) {
      out.push_back({{"table", sql::literal(context.table(t))}, {"function", sql::literal(function_of(t))}, {"what", sql::literal(tie.column)},
                     {"query", sql::dollar_quoted(tie.query)}});
    }
  }
  return out;
}

std::vector<std::string> way_back_expectations(const OfflinePhase& context) {
  std::vector<std::string> out;
  for (TableId t : context.phase.changed) {
    for (const auto& tie : ties(context.model, t, &context.phase)) {
      out.push_back(fmt::format("CALL rekey.expect_equal({}, {}, {});", sql::literal(context.table(t)), sql::literal(tie.column), sql::dollar_quoted(tie.query)));
    }
  }
  return out;
}

namespace {

// What a row written since has in a column that is gone, from the columns that are there: an expression over $1, and
// what $1 is. Empty: the archive alone knows.
struct Derived {
  std::string expression, from;
};

Derived derived(const model::Model& model, TableId t, const std::string& column) {
  for (const auto& phase : model.phases) {
    for (const auto& follow : phase.follows) {
      const auto& fk = model.foreign_keys[follow.key];
      const auto at = std::find(fk.columns.begin(), fk.columns.end(), column);
      if (fk.child != t || at == fk.columns.end()) continue;
      const auto& target = fk.parent_columns[at - fk.columns.begin()];
      return {fmt::format("(SELECT p.{} FROM {} p WHERE p.{} = $1)", sql::identifier(target), table_of(model, fk.parent),
                          sql::identifier(surrogate_of(model, fk.parent)->column)), follow.column};
    }
    for (const auto& one : phase.consolidations) {
      if (one.table == t && model.foreign_keys[one.key].columns.front() == column) return {"$1", one.column};
    }
  }
  return {};
}

std::vector<std::string> key_of(const model::Model& model, TableId t) {
  const auto& written = *model.tables[t].written;
  return written.surrogate.value.empty() ? plan::to_strings(written.primary_key) : std::vector{written.surrogate.value};
}

// Where both sides stayed, nothing kept them equal since the cleanup.
std::vector<std::string> fill_back(const model::Model& model, TableId t) {
  std::vector<std::string> out;
  for (const auto& tie : ties(model, t, nullptr)) {
    out.push_back(fmt::format("CALL rekey.expect_equal({}, {}, {});", sql::literal(table_of(model, t)), sql::literal(tie.column), sql::dollar_quoted(tie.query)));
  }
  return out;
}

// What foreign keys refer to that go with the columns.
std::set<std::string> targets_of(const model::Model& model, const model::Drop& drop) {
  std::set<std::string> out;
  for (model::ForeignKeyId f : model.tables[drop.table].foreign_keys) {
    const auto& fk = model.foreign_keys[f];
    const bool goes = std::any_of(fk.columns.begin(), fk.columns.end(), [&](const auto& column) {
      return std::find(drop.columns.begin(), drop.columns.end(), column) != drop.columns.end();
    });
    if (goes && fk.parent != drop.table) out.insert(table_of(model, fk.parent));
  }
  return out;
}

std::string drop_id(const model::Model& model, const model::Phase& cleanup, const model::Drop& drop) {
  return fmt::format("{}.{}.drop", cleanup.id, slug(model, drop.table));
}

}  // namespace

std::vector<std::string> drop_expectations(const model::Model& model, bool at_first) {
  std::vector<std::string> out, known;
  for (const auto& dependent : model.plan->dependents) known.push_back(dependent.name.value);
  for (const auto& phase : model.phases) {
    for (const auto& drop : phase.drops) {
      if (drop.columns.empty()) continue;
      std::vector<std::string> expressions;
      for (const auto& column : drop.columns) expressions.push_back(derived(model, drop.table, column).expression);
      out.push_back(fmt::format("CALL rekey.expect_droppable({}, {}, {}, {});", sql::literal(table_of(model, drop.table)), sql::text_array(drop.columns),
                                sql::text_array(expressions), at_first ? sql::text_array(known) : "'{}'"));
    }
  }
  return out;
}

json drop_checks(const model::Model& model, const model::Phase& cleanup) {
  json out = json::array();
  for (const auto& drop : cleanup.drops) {
    if (drop.columns.empty()) continue;
    out.push_back({{"table", sql::literal(table_of(model, drop.table))}, {"step", sql::literal(drop_id(model, cleanup, drop))}});
  }
  return out;
}

std::vector<Step> drop_steps(const model::Model& model, const model::Phase& cleanup) {
  std::vector<Step> steps;
  for (const auto& drop : cleanup.drops) {
    Step step;
    step.id = drop_id(model, cleanup, drop);
    step.kind = "drop";
    step.table = table_of(model, drop.table);
    step.place = drop.span;
    const auto names = sql::columns(drop.columns);
    step.up_title = drop.columns.empty() ? fmt::format("nothing keeps the references of {} equal any more", step.table)
                                         : fmt::format("{} of {} to the archive, and gone", names, step.table);
    step.down_title = drop.columns.empty() ? fmt::format("the references of {} are kept equal again", step.table)
                                           : fmt::format("{} of {} from the archive, as its last columns", names, step.table);
    step.data["table"] = step.table;
    step.data["table_literal"] = sql::literal(step.table);
    step.data["columns"] = json::array();
    std::vector<std::string> expressions, sources;
    for (const auto& column : drop.columns) {
      step.data["columns"].push_back({{"name", sql::identifier(column)}});
      const auto found = derived(model, drop.table, column);
      expressions.push_back(found.expression);
      sources.push_back(found.from);
    }
    step.data["targets"] = json::array();
    for (const auto& target : targets_of(model, drop)) step.data["targets"].push_back(target);
    step.data["archive"] = std::to_string(drop.table + 1);
    step.data["drops"] = !drop.columns.empty();
    step.data["names"] = sql::text_array(drop.columns);
    step.data["key"] = sql::text_array(key_of(model, drop.table));
    step.data["expressions"] = sql::text_array(expressions);
    step.data["sources"] = sql::text_array(sources);
    if (is_tied(model, drop.table)) {
      step.data["tie"] = tie(model, drop.table);
      step.data["untie"] = untie(model, drop.table);
    }
    step.data["expected"] = fill_back(model, drop.table);
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace rekey::lower
