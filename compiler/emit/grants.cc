#include "compiler/emit/grants.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/lint/locks.h"
#include "compiler/lower/sql.h"
#include "compiler/lower/step.h"

namespace rekey::emit {
namespace {

std::set<std::string> changed_tables(const model::Model& model) {
  std::set<std::string> tables;
  for (const auto& phase : model.phases) {
    for (model::TableId t : phase.changed) tables.insert(sql::table(model.tables[t].name()));
    for (model::ForeignKeyId f : phase.touched) {
      const auto& fk = model.foreign_keys[f];
      for (model::TableId t : {fk.child, fk.parent}) tables.insert(sql::table(model.tables[t].name()));
    }
  }
  return tables;
}

// Where objects are dropped and made again, and where uuidv7() is made.
std::set<std::string> schemas(const model::Model& model) {
  std::set<std::string> schemas;
  for (const auto& table : model.tables) schemas.insert(sql::identifier(table.name().schema));
  if (const auto made = lower::new_keys_schema(*model.plan); !made.empty()) schemas.insert(sql::identifier(made));
  return schemas;
}

// By foreign keys of tables that are made anew.
std::set<std::string> referenced_tables(const model::Model& model) {
  const lint::Knowledge knowledge(model);
  std::set<std::string> tables;
  for (const auto& dependent : model.dependents) {
    if (dependent.handling != model::Dependent::Handling::made_anew) continue;
    const auto& parents = knowledge.parents(dependent.written->name.value);
    tables.insert(parents.begin(), parents.end());
  }
  return tables;
}

bool works_without_triggers(const model::Model& model) {
  return std::any_of(model.phases.begin(), model.phases.end(), [](const model::Phase& phase) { return phase.repairs() || phase.stages > 0; });
}

}  // namespace

std::string grants(const model::Model& model) {
  std::string out = fmt::format(
      "-- What a role needs to apply plan {0} and to take it back: to make schema rekey, to make again what a phase\n"
      "-- drops, and to be a member of the owners of the tables, who alone may alter them. Run it as a superuser, or as\n"
      "-- a role that may grant all that:\n"
      "--   psql -v role=NAME -f FILE\n"
      "-- Afterwards, with GRANT turned into REVOKE and TO into FROM, it takes all of it back.\n"
      "\\set ON_ERROR_STOP on\n"
      "GRANT CREATE ON DATABASE :\"DBNAME\" TO :\"role\";\n",
      model.plan->name.value);
  for (const auto& schema : schemas(model)) out += fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO :\"role\";\n", schema);
  for (const auto& table : referenced_tables(model)) out += fmt::format("GRANT REFERENCES ON {} TO :\"role\";\n", table);
  if (works_without_triggers(model)) {
    out += model.plan->server.value >= 15
               ? "GRANT SET ON PARAMETER session_replication_role TO :\"role\";  -- rows are taken out and put back, or change in stages, without triggers\n"
               : "-- Rows are taken out and put back, or change in stages, without triggers: before PostgreSQL 15 the role has to be a superuser.\n";
  }
  std::string tables;
  for (const auto& table : changed_tables(model)) tables += (tables.empty() ? "\n  " : ",\n  ") + sql::literal(table);
  out += fmt::format(
      "SELECT DISTINCT format('GRANT %I TO %I', r.rolname, :'role')\n"
      "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner\n"
      "WHERE r.rolname <> :'role' AND c.oid = ANY (ARRAY[{}]::pg_catalog.regclass[])\n"
      "\\gexec\n",
      tables);
  return out;
}

}  // namespace rekey::emit
