// The door to PostgreSQL: errors taken apart, passwords kept, quoting as the server quotes,
// retries.
#include <gtest/gtest.h>

#include "runtime/db/connection.h"
#include "runtime/db/retry.h"
#include "runtime/db/server_message.h"
#include "runtime/text.h"
#include "tests/runtime/server.h"

namespace rekey::test {
namespace {

std::string error_of(db::Connection& session, const std::string& sql) {
  try {
    session.exec(sql);
    return "no error";
  } catch (const db::Disconnected& e) {
    return std::string("disconnected: ") + e.what();
  } catch (const db::Error& e) {
    return e.sqlstate + " " + e.what() + " | " + e.detail + " | " + e.hint;
  }
}

TEST(Connection, Errors) {
  Database database;
  db::Connection session(database.url(), "test");
  EXPECT_EQ(error_of(session, "SELECT 1/0"), "22012 division by zero |  | ");
  EXPECT_EQ(error_of(session, "SELEC"), "42601 syntax error at or near \"SELEC\" |  | ");
  EXPECT_EQ(error_of(session,
                     "DO $$BEGIN RAISE EXCEPTION E'two\\nlines' USING ERRCODE = 'RK003', "
                     "DETAIL = E'a\\nb', HINT = 'h'; END$$"),
            "RK003 two\nlines | a\nb | h");
  EXPECT_EQ(error_of(session, "BEGIN"), "no error");
  EXPECT_EQ(error_of(session, "CREATE TABLE t (a integer)"), "no error");
  EXPECT_EQ(error_of(session, "COMMIT"), "no error");
  EXPECT_EQ(error_of(session, "VACUUM t"), "no error");
  EXPECT_EQ(error_of(session, "SELECT pg_terminate_backend(pg_backend_pid())"),
            "disconnected: the connection to the server was lost");
  EXPECT_EQ(error_of(session, "SELECT 1"), "disconnected: the connection to the server was lost");
}

TEST(Connection, ParametersAndNull) {
  Database database;
  db::Connection session(database.url(), "test");
  const db::Rows rows =
      session.exec("SELECT $1::text, $2::integer + 1, NULL AS n", {std::nullopt, "4"});
  EXPECT_EQ(rows.columns, (std::vector<std::string>{"text", "?column?", "n"}));
  EXPECT_EQ(rows.rows, (std::vector<db::Row>{{std::nullopt, "5", std::nullopt}}));
}

TEST(Connection, DeadlockHasAState) {
  Database database;
  database.run("CREATE TABLE a (); CREATE TABLE b ()");
  db::Connection one(database.url(), "one"), two(database.url(), "two");
  for (auto* session : {&one, &two}) {
    session->exec("SET deadlock_timeout = '50ms'");
    session->exec("BEGIN");
  }
  one.exec("LOCK TABLE a");
  two.exec("LOCK TABLE b");
  std::string first;
  std::thread other([&] {
    first = error_of(one, "LOCK TABLE b");
    one.exec("ROLLBACK");
  });
  const std::string second = error_of(two, "LOCK TABLE a");
  two.exec("ROLLBACK");
  other.join();
  EXPECT_TRUE(first.starts_with("40P01 deadlock detected") ||
              second.starts_with("40P01 deadlock detected"))
      << first << "\n"
      << second;
}

TEST(Passwords, NeverInAMessage) {
  const struct {
    const char *message, *address, *shown;
  } cases[] = {
      {"connection to server failed: no", "postgresql://u:secret@h/d",
       "connection to server failed: no"},
      {"invalid \"secret\"", "postgresql://u:secret@h/d", "invalid \"***\""},
      {"bad postgresql://u:secret@h/d", "postgresql://u:secret@h/d", "bad the address given"},
      {"bad p@ss", "postgresql://u:p%40ss@h/d", "bad ***"},
      {"invalid port \"cret\"", "postgresql://u:se/cret@h/d",
       "cannot connect, and the address cannot be shown: its password has characters that must be "
       "percent-encoded in a URL"},
      {"missing = after x, password=secret", "host=h password=secret x",
       "missing = after x, password=***"},
      {"bad 'my secret'", "host=h password='my_secret'", "bad 'my secret'"},
  };
  for (const auto& c : cases) EXPECT_EQ(db::without_password(c.message, c.address), c.shown);
}

TEST(Passwords, NotInAnAddress) {
  const struct {
    std::string address, shown;
  } cases[] = {
      {"", ""},
      {"postgresql://u@h:5432/d", "postgresql://u@h:5432/d"},
      {"postgresql://h:5432/d?application_name=a@b", "postgresql://h:5432/d?application_name=a@b"},
      {"postgresql://u:secret@h:5432/d", "dbname=d host=h port=5432 user=u"},
      {"postgresql://u:x@[:/d?password=secret:1]:5432,h2/d?password=secret&user=u",
       "dbname=d host=:/d?password=secret:1,h2 port=5432, user=u"},
      {"postgresql:///d?host=/tmp&pass%77ord=secret", "dbname=d host=/tmp"},
      {"postgresql:///d?host=/tmp&sslpassword=secret", "dbname=d host=/tmp"},
      {"host=h password=secret dbname=d", "dbname=d host=h"},
      {"password = 'se cr\\'et' host=h options='-c a=b\\\\ c'", "host=h options='-c a=b\\\\ c'"},
      {"host=h password=" + std::string(200'000, 'x'), "host=h"},
  };
  for (const auto& c : cases) EXPECT_EQ(db::address_without_password(c.address), c.shown);
}

TEST(Quoting, AsTheServerDoes) {
  Database database;
  db::Connection session(database.url(), "test");
  for (const char* name : {"users", "Users", "user", "a b", "a\"b", "1a", "_a1", "select", "value",
                           "left", "int", "näme", "", "a$b"}) {
    EXPECT_EQ(db::quote_identifier(name), session.exec("SELECT quote_ident($1)", {name}).only())
        << name;
  }
  for (const char* text : {"", "a", "it's", "back\\slash", "both ' and \\", "näme"}) {
    EXPECT_EQ(session.exec("SELECT " + db::quote_literal(text)).only(), text);
  }
}

TEST(Quoting, KnowsAllKeywordsOfThisServer) {
  Database database;
  db::Connection session(database.url(), "test");
  for (const db::Row& row : session
                                .exec("SELECT word, quote_ident(word) FROM pg_get_keywords() "
                                      "WHERE catcode <> 'U'")
                                .rows) {
    EXPECT_EQ(db::quote_identifier(*row[0]), *row[1]);
  }
}

TEST(Retries, OnlyWhatAnotherTryMayCure) {
  const struct {
    const char* state;
    int tries;
  } cases[] = {{"55P03", 4}, {"40P01", 4}, {"40001", 4}, {"57014", 1}, {"23505", 1}, {"", 1}};
  for (const auto& c : cases) {
    int tries = 0;
    EXPECT_THROW(db::with_retries(
                     {4, {}, {}},
                     [&] {
                       ++tries;
                       throw db::Error("x", c.state);
                     },
                     [](const db::Retry&) { return true; }),
                 db::Error);
    EXPECT_EQ(tries, c.tries) << c.state;
  }
}

TEST(Retries, BackOffDoublesUpToItsLimit) {
  const db::RetryPolicy policy;
  const int full[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
  for (int failed = 1; failed <= 8; ++failed) {
    for (int i = 0; i < 50; ++i) {
      const auto pause = db::back_off(policy, failed).count();
      EXPECT_LE(pause, full[failed - 1]);
      EXPECT_GE(pause, full[failed - 1] / 2);
    }
  }
}

TEST(Text, Durations) {
  const struct {
    double seconds;
    const char* text;
  } cases[] = {
      {0, "0.0 s"}, {1.24, "1.2 s"}, {42.9, "42 s"}, {185, "3 min 05 s"}, {7800, "2 h 10 min"}};
  for (const auto& c : cases) EXPECT_EQ(duration(Seconds(c.seconds)), c.text);
}

TEST(Text, Numbers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(200000, "row"), "200,000 rows");
}

TEST(Text, ShellArguments) {
  EXPECT_EQ(shell("bundle/a-b"), "bundle/a-b");
  EXPECT_EQ(shell("a b"), "'a b'");
  EXPECT_EQ(shell("it's"), "'it'\\''s'");
  EXPECT_EQ(shell(""), "''");
}

}  // namespace
}  // namespace rekey::test
