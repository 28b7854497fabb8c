#include <fmt/format.h>

#include <algorithm>

#include "runtime/inventory/inventory.h"
#include "runtime/text.h"

namespace rekey::inventory {

namespace {

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

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

// No bar ends a cell.
std::string markdown(Cells rows) {
  for (auto& row : rows) {
    for (std::string& cell : row) {
      for (auto at = cell.find('|'); at != std::string::npos; at = cell.find('|', at + 2)) cell.insert(at, "\\");
    }
  }
  return markdown_table(rows);
}

std::vector<std::string> details(const Domain& d) {
  std::vector<std::string> out;
  std::vector<std::string> versions;
  for (const auto& [version, count] : d.versions) versions.push_back(fmt::format("{}{}: {}", version.size() == 1 ? "version " : "", version, grouped(count)));
  if (!versions.empty()) out.push_back(fmt::format("{} has {}", d.name, joined(versions)));
  if (!d.asked.unprocessed.empty() && !d.changed) {
    out.push_back(fmt::format("{}: {} of {} ({}) not processed: {}", d.table, grouped(d.spread.all.unprocessed), counted(d.rows, "row"),
                              share(d.spread.all.unprocessed, d.rows), one_line(d.asked.unprocessed)));
  }
  if (d.merges && d.doubles > 0) {
    out.push_back(fmt::format("{}: {} become one with another, as the plan says, in {}", d.table, counted(d.doubles, "row"), counted(d.groups, "group")));
  }
  for (const Reference& r : d.references) {
    if (r.settled && r.orphans > 0) {
      out.push_back(fmt::format("{}.{}: {} that no row of {} has, of which the plan takes care", r.table, r.column, counted(r.orphans, "key"), d.table));
    }
  }
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


Cells part_rows(const Domain& d, const std::string& of, const std::vector<Part>& parts) {
  Cells rows = {{of, "rows", "share"}};
  if (!d.asked.unprocessed.empty()) rows[0].push_back("unprocessed");
  if (!d.asked.where.empty()) rows[0].push_back("where");
  for (const Part& p : parts) {
    rows.push_back({one_line(p.name), grouped(p.rows), share(p.rows, d.rows)});
    if (!d.asked.unprocessed.empty()) rows.back().push_back(grouped(p.unprocessed));
    if (!d.asked.where.empty()) rows.back().push_back(grouped(p.chosen));
  }
  return rows;
}

struct Titled {
  std::string title;
  Cells rows;
};

std::vector<Titled> spread_tables(const Domain& d) {
  std::vector<Titled> out;
  const Spread& s = d.spread;
  if (!s.times.empty()) {
    out.push_back({fmt::format("{} by {}, {} to {} UTC{}", d.table, d.asked.time_column, s.oldest, s.newest,
                               s.untimed > 0 ? fmt::format("; {} without a time", counted(s.untimed, "row")) : ""),
                   part_rows(d, s.unit, s.times)});
  }
  if (!s.owners.empty()) {
    const auto few = static_cast<std::int64_t>(s.owners.size());
    out.push_back({fmt::format("{} by {}: {}{}{}", d.table, d.asked.owner_column, counted(s.owned, "owner"),
                               s.ownerless > 0 ? fmt::format("; {} without one", counted(s.ownerless, "row")) : "",
                               few < s.owned ? fmt::format("; the {} with the most rows", few) : ""),
                   part_rows(d, d.asked.owner_column, s.owners)});
  }
  return out;
}

Cells option_rows(const Domain& d) {
  Cells rows = {{"scope", "rows", "references", "size", "owners", "time"}};
  for (const Option& o : d.advice.options) {
    rows.push_back({o.name, grouped(o.rows), grouped(o.references), size(o.bytes), known(o.owners), duration(o.time)});
  }
  return rows;
}

std::string decided(const Domain& d) {
  return fmt::format("{}{}: {}", d.asked.decided, d.asked.date.empty() ? "" : fmt::format(" ({})", d.asked.date), one_line(d.asked.reason));
}

constexpr const char* kOptionLegend =
    "scope: full gives all rows new keys, hybrid those of where:, forward_only none but rows to come; size: of the rows "
    "that change, with indexes; owners: whose keys change.";

std::string measured(const Inventory& inventory) {
  return fmt::format("All tables of the plan, one after the other: about {}. Measured by reading up to 20,000 rows of each "
                     "table, making a key of each and sorting by it, times {} for what writing and indexes add, {} in an online "
                     "phase, {} where UUIDs become other UUIDs: an order of magnitude. rekey rehearse measures it.",
                     duration(inventory.time), kOffline, kOnline, kPairs);
}

std::string options_text(const Domain& d) {
  if (!d.has_choice()) return "";
  std::string out = fmt::format("\nwhat can be done about {}\n{}", d.name, table(option_rows(d)));
  out += wrapped(fmt::format("recommended: {}: {}", d.advice.recommended, d.advice.because));
  return d.asked.decided.empty() ? out : out + wrapped("decided: " + decided(d));
}

std::string spreads_markdown(const std::vector<Domain>& domains) {
  std::string out;
  for (const Domain& d : domains) {
    for (const Titled& t : spread_tables(d)) out += fmt::format("\n{}:\n\n{}", t.title, markdown(t.rows));
  }
  return out.empty() ? "" : "\n### When, and whose\n" + out;
}

std::string options_markdown(const Domain& d) {
  if (!d.has_choice()) return "";
  std::string out = fmt::format("\n#### {}\n\n{}\n", d.name, markdown(option_rows(d)));
  for (const Option& o : d.advice.options) out += fmt::format("- **{}**, risk: {}. How: {}.\n", o.name, o.risk, o.how);
  if (d.asked.where.empty()) {
    out += "- **hybrid**: its numbers stand here once the plan says which rows come first: `inventory: {where: …}`.\n";
  }
  return out + fmt::format("\nRecommended: **{}**: {}.\n", d.advice.recommended, d.advice.because);
}

constexpr const char* kRules =
    "Recommended is, by the first rule that holds: forward_only, where all keys are right already; forward_only, where more "
    "than a tenth of the rows can get no key of their own; hybrid, where all rows would take more than an hour and where: "
    "picks no more than half of them; else full.";

std::string all_options_markdown(const Inventory& inventory) {
  std::string out;
  for (const Domain& d : inventory.domains) out += options_markdown(d);
  const bool one_way = std::ranges::any_of(inventory.domains, [](const Domain& d) { return !d.changed && !d.has_choice(); });
  if (one_way) out += fmt::format("\n{} that change their type: full, or not at all.\n", out.empty() ? "Keys" : "The others are keys");
  if (out.empty()) return "";
  return fmt::format("\n### Full, hybrid or forward-only\n\n{}\n{}\n{}\n", measured(inventory), out, kOptionLegend) +
         (std::ranges::any_of(inventory.domains, &Domain::has_choice) ? fmt::format("\n{}\n", kRules) : "");
}

// Room for what is not decided, the plan's word for what is.
std::string decision_markdown(const std::vector<Domain>& domains) {
  constexpr const char* kRoom = "Decided:\n\nBecause:\n";
  std::string kept, open;
  bool others = false;
  for (const Domain& d : domains) {
    if (!d.asked.decided.empty()) kept += fmt::format("- **{}**: {}\n", d.name, decided(d));
    else if (d.has_choice()) open += fmt::format("\n**{}** (recommended: {})\n\n{}", d.name, d.advice.recommended, kRoom);
    else others = others || !d.changed;
  }
  if (others) open += fmt::format("{}\n{}", kept.empty() && open.empty() ? "" : "\n**All others**\n", kRoom);
  if (!open.empty()) open += "\nThe plan keeps it, at a table or for all: `decision: {scope: full, reason: …, date: …}`.\n";
  return "\n### Decision\n" + (kept.empty() ? "" : "\n" + kept) + open;
}

}  // namespace

std::string to_text(const Inventory& inventory) {
  const auto& domains = inventory.domains;
  const auto stops = all(domains, obstacles);
  std::string out = fmt::format("plan {} at {}\n\n{}", inventory.plan, inventory.where, table(domain_rows(domains)));
  if (const auto rows = reference_rows(domains); rows.size() > 1) out += "\n" + table(rows);
  out += "\n" + wrapped(kLegend);
  for (const auto& line : all(domains, details)) out += wrapped(line);
  for (const Domain& d : domains) {
    for (const Titled& t : spread_tables(d)) out += "\n" + wrapped(t.title) + table(t.rows);
  }
  for (const Domain& d : domains) out += options_text(d);
  if (std::ranges::any_of(domains, &Domain::has_choice)) out += "\n" + wrapped(kOptionLegend);
  if (inventory.time.count() > 0) out += "\n" + wrapped(measured(inventory));
  out += "\n";
  for (const auto& line : stops) out += wrapped("- " + line);
  return out + wrapped(result(stops));
}

std::string to_markdown(const Inventory& inventory) {
  const auto& domains = inventory.domains;
  const auto stops = all(domains, obstacles), more = all(domains, details);
  std::string out = fmt::format("## Inventory of plan {}\n\n**{}**. {}\n\n{}", inventory.plan, result(stops), inventory.where, list(stops));
  out += fmt::format("\n### Keys\n\n{}\n{}\n", markdown(domain_rows(domains)), kLegend);
  if (!more.empty()) out += "\n" + list(more);
  if (const auto rows = reference_rows(domains); rows.size() > 1) out += "\n### What holds them\n\n" + markdown(rows);
  return out + spreads_markdown(domains) + all_options_markdown(inventory) + decision_markdown(domains);
}

}  // namespace rekey::inventory
