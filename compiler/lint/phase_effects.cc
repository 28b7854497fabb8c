#include "compiler/lint/phase_effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/lint/locks.h"

namespace rekey::lint {
namespace {

// "ALTER TABLE", of a statement as it stands.
std::string first_words(const std::string& statement) {
  const auto end = statement.find_first_of(" \t\n;", std::min(statement.find_first_of(" \t\n;") + 1, statement.size()));
  return statement.substr(0, end);
}

class Check {
 public:
  Check(const model::Model& model, Diagnostics& diagnostics) : knowledge_(model), model_(model), diagnostics_(diagnostics) {}

  void run() {
    for (const auto& phase : model_.phases) {
      if (!phase.is_before_the_end()) {
        for (const auto& sql : phase.written->sql) made(sql, phase);
      }
      const bool beside = phase.stage == model::Stage::swap || phase.written->kind.value == plan::PhaseKind::cleanup;
      if (!beside) continue;
      for (const auto& sql : phase.written->sql) {
        text(sql.up);
        if (sql.down.value != "none") text(sql.down);
      }
    }
  }

 private:
  static constexpr const char* kElsewhere = "put it into a phase of tables with strategy: offline";

  // What it makes may not keep keys from changing: in a later phase, or, where nothing takes it away, on the way back.
  void made(const plan::OwnSql& sql, const model::Phase& phase) {
    const bool stays = sql.down.value == "none";
    const ParsedSql parsed(sql.up.value);
    std::set<std::string> said;
    for (const auto* statement : parsed.statements()) {
      for (const auto& table : stood_on(*statement)) {
        const auto* changes = changing(table, stays ? model_.phases.data() : &phase + 1);
        if (!changes || !said.insert(table).second) continue;
        diagnostics_.error("own-dependent", sql.up.span,
                           fmt::format("what {} makes stands on {}, whose keys {}", sql.name.value, table,
                                       changes > &phase ? "change in phase " + changes->name() : "go back in a rollback"),
                           changes > &phase ? "move it to the end of that phase" : "write what takes it away under down:");
      }
    }
  }

  // By a view, and by foreign keys.
  static std::vector<std::string> stood_on(const PgQuery__Node& statement) {
    if (statement.node_case == PG_QUERY__NODE__NODE_VIEW_STMT) return tables_in(statement.view_stmt->query->base);
    if (statement.node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT &&
        statement.create_table_as_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW) {
      return tables_in(statement.create_table_as_stmt->query->base);
    }
    std::vector<std::string> out;
    visit_messages(statement.base, [&](const ProtobufCMessage& inner) {
      if (inner.descriptor != &pg_query__constraint__descriptor) return true;
      const auto* parent = reinterpret_cast<const PgQuery__Constraint&>(inner).pktable;
      if (parent) out.push_back(table_name(*parent));
      return true;
    });
    return out;
  }

  // A phase, from that one on, that changes keys of the table.
  const model::Phase* changing(const std::string& table, const model::Phase* from) const {
    for (const auto* phase = from; phase <= &model_.phases.back(); ++phase) {
      const auto& tables = knowledge_.changed_in(phase->id);
      if (std::find(tables.begin(), tables.end(), table) != tables.end()) return phase;
    }
    return nullptr;
  }

  void text(const plan::Text& sql) {
    Effects effects;
    const ParsedSql parsed(sql.value);
    const auto places = statements_in(sql.value);
    for (std::size_t i = 0; i < parsed.statements().size(); ++i) {
      if (is_known(*parsed.statements()[i], knowledge_, {}, effects)) continue;
      diagnostics_.error("unknown-locks", sql.span,
                         fmt::format("which locks {} takes cannot be told, and this phase runs beside the application",
                                     first_words(sql.value.substr(places[i].offset, places[i].length))),
                         fmt::format("write the statements that it runs, or {}", kElsewhere));
    }
    for (const auto& lock : effects.locks) long_work(sql, effects, lock);
  }

  void long_work(const plan::Text& sql, const Effects& effects, const bundle::TableLock& lock) {
    if (!bundle::conflict(lock.mode, bundle::LockMode::row_exclusive)) return;
    for (const auto& [tables, verb] : {std::pair{&effects.rewrites, "rewrites"}, std::pair{&effects.scans, "reads all of"}}) {
      if (std::find(tables->begin(), tables->end(), lock.table) == tables->end()) continue;
      diagnostics_.error("long-lock", sql.span,
                         fmt::format("it {} {} under {}, for which writers wait, and this phase runs beside the application", verb,
                                     lock.table, bundle::name(lock.mode)),
                         fmt::format("make steps of it that do one or the other, or {}", kElsewhere));
      return;
    }
  }

  const Knowledge knowledge_;
  const model::Model& model_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_phase_effects(const model::Model& model, Diagnostics& diagnostics) { Check(model, diagnostics).run(); }

}  // namespace rekey::lint
