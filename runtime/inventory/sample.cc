// What a change of keys may take, as far as reading tells: on a sample of each table's rows, how long it takes to read
// them whole, and to make a key of each and sort the rows by it. Functions of schema rekey are not there yet: all
// generators but `expression` are stood in for by a SHA-256.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "runtime/inventory/inventory.h"

namespace rekey::inventory {

namespace {

constexpr std::int64_t kRows = 20'000;        // of a sample
constexpr Seconds kStep{0.02};                // what a phase takes for an empty table
constexpr double kBytes = 32 * 1024 * 1024.0;  // of its rows, about

std::string hashed(const std::string& text) { return fmt::format("sha256(convert_to(({})::text, 'UTF8'))", text); }

std::string key_of(const bundle::Domain& d, const bundle::Column& column) {
  const bool root = column.table == d.table && column.column == d.column;
  if (root && !d.expression.empty()) return fmt::format("({})", d.expression);
  return hashed(root && !d.compared_name.empty() ? d.compared_name : db::quote_identifier(column.column));
}

Seconds time_of(db::Connection& session, const std::string& query, std::int64_t* rows = nullptr) {
  const auto begin = std::chrono::steady_clock::now();
  const db::Rows found = session.exec(query);
  if (rows) *rows = std::stoll(found.rows.at(0)[0].value_or("0"));
  return std::chrono::steady_clock::now() - begin;
}

}  // namespace

Sample sample(db::Connection& session, const bundle::Domain& d, const bundle::Column& column) {
  Sample out;
  const db::Row size = session.exec(fmt::format(
      "SELECT count(*), greatest((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree($1::regclass)), "
      "pg_total_relation_size($1::regclass)) FROM {}", column.table), {column.table}).rows.at(0);
  out.rows = std::stoll(size[0].value()), out.bytes = std::stod(size[1].value());
  if (out.rows == 0) return out;
  const double wanted = std::clamp(kBytes / (out.bytes / out.rows), 100.0, static_cast<double>(kRows));
  const double percent = 100 * wanted / out.rows;
  const auto some = "SELECT * FROM " + column.table +
                    (percent < 100 ? fmt::format(" TABLESAMPLE SYSTEM ({:.6f}) REPEATABLE (1)", percent) : "");
  const auto whole = [](const std::string& rows) {
    return fmt::format("SELECT count(*), sum(pg_column_size(s.*)) FROM ({} OFFSET 0) s", rows);
  };
  out.read = time_of(session, whole(some), &out.sampled);
  out.made = time_of(session, whole(fmt::format("{} ORDER BY {}", some, key_of(d, column))));
  return out;
}

Seconds time_to_change(const Sample& s, std::int64_t rows) {
  if (s.sampled == 0) return kStep * s.phases;
  return (kStep + s.made * (static_cast<double>(rows) / s.sampled) * s.factor) * s.phases;
}

}  // namespace rekey::inventory
