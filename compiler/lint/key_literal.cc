#include <algorithm>
#include <charconv>

#include "compiler/lint/key_reader.h"

namespace rekey::lint {
namespace {

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

const char* string_constant(const Node& node) {
  if (node.node_case != PG_QUERY__NODE__NODE_A_CONST ||
      node.a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL) {
    return nullptr;
  }
  return node.a_const->sval->sval;
}

bool is_integer_type(const PgQuery__TypeName& type) {
  const bool built_in = type.n_names == 1 || text_of(type.names[0]) == "pg_catalog";
  return built_in && in(text_of(type.names[type.n_names - 1]), {"int2", "int4", "int8"});
}

bool is_uuid_type(const PgQuery__TypeName& type) {
  const bool built_in = type.n_names == 1 || text_of(type.names[0]) == "pg_catalog";
  return built_in && std::string_view(text_of(type.names[type.n_names - 1])) == "uuid";
}

// A text that holds a uuid: 36 characters.
bool is_text_type(const PgQuery__TypeName& type) {
  const std::string name = text_of(type.names[type.n_names - 1]);
  if (type.n_names > 1 && text_of(type.names[0]) != "pg_catalog") return false;
  if (in(name, {"text", "name"})) return true;
  if (!in(name, {"varchar", "bpchar"})) return false;
  if (type.n_typmods == 0) return true;
  const auto& length = *type.typmods[0];
  return length.node_case == PG_QUERY__NODE__NODE_A_CONST &&
         length.a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL &&
         length.a_const->ival->ival >= 36;
}

// Read from the text, as the tree of libpg_query 15 has no negative numbers.
std::optional<std::int64_t> integer_constant(const Node& node, const Source& source) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_A_CONST: {
      if (const char* text = string_constant(node)) return integer(text);
      const auto extent = source.expression(node.base);
      return extent && !node.a_const->isnull ? integer(source.bare(*extent)) : std::nullopt;
    }
    case PG_QUERY__NODE__NODE_TYPE_CAST:
      if (!is_integer_type(*node.type_cast->type_name) ||
          node.type_cast->type_name->n_array_bounds > 0) {
        return std::nullopt;
      }
      return integer_constant(*node.type_cast->arg, source);
    case PG_QUERY__NODE__NODE_A_EXPR: {
      const auto& a = *node.a_expr;
      if (a.kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || a.lexpr || a.n_name != 1)
        return std::nullopt;
      if (text_of(a.name[0]) != "-") return std::nullopt;
      const auto value = integer_constant(*a.rexpr, source);
      return value ? std::optional(-*value) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

Value KeyReader::literal(const Node& node) {
  Value out{KeyFlow::kPlain, Value::scalar, true};
  const bool null = node.node_case == PG_QUERY__NODE__NODE_A_CONST && node.a_const->isnull;
  const auto value = integer_constant(node, source_);
  if (null || value) out.kind = flow_.open();
  if (value) {
    if (const auto extent = source_.expression(node.base)) flow_.literal(out.kind, *extent, *value);
  }
  return out;
}

// '{1,2}'::integer[] becomes ARRAY[key of 1, key of 2]::uuid[].
Value KeyReader::array_literal(const Node& node, const std::string& text) {
  Value out{flow_.open(), Value::array, true};
  const auto extent = source_.expression(node.base);
  const auto at = extent ? source_.text().find(text, extent->begin) : std::string::npos;
  const auto close = text.find('}');
  if (!text.starts_with('{') || close + 1 != text.size() ||
      text.find('{', 1) != std::string::npos || at == std::string::npos || at >= extent->end) {
    flow_.refuse(out.kind, {&node.base}, "this array cannot be followed");
    return out;
  }
  flow_.edit(out.kind, {extent->begin, at + 1}, "ARRAY[");
  flow_.edit(out.kind, {at + close, extent->end}, "]::uuid[]");
  for (std::size_t begin = 1; begin < close;) {
    const std::size_t end = std::min(text.find(',', begin), close);
    const std::string item = text.substr(begin, end - begin);
    if (const auto value = integer(item))
      flow_.literal(out.kind, {at + begin, at + end}, *value);
    else if (item != "NULL")
      flow_.refuse(out.kind, {&node.base}, "this array cannot be followed");
    begin = end + 1;
  }
  return out;
}

Value KeyReader::cast(const Node& node, const Scope& scope) {
  const auto& type = *node.type_cast->type_name;
  const bool array = type.n_array_bounds > 0;
  const Value::Shape shape = array ? Value::array : Value::scalar;
  if (integer_constant(node, source_)) return literal(node);
  if (is_integer_type(type) && array) {
    if (const char* text = string_constant(*node.type_cast->arg)) return array_literal(node, text);
  }
  const Value v = expression(node.type_cast->arg, scope);
  if (is_integer_type(type) && v.shape != Value::text && !v.row) {
    flow_.edit(v.kind, source_.type_name(type), array ? "uuid[]" : "uuid");
    return {v.kind, shape, v.constant};
  }
  const bool bytes = v.shape == Value::text && text_of(type.names[type.n_names - 1]) == "bytea";
  const KeyOf* of = flow_.resolve(v.kind);
  if (is_uuid_type(type) && (v.shape != Value::text || (of && of->is_document())) && !v.constant && !v.row) return {v.kind, shape};  // it was one before
  if (is_text_type(type) || bytes) {
    if (array || v.constant || v.row)
      return {KeyFlow::kPlain, array ? Value::array : Value::text, v.constant};
    return {v.kind, Value::text};
  }
  if (type.n_names == 2 && !array) {
    const auto rows =
        std::make_shared<Relation>(rows_of(text_of(type.names[0]), text_of(type.names[1])));
    if (!rows->columns.empty()) return {KeyFlow::kPlain, shape, false, rows};
  }
  refuse(v, {&node.base},
         v.shape == Value::text ? "the text of a uuid cannot be cast to that"
                                : "a uuid cannot be cast to that");
  return {KeyFlow::kPlain, shape, v.constant};
}

}  // namespace rekey::lint
