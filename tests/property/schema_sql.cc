// The SQL of a schema, and what rekeyc inspect has to be told about it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "compiler/plan/plan.h"
#include "runtime/db/connection.h"
#include "tests/property/schema.h"

namespace rekey::property {

namespace {

std::string create(const Table& t) {
  std::string text = fmt::format("CREATE TABLE {} (\n", t.sql());
  for (const Column& c : t.columns) {
    text += fmt::format("  {} {}{}{},\n", sql_name(c.name), c.type, c.not_null ? " NOT NULL" : "",
                        c.rest);
  }
  text += fmt::format("  tag text NOT NULL,\n  at {} NOT NULL DEFAULT now(),\n", t.time_type);
  if (t.code >= 0) text += fmt::format("  UNIQUE ({}),\n", sql_name(t.columns[t.code].name));
  std::string key;
  for (int c : t.primary_key) key += (key.empty() ? "" : ", ") + sql_name(t.columns[c].name);
  return text + fmt::format("  CONSTRAINT {} PRIMARY KEY ({})\n);\n", sql_name(t.key_name), key);
}

std::string insert(const Table& t) {
  if (t.rows.empty()) return "";
  std::string columns, values;
  for (const Column& c : t.columns) columns += sql_name(c.name) + ", ";
  for (std::size_t r = 0; r < t.rows.size(); ++r) {
    values += r ? ",\n  (" : "\n  (";
    for (const auto& id : t.rows[r]) values += (id ? std::to_string(*id) : "NULL") + ", ";
    values += fmt::format("'{}', '{}')", t.tag(r), t.time);
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

}  // namespace

std::string sql_name(const std::string& name) { return db::quote_identifier(name); }

std::string Table::sql() const { return sql_name(schema) + "." + sql_name(name); }

std::string Table::tag(std::size_t row) const { return fmt::format("t{}r{:02}", number, row); }

std::string to_sql(const Schema& schema) {
  std::string text;
  std::set<std::string> schemas;
  for (const Table& t : schema.tables) schemas.insert(t.schema);
  schemas.erase("public");
  for (const std::string& name : schemas)
    text += fmt::format("CREATE SCHEMA {};\n", sql_name(name));
  for (const std::string& statement : schema.first) text += statement + ";\n";
  for (const Table& t : schema.tables) {
    text += create(t);
    for (const std::string& statement : t.before_rows) text += statement + ";\n";
    text += insert(t);
  }
  for (const Table& t : schema.tables) {
    for (const ForeignKey& fk : t.foreign_keys) text += add(schema, t, fk);
  }
  for (const Table& t : schema.tables) {
    for (const std::string& statement : t.after_rows) text += statement + ";\n";
  }
  return text;
}

std::string decisions(const Schema& schema) {
  nlohmann::ordered_json tables = nlohmann::ordered_json::object();
  for (const Table& t : schema.tables) {
    nlohmann::ordered_json item = nlohmann::ordered_json::object();
    if (!t.generator.empty()) item["generator"] = t.generator;
    if (t.generator == "v7") item["time_column"] = "at";
    for (const Column& c : t.columns) {
      if (c.constant_default && schema.changes(c)) item["columns"][c.name]["new_default"] = "none";
    }
    if (!item.empty()) tables[plan::to_text(plan::TableName{t.schema, t.name})] = item;
  }
  nlohmann::ordered_json all = {{"generator", schema.generator}};
  if (!tables.empty()) all["tables"] = tables;
  return all.dump();
}

bool Schema::changes(const Column& column) const {
  for (const Table& t : tables) {
    for (const Column& c : t.columns) {
      if (c.root && c.domain == column.domain) return true;
    }
  }
  return false;
}

}  // namespace rekey::property
