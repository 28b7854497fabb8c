// What the lowering of an offline phase knows of it: what changes, what is touched, the ids of its steps
// before the steps are made.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/lower/step.h"

namespace rekey::lower {

struct OfflinePhase {
  const model::Model& model;
  const model::Phase& phase;
  std::map<model::TableId, std::vector<model::ForeignKeyId>> foreign_keys;  // touched, by child
  std::map<model::TableId, std::set<model::TableId>> children;              // that reference the table
  std::map<model::TableId, std::vector<model::ColumnId>> columns;  // that change, by the table where they begin
  std::map<std::string, std::set<model::DomainId>> by_sequence;  // that get their ids from it
  std::map<model::TableId, int> roots;           // domains that begin at the table
  std::set<model::TableId> changed;              // with such a column, begun there or not
  std::vector<model::DependentId> dependents;    // that use them, are there and are not left alone
  std::vector<model::DependentId> renewed;       // functions that use them and stay

  OfflinePhase(const model::Model& model, const model::Phase& phase);

  std::string table(model::TableId t) const;  // quoted
  std::vector<model::ColumnId> changing(model::TableId t) const;  // of `columns`, perhaps none
  bool changes_here(model::ColumnId c) const;
  // Whether the table is made anew with its rows: a column that changes here parts them.
  bool makes_anew(model::TableId t) const;
  // Its definitions, and those of what is partitioned below it: partitions first.
  std::vector<const model::Dependent*> definitions(model::TableId t) const;
  bool validates(model::TableId t) const;     // some foreign key of it, in a step of its own
  std::vector<model::TableId> changed_tables(const model::Dependent& dependent) const;
  model::PhaseId number() const;
  bool is_gone(const model::Dependent& dependent) const;  // set aside by a phase before

  std::string own(const char* kind) const;
  std::string begun() const;  // the step after which keys may change: all rows are as the plan wants them
  // Of some rows only it is known when their keys are listed whether they can change: nothing is set aside before.
  std::vector<std::string> settled() const;
  bool picks() const;
  std::string id(model::TableId t, const char* kind) const;
  std::string rewrite_id(model::TableId t) const;
  std::string keys_id(model::DomainId d) const;
  std::set<std::string> keys_of(model::ColumnId c) const;  // of all domains whose keys it holds
  std::string dependent_id(model::DependentId d, const char* kind) const;
  // The steps that rewrite a table: its own, and those of the tables where its columns begin.
  std::set<std::string> rewrites(model::TableId t) const;
  std::set<std::string> rewrites_under(const model::Dependent& dependent) const;
  // Those that come before it is made: what fills a materialized view need not be named in it, children of tables
  // outside of the plan, say, or what a function reads.
  std::set<std::string> rewrites_before(const model::Dependent& dependent) const;
};

// A step about one table: its template reads table and table_literal.
Step table_step(const OfflinePhase& context, model::TableId t, std::string id, const char* kind);

}  // namespace rekey::lower
