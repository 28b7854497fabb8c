#include "compiler/lower/online_phase.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lower {

using model::ColumnId;
using model::TableId;

namespace {

// With the column's number: no two tables share a name of ours, which a NATURAL JOIN would compare.
std::string beside(const char* prefix, const std::string& name, ColumnId c) {
  const auto whole = fmt::format("{}{}_{}", prefix, name, c + 1);
  return whole.size() <= plan::kMaxName ? whole : fmt::format("{}{}", prefix, c + 1);
}

// The first of some signs that stands in no quoted name.
std::size_t find_sign(const std::string& text, std::string_view signs, std::size_t from) {
  bool quoted = false;
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (!quoted && signs.find(text[at]) != std::string_view::npos) return at;
  }
  return std::string::npos;
}

// "btree (user_id, created_at DESC)" with the columns' other names.
std::string renamed(const std::string& definition, const std::vector<Pair>& pairs, std::string Pair::*to) {
  const auto open = find_sign(definition, "(", 0), close = find_sign(definition, ")", open);
  std::string out = definition.substr(0, open + 1);
  for (std::size_t at = open + 1; at < close;) {
    const auto end = find_sign(definition, ",)", at);
    auto item = definition.substr(at, end - at);
    const auto begin = item.find_first_not_of(' ');
    for (const auto& pair : pairs) {
      const auto rest = begin + pair.name.size();
      if (item.compare(begin, pair.name.size(), pair.name) != 0 || (rest < item.size() && item[rest] != ' ')) continue;
      item = item.substr(0, begin) + pair.*to + item.substr(rest);
      break;
    }
    out += item + (end < close ? "," : "");
    at = end + 1;
  }
  return out + definition.substr(close);
}

std::string plain(const std::vector<std::string>& columns) { return fmt::format("btree ({})", sql::columns(columns)); }

}  // namespace

OnlinePhase::OnlinePhase(const model::Model& m, const model::Phase& swap)
    : OfflinePhase(m, swap), prepare(m.other_half(swap)) {
  for (TableId t : swap.changed) {
    if (columns.contains(t)) heads.push_back(t);
    auto& own = pairs[t];
    for (ColumnId c : m.tables[t].columns) {
      if (!changes_here(c)) continue;
      const auto& name = m.columns[c].name();
      const auto shadow = beside("rekey_new_", name, m.top(c)), legacy = beside("rekey_old_", name, m.top(c));
      own.push_back({c, sql::identifier(name), name, sql::identifier(shadow), shadow, sql::identifier(legacy), legacy});
    }
    auto& list = indexes[t];
    auto add = [&](const std::string& name, const std::string& definition, const plan::Texts& key) {
      const bool unique = !key.empty();
      const auto twin = renamed(definition, own, &Pair::shadow);
      if (twin == definition) return;  // it has no key that changes
      const auto number = fmt::format("{}_{}", t + 1, list.size() + 1);
      list.push_back({name, twin, unique ? definition : "", unique, "rekey_twin_" + number, "rekey_old_key_" + number,
                      renamed(definition, own, &Pair::legacy), plan::to_strings(key)});
    };
    const auto& written = *m.tables[t].written;
    if (!written.primary_key.empty()) add("", plain(plan::to_strings(written.primary_key)), written.primary_key);
    for (const auto& key : written.unique) add(key.name.value, plain(plan::to_strings(key.columns)), key.columns);
    for (const auto& index : written.indexes) add(index.name.value, index.definition.value, {});
  }
}

std::string bridge_schemas() {
  std::string out;
  for (const auto& [name, shape] : {std::pair{"rekey_old", "old"}, std::pair{"rekey_new", "new"}}) {
    out += fmt::format("CREATE SCHEMA {0};\nGRANT USAGE ON SCHEMA {0} TO PUBLIC;\nCOMMENT ON SCHEMA {0} IS "
                       "'Tables in their {1} shape, for the time of a deployment';\n", name, shape);
  }
  return out;
}

void add_tables(const OnlinePhase& context, nlohmann::json& out) {
  const auto& model = context.model;
  for (TableId t : context.phase.changed) {
    std::vector<std::string> names;
    for (ColumnId c : model.tables[t].columns) {
      if (model.changes(c)) names.push_back(model.columns[c].name());
    }
    out.push_back({{"table", sql::literal(context.table(t))}, {"names", sql::text_array(names)}});
    if (model.tables[t].partitioned()) out.back()["parts"] = {{"members", context.members(t)}};
  }
}

std::vector<TableId> OnlinePhase::stored(TableId head) const {
  auto out = model.family(head);
  std::erase_if(out, [&](TableId t) { return model.tables[t].partitioned(); });
  return out;
}

std::vector<TableId> OnlinePhase::settled(TableId head) const {
  auto out = stored(head);
  if (model.tables[head].partitioned()) out.push_back(head);
  return out;
}

std::vector<TableId> OnlinePhase::partitioned(TableId head) const {
  auto out = model.family(head);
  std::erase_if(out, [&](TableId t) { return !model.tables[t].partitioned(); });
  return out;
}

std::vector<std::string> expect_indexes(const OnlinePhase& context, TableId head) {
  std::vector<std::string> out;
  for (TableId t : context.model.family(head)) {
    std::vector<std::string> known;
    for (const auto& index : context.model.tables[t].written->indexes) known.push_back(index.name.value);
    for (const auto& unique : context.model.tables[t].written->unique) known.push_back(unique.name.value);
    out.push_back(fmt::format("CALL rekey.expect_indexes({}, {}, {});", sql::literal(context.table(t)),
                              sql::text_array(context.names(t, &Pair::name_text)), known.empty() ? "'{}'" : sql::text_array(known)));
  }
  return out;
}

void add_parts(const OnlinePhase& context, TableId t, nlohmann::json& data) {
  if (!context.model.tables[t].partitioned()) return;
  data["parts"] = {{"members", context.members(t)}, {"names", sql::text_array(context.names(t, &Pair::name_text))}};
}

std::string OnlinePhase::members(TableId t) const {
  std::vector<std::string> out;
  for (TableId member : model.family(t)) out.push_back(table(member));
  return sql::text_array(out);
}

bool OnlinePhase::is_joined(const model::ForeignKey& fk) const {
  return model.tables[fk.child].partitioned() && fk.written->holds();
}

// The keys' are joined by the swap: a constraint takes but an index that stands for itself.
bool joins(const OnlinePhase& context, TableId head) {
  const auto tables = context.partitioned(head);
  return std::any_of(tables.begin(), tables.end(), [&](TableId t) {
    const auto& list = context.indexes.at(t);
    return std::any_of(list.begin(), list.end(), [](const TwinIndex& index) { return !index.key(); });
  });
}

Step join_step(const OnlinePhase& context, TableId head, std::string id, bool after_swap) {
  Step step = table_step(context, head, std::move(id), after_swap ? "join_back" : "join");
  add_parts(context, head, step.data);
  step.data["indexes"] = nlohmann::json::array();
  for (TableId t : context.partitioned(head)) {
    for (const auto& index : context.indexes.at(t)) {
      if (index.key()) continue;
      const auto& name = after_swap ? index.legacy_twin : index.twin;
      step.data["indexes"].push_back({{"table", sql::literal(context.table(t))},
                                      {"named", sql::literal(index.name)},
                                      {"twin_literal", sql::literal(name)},
                                      {"twin", sql::identifier(context.model.tables[t].name().schema) + "." + name},
                                      {"definition", sql::dollar_quoted(after_swap ? index.old_definition : index.definition)},
                                      {"names", sql::text_array(context.names(t, &Pair::name_text))},
                                      {"others", sql::text_array(context.names(t, after_swap ? &Pair::legacy_text : &Pair::shadow_text))}});
    }
  }
  return step;
}

std::vector<std::string> OnlinePhase::names(TableId t, std::string Pair::*which) const {
  std::vector<std::string> out;
  for (const auto& pair : pairs.at(t)) out.push_back(pair.*which);
  return out;
}

std::string OnlinePhase::prepare_id(TableId t, const std::string& kind) const {
  return fmt::format("{}.{}.{}", prepare.id, slug(model, t), kind);
}

std::string OnlinePhase::old_key(const Pair& pair) const { return fmt::format("rekey.old_key_{}", model.domain_of(pair.column).root + 1); }

std::string OnlinePhase::new_key(const Pair& pair) const { return fmt::format("rekey.new_key_{}", model.domain_of(pair.column).root + 1); }

bool OnlinePhase::has_own_ids(const model::Domain& domain) const {
  const auto& root = *model.columns[domain.root].written;
  return !bridged() || root.sequence.value.empty() || root.identity.value != plan::Identity::none;
}

std::string OnlinePhase::ids(const model::Domain& domain) const {
  if (has_own_ids(domain)) return fmt::format("rekey.ids_{}", domain.root + 1);
  return sql::table(*plan::parse_table_name(model.columns[domain.root].written->sequence.value));
}

std::string OnlinePhase::function(TableId t, const char* what) const { return fmt::format("rekey.{}_{}", what, t + 1); }

std::vector<TableId> OnlinePhase::locked() const {
  std::set<TableId> all(phase.changed.begin(), phase.changed.end());
  for (model::ForeignKeyId f : phase.touched) {
    all.insert(model.foreign_keys[f].child);
    all.insert(model.foreign_keys[f].parent);
  }
  std::vector<TableId> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](TableId t) {  // partitions with their tables
    const auto& parents = model.tables[t].parents;
    return std::none_of(parents.begin(), parents.end(), [&](TableId parent) { return all.contains(parent); });
  });
  return out;
}

const Pair& OnlinePhase::pair_of(ColumnId c) const {
  const auto& own = pairs.at(model.columns[c].table);
  return *std::find_if(own.begin(), own.end(), [&](const Pair& pair) { return pair.column == c; });
}

}  // namespace rekey::lower
