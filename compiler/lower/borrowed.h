// Columns that hold keys of domains that they do not belong to, as SQL.
#pragma once

#include "compiler/lower/offline_phase.h"
#include "runtime/bundle/bundle.h"

namespace rekey::lower {

// For the step that rewrites the table: as of any other column.
nlohmann::json borrowed_column(const OfflinePhase& context, model::ColumnId c);

// For the step that opens the phase: the rows of rekey.places.
nlohmann::json places(const OfflinePhase& context);
std::string borrowing_tables(const OfflinePhase& context);  // public.a, public.b

// What is to be looked for before anything changes: the same that a phase looks for when it opens.
std::vector<bundle::Expectation> expectations(const model::Model& model);

}  // namespace rekey::lower
