// Full, hybrid or forward-only: numbers, risk, and which of them by rules that stand in the report.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/inventory/inventory.h"

namespace rekey::inventory {

namespace {

constexpr double kMuchInTheWay = 0.1;  // of the rows
constexpr Seconds kLong = std::chrono::hours(1);

std::set<std::string> tables_of(const Domain& d) {
  std::set<std::string> out{d.table};
  for (const Reference& r : d.references) out.insert(r.table);
  return out;
}

Option full(const Domain& d, const Samples& samples, bool online) {
  Option out{"full", d.rows - d.matching.value_or(0)};
  for (const Reference& r : d.references) out.references += r.keys;
  for (const std::string& table : tables_of(d)) {
    const Sample& s = samples.at(table);
    out.bytes += s.bytes;
    out.time += time_to_change(s, s.rows);
  }
  if (!d.asked.owner_column.empty()) out.owners = d.spread.owned;
  out.risk = fmt::format("every table above is {}; who keeps a key elsewhere, in a log, a cache or a URL, has to ask "
                         "rekey lookup for the new one; it goes back with rekey rollback",
                         online ? "filled anew beside the application" : "rewritten, and locked meanwhile");
  out.how = d.picked ? fmt::format("delete where: at {} in the plan", d.table) : "this plan, as it is";
  return out;
}

// Of each table, the rows that would be changed.
std::map<std::string, std::int64_t> chosen_rows(const Domain& d) {
  std::map<std::string, std::int64_t> out{{d.table, d.spread.all.chosen}};
  for (const Reference& r : d.references) out[r.table] = std::max(out[r.table], r.chosen);
  return out;
}

Option hybrid(const Domain& d, const Samples& samples) {
  Option out{"hybrid", d.spread.all.chosen};
  for (const Reference& r : d.references) out.references += r.chosen;
  for (const auto& [table, rows] : chosen_rows(d)) {
    const Sample& s = samples.at(table);
    if (s.rows > 0) out.bytes += s.bytes * (static_cast<double>(rows) / s.rows);
    if (s.sampled > 0) out.time += s.read * (static_cast<double>(s.rows) / s.sampled) + time_to_change(s, rows);
  }
  if (!d.asked.owner_column.empty()) out.owners = d.spread.owned_chosen;
  out.risk = fmt::format("{} keep the keys that they have: whoever makes a key from a row does not find them and has to "
                         "look twice, for good or until they follow; the line between the two kinds is a condition that "
                         "everyone has to know",
                         counted(d.rows - out.rows, "row"));
  out.how = d.picked ? "this plan, as it is"
                     : fmt::format("write where: {} at {} in the plan", d.asked.where, d.table);
  return out;
}

Option forward_only(const Domain& d) {
  Option out{"forward_only"};
  if (!d.asked.owner_column.empty()) out.owners = 0;
  const std::int64_t old = d.rows - d.matching.value_or(0);
  out.risk = fmt::format("nothing is changed, so nothing can fail; {} for good, and a row that comes again under its new "
                         "key stands beside its old self where no other unique key stops it",
                         old == 1 ? "1 row keeps a key of the old kind" : grouped(old) + " rows keep keys of the old kind");
  out.how = fmt::format("write change: keep for {0} in the plan; new rows get their keys from the application, or from a "
                        "default that you set, because rekey leaves such a table alone: ALTER TABLE {0} ALTER COLUMN {1} "
                        "SET DEFAULT …", d.table, db::quote_identifier(d.column));
  return out;
}

std::string about(Seconds time) { return time < Seconds(1) ? "less than a second" : "about " + duration(time); }

std::string percent(std::int64_t part, std::int64_t whole) { return fmt::format("{:.1f} %", 100.0 * part / whole); }

// The first rule that holds.
void recommend(const Domain& d, Advice& out) {
  const Option& all = out.options.front();
  const std::int64_t in_the_way = d.nameless + (d.merges ? 0 : d.doubles);
  const bool some = d.spread.all.chosen > 0 && d.spread.all.chosen * 2 <= d.rows;
  out.recommended = "full";
  if (out.options.size() == 1) {
    out.because = "the type of the keys changes, and a column has one type";
  } else if (d.rows > 0 && all.rows == 0) {
    out.recommended = "forward_only";
    out.because = "all keys are what the generator makes already";
  } else if (in_the_way > kMuchInTheWay * d.rows) {
    out.recommended = "forward_only";
    out.because = fmt::format("{} of the rows can get no key of their own, more than {:.0f} %: settle these, then look again",
                              percent(in_the_way, d.rows), 100 * kMuchInTheWay);
  } else if (some && all.time > kLong) {
    out.recommended = "hybrid";
    out.because = fmt::format("all rows would take {}, more than {}, and those that come first are {} of them", about(all.time),
                              duration(kLong), percent(d.spread.all.chosen, d.rows));
  } else {
    out.because = fmt::format("it leaves one kind of key, in {}{}", about(all.time),
                              in_the_way > 0 ? ", once what is in the way is settled" : "");
  }
}

}  // namespace

Advice advise(const Domain& d, const Samples& samples, bool online) {
  Advice out;
  out.options.push_back(full(d, samples, online));
  if (d.uuid) {
    if (!d.asked.where.empty()) out.options.push_back(hybrid(d, samples));
    out.options.push_back(forward_only(d));
  }
  recommend(d, out);
  return out;
}

}  // namespace rekey::inventory
