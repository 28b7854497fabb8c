// From the plan as written to the model: names to tables and columns (resolve.cc), tables to families
// (families.cc), columns to key domains (key_domain.cc), domains to phases (phases.cc), with tables that change their shape
// (reshape.cc), to those what the plan has decided of rows (repairs.cc). The plan must outlive the model.
#pragma once

#include <optional>

#include "compiler/diagnostics.h"
#include "compiler/model/schema.h"

namespace rekey::model {

// The whole model, or nothing and errors in `diagnostics`. Of defaults there may be errors with a model: dependents
// can be read all the same.
std::optional<Model> resolve(const plan::Plan& plan, Diagnostics& diagnostics);

// The stages, in this order; each asserts what the one before it promises.
Model resolve_names(const plan::Plan& plan, Diagnostics& diagnostics);
void tie_families(Model& model, Diagnostics& diagnostics);
void find_key_domains(Model& model, Diagnostics& diagnostics);
void read_key_names(Model& model, Diagnostics& diagnostics);  // a part of it
void check_name_phases(const Model& model, Diagnostics& diagnostics);  // a part of assign_phases
void take_borrowings(Model& model, Diagnostics& diagnostics);    // parts of it: columns that hold keys of others become
void settle_borrowings(Model& model, Diagnostics& diagnostics);  // domains of their own, and change as those do
void place_borrowings(Model& model, Diagnostics& diagnostics);   // parts of assign_phases
void place_enforced(Model& model, Diagnostics& diagnostics);
void check_decisions(const Model& model, Diagnostics& diagnostics);  // a part of find_key_domains
// Which rows change, in which stages: read with the domains, checked with the phases (stages.cc).
void read_picks(Model& model, Diagnostics& diagnostics);
int stages_of(const Model& model, const plan::Phase& phase);  // phases that it becomes; 0: it stays one
void check_stages(const Model& model, Diagnostics& diagnostics);
void fill_stages(Model& model);           // each changes what the last does
void repair_before_stages(Model& model);  // what the last does with rows before its keys change is done before the first too
void check_families(const Model& model, Diagnostics& diagnostics);
void assign_phases(Model& model, Diagnostics& diagnostics);
void place_reshapes(Model& model, Diagnostics& diagnostics);  // a part of it
void assign_repairs(Model& model, Diagnostics& diagnostics);
void check_defaults(const Model& model, Diagnostics& diagnostics);

// What may change where rows of a domain are merged: columns that hold its keys, and those of rows that are merged in turn.
std::vector<ColumnId> merged_columns(const Model& model, DomainId domain);

// Parts of find_key_domains: keys that a table takes from another, and what is wrong with that.
void take_parent_keys(const Model& model, Domain& domain, Diagnostics& diagnostics);
void check_consolidated(const Model& model, Diagnostics& diagnostics);

// What makes a surrogate of a table; none: null.
const Surrogate* surrogate_of(const Model& model, TableId t);

// The same columns, in any order; of a table, those of its primary key or of one of its unique keys.
bool same_columns(const plan::Texts& key, const std::vector<std::string>& columns);
bool is_key_of(const plan::Table& table, const std::vector<std::string>& columns);

// The table's foreign key of that name, or kNone.
ForeignKeyId foreign_key_named(const Model& model, TableId t, const std::string& name);

// Whether a value of the column tells the rows of its table apart.
bool is_own_key(const Model& model, ColumnId c);

// The table's key column of that name, or kNone.
ColumnId column_named(const Model& model, TableId table, const std::string& name);

// The key column of the domain's root's table that a part of its names is; kNone where it is none.
ColumnId named_column(const Model& model, const Domain& domain, const NamePart& part);

}  // namespace rekey::model
