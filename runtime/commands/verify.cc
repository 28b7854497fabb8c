// verify: the checks of all applied phases, run now.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "runtime/commands/commands.h"
#include "runtime/interrupt.h"
#include "runtime/journal.h"
#include "runtime/outcome.h"
#include "runtime/text.h"
#include "runtime/verification.h"

namespace rekey {

namespace {

void print_json(const bundle::Bundle& b, const std::vector<Check>& checks) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Check& c : checks) {
    list.push_back({{"phase", c.phase},
                    {"check", c.check},
                    {"object", c.object},
                    {"ok", c.ok},
                    {"detail", c.detail}});
  }
  fmt::print("{}\n", nlohmann::ordered_json{{"schema_version", 1},
                                            {"plan", b.plan},
                                            {"ok", false_ones(checks).empty()},
                                            {"checks", list}}
                         .dump(2));
}

// A line a phase: how many checks of each kind hold.
void print_summary(const bundle::Bundle& b, const std::vector<Check>& checks) {
  std::vector<std::vector<std::string>> rows = {{"phase", "checks", "hold", "of what"}};
  for (const bundle::Phase& phase : b.phases) {
    std::map<std::string, int> kinds;
    std::size_t all = 0, hold = 0;
    for (const Check& c : checks) {
      if (c.phase != phase.id) continue;
      ++kinds[c.check];
      ++all;
      hold += c.ok;
    }
    if (all == 0) continue;
    std::vector<std::string> words;
    for (const auto& [kind, count] : kinds) words.push_back(fmt::format("{} {}", count, kind));
    rows.push_back({phase.id + " " + phase.name, std::to_string(all), std::to_string(hold), joined(words)});
  }
  fmt::print("{}", table(rows));
}

void print_table(const std::vector<Check>& checks) {
  std::vector<std::vector<std::string>> rows = {{"phase", "check", "object", "ok", "detail"}};
  for (const Check& c : checks) {
    rows.push_back({c.phase, c.check, c.object, c.ok ? "yes" : "NO", c.detail});
  }
  fmt::print("{}", table(rows));
}

// What holds and yet does not come back letter by letter.
void print_texts(const std::vector<Check>& checks) {
  for (const Check& c : checks) {
    if (c.check == "text") fmt::print("{}: {}\n", c.object, c.detail);
  }
}

// The phase in its middle that works on the same tables, if there is one: what the checks look for may be set aside.
const bundle::Phase* open_beside(const bundle::Bundle& b, const Journal& journal, const bundle::Phase& phase) {
  const auto shares = [&](const bundle::Phase& other) {
    return std::ranges::any_of(other.tables, [&](const std::string& table) { return std::ranges::find(phase.tables, table) != phase.tables.end(); });
  };
  const auto found = std::ranges::find_if(b.phases, [&](const bundle::Phase& p) { return journal.in_the_middle(p.id) && shares(p); });
  return found == b.phases.end() ? nullptr : &*found;
}

}  // namespace

int verify(const Options& options) {
  const bundle::Bundle b = bundle::read_bundle(options.bundle);
  const Sources sources(b);
  Run run(options.database, b.plan, options.verbose);
  watch_signals();
  const auto session = run.open("control");
  const Journal journal = read_journal(*session);
  refuse_other(journal, b);
  refuse_purged(journal);
  std::vector<Check> checks;
  for (const bundle::Phase& phase : b.phases) {
    if (!journal.applied(phase.id)) continue;
    if (const bundle::Phase* open = open_beside(b, journal, phase)) {
      fmt::print(stderr, "phase {} {} is not verified: phase {} {} is in its middle and works on the same tables\n", phase.id, phase.name, open->id,
                 open->name);
      continue;
    }
    try {
      for (Check& check : verify_phase(run, sources, phase, "verify")) {
        checks.push_back(std::move(check));
      }
    } catch (const Interrupted&) {
      throw Failed("interrupted");
    }
  }
  if (options.json) {
    print_json(b, checks);
  } else if (checks.empty()) {
    fmt::print("nothing of plan {} is applied: nothing to verify\n", b.plan);
  } else {
    options.verbose ? print_table(checks) : print_summary(b, checks);
  }
  if (!options.json && !options.verbose) print_texts(checks);
  const auto wrong = false_ones(checks);
  if (!options.json && !options.verbose && !wrong.empty()) print_table(wrong);
  if (!options.json && !checks.empty()) {
    fmt::print("{}, {}\n", counted(static_cast<std::int64_t>(checks.size()), "check"),
               wrong.empty() ? "all hold" : fmt::format("{} false", wrong.size()));
  }
  return wrong.empty() ? kDone : kFailed;
}

}  // namespace rekey
