// What ought to be in the database: each row by its marker, with the markers of its parents, because keys change
// their form. Of a key both forms are kept once they were seen: one that comes back has to be the one it was.
#pragma once

#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/db/connection.h"
#include "tests/load/spec.h"

namespace rekey::load {

enum Form { number, uuid };
Form form_of(const std::string& key);

struct Key {
  std::array<std::string, 2> forms;  // a column each; empty: not seen
};

struct Row {
  std::string marker, version;
  std::vector<std::string> parents;  // their markers; empty: NULL
  std::vector<Key> key;

  void see(const std::vector<std::string>& columns);
};

// Rows of a pool, any of them drawn or found in the same time.
class Rows {
 public:
  const std::vector<Row>& all() const { return rows_; }
  const Row* find(const std::string& marker) const;
  void put(const Row& row);
  void erase(const std::string& marker);

 private:
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> places_;
};

class Knowledge {
 public:
  const Rows& of(const std::string& pool) const;
  void put(const std::string& pool, const Row& row);
  // Whether no foreign key keeps it.
  bool lets_go(const Spec& spec, const std::string& pool, const std::string& marker) const;
  // With the rows that go with it; parents of others become NULL.
  void erase(const Spec& spec, const std::string& pool, const std::string& marker);
  void add(const Knowledge& other);
  // Forms of keys that were not known.
  void learn_keys(const Knowledge& found);

  // Since the last keep(), all is kept back.
  void keep() { changes_.clear(); }
  void undo();

 private:
  struct Change {
    std::string pool, marker;
    std::optional<Row> before;
  };
  struct Child {
    std::string pool, marker;
    std::size_t parent;
    Parent::OnDelete on_delete;
  };
  std::vector<Child> children(const Spec& spec, const std::string& pool, const std::string& marker) const;
  void remember(const std::string& pool, const std::string& marker);

  std::unordered_map<std::string, Rows> pools_;
  std::vector<Change> changes_;
};

// Markers end with "@load": "app.3.17@load" is row 17 of session 3 of the load named app.
bool made_by(const std::string& marker, const std::string& prefix);

// A row as the rows of a pool give it.
Row row_from(const Pool& pool, const db::Row& columns);
// Those that `wanted` takes; doubles are named in `differences`.
Knowledge read_rows(const Spec& spec, db::Connection& connection, const std::function<bool(const Row&)>& wanted,
                    std::vector<std::string>& differences);
// What was wanted and is not there, or not like that; and what is there of `prefix` and not wanted.
std::vector<std::string> differences(const Spec& spec, const Knowledge& wanted, const Knowledge& found,
                                     const std::string& prefix);
std::string difference(const Pool& pool, const Row& wanted, const Row& found);

nlohmann::json to_json(const Spec& spec, const Knowledge& knowledge);
Knowledge from_json(const nlohmann::json& json);

}  // namespace rekey::load
