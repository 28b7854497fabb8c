#include "compiler/lint/locks.h"

#include <algorithm>
#include <string_view>

#include "compiler/lint/alter_locks.h"
#include "compiler/lint/statement_locks.h"
#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

using bundle::LockMode;

// Schema rekey is ours alone: its locks delay nobody.
bool is_ours(const std::string& table) { return table.starts_with("rekey."); }

// The tables of a query, read under ACCESS SHARE; each is scanned when the query has no WHERE that could
// spare it. An INSERT's own target is ours.
void read_query(const ProtobufCMessage& message, Effects& out) {
  for (const auto& table : tables_in(message)) {
    if (!is_users(table)) continue;
    out.lock(table, LockMode::access_share);
    out.scan(table);
  }
}

std::string text_argument(const PgQuery__FuncCall& call, std::size_t index) {
  if (index >= call.n_args || call.args[index]->node_case != PG_QUERY__NODE__NODE_A_CONST) return {};
  const auto& constant = *call.args[index]->a_const;
  return constant.val_case == PG_QUERY__A__CONST__VAL_SVAL ? constant.sval->sval : std::string();
}

bool read(const PgQuery__Node& node, const Knowledge& knowledge, const std::vector<std::string>& fallback,
          Effects& out);

bool read_call(const PgQuery__FuncCall& call, const Knowledge& knowledge, const std::vector<std::string>& fallback,
               Effects& out);

// A SELECT of one of our functions stands for the statements that it gives.
bool read_planned(const PgQuery__Node& node, const Knowledge& knowledge, const std::vector<std::string>& fallback, Effects& out) {
  if (node.node_case != PG_QUERY__NODE__NODE_SELECT_STMT || node.select_stmt->n_target_list != 1) return read(node, knowledge, fallback, out);
  const auto& value = *node.select_stmt->target_list[0]->res_target->val;
  return value.node_case == PG_QUERY__NODE__NODE_FUNC_CALL && read_call(*value.func_call, knowledge, fallback, out);
}

// Procedures and functions of templates/foundation; false for one that is not known here.
bool read_call(const PgQuery__FuncCall& call, const Knowledge& knowledge, const std::vector<std::string>& fallback,
               Effects& out) {
  if (call.n_funcname != 2 || std::string_view(call.funcname[0]->string->sval) != "rekey") return false;
  const std::string_view name = call.funcname[1]->string->sval;
  auto read_tables = [&](const std::vector<std::string>& tables) {
    for (const auto& table : tables) {
      out.lock(table, LockMode::access_share);
      out.scan(table);
    }
  };
  auto lock_argument = [&](std::size_t index, LockMode mode) { lock_all(text_argument(call, index), mode, knowledge, out); };
  auto scan_argument = [&](std::size_t index, LockMode mode) {
    lock_argument(index, mode);
    out.scan(text_argument(call, index));
    for (const auto& partition : knowledge.partitions(text_argument(call, index))) out.scan(partition);
  };
  if (name == "expect_condition") {
    lock_argument(0, LockMode::access_share);
  } else if (name == "expect_names" || name == "expect_expression" || name == "expect_keys" || name == "give_rest") {
    scan_argument(0, LockMode::access_share);
  } else if (name == "expect_keys_of_their_own") {
    scan_argument(1, LockMode::access_share);
  } else if (name == "expect_referred") {
    for (std::size_t table : {0, 2}) scan_argument(table, LockMode::access_share);
  } else if (name == "measure") {
    read_tables({text_argument(call, 2)});
  } else if (name == "list_keys" || name == "pair_keys" || name == "pair_picked" || name == "pair_stage") {
    const ParsedSql query(text_argument(call, call.n_args - 1));
    read_query(query.statements().front()->base, out);
  } else if (name == "expect_none") {
    const ParsedSql query(text_argument(call, 2));
    read_query(query.statements().front()->base, out);
  } else if (name == "run_with_keys" || name == "plan_changes") {
    const ParsedSql run(text_argument(call, 0));
    for (const auto* statement : run.statements()) {
      if (!read_planned(*statement, knowledge, fallback, out)) return false;
    }
  } else if (name == "save_ids" || name == "assign_legacy_ids") {
    read_tables(knowledge.sources(text_argument(call, 0)));
  } else if (name == "expect_legacy" || name == "expect_columns" || name == "expect_way_back" || name == "expect_references" || name == "expect_moved") {
    read_tables(knowledge.changed_in(text_argument(call, 0)));
  } else if (name == "backfill" || name == "settle_old_keys") {
    const bool reads = text_argument(call, 2).starts_with("SELECT ");
    out.lock(text_argument(call, 1), reads ? LockMode::access_share : LockMode::row_exclusive);
    out.scan(text_argument(call, 1));
    out.shared = true;
  } else if (name == "note_rule") {
    scan_argument(1, LockMode::row_exclusive);
    scan_argument(3, LockMode::access_share);
  } else if (name == "find_duplicates") {
    const ParsedSql query(text_argument(call, 2));
    read_query(query.statements().front()->base, out);
  } else if (name == "settle_new_partitions") {
    lock_argument(1, LockMode::row_exclusive);
    out.scan(text_argument(call, 1));
  } else if (name == "expect_surrogate" || name == "expect_texts" || name == "expect_droppable" || name == "expect_required" || name == "expect_follower") {
    lock_argument(0, LockMode::access_share);
  } else if (name == "expect_equal") {
    const ParsedSql query(text_argument(call, 2));
    read_query(query.statements().front()->base, out);
    scan_argument(0, LockMode::access_share);
  } else if (name == "release_key" || name == "leave_key") {
    lock_argument(0, LockMode::access_exclusive);
  } else if (name == "take_key" || name == "restore_key" || name == "require_like") {
    scan_argument(0, LockMode::access_exclusive);
  } else if (name == "archive_columns") {
    scan_argument(2, LockMode::access_exclusive);
  } else if (name == "restore_archived") {
    lock_argument(1, LockMode::access_exclusive);
    out.rewrite(text_argument(call, 1));
  } else if (name == "expect_agreement") {
    scan_argument(0, LockMode::access_share);
    const ParsedSql condition("SELECT FROM " + text_argument(call, 0) + " t WHERE " + text_argument(call, 1));
    read_query(condition.statements().front()->base, out);
  } else if (name == "validate_required") {
    scan_argument(0, LockMode::share_update_exclusive);
  } else if (name == "validate_foreign_key_part") {
    scan_argument(0, LockMode::share_update_exclusive);
    lock_argument(3, LockMode::row_share);
  } else if (name == "foreign_key_drops" || name == "join_foreign_key") {
    for (std::size_t table : {0, 2}) lock_argument(table, LockMode::access_exclusive);
  } else if (name == "foreign_key_additions") {
    for (std::size_t table : {0, 2}) lock_argument(table, LockMode::share_row_exclusive);
  } else if (name == "join_twins") {
    lock_argument(0, LockMode::share);
  } else if (name == "require" || name == "require_no_more" || name == "set_required" || name == "name_not_nulls" || name == "allow_null" ||
             name == "restore_columns" || name == "index_exchange" || name == "key_exchange") {
    lock_argument(0, LockMode::access_exclusive);
  } else if (name == "copy_column_settings") {
    lock_argument(0, LockMode::share_update_exclusive);
  } else if (name == "lock_out") {
    for (std::size_t i = 0; i < call.n_args; ++i) {
      if (text_argument(call, i).starts_with("SEQUENCE ")) continue;
      const ParsedSql lock("LOCK TABLE " + text_argument(call, i));
      if (!read(*lock.statements().front(), knowledge, fallback, out)) return false;
    }
  } else if (name == "restore_foreign_key_parts") {
    lock_all(text_argument(call, 0), LockMode::access_exclusive, knowledge, out);
  } else if (name == "make_bridge") {
    out.lock(text_argument(call, 1), LockMode::access_share);
  } else if (name == "begin_ids") {
    out.lock(text_argument(call, 2), LockMode::access_share);
  } else if (name == "settle_indexes") {
    out.lock(text_argument(call, 0), LockMode::share);
  } else {
    static const std::string_view journal_only[] = {
        "open_phase", "register_steps", "close_phase", "withdraw_phase", "begin_step", "end_step",
        "begin_undo", "end_undo", "restore_sequence", "keep_secret", "keep_partition_indexes", "keep_foreign_key_parts",
        "restore_partition_indexes", "note_shape", "expect_shape", "expect_own_keys", "expect_online", "expect_partitions", "expect_tree", "expect_twins", "expect_bridge", "expect_indexes", "expect_room_for_locks", "save_sequences",
        "save_positions", "make_changes", "note_changed", "reopen_phase", "begin_repair", "settle_orphans", "merge_rows", "forget_merges",
        "expect_no_children", "restore_rows", "end_ids", "catch_up_ids", "keep_columns", "expect_free_name",
        "expect_plain_index", "expect_no_copies", "enter_stage", "leave_stage", "begin_move", "expect_known_values"};
    return std::find(std::begin(journal_only), std::end(journal_only), name) != std::end(journal_only);
  }
  return true;
}

std::string dropped_from(const PgQuery__DropStmt& statement, std::size_t i) {
  const auto& parts = *statement.objects[i]->list;  // schema, table, trigger
  if (parts.n_items != 3) return {};
  return sql::identifier(parts.items[0]->string->sval) + "." + sql::identifier(parts.items[1]->string->sval);
}

// The first part of the name of what is dropped; empty when there is but one part.
std::string schema_of(const PgQuery__Node& object) {
  if (object.node_case == PG_QUERY__NODE__NODE_STRING) return object.string->sval;  // a schema itself
  if (object.node_case != PG_QUERY__NODE__NODE_LIST || object.list->n_items < 2) return {};
  return object.list->items[0]->string->sval;
}

bool read_drop(const PgQuery__DropStmt& statement, const Knowledge& knowledge, const std::vector<std::string>& fallback,
               Effects& out) {
  switch (statement.remove_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
      if (!statement.concurrent) return false;
      for (const auto& table : fallback) lock_all(table, LockMode::share_update_exclusive, knowledge, out);
      return true;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE: break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE: return true;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
      for (std::size_t i = 0; i < statement.n_objects; ++i) {
        const auto& parts = *statement.objects[i]->list;
        if (parts.n_items != 2) return false;
        const auto relation =
            sql::identifier(parts.items[0]->string->sval) + "." + sql::identifier(parts.items[1]->string->sval);
        out.lock(relation, LockMode::access_exclusive);
        for (const auto& parent : knowledge.parents(relation)) lock_all(parent, LockMode::access_exclusive, knowledge, out);
      }
      return true;
    default:
      return std::all_of(statement.objects, statement.objects + statement.n_objects,
                         [](const auto* object) { return schema_of(*object) == "rekey"; });
  }
  for (std::size_t i = 0; i < statement.n_objects; ++i) {
    const auto table = dropped_from(statement, i);
    if (table.empty()) return false;
    lock_all(table, LockMode::access_exclusive, knowledge, out);
  }
  return true;
}

bool read_comment(const PgQuery__CommentStmt& statement, Effects& out) {
  if (statement.objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT) return true;
  const auto& parts = *statement.object->list;
  out.lock(sql::identifier(parts.items[0]->string->sval) + "." +
               sql::identifier(parts.items[1]->string->sval),
           LockMode::share_update_exclusive);
  return true;
}

// False when the statement's kind is not known.
bool read(const PgQuery__Node& node, const Knowledge& knowledge, const std::vector<std::string>& fallback,
          Effects& out) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
    case PG_QUERY__NODE__NODE_GRANT_STMT: return true;
    case PG_QUERY__NODE__NODE_DELETE_STMT: return is_ours(table_name(*node.delete_stmt->relation));
    case PG_QUERY__NODE__NODE_UPDATE_STMT: return is_ours(table_name(*node.update_stmt->relation));
    case PG_QUERY__NODE__NODE_VIEW_STMT:
      for (const auto& table : tables_in(node.view_stmt->query->base)) out.lock(table, LockMode::access_share);
      return true;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
      read_query(node.create_table_as_stmt->query->base, out);
      return true;
    case PG_QUERY__NODE__NODE_RULE_STMT:
      out.lock(table_name(*node.rule_stmt->relation), LockMode::access_exclusive);
      return true;
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
      out.lock(table_name(*node.create_policy_stmt->table), LockMode::access_exclusive);
      return true;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
      lock_all(table_name(*node.index_stmt->relation),
               node.index_stmt->concurrent ? LockMode::share_update_exclusive : LockMode::share, knowledge, out);
      out.scan(table_name(*node.index_stmt->relation));
      return true;
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
      for (const auto& table : tables_in(node.base)) out.lock(table, LockMode::share_update_exclusive);
      return true;
    case PG_QUERY__NODE__NODE_ALTER_STATS_STMT: return true;
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT: return true;
    case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
      for (const auto& table : tables_in(node.base)) out.lock(table, LockMode::share_update_exclusive);
      return true;
    case PG_QUERY__NODE__NODE_CREATE_STMT: return is_ours(table_name(*node.create_stmt->relation));
    case PG_QUERY__NODE__NODE_COMMENT_STMT: return read_comment(*node.comment_stmt, out);
    case PG_QUERY__NODE__NODE_DROP_STMT: return read_drop(*node.drop_stmt, knowledge, fallback, out);
    case PG_QUERY__NODE__NODE_CALL_STMT: return read_call(*node.call_stmt->funccall, knowledge, fallback, out);
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
      read_alter_table(*node.alter_table_stmt, knowledge, out);
      return true;
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
      lock_all(table_name(*node.create_trig_stmt->relation), LockMode::share_row_exclusive, knowledge, out);
      return true;
    case PG_QUERY__NODE__NODE_LOCK_STMT:
      for (std::size_t i = 0; i < node.lock_stmt->n_relations; ++i) {
        for (const auto& table : reached(*node.lock_stmt->relations[i]->range_var, knowledge)) {
          out.lock(table, static_cast<LockMode>(node.lock_stmt->mode - 1));
        }
      }
      return true;
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
      if (!is_concurrent(*node.reindex_stmt) || fallback.empty()) return false;
      for (const auto& table : fallback) {
        lock_all(table, LockMode::share_update_exclusive, knowledge, out);
        out.scan(table);
      }
      return true;
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
      for (const auto& table : tables_in(node.vacuum_stmt->base)) {
        lock_all(table, LockMode::share_update_exclusive, knowledge, out);
        out.scan(table);
      }
      return true;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
      if (!is_ours(table_name(*node.insert_stmt->relation))) return false;
      read_query(node.insert_stmt->base, out);
      return true;
    case PG_QUERY__NODE__NODE_SELECT_STMT: read_query(node.select_stmt->base, out); return true;
    default: return false;
  }
}

// The weakest mode that conflicts with all that either does. SHARE is no superset of the modes before it
// that conflict with it.
LockMode both(LockMode a, LockMode b) {
  const auto [low, high] = std::minmax(a, b);
  return high == LockMode::share && low != high && bundle::conflict(low, high) ? LockMode::share_row_exclusive
                                                                             : high;
}

const std::string kNoTable;
const std::vector<std::string> kNoTables;

}  // namespace

void Effects::lock(const std::string& table, LockMode mode) {
  if (is_ours(table)) return;
  const auto [place, first] = locked_.try_emplace(table, locks.size());
  if (first) locks.push_back({table, mode});
  else locks[place->second].mode = both(locks[place->second].mode, mode);
}

void Effects::rewrite(const std::string& table) {
  if (!is_ours(table) && rewritten_.insert(table).second) rewrites.push_back(table);
}

void Effects::scan(const std::string& table) {
  if (!is_ours(table) && scanned_.insert(table).second) scans.push_back(table);
}

Knowledge::Knowledge(const model::Model& model) {
  auto table = [&](model::TableId t) { return sql::table(model.tables[t].name()); };
  for (const auto& fk : model.foreign_keys) {
    referenced_[{table(fk.child), fk.written->name.value}] = table(fk.parent);
  }
  for (const auto& e : model.enforced) referenced_[{table(e.child), e.name}] = table(e.parent);
  for (std::size_t t = 0; t < model.tables.size(); ++t) {
    if (model.tables[t].children.empty()) continue;
    for (model::TableId member : model.family(static_cast<int>(t))) {
      if (member == static_cast<int>(t)) continue;
      members_[table(static_cast<int>(t))].push_back(table(member));
      if (model.tables[t].partitioned()) partitions_[table(static_cast<int>(t))].push_back(table(member));
    }
  }
  for (const auto& dependent : model.dependents) {
    if (dependent.handling == model::Dependent::Handling::made_anew) add_foreign_keys(dependent.written->definition.value);
  }
  for (const auto& domain : model.domains) {
    if (!domain.changes) continue;
    auto& sources = sources_[domain.name];
    for (model::ColumnId c : domain.columns) {
      if (model.columns[c].source) sources.push_back(table(model.columns[c].table));
    }
    for (const auto& place : domain.places) sources_[model.domain_of(place.key).name].push_back(table(model.columns[domain.root].table));
  }
  for (const auto& phase : model.phases) {
    for (model::TableId t : phase.changed) changed_[phase.id].push_back(table(t));
  }
}

const std::string& Knowledge::referenced(const std::string& table, const std::string& constraint) const {
  auto found = referenced_.find({table, constraint});
  return found == referenced_.end() ? kNoTable : found->second;
}

// Of a table that is dropped and made again: the others are set aside before, in steps of their own.
void Knowledge::add_foreign_keys(const std::string& definition) {
  const ParsedSql parsed(definition);
  for (const auto* statement : parsed.statements()) {
    if (statement->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT) continue;
    const auto& alter = *statement->alter_table_stmt;
    for (std::size_t i = 0; i < alter.n_cmds; ++i) {
      const auto& command = *alter.cmds[i]->alter_table_cmd;
      if (command.subtype != PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint) continue;
      const auto& constraint = *command.def->constraint;
      if (constraint.contype != PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN) continue;
      const auto table = table_name(*alter.relation);
      if (!referenced_.contains({table, constraint.conname})) parents_[table].push_back(table_name(*constraint.pktable));
    }
  }
}

const std::vector<std::string>& Knowledge::parents(const std::string& table) const {
  auto found = parents_.find(table);
  return found == parents_.end() ? kNoTables : found->second;
}

const std::vector<std::string>& Knowledge::sources(const std::string& domain) const {
  auto found = sources_.find(domain);
  return found == sources_.end() ? kNoTables : found->second;
}

const std::vector<std::string>& Knowledge::members(const std::string& table) const {
  auto found = members_.find(table);
  return found == members_.end() ? kNoTables : found->second;
}

const std::vector<std::string>& Knowledge::partitions(const std::string& table) const {
  auto found = partitions_.find(table);
  return found == partitions_.end() ? kNoTables : found->second;
}

const std::vector<std::string>& Knowledge::changed_in(const std::string& phase) const {
  auto found = changed_.find(phase);
  return found == changed_.end() ? kNoTables : found->second;
}

bool is_known(const PgQuery__Node& statement, const Knowledge& knowledge, const std::vector<std::string>& fallback, Effects& out) {
  return read(statement, knowledge, fallback, out) || read_own_statement(statement, knowledge, out);
}

void add_effects(const PgQuery__Node& statement, const Knowledge& knowledge,
                 const std::vector<std::string>& fallback, Effects& out) {
  if (is_known(statement, knowledge, fallback, out)) return;
  for (const auto& table : fallback) lock_all(table, LockMode::access_exclusive, knowledge, out);
}

}  // namespace rekey::lint
