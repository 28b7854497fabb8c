#include "compiler/emit/review_borrowed.h"

#include <fmt/format.h>

#include "compiler/emit/step_text.h"
#include "compiler/lower/enforced.h"
#include "compiler/lower/sql.h"

namespace rekey::emit {

using nlohmann::json;

json borrowed_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& domain : model.domains) {
    if (!domain.borrows() || !domain.changes) continue;
    for (const auto& place : domain.places) {
      rows.push_back({{"column", cell(domain.name)},
                      {"where", cell(place.type.empty() ? plan::to_text(place.path)
                                                        : fmt::format("{} = {}", sql::identifier(domain.type_column), sql::literal(place.type)))},
                      {"keys", cell(model.path(place.key))}});
    }
  }
  return rows;
}

json enforced_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& e : model.enforced) {
    rows.push_back({{"table", cell(to_text(model.tables[e.child].name()))},
                    {"name", cell(sql::identifier(e.name))},
                    {"definition", cell(lower::enforced_definition(model, e))},
                    {"phase", model.phases[e.home].id}});
  }
  return rows;
}

}  // namespace rekey::emit
