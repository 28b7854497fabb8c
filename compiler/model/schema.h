// The plan with its names resolved: tables, key columns, foreign keys, key domains and phases, each an
// index into a vector. Built by resolve(); nothing changes it afterwards.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/model/key_name.h"
#include "compiler/plan/path.h"
#include "compiler/plan/plan.h"

namespace rekey::model {

using TableId = int;
using ColumnId = int;
using ForeignKeyId = int;
using DomainId = int;
using PhaseId = int;
using DependentId = int;
inline constexpr int kNone = -1;

// A default that is an id written out, or an array of them, some NULL.
using DefaultIds = std::vector<std::optional<std::int64_t>>;

// A column that holds ids: of its own (a root) or of the column a foreign key ties it to.
struct Column {
  TableId table;
  const plan::Column* written;
  ColumnId above = kNone;   // the same column in the table it is a partition of or inherits from
  DomainId domain = kNone;  // kNone until the domains are known; always set afterwards
  std::optional<DefaultIds> default_ids;
  bool root = false;        // no foreign key ties it to another column of its domain
  bool source = false;      // brings ids into its domain: a root, or one that no valid foreign key holds
                            // in every row (of several columns, one of them NULL)
  const std::string& name() const { return written->name.value; }
  bool array() const { return written->type.value.ends_with("[]"); }  // its elements are the ids
  bool uuid() const { return written->type.value.starts_with("uuid"); }  // they are, before the change too
  bool document() const { return written->type.value == "jsonb"; }    // they stand at paths in it
};

// Where a column holds keys of a domain that it does not belong to.
struct Place {
  ColumnId key;      // whose keys these are
  plan::Path path;   // in a document
  std::string type;  // or in rows whose type column says so
  Span span;
};

struct Table {
  const plan::Table* written;
  std::vector<ColumnId> columns;            // key columns, in the plan's order
  std::vector<ForeignKeyId> foreign_keys;   // those it declares
  PhaseId phase = kNone;                    // that lists it
  std::vector<TableId> parents, children;   // by partitioning or inheritance
  bool partitioned() const { return !written->partitioning.value.empty(); }
  const plan::TableName& name() const { return written->name.value; }
};

struct ForeignKey {
  const plan::ForeignKey* written;
  TableId child, parent;
  std::vector<std::string> columns, parent_columns;
  std::vector<ColumnId> ids, parent_ids;    // kNone where the column is no key column and stays
};

// A column with all its places, until it has become a domain.
struct Borrowing {
  ColumnId column;
  std::string type_column;
  std::vector<Place> places;
};

// A connected component of the graph of columns.
struct Domain {
  std::string name;                 // schema.table.column of its first root, as in a plan
  ColumnId root;
  std::vector<ColumnId> columns;    // root included, in the plan's order
  plan::Generator generator = plan::Generator::ordered;
  std::vector<NamePart> key_name;   // of generator v5, with the namespace, a UUID; of parent, one column
  std::string name_space;
  std::string key_expression;       // of generator expression
  bool changes = true;              // false: change: keep
  bool in_arrays = false;           // some column holds its ids in arrays
  bool of_uuids = false;            // its keys are UUIDs before the change too
  std::string where;                // of its root's rows, those that get new keys; empty: all
  std::vector<std::int64_t> stages; // rows of each stage before the last, which takes the rest; empty: all at once
  std::string order_by;             // of rows in stages, with the key at its end
  // Not empty: it is a column, with those of its family, that belongs to no domain: what it holds are keys of others,
  // in documents, or in each row of the one that type_column names. It has no generator, and changes with them.
  std::vector<Place> places;
  std::string type_column;
  bool borrows() const { return !places.empty(); }
  PhaseId phase = kNone;            // of stages: that of the last
  // Its keys are made from rows of the root's table, not from ids alone.
  bool is_listed() const { return plan::is_listed(generator); }
  // The plan says from what, and the list is the only way back.
  bool has_plan_keys() const { return is_listed() && generator != plan::Generator::v7; }
  // Rows may keep their keys, here or up to a later stage: a key without a new one stays.
  bool picks() const { return !where.empty() || !stages.empty(); }
};

// An object of the plan whose definition uses key columns, as its parse tree shows it.
struct Dependent {
  // What changes in the definition with the keys of a domain: an integer, with its cast and sign, that
  // stands for one of them, or the name of a type.
  struct Edit {
    std::size_t offset, length;  // bytes of the definition
    DomainId domain;             // kNone: it changes always
    std::optional<std::int64_t> id;
    std::string text;  // where it is no id
  };
  // What is done with it in a phase that changes what it uses.
  enum class Handling {
    nothing,   // left alone: the server rebuilds it with the column, or a person said so
    replaced,  // its body is text to the server: only its replacement is written over it
    renewed,   // it stays, but sessions keep the types that they compiled it with: they compile it anew
    moved,     // dropped before the tables are rewritten, created again afterwards
    made_anew  // a table: dropped and created again by the step that rewrites it
  };
  const plan::Dependent* written;
  Handling handling = Handling::nothing;
  std::vector<TableId> tables;           // whose key columns it uses, also through others
  std::vector<DependentId> built_on;     // all before it
  std::vector<Edit> edits;               // in order
  std::vector<std::pair<std::size_t, std::size_t>> statements;  // of the definition: offset, length
  std::string drop_replacement;          // of a function that its replacement gives other arguments
  std::vector<std::string> row_columns;  // of a table that is made anew: those that an INSERT may name
  std::string remade;  // its definition once it is made from that, where PostgreSQL writes it otherwise then
};

// A dependent, or an index, that means the same after the way back but reads otherwise.
struct Remade {
  std::string title;
  std::vector<TableId> tables;
};

// What the plan has decided of rows that refer to a row that is not there.
struct OrphanRule {
  TableId child, parent;
  std::vector<std::string> columns, parent_columns;
  plan::Orphans action;
  std::string constraint;  // of a foreign key: its name; empty: no constraint enforces it
  bool match_full = false;
  Span span;
  bool removes() const { return action == plan::Orphans::quarantine || action == plan::Orphans::remove; }
};

// A logical reference that the plan wants a foreign key for: one between columns of their own.
struct Enforced {
  const plan::LogicalReference* written;
  TableId child, parent;
  std::vector<std::string> columns, parent_columns;
  std::string name;
  PhaseId changed = kNone;  // the last that changes any of its columns
  PhaseId home = kNone;     // that adds it at its end: the cleanup, or that one
};

// An online phase of a plan is two: what goes on beside the application, and the swap, before which it stops. An
// offline one whose keys change in stages is one for each: of a part of the rows, in their place, then of the rest.
enum class Stage { offline, prepare, swap, part };

// An index that a cleanup makes, drops or makes anew, as its parse tree shows it.
struct IndexChange {
  const plan::IndexChange* written;
  std::string name, index, table;  // index and table as SQL text with their schemas
  std::string statement;           // that makes it beside its writers
};

struct Model;

// A table that gets a key of one new column; the columns of its old primary key stay unique, under a new name.
struct Surrogate {
  TableId table;
  std::string column, unique;
};

// A reference to a table with a surrogate that gets a new column for it, and a foreign key of its own.
struct Follow {
  ForeignKeyId key;
  std::string column, constraint;
  std::string index;  // empty: none
};

// A table whose keys become those of the rows that it refers to, one to one, and a foreign key of its own.
struct Consolidation {
  TableId table;
  ForeignKeyId key;
  std::string column, constraint;  // the table's key, which refers to the other table from then on
};

// What the cleanup ends at a table: columns that go, and what has kept them equal to others.
struct Drop {
  TableId table;
  std::vector<std::string> columns;  // may be empty
  Span span;
};

struct Phase {
  const plan::Phase* written;       // owned by Model::derived when the plan gives no phases
  std::string id;                   // "030"
  std::vector<DomainId> domains;    // that change in it
  std::vector<TableId> changed;     // tables with a column in those domains, referenced tables first
  std::vector<ForeignKeyId> touched;
  std::vector<OrphanRule> orphan_rules;  // before its keys change: referenced tables first
  std::vector<DomainId> merges;          // after that, domains whose rows are merged: those that others are made of first
  Stage stage = Stage::offline;     // a phase that prepares stands before the one that swaps, and changes no key
  std::vector<IndexChange> indexes = {};
  std::vector<Surrogate> surrogates = {};
  std::vector<Follow> follows = {};
  std::vector<Consolidation> consolidations = {};
  std::vector<Drop> drops = {};     // of a cleanup
  int number = 0, stages = 0;       // which of how many it is, from 1; 0: there are no stages
  std::string name() const;
  // One more of what is written once: what belongs to the end of it is not here.
  bool is_before_the_end() const { return stage == Stage::prepare || stage == Stage::part; }
  bool is_fenced() const { return stage == Stage::offline || stage == Stage::part; }
  // Whether it gives the table other columns or constraints than it had.
  bool reshapes(const Model& model, TableId t) const;
  bool repairs() const { return !orphan_rules.empty() || !merges.empty(); }
};

struct Model {
  const plan::Plan* plan;
  std::vector<Table> tables;
  std::vector<Column> columns;
  std::vector<ForeignKey> foreign_keys;
  std::vector<std::pair<ColumnId, ColumnId>> logical_references;
  std::vector<Borrowing> borrowings;
  std::vector<Enforced> enforced;
  std::vector<Domain> domains;
  std::vector<Phase> phases;
  std::vector<Dependent> dependents;  // in the plan's order
  std::vector<Remade> remade;
  std::vector<TableId> order;       // referenced tables first; cycles broken in the plan's order
  std::vector<plan::Phase> derived; // empty when the plan has phases

  const Domain& domain_of(ColumnId c) const { return domains[columns[c].domain]; }
  // Whether the column's type changes, and in which phase.
  bool changes(ColumnId c) const { return c != kNone && domain_of(c).changes; }
  PhaseId phase_of(ColumnId c) const { return changes(c) ? domain_of(c).phase : kNone; }
  // Where the column begins in its family: itself, mostly. An ALTER TABLE there changes it everywhere.
  ColumnId top(ColumnId c) const;
  // Of an online phase: the one that prepares the swap, or that it prepares.
  const Phase& other_half(const Phase& phase) const { return *(&phase + (phase.stage == Stage::prepare ? 1 : -1)); }
  // The cleanup of a plan with online phases: it lets go of the old keys that they keep, beside the application.
  bool contracts(const Phase& phase) const;
  // What the plan says that new rows get; of a partition or an heir with the default of its parent, what
  // it says there.
  const std::string& new_default(ColumnId c) const;
  // Whether the type of a column cannot change where it is: one of the partition keys in its family names it.
  bool parts_rows(ColumnId c) const;
  // The table and all that an ALTER TABLE of it reaches.
  std::vector<TableId> family(TableId t) const;
  std::string path(ColumnId c) const;  // schema.table.column as in a plan
  const plan::Table& root_table(const Domain& domain) const { return *tables[columns[domain.root].table].written; }
  // What was decided about it: at its root's table, else for the plan.
  const plan::Decision& decision(const Domain& domain) const;
};

// What a test reads: tables with their columns and domains, foreign keys, phases.
std::string print(const Model& model);

}  // namespace rekey::model
