#include <fmt/format.h>

#include "compiler/lint/key_reader.h"
#include "compiler/lint/parse_sql.h"

namespace rekey::lint {

std::vector<std::string> texts_of(Node* const* list, std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(text_of(list[i]));
  return out;
}

Value element_of(const Value& array) {
  Value out = array;
  out.shape = Value::scalar;
  return out;
}

Value array_of(const Value& element) {
  Value out = element;
  out.shape = Value::array;
  return out;
}

Value joined_text(const Value& a, const Value& b) {
  return {a.constant || a.kind == KeyFlow::kPlain ? b.constant ? KeyFlow::kPlain : b.kind : a.kind,
          Value::text};
}

Value KeyReader::meet(const Value& a, const Value& b, const Place& place, const char* verb) {
  Value out = b.shape == Value::array ? b : a;
  out.constant = a.constant && b.constant;
  if (!a.row || !b.row) {
    flow_.same(a.kind, b.kind, place, verb);
    return out;
  }
  if (a.row->complete && b.row->complete && a.row->columns.size() == b.row->columns.size()) {
    for (std::size_t i = 0; i < a.row->columns.size(); ++i) {
      meet(a.row->columns[i].value, b.row->columns[i].value, place, verb);
    }
  } else if (a.row->table.empty() || a.row->table != b.row->table) {
    if (a.row->has_keys(flow_) || b.row->has_keys(flow_)) {
      flow_.problem(place, std::string(verb) + " rows that hold keys: name their columns");
    }
  }
  return out;
}

void KeyReader::refuse(const Value& value, const Place& place, const std::string& message) {
  flow_.refuse(value.kind, place, message);
  if (!value.row) return;
  for (const auto& column : value.row->columns) refuse(column.value, place, message);
}

// Rows are compared column by column.
void KeyReader::compare(const Value& left, const Value& right, const Place& place) {
  if (left.row && right.row) {
    meet(left, right, place, "compares");
    return;
  }
  const bool texts = left.shape == Value::text || right.shape == Value::text;
  const auto kind = [&](const Value& v) { return texts && v.constant ? KeyFlow::kPlain : v.kind; };
  flow_.same(kind(left), kind(right), place, texts ? "compares the text of" : "compares");
}

void KeyReader::order(const Value& left, const Value& right, const Place& place) {
  if (left.row && right.row && left.row->complete && right.row->complete &&
      left.row->columns.size() == right.row->columns.size()) {
    for (std::size_t i = 0; i < left.row->columns.size(); ++i) {
      order(left.row->columns[i].value, right.row->columns[i].value, place);
    }
    return;
  }
  if (left.row || right.row) {
    refuse(left, place, "an order of rows that hold keys cannot be followed");
    refuse(right, place, "an order of rows that hold keys cannot be followed");
  } else if (left.constant || right.constant) {
    refuse(left, place, "a range over ids has no meaning for uuids");
    refuse(right, place, "a range over ids has no meaning for uuids");
  } else if (left.shape == Value::text || right.shape == Value::text) {
    refuse(left, place, "the texts of uuids sort otherwise than those of ids");
    refuse(right, place, "the texts of uuids sort otherwise than those of ids");
  } else if (flow_.same(left.kind, right.kind, place, "compares")) {
    flow_.refuse_unordered(left.kind, place, "the new keys are not in the order of the ids");
  }
}

Value KeyReader::concatenation(const Value& left, const Value& right, const Node& node) {
  if (left.shape == Value::array || right.shape == Value::array) {
    return array_of(meet(left, right, {&node.base}, "mixes"));
  }
  if (left.shape == Value::text || right.shape == Value::text) return joined_text(left, right);
  refuse(left, {&node.base}, "it cannot be told what the key is joined to: cast it to text");
  refuse(right, {&node.base}, "it cannot be told what the key is joined to: cast it to text");
  return {};
}

// What is taken out of a document may be a key, or hold some: but below a key of the object that no path begins with.
std::optional<Value> KeyReader::taken_out(const std::string& op, const Value& left, const Node& node) {
  const KeyOf* of = flow_.resolve(left.kind);
  if (!of || !of->is_document() || left.shape != Value::text) return std::nullopt;
  if (in(op, {"?", "?|", "?&"})) return Value{};
  if (!in(op, {"->", "->>", "#>", "#>>"})) return std::nullopt;
  const bool whole = node.a_expr->lexpr->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && !of->anywhere;
  const char* name = op.starts_with("->") && whole ? string_constant(*node.a_expr->rexpr) : nullptr;
  const bool other = name && std::find(of->document.begin(), of->document.end(), name) == of->document.end();
  return other ? Value{} : Value{left.kind, Value::text};
}

Value KeyReader::binary(const std::string& op, const Value& left, const Value& right,
                        const Node& node) {
  const Place place{&node.base};
  if (const auto taken = taken_out(op, left, node)) return *taken;
  if (in(op, {"=", "<>", "!="})) {
    compare(left, right, place);
  } else if (in(op, {"<", ">", "<=", ">="})) {
    order(left, right, place);
  } else if (op == "||") {
    return concatenation(left, right, node);
  } else if (in(op, {"@>", "<@", "&&"}) &&
             (left.shape == Value::array || right.shape == Value::array)) {
    compare(left, right, place);
  } else {
    const bool number = in(op, {"+", "-", "*", "/", "%", "^", "|", "&", "#", "~", "<<", ">>", "@"});
    for (const Value* side : {&left, &right}) {
      refuse(*side, place,
             side->shape == Value::text ? "something is looked up by the text of a key"
             : number                   ? "arithmetic on a key has no meaning for a uuid"
                                        : fmt::format("operator {} does not take a uuid", op));
    }
  }
  return {};
}

Value KeyReader::operation(const Node& node, const Scope& scope) {
  const auto& a = *node.a_expr;
  const Place place{&node.base};
  const Value left = expression(a.lexpr, scope);
  std::vector<Value> list;
  if (a.rexpr && a.rexpr->node_case == PG_QUERY__NODE__NODE_LIST) {
    for (std::size_t i = 0; i < a.rexpr->list->n_items; ++i) {
      list.push_back(expression(a.rexpr->list->items[i], scope));
    }
  } else {
    list.push_back(expression(a.rexpr, scope));
  }
  const std::string op = a.n_name > 0 ? text_of(a.name[a.n_name - 1]) : "";
  const bool foreign = a.n_name > 1 && text_of(a.name[0]) != "pg_catalog";
  switch (a.kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
      if (foreign) break;
      return binary(op, left, list[0], node);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL:
      if (foreign) break;
      return binary(op, left, element_of(list[0]), node);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
      for (const Value& right : list) compare(left, right, place);
      return {};
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF: {
      compare(left, list[0], place);
      Value out = left;
      out.constant = false;
      return out;
    }
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
      for (const Value& right : list) order(left, right, place);
      return {};
    default: break;
  }
  refuse(left, place, fmt::format("operator {} on a key cannot be followed", op));
  for (const Value& right : list)
    refuse(right, place, fmt::format("operator {} on a key cannot be followed", op));
  return {};
}

Value KeyReader::unqualified(const std::string& name, const Node& node, const Scope& scope) {
  const Relation* open = nullptr;  // one that may have a column of the name, which would go first
  for (const Scope* s = &scope; s; s = s->outer) {
    for (const RelationPtr& relation : s->relations) {
      const auto* column = relation->find(name);
      if (!column) continue;
      if (open && flow_.resolve(column->value.kind)) {
        flow_.problem({&node.base}, fmt::format("a column of {} or a key of {}: write which",
                                                open->name, relation->name));
      }
      return column->value;
    }
    for (const RelationPtr& relation : s->relations) {
      if (!relation->complete && !open) open = relation.get();
    }
  }
  // PostgreSQL prints a whole row as u.*, and from 16 on the columns of a view's only table barely: this one is a
  // plain column, even where it is called like the table.
  return {};
}

Value KeyReader::field(const Value& row, const std::string& name) {
  if (!row.row) return {};
  const auto* column = row.row->find(name);
  return column ? column->value : Value{};
}

Value KeyReader::column(const PgQuery__ColumnRef& ref, const Node& node, const Scope& scope) {
  std::vector<std::string> names;
  bool star = false;
  for (std::size_t i = 0; i < ref.n_fields; ++i) {
    if (ref.fields[i]->node_case == PG_QUERY__NODE__NODE_A_STAR)
      star = true;
    else
      names.push_back(text_of(ref.fields[i]));
  }
  if (names.empty()) return {};
  if (names.size() == 1 && !star) return unqualified(names[0], node, scope);
  const std::string last = star ? "" : names.back();
  if (!star) names.pop_back();
  const RelationPtr relation =
      scope.relation(names.size() > 1 ? names[names.size() - 2] : "", names.back());
  const Value whole{KeyFlow::kPlain, Value::scalar, false, relation};
  if (!relation) {
    flow_.problem({&node.base}, "this cannot be followed: no table of that name is in reach");
    return {};
  }
  return star ? whole : field(whole, last);
}

Value KeyReader::mixed(const Value& a, const Value& b, const Place& place) {
  return a.shape == Value::text || b.shape == Value::text ? joined_text(a, b)
                                                          : meet(a, b, place, "mixes");
}

Value KeyReader::mixed(Nodes list, std::size_t count, const Scope& scope, const Place& place) {
  if (count == 0) return {flow_.open(), Value::scalar, true};
  Value out = expression(list[0], scope);
  for (std::size_t i = 1; i < count; ++i) out = mixed(out, expression(list[i], scope), place);
  return out;
}

Value KeyReader::case_of(const Node& node, const Scope& scope) {
  const auto& c = *node.case_expr;
  const Value subject = expression(c.arg, scope);
  std::vector<Node*> results;
  for (std::size_t i = 0; i < c.n_args; ++i) {
    const auto& when = *c.args[i]->case_when;
    const Value condition = expression(when.expr, scope);
    if (c.arg) compare(subject, condition, {&c.args[i]->base});
    results.push_back(when.result);
  }
  if (c.defresult) results.push_back(c.defresult);
  Value out = mixed(results.data(), results.size(), scope, {&node.base});
  out.constant = false;
  return out;
}

Value KeyReader::row(Nodes list, std::size_t count, const Scope& scope) {
  auto out = std::make_shared<Relation>();
  for (std::size_t i = 0; i < count; ++i) {
    out->columns.push_back(
        {fmt::format("f{}", i + 1), expression(list[i], scope), {&list[i]->base}});
  }
  return {KeyFlow::kPlain, Value::scalar, false, out};
}

Value KeyReader::sub_link(const PgQuery__SubLink& link, const Node& node, const Scope& scope) {
  const Value left = expression(link.testexpr, scope);
  const Relation output = statement(*link.subselect, &scope);
  const Value first = output.columns.empty() ? Value{} : output.columns[0].value;
  const std::string op = link.n_oper_name > 0 ? text_of(link.oper_name[link.n_oper_name - 1]) : "=";
  switch (link.sub_link_type) {
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK: return {};
    case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK: return array_of(first);
    case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK: return first;
    case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
    case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK: break;
    default: return unknown(node, scope);
  }
  if (!left.row) return binary(op, left, first, node);
  return binary(op, left,
                {KeyFlow::kPlain, Value::scalar, false, std::make_shared<Relation>(output)}, node);
}

Value KeyReader::indirection(const Node& node, const Scope& scope) {
  const auto& a = *node.a_indirection;
  Value out = expression(a.arg, scope);
  for (std::size_t i = 0; i < a.n_indirection; ++i) {
    const Node& step = *a.indirection[i];
    if (step.node_case == PG_QUERY__NODE__NODE_STRING) {
      out = field(out, text_of(&step));
    } else if (step.node_case == PG_QUERY__NODE__NODE_A_INDICES) {
      refuse(expression(step.a_indices->lidx, scope), {&node.base}, "a key is used as an index");
      refuse(expression(step.a_indices->uidx, scope), {&node.base}, "a key is used as an index");
      if (!step.a_indices->is_slice) out = element_of(out);
    }
  }
  return out;
}

// Harmless as long as no key is below it.
Value KeyReader::unknown(const Node& node, const Scope& scope) {
  visit_messages(node.base, [&](const ProtobufCMessage& inner) {
    if (inner.descriptor != &pg_query__node__descriptor) return true;
    const auto& child = reinterpret_cast<const Node&>(inner);
    if (child.node_case == PG_QUERY__NODE__NODE_SELECT_STMT) {
      for (const auto& column : statement(child, &scope).columns) {
        refuse(column.value, {&node.base}, "this use of a key cannot be followed");
      }
      return false;
    }
    if (child.node_case != PG_QUERY__NODE__NODE_COLUMN_REF) return true;
    refuse(column(*child.column_ref, child, scope), {&node.base},
           "this use of a key cannot be followed");
    return false;
  });
  return {};
}

Value KeyReader::expression(const Node* node, const Scope& scope) {
  if (!node) return {};
  const auto read_all = [&](Nodes list, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) expression(list[i], scope);
    return Value{};
  };
  switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF: return column(*node->column_ref, *node, scope);
    case PG_QUERY__NODE__NODE_A_CONST: return literal(*node);
    case PG_QUERY__NODE__NODE_TYPE_CAST: return cast(*node, scope);
    case PG_QUERY__NODE__NODE_A_EXPR:
      return integer_constant(*node, source_) ? literal(*node) : operation(*node, scope);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
      return read_all(node->bool_expr->args, node->bool_expr->n_args);
    case PG_QUERY__NODE__NODE_NULL_TEST: expression(node->null_test->arg, scope); return {};
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST: expression(node->boolean_test->arg, scope); return {};
    case PG_QUERY__NODE__NODE_FUNC_CALL: return call(*node, scope);
    case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR: return expression(node->named_arg_expr->arg, scope);
    case PG_QUERY__NODE__NODE_CASE_EXPR: return case_of(*node, scope);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
      return mixed(node->coalesce_expr->args, node->coalesce_expr->n_args, scope, {&node->base});
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: {
      const auto& m = *node->min_max_expr;
      Value out = expression(m.args[0], scope);
      for (std::size_t i = 1; i < m.n_args; ++i)
        order(out, expression(m.args[i], scope), {&node->base});
      return out;
    }
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
      return array_of(mixed(node->a_array_expr->elements, node->a_array_expr->n_elements, scope,
                            {&node->base}));
    case PG_QUERY__NODE__NODE_ROW_EXPR:
      return row(node->row_expr->args, node->row_expr->n_args, scope);
    case PG_QUERY__NODE__NODE_SUB_LINK: return sub_link(*node->sub_link, *node, scope);
    case PG_QUERY__NODE__NODE_A_INDIRECTION: return indirection(*node, scope);
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: return expression(node->collate_clause->arg, scope);
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
      return read_all(node->grouping_func->args, node->grouping_func->n_args);
    case PG_QUERY__NODE__NODE_GROUPING_SET:
      return read_all(node->grouping_set->content, node->grouping_set->n_content);
    case PG_QUERY__NODE__NODE_LIST: return read_all(node->list->items, node->list->n_items);
    case PG_QUERY__NODE__NODE_XML_EXPR:
      read_all(node->xml_expr->named_args, node->xml_expr->n_named_args);
      return read_all(node->xml_expr->args, node->xml_expr->n_args);
    case PG_QUERY__NODE__NODE_XML_SERIALIZE:
      return joined_text(expression(node->xml_serialize->expr, scope), {});
    case PG_QUERY__NODE__NODE_RES_TARGET: return expression(node->res_target->val, scope);
    case PG_QUERY__NODE__NODE_SORT_BY: return expression(node->sort_by->node, scope);
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT: return {flow_.open(), Value::scalar, true};
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
    case PG_QUERY__NODE__NODE_PARAM_REF:
    case PG_QUERY__NODE__NODE_CURRENT_OF_EXPR: return {};
    default: return unknown(*node, scope);
  }
}

}  // namespace rekey::lint
