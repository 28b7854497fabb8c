// What has to be true before anything is changed. Each function gives the problems it found, a
// sentence each, without changing anything; the caller reports those of all together.
#pragma once

#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"
#include "runtime/journal.h"

namespace rekey {

using Problems = std::vector<std::string>;

// Version, standby, read-only.
Problems check_server(db::Connection& session);

// Ownership of every table of the bundle, CREATE on the database while foundation is missing.
Problems check_rights(db::Connection& session, const bundle::Bundle& b, const Journal& journal);

// The catalog against the bundle: types of columns as the state of their phase says, foreign keys
// as they were, nothing that uses a key column and is unknown to the bundle. What a phase in the
// middle touches is left out: its steps check themselves.
Problems check_drift(db::Connection& session, const bundle::Bundle& b, const Journal& journal);

// Legacy ids of the phases that are not applied yet fit their generator.
Problems check_ranges(db::Connection& session, const bundle::Bundle& b, const Journal& journal);

// Before a rollback of these phases: rows written since the change can get legacy ids.
Problems check_fresh_ids(db::Connection& session, const std::vector<const bundle::Phase*>& phases);

}  // namespace rekey
