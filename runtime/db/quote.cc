#include <algorithm>
#include <array>

#include "runtime/db/connection.h"

namespace rekey::db {

namespace {

// All key words that are not "non-reserved" in one of PostgreSQL 13 to 18, sorted.
constexpr std::array kKeywords = std::to_array<std::string_view>({"all",
                                                                  "analyse",
                                                                  "analyze",
                                                                  "and",
                                                                  "any",
                                                                  "array",
                                                                  "as",
                                                                  "asc",
                                                                  "asymmetric",
                                                                  "authorization",
                                                                  "between",
                                                                  "bigint",
                                                                  "binary",
                                                                  "bit",
                                                                  "boolean",
                                                                  "both",
                                                                  "case",
                                                                  "cast",
                                                                  "char",
                                                                  "character",
                                                                  "check",
                                                                  "coalesce",
                                                                  "collate",
                                                                  "collation",
                                                                  "column",
                                                                  "concurrently",
                                                                  "constraint",
                                                                  "create",
                                                                  "cross",
                                                                  "current_catalog",
                                                                  "current_date",
                                                                  "current_role",
                                                                  "current_schema",
                                                                  "current_time",
                                                                  "current_timestamp",
                                                                  "current_user",
                                                                  "dec",
                                                                  "decimal",
                                                                  "default",
                                                                  "deferrable",
                                                                  "desc",
                                                                  "distinct",
                                                                  "do",
                                                                  "else",
                                                                  "end",
                                                                  "except",
                                                                  "exists",
                                                                  "extract",
                                                                  "false",
                                                                  "fetch",
                                                                  "float",
                                                                  "for",
                                                                  "foreign",
                                                                  "freeze",
                                                                  "from",
                                                                  "full",
                                                                  "grant",
                                                                  "greatest",
                                                                  "group",
                                                                  "grouping",
                                                                  "having",
                                                                  "ilike",
                                                                  "in",
                                                                  "initially",
                                                                  "inner",
                                                                  "inout",
                                                                  "int",
                                                                  "integer",
                                                                  "intersect",
                                                                  "interval",
                                                                  "into",
                                                                  "is",
                                                                  "isnull",
                                                                  "join",
                                                                  "json",
                                                                  "json_array",
                                                                  "json_arrayagg",
                                                                  "json_exists",
                                                                  "json_object",
                                                                  "json_objectagg",
                                                                  "json_query",
                                                                  "json_scalar",
                                                                  "json_serialize",
                                                                  "json_table",
                                                                  "json_value",
                                                                  "lateral",
                                                                  "leading",
                                                                  "least",
                                                                  "left",
                                                                  "like",
                                                                  "limit",
                                                                  "localtime",
                                                                  "localtimestamp",
                                                                  "merge_action",
                                                                  "national",
                                                                  "natural",
                                                                  "nchar",
                                                                  "none",
                                                                  "normalize",
                                                                  "not",
                                                                  "notnull",
                                                                  "null",
                                                                  "nullif",
                                                                  "numeric",
                                                                  "offset",
                                                                  "on",
                                                                  "only",
                                                                  "or",
                                                                  "order",
                                                                  "out",
                                                                  "outer",
                                                                  "overlaps",
                                                                  "overlay",
                                                                  "placing",
                                                                  "position",
                                                                  "precision",
                                                                  "primary",
                                                                  "real",
                                                                  "references",
                                                                  "returning",
                                                                  "right",
                                                                  "row",
                                                                  "select",
                                                                  "session_user",
                                                                  "setof",
                                                                  "similar",
                                                                  "smallint",
                                                                  "some",
                                                                  "substring",
                                                                  "symmetric",
                                                                  "system_user",
                                                                  "table",
                                                                  "tablesample",
                                                                  "then",
                                                                  "time",
                                                                  "timestamp",
                                                                  "to",
                                                                  "trailing",
                                                                  "treat",
                                                                  "trim",
                                                                  "true",
                                                                  "union",
                                                                  "unique",
                                                                  "user",
                                                                  "using",
                                                                  "values",
                                                                  "varchar",
                                                                  "variadic",
                                                                  "verbose",
                                                                  "when",
                                                                  "where",
                                                                  "window",
                                                                  "with",
                                                                  "xmlattributes",
                                                                  "xmlconcat",
                                                                  "xmlelement",
                                                                  "xmlexists",
                                                                  "xmlforest",
                                                                  "xmlnamespaces",
                                                                  "xmlparse",
                                                                  "xmlpi",
                                                                  "xmlroot",
                                                                  "xmlserialize",
                                                                  "xmltable"});

bool plain(std::string_view name) {
  const auto letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  }) && !std::binary_search(kKeywords.begin(), kKeywords.end(), name);
}

std::string enclosed(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

}  // namespace

std::string quote_literal(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return enclosed(text, '\'');
  std::string doubled;
  for (char c : text) {
    if (c == '\\') doubled += c;
    doubled += c;
  }
  return " E" + enclosed(doubled, '\'');
}

std::string quote_identifier(std::string_view name) {
  return plain(name) ? std::string(name) : enclosed(name, '"');
}

}  // namespace rekey::db
