// A database built from a recipe: tables with rows that satisfy their constraints, as SQL.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/property/recipe.h"

namespace rekey::property {

// Whether a key of the generator is made from the row, not from an id alone.
inline bool is_listed(const std::string& generator) { return generator == "v5" || generator == "v7"; }

struct Column {
  std::string name, type;
  bool not_null = false;
  std::string declared = {};  // a domain over that type
  std::string rest = {};      // DEFAULT …, GENERATED …
  std::string sequence = {};  // that it draws from, quoted
  int increment = 1;
  bool constant_default = false;
  bool no_new_default = false;  // what is decided about that
  int domain = -1;    // columns with the same number hold the same ids
  std::string sql_type() const { return declared.empty() ? type : declared; }
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
  std::string partitioning;             // PARTITION BY …
  std::vector<std::string> partitions;  // quoted
  bool parts_by_key = false;            // then other rows are in each while the keys have changed
  int parent = -1;                      // table that it inherits from
  int inherited_columns = 0;            // its first ones
  bool inherited = false;               // by another
  bool keep = false;                    // the plan's change: keep

  std::string sql() const;   // quoted
  std::string rows_of_its_own() const;  // what to select from for them
  std::string tag(std::size_t row) const;
  // Of column c, with a name that partitions and heirs share: from PostgreSQL 18 on they have to.
  std::string not_null(std::size_t c) const;
  int column_owner = -1;  // table where the inherited columns begin; or none
};

// Anything that uses a key column and is no index on columns alone.
struct Dependent {
  std::string name, sql;
  std::string probe;  // a query whose result is the same whatever the keys are; or none
};

struct Schema {
  std::vector<Table> tables;
  std::vector<Dependent> dependents;  // in an order in which they can be made
  std::vector<std::string> first;  // statements: schemas, sequences
  std::string generator;
  std::set<int> kept;                    // domains
  std::vector<std::vector<int>> phases;  // of tables; none: derived
  int server = 13;         // major version
  int back_to = 0;                       // a phase to go back to on the way; none: 0
  bool owned_by_app = false, row_security = false, shared_sequence = false;
  int jobs = 1;

  bool changes(const Column& column) const;  // its domain has a root and is not kept
  std::string generator_of(int domain) const;
};

// server: major version, which decides what dependents there can be.
Schema build(const Recipe& recipe, const std::string& generator, int server = 13);
// The last touches of build: numbers and roots of domains, then generators for them, then what hangs
// on tables and keys.
void find_domains(Schema& schema);
void choose_generators(Schema& schema, const Recipe& recipe);
void keep_domain(Schema& schema, const Recipe& recipe);
void choose_phases(Schema& schema, const Recipe& recipe);
void add_statements(Schema& schema, const Recipe& recipe);

// Its partitions; once its columns are complete.
void partition(Table& t, const TableRecipe& r);
Table child_of(const Table& parent, const TableRecipe& r, int number);

// Columns that refer to no other: of these a plan's generators speak.
std::vector<int> ends_of(const Table& t);

std::string to_sql(const Schema& schema);
// For rekeyc inspect: generators, and what becomes of constant defaults.
std::string decisions(const Schema& schema);

std::string sql_name(const std::string& name);

}  // namespace rekey::property
