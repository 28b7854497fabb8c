#include "compiler/lower/sql.h"

#include <fmt/format.h>

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace rekey::sql {
namespace {

bool plain_letters(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

// Which words are reserved differs between versions; the parser knows.
bool scans_as_name(const std::string& word) {
  PgQueryScanResult scanned = pg_query_scan(word.c_str());
  bool free = false;
  if (!scanned.error) {
    auto* result = pg_query__scan_result__unpack(
        nullptr, scanned.pbuf.len, reinterpret_cast<const uint8_t*>(scanned.pbuf.data));
    const auto kind = result->n_tokens == 1 ? result->tokens[0]->keyword_kind
                                            : PG_QUERY__KEYWORD_KIND__RESERVED_KEYWORD;
    free = kind == PG_QUERY__KEYWORD_KIND__NO_KEYWORD ||
           kind == PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD;
    pg_query__scan_result__free_unpacked(result, nullptr);
  }
  pg_query_free_scan_result(scanned);
  return free;
}

bool needs_no_quotes(std::string_view name) {
  static std::unordered_map<std::string, bool> known;
  static std::mutex guard;
  if (!plain_letters(name)) return false;
  std::lock_guard lock(guard);
  auto [entry, fresh] = known.try_emplace(std::string(name), false);
  if (fresh) entry->second = scans_as_name(entry->first);
  return entry->second;
}

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    out += c;
    if (c == quote) out += c;
  }
  return out + quote;
}

}  // namespace

std::string identifier(std::string_view name) {
  return needs_no_quotes(name) ? std::string(name) : doubled(name, '"');
}

std::string literal(std::string_view text) {
  const bool backslash = text.find('\\') != std::string_view::npos;
  if (!backslash) return doubled(text, '\'');
  // E'' reads the same whatever standard_conforming_strings says.
  std::string escaped;
  for (char c : text) escaped += c == '\\' ? std::string("\\\\") : std::string(1, c);
  return "E" + doubled(escaped, '\'');
}

std::string dollar_quoted(std::string_view text) {
  const std::string mark = "$query$", closed = std::string(text) + mark;
  if (closed.find(mark) != text.size()) return literal(text);
  return mark + closed;
}

std::string ended(std::string statement) {
  while (!statement.empty() && std::isspace(static_cast<unsigned char>(statement.back()))) statement.pop_back();
  if (!statement.ends_with(';')) statement += ';';
  return statement;
}

std::string upper(std::string keywords) {
  for (char& c : keywords) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return keywords;
}

std::string table(const plan::TableName& name) {
  return identifier(name.schema) + "." + identifier(name.name);
}

std::string columns(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + identifier(name);
  return out;
}

std::string text_array(const std::vector<std::string>& texts) {
  if (texts.empty()) return "'{}'";
  std::vector<std::string> literals;
  for (const auto& text : texts) literals.push_back(literal(text));
  return fmt::format("ARRAY[{}]", fmt::join(literals, ", "));
}

}  // namespace rekey::sql
