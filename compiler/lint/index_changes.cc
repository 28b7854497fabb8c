#include "compiler/lint/index_changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lint/parse_sql.h"
#include "compiler/lint/tokens.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lint {
namespace {

// CREATE INDEX with CONCURRENTLY behind it.
std::string beside_writers(const std::string& statement) {
  for (const Token& token : tokens_of(statement)) {
    if (token.kind == PG_QUERY__TOKEN__INDEX) return sql::ended(statement.substr(0, token.end) + " CONCURRENTLY" + statement.substr(token.end));
  }
  return statement;
}

model::IndexChange change_of(const plan::IndexChange& written) {
  const bool made = !written.create.value.empty();
  const ParsedSql parsed(made ? written.create.value : written.definition.value);
  const auto& index = *parsed.statements().front()->index_stmt;
  const std::string schema = index.relation->schemaname;
  return {&written, index.idxname, sql::identifier(schema) + "." + sql::identifier(index.idxname), table_name(*index.relation),
          beside_writers(made ? written.create.value : written.definition.value)};
}

const plan::Text& subject(const plan::IndexChange& written) {
  return !written.create.value.empty() ? written.create : !written.drop.value.empty() ? written.drop : written.reindex;
}

class Check {
 public:
  Check(const model::Model& model, Diagnostics& diagnostics) : model_(model), diagnostics_(diagnostics) {}

  void change(const model::IndexChange& change) {
    const auto& written = *change.written;
    const auto& place = subject(written);
    if (written.create.value.empty() && sql::table(*plan::parse_table_name(place.value)) != change.index) {
      refuse(written.definition, fmt::format("this is {}, not {}", change.index, place.value), "write the definition of the index itself");
    }
    for (const auto& table : model_.tables) {
      if (sql::table(table.name()) != change.table || !table.partitioned() || !written.reindex.value.empty()) continue;
      refuse(place, fmt::format("{} is partitioned: no index of it is made or dropped beside its writers", change.table),
             "write it for each partition, or plain CREATE INDEX and DROP INDEX under sql: of an offline phase");
    }
    if (written.drop.value.empty()) return;
    for (const auto& dependent : model_.dependents) {
      if (dependent.written->kind.value != plan::DependentKind::index || dependent.written->name.value != change.index) continue;
      refuse(place, fmt::format("{} is a dependent of the plan, which its phase makes again", change.index),
             "give it set_aside: under dependents:, and it stays away");
    }
  }

 private:
  void refuse(const plan::Text& place, const std::string& what, const std::string& fix) {
    diagnostics_.error("index-change", place.span, what, fix);
  }

  const model::Model& model_;
  Diagnostics& diagnostics_;
};

}  // namespace

void read_index_changes(model::Model& model, Diagnostics& diagnostics) {
  Check check(model, diagnostics);
  for (auto& phase : model.phases) {
    for (const auto& written : phase.written->indexes) {
      phase.indexes.push_back(change_of(written));
      check.change(phase.indexes.back());
    }
  }
}

}  // namespace rekey::lint
