// Rows of a root's table by the conditions of the plan, by time and by owner.
#include <fmt/format.h>

#include <tuple>

#include "runtime/inventory/inventory.h"
#include "runtime/outcome.h"

namespace rekey::inventory {

namespace {

constexpr int kOwners = 5;  // that are shown
constexpr int kTimes = 12;

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }
std::int64_t number(const db::Row& row, std::size_t i) { return std::stoll(row[i].value_or("0")); }

// Of time zone UTC, whatever the column has: timestamp and date are taken for that.
std::string time_of(const bundle::Domain& d) {
  return fmt::format("({}::timestamptz AT TIME ZONE 'UTC')", db::quote_identifier(d.inventory.time_column));
}

std::string count_of(const std::string& condition) {
  return condition.empty() ? "0" : fmt::format("count(*) FILTER (WHERE ({}))", condition);
}

// Rows, those not processed, those chosen.
std::string counts(const bundle::Domain& d) {
  return fmt::format("count(*) AS rows, {} AS unprocessed, {} AS chosen", count_of(d.inventory.unprocessed), count_of(d.inventory.where));
}

Part part(const db::Row& row, std::size_t from) {
  return {text(row, from), number(row, from + 1), number(row, from + 2), number(row, from + 3)};
}

// The compiler cannot know the columns that keys do not stand in.
void check_asked(db::Connection& session, const bundle::Domain& d) {
  const auto& asked = d.inventory;
  const auto condition = [&](const std::string& sql) { return fmt::format("SELECT FROM {} WHERE ({})", d.table, sql); };
  const std::tuple<const char*, const std::string&, std::string> queries[] = {
      {"unprocessed", asked.unprocessed, condition(asked.unprocessed)},
      {"where", asked.where, condition(asked.where)},
      {"time_column", asked.time_column,
       fmt::format("SELECT date_trunc('day', {}), {} FROM {}", db::quote_identifier(asked.time_column), time_of(d), d.table)},
      {"owner_column", asked.owner_column,
       fmt::format("SELECT {} FROM {} GROUP BY 1", db::quote_identifier(asked.owner_column), d.table)}};
  for (const auto& [key, value, query] : queries) {
    if (value.empty()) continue;
    try {
      session.exec("EXPLAIN " + query);
    } catch (const db::Error& error) {
      throw Refused(fmt::format("{}: {} under inventory: of the plan does not fit the table: {}; correct the plan", d.table,
                                key, error.what()));
    }
  }
}

// The finest unit that needs no more than kTimes lines.
std::pair<std::string, std::string> unit_of(double days) {
  if (days * 24 < kTimes) return {"hour", "YYYY-MM-DD HH24:00"};
  if (days < kTimes) return {"day", "YYYY-MM-DD"};
  if (days < kTimes * 7) return {"week", "YYYY-MM-DD"};
  if (days < kTimes * 30) return {"month", "YYYY-MM"};
  if (days < kTimes * 91) return {"quarter", "YYYY \"Q\"Q"};
  return {"year", "YYYY"};
}

void add_times(db::Connection& session, const bundle::Domain& d, Spread& out) {
  if (d.inventory.time_column.empty()) return;
  const auto time = time_of(d);
  const db::Row ends = session.exec(fmt::format(
      "SELECT to_char(min(t), 'YYYY-MM-DD HH24:MI'), to_char(max(t), 'YYYY-MM-DD HH24:MI'), extract(epoch FROM max(t) - min(t)) / 86400 "
      "FROM (SELECT {0} AS t FROM {1} WHERE isfinite({0})) times", time, d.table)).rows.at(0);
  out.untimed = out.all.rows;
  if (!ends[0]) return;
  out.oldest = text(ends, 0), out.newest = text(ends, 1);
  const auto [unit, format] = unit_of(std::stod(text(ends, 2)));
  out.unit = unit;
  Part all = part(session.exec(fmt::format("SELECT '', {} FROM {} WHERE isfinite({})", counts(d), d.table, time)).rows.at(0), 0);
  out.untimed -= all.rows;
  for (const db::Row& row : session.exec(fmt::format(
           "SELECT to_char(t, '{}'), rows, unprocessed, chosen FROM (SELECT date_trunc('{}', {}) AS t, {} FROM {} "
           "WHERE isfinite({}) GROUP BY 1 ORDER BY 1 DESC LIMIT {}) newest ORDER BY t",
           format, unit, time, counts(d), d.table, time, kTimes)).rows) {
    const Part& p = out.times.emplace_back(part(row, 0));
    all.rows -= p.rows, all.unprocessed -= p.unprocessed, all.chosen -= p.chosen;
  }
  all.name = "before " + out.times.front().name;
  if (all.rows > 0) out.times.insert(out.times.begin(), all);
}

void add_owners(db::Connection& session, const bundle::Domain& d, Spread& out) {
  if (d.inventory.owner_column.empty()) return;
  const auto owners = fmt::format("(SELECT {}::text AS owner, {} FROM {} GROUP BY 1) owners",
                                  db::quote_identifier(d.inventory.owner_column), counts(d), d.table);
  const db::Row sum = session.exec(fmt::format(
      "SELECT count(owner), count(owner) FILTER (WHERE chosen > 0), coalesce(sum(rows) FILTER (WHERE owner IS NULL), 0) "
      "FROM {}", owners)).rows.at(0);
  out.owned = number(sum, 0), out.owned_chosen = number(sum, 1), out.ownerless = number(sum, 2);
  for (const db::Row& row : session.exec(fmt::format("SELECT owner, rows, unprocessed, chosen FROM {} WHERE owner IS NOT NULL "
                                                     "ORDER BY rows DESC, owner COLLATE \"C\" LIMIT {}", owners, kOwners)).rows) {
    out.owners.push_back(part(row, 0));
  }
}

}  // namespace

Spread spread(db::Connection& session, const bundle::Domain& d) {
  check_asked(session, d);
  try {
    Spread out;
    out.all = part(session.exec(fmt::format("SELECT '', {} FROM {}", counts(d), d.table)).rows.at(0), 0);
    add_times(session, d, out);
    add_owners(session, d, out);
    return out;
  } catch (const db::Error& error) {
    if (!error.sqlstate.starts_with("22")) throw;  // what the values of some row lead to
    throw Refused(fmt::format("{}: what inventory: of the plan asks for cannot be counted: {}; correct the plan", d.table, error.what()));
  }
}

}  // namespace rekey::inventory
