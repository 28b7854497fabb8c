#include <fmt/format.h>

#include <algorithm>

#include "compiler/lint/key_reader.h"
#include "compiler/lint/parse_sql.h"

namespace rekey::lint {
namespace {

bool ends_with_star(const Node& node) {
  return node.node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
         node.column_ref->fields[node.column_ref->n_fields - 1]->node_case ==
             PG_QUERY__NODE__NODE_A_STAR;
}

}  // namespace

std::string column_name(const Node& node) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF: {
      const auto& ref = *node.column_ref;
      const Node* last = ref.fields[ref.n_fields - 1];
      if (last->node_case == PG_QUERY__NODE__NODE_STRING) return text_of(last);
      return ref.n_fields > 1 ? text_of(ref.fields[ref.n_fields - 2]) : "?column?";
    }
    case PG_QUERY__NODE__NODE_FUNC_CALL:
      return text_of(node.func_call->funcname[node.func_call->n_funcname - 1]);
    case PG_QUERY__NODE__NODE_TYPE_CAST: {
      const std::string name = column_name(*node.type_cast->arg);
      const auto& type = *node.type_cast->type_name;
      return name == "?column?" ? text_of(type.names[type.n_names - 1]) : name;
    }
    case PG_QUERY__NODE__NODE_COALESCE_EXPR: return "coalesce";
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
      return node.min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST ? "greatest" : "least";
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return "array";
    case PG_QUERY__NODE__NODE_CASE_EXPR: {
      const Node* other = node.case_expr->defresult;
      const std::string name = other ? column_name(*other) : "?column?";
      return name == "?column?" ? "case" : name;
    }
    case PG_QUERY__NODE__NODE_A_INDIRECTION: {
      const auto& a = *node.a_indirection;
      for (std::size_t i = a.n_indirection; i > 0; --i) {
        if (a.indirection[i - 1]->node_case == PG_QUERY__NODE__NODE_STRING)
          return text_of(a.indirection[i - 1]);
      }
      return column_name(*a.arg);
    }
    case PG_QUERY__NODE__NODE_SUB_LINK: {
      const auto& link = *node.sub_link;
      if (link.sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK) return "exists";
      if (link.sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK) return "array";
      const auto& select = *link.subselect->select_stmt;
      if (select.n_target_list == 0) return "?column?";
      const auto& target = *select.target_list[0]->res_target;
      return *target.name ? target.name : column_name(*target.val);
    }
    default: return "?column?";
  }
}

Relation KeyReader::targets(Nodes list, std::size_t count, const Scope& scope) {
  Relation out;
  const auto all_of = [&](const Relation& relation) {
    out.complete = out.complete && relation.complete;
    out.columns.insert(out.columns.end(), relation.columns.begin(), relation.columns.end());
  };
  for (std::size_t i = 0; i < count; ++i) {
    const auto& target = *list[i]->res_target;
    if (!ends_with_star(*target.val)) {
      const std::string name = *target.name ? target.name : column_name(*target.val);
      out.columns.push_back({name, expression(target.val, scope), {&target.val->base}});
    } else if (target.val->column_ref->n_fields == 1) {
      for (const RelationPtr& relation : scope.relations) all_of(*relation);
    } else if (const Value whole = expression(target.val, scope); whole.row) {
      all_of(*whole.row);
    }
  }
  return out;
}

void KeyReader::unite(Relation& left, const Relation& right, const Place& place) {
  if (!left.complete || !right.complete || left.columns.size() != right.columns.size()) {
    if (left.has_keys(flow_) || right.has_keys(flow_)) {
      flow_.problem(place, "the columns of * cannot be followed here: name them");
    }
    return;
  }
  for (std::size_t i = 0; i < left.columns.size(); ++i) {
    Value& l = left.columns[i].value;
    const Value& r = right.columns[i].value;
    l = mixed(l, r, right.columns[i].place);
  }
}

Relation KeyReader::set_operation(const PgQuery__SelectStmt& select, Scope& scope,
                                  const std::string& self, const std::vector<std::string>& names) {
  Relation left = query(*select.larg, &scope);
  left.rename(names);
  if (!self.empty()) scope.ctes[self] = std::make_shared<Relation>(left);
  unite(left, query(*select.rarg, &scope), {&select.base});
  sort(select.sort_clause, select.n_sort_clause, scope, &left);
  return left;
}

Relation KeyReader::values(const PgQuery__SelectStmt& select, const Scope& scope) {
  Relation out;
  for (std::size_t i = 0; i < select.n_values_lists; ++i) {
    const auto& list = *select.values_lists[i]->list;
    Relation line;
    for (std::size_t k = 0; k < list.n_items; ++k) {
      line.columns.push_back({fmt::format("column{}", k + 1),
                              expression(list.items[k], scope),
                              {&list.items[k]->base}});
    }
    if (i == 0)
      out = line;
    else
      unite(out, line, {&select.base});
  }
  return out;
}

void KeyReader::sort(Nodes list, std::size_t count, const Scope& scope, const Relation* output) {
  for (std::size_t i = 0; i < count; ++i) {
    const Node* by =
        list[i]->node_case == PG_QUERY__NODE__NODE_SORT_BY ? list[i]->sort_by->node : list[i];
    const bool name =
        by->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && by->column_ref->n_fields == 1;
    if (!name || !output->find(column_name(*by))) expression(by, scope);
  }
}

void KeyReader::window(const PgQuery__WindowDef& window, const Scope& scope) {
  constexpr int kRange = 2;  // FRAMEOPTION_RANGE
  for (std::size_t i = 0; i < window.n_partition_clause; ++i)
    expression(window.partition_clause[i], scope);
  const bool offsets =
      (window.frame_options & kRange) && (window.start_offset || window.end_offset);
  for (std::size_t i = 0; i < window.n_order_clause; ++i) {
    const Value by = expression(window.order_clause[i], scope);
    if (offsets)
      refuse(by, {&window.order_clause[i]->base}, "a range over ids has no meaning for uuids");
  }
  expression(window.start_offset, scope);
  expression(window.end_offset, scope);
}

Relation KeyReader::query(const PgQuery__SelectStmt& select, const Scope* outer) {
  Scope scope{outer};
  with(select.with_clause, scope);
  if (select.op != PG_QUERY__SET_OPERATION__SETOP_NONE) return set_operation(select, scope, "", {});
  if (select.n_values_lists > 0) return values(select, scope);
  for (std::size_t i = 0; i < select.n_from_clause; ++i) from(*select.from_clause[i], scope);
  expression(select.where_clause, scope);
  Relation out = targets(select.target_list, select.n_target_list, scope);
  for (std::size_t i = 0; i < select.n_distinct_clause; ++i) {
    if (select.distinct_clause[i]->node_case != PG_QUERY__NODE__NODE__NOT_SET) {
      expression(select.distinct_clause[i], scope);
    }
  }
  sort(select.group_clause, select.n_group_clause, scope, &out);
  expression(select.having_clause, scope);
  for (std::size_t i = 0; i < select.n_window_clause; ++i)
    window(*select.window_clause[i]->window_def, scope);
  sort(select.sort_clause, select.n_sort_clause, scope, &out);
  for (const Node* limit : {select.limit_count, select.limit_offset}) {
    if (limit)
      refuse(expression(limit, scope), {&limit->base}, "a key is used as a number of rows");
  }
  return out;
}

Relation KeyReader::common_table(const PgQuery__CommonTableExpr& cte, bool recursive,
                                 Scope& scope) {
  const auto names = texts_of(cte.aliascolnames, cte.n_aliascolnames);
  const Node& node = *cte.ctequery;
  Relation out;
  if (recursive && node.node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
      node.select_stmt->op != PG_QUERY__SET_OPERATION__SETOP_NONE) {
    Scope inner{&scope};
    with(node.select_stmt->with_clause, inner);
    out = set_operation(*node.select_stmt, inner, cte.ctename, names);
  } else {
    out = statement(node, &scope);
  }
  rename(out, names, {&node.base});
  if (cte.search_clause)
    out.columns.push_back({cte.search_clause->search_seq_column, {}, {nullptr}});
  if (cte.cycle_clause) {
    out.columns.push_back({cte.cycle_clause->cycle_mark_column, {}, {nullptr}});
    out.columns.push_back({cte.cycle_clause->cycle_path_column, {}, {nullptr}});
  }
  return out;
}

void KeyReader::with(const PgQuery__WithClause* clause, Scope& scope) {
  if (!clause) return;
  for (std::size_t i = 0; clause->recursive && i < clause->n_ctes; ++i) {
    scope.ctes[clause->ctes[i]->common_table_expr->ctename] = nullptr;
  }
  for (std::size_t i = 0; i < clause->n_ctes; ++i) {
    const auto& cte = *clause->ctes[i]->common_table_expr;
    Relation relation = common_table(cte, clause->recursive, scope);
    scope.ctes[cte.ctename] = std::make_shared<Relation>(std::move(relation));
  }
}

void KeyReader::assign(const Relation& target, const std::string& column, const Value& value,
                       const Place& place) {
  if (const auto* found = target.find(column)) {
    meet(found->value, value, place, "mixes");
  } else if (value.shape != Value::text) {
    refuse(value, place,
           fmt::format("column {} of {}, which holds no key, is given one", column, target.table));
  }
}

void KeyReader::set(const Relation& target, Nodes list, std::size_t count, const Scope& scope) {
  Value row_value;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& item = *list[i]->res_target;
    const Place place{&item.val->base, item.name};
    if (item.val->node_case != PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF) {
      assign(target, item.name, expression(item.val, scope), place);
      continue;
    }
    const auto& part = *item.val->multi_assign_ref;
    if (part.colno == 1) {
      const Node& source = *part.source;
      if (source.node_case == PG_QUERY__NODE__NODE_SUB_LINK) {
        const auto output =
            std::make_shared<Relation>(statement(*source.sub_link->subselect, &scope));
        row_value = {KeyFlow::kPlain, Value::scalar, false, output};
      } else {
        row_value = expression(&source, scope);
      }
    }
    const auto index = static_cast<std::size_t>(part.colno - 1);
    const bool known =
        row_value.row && row_value.row->complete && index < row_value.row->columns.size();
    if (known)
      assign(target, item.name, row_value.row->columns[index].value, place);
    else if (target.has_keys(flow_))
      flow_.problem(place, "this assignment cannot be followed");
  }
}

Relation KeyReader::insert(const PgQuery__InsertStmt& insert, const Scope* outer) {
  Scope scope{outer};
  with(insert.with_clause, scope);
  const Relation target = table(*insert.relation);
  const Relation output = insert.select_stmt ? statement(*insert.select_stmt, &scope) : Relation{};
  const Place place{&insert.base};
  if (insert.n_cols > 0 && output.complete) {
    for (std::size_t i = 0; i < insert.n_cols && i < output.columns.size(); ++i) {
      assign(target, insert.cols[i]->res_target->name, output.columns[i].value,
             output.columns[i].place);
    }
  } else if (insert.select_stmt && (target.has_keys(flow_) || output.has_keys(flow_))) {
    flow_.problem({&insert.relation->base},
                  "it cannot be told which column gets what: name the columns");
  }
  add(target, insert.relation->alias, scope, place);
  Scope conflict{&scope};
  Relation excluded = target;
  excluded.name = "excluded";
  conflict.relations.push_back(std::make_shared<Relation>(std::move(excluded)));
  if (const auto* on = insert.on_conflict_clause) {
    set(target, on->target_list, on->n_target_list, conflict);
    expression(on->where_clause, conflict);
    if (on->infer) {
      expression(on->infer->where_clause, scope);
      for (std::size_t i = 0; i < on->infer->n_index_elems; ++i) {
        expression(on->infer->index_elems[i]->index_elem->expr, scope);
      }
    }
  }
  return targets(insert.returning_list, insert.n_returning_list, scope);
}

Relation KeyReader::update(const PgQuery__UpdateStmt& update, const Scope* outer) {
  Scope scope{outer};
  with(update.with_clause, scope);
  const Relation target = table(*update.relation);
  add(target, update.relation->alias, scope, {&update.base});
  for (std::size_t i = 0; i < update.n_from_clause; ++i) from(*update.from_clause[i], scope);
  set(target, update.target_list, update.n_target_list, scope);
  expression(update.where_clause, scope);
  return targets(update.returning_list, update.n_returning_list, scope);
}

Relation KeyReader::remove(const PgQuery__DeleteStmt& remove, const Scope* outer) {
  Scope scope{outer};
  with(remove.with_clause, scope);
  add(table(*remove.relation), remove.relation->alias, scope, {&remove.base});
  for (std::size_t i = 0; i < remove.n_using_clause; ++i) from(*remove.using_clause[i], scope);
  expression(remove.where_clause, scope);
  return targets(remove.returning_list, remove.n_returning_list, scope);
}

Relation KeyReader::statement(const Node& node, const Scope* outer) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT: return query(*node.select_stmt, outer);
    case PG_QUERY__NODE__NODE_INSERT_STMT: return insert(*node.insert_stmt, outer);
    case PG_QUERY__NODE__NODE_UPDATE_STMT: return update(*node.update_stmt, outer);
    case PG_QUERY__NODE__NODE_DELETE_STMT: return remove(*node.delete_stmt, outer);
    case PG_QUERY__NODE__NODE_NOTIFY_STMT: return {};
    default: break;
  }
  visit_messages(node.base, [&](const ProtobufCMessage& inner) {
    if (inner.descriptor != &pg_query__range_var__descriptor) return true;
    const auto& range = reinterpret_cast<const PgQuery__RangeVar&>(inner);
    if (table(range).has_keys(flow_))
      flow_.problem({&inner}, "this kind of statement cannot be followed");
    return true;
  });
  return {"", "", {}, false};
}

}  // namespace rekey::lint
