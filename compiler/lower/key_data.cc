#include "compiler/lower/key_data.h"

#include "compiler/lower/borrowed.h"
#include "compiler/lower/generators.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lower {

using model::ColumnId;
using model::DomainId;
using nlohmann::json;

namespace {

std::string element_type(const model::Column& column) {
  const auto& type = column.written->type.value;
  return column.array() ? type.substr(0, type.size() - 2) : type;
}

// A stage is entered with pairs of its own; on the way back it is left for the one before.
void add_stage(const OfflinePhase& context, const model::Domain& domain, json item, json& data) {
  const auto of = sql::literal(domain.name), name = sql::literal(stage_name(domain, context.phase.number));
  const bool first = context.phase.number == 1;
  item["name"] = name;
  item["stage_of"] = of;
  data["domains"].push_back(item);
  data["stage"] = {{"of", of},
                   {"stage_name", name},
                   {"before_phase", first ? "NULL" : sql::literal((&context.phase - 1)->id)},
                   {"before", first ? "NULL" : sql::literal(stage_name(domain, context.phase.number - 1))}};
}

}  // namespace

const std::string& declared_type(const plan::Column& written) {
  return written.type_name.value.empty() ? written.type.value : written.type_name.value;
}

std::string new_type(const model::Column& column) {
  return column.array() ? "uuid[]" : column.uuid() || column.document() ? declared_type(*column.written) : "uuid";
}

json key_data(const OfflinePhase& context) {
  const auto& model = context.model;
  json data;
  data["domains"] = json::array();
  data["columns"] = json::array();
  data["picks"] = context.picks();
  for (DomainId d : context.phase.domains) {
    const auto& domain = model.domains[d];
    const auto time = time_column(model, domain);
    const bool holds_documents = model.columns[domain.root].document();
    json item = {{"name", sql::literal(domain.name)},
                 {"generator", sql::literal(domain.borrows() ? "borrowed" : plan::word(domain.generator))},
                 {"arrays", domain.in_arrays || holds_documents ? std::to_string(d + 1) : "NULL"},
                 {"picked", domain.where.empty() ? "NULL" : sql::dollar_quoted(domain.where)},
                 {"stage_of", "NULL"},
                 {"given", context.phase.stage == model::Stage::swap && domain.is_listed() ? "true" : "false"},
                 {"time", time.empty() ? "NULL" : sql::literal(time)}};
    if (context.phase.number < 2) data["domains"].push_back(item);
    if (context.phase.stages > 0) add_stage(context, domain, item, data);
    if (context.phase.number > 1) continue;  // its columns are known
    for (ColumnId c : domain.columns) {
      const auto& column = model.columns[c];
      const auto& sequence = column.written->sequence.value;
      const auto name = plan::parse_table_name(sequence);
      data["columns"].push_back(
          {{"domain", sql::literal(domain.name)},
           {"table", sql::literal(context.table(column.table))},
           {"column", sql::literal(column.name())},
           {"type", sql::literal(element_type(column))},
           {"declared", sql::literal(declared_type(*column.written))},
           {"root", column.root ? "true" : "false"},
           {"source", column.source ? "true" : "false"},
           {"array", column.array() ? "true" : "false"},
           {"sequence", name ? sql::literal(sql::table(*name)) : "NULL"},
           {"identity", column.written->identity.value != plan::Identity::none ? "true" : "false"}});
    }
  }
  data["with_keys"] = !data["domains"].empty();
  data["has_columns"] = !data["columns"].empty();
  if (auto borrowed = places(context); !borrowed.empty()) data["borrowed"] = {{"places", std::move(borrowed)}, {"tables", borrowing_tables(context)}};
  return data;
}

json foreign_key_checks(const OfflinePhase& context) {
  json out = json::array();
  for (model::ForeignKeyId f : context.phase.touched) {
    const auto& fk = context.model.foreign_keys[f];
    out.push_back({{"table", sql::literal(context.table(fk.child))},
                   {"name", sql::literal(fk.written->name.value)},
                   {"valid", fk.written->holds() ? "true" : "false"}});
  }
  return out;
}

}  // namespace rekey::lower
