// rollback: applied phases in reverse, in whole or down to one that stays.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/commands/commands.h"
#include "runtime/interrupt.h"
#include "runtime/operation.h"
#include "runtime/outcome.h"

namespace rekey {

namespace {

using Phases = std::vector<const bundle::Phase*>;

Phases phases_to_undo(const bundle::Bundle& b, const Journal& journal, const std::string& to) {
  Phases phases;
  const bundle::Phase* stays = to.empty() ? nullptr : &find_phase(b, to);
  for (auto phase = b.phases.rbegin(); phase != b.phases.rend() && &*phase != stays; ++phase) {
    if (journal.present(phase->id)) phases.push_back(&*phase);
  }
  if (stays && journal.in_the_middle(stays->id) && !phases.empty()) {
    throw Refused(
        fmt::format("phase {} {} is not applied as a whole: it cannot stay; apply it or roll "
                    "it back too",
                    stays->id, stays->name));
  }
  return phases;
}

void undo_phase(Operation& operation, Executor& executor, const bundle::Phase& phase) {
  operation.announce(phase);
  if (operation.journal().applied(phase.id)) operation.lock_out(phase);
  for (;;) {
    if (interrupted()) throw Interrupted{};
    const Journal journal = operation.journal();
    operation.register_run(journal);
    if (!journal.present(phase.id)) return;
    const auto steps = operation.todo(phase, journal);
    if (steps.empty()) {
      throw Failed(
          fmt::format("all steps of phase {} are undone and it is not rolled back", phase.id));
    }
    operation.run_steps(executor, phase, steps);
  }
}

}  // namespace

int rollback(const Options& options) {
  Operation operation(options, Direction::down);
  operation.lock();
  refuse_purged(operation.journal());
  const Phases phases = phases_to_undo(operation.bundle(), operation.journal(), options.to);
  if (phases.empty()) {
    const std::string text = fmt::format("nothing is applied{}: nothing to roll back",
                                         options.to.empty() ? "" : " after phase " + options.to);
    if (options.json) {
      fmt::print("{}\n", nlohmann::ordered_json{{"schema_version", 1},
                                                {"plan", operation.bundle().plan},
                                                {"outcome", text},
                                                {"steps", 0}}
                             .dump(2));
    } else {
      fmt::print("{}\n", text);
    }
    return kDone;
  }
  operation.check(phases);
  if (options.dry_run) {
    operation.print_dry_run(phases);
    return kDone;
  }
  operation.confirm(fmt::format("Roll back plan {}: {}?", operation.bundle().plan,
                                counted(static_cast<std::int64_t>(phases.size()), "phase")));
  return operation.conduct(phases, [&](Executor& executor) -> std::string {
    for (const bundle::Phase* phase : phases) undo_phase(operation, executor, *phase);
    return options.to.empty() ? "rolled back" : "rolled back to phase " + options.to;
  });
}

}  // namespace rekey
