// What rows hold that would stop a phase in its middle. The server's side looks again when the phase
// opens, with its tables closed; here all phases are looked at before the first one.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "runtime/checks.h"
#include "runtime/db/catalog.h"
#include "runtime/interrupt.h"
#include "runtime/outcome.h"
#include "runtime/taken_keys.h"
#include "runtime/text.h"

namespace rekey {

namespace {

using Phases = std::vector<const bundle::Phase*>;

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }
std::int64_t number(const db::Row& row, std::size_t i) { return std::stoll(row[i].value_or("0")); }

// A query of one row, and what it says when something is wrong; empty when not.
struct Question {
  std::string sql;
  std::function<std::string(const db::Row&)> problem;
  std::string about = {};  // a plan's own expression, which may fail on a row
};

std::string answer(db::Connection& session, const Question& question) {
  try {
    return question.problem(session.exec(question.sql).rows.at(0));
  } catch (const db::Disconnected&) {
    throw;
  } catch (const db::Error& error) {
    if (question.about.empty() || error.sqlstate == "57014") throw;
    return fmt::format("{}: {}; write one that gives a key for every row", question.about, error.what());
  }
}

// One after the other, on as many sessions as there are jobs.
Problems ask(Run& run, const std::vector<Question>& questions, int jobs) {
  std::vector<std::string> answers(questions.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](std::size_t session_number) {
    try {
      const auto session = run.open(fmt::format("check-{}", session_number));
      const Cancellable cancellable(*session);
      for (std::size_t i; (i = next++) < questions.size() && !interrupted();) {
        answers[i] = answer(*session, questions[i]);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = questions.size();
    }
  };
  std::vector<std::jthread> sessions;
  const std::size_t count = std::min(questions.size(), static_cast<std::size_t>(std::max(1, jobs)));
  for (std::size_t i = 1; i <= count; ++i) sessions.emplace_back(work, i);
  sessions.clear();
  if (interrupted()) throw Failed("interrupted; nothing has been changed");
  if (failure) std::rethrow_exception(failure);
  std::erase(answers, "");
  std::set<std::string> told;  // an expression fails every question that it stands in
  std::erase_if(answers, [&](const std::string& text) { return !told.insert(text).second; });
  return answers;
}

bool is_one_of(const Phases& phases, const std::string& id) {
  return std::ranges::any_of(phases, [&](const bundle::Phase* phase) { return phase->id == id; });
}

// Of the phases some change keys of the domain: its own, which is the last, or a stage before.
bool change_in(const Phases& phases, const bundle::Domain& d) {
  return is_one_of(phases, d.phase) || std::ranges::any_of(d.stages, [&](const std::string& stage) { return is_one_of(phases, stage); });
}

std::vector<const bundle::Column*> columns_of(const bundle::Bundle& b, const Phases& phases) {
  std::set<std::string> domains;
  for (const bundle::Domain& d : b.domains) {
    if (change_in(phases, d)) domains.insert(d.name);
  }
  std::vector<const bundle::Column*> columns;
  for (const bundle::Column& column : b.columns) {
    if (domains.contains(column.domain)) columns.push_back(&column);
  }
  return columns;
}

bool is_array(const bundle::Column& column) { return column.new_type.ends_with("[]"); }

// How many rows of a query with one column "key" there are, and a few of its values.
std::string counted_keys(const std::string& query) {
  return fmt::format(
      "WITH found AS ({}) SELECT count(*), (SELECT string_agg(key, ', ') FROM "
      "(SELECT DISTINCT key FROM found ORDER BY key LIMIT 3) few) FROM found",
      query);
}

bool is_settled(const bundle::Bundle& b, const std::string& table, const std::string& name) {
  return std::ranges::any_of(b.foreign_keys, [&](const bundle::ForeignKey& fk) { return fk.settled && fk.table == table && fk.name == name; });
}

// Rows that break a validated foreign key were written while triggers were off.
void ask_for_orphans(db::Connection& session, const bundle::Bundle& b, const Phases& phases, Direction direction,
                     std::vector<Question>& questions) {
  std::vector<std::string> tables, names;
  for (const bundle::Column* column : columns_of(b, phases)) {
    tables.push_back(column->table);
    names.push_back(column->column);
  }
  const db::Rows found = session.exec(R"(
SELECT con.conname, con.conrelid::regclass, con.confrelid::regclass,
       string_agg(quote_ident(c.attname), ', ' ORDER BY k.place),
       string_agg(format('coalesce(c.%I::text, ''null'')', c.attname), ', ' ORDER BY k.place),
       string_agg(format('c.%I IS NOT NULL', c.attname),
                  CASE con.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END ORDER BY k.place),
       string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND ' ORDER BY k.place),
       -- of an inheritance tree a foreign key holds for the table alone, of a partitioned one for all of it
       CASE child.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END, CASE parent.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END
FROM pg_catalog.pg_constraint con
JOIN pg_catalog.pg_class child ON child.oid = con.conrelid
JOIN pg_catalog.pg_class parent ON parent.oid = con.confrelid
CROSS JOIN LATERAL unnest(con.conkey, con.confkey) WITH ORDINALITY k (child, parent, place)
JOIN pg_catalog.pg_attribute c ON c.attrelid = con.conrelid AND c.attnum = k.child
JOIN pg_catalog.pg_attribute p ON p.attrelid = con.confrelid AND p.attnum = k.parent
WHERE con.contype = 'f' AND con.convalidated AND con.conparentid = 0 AND EXISTS (
  SELECT FROM unnest($1::text[], $2::text[]) g (table_name, column_name)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = to_regclass(g.table_name) AND a.attname = g.column_name
  WHERE a.attrelid = con.conrelid AND a.attnum = ANY (con.conkey))
GROUP BY con.oid, con.conname, con.conrelid, con.confrelid, con.confmatchtype, child.relkind, parent.relkind
ORDER BY con.conrelid::regclass::text, con.conname)",
                                      {db::catalog::to_array(tables), db::catalog::to_array(names)});
  for (const db::Row& fk : found.rows) {
    if (direction == Direction::up && is_settled(b, text(fk, 1), text(fk, 0))) continue;
    const std::string orphans = fmt::format(
        "SELECT '(' || concat_ws(', ', {}) || ')' AS key FROM {}{} c WHERE ({}) AND NOT EXISTS "
        "(SELECT FROM {}{} p WHERE {})",
        text(fk, 4), text(fk, 7), text(fk, 1), text(fk, 5), text(fk, 8), text(fk, 2), text(fk, 6));
    questions.push_back(
        {counted_keys(orphans), [fk, direction](const db::Row& row) {
           return number(row, 0) == 0
                      ? ""
                      : fmt::format("foreign key {} of {}: {}, such as ({}) = {}; delete these rows, "
                                    "or add those of {} that they point at{}",
                                    db::quote_identifier(text(fk, 0)), text(fk, 1), counted(number(row, 0), "orphan"),
                                    text(fk, 3), text(row, 1), text(fk, 2),
                                    direction == Direction::up ? "; or say what becomes of them: orphans: in the plan" : "");
         }});
  }
}

std::string holders(const bundle::Column& column, std::int64_t count) {
  return is_array(column) ? counted(count, "element") + " in" : counted(count, "row") + " with a";
}

// Of the rows of a root, those whose keys change.
std::string chosen(const bundle::Domain& d) {
  const std::string key = db::quote_identifier(d.column);
  return d.where.empty() ? key + " IS NOT NULL" : fmt::format("{} IS NOT NULL AND ({})", key, d.where);
}

// The root's rows give generator v7 the times of their keys.
void ask_for_times(const bundle::Bundle& b, const Phases& phases, std::vector<Question>& questions) {
  for (const bundle::Domain& d : b.domains) {
    if (d.time_column.empty() || !change_in(phases, d)) continue;
    const std::string time = db::quote_identifier(d.time_column), key = db::quote_identifier(d.column);
    questions.push_back(
        {counted_keys(fmt::format("SELECT {}::text AS key FROM {} WHERE {} AND ({})", key, d.table, chosen(d), untimed(time))), [d, time, key](const db::Row& row) {
           return number(row, 0) == 0
                      ? ""
                      : fmt::format("{}: {} without a time in {} that generator v7 can put into a key (it is "
                                    "NULL, infinite or far off), such as {} = {}; fill it in, or give the "
                                    "table another generator in the plan",
                                    d.table, counted(number(row, 0), "row"), time, key, text(row, 1));
         }});
  }
}

std::string quoted_columns(const bundle::Domain& d) {
  std::vector<std::string> quoted;
  for (const std::string& column : d.name_columns) quoted.push_back(db::quote_identifier(column));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

// And generator v5 the names, one each.
void ask_for_names(const bundle::Bundle& b, const Phases& phases, std::vector<Question>& questions) {
  for (const bundle::Domain& d : b.domains) {
    if (d.name_columns.empty() || !change_in(phases, d)) continue;
    const std::string key = db::quote_identifier(d.column), columns = quoted_columns(d);
    questions.push_back({counted_keys(fmt::format("SELECT {0}::text AS key FROM {1} WHERE {3} AND num_nulls({2}) > 0",
                                                  key, d.table, columns, chosen(d))),
                         [d, key, columns](const db::Row& row) {
                           return number(row, 0) == 0
                                      ? ""
                                      : fmt::format("{}: {} without a name, because one of {} is NULL, such as {} = {}; fill in "
                                                    "the values, or take other columns into name_template",
                                                    d.table, counted(number(row, 0), "row"), columns, key, text(row, 1));
                         }});
  }
}

// Rows with the same of these are merged; others may still have one name.
std::string texts_of(const bundle::Domain& d) {
  std::vector<std::string> texts;
  for (const std::string& column : d.name_columns) texts.push_back(db::quote_identifier(column) + "::text");
  return fmt::format("{}", fmt::join(texts, ", "));
}

// Of v5, and of v7 where keys were UUIDs.
void ask_for_doubles(const bundle::Bundle& b, const Phases& phases, std::vector<Question>& questions) {
  for (const bundle::Domain& d : b.domains) {
    if (d.compared_name.empty() || !change_in(phases, d)) continue;
    const std::string key = db::quote_identifier(d.column);
    const std::string why = d.time_column.empty()
                                ? fmt::format("have one name, made of {}; make one row of them (on_duplicate: merge), or take a column that tells them "
                                              "apart into name_template, or something between those that are in it", quoted_columns(d))
                                : fmt::format("would get one key: they have the same {} and the same bits behind it; give one of them "
                                              "another key, or the table another generator in the plan", d.time_column);
    questions.push_back(
        {counted_keys(fmt::format("SELECT min({0}::text) || ' and ' || max({0}::text) AS key FROM {1} WHERE {4} "
                                  "GROUP BY ({2}) COLLATE \"C\" HAVING {3} > 1 AND count({2}) > 0", key, d.table, d.compared_name,
                                  d.merges ? fmt::format("count(DISTINCT ROW({}))", texts_of(d)) : "count(*)", chosen(d))),
         [d, key, why](const db::Row& row) {
           return number(row, 0) == 0 ? ""
                                      : fmt::format("{}: {} of more than one row, such as those with {} = {}, {}", d.table,
                                                    counted(number(row, 0), "group"), key, text(row, 1), why);
         }});
  }
}

// What a plan's own expression makes of the rows.
void ask_for_expressions(const bundle::Bundle& b, const Phases& phases, std::vector<Question>& questions) {
  for (const bundle::Domain& d : b.domains) {
    if (d.expression.empty() || !change_in(phases, d)) continue;
    const std::string key = db::quote_identifier(d.column);
    questions.push_back({counted_keys(fmt::format("SELECT {0}::text AS key FROM {1} WHERE {3} AND ({2}) IS NULL", key, d.table, d.expression, chosen(d))),
                         [d, key](const db::Row& row) {
                           return number(row, 0) == 0
                                      ? ""
                                      : fmt::format("{}: {} for which key_expression gives NULL, such as {} = {}; fill in what it "
                                                    "reads, or write another", d.table, counted(number(row, 0), "row"), key,
                                                    text(row, 1));
                         },
                         "key_expression of " + d.table});
    if (d.merges) continue;
    questions.push_back(
        {counted_keys(fmt::format("SELECT min({0}::text) || ' and ' || max({0}::text) AS key FROM (SELECT {0}, ({1}) AS \"~key\" FROM {2} WHERE {3}) made "
                                  "GROUP BY \"~key\" HAVING count(*) > 1 AND count(\"~key\") > 0", key, d.expression, d.table, chosen(d))),
         [d, key](const db::Row& row) {
           return number(row, 0) == 0
                      ? ""
                      : fmt::format("{}: {} of more than one row, such as those with {} = {}, would have the same key; make one row "
                                    "of them (on_duplicate: merge), or write another key_expression",
                                    d.table, counted(number(row, 0), "group"), key, text(row, 1));
         },
         "key_expression of " + d.table});
  }
}

// A generated column takes what is immutable and asks no other row. Where the role may make no temporary table, the
// phase tries when it opens.
void try_expression(db::Connection& session, const bundle::Domain& d, const char* key, const char* type, const std::string& expression,
                    Problems& problems) {
  if (expression.empty()) return;
  try {
    session.exec("BEGIN");
    if (session.exec("SELECT has_database_privilege(current_database(), 'TEMPORARY')").only() == "t") {
      session.exec(fmt::format("CREATE TEMPORARY TABLE rekey_trial (LIKE {}, \"~rekey_trial\" {} GENERATED ALWAYS AS ({}) STORED)",
                               d.table, type, expression));
    }
  } catch (const db::Error& error) {
    if (const auto kind = error.sqlstate.substr(0, 2); kind != "42" && kind != "0A") throw;
    problems.push_back(fmt::format("{} of {}: {}; it takes columns of the row, by their names alone, and functions that "
                                   "are IMMUTABLE", key, d.table, error.what()));
  }
  session.exec("ROLLBACK");
}

Problems try_expressions(Run& run, const bundle::Bundle& b, const Phases& phases) {
  Problems problems;
  const auto session = run.open("check-expressions");
  for (const bundle::Domain& d : b.domains) {
    if (!change_in(phases, d)) continue;
    try_expression(*session, d, "key_expression", "uuid", d.expression, problems);
    try_expression(*session, d, "where", "boolean", d.where, problems);
  }
  return problems;
}

// Tables that inherit may hold an id again, and there is one key for it.
void ask_for_repeated_ids(const bundle::Bundle& b, const Phases& phases, std::vector<Question>& questions) {
  for (const bundle::Domain& d : b.domains) {
    if (!d.listed() || !d.time_column.empty() || !change_in(phases, d)) continue;
    const std::string key = db::quote_identifier(d.column);
    questions.push_back({counted_keys(fmt::format("SELECT {0}::text AS key FROM {1} WHERE {0} IS NOT NULL GROUP BY {0} HAVING count(*) > 1",
                                                  key, d.table)),
                         [d, key](const db::Row& row) {
                           return number(row, 0) == 0
                                      ? ""
                                      : fmt::format("{}: {} of more than one row of it and the tables that inherit from it, such as "
                                                    "{} = {}; delete all of these rows but one, or give the table another generator "
                                                    "in the plan", d.table, counted(number(row, 0), "id"), key, text(row, 1));
                         }});
  }
}

// No other row has keys of these generators to give.
void ask_for_lost(const bundle::Bundle& b, const Phases& phases, std::vector<Question>& questions) {
  for (const bundle::Domain& d : b.domains) {
    if (!d.listed() || !change_in(phases, d)) continue;
    const std::string key = db::quote_identifier(d.column);
    for (const bundle::Column& c : b.columns) {
      if (c.domain != d.name || !c.source || c.settled || (c.table == d.table && c.column == d.column)) continue;
      const std::string column = db::quote_identifier(c.column);
      const std::string lost = fmt::format(
          "SELECT id::text AS key FROM {} WHERE NOT EXISTS (SELECT FROM {} p WHERE p.{} = held.id)",
          held_ids(c), d.table, key);
      questions.push_back(
          {counted_keys(lost), [d, c, column](const db::Row& row) {
             return number(row, 0) == 0
                        ? ""
                        : fmt::format("{}: {} {} that no row of {} has, such as {}; delete {}, add "
                                      "those that they point at, or give {} another generator in the plan: this one makes "
                                      "a key from the row there",
                                      c.table, holders(c, number(row, 0)), column, d.table, text(row, 1),
                                      is_array(c) ? "them" : "these rows", d.table);
           }});
    }
  }
}

// What the compiler knows better how to look for.
void ask_for_expected(const bundle::Bundle& b, const Phases& phases, std::vector<Question>& questions) {
  for (const bundle::Expectation& e : b.expectations) {
    if (!is_one_of(phases, e.phase)) continue;
    questions.push_back({e.query, [e](const db::Row& row) {
                           return number(row, 0) == 0 ? "" : fmt::format("{}: {}, such as {}; {}", e.what, number(row, 0), text(row, 1), e.fix);
                         }});
  }
}

}  // namespace

std::string held_ids(const bundle::Column& column) {
  const std::string name = db::quote_identifier(column.column);
  return is_array(column)
             ? fmt::format("(SELECT e AS id FROM {} t CROSS JOIN unnest(t.{}) e WHERE e IS NOT NULL) held", column.table, name)
             : fmt::format("(SELECT {0} AS id FROM {1} WHERE {0} IS NOT NULL) held", name, column.table);
}

std::string untimed(const std::string& time) {
  return fmt::format("NOT coalesce(isfinite({0}) AND extract(epoch FROM {0}) * 1000 >= -140737488355328 "
                     "AND extract(epoch FROM {0}) * 1000 < 140737488355328, false)", time);
}

Problems check_rows(Run& run, db::Connection& session, const bundle::Bundle& b, const Phases& phases,
                    Direction direction, int jobs) {
  std::vector<Question> questions;
  ask_for_orphans(session, b, phases, direction, questions);
  if (direction == Direction::up) {
    ask_for_times(b, phases, questions);
    ask_for_names(b, phases, questions);
    ask_for_doubles(b, phases, questions);
    ask_for_expressions(b, phases, questions);
    ask_for_repeated_ids(b, phases, questions);
    ask_for_lost(b, phases, questions);
    ask_for_expected(b, phases, questions);
  }
  Problems problems = direction == Direction::up ? try_expressions(run, b, phases) : Problems();
  const Problems found = ask(run, questions, jobs);
  problems.insert(problems.end(), found.begin(), found.end());
  for (const bundle::Domain& d : b.domains) {
    const bool picks = !d.where.empty() || !d.stages.empty();
    if (direction == Direction::down || !picks || d.merges || !change_in(phases, d) || !problems.empty()) continue;
    const Problems taken = find_taken_keys(session, d);
    problems.insert(problems.end(), taken.begin(), taken.end());
  }
  return problems;
}

std::vector<IdRange> id_ranges(db::Connection& session, const bundle::Bundle& b,
                               const Journal& journal) {
  std::vector<IdRange> ranges;
  std::map<std::string, std::string> generators;
  for (const bundle::Domain& domain : b.domains) {
    if (domain.generator == "ordered" || domain.generator == "v7") generators[domain.name] = domain.generator;
  }
  for (const bundle::Column& c : b.columns) {
    if (!c.source || c.type == c.new_type || !generators.contains(c.domain) || journal.present(c.phase)) continue;
    const std::string column = db::quote_identifier(c.column);
    const db::Rows found =
        session.exec(fmt::format("SELECT min(id), max(id) FROM {}", held_ids(c)));
    ranges.push_back({c.table + "." + column, c.domain, generators[c.domain], std::stoll(found.rows.at(0)[0].value_or("0")),
                      std::stoll(found.rows[0][1].value_or("0"))});
  }
  return ranges;
}

Problems check_ranges(const std::vector<IdRange>& ranges) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 47;
  Problems problems;
  for (const IdRange& range : ranges) {
    if (range.low >= -kLimit && range.high < kLimit) continue;
    problems.push_back(
        fmt::format("{} holds ids from {} to {}; generator {} holds {} to {}: give the table "
                    "generator: keyed in the plan",
                    range.column, range.low, range.high, range.generator, -kLimit, kLimit - 1));
  }
  return problems;
}

std::vector<std::string> warn_of_order(const std::vector<IdRange>& ranges) {
  // A key made today begins with a number of milliseconds of about this size.
  constexpr std::int64_t kMilliseconds = 1'700'000'000'000;
  std::vector<std::string> warnings;
  for (const IdRange& range : ranges) {
    if (range.generator != "ordered") continue;
    if (range.low < 0) {
      warnings.push_back(fmt::format("{} holds ids down to {}: keys of negative ids sort last",
                                     range.column, range.low));
    }
    if (range.high > kMilliseconds) {
      warnings.push_back(fmt::format("{} holds ids up to {}: their keys sort after those of new rows",
                                     range.column, range.high));
    }
  }
  return warnings;
}

Problems check_fresh_ids(db::Connection& session, const std::vector<const bundle::Phase*>& phases) {
  Problems problems;
  std::vector<std::string> ids;
  for (const bundle::Phase* phase : phases) ids.push_back(phase->id);
  const db::Rows domains =
      session.exec("SELECT domain FROM rekey.domains WHERE phase = ANY ($1::text[]) AND generator <> 'borrowed' ORDER BY domain",
                   {db::catalog::to_array(ids)});
  for (const db::Row& row : domains.rows) {
    const db::Rows fresh =
        session.exec("SELECT needed, last_id, too_narrow, rekey.narrow_columns($1) FROM rekey.fresh_ids($1)",
                     {row[0]});
    const db::Row& found = fresh.rows.at(0);
    if (found[3]) {
      problems.push_back(
          fmt::format("since the change rows refer to legacy ids of domain {} that are too large for {}; "
                      "let these rows refer to others, or stay on the new keys",
                      text(row, 0), text(found, 3)));
    }
    if (!found[2]) continue;
    problems.push_back(fmt::format(
        "{} written since the change to domain {} would get legacy ids up to {}: too large for {}; "
        "delete rows or stay on the new keys",
        counted(std::stoll(text(found, 0)), "row was", "rows were"), text(row, 0), text(found, 1),
        text(found, 2)));
  }
  return problems;
}

}  // namespace rekey
