#include "compiler/emit/emit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <future>
#include <sstream>
#include <thread>

#include "compiler/emit/foundation.h"
#include "compiler/emit/review.h"
#include "compiler/emit/step_text.h"
#include "compiler/lint/function_drop.h"
#include "compiler/lint/own_objects.h"
#include "compiler/lower/borrowed.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/enforced.h"
#include "compiler/lower/generators.h"
#include "compiler/lower/key_data.h"
#include "compiler/lower/plan_steps.h"
#include "compiler/lower/sql.h"

namespace rekey::emit {
namespace {

using nlohmann::json;

const char* word(plan::PhaseKind kind) {
  switch (kind) {
    case plan::PhaseKind::foundation: return "foundation";
    case plan::PhaseKind::tables: return "tables";
    case plan::PhaseKind::cleanup: return "cleanup";
  }
  return "";
}

const char* word(const std::optional<plan::Risk>& risk) {
  if (!risk) return "";
  switch (*risk) {
    case plan::Risk::low: return "low";
    case plan::Risk::medium: return "medium";
    case plan::Risk::high: return "high";
  }
  return "";
}

// A file that grows by pieces; ranges in a piece become ranges in the file.
class File {
 public:
  bundle::Range add(const std::string& piece) {
    const bundle::Range range{text_.size(), piece.size()};
    text_ += piece;
    return range;
  }
  bundle::Side add(StepText step) {
    for (auto& range : step.side.statements) range.offset += text_.size();
    step.side.text.offset = text_.size();
    text_.append(step.text).append(1, '\n');
    return std::move(step.side);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// The steps of a phase for rekey.register_steps, a line each.
std::string registration(const std::vector<lower::Step>& steps, const std::vector<StepText>& up,
                         const std::vector<StepText>& down) {
  std::string lines;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    const json line = {step.id,         step.transactional,   step.undo_always,       step.needs,
                       step.undo_needs, up[i].side.journal, down[i].side.journal};
    lines += (i == 0 ? "\n" : ",\n") + line.dump();
  }
  return "$steps$[" + lines + "\n]$steps$";
}

// Calls f for every number below count, each core a share of them; rethrows what f threw.
template <class F>
void on_all_cores(std::size_t count, F f) {
  const std::size_t cores = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 1 + count / 100);
  std::vector<std::future<void>> shares;
  for (std::size_t core = 0; core < cores; ++core) {
    shares.push_back(std::async(std::launch::async, [=] {
      for (std::size_t i = core; i < count; i += cores) f(i);
    }));
  }
  for (auto& share : shares) share.get();
}

// What a step that enters itself into the journal is rendered with at first: digests of the right length,
// so that no range moves when the true ones take their place.
const std::string kOwnDigest(64, '0');
const std::string kPlanDigest = "sha256:" + std::string(64, '1');

void put(std::string& text, const std::string& placeholder, const std::string& value) {
  assert(placeholder.size() == value.size());
  const auto at = text.find(placeholder);
  assert(at != std::string::npos);
  text.replace(at, placeholder.size(), value);
}

class PhaseEmitter {
 public:
  PhaseEmitter(Input& input, const Templates& templates, const lint::Knowledge& knowledge,
               std::size_t index)
      : input_(input), templates_(templates), phase_(input.phases[index]), index_(index),
        frame_(phase_frame(input, phase_, templates, knowledge)) {}

  bundle::Phase emit(std::map<std::string, std::string>& files) {
    bundle::Phase out = describe();
    render_steps();
    File up, down, verify;
    up.add(file_header("up"));
    out.up_session = up.add(session());
    up.add("\n");
    up.add(advice(out, &bundle::Command::before, "before anything below"));
    for (std::size_t i = 0; i < phase_.steps.size(); ++i) {
      out.steps.push_back(describe(phase_.steps[i]));
      out.steps.back().up = up.add(std::move(up_[i]));
    }
    up.add(advice(out, &bundle::Command::after, "after all of this file"));
    down.add(file_header("down"));
    out.down_session = down.add(session());
    down.add("\n");
    std::map<std::string, std::size_t> position;
    for (std::size_t i = 0; i < phase_.steps.size(); ++i) position[phase_.steps[i].id] = i;
    for (const auto& id : phase_.undo_order) {
      const auto i = position[id];
      out.steps[i].down = down.add(std::move(down_[i]));
    }
    verify.add(file_header("verify"));
    out.verify_session = verify.add(session());
    verify.add("\n");
    add_checks(verify, out);
    files[phase_.folder + "/up.sql"] = up.take();
    files[phase_.folder + "/down.sql"] = down.take();
    files[phase_.folder + "/verify.sql"] = verify.take();
    return out;
  }

 private:
  bundle::Phase describe() const {
    const auto& written = *phase_.model->written;
    bundle::Phase out;
    out.id = phase_.model->id;
    out.name = phase_.model->name();
    out.kind = word(written.kind.value);
    const bool offline = phase_.model->is_fenced() && !input_.model.contracts(*phase_.model);
    out.strategy = offline ? "offline" : "online";
    out.risk = word(written.risk.value);
    out.reason = written.reason.value;
    out.folder = phase_.folder;
    out.checkpoint = written.checkpoint.value || phase_.model->stage == model::Stage::prepare || before_contract();
    if (loses_order(*phase_.model)) out.way_back = "exact but for the order of columns";
    for (const auto& own : written.sql) {
      if (phase_.model->is_before_the_end() || !lower::stays(own)) continue;
      out.way_back += fmt::format("{} what \"{}\" does, which stays: {}", out.way_back == "exact" ? " but for" : ", and for",
                                  one_line(own.name.value), one_line(own.reason.value));
    }
    for (model::TableId t : lower::tables_of(input_.model, *phase_.model)) {
      out.tables.push_back(sql::table(input_.model.tables[t].name()));
    }
    for (const auto& drop : phase_.model->drops) out.tables.push_back(sql::table(input_.model.tables[drop.table].name()));
    for (const auto& one : phase_.model->consolidations) out.own.push_back(sql::table(input_.model.tables[one.table].name()));
    out.undo_order = phase_.undo_order;
    if (!phase_.model->is_before_the_end()) {
      for (const auto& own : written.sql) {
        if (lower::stays(own)) continue;  // what it leaves on keys is in the way of the way back: to be named
        for (auto& name : lint::own_objects(own.up.value)) out.own.push_back(std::move(name));
      }
    }
    for (const auto& check : written.checks) {
      if (check.command.value.empty()) continue;
      const bool before = lower::happens(check, plan::Moment::before, *phase_.model);
      const bool after = lower::happens(check, plan::Moment::after, *phase_.model);
      if (before || after) out.commands.push_back({check.name.value, check.command.value, before, after});
    }
    return out;
  }

  // For whoever works with psql alone.
  static std::string advice(const bundle::Phase& phase, bool bundle::Command::*when, const char* words) {
    std::string text;
    for (const auto& command : phase.commands) {
      if (!(command.*when)) continue;
      text += fmt::format("-- check \"{}\": {}, this command has to exit 0 (\"rekey apply\" runs it by itself)\n", one_line(command.name), words);
      std::istringstream lines(command.command);
      for (std::string line; std::getline(lines, line);) text += "--   " + one_line(line) + "\n";
      text += "\n";
    }
    return text;
  }

  // The cleanup begins when somebody says so.
  bool before_contract() const {
    const auto next = phase_.model + 1;
    return next <= &input_.model.phases.back() && (input_.model.contracts(*next) || !next->drops.empty());
  }

  // Columns go that a rollback can only add again.
  bool loses_order(const model::Phase& phase) const {
    return input_.model.contracts(phase) || std::any_of(phase.drops.begin(), phase.drops.end(), [](const auto& drop) { return !drop.columns.empty(); });
  }

  static bundle::Step describe(const lower::Step& step) {
    bundle::Step out;
    out.id = step.id;
    out.kind = step.id.substr(step.id.rfind('.') + 1);
    out.table = step.table;
    out.transactional = step.transactional;
    out.undo_always = step.undo_always;
    out.needs = step.needs;
    out.undo_needs = step.undo_needs;
    return out;
  }

  // The first step comes last, because it lists the digests of the others. Its own is the one it has
  // while its place in that list, and the plan's digest, are not filled in.
  void render_steps() {
    auto& steps = phase_.steps;
    json more = about_phase();
    up_.resize(steps.size());
    down_.resize(steps.size());
    on_all_cores(steps.size(), [&](std::size_t i) {
      down_[i] = step_text(frame_, steps[i], Direction::down, i == 0 ? more : json::object());
      if (i == 0) return;
      up_[i] = step_text(frame_, steps[i], Direction::up);
      steps[i].data.clear();
    });
    up_[0].side.journal = kOwnDigest;
    more["journal_down"] = sql::literal(down_[0].side.journal);
    more["steps"] = registration(steps, up_, down_);
    up_[0] = step_text(frame_, steps[0], Direction::up, std::move(more));
    put(up_[0].text, kOwnDigest, up_[0].side.journal);
    put(up_[0].text, kPlanDigest, input_.plan_digest);
  }

  // For the first step, which enters its phase into the journal.
  json about_phase() const {
    const auto& first = phase_.steps.front();
    json more = json::object();
    if (first.kind == "foundation") more = foundation_sql(templates_, first.data);
    more["phase"] = sql::literal(phase_.model->id);
    more["phase_name"] = sql::literal(phase_.model->name());
    more["plan_digest"] = sql::literal(kPlanDigest);
    more["journal_up"] = sql::literal(kOwnDigest);
    if (index_ > 0) more["after"] = sql::literal(input_.phases[index_ - 1].model->id);
    return more;
  }

  std::string session() const {
    json data = {{"lock_timeout", frame_.lock_timeout}};
    const auto& memory = input_.model.plan->maintenance_work_mem.value;
    if (!memory.empty()) data["maintenance_work_mem"] = sql::literal(memory);
    const auto text = templates_.render("steps/session.sql", "", data);
    lint::statements_in(text);
    return text;
  }

  std::string file_header(const char* side) const {
    const json data = {{"plan", one_line(input_.model.plan->name.value)},
                       {"digest", input_.plan_digest},
                       {"phase", phase_.model->id},
                       {"name", one_line(phase_.model->name())},
                       {"position", std::to_string(index_ + 1)},
                       {"phases", std::to_string(input_.phases.size())},
                       {"file", phase_.folder + "/" + side + ".sql"}};
    return templates_.render("steps/header.sql", side, data);
  }

  void add_checks(File& verify, bundle::Phase& out) const {
    if (phase_.verify.empty()) return;
    const std::string text = templates_.render("steps/verify.sql", "", phase_.verify,
                                               {{"phase", sql::literal(phase_.model->id)}});
    const auto start = verify.add(text).offset;
    for (const auto& range : lint::statements_in(text)) {
      out.verify.push_back({start + range.offset, range.length});
    }
  }

  const Input& input_;
  const Templates& templates_;
  lower::Phase& phase_;
  std::size_t index_;
  PhaseFrame frame_;
  std::vector<StepText> up_, down_;
};

std::string fallback(const plan::Column& column) {
  const char* identity = column.identity.value == plan::Identity::always       ? "always"
                         : column.identity.value == plan::Identity::by_default ? "by default"
                                                                               : "";
  const auto sequence = plan::parse_table_name(column.sequence.value);
  return bundle::to_fallback(identity, sequence ? sequence->schema + "." + sequence->name : "",
                             column.default_value.value);
}

bool is_settled(const model::Model& model, const model::Column& column) {
  return std::any_of(model.phases.begin(), model.phases.end(), [&](const model::Phase& phase) {
    return std::any_of(phase.orphan_rules.begin(), phase.orphan_rules.end(), [&](const model::OrphanRule& rule) {
      return rule.action != plan::Orphans::fail && rule.child == column.table && std::find(rule.columns.begin(), rule.columns.end(), column.name()) != rule.columns.end();
    });
  });
}

// The cleanup that drops one of the columns, or nothing.
std::string dropped_in(const model::Model& model, model::TableId t, const std::vector<std::string>& columns) {
  for (const auto& phase : model.phases) {
    for (const auto& drop : phase.drops) {
      const bool any = std::any_of(columns.begin(), columns.end(), [&](const auto& column) {
        return std::find(drop.columns.begin(), drop.columns.end(), column) != drop.columns.end();
      });
      if (drop.table == t && any) return phase.id;
    }
  }
  return "";
}

bool merges(const model::Model& model, const model::Domain& domain) {
  const auto& merged = model.phases[domain.phase].merges;
  return std::any_of(merged.begin(), merged.end(), [&](model::DomainId d) { return &model.domains[d] == &domain; });
}

std::vector<std::string> stages(const model::Model& model, const model::Domain& domain) {
  std::vector<std::string> out;
  const auto& last = model.phases[domain.phase];
  for (int before = last.stages - 1; before > 0; --before) out.push_back((&last - before)->id);
  return out;
}

bundle::Inventory inventory(const model::Model& model, const model::Domain& domain) {
  const auto& asked = model.root_table(domain).inventory;
  const auto& decision = model.decision(domain);
  const auto& time = asked.time_column.value;
  const auto& where = asked.where.value.empty() ? domain.where : asked.where.value;
  return {asked.unprocessed.value, where, time.empty() ? lower::time_column(model, domain) : time, asked.owner_column.value,
          decision.scope.value ? plan::word(*decision.scope.value) : "", decision.reason.value, decision.date.value};
}

void describe_keys(const model::Model& model, bundle::Bundle& out) {
  for (const auto& domain : model.domains) {
    if (!domain.changes) continue;
    const auto& phase = model.phases[domain.phase].id;
    const auto& root = model.columns[domain.root];
    if (!domain.borrows()) out.domains.push_back({domain.name, plan::word(domain.generator), phase,
                           sql::table(model.tables[root.table].name()), root.name(), lower::time_column(model, domain),
                           lower::name_columns(domain), lower::compared_name(model, domain), domain.name_space, lower::name_changes(model, domain),
                           domain.key_expression, merges(model, domain), domain.where, stages(model, domain), inventory(model, domain)});
    for (model::ColumnId c : domain.columns) {
      const auto& column = model.columns[c];
      out.columns.push_back({sql::table(model.tables[column.table].name()), column.name(),
                             lower::declared_type(*column.written), lower::new_type(column), phase, domain.name, column.source,
                             fallback(*column.written), is_settled(model, column), dropped_in(model, column.table, {column.name()})});
    }
  }
  for (const auto& phase : model.phases) {
    const auto add = [&](model::TableId t, const std::string& column) {
      out.new_columns.push_back({sql::table(model.tables[t].name()), column, phase.id});
    };
    for (const auto& surrogate : phase.surrogates) add(surrogate.table, surrogate.column);
    for (const auto& follow : phase.follows) add(model.foreign_keys[follow.key].child, follow.column);
  }
  for (const auto& fk : model.foreign_keys) {
    const bool touched = std::any_of(fk.ids.begin(), fk.ids.end(),
                                     [&](model::ColumnId c) { return model.changes(c); });
    if (!touched) continue;
    out.foreign_keys.push_back({sql::table(model.tables[fk.child].name()), fk.written->name.value,
                                lower::foreign_key_definition(model, fk), fk.written->orphans.value != plan::Orphans::fail,
                                dropped_in(model, fk.child, fk.columns), ""});
  }
  for (const auto& e : model.enforced) {
    out.foreign_keys.push_back({sql::table(model.tables[e.child].name()), e.name, lower::enforced_definition(model, e), false, "", model.phases[e.home].id});
  }
}

// With the reasons of the plan that hold up to a day.
void describe_waivers(const plan::Plan& plan, const Diagnostics& diagnostics, bundle::Bundle& out) {
  for (const auto& d : diagnostics.all()) {
    if (!d.waived.empty()) out.waivers.push_back({d.code, d.subject, d.waived, d.until});
  }
  for (const auto& dependent : plan.dependents) {
    if (dependent.until.value.empty()) continue;
    const bool stays = !dependent.as_is.value.empty();
    out.waivers.push_back({stays ? "as_is" : "set_aside", lower::title(dependent), stays ? dependent.as_is.value : dependent.set_aside.value,
                           dependent.until.value});
  }
}

void describe_dependents(const model::Model& model, bundle::Bundle& out) {
  for (const auto& dependent : model.dependents) {
    const auto& written = *dependent.written;
    bundle::Dependent item{std::string(lower::word(written.kind.value)), written.name.value, "",
                           bundle::sha256(written.definition.value), {},
                           dependent.handling == model::Dependent::Handling::moved ||
                               dependent.handling == model::Dependent::Handling::made_anew,
                           !written.replacement.value.empty(), written.set_aside.value.empty(),
                           lint::functions_made(written.replacement.value),
                           dependent.remade.empty() ? "" : bundle::sha256(dependent.remade)};
    if (!written.table.value.name.empty()) item.table = sql::table(written.table.value);
    for (const auto& phase : model.phases) {
      if (phase.stage == model::Stage::part) continue;  // it leaves them alone
      if (std::any_of(dependent.tables.begin(), dependent.tables.end(), [&](model::TableId t) {
            return std::find(phase.changed.begin(), phase.changed.end(), t) != phase.changed.end();
          })) {
        item.phases.push_back(phase.id);
      }
    }
    out.dependents.push_back(std::move(item));
  }
}

}  // namespace

Emitted emit(Input input, const Templates& templates, const Diagnostics& diagnostics) {
  const lint::Knowledge knowledge(input.model);
  Emitted out;
  auto& bundle = out.bundle;
  bundle.plan = input.model.plan->name.value;
  bundle.plan_digest = input.plan_digest;
  bundle.compiler = REKEY_VERSION;
  bundle.server = input.model.plan->server.value;
  bundle.lock_timeout = input.model.plan->lock_timeout.value.empty() ? "2s"
                                                                     : input.model.plan->lock_timeout.value;
  bundle.new_keys_schema = lower::new_keys_schema(*input.model.plan);
  for (std::size_t i = 0; i < input.phases.size(); ++i) {
    bundle.phases.push_back(PhaseEmitter(input, templates, knowledge, i).emit(out.files));
  }
  describe_keys(input.model, bundle);
  describe_dependents(input.model, bundle);
  describe_waivers(*input.model.plan, diagnostics, bundle);
  bundle.expectations = lower::expectations(input.model);
  for (const auto& d : diagnostics.all()) {
    if (!d.waived.empty()) continue;
    bundle.notices.push_back(d.message + (d.fix.empty() ? "" : ": " + d.fix));
  }
  for (const auto& [path, text] : out.files) bundle.files.push_back({path, bundle::sha256(text), text.size()});
  const auto& page = out.files["REVIEW.md"] = review(input, bundle, templates, diagnostics);
  bundle.files.push_back({"REVIEW.md", bundle::sha256(page), page.size()});
  out.files["bundle.json"] = bundle::to_json(bundle);
  return out;
}

}  // namespace rekey::emit
