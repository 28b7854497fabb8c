// Which columns of a catalog change: those of key domains that have an integer root.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/inspect/decisions.h"
#include "compiler/inspect/inspect.h"
#include "runtime/db/catalog.h"

namespace rekey::inspect {

struct Catalog {
  std::string database, version;  // "chinook", "15.20"
  int major = 0;
  std::vector<db::catalog::Table> tables;
  std::vector<db::catalog::Column> columns;
  std::vector<db::catalog::UniqueKey> keys;
  std::vector<db::catalog::ForeignKey> foreign_keys;
  std::vector<db::catalog::KeyColumn> arrays;  // of integers
  std::map<std::string, int> table_at;                           // by SQL name
  std::map<std::pair<std::string, std::string>, int> column_at;  // by SQL name and column
  std::map<std::string, int> primary_at;                         // a table's primary key in keys

  plan::TableName name(const std::string& table) const;
  std::string path(int column) const;  // schema.table.column as in a plan
  const db::catalog::UniqueKey* primary_key(const std::string& table) const;  // or null
};
// With the columns that decisions tie to keys.
Catalog read_catalog(db::Connection& connection, const Decisions& decisions);

// Vectors are by column or by table of the catalog.
struct Selection {
  std::vector<std::string> left_out;  // why a table is not asked for: "excluded"; empty: it is
  std::vector<int> component;         // columns that a chain of foreign keys or partitions ties
  std::vector<bool> root;             // an integer primary key, or unique key that is referred to
  std::vector<bool> changes;
  std::vector<bool> kept;             // stays, but rows that are merged may take along what it holds
  std::vector<std::string> remarks;  // domains that stay because their roots are not asked for
};

// An error where a domain would change in some of its tables only, and where nothing is left.
Selection select(const Catalog& catalog, const std::vector<std::string>& schemas,
                 const Decisions& decisions, Diagnostics& diagnostics);

}  // namespace rekey::inspect
