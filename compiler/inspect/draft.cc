#include "compiler/inspect/draft.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "compiler/model/fk_graph.h"
#include "compiler/plan/fields.h"
#include "compiler/plan/names.h"

namespace rekey::inspect {

namespace {

plan::Text text(const std::string& value) { return {value, {}}; }

plan::Texts texts(const std::vector<std::string>& values) {
  plan::Texts result;
  for (const std::string& v : values) result.push_back(text(v));
  return result;
}

// A database may be called anything; a plan's name becomes a comment.
std::string plan_name(std::string database) {
  for (char& c : database) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && !std::isalnum(byte) && c != ' ' && c != '-' && c != '_' && c != '.') c = '-';
  }
  if (database.front() == ' ' || database.front() == '.') database.front() = '-';
  if (database.back() == ' ') database.back() = '-';
  return database;
}

plan::Identity identity(db::catalog::Identity kind) {
  switch (kind) {
    case db::catalog::Identity::always:
      return plan::Identity::always;
    case db::catalog::Identity::by_default:
      return plan::Identity::by_default;
    case db::catalog::Identity::none:
      break;
  }
  return plan::Identity::none;
}

plan::Column column(const db::catalog::Column& c) {
  plan::Column result;
  result.name = text(c.name);
  result.type = text(c.key_type);
  if (c.type != c.key_type) result.type_name = text(c.type);
  if (!c.sequence.empty())
    result.sequence = text(to_text(plan::TableName{c.sequence_schema, c.sequence}));
  result.identity.value = identity(c.identity);
  result.sequence_options = text(c.sequence_options);
  result.default_value = text(c.default_value);
  return result;
}

plan::Reference referenced(const Catalog& catalog, const std::string& table,
                           const std::vector<std::string>& columns) {
  const db::catalog::UniqueKey* primary = catalog.primary_key(table);
  return primary && primary->columns == columns ? plan::Reference{catalog.name(table), {}}
                                                : plan::Reference{catalog.name(table), columns};
}

plan::ForeignKey foreign_key(const Catalog& catalog, const db::catalog::ForeignKey& f) {
  plan::ForeignKey result;
  result.name = text(f.name);
  result.columns = texts(f.columns);
  result.references.value = referenced(catalog, f.target, f.target_columns);
  result.match = text(f.match);
  result.on_delete = text(f.on_delete);
  result.on_update = text(f.on_update);
  result.on_delete_columns = texts(f.on_delete_columns);
  result.deferrable = text(f.deferrable);
  result.valid.value = f.valid || !f.enforced;
  result.enforced.value = f.enforced;
  result.comment = text(f.comment);
  return result;
}

plan::Dependent dependent(const db::catalog::Dependent& d) {
  static const auto& words = plan::plan_object().find("dependents")->object->find("kind")->words;
  plan::Dependent result;
  result.kind.value =
      static_cast<plan::DependentKind>(std::find(words.begin(), words.end(), d.kind) - words.begin());
  result.name = text(d.name);
  if (!d.table.empty()) result.table.value = plan::parse_table_name(d.table).value();
  if (d.weight == db::catalog::Weight::blocks) result.problem = text(d.problem);
  result.definition = text(d.definition);
  result.drop = text(d.drop);
  return result;
}

// Whether the definition does not name all that it uses.
bool hides_tables(const db::catalog::Dependent& d) {
  return d.definition.empty() || ((d.kind == "function" || d.kind == "procedure") && !d.problem.empty());
}

class Drafter {
 public:
  Drafter(const Catalog& catalog, const Selection& selection)
      : catalog_(catalog), selection_(selection) {}

  Draft run(const std::vector<db::catalog::Index>& indexes,
            const std::vector<db::catalog::Dependent>& dependents) {
    draft_.plan.version.value = plan::kVersion;
    draft_.plan.name = text(plan_name(catalog_.database));
    draft_.plan.server.value = catalog_.major;
    add_tables();
    add_keys();
    for (const db::catalog::ForeignKey& f : catalog_.foreign_keys) add(f);
    add_families();
    std::set<std::string> told;
    for (const db::catalog::Dependent& d : dependents) {
      add(d);
      if (d.kind == "index") told.insert(d.name);
    }
    for (const db::catalog::Index& i : indexes) {
      const std::string name =
          db::quote_identifier(catalog_.name(i.table).schema) + "." + db::quote_identifier(i.name);
      if (!told.contains(name)) table(i.table)->indexes.push_back({text(i.name), text(i.definition)});
    }
    return std::move(draft_);
  }

 private:
  bool refers(const db::catalog::Column& c) const {
    return std::any_of(catalog_.foreign_keys.begin(), catalog_.foreign_keys.end(), [&](const db::catalog::ForeignKey& f) {
      return f.table == c.table && std::find(f.columns.begin(), f.columns.end(), c.name) != f.columns.end();
    });
  }
  bool is_listed(std::size_t c) const { return selection_.changes[c] || selection_.kept[c]; }
  bool changes(const std::string& table, const std::string& column) const {
    const auto it = catalog_.column_at.find({table, column});
    return it != catalog_.column_at.end() && is_listed(it->second);
  }
  bool changes(const std::string& table, const std::vector<std::string>& columns) const {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const std::string& c) { return changes(table, c); });
  }
  plan::Table* table(const std::string& name) {
    const auto it = place_.find(name);
    return it == place_.end() ? nullptr : &draft_.plan.tables[it->second];
  }

  // Referenced tables first; among equals and in cycles the catalog's order, which is that of
  // names.
  void add_tables() {
    model::Edges edges;
    for (const db::catalog::ForeignKey& f : catalog_.foreign_keys) {
      edges.emplace_back(catalog_.table_at.at(f.table), catalog_.table_at.at(f.target));
    }
    for (std::size_t t = 0; t < catalog_.tables.size(); ++t) {
      for (const std::string& parent : catalog_.tables[t].parents) {
        const auto it = catalog_.table_at.find(parent);
        if (it != catalog_.table_at.end()) edges.emplace_back(t, it->second);
      }
    }
    std::set<std::string> with_keys;
    for (std::size_t c = 0; c < catalog_.columns.size(); ++c) {
      if (is_listed(c)) with_keys.insert(catalog_.columns[c].table);
    }
    for (const int t : model::targets_first(catalog_.tables.size(), edges)) {
      const db::catalog::Table& from = catalog_.tables[t];
      if (!with_keys.contains(from.table)) continue;
      place_[from.table] = draft_.plan.tables.size();
      draft_.plan.tables.emplace_back().name.value = {from.schema, from.name};
    }
  }

  void add_families() {
    for (const db::catalog::Table& t : catalog_.tables) {
      plan::Table* written = table(t.table);
      if (!written) continue;
      written->partitioning = text(t.partitioning);
      written->partition_columns = texts(t.partition_columns);
      for (const std::string& parent : t.parents) {
        if (!table(parent)) continue;
        const plan::Located<plan::TableName> name{catalog_.name(parent), {}};
        if (t.kind == "partition") written->partition_of = name;
        else written->inherits.push_back(name);
      }
    }
  }

  void add_keys() {
    for (std::size_t c = 0; c < catalog_.columns.size(); ++c) {
      if (!is_listed(c)) continue;
      auto& listed = table(catalog_.columns[c].table)->columns;
      listed.push_back(column(catalog_.columns[c]));
      if (selection_.kept[c] && selection_.root[c] && !refers(catalog_.columns[c])) listed.back().change.value = plan::Change::keep;
    }
    for (const db::catalog::UniqueKey& k : catalog_.keys) {
      plan::Table* t = table(k.table);
      if (!t) continue;
      if (k.primary) {
        t->primary_key = texts(k.columns);
      } else if (changes(k.table, k.columns)) {
        t->unique.push_back({text(k.name), texts(k.columns)});
      }
    }
  }

  // A column that changes on one side only has another type on the other: no plan can carry that.
  void add(const db::catalog::ForeignKey& f) {
    if (!changes(f.table, f.columns) && !changes(f.target, f.target_columns)) return;
    for (std::size_t i = 0; i < f.columns.size(); ++i) {
      const bool from = changes(f.table, f.columns[i]), to = changes(f.target, f.target_columns[i]);
      if (from == to) continue;
      const db::catalog::KeyColumn ends[] = {{f.table, f.columns[i]}, {f.target, f.target_columns[i]}};
      db::catalog::Dependent d{"object", "foreign key " + db::quote_identifier(f.name), f.table, {ends[to]}, {}, {}, {}};
      d.problem = fmt::format("it ties {} to {}, which is no integer",
                              catalog_.path(catalog_.column_at.at({ends[to].table, ends[to].column})),
                              catalog_.path(catalog_.column_at.at({ends[from].table, ends[from].column})));
      add(d);
      return;
    }
    table(f.table)->foreign_keys.push_back(foreign_key(catalog_, f));
  }

  void add(const db::catalog::Dependent& d) {
    if (d.weight == db::catalog::Weight::notes) return;
    plan::Dependent written = dependent(d);
    std::set<std::string> uses;
    for (const db::catalog::KeyColumn& key : d.uses) uses.insert(key.table);
    uses.erase(d.table);
    if (hides_tables(d)) {
      for (const std::string& name : uses) written.uses.push_back({catalog_.name(name), {}});
    }
    if (d.weight == db::catalog::Weight::warns) {
      draft_.comments.dependents[draft_.plan.dependents.size()].push_back(d.problem);
    }
    draft_.plan.dependents.push_back(written);
  }

  const Catalog& catalog_;
  const Selection& selection_;
  std::map<std::string, std::size_t> place_;
  Draft draft_;
};

}  // namespace

Draft make_draft(const Catalog& catalog, const Selection& selection,
                 const std::vector<db::catalog::Index>& indexes,
                 const std::vector<db::catalog::Dependent>& dependents) {
  return Drafter(catalog, selection).run(indexes, dependents);
}

}  // namespace rekey::inspect
