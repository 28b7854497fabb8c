#include "compiler/lower/offline_dependents.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "compiler/lower/dependents.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lower {

using model::DependentId;
using model::TableId;

namespace {

Step dependent_step(const OfflinePhase& context, DependentId d, const char* kind) {
  const auto& written = *context.model.dependents[d].written;
  Step step;
  step.id = context.dependent_id(d, kind);
  step.kind = kind;
  if (!written.table.value.name.empty()) step.table = sql::table(written.table.value);
  step.place = written.name.span;
  const int made = kind == std::string_view("put_back") ? 1 : 0;  // before the phase, or by it
  step.data["drop"] = drop_before(context.model, context.model.dependents[d], context.number() + made);
  return step;
}

// A materialized view is new with its rows; nobody else gives the planner its statistics. What a replacement makes
// is the plan's.
std::string with_statistics(const plan::Dependent& written, const std::string& made) {
  const bool filled = written.kind.value == plan::DependentKind::materialized_view;
  return filled && written.replacement.value.empty() ? fmt::format("{}\nANALYZE {};", made, written.name.value) : made;
}

Step renew_step(const OfflinePhase& context, DependentId d) {
  const auto& dependent = context.model.dependents[d];
  Step step;
  step.id = context.dependent_id(d, "renew");
  step.kind = "renew";
  step.place = dependent.written->name.span;
  step.up_title = fmt::format("sessions that stay open compile {} anew", title(*dependent.written));
  step.down_title = step.up_title;
  step.undo_always = true;
  for (const auto& rewrite : context.rewrites_under(dependent)) step.needs.push_back(rewrite);
  step.undo_needs = step.needs;
  step.data["function"] = sql::literal(dependent.written->name.value);
  return step;
}

// Those of the phase that are built on it.
std::vector<DependentId> built_on_it(const OfflinePhase& context, DependentId d) {
  std::vector<DependentId> out;
  for (DependentId other : context.dependents) {
    const auto& on = context.model.dependents[other].built_on;
    if (std::find(on.begin(), on.end(), d) != on.end()) out.push_back(other);
  }
  return out;
}

// Those of the phase that it is built on.
std::vector<DependentId> foundations(const OfflinePhase& context, DependentId d) {
  std::vector<DependentId> out;
  for (DependentId other : context.model.dependents[d].built_on) {
    if (std::find(context.dependents.begin(), context.dependents.end(), other) != context.dependents.end()) {
      out.push_back(other);
    }
  }
  return out;
}

// The type of its rows is named as it is, that of arrays of them has an underscore more and is cut to 63 bytes:
// of two relations whose names are nearly the same, made at the same time, one would fail. This is what such
// names have in common; empty where no such types are made.
std::string stem(const plan::Dependent& written) {
  using enum plan::DependentKind;
  const auto kind = written.kind.value;
  const auto name = plan::parse_table_name(written.name.value);
  if (!name || (kind != view && kind != materialized_view && kind != typed_table && kind != object)) return "";
  constexpr std::size_t kSurelyKept = 48;
  const auto start = std::min(name->name.find_first_not_of('_'), name->name.size());
  return name->schema + "." + name->name.substr(start, kSurelyKept);
}

// Steps that must not run at the same time wait for each other, in order.
class Queues {
 public:
  void join(const std::string& queue, const std::string& step, std::vector<std::string>& needs) {
    if (queue.empty()) return;
    auto& last = last_[queue];
    if (!last.empty() && std::find(needs.begin(), needs.end(), last) == needs.end()) needs.push_back(last);
    last = step;
  }

 private:
  std::map<std::string, std::string> last_;
};

Step set_aside_step(const OfflinePhase& context, DependentId d) {
  const auto& dependent = context.model.dependents[d];
  Step step = dependent_step(context, d, "set_aside");
  step.up_title = fmt::format("sets {} aside{}", title(*dependent.written),
                              returns(dependent) ? "" : ": " + dependent.written->set_aside.value);
  step.down_title = fmt::format("makes {} again as it was", title(*dependent.written));
  step.needs = context.settled();
  for (DependentId other : built_on_it(context, d)) {
    if (leaves(context.model.dependents[other])) step.needs.push_back(context.dependent_id(other, "set_aside"));
  }
  for (const auto& rewrite : context.rewrites_before(dependent)) step.undo_needs.push_back(rewrite);
  for (DependentId other : foundations(context, d)) {
    const bool moved = leaves(context.model.dependents[other]);
    step.undo_needs.push_back(context.dependent_id(other, moved ? "set_aside" : "put_back"));
  }
  step.data["definition"] = with_statistics(*dependent.written, statements_before(context.model, dependent, context.number()));
  return step;
}

Step put_back_step(const OfflinePhase& context, DependentId d) {
  const auto& dependent = context.model.dependents[d];
  Step step = dependent_step(context, d, "put_back");
  step.up_title = fmt::format("{} {}", leaves(dependent) ? "makes again" : "replaces", title(*dependent.written));
  step.down_title = leaves(dependent) ? fmt::format("sets {} aside", title(*dependent.written))
                                      : fmt::format("makes {} again as it was", title(*dependent.written));
  for (const auto& rewrite : context.rewrites_before(dependent)) step.needs.push_back(rewrite);
  for (DependentId other : foundations(context, d)) {
    if (returns(context.model.dependents[other])) step.needs.push_back(context.dependent_id(other, "put_back"));
  }
  step.undo_needs = {context.own("close")};
  for (DependentId other : built_on_it(context, d)) {
    if (returns(context.model.dependents[other])) step.undo_needs.push_back(context.dependent_id(other, "put_back"));
  }
  step.data["definition"] = with_statistics(*dependent.written, statements_before(context.model, dependent, context.number() + 1));
  if (leaves(dependent)) return step;
  const auto before = statements_before(context.model, dependent, context.number());
  step.data["drop"] = dependent.written->drop.value.empty()
                          ? before
                          : step.data["drop"].get<std::string>() + "\n" + before;
  return step;
}

}  // namespace

DependentSteps dependent_steps(const OfflinePhase& context) {
  DependentSteps out;
  Queues back, again;
  for (DependentId d : context.dependents) {
    const auto& dependent = context.model.dependents[d];
    const auto types = stem(*dependent.written);
    if (leaves(dependent)) {
      Step step = set_aside_step(context, d);
      back.join(types, step.id, step.undo_needs);
      out.set_asides.insert(out.set_asides.begin(), step);
    }
    if (returns(dependent)) {
      Step step = put_back_step(context, d);
      again.join(types, step.id, step.needs);
      out.put_backs.push_back(step);
    }
  }
  for (DependentId d : context.renewed) out.renewals.push_back(renew_step(context, d));
  return out;
}

void order_around_dependents(const OfflinePhase& context, std::vector<Step>& rewrites,
                             std::vector<Step>& vacuums) {
  std::map<std::string, std::set<std::string>> aside, back;  // by the rewrite's id, or the table's name
  for (DependentId d : context.dependents) {
    const auto& dependent = context.model.dependents[d];
    std::set<std::string> around = context.rewrites_under(dependent);
    for (TableId t : context.changed_tables(dependent)) around.insert(context.table(t));
    for (const auto& place : around) {
      if (leaves(dependent)) aside[place].insert(context.dependent_id(d, "set_aside"));
      if (returns(dependent)) back[place].insert(context.dependent_id(d, "put_back"));
    }
  }
  auto append = [](std::vector<std::string>& needs, const std::set<std::string>& more) {
    needs.insert(needs.end(), more.begin(), more.end());
  };
  for (auto& step : rewrites) {
    append(step.needs, aside[step.id]);
    append(step.undo_needs, back[step.id]);
  }
  for (auto& step : vacuums) {
    append(step.needs, back[step.table]);
    append(step.undo_needs, aside[step.table]);
  }
}

}  // namespace rekey::lower
