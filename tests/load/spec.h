// What a load does: tables ("pools") and statements about their rows, as a YAML file lists them.
//
// In a statement $key and the names of parents stand for keys, $parent.column for a column of a composite one;
// $marker is the text by which a row is known for as long as it lives, $version one that is new in each write.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace rekey::load {

enum class Kind { insert, update, upsert, erase, read, add, take };

struct Token {
  std::string name, column;  // column: empty for $marker and $version
  bool operator==(const Token&) const = default;
};

struct Statement {
  std::string name, pool;
  Kind kind = Kind::read;
  int weight = 1;
  std::vector<std::string> pieces;  // of SQL; a token stands between each two
  std::vector<Token> tokens;
};

struct Parent {
  std::string name, pool;
  bool optional = false, own = false;  // own: never a row that was there before the load
  enum OnDelete { stays, cascade, set_null } on_delete = stays;
};

struct KeyColumn {
  std::string name, type;
};

struct Pool {
  std::string name, table;
  std::vector<KeyColumn> key;
  std::vector<Parent> parents;
  std::vector<std::string> unique;  // parents of which two rows may not have the same
  std::string rows;                 // SELECT key…, marker, version, markers of parents… without WHERE
  std::string where;                // which rows of the table have a marker; empty: all

  const Parent* parent(const std::string& name) const;
  const KeyColumn& column(const std::string& name) const;
  std::string all() const;  // rows of the pool, each column named: k1, …, marker, version, p1, …
};

// Counters in rows that all sessions write: add makes one or counts it up, take deletes it and gives what it counted.
struct Hot {
  std::string pool;  // whose rows the counters belong to
  int rows = 0;
  std::string make, sum;  // INSERT of a row with $1 as its marker; SELECT of what all counters say
};

struct Spec {
  std::vector<Pool> pools;
  std::vector<Statement> statements;
  Hot hot;

  const Pool& pool(const std::string& name) const;
  const std::string& pool_of(const Statement& statement, const Token& token) const;
};

// Throws std::runtime_error or YAML::Exception with the place.
Spec read_spec(const std::string& file);

}  // namespace rekey::load
