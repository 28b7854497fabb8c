#include "compiler/emit/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/emit/step_text.h"
#include "compiler/plan/names.h"

namespace rekey::emit {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Mermaid has entity codes for characters that its grammar uses.
std::string mermaid_label(const std::string& text) {
  auto label = replaced(one_line(text), "#", "#35;");
  for (const auto& [sign, code] : {std::pair{"\"", "#quot;"}, {"<", "#lt;"}, {">", "#gt;"}, {"`", "#96;"}}) {
    label = replaced(label, sign, code);
  }
  return "\"" + label + "\"";
}

std::string dot_label(const std::string& text) {
  return "\"" + replaced(replaced(one_line(text), "\\", "\\\\"), "\"", "\\\"") + "\"";
}

std::map<model::PhaseId, std::vector<model::TableId>> tables_by_phase(const model::Model& model) {
  std::map<model::PhaseId, std::vector<model::TableId>> groups;
  for (model::TableId t : model.order) {
    if (model.tables[t].phase != model::kNone) groups[model.tables[t].phase].push_back(t);
  }
  return groups;
}

std::vector<std::pair<model::TableId, model::TableId>> edges(const model::Model& model) {
  std::set<std::pair<model::TableId, model::TableId>> all;
  for (const auto& phase : model.phases) {
    for (model::ForeignKeyId f : phase.touched) {
      const auto& fk = model.foreign_keys[f];
      if (model.tables[fk.child].phase == model::kNone) continue;
      if (model.tables[fk.parent].phase == model::kNone) continue;
      all.emplace(fk.child, fk.parent);
    }
  }
  return {all.begin(), all.end()};
}

std::string phase_title(const model::Phase& phase) {
  return phase.id + " " + phase.written->name.value;
}

}  // namespace

std::string mermaid(const model::Model& model) {
  std::string out = "graph LR\n";
  for (const auto& [phase, tables] : tables_by_phase(model)) {
    out += fmt::format("  subgraph p{}[{}]\n", phase, mermaid_label(phase_title(model.phases[phase])));
    for (model::TableId t : tables) {
      out += fmt::format("    t{}[{}]\n", t, mermaid_label(to_text(model.tables[t].name())));
    }
    out += "  end\n";
  }
  for (auto [child, parent] : edges(model)) out += fmt::format("  t{} --> t{}\n", child, parent);
  return out;
}

std::string dot(const model::Model& model) {
  std::string out = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const auto& [phase, tables] : tables_by_phase(model)) {
    out += fmt::format("  subgraph cluster_{} {{\n    label={};\n", phase,
                       dot_label(phase_title(model.phases[phase])));
    for (model::TableId t : tables) {
      out += fmt::format("    t{} [label={}];\n", t, dot_label(to_text(model.tables[t].name())));
    }
    out += "  }\n";
  }
  for (auto [child, parent] : edges(model)) out += fmt::format("  t{} -> t{};\n", child, parent);
  return out + "}\n";
}

std::string mermaid_of_phases(const model::Model& model) {
  std::string out = "graph LR\n";
  for (const auto& [phase, tables] : tables_by_phase(model)) {
    const auto title = fmt::format("{}: {}", phase_title(model.phases[phase]), counted(tables.size(), "table"));
    out += fmt::format("  p{}[{}]\n", phase, mermaid_label(title));
  }
  std::map<std::pair<model::PhaseId, model::PhaseId>, int> between;
  for (auto [child, parent] : edges(model)) {
    ++between[{model.tables[child].phase, model.tables[parent].phase}];
  }
  for (const auto& [pair, count] : between) {
    out += fmt::format("  p{} -->|{}| p{}\n", pair.first, count, pair.second);
  }
  return out;
}

}  // namespace rekey::emit
