// What a definition does with key columns that are about to become uuid: the definition of a view,
// rule, trigger, policy, constraint, index, statistics object, function with a parsed body,
// publication or generated column, as PostgreSQL prints it, or a bare expression. Everything that a
// uuid cannot do, or that cannot be followed, is a problem; a definition without problems can be
// created again after substitute().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::lint {

// domain: a model::DomainId.
struct KeyOf {
  int domain;
  plan::Generator generator;
  bool array = false;  // the column holds arrays of keys
  // Of a column that holds keys of other domains, row by row or in documents: those domains.
  std::vector<int> lenders = {};
  std::vector<std::string> document = {};  // of documents: the keys of objects that the paths begin with
  bool anywhere = false;                   // or one begins with another step
  bool is_document() const { return anywhere || !document.empty(); }
};

// By table as SQL writes it, public."Users", and column as the catalog has it. The outputs of views
// stand here as well once they are known: a view is read after those that it is built on.
using KeyColumns = std::map<std::pair<std::string, std::string>, KeyOf>;

// Bytes of the definition, sign and cast included, in whose place '…'::uuid is right.
struct KeyLiteral {
  std::size_t offset, length;
  int domain;
  std::int64_t value;
};

// Other bytes to be replaced: the integer that a key is cast to, the quotes around an array of
// literals.
struct KeyEdit {
  std::size_t offset, length;
  std::string text;
  int domain;  // of the key; model::kNone: whatever has changed
};

struct KeyProblem {
  std::size_t offset;   // of the expression
  std::string message;  // "id + 1: arithmetic on a key …"
};

// Each list is in order of offset; outputs are in the order of columns, names in that of their
// first mention.
struct KeyUse {
  std::vector<KeyLiteral> literals;
  std::vector<KeyEdit> edits;
  std::vector<KeyProblem> problems;
  std::vector<std::pair<std::string, KeyOf>>
      outputs;  // columns of a view or of a generated column's table
  std::vector<std::string>
      relations;  // tables and views it names, itself left out, as SQL writes them
  std::vector<std::string> functions;  // that it calls, as SQL writes them: now, public.f
};

// result: what the column holds whose default a bare expression is; null: no key.
KeyUse key_use(const std::string& definition, const KeyColumns& keys,
               const KeyOf* result = nullptr);

// The definition as it is written when the columns are uuid; key gives a literal's SQL text.
std::string substitute(const std::string& definition, const KeyUse& use,
                       const std::function<std::string(const KeyLiteral&)>& key);

}  // namespace rekey::lint
