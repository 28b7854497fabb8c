// Drift: the catalog is not what the bundle expects at this point of its phases.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "runtime/checks.h"
#include "runtime/db/catalog.h"

namespace rekey {

namespace {

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }

using Names = std::pair<std::string, std::string>;  // table and column, or table and constraint

// Tables whose keys may stand before or after the change.
std::set<std::string> unsettled_tables(const bundle::Bundle& b, const Journal& journal) {
  std::set<std::string> tables;
  for (const bundle::Phase& phase : b.phases) {
    if (journal.in_the_middle(phase.id)) tables.insert(phase.tables.begin(), phase.tables.end());
  }
  for (const bundle::Column& column : b.columns) {
    if (journal.in_the_middle(column.phase)) tables.insert(column.table);
  }
  return tables;
}

// Dropped by a cleanup, or being dropped, or brought back.
bool is_gone(const std::string& dropped, const Journal& journal) { return !dropped.empty() && journal.present(dropped); }

Problems check_columns(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  std::map<Names, std::string> types;
  for (const db::Row& row : session
                                .exec(R"(
SELECT format('%I.%I', n.nspname, c.relname), a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT LIKE 'pg\_%'
  AND n.nspname NOT IN ('information_schema', 'rekey', 'rekey_old', 'rekey_new'))")
                                .rows) {
    types[{text(row, 0), text(row, 1)}] = text(row, 2);
  }
  for (const bundle::NewColumn& c : b.new_columns) {
    const bool is_there = types.contains({c.table, c.column});
    if (journal.in_the_middle(c.phase) || is_there == journal.applied(c.phase)) continue;
    problems.push_back(fmt::format("column {}.{} is {}", c.table, db::quote_identifier(c.column), is_there ? "there already" : "missing"));
  }
  for (const bundle::Column& c : b.columns) {
    if (journal.in_the_middle(c.phase) || is_gone(c.dropped, journal)) continue;
    const std::string& expected = journal.applied(c.phase) ? c.new_type : c.type;
    const auto found = types.find({c.table, c.column});
    const std::string name = fmt::format("{}.{}", c.table, db::quote_identifier(c.column));
    if (found == types.end()) {
      problems.push_back(fmt::format("column {} is missing", name));
    } else if (found->second != expected) {
      problems.push_back(fmt::format("column {} is {}, not {}", name, found->second, expected));
    }
  }
  return problems;
}

// A column that is a uuid keeps the domain that it is declared with, and new keys would have to pass that.
Problems check_domain_types(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  for (const bundle::Column& c : b.columns) {
    if (c.type != c.new_type || c.type == "uuid" || c.type == "jsonb" || journal.present(c.phase)) continue;
    const db::Rows found = session.exec("SELECT conname FROM pg_catalog.pg_constraint WHERE contypid = to_regtype($1) AND contype = 'c'", {c.type});
    if (found.rows.empty()) continue;
    problems.push_back(fmt::format("column {}.{} is of domain {}, whose constraint {} new keys may break: drop it before, or give the "
                                   "column another type", c.table, db::quote_identifier(c.column), c.type, text(found.rows[0], 0)));
  }
  return problems;
}

// Generator v7 reads a column that the plan knows by its name alone.
Problems check_time_columns(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  for (const bundle::Domain& d : b.domains) {
    if (d.time_column.empty() || journal.present(d.phase)) continue;
    const db::Rows found = session.exec(R"(
SELECT format_type(a.atttypid, a.atttypmod),
       coalesce(nullif(t.typbasetype, 0), t.oid) IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped)",
                                        {d.table, d.time_column});
    const std::string name = d.table + "." + db::quote_identifier(d.time_column);
    if (found.rows.empty()) {
      problems.push_back(fmt::format("column {} is missing: generator v7 takes times from it", name));
    } else if (text(found.rows[0], 1) != "t") {
      problems.push_back(fmt::format("column {} is {}: generator v7 takes times from a timestamp or a date", name,
                                     text(found.rows[0], 0)));
    }
  }
  return problems;
}

// Generator v5 reads columns as texts, which have to be the same in every session.
Problems check_name_columns(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  for (const bundle::Domain& d : b.domains) {
    if (d.name_columns.empty() || journal.present(d.phase)) continue;
    const db::Rows found = session.exec(R"(
SELECT c, coalesce(format_type(a.atttypid, a.atttypmod), 'missing')
FROM unnest($2::text[]) c
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = c AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE coalesce(t.typcategory <> 'S' AND (
        WITH RECURSIVE base(type) AS (
          SELECT t.oid UNION ALL SELECT typbasetype FROM base JOIN pg_catalog.pg_type d ON d.oid = base.type WHERE typtype = 'd')
        SELECT d.oid::regtype::text FROM base JOIN pg_catalog.pg_type d ON d.oid = base.type WHERE typtype <> 'd') <> ALL (
        ARRAY['smallint', 'integer', 'bigint', 'numeric', 'uuid', 'boolean']), true))",
                                        {d.table, db::catalog::to_array(d.name_columns)});
    for (const db::Row& row : found.rows) {
      problems.push_back(fmt::format("column {}.{} is {}: generator v5 makes names from texts, whole numbers, numerics, uuids and "
                                     "booleans", d.table, db::quote_identifier(text(row, 0)), text(row, 1)));
    }
  }
  return problems;
}

// A plan's own expression names columns and functions that the plan does not know.
Problems check_expressions(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  for (const bundle::Domain& d : b.domains) {
    if (d.expression.empty() || journal.present(d.phase)) continue;
    session.exec("SAVEPOINT expression");
    try {
      const db::Rows found = session.exec(fmt::format("SELECT pg_typeof(made)::text FROM (SELECT ({}) AS made FROM (SELECT) one "
                                                      "LEFT JOIN {} ON false) row", d.expression, d.table));
      if (const std::string type = text(found.rows.at(0), 0); type != "uuid") {
        problems.push_back(fmt::format("key_expression of {} gives {}, not uuid", d.table, type));
      }
    } catch (const db::Error& error) {
      if (error.sqlstate.substr(0, 2) != "42") throw;
      session.exec("ROLLBACK TO SAVEPOINT expression");
      problems.push_back(fmt::format("key_expression of {}: {}", d.table, error.what()));
    }
  }
  return problems;
}

// Before its change a column's default is the plan's to set aside: another one would be lost, or in
// the way.
Problems check_defaults(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  std::map<Names, std::string> present;
  std::vector<db::catalog::KeyColumn> columns;
  for (const bundle::Column& c : b.columns) columns.push_back({c.table, c.column});
  for (const db::catalog::Column& c : db::catalog::key_columns(session, columns)) {
    const char* identity = c.identity == db::catalog::Identity::always       ? "always"
                           : c.identity == db::catalog::Identity::by_default ? "by default"
                                                                             : "";
    const std::string sequence = c.sequence.empty() ? "" : c.sequence_schema + "." + c.sequence;
    present[{c.table, c.name}] = bundle::to_fallback(identity, sequence, c.default_value);
  }
  const auto shown = [](const std::string& text) { return text.empty() ? "none" : text; };
  for (const bundle::Column& c : b.columns) {
    const auto found = present.find({c.table, c.column});
    if (c.type == "jsonb" || journal.present(c.phase) || found == present.end() || found->second == c.fallback) continue;
    problems.push_back(fmt::format("the default of {}.{} is {}, not {}", c.table,
                                   db::quote_identifier(c.column), shown(found->second),
                                   shown(c.fallback)));
  }
  return problems;
}

std::string valid(std::string definition) {
  constexpr std::string_view kNot = " NOT VALID";
  if (definition.ends_with(kNot)) definition.resize(definition.size() - kNot.size());
  return definition;
}

// What SQL of the plan's own has made, or may have.
std::set<std::string> made_by_plan(const bundle::Bundle& b, const Journal& journal) {
  std::set<std::string> out;
  for (const bundle::Phase& phase : b.phases) {
    if (journal.present(phase.id)) out.insert(phase.own.begin(), phase.own.end());
  }
  return out;
}

// Key columns that a phase is still to change: whatever stands on them would be in its way.
std::set<Names> unchanged_yet(const bundle::Bundle& b, const Journal& journal) {
  std::set<Names> out;
  for (const bundle::Column& c : b.columns) {
    if (!journal.present(c.phase)) out.insert({c.table, c.column});
  }
  return out;
}

Problems check_foreign_keys(const std::vector<db::catalog::ForeignKey>& present, const bundle::Bundle& b,
                            const Journal& journal, const std::set<std::string>& unsettled) {
  Problems problems;
  const auto made = made_by_plan(b, journal);
  std::map<Names, const db::catalog::ForeignKey*> by_name;
  for (const auto& key : present) by_name[{key.table, key.name}] = &key;
  std::set<Names> known;
  for (const bundle::ForeignKey& key : b.foreign_keys) {
    known.insert({key.table, key.name});
    if (is_gone(key.dropped, journal) || unsettled.contains(key.table) || unsettled.contains(foreign_key_target(key.definition))) continue;
    const auto found = by_name.find({key.table, key.name});
    const std::string name =
        fmt::format("foreign key {} of {}", db::quote_identifier(key.name), key.table);
    if (!key.phase.empty() && !journal.applied(key.phase)) {  // of the plan's own making
      if (found != by_name.end() && !journal.present(key.phase)) problems.push_back(name + " is there already, and the plan would make it");
      continue;
    }
    if (found == by_name.end()) {
      problems.push_back(name + " is missing");
    } else if (found->second->definition != key.definition) {
      problems.push_back(
          fmt::format("{} is \"{}\", not \"{}\"", name, found->second->definition, key.definition));
    }
  }
  std::set<Names> changed;
  for (const bundle::Column& c : b.columns) changed.insert({c.table, c.column});
  const auto waiting = unchanged_yet(b, journal);
  const auto among = [](const std::set<Names>& keys, const std::string& table, const std::vector<std::string>& columns) {
    return std::ranges::any_of(columns, [&](const auto& c) { return keys.contains({table, c}); });
  };
  std::set<Names> added;
  for (const bundle::NewColumn& c : b.new_columns) added.insert({c.table, c.column});
  const auto touches = [&](const auto& table, const auto& columns) { return among(changed, table, columns); };
  const auto stands_on_new = [&](const auto& key) { return among(added, key.target, key.target_columns) && !among(added, key.table, key.columns); };
  const auto waits = [&](const auto& table, const auto& columns) { return among(waiting, table, columns); };
  std::set<std::string> in_parts;  // a swap adds them to partitions first
  for (const bundle::ForeignKey& key : b.foreign_keys) {
    if (unsettled.contains(key.table)) in_parts.insert(key.definition);
  }
  for (const auto& key : present) {
    if (known.contains({key.table, key.name}) || in_parts.contains(valid(key.definition))) continue;
    if (!touches(key.table, key.columns) && !touches(key.target, key.target_columns) && !stands_on_new(key)) continue;
    if (made.contains(key.table) && !waits(key.table, key.columns) && !waits(key.target, key.target_columns)) continue;
    problems.push_back(fmt::format("foreign key {} of {} is unknown to the plan",
                                   db::quote_identifier(key.name), key.table));
  }
  return problems;
}

using Object = std::tuple<std::string, std::string, std::string>;  // kind, name, table

std::string title(const std::string& kind, const std::string& name, const std::string& table) {
  return fmt::format("{} {}{}", kind, name, table.empty() ? "" : " on " + table);
}

std::string used_columns(const db::catalog::Dependent& d) {
  std::string out;
  for (const auto& [table, column] : d.uses) {
    out += fmt::format("{}{}.{}", out.empty() ? "" : ", ", table, db::quote_identifier(column));
  }
  return out;
}

// A changed column keeps its sequence, and an identity of it that others use too.
bool expected(const db::catalog::Dependent& d, const std::set<std::string>& changed) {
  return d.name.starts_with("sequence ") && std::ranges::any_of(d.uses, [&](const auto& key) {
           return changed.contains(key.table);
         });
}

// A replacement may give a function other arguments: then another one stands in the catalog.
std::set<std::string> made_in_place(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  std::vector<std::string> made;
  for (const bundle::Dependent& known : b.dependents) {
    if (std::ranges::none_of(known.phases, [&](const auto& p) { return journal.present(p); })) continue;
    made.insert(made.end(), known.replacements.begin(), known.replacements.end());
  }
  std::set<std::string> out;
  for (const db::Row& row : session.exec("SELECT to_regprocedure(f) FROM unnest($1::text[]) f",
                                         {db::catalog::to_array(made)}).rows) {
    out.insert(text(row, 0));
  }
  return out;
}

std::vector<db::catalog::KeyColumn> all_key_columns(db::Connection& session) {
  std::vector<db::catalog::KeyColumn> out;
  for (const db::catalog::Column& c : db::catalog::key_columns(session)) out.push_back({c.table, c.name});
  return out;
}

// Before its first change an object is what the plan says, word for word; after its last it is there, unless
// the plan leaves it out.
Problems check_known(const bundle::Dependent& known, const db::catalog::Dependent* present,
                     const Journal& journal) {
  const auto& phases = known.phases;
  const auto name = title(known.kind, known.name, known.table);
  const bool untouched = std::ranges::none_of(phases, [&](const auto& p) { return journal.present(p); });
  if (phases.empty() || std::ranges::any_of(phases, [&](const auto& p) { return journal.in_the_middle(p); })) return {};
  if (untouched && !present) return {name + " is missing: draft the plan anew with rekeyc inspect"};
  // What the catalog cannot tell a person wrote.
  const bool comparable = untouched && !present->definition.empty();
  const auto found = comparable ? bundle::sha256(present->definition) : known.sha256;
  if (found != known.sha256 && found != known.remade_sha256) {
    return {name + " is not what the plan says: draft the plan anew with rekeyc inspect"};
  }
  return {};
}

Problems check_dependents(db::Connection& session, const bundle::Bundle& b, const Journal& journal,
                          const std::set<std::string>& unsettled) {
  Problems problems;
  std::vector<db::catalog::KeyColumn> columns;
  std::set<std::string> changed;
  for (const bundle::Column& c : b.columns) {
    if (!unsettled.contains(c.table)) columns.push_back({c.table, c.column});
    if (journal.applied(c.phase)) changed.insert(c.table);
  }
  std::map<Object, const bundle::Dependent*> known;
  for (const bundle::Dependent& d : b.dependents) known[{d.kind, d.name, d.table}] = &d;
  std::map<const bundle::Dependent*, const db::catalog::Dependent*> present;
  const auto found = db::catalog::dependents(session, columns);
  const auto made = made_by_plan(b, journal);
  const auto waiting = unchanged_yet(b, journal);
  const auto is_own = [&](const db::catalog::Dependent& d) {
    const bool waits = std::ranges::any_of(d.uses, [&](const auto& key) { return waiting.contains({key.table, key.column}); });
    return !waits && (made.contains(bundle::without_arguments(d.name)) || made.contains(d.table));
  };
  const std::set<std::string> replacements = made_in_place(session, b, journal);
  for (const db::catalog::Dependent& d : found) {
    if (d.weight == db::catalog::Weight::notes) continue;
    const auto entry = known.find({d.kind, d.name, d.table});
    if (entry != known.end()) {
      present[entry->second] = &d;
    } else if (d.weight == db::catalog::Weight::blocks && !expected(d, changed) &&
               !replacements.contains(d.name) && !is_own(d)) {
      problems.push_back(fmt::format("{} uses {} and is unknown to the plan",
                                     title(d.kind, d.name, d.table), used_columns(d)));
    }
  }
  // A plan may list what uses only keys that stay, beside tables that change: it is moved as well.
  std::vector<db::catalog::Dependent> others;
  if (present.size() < known.size()) others = db::catalog::dependents(session, all_key_columns(session));
  for (const db::catalog::Dependent& d : others) {
    if (const auto entry = known.find({d.kind, d.name, d.table}); entry != known.end()) present.insert({entry->second, &d});
  }
  for (const bundle::Dependent& d : b.dependents) {
    const auto entry = present.find(&d);
    const Problems more = check_known(d, entry == present.end() ? nullptr : entry->second, journal);
    problems.insert(problems.end(), more.begin(), more.end());
  }
  return problems;
}

// Whether it has been prepared to change online: a new partition has all that its others have.
bool is_prepared(const std::string& table, const bundle::Bundle& b, const Journal& journal) {
  return std::ranges::any_of(b.phases, [&](const bundle::Phase& p) {
    return p.strategy == "online" && journal.present(p.id) && std::ranges::find(p.tables, table) != p.tables.end();
  });
}

// A table that joined a family since would be left out by the fence and come along with the rewrite.
Problems check_families(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  std::set<std::string> known;
  for (const bundle::Column& c : b.columns) known.insert(c.table);
  Problems problems;
  for (const db::catalog::Table& t : db::catalog::tables(session)) {
    if (known.contains(t.table)) continue;
    for (const std::string& parent : t.parents) {
      if (!known.contains(parent) || (t.kind == "partition" && is_prepared(parent, b, journal))) continue;
      problems.push_back(fmt::format("table {} is a {} {} and is unknown to the plan", t.table,
                                     t.kind == "partition" ? "partition of" : "child of", parent));
    }
  }
  return problems;
}

}  // namespace

// The definition has it as "… REFERENCES public.users(user_id) …", qualified.
std::string foreign_key_target(std::string_view definition) {
  constexpr std::string_view kWord = " REFERENCES ";
  std::size_t begin = std::string_view::npos;
  bool quoted = false;
  for (std::size_t i = 0; i < definition.size(); ++i) {
    if (definition[i] == '"') quoted = !quoted;
    if (quoted) continue;
    if (begin == std::string_view::npos && definition.substr(i).starts_with(kWord)) {
      begin = i + kWord.size();
      i = begin - 1;
    } else if (begin != std::string_view::npos && definition[i] == '(') {
      return std::string(definition.substr(begin, i - begin));
    }
  }
  return {};
}

Problems check_drift(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  const db::catalog::Reading reading(session);
  const std::set<std::string> unsettled = unsettled_tables(b, journal);
  Problems problems = check_columns(session, b, journal);
  const auto add = [&](Problems more) {
    problems.insert(problems.end(), more.begin(), more.end());
  };
  add(check_domain_types(session, b, journal));
  add(check_time_columns(session, b, journal));
  add(check_name_columns(session, b, journal));
  add(check_expressions(session, b, journal));
  add(check_defaults(session, b, journal));
  add(check_foreign_keys(db::catalog::foreign_keys(session), b, journal, unsettled));
  add(check_families(session, b, journal));
  add(check_dependents(session, b, journal, unsettled));
  return problems;
}

}  // namespace rekey
