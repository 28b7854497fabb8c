// Key domains: connected components of the graph whose vertices are key columns and whose edges are the
// column pairs of foreign keys and logical references.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <set>
#include <tuple>

#include "compiler/model/fk_graph.h"
#include "compiler/model/resolve.h"

namespace rekey::model {
namespace {

Edges column_edges(const Model& model) {
  Edges edges;
  for (const auto& fk : model.foreign_keys) {
    for (std::size_t i = 0; i < fk.ids.size(); ++i) {
      if (fk.ids[i] != kNone && fk.parent_ids[i] != kNone) edges.emplace_back(fk.ids[i], fk.parent_ids[i]);
    }
  }
  for (ColumnId c = 0; c < static_cast<int>(model.columns.size()); ++c) {
    const ColumnId above = model.columns[c].above;  // one column to the server: the edges form a cycle
    if (above != kNone) edges.insert(edges.end(), {{c, above}, {above, c}});
  }
  edges.insert(edges.end(), model.logical_references.begin(), model.logical_references.end());
  return edges;
}

// Roots are the columns of those strong components that no edge leaves.
void mark_roots(Model& model, const Edges& edges) {
  const int count = static_cast<int>(model.columns.size());
  const auto component = strong_components(count, edges);
  std::vector<bool> left(count, false);
  for (auto [from, to] : edges) {
    if (component[from] != component[to]) left[component[from]] = true;
  }
  for (int c = 0; c < count; ++c) {
    model.columns[c].root = !left[component[c]] && model.columns[c].above == kNone;
  }
}

// A foreign key holds the rows of its table and of its partitions, not those of tables that inherit.
void mark_sources(Model& model) {
  const auto count = static_cast<ColumnId>(model.columns.size());
  std::vector<bool> held(count, false);
  for (const auto& fk : model.foreign_keys) {
    const bool every_row = fk.columns.size() == 1 || fk.written->match.value == "full";
    for (ColumnId c : fk.ids) {
      if (c != kNone && every_row && fk.written->holds()) held[c] = true;
    }
  }
  for (ColumnId c = 0; c < count; ++c) {
    const bool partition = !model.tables[model.columns[c].table].written->partition_of.value.name.empty();
    if (!partition && (model.columns[c].root || !held[c])) model.columns[model.top(c)].source = true;
  }
}

std::vector<ColumnId> roots_of(const Model& model, const Domain& domain) {
  std::vector<ColumnId> roots;
  for (ColumnId c : domain.columns) {
    if (model.columns[c].root) roots.push_back(c);
  }
  return roots;
}

const plan::Table& written_table(const Model& model, ColumnId c) {
  return *model.tables[model.columns[c].table].written;
}

void choose_generator(Model& model, Domain& domain, Diagnostics& diagnostics) {
  domain.generator = model.plan->generator.value;
  const plan::Table* chosen = nullptr;
  for (ColumnId root : roots_of(model, domain)) {
    const auto& table = written_table(model, root);
    const bool stays = table.change.value == plan::Change::keep || model.columns[root].written->change.value == plan::Change::keep;
    if (stays) domain.changes = false;
    if (!table.generator.value) continue;
    if (chosen && *chosen->generator.value != *table.generator.value) {
      diagnostics
          .error("generator-conflict", table.generator.span,
                 fmt::format("{} and {} share one key domain and name different generators",
                             to_text(chosen->name.value), to_text(table.name.value)),
                 "give both the same generator")
          .see(chosen->generator.span, "the other generator");
    }
    chosen = &table;
    domain.generator = *table.generator.value;
  }
}

void check_listed(const Model& model, const Domain& domain, Diagnostics& diagnostics) {
  if (!domain.changes || !domain.is_listed()) return;
  const bool timed = domain.generator == plan::Generator::v7;
  const auto& table = written_table(model, domain.root);
  const Span span = table.generator.value ? table.generator.span : table.name.span;
  if (timed && table.time_column.value.empty()) {
    diagnostics.error("no-time-column", span,
                      fmt::format("generator v7 of {} needs a timestamp", to_text(table.name.value)),
                      "name a timestamp column: time_column: created_at");
  }
  if (roots_of(model, domain).size() > 1 || !is_own_key(model, domain.root)) {
    diagnostics.error("listed-root", span,
                      fmt::format("generator {} needs one root that is a key by itself; the domain of {} "
                                  "has another shape", plan::word(domain.generator), model.path(domain.root)),
                      "use ordered, keyed or v4");
  }
}

// A key that is a UUID already is made anew from its row, or stays.
void check_uuids(const Model& model, const Domain& domain, Diagnostics& diagnostics) {
  for (ColumnId c : domain.columns) {
    if (model.columns[c].uuid() == domain.of_uuids) continue;
    const auto& written = *model.columns[c].written;
    diagnostics.error("type", written.type.span,
                      fmt::format("{} is {}, and {}, whose keys it holds, is {}", model.path(c), written.type.value,
                                  model.path(domain.root), model.columns[domain.root].written->type.value),
                      "write both as the catalog has them");
    return;
  }
  if (!domain.of_uuids || !domain.changes || domain.is_listed()) return;
  const auto& table = written_table(model, domain.root);
  diagnostics.error("uuid-generator", table.generator.value ? table.generator.span : table.name.span,
                    fmt::format("{} holds UUIDs already, and generator {} makes keys from integers", model.path(domain.root),
                                plan::word(domain.generator)),
                    "give the table generator: v5, v7 or expression, or leave its keys as they are: change: keep, there or at the column");
}

void check_root_is_a_key(const Model& model, const Domain& domain, Diagnostics& diagnostics) {
  const auto& column = model.columns[domain.root];
  if (column.array()) {
    diagnostics.error("array-root", column.written->name.span,
                      fmt::format("nothing says whose keys {} holds", model.path(domain.root)),
                      fmt::format("delete it here, or say so under {}:\n"
                                  "  logical_references:\n    - {{columns: {}, references: schema.table}}",
                                  to_text(model.tables[column.table].name()), column.name()));
    return;
  }
  const auto& table = written_table(model, domain.root);
  const auto& key = table.primary_key;
  const bool in_key = std::any_of(key.begin(), key.end(),
                                  [&](const auto& part) { return part.value == column.name(); });
  if (domain.columns.size() > 1 || in_key || is_own_key(model, domain.root)) return;
  diagnostics.error("no-key", column.written->name.span,
                    fmt::format("{} is in no key, and no foreign key ties it to one", model.path(domain.root)),
                    "delete it here, or say what it refers to under logical_references:");
}

// 5, (-1), '-1'::integer, ('-1'::integer)::bigint, as the server prints it.
std::optional<std::int64_t> written_out(const std::string& expression) {
  static const std::regex pattern(R"(\(*'?(-?[0-9]{1,18})'?(\)|::(smallint|integer|bigint))*)");
  std::smatch found;
  if (!std::regex_match(expression, found, pattern)) return std::nullopt;
  return std::stoll(found[1]);
}

// '{1,2}'::integer[], ARRAY[1, (2)::bigint], '{}'::bigint[].
std::optional<DefaultIds> array_written_out(const std::string& expression) {
  static const std::regex pattern(
      R"(\(*(?:'\{([^{}]*)\}'|ARRAY\[([^\[\]]*)\])\)*(?:::(?:smallint|integer|bigint)\[\]\)*)*)");
  static const std::regex item(R"([^, ][^,]*)"), null(R"(NULL(::(smallint|integer|bigint))?)");
  std::smatch found;
  if (!std::regex_match(expression, found, pattern)) return std::nullopt;
  const std::string items = found[1].matched ? found[1] : found[2];
  DefaultIds ids;
  for (std::sregex_iterator i(items.begin(), items.end(), item), end; i != end; ++i) {
    const auto id = written_out(i->str());
    if (!id && !std::regex_match(i->str(), null)) return std::nullopt;
    ids.push_back(id);
  }
  return ids;
}

void find_default_ids(Model& model) {
  for (auto& column : model.columns) {
    const auto& written = column.written->default_value.value;
    if (column.root || model.domains[column.domain].borrows()) continue;
    if (column.array()) column.default_ids = array_written_out(written);
    else if (const auto id = written_out(written)) column.default_ids = {{id}};
    const bool any = column.default_ids && std::any_of(column.default_ids->begin(), column.default_ids->end(),
                                                       [](const auto& id) { return id.has_value(); });
    if (any && model.domains[column.domain].is_listed()) column.default_ids.reset();
  }
}

}  // namespace

// Any other default that is not a sequence would have to become a key: nobody can guess which.
void check_defaults(const Model& model, Diagnostics& diagnostics) {
  for (ColumnId c = 0; c < static_cast<int>(model.columns.size()); ++c) {
    const auto& written = *model.columns[c].written;
    if (!model.changes(c) || written.default_value.value.empty() || !model.new_default(c).empty()) continue;
    if (model.columns[c].default_ids || model.columns[c].document()) continue;
    if (model.columns[c].uuid() && model.columns[c].root) continue;  // in its place comes the plan's
    const auto type = model.columns[c].array() ? "uuid[]" : "uuid";
    diagnostics.error("default", written.default_value.span,
                      fmt::format("{} has the default {}, which is {} {}", model.path(c), written.default_value.value,
                                  model.columns[c].uuid() ? "an old" : "no", model.columns[c].uuid() ? "key" : type),
                      fmt::format("say what new rows get: new_default: an expression of type {}, or none", type));
  }
}

namespace {

// An identity's sequence is dropped with it: the way back makes it again, name and all.
void check_identities(const Model& model, Diagnostics& diagnostics) {
  for (ColumnId c = 0; c < static_cast<int>(model.columns.size()); ++c) {
    const auto& written = *model.columns[c].written;
    const bool identity = written.identity.value != plan::Identity::none;
    if (!model.changes(c) || !identity || !written.sequence.value.empty()) continue;
    const auto& table = model.tables[model.columns[c].table].name();
    diagnostics.error("no-sequence", written.identity.span,
                      fmt::format("the sequence of identity column {} is not named", model.path(c)),
                      fmt::format("write its name, usually sequence: {}",
                                  to_text(plan::TableName{table.schema, table.name + "_" + written.name.value + "_seq"})));
  }
}

void warn_of_idle_generators(const Model& model, Diagnostics& diagnostics) {
  for (const auto& table : model.tables) {
    const bool has_root = std::any_of(table.columns.begin(), table.columns.end(),
                                      [&](ColumnId c) { return model.columns[c].root; });
    if (has_root || !table.written->generator.value) continue;
    diagnostics.warning("idle-generator", table.written->generator.span,
                        fmt::format("{} gets its keys from the tables it references: its generator has no "
                                    "effect", to_text(table.name())),
                        "delete the line")
        .about(to_text(table.name()));
  }
}

// What is written for one generator has no effect with another: nobody would be told that keys are made otherwise.
void refuse_idle_settings(const Model& model, Diagnostics& diagnostics) {
  const auto& extension = model.plan->extension;
  if (!extension.value.empty() && std::none_of(model.domains.begin(), model.domains.end(), [](const Domain& domain) {
        return domain.changes && domain.generator == plan::Generator::v5;
      })) {
    diagnostics.error("idle-setting", extension.span, "extension has no effect: no table has generator v5", "delete the line");
  }
  for (const auto& table : model.tables) {
    std::set<plan::Generator> used;
    for (ColumnId c : table.columns) {
      if (model.columns[c].root && model.changes(c)) used.insert(model.domain_of(c).generator);
    }
    const auto& written = *table.written;
    const std::tuple<const char*, const plan::Text&, plan::Generator> settings[] = {
        {"time_column", written.time_column, plan::Generator::v7},
        {"namespace", written.name_space, plan::Generator::v5},
        {"name_template", written.name_template, plan::Generator::v5},
        {"key_expression", written.key_expression, plan::Generator::expression}};
    for (const auto& [key, value, generator] : settings) {
      if (value.value.empty() || used.contains(generator)) continue;
      if (&value == &written.time_column && written.on_duplicate.value == plan::OnDuplicate::merge) continue;
      const auto name = to_text(table.name());
      if (used.empty()) {
        diagnostics.error("idle-setting", value.span, fmt::format("{} has no effect: no key of {} is made anew", key, name),
                          "delete the line");
      } else {
        diagnostics.error("idle-setting", value.span,
                          fmt::format("{} has no effect: generator {} makes the keys of {}", key, plan::word(*used.begin()), name),
                          fmt::format("write generator: {}, or delete the line", plan::word(generator)));
      }
    }
  }
}

void refuse_idle_changes(const Model& model, Diagnostics& diagnostics) {
  for (const auto& column : model.columns) {
    if (column.root || column.written->change.value == plan::Change::rekey) continue;
    diagnostics.error("idle-setting", column.written->change.span,
                      fmt::format("change has no effect: {} gets its keys from another column", column.name()),
                      fmt::format("write it at {}, where they begin", model.path(model.domains[column.domain].root)));
  }
}

// The first root that is a key by itself, else the first root.
ColumnId main_root(const Model& model, const Domain& domain) {
  const auto roots = roots_of(model, domain);
  for (ColumnId c : roots) {
    if (is_own_key(model, c)) return c;
  }
  return roots.front();
}

}  // namespace

bool is_own_key(const Model& model, ColumnId c) {
  const auto& table = *model.tables[model.columns[c].table].written;
  auto is_it = [&](const plan::Texts& key) {
    return key.size() == 1 && key.front().value == model.columns[c].name();
  };
  return is_it(table.primary_key) ||
         std::any_of(table.unique.begin(), table.unique.end(), [&](const auto& u) { return is_it(u.columns); });
}

void find_key_domains(Model& model, Diagnostics& diagnostics) {
  const Edges edges = column_edges(model);
  mark_roots(model, edges);
  mark_sources(model);
  const auto component = connected_components(static_cast<int>(model.columns.size()), edges);
  for (ColumnId c = 0; c < static_cast<int>(model.columns.size()); ++c) {
    if (component[c] >= static_cast<int>(model.domains.size())) model.domains.resize(component[c] + 1);
    model.columns[c].domain = component[c];
    model.domains[component[c]].columns.push_back(c);
    if (model.columns[c].array()) model.domains[component[c]].in_arrays = true;
    if (model.columns[c].uuid()) model.domains[component[c]].of_uuids = true;
  }
  take_borrowings(model, diagnostics);
  for (auto& domain : model.domains) {
    domain.root = domain.borrows() ? model.top(domain.columns.front()) : main_root(model, domain);
    domain.name = model.path(domain.root);
    if (domain.borrows()) continue;
    choose_generator(model, domain, diagnostics);
    take_parent_keys(model, domain, diagnostics);
    check_listed(model, domain, diagnostics);
    check_uuids(model, domain, diagnostics);
    check_root_is_a_key(model, domain, diagnostics);
  }
  settle_borrowings(model, diagnostics);
  check_consolidated(model, diagnostics);
  read_key_names(model, diagnostics);
  find_default_ids(model);
  check_identities(model, diagnostics);
  warn_of_idle_generators(model, diagnostics);
  refuse_idle_settings(model, diagnostics);
  refuse_idle_changes(model, diagnostics);
  read_picks(model, diagnostics);
  check_decisions(model, diagnostics);
}

}  // namespace rekey::model
