#include "tests/load/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace rekey::load {

namespace {

std::vector<int> weights_of(const Spec& spec) {
  std::vector<int> weights;
  for (const Statement& statement : spec.statements) weights.push_back(statement.weight);
  return weights;
}

// README: while two unique indexes stand on a key, an upsert of a row that others write may fail with 23505.
bool to_be_tried_again(const db::Error& error, const Statement* statement) {
  return error.sqlstate == "40001" || error.sqlstate == "40P01" ||
         (error.sqlstate == "23505" && statement &&
          (statement->kind == Kind::upsert || statement->kind == Kind::add));
}

}  // namespace

std::unique_ptr<db::Connection> connect(const Settings& settings) {
  auto connection = std::make_unique<db::Connection>(settings.database, "load " + settings.name);
  if (!settings.schema.empty()) connection->exec("SET search_path = " + settings.schema);
  return connection;
}

Session::Session(const Spec& spec, const Settings& settings, int number, Shared& shared, const Knowledge& own,
                 const Knowledge& base)
    : spec_(spec),
      settings_(settings),
      prefix_(fmt::format("{}.{}.", settings.name, number)),
      shared_(shared),
      own_(own),
      base_(base),
      random_(static_cast<unsigned>(number + 1000 * shared.next)) {
  const auto weights = weights_of(spec);
  weights_ = {weights.begin(), weights.end()};
  own_.keep();
}

void Session::run() try {
  connection_ = connect(settings_);
  if (settings_.shape == Shape::follow) follow();
  go_on();
} catch (const std::exception& error) {
  wrong(prefix_ + " ended: " + error.what());
}

// The time a statement took counts from when it was due, so that one that is held up shows those behind it too.
void Session::go_on() {
  const bool throttled = settings_.rate > 0;
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(throttled ? settings_.sessions / settings_.rate : 0));
  auto due = Clock::now() + interval * up_to(100) / 100;
  while (!shared_.stop) {
    const int statements = up_to(2) ? 1 : 2 + up_to(3);
    if (throttled) std::this_thread::sleep_until(due);
    try {
      attempt(statements, throttled ? due : Clock::now());
    } catch (const db::Disconnected& error) {
      settle(error);
    } catch (const db::Error& error) {
      failed(error);
    }
    due += interval * statements;
  }
}

void Session::attempt(int statements, Clock::time_point due) {
  current_ = nullptr;
  stage_ = shared_.report.stage();
  in_transaction_ = statements > 1;
  if (in_transaction_) connection_->exec("BEGIN");
  perform(draw(), due);
  for (int i = 1; i < statements; ++i) perform(draw(), Clock::now());
  current_ = nullptr;
  if (in_transaction_) connection_->exec("COMMIT");
  in_transaction_ = false;
  own_.keep();
}

// What it does is known before it is sent, so that it can be settled when the answer never comes.
void Session::perform(const Work& work, Clock::time_point from) {
  current_ = work.statement;
  from_ = from;
  const Kind kind = current_->kind;
  if (kind == Kind::insert || kind == Kind::update || kind == Kind::upsert) own_.put(current_->pool, work.row);
  if (kind == Kind::erase) own_.erase(spec_, current_->pool, work.row.marker);
  const db::Rows got = send(work);
  shared_.report.done(stage_, from);
  expect(work, got);
}

db::Rows Session::send(const Work& work) {
  if (!settings_.prepared) return connection_->exec(work.sql, work.parameters);
  if (!prepared_.contains(work.sql)) {
    const std::string name = fmt::format("s{}", prepared_.size());
    connection_->exec(fmt::format("PREPARE {} AS {}", name, work.sql));
    prepared_[work.sql] = name;
  }
  std::string values;
  for (const auto& value : work.parameters) {
    values += (values.empty() ? "" : ", ") + (value ? db::quote_literal(*value) : "NULL");
  }
  return connection_->exec(fmt::format("EXECUTE {}{}", prepared_[work.sql], values.empty() ? "" : "(" + values + ")"));
}

void Session::expect(const Work& work, const db::Rows& got) {
  const Statement& statement = *work.statement;
  if (statement.kind == Kind::add) ++shared_.added;
  if (statement.kind == Kind::take && !got.rows.empty()) shared_.taken += std::stol(got.only().value_or("0"));
  if (statement.kind == Kind::add || statement.kind == Kind::take) return;
  if (got.rows.size() != 1) {
    wrong(fmt::format("{} of {} found {} rows", statement.name, work.row.marker, got.rows.size()));
  } else if (statement.kind == Kind::read) {
    const Pool& pool = spec_.pool(statement.pool);
    const std::string text = difference(pool, work.row, row_from(pool, got.rows[0]));
    if (!text.empty()) wrong("read " + text);
  } else if (statement.kind != Kind::erase) {
    take_key(work, got.rows[0]);
  }
}

// A driver of the old shape cannot read a uuid as a number: the application fails, though the statement did not.
void Session::take_key(const Work& work, const db::Row& columns) {
  const Pool& pool = spec_.pool(work.statement->pool);
  std::vector<std::string> key;
  bool readable = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    key.push_back(columns[i].value_or(""));
    readable &= form_of(key.back()) == form(pool, pool.key[i]);
  }
  Row row = work.row;
  row.see(key);
  own_.put(pool.name, row);
  if (readable) return;
  if (!in_transaction_) own_.keep();
  throw db::Error("it gave " + key[0], "form");
}

void Session::failed(const db::Error& error) {
  own_.undo();
  try {
    if (in_transaction_) connection_->exec("ROLLBACK");
  } catch (const db::Disconnected& lost) {
    return settle(lost);
  }
  if (to_be_tried_again(error, current_)) return shared_.report.retried(stage_, error.sqlstate);
  const bool early = !current_ || !has_other_shape(*current_);
  shared_.report.failed(stage_, from_, current_ ? current_->name : "commit", error.sqlstate, error.what(), early);
  if (settings_.shape == Shape::follow) follow();
}

Knowledge Session::read_ours() {
  std::vector<std::string> doubles;
  const Knowledge found =
      read_rows(spec_, *connection_, [&](const Row& row) { return made_by(row.marker, prefix_); }, doubles);
  std::ranges::for_each(doubles, [&](const std::string& text) { wrong(text); });
  return found;
}

// The connection broke: whatever was under way happened as a whole, or did not.
void Session::settle(const db::Error& error) {
  shared_.report.failed(stage_, from_, current_ ? current_->name : "commit", "lost", error.what(), false);
  if (current_ && (current_->kind == Kind::add || current_->kind == Kind::take)) ++shared_.unknown;
  for (;;) try {
      connection_ = connect(settings_);
      prepared_.clear();
      const Knowledge found = read_ours();
      if (!differences(spec_, own_, found, prefix_).empty()) own_.undo();
      for (const std::string& text : differences(spec_, own_, found, prefix_)) wrong("after a break: " + text);
      own_.learn_keys(found);
      return own_.keep();
    } catch (const db::Disconnected&) {
      if (shared_.stop) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

std::string Session::type_now(const Pool& pool, const std::string& column) {
  return connection_
      ->exec("SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = $2",
             {pool.table, column})
      .only()
      .value_or("");
}

bool Session::has_other_shape(const Statement& statement) {
  std::vector<std::pair<const Pool*, KeyColumn>> columns;
  const Pool& own = spec_.pool(statement.pool);
  for (const KeyColumn& column : own.key) columns.emplace_back(&own, column);
  for (const Token& token : statement.tokens) {
    if (token.column.empty()) continue;
    const Pool& pool = spec_.pool(spec_.pool_of(statement, token));
    for (const KeyColumn& column : pool.key) columns.emplace_back(&pool, column);
  }
  return std::ranges::any_of(columns, [&](const auto& c) {
    return (type_now(*c.first, c.second.name) == "uuid") != (form(*c.first, c.second) == uuid);
  });
}

// What was prepared for the other shape gives no result any more.
void Session::follow() {
  if (!prepared_.empty()) connection_->exec("DEALLOCATE ALL");
  prepared_.clear();
  for (const Pool& pool : spec_.pools) {
    for (const KeyColumn& column : pool.key) types_[pool.name + "." + column.name] = type_now(pool, column.name);
  }
  std::vector<std::string> doubles;
  const Knowledge found = read_rows(spec_, *connection_, [](const Row&) { return true; }, doubles);
  own_.learn_keys(found);
  base_.learn_keys(found);
  own_.keep();
}

}  // namespace rekey::load
