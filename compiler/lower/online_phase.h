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
};

struct OnlinePhase : OfflinePhase {
  // `swap`: the phase that swaps; `prepare` that before it.
  OnlinePhase(const model::Model& model, const model::Phase& swap);

  const model::Phase& prepare;
  std::map<model::TableId, std::vector<Pair>> pairs;
  std::map<model::TableId, std::vector<TwinIndex>> indexes;

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

// The tables of an online phase and their keys that change, as rekey.expect_online takes them.
void add_tables(const model::Model& model, const model::Phase& phase, nlohmann::json& out);

}  // namespace rekey::lower
