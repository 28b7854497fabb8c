// purge: what computes old keys is deleted. The point of no return, and the only one.
#include <fmt/format.h>

#include "runtime/commands/commands.h"
#include "runtime/operation.h"
#include "runtime/outcome.h"
#include "runtime/text.h"

namespace rekey {

int purge(const Options& options) {
  Operation operation(options, Direction::down);
  operation.lock();
  const Journal journal = operation.journal();
  if (!journal.purged.empty()) {
    fmt::print("purged already, at {}\n", journal.purged);
    return kDone;
  }
  refuse_other(journal, operation.bundle());
  for (const bundle::Phase& phase : operation.bundle().phases) {
    if (journal.applied(phase.id)) continue;
    throw Refused(fmt::format("phase {} {} is not applied: there is no purge before all of the plan is\n  {}", phase.id, phase.name,
                              operation.command(Direction::up, "")));
  }
  const db::Row lost = operation.control()
                           .exec("SELECT (SELECT count(*) FROM rekey.domains), (SELECT count(*) FROM rekey.key_columns), "
                                 "(SELECT count(*) FROM rekey.keys) + (SELECT count(*) FROM rekey.pairs)")
                           .rows.at(0);
  fmt::print(stderr,
             "lost for good: the way back, the secret, and with it the old keys of {} in {}{}\n"
             "\"rekey mapping\" writes all old and new keys to a file: do that before, if anybody may ask for them\n",
             counted(std::stoll(lost[0].value()), "domain"), counted(std::stoll(lost[1].value()), "column"),
             lost[2] == "0" ? "" : fmt::format(", {} of them written down", lost[2].value()));
  operation.confirm(fmt::format("Purge plan {}?", operation.bundle().plan));
  operation.control().exec("CALL rekey.purge()");
  fmt::print("purged: the new keys are the only ones\n");
  return kDone;
}

}  // namespace rekey
