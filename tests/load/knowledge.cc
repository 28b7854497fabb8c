#include "tests/load/knowledge.h"

#include <fmt/format.h>

#include <algorithm>

namespace rekey::load {

Form form_of(const std::string& key) { return key.size() == 36 ? uuid : number; }

void Row::see(const std::vector<std::string>& columns) {
  key.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string& known = key[i].forms[form_of(columns[i])];
    if (!known.empty() && known != columns[i]) key[i] = {};  // it was given another key
    key[i].forms[form_of(columns[i])] = columns[i];
  }
}

const Row* Rows::find(const std::string& marker) const {
  const auto place = places_.find(marker);
  return place == places_.end() ? nullptr : &rows_[place->second];
}

void Rows::put(const Row& row) {
  const auto [place, is_new] = places_.emplace(row.marker, rows_.size());
  if (is_new) {
    rows_.push_back(row);
  } else {
    rows_[place->second] = row;
  }
}

void Rows::erase(const std::string& marker) {
  const auto place = places_.find(marker);
  if (place == places_.end()) return;
  const std::size_t gap = place->second;
  places_.erase(place);
  if (gap + 1 < rows_.size()) {
    rows_[gap] = std::move(rows_.back());
    places_[rows_[gap].marker] = gap;
  }
  rows_.pop_back();
}

const Rows& Knowledge::of(const std::string& pool) const {
  static const Rows none;
  const auto found = pools_.find(pool);
  return found == pools_.end() ? none : found->second;
}

void Knowledge::remember(const std::string& pool, const std::string& marker) {
  const Row* row = of(pool).find(marker);
  changes_.push_back({pool, marker, row ? std::optional(*row) : std::nullopt});
}

std::vector<Knowledge::Child> Knowledge::children(const Spec& spec, const std::string& pool,
                                                  const std::string& marker) const {
  std::vector<Child> found;
  for (const Pool& child : spec.pools) {
    for (std::size_t i = 0; i < child.parents.size(); ++i) {
      if (child.parents[i].pool != pool) continue;
      for (const Row& row : of(child.name).all()) {
        if (row.parents[i] == marker) found.push_back({child.name, row.marker, i, child.parents[i].on_delete});
      }
    }
  }
  return found;
}

void Knowledge::put(const std::string& pool, const Row& row) {
  remember(pool, row.marker);
  pools_[pool].put(row);
}

bool Knowledge::lets_go(const Spec& spec, const std::string& pool, const std::string& marker) const {
  return std::ranges::all_of(children(spec, pool, marker), [&](const Child& child) {
    return child.on_delete == Parent::set_null ||
           (child.on_delete == Parent::cascade && lets_go(spec, child.pool, child.marker));
  });
}

void Knowledge::erase(const Spec& spec, const std::string& pool, const std::string& marker) {
  if (!of(pool).find(marker)) return;
  remember(pool, marker);
  pools_[pool].erase(marker);
  for (const Child& child : children(spec, pool, marker)) {
    const Row* there = of(child.pool).find(child.marker);
    if (!there) continue;
    if (child.on_delete == Parent::cascade) {
      erase(spec, child.pool, child.marker);
    } else {
      Row row = *there;
      row.parents[child.parent].clear();
      put(child.pool, row);
    }
  }
}

void Knowledge::add(const Knowledge& other) {
  for (const auto& [pool, rows] : other.pools_) {
    for (const Row& row : rows.all()) pools_[pool].put(row);
  }
}

void Knowledge::learn_keys(const Knowledge& found) {
  for (auto& [pool, rows] : pools_) {
    const std::vector<Row> known = rows.all();
    for (Row row : known) {
      const Row* there = found.of(pool).find(row.marker);
      if (!there) continue;
      row.key.resize(there->key.size());
      for (std::size_t i = 0; i < row.key.size(); ++i) {
        for (const Form form : {number, uuid}) {
          if (row.key[i].forms[form].empty()) row.key[i].forms[form] = there->key[i].forms[form];
        }
      }
      rows.put(row);
    }
  }
}

void Knowledge::undo() {
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (change->before) {
      pools_[change->pool].put(*change->before);
    } else {
      pools_[change->pool].erase(change->marker);
    }
  }
  keep();
}

bool made_by(const std::string& marker, const std::string& prefix) {
  return marker.ends_with("@load") && marker.starts_with(prefix);
}

Row row_from(const Pool& pool, const db::Row& columns) {
  const std::size_t n = pool.key.size();
  std::vector<std::string> texts;
  for (const auto& column : columns) texts.push_back(column.value_or(""));
  Row row{texts.at(n), texts.at(n + 1), {texts.begin() + n + 2, texts.end()}, {}};
  row.see({texts.begin(), texts.begin() + n});
  return row;
}

Knowledge read_rows(const Spec& spec, db::Connection& connection, const std::function<bool(const Row&)>& wanted,
                    std::vector<std::string>& differences) {
  Knowledge found;
  for (const Pool& pool : spec.pools) {
    for (const db::Row& columns : connection.exec(pool.all()).rows) {
      const Row row = row_from(pool, columns);
      if (!wanted(row)) continue;
      if (found.of(pool.name).find(row.marker)) differences.push_back(pool.name + " " + row.marker + " is there twice");
      found.put(pool.name, row);
    }
  }
  found.keep();
  return found;
}

std::string difference(const Pool& pool, const Row& wanted, const Row& found) {
  std::string text;
  const auto differ = [&](const std::string& what, const std::string& a, const std::string& b) {
    if (a != b) text += fmt::format("{}{} '{}' instead of '{}'", text.empty() ? "" : ", ", what, b, a);
  };
  differ("marker", wanted.marker, found.marker);
  differ("version", wanted.version, found.version);
  for (std::size_t i = 0; i < pool.parents.size(); ++i) {
    differ(pool.parents[i].name, wanted.parents[i], found.parents[i]);
  }
  for (std::size_t i = 0; i < std::min(wanted.key.size(), found.key.size()); ++i) {
    for (const Form form : {number, uuid}) {
      const std::string &a = wanted.key[i].forms[form], &b = found.key[i].forms[form];
      if (!a.empty() && !b.empty()) differ(pool.key[i].name, a, b);
    }
  }
  return text.empty() ? "" : fmt::format("{} {}: {}", pool.name, wanted.marker, text);
}

std::vector<std::string> differences(const Spec& spec, const Knowledge& wanted, const Knowledge& found,
                                     const std::string& prefix) {
  std::vector<std::string> all;
  for (const Pool& pool : spec.pools) {
    for (const Row& row : wanted.of(pool.name).all()) {
      const Row* there = found.of(pool.name).find(row.marker);
      const std::string text = there ? difference(pool, row, *there) : pool.name + " " + row.marker + " is lost";
      if (!text.empty()) all.push_back(text);
    }
    for (const Row& row : found.of(pool.name).all()) {
      if (made_by(row.marker, prefix) && !wanted.of(pool.name).find(row.marker)) {
        all.push_back(pool.name + " " + row.marker + " is there and should not be");
      }
    }
  }
  return all;
}

nlohmann::json to_json(const Spec& spec, const Knowledge& knowledge) {
  nlohmann::json json = nlohmann::json::object();
  for (const Pool& pool : spec.pools) {
    nlohmann::json& rows = json[pool.name] = nlohmann::json::array();
    for (const Row& row : knowledge.of(pool.name).all()) {
      nlohmann::json key = nlohmann::json::array();
      for (const Key& column : row.key) key.push_back(column.forms);
      rows.push_back({row.marker, row.version, row.parents, key});
    }
  }
  return json;
}

Knowledge from_json(const nlohmann::json& json) {
  Knowledge knowledge;
  for (const auto& [pool, rows] : json.items()) {
    for (const auto& row : rows) {
      Row read{row[0], row[1], row[2], {}};
      for (const auto& column : row[3]) read.key.push_back({column.get<std::array<std::string, 2>>()});
      knowledge.put(pool, read);
    }
  }
  knowledge.keep();
  return knowledge;
}

}  // namespace rekey::load
