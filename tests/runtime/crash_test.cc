// Either side killed, stopped or taken away in the middle; then on, or back, as if nothing had
// been.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/runtime/trip.h"

namespace rekey::test {
namespace {

using ::testing::HasSubstr;

class Crash : public Trip {
 protected:
  // Makes a step take a while, in the direction given, until the database has a table "public.go".
  void slow(const std::string& step, bool up) {
    Sample s = sample();
    std::string& sql = up ? step_of(s, step).up : step_of(s, step).down;
    sql =
        "DO $body$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'go') LOOP PERFORM "
        "pg_sleep(0.02); "
        "END LOOP; END $body$;\n" +
        sql;
    write(s);
  }
  // While it runs.
  static bool says(const Process& process, const std::string& text) {
    while (read_text(process.err).find(text) == std::string::npos) {
      if (ended(process)) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  void go() { database.run("CREATE TABLE public.go ()"); }
  void wait_for_step() {
    wait_until(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'DO $body$ BEGIN WHILE%' "
        "AND state = 'active' AND datname = current_database()");
  }
  std::string schema_then() {
    database.run("DROP TABLE IF EXISTS public.go");
    return database.schema();
  }
};

TEST_F(Crash, KilledInTheMiddleOfApply) {
  const std::string schema = database.schema(), rows = database.rows();
  for (const char* step : {"020.open", "020.users.rewrite", "020.users.vacuum", "020.close"}) {
    SCOPED_TRACE(step);
    slow(step, true);
    const Process first = start("apply", {"--yes"});
    wait_for_step();
    kill(first.pid, SIGKILL);
    EXPECT_EQ(wait_for(first).code, 128 + SIGKILL);
    go();
    const Result on = run("apply", {"--yes"});
    EXPECT_EQ(on.code, 0) << on.err;
    EXPECT_EQ(run("verify").code, 0);
    EXPECT_EQ(run("status", {"--exit-code"}).code, 0);
    ASSERT_EQ(run("rollback", {"--yes"}).code, 0);
    EXPECT_EQ(schema_then(), schema);
    EXPECT_EQ(database.rows(), rows);
  }
}

TEST_F(Crash, KilledInTheMiddleOfRollback) {
  const std::string schema = database.schema(), rows = database.rows();
  for (const char* step : {"020.open", "020.users.rewrite", "020.users.vacuum", "020.close"}) {
    SCOPED_TRACE(step);
    slow(step, false);
    ASSERT_EQ(run("apply", {"--yes"}).code, 0);
    const Process first = start("rollback", {"--yes"});
    wait_for_step();
    kill(first.pid, SIGKILL);
    wait_for(first);
    go();
    const Result on = run("rollback", {"--yes"});
    EXPECT_EQ(on.code, 0) << on.err;
    EXPECT_EQ(schema_then(), schema);
    EXPECT_EQ(database.rows(), rows);
  }
}

TEST_F(Crash, KilledInTheMiddleOfApplyAndTakenBack) {
  const std::string schema = database.schema(), rows = database.rows();
  slow("020.orders.rewrite", true);
  const Process first = start("apply", {"--yes"});
  wait_for_step();
  kill(first.pid, SIGKILL);
  wait_for(first);
  const Process second = start("rollback", {"--yes"});
  if (db::Connection(database.url(), "test").server_version() < 140000) go();  // else its backend sees that nobody is there
  const Result back = wait_for(second);
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(schema_then(), schema);
  EXPECT_EQ(database.rows(), rows);
}

TEST_F(Crash, OrphansAreNamedAndWaitedFor) {
  slow("020.users.rewrite", true);
  const Process first = start("apply", {"--yes", "--jobs", "1"});
  wait_for_step();
  kill(first.pid, SIGKILL);
  wait_for(first);
  const Process second = start("apply", {"--yes", "--jobs", "1"});
  ASSERT_TRUE(says(second, "it ends when its statement does"));
  go();
  const Result on = wait_for(second);
  EXPECT_EQ(on.code, 0) << on.err;
  EXPECT_THAT(settled(on.err), HasSubstr("pid PID (rekey/sample/TAG/worker-1) is left behind and "
                                         "still there (active for HH:MM:SS): DO"));
}

TEST_F(Crash, ASessionOfTheChecksIsAnOrphanToo) {
  auto left = std::make_unique<db::Connection>(database.url(), "rekey/sample/0badcafe/check-1");
  const Process run = start("apply", {"--yes"});
  EXPECT_TRUE(says(run, "(rekey/sample/0badcafe/check-1) is left behind and still there (idle"));
  left.reset();
  EXPECT_EQ(wait_for(run).code, 0);
}

TEST_F(Crash, InterruptedSaysHowToGoOn) {
  for (int signal : {SIGINT, SIGTERM}) {
    slow("020.users.rewrite", true);
    const Process first = start("apply", {"--yes"});
    wait_for_step();
    kill(first.pid, signal);
    const Result result = wait_for(first);
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(plain(result.err),
                HasSubstr("rekey: interrupted; the steps that ran are rolled back\n"
                          "Phase 020 people is open: its tables stay closed for writes until it is "
                          "applied or rolled back.\n"
                          "go on:   rekey apply BUNDLE"));
    EXPECT_EQ(database.query("SELECT state FROM rekey.steps WHERE step = '020.users.rewrite'"),
              "pending\n");
    EXPECT_EQ(database.query("SELECT outcome FROM rekey.runs ORDER BY run DESC LIMIT 1"),
              "failed\n");
    ASSERT_EQ(run("rollback", {"--yes"}).code, 0);
  }
}

TEST_F(Crash, SurvivesARestartOfTheServer) {
  for (bool immediate : {false, true}) {
    slow("020.users.rewrite", true);
    const Process first = start("apply", {"--yes"});
    wait_for_step();
    server().restart(immediate);
    go();
    const Result result = wait_for(first);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("; connecting again for up to 60 s\n"));
    EXPECT_EQ(run("status", {"--exit-code"}).code, 0);
    ASSERT_EQ(run("rollback", {"--yes"}).code, 0);
    database.run("DROP TABLE public.go");
  }
}

TEST_F(Crash, SurvivesTheLossOfOneSession) {
  slow("020.users.rewrite", true);
  const Process first = start("apply", {"--yes"});
  wait_for_step();
  database.run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE query LIKE 'DO $body$ BEGIN WHILE%' AND datname = current_database()");
  go();
  const Result result = wait_for(first);
  EXPECT_EQ(result.code, 0) << result.err;
}

TEST(CrashOfServer, ThatStaysAway) {
  Sandbox own{SandboxOptions{}};
  Folder folder;
  const std::string bundle = (folder.path() / "bundle").string();
  Sample s = sample();
  step_of(s, "020.users.rewrite").up = "SELECT pg_sleep(100);\n";
  write_bundle(s, bundle);
  db::Connection(own.url(), "test").exec(kSampleSchema);
  const Process first =
      start_rekey({"apply", bundle, "--database", own.url(), "--yes", "--reconnect", "1"});
  for (bool there = false; !there;) {
    there = !db::Connection(own.url(), "test")
                 .exec(
                     "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(100)%' "
                     "AND pid <> pg_backend_pid()")
                 .rows.empty();
  }
  kill(own.server(), SIGQUIT);
  const Result result = wait_for(first);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("rekey: the server stays away: "));
  EXPECT_THAT(result.err, HasSubstr("\ngo on:   rekey apply " + bundle));
}

}  // namespace
}  // namespace rekey::test
