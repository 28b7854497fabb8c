#include "runtime/taken_keys.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "runtime/bundle/named.h"
#include "runtime/db/catalog.h"
#include "runtime/interrupt.h"
#include "runtime/outcome.h"

namespace rekey {
namespace {

constexpr std::size_t kPage = 10000;

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }

// Key, whether the row changes, and its new key, or what that is made from.
std::string rows_of(const bundle::Domain& d) {
  return fmt::format("SELECT {0}::text AS key, ({1}) AS picked, ({2})::text AS made FROM {3} WHERE {0} IS NOT NULL", db::quote_identifier(d.column),
                     d.where.empty() ? "true" : "coalesce((" + d.where + "), false)", d.expression.empty() ? d.compared_name : d.expression, d.table);
}

std::string new_key(const bundle::Domain& d, const db::Row& row) {
  return !d.expression.empty() ? text(row, 2) : row[2] ? bundle::named(d.name_space, *row[2]) : "";
}

// A row whose key another one would get may change itself, to make room; not where they change in stages.
bool makes_room(const bundle::Domain& d, const db::Row& row) {
  return d.stages.empty() && text(row, 1) == "t" && new_key(d, row) != text(row, 0);
}

Problems taken_among(db::Connection& session, const bundle::Domain& d, const std::map<std::string, std::string>& wanted) {
  std::vector<std::string> keys;
  for (const auto& [made, key] : wanted) keys.push_back(made);
  for (const db::Row& row : session.exec(fmt::format("SELECT * FROM ({}) r WHERE key::uuid = ANY ($1::uuid[])", rows_of(d)),
                                         {db::catalog::to_array(keys)}).rows) {
    const std::string& key = wanted.at(text(row, 0));
    if (makes_room(d, row)) continue;
    return {fmt::format("{}: the row with {} = {} would get {}, which is the key of another row; delete one of these rows or make one of "
                        "them, or let where: leave the first one out", d.table, db::quote_identifier(d.column), key, text(row, 0))};
  }
  return {};
}

}  // namespace

Problems find_taken_keys(db::Connection& session, const bundle::Domain& d) {
  if (d.expression.empty() && (d.name_columns.empty() || d.name_changes)) return {};
  session.exec("BEGIN");
  session.exec(fmt::format("DECLARE picked NO SCROLL CURSOR FOR {}", rows_of(d)));
  Problems problems;
  for (bool more = true; more && problems.empty();) {
    if (interrupted()) throw Failed("interrupted; nothing has been changed");
    const db::Rows page = session.exec(fmt::format("FETCH {} FROM picked", kPage));
    more = page.rows.size() == kPage;
    std::map<std::string, std::string> wanted;
    for (const db::Row& row : page.rows) {
      const std::string made = new_key(d, row);
      if (text(row, 1) == "t" && !made.empty() && made != text(row, 0)) wanted.emplace(made, text(row, 0));
    }
    if (!wanted.empty()) problems = taken_among(session, d, wanted);
  }
  session.exec("ROLLBACK");
  return problems;
}

}  // namespace rekey
