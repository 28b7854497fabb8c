#include "compiler/emit/review.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/emit/graph.h"
#include "compiler/emit/review_borrowed.h"
#include "compiler/emit/review_plan_steps.h"
#include "compiler/emit/review_reshape.h"
#include "compiler/emit/step_text.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/generators.h"
#include "compiler/lower/sql.h"

namespace rekey::emit {
namespace {

using nlohmann::json;

constexpr std::size_t kSmallGraph = 60;    // tables; beyond, Mermaid draws a cloud
constexpr std::size_t kSmallPhase = 60;    // steps; beyond, they are counted by kind

std::string locks(const bundle::Side& side) {
  std::map<bundle::LockMode, std::vector<std::string>, std::greater<>> by_mode;
  for (const auto& lock : side.locks) by_mode[lock.mode].push_back(lock.table);
  std::vector<std::string> out;
  for (const auto& [mode, tables] : by_mode) {
    const bool many = tables.size() > 6;
    out.push_back(fmt::format("{} on {}", bundle::name(mode),
                              many ? counted(tables.size(), "table") : joined(tables)));
  }
  return out.empty() ? "none" : fmt::format("{}", fmt::join(out, "; "));
}

std::string work(const bundle::Side& side) {
  std::vector<std::string> out;
  if (!side.rewrites.empty()) out.push_back("rewrites");
  if (!side.scans.empty()) out.push_back("reads all rows");
  return out.empty() ? "" : joined(out);
}

json phase_rows(const Input& input, const bundle::Bundle& bundle) {
  json rows = json::array();
  for (std::size_t i = 0; i < bundle.phases.size(); ++i) {
    const auto& phase = bundle.phases[i];
    rows.push_back({{"id", phase.id},
                    {"name", cell(phase.name)},
                    {"risk", phase.risk.empty() ? "not given" : phase.risk},
                    {"reason", cell(phase.reason)},
                    {"tables", std::to_string(phase.tables.size()) + (input.phases[i].model->stage == model::Stage::part ? " in place" : "")},
                    {"foreign_keys", std::to_string(input.phases[i].model->touched.size())},
                    {"steps", std::to_string(phase.steps.size())},
                    {"stop", phase.checkpoint ? "yes" : ""}});
  }
  return rows;
}

json step_rows(const bundle::Phase& phase) {
  json rows = json::array();
  for (const auto& step : phase.steps) {
    rows.push_back({{"id", step.id}, {"locks", cell(locks(step.up))}, {"work", work(step.up)}});
  }
  return rows;
}

json kind_rows(const bundle::Phase& phase) {
  std::vector<std::string> order;
  std::map<std::string, std::pair<int, std::set<bundle::LockMode>>> kinds;
  for (const auto& step : phase.steps) {
    if (!kinds.contains(step.kind)) order.push_back(step.kind);
    auto& [count, modes] = kinds[step.kind];
    ++count;
    for (const auto& lock : step.up.locks) modes.insert(lock.mode);
  }
  json rows = json::array();
  for (const auto& kind : order) {
    const auto& [count, modes] = kinds[kind];
    rows.push_back({{"id", fmt::format("{} ({})", kind, count)},
                    {"locks", modes.empty() ? "none" : std::string(bundle::name(*modes.rbegin()))},
                    {"work", ""}});
  }
  return rows;
}

json detail_rows(const bundle::Bundle& bundle) {
  json rows = json::array();
  for (const auto& phase : bundle.phases) {
    const bool small = phase.steps.size() <= kSmallPhase;
    rows.push_back({{"id", phase.id},
                    {"name", cell(phase.name)},
                    {"folder", phase.folder},
                    {"by_kind", !small},
                    {"steps", small ? step_rows(phase) : kind_rows(phase)}});
    if (!phase.tables.empty()) rows.back()["order"] = cell(joined(phase.tables));
  }
  return rows;
}

std::string column_change(const Input& input, model::ColumnId c) {
  const auto& column = input.model.columns[c];
  const auto& type = column.written->type.value;
  if (column.document()) return fmt::format("{} ({}: the keys in it)", column.name(), type);
  if (!column.root) return fmt::format("{} ({})", column.name(), type);
  const auto& domain = input.model.domain_of(c);
  if (domain.generator == plan::Generator::parent) return fmt::format("{} ({}, the key that {} holds)", column.name(), type, domain.key_name.front().text);
  return fmt::format("{} ({}, generator {})", column.name(), type, plan::word(domain.generator));
}

json impact_rows(const Input& input) {
  json rows = json::array();
  for (model::TableId t : input.model.order) {
    std::vector<std::string> columns;
    for (model::ColumnId c : input.model.tables[t].columns) {
      if (input.model.changes(c)) columns.push_back(column_change(input, c));
    }
    if (columns.empty()) continue;
    rows.push_back({{"table", cell(to_text(input.model.tables[t].name()))},
                    {"columns", cell(fmt::format("{}", fmt::join(columns, "; ")))}});
  }
  return rows;
}

std::string fate(const model::Dependent& dependent) {
  using enum model::Dependent::Handling;
  const auto& written = *dependent.written;
  if (!written.as_is.value.empty()) return "left as it is: " + written.as_is.value;
  if (!written.set_aside.value.empty()) return "missing until the keys come back: " + written.set_aside.value;
  if (!written.replacement.value.empty()) return "the plan's replacement takes its place";
  if (dependent.handling == made_anew) return "made anew with its partitions, which get their rows back by their new keys";
  if (dependent.handling == nothing) return "the server rebuilds it with the column";
  const auto keys = static_cast<std::size_t>(std::count_if(dependent.edits.begin(), dependent.edits.end(),
                                                           [](const auto& edit) { return edit.id.has_value(); }));
  return keys == 0 ? "made again as it is"
                   : fmt::format("made again, with keys in place of {}", counted(keys, "integer"));
}

// One by one where few; else those that become the same are counted by kind.
json dependent_rows(const model::Model& model) {
  const bool few = model.dependents.size() <= kSmallPhase;
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, std::size_t> rows;
  for (const auto& dependent : model.dependents) {
    const bool alone = few || !dependent.written->as_is.value.empty() ||
                       !dependent.written->set_aside.value.empty() ||
                       !dependent.written->replacement.value.empty();
    const std::pair row{alone ? lower::title(*dependent.written)
                              : std::string(lower::word(dependent.written->kind.value)),
                        fate(dependent)};
    if (rows[row]++ == 0) order.push_back(row);
  }
  json out = json::array();
  for (const auto& row : order) {
    const auto count = rows[row];
    out.push_back({{"object", cell(count == 1 ? row.first : fmt::format("{} ({})", row.first, count))},
                   {"fate", cell(row.second)}});
  }
  return out;
}

json decision_rows(const plan::Plan& plan) {
  json rows = json::array();
  const auto add = [&](const std::string& about, const plan::Decision& decision) {
    if (!decision.scope.value) return;
    const auto& date = decision.date.value;
    rows.push_back({{"about", cell(about)}, {"scope", plan::word(*decision.scope.value)}, {"reason", cell(decision.reason.value)},
                    {"date", date.empty() ? "not given" : cell(date)}});
  };
  for (const auto& table : plan.tables) add(to_text(table.name.value), table.decision);
  add(rows.empty() ? "all tables" : "all others", plan.decision);
  return rows;
}

json waiver_rows(const bundle::Bundle& bundle) {
  json rows = json::array();
  for (const auto& waiver : bundle.waivers) {
    rows.push_back({{"finding", cell(waiver.finding)}, {"at", cell(waiver.at)}, {"reason", cell(waiver.reason)}, {"until", waiver.until}});
  }
  return rows;
}

// Rows that change in stages, and rows that do not change at all.
json pick_rows(const model::Model& model) {
  json rows = json::array();
  for (const auto& domain : model.domains) {
    if (!domain.changes || !domain.picks()) continue;
    std::vector<std::string> stages;
    for (const auto& stage : model.root_table(domain).stages) stages.push_back(stage.value);
    rows.push_back({{"table", cell(to_text(model.tables[model.columns[domain.root].table].name()))},
                    {"where", domain.where.empty() ? "all" : cell(domain.where)},
                    {"stages", stages.empty() ? "all at once" : cell(joined(stages))},
                    {"order", stages.empty() ? "" : domain.order_by.empty() ? "the key" : cell(domain.order_by + ", then the key")}});
  }
  return rows;
}

json finding_rows(const Input& input, const Diagnostics& diagnostics) {
  json rows = json::array();
  for (const auto& d : diagnostics.all()) {
    if (!d.waived.empty()) continue;
    rows.push_back({{"place", d.span.line > 0 ? fmt::format("{}:{}", input.plan_file, d.span.line)
                                              : input.plan_file},
                    {"code", d.code},
                    {"message", cell(d.message)},
                    {"fix", cell(d.fix)}});
  }
  return rows;
}

}  // namespace

bool has_stage(const Input& input, model::Stage stage) {
  return std::any_of(input.model.phases.begin(), input.model.phases.end(), [&](const model::Phase& phase) {
    return phase.written->kind.value == plan::PhaseKind::tables && phase.stage == stage;
  });
}

std::string review(const Input& input, const bundle::Bundle& bundle, const Templates& templates,
                   const Diagnostics& diagnostics) {
  const bool small = bundle.columns.size() > 0 &&
                     static_cast<std::size_t>(std::count_if(
                         input.model.tables.begin(), input.model.tables.end(),
                         [](const auto& t) { return t.phase != model::kNone; })) <= kSmallGraph;
  const json impact = impact_rows(input);
  json data = {{"plan", one_line(bundle.plan)},
               {"plan_file", input.plan_file},
               {"plan_digest", bundle.plan_digest},
               {"compiler", bundle.compiler},
               {"totals", fmt::format("{}, {}, {}, {}", counted(bundle.phases.size(), "phase"),
                                      counted(impact.size(), "table"),
                                      counted(bundle.columns.size(), "key column"),
                                      counted(bundle.foreign_keys.size(), "foreign key"))},
               {"lock_timeout", bundle.lock_timeout},
               {"phases", phase_rows(input, bundle)},
               {"online", has_stage(input, model::Stage::swap)},
               {"bridge", input.model.plan->bridge.value},
               {"offline", has_stage(input, model::Stage::offline)},
               {"contracts", std::any_of(input.model.phases.begin(), input.model.phases.end(),
                                         [&](const auto& p) { return input.model.contracts(p); })},
               {"details", detail_rows(bundle)},
               {"impact", impact},
               {"has_dependents", !input.model.dependents.empty()},
               {"dependents", dependent_rows(input.model)},
               {"findings", finding_rows(input, diagnostics)},
               {"small", small},
               {"graph", small ? mermaid(input.model) : mermaid_of_phases(input.model)},
               {"files", json::array()}};
  for (const auto& [name, rows] : plan_step_rows(input.model)) {
    data[name] = rows;
    data["has_" + name] = !rows.empty();
  }
  for (const auto& [name, rows] : {std::pair{"borrowed", borrowed_rows(input.model)}, std::pair{"enforced", enforced_rows(input.model)}}) {
    data[name] = rows;
    data[std::string("has_") + name] = !rows.empty();
  }
  const json reshapes = reshape_rows(input.model);
  data["has_reshapes"] = !reshapes.empty();
  data["reshapes"] = reshapes;
  if (const auto savings = reshape_savings(input.model); !savings.empty()) data["savings"] = savings;
  const bool reveals = std::any_of(bundle.domains.begin(), bundle.domains.end(),
                                   [](const auto& d) { return d.generator == "ordered"; });
  data["reveals"] = reveals;
  data["of_uuids"] = std::any_of(input.model.domains.begin(), input.model.domains.end(),
                                 [](const auto& d) { return d.changes && d.of_uuids; });
  data["waivers"] = waiver_rows(bundle);
  data["has_waivers"] = !bundle.waivers.empty();
  data["picks"] = pick_rows(input.model);
  data["has_picks"] = !data["picks"].empty();
  data["has_stages"] = has_stage(input, model::Stage::part);
  const json decisions = decision_rows(*input.model.plan);
  data["has_decisions"] = !decisions.empty();
  data["decisions"] = decisions;
  std::vector<std::string> times, names;
  for (const auto& domain : bundle.domains) {
    if (!domain.time_column.empty()) times.push_back(domain.table + "." + sql::identifier(domain.time_column));
    if (domain.generator == "v5") names.push_back(fmt::format("{} ({})", domain.table, sql::columns(domain.name_columns)));
  }
  std::vector<std::string> given;
  for (const auto& domain : input.model.domains) {
    const bool online = domain.changes && domain.phase != model::kNone && input.model.phases[domain.phase].stage == model::Stage::swap;
    if (online && domain.is_listed()) given.push_back(sql::table(input.model.root_table(domain).name.value));
  }
  if (!given.empty()) data["given"] = one_line(joined(given));
  if (!times.empty()) data["times"] = one_line(joined(times));
  if (!names.empty()) data["names"] = one_line(joined(names));
  for (const auto& file : bundle.files) {
    data["files"].push_back({{"path", file.path}, {"sha256", file.sha256}, {"bytes", std::to_string(file.bytes)}});
  }
  return templates.render("review.md", "", data);
}

}  // namespace rekey::emit
