#include "compiler/inspect/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "compiler/inspect/inspect.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/sql.h"
#include "compiler/lower/step.h"

namespace rekey::inspect {

namespace {

using model::DependentId;
using model::TableId;
using plan::DependentKind;

bool rewrites(const bundle::Step& step) { return step.kind == "rewrite" || step.kind == "repartition"; }

// ALTER COLUMN TYPE makes these anew itself, and then does not say which of them stopped it.
bool is_rebuilt(const model::Dependent& d) {
  const auto kind = d.written->kind.value;
  return d.handling == model::Dependent::Handling::nothing && d.written->as_is.value.empty() &&
         (kind == DependentKind::check || kind == DependentKind::exclusion_constraint ||
          kind == DependentKind::index || kind == DependentKind::statistics);
}

// They need every step of the phase, but run whatever became of it.
bool runs_anyway(const bundle::Step& step) {
  return step.kind == "vacuum" || step.kind == "close" || step.kind == "open";
}

std::string what_of(const bundle::Step& step) {
  if (rewrites(step)) return "change of its keys";
  if (step.kind == "detach" || step.kind == "attach" || step.kind == "validate") return "foreign keys";
  if (step.kind == "keys") return "ids";
  return "step " + step.id;
}

std::string one_line(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("; ") : std::string(1, c);
  return out;
}

// "PL/pgSQL function public.f(text) line 1 at RETURN", the innermost that is not ours.
std::string users_function(const std::string& context) {
  std::istringstream lines(context);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" function ") != std::string::npos && line.find("function rekey.") == std::string::npos) return line;
  }
  return "";
}

class Run {
 public:
  Run(db::Connection& copy, const model::Model& model, const emit::Emitted& emitted)
      : copy_(copy), model_(model), emitted_(emitted) {
    for (const auto& phase : emitted.bundle.phases) {
      for (std::size_t d = 0; d < model.dependents.size(); ++d) {
        const auto id = static_cast<DependentId>(d);
        const auto slug = fmt::format("{}.{}", phase.id, lower::dependent_slug(model, id));
        for (const char* kind : {"set_aside", "put_back"}) dependents_[fmt::format("{}.{}", slug, kind)] = id;
      }
    }
    for (std::size_t t = 0; t < model.tables.size(); ++t) {
      tables_[sql::table(model.tables[t].name())] = static_cast<TableId>(t);
    }
  }

  Trial run(const std::function<void()>& there) {
    const auto& phases = emitted_.bundle.phases;
    for (std::size_t p = 0; p < phases.size(); ++p) up(phases[p], static_cast<model::PhaseId>(p));
    there();
    for (auto phase = phases.rbegin(); phase != phases.rend(); ++phase) down(*phase);
    for (const DependentId d : trial_.tried) trial_.not_tried.erase(d);
    return std::move(trial_);
  }

 private:
  void enter(const bundle::Phase& phase, const std::string& file, const bundle::Range& settings) {
    text_ = &emitted_.files.at(phase.folder + "/" + file);
    copy_.exec("RESET ALL");
    copy_.exec(piece(settings));
  }
  std::string_view piece(const bundle::Range& range) const {
    return std::string_view(*text_).substr(range.offset, range.length);
  }

  // What the server says against it, if anything.
  std::optional<std::string> statement(std::string_view sql) {
    about_data_ = false;
    try {
      copy_.exec(sql);
      return std::nullopt;
    } catch (const db::Disconnected&) {
      throw;
    } catch (const db::Error& error) {
      about_data_ = error.sqlstate.starts_with("22");
      const auto more = error.detail.empty() ? users_function(error.context) : error.detail;
      return one_line(more.empty() ? error.what() : fmt::format("{} ({})", error.what(), more));
    }
  }
  std::optional<std::string> attempt(const bundle::Side& side) {
    for (const auto& range : side.statements) {
      if (auto said = statement(piece(range))) {
        copy_.exec("ROLLBACK");  // not through statement(): its verdict stays
        copy_.exec("SELECT pg_advisory_unlock_all()");
        return said;
      }
    }
    return std::nullopt;
  }
  // The journal takes a step that was left out for done, or undone.
  void pretend(const bundle::Step& step, const char* state) {
    copy_.exec("UPDATE rekey.steps SET state = $1 WHERE step = $2", {state, step.id});
  }

  DependentId dependent_of(const bundle::Step& step) const {
    const auto found = dependents_.find(step.id);
    return found == dependents_.end() ? model::kNone : found->second;
  }
  bool is_absent(DependentId d) const { return absent_.contains(d); }

  void report(const bundle::Step& step, bool way_back, std::string message) {
    const DependentId d = dependent_of(step);
    if (d != model::kNone) return trial_.failures.push_back({d, "", "", way_back, std::move(message)});
    if (step.kind == "vacuum" && failed_.contains(step.table)) return;  // for the same reason
    failed_.insert(step.table);
    trial_.failures.push_back({d, step.table, what_of(step), way_back, std::move(message)});
  }

  void up(const bundle::Phase& phase, model::PhaseId number) {
    enter(phase, "up.sql", phase.up_session);
    for (const auto& step : phase.steps) {
      if (is_gone(step)) pass_over(step);
      else if (blocked(step)) leave_out(step);
      else run_up(step, number);
    }
    if (!missing_.contains(phase.steps.front().id)) return;
    if (phase.kind == "foundation") {
      throw CannotInspect("the foundation cannot be laid on the copy of the schema: " + trial_.failures.back().message);
    }
    copy_.exec(R"(INSERT INTO rekey.phases VALUES ($1, $2, '', 'applied')
                  ON CONFLICT (phase) DO UPDATE SET state = 'applied')",
               {phase.id, phase.name});
  }

  // What it would drop is not there: an earlier phase could not make it again.
  bool is_gone(const bundle::Step& step) const { return step.kind == "set_aside" && is_absent(dependent_of(step)); }
  void pass_over(const bundle::Step& step) {
    passed_over_.insert(step.id);
    pretend(step, "done");
  }

  bool blocked(const bundle::Step& step) const {
    if (step.kind == "put_back") {
      const auto& on = model_.dependents[dependent_of(step)].built_on;
      if (std::any_of(on.begin(), on.end(), [&](DependentId d) { return is_absent(d); })) return true;
    }
    const auto& needs = step.needs;
    return !runs_anyway(step) && std::any_of(needs.begin(), needs.end(), [&](const auto& need) {
      return missing_.contains(need);
    });
  }

  void leave_out(const bundle::Step& step) {
    missing_.insert(step.id);
    pretend(step, "done");
    const DependentId d = dependent_of(step);
    if (d == model::kNone) {
      if (rewrites(step)) mark_rebuilt(step, trial_.not_tried);
      return;
    }
    trial_.not_tried.insert(d);
    if (step.kind == "put_back") absent_.insert(d);
  }

  void run_up(const bundle::Step& step, model::PhaseId number) {
    auto said = attempt(step.up);
    const DependentId d = dependent_of(step);
    // Its query never ran over our rows before.
    const bool ours = about_data_ && d != model::kNone &&
                      model_.dependents[d].written->kind.value == DependentKind::materialized_view;
    if (said && ours) return leave_out(step);
    if (d != model::kNone && step.kind == "put_back") trial_.tried.insert(d);
    if (said && rewrites(step) && find_culprits(step, number)) return;
    if (said) {
      report(step, false, *said);
      missing_.insert(step.id);
      if (step.kind != "foundation") pretend(step, "done");
    } else if (rewrites(step)) {
      mark_rebuilt(step, trial_.tried);
    }
    if (d == model::kNone) return;
    const bool returns = model_.dependents[d].written->set_aside.value.empty();
    if (step.kind == "set_aside" ? !said && !returns : said.has_value()) absent_.insert(d);
    else if (step.kind == "put_back") absent_.erase(d);
  }

  std::vector<DependentId> rebuilt_by(const bundle::Step& step) const {
    const auto family = model_.family(tables_.at(step.table));
    std::vector<DependentId> out;
    for (std::size_t d = 0; d < model_.dependents.size(); ++d) {
      const auto& dependent = model_.dependents[d];
      if (is_rebuilt(dependent) && std::any_of(family.begin(), family.end(), [&](TableId t) {
            return std::find(dependent.tables.begin(), dependent.tables.end(), t) != dependent.tables.end();
          })) {
        out.push_back(static_cast<DependentId>(d));
      }
    }
    return out;
  }
  void mark_rebuilt(const bundle::Step& step, std::set<DependentId>& as) {
    for (const DependentId d : rebuilt_by(step)) as.insert(d);
  }

  // The change once more without what it would make anew, which then is made one by one. True when one of
  // those was in the way.
  bool find_culprits(const bundle::Step& step, model::PhaseId number) {
    const auto rebuilt = rebuilt_by(step);
    if (rebuilt.empty()) return false;
    for (auto d = rebuilt.rbegin(); d != rebuilt.rend(); ++d) {
      statement(lower::drop_statement(*model_.dependents[*d].written));
    }
    if (attempt(step.up)) return false;
    bool found = false;
    for (const DependentId d : rebuilt) {
      trial_.tried.insert(d);
      if (auto said = statement(lower::statements_before(model_, model_.dependents[d], number + 1))) {
        trial_.failures.push_back({d, "", "", false, std::move(*said)});
        found = true;
      }
    }
    return found;
  }

  void down(const bundle::Phase& phase) {
    if (missing_.contains(phase.steps.front().id)) {
      copy_.exec("UPDATE rekey.phases SET state = 'rolled back' WHERE phase = $1", {phase.id});
      return;
    }
    enter(phase, "down.sql", phase.down_session);
    std::map<std::string, const bundle::Step*> steps;
    for (const auto& step : phase.steps) steps[step.id] = &step;
    for (const auto& id : phase.undo_order) run_down(*steps.at(id));
    if (phase.kind != "foundation") {
      copy_.exec("UPDATE rekey.phases SET state = 'rolled back' WHERE phase = $1", {phase.id});
    }
  }

  void run_down(const bundle::Step& step) {
    const bool done = !missing_.contains(step.id) && !passed_over_.contains(step.id);
    if (!done && !step.undo_always) return pretend(step, "undone");
    if (step.kind == "foundation" && !stuck_.empty()) return;  // what did not go back needs it
    const auto& needs = step.undo_needs;
    const bool stuck = !runs_anyway(step) && std::any_of(needs.begin(), needs.end(), [&](const auto& need) {
      return stuck_.contains(need);
    });
    if (!stuck) {
      const auto said = attempt(step.down);
      if (!said) return;
      report(step, true, *said);
    }
    stuck_.insert(step.id);
    if (step.kind != "foundation") pretend(step, "undone");  // whose journal is here still
  }

  db::Connection& copy_;
  const model::Model& model_;
  const emit::Emitted& emitted_;
  std::map<std::string, DependentId> dependents_;  // by the ids of their steps
  std::map<std::string, TableId> tables_;
  const std::string* text_ = nullptr;              // of the file that is run
  std::set<std::string> missing_, stuck_;          // steps that were not done, or not undone
  std::set<std::string> passed_over_;              // that had nothing to do
  std::set<std::string> failed_;                   // tables of which a step failed
  std::set<DependentId> absent_;                   // that are not there after what ran
  bool about_data_ = false;                        // the last complaint; our rows are made up
  Trial trial_;
};

}  // namespace

Trial try_out(db::Connection& copy, const model::Model& model, const emit::Emitted& emitted,
              const std::function<void()>& there) {
  return Run(copy, model, emitted).run(there);
}

}  // namespace rekey::inspect
