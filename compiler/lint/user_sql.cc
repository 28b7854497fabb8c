#include "compiler/lint/user_sql.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lint/phase_sql.h"
#include "compiler/lint/tokens.h"
#include "compiler/lint/user_text.h"
#include "compiler/lower/dependents.h"

namespace rekey::lint {
namespace {

bool is_identity(const ParsedSql& parsed) {
  if (parsed.statements().size() != 1) return false;
  const auto& node = *parsed.statements().front();
  return node.node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT && node.alter_table_stmt->n_cmds == 1;
}

void check_sequence_options(const plan::Text& text, Diagnostics& diagnostics) {
  const auto framed = "ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY (\n" + text.value + "\n)";
  if (check(text, "a list of sequence options", framed, is_identity, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

bool is_null_of_a_type(const ParsedSql& parsed) {
  if (!is_expression(parsed)) return false;
  const auto& value = *single_select(parsed)->target_list[0]->res_target->val;
  return value.node_case == PG_QUERY__NODE__NODE_TYPE_CAST &&
         value.type_cast->arg->node_case == PG_QUERY__NODE__NODE_A_CONST && !value.type_cast->type_name->setof;
}

void check_type_name(const plan::Text& text, Diagnostics& diagnostics) {
  if (check(text, "the name of a type", "SELECT (NULL::\n" + text.value + "\n)", is_null_of_a_type, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

bool is_index(const ParsedSql& parsed) {
  const auto& all = parsed.statements();
  return all.size() == 1 && all.front()->node_case == PG_QUERY__NODE__NODE_INDEX_STMT;
}

// A condition that says which rows change looks at nothing but the row.
void check_where(const plan::Text& text, Diagnostics& diagnostics) {
  const auto errors = diagnostics.all().size();
  check_expression(text, diagnostics);
  if (text.value.empty() || diagnostics.all().size() > errors) return;
  const ParsedSql parsed("SELECT (\n" + text.value + "\n)");
  bool looks_elsewhere = false;
  visit_messages(parsed.statements().front()->base, [&](const ProtobufCMessage& inner) {
    looks_elsewhere = looks_elsewhere || inner.descriptor == &pg_query__sub_link__descriptor;
    return !looks_elsewhere;
  });
  if (!looks_elsewhere) return;
  diagnostics.error("pick-query", text.span, "where looks at other rows, which may change while it picks",
                    "write a condition over columns of the row alone");
}

// Columns, each with its direction.
bool is_order(const ParsedSql& parsed) {
  const auto* select = single_select(parsed);
  if (!select || select->n_sort_clause == 0 || select->limit_count || select->limit_offset || select->n_locking_clause > 0 ||
      select->op != PG_QUERY__SET_OPERATION__SETOP_NONE) return false;
  return std::all_of(select->sort_clause, select->sort_clause + select->n_sort_clause, [](const PgQuery__Node* node) {
    const auto& sort = *node->sort_by;
    return sort.node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && sort.node->column_ref->n_fields == 1 &&
           sort.node->column_ref->fields[0]->node_case == PG_QUERY__NODE__NODE_STRING && sort.n_use_op == 0;
  });
}

void check_order(const plan::Text& text, Diagnostics& diagnostics) {
  if (check(text, "a list of columns, each with ASC or DESC where need be", "SELECT FROM t ORDER BY\n" + text.value + "\n", is_order, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

// What follows USING.
void check_index(const plan::Text& text, Diagnostics& diagnostics) {
  if (check(text, "an index's definition", "CREATE INDEX i ON t USING\n" + text.value + "\n", is_index, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
  }
}

bool is_drop(const PgQuery__Node* node) {
  if (node->node_case == PG_QUERY__NODE__NODE_DROP_STMT) return node->drop_stmt->n_objects == 1;
  return node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT ||
         node->node_case == PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT ||
         node->node_case == PG_QUERY__NODE__NODE_ALTER_SEQ_STMT;
}

bool are_drops(const ParsedSql& parsed) {
  const auto& all = parsed.statements();
  return !all.empty() && std::all_of(all.begin(), all.end(), is_drop);
}

bool is_one_drop(const ParsedSql& parsed) { return parsed.statements().size() == 1 && are_drops(parsed); }

// What a step can run: it has a transaction of its own.
bool are_statements(const ParsedSql& parsed) {
  return !parsed.statements().empty() &&
         std::none_of(parsed.statements().begin(), parsed.statements().end(), [](const PgQuery__Node* s) {
           return s->node_case == PG_QUERY__NODE__NODE_TRANSACTION_STMT ||
                  s->node_case == PG_QUERY__NODE__NODE_COPY_STMT;
         });
}

void check_statements(const plan::Text& text, const char* what, bool (*shape)(const ParsedSql&),
                      Diagnostics& diagnostics) {
  if (check(text, what, text.value, shape, diagnostics)) check_no_comment_at_end(text, diagnostics);
}

void check_dependent(const plan::Dependent& dependent, Diagnostics& diagnostics) {
  const auto drop = lower::drop_statement(dependent);
  if (!dependent.drop.value.empty()) {
    check_statements(dependent.drop, "statements that drop one thing each", are_drops, diagnostics);
  } else if (!drop.empty()) {
    check({dependent.name.value, dependent.name.span}, "a name as SQL writes it", drop, is_one_drop, diagnostics);
  } else if (dependent.as_is.value.empty() && dependent.problem.value.empty()) {
    diagnostics.error("no-drop", dependent.name.span,
                      fmt::format("nothing says how {} is dropped", lower::title(dependent)),
                      "write the statement after drop:");
  }
  const char* const what = "a list of statements outside of a transaction block";
  check_statements(dependent.definition, what, are_statements, diagnostics);
  check_statements(dependent.replacement, what, are_statements, diagnostics);
}

}  // namespace

void check_user_sql(const plan::Plan& plan, Diagnostics& diagnostics) {
  check_expression(plan.new_keys.expression, diagnostics);
  check_query(plan.backfill.wait_while, diagnostics);
  for (const auto& table : plan.tables) {
    for (const auto& column : table.columns) {
      if (column.new_default.value != "none") check_expression(column.new_default, diagnostics);
      check_expression(column.default_value, diagnostics);
      check_type_name(column.type_name, diagnostics);
      check_sequence_options(column.sequence_options, diagnostics);
    }
    check_expression(table.key_expression, diagnostics);
    check_expression(table.keep_expression, diagnostics);
    check_where(table.where, diagnostics);
    check_order(table.order_by, diagnostics);
    check_expression(table.inventory.unprocessed, diagnostics);
    check_expression(table.inventory.where, diagnostics);
    for (const auto& index : table.indexes) check_index(index.definition, diagnostics);
  }
  for (const auto& dependent : plan.dependents) check_dependent(dependent, diagnostics);
  for (const auto& phase : plan.phases) {
    for (const auto& probe : phase.probes) check_query(probe.query, diagnostics);
    check_phase_sql(phase, diagnostics);
  }
}

}  // namespace rekey::lint
