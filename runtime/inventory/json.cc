#include <nlohmann/json.hpp>

#include "runtime/inventory/inventory.h"

namespace rekey::inventory {

namespace {

using nlohmann::ordered_json;

ordered_json known(const std::optional<std::int64_t>& number) { return number ? ordered_json(*number) : ordered_json(nullptr); }
ordered_json given(const std::string& text) { return text.empty() ? ordered_json(nullptr) : ordered_json(text); }

ordered_json groups(const Domain& d) {
  ordered_json out = ordered_json::array();
  for (const Group& group : d.largest) {
    ordered_json rows = ordered_json::array();
    for (const auto& [key, children] : group.rows) rows.push_back({{"key", key}, {"children", children}});
    out.push_back({{"size", group.size}, {"rows", rows}});
  }
  return out;
}

ordered_json references(const Domain& d) {
  ordered_json out = ordered_json::array();
  for (const Reference& r : d.references) {
    out.push_back({{"table", r.table}, {"column", r.column}, {"kind", r.kind}, {"keys", r.keys}, {"orphans", r.orphans},
                   {"example", given(r.example)}});
  }
  return out;
}

ordered_json parts(const std::vector<Part>& parts, const Domain& d) {
  ordered_json out = ordered_json::array();
  for (const Part& p : parts) {
    ordered_json& one = out.emplace_back(ordered_json{{"name", p.name}, {"rows", p.rows}});
    if (!d.asked.unprocessed.empty()) one["unprocessed"] = p.unprocessed;
    if (!d.asked.where.empty()) one["where"] = p.chosen;
  }
  return out;
}

ordered_json times(const Domain& d) {
  if (d.asked.time_column.empty() || d.changed) return nullptr;
  const Spread& s = d.spread;
  return {{"column", d.asked.time_column}, {"oldest", given(s.oldest)}, {"newest", given(s.newest)}, {"unit", given(s.unit)},
          {"without", s.untimed}, {"parts", parts(s.times, d)}};
}

ordered_json owners(const Domain& d) {
  if (d.asked.owner_column.empty() || d.changed) return nullptr;
  return {{"column", d.asked.owner_column}, {"owners", d.spread.owned}, {"without", d.spread.ownerless},
          {"largest", parts(d.spread.owners, d)}};
}

ordered_json options(const Domain& d) {
  ordered_json out = ordered_json::array();
  for (const Option& o : d.advice.options) {
    out.push_back({{"scope", o.name}, {"rows", o.rows}, {"references", o.references}, {"bytes", static_cast<std::int64_t>(o.bytes)},
                   {"owners", known(o.owners)}, {"seconds", o.time.count()}, {"risk", o.risk}, {"how", o.how}});
  }
  return out;
}

ordered_json decision(const Domain& d) {
  if (d.asked.decided.empty()) return nullptr;
  return {{"scope", d.asked.decided}, {"reason", d.asked.reason}, {"date", given(d.asked.date)}};
}

ordered_json to_json(const Domain& d) {
  ordered_json versions = ordered_json::object();
  for (const auto& [version, count] : d.versions) versions[version] = count;
  const auto counted = [&](const std::string& condition, std::int64_t rows) {
    return condition.empty() || d.changed ? ordered_json(nullptr) : ordered_json(rows);
  };
  return {{"domain", d.name}, {"table", d.table}, {"column", d.column}, {"type", d.type}, {"generator", d.generator},
          {"changed", d.changed}, {"rows", d.rows}, {"bytes", d.bytes}, {"matching", known(d.matching)}, {"versions", versions},
          {"nameless", d.nameless}, {"double_groups", d.groups}, {"doubles", d.doubles}, {"largest_groups", groups(d)},
          {"childless", known(d.childless)}, {"references", references(d)},
          {"unprocessed", counted(d.asked.unprocessed, d.spread.all.unprocessed)},
          {"where", counted(d.asked.where, d.spread.all.chosen)}, {"time", times(d)}, {"owner", owners(d)},
          {"options", options(d)}, {"recommended", given(d.advice.recommended)}, {"because", given(d.advice.because)},
          {"decision", decision(d)}};
}

}  // namespace

std::string to_json(const Inventory& inventory) {
  ordered_json domains = ordered_json::array(), stops = ordered_json::array();
  for (const Domain& d : inventory.domains) {
    domains.push_back(to_json(d));
    for (const auto& stop : obstacles(d)) stops.push_back(stop);
  }
  return ordered_json{{"schema_version", 1}, {"plan", inventory.plan}, {"database", inventory.where}, {"domains", domains},
                      {"seconds", inventory.time.count()}, {"obstacles", stops}}
             .dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace rekey::inventory
