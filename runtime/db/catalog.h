// What the catalog of a server (PostgreSQL 13 to 18) says about keys and about all that hangs on
// them.
//
// Tables are named as SQL writes them, qualified and quoted where needed: public."Users". Columns,
// constraints and schemas are named as the catalog has them. Every list is in the order of its
// names unless it says otherwise. System schemas, temporary tables and schema rekey are never in
// it. All functions throw db::Error and expect a Reading on the connection.
#pragma once

#include <string>
#include <vector>

#include "runtime/db/connection.h"

namespace rekey::db::catalog {

// A read-only transaction in which all reads see one state and names come qualified.
class Reading {
 public:
  explicit Reading(Connection& connection);
  ~Reading();
  Reading(const Reading&) = delete;

 private:
  Connection& connection_;
};

struct Table {
  std::string table, schema, name, owner;
  std::string kind;  // table, partitioned table, partition, foreign table
  bool unlogged = false;
  std::string extension;             // that owns it, mostly none
  std::vector<std::string> parents;  // it is a partition of one or inherits from many
  double rows = 0;                   // the planner's estimate; below 0 where nothing is known
  std::string partitioning;          // "RANGE (created_at)", of a partitioned table
  std::vector<std::string> partition_columns;  // named in it
};
std::vector<Table> tables(Connection& connection);

struct KeyColumn {
  std::string table, column;
  auto operator<=>(const KeyColumn&) const = default;
};

enum class Identity { none, always, by_default };

// A column of a primary key, a unique key or a foreign key, one that such a column refers to, or
// one that is the same column in a partition, a child or a parent.
struct Column {
  std::string table, name;
  int number = 0;       // its place in the table
  std::string type;     // as declared
  std::string key_type;  // smallint, integer, bigint, an array of one, integer[], or uuid: also under a domain; else empty
  Identity identity = Identity::none;
  std::string sequence_schema, sequence;  // the identity's, or the one whose nextval is the default
  std::string sequence_options;           // of an identity, where not the defaults
  std::string default_value;              // any other default; of a generated column nothing
  bool is_array() const { return key_type.ends_with("[]"); }
  bool is_uuid() const { return key_type == "uuid"; }
};
// Also those in `more`; by table and number.
std::vector<Column> key_columns(Connection& connection, const std::vector<KeyColumn>& more = {});

// Columns that hold arrays of integers, which may be ids; those of partitions and children are their parents'.
std::vector<KeyColumn> integer_arrays(Connection& connection);

// A primary key, a unique constraint, or a unique index on columns alone; none that is invalid.
struct UniqueKey {
  std::string table, name;
  bool primary = false;
  std::vector<std::string> columns;
};
std::vector<UniqueKey> unique_keys(Connection& connection);

// Without those that a partition has from its parent.
struct ForeignKey {
  std::string table, name;
  std::vector<std::string> columns;
  std::string target;
  std::vector<std::string> target_columns;
  std::string match;                 // full, partial; empty: simple
  std::string on_delete, on_update;  // lower case; empty: no action
  std::vector<std::string> on_delete_columns;
  std::string deferrable;  // initially immediate, initially deferred; empty: not deferrable
  bool valid = true, enforced = true;
  std::string comment;
  std::string definition;  // as pg_get_constraintdef writes it
};
std::vector<ForeignKey> foreign_keys(Connection& connection);

// An index that is neither unique nor a constraint's and that mentions one of the columns.
struct Index {
  std::string table, name;
  std::string definition;  // what follows USING: btree (user_id, created_at)
};
std::vector<Index> indexes(Connection& connection, const std::vector<KeyColumn>& columns);

enum class Weight {
  blocks,  // the type of the column cannot be changed while it is there, or it would be lost or
           // wrong
  warns,   // may be wrong after the change; only a person can tell
  notes,   // works as before, but whoever is behind it sees new values
};

// Anything but keys, foreign keys and plain indexes that uses key columns, itself or through another
// dependent. Its statements end with a semicolon and a line feed each.
struct Dependent {
  std::string kind;   // view, trigger, policy, check, …; object for what has no definition or rarely one
  std::string name;   // as SQL writes it: public.active_users, audit, public.f(integer); of an object
                      // in words: subscription s
  std::string table;  // that it stands on; need not have a key
  std::vector<KeyColumn> uses;
  std::string definition;  // statements that make it again; empty where that cannot be
  std::string drop;        // a statement, where kind and name do not say it
  std::string problem;     // why it cannot be carried over as it is; mostly none
  Weight weight = Weight::blocks;
};
// What one is built on stands before it; else by kind and name.
std::vector<Dependent> dependents(Connection& connection, const std::vector<KeyColumn>& columns);

// How a list goes into a text[] parameter, and comes out of a text[] result.
std::string to_array(const std::vector<std::string>& values);
std::vector<std::string> from_array(const std::string& array);

}  // namespace rekey::db::catalog
