// Keys that are made from names: what they need, and that none is made from itself.
#include "compiler/model/key_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>

#include "compiler/model/resolve.h"

namespace rekey::model {
namespace {

void add_text(std::vector<NamePart>& parts, char c) {
  if (parts.empty() || parts.back().is_column) parts.push_back({});
  parts.back().text += c;
}

}  // namespace

std::optional<std::vector<NamePart>> parse_key_name(const std::string& text) {
  std::vector<NamePart> parts;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool brace = c == '{' || c == '}', twice = brace && at + 1 < text.size() && text[at + 1] == c;
    if (!brace || twice) {
      add_text(parts, c);
      at += twice;
      continue;
    }
    const auto close = c == '{' ? text.find_first_of("{}", at + 1) : std::string::npos;
    if (close == std::string::npos || text[close] == '{' || close == at + 1) return std::nullopt;
    parts.push_back({true, text.substr(at + 1, close - at - 1)});
    at = close;
  }
  return parts;
}

std::optional<std::string> parse_namespace(const std::string& text) {
  static const std::map<std::string, std::string> known{{"dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
                                                        {"url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"},
                                                        {"oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"},
                                                        {"x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"}};
  if (const auto found = known.find(text); found != known.end()) return found->second;
  static const std::regex uuid("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  if (!std::regex_match(text, uuid)) return std::nullopt;
  std::string out = text;
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

namespace {

const plan::Table& root_table(const Model& model, const Domain& domain) {
  return *model.tables[model.columns[domain.root].table].written;
}

Span span_of(const plan::Table& table) { return table.generator.value ? table.generator.span : table.name.span; }

// What the names are written in.
Span span_of_names(const plan::Table& table) {
  return table.name_template.value.empty() ? table.consolidate.span : table.name_template.span;
}

void check_fields(const Model& model, Domain& domain, Diagnostics& diagnostics) {
  const auto& table = root_table(model, domain);
  const auto name = to_text(table.name.value);
  if (table.name_space.value.empty() || table.name_template.value.empty()) {
    diagnostics.error("no-name", span_of(table), fmt::format("generator v5 of {} makes keys from a namespace and a name", name),
                      "give it both: namespace: url, name_template: \"{email}\"");
    return;
  }
  if (const auto found = parse_namespace(table.name_space.value)) {
    domain.name_space = *found;
  } else {
    diagnostics.error("namespace", table.name_space.span, fmt::format("{} is no namespace", table.name_space.value),
                      "write a UUID, or dns, url, oid or x500");
  }
  const auto parts = parse_key_name(table.name_template.value);
  const auto is_column = [](const NamePart& part) { return part.is_column; };
  if (parts && std::any_of(parts->begin(), parts->end(), is_column)) {
    domain.key_name = *parts;
  } else {
    diagnostics.error("name-template", table.name_template.span,
                      parts ? "no column stands in the template: all rows would have one name" : "a brace is open, or has nothing in it",
                      "write columns in braces, \"{user_id}:{email}\"; a brace itself is written twice");
  }
}

void take_expression(const Model& model, Domain& domain, Diagnostics& diagnostics) {
  const auto& table = root_table(model, domain);
  domain.key_expression = table.key_expression.value;
  if (!domain.key_expression.empty()) return;
  diagnostics.error("no-expression", span_of(table),
                    fmt::format("generator expression of {} has none", to_text(table.name.value)),
                    "say what makes a key of a row: key_expression: public.key_of(email)");
}

// Rows written since get a key from the application, or one that is not made from their name: a person has to say so.
void check_new_rows(const Model& model, const Domain& domain, Diagnostics& diagnostics) {
  const auto& root = *model.columns[domain.root].written;
  if (!root.new_default.value.empty()) return;
  diagnostics.error("default", root.name.span,
                    fmt::format("generator {} has no default that new rows of {} could get",
                                plan::word(domain.generator),
                                to_text(root_table(model, domain).name.value)),
                    "say what they get: new_default: none, where the application makes their keys, or an expression");
}

std::vector<DomainId> domains_in_name(const Model& model, const Domain& domain) {
  std::vector<DomainId> out;
  for (const auto& part : domain.key_name) {
    const ColumnId c = named_column(model, domain, part);
    if (model.changes(c)) out.push_back(model.columns[c].domain);
  }
  return out;
}

// Depth first; the path is that of names that need each other.
bool find_cycle(const Model& model, DomainId d, std::vector<DomainId>& path) {
  const auto again = std::find(path.begin(), path.end(), d);
  if (again != path.end()) {
    path.erase(path.begin(), again);
    return true;
  }
  path.push_back(d);
  for (const DomainId other : domains_in_name(model, model.domains[d])) {
    if (find_cycle(model, other, path)) return true;
  }
  path.pop_back();
  return false;
}

void check_cycle(const Model& model, DomainId d, Diagnostics& diagnostics) {
  std::vector<DomainId> path;
  if (!find_cycle(model, d, path) || *std::min_element(path.begin(), path.end()) != d) return;
  std::rotate(path.begin(), std::find(path.begin(), path.end(), d), path.end());
  std::string text;
  for (const DomainId other : path) text += model.domains[other].name + " ← ";
  diagnostics.error("name-cycle", span_of_names(root_table(model, model.domains[d])),
                    fmt::format("keys are made from themselves: {}{}", text, model.domains[d].name),
                    "take one of these columns out of the templates");
}

}  // namespace

ColumnId named_column(const Model& model, const Domain& domain, const NamePart& part) {
  return part.is_column ? column_named(model, model.columns[domain.root].table, part.text) : kNone;
}

void read_key_names(Model& model, Diagnostics& diagnostics) {
  for (auto& domain : model.domains) {
    if (!domain.changes || !domain.has_plan_keys() || domain.generator == plan::Generator::parent) continue;
    if (domain.generator == plan::Generator::v5) check_fields(model, domain, diagnostics);
    else take_expression(model, domain, diagnostics);
    check_new_rows(model, domain, diagnostics);
  }
  for (DomainId d = 0; d < static_cast<int>(model.domains.size()); ++d) check_cycle(model, d, diagnostics);
}

// Keys that are computed can be computed before they change; those of a list are there from its phase on.
void check_name_phases(const Model& model, Diagnostics& diagnostics) {
  for (const auto& domain : model.domains) {
    if (!domain.changes) continue;
    for (const DomainId d : domains_in_name(model, domain)) {
      const auto& other = model.domains[d];
      if (!other.is_listed() || other.phase <= domain.phase) continue;
      diagnostics.error("name-too-early", span_of_names(root_table(model, domain)),
                        fmt::format("keys of {} are made from those of {}, which change in a later phase", domain.name, other.name),
                        "list both tables in one phase, or that one's in an earlier phase");
    }
  }
}

}  // namespace rekey::model
