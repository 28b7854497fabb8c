// From what changes to the plan and the remarks above it.
#pragma once

#include <string>
#include <vector>

#include "compiler/inspect/select.h"
#include "compiler/plan/print.h"

namespace rekey::inspect {

struct Draft {
  plan::Plan plan;
  plan::Comments comments;
};

Draft make_draft(const Catalog& catalog, const Selection& selection,
                 const std::vector<db::catalog::Index>& indexes,
                 const std::vector<db::catalog::Dependent>& dependents);

// What the reader of the plan should know of things that are not in it; above the tables' comments.
std::vector<std::string> remarks(const Catalog& catalog, const Selection& selection,
                                 const std::vector<db::catalog::Dependent>& dependents,
                                 const plan::Plan& plan);

}  // namespace rekey::inspect
