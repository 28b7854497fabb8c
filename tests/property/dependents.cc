#include "tests/property/dependents.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/property/templates.h"
#include "tests/property/values.h"

namespace rekey::property {

namespace {

struct Key {
  std::string name;  // quoted
  int domain;
};

// What a dependent can stand on.
struct Source {
  unsigned kind;  // of Template::on
  std::string sql, schema;
  std::vector<Key> keys;
  std::string primary_key;
  bool rows_move = false;  // in or out while the keys have changed
  bool made_anew = false;  // and then what is NOT VALID is refused
};

const Key* other_key(const Source& source, const Key& key) {
  for (const Key& other : source.keys) {
    if (&other != &key && other.domain == key.domain) return &other;
  }
  return nullptr;
}

std::string id(unsigned drawn) {
  constexpr std::array kIds = {"1", "-1", "3", "0", "100000", "5000000000"};
  return kIds[drawn % kIds.size()];
}

class Hanger {
 public:
  Hanger(Schema& schema, int server) : schema_(schema), server_(server) {
    for (const Table& t : schema.tables) add(t);
  }

  void hang(const Template& form, const DependentRecipe& r, const char* prefix) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (sources_[i].kind & form.on) places.push_back(i);
    }
    if (places.empty() || server_ < form.since) return;
    const Source on = sources_[places[r.on % places.size()]];
    const Key& key = on.keys[r.column % on.keys.size()];
    const auto [place, pair] = key_of_the_domain(key.domain, r.other);
    const Key* same = other_key(on, key);
    const std::string generator = schema_.generator_of(key.domain);
    if (on.made_anew && std::string_view(form.sql).ends_with("NOT VALID")) return;
    if ((form.needs & kComputed) && is_listed(generator)) return;
    if ((form.needs & kOrdered) && generator != "ordered") return;
    if ((form.needs & kSame) && !same) return;
    const std::string plain = fmt::format("{}{}", prefix, schema_.dependents.size());
    const std::string name = sql_name(odd_name(r.name, plain).substr(0, 63));
    const std::string schema = schema_.tables[r.schema % schema_.tables.size()].schema;
    const std::string qualified = sql_name(schema) + "." + name;
    const auto fill = [&](const char* text) {
      return fmt::format(
          fmt::runtime(text), fmt::arg("n", name), fmt::arg("s", qualified),
          fmt::arg("i", sql_name(on.schema) + "." + name), fmt::arg("t", on.sql),
          fmt::arg("k", key.name), fmt::arg("h", same ? same->name : ""), fmt::arg("u", place->sql),
          fmt::arg("o", pair->name), fmt::arg("l", id(r.id)), fmt::arg("m", id(r.another_id)),
          fmt::arg("p", on.primary_key));
    };
    const Key shown = key;
    const bool rows_move = on.rows_move || place->rows_move;
    schema_.dependents.push_back({plain, fill(form.sql), rows_move ? "" : fill(form.probe)});
    if (form.shows) sources_.push_back({form.shows, qualified, schema, {shown}, "", rows_move});
  }

 private:
  void add(const Table& t) {
    Source source{t.partitions.empty() ? kOrdinary : kPartitioned, t.sql(), t.schema, {}, ""};
    source.made_anew = t.parts_by_key;
    for (const Column& c : t.columns) source.keys.push_back({sql_name(c.name), c.domain});
    for (int c : t.primary_key) {
      source.primary_key += (source.primary_key.empty() ? "" : ", ") + sql_name(t.columns[c].name);
    }
    sources_.push_back(source);
    source.kind = kPartition;
    for (const std::string& partition : t.partitions) {
      source.sql = partition;
      source.rows_move = t.parts_by_key;
      sources_.push_back(source);
    }
  }

  std::pair<const Source*, const Key*> key_of_the_domain(int domain, unsigned drawn) const {
    std::vector<std::pair<const Source*, const Key*>> all;
    for (const Source& source : sources_) {
      for (const Key& key : source.keys) {
        if (key.domain == domain) all.emplace_back(&source, &key);
      }
    }
    return all[drawn % all.size()];
  }

  Schema& schema_;
  const int server_;
  std::vector<Source> sources_;
};

void add(Schema& schema, const Recipe& recipe, int server, const std::vector<Template>& forms,
         const char* prefix) {
  if (recipe.dependents.empty()) return;
  for (const char* statement : stage()) schema.first.push_back(statement);
  Hanger hanger(schema, server);
  for (const DependentRecipe& r : recipe.dependents) {
    hanger.hang(forms[r.kind % forms.size()], r, prefix);
  }
}

}  // namespace

void add_dependents(Schema& schema, const Recipe& recipe, int server) {
  add(schema, recipe, server, templates(), "d");
}

void add_meaningless(Schema& schema, const Recipe& recipe, int server) {
  add(schema, recipe, server, meaningless_templates(), "odd");
  // A table whose rows are a column's type is altered no more.
  std::stable_partition(schema.dependents.begin(), schema.dependents.end(),
                        [](const auto& d) { return d.sql.starts_with("ALTER TABLE"); });
}

}  // namespace rekey::property
