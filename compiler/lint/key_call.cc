// What functions of PostgreSQL do with a key among their arguments.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "compiler/lint/key_reader.h"
#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

enum class Use {
  any,          // takes every type; gives no key
  measured,     // the same of its first argument; other arguments are numbers
  text,         // takes every type; gives a text or JSON
  first,        // gives its first argument; other arguments are numbers
  shifted,      // lag, lead: value, offset, default
  least,        // min, max
  collect,      // gives an array of its argument
  element,      // of an array, in the middle: unnest
  array_first,  // array, element or array …; gives the array
  array_last,   // element, array; gives the array
  search,       // array, element, number; gives a number
  fill,         // element, numbers; gives an array
  of_text       // takes texts, no key; gives a text
};

using Words = std::map<std::string, Use, std::less<>>;

void put(Words& all, Use use, const char* names) {
  std::istringstream list(names);
  for (std::string name; list >> name;) all[name] = use;
}

const Words& uses() {
  static const Words all = [] {
    Words out;
    put(out, Use::any,
        "count num_nulls num_nonnulls pg_typeof pg_column_size array_ndims cardinality jsonb_typeof jsonb_array_length "
        "jsonb_object_keys");
    put(out, Use::measured, "array_length array_upper array_lower generate_subscripts");
    put(out, Use::text,
        "to_json to_jsonb row_to_json json_build_object jsonb_build_object json_build_array "
        "jsonb_build_array json_agg jsonb_agg json_agg_strict jsonb_agg_strict json_object_agg "
        "jsonb_object_agg json_object_agg_strict jsonb_object_agg_strict json_object_agg_unique "
        "jsonb_object_agg_unique json_object_agg_unique_strict jsonb_object_agg_unique_strict "
        "array_to_json concat concat_ws format quote_literal quote_nullable array_to_string "
        "array_dims");
    put(out, Use::first,
        "first_value last_value nth_value any_value trim_array array_sample array_shuffle "
        "array_reverse");
    put(out, Use::shifted, "lag lead");
    put(out, Use::least, "min max");
    put(out, Use::collect, "array_agg");
    put(out, Use::element, "unnest");
    put(out, Use::array_first, "array_append array_cat array_remove array_replace");
    put(out, Use::array_last, "array_prepend");
    put(out, Use::search, "array_position array_positions");
    put(out, Use::fill, "array_fill");
    put(out, Use::of_text,
        "string_agg lower upper initcap left right lpad rpad substring substr btrim ltrim rtrim "
        "replace translate repeat md5 to_char split_part overlay regexp_replace encode "
        "current_setting quote_ident");
    return out;
  }();
  return all;
}

}  // namespace

void KeyReader::call_of(const std::string& function) {
  auto& all = use_.functions;
  if (std::find(all.begin(), all.end(), function) == all.end()) all.push_back(function);
}

Value KeyReader::known_call(const std::string& name, const PgQuery__FuncCall& call,
                            const std::vector<Value>& args, const Node& node) {
  const Place place{&node.base};
  const auto refuse_from = [&](std::size_t begin) {
    for (std::size_t i = begin; i < args.size(); ++i) {
      refuse(args[i], place, fmt::format("function {} takes a number there, not a key", name));
    }
  };
  Value out;
  if (args.empty()) return out;
  switch (uses().find(name)->second) {
    case Use::of_text:
    case Use::any: return {};
    case Use::measured: refuse_from(1); return {};
    case Use::text:
      out.shape = Value::text;
      for (const Value& arg : args) out = joined_text(out, arg);
      return out;
    case Use::first:
      out = args[0];
      refuse_from(1);
      break;
    case Use::shifted:
      out = args.size() > 2 ? meet(args[0], args[2], place, "mixes") : args[0];
      if (args.size() > 1)
        refuse(args[1], place, fmt::format("function {} takes a number there, not a key", name));
      break;
    case Use::least:
      out = args[0];
      if (out.shape == Value::scalar) {
        refuse(out, place, fmt::format("there is no {} of uuid", name));
      } else {
        flow_.refuse_unordered(out.kind, place, "the new keys are not in the order of the ids");
      }
      break;
    case Use::collect: out = array_of(args[0]); break;
    case Use::element: out = element_of(args[0]); break;
    case Use::array_first:
    case Use::array_last:
      out = args[0];
      for (std::size_t i = 1; i < args.size(); ++i) out = meet(out, args[i], place, "mixes");
      out = array_of(out);
      break;
    case Use::search:
      if (args.size() > 1) compare(element_of(args[0]), args[1], place);
      refuse_from(2);
      return {};
    case Use::fill:
      out = array_of(args[0]);
      refuse_from(1);
      break;
  }
  if (call.over || call.agg_distinct) out.constant = false;
  return out;
}

Value KeyReader::call(const Node& node, const Scope& scope) {
  const auto& call = *node.func_call;
  const Place place{&node.base};
  std::vector<Value> args;
  for (std::size_t i = 0; i < call.n_args; ++i) args.push_back(expression(call.args[i], scope));
  std::vector<Value> sorted;
  for (std::size_t i = 0; i < call.n_agg_order; ++i)
    sorted.push_back(expression(call.agg_order[i], scope));
  expression(call.agg_filter, scope);
  if (call.over) window(*call.over, scope);

  const auto parts = texts_of(call.funcname, call.n_funcname);
  const std::string& name = parts.back();
  const bool built_in = parts.size() == 1 || parts[0] == "pg_catalog";
  const std::string written =
      (parts.size() > 1 ? sql::identifier(parts[0]) + "." : "") + sql::identifier(name);
  call_of(written);
  if (built_in && call.agg_within_group) {
    if (name == "mode" && !sorted.empty()) return sorted[0];
    if (name == "percentile_disc" && !sorted.empty()) {
      flow_.refuse_unordered(sorted[0].kind, place, "the new keys are not in the order of the ids");
      return sorted[0];
    }
    for (const Value& value : sorted)
      refuse(value, place, fmt::format("function {} over keys cannot be followed", name));
  }
  const auto known = uses().find(name);
  const bool of_text = built_in && known != uses().end() && known->second == Use::of_text;
  if (built_in && known != uses().end() && !of_text) return known_call(name, call, args, node);
  Value out;
  if (of_text) out.shape = Value::text;
  for (const Value& arg : args) {
    if (arg.shape != Value::text) {
      refuse(arg, place,
             built_in
                 ? fmt::format("function {} does not take a uuid", name)
                 : fmt::format("function {} is called with a key: give a replacement", written));
    } else if (of_text) {
      out = joined_text(out, arg);
    } else if (const KeyOf* of = flow_.resolve(arg.kind); of && of->is_document()) {
      refuse(arg, place, fmt::format("function {} may take keys out of the document: give a replacement", written));
    }
  }
  return out;
}

}  // namespace rekey::lint
