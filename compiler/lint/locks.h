// What a statement does to tables: derived from its parse tree, and from the model where the tree names a
// constraint or a key domain only. Facts: "Explicit Locking" and the ALTER TABLE page of the manual, and
// pg_locks while the statements ran.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/lint/parse_sql.h"
#include "compiler/model/schema.h"
#include "runtime/bundle/bundle.h"

namespace rekey::lint {

// Tables stand in order of the first mention, each once.
struct Effects {
  std::vector<bundle::TableLock> locks;       // one that conflicts with all that is done to the table
  std::vector<std::string> rewrites, scans;
  bool shared = false;  // the more sessions do it at once, the faster

  void lock(const std::string& table, bundle::LockMode mode);
  void rewrite(const std::string& table);
  void scan(const std::string& table);

 private:
  std::unordered_map<std::string, std::size_t> locked_;  // places in locks
  std::unordered_set<std::string> rewritten_, scanned_;
};

// What the parse tree leaves out.
class Knowledge {
 public:
  explicit Knowledge(const model::Model& model);
  // The table that a foreign key points at; empty when the constraint is no foreign key of the plan.
  const std::string& referenced(const std::string& table, const std::string& constraint) const;
  // What the foreign keys of a table that a step drops point at.
  const std::vector<std::string>& parents(const std::string& table) const;
  // Tables that bring ids into a key domain, by the domain's name.
  const std::vector<std::string>& sources(const std::string& domain) const;
  // Its partitions and the tables that inherit from it, at any depth.
  const std::vector<std::string>& members(const std::string& table) const;
  const std::vector<std::string>& partitions(const std::string& table) const;  // of those the first kind alone
  // Tables whose keys a phase changes, by the phase's id.
  const std::vector<std::string>& changed_in(const std::string& phase) const;

 private:
  void add_foreign_keys(const std::string& definition);

  std::map<std::pair<std::string, std::string>, std::string> referenced_;
  std::map<std::string, std::vector<std::string>> parents_;
  std::map<std::string, std::vector<std::string>> sources_;
  std::map<std::string, std::vector<std::string>> members_, partitions_;
  std::map<std::string, std::vector<std::string>> changed_;
};

// The same, and whether all of it can be told.
bool is_known(const PgQuery__Node& statement, const Knowledge& knowledge, const std::vector<std::string>& fallback, Effects& out);

// Adds what a statement does. fallback: the tables that one of unknown kind is taken to lock exclusively.
void add_effects(const PgQuery__Node& statement, const Knowledge& knowledge,
                 const std::vector<std::string>& fallback, Effects& out);

}  // namespace rekey::lint
