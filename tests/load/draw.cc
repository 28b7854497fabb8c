// What a session does next, and on which rows.
#include <fmt/format.h>

#include <algorithm>

#include "tests/load/session.h"

namespace rekey::load {

namespace {

bool is_integer(const std::string& type) { return type == "smallint" || type == "integer" || type == "bigint"; }

}  // namespace

std::string Session::type(const Pool& pool, const KeyColumn& column) const {
  if (settings_.shape == Shape::follow) return types_.at(pool.name + "." + column.name);
  return settings_.shape == Shape::new_keys && is_integer(column.type) ? "uuid" : column.type;
}

Session::Work Session::draw() {
  for (;;) {
    const Statement& statement = spec_.statements[weights_(random_)];
    const bool hot = statement.kind == Kind::add || statement.kind == Kind::take;
    if (hot && in_transaction_) continue;
    if (auto work = try_to_draw(statement)) return *work;
  }
}

std::optional<Session::Work> Session::try_to_draw(const Statement& statement) {
  const Pool& pool = spec_.pool(statement.pool);
  Work work{&statement, {}};
  if (statement.kind == Kind::insert || statement.kind == Kind::upsert) {
    work.row = {prefix_ + fresh() + "@load", "", std::vector<std::string>(pool.parents.size()), {}};
  } else if (const Row* row = target(statement)) {
    work.row = *row;
  } else {
    return {};
  }
  if (!choose_parents(work) || !keep_unique(work)) return {};
  if (statement.kind == Kind::erase && !own_.lets_go(spec_, pool.name, work.row.marker)) return {};
  bind(work);
  return work;
}

const Row* Session::target(const Statement& statement) {
  const Pool& pool = spec_.pool(statement.pool);
  if (statement.kind == Kind::read) return pick(pool, false);
  if (statement.kind != Kind::add && statement.kind != Kind::take) return pick(pool, true);
  return base_.of(pool.name).find(fmt::format("hot.0.{}@load", up_to(spec_.hot.rows)));
}

bool Session::choose_parents(Work& work) {
  const Pool& pool = spec_.pool(work.statement->pool);
  for (std::size_t i = 0; i < pool.parents.size(); ++i) {
    const Parent& parent = pool.parents[i];
    if (std::ranges::none_of(work.statement->tokens, [&](const Token& t) { return t.name == parent.name; })) continue;
    const bool none = parent.optional && up_to(6) == 0;
    const Row* row = none ? nullptr : pick(spec_.pool(parent.pool), parent.own);
    if (!row && !parent.optional) return false;
    work.row.parents[i] = row ? row->marker : "";
  }
  return true;
}

// An upsert writes the row that it meets; an update that met one would fail.
bool Session::keep_unique(Work& work) {
  const Pool& pool = spec_.pool(work.statement->pool);
  if (pool.unique.empty() || work.statement->kind == Kind::read) return true;
  for (const Row& row : own_.of(pool.name).all()) {
    const bool same = std::ranges::all_of(pool.unique, [&](const std::string& name) {
      const auto i = pool.parent(name) - pool.parents.data();
      return row.parents[i] == work.row.parents[i];
    });
    if (!same || row.marker == work.row.marker) continue;
    if (work.statement->kind != Kind::upsert) return false;
    work.row.marker = row.marker;
    work.row.key = row.key;
    return true;
  }
  return true;
}

void Session::bind(Work& work) {
  const Statement& statement = *work.statement;
  work.sql = statement.pieces[0];
  for (std::size_t i = 0; i < statement.tokens.size(); ++i) {
    const Token& token = statement.tokens[i];
    std::string type = "text";
    if (!token.column.empty()) {
      const Pool& pool = spec_.pool(spec_.pool_of(statement, token));
      type = this->type(pool, pool.column(token.column));
    }
    work.parameters.push_back(value(work, token));
    work.sql += fmt::format("${}::{}{}", i + 1, type, statement.pieces[i + 1]);
  }
}

std::optional<std::string> Session::value(Work& work, const Token& token) {
  if (token.name == "marker") return work.row.marker;
  if (token.name == "version") return work.row.version = fresh();
  const Pool& own = spec_.pool(work.statement->pool);
  const Pool& pool = spec_.pool(spec_.pool_of(*work.statement, token));
  const std::string& marker =
      token.name == "key" ? work.row.marker : work.row.parents[own.parent(token.name) - own.parents.data()];
  if (marker.empty()) return {};
  const Row* row = own_.of(pool.name).find(marker);
  if (!row) row = base_.of(pool.name).find(marker);
  const KeyColumn& column = pool.column(token.column);
  return row->key[&column - pool.key.data()].forms[form(pool, column)];
}

const Row* Session::pick(const Pool& pool, bool own_only) {
  const Rows &own = own_.of(pool.name), &base = base_.of(pool.name);
  if (own_only || base.all().empty() || (up_to(4) && !own.all().empty())) return any_of(own, pool);
  return any_of(base, pool);
}

// One whose key can be written in the shape of this load.
const Row* Session::any_of(const Rows& rows, const Pool& pool) {
  for (int tries = 0; tries < 20 && !rows.all().empty(); ++tries) {
    const Row& row = rows.all()[up_to(static_cast<int>(rows.all().size()))];
    bool writable = row.key.size() == pool.key.size();
    for (std::size_t i = 0; writable && i < row.key.size(); ++i) {
      writable = !row.key[i].forms[form(pool, pool.key[i])].empty();
    }
    if (writable) return &row;
  }
  return nullptr;
}

}  // namespace rekey::load
