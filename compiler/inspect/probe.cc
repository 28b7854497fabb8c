#include "compiler/inspect/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/compile.h"
#include "compiler/inspect/functions.h"
#include "compiler/inspect/rows.h"
#include "compiler/inspect/trial.h"
#include "compiler/lint/dependents.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"
#include "runtime/copy/schema_copy.h"

namespace rekey::inspect {

namespace {

using plan::DependentKind;

constexpr const char* kUnsettled = "it is not settled yet";

plan::Text text(const std::string& value) { return {value, {}}; }

// A draft that compiles: what is not settled in it is set aside, or left where it is when nothing says how
// to drop it.
struct Tryable {
  std::string text;
  std::unique_ptr<Checked> checked;
  std::set<std::size_t> unsettled;
};

// The dependent whose entry has the line; the dependents are the last part of a plan.
std::optional<std::size_t> entry_at(const plan::Plan& written, int line) {
  std::optional<std::size_t> found;
  for (std::size_t d = 0; d < written.dependents.size(); ++d) {
    if (written.dependents[d].span.line <= line) found = d;
  }
  return found;
}

bool settle(plan::Dependent& d) {
  const bool can_leave = !d.definition.value.empty() && !lower::drop_statement(d).empty() &&
                         !lint::is_text_to_the_server(d);
  if (d.set_aside.value.empty() && can_leave) {
    d.set_aside = text(kUnsettled);
  } else if (d.as_is.value.empty()) {
    d.set_aside = {};
    d.as_is = text(kUnsettled);
  } else {
    return false;
  }
  return true;
}

// A column whose default is still to be decided has none meanwhile.
bool settle_default(plan::Plan& plan, const plan::Plan& written, const Diagnostic& d) {
  if (d.code != "default") return false;
  for (std::size_t t = 0; t < written.tables.size(); ++t) {
    const auto& columns = written.tables[t].columns;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Span& at = columns[c].default_value.span;
      if (at.line != d.span.line || at.column != d.span.column) continue;
      auto& decided = plan.tables[t].columns[c].new_default;
      if (!decided.value.empty()) return false;
      decided = text("none");
      return true;
    }
  }
  return false;
}

[[noreturn]] void cannot_try(const Diagnostics& found) {
  std::string reasons;
  for (const auto& d : found.all()) {
    if (d.severity != Severity::error) continue;
    reasons += fmt::format("\n  {}{}", d.message, d.fix.empty() ? "" : ": " + d.fix);
  }
  throw CannotInspect(
      "the draft cannot be tried out before this is settled (draft it without --probe, or decide it):" + reasons);
}

Tryable tryable(plan::Plan plan) {
  Tryable result;
  for (;;) {
    result.text = plan::print(plan);
    Diagnostics found("the draft", result.text);
    result.checked = check_plan(result.text, found);
    if (result.checked->model) return result;
    std::set<std::size_t> entries;
    bool any = false;
    for (const auto& d : found.all()) {
      if (d.severity != Severity::error) continue;
      any = settle_default(plan, result.checked->plan, d) || any;
      if (const auto entry = entry_at(result.checked->plan, d.span.line)) entries.insert(*entry);
    }
    std::erase_if(entries, [&](std::size_t d) { return !settle(plan.dependents[d]); });
    if (entries.empty() && !any) cannot_try(found);
    result.unsettled.merge(entries);
  }
}

std::string missing_table(db::Connection& copy, const plan::Plan& plan) {
  for (const plan::Table& t : plan.tables) {
    const auto name = sql::table(t.name.value);
    if (!copy.exec("SELECT to_regclass($1)", {name}).only()) return to_text(t.name.value);
  }
  return "";
}

std::string lines(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) out += "\n  " + item;
  return out;
}

// What is not settled and cannot be dropped by a plan goes all the same: the rest is to be tried.
void clear_the_way(db::Connection& copy, const Tryable& draft) {
  for (const std::size_t d : draft.unsettled) {
    const auto& written = draft.checked->plan.dependents[d];
    if (written.as_is.value != kUnsettled || written.table.value.name.empty()) continue;
    const auto table = sql::table(written.table.value);
    const std::string_view name = written.name.value;
    constexpr std::string_view kForeignKey = "foreign key ";
    std::string statement;
    if (written.kind.value == DependentKind::generated_column) {
      statement = fmt::format("ALTER TABLE {} DROP COLUMN {}", table, name);
    } else if (name.starts_with(kForeignKey)) {
      statement = fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", table, name.substr(kForeignKey.size()));
    }
    try {
      if (!statement.empty()) copy.exec(statement);
    } catch (const db::Disconnected&) {
      throw;
    } catch (const db::Error&) {  // then the change of the table's keys says so
    }
  }
}

class Findings {
 public:
  Findings(Draft& draft, const Tryable& tried) : draft_(draft), tried_(tried) {}

  void add(const Failure& f) {
    const auto message = fmt::format("on a copy of the schema {} fails: {}", f.way_back ? "the way back" : "it", f.message);
    if (f.dependent != model::kNone) return add_to(draft_.plan.dependents[f.dependent], f, message);
    if (stands_in_the_way(f.table)) return;
    plan::Dependent d;
    d.name = text(f.what);
    if (!f.table.empty()) d.table.value = plan::parse_table_name(f.table).value();
    add_object(std::move(d), message);
  }

  void add(const BrokenFunction& f) {
    auto& all = draft_.plan.dependents;
    const auto kind = f.procedure ? DependentKind::procedure : DependentKind::function;
    auto known = std::find_if(all.begin(), all.end(), [&](const plan::Dependent& d) {
      return d.kind.value == kind && d.name.value == f.name;
    });
    const auto message = fmt::format("on a copy of the schema it fails: {}", f.message);
    if (known == all.end()) {
      plan::Dependent d;
      d.kind.value = kind;
      d.name = text(f.name);
      d.definition = text(f.definition);
      for (const plan::Table& t : draft_.plan.tables) {
        if (f.definition.find(t.name.value.name) != std::string::npos) d.uses.push_back({t.name.value, {}});
      }
      d.problem = text(message);
      all.push_back(std::move(d));
      ++failed_;
    } else if (known->as_is.value.empty() && known->set_aside.value.empty() &&
               !tried_.unsettled.contains(known - all.begin())) {
      put_problem(*known, message);
    }
  }

  std::size_t failed() const { return failed_; }
  std::size_t others() const { return others_; }

 private:
  // A failure that is the consequence of what the draft names already.
  bool stands_in_the_way(const std::string& table) const {
    const auto& all = tried_.checked->plan.dependents;
    const auto& unsettled = tried_.unsettled;
    const auto is_it = [&](const plan::Located<plan::TableName>& name) { return sql::table(name.value) == table; };
    return !table.empty() && std::any_of(unsettled.begin(), unsettled.end(), [&](std::size_t d) {
      const auto& on = all[d].table;
      const auto& uses = all[d].uses;
      return all[d].as_is.value == kUnsettled &&
             (is_it(on) || std::any_of(uses.begin(), uses.end(), is_it));
    });
  }

  void put_problem(plan::Dependent& d, const std::string& message) {
    const bool replaced = !d.replacement.value.empty();
    if (failing_.insert(&d - draft_.plan.dependents.data()).second) {
      d.problem = text((replaced ? "with its replacement, " : "") + message);
      ++failed_;
    } else {
      d.problem.value += "; " + message;
    }
    d.replacement = {};
  }

  void add_to(plan::Dependent& d, const Failure& f, const std::string& message) {
    if (d.set_aside.value.empty()) return put_problem(d, message);
    plan::Dependent object;  // a reason to set it aside settles all problems of its own
    object.name = text((f.way_back ? "way back of " : "setting aside of ") + lower::title(d));
    add_object(std::move(object), message);
  }

  void add_object(plan::Dependent d, const std::string& message) {
    d.kind.value = DependentKind::object;
    d.problem = text(message);
    draft_.plan.dependents.push_back(std::move(d));
    ++others_;
  }

  Draft& draft_;
  const Tryable& tried_;
  std::set<std::ptrdiff_t> failing_;
  std::size_t failed_ = 0, others_ = 0;
};

}  // namespace

std::string in_words(const Probed& probed) {
  auto also = [](std::size_t count, const char* what) {
    return count ? fmt::format(", {} {}", count, what) : std::string();
  };
  const auto functions = probed.functions ? " and " + counted(probed.functions, "function") : std::string();
  return fmt::format("PostgreSQL {}: {}{} tried, {} failed{}{}{}", probed.version,
                     counted(probed.tried, "recreation"), functions, probed.failed,
                     also(probed.others, "failed in other steps"), also(probed.decided, "decided"),
                     also(probed.not_tried, "not tried"));
}

Probed probe(Draft& draft, const std::string& address, db::Connection& live) {
  const Tryable tried = tryable(draft.plan);
  const SchemaCopy copy = [&] {
    try {
      return copy_schema(address, live);
    } catch (const CannotCopy& error) {
      throw CannotInspect(fmt::format("{}, or draft without --probe", error.what()));
    }
  }();
  db::Connection session(copy.url, "rekeyc inspect");
  if (const auto missing = missing_table(session, draft.plan); !missing.empty()) {
    throw CannotInspect(fmt::format("the copy of the schema lacks {}; PostgreSQL {} here said:{}\n  install what it "
                                    "misses, such as an extension's package, or draft without --probe",
                                    missing, copy.version, lines(copy.lost)));
  }
  clear_the_way(session, tried);
  const auto& model = *tried.checked->model;
  const auto emitted =
      compile_plan(*tried.checked, tried.text, "draft", emit::Templates(std::nullopt), Diagnostics("", ""));
  make_up_rows(session, copy.search_path);
  FunctionCheck functions(session, copy.search_path);
  std::vector<BrokenFunction> broken;
  const Trial trial = try_out(session, model, emitted, [&] { broken = functions.broken_since(); });
  Findings findings(draft, tried);
  for (const Failure& f : trial.failures) findings.add(f);
  for (const BrokenFunction& f : broken) findings.add(f);
  std::set<std::size_t> not_tried = tried.unsettled;
  not_tried.insert(trial.not_tried.begin(), trial.not_tried.end());
  return {copy.version,      trial.tried.size(), functions.asked(), not_tried.size(),
          findings.failed(), findings.others(),  0,                 copy.lost};
}

}  // namespace rekey::inspect
