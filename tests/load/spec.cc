#include "tests/load/spec.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <regex>
#include <stdexcept>

namespace rekey::load {

namespace {

const std::map<std::string, Kind> kKinds{{"insert", Kind::insert}, {"update", Kind::update}, {"move", Kind::update},
                                         {"upsert", Kind::upsert}, {"delete", Kind::erase},  {"join", Kind::read},
                                         {"add", Kind::add},       {"take", Kind::take}};

std::string text(const YAML::Node& node, const char* name) { return node[name] ? node[name].as<std::string>() : ""; }

void split(Statement& statement, const Pool& pool, const std::string& sql) {
  static const std::regex token(R"(\$([a-z_]+)(?:\.(\w+))?)");
  std::string::const_iterator from = sql.begin();
  for (std::sregex_iterator it(sql.begin(), sql.end(), token), end; it != end; ++it) {
    statement.pieces.emplace_back(from, (*it)[0].first);
    statement.tokens.push_back({(*it)[1], (*it)[2]});
    from = (*it)[0].second;
    const std::string& name = statement.tokens.back().name;
    if (name != "key" && name != "marker" && name != "version" && !pool.parent(name)) {
      throw std::runtime_error(fmt::format("{}: pool {} has no parent {}", statement.name, pool.name, name));
    }
  }
  statement.pieces.emplace_back(from, sql.end());
}

// insert: SQL, or update of the name: {weight: 3, sql: SQL}; the kind is the first word.
void add_statement(Spec& spec, const Pool& pool, const std::string& name, const YAML::Node& node) {
  const auto kind = kKinds.find(name.substr(0, name.find(' ')));
  if (kind == kKinds.end()) throw std::runtime_error(fmt::format("pool {}: what is {}?", pool.name, name));
  Statement statement{pool.name + " " + name, pool.name, kind->second, 1, {}, {}};
  if (node.IsMap() && node["weight"]) statement.weight = node["weight"].as<int>();
  split(statement, pool, node.IsMap() ? node["sql"].as<std::string>() : node.as<std::string>());
  spec.statements.push_back(statement);
}

Parent read_parent(const std::string& name, const YAML::Node& node) {
  Parent parent{name, node["pool"].as<std::string>()};
  parent.optional = node["optional"].as<bool>(false);
  parent.own = node["own"].as<bool>(false);
  const std::string on_delete = text(node, "on_delete");
  if (on_delete == "cascade") parent.on_delete = Parent::cascade;
  if (on_delete == "set null") parent.on_delete = Parent::set_null;
  return parent;
}

Pool read_pool(const std::string& name, const YAML::Node& node) {
  Pool pool{name, node["table"].as<std::string>(), {}, {}, {}, text(node, "rows"), text(node, "where")};
  for (const auto& column : node["key"]) {
    pool.key.push_back({column.first.as<std::string>(), column.second.as<std::string>()});
  }
  for (const auto& parent : node["parents"]) {
    pool.parents.push_back(read_parent(parent.first.as<std::string>(), parent.second));
  }
  if (node["unique"]) pool.unique = node["unique"].as<std::vector<std::string>>();
  return pool;
}

// The sole column of a key needs no name.
void complete(Spec& spec) {
  for (Statement& statement : spec.statements) {
    for (Token& token : statement.tokens) {
      if (token.name == "marker" || token.name == "version" || !token.column.empty()) continue;
      token.column = spec.pool(spec.pool_of(statement, token)).key.at(0).name;
    }
  }
}

}  // namespace

const Parent* Pool::parent(const std::string& name) const {
  const auto found = std::find_if(parents.begin(), parents.end(), [&](const Parent& p) { return p.name == name; });
  return found == parents.end() ? nullptr : &*found;
}

const KeyColumn& Pool::column(const std::string& name) const {
  const auto found = std::find_if(key.begin(), key.end(), [&](const KeyColumn& c) { return c.name == name; });
  if (found == key.end()) throw std::runtime_error(fmt::format("pool {}: no key column {}", this->name, name));
  return *found;
}

std::string Pool::all() const {
  std::string columns;
  for (std::size_t i = 1; i <= key.size(); ++i) columns += fmt::format("k{}, ", i);
  columns += "marker, version";
  for (std::size_t i = 1; i <= parents.size(); ++i) columns += fmt::format(", p{}", i);
  return fmt::format("SELECT * FROM ({}{}{}) AS r ({})", rows, where.empty() ? "" : " WHERE ", where, columns);
}

const Pool& Spec::pool(const std::string& name) const {
  for (const Pool& pool : pools) {
    if (pool.name == name) return pool;
  }
  throw std::runtime_error("no pool " + name);
}

const std::string& Spec::pool_of(const Statement& statement, const Token& token) const {
  return token.name == "key" ? statement.pool : pool(statement.pool).parent(token.name)->pool;
}

Spec read_spec(const std::string& file) {
  const YAML::Node root = YAML::LoadFile(file);
  Spec spec;
  for (const auto& pool : root["pools"]) spec.pools.push_back(read_pool(pool.first.as<std::string>(), pool.second));
  for (const auto& pool : root["pools"]) {
    const Pool& owner = spec.pool(pool.first.as<std::string>());
    for (const auto& statement : pool.second["statements"]) {
      add_statement(spec, owner, statement.first.as<std::string>(), statement.second);
    }
    if (const auto one = pool.second["one"]) {
      const int weight = pool.second["reads"].as<int>(1);
      YAML::Node join;
      join["weight"] = weight;
      join["sql"] = owner.rows + " WHERE " + one.as<std::string>();
      add_statement(spec, owner, "join", join);
    }
  }
  if (const YAML::Node hot = root["hot"]) {
    spec.hot = {hot["pool"].as<std::string>(), hot["rows"].as<int>(), hot["make"].as<std::string>(),
                hot["sum"].as<std::string>()};
    for (const char* name : {"add", "take"}) add_statement(spec, spec.pool(spec.hot.pool), name, hot[name]);
  }
  complete(spec);
  return spec;
}

}  // namespace rekey::load
