#include "compiler/lint/partition_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lint/key_reader.h"
#include "compiler/lint/parse_sql.h"
#include "compiler/lower/sql.h"
#include "compiler/model/schema.h"

namespace rekey::lint {
namespace {

const PgQuery__CreateStmt* created(const ParsedSql& parsed) {
  for (const auto* statement : parsed.statements()) {
    if (statement->node_case == PG_QUERY__NODE__NODE_CREATE_STMT) return statement->create_stmt;
  }
  return nullptr;
}

const PgQuery__Node* generation(const PgQuery__ColumnDef& column) {
  for (std::size_t i = 0; i < column.n_constraints; ++i) {
    const auto& constraint = *column.constraints[i]->constraint;
    if (constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) return constraint.raw_expr;
  }
  return nullptr;
}

bool is_end_of_range(const Node& bound) {
  if (bound.node_case != PG_QUERY__NODE__NODE_COLUMN_REF || bound.column_ref->n_fields != 1) return false;
  const auto& field = *bound.column_ref->fields[0];
  return field.node_case == PG_QUERY__NODE__NODE_STRING && in(field.string->sval, {"minvalue", "maxvalue"});
}

// Of the partition key; of: null where it is no key column.
struct Part {
  std::string column;
  const KeyOf* of;
};

class Reader {
 public:
  Reader(const std::string& definition, const KeyColumns& keys, const std::set<std::string>& known)
      : source_(definition), keys_(keys), known_(known) {}

  KeyUse run(const ParsedSql& parsed) {
    const auto* table = created(parsed);
    if (!table || !table->partspec) {
      use_.problems.push_back({0, "its definition makes no partitioned table"});
      return use_;
    }
    name_ = table_name(*table->relation);
    use_.relations.push_back(name_);
    for (std::size_t i = 0; i < table->n_table_elts; ++i) {
      if (table->table_elts[i]->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF) read(*table->table_elts[i]->column_def);
    }
    for (std::size_t i = 0; i < table->partspec->n_part_params; ++i) read(*table->partspec->part_params[i]->partition_elem);
    for (const auto* statement : parsed.statements()) {
      if (statement->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT) read(*statement->alter_table_stmt);
    }
    return use_;
  }

 private:
  const KeyOf* key(const std::string& column) const {
    const auto found = keys_.find({name_, column});
    return found == keys_.end() ? nullptr : &found->second;
  }

  // The first key column that an expression names.
  std::string key_in(const Node& expression) const {
    std::string out;
    visit_messages(expression.base, [&](const ProtobufCMessage& inner) {
      if (inner.descriptor != &pg_query__column_ref__descriptor || !out.empty()) return true;
      const auto& ref = reinterpret_cast<const PgQuery__ColumnRef&>(inner);
      const auto& last = *ref.fields[ref.n_fields - 1];
      if (last.node_case == PG_QUERY__NODE__NODE_STRING && key(text_of(&last))) out = text_of(&last);
      return true;
    });
    return out;
  }

  void refuse(const Node& at, const std::string& message) {
    const auto extent = source_.expression(at.base);
    use_.problems.push_back({extent ? extent->begin : 0,
                             extent ? fmt::format("{}: {}", source_.excerpt(*extent), message) : message});
  }

  void take_default(const PgQuery__ColumnDef& column) {
    for (std::size_t i = 0; i < column.n_constraints; ++i) {
      const auto& constraint = *column.constraints[i]->constraint;
      if (constraint.contype != PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT) continue;
      const auto value = source_.expression(constraint.raw_expr->base);
      const std::size_t begin = constraint.location - 1;  // the space before it
      if (value) use_.edits.push_back({begin, value->end - begin, "", model::kNone});
    }
  }

  void read(const PgQuery__ColumnDef& column) {
    if (known_.contains(column.colname)) take_default(column);
    if (const auto* generated = generation(column); generated && !key_in(*generated).empty()) {
      refuse(*generated, fmt::format("column {} is computed from a key, and the table has to be made anew", column.colname));
    }
    const auto* of = key(column.colname);
    if (!of) return;
    const auto type = source_.type_name(*column.type_name);
    use_.edits.push_back({type.begin, type.end - type.begin, of->array ? "uuid[]" : "uuid", of->domain});
  }

  // An operator class is for the type that the column had.
  void read(const PgQuery__PartitionElem& part) {
    const bool plain = part.name && part.n_opclass == 0;
    parts_.push_back({part.name ? part.name : "", plain ? key(part.name) : nullptr});
    if (part.expr && !key_in(*part.expr).empty()) {
      refuse(*part.expr, "an expression over a key parts the rows, and a uuid gives it no value");
    } else if (part.name && part.n_opclass > 0 && key(part.name)) {
      use_.problems.push_back({0, fmt::format("operator class {} of its partition key is for integers",
                                              text_of(part.opclass[part.n_opclass - 1]))});
    }
  }

  void read(const PgQuery__AlterTableStmt& statement) {
    for (std::size_t i = 0; i < statement.n_cmds; ++i) {
      const auto& command = *statement.cmds[i]->alter_table_cmd;
      if (command.subtype != PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition) continue;
      const auto& partition = *command.def->partition_cmd;
      use_.relations.push_back(table_name(*partition.name));
      if (partition.bound) read(*partition.bound);
    }
  }

  void read(const PgQuery__PartitionBoundSpec& bound) {
    for (std::size_t i = 0; i < bound.n_listdatums; ++i) read_listed(*bound.listdatums[i]);
    for (std::size_t i = 0; i < bound.n_lowerdatums; ++i) read_end(i, *bound.lowerdatums[i]);
    for (std::size_t i = 0; i < bound.n_upperdatums; ++i) read_end(i, *bound.upperdatums[i]);
  }

  void read_listed(const Node& value) {
    if (parts_.size() != 1 || !parts_.front().of) return;
    if (value.node_case == PG_QUERY__NODE__NODE_A_CONST && value.a_const->isnull) return;
    const auto id = integer_constant(value, source_);
    const auto extent = source_.expression(value.base);
    const auto generator = parts_.front().of->generator;
    if (id && extent && plan::is_listed(generator)) {
      use_.problems.push_back({extent->begin, fmt::format("its partitions list ids of {}, and a key cannot be computed from an id "
                                                          "alone (generator {})", sql::identifier(parts_.front().column),
                                                          plan::word(generator))});
      return;
    }
    if (!id || !extent || parts_.front().of->array) return refuse(value, "this bound of a partition cannot be followed");
    use_.literals.push_back({extent->begin, extent->end - extent->begin, parts_.front().of->domain, *id});
  }

  void read_end(std::size_t place, const Node& value) {
    if (place >= parts_.size() || !parts_[place].of || is_end_of_range(value)) return;
    use_.problems.push_back({0, fmt::format("a range over the ids in {} has no meaning for a uuid: part the rows by HASH, "
                                            "or by another column", sql::identifier(parts_[place].column))});
  }

  const Source source_;
  const KeyColumns& keys_;
  const std::set<std::string>& known_;
  std::string name_;
  std::vector<Part> parts_;
  KeyUse use_;
};

}  // namespace

KeyUse partition_use(const std::string& definition, const KeyColumns& keys, const std::set<std::string>& known) {
  return Reader(definition, keys, known).run(ParsedSql(definition));
}

bool is_of_constraint(const std::string& statement, const std::set<std::string>& names) {
  const ParsedSql parsed(statement);
  const auto& node = *parsed.statements().front();
  if (node.node_case == PG_QUERY__NODE__NODE_COMMENT_STMT &&
      node.comment_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT) {
    const auto& parts = *node.comment_stmt->object->list;
    return names.contains(text_of(parts.items[parts.n_items - 1]));
  }
  if (node.node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT) return false;
  const auto& command = *node.alter_table_stmt->cmds[0]->alter_table_cmd;
  return command.subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint &&
         names.contains(command.def->constraint->conname);
}

std::vector<std::string> written_columns(const std::string& definition) {
  const ParsedSql parsed(definition);
  std::vector<std::string> out;
  const auto* table = created(parsed);
  for (std::size_t i = 0; table && i < table->n_table_elts; ++i) {
    const auto& element = *table->table_elts[i];
    if (element.node_case == PG_QUERY__NODE__NODE_COLUMN_DEF && !generation(*element.column_def)) {
      out.push_back(element.column_def->colname);
    }
  }
  return out;
}

}  // namespace rekey::lint
