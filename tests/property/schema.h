// A database built from a recipe: tables with rows that satisfy their constraints, as SQL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/property/recipe.h"

namespace rekey::property {

struct Column {
  std::string name, type;
  bool not_null = false;
  std::string rest = {};      // DEFAULT …, GENERATED …
  std::string sequence = {};  // that it draws from, quoted
  int increment = 1;
  bool constant_default = false;
  int domain = -1;    // columns with the same number hold the same ids
  bool root = false;  // a single integer column that is a key: with it its domain changes
};

struct ForeignKey {
  std::string name;
  std::vector<int> columns;
  int target = 0;  // table
  std::vector<int> target_columns;
  std::string definition;  // after REFERENCES …(…)
  std::string comment;
};

using Row = std::vector<std::optional<std::int64_t>>;

// Beside the key columns every table has "tag", by which its rows are told apart, and "at", a time.
struct Table {
  int number = 0;
  std::string schema, name, key_name;
  std::vector<Column> columns;
  std::vector<int> primary_key;
  int code = -1;  // column with a unique constraint
  std::vector<ForeignKey> foreign_keys;
  std::vector<Row> rows;
  std::string time_type = "timestamptz", time = "2024-05-06 07:08:09.1+00";
  std::vector<std::string> before_rows, after_rows;  // statements
  std::string generator;                             // empty: the plan's
  bool overriding = false;

  std::string sql() const;  // quoted
  std::string tag(std::size_t row) const;
};

struct Schema {
  std::vector<Table> tables;
  std::vector<std::string> first;  // statements: schemas, sequences
  std::string generator;
  bool owned_by_app = false, row_security = false, shared_sequence = false;
  int jobs = 1;

  bool changes(const Column& column) const;  // its domain has a root
};

Schema build(const Recipe& recipe, const std::string& generator);
// The last touches of build: numbers and roots of domains, then generators for them.
void find_domains(Schema& schema);
void choose_generators(Schema& schema, const Recipe& recipe);

std::string to_sql(const Schema& schema);
// For rekeyc inspect: generators, and what becomes of constant defaults.
std::string decisions(const Schema& schema);

std::string sql_name(const std::string& name);

}  // namespace rekey::property
