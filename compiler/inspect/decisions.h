// What a person decided about a draft, kept in a file of its own, so that a plan can be drafted
// anew when the schema has moved on:
//
//   include: public.*                # only these; * and ? stand for any characters, for any one
//   exclude: [public.audit_*]
//   generator: keyed      # and name, strategy, new_keys, lock_timeout, phases, as in a plan
//   tables:
//     public.users: {generator: v7, time_column: created_at, columns: {user_id: {new_default: none}}}
//   dependents:           # of the draft's, by kind, name and table
//     - {kind: function, name: public.f(integer), as_is: it only reads names}
//
// Facts (types, keys, indexes, definitions) cannot be given: they are the catalog's.
#pragma once

#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::inspect {

struct Decisions : plan::Plan {
  std::vector<plan::Located<plan::TableName>> include, exclude;
};

Decisions parse_decisions(const std::string& text, Diagnostics& diagnostics);

bool matches(const plan::TableName& pattern, const plan::TableName& name);

// Lays them over a draft. A table, column or dependent that the draft does not have is an error; unknown
// dependents are put off instead where there is a list for them.
void apply(const Decisions& decisions, plan::Plan& draft, Diagnostics& diagnostics,
           std::vector<const plan::Dependent*>* put_off = nullptr);

// An error where the draft does not have it.
void apply_dependent(const plan::Dependent& decided, plan::Plan& draft, Diagnostics& diagnostics);

}  // namespace rekey::inspect
