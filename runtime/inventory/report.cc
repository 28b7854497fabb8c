#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/inventory/inventory.h"
#include "runtime/text.h"

namespace rekey::inventory {

namespace {

using nlohmann::ordered_json;
using Cells = std::vector<std::vector<std::string>>;

std::string share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? "-" : fmt::format("{:.{}f} %", 100.0 * part / whole, part == 0 || part == whole ? 0 : 1);
}

std::string known(const std::optional<std::int64_t>& number) { return number ? grouped(*number) : "-"; }

Cells domain_rows(const std::vector<Domain>& domains) {
  Cells rows = {{"keys of", "from", "to", "rows", "size", "match", "no name", "doubles", "alone"}};
  for (const Domain& d : domains) {
    if (d.changed) {
      rows.push_back({d.name, "changed", d.generator, "-", "-", "-", "-", "-", "-"});
      continue;
    }
    rows.push_back({d.name, d.type, d.generator, grouped(d.rows), size(static_cast<double>(d.bytes)),
                    d.matching ? share(*d.matching, d.rows) : "-", grouped(d.nameless), grouped(d.doubles), known(d.childless)});
  }
  return rows;
}

Cells reference_rows(const std::vector<Domain>& domains) {
  Cells rows = {{"column", "keys of", "kind", "keys", "orphans"}};
  for (const Domain& d : domains) {
    for (const Reference& r : d.references) {
      rows.push_back({r.table + "." + r.column, d.table, r.kind, grouped(r.keys), grouped(r.orphans)});
    }
  }
  return rows;
}

std::vector<std::string> details(const Domain& d) {
  std::vector<std::string> out;
  std::vector<std::string> versions;
  for (const auto& [version, count] : d.versions) versions.push_back(fmt::format("{}{}: {}", version.size() == 1 ? "version " : "", version, grouped(count)));
  if (!versions.empty()) out.push_back(fmt::format("{} has {}", d.name, joined(versions)));
  for (const Group& group : d.largest) {
    std::vector<std::string> rows;
    for (const auto& [key, children] : group.rows) rows.push_back(fmt::format("{} ({})", key, counted(children, "child", "children")));
    out.push_back(fmt::format("{} would be one key: {}{}", counted(group.size, "row"), joined(rows),
                              group.size > static_cast<std::int64_t>(group.rows.size()) ? ", …" : ""));
  }
  return out;
}

constexpr const char* kLegend =
    "match: keys that are already what the generator makes of their row (-: nothing says so before); no name: rows from which no "
    "key can be made; doubles: rows that are one too many for a key; alone: rows that nothing refers to.";

std::vector<std::string> all(const std::vector<Domain>& domains, std::vector<std::string> (*of)(const Domain&)) {
  std::vector<std::string> out;
  for (const Domain& d : domains) {
    for (auto& line : of(d)) out.push_back(std::move(line));
  }
  return out;
}

std::string result(const std::vector<std::string>& stops) {
  return stops.empty() ? "nothing in the data keeps this plan from being applied"
                       : fmt::format("{} in the way of this plan", counted(static_cast<std::int64_t>(stops.size()), "thing"));
}

std::string list(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "- " + line + "\n";
  return out;
}

ordered_json to_json(const Domain& d) {
  ordered_json versions = ordered_json::object(), groups = ordered_json::array(), references = ordered_json::array();
  for (const auto& [version, count] : d.versions) versions[version] = count;
  for (const Group& group : d.largest) {
    ordered_json rows = ordered_json::array();
    for (const auto& [key, children] : group.rows) rows.push_back({{"key", key}, {"children", children}});
    groups.push_back({{"size", group.size}, {"rows", rows}});
  }
  for (const Reference& r : d.references) {
    references.push_back({{"table", r.table}, {"column", r.column}, {"kind", r.kind}, {"keys", r.keys}, {"orphans", r.orphans},
                          {"example", r.example.empty() ? ordered_json(nullptr) : ordered_json(r.example)}});
  }
  const auto known = [](const std::optional<std::int64_t>& n) { return n ? ordered_json(*n) : ordered_json(nullptr); };
  return {{"domain", d.name}, {"table", d.table}, {"column", d.column}, {"type", d.type}, {"generator", d.generator},
          {"changed", d.changed}, {"rows", d.rows}, {"bytes", d.bytes}, {"matching", known(d.matching)}, {"versions", versions},
          {"nameless", d.nameless}, {"double_groups", d.groups}, {"doubles", d.doubles}, {"largest_groups", groups},
          {"childless", known(d.childless)}, {"references", references}};
}

}  // namespace

std::string to_text(const std::string& plan, const std::string& where, const std::vector<Domain>& domains) {
  const auto stops = all(domains, obstacles);
  std::string out = fmt::format("plan {} at {}\n\n{}", plan, where, table(domain_rows(domains)));
  if (const auto rows = reference_rows(domains); rows.size() > 1) out += "\n" + table(rows);
  out += "\n" + wrapped(kLegend);
  for (const auto& line : all(domains, details)) out += wrapped(line);
  out += "\n";
  for (const auto& line : stops) out += wrapped("- " + line);
  return out + wrapped(result(stops));
}

std::string to_markdown(const std::string& plan, const std::string& where, const std::vector<Domain>& domains) {
  const auto stops = all(domains, obstacles), more = all(domains, details);
  std::string out = fmt::format("## Inventory of plan {}\n\n**{}**. {}\n\n{}", plan, result(stops), where, list(stops));
  out += fmt::format("\n### Keys\n\n{}\n{}\n", markdown_table(domain_rows(domains)), kLegend);
  if (!more.empty()) out += "\n" + list(more);
  if (const auto rows = reference_rows(domains); rows.size() > 1) out += "\n### What holds them\n\n" + markdown_table(rows);
  return out + "\n### Decision\n\nDecided:\n\nBecause:\n";
}

std::string to_json(const std::string& plan, const std::string& where, const std::vector<Domain>& domains) {
  ordered_json list = ordered_json::array();
  for (const Domain& d : domains) list.push_back(to_json(d));
  return ordered_json{{"schema_version", 1}, {"plan", plan}, {"database", where}, {"domains", list}, {"obstacles", all(domains, obstacles)}}
             .dump(2) + "\n";
}

}  // namespace rekey::inventory
