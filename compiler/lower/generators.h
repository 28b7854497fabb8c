// A domain's generator as SQL expressions over one operand. The functions are those of
// templates/foundation/; the server inlines them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/model/schema.h"

namespace rekey::lower {

// What the pairs of one stage of a domain are listed under.
std::string stage_name(const model::Domain& domain, int number);

std::string new_key(const model::Domain& domain, const std::string& old_key);
// The legacy id of any key of the domain, those of rows written since included; nonsense for a
// key that is neither.
std::string legacy_id_of_any(const model::Domain& domain, const std::string& key);
// Of generators that compute keys, ordered, keyed and v4: whether a key was made from an id, and that id.
std::string holds(const model::Domain& domain, const std::string& key);
std::string legacy_id(const model::Domain& domain, const std::string& key);
// v7 alone, else empty: the column of the root's table that it takes the time from, as in the plan.
std::string time_column(const model::Model& model, const model::Domain& domain);
// v7 alone: the root row's key from its id and time.
std::string timed_key(const model::Domain& domain, const std::string& id, const std::string& time);

// v5 alone: the root row's key from its name, while the columns in that have the form that they have when the phase of
// the domain begins; and those columns, each once.
std::string named_key(const model::Model& model, const model::Domain& domain);
std::vector<std::string> name_columns(const model::Domain& domain);
// The name, of values that are given for its columns, with the column as an identifier; kNone: one that is no key.
std::string name_of_parts(const model::Model& model, const model::Domain& domain,
                          const std::function<std::string(model::ColumnId, const std::string&)>& value);
// Before any phase: an expression over the root's row that is equal for rows that would get one key; of generators
// v5 and, for keys that are UUIDs already, v7.
std::string compared_name(const model::Model& model, const model::Domain& domain);
bool name_changes(const model::Model& model, const model::Domain& domain);  // whether it is not the name itself

}  // namespace rekey::lower
