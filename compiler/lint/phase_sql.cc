#include "compiler/lint/phase_sql.h"

#include <fmt/format.h>

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

}  // namespace

void check_phase_sql(const plan::Phase& phase, Diagnostics& diagnostics) {
  for (const auto& one : phase.checks) check_one(one, diagnostics);
  if (!phase.sql.empty() || !phase.indexes.empty() || !phase.drop.empty()) {
    diagnostics.error("not-available", phase.name.span, "sql:, indexes: and drop: of a phase are not available yet", "leave them out");
  }
}

}  // namespace rekey::lint
