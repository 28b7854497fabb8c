// PostgreSQL's own parser (libpg_query) over a piece of SQL.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace rekey::lint {

struct SyntaxError : std::runtime_error {
  SyntaxError(const std::string& message, std::size_t at) : std::runtime_error(message), offset(at) {}
  std::size_t offset;  // in characters, from 0
};

struct Statement {
  std::size_t offset, length;  // bytes, white space and comments before it left out, semicolon included
  const PgQuery__Node* node;   // owned by the ParsedSql
};

// Holds the parse tree that its statements point into.
class ParsedSql {
 public:
  explicit ParsedSql(const std::string& text);  // throws SyntaxError
  const std::vector<Statement>& statements() const { return statements_; }

 private:
  struct Free {
    void operator()(PgQuery__ParseResult* tree) const { pg_query__parse_result__free_unpacked(tree, nullptr); }
  };
  std::unique_ptr<PgQuery__ParseResult, Free> tree_;
  std::vector<Statement> statements_;
};

// Every table named anywhere below a node, as SQL text.
std::vector<std::string> tables_in(const ProtobufCMessage& message);

}  // namespace rekey::lint
