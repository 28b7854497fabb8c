// Lookup by name while the tables of a model are being put together.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/diagnostics.h"
#include "compiler/model/schema.h"

namespace rekey::model {

class Names {
 public:
  Names(Model& model, Diagnostics& diagnostics) : model_(model), diagnostics_(diagnostics) {}

  void add_tables();
  TableId find_table(const plan::TableName& name, Span span);  // kNone, with an error, when it is not in the plan
  ColumnId find_column(TableId table, const std::string& name) const;

 private:
  Model& model_;
  Diagnostics& diagnostics_;
  std::unordered_map<std::string, TableId> tables_;
  std::vector<std::unordered_map<std::string, ColumnId>> columns_;
};

// What the plan says that no constraint enforces: ties between columns, columns that borrow keys, and references that
// are to be enforced.
void add_logical_references(Model& model, Names& names, Diagnostics& diagnostics);

}  // namespace rekey::model
