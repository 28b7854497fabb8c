#include "compiler/lint/phase_effects.h"

#include <fmt/format.h>

#include <algorithm>

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
      const bool beside = phase.stage == model::Stage::swap || phase.written->kind.value == plan::PhaseKind::cleanup;
      if (!beside || phase.stage == model::Stage::prepare) continue;
      for (const auto& sql : phase.written->sql) {
        text(sql.up);
        if (sql.down.value != "none") text(sql.down);
      }
    }
  }

 private:
  static constexpr const char* kElsewhere = "put it into a phase of tables with strategy: offline";

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
