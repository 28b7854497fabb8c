#include "tests/runtime/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <regex>

namespace rekey::test {

namespace fs = std::filesystem;

Sandbox& server() {
  static Sandbox sandbox{SandboxOptions{}};
  return sandbox;
}

namespace {

fs::path unique(const std::string& what) {
  static std::atomic<int> number = 0;
  return fs::temp_directory_path() / fmt::format("rekey-{}-{}-{}", what, getpid(), ++number);
}

pid_t launch(std::vector<std::string> words, const fs::path& out, const fs::path& err) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Database::Database(const std::string& origin) {
  static int number = 0;
  name_ = fmt::format("test_{}", ++number);
  db::Connection(server().url("postgres"), "test")
      .exec(fmt::format("CREATE DATABASE {} TEMPLATE {}", name_, origin));
  url_ = server().url(name_);
}

Database::~Database() {
  try {
    db::Connection(server().url("postgres"), "test")
        .exec("DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const db::Error& error) {
    fmt::print(stderr, "cannot drop {}: {}\n", name_, error.what());
  }
}

std::string Database::query(const std::string& sql) const {
  db::Connection session(url_, "test");
  std::string out;
  for (const db::Row& row : session.exec(sql).rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i ? "|" : "") + row[i].value_or("");
    out += "\n";
  }
  return out;
}

std::string Database::schema() const { return output_of({REKEY_SOURCE "/tests/dump", "schema", url_}); }
std::string Database::rows() const {
  return output_of({REKEY_SOURCE "/tests/dump", "rows", url_}) + output_of({REKEY_SOURCE "/tests/dump", "sequences", url_});
}

void only_steps_vacuum() {
  db::Connection session(server().url("postgres"), "test");
  session.exec("ALTER SYSTEM SET autovacuum = off");
  session.exec("SELECT pg_reload_conf()");
}

Folder::Folder() : path_(unique("folder")) { fs::create_directories(path_); }
Folder::~Folder() { fs::remove_all(path_); }

Process start_rekey(const std::vector<std::string>& arguments) {
  Process process{-1, unique("out"), unique("err")};
  std::vector<std::string> words = {REKEY_BINARY "/runtime/rekey"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  process.pid = launch(words, process.out, process.err);
  return process;
}

bool ended(const Process& process) {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid != 0;
}

Result wait_for(const Process& process) {
  int status = 0;
  waitpid(process.pid, &status, 0);
  Result result{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                read_text(process.out), read_text(process.err)};
  fs::remove(process.out);
  fs::remove(process.err);
  return result;
}

Result rekey(const std::vector<std::string>& arguments) { return wait_for(start_rekey(arguments)); }

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string output_of(const std::vector<std::string>& command) {
  const fs::path out = unique("out"), err = unique("err");
  int status = 0;
  waitpid(launch(command, out, err), &status, 0);
  const std::string text = read_text(out), errors = read_text(err);
  fs::remove(out);
  fs::remove(err);
  if (status != 0) throw std::runtime_error(command[0] + " failed: " + errors);
  return text;
}

bool rename_not_nulls(const std::string& findings, db::Connection& session) {
  static const std::regex pattern("let it have that name before: ([^\n]*;)");
  bool any = false;
  for (std::sregex_iterator it(findings.begin(), findings.end(), pattern), end; it != end; ++it) {
    any = true;
    try {
      session.exec("BEGIN; " + (*it)[1].str());
      session.exec("COMMIT");
    } catch (const db::Error&) {
      session.exec("ROLLBACK");
    }
  }
  return any;
}

std::string settled(std::string text) {
  text = std::regex_replace(text, std::regex("[0-9]+(\\.[0-9])? s\\b"), "T s");
  text = std::regex_replace(text, std::regex("pid [0-9]+"), "pid PID");
  text = std::regex_replace(text, std::regex("/[0-9a-f]{8}/"), "/TAG/");
  text = std::regex_replace(text, std::regex("[0-9]{2}:[0-9]{2}:[0-9]{2}"), "HH:MM:SS");
  text = std::regex_replace(text, std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2} HH"), "DATE HH");
  text = std::regex_replace(text, std::regex("[0-9a-f]{8}-[0-9a-f-]{27}"), "UUID");
  return text;
}

}  // namespace rekey::test
