// All that uses key columns besides keys, foreign keys and plain indexes. A walk through pg_depend finds
// the objects, a query a kind of object their definitions; what no query knows is named all the same, so
// that nothing is passed over in silence.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "runtime/db/catalog.h"
#include "runtime/db/catalog_queries.h"

namespace rekey::db::catalog {

namespace {

using ObjectId = std::pair<std::string, std::string>;  // catalog, oid

struct Found {
  Dependent dependent;
  std::set<ObjectId> built_on;
};

// Resolved once, by themselves: over names the planner of the other queries would expect one row.
constexpr const char* kKeys = R"(
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, g.table_name
FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) g(table_name, column_name)
JOIN pg_attribute a ON a.attrelid = to_regclass(g.table_name) AND a.attname = g.column_name
ORDER BY 1, 2
)";

constexpr const char* kIdentities = R"(
SELECT o.class, o.id, i.type, i.identity
FROM unnest($1::regclass[], $2::oid[]) o(class, id)
CROSS JOIN LATERAL pg_identify_object(o.class, o.id, 0) i
)";

constexpr const char* kObstacles = R"(
WITH objects(class, id) AS (SELECT * FROM unnest($1::regclass[], $2::oid[]))
SELECT o.class, o.id, 'it belongs to extension ' || quote_ident(e.extname)
FROM objects o
JOIN pg_depend d ON d.classid = o.class AND d.objid = o.id AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid
UNION ALL
SELECT DISTINCT o.class, o.id, 'it has a security label'
FROM objects o JOIN pg_seclabel s ON s.classoid = o.class AND s.objoid = o.id
)";

std::string text(const std::optional<std::string>& value) { return value.value_or(""); }

// In the order of its elements.
template <class Range, class Get>
std::string array_of(const Range& items, Get get) {
  std::vector<std::string> values;
  for (const auto& item : items) values.push_back(get(item));
  return to_array(values);
}

void add_problem(std::string& to, const std::string& problem) {
  if (!problem.empty()) to += (to.empty() ? "" : "; ") + problem;
}

// In their order among equals: functions first, as all the others may call one whose body is text.
constexpr std::array<std::string_view, 15> kKinds = {
    "function", "procedure", "partitioned table", "view", "materialized view", "rule", "trigger", "policy", "check",
    "exclusion constraint", "index", "statistics", "publication", "typed table", "generated column"};

// Parameters of queries, all of the same length.
struct KeyArrays {
  std::string relations, numbers, names, types;
};

class Search {
 public:
  Search(Connection& connection, const std::vector<KeyColumn>& columns) : connection_(connection) {
    const auto table = [](const KeyColumn& c) { return c.table; };
    const auto column = [](const KeyColumn& c) { return c.column; };
    std::array<std::vector<std::string>, 4> arrays;
    for (const Row& r :
         connection.exec(kKeys, {array_of(columns, table), array_of(columns, column)}).rows) {
      for (std::size_t i = 0; i < arrays.size(); ++i) arrays[i].push_back(text(r[i]));
      keys_[{text(r[0]), text(r[1])}] = {text(r[4]), text(r[2])};
    }
    arrays_ = {to_array(arrays[0]), to_array(arrays[1]), to_array(arrays[2]), to_array(arrays[3])};
    std::vector<std::string> anew;
    for (const Row& r : connection.exec(made_anew_query(), {arrays_.relations, arrays_.numbers}).rows) {
      anew.push_back(text(r[0]));
    }
    made_anew_ = to_array(anew);
  }

  std::vector<Dependent> run() {
    if (keys_.empty()) return {};
    walk();
    spread_uses();
    read_bodies();
    define();
    name_the_rest();
    add_obstacles();
    add_findings();
    word_kinds();
    return in_order();
  }

 private:
  void walk() {
    for (const Row& r : connection_.exec(walk_query(), {arrays_.relations, arrays_.numbers, made_anew_}).rows) {
      Found& found = found_[{text(r[0]), text(r[1])}];
      if (text(r[4]) == "0") {
        found.built_on.insert({text(r[2]), text(r[3])});
      } else {
        found.dependent.uses.push_back(keys_.at({text(r[3]), text(r[4])}));
      }
    }
  }

  // What one is built on uses the same keys; circles come to rest too.
  void spread_uses() {
    std::map<ObjectId, std::set<ObjectId>> users;
    std::map<ObjectId, std::set<KeyColumn>> uses;
    std::set<ObjectId> open;
    for (const auto& [id, found] : found_) {
      for (const ObjectId& on : found.built_on) users[on].insert(id);
      uses[id] = {found.dependent.uses.begin(), found.dependent.uses.end()};
      open.insert(id);
    }
    while (!open.empty()) {
      const ObjectId id = *open.begin();
      open.erase(open.begin());
      for (const ObjectId& user : users[id]) {
        const std::size_t before = uses[user].size();
        uses[user].insert(uses[id].begin(), uses[id].end());
        if (uses[user].size() != before) open.insert(user);
      }
    }
    for (auto& [id, found] : found_) found.dependent.uses.assign(uses[id].begin(), uses[id].end());
  }

  // Views count as names of the tables that they show.
  void read_bodies() {
    std::vector<std::string> views, relations, numbers;
    std::map<KeyColumn, std::pair<std::string, std::string>> at;
    for (const auto& [place, key] : keys_) at[key] = place;
    for (const Row& r : connection_
                            .exec("SELECT oid, relname FROM pg_class WHERE oid = ANY ($1::oid[])",
                                  {array_of(ids_in("pg_class"), std::identity())})
                            .rows) {
      for (const KeyColumn& key : found_.at({"pg_class", text(r[0])}).dependent.uses) {
        views.push_back(text(r[1]));
        relations.push_back(at[key].first);
        numbers.push_back(at[key].second);
      }
    }
    std::map<std::string, std::set<std::string>> names;
    std::map<std::string, std::string> problems;
    for (const Row& r : connection_
                            .exec(bodies_query(), {arrays_.relations, arrays_.numbers, arrays_.names,
                                            to_array(views), to_array(relations), to_array(numbers)})
                            .rows) {
      const bool is_new = !found_.contains({"pg_proc", text(r[0])});
      Found& found = found_[{"pg_proc", text(r[0])}];
      auto& uses = found.dependent.uses;
      const KeyColumn& key = keys_.at({text(r[1]), text(r[2])});
      if (std::find(uses.begin(), uses.end(), key) == uses.end()) uses.push_back(key);
      if (is_new) found.dependent.weight = Weight::warns;
      if (r[5]) found.dependent.weight = Weight::blocks;
      names[text(r[0])].insert(text(r[3]));
      problems[text(r[0])] = r[5] ? fmt::format("; {} {} it", *r[5],
                                                r[5]->find(", ") == std::string::npos ? "runs" : "run")
                                  : "";
      bodies_[text(r[0])] = fmt::format("{} {}{}", text(r[4]) == "names" ? "its body names" : "it takes",
                                        fmt::join(names[text(r[0])], ", "), problems[text(r[0])]);
    }
    for (const auto& [oid, problem] : bodies_) {
      auto& uses = found_.at({"pg_proc", oid}).dependent.uses;
      std::sort(uses.begin(), uses.end());
    }
  }

  std::vector<std::string> ids_in(const std::string& catalog) const {
    std::vector<std::string> result;
    for (const auto& [id, found] : found_) {
      if (id.first == catalog) result.push_back(id.second);
    }
    return result;
  }

  void define() {
    for (const DefinitionQuery& query : definition_queries()) {
      const std::vector<std::string> ids = ids_in(query.catalog);
      if (ids.empty()) continue;
      std::vector<std::optional<std::string>> parameters = {to_array(ids)};
      if (query.sql.find("$2") != std::string::npos) {
        parameters.insert(parameters.end(), {arrays_.relations, arrays_.numbers});
      }
      for (const Row& r : connection_.exec(query.sql, parameters).rows) {
        Dependent& d = found_.at({query.catalog, text(r[0])}).dependent;
        d.kind = text(r[1]);
        d.name = text(r[2]);
        d.table = text(r[3]);
        d.definition = text(r[4]);
        d.problem = text(r[5]);
        d.drop = text(r[6]);
      }
    }
    for (const auto& [oid, problem] : bodies_) {
      add_problem(found_.at({"pg_proc", oid}).dependent.problem, problem);
    }
  }

  Rows of_all(const char* sql) {
    const auto catalog = [](const auto& f) { return f.first.first; };
    const auto oid = [](const auto& f) { return f.first.second; };
    return connection_.exec(sql, {array_of(found_, catalog), array_of(found_, oid)});
  }

  void name_the_rest() {
    for (const Row& r : of_all(kIdentities).rows) {
      Dependent& d = found_.at({text(r[0]), text(r[1])}).dependent;
      if (!d.kind.empty()) continue;
      d.kind = text(r[2]);
      d.name = text(r[3]);
      d.problem = "rekey does not know how to make it again";
    }
  }

  void add_obstacles() {
    for (const Row& r : of_all(kObstacles).rows) {
      Dependent& d = found_.at({text(r[0]), text(r[1])}).dependent;
      d.definition.clear();
      add_problem(d.problem, text(r[2]));
    }
  }

  // One entry an object, whatever is to be said about it.
  void add_findings() {
    const auto views = array_of(ids_in("pg_class"), std::identity());
    for (const FindingQuery& query : finding_queries()) {
      for (const Row& r : connection_
                              .exec(query.sql, {arrays_.relations, arrays_.numbers, arrays_.names,
                                                arrays_.types, views})
                              .rows) {
        Found& found = found_[{text(r[0]), text(r[1]) + " " + text(r[2])}];
        Dependent& d = found.dependent;
        d.kind = text(r[0]);
        d.name = text(r[1]);
        d.table = text(r[2]);
        d.weight = query.blocks ? Weight::blocks : Weight::notes;
        d.definition = text(r[5]);
        d.drop = text(r[7]);
        if (d.problem.find(text(r[6])) == std::string::npos) add_problem(d.problem, text(r[6]));
        add_uses(d, text(r[3]), text(r[4]));
      }
    }
  }

  // Without a number all key columns of the relation, or all that a view shows.
  void add_uses(Dependent& d, const std::string& relation, const std::string& number) {
    std::set<KeyColumn> uses(d.uses.begin(), d.uses.end());
    for (const auto& [place, key] : keys_) {
      if (place.first == relation && (number == "0" || number == place.second)) uses.insert(key);
    }
    if (const auto view = found_.find({"pg_class", relation}); view != found_.end()) {
      uses.insert(view->second.dependent.uses.begin(), view->second.dependent.uses.end());
    }
    d.uses.assign(uses.begin(), uses.end());
  }

  void word_kinds() {
    for (auto& [id, found] : found_) {
      Dependent& d = found.dependent;
      if (rank(d.kind) < kKinds.size()) continue;
      d.name = d.kind + " " + d.name;
      d.kind = "object";
    }
  }

  static std::size_t rank(const std::string& kind) {
    return std::find(kKinds.begin(), kKinds.end(), kind) - kKinds.begin();
  }

  std::vector<Dependent> in_order() {
    using Place = std::tuple<std::size_t, std::string, std::string, std::string, ObjectId>;
    std::map<ObjectId, std::set<ObjectId>> waiting;
    std::map<ObjectId, std::vector<ObjectId>> users;
    std::set<Place> ready;
    const auto place = [&](const ObjectId& id) {
      const Dependent& d = found_.at(id).dependent;
      return Place{rank(d.kind), d.kind, d.name, d.table, id};
    };
    for (const auto& [id, found] : found_) {
      if (found.built_on.empty()) ready.insert(place(id));
      waiting[id] = found.built_on;
      for (const ObjectId& on : found.built_on) users[on].push_back(id);
    }
    std::vector<Dependent> result;
    while (!waiting.empty()) {
      if (ready.empty()) break_a_circle(waiting, ready, place);
      const ObjectId id = std::get<ObjectId>(*ready.begin());
      ready.erase(ready.begin());
      waiting.erase(id);
      result.push_back(std::move(found_.at(id).dependent));
      for (const ObjectId& user : users[id]) {
        const auto it = waiting.find(user);
        if (it != waiting.end() && it->second.erase(id) && it->second.empty()) ready.insert(place(user));
      }
    }
    return result;
  }

  template <class Waiting, class Ready, class PlaceOf>
  void break_a_circle(Waiting& waiting, Ready& ready, PlaceOf place) {
    std::vector<ObjectId> circle;
    for (ObjectId id = waiting.begin()->first;; id = *waiting.at(id).begin()) {
      const auto again = std::find(circle.begin(), circle.end(), id);
      if (again != circle.end()) {
        circle.erase(circle.begin(), again);
        break;
      }
      circle.push_back(id);
    }
    const ObjectId first = *std::min_element(
        circle.begin(), circle.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
    Dependent& d = found_.at(first).dependent;
    d.definition.clear();
    add_problem(d.problem, "it is part of a circle: what it is built on is built on it");
    waiting.at(first).clear();
    ready.insert(place(first));
  }

  Connection& connection_;
  KeyArrays arrays_;
  std::string made_anew_;  // oids
  std::map<std::pair<std::string, std::string>, KeyColumn> keys_;  // by oid and number
  std::map<ObjectId, Found> found_;
  std::map<std::string, std::string> bodies_;  // oid of a function whose body is text -> what is in it
};

}  // namespace

std::vector<Dependent> dependents(Connection& connection, const std::vector<KeyColumn>& columns) {
  return Search(connection, columns).run();
}

}  // namespace rekey::db::catalog
