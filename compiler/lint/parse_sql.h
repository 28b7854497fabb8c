// PostgreSQL's own parser (libpg_query) over a piece of SQL.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <cstddef>
#include <functional>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"

namespace rekey::lint {

struct SyntaxError : std::runtime_error {
  SyntaxError(const std::string& message, std::size_t at) : std::runtime_error(message), offset(at) {}
  std::size_t offset;  // in characters, from 0
};

// Where the statements stand, in bytes: white space and comments before one left out, its semicolon
// included. All of them parse; throws SyntaxError otherwise. Costs a tenth of the trees.
std::vector<bundle::Range> statements_in(const std::string& text);
// The same of a text that is known to parse, as so many statements: costs a tenth again.
std::vector<bundle::Range> statements_in(const std::string& text, std::size_t count);

// The parse trees of the same statements, and the memory they lie in.
class ParsedSql {
 public:
  explicit ParsedSql(const std::string& text);  // throws SyntaxError
  ParsedSql(const ParsedSql&) = delete;
  ParsedSql& operator=(const ParsedSql&) = delete;
  const std::vector<const PgQuery__Node*>& statements() const { return statements_; }

 private:
  std::pmr::monotonic_buffer_resource memory_;
  std::vector<const PgQuery__Node*> statements_;
};

// A node and all below it, parents first; below one for which enter gives false nothing is visited.
void visit_messages(const ProtobufCMessage& message,
                    const std::function<bool(const ProtobufCMessage&)>& enter);

std::string table_name(const PgQuery__RangeVar& range);  // as SQL text

// Every table named anywhere below a node, as SQL text.
std::vector<std::string> tables_in(const ProtobufCMessage& message);

}  // namespace rekey::lint
