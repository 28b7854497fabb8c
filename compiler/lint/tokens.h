// The tokens of a piece of SQL as PostgreSQL's own scanner gives them, comments included.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <cstddef>
#include <string>
#include <vector>

namespace rekey::lint {

struct Token {
  std::size_t start, end;  // bytes
  PgQuery__Token kind;
  bool keyword;  // of any kind, unreserved ones included
};

// Empty for a text that does not scan.
std::vector<Token> tokens_of(const std::string& text);

}  // namespace rekey::lint
