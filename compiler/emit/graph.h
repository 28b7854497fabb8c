// The graph of foreign keys for people: Mermaid (in REVIEW.md and elsewhere) and Graphviz.
#pragma once

#include <string>

#include "compiler/model/schema.h"

namespace rekey::emit {

// Every table that changes, grouped by the phase that lists it; an arrow leads to the referenced table.
std::string mermaid(const model::Model& model);
std::string dot(const model::Model& model);

// One node a phase with the number of its tables, arrows with the number of foreign keys.
std::string mermaid_of_phases(const model::Model& model);

}  // namespace rekey::emit
