// What a phase adds to tables whose shape changes with their keys, and what its cleanup takes away.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

// To the step that rewrites the table, whose columns are in it: new ones go into the same ALTER TABLE, constraints and
// the trigger that keeps both references equal stand behind it.
void reshape(const OfflinePhase& context, model::TableId t, Step& step);

// Foreign keys that the phase adds to a table, as those of a plan: name, definition, valid, in_parts.
nlohmann::json new_foreign_keys(const OfflinePhase& context, model::TableId t);

// What has to hold before a phase, and checks of what is equal while its trigger is there.
std::vector<std::string> reshape_expectations(const OfflinePhase& context);
nlohmann::json reshape_checks(const OfflinePhase& context);
std::vector<std::string> way_back_expectations(const OfflinePhase& context);

// What has to hold before columns go: in the cleanup, and as far as it can be told before anything changes.
std::vector<std::string> drop_expectations(const model::Model& model, bool at_first);

// The cleanup's steps, one a table.
std::vector<Step> drop_steps(const model::Model& model, const model::Phase& cleanup);
nlohmann::json drop_checks(const model::Model& model, const model::Phase& cleanup);

}  // namespace rekey::lower
