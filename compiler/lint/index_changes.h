// Indexes that the cleanup of a plan makes, drops or makes anew: names and statements from their parse trees.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/model/schema.h"

namespace rekey::lint {

// Fills Phase::indexes. Errors for names that do not agree, and for what cannot be done beside writers.
void read_index_changes(model::Model& model, Diagnostics& diagnostics);

}  // namespace rekey::lint
