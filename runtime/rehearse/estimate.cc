#include "runtime/rehearse/estimate.h"

#include <fmt/format.h>

#include <algorithm>

namespace rekey::rehearse {

namespace {

constexpr const char* kSizes = R"(
SELECT c.oid::regclass, reltuples, pg_catalog.pg_total_relation_size(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname <> 'rekey' AND nspname <> 'information_schema' AND nspname !~ '^pg_')";

TableSize size_of(const Sizes& sizes, const std::string& table) {
  const auto found = sizes.find(table);
  return found == sizes.end() ? TableSize{} : found->second;
}

// A table that was never analyzed has -1 rows: its bytes say more.
double times_larger(const TableSize& live, const TableSize& copy) {
  if (live.rows > 0 && copy.rows > 0) return std::max(1.0, live.rows / copy.rows);
  return copy.bytes > 0 ? std::max(1.0, live.bytes / copy.bytes) : 1;
}

}  // namespace

Sizes sizes_of(db::Connection& session, bool counted) {
  Sizes sizes;
  for (const db::Row& row : session.exec(kSizes).rows) {
    auto& size = sizes[row[0].value()];
    size = {std::stod(row[1].value()), std::stod(row[2].value())};
    if (counted) size.rows = std::stod(session.exec("SELECT count(*) FROM ONLY " + row[0].value()).only().value());
  }
  return sizes;
}

std::vector<Estimate> estimates(const std::vector<StepSeen>& steps, const Sizes& live, const Sizes& copy) {
  std::vector<Estimate> out;
  for (const StepSeen& seen : steps) {
    if (out.empty() || out.back().phase != seen.phase || out.back().direction != seen.direction) {
      out.push_back({seen.phase, seen.direction});
    }
    Estimate& estimate = out.back();
    double times = 1;
    const bundle::Side& side = side_of(*seen.step, seen.direction);
    for (const auto* tables : {&side.rewrites, &side.scans}) {
      for (const std::string& table : *tables) times = std::max(times, times_larger(size_of(live, table), size_of(copy, table)));
    }
    double room = 0;
    for (const std::string& table : side.rewrites) room += size_of(live, table).bytes;
    if (seen.step->kind == "repartition") room *= 2;  // the rows stand in a table of their own meanwhile
    estimate.seen += seen.time;
    estimate.time += seen.time * times;
    estimate.wal += seen.wal * times;
    estimate.room = std::max(estimate.room, room);
    estimate.largest = std::max(estimate.largest, times);
  }
  return out;
}

}  // namespace rekey::rehearse
