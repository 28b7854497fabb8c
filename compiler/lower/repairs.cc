#include "compiler/lower/repairs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/lower/generators.h"
#include "compiler/lower/sql.h"
#include "compiler/model/resolve.h"

namespace rekey::lower {
namespace {

using model::ColumnId;
using model::DomainId;
using model::TableId;
using nlohmann::json;

// A line for each where there are more than a few.
std::string quoted(const std::set<TableId>& tables, const OfflinePhase& context) {
  std::vector<std::string> names;
  for (TableId t : tables) names.push_back(context.table(t));
  return names.size() < 4 ? fmt::format("{}", fmt::join(names, ", ")) : fmt::format("\n  {}\n ", fmt::join(names, ",\n  "));
}

Step orphans_step(const OfflinePhase& context) {
  const auto& rules = context.phase.orphan_rules;
  const auto decided = static_cast<std::size_t>(
      std::count_if(rules.begin(), rules.end(), [](const auto& rule) { return rule.action != plan::Orphans::fail; }));
  Step step{context.own("orphans"), "orphans", "", "", "", rules.front().span};
  step.up_title = fmt::format("takes care of rows that refer to none, as decided for {}", counted(decided, "reference"));
  step.down_title = "puts these rows back, and their references";
  step.needs = {context.own("open")};
  step.data["phase"] = sql::literal(context.phase.id);
  std::set<TableId> children;
  for (const auto& rule : rules) {
    children.insert(rule.child);
    step.data["rules"].push_back({{"child", sql::literal(context.table(rule.child))},
                                  {"columns", sql::text_array(rule.columns)},
                                  {"parent", sql::literal(context.table(rule.parent))},
                                  {"parent_columns", sql::text_array(rule.parent_columns)},
                                  {"action", sql::literal(plan::word(rule.action))},
                                  {"match", rule.constraint.empty() ? "'no foreign key'" : rule.match_full ? "'full'" : "'simple'"}});
  }
  step.data["tables"] = quoted(children, context);
  return step;
}

// Rows of the root that have the same value of these would get one key.
std::string same_key(const model::Domain& domain) {
  if (domain.generator == plan::Generator::expression) return fmt::format("({})", domain.key_expression);
  std::vector<std::string> parts;
  for (const auto& column : name_columns(domain)) parts.push_back(fmt::format("t.{}::text COLLATE \"C\"", sql::identifier(column)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

// How many rows refer to each: a join for every column that may.
std::string children_joins(const OfflinePhase& context, const model::Domain& domain, const std::string& key) {
  std::string joins;
  int n = 0;
  for (ColumnId c : domain.columns) {
    const auto& column = context.model.columns[c];
    if (c == domain.root || column.above != model::kNone || column.array()) continue;
    joins += fmt::format("\nLEFT JOIN (SELECT {0} AS \"~key{1}\", count(*) AS \"~rows{1}\" FROM {2} GROUP BY {0}) c{1}\n  ON c{1}.\"~key{1}\" = t.{3}",
                         sql::identifier(column.name()), ++n, context.table(column.table), key);
  }
  return joins;
}

std::string children_counted(const std::string& joins) {
  std::vector<std::string> counts;
  for (int n = 1; joins.find(fmt::format("~rows{}\"", n)) != std::string::npos; ++n) {
    counts.push_back(fmt::format("coalesce(c{0}.\"~rows{0}\", 0)", n));
  }
  return counts.empty() ? "0" : fmt::format("{}", fmt::join(counts, "\n    + "));
}

// The row that stays comes first.
std::string order(const plan::Table& written, const std::string& key, const std::string& joins) {
  const auto time = written.time_column.value.empty() ? key : sql::identifier(written.time_column.value);
  switch (written.keep.value.value_or(plan::Keep::newest)) {
    case plan::Keep::newest: return fmt::format("t.{} DESC NULLS LAST, t.{} DESC", time, key);
    case plan::Keep::oldest: return fmt::format("t.{} NULLS LAST, t.{}", time, key);
    case plan::Keep::most_children: return fmt::format("{} DESC, t.{}", children_counted(joins), key);
    case plan::Keep::expression: return fmt::format("({}) DESC NULLS LAST, t.{}", written.keep_expression.value, key);
  }
  return "";
}

std::string duplicates(const OfflinePhase& context, const model::Domain& domain) {
  const auto& root = context.model.columns[domain.root];
  const auto& written = *context.model.tables[root.table].written;
  const auto key = sql::identifier(root.name());
  const auto joins = written.keep.value == plan::Keep::most_children ? children_joins(context, domain, key) : "";
  return fmt::format("\nSELECT t.{0}::text, first_value(t.{0}::text) OVER same, row_number() OVER same - 1\nFROM {1} t{2}\n"
                     "WHERE t.{0} IS NOT NULL\nWINDOW same AS (PARTITION BY {3}\n  ORDER BY {4})\n",
                     key, context.table(root.table), joins, same_key(domain), order(written, key, joins));
}

Step merge_step(const OfflinePhase& context, DomainId d, const std::string& after) {
  const auto& model = context.model;
  const auto& domain = model.domains[d];
  const TableId t = model.columns[domain.root].table;
  Step step = table_step(context, t, context.id(t, "merge"), "merge");
  step.place = model.tables[t].written->on_duplicate.span;
  step.up_title = fmt::format("{}: rows that would get one key become one", step.table);
  step.down_title = fmt::format("{}: puts these rows back, and what referred to them", step.table);
  step.needs = {after};
  std::set<TableId> tables;
  for (ColumnId c : model::merged_columns(model, d)) {
    const auto& column = model.columns[c];
    tables.insert(column.table);
    step.data["columns"].push_back({{"domain", sql::literal(model.domain_of(c).name)},
                                    {"table", sql::literal(context.table(column.table))},
                                    {"column", sql::literal(column.name())},
                                    {"own", column.root && model::is_own_key(model, c) ? "true" : "false"},
                                    {"root", column.root ? "true" : "false"},
                                    {"array", column.array() ? "true" : "false"}});
  }
  step.data["tables"] = quoted(tables, context);
  step.data["domain"] = sql::literal(domain.name);
  step.data["query"] = sql::dollar_quoted(duplicates(context, domain));
  return step;
}

}  // namespace

std::vector<Step> repair_steps(const OfflinePhase& context) {
  std::vector<Step> steps;
  if (!context.phase.orphan_rules.empty()) steps.push_back(orphans_step(context));
  for (DomainId d : context.phase.merges) steps.push_back(merge_step(context, d, steps.empty() ? context.own("open") : steps.back().id));
  return steps;
}

}  // namespace rekey::lower
