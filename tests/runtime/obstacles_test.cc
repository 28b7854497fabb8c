// Others at the same database: two runtimes, writers, readers, roles without rights.
#include <gmock/gmock.h>

#include "tests/runtime/trip.h"

namespace rekey::test {
namespace {

using ::testing::HasSubstr;

class Obstacles : public Trip {};

TEST_F(Obstacles, TwoRuntimesAtOnce) {
  db::Connection other(database.url(), "rekey/sample/0123abcd/control");
  other.exec("SELECT pg_advisory_lock(hashtext('rekey'), hashtext('sample'))");
  const Result refused = run("apply", {"--yes"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(
      settled(refused.err),
      ::testing::StartsWith("rekey: refused: plan sample is being worked on by pid PID (postgres, "
                            "rekey/sample/TAG/control) since DATE HH:MM:SS"));
  const Process waiting = start("apply", {"--yes", "--wait"});
  wait_until(
      "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'rekey/sample/%' AND "
      "datname = current_database() AND query LIKE '%pg_locks%'");
  other.exec("SELECT pg_advisory_unlock_all()");
  EXPECT_EQ(wait_for(waiting).code, 0);
}

TEST_F(Obstacles, SessionsOnTheTablesAreNamed) {
  db::Connection other(database.url(), "some app");
  other.exec("BEGIN");
  other.exec("SELECT * FROM public.users");
  const Result refused = run("apply", {"--yes"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(settled(refused.err),
              HasSubstr("rekey: refused: phase 020 people has not been begun; other sessions are "
                        "on its tables (end them, "
                        "or start with --wait):\n"
                        "  pid PID (postgres, some app, idle in transaction for HH:MM:SS) holds "
                        "ACCESS SHARE on public.users\n"));
  EXPECT_EQ(database.query("SELECT phase FROM rekey.phases"), "010\n");
  const Process waiting = start("apply", {"--yes", "--wait"});
  wait_until("SELECT 1 FROM rekey.runs WHERE finished_at IS NULL");
  other.exec("COMMIT");
  const Result done = wait_for(waiting);
  EXPECT_EQ(done.code, 0) << done.err;
}

TEST_F(Obstacles, ALockInTheWayIsRetriedAndItsHolderNamed) {
  Sample s = sample();
  step_of(s, "020.keys").up += "CREATE TABLE public.ready ();\n";
  // After the phase is open, only now does the other one come.
  step_of(s, "020.orders.detach").needs = {"020.open", "020.keys"};
  step_of(s, "020.users.rewrite").needs.push_back("020.gate");
  StepSql gate{"020.gate",
               "",
               "DO $body$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'go') LOOP "
               "PERFORM pg_sleep(0.02); END LOOP; END $body$;\n",
               "",
               {"020.orders.detach"}};
  auto& steps = s.phases[0].steps;
  std::swap(steps[1], steps[2]);  // the keys first
  steps.insert(steps.begin() + 3, gate);
  write(s);
  const Process apply = start("apply", {"--yes", "--jobs", "1"});
  wait_until("SELECT 1 FROM rekey.steps WHERE step = '020.orders.detach' AND state = 'done'");
  db::Connection other(database.url(), "some app");
  other.exec("BEGIN");
  other.exec("SELECT * FROM public.users");
  database.run("CREATE TABLE public.go ()");
  wait_until("SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'");
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  other.exec("COMMIT");
  const Result result = wait_for(apply);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(
      settled(result.err),
      HasSubstr("020.users.rewrite: canceling statement due to lock timeout; try 2 in T s; pid PID "
                "(postgres, some "
                "app, idle in transaction for HH:MM:SS) holds ACCESS SHARE on public.users\n"));
}

TEST_F(Obstacles, RolesWithoutRights) {
  database.run("CREATE ROLE poor LOGIN");
  const std::string url = server().url(database.query("SELECT current_database()")) + "";
  const std::string name = database.query("SELECT current_database()");
  const std::string as_poor = "postgresql:///" + name.substr(0, name.size() - 1) +
                              "?host=" + server().folder().string() + "&user=poor";
  const Result result = rekey({"apply", bundle, "--database", as_poor, "--yes"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(
      result.err,
      "rekey: refused: nothing has been changed; in the way:\n"
      "  no right to make schema rekey: GRANT CREATE ON DATABASE to this role, or connect as the "
      "owner of the database\n"
      "  table public.orders belongs to postgres: role poor may not alter it; connect as its "
      "owner, "
      "a member of it or a superuser\n"
      "  table public.users belongs to postgres: role poor may not alter it; connect as its owner, "
      "a member of it or a superuser\n");
  ASSERT_EQ(run("apply", {"--yes", "--to", "010"}).code, 0);
  const Result closed = rekey({"status", bundle, "--database", as_poor});
  EXPECT_EQ(closed.code, 3);
  EXPECT_THAT(closed.err,
              HasSubstr("no right to use schema rekey: connect as the role that installed it"));
  database.run("DROP ROLE poor");
}

TEST_F(Obstacles, ReadOnlyDatabase) {
  const std::string name = database.query("SELECT current_database()");
  database.run("ALTER DATABASE " + name.substr(0, name.size() - 1) +
               " SET default_transaction_read_only = on");
  const Result result = run("apply", {"--yes"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("sessions are read-only here (default_transaction_read_only)"));
}

TEST_F(Obstacles, IdsOutOfTheRangeOfTheGenerator) {
  database.run(
      "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey; "
      "ALTER TABLE users ALTER user_id TYPE bigint; ALTER TABLE orders ALTER user_id TYPE bigint; "
      "ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) "
      "REFERENCES users ON DELETE CASCADE; "
      "INSERT INTO users VALUES (140737488355328, 'far')");
  Sample s = sample();
  s.columns[1].type = s.columns[2].type = "bigint";
  write(s);
  const Result result = run("apply", {"--yes"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.err,
            "rekey: refused: nothing has been changed; in the way:\n"
            "  public.users.user_id holds ids from 1 to 140737488355328; generator ordered holds "
            "-140737488355328 to 140737488355327: give the table generator: keyed in the plan\n");
}

TEST_F(Obstacles, NoRoomForFreshKeysOnTheWayBack) {
  database.run("INSERT INTO users VALUES (2147483646, 'last')");
  ASSERT_EQ(run("apply", {"--yes"}).code, 0);
  database.run("INSERT INTO users (name) VALUES ('a'), ('b')");
  const std::string before = database.query("SELECT phase, state FROM rekey.phases ORDER BY 1");
  const Result result = run("rollback", {"--yes"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("  2 rows were written since the change to domain "
                                    "public.users.user_id would get legacy ids up to "
                                    "2147483648: too large for sequence public.users_user_id_seq; "
                                    "delete rows or stay on the new keys\n"));
  EXPECT_EQ(database.query("SELECT phase, state FROM rekey.phases ORDER BY 1"), before);
}

TEST_F(Obstacles, WrongDatabaseAndNoDatabase) {
  Database empty;
  const Result wrong = rekey({"apply", bundle, "--database", empty.url(), "--yes"});
  EXPECT_EQ(wrong.code, 3);
  EXPECT_EQ(wrong.err,
            "rekey: refused: nothing has been changed; in the way:\n"
            "  column public.orders.order_id is missing\n"
            "  column public.orders.user_id is missing\n"
            "  column public.users.user_id is missing\n"
            "  foreign key orders_user_id_fkey of public.orders is missing\n");
  const Result none =
      rekey({"apply", bundle, "--database", "postgresql://me:geheim@/x?host=/nowhere", "--yes"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err,
              HasSubstr("rekey: cannot reach the database: connection to server on socket"));
  EXPECT_THAT(none.err, ::testing::Not(HasSubstr("geheim")));
}

}  // namespace
}  // namespace rekey::test
