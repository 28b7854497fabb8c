// initdb refuses root, so as root both initdb and the server run as user postgres. The watcher is a
// child that waits for the end of a pipe: it closes however this process ends.
#include "runtime/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "runtime/db/connection.h"
#include "runtime/outcome.h"

namespace rekey {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kMarker = "rekey-sandbox";
constexpr std::uintmax_t kRoom = std::uintmax_t{1} << 30;

struct Owner {
  uid_t uid;
  gid_t gid;
};

// The user whom the server runs as.
Owner owner() {
  if (geteuid() != 0) return {geteuid(), getegid()};
  const passwd* postgres = getpwnam("postgres");
  if (!postgres) {
    throw Failed(
        "PostgreSQL refuses to run as root and there is no user postgres: install the "
        "package postgresql or run the sandbox as another user");
  }
  return {postgres->pw_uid, postgres->pw_gid};
}

bool has_server(const fs::path& folder) {
  return access((folder / "initdb").c_str(), X_OK) == 0 &&
         access((folder / "postgres").c_str(), X_OK) == 0;
}

constexpr const char* kInstalled = "/usr/lib/postgresql";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path newest_installed() {
  fs::path newest;
  int version = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(kInstalled, none)) {
    const int found = std::atoi(entry.path().filename().c_str());
    if (found > version && has_server(entry.path() / "bin")) {
      version = found;
      newest = entry.path() / "bin";
    }
  }
  return newest;
}

fs::path on_path() {
  const std::string path = from_environment("PATH");
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    const fs::path folder = path.substr(at, end - at);
    if (!folder.empty() && has_server(folder)) return folder;
    at = end + 1;
  }
  return {};
}

// A version by number, or the folder that it lies in.
fs::path find_version(const std::string& version) {
  std::vector<fs::path> folders = {fs::path(kInstalled) / version / "bin", fs::path(version), fs::path(version) / "bin"};
  if (const auto more = from_environment("REKEY_POSTGRES"); !more.empty()) folders.push_back(fs::path(more) / version / "bin");
  for (const fs::path& folder : folders) {
    if (has_server(folder)) return fs::absolute(folder);
  }
  throw Usage(fmt::format("no PostgreSQL {0} here: {1}/{0}/bin has no initdb; REKEY_POSTGRES may name another folder "
                          "with a folder a version",
                          version, kInstalled));
}

fs::path find_binaries(const std::string& version) {
  if (!version.empty()) return find_version(version);
  if (const auto usual = from_environment("REKEY_POSTGRES_VERSION"); !usual.empty()) return find_version(usual);
  fs::path found = newest_installed();
  if (found.empty()) found = on_path();
  if (found.empty()) {
    throw Failed(
        "no PostgreSQL server here: neither /usr/lib/postgresql/*/bin nor PATH has initdb and "
        "postgres; install the package postgresql");
  }
  return found;
}

fs::path make_folder(const Owner& who) {
  fs::path base = from_environment("TMPDIR");
  if (base.empty()) base = "/tmp";
  std::error_code none;
  if (access("/dev/shm", W_OK) == 0 && fs::space("/dev/shm", none).available > kRoom)
    base = "/dev/shm";
  std::string name = (base / "rekey-sandbox-XXXXXX").string();
  if (!mkdtemp(name.data())) throw Failed(fmt::format("cannot make a folder in {}", base.string()));
  fs::permissions(name, fs::perms(0755));
  std::ofstream(fs::path(name) / kMarker) << "remove with: rekey sandbox --stop\n";
  if (geteuid() == 0 && chown(name.c_str(), who.uid, who.gid) != 0) {
    throw Failed(fmt::format("cannot give {} to user postgres", name));
  }
  return name;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(const Owner& who, const char* log, bool die_with_parent, char** words) {
  const int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  for (int fd = 3; fd < 1024; ++fd) close(fd);
  if (geteuid() == 0 &&
      (setgroups(0, nullptr) != 0 || setgid(who.gid) != 0 || setuid(who.uid) != 0)) {
    _exit(126);
  }
  setsid();  // the terminal's Ctrl-C is for the command, not for the server
  // After setuid, which clears it.
  if (die_with_parent) prctl(PR_SET_PDEATHSIG, SIGQUIT);
  sigset_t all;
  sigemptyset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  execv(words[0], words);
  _exit(127);
}

pid_t launch(std::vector<std::string> words, const fs::path& log, bool die_with_parent) {
  const Owner who = owner();
  const std::string log_name = log.string();
  std::vector<char*> arguments = pointers(words);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw Failed("cannot start a process");
  if (child == 0) become(who, log_name.c_str(), die_with_parent, arguments.data());
  return child;
}

std::string tail(const fs::path& log) {
  std::ifstream in(log);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

bool ended(pid_t pid) {
  int status = 0;
  return waitpid(pid, &status, WNOHANG) != 0;
}

// For a server that is not our child.
bool gone(pid_t pid) { return kill(pid, 0) != 0; }

template <class Ended>
void end_process(pid_t pid, int signal, Ended is_over) {
  kill(pid, signal);
  for (int tenths = 0; !is_over(pid); ++tenths) {
    if (tenths == 100) kill(pid, SIGQUIT);
    if (tenths == 200) kill(pid, SIGKILL);
    std::this_thread::sleep_for(tenths < 10 ? 20ms : 100ms);
  }
}

// Removes the folder when our end of the pipe closes without a word, as it does when we are killed.
pid_t launch_watcher(const fs::path& folder, int* our_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Failed("cannot make a pipe");
  const pid_t child = fork();
  if (child < 0) throw Failed("cannot start a process");
  if (child == 0) {
    setsid();
    for (int fd = 0; fd < 1024; ++fd) {
      if (fd != ends[0]) close(fd);
    }
    char word = 0;
    if (read(ends[0], &word, 1) == 0) {
      std::this_thread::sleep_for(1s);  // the server leaves by itself
      std::error_code none;
      fs::remove_all(folder, none);
    }
    _exit(0);
  }
  close(ends[0]);
  *our_end = ends[1];
  return child;
}

}  // namespace

Sandbox::Sandbox(const SandboxOptions& options)
    : binaries_(find_binaries(options.version)),
      folder_(make_folder(owner())),
      keep_(options.keep) {
  // They would lead our sessions, and a command's, to another server.
  for (const char* variable : {"PGHOSTADDR", "PGSERVICE"}) unsetenv(variable);
  try {
    if (!keep_) watcher_ = launch_watcher(folder_, &watch_);
    const fs::path log = folder_ / "log";
    const pid_t initdb = launch({(binaries_ / "initdb").string(), "-A", "trust", "-N", "-E", "UTF8",
                                 "--locale=C", "-U", "postgres", "-D", (folder_ / "data").string()},
                                log, true);
    int status = 0;
    if (waitpid(initdb, &status, 0) != initdb || status != 0) {
      throw Failed("initdb failed:\n" + tail(log));
    }
    start();
    db::Connection(url("postgres"), "rekey sandbox").exec("CREATE DATABASE sandbox");
  } catch (...) {
    keep_ = false;
    if (server_ > 0) stop(SIGQUIT);
    std::error_code none;
    fs::remove_all(folder_, none);
    throw;
  }
}

Sandbox::~Sandbox() {
  if (keep_) return;
  stop(SIGINT);
  std::error_code none;
  fs::remove_all(folder_, none);
  if (watch_ >= 0) {
    if (write(watch_, "x", 1) != 1) kill(watcher_, SIGKILL);
    close(watch_);
    waitpid(watcher_, nullptr, 0);
  }
}

void Sandbox::start() {
  const fs::path log = folder_ / "log";
  server_ = launch({(binaries_ / "postgres").string(),
                    "-D",
                    (folder_ / "data").string(),
                    "-k",
                    folder_.string(),
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "port=5432",
                    "-c",
                    "fsync=off",
                    "-c",
                    "full_page_writes=off",
                    "-c",
                    "max_connections=100",
                    "-c",
                    "max_locks_per_transaction=1024",
                    "-c",
                    "shared_buffers=128MB",
                    "-c",
                    "max_wal_size=4GB"},
                   log, !keep_);
  for (int tries = 0;; ++tries) {
    if (ended(server_)) {
      server_ = -1;
      throw Failed("the server did not start:\n" + tail(log));
    }
    try {
      db::Connection(url("postgres"), "rekey sandbox").exec("SELECT 1");
      return;
    } catch (const db::Error&) {
      if (tries > 600) throw;
      std::this_thread::sleep_for(50ms);
    }
  }
}

void Sandbox::stop(int signal) {
  if (server_ > 0) end_process(server_, signal, ended);
  server_ = -1;
}

void Sandbox::restart(bool immediate) {
  stop(immediate ? SIGQUIT : SIGINT);
  start();
}

std::string Sandbox::url(const std::string& database) const {
  return fmt::format("postgresql:///{}?host={}&port=5432&user=postgres", database,
                     folder_.string());
}

std::map<std::string, std::string> Sandbox::environment() const {
  return {{"DATABASE_URL", url()},
          {"PGHOST", folder_.string()},
          {"PGPORT", "5432"},
          {"PGUSER", "postgres"},
          {"PGDATABASE", "sandbox"}};
}

void stop_sandbox(const fs::path& folder) {
  if (!fs::exists(folder / kMarker)) {
    throw Usage(fmt::format("{} is no folder of a sandbox", folder.string()));
  }
  pid_t server = 0;
  std::ifstream(folder / "data" / "postmaster.pid") >> server;
  if (server > 1) end_process(server, SIGINT, gone);
  fs::remove_all(folder);
}

}  // namespace rekey
