// What templates are told of the keys of a phase, whatever its strategy.
#pragma once

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

// When it opens: domains and columns.
nlohmann::json key_data(const OfflinePhase& context);

// For verify.sql: foreign_keys.
nlohmann::json foreign_key_checks(const OfflinePhase& context);

const std::string& declared_type(const plan::Column& written);
// Of the column once it has changed: uuid, an array of it, or, of a column that is one already, what it was.
std::string new_type(const model::Column& column);

}  // namespace rekey::lower
