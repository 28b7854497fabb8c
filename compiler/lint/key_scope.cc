#include "compiler/lint/key_scope.h"

#include <algorithm>

#include "compiler/lower/sql.h"

namespace rekey::lint {

const Relation::Column* Relation::find(const std::string& column) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& candidate) {
    return candidate.name == column;
  });
  return found == columns.end() ? nullptr : &*found;
}

bool Relation::has_keys(const KeyFlow& flow) const {
  return std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
    return flow.resolve(column.value.kind) ||
           (column.value.row && column.value.row->has_keys(flow));
  });
}

bool Relation::rename(const std::vector<std::string>& names) {
  if (!complete && !names.empty()) return columns.empty();
  for (std::size_t i = 0; i < names.size() && i < columns.size(); ++i) columns[i].name = names[i];
  return true;
}

std::optional<RelationPtr> Scope::cte(const std::string& name) const {
  for (const Scope* scope = this; scope; scope = scope->outer) {
    const auto found = scope->ctes.find(name);
    if (found != scope->ctes.end()) return found->second;
  }
  return std::nullopt;
}

RelationPtr Scope::relation(const std::string& schema, const std::string& name) const {
  const std::string table =
      schema.empty() ? "" : sql::identifier(schema) + "." + sql::identifier(name);
  for (const Scope* scope = this; scope; scope = scope->outer) {
    for (const RelationPtr& relation : scope->relations) {
      if (relation->name == name && (schema.empty() || relation->table == table)) return relation;
    }
  }
  return nullptr;
}

}  // namespace rekey::lint
