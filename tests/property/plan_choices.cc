// What the plan says of a schema beside its generators: a domain that stays, phases.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "tests/property/schema.h"

namespace rekey::property {

namespace {

// Sets of tables, as a forest.
class Groups {
 public:
  explicit Groups(std::size_t count) : above_(count) {
    std::iota(above_.begin(), above_.end(), 0);
  }
  int of(int t) const { return above_[t] == t ? t : of(above_[t]); }
  void join(int a, int b) { above_[of(a)] = of(b); }

 private:
  std::vector<int> above_;
};

using Place = std::pair<int, int>;  // table, column

// Whether foreign keys lead from a column back to it.
bool in_a_cycle(const Schema& schema, const Place& start) {
  std::set<Place> seen;
  std::vector<Place> open{start};
  while (!open.empty()) {
    const auto [t, c] = open.back();
    open.pop_back();
    for (const ForeignKey& fk : schema.tables[t].foreign_keys) {
      for (std::size_t i = 0; i < fk.columns.size(); ++i) {
        const Place next{fk.target, fk.target_columns[i]};
        if (fk.columns[i] != c) continue;
        if (next == start) return true;
        if (seen.insert(next).second) open.push_back(next);
      }
    }
  }
  return false;
}

// Tables where a domain begins, those of its cycles among them; all of its tables where it is nothing but a cycle.
std::map<int, std::vector<int>> homes_of(const Schema& schema) {
  std::map<int, std::vector<int>> begins, all;
  for (const Table& t : schema.tables) {
    for (std::size_t i = 0; i < t.columns.size(); ++i) {
      const Column& c = t.columns[i];
      if (!schema.changes(c)) continue;
      all[c.domain].push_back(t.number);
      if (c.root && in_a_cycle(schema, {t.number, static_cast<int>(i)})) begins[c.domain].push_back(t.number);
    }
    for (int c : ends_of(t)) {
      if (schema.changes(t.columns[c])) begins[t.columns[c].domain].push_back(t.number);
    }
  }
  all.merge(begins);  // what is in both stays in begins
  for (auto& [domain, tables] : begins) all[domain] = tables;
  return all;
}

bool changes(const Schema& schema, const Table& t) {
  return std::any_of(t.columns.begin(), t.columns.end(), [&](const Column& c) { return schema.changes(c); });
}

// An heir changes in the phase of the first table above it that changes.
bool follows_another(const Schema& schema, const Table& t) {
  return t.parent >= 0 && (changes(schema, schema.tables[t.parent]) || follows_another(schema, schema.tables[t.parent]));
}

}  // namespace

void keep_domain(Schema& schema, const Recipe& recipe) {
  if (!recipe.keep) return;
  const Table& t = schema.tables[(recipe.keep - 1) % schema.tables.size()];
  std::set<int> domains;
  for (int c : ends_of(t)) domains.insert(t.columns[c].domain);
  bool others = false;
  for (const Table& other : schema.tables) {
    for (const Column& c : other.columns) {
      others = others || (schema.changes(c) && !domains.contains(c.domain));
    }
  }
  if (!others || domains.empty()) return;
  schema.kept = domains;
  schema.tables[t.number].keep = true;
  for (Table& other : schema.tables) {  // a generator of one that keeps its keys is refused
    if (std::none_of(other.columns.begin(), other.columns.end(), [&](const Column& c) { return c.root && schema.changes(c); }))
      other.generator.clear();
  }
}

void choose_phases(Schema& schema, const Recipe& recipe) {
  if (!recipe.phases) return;
  Groups groups(schema.tables.size());
  const auto homes = homes_of(schema);
  for (const auto& [domain, tables] : homes) {
    for (int t : tables) groups.join(t, tables.front());
  }
  std::set<int> beginnings;
  for (const auto& [domain, tables] : homes) beginnings.insert(tables.begin(), tables.end());
  for (const Table& t : schema.tables) {
    int first = -1;
    for (int c : t.primary_key) {
      const auto home = homes.find(t.columns[c].domain);
      if (home == homes.end()) continue;
      if (first >= 0) groups.join(home->second.front(), first);
      first = home->second.front();
    }
  }
  std::map<unsigned, std::vector<int>> phases;
  for (int t : beginnings) phases[recipe.tables[groups.of(t)].phase % recipe.phases].push_back(t);
  for (const Table& t : schema.tables) {
    if (!changes(schema, t) || beginnings.contains(t.number) || follows_another(schema, t)) continue;
    auto phase = phases.find(recipe.tables[t.number].phase % recipe.phases);
    (phase == phases.end() ? phases.begin() : phase)->second.push_back(t.number);
  }
  for (auto& [number, tables] : phases) schema.phases.push_back(tables);
}

}  // namespace rekey::property
