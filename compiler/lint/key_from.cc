#include <fmt/format.h>

#include <algorithm>

#include "compiler/lint/key_reader.h"
#include "compiler/lint/parse_sql.h"
#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

std::vector<std::string> names_of(const PgQuery__Alias* alias) {
  return alias ? texts_of(alias->colnames, alias->n_colnames) : std::vector<std::string>();
}

}  // namespace

Relation KeyReader::rows_of(const std::string& schema, const std::string& name) {
  Relation out{name,
               (schema.empty() ? "" : sql::identifier(schema) + ".") + sql::identifier(name),
               {},
               false};
  for (const KeyColumns* keys : {&keys_, const_cast<const KeyColumns*>(&created_)}) {
    for (auto it = keys->lower_bound({out.table, ""});
         it != keys->end() && it->first.first == out.table; ++it) {
      const KeyOf& key = it->second;
      out.columns.push_back(
          {it->first.second, {flow_.key(key), key.array ? Value::array : key.is_document() ? Value::text : Value::scalar}});
    }
  }
  return out;
}

void KeyReader::create(const std::string& table, const std::string& column, const KeyOf& key) {
  created_.insert({{table, column}, key});
}

Relation KeyReader::table(const PgQuery__RangeVar& range) {
  const std::string schema = range.schemaname;
  const Relation out = rows_of(schema, range.relname);
  auto& all = use_.relations;
  if (std::find(all.begin(), all.end(), out.table) == all.end()) all.push_back(out.table);
  for (const auto& [column, key] : keys_) {
    if (!schema.empty() || !column.first.ends_with("." + out.table)) continue;
    flow_.problem({&range.base}, fmt::format("write {}, if that is meant", column.first));
    break;
  }
  return out;
}

Relation KeyReader::named(const PgQuery__RangeVar& range, const Scope& scope) {
  if (!*range.schemaname) {
    if (const auto cte = scope.cte(range.relname)) {
      if (*cte) {
        Relation out = **cte;
        out.name = range.relname;
        return out;
      }
      flow_.problem({&range.base}, "a WITH query that stands further down cannot be followed");
      return {range.relname, "", {}, false};
    }
  }
  return table(range);
}

void KeyReader::rename(Relation& relation, const std::vector<std::string>& names,
                       const Place& place) {
  if (relation.rename(names) || !relation.has_keys(flow_)) return;
  flow_.problem(
      place, "column aliases cannot be followed where not all columns are known: leave them out");
}

void KeyReader::add(Relation relation, const PgQuery__Alias* alias, Scope& scope,
                    const Place& place) {
  if (alias) relation.name = alias->aliasname;
  rename(relation, names_of(alias), place);
  scope.relations.push_back(std::make_shared<Relation>(std::move(relation)));
}

void KeyReader::from(const Node& item, Scope& scope) {
  switch (item.node_case) {
    case PG_QUERY__NODE__NODE_RANGE_VAR:
      add(named(*item.range_var, scope), item.range_var->alias, scope, {&item.base});
      return;
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT: {
      const auto& sub = *item.range_subselect;
      const Scope shield{scope.outer, {}, scope.ctes};  // its neighbours are out of reach
      add(statement(*sub.subquery, sub.lateral ? &scope : &shield), sub.alias, scope, {&item.base});
      return;
    }
    case PG_QUERY__NODE__NODE_JOIN_EXPR: join(*item.join_expr, scope); return;
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION: from_function(*item.range_function, scope); return;
    case PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC:
      from_table_function(*item.range_table_func, scope);
      return;
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
      from(*item.range_table_sample->relation, scope);
      return;
    default: unknown(item, scope); return;
  }
}

// Both sides of a join have the column; one that is not known is plain.
void KeyReader::join_column(const std::string& column, std::size_t begin, std::size_t middle,
                            const Scope& scope, const Place& place) {
  const auto side = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (const auto* found = scope.relations[i]->find(column)) return found->value;
    }
    return Value{};
  };
  meet(side(begin, middle), side(middle, scope.relations.size()), place, "compares");
}

void KeyReader::join(const PgQuery__JoinExpr& join, Scope& scope) {
  const Place place{join.quals ? &join.quals->base : nullptr};
  const std::size_t begin = scope.relations.size();
  from(*join.larg, scope);
  const std::size_t middle = scope.relations.size();
  from(*join.rarg, scope);
  const auto used = texts_of(join.using_clause, join.n_using_clause);
  for (const auto& column : used)
    join_column(column, begin, middle, scope, {nullptr, "USING (" + column + ")"});
  if (join.is_natural) {
    std::map<std::string, int> keys;  // of columns: on which sides they are
    for (std::size_t i = begin; i < scope.relations.size(); ++i) {
      for (const auto& column : scope.relations[i]->columns)
        keys[column.name] |= i < middle ? 1 : 2;
    }
    for (const auto& [column, sides] : keys) {
      const auto open = [&](std::size_t from, std::size_t to) {
        return std::any_of(scope.relations.begin() + from, scope.relations.begin() + to,
                           [](const auto& relation) { return !relation->complete; });
      };
      if (sides == 3 || (sides == 1 ? open(middle, scope.relations.size()) : open(begin, middle))) {
        join_column(column, begin, middle, scope, {nullptr, "NATURAL JOIN, column " + column});
      }
    }
  }
  expression(join.quals, scope);
  if (join.join_using_alias) {
    Relation columns{join.join_using_alias->aliasname, "", {}};
    for (const auto& column : used) {
      for (std::size_t i = begin; i < scope.relations.size(); ++i) {
        if (const auto* found = scope.relations[i]->find(column)) columns.columns.push_back(*found);
      }
    }
    scope.relations.push_back(std::make_shared<Relation>(std::move(columns)));
  }
  if (!join.alias) return;
  Relation whole;
  for (std::size_t i = begin; i < scope.relations.size(); ++i) {
    const Relation& part = *scope.relations[i];
    whole.complete = whole.complete && part.complete;
    whole.columns.insert(whole.columns.end(), part.columns.begin(), part.columns.end());
  }
  scope.relations.resize(begin);
  add(std::move(whole), join.alias, scope, place);
}

void KeyReader::from_function(const PgQuery__RangeFunction& function, Scope& scope) {
  Relation out;
  for (std::size_t i = 0; i < function.n_functions; ++i) {
    const auto& parts = *function.functions[i]->list;
    const Node& node = *parts.items[0];
    const std::string name = column_name(node);
    const std::string column =
        function.alias && function.n_functions == 1 ? function.alias->aliasname : name;
    if (node.node_case != PG_QUERY__NODE__NODE_FUNC_CALL || name != "unnest") {
      refuse(expression(&node, scope), {&node.base}, "a key as a table cannot be followed");
      out.complete = false;
      continue;
    }
    call_of(name);
    for (std::size_t k = 0; k < node.func_call->n_args; ++k) {
      const Value value = element_of(expression(node.func_call->args[k], scope));
      if (!value.row) {
        out.columns.push_back({column, value, {&node.base}});
        continue;
      }
      out.complete = out.complete && value.row->complete;
      out.columns.insert(out.columns.end(), value.row->columns.begin(), value.row->columns.end());
    }
  }
  if (function.ordinality) out.columns.push_back({"ordinality", {}, {nullptr}});
  add(std::move(out), function.alias, scope, {&function.base});
}

// XMLTABLE: its columns are values of a document.
void KeyReader::from_table_function(const PgQuery__RangeTableFunc& function, Scope& scope) {
  Relation out;
  expression(function.docexpr, scope);
  expression(function.rowexpr, scope);
  for (std::size_t i = 0; i < function.n_columns; ++i) {
    const auto& column = *function.columns[i]->range_table_func_col;
    expression(column.colexpr, scope);
    if (column.coldefexpr) {
      refuse(expression(column.coldefexpr, scope), {&column.coldefexpr->base}, "a key in XMLTABLE cannot be followed");
    }
    out.columns.push_back({column.colname, {}, {nullptr}});
  }
  add(std::move(out), function.alias, scope, {&function.base});
}

}  // namespace rekey::lint
