// Defaults and identities around a rewrite: both would be in the way of a change of type. Where nobody
// shares the column they go into the one ALTER TABLE, through `item`; else they stand before and after it,
// a statement for each member of the family.
#pragma once

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

// What gives the columns of a partitioned table that do not change here their defaults again, as they stand in this
// phase: the table is made anew without those that the plan knows.
std::vector<std::string> defaults_that_rest(const OfflinePhase& context, model::TableId t);

// What new rows get for a primary key where the plan says nothing else of its column.
std::string default_of_new_keys(const plan::Plan& plan);

// What new rows got before the change, as SQL; empty for nothing, and for an identity.
std::string old_default(const plan::Column& written);

// What makes a column an identity, after ALTER COLUMN.
std::string identity(const plan::Column& written);

// The statement that gives a column what new rows get after the change; empty for nothing.
std::string set_new_default(const OfflinePhase& context, model::ColumnId c, const char* only = "ONLY ");

class Surroundings {
 public:
  explicit Surroundings(const OfflinePhase& context) : context_(context) {}

  void add(model::ColumnId c, nlohmann::json& item);
  void put(nlohmann::json& data) const;

 private:
  void add_identity(const model::Column& column);
  void add_default(model::ColumnId c);
  void add_literal_default(const model::Column& column);
  std::string altered(const model::Column& column, const char* only = "ONLY ") const;
  std::vector<model::ColumnId> sharing(model::ColumnId c) const;

  const OfflinePhase& context_;
  std::vector<std::string> before_, after_, undo_before_, undo_after_;
};

}  // namespace rekey::lower
