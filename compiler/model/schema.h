// The plan with its names resolved: tables, key columns, foreign keys, key domains and phases, each an
// index into a vector. Built by resolve(); nothing changes it afterwards.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::model {

using TableId = int;
using ColumnId = int;
using ForeignKeyId = int;
using DomainId = int;
using PhaseId = int;
inline constexpr int kNone = -1;

// A column that holds ids: of its own (a root) or of the column a foreign key ties it to.
struct Column {
  TableId table;
  const plan::Column* written;
  DomainId domain = kNone;  // kNone until the domains are known; always set afterwards
  bool root = false;        // no foreign key ties it to another column of its domain
  bool source = false;      // brings ids into its domain: a root, or one that no valid foreign key holds
                            // in every row (of several columns, one of them NULL)
  const std::string& name() const { return written->name.value; }
};

struct Table {
  const plan::Table* written;
  std::vector<ColumnId> columns;            // key columns, in the plan's order
  std::vector<ForeignKeyId> foreign_keys;   // those it declares
  PhaseId phase = kNone;                    // that lists it
  const plan::TableName& name() const { return written->name.value; }
};

struct ForeignKey {
  const plan::ForeignKey* written;
  TableId child, parent;
  std::vector<std::string> columns, parent_columns;
  std::vector<ColumnId> ids, parent_ids;    // kNone where the column is no key column and stays
};

// A connected component of the graph of columns.
struct Domain {
  std::string name;                 // schema.table.column of its first root, as in a plan
  ColumnId root;
  std::vector<ColumnId> columns;    // root included, in the plan's order
  plan::Generator generator = plan::Generator::ordered;
  bool changes = true;              // false: change: keep
  PhaseId phase = kNone;
};

struct Phase {
  const plan::Phase* written;       // owned by Model::derived when the plan gives no phases
  std::string id;                   // "030"
  std::vector<DomainId> domains;    // that change in it
  std::vector<TableId> changed;     // tables with a column in those domains, referenced tables first
  std::vector<ForeignKeyId> touched;
};

struct Model {
  const plan::Plan* plan;
  std::vector<Table> tables;
  std::vector<Column> columns;
  std::vector<ForeignKey> foreign_keys;
  std::vector<std::pair<ColumnId, ColumnId>> logical_references;
  std::vector<Domain> domains;
  std::vector<Phase> phases;
  std::vector<TableId> order;       // referenced tables first; cycles broken in the plan's order
  std::vector<plan::Phase> derived; // empty when the plan has phases

  const Domain& domain_of(ColumnId c) const { return domains[columns[c].domain]; }
  // Whether the column's type changes, and in which phase.
  bool changes(ColumnId c) const { return c != kNone && domain_of(c).changes; }
  PhaseId phase_of(ColumnId c) const { return changes(c) ? domain_of(c).phase : kNone; }
  std::string path(ColumnId c) const;  // schema.table.column as in a plan
};

// What a test reads: tables with their columns and domains, foreign keys, phases.
std::string print(const Model& model);

}  // namespace rekey::model
