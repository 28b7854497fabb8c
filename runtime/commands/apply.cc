// apply: the phases of a bundle in their order, from where the journal stands.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/command_checks.h"
#include "runtime/commands/commands.h"
#include "runtime/interrupt.h"
#include "runtime/operation.h"
#include "runtime/outcome.h"
#include "runtime/text.h"

namespace rekey {

namespace {

using Phases = std::vector<const bundle::Phase*>;

Phases phases_to_apply(const bundle::Bundle& b, const Journal& journal, const std::string& to) {
  Phases phases;
  const bundle::Phase* last = to.empty() ? nullptr : &find_phase(b, to);
  for (const bundle::Phase& phase : b.phases) {
    if (!journal.applied(phase.id)) phases.push_back(&phase);
    if (&phase == last || (phase.checkpoint && !journal.applied(phase.id))) break;
  }
  return phases;
}

void refuse_half_rolled_back(Operation& operation, const Journal& journal) {
  std::string before;
  for (const bundle::Phase& phase : operation.bundle().phases) {
    if (journal.phase_state(phase.id) == "rolling back") {
      throw Refused(fmt::format("phase {} {} is half rolled back: finish that first\n  {}",
                                phase.id, phase.name, operation.command(Direction::down, before)));
    }
    before = phase.id;
  }
}

// A phase is verified before the next one begins, which may set aside what its checks look for.
bool is_followed(const bundle::Bundle& b, const Journal& journal, const bundle::Phase& phase) {
  return std::any_of(&phase + 1, b.phases.data() + b.phases.size(), [&](const bundle::Phase& next) { return journal.present(next.id); });
}

void apply_phase(Operation& operation, Executor& executor, const bundle::Phase& phase) {
  operation.announce(phase);
  if (!operation.journal().present(phase.id)) {
    operation.ask_commands(phase);
    operation.lock_out(phase);
  }
  for (;;) {
    if (interrupted()) throw Interrupted{};
    const Journal journal = operation.journal();
    operation.register_run(journal);
    if (journal.applied(phase.id)) break;
    const auto steps = operation.todo(phase, journal);
    if (steps.empty()) {
      throw Failed(fmt::format("all steps of phase {} are done and it is not applied", phase.id));
    }
    operation.run_steps(executor, phase, steps);
  }
  if (!is_followed(operation.bundle(), operation.journal(), phase)) operation.verify(phase);
}

// An earlier run may have ended between the last step of a phase and its verification; a phase that is begun already
// may have left an index that is not valid yet.
void verify_before(Operation& operation, const Journal& journal, const bundle::Phase& next) {
  if (journal.present(next.id)) return;
  const bundle::Phase* before = nullptr;
  for (const bundle::Phase& phase : operation.bundle().phases) {
    if (&phase == &next) break;
    before = &phase;
  }
  if (before && journal.applied(before->id)) operation.verify(*before);
}

// Its checks may have been false.
void check_what_was_applied_last(Operation& operation, const Journal& journal) {
  const bundle::Phase& last = operation.bundle().phases.back();
  if (journal.applied(last.id) && journal.purged.empty()) operation.verify(last);
}

std::string outcome(const Operation& operation, const Journal& journal) {
  for (const bundle::Phase& phase : operation.bundle().phases) {
    if (journal.applied(phase.id)) continue;
    return fmt::format("stopped before phase {} {}; go on with {}\ndone so far", phase.id,
                       phase.name, operation.command(Direction::up, ""));
  }
  return "applied";
}

// What the compiler found is said once, before the first phase.
void announce(const bundle::Bundle& b, const Phases& phases, bool json) {
  if (phases.front() == &b.phases.front()) {
    for (const std::string& notice : b.notices) fmt::print(stderr, "{}", wrapped("note: " + notice));
  }
  if (json) return;
  for (const bundle::Phase* phase : phases) {
    fmt::print(stderr, "phase {} {}: {}{}{}\n", phase->id, phase->name,
               counted(static_cast<std::int64_t>(phase->steps.size()), "step"),
               phase->risk.empty() ? "" : ", risk " + phase->risk,
               phase->checkpoint ? ", stops after it" : "");
    if (phase->way_back != "exact") fmt::print(stderr, "  after it the way back is {}\n", phase->way_back);
    for (const bundle::Command& command : phase->commands) {
      fmt::print(stderr, "  runs {} it: {}\n", when(command), command.command);
    }
  }
}

}  // namespace

int apply(const Options& options) {
  Operation operation(options, Direction::up);
  operation.lock();
  const Journal journal = operation.journal();
  const Phases phases = phases_to_apply(operation.bundle(), journal, options.to);
  refuse_half_rolled_back(operation, journal);
  operation.check(phases);
  if (options.dry_run) {
    operation.print_dry_run(phases);
    return kDone;
  }
  if (!phases.empty()) {
    announce(operation.bundle(), phases, options.json);
    operation.confirm(fmt::format("Apply plan {}: {}?", operation.bundle().plan,
                                  counted(static_cast<std::int64_t>(phases.size()), "phase")));
  }
  return operation.conduct(phases, [&](Executor& executor) -> std::string {
    if (phases.empty()) {
      check_what_was_applied_last(operation, journal);
      return "applied already, nothing to do";
    }
    verify_before(operation, journal, *phases.front());
    for (const bundle::Phase* phase : phases) apply_phase(operation, executor, *phase);
    return outcome(operation, operation.journal());
  });
}

}  // namespace rekey
