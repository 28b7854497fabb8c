// What has to be true before anything is changed. Each function gives the problems it found, a
// sentence each, without changing anything; the caller reports those of all together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"
#include "runtime/journal.h"
#include "runtime/scheduler.h"
#include "runtime/session.h"

namespace rekey {

using Problems = std::vector<std::string>;

// Version: one that is supported, and the bundle's if it names one.
Problems check_version(db::Connection& session, const bundle::Bundle& b);

// That, and a standby, a read-only session, a pooler in between.
Problems check_server(db::Connection& session, const bundle::Bundle& b);

// Without USAGE of a schema nothing in it can be looked at: to be asked before all that follows.
Problems check_schemas(db::Connection& session, const bundle::Bundle& b);

// Ownership of every table of the bundle and of all that is dropped and made again, row security that
// would hide rows from their owner; while foundation is missing, what it needs: CREATE on the database
// and on the schema for uuidv7().
// Of steps that take rows out and put them back; a part of check_rights.
Problems check_repairs(db::Connection& session, const bundle::Bundle& b);
Problems check_rights(db::Connection& session, const bundle::Bundle& b, const Journal& journal);

// The catalog against the bundle: types of columns as the state of their phase says, foreign keys
// as they were, nothing that uses a key column and is unknown to the bundle. What a phase in the
// middle touches is left out: its steps check themselves.
Problems check_drift(db::Connection& session, const bundle::Bundle& b, const Journal& journal);

// The table behind REFERENCES, as pg_get_constraintdef writes it; empty where there is none.
std::string foreign_key_target(std::string_view definition);

// The lowest and highest legacy id that generator ordered has still to take.
struct IdRange {
  std::string column, domain, generator;
  std::int64_t low, high;
};
std::vector<IdRange> id_ranges(db::Connection& session, const bundle::Bundle& b,
                               const Journal& journal);
Problems check_ranges(const std::vector<IdRange>& ranges);
// What works, and surprises: keys that do not sort as their ids did.
std::vector<std::string> warn_of_order(const std::vector<IdRange>& ranges);

// As SQL: the ids that a column holds, one by one, as a table "held" with one column "id".
std::string held_ids(const bundle::Column& column);
// As SQL: whether a time, an expression, is none that a key of generator v7 can hold.
std::string untimed(const std::string& time);

// Those of the database that fire on statements of steps.
std::vector<std::string> warn_of_event_triggers(db::Connection& session);

// Rows that would stop one of these phases, none of them open, in its middle. Reads them on `jobs`
// sessions of their own. Throws Failed when it is interrupted.
Problems check_rows(Run& run, db::Connection& session, const bundle::Bundle& b,
                    const std::vector<const bundle::Phase*>& phases, Direction direction, int jobs);

// Before a rollback of these phases, which are applied: rows written since the change can get legacy
// ids.
Problems check_fresh_ids(db::Connection& session, const std::vector<const bundle::Phase*>& phases);

// Before a rollback of foundation: what uses schema rekey or its uuidv7() and is not the plan's would keep
// both from going, after all else has gone back.
Problems check_removal(db::Connection& session, const bundle::Bundle& b);

}  // namespace rekey
