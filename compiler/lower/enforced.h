// Foreign keys that a plan wants where there were none.
#pragma once

#include "compiler/lower/step.h"

namespace rekey::lower {

// At the end of their phase: added without a look at the rows, then validated beside writers. Dropped on the way back.
std::vector<Step> enforced_steps(const model::Model& model, const model::Phase& phase);

// For verify.sql of that phase.
nlohmann::json enforced_checks(const model::Model& model, const model::Phase& phase);

// When a phase opens: those whose columns it changes last, and that rows may not break by then.
nlohmann::json expected_to_hold(const model::Model& model, const model::Phase& phase);

// As pg_get_constraintdef prints it with an empty search_path, once it is validated.
std::string enforced_definition(const model::Model& model, const model::Enforced& e);

}  // namespace rekey::lower
