#include "compiler/lint/source.h"

#include <algorithm>
#include <cctype>

#include "compiler/lint/parse_sql.h"

namespace rekey::lint {
namespace {

// Of a message itself; 0 when it has none: an expression never begins a text.
int location(const ProtobufCMessage& message) {
  const auto* field =
      protobuf_c_message_descriptor_get_field_by_name(message.descriptor, "location");
  if (!field) return 0;
  return *reinterpret_cast<const int32_t*>(reinterpret_cast<const char*>(&message) + field->offset);
}

bool is_query(const ProtobufCMessage& message) {
  if (message.descriptor == &pg_query__select_stmt__descriptor) return true;
  return message.descriptor == &pg_query__node__descriptor &&
         reinterpret_cast<const PgQuery__Node&>(message).node_case ==
             PG_QUERY__NODE__NODE_SELECT_STMT;
}

}  // namespace

std::size_t Source::token_at(std::size_t position) const {
  return std::lower_bound(tokens_.begin(), tokens_.end(), position,
                          [](const Token& token, std::size_t at) { return token.start < at; }) -
         tokens_.begin();
}

bool Source::is(std::size_t token, PgQuery__Token kind) const {
  return token < tokens_.size() && tokens_[token].kind == kind;
}

int Source::depth(std::size_t token) const {
  switch (tokens_[token].kind) {
    case PG_QUERY__TOKEN__ASCII_40:  // (
    case PG_QUERY__TOKEN__ASCII_91:  // [
    case PG_QUERY__TOKEN__CASE: return 1;
    case PG_QUERY__TOKEN__ASCII_41:
    case PG_QUERY__TOKEN__ASCII_93:
    case PG_QUERY__TOKEN__END_P: return -1;
    default: return 0;
  }
}

// The number after a sign, the parts of a qualified name, the parenthesis of a call, the brackets
// of an array type.
std::size_t Source::with_tail(std::size_t token) const {
  while (is(token, PG_QUERY__TOKEN__ASCII_45)) ++token;         // -
  while (is(token + 1, PG_QUERY__TOKEN__ASCII_46)) token += 2;  // .
  if (is(token + 1, PG_QUERY__TOKEN__PRECISION) || is(token + 1, PG_QUERY__TOKEN__VARYING)) ++token;
  const bool touches = token + 1 < tokens_.size() && tokens_[token].end == tokens_[token + 1].start;
  if (touches &&
      (is(token + 1, PG_QUERY__TOKEN__ASCII_40) || is(token + 1, PG_QUERY__TOKEN__ASCII_91)) &&
      (is(token, PG_QUERY__TOKEN__IDENT) || tokens_[token].keyword)) {
    ++token;
  }
  return token;
}

std::optional<Extent> Source::expression(const ProtobufCMessage& message) const {
  int first = 0, last = 0;
  visit_messages(message, [&](const ProtobufCMessage& inner) {
    const int at = location(inner);
    if (at > 0 && (first == 0 || at < first)) first = at;
    last = std::max(last, at);
    return true;
  });
  std::size_t begin = token_at(first), end = token_at(last);
  if (first <= 0 || end >= tokens_.size()) return std::nullopt;
  end = with_tail(end);
  if (begin > 0 && is(begin - 1, PG_QUERY__TOKEN__SELECT) && is_query(message)) --begin;
  int open = 0;
  for (std::size_t i = begin; i <= end && end < tokens_.size(); ++i) {
    open += depth(i);
    while (open < 0 && begin > 0) open += depth(--begin);
  }
  while (open > 0 && end + 1 < tokens_.size()) open += depth(++end);
  return Extent{tokens_[begin].start, tokens_[std::min(end, tokens_.size() - 1)].end};
}

Extent Source::type_name(const PgQuery__TypeName& type) const {
  const std::size_t begin = token_at(type.location);
  std::size_t end = begin;
  while (is(end + 1, PG_QUERY__TOKEN__ASCII_46)) end += 2;
  while (is(end + 1, PG_QUERY__TOKEN__ASCII_91)) {
    while (!is(end, PG_QUERY__TOKEN__ASCII_93) && end + 1 < tokens_.size()) ++end;
    if (!is(end + 1, PG_QUERY__TOKEN__ASCII_91)) break;
    ++end;
  }
  return {tokens_[begin].start, tokens_[end].end};
}

std::string Source::bare(const Extent& extent) const {
  std::string out;
  for (std::size_t i = token_at(extent.begin); i < tokens_.size() && tokens_[i].end <= extent.end;
       ++i) {
    if (is(i, PG_QUERY__TOKEN__ASCII_40) || is(i, PG_QUERY__TOKEN__ASCII_41)) continue;
    out += text_.substr(tokens_[i].start, tokens_[i].end - tokens_[i].start);
  }
  return out;
}

std::string Source::excerpt(const Extent& extent) const {
  std::string out;
  for (std::size_t i = extent.begin; i < extent.end; ++i) {
    const bool blank = std::isspace(static_cast<unsigned char>(text_[i]));
    if (!blank)
      out += text_[i];
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  constexpr std::size_t kLongest = 80;
  if (out.size() <= kLongest) return out;
  std::size_t cut = kLongest;
  while ((static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80) --cut;  // not within a character
  return out.substr(0, cut) + " …";
}

}  // namespace rekey::lint
