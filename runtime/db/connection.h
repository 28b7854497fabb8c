// The only door to PostgreSQL, and the only folder that includes libpqxx (6.4 and 7.10 differ).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rekey::db {

// A statement failed. what() is the server's primary message; sqlstate is empty when there is none.
struct Error : std::runtime_error {
  Error(const std::string& message, std::string state, std::string detail = {},
        std::string hint = {}, std::string context = {});
  std::string sqlstate, detail, hint, context;
};

// The connection is gone: whether the last statement took effect is unknown.
struct Disconnected : Error {
  explicit Disconnected(const std::string& message) : Error(message, "") {}
};

using Row = std::vector<std::optional<std::string>>;

struct Rows {
  std::vector<std::string> columns;
  std::vector<Row> rows;
  // The single value of a single row; throws std::logic_error for another shape.
  const std::optional<std::string>& only() const;
};

// A session in autocommit. Not movable, used by one thread at a time; cancel() alone may be called
// from another.
class Connection {
 public:
  // uri may be empty: then DATABASE_URL, else libpq's PG* variables and defaults. application_name
  // is cut to 63 bytes by the server. Throws Disconnected; no message of ours ever has a password
  // in it.
  Connection(const std::string& uri, const std::string& application_name);
  ~Connection();
  Connection(const Connection&) = delete;

  // One statement, or several without parameters, as the simple protocol sends them, in autocommit:
  // BEGIN, COMMIT, CALL and VACUUM are sent as they are.
  Rows exec(std::string_view sql);
  // Parameters are text; nullopt is NULL.
  Rows exec(std::string_view sql, const std::vector<std::optional<std::string>>& parameters);

  int backend_pid() const;
  int server_version() const;  // 150020
  void cancel();
  // Where notices and warnings of the server go; the default drops them.
  void on_notice(std::function<void(std::string_view)> sink);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "host=… port=… dbname=… user=…" of an open connection, for messages: never a password.
std::string describe(Connection& connection);

std::string quote_literal(std::string_view text);
std::string quote_identifier(std::string_view name);  // quotes only where SQL needs it

}  // namespace rekey::db
