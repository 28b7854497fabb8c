// A throwaway PostgreSQL server: initialised in a temporary folder, reached by a socket in it,
// removed at the end.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace rekey {

struct SandboxOptions {
  // "15", under /usr/lib/postgresql or the folder that REKEY_POSTGRES names; or a folder with initdb and postgres;
  // empty: REKEY_POSTGRES_VERSION, else the newest installed.
  std::string version;
  bool keep = false;  // the server outlives this process; see stop_sandbox
};

// The server runs between constructor and destructor; should this process be killed, the server
// stops by itself and a watcher removes the folder. To be made by a thread that lives as long as
// the sandbox: the server's life is tied to it. Throws Failed, Usage.
class Sandbox {
 public:
  explicit Sandbox(const SandboxOptions& options);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::string url(const std::string& database = "sandbox") const;
  // DATABASE_URL and PG* for a command that works in the sandbox.
  std::map<std::string, std::string> environment() const;
  pid_t server() const { return server_; }
  // Stops the server and starts it again on the same data; fast disconnects whoever is connected,
  // immediate is a crash.
  void restart(bool immediate);

 private:
  void start();
  void stop(int signal);

  std::filesystem::path binaries_, folder_;
  bool keep_ = false;
  pid_t server_ = -1, watcher_ = -1;
  int watch_ = -1;  // our end of the pipe whose closing wakes the watcher
};

// Stops a kept sandbox and removes its folder. Throws Usage when `folder` is none.
void stop_sandbox(const std::filesystem::path& folder);

}  // namespace rekey
