// What the names of a query stand for: relations with those of their columns that matter.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/lint/key_flow.h"

namespace rekey::lint {

struct Relation;
using RelationPtr = std::shared_ptr<const Relation>;

// What an expression gives. text: a text or JSON; one that is made from a key keeps the key's kind,
// so that it can be told what it is compared with.
struct Value {
  enum Shape { scalar, array, text };
  KeyFlow::Kind kind = KeyFlow::kPlain;
  Shape shape = scalar;
  bool constant = false;
  RelationPtr row = nullptr;  // of a row, or of an array of rows
};

// complete: all columns are known, in their order. Of a table only those are known that hold keys,
// and any other name is a plain column.
struct Relation {
  struct Column {
    std::string name;
    Value value;
    Place place{nullptr};
  };
  std::string name;   // that columns are qualified with; empty for none
  std::string table;  // as SQL writes it; of a table or view
  std::vector<Column> columns;
  bool complete = true;

  const Column* find(const std::string& column) const;
  bool has_keys(const KeyFlow& flow) const;
  // By a column alias list; false when it cannot be told which columns it names.
  bool rename(const std::vector<std::string>& names);
};

struct Scope {
  const Scope* outer = nullptr;
  std::vector<RelationPtr> relations = {};
  std::map<std::string, RelationPtr> ctes = {};  // null: not read yet

  // The CTE of that name; nothing when it is none.
  std::optional<RelationPtr> cte(const std::string& name) const;
  RelationPtr relation(const std::string& schema, const std::string& name) const;
};

}  // namespace rekey::lint
