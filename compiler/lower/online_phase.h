// What the lowerings of an online phase know of it: beside OfflinePhase, the names of what stands beside the keys
// while both generations are there, and the steps that both phases share.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

// A key column and its other generation: as SQL identifiers, and as the catalog has them.
struct Pair {
  model::ColumnId column;
  std::string name, name_text;      // before the swap the old key, after it the new one
  std::string shadow, shadow_text;  // the new key, before the swap
  std::string legacy, legacy_text;  // the old key, after it
};

// An index that changes with the keys, and its twins: on the new keys, and, for a key, on the old ones, which the
// swap strips of it.
struct TwinIndex {
  std::string name;         // literal; empty: the primary key's
  std::string definition;   // of the twin, what follows ON the table
  std::string legacy;       // of the legacy twin; empty where none is needed
  bool unique = false;
  std::string twin, legacy_twin;  // their names in the table's schema, unquoted
  std::string old_definition;     // after the swap: of the one on the old keys, which is called legacy_twin
  std::vector<std::string> columns;  // of a key: as they are called now
  bool key() const { return !legacy.empty(); }
};

struct OnlinePhase : OfflinePhase {
  // `swap`: the phase that swaps; `prepare` that before it.
  OnlinePhase(const model::Model& model, const model::Phase& swap);

  const model::Phase& prepare;
  std::vector<model::TableId> heads;  // of `changed`, those that an ALTER TABLE begins at: no partitions
  std::map<model::TableId, std::vector<Pair>> pairs;  // of partitions too: they have the names of their head's
  std::map<model::TableId, std::vector<TwinIndex>> indexes;

  // Of the head's family: what has rows, and what is partitioned.
  std::vector<model::TableId> stored(model::TableId head) const;
  std::vector<model::TableId> partitioned(model::TableId head) const;
  // What has a step that settles its rows: the first, and at last a partitioned head itself, for partitions of later.
  std::vector<model::TableId> settled(model::TableId head) const;
  // Whether the foreign key is a partition's, one by one, until all of them are valid: before PostgreSQL 18 that of the
  // whole table cannot be added without a scan.
  bool is_joined(const model::ForeignKey& fk) const;
  std::string members(model::TableId t) const;  // the family, as an array of literals

  std::string prepare_id(model::TableId t, const std::string& kind) const;
  std::string function(model::TableId t, const char* what) const;  // rekey.sync_3
  std::string old_key(const Pair& pair) const;  // rekey.old_key_1: the function of its domain
  // The sequence of its new rows' old keys: rekey.ids_1; with a bridge, whose old side may draw from it as well, the
  // domain's own where that outlives the swap.
  std::string ids(const model::Domain& domain) const;
  bool has_own_ids(const model::Domain& domain) const;
  bool bridged() const { return model.plan->bridge.value; }
  std::string new_key(const Pair& pair) const;  // rekey.new_key_1: the other way, where there is a bridge
  std::vector<model::TableId> locked() const;                      // by the swap: those of its foreign keys too
  const Pair& pair_of(model::ColumnId c) const;
  std::vector<std::string> names(model::TableId t, std::string Pair::*which) const;
};

// Statements that make the schemas of a bridge.
std::string bridge_schemas();

// The tables of an online phase and their keys that change, as rekey.expect_online takes them; with the members of
// partitioned ones, as rekey.expect_partitions does.
void add_tables(const OnlinePhase& context, nlohmann::json& out);

// Calls that refuse indexes on the keys of the head's family that the plan does not know.
std::vector<std::string> expect_indexes(const OnlinePhase& context, model::TableId head);

// Of a partitioned table: its name, members and keys, as rekey.lock_out and rekey.expect_tree take them; else nothing.
void add_parts(const OnlinePhase& context, model::TableId t, nlohmann::json& data);

// Makes the indexes of partitions those of their table: on the new keys, or, after the swap, on the old ones.
Step join_step(const OnlinePhase& context, model::TableId head, std::string id, bool after_swap);
bool joins(const OnlinePhase& context, model::TableId head);

}  // namespace rekey::lower
