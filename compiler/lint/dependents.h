// The dependents of a plan: read by their definitions, so that a model knows what each is built on, what
// it uses and which of its integers are keys. Those that cannot be carried over are errors.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/model/schema.h"

namespace rekey::lint {

// After the phases are known. Fills model.dependents.
void read_dependents(model::Model& model, Diagnostics& diagnostics);

// A function whose body the server does not look into. Its definition must parse.
bool is_text_to_the_server(const plan::Dependent& dependent);

}  // namespace rekey::lint
