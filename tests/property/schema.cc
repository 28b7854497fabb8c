#include "tests/property/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "runtime/db/connection.h"
#include "tests/property/dependents.h"
#include "tests/property/values.h"

namespace rekey::property {

namespace {

using Ids = std::vector<std::optional<std::int64_t>>;
class Builder {
 public:
  Builder(const Recipe& recipe, const std::string& generator, int server)
      : recipe_(recipe), server_(server) {
    if (recipe_.tables.empty()) recipe_.tables.emplace_back();
    schema_.generator = generator;
    schema_.server = server;
    schema_.owned_by_app = recipe_.owner == 1;
    schema_.back_to = static_cast<int>(recipe_.back_to);
    schema_.jobs = static_cast<int>(recipe_.jobs) + 1;
  }

  Schema run() {
    for (int t = 0; t < count(); ++t) add_table(t);
    for (int t = 0; t < count(); ++t) {
      for (std::size_t f = key_parts(t); f < recipe_.tables[t].foreign_keys.size(); ++f) {
        add_plain(t, recipe_.tables[t].foreign_keys[f]);
      }
    }
    for (int t = count() - 1; t >= 0; --t) add_family(t);
    find_domains(schema_);
    choose_generators(schema_, recipe_);
    keep_domain(schema_, recipe_);
    choose_phases(schema_, recipe_);
    decide_defaults();
    add_statements(schema_, recipe_);
    if (recipe_.meaningless)
      add_meaningless(schema_, recipe_, server_);
    else
      add_dependents(schema_, recipe_, server_);
    return std::move(schema_);
  }

 private:
  // A key of one column parts the rows itself.
  bool partitioned(int t) const {
    const TableRecipe& r = recipe_.tables[t];
    return r.family % 5 > 0 && (kind(t) == 3 || (kind(t) == 0 && r.by_key));
  }

  // Children stand after all other tables, each with the foreign key that its parent's recipe has first.
  void add_family(int t) {
    const unsigned family = recipe_.tables[t].family;
    if (partitioned(t)) return partition(table(t), recipe_.tables[t]);
    for (unsigned i = 0; i < std::min(family, 2u); ++i) t = add_child(t);
  }

  int add_child(int parent) {
    const int number = count();
    TableRecipe r = recipe_.tables[parent];
    r.foreign_keys.resize(std::min<std::size_t>(r.foreign_keys.size(), 1));
    r.kind = r.family = 0;
    recipe_.tables.push_back(r);
    table(parent).inherited = true;
    schema_.tables.push_back(child_of(table(parent), r, number));
    for (const ForeignKeyRecipe& fk : r.foreign_keys) add_plain(number, fk);
    return number;
  }

  int count() const { return static_cast<int>(recipe_.tables.size()); }
  Table& table(int t) { return schema_.tables[t]; }
  std::string object_name(int t, const std::string& what) {
    return odd_name(recipe_.tables[t].name, fmt::format("t{}_{}", t, what)).substr(0, 63);
  }

  ForeignKeyRecipe part(int t, std::size_t i) const {
    const auto& all = recipe_.tables[t].foreign_keys;
    return i < all.size() ? all[i] : ForeignKeyRecipe{};
  }
  std::size_t key_parts(int t) const {
    switch (kind(t)) {
      case 1:
      case 3:
        return 1;
      case 2:
        return 2;
      default:
        return 0;
    }
  }
  // Keys made of foreign keys point at tables before them, and these need a key of one column.
  unsigned kind(int t) const { return single_before(t).empty() ? 0 : recipe_.tables[t].kind; }
  std::vector<int> single_before(int t) const {
    std::vector<int> out;
    for (int i = 0; i < t; ++i) {
      if (schema_.tables[i].primary_key.size() == 1) out.push_back(i);
    }
    return out;
  }

  void add_table(int t) {
    const TableRecipe& r = recipe_.tables[t];
    Table next;
    next.schema = r.schema == 1 ? "Second schema" : r.schema == 2 ? "third" : "public";
    next.number = t;
    next.name = odd_name(r.name, fmt::format("t{}", t));
    next.key_name = odd_name(r.name, fmt::format("t{}_pk", t));
    schema_.tables.push_back(next);
    switch (kind(t)) {
      case 0:
        add_own_key(t);
        break;
      case 1:
        add_key_of_one(t);
        break;
      case 2:
        add_key_of_two(t);
        break;
      default:
        add_key_and_line(t);
    }
    if (r.code && !partitioned(t)) add_code(t);
    constexpr std::array kTimes = {"2024-05-06 07:08:09.1+00", "1969-07-20 20:17:40+00",
                                   "2262-01-01", "1999-12-31 23:59:59.999999+00", "2024-02-29"};
    table(t).time = kTimes[r.time];
    if (r.time == 3) table(t).time_type = "timestamp";
    if (r.time == 4) table(t).time_type = "date";
  }

  void add_own_key(int t) {
    const TableRecipe& r = recipe_.tables[t];
    Column id{object_name(t, "id"), kTypes[r.type]};
    id.not_null = true;
    const bool identity = r.source == 1 || r.source == 2 || r.source == 5;
    if (r.domain && !identity) id.declared = domain_over(id.type);
    std::set<std::int64_t> ids;
    constexpr unsigned kV7 = 4;  // see choose_generators
    const bool bounded = schema_.generator == "ordered" || schema_.generator == "v7" || r.generator == kV7;
    for (unsigned drawn : r.ids) ids.insert(id_of(drawn, id.type, bounded));
    for (std::int64_t i : ids) table(t).rows.push_back({i});
    table(t).columns.push_back(id);
    table(t).primary_key = {0};
    add_sequence(t, r);
  }

  std::string domain_over(const std::string& type) {
    const std::string name = fmt::format("public.\"number, {}\"", type);
    if (domains_.insert(name).second) {
      schema_.first.push_back(
          fmt::format("CREATE DOMAIN {} AS {} CONSTRAINT allowed CHECK (VALUE <> -987)", name, type));
    }
    return name;
  }

  void add_sequence(int t, const TableRecipe& r) {
    if (r.source == 3) return;
    constexpr std::array kIncrements = {1, 1, 5, -1, -3, 1};
    Column& id = table(t).columns[0];
    id.increment = kIncrements[r.increment];
    if (r.shared && t > 0 && table(t - 1).columns[0].rest.starts_with(" DEFAULT nextval")) {
      return share_sequence(t);
    }
    const std::string name = sql_name(table(t).schema) + "." + sql_name(object_name(t, "seq"));
    std::string options = id.increment == 1 ? "" : fmt::format(" INCREMENT BY {}", id.increment);
    if (r.increment == 5) options += " MINVALUE -400 START WITH 3 CACHE 4 CYCLE";
    id.sequence = name;
    if (r.source == 1 || r.source == 2 || r.source == 5) {
      id.rest = fmt::format(" GENERATED {} AS IDENTITY (SEQUENCE NAME {}{})",
                            r.source != 2 ? "BY DEFAULT" : "ALWAYS", name, options);
      table(t).overriding = true;
    } else {
      schema_.first.push_back(fmt::format("CREATE SEQUENCE {} AS {}{}", name, id.type, options));
      id.rest = fmt::format(" DEFAULT nextval({})", db::quote_literal(name));
      if (r.source == 0) {
        table(t).before_rows.push_back(fmt::format("ALTER SEQUENCE {} OWNED BY {}.{}", name,
                                                   table(t).sql(), sql_name(id.name)));
      }
    }
    place_sequence(t, r.position);
  }

  void share_sequence(int t) {
    schema_.shared_sequence = true;
    const Column& other = table(t - 1).columns[0];
    Column& id = table(t).columns[0];
    id.sequence = other.sequence;
    id.increment = other.increment;
    id.rest = fmt::format(" DEFAULT nextval({})", db::quote_literal(other.sequence));
  }

  // Behind the ids, never used, at them, ahead of them.
  void place_sequence(int t, unsigned position) {
    const Column& id = table(t).columns[0];
    const bool up = id.increment > 0;
    std::int64_t at = up ? 1 : -1;
    for (const Row& row : table(t).rows) {
      at = up ? std::max(at, *row[0]) : std::min(at, *row[0]);
    }
    const std::int64_t room = up ? limit(id.type) - at : at + limit(id.type);
    if (position == 4 && room > 40) at += up ? 40 : -40;
    if (position == 3) at = up ? 2 : -2;
    if (position == 0 || !fits(at, id.type)) return;
    table(t).after_rows.push_back(fmt::format("SELECT setval({}, {}, {})",
                                              db::quote_literal(id.sequence), at, position != 2));
  }

  void add_code(int t) {
    Column code{object_name(t, "code"),
                kTypes[(recipe_.tables[t].type + recipe_.tables[t].code) % 3]};
    for (std::size_t r = 0; r < table(t).rows.size(); ++r) {
      const bool none = recipe_.tables[t].code == 2 && r % 3 == 1;
      table(t).rows[r].push_back(none ? std::nullopt : std::optional<std::int64_t>(500 - 7 * r));
    }
    table(t).code = static_cast<int>(table(t).columns.size());
    table(t).columns.push_back(code);
  }

  Ids values(int t, int column) {
    Ids out;
    for (const Row& row : table(t).rows) out.push_back(row[column]);
    return out;
  }

  std::string type_for(const ForeignKeyRecipe& r, const Column& target, const Ids& ids) {
    if (r.type == 0) return target.type;
    const std::string type = kTypes[r.type - 1];
    const bool holds =
        std::all_of(ids.begin(), ids.end(), [&](auto id) { return !id || fits(*id, type); });
    return holds ? type : target.type;
  }

  // A column of a primary key that refers to the key of a table before.
  void add_key_part(int t, std::size_t i, Ids ids, int target) {
    const ForeignKeyRecipe r = part(t, i);
    const int to = table(target).primary_key[0];
    Column column{object_name(t, fmt::format("key{}", i)),
                  type_for(r, table(target).columns[to], ids)};
    if (r.type == 0) column.declared = table(target).columns[to].declared;
    column.not_null = true;
    if (table(t).rows.size() < ids.size()) table(t).rows.resize(ids.size());
    for (std::size_t row = 0; row < ids.size(); ++row) table(t).rows[row].push_back(ids[row]);
    const int at = static_cast<int>(table(t).columns.size());
    table(t).columns.push_back(column);
    table(t).primary_key.push_back(at);
    add_foreign_key(t, r, {at}, target, {to}, false);
  }

  void add_key_of_one(int t) {
    const auto before = single_before(t);
    const int target = before[part(t, 0).target % before.size()];
    Ids ids = values(target, table(target).primary_key[0]);
    ids.resize(std::min(ids.size(), recipe_.tables[t].ids.size()));
    const bool all = ids.size() == table(target).rows.size();
    add_key_part(t, 0, ids, target);
    if (all && part(t, 0).second)
      add_foreign_key(target, part(t, 0), table(target).primary_key, t, {0}, false);
  }

  void add_key_of_two(int t) {
    const auto before = single_before(t);
    const int a = before[part(t, 0).target % before.size()],
              b = before[part(t, 1).target % before.size()];
    const Ids as = values(a, table(a).primary_key[0]), bs = values(b, table(b).primary_key[0]);
    Ids left, right;
    for (std::size_t i = 0; i < as.size() && left.size() < recipe_.tables[t].ids.size(); ++i) {
      for (std::size_t j = i % 2; j < bs.size() && left.size() < recipe_.tables[t].ids.size();
           j += 2) {
        left.push_back(as[i]);
        right.push_back(bs[j]);
      }
    }
    add_key_part(t, 0, left, a);
    add_key_part(t, 1, right, b);
  }

  void add_key_and_line(int t) {
    const auto before = single_before(t);
    const int target = before[part(t, 0).target % before.size()];
    const Ids from = values(target, table(target).primary_key[0]);
    Ids ids, lines;
    for (std::size_t i = 0; !from.empty() && i < recipe_.tables[t].ids.size(); ++i) {
      ids.push_back(from[i / 3 % from.size()]);
      lines.push_back(i);
    }
    add_key_part(t, 0, ids, target);
    Column line{object_name(t, "line"), "integer"};
    line.not_null = true;
    table(t).primary_key.push_back(static_cast<int>(table(t).columns.size()));
    table(t).columns.push_back(line);
    for (std::size_t row = 0; row < lines.size(); ++row) table(t).rows[row].push_back(lines[row]);
  }

  void add_plain(int t, const ForeignKeyRecipe& r) {
    const int target = static_cast<int>(r.target) % count();
    std::vector<int> to = table(target).primary_key;
    if (r.to_code && table(target).code >= 0) to = {table(target).code};
    std::vector<int> columns;
    const std::vector<Row> parents = complete(target, to);
    for (std::size_t i = 0; i < to.size(); ++i) {
      const Column column{object_name(t, fmt::format("ref{}", table(t).columns.size())), ""};
      columns.push_back(static_cast<int>(table(t).columns.size()));
      table(t).columns.push_back(column);
    }
    const bool orphans = r.doubtful == 2 && !partitioned(t);
    for (std::size_t row = 0; row < table(t).rows.size(); ++row) {
      const bool none = parents.empty() || (r.nulls && row % (r.nulls + 1) == r.nulls);
      for (std::size_t i = 0; i < to.size(); ++i) {
        std::optional<std::int64_t> id;
        if (!none) id = parents[row * r.spread % parents.size()][i];
        if (orphans && row % 4 == 1) id = 77 + row;
        if (to.size() > 1 && r.half_null == 1 && row % 3 == 2 && i == 0) id.reset();
        table(t).rows[row].push_back(id);
      }
    }
    for (std::size_t i = 0; i < to.size(); ++i) {
      table(t).columns[columns[i]].type =
          type_for(r, table(target).columns[to[i]], values(t, columns[i]));
      if (r.type == 0) table(t).columns[columns[i]].declared = table(target).columns[to[i]].declared;
    }
    if (r.has_default) set_default(table(t).columns[columns[0]], r);
    add_foreign_key(t, r, columns, target, to, orphans);
    if (r.second && to.size() == 1) add_second(t, r, columns[0]);
  }

  void set_default(Column& column, const ForeignKeyRecipe& r) {
    column.rest = r.has_default == 1 ? " DEFAULT '-1'" : " DEFAULT 0";
    column.constant_default = true;
    column.no_new_default = r.has_default == 2 && r.second;
  }

  // A key of such a generator cannot be computed from an id alone.
  void decide_defaults() {
    for (Table& t : schema_.tables) {
      for (Column& c : t.columns) {
        if (c.constant_default && is_listed(schema_.generator_of(c.domain))) c.no_new_default = true;
      }
    }
  }

  // What is in the target too stays; the rest points nowhere.
  void add_second(int t, ForeignKeyRecipe r, int column) {
    const int target = static_cast<int>(r.target + 1) % count();
    if (table(target).primary_key.size() != 1) return;
    const int to = table(target).primary_key[0];
    const Ids ids = values(target, to);
    const std::set<std::optional<std::int64_t>> known(ids.begin(), ids.end());
    if (target == t && to == column) return;
    r.doubtful = r.doubtful == 2 && !partitioned(t) ? 2 : 0;
    for (Row& row : table(t).rows) {
      if (r.doubtful != 2 && !known.contains(row[column])) row[column].reset();
    }
    add_foreign_key(t, r, {column}, target, {to}, r.doubtful == 2);
  }

  std::vector<Row> complete(int t, const std::vector<int>& columns) {
    std::vector<Row> out;
    for (const Row& row : table(t).rows) {
      Row key;
      for (int c : columns) key.push_back(row[c]);
      if (std::all_of(key.begin(), key.end(), [](auto id) { return id.has_value(); }))
        out.push_back(key);
    }
    return out;
  }

  void add_foreign_key(int t, const ForeignKeyRecipe& r, std::vector<int> columns, int target,
                       std::vector<int> to, bool orphans) {
    ForeignKey fk;
    fk.name = object_name(t, fmt::format("fk{}", table(t).foreign_keys.size()));
    fk.columns = columns;
    fk.target = target;
    fk.target_columns = to;
    if (columns.size() > 1 && r.half_null == 2) fk.definition += " MATCH FULL";
    if (*action(r.on_update)) fk.definition += fmt::format(" ON UPDATE {}", action(r.on_update));
    if (*action(r.on_delete)) fk.definition += fmt::format(" ON DELETE {}", action(r.on_delete));
    if (columns.size() > 1 && r.on_delete == 2 && r.spread == 1 && server_ >= 15) {
      fk.definition += fmt::format(" ({})", sql_name(table(t).columns[columns[1]].name));
    }
    if (r.deferral)
      fk.definition += r.deferral == 1 ? " DEFERRABLE" : " DEFERRABLE INITIALLY DEFERRED";
    if ((r.doubtful || orphans) && !partitioned(t)) fk.definition += " NOT VALID";
    if (r.comment) fk.comment = r.comment == 1 ? "why" : "it's $body$ \\ \"so\"\nand on";
    table(t).foreign_keys.push_back(fk);
  }

  Recipe recipe_;
  const int server_;
  std::set<std::string> domains_;
  Schema schema_;
};

}  // namespace

Schema build(const Recipe& recipe, const std::string& generator, int server) {
  return Builder(recipe, generator, server).run();
}

}  // namespace rekey::property
