#include "tests/property/snapshot.h"

#include <fmt/format.h>

#include "tests/property/trip.h"

namespace rekey::property {

namespace {

std::map<std::string, db::Row> rows_of(db::Connection& session, const Table& t) {
  std::string list;
  for (const Column& c : t.columns) list += sql_name(c.name) + ", ";
  std::map<std::string, db::Row> rows;
  for (const db::Row& row :
       session.exec(fmt::format("SELECT tag, {}at FROM {}", list, t.rows_of_its_own())).rows) {
    rows[row[0].value()] = db::Row(row.begin() + 1, row.end());
  }
  return rows;
}

class Pairing {
 public:
  explicit Pairing(const Schema& schema) : schema_(schema) {}

  void add(const Table& t, const std::string& tag, const db::Row& ids, const db::Row& keys) {
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      const Column& column = t.columns[c];
      const std::string place =
          fmt::format("row {} of {}, column {}", tag, t.sql(), sql_name(column.name));
      if (!schema_.changes(column)) {
        if (ids[c] != keys[c])
          throw Broken(fmt::format("{} changed: {} and {}", place, ids[c].value_or("NULL"),
                                   keys[c].value_or("NULL")));
      } else if (ids[c].has_value() != keys[c].has_value()) {
        throw Broken(fmt::format("{} has the id {} and the key {}", place, ids[c].value_or("NULL"),
                                 keys[c].value_or("NULL")));
      } else if (ids[c]) {
        add(column.domain, *ids[c], *keys[c], place);
      }
    }
    if (ids.back() != keys.back())
      throw Broken(fmt::format("time of row {} of {} changed", tag, t.sql()));
  }

  Pairs pairs;

 private:
  void add(int domain, const std::string& id, const std::string& key, const std::string& place) {
    const std::string& same_id = pairs[domain].emplace(key, id).first->second;
    const std::string& same_key = keys_[domain].emplace(id, key).first->second;
    if (same_id == id && same_key == key) return;
    throw Broken(fmt::format(
        "{} pairs id {} with key {}; elsewhere in its domain the key goes with id {}, the "
        "id with key {}",
        place, id, key, same_id, same_key));
  }

  const Schema& schema_;
  Pairs keys_;
};

}  // namespace

Snapshot take(db::Connection& session, const Schema& schema) {
  Snapshot snapshot;
  for (const Table& t : schema.tables) {
    snapshot.tables.push_back(rows_of(session, t));
    for (const Column& c : t.columns) {
      if (c.sequence.empty()) continue;
      try {
        snapshot.sequences[c.sequence] =
            session.exec("SELECT last_value, is_called FROM " + c.sequence).rows.at(0);
      } catch (const db::Error& error) {
        if (error.sqlstate != "42P01") throw;  // an identity's is gone while its column is a uuid
      }
    }
  }
  if (!schema.dependents.empty())
    snapshot.fired = session.exec("SELECT count(*) FROM public.log").only().value();
  return snapshot;
}

std::vector<std::string> probe(db::Connection& session, const Schema& schema) {
  std::vector<std::string> results;
  for (const Dependent& d : schema.dependents) {
    if (d.probe.empty()) continue;
    std::string text = d.probe + ":";
    for (const db::Row& row : session.exec(d.probe).rows) text += " " + row[0].value_or("NULL");
    results.push_back(text);
  }
  return results;
}

Pairs pair_up(const Schema& schema, const Snapshot& ids, const Snapshot& keys) {
  Pairing pairing(schema);
  for (std::size_t t = 0; t < schema.tables.size(); ++t) {
    const auto &left = ids.tables[t], &right = keys.tables[t];
    for (const auto& [tag, row] : left) {
      const auto found = right.find(tag);
      if (found == right.end())
        throw Broken(fmt::format("row {} of {} is gone", tag, schema.tables[t].sql()));
      pairing.add(schema.tables[t], tag, row, found->second);
    }
    if (left.size() != right.size()) throw Broken("rows too many in " + schema.tables[t].sql());
  }
  return pairing.pairs;
}

}  // namespace rekey::property
