// Reads and writes qualified names, quoted as in SQL but without folding of case.

#include "compiler/plan/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace rekey::plan {
namespace {

constexpr std::string_view kSpecial = " \t\r\n\f\v.\"(),";

void skip_space(std::string_view& rest) {
  while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t')) rest.remove_prefix(1);
}

bool take(std::string_view& rest, char c) {
  if (rest.empty() || rest[0] != c) return false;
  rest.remove_prefix(1);
  return true;
}

std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string name;
  rest.remove_prefix(1);
  while (!rest.empty()) {
    char c = rest[0];
    rest.remove_prefix(1);
    if (c == '"' && !take(rest, '"')) return name.empty() ? std::nullopt : std::optional(name);
    name += c;
  }
  return std::nullopt;
}

std::optional<std::string> take_part(std::string_view& rest) {
  if (rest.starts_with('"')) return take_quoted(rest);
  std::size_t length = std::min(rest.find_first_of(kSpecial), rest.size());
  if (length == 0) return std::nullopt;
  std::string name(rest.substr(0, length));
  rest.remove_prefix(length);
  return name;
}

std::optional<TableName> take_table(std::string_view& rest) {
  auto schema = take_part(rest);
  if (!schema || !take(rest, '.')) return std::nullopt;
  auto name = take_part(rest);
  if (!name) return std::nullopt;
  return TableName{*schema, *name};
}

bool take_columns(std::string_view& rest, std::vector<std::string>& columns) {
  do {
    skip_space(rest);
    auto column = take_part(rest);
    if (!column) return false;
    columns.push_back(*column);
    skip_space(rest);
  } while (take(rest, ','));
  return take(rest, ')');
}

}  // namespace

std::string name_part(std::string_view name) {
  if (!name.empty() && name.find_first_of(kSpecial) == std::string_view::npos)
    return std::string(name);
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string to_text(const TableName& name) {
  return name_part(name.schema) + "." + name_part(name.name);
}

std::vector<std::string> to_strings(const Texts& texts) {
  std::vector<std::string> out;
  for (const auto& text : texts) out.push_back(text.value);
  return out;
}

std::string constraint_name(const TableName& table, const std::vector<std::string>& columns, std::string_view suffix) {
  return fmt::format("{}_{}_{}", table.name, fmt::join(columns, "_"), suffix);
}

std::string to_text(const Reference& reference) {
  std::string text = to_text(reference.table);
  for (std::size_t i = 0; i < reference.columns.size(); i++)
    text += (i == 0 ? " (" : ", ") + name_part(reference.columns[i]);
  return reference.columns.empty() ? text : text + ")";
}

std::optional<TableName> parse_table_name(std::string_view text) {
  auto name = take_table(text);
  return text.empty() ? name : std::nullopt;
}

std::optional<Reference> parse_reference(std::string_view text) {
  auto table = take_table(text);
  if (!table) return std::nullopt;
  Reference reference{*table, {}};
  skip_space(text);
  if (take(text, '(') && !take_columns(text, reference.columns)) return std::nullopt;
  skip_space(text);
  return text.empty() ? std::optional(reference) : std::nullopt;
}

}  // namespace rekey::plan
