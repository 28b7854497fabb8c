// inventory: what a change of keys will meet in the data, before anything is applied.
#include "runtime/inventory/inventory.h"

#include <fmt/format.h>

#include <fstream>

#include "runtime/checks.h"
#include "runtime/commands/commands.h"
#include "runtime/outcome.h"
#include "runtime/session.h"

namespace rekey {

int inventory_of(const Options& options) {
  const bundle::Bundle b = bundle::read_bundle(options.bundle);
  Run run(options.database, b.plan, options.verbose);
  const auto session = run.open("inventory");
  const Journal journal = read_journal(*session);
  session->exec("SET default_transaction_read_only = on");
  if (const Problems drift = check_drift(*session, b, journal); !drift.empty()) {
    throw Refused(fmt::format("the database is not what the bundle describes: {}\n  rekey status {} tells all", drift.front(),
                              options.bundle));
  }
  session->exec("BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL TimeZone = 'UTC'");
  const auto found = inventory::take(*session, b, journal);
  session->exec("ROLLBACK");
  if (!options.markdown.empty()) {
    std::ofstream file(options.markdown);
    if (!(file << inventory::to_markdown(found)).flush()) throw Failed("cannot write " + options.markdown);
  }
  fmt::print("{}", options.json ? inventory::to_json(found) : inventory::to_text(found));
  return kDone;
}

}  // namespace rekey
