// pause, resume: backfills wait between two batches, whoever runs them. The plan's lock is not taken: apply has it.
#include <fmt/format.h>

#include "runtime/backfills.h"
#include "runtime/commands/commands.h"
#include "runtime/journal.h"
#include "runtime/outcome.h"
#include "runtime/session.h"
#include "runtime/text.h"

namespace rekey {

namespace {

void throttle(const Options& options, const char* paused) {
  const bundle::Bundle b = bundle::read_bundle(options.bundle);
  Run run(options.database, b.plan, options.verbose);
  const auto session = run.open("throttle");
  const Journal journal = read_journal(*session);
  if (!journal.installed) throw Refused(fmt::format("nothing of plan {} is applied: there is nothing to pause", b.plan));
  refuse_other(journal, b);
  if (!has_backfills(*session)) throw Refused(fmt::format("plan {} has no online phases: only their backfills can be paused", b.plan));
  session->exec(fmt::format("UPDATE rekey.throttle SET paused = {}", paused));
}

}  // namespace

int pause(const Options& options) {
  throttle(options, "coalesce(paused, clock_timestamp())");
  fmt::print("paused: backfills wait before their next batch, until rekey resume\n");
  return kDone;
}

int resume(const Options& options) {
  throttle(options, "NULL");
  fmt::print("resumed\n");
  return kDone;
}

}  // namespace rekey
