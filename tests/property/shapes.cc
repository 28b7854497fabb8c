#include "tests/property/shapes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "compiler/plan/names.h"
#include "tests/property/journey.h"
#include "tests/property/schema.h"
#include "tests/property/values.h"

namespace rekey::property {

namespace {

using Json = nlohmann::ordered_json;
using db::quote_literal;

constexpr std::array kKeyTypes = {"integer", "integer", "text", "uuid"};
constexpr unsigned kText = 2, kUuid = 3;

std::string schema_without_order(const std::string& schema) {
  std::vector<std::string> lines;
  std::istringstream in(schema);
  for (std::string line; std::getline(in, line);) {
    if (const auto at = line.find("\"place\": "); at != std::string::npos) line.erase(at, line.find(", ", at) + 2 - at);
    if (line.ends_with(",")) line.pop_back();
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

struct Follower {
  const FollowerRecipe* drawn;
  std::string table, constraint, key;
  std::string column;  // the new one
  bool follows() const { return !drawn->stays; }
  bool has_key_of_cells() const { return drawn->key == 2; }
  // A reference that follows is there as a whole, or not, and goes so.
  bool nullable(std::size_t i) const { return !has_key_of_cells() && (drawn->nullable >> (follows() ? 0 : i) & 1); }
  bool drops() const { return follows() && !has_key_of_cells() && drawn->drops != 0; }
};

// The tables, and what the plan says of them. Whatever names columns takes them quoted.
class Shape {
 public:
  explicit Shape(const ShapeRecipe& recipe) : recipe_(recipe) {
    for (std::size_t i = 0; i < recipe_.key.size(); ++i) raw_.push_back(odd_name(recipe_.column_name, fmt::format("k{}", i)));
    for (const std::string& name : raw_) key_.push_back(sql_name(name));
    for (std::size_t f = 0; f < recipe_.followers.size(); ++f) {
      followers_.push_back({&recipe_.followers[f], fmt::format("public.followers_{}", f), fmt::format("follows_{}", f), "", odd_name(recipe_.new_name, "cell")});
    }
    choose_cells();
  }

  std::string sql() const;
  std::string decisions() const;
  const std::vector<Follower>& followers() const { return followers_; }
  std::string cells() const { return "public." + sql_name(odd_name(recipe_.name, "cells")); }
  std::string surrogate() const { return sql_name(odd_name(recipe_.new_name, "cell_id")); }
  const std::vector<std::string>& key() const { return key_; }
  bool has_surrogate() const { return !key_.empty(); }
  // A query: the note of each row of a follower, and of the cell that it refers to.
  std::string cells_of(const Follower& f, bool by_surrogate) const;
  std::vector<std::string> write(const std::array<unsigned, 3>& what, int number, bool after_cleanup) const;
  bool consolidates() const { return recipe_.consolidates != 0; }
  bool drops_root() const { return recipe_.drops_root != 0; }

 private:
  void choose_cells();
  int roots() const { return static_cast<int>(recipe_.roots) + 1; }
  std::string value(std::size_t column, unsigned drawn) const;
  std::string listed(const Follower& f, bool after_cleanup) const;

  const ShapeRecipe& recipe_;
  std::vector<std::string> raw_, key_;
  std::vector<std::vector<std::string>> rows_;  // of cells: their keys
  std::vector<Follower> followers_;
};

std::string Shape::value(std::size_t column, unsigned drawn) const {
  constexpr std::array kTexts = {"a", "b", "", "a,b", "{\"x\"}", "NULL", "ü \\ 'q'"};
  switch (recipe_.key[column]) {
    case 0: return std::to_string(static_cast<int>(drawn) % roots() + 1);
    case 1: return std::to_string(static_cast<int>(drawn) % 5 - 1);
    case kText: return quote_literal(kTexts[drawn % kTexts.size()]);
    default: return fmt::format("'00000000-0000-4000-8000-{:012}'", drawn);
  }
}

void Shape::choose_cells() {
  std::set<std::vector<std::string>> taken;
  for (const auto& drawn : recipe_.cells) {
    std::vector<std::string> row;
    for (std::size_t i = 0; i < key_.size(); ++i) row.push_back(value(i, drawn[i]));
    if (taken.insert(row).second) rows_.push_back(row);
  }
}

std::string Shape::sql() const {
  std::string out =
      "CREATE TABLE public.roots (root_id serial PRIMARY KEY, code varchar(9) COLLATE \"C\" DEFAULT 'none' NOT NULL CHECK (code <> ''), note text);\n"
      "CREATE INDEX roots_code ON public.roots (code, root_id);\nCOMMENT ON COLUMN public.roots.code IS 'old';\n";
  const std::string listed_key = fmt::format("{}", fmt::join(key_, ", "));
  out += fmt::format("CREATE TABLE {} (", cells());
  for (std::size_t i = 0; i < key_.size(); ++i) {
    out += fmt::format("{} {} NOT NULL{}, ", key_[i], kKeyTypes[recipe_.key[i]], recipe_.key[i] == 0 ? " REFERENCES public.roots ON DELETE CASCADE" : "");
  }
  out += fmt::format("note text, PRIMARY KEY ({}));\nINSERT INTO public.roots (note, code) SELECT 'r' || g, 'code ' || g FROM generate_series(1, {}) g;\n",
                     listed_key, roots());
  int number = 0;
  for (const auto& row : rows_) out += fmt::format("INSERT INTO {} ({}, note) VALUES ({}, 'c{}');\n", cells(), listed_key, fmt::join(row, ", "), ++number);
  for (std::size_t n = 0; n < followers_.size(); ++n) {
    const Follower& f = followers_[n];
    out += fmt::format("CREATE TABLE {} ({}, ", f.table, f.drawn->key == 0 ? "follower_id serial PRIMARY KEY" : f.drawn->key == 1 ? "name text PRIMARY KEY" : "n integer NOT NULL");
    for (std::size_t i = 0; i < key_.size(); ++i) out += fmt::format("{} {}{}, ", key_[i], kKeyTypes[recipe_.key[i]], f.nullable(i) ? "" : " NOT NULL");
    if (f.has_key_of_cells()) out += fmt::format("PRIMARY KEY ({}, n), ", listed_key);
    const bool all_nullable = [&] {
      for (std::size_t i = 0; i < key_.size(); ++i) {
        if (!f.nullable(i)) return false;
      }
      return true;
    }();
    const std::string on_delete = f.drawn->on_delete == 1 ? " ON DELETE CASCADE" : f.drawn->on_delete == 2 && all_nullable ? " ON DELETE SET NULL" : "";
    out += fmt::format("touched boolean NOT NULL DEFAULT false, note text, CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {}{}{});\n", f.constraint, listed_key, cells(),
                       on_delete, f.drawn->on_update ? " ON UPDATE CASCADE" : "");
    if (f.drawn->index & 1) out += fmt::format("CREATE INDEX ON {} ({});\n", f.table, fmt::join(key_.rbegin(), key_.rend(), ", "));
    if (f.drawn->index & 2) out += fmt::format("CREATE INDEX followers_{}_some ON {} ({}) WHERE note <> 'x';\n", n, f.table, key_.back());
    int row = 0;
    for (const auto& drawn : f.drawn->rows) {
      if (rows_.empty()) break;
      std::vector<std::string> values = rows_[drawn[0] % rows_.size()];
      for (std::size_t i = 0; i < key_.size(); ++i) {
        if (f.nullable(i) && drawn[i + 1] % 4 == 3) values[i] = "NULL";
      }
      ++row;
      const std::string own = f.drawn->key == 0 ? "" : f.drawn->key == 1 ? "name, " : "n, ";
      const std::string own_value = f.drawn->key == 0 ? "" : f.drawn->key == 1 ? fmt::format("'n{}', ", row) : fmt::format("{}, ", row);
      out += fmt::format("INSERT INTO {} ({}{}, note) VALUES ({}{}, 'f{}');\n", f.table, own, listed_key, own_value, fmt::join(values, ", "), row);
    }
  }
  out += "CREATE TABLE public.profiles (profile_id serial PRIMARY KEY, root_id integer NOT NULL UNIQUE CONSTRAINT profiles_root REFERENCES public.roots ON DELETE CASCADE, note text);\n"
         "CREATE TABLE public.pictures (picture_id serial PRIMARY KEY, profile_id integer REFERENCES public.profiles, note text);\n"
         "INSERT INTO public.profiles (profile_id, root_id, note) SELECT 50 - root_id, root_id, 'p' || root_id FROM public.roots WHERE root_id % 2 = 1;\n"
         "SELECT setval('public.profiles_profile_id_seq', 60);\n"
         "INSERT INTO public.pictures (profile_id, note) SELECT profile_id, 'i' || profile_id FROM public.profiles UNION ALL SELECT NULL, 'i';\n";
  return out;
}

std::string Shape::decisions() const {
  constexpr std::array kGenerators = {"ordered", "keyed", "v4"};
  const std::string cells_name = "public." + plan::name_part(odd_name(recipe_.name, "cells"));
  Json tables = Json::object();
  Json all = {"public.roots", cells_name};
  tables[cells_name]["surrogate"] = odd_name(recipe_.new_name, "cell_id");
  if (recipe_.drops_code) tables["public.roots"]["drop"] = {"code"};
  for (const Follower& f : followers_) {
    all.push_back(f.table);
    if (!f.follows()) continue;
    Json follow = {{"follow", f.column}};
    if (f.drawn->index & 4) follow["follow_index"] = f.constraint + "_index";
    tables[f.table]["foreign_keys"][f.constraint] = follow;
    for (std::size_t i = 0; i < key_.size(); ++i) {
      if (f.drops()) tables[f.table]["drop"].push_back(raw_[i]);
    }
  }
  if (consolidates()) tables["public.profiles"]["consolidate"] = "profiles_root";
  if (drops_root() && consolidates()) tables["public.profiles"]["drop"] = {"root_id"};
  for (const char* table : {"public.profiles", "public.pictures"}) all.push_back(table);
  Json phases = {{{"name", "foundation"}, {"kind", "foundation"}}, {{"name", "all"}, {"tables", all}}, {{"name", "cleanup"}, {"kind", "cleanup"}}};
  return Json{{"generator", kGenerators[recipe_.generator]}, {"phases", phases}, {"tables", tables}}.dump();
}

std::string Shape::cells_of(const Follower& f, bool by_surrogate) const {
  std::vector<std::string> same;
  if (by_surrogate) same.push_back(fmt::format("c.{} = f.{}", surrogate(), sql_name(f.column)));
  else for (const std::string& column : key_) same.push_back(fmt::format("c.{0} = f.{0}", column));
  return fmt::format("SELECT f.note, c.note FROM {} f LEFT JOIN {} c ON {}", f.table, cells(), fmt::join(same, " AND "));
}

// Columns that are there and refer to a cell.
std::string Shape::listed(const Follower& f, bool after_cleanup) const {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < key_.size(); ++i) {
    if (!(after_cleanup && f.drops())) columns.push_back(key_[i]);
  }
  return fmt::format("{}", fmt::join(columns, ", "));
}

std::vector<std::string> Shape::write(const std::array<unsigned, 3>& what, int number, bool after_cleanup) const {
  const std::string note = fmt::format("'w{}'", number);
  const std::string root = fmt::format("INSERT INTO public.roots (note) VALUES ({})", note);
  const std::string new_root = fmt::format("(SELECT root_id FROM public.roots WHERE note = {})", note);
  if (what[0] % 4 == 0) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < key_.size(); ++i) {
      values.push_back(recipe_.key[i] == 0 ? new_root : recipe_.key[i] == 1 ? std::to_string(100 + number) : recipe_.key[i] == kText ? note : "gen_random_uuid()");
    }
    return {root, fmt::format("INSERT INTO {} ({}, note) VALUES ({}, {})", cells(), fmt::join(key_, ", "), fmt::join(values, ", "), note)};
  }
  if (what[0] % 4 == 1) {
    std::string columns = "root_id, ";
    std::string values = new_root + ", ";
    if (consolidates() && after_cleanup) {
      columns = drops_root() ? "profile_id, " : "profile_id, root_id, ";
      values = drops_root() ? values : values + values;
    } else if (consolidates() && what[1] % 2) {
      columns = "profile_id, ";
    }
    return {root, fmt::format("INSERT INTO public.profiles ({}note) VALUES ({}{})", columns, values, note),
            fmt::format("INSERT INTO public.pictures (profile_id, note) SELECT profile_id, note FROM public.profiles WHERE note = {}", note)};
  }
  if (followers_.empty()) return {root};
  const Follower& f = followers_[what[1] % followers_.size()];
  const std::string cell = fmt::format("(SELECT * FROM {0} ORDER BY note OFFSET {1} % (SELECT greatest(count(*), 1) FROM {0}) LIMIT 1) c", cells(), what[2]);
  std::vector<std::string> columns, wanted;
  const std::string old = listed(f, after_cleanup);
  const bool both = after_cleanup || f.has_key_of_cells();
  const bool old_side = !f.follows() || both || what[0] % 8 < 4;
  if (old_side && !old.empty()) columns.push_back(old), wanted.push_back(old);
  if (f.follows() && (!old_side || after_cleanup)) columns.push_back(sql_name(f.column)), wanted.push_back(surrogate());
  const std::string from = fmt::format("{}", fmt::join(wanted, ", ")), into = fmt::format("{}", fmt::join(columns, ", "));
  if (what[0] % 4 == 2) {
    const std::string own = f.drawn->key == 0 ? "" : f.drawn->key == 1 ? "name, " : "n, ";
    const std::string own_value = f.drawn->key == 0 ? "" : f.drawn->key == 1 ? note + ", " : fmt::format("{}, ", 100 + number);
    return {fmt::format("INSERT INTO {} ({}{}, note) SELECT {}{}, {} FROM {}", f.table, own, into, own_value, from, note, cell)};
  }
  return {fmt::format("UPDATE {0} f SET ({1}, touched) = (SELECT {2}, true FROM {3}) WHERE note = (SELECT note FROM {0} ORDER BY note OFFSET {4} % (SELECT greatest(count(*), 1) FROM {0}) LIMIT 1) "
                      "AND EXISTS (SELECT FROM {5})", f.table, into, from, cell, what[0] / 4, cells())};
}

using Rows = std::map<std::string, std::string>;

class Reshape {
 public:
  explicit Reshape(const ShapeRecipe& recipe) : recipe_(recipe), shape_(recipe_), journey_(shape_.sql(), false) {}

  std::string run() {
    journey_.name_not_nulls(shape_.decisions());
    const std::string schema = journey_.database.schema();
    const Rows before = rows();
    const auto cells = all_cells(false);
    try {
      journey_.compile(shape_.decisions());
    } catch (const NotCarriedOver& refused) {
      const auto says = [&](const char* text) { return std::string(refused.what()).find(text) != std::string::npos; };
      if (says("which is too long")) return "a name too long";
      throw;
    }
    expect_done("apply", journey_.rekey({"apply"}, jobs()));
    expect_done("verify", journey_.rekey({"verify"}));
    expect_cells(cells, all_cells(true));
    write(recipe_.before, false);
    expect_done("verify what was written", journey_.rekey({"verify"}));
    if (recipe_.cleanup == 0) {
      expect_done("apply the cleanup", journey_.rekey({"apply"}, jobs()));
      expect_done("verify after the cleanup", journey_.rekey({"verify"}));
      write(recipe_.after, true);
      expect_done("verify what was written after the cleanup", journey_.rekey({"verify"}));
    }
    const auto written = all_cells(true);
    expect_done("rollback", journey_.rekey({"rollback"}, jobs()));
    const std::string after = journey_.database.schema();
    if (recipe_.cleanup == 0) same_schema(schema_without_order(schema), schema_without_order(after));
    else same_schema(schema, after);
    const Rows back = rows();
    for (const auto& [row, text] : before) {
      const auto found = back.find(row);
      if (found == back.end()) throw Broken("row " + row + " is gone");
      if (found->second != text && found->second.find("\"touched\": true") == std::string::npos)
        throw Broken(fmt::format("row {} was\n{}\nand is\n{}", row, text, found->second));
    }
    expect_cells(written, all_cells(false));
    return recipe_.cleanup == 0 ? "back from the cleanup" : "back";
  }

  std::string story() const { return fmt::format("{}-- decisions: {}\n{}", shape_.sql(), shape_.decisions(), log_); }

 private:
  int jobs() const { return static_cast<int>(recipe_.jobs) + 1; }

  void write(const std::vector<std::array<unsigned, 3>>& all, bool after_cleanup) {
    for (const auto& what : all) {
      for (const std::string& statement : shape_.write(what, ++number_, after_cleanup)) {
        log_ += statement + ";\n";
        session_.exec(statement);
      }
    }
    log_ += "-- verify\n";
  }

  Rows rows() {
    Rows all;
    std::vector<std::string> tables{"public.roots", shape_.cells(), "public.profiles", "public.pictures"};
    for (const Follower& f : shape_.followers()) tables.push_back(f.table);
    for (const std::string& table : tables) {
      for (const db::Row& row : session_.exec(fmt::format("SELECT note, to_jsonb(t)::text FROM {} t", table)).rows) all[table + " " + *row[0]] = *row[1];
    }
    return all;
  }

  std::vector<Rows> all_cells(bool by_surrogate) {
    std::vector<Rows> all;
    for (const Follower& f : shape_.followers()) {
      Rows found;
      for (const db::Row& row : session_.exec(shape_.cells_of(f, by_surrogate && f.follows())).rows) found[*row[0]] = row[1].value_or("none");
      all.push_back(found);
    }
    return all;
  }

  void expect_cells(const std::vector<Rows>& then, const std::vector<Rows>& now) {
    for (std::size_t f = 0; f < then.size(); ++f) {
      if (then[f] == now[f]) continue;
      for (const auto& [note, cell] : then[f]) {
        const auto found = now[f].find(note);
        const std::string is = found == now[f].end() ? "gone" : found->second;
        if (is != cell) throw Broken(fmt::format("row {} of {} referred to {}, and now to {}", note, shape_.followers()[f].table, cell, is));
      }
      throw Broken("rows too many in " + shape_.followers()[f].table);
    }
  }

  const ShapeRecipe recipe_;
  const Shape shape_;
  Journey journey_;
  db::Connection session_{journey_.database.url(), "test"};
  std::string log_;
  int number_ = 0;
};

}  // namespace

std::string reshape(const ShapeRecipe& recipe) {
  const Shape shape(recipe);
  std::string story = shape.sql() + "-- decisions: " + shape.decisions();
  try {
    Reshape trip(recipe);
    try {
      return trip.run();
    } catch (...) {
      story = trip.story();
      throw;
    }
  } catch (const Broken& broken) {
    throw Broken(story + "\n" + broken.what());
  } catch (const db::Error& error) {
    throw Broken(fmt::format("{}\n{} ({})\n{}", story, error.what(), error.sqlstate, error.detail));
  }
}

}  // namespace rekey::property
