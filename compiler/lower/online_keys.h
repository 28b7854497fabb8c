// Keys that are made from rows, beside the application: those of generators v5, v7 and expression. A row is given its
// key once, when it is first seen, and the pair is written down: in rekey.keys, or rekey.pairs where the old keys are
// UUIDs too. Whatever holds the row's old key looks there. What was given stays, whatever becomes of the row's values.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower/online_phase.h"

namespace rekey::lower {

// Domains of the phase whose keys are given, those that the names of others hold before these.
std::vector<model::DomainId> given_domains(const OnlinePhase& context);
// Those of them that begin at the table.
std::vector<model::DomainId> given_at(const OnlinePhase& context, model::TableId t);
// Whether some column of the table holds such keys.
bool holds_given(const OnlinePhase& context, model::TableId t);
// The columns of a table in an order in which their keys can be given: a row may refer to itself.
std::vector<Pair> in_giving_order(const OnlinePhase& context, model::TableId t);

// Settings of functions that look pairs up. A session keeps the plans that it makes while there are few of them.
inline constexpr const char* kLooksUp = "SET search_path = pg_catalog, pg_temp SET enable_seqscan = off";

// SQL: the key that was given for an old one, or NULL; and the other way.
std::string given_key(const model::Domain& domain, const std::string& old_key);
std::string given_old_key(const model::Domain& domain, const std::string& new_key);
const char* old_key_type(const model::Domain& domain);
const char* pairs_of(const model::Domain& domain);

// Statements that make the functions of a domain: rekey.made_key_1 makes the key of a row of its root's table,
// rekey.give_key_1 gives it to a row. Columns have the names that they have before the swap, or after it.
std::string give_functions(const OnlinePhase& context, const model::Domain& domain, std::string Pair::*named);
std::string drop_made_key(const OnlinePhase& context, const model::Domain& domain);
std::string drop_give_key(const model::Domain& domain);

// In the trigger of the root's table: the key of its row. What cannot have one is refused where `strictly`, before that
// it has none: the application need not know that a key will be made of its rows.
std::string key_for_row(const OnlinePhase& context, const Pair& root, std::string Pair::*named, bool strictly);
// In any trigger: the key of the row to which a column refers.
std::string key_for_reference(const OnlinePhase& context, const Pair& pair, std::string Pair::*named, bool strictly);

// Gives their keys to the rows of the root's table that have none, in batches, without touching them: what
// rekey.backfill does for each row, and which.
std::string giving(const model::Domain& domain, const OnlinePhase& context);
std::string not_given(const model::Domain& domain, const OnlinePhase& context);

// What rows that can have no key are looked for by: table, column, domain and, at its root, the function that makes them.
std::vector<std::string> key_arguments(const OnlinePhase& context, model::TableId t);

// Before anything is added: what the keys of a phase are made from.
nlohmann::json expected_of_rows(const OnlinePhase& context);

}  // namespace rekey::lower
