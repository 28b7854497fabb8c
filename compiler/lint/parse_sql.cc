#include "compiler/lint/parse_sql.h"

#include <pg_query.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

// The parser counts white space and comments in front of a statement as part of it.
std::size_t skip_blank(const std::string& text, std::size_t at, std::size_t end) {
  while (at < end) {
    if (std::isspace(static_cast<unsigned char>(text[at]))) {
      ++at;
    } else if (text.compare(at, 2, "--") == 0) {
      at = std::min(text.find('\n', at), end);
    } else {
      break;
    }
  }
  return at;
}

bundle::Range place(const std::string& text, std::size_t begin, std::size_t length) {
  std::size_t end = length > 0 ? begin + length : text.size();
  if (end < text.size() && text[end] == ';') ++end;
  const std::size_t start = skip_blank(text, begin, end);
  return {start, end - start};
}

// Frees the result of the parser before it throws what the parser said.
template <class Result>
void check(const Result& result, void (*free)(Result)) {
  if (!result.error) return;
  const SyntaxError error(result.error->message, std::max(result.error->cursorpos, 1) - 1);
  free(result);
  throw error;
}

}  // namespace

namespace {

// What servers understand that are newer than the parser, in words of the same effect and length: for a text that
// does not parse as it is.
std::string in_older_words(std::string text) {
  struct Newer {
    int since;
    std::string_view words, older;
  };
  for (const Newer& newer : {Newer{170000, "SET EXPRESSION AS (", "TYPE int USING    ("},
                             Newer{180000, "NOT ENFORCED", "NOT VALID   "}}) {
    if (PG_VERSION_NUM >= newer.since) continue;
    for (auto at = text.find(newer.words); at != std::string::npos; at = text.find(newer.words, at)) {
      text.replace(at, newer.words.size(), newer.older);
    }
  }
  return text;
}

std::vector<bundle::Range> places(const std::string& text, PgQuerySplitResult split) {
  check(split, pg_query_free_split_result);
  std::vector<bundle::Range> out;
  for (int i = 0; i < split.n_stmts; ++i) {
    out.push_back(place(text, split.stmts[i]->stmt_location, split.stmts[i]->stmt_len));
  }
  pg_query_free_split_result(split);
  return out;
}

}  // namespace

std::vector<bundle::Range> statements_in(const std::string& text) {
  PgQuerySplitResult split = pg_query_split_with_parser(text.c_str());
  if (const auto older = in_older_words(text); split.error && older != text) {
    pg_query_free_split_result(split);
    split = pg_query_split_with_parser(older.c_str());
  }
  return places(text, split);
}

// The scanner takes a semicolon inside BEGIN ATOMIC for the end of a statement.
std::vector<bundle::Range> statements_in(const std::string& text, std::size_t count) {
  const auto scanned = places(text, pg_query_split_with_scanner(text.c_str()));
  return scanned.size() == count ? scanned : statements_in(text);
}

ParsedSql::ParsedSql(const std::string& text) {
  PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(text.c_str());
  if (const auto older = in_older_words(text); parsed.error && older != text) {
    pg_query_free_protobuf_parse_result(parsed);
    parsed = pg_query_parse_protobuf(older.c_str());
  }
  check(parsed, pg_query_free_protobuf_parse_result);
  ProtobufCAllocator allocator{
      [](void* memory, std::size_t size) { return static_cast<decltype(&memory_)>(memory)->allocate(size); },
      [](void*, void*) {}, &memory_};
  const auto* tree = pg_query__parse_result__unpack(&allocator, parsed.parse_tree.len,
                                                    reinterpret_cast<const uint8_t*>(parsed.parse_tree.data));
  pg_query_free_protobuf_parse_result(parsed);
  for (std::size_t i = 0; i < tree->n_stmts; ++i) statements_.push_back(tree->stmts[i]->stmt);
}

void visit_messages(const ProtobufCMessage& message,
                    const std::function<bool(const ProtobufCMessage&)>& enter) {
  if (!enter(message)) return;
  if (message.descriptor == &pg_query__node__descriptor) {  // has a field for every kind of node, one set
    const auto& node = reinterpret_cast<const PgQuery__Node&>(message);
    if (node.node_case) visit_messages(node.alias->base, enter);
    return;
  }
  const auto* base = reinterpret_cast<const char*>(&message);
  for (unsigned i = 0; i < message.descriptor->n_fields; ++i) {
    const auto& field = message.descriptor->fields[i];
    if (field.type != PROTOBUF_C_TYPE_MESSAGE) continue;
    if (field.label == PROTOBUF_C_LABEL_REPEATED) {
      const auto count = *reinterpret_cast<const std::size_t*>(base + field.quantifier_offset);
      auto* const* items = *reinterpret_cast<ProtobufCMessage* const* const*>(base + field.offset);
      for (std::size_t k = 0; k < count; ++k) visit_messages(*items[k], enter);
      continue;
    }
    const bool one_of = field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (one_of && *reinterpret_cast<const std::uint32_t*>(base + field.quantifier_offset) != field.id) continue;
    if (auto* child = *reinterpret_cast<ProtobufCMessage* const*>(base + field.offset)) {
      visit_messages(*child, enter);
    }
  }
}

std::string table_name(const PgQuery__RangeVar& range) {
  const std::string schema = range.schemaname ? range.schemaname : "";
  return (schema.empty() ? "" : sql::identifier(schema) + ".") + sql::identifier(range.relname);
}

std::vector<std::string> tables_in(const ProtobufCMessage& message) {
  std::vector<std::string> out;
  visit_messages(message, [&](const ProtobufCMessage& inner) {
    if (inner.descriptor != &pg_query__range_var__descriptor) return true;
    out.push_back(table_name(reinterpret_cast<const PgQuery__RangeVar&>(inner)));
    return false;
  });
  return out;
}

}  // namespace rekey::lint
