// What the online strategy does not carry: one finding each, before anything is lowered.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/model/schema.h"

namespace rekey::lint {

void check_online(const model::Model& model, Diagnostics& diagnostics);

}  // namespace rekey::lint
