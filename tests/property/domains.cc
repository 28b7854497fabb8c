// Key domains and generators of a schema that is otherwise complete.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>

#include "tests/property/schema.h"

namespace rekey::property {

namespace {

void join(Schema& schema, int from, int to) {
  for (Table& t : schema.tables) {
    for (Column& column : t.columns) {
      if (column.domain == from) column.domain = to;
    }
  }
}

bool refers(const Table& t, int column) {
  return std::any_of(t.foreign_keys.begin(), t.foreign_keys.end(), [&](const ForeignKey& fk) {
    return std::find(fk.columns.begin(), fk.columns.end(), column) != fk.columns.end();
  });
}

// Foreign keys are not inherited: what refers to a key in the parent is loose in the heir.
std::vector<int> loose_in_heir(const Schema& schema, const Table& t) {
  std::vector<int> out;
  for (int c = 0; c < t.inherited_columns; ++c) {
    if (refers(schema.tables[t.parent], c) && !refers(t, c)) out.push_back(c);
  }
  return out;
}

}  // namespace

std::vector<int> ends_of(const Table& t) {
  std::vector<int> ends(t.columns.size() - t.inherited_columns);
  std::iota(ends.begin(), ends.end(), t.inherited_columns);
  for (const ForeignKey& fk : t.foreign_keys) {
    for (int from : fk.columns) std::erase(ends, from);
  }
  return ends;
}

void find_domains(Schema& schema) {
  int number = 0;
  for (Table& t : schema.tables) {
    for (Column& column : t.columns) column.domain = number++;
  }
  for (const Table& t : schema.tables) {
    for (int c = 0; c < t.inherited_columns; ++c) {
      join(schema, t.columns[c].domain, schema.tables[t.parent].columns[c].domain);
    }
  }
  std::set<std::pair<int, int>> referred;
  for (const Table& t : schema.tables) {
    for (const ForeignKey& fk : t.foreign_keys) {
      const Table& target = schema.tables[fk.target];
      for (std::size_t i = 0; i < fk.columns.size(); ++i) {
        join(schema, t.columns[fk.columns[i]].domain, target.columns[fk.target_columns[i]].domain);
      }
      if (fk.columns.size() == 1) referred.insert({fk.target, fk.target_columns[0]});
    }
  }
  for (Table& t : schema.tables) {
    for (int c = 0; c < static_cast<int>(t.columns.size()); ++c) {
      t.columns[c].root =
          t.primary_key == std::vector{c} || (t.code == c && referred.contains({t.number, c}));
    }
  }
}

void choose_generators(Schema& schema, const Recipe& recipe) {
  constexpr std::array kGenerators = {"", "ordered", "keyed", "v4", "v7"};
  const auto all = schema.generator;
  if (is_listed(all)) schema.generator = "keyed";  // where it cannot be; the tables that can are told to
  std::map<int, int> ends;                // by domain
  for (const Table& t : schema.tables) {
    for (int c : ends_of(t)) ++ends[t.columns[c].domain];
  }
  for (const Table& t : schema.tables) {
    for (int c : loose_in_heir(schema, t)) {
      if (auto found = ends.find(t.columns[c].domain); found != ends.end()) ++found->second;  // else it is but a cycle
    }
  }
  std::set<int> listed;  // domains with ids in the bounds of partitions: no key is computed from an id
  for (const Table& t : schema.tables) {
    if (t.parts_by_key && t.partitioning.starts_with("LIST")) listed.insert(t.columns[t.primary_key[0]].domain);
  }
  for (Table& t : schema.tables) {
    std::string own = kGenerators[recipe.tables[t.number].generator];
    if (own.empty() && is_listed(all)) own = all;
    if (own == "ordered" && schema.generator != "ordered") own = "v4";
    if (is_listed(own) && std::any_of(t.columns.begin(), t.columns.end(), [&](const Column& c) { return listed.contains(c.domain); })) {
      own = "v4";
    }
    bool has_root = false;
    bool alone = std::all_of(t.columns.begin(), t.columns.end(),  // of domains that begin somewhere
                             [&](const Column& c) { return ends.contains(c.domain); });
    for (int c : ends_of(t)) {
      has_root = has_root || t.columns[c].root;
      alone = alone && ends[t.columns[c].domain] == 1;
    }
    if (has_root && alone) t.generator = own;
  }
}

bool Schema::changes(const Column& column) const {
  if (kept.contains(column.domain)) return false;
  for (const Table& t : tables) {
    for (const Column& c : t.columns) {
      if (c.root && c.domain == column.domain) return true;
    }
  }
  return false;
}

std::string Schema::generator_of(int domain) const {
  for (const Table& t : tables) {
    for (int c : ends_of(t)) {
      if (t.columns[c].domain == domain && !t.generator.empty()) return t.generator;
    }
  }
  return generator;
}

}  // namespace rekey::property
