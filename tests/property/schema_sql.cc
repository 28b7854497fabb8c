// The SQL of a schema, and what rekeyc inspect has to be told about it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "compiler/plan/plan.h"
#include "runtime/db/connection.h"
#include "tests/property/schema.h"

namespace rekey::property {

namespace {

std::string plan_name(const Table& t) { return plan::to_text(plan::TableName{t.schema, t.name}); }

std::string create(const Schema& schema, const Table& t) {
  std::string text = fmt::format("CREATE TABLE {} (\n", t.sql());
  for (std::size_t i = t.inherited_columns; i < t.columns.size(); ++i) {
    const Column& c = t.columns[i];
    text += fmt::format("  {} {}{}{},\n", sql_name(c.name), c.sql_type(),
                        t.not_null(i), c.rest);
  }
  for (int i = 0; schema.server >= 18 && i < t.inherited_columns; ++i) {
    if (t.columns[i].not_null) text += fmt::format(" {} {},\n", t.not_null(i), sql_name(t.columns[i].name));
  }
  if (t.parent < 0)
    text += fmt::format("  tag text NOT NULL,\n  at {} NOT NULL DEFAULT now(),\n", t.time_type);
  if (t.code >= 0) text += fmt::format("  UNIQUE ({}),\n", sql_name(t.columns[t.code].name));
  std::string key;
  for (int c : t.primary_key) key += (key.empty() ? "" : ", ") + sql_name(t.columns[c].name);
  text += fmt::format("  CONSTRAINT {} PRIMARY KEY ({})\n)", sql_name(t.key_name), key);
  if (t.parent >= 0) text += fmt::format(" INHERITS ({})", schema.tables[t.parent].sql());
  if (!t.partitioning.empty()) text += " PARTITION BY " + t.partitioning;
  return text + ";\n";
}

std::string insert(const Table& t) {
  if (t.rows.empty()) return "";
  std::string columns, values;
  for (const Column& c : t.columns) columns += sql_name(c.name) + ", ";
  for (std::size_t r = 0; r < t.rows.size(); ++r) {
    values += r ? ",\n  (" : "\n  (";
    for (const auto& id : t.rows[r]) values += (id ? std::to_string(*id) : "NULL") + ", ";
    values += fmt::format("'{}', '{}'::timestamp + {} * interval '25 hours')", t.tag(r), t.time, r);
  }
  return fmt::format("INSERT INTO {} ({}tag, at){} VALUES{};\n", t.sql(), columns,
                     t.overriding ? " OVERRIDING SYSTEM VALUE" : "", values);
}

std::string add(const Schema& schema, const Table& t, const ForeignKey& fk) {
  const auto names = [](const Table& of, const std::vector<int>& columns) {
    std::string out;
    for (int c : columns) out += (out.empty() ? "" : ", ") + sql_name(of.columns[c].name);
    return out;
  };
  const Table& target = schema.tables[fk.target];
  std::string text =
      fmt::format("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){};\n",
                  t.sql(), sql_name(fk.name), names(t, fk.columns), target.sql(),
                  names(target, fk.target_columns), fk.definition);
  if (!fk.comment.empty()) {
    text += fmt::format("COMMENT ON CONSTRAINT {} ON {} IS {};\n", sql_name(fk.name), t.sql(),
                        db::quote_literal(fk.comment));
  }
  return text;
}

nlohmann::ordered_json phases(const Schema& schema) {
  nlohmann::ordered_json all = {{{"name", "foundation"}, {"kind", "foundation"}}};
  for (std::size_t p = 0; p < schema.phases.size(); ++p) {
    nlohmann::ordered_json tables = nlohmann::ordered_json::array();
    for (int t : schema.phases[p]) tables.push_back(plan_name(schema.tables[t]));
    all.push_back({{"name", fmt::format("part {}", p)}, {"tables", tables}});
  }
  all.push_back({{"name", "cleanup"}, {"kind", "cleanup"}});
  return all;
}

}  // namespace

std::string sql_name(const std::string& name) { return db::quote_identifier(name); }

std::string Table::sql() const { return sql_name(schema) + "." + sql_name(name); }

std::string Table::rows_of_its_own() const { return (inherited ? "ONLY " : "") + sql(); }

std::string Table::tag(std::size_t row) const { return fmt::format("t{}r{:02}", number, row); }

std::string Table::not_null(std::size_t c) const {
  const bool inherited = static_cast<int>(c) < inherited_columns;
  return columns[c].not_null ? fmt::format(" CONSTRAINT t{}_c{}_set NOT NULL", inherited ? column_owner : number, c) : "";
}

std::string to_sql(const Schema& schema) {
  std::string text;
  std::set<std::string> schemas;
  for (const Table& t : schema.tables) schemas.insert(t.schema);
  schemas.erase("public");
  for (const std::string& name : schemas)
    text += fmt::format("CREATE SCHEMA {};\n", sql_name(name));
  for (const std::string& statement : schema.first) text += statement + ";\n";
  for (const Table& t : schema.tables) {
    text += create(schema, t);
    for (const std::string& statement : t.before_rows) text += statement + ";\n";
    text += insert(t);
  }
  for (const Table& t : schema.tables) {
    for (const ForeignKey& fk : t.foreign_keys) text += add(schema, t, fk);
  }
  for (const Table& t : schema.tables) {
    for (const std::string& statement : t.after_rows) text += statement + ";\n";
  }
  for (const Dependent& d : schema.dependents) text += d.sql + ";\n";
  return text;
}

std::string decisions(const Schema& schema) {
  nlohmann::ordered_json tables = nlohmann::ordered_json::object();
  for (const Table& t : schema.tables) {
    nlohmann::ordered_json item = nlohmann::ordered_json::object();
    if (!t.generator.empty()) item["generator"] = t.generator;
    if (t.generator == "v7") item["time_column"] = "at";
    if (t.generator == "v5") item.update({{"namespace", "oid"}, {"name_template", "{tag}"}});
    if (t.keep) item["change"] = "keep";
    for (const Column& c : t.columns) {
      if (c.no_new_default && schema.changes(c)) item["columns"][c.name]["new_default"] = "none";
      if (t.generator == "v5" && c.root) item["columns"][c.name]["new_default"] = "gen_random_uuid()";
    }
    if (!item.empty()) tables[plan_name(t)] = item;
  }
  nlohmann::ordered_json all = {{"generator", schema.generator}};
  if (!tables.empty()) all["tables"] = tables;
  if (!schema.phases.empty()) all["phases"] = phases(schema);
  return all.dump();
}

}  // namespace rekey::property
