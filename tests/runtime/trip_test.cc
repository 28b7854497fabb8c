// There and back with the program itself, against a real server.
#include "tests/runtime/trip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

namespace rekey::test {
namespace {

using ::testing::HasSubstr;

TEST_F(Trip, ApplySaysWhatItDid) {
  const Result result = run("apply", {"--yes", "--jobs", "1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::regex_replace(settled(result.out), std::regex("\\(020.*\\)"), "(STEP)"),
            "apply phase 010 foundation\n"
            "apply phase 020 people\n"
            "020.orders.rewrite .. ok T s, 7 rows\n"
            "020.users.rewrite .. ok T s, 5 rows\n"
            "apply phase 030 cleanup\n"
            "applied: 11 steps, 12 rows in T s; longest exclusive lock T s (STEP)\n");
  EXPECT_EQ(database.query("SELECT DISTINCT pg_typeof(user_id) FROM orders"), "uuid\n");
}

TEST_F(Trip, ThereAndBackIsIdentical) {
  const std::string schema = database.schema(), rows = database.rows();
  ASSERT_EQ(run("apply", {"--yes"}).code, 0);
  const Result back = run("rollback", {"--yes", "--jobs", "4"});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(database.schema(), schema);
  EXPECT_EQ(database.rows(), rows);
  const Result again = run("rollback", {"--yes"});
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.out, "nothing is applied: nothing to roll back\n");
  EXPECT_EQ(run("apply", {"--yes"}).code, 0);
}

TEST_F(Trip, RowsWrittenAfterwardsGetFreshKeys) {
  ASSERT_EQ(run("apply", {"--yes"}).code, 0);
  database.run(
      "WITH u AS (INSERT INTO users (name) VALUES ('new') RETURNING user_id) "
      "INSERT INTO orders (user_id, note) SELECT user_id, 'new' FROM u");
  ASSERT_EQ(run("rollback", {"--yes"}).code, 0);
  EXPECT_EQ(
      database.query("SELECT order_id, user_id, name, note FROM orders JOIN users USING (user_id) "
                     "WHERE note = 'new'"),
      "8|6|new|new\n");
}

TEST_F(Trip, AppliedTwiceSaysSo) {
  ASSERT_EQ(run("apply", {"--yes"}).code, 0);
  const Result again = run("apply");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("applied already, nothing to do"));
}

TEST_F(Trip, StopsAtThePhaseAndAtTheCheckpoint) {
  Sample s = sample();
  s.phases[0].checkpoint = true;
  s.notices = {"said once"};
  write(s);
  const Result first = run("apply", {"--yes", "--to", "foundation"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("note: said once\n"));
  EXPECT_EQ(database.query("SELECT phase, state FROM rekey.phases ORDER BY 1"), "010|applied\n");
  const Result second = run("apply", {"--yes"});
  EXPECT_THAT(second.err, Not(HasSubstr("said once")));
  EXPECT_THAT(
      plain(second.out),
      HasSubstr("stopped before phase 030 cleanup; go on with rekey apply BUNDLE --database "
                "'postgresql:///DB?host=SERVER&port=5432&user=postgres' --yes\ndone so far: 8 "
                "steps, 12 rows in T s"));
  EXPECT_EQ(run("status", {"--exit-code"}).code, 4);
  EXPECT_EQ(run("apply", {"--yes"}).code, 0);
  EXPECT_EQ(run("status", {"--exit-code"}).code, 0);
  const Result back = run("rollback", {"--yes", "--to", "020"});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(database.query("SELECT phase, state FROM rekey.phases ORDER BY 1"),
            "010|applied\n020|applied\n030|rolled back\n");
  EXPECT_EQ(run("apply", {"--yes"}).code, 0);
}

TEST_F(Trip, RefusedBeforeAnythingChanges) {
  const std::string before = database.schema();
  struct {
    std::string sql, undo, message;
  } const cases[] = {
      {"ALTER TABLE orders ADD CONSTRAINT extra FOREIGN KEY (user_id) REFERENCES users",
       "ALTER TABLE orders DROP CONSTRAINT extra",
       "foreign key extra of public.orders is unknown to the plan"},
      {"ALTER TABLE orders RENAME CONSTRAINT orders_user_id_fkey TO other",
       "ALTER TABLE orders RENAME CONSTRAINT other TO orders_user_id_fkey",
       "foreign key orders_user_id_fkey of public.orders is missing\n"
       "  foreign key other of public.orders is unknown to the plan"},
      {"ALTER TABLE orders ALTER user_id TYPE bigint",
       "ALTER TABLE orders ALTER user_id TYPE integer",
       "column public.orders.user_id is bigint, not integer"},
      {"ALTER TABLE orders RENAME user_id TO uid", "ALTER TABLE orders RENAME uid TO user_id",
       "column public.orders.user_id is missing"},
      {"CREATE VIEW v AS SELECT user_id FROM users", "DROP VIEW v",
       "view public.v uses public.users.user_id and is unknown to the plan"},
      {"CREATE SCHEMA rekey", "DROP SCHEMA rekey",
       "the database has a schema rekey that no plan installed: rename or drop it first"},
  };
  for (const auto& c : cases) {
    database.run(c.sql);
    const Result result = run("apply", {"--yes"});
    EXPECT_EQ(result.code, 3) << c.sql;
    EXPECT_THAT(result.err, HasSubstr(c.message)) << c.sql;
    database.run(c.undo);
    EXPECT_EQ(database.schema(), before) << c.sql;
  }
}

TEST_F(Trip, NeedsAConfirmation) {
  const Result result = run("apply");
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(
      result.err,
      HasSubstr("rekey: refused: confirmation missing: start it on a terminal, or with --yes\n"));
  EXPECT_EQ(database.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'rekey'"), "0\n");
}

TEST_F(Trip, DryRunShowsLocksAndChangesNothing) {
  const std::string before = database.schema();
  const Result result = run("apply", {"--dry-run", "--to", "people"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              HasSubstr("  020.users.rewrite\n    ACCESS EXCLUSIVE on public.users, rewritten\n"));
  EXPECT_THAT(result.out, HasSubstr("9 steps would run; nothing has been changed\n"));
  EXPECT_EQ(database.schema(), before);
}

TEST_F(Trip, AnotherTextThanWasAppliedIsNamed) {
  ASSERT_EQ(run("apply", {"--yes", "--to", "020"}).code, 0);
  Sample s = sample();
  step_of(s, "020.orders.attach").up += "COMMENT ON TABLE public.orders IS 'changed';\n";
  write(s);
  for (const char* command : {"apply", "rollback", "verify"}) {
    std::vector<std::string> yes;
    if (std::string(command) != "verify") yes = {"--yes"};
    const Result result = run(command, yes);
    EXPECT_EQ(result.code, 3) << command;
    EXPECT_THAT(result.err,
                HasSubstr("step 020.orders.attach was applied as another text than the bundle has"))
        << command;
  }
  const Result status = run("status");
  EXPECT_EQ(status.code, 3);
  EXPECT_THAT(status.out, HasSubstr("differs: step 020.orders.attach was applied as another text"));
}

TEST_F(Trip, AnotherPlanIsRefused) {
  ASSERT_EQ(run("apply", {"--yes", "--to", "010"}).code, 0);
  Sample s = sample();
  s.plan = "other";
  write(s);
  const Result result = run("apply", {"--yes"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(
      result.err,
      HasSubstr("plan \"sample\" is applied to this database; the bundle is of plan \"other\""));
}

TEST_F(Trip, AFailedStepSaysHowToGoOnAndBack) {
  const std::string schema = database.schema(), rows = database.rows();
  Sample s = sample();
  step_of(s, "020.orders.attach").up =
      "DO $body$ BEGIN RAISE EXCEPTION 'no way' USING DETAIL = 'why', HINT = 'what'; END $body$;\n";
  write(s);
  const Result result = run("apply", {"--yes"});
  EXPECT_EQ(result.code, 1);
  const std::string url =
      " --database 'postgresql:///DB?host=SERVER&port=5432&user=postgres' --yes\n";
  EXPECT_THAT(plain(result.err),
              HasSubstr("rekey: step 020.orders.attach failed and is rolled back:\n"
                        "  no way (P0001)\n  detail: why\n  hint: what\n"
                        "Phase 020 people is open: its tables stay closed for writes until it is "
                        "applied or rolled back.\n"
                        "go on:   rekey apply BUNDLE" +
                        url + "go back: rekey rollback BUNDLE --to 010" + url));
  EXPECT_THROW(database.run("INSERT INTO users (name) VALUES ('x')"), db::Error);
  EXPECT_EQ(run("status", {"--exit-code"}).code, 4);
  ASSERT_EQ(run("rollback", {"--yes"}).code, 0);
  EXPECT_EQ(database.schema(), schema);
  EXPECT_EQ(database.rows(), rows);
}

TEST_F(Trip, HalfRolledBackIsFinishedByRollback) {
  Sample s = sample();
  step_of(s, "020.orders.rewrite").down = "SELECT 1/0;\n";
  write(s);
  ASSERT_EQ(run("apply", {"--yes"}).code, 0);
  const Result back = run("rollback", {"--yes"});
  EXPECT_EQ(back.code, 1);
  EXPECT_THAT(back.err, HasSubstr("step 020.orders.rewrite failed and is rolled back:\n"
                                  "  division by zero (22012)\n"));
  const Result on = run("apply", {"--yes"});
  EXPECT_EQ(on.code, 3);
  EXPECT_THAT(plain(on.err), HasSubstr("phase 020 people is half rolled back: finish that first\n"
                                       "  rekey rollback BUNDLE --to 010"));
}

TEST_F(Trip, AFalseCheckFails) {
  Sample s = sample();
  s.phases[0].verify =
      "SELECT 'rows' AS \"check\", 'public.users' AS object, false AS ok, "
      "'none' AS detail;\n";
  write(s);
  const Result result = run("apply", {"--yes"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("phase 020 people is applied, and does not verify:\n"
                                    "  phase 020: rows of public.users: none\n"));
  const Result verify = run("verify");
  EXPECT_EQ(verify.code, 1);
  EXPECT_EQ(verify.out,
            "phase       checks  hold  of what\n"
            "020 people       1     0  1 rows\n"
            "phase  check  object        ok  detail\n"
            "020    rows   public.users  NO  none\n"
            "1 check, 1 false\n");
}

TEST_F(Trip, StatusAndVerify) {
  EXPECT_EQ(run("verify").out, "nothing of plan sample is applied: nothing to verify\n");
  EXPECT_EQ(plain(run("status").out),
            "plan sample at host=SERVER port=5432 dbname=DB user=postgres\n"
            "phase           state    done  pending  running\n"
            "010 foundation  pending     0        1        0\n"
            "020 people      pending     0        8        0\n"
            "030 cleanup     pending     0        2        0\n");
  ASSERT_EQ(run("apply", {"--yes", "--to", "020"}).code, 0);
  EXPECT_EQ(run("verify").out,
            "phase       checks  hold  of what\n"
            "020 people       1     1  1 rows\n"
            "1 check, all hold\n");
  EXPECT_EQ(run("verify", {"--verbose"}).out,
            "phase  check  object        ok   detail\n"
            "020    rows   public.users  yes  5 rows\n"
            "1 check, all hold\n");
  const auto json = nlohmann::json::parse(run("status", {"--json"}).out);
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["phases"][1]["steps"].dump(), R"({"done":8,"pending":0,"running":0})");
  EXPECT_EQ(json["drift"].dump(), "[]");
  database.run("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey");
  const Result drifted = run("status");
  EXPECT_EQ(drifted.code, 3);
  EXPECT_THAT(drifted.out,
              HasSubstr("drift: foreign key orders_user_id_fkey of public.orders is missing"));
}

TEST_F(Trip, LookupAndMapping) {
  ASSERT_EQ(run("apply", {"--yes"}).code, 0);
  const auto ask = [&](const std::string& table, const std::string& key) {
    return rekey({"lookup", table, "--database", database.url(), "--", key});
  };
  const std::string key =
      database.query("SELECT user_id FROM users WHERE name = 'user 3'").substr(0, 36);
  EXPECT_EQ(ask("users", "3").out,
            "column                old key  new key\n"
            "public.users.user_id        3  " +
                key + "\nthe row exists\n");
  EXPECT_EQ(ask("public.users", key).out, ask("users", "3").out);
  EXPECT_EQ(ask("orders.user_id", "3").out,
            "column                 old key  new key\n"
            "public.orders.user_id        3  " +
                key + "\nthe row exists\n");
  EXPECT_THAT(ask("users", "99").out, HasSubstr("no row has this key"));
  EXPECT_THAT(ask("users", "-99").out, HasSubstr("no row has this key"));
  const std::string fresh =
      database.query("INSERT INTO users (name) VALUES ('n') RETURNING user_id");
  EXPECT_THAT(ask("users", fresh.substr(0, 36)).out,
              HasSubstr("written after the change: has no old key"));
  EXPECT_EQ(ask("nothing", "3").code, 2);
  EXPECT_EQ(ask("users", "abc").err,
            "rekey: \"abc\" is no key: an integer (the old one) or a UUID (the new one)\n");
  const Result mapping = rekey({"mapping", "--table", "users", "--database", database.url()});
  EXPECT_EQ(mapping.out,
            "table,column,old_key,new_key\n" +
                database.query("SELECT table_name || ',' || column_name || ',' || old_key "
                               "|| ',' || new_key FROM rekey.mapping "
                               "WHERE table_name = 'public.users'"));
  EXPECT_THAT(mapping.out, HasSubstr("public.users,user_id,3," + key + "\n"));
}

}  // namespace
}  // namespace rekey::test
