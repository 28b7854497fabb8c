#include "compiler/inspect/select.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/model/fk_graph.h"
#include "compiler/plan/names.h"

namespace rekey::inspect {

namespace {

using Patterns = std::vector<plan::Located<plan::TableName>>;

bool any(const Patterns& patterns, const plan::TableName& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const auto& p) { return matches(p.value, name); });
}

std::vector<std::string> left_out(const Catalog& catalog, const std::vector<std::string>& schemas,
                                  const Decisions& decisions) {
  std::vector<std::string> result;
  for (const db::catalog::Table& t : catalog.tables) {
    const plan::TableName name{t.schema, t.name};
    std::string why;
    if (!t.extension.empty()) {
      why = fmt::format("part of extension {}", t.extension);
    } else if (!schemas.empty() &&
               std::find(schemas.begin(), schemas.end(), t.schema) == schemas.end()) {
      why = fmt::format("in schema {}, which was not asked for", t.schema);
    } else if (!decisions.include.empty() && !any(decisions.include, name)) {
      why = "not included";
    } else if (any(decisions.exclude, name)) {
      why = "excluded";
    }
    result.push_back(why);
  }
  return result;
}

void check_names(const Catalog& catalog, const std::vector<std::string>& schemas,
                 const Decisions& decisions, Diagnostics& diagnostics) {
  for (const std::string& schema : schemas) {
    std::set<std::string> known;
    for (const auto& t : catalog.tables) known.insert(t.schema);
    if (known.contains(schema)) continue;
    const auto near = nearest(schema, {known.begin(), known.end()});
    diagnostics.error("unknown-schema", {}, fmt::format("schema {} has no tables", schema),
                      near ? fmt::format("did you mean {}?", *near) : "");
  }
  for (const Patterns* patterns : {&decisions.include, &decisions.exclude}) {
    for (const auto& pattern : *patterns) {
      const bool hit =
          std::any_of(catalog.tables.begin(), catalog.tables.end(), [&](const auto& t) {
            return matches(pattern.value, {t.schema, t.name});
          });
      if (hit) continue;
      diagnostics.error("unknown-table", pattern.span,
                        fmt::format("no table has a name like {}", to_text(pattern.value)),
                        "take it out of the decisions, or write it as the catalog has it");
    }
  }
}

// The column of a catalog with this name that holds keys or arrays of them, or -1.
int id_column(const Catalog& catalog, const std::string& table, const std::string& column) {
  const auto it = catalog.column_at.find({table, column});
  return it == catalog.column_at.end() || catalog.columns[it->second].key_type.empty() ? -1
                                                                                      : it->second;
}

// An array is no key.
int key_column(const Catalog& catalog, const std::string& table, const std::string& column) {
  const int c = id_column(catalog, table, column);
  return c < 0 || catalog.columns[c].is_array() ? -1 : c;
}

std::string sql_name(const plan::TableName& name) {
  return db::quote_identifier(name.schema) + "." + db::quote_identifier(name.name);
}

// Whether its column belongs to none of the keys that it holds.
bool borrows(const plan::LogicalReference& reference) { return !reference.path.value.empty() || !reference.types.empty(); }

// What a person said that no foreign key says; names that the catalog does not have are told later.
void add_decided_ties(const Catalog& catalog, const Decisions& decisions, model::Edges& edges) {
  for (const plan::Table& table : decisions.tables) {
    for (const plan::LogicalReference& reference : table.logical_references) {
      if (borrows(reference)) continue;
      const std::string target = sql_name(reference.references.value.table);
      const db::catalog::UniqueKey* primary = catalog.primary_key(target);
      std::vector<std::string> keys = reference.references.value.columns;
      if (keys.empty() && primary) keys = primary->columns;
      for (std::size_t i = 0; i < std::min(keys.size(), reference.columns.size()); ++i) {
        const int from = id_column(catalog, sql_name(table.name.value), reference.columns[i].value);
        const int to = key_column(catalog, target, keys[i]);
        if (from >= 0 && to >= 0) edges.emplace_back(from, to);
      }
    }
  }
}

void check_referring_columns(const Catalog& catalog, const Decisions& decisions, Diagnostics& diagnostics) {
  for (const plan::Table& table : decisions.tables) {
    for (const plan::LogicalReference& reference : table.logical_references) {
      for (const plan::Text& column : reference.columns) {
        const auto it = catalog.column_at.find({sql_name(table.name.value), column.value});
        if (it == catalog.column_at.end()) {
          diagnostics.error("unknown-column", column.span,
                            fmt::format("{} has no column {}", to_text(table.name.value), plan::name_part(column.value)),
                            "write table and column as the catalog has them");
          continue;
        }
        const db::catalog::Column& found = catalog.columns[it->second];
        if (!found.key_type.empty()) continue;
        if (!reference.path.value.empty()) {
          diagnostics.error("type", column.span, fmt::format("{} is {}, and only documents of type jsonb change by a path", catalog.path(it->second), found.type),
                            found.type == "json" ? "a json is kept as it was written, which could not be given back: make it jsonb before, or leave it out"
                                                 : "take the reference out, and translate what it holds with rekey.mapping");
          continue;
        }
        diagnostics.error("type", column.span,
                          fmt::format("{} is {}, and only columns of type smallint, integer or bigint, arrays of them, "
                                      "uuid or uuid[], get new keys",
                                      catalog.path(it->second), found.type),
                          "take the reference out, and translate what it holds with rekey.mapping");
      }
    }
  }
}

model::Edges ties(const Catalog& catalog, const Decisions& decisions) {
  model::Edges edges;
  add_decided_ties(catalog, decisions, edges);
  for (const db::catalog::ForeignKey& f : catalog.foreign_keys) {
    for (std::size_t i = 0; i < f.columns.size(); ++i) {
      const int from = key_column(catalog, f.table, f.columns[i]);
      const int to = key_column(catalog, f.target, f.target_columns[i]);
      if (from >= 0 && to >= 0) edges.emplace_back(from, to);
    }
  }
  for (int c = 0; c < static_cast<int>(catalog.columns.size()); ++c) {
    const db::catalog::Column& column = catalog.columns[c];
    if (column.key_type.empty()) continue;
    for (const std::string& parent : catalog.tables[catalog.table_at.at(column.table)].parents) {
      const int to = id_column(catalog, parent, column.name);
      if (to >= 0) edges.emplace_back(c, to);
    }
  }
  return edges;
}

// A key by itself, or a part of one that counts with a sequence: what partitions need beside their own column.
std::vector<bool> roots(const Catalog& catalog) {
  std::vector<bool> result(catalog.columns.size());
  std::set<std::pair<std::string, std::string>> referred;
  for (const db::catalog::ForeignKey& f : catalog.foreign_keys) {
    if (f.target_columns.size() == 1) referred.insert({f.target, f.target_columns[0]});
  }
  for (const db::catalog::UniqueKey& k : catalog.keys) {
    for (const std::string& name : k.columns) {
      const int c = key_column(catalog, k.table, name);
      if (c < 0) continue;
      const bool alone = k.columns.size() == 1 && (k.primary || referred.contains({k.table, name}));
      if (alone || (k.primary && !catalog.columns[c].sequence.empty())) result[c] = true;
    }
  }
  return result;
}

// The pattern that leaves a table out, to point at.
Span place_of(const plan::TableName& name, const std::string& why, const Decisions& decisions) {
  if (why == "not included") return decisions.include[0].span;
  for (const auto& pattern : decisions.exclude) {
    if (matches(pattern.value, name)) return pattern.span;
  }
  return {};
}

// A UUID is what others are to become: only a person knows that it is to be made anew, and that for the key of its table.
bool is_chosen(const Catalog& catalog, const Decisions& decisions, int root) {
  const db::catalog::Column& column = catalog.columns[root];
  if (!column.is_uuid()) return true;
  const db::catalog::UniqueKey* primary = catalog.primary_key(column.table);
  if (!primary || primary->columns != std::vector<std::string>{column.name}) return false;
  const plan::TableName table = catalog.name(column.table);
  return std::any_of(decisions.tables.begin(), decisions.tables.end(), [&](const plan::Table& decided) {
    return decided.name.value == table && decided.generator.value;
  });
}

// The columns of one component, and what the tables asked for make of it.
class Domain {
 public:
  Domain(const Catalog& catalog, const Selection& selection, const Decisions& decisions, std::vector<int> columns)
      : catalog_(catalog), selection_(selection), columns_(std::move(columns)) {
    for (const int c : columns_) {
      if (selection.root[c] && is_chosen(catalog, decisions, c)) roots_.push_back(c);
      (why(c).empty() ? inside_ : outside_).push_back(c);
    }
  }
  bool rooted() const { return !roots_.empty(); }
  bool changes() const {
    return std::any_of(roots_.begin(), roots_.end(), [&](int c) { return why(c).empty(); });
  }
  const std::vector<int>& columns() const { return columns_; }

  void report_split(const Decisions& decisions, Diagnostics& diagnostics) const {
    const int root =
        *std::find_if(roots_.begin(), roots_.end(), [&](int c) { return why(c).empty(); });
    const std::string root_table = to_text(catalog_.name(catalog_.columns[root].table));
    for (const int c : outside_) {
      const plan::TableName name = catalog_.name(catalog_.columns[c].table);
      diagnostics.error(
          "split-domain", place_of(name, why(c), decisions),
          fmt::format("{} is left out ({}), but its column {} holds keys of {}, which change",
                      to_text(name), why(c), catalog_.columns[c].name, root_table),
          fmt::format("take {} in, or exclude {} too", to_text(name), root_table));
    }
  }
  std::string remark() const {
    std::vector<std::string> others;
    for (const int c : inside_) others.push_back(catalog_.path(c));
    return others.empty()
               ? ""
               : fmt::format("{} stays as it is: its table is {}. With it stays {}",
                             catalog_.path(roots_[0]), why(roots_[0]), fmt::join(others, ", "));
  }

 private:
  const std::string& why(int c) const {
    return selection_.left_out[catalog_.table_at.at(catalog_.columns[c].table)];
  }
  const Catalog& catalog_;
  const Selection& selection_;
  std::vector<int> columns_, roots_, inside_, outside_;
};

using Groups = std::map<int, std::vector<int>>;

std::set<std::string> merged_tables(const Catalog& catalog, const Decisions& decisions, const Selection& selection, const Groups& groups) {
  std::set<std::string> tables;
  for (const plan::Table& decided : decisions.tables) {
    if (decided.on_duplicate.value != plan::OnDuplicate::merge) continue;
    for (std::size_t c = 0; c < catalog.columns.size(); ++c) {
      if (catalog.columns[c].table != sql_name(decided.name.value) || !selection.changes[c] || !selection.root[c]) continue;
      for (const int other : groups.at(selection.component[c])) tables.insert(catalog.columns[other].table);
    }
  }
  return tables;
}

// Where rows are merged, rows that refer to them may have to be, and then whatever refers to these, by UUIDs too.
void keep_what_merges_reach(const Catalog& catalog, const Decisions& decisions, const Groups& groups, Selection& selection) {
  auto tables = merged_tables(catalog, decisions, selection, groups);
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [component, columns] : groups) {
      const bool reached = columns.size() > 1 && std::any_of(columns.begin(), columns.end(), [&](int c) {
        return selection.root[c] && !selection.changes[c] && !selection.kept[c] && tables.contains(catalog.columns[c].table);
      });
      if (!reached) continue;
      for (const int c : columns) {
        selection.kept[c] = true;
        tables.insert(catalog.columns[c].table);
      }
      grown = true;
    }
  }
}

std::vector<int> lending_keys(const Catalog& catalog, const plan::LogicalReference& reference) {
  std::vector<plan::Reference> targets{reference.references.value};
  for (const auto& type : reference.types) targets.push_back(type.references.value);
  std::vector<int> keys;
  for (const plan::Reference& target : targets) {
    const db::catalog::UniqueKey* primary = catalog.primary_key(sql_name(target.table));
    const auto& columns = target.columns.empty() && primary ? primary->columns : target.columns;
    const int c = columns.empty() ? -1 : key_column(catalog, sql_name(target.table), columns[0]);
    if (c >= 0) keys.push_back(c);
  }
  return keys;
}

// A column that holds keys of others changes when any of those do, with the whole of its family.
void add_borrowing(const Catalog& catalog, const Decisions& decisions, const Groups& groups, Selection& selection) {
  for (const plan::Table& table : decisions.tables) {
    for (const plan::LogicalReference& reference : table.logical_references) {
      if (!borrows(reference) || reference.columns.empty()) continue;
      const int from = id_column(catalog, sql_name(table.name.value), reference.columns[0].value);
      const auto keys = lending_keys(catalog, reference);
      if (from < 0 || std::none_of(keys.begin(), keys.end(), [&](int c) { return selection.changes[c]; })) continue;
      for (const int c : groups.at(selection.component[from])) selection.changes[c] = true;
      for (const int c : keys) {
        if (!selection.changes[c]) selection.kept[c] = true;  // the plan has to know that they stay
      }
    }
  }
}

// Documents are no keys but where a person says so; their partitions have them too.
void mark_documents(const Decisions& decisions, Catalog& catalog) {
  std::set<std::pair<std::string, std::string>> marked;
  for (const plan::Table& table : decisions.tables) {
    for (const plan::LogicalReference& reference : table.logical_references) {
      if (!reference.path.value.empty() && !reference.columns.empty()) marked.insert({sql_name(table.name.value), reference.columns[0].value});
    }
  }
  for (bool grown = !marked.empty(); grown;) {
    grown = false;
    for (db::catalog::Column& column : catalog.columns) {
      if (column.type != "jsonb" || !column.key_type.empty()) continue;
      const auto& parents = catalog.tables[catalog.table_at.at(column.table)].parents;
      const bool is = marked.contains({column.table, column.name}) ||
                      std::any_of(parents.begin(), parents.end(), [&](const auto& parent) { return marked.contains({parent, column.name}); });
      if (!is) continue;
      column.key_type = column.type;
      marked.insert({column.table, column.name});
      grown = true;
    }
  }
}

}  // namespace

plan::TableName Catalog::name(const std::string& table) const {
  const db::catalog::Table& t = tables[table_at.at(table)];
  return {t.schema, t.name};
}

std::string Catalog::path(int column) const {
  return to_text(name(columns[column].table)) + "." + plan::name_part(columns[column].name);
}

const db::catalog::UniqueKey* Catalog::primary_key(const std::string& table) const {
  const auto it = primary_at.find(table);
  return it == primary_at.end() ? nullptr : &keys[it->second];
}

Catalog read_catalog(db::Connection& connection, const Decisions& decisions) {
  Catalog c;
  std::vector<db::catalog::KeyColumn> decided;
  for (const plan::Table& table : decisions.tables) {
    for (const plan::LogicalReference& reference : table.logical_references) {
      for (const plan::Text& column : reference.columns) decided.push_back({sql_name(table.name.value), column.value});
    }
  }
  c.database = connection.exec("SELECT current_database()").only().value();
  c.version = connection.exec("SHOW server_version").only().value();
  c.version = c.version.substr(0, c.version.find(' '));
  c.major = connection.server_version() / 10000;
  c.tables = db::catalog::tables(connection);
  c.columns = db::catalog::key_columns(connection, decided);
  c.keys = db::catalog::unique_keys(connection);
  c.foreign_keys = db::catalog::foreign_keys(connection);
  c.arrays = db::catalog::integer_arrays(connection);
  for (std::size_t i = 0; i < c.tables.size(); ++i) c.table_at[c.tables[i].table] = i;
  for (std::size_t i = 0; i < c.columns.size(); ++i) {
    c.column_at[{c.columns[i].table, c.columns[i].name}] = i;
  }
  for (std::size_t i = 0; i < c.keys.size(); ++i) {
    if (c.keys[i].primary) c.primary_at[c.keys[i].table] = i;
  }
  mark_documents(decisions, c);
  std::erase_if(c.foreign_keys, [&](const auto& f) { return !c.table_at.contains(f.target); });
  return c;
}

Selection select(const Catalog& catalog, const std::vector<std::string>& schemas,
                 const Decisions& decisions, Diagnostics& diagnostics) {
  check_names(catalog, schemas, decisions, diagnostics);
  check_referring_columns(catalog, decisions, diagnostics);
  Selection result;
  result.left_out = left_out(catalog, schemas, decisions);
  result.component = model::connected_components(catalog.columns.size(), ties(catalog, decisions));
  result.root = roots(catalog);
  result.changes.resize(catalog.columns.size());
  result.kept.resize(catalog.columns.size());
  Groups groups;
  for (std::size_t c = 0; c < catalog.columns.size(); ++c) groups[result.component[c]].push_back(c);
  for (auto& [component, columns] : groups) {
    const Domain domain(catalog, result, decisions, columns);
    if (!domain.rooted()) continue;
    if (domain.changes()) {
      domain.report_split(decisions, diagnostics);
      for (const int c : domain.columns()) result.changes[c] = true;
    } else if (const std::string remark = domain.remark(); !remark.empty()) {
      result.remarks.push_back(remark);
    }
  }
  add_borrowing(catalog, decisions, groups, result);
  keep_what_merges_reach(catalog, decisions, groups, result);
  if (std::find(result.changes.begin(), result.changes.end(), true) == result.changes.end() &&
      !diagnostics.has_errors()) {
    diagnostics.error(
        "nothing-to-change", {},
        fmt::format("database {} has no table with an integer primary key among those "
                    "asked for",
                    catalog.database),
        std::any_of(catalog.columns.begin(), catalog.columns.end(), [](const auto& c) { return c.is_uuid(); })
            ? "keys that are UUIDs already change where the decisions give their table a generator"
            : "");
  }
  return result;
}

}  // namespace rekey::inspect
