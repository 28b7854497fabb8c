// A document changes through a function that foundation makes from its places, there and back. A key of a type changes
// by the generator of the table that the row names; a type that nobody knows has been refused before.
#include "compiler/lower/borrowed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/lower/generators.h"
#include "compiler/lower/key_data.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {
namespace {

using model::ColumnId;
using nlohmann::json;

template <class Key>
std::string by_type(const model::Model& model, const model::Domain& domain, const std::string& name, const char* result, const Key& key) {
  const auto type = sql::identifier(domain.type_column) + "::text";
  std::string out = "CASE " + type;
  for (const auto& place : domain.places) {
    const auto& lender = model.domain_of(place.key);
    out += fmt::format("\n      WHEN {} THEN {}", sql::literal(place.type), lender.changes ? key(lender, name) : name);
  }
  return fmt::format("{}\n      ELSE rekey.refuse_type({}, {}::text)::{} END", out, type, name, result);
}

std::string path_array(const plan::Path& path) {
  std::vector<std::string> steps;
  for (const auto& step : path) steps.push_back(step ? sql::literal(*step) : "NULL");
  return fmt::format("ARRAY[{}]::text[]", fmt::join(steps, ", "));
}

}  // namespace

json borrowed_column(const OfflinePhase& context, ColumnId c) {
  const auto& column = context.model.columns[c];
  const auto& domain = context.model.domain_of(c);
  const auto name = sql::identifier(column.name());
  json out = {{"name", name}, {"type", declared_type(*column.written)}, {"new_type", new_type(column)}};
  if (column.document()) {
    out["new_key"] = fmt::format("rekey.document_keys_{}({})", column.domain + 1, name);
    out["legacy_id_of_any"] = fmt::format("rekey.document_back_{}({})", column.domain + 1, name);
  } else {
    out["new_key"] = by_type(context.model, domain, name, "uuid", new_key);
    out["legacy_id_of_any"] = by_type(context.model, domain, name, column.uuid() ? "uuid" : "bigint", legacy_id_of_any);
  }
  return out;
}

json places(const OfflinePhase& context) {
  json out = json::array();
  for (model::DomainId d : context.phase.domains) {
    const auto& domain = context.model.domains[d];
    const auto& column = context.model.columns[domain.root];
    for (std::size_t i = 0; i < domain.places.size(); ++i) {
      const auto& place = domain.places[i];
      const bool typed = !domain.type_column.empty();
      out.push_back({{"table", sql::literal(context.table(column.table))},
                     {"column", sql::literal(column.name())},
                     {"place", std::to_string(i + 1)},
                     {"domain", context.model.changes(place.key) ? sql::literal(context.model.domain_of(place.key).name) : "NULL"},
                     {"path", typed ? "NULL" : path_array(place.path)},
                     {"title", sql::literal(typed ? place.type : plan::to_text(place.path))},
                     {"type_column", typed ? sql::literal(domain.type_column) : "NULL"},
                     {"type", typed ? sql::literal(place.type) : "NULL"}});
    }
  }
  return out;
}

std::string borrowing_tables(const OfflinePhase& context) {
  std::vector<std::string> tables;
  for (model::TableId t : context.phase.changed) {
    const auto& columns = context.model.tables[t].columns;
    const auto borrows = [&](ColumnId c) { return context.changes_here(c) && context.model.domain_of(c).root == c && context.model.domain_of(c).borrows(); };
    if (std::any_of(columns.begin(), columns.end(), borrows)) tables.push_back(context.table(t));
  }
  return fmt::format("{}", fmt::join(tables, ", "));
}

}  // namespace rekey::lower
