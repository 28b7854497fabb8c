// What lowering makes of a model: steps as data for the templates in templates/steps/, no SQL frame yet.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/model/schema.h"
#include "compiler/plan/names.h"

namespace rekey::lower {

// Its template is templates/steps/<kind>.sql, with an up and a down part that both see `data`, or with one part for
// both that sees data.up, or data.down, as well. All strings in `data` are SQL text already: nothing is quoted later.
struct Step {
  std::string id;
  std::string kind;
  std::string table;                      // quoted; empty when the step is about none or many
  std::string up_title, down_title;       // one line each, for the comment on top
  Span place;                             // in the plan
  bool transactional = true;
  bool undo_always = false;
  std::vector<std::string> needs = {}, undo_needs = {};
  nlohmann::json data = nlohmann::json::object();
};

struct Phase {
  const model::Phase* model;
  std::string folder;                     // "030-users"
  std::vector<Step> steps;                // in an order that satisfies `needs`
  std::vector<std::string> undo_order;    // ids, in one that satisfies `undo_needs`
  nlohmann::json verify;                  // for templates/steps/verify.sql
};

// Every step's needs stand before it in its phase, undo_needs likewise in undo_order: asserted.
std::vector<Phase> lower(const model::Model& model);

// What a test reads: one line a step.
std::string print(const std::vector<Phase>& phases);

// The shared pieces of the lowerings.
Phase begin_phase(const model::Phase& phase);
Phase lower_foundation(const model::Model& model, const model::Phase& phase);
Phase lower_stage(const model::Model& model, const model::Phase& phase);
Phase lower_offline(const model::Model& model, const model::Phase& phase);
Phase lower_prepare(const model::Model& model, const model::Phase& phase);
Phase lower_swap(const model::Model& model, const model::Phase& phase);

// Whose keys a phase changes, or prepares to.
const std::vector<model::TableId>& tables_of(const model::Model& model, const model::Phase& phase);
Phase lower_cleanup(const model::Model& model, const model::Phase& phase);
// Its steps for each table of online phases, and for a bridge first one that the others need; the way back begins
// in each group with its last step, and comes to the bridge's at the end.
std::vector<std::vector<Step>> contract_steps(const model::Model& model, const model::Phase& cleanup);

// Whether a check is made before a phase, or after it. Those after it speak of the keys that are there then: an online
// phase has them after its swap; those before it stop both of its halves.
bool happens(const plan::PhaseCheck& check, plan::Moment moment, const model::Phase& phase);

// As pg_get_constraintdef prints it with an empty search_path.
std::string foreign_key_clause(const model::Model& model, const model::ForeignKey& fk);  // without NOT VALID and the like
std::string foreign_key_definition(const model::Model& model, const model::ForeignKey& fk);

// Where foundation installs uuidv7(); empty where the plan or the server has another function.
std::string new_keys_schema(const plan::Plan& plan);

// A part of a step's id for a table: letters, digits, '_', '.' and '-' only, unique in the model.
std::string slug(const model::Model& model, model::TableId table);
// The same for a column: schema, table and column, so that it is no table's.
std::string column_slug(const model::Model& model, model::ColumnId column);
// And for any name of the plan's; with a number behind it, it is that of one thing.
std::string plain_part(std::string_view name);
// And for a dependent; the kinds of its steps are no table's.
std::string dependent_slug(const model::Model& model, model::DependentId dependent);

}  // namespace rekey::lower
