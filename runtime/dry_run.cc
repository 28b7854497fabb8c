// apply and rollback with --dry-run: what would run, with its locks.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/command_checks.h"
#include "runtime/operation.h"
#include "runtime/text.h"

namespace rekey {

void Operation::print_dry_run(const std::vector<const bundle::Phase*>& phases) {
  const Journal now = journal();
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const bundle::Phase* phase : phases) {
    if (!options_.json) fmt::print("phase {} {} ({})\n", phase->id, phase->name, phase->strategy);
    for (const bundle::Command& command : phase->commands) {
      if (!options_.json && direction_ == Direction::up) fmt::print("  runs {} it: {}\n", when(command), command.command);
    }
    for (const bundle::Step* step : todo(*phase, as_opened(now, *phase))) {
      const bundle::Side& side = side_of(*step, direction_);
      nlohmann::ordered_json locks = nlohmann::ordered_json::array();
      if (!options_.json) fmt::print("  {}\n", step->id);
      for (const bundle::TableLock& lock : side.locks) {
        const bool rewrites = std::ranges::count(side.rewrites, lock.table) > 0;
        locks.push_back(
            {{"table", lock.table}, {"mode", bundle::name(lock.mode)}, {"rewrites", rewrites}});
        if (!options_.json) {
          fmt::print("    {} on {}{}\n", bundle::name(lock.mode), lock.table,
                     rewrites ? ", rewritten" : "");
        }
      }
      steps.push_back({{"phase", phase->id}, {"step", step->id}, {"locks", locks}});
    }
  }
  if (options_.json) {
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"schema_version", 1}, {"plan", bundle_.plan}, {"steps", steps}}
            .dump(2));
  } else {
    fmt::print("{} would run; nothing has been changed\n",
               counted(static_cast<std::int64_t>(steps.size()), "step"));
  }
}

}  // namespace rekey
