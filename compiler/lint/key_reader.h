// Walks the parse tree of a definition and tells KeyFlow what meets what. key_query.cc reads
// queries and statements that change rows, key_from.cc what they read from, key_expression.cc
// expressions, key_literal.cc constants and casts, key_call.cc calls of functions.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lint/key_scope.h"

namespace rekey::lint {

using Node = PgQuery__Node;

class KeyReader {
 public:
  KeyReader(const Source& source, const KeyColumns& keys, KeyFlow& flow, KeyUse& use)
      : source_(source), keys_(keys), flow_(flow), use_(use) {}

  // A column of a view or table that the definition creates, known from here on.
  void create(const std::string& table, const std::string& column, const KeyOf& key);

  // A table or view as the definition names it, visible under its own name.
  Relation table(const PgQuery__RangeVar& range);
  Relation rows_of(const std::string& schema, const std::string& name);  // not noted as named
  // A statement of a rule, a function's body or a CTE: its output, empty when there is none.
  Relation statement(const Node& node, const Scope* outer);
  Relation query(const PgQuery__SelectStmt& select, const Scope* outer);
  Value expression(const Node* node, const Scope& scope);  // null: nothing there
  // The kind that both have. Never both rows and scalars.
  Value meet(const Value& a, const Value& b, const Place& place, const char* verb);
  void refuse(const Value& value, const Place& place, const std::string& message);
  // Key columns of a table that an assignment gives a value; a column of no key otherwise.
  void assign(const Relation& target, const std::string& column, const Value& value,
              const Place& place);
  void call_of(const std::string& function);  // notes it
  // Gives columns the names of an alias list; a problem where it cannot be told which.
  void rename(Relation& relation, const std::vector<std::string>& names, const Place& place);

 private:
  using Nodes = Node* const*;

  // key_from.cc
  Relation named(const PgQuery__RangeVar& range, const Scope& scope);
  void from(const Node& item, Scope& scope);
  void add(Relation relation, const PgQuery__Alias* alias, Scope& scope, const Place& place);
  void join(const PgQuery__JoinExpr& join, Scope& scope);
  void join_column(const std::string& column, std::size_t begin, std::size_t middle,
                   const Scope& scope, const Place& place);
  void from_function(const PgQuery__RangeFunction& function, Scope& scope);
  void from_table_function(const PgQuery__RangeTableFunc& function, Scope& scope);

  // key_query.cc
  void with(const PgQuery__WithClause* clause, Scope& scope);
  Relation common_table(const PgQuery__CommonTableExpr& cte, bool recursive, Scope& scope);
  Relation set_operation(const PgQuery__SelectStmt& select, Scope& scope, const std::string& self,
                         const std::vector<std::string>& names);
  void unite(Relation& left, const Relation& right, const Place& place);
  Relation values(const PgQuery__SelectStmt& select, const Scope& scope);
  Relation targets(Nodes list, std::size_t count, const Scope& scope);
  void sort(Nodes list, std::size_t count, const Scope& scope, const Relation* output);
  void window(const PgQuery__WindowDef& window, const Scope& scope);
  Relation insert(const PgQuery__InsertStmt& insert, const Scope* outer);
  Relation update(const PgQuery__UpdateStmt& update, const Scope* outer);
  Relation remove(const PgQuery__DeleteStmt& remove, const Scope* outer);
  void set(const Relation& target, Nodes list, std::size_t count, const Scope& scope);

  // key_expression.cc
  Value column(const PgQuery__ColumnRef& ref, const Node& node, const Scope& scope);
  Value unqualified(const std::string& name, const Node& node, const Scope& scope);
  Value field(const Value& row, const std::string& name);
  Value operation(const Node& node, const Scope& scope);
  Value binary(const std::string& op, const Value& left, const Value& right, const Node& node);
  std::optional<Value> taken_out(const std::string& op, const Value& left, const Node& node);
  Value concatenation(const Value& left, const Value& right, const Node& node);
  void compare(const Value& left, const Value& right, const Place& place);
  void order(const Value& left, const Value& right, const Place& place);
  Value sub_link(const PgQuery__SubLink& link, const Node& node, const Scope& scope);
  // Texts are mixed freely.
  Value mixed(const Value& a, const Value& b, const Place& place);
  Value mixed(Nodes list, std::size_t count, const Scope& scope, const Place& place);
  Value case_of(const Node& node, const Scope& scope);
  Value row(Nodes list, std::size_t count, const Scope& scope);
  Value indirection(const Node& node, const Scope& scope);
  Value unknown(const Node& node, const Scope& scope);

  // key_literal.cc
  Value literal(const Node& node);
  Value array_literal(const Node& node, const std::string& text);
  Value cast(const Node& node, const Scope& scope);

  // key_call.cc
  Value call(const Node& node, const Scope& scope);
  Value known_call(const std::string& name, const PgQuery__FuncCall& call,
                   const std::vector<Value>& args, const Node& node);

  const Source& source_;
  const KeyColumns& keys_;
  KeyColumns created_;
  KeyFlow& flow_;
  KeyUse& use_;
};

// Of a node that is a name.
inline std::string text_of(const Node* node) { return node->string->sval; }
inline bool in(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}
std::vector<std::string> texts_of(Node* const* list, std::size_t count);
const char* string_constant(const Node& node);  // null: it is none, of a text
// The value of 5, -5, '-5'::integer, (5)::bigint.
std::optional<std::int64_t> integer_constant(const Node& node, const Source& source);
// What PostgreSQL calls a column that the query gives no name.
std::string column_name(const Node& node);
bool is_integer_type(const PgQuery__TypeName& type);  // or an array of one
bool is_uuid_type(const PgQuery__TypeName& type);
bool is_text_type(const PgQuery__TypeName& type);     // that holds a uuid: 36 characters
Value element_of(const Value& array);
Value array_of(const Value& element);
// A text that is made from both: that of a key where either is one or comes from one.
Value joined_text(const Value& a, const Value& b);

}  // namespace rekey::lint
