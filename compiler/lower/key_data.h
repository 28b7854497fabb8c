// What the journal is told of the key domains of a phase when it opens.
#pragma once

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

// domains and columns, as the templates open.sql and open_prepare.sql read them.
nlohmann::json key_data(const OfflinePhase& context);

const std::string& declared_type(const plan::Column& written);

}  // namespace rekey::lower
