// rekey sandbox: what the command sees, its exit code, and that nothing stays behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/runtime/server.h"

namespace rekey::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

TEST(SandboxCommand, GivesTheCommandADatabase) {
  const Result result =
      rekey({"sandbox", "--", "sh", "-c",
             "psql -XAtc \"SELECT current_user, current_database()\"; psql -XAt -d "
             "\"$DATABASE_URL\" -c 'SELECT 1'; echo $PGUSER $PGDATABASE $PGPORT"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "postgres|sandbox\n1\npostgres sandbox 5432\n");
}

TEST(SandboxCommand, AnAddressInTheEnvironmentLeadsNowhereElse) {
  setenv("PGHOSTADDR", "127.0.0.1", 1);
  setenv("PGSERVICE", "elsewhere", 1);
  const Result result = rekey({"sandbox", "--", "psql", "-XAtc", "SELECT inet_server_addr() IS NULL"});
  unsetenv("PGHOSTADDR");
  unsetenv("PGSERVICE");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "t\n");
}

TEST(SandboxCommand, ExitCodeIsTheCommands) {
  EXPECT_EQ(rekey({"sandbox", "--", "sh", "-c", "exit 7"}).code, 7);
  EXPECT_EQ(rekey({"sandbox", "--", "sh", "-c", "kill -TERM $$"}).code, 143);
  const Result missing = rekey({"sandbox", "--", "/no/such/program"});
  EXPECT_EQ(missing.code, 127);
  EXPECT_EQ(missing.err, "rekey: cannot run /no/such/program: No such file or directory\n");
  const Result none = rekey({"sandbox"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err, "rekey: sandbox: name a command after --, or start it with --keep\n");
  const Result version = rekey({"sandbox", "--pg", "99", "--", "true"});
  EXPECT_EQ(version.code, 2);
  EXPECT_EQ(version.err,
            "rekey: no PostgreSQL 99 here: /usr/lib/postgresql/99/bin has no initdb; REKEY_POSTGRES may name another "
            "folder with a folder a version\n");
}

TEST(SandboxCommand, NothingStaysBehind) {
  for (int signal : {0, SIGTERM, SIGINT, SIGKILL}) {
    SCOPED_TRACE(signal);
    Folder folder;
    const fs::path note = folder.path() / "where";
    const std::string tell = "echo $PGHOST > " + note.string() + ".new; mv " + note.string() +
                             ".new " + note.string() + "; ";
    const Process process =
        start_rekey({"sandbox", "--", "sh", "-c", tell + (signal ? "exec sleep 100" : "")});
    while (!fs::exists(note)) std::this_thread::sleep_for(20ms);
    std::string where = read_text(note);
    where.pop_back();
    if (signal) kill(process.pid, signal);
    EXPECT_EQ(wait_for(process).code, signal ? 128 + signal : 0);
    for (int i = 0; i < 300 && fs::exists(where); ++i) std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(fs::exists(where));
    EXPECT_THROW(db::Connection("postgresql:///postgres?user=postgres&host=" + where, "test"),
                 db::Disconnected);
  }
}

TEST(SandboxCommand, KeepsAndStops) {
  const Result kept = rekey({"sandbox", "--keep", "--", "sh", "-c", "echo $PGHOST"});
  EXPECT_EQ(kept.code, 0);
  const std::string where = kept.out.substr(0, kept.out.size() - 1);
  EXPECT_THAT(kept.err, ::testing::HasSubstr("end it with: rekey sandbox --stop " + where));
  EXPECT_EQ(db::Connection("postgresql:///sandbox?user=postgres&host=" + where, "test")
                .exec("SELECT 1")
                .only(),
            "1");
  EXPECT_EQ(rekey({"sandbox", "--stop", where}).code, 0);
  EXPECT_FALSE(fs::exists(where));
  const Result again = rekey({"sandbox", "--stop", where});
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err, "rekey: " + where + " is no folder of a sandbox\n");
}

}  // namespace
}  // namespace rekey::test
