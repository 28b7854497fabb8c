// libpqxx 6.4 and 7.10 behind one door. What differs between them stands under the preprocessor's
// conditions here and nowhere else.
#include "runtime/db/connection.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <pqxx/pqxx>

#include "runtime/db/server_message.h"

namespace rekey::db {

Error::Error(const std::string& message, std::string state, std::string detail, std::string hint,
             std::string context)
    : std::runtime_error(message),
      sqlstate(std::move(state)),
      detail(std::move(detail)),
      hint(std::move(hint)),
      context(std::move(context)) {}

const std::optional<std::string>& Rows::only() const {
  if (rows.size() != 1 || rows[0].size() != 1) {
    throw std::logic_error(fmt::format("a query gave {} rows of {} columns instead of one value",
                                       rows.size(), columns.size()));
  }
  return rows[0][0];
}

namespace {

constexpr const char* kLost = "the connection to the server was lost";

using Sink = std::function<void(std::string_view)>;

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) out += std::isalnum(c) ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  return out;
}

// A session has its name from its first moment on: one whose program is killed then can be told from others.
std::string with_name(const std::string& where, const std::string& application_name) {
  if (where.find("://") == std::string::npos) {
    std::string value;
    for (const char c : application_name) value += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return fmt::format("{} application_name='{}'", where, value);
  }
  const char* const sign = where.ends_with('?') || where.ends_with('&') ? "" : where.find('?') == std::string::npos ? "?" : "&";
  return fmt::format("{}{}application_name={}", where, sign, percent_encoded(application_name));
}

std::unique_ptr<pqxx::connection> open(const std::string& uri,
                                       const std::string& application_name) {
  const std::string where = address_of(uri);
  try {
    auto connection = std::make_unique<pqxx::connection>(with_name(where, application_name));
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection->inhibit_reactivation(
        true);  // a new session behind our back would not be the old one
#pragma GCC diagnostic pop
#endif
    return connection;
  } catch (const std::exception& e) {
    throw Disconnected(without_password(e.what(), where));
  }
}

#if PQXX_VERSION_MAJOR < 7
struct Notices : pqxx::errorhandler {
  explicit Notices(pqxx::connection& connection) : errorhandler(connection) {}
  bool operator()(const char message[]) noexcept override {
    pass(message);
    return false;
  }
#else
struct Notices {
  explicit Notices(pqxx::connection& connection) {
    connection.set_notice_handler([this](pqxx::zview message) noexcept { pass(message); });
  }
#endif
  void pass(std::string_view message) noexcept {
    while (message.ends_with('\n')) message.remove_suffix(1);
    if (sink && !message.empty()) sink(message);
  }
  Sink sink;
};

// libpqxx 6 has no state for the errors that a retry may cure, and 7 not for all.
std::string state_of(const std::exception& error) {
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error)) return "40P01";
  if (dynamic_cast<const pqxx::serialization_failure*>(&error)) return "40001";
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error)) return "40003";
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) return sql->sqlstate();
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error)) return "40000";
  return {};
}

Rows rows_of(const pqxx::result& result) {
  Rows out;
  for (int i = 0; i < static_cast<int>(result.columns()); ++i) {
    out.columns.emplace_back(result.column_name(i));
  }
  out.rows.reserve(result.size());
  for (const auto& row : result) {
    Row& copy = out.rows.emplace_back();
    copy.reserve(out.columns.size());
    for (int i = 0; i < static_cast<int>(out.columns.size()); ++i) {
      const auto field = row[i];
      if (field.is_null()) {
        copy.emplace_back();
      } else {
        copy.emplace_back(std::string(field.c_str(), field.size()));
      }
    }
  }
  return out;
}

}  // namespace

struct Connection::Impl {
  explicit Impl(std::unique_ptr<pqxx::connection> opened)
      : connection(std::move(opened)), notices(*connection), pid(connection->backendpid()) {}

  template <class Call>
  Rows run(Call call) {
    if (lost) throw Disconnected(kLost);
    try {
      pqxx::nontransaction session(*connection);
      return rows_of(call(session));
    } catch (const std::exception& error) {
      rethrow(error);
    }
  }

  [[noreturn]] void rethrow(const std::exception& error) {
    const ServerMessage said = parse_server_message(error.what());
    const std::string state = state_of(error);
    lost = !connection->is_open() || dynamic_cast<const pqxx::broken_connection*>(&error) ||
           state.starts_with("08") || state.starts_with("57P0");
    if (lost) throw Disconnected(state.empty() ? kLost : said.message);
    throw Error(said.message, state, said.detail, said.hint, said.context);
  }

  std::unique_ptr<pqxx::connection> connection;
  Notices notices;
  int pid;
  bool lost = false;
};

Connection::Connection(const std::string& uri, const std::string& application_name)
    : impl_(std::make_unique<Impl>(open(uri, application_name))) {}

Connection::~Connection() = default;

Rows Connection::exec(std::string_view sql) {
  return impl_->run([&](pqxx::nontransaction& session) { return session.exec(std::string(sql)); });
}

Rows Connection::exec(std::string_view sql,
                      const std::vector<std::optional<std::string>>& parameters) {
  return impl_->run([&](pqxx::nontransaction& session) {
#if PQXX_VERSION_MAJOR < 7
    std::vector<const char*> values;
    for (const auto& parameter : parameters) {
      values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    return session.exec_params(std::string(sql), pqxx::prepare::make_dynamic_params(values));
#else
    pqxx::params values;
    for (const auto& parameter : parameters) {
      if (parameter) {
        values.append(*parameter);
      } else {
        values.append();
      }
    }
    return session.exec(std::string(sql), values);
#endif
  });
}

int Connection::backend_pid() const { return impl_->pid; }

int Connection::server_version() const { return impl_->connection->server_version(); }

void Connection::cancel() {
  try {
    impl_->connection->cancel_query();
  } catch (const std::exception& error) {
    throw Disconnected(parse_server_message(error.what()).message);
  }
}

void Connection::on_notice(std::function<void(std::string_view)> sink) {
  impl_->notices.sink = std::move(sink);
}

std::string describe(Connection& connection) {
  const Rows session = connection.exec(
      "SELECT coalesce(host(inet_server_addr()), (SELECT split_part(setting, ',', 1) FROM pg_settings "
      "WHERE name = 'unix_socket_directories'), 'its socket'), current_setting('port'), current_database(), session_user");
  const Row& row = session.rows.at(0);
  return fmt::format("host={} port={} dbname={} user={}", row[0].value_or(""), row[1].value_or(""),
                     row[2].value_or(""), row[3].value_or(""));
}

}  // namespace rekey::db
