// A domain's generator as SQL expressions over one operand. The functions are those of
// templates/foundation/generators.sql; all but v7's are inlined by the server.
#pragma once

#include <string>

#include "compiler/model/schema.h"

namespace rekey::lower {

std::string new_key(const model::Domain& domain, const std::string& old_key);
// The legacy id of a key that was made from one; nonsense for others (v7: raises).
std::string legacy_id(const model::Domain& domain, const std::string& key);
// The legacy id of any key of the domain, those of rows written since included; nonsense for a
// key that is neither (v7: raises).
std::string legacy_id_of_any(const model::Domain& domain, const std::string& key);
// Whether the id that legacy_id_of_any() gave for the key is one; NULL for none.
std::string is_known(const model::Domain& domain, const std::string& id, const std::string& key);
// v7 alone, else empty: the column of the root's table that it takes the time from, as in the plan.
std::string time_column(const model::Model& model, const model::Domain& domain);
// v7 alone: the root row's key from its id and time.
std::string timed_key(const model::Domain& domain, const std::string& id, const std::string& time);

const char* word(plan::Generator generator);

}  // namespace rekey::lower
