// Dependents as SQL: what drops them, what makes them again before and after the keys of a phase change.
#pragma once

#include <string>
#include <string_view>

#include "compiler/model/schema.h"

namespace rekey::lower {

std::string title(const plan::Dependent& dependent);  // "trigger audit on public.users"

std::string_view word(plan::DependentKind kind);            // "materialized view"

// One statement with its semicolon; empty where only the plan's own drop: could say it.
std::string drop_statement(const plan::Dependent& dependent);

// Its statements as they stand once the domains of all phases before `phase` have changed; for one that
// has changed `phase` itself too, ask for phase + 1. Keys among them are folded in by the server, because
// only it knows the secrets. A replacement counts once all that it uses has changed.
std::string statements_before(const model::Model& model, const model::Dependent& dependent, model::PhaseId phase);

// What drops it as it stands then.
std::string drop_before(const model::Model& model, const model::Dependent& dependent, model::PhaseId phase);

// Whether a phase that changes what it uses drops it, and whether it is there again afterwards.
bool leaves(const model::Dependent& dependent);
bool returns(const model::Dependent& dependent);

}  // namespace rekey::lower
