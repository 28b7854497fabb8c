// The text that a parse tree was made from: where its nodes begin and end.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <optional>
#include <string>
#include <vector>

#include "compiler/lint/tokens.h"

namespace rekey::lint {

struct Extent {
  std::size_t begin, end;  // bytes
};

class Source {
 public:
  explicit Source(const std::string& text) : text_(text), tokens_(tokens_of(text)) {}

  const std::string& text() const { return text_; }
  // From the first token of an expression to the last, parentheses in balance; nothing for one
  // without a place of its own. Those that merely surround it are left out.
  std::optional<Extent> expression(const ProtobufCMessage& message) const;
  Extent type_name(const PgQuery__TypeName& type) const;  // brackets included, modifiers left out
  std::string excerpt(const Extent& extent) const;        // on one line, cut when long
  // The text of an extent without white space and parentheses.
  std::string bare(const Extent& extent) const;

 private:
  std::size_t token_at(std::size_t position) const;  // that begins there or after
  bool is(std::size_t token, PgQuery__Token kind) const;
  int depth(std::size_t token) const;
  std::size_t with_tail(std::size_t token) const;

  std::string text_;
  std::vector<Token> tokens_;
};

}  // namespace rekey::lint
