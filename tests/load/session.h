// One session of a load: draws statements, runs them alone or a few in a transaction, and knows what they did.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <random>

#include "tests/load/knowledge.h"
#include "tests/load/report.h"

namespace rekey::load {

enum class Shape { old_keys, new_keys, follow };  // follow: what the catalog says, asked again when a statement fails

struct Settings {
  std::string database, schema, name;
  int sessions = 6;
  double rate = 0;  // statements a second of all sessions; 0: as fast as it goes
  Shape shape = Shape::old_keys;
  bool prepared = false;  // named statements that live as long as the session, as drivers keep them
};

struct Shared {
  std::atomic<bool> stop{false};
  std::atomic<long> next{1};
  std::atomic<long> added{0}, taken{0}, unknown{0};  // to and from the hot counters
  Report report;
};

std::unique_ptr<db::Connection> connect(const Settings& settings);

class Session {
 public:
  Session(const Spec& spec, const Settings& settings, int number, Shared& shared, const Knowledge& own,
          const Knowledge& base);
  void run();
  const Knowledge& own() const { return own_; }
  const std::string& prefix() const { return prefix_; }

 private:
  struct Work {
    const Statement* statement;
    Row row;
    std::string sql = {};
    std::vector<std::optional<std::string>> parameters = {};
  };

  // session.cc
  void go_on();
  void attempt(int statements, Clock::time_point due);
  void perform(const Work& work, Clock::time_point from);
  db::Rows send(const Work& work);
  void expect(const Work& work, const db::Rows& got);
  void take_key(const Work& work, const db::Row& columns);
  void failed(const db::Error& error);
  void settle(const db::Error& error);
  std::string type_now(const Pool& pool, const std::string& column);
  bool has_other_shape(const Statement& statement);
  void follow();
  Knowledge read_ours();
  void wrong(const std::string& what) { shared_.report.wrong(what); }

  // draw.cc
  Work draw();
  std::optional<Work> try_to_draw(const Statement& statement);
  const Row* target(const Statement& statement);
  bool choose_parents(Work& work);
  bool keep_unique(Work& work);
  void bind(Work& work);
  std::optional<std::string> value(Work& work, const Token& token);
  const Row* pick(const Pool& pool, bool own_only);
  const Row* any_of(const Rows& rows, const Pool& pool);
  std::string type(const Pool& pool, const KeyColumn& column) const;
  Form form(const Pool& pool, const KeyColumn& column) const { return type(pool, column) == "uuid" ? uuid : number; }
  std::string fresh() { return std::to_string(shared_.next++); }
  int up_to(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  const Spec& spec_;
  const Settings& settings_;
  const std::string prefix_;  // of our markers
  Shared& shared_;
  Knowledge own_, base_;  // base: rows that no session changes
  std::mt19937 random_;
  std::discrete_distribution<std::size_t> weights_;
  std::map<std::string, std::string> types_;  // pool.column
  std::unique_ptr<db::Connection> connection_;
  std::map<std::string, std::string> prepared_;  // name by SQL
  const Statement* current_ = nullptr;  // the one under way, which began at from_
  Clock::time_point from_ = Clock::now();
  int stage_ = 0;
  bool in_transaction_ = false;
};

}  // namespace rekey::load
