// sandbox: a command beside a throwaway server.
#include "runtime/sandbox.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/commands/commands.h"
#include "runtime/outcome.h"
#include "runtime/text.h"

namespace rekey {

namespace {

constexpr int kNotFound = 127;

sigset_t watched() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&signals, signal);
  return signals;
}

pid_t launch(std::vector<std::string> command,
             const std::map<std::string, std::string>& environment) {
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw Failed("cannot start a process");
  if (child > 0) return child;
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const sigset_t signals = watched();
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  execvp(words[0], words.data());
  fmt::print(stderr, "rekey: cannot run {}: {}\n", command[0], strerror(errno));
  _exit(kNotFound);
}

// A signal from the terminal reaches the command by itself; the others are passed on. Either way
// the command ends first and the server after it.
int wait_for(pid_t child) {
  const sigset_t signals = watched();
  for (;;) {
    siginfo_t info{};
    if (sigwaitinfo(&signals, &info) < 0) continue;
    if (info.si_signo != SIGCHLD) {
      const bool from_terminal = info.si_code == SI_KERNEL;
      if (!from_terminal) kill(child, info.si_signo);
      continue;
    }
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

void announce(const Sandbox& server) {
  fmt::print(stderr, "the sandbox stays: {}\nend it with: rekey sandbox --stop {}\n",
             shell(server.url()), shell(server.folder().string()));
}

}  // namespace

int sandbox(const Options& options) {
  if (!options.stop.empty()) {
    stop_sandbox(options.stop);
    return kDone;
  }
  if (options.command.empty() && !options.keep) {
    throw Usage("sandbox: name a command after --, or start it with --keep");
  }
  // Kept for wait_for: a signal that comes while the server starts is not lost.
  const sigset_t signals = watched();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const Sandbox server({options.version, options.keep});
  const int code =
      options.command.empty() ? kDone : wait_for(launch(options.command, server.environment()));
  if (options.keep) announce(server);
  return code;
}

}  // namespace rekey
