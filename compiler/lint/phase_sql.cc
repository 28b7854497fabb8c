#include "compiler/lint/phase_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "compiler/lint/statement_locks.h"
#include "compiler/lint/user_text.h"

namespace rekey::lint {
namespace {

bool writes(const ProtobufCMessage& message) {
  const auto* kind = message.descriptor;
  return kind == &pg_query__insert_stmt__descriptor || kind == &pg_query__update_stmt__descriptor ||
         kind == &pg_query__delete_stmt__descriptor || kind == &pg_query__into_clause__descriptor ||
         kind == &pg_query__locking_clause__descriptor;
}

bool is_reading(const ParsedSql& parsed) {
  const auto* select = single_select(parsed);
  if (!select) return false;
  bool reads = true;
  visit_messages(select->base, [&](const ProtobufCMessage& inner) { return reads = reads && !writes(inner); });
  return reads;
}

void check_one(const plan::PhaseCheck& one, Diagnostics& diagnostics) {
  const bool query = !one.query.value.empty(), command = !one.command.value.empty();
  if (query == command) {
    diagnostics.error("check", one.name.span,
                      fmt::format("check {} has {}", one.name.value, query ? "a query and a command" : "neither a query nor a command"),
                      query ? "make two checks of it" : "add query: SELECT …, which must return no row, or command: ./smoke.sh");
  }
  if (check(one.query, "a query that reads", one.query.value, is_reading, diagnostics)) check_schemas(one.query, diagnostics);
}

// Why a step cannot run a statement, and what to write instead.
struct Refusal {
  const char *what, *fix;
};

std::optional<Refusal> refusal(const PgQuery__Node& node) {
  constexpr const char* kTransaction = "its step is a transaction already: leave it out";
  constexpr const char* kOutside = "no step of sql: can run it: it cannot be in a transaction";
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT: return Refusal{"it ends or begins a transaction", kTransaction};
    case PG_QUERY__NODE__NODE_COPY_STMT: return Refusal{"COPY takes its rows from whoever runs the file", "write INSERT"};
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
      if (node.variable_set_stmt->is_local) return std::nullopt;
      return Refusal{"SET holds for the steps after it too", "write SET LOCAL"};
    case PG_QUERY__NODE__NODE_DISCARD_STMT: return Refusal{"DISCARD takes the settings of the steps after it", "leave it out"};
    case PG_QUERY__NODE__NODE_INDEX_STMT:
      if (!node.index_stmt->concurrent) return std::nullopt;
      return Refusal{"CREATE INDEX CONCURRENTLY cannot be in a transaction", "write it under indexes: of the cleanup"};
    case PG_QUERY__NODE__NODE_DROP_STMT:
      if (!node.drop_stmt->concurrent) return std::nullopt;
      return Refusal{"DROP INDEX CONCURRENTLY cannot be in a transaction", "write it under indexes: of the cleanup"};
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
      if (!is_concurrent(*node.reindex_stmt)) return std::nullopt;
      return Refusal{"REINDEX CONCURRENTLY cannot be in a transaction", "write it under indexes: of the cleanup"};
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
      if (!node.vacuum_stmt->is_vacuumcmd) return std::nullopt;
      return Refusal{"VACUUM cannot be in a transaction", "leave it out, or write ANALYZE"};
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
    case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT: return Refusal{"it is about the whole server", kOutside};
    default: return std::nullopt;
  }
}

bool is_any(const ParsedSql& parsed) { return !parsed.statements().empty(); }

void check_statements(const plan::Text& text, Diagnostics& diagnostics) {
  if (!check(text, "a list of statements", text.value, is_any, diagnostics)) return;
  check_no_comment_at_end(text, diagnostics);
  check_schemas(text, diagnostics);
  const ParsedSql parsed(text.value);
  for (const auto* statement : parsed.statements()) {
    if (const auto why = refusal(*statement)) diagnostics.error("sql-step", text.span, why->what, why->fix);
  }
}

void check_own(const plan::OwnSql& own, Diagnostics& diagnostics) {
  check_statements(own.up, diagnostics);
  const bool stays = own.down.value == "none", reasoned = !own.reason.value.empty();
  if (!stays) check_statements(own.down, diagnostics);
  if (stays != reasoned) {
    diagnostics.error("no-way-back", stays ? own.down.span : own.reason.span,
                      stays ? fmt::format("nothing takes back {}, and no reason is given", own.name.value)
                            : "a reason is for down: none",
                      stays ? "add reason: why it may stay, or write what takes it back" : "leave it out");
  }
  check_query(own.verify, diagnostics);
}

// Of an index with a name, on a table, as pg_get_indexdef writes it.
bool is_whole_index(const ParsedSql& parsed) {
  if (parsed.statements().size() != 1 || parsed.statements().front()->node_case != PG_QUERY__NODE__NODE_INDEX_STMT) return false;
  const auto& index = *parsed.statements().front()->index_stmt;
  return !std::string_view(index.idxname).empty() && !index.if_not_exists && !index.concurrent && index.relation->inh;
}

void check_change(const plan::IndexChange& change, const plan::Phase& phase, Diagnostics& diagnostics) {
  const plan::Text* const kinds[] = {&change.create, &change.drop, &change.reindex};
  const auto given = std::count_if(std::begin(kinds), std::end(kinds), [](const auto* text) { return !text->value.empty(); });
  const plan::Text& first = !change.create.value.empty() ? change.create : !change.drop.value.empty() ? change.drop : change.reindex;
  const Span place = given == 0 ? phase.name.span : first.span;
  if (given != 1) {
    diagnostics.error("index-change", place, "an index change is one of create, drop and reindex", "write each as an item of its own");
    return;
  }
  if (phase.kind.value != plan::PhaseKind::cleanup) {
    diagnostics.error("index-change", place, fmt::format("indexes: are for the cleanup; phase {} is none", phase.name.value),
                      "move it there, or write plain CREATE INDEX and DROP INDEX under sql: of an offline phase");
  }
  const bool made = !change.create.value.empty();
  if (made != change.definition.value.empty()) {
    diagnostics.error("index-change", made ? change.definition.span : place,
                      made ? "create: is the definition already" : "what this index is like is not said",
                      made ? "leave definition: out" : "add definition: with what pg_get_indexdef says of it");
  }
  const plan::Text& text = made ? change.create : change.definition;
  if (check(text, "one CREATE INDEX with the name of the index, without CONCURRENTLY, IF NOT EXISTS and ONLY", text.value,
            is_whole_index, diagnostics)) {
    check_no_comment_at_end(text, diagnostics);
    check_schemas(text, diagnostics);
  }
}

}  // namespace

void check_phase_sql(const plan::Phase& phase, Diagnostics& diagnostics) {
  for (const auto& one : phase.checks) check_one(one, diagnostics);
  for (const auto& own : phase.sql) check_own(own, diagnostics);
  if (phase.kind.value == plan::PhaseKind::foundation && !phase.sql.empty()) {
    diagnostics.error("foundation-sql", phase.sql.front().name.span, "the foundation has schema rekey alone, no sql:",
                      "write it into the phase after it");
  }
  for (const auto& change : phase.indexes) check_change(change, phase, diagnostics);
}

}  // namespace rekey::lint
