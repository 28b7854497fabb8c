#include "compiler/emit/review_reshape.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "compiler/emit/step_text.h"
#include "compiler/lower/sql.h"
#include "compiler/model/resolve.h"

namespace rekey::emit {
namespace {

using nlohmann::json;

constexpr int kBytesOfKey = 16;

bool holds(const std::vector<std::string>& columns, const std::string& name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

// A word of an index definition, as the catalog prints it.
bool names(const std::string& definition, const std::string& column) {
  const auto identifier = sql::identifier(column);
  for (auto at = definition.find(identifier); at != std::string::npos; at = definition.find(identifier, at + 1)) {
    const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '"'; };
    const auto end = at + identifier.size();
    if ((at == 0 || !is_word(definition[at - 1])) && (end == definition.size() || !is_word(definition[end]))) return true;
  }
  return false;
}

struct Savings {
  std::size_t columns = 0, keys = 0, indexes = 0;  // keys: those of the columns that are UUIDs by then
  std::string text() const {
    auto out = counted(columns, "column");
    if (indexes > 0) out += fmt::format(", {} index{}", indexes, indexes == 1 ? "" : "es");
    if (keys > 0) out += fmt::format(", {} bytes of keys a row", keys * kBytesOfKey);
    return out;
  }
};

Savings savings(const model::Model& model, const model::Drop& drop) {
  const auto& written = *model.tables[drop.table].written;
  Savings out;
  out.columns = drop.columns.size();
  for (const auto& column : drop.columns) {
    if (column_named(model, drop.table, column) != model::kNone) ++out.keys;
  }
  const auto any = [&](const auto& is_in) { return std::any_of(drop.columns.begin(), drop.columns.end(), is_in); };
  for (const auto& index : written.indexes) out.indexes += any([&](const auto& column) { return names(index.definition.value, column); });
  for (const auto& unique : written.unique) out.indexes += any([&](const auto& column) { return holds(plan::to_strings(unique.columns), column); });
  return out;
}

std::string name(const model::Model& model, model::TableId t) { return to_text(model.tables[t].name()); }

std::string surrogate(const model::Model& model, const model::Surrogate& one) {
  return fmt::format("`{}` is its primary key, a hash of ({}), which stay unique as {}", one.column,
                     sql::columns(plan::to_strings(model.tables[one.table].written->primary_key)), one.unique);
}

std::string follow(const model::Model& model, const model::Follow& one) {
  const auto& fk = model.foreign_keys[one.key];
  return fmt::format("new `{}` refers to {} as {}{}; a trigger keeps it and ({}) equal until the cleanup", one.column, name(model, fk.parent), one.constraint,
                     one.index.empty() ? ", without an index" : fmt::format(", with index {}", one.index), sql::columns(fk.columns));
}

std::string consolidation(const model::Model& model, const model::Consolidation& one) {
  const auto& fk = model.foreign_keys[one.key];
  return fmt::format("`{}` takes the key of its row of {}, and refers to it as {}; a trigger keeps it and `{}` equal until the cleanup", one.column,
                     name(model, fk.parent), one.constraint, fk.columns.front());
}

}  // namespace

json reshape_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& phase : model.phases) {
    const auto add = [&](model::TableId t, const std::string& what) {
      rows.push_back({{"phase", phase.id}, {"table", cell(name(model, t))}, {"what", cell(what)}});
    };
    for (const auto& one : phase.surrogates) add(one.table, surrogate(model, one));
    for (const auto& one : phase.follows) add(model.foreign_keys[one.key].child, follow(model, one));
    for (const auto& one : phase.consolidations) add(one.table, consolidation(model, one));
    for (const auto& drop : phase.drops) {
      if (drop.columns.empty()) add(drop.table, "nothing keeps its references equal any more");
      else add(drop.table, fmt::format("{} to an archive, and gone: {}", sql::columns(drop.columns), savings(model, drop).text()));
    }
  }
  return rows;
}

std::string reshape_savings(const model::Model& model) {
  Savings all;
  for (const auto& phase : model.phases) {
    for (const auto& drop : phase.drops) {
      const auto one = savings(model, drop);
      all.columns += one.columns, all.indexes += one.indexes;
    }
  }
  return all.columns == 0 ? "" : all.text();
}

}  // namespace rekey::emit
