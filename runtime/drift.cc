// Drift: the catalog is not what the bundle expects at this point of its phases.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

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
  AND n.nspname NOT IN ('information_schema', 'rekey'))")
                                .rows) {
    types[{text(row, 0), text(row, 1)}] = text(row, 2);
  }
  for (const bundle::Column& c : b.columns) {
    if (journal.in_the_middle(c.phase)) continue;
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

// Before its change a column's default is the plan's to set aside: another one would be lost, or in
// the way.
Problems check_defaults(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  std::map<Names, std::string> present;
  for (const db::catalog::Column& c : db::catalog::key_columns(session)) {
    const char* identity = c.identity == db::catalog::Identity::always       ? "always"
                           : c.identity == db::catalog::Identity::by_default ? "by default"
                                                                             : "";
    const std::string sequence = c.sequence.empty() ? "" : c.sequence_schema + "." + c.sequence;
    present[{c.table, c.name}] = bundle::to_fallback(identity, sequence, c.default_value);
  }
  const auto shown = [](const std::string& text) { return text.empty() ? "none" : text; };
  for (const bundle::Column& c : b.columns) {
    const auto found = present.find({c.table, c.column});
    if (journal.present(c.phase) || found == present.end() || found->second == c.fallback) continue;
    problems.push_back(fmt::format("the default of {}.{} is {}, not {}", c.table,
                                   db::quote_identifier(c.column), shown(found->second),
                                   shown(c.fallback)));
  }
  return problems;
}

Problems check_foreign_keys(const std::vector<db::catalog::ForeignKey>& present,
                            const bundle::Bundle& b, const std::set<std::string>& unsettled) {
  Problems problems;
  std::map<Names, const db::catalog::ForeignKey*> by_name;
  for (const auto& key : present) by_name[{key.table, key.name}] = &key;
  std::set<Names> known;
  for (const bundle::ForeignKey& key : b.foreign_keys) {
    known.insert({key.table, key.name});
    if (unsettled.contains(key.table) || unsettled.contains(foreign_key_target(key.definition))) continue;
    const auto found = by_name.find({key.table, key.name});
    const std::string name =
        fmt::format("foreign key {} of {}", db::quote_identifier(key.name), key.table);
    if (found == by_name.end()) {
      problems.push_back(name + " is missing");
    } else if (found->second->definition != key.definition) {
      problems.push_back(
          fmt::format("{} is \"{}\", not \"{}\"", name, found->second->definition, key.definition));
    }
  }
  std::set<Names> changed;
  for (const bundle::Column& c : b.columns) changed.insert({c.table, c.column});
  const auto touches = [&](const std::string& table, const std::vector<std::string>& columns) {
    return std::ranges::any_of(columns, [&](const auto& c) {
      return changed.contains({table, c});
    });
  };
  for (const auto& key : present) {
    if (known.contains({key.table, key.name})) continue;
    if (!touches(key.table, key.columns) && !touches(key.target, key.target_columns)) continue;
    problems.push_back(fmt::format("foreign key {} of {} is unknown to the plan",
                                   db::quote_identifier(key.name), key.table));
  }
  return problems;
}

// A changed column has a default of ours and keeps its sequence.
bool expected(const db::catalog::Dependent& d, const std::set<std::string>& changed) {
  return d.kind == "sequence" && std::ranges::any_of(d.uses, [&](const auto& key) {
           return changed.contains(key.table);
         });
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
  for (const db::catalog::Dependent& d : db::catalog::dependents(session, columns)) {
    if (d.weight != db::catalog::Weight::blocks || expected(d, changed)) continue;
    std::string where;
    for (const auto& [table, column] : d.uses) {
      where += fmt::format("{}{}.{}", where.empty() ? "" : ", ", table, db::quote_identifier(column));
    }
    problems.push_back(fmt::format("{} {}{} uses {} and is unknown to the plan", d.kind, d.name,
                                   d.table.empty() ? "" : " on " + d.table, where));
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
  add(check_defaults(session, b, journal));
  add(check_foreign_keys(db::catalog::foreign_keys(session), b, unsettled));
  add(check_dependents(session, b, journal, unsettled));
  return problems;
}

}  // namespace rekey
