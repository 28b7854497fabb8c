// The triggers that keep both generations of a table's keys right: before the swap the new key follows the old one,
// after it the old key follows the new one.
#pragma once

#include "compiler/lower/online_phase.h"

namespace rekey::lower {

// Of keys that are made from rows, a row may lack its new one with new_key; with new_key_strictly, shortly before the
// swap, it is refused then. new_key_again: after a swap that has been taken back.
enum class Follows { new_key, new_key_strictly, new_key_again, old_key };

// Statements that make function and triggers; where the function is there it is written over. Others see the new one
// when its transaction ends, so that it may be written before the table is locked.
std::string sync(const OnlinePhase& context, model::TableId t, Follows what);
std::string sync_function(const OnlinePhase& context, model::TableId t, Follows what);
// That drop the triggers.
std::string unsync(const OnlinePhase& context, model::TableId t);
std::string unsync_if_there(const OnlinePhase& context, model::TableId t);

// A statement that makes the function of a domain that gives the old key of a new one: what it was made from, or one
// drawn from our sequence and kept in rekey.keys. Right between swap and way back.
std::string old_key_function(const OnlinePhase& context, const model::Domain& domain);

// The other way, for those who write old keys over a bridge.
std::string new_key_function(const OnlinePhase& context, const model::Domain& domain);

// A condition that holds for rows, of table t under the alias t, in which the generations do not agree; with new_key
// a row that lacks a key that is made from rows, or may get another, is none of them.
std::string disagreement(const OnlinePhase& context, model::TableId t, Follows what);

// As SET of an UPDATE takes it: every new key from the old one; and a condition for the rows that lack one; and for
// those that, of keys that are made from rows, have another than was given.
std::string filled(const OnlinePhase& context, model::TableId t);
std::string lacking(const OnlinePhase& context, model::TableId t);
std::string differing(const OnlinePhase& context, model::TableId t);

// A step that, after the swap, gives old keys to the rows that lack one or have another than theirs.
Step settling_step(const OnlinePhase& context, model::TableId t, std::string id, const char* kind);

}  // namespace rekey::lower
