// The queries behind dependents(), one file a way of finding. Key columns are given as arrays of the same
// length; names come qualified.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rekey::db::catalog {

// What hangs on key columns through pg_depend, however far. $1: oids of relations, $2: numbers of their
// columns; $3: oids of the relations that are made anew. Each row is an edge: catalog and oid of an object,
// catalog and oid of what it uses, and the number of the column where that is a key column, else 0. Views stand for their rules and row types,
// constraints for their indexes.
const std::string& walk_query();

// Partitioned tables whose columns cannot change where they are: a key column stands in the partition key of
// their tree. They are made anew, and all that stands on them with them. $1, $2: relations and numbers of key
// columns. Each row: oid.
const char* made_anew_query();
// Their definitions, and those of the attachments of their partitions, without any rows; a DefinitionQuery's.
std::string partitioned_tables();

// What makes objects of one catalog again, as pg_dump writes it, with owner, grants and comments. $1: their
// oids. Each row: oid, kind, name and table as a Dependent has them, definition, problem, drop.
struct DefinitionQuery {
  const char* catalog;  // pg_class
  std::string sql;      // $2 and $3, where it has them: relations and numbers of key columns
};
const std::vector<DefinitionQuery>& definition_queries();

// What pg_depend does not say. $1 to $4: relations, numbers, names and types of key columns; $5: views that
// show some. Each row: kind, name, table, relation, number (0: any of the relation), definition, problem,
// drop.
struct FindingQuery {
  bool blocks;
  std::string sql;
};
const std::vector<FindingQuery>& finding_queries();

// Functions whose bodies are text to the server and name key columns. $1 to $3: relations, numbers and
// names of key columns; $4 to $6: names of views, and relations and numbers of the key columns they show.
// Each row: oid, relation, number, name of the column, "names" or "takes", what of the tables runs it.
const char* bodies_query();

// `sql` with each mark replaced by its piece, one after the other.
using Pieces = std::initializer_list<std::pair<std::string_view, std::string>>;
std::string with(std::string sql, Pieces pieces);

// A list of WITH RECURSIVE: which types hold which.
extern const char* const kTypeSteps;

}  // namespace rekey::db::catalog
