// The compiler killed before any of its writes, or told that the disk is full at any of them: the output
// folder is the old one or the new one, never a mixture. The kernel stops rekeyc at every system call that
// changes files (seccomp, user notification) and does with it what the test says.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

namespace rekey::emit {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

// Those that always change files; openat does with O_CREAT, write when it is neither to stdout nor stderr.
const long kWriters[] = {
#ifdef SYS_mkdir
    SYS_mkdir, SYS_rmdir, SYS_rename, SYS_unlink, SYS_chmod,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
    SYS_mkdirat, SYS_renameat2, SYS_unlinkat, SYS_fchmod, SYS_fchmodat, SYS_fsync, SYS_ftruncate};

std::vector<sock_filter> filter() {
  const auto load = [](std::size_t at) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(at));
  };
  const auto equal = [](long k, unsigned char yes, unsigned char no) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(k), yes, no);
  };
  const sock_filter notify = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  const sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const std::size_t args = offsetof(seccomp_data, args);
  std::vector<sock_filter> out{load(offsetof(seccomp_data, nr))};
  for (const long call : kWriters) out.insert(out.end(), {equal(call, 0, 1), notify});
  out.insert(out.end(), {equal(SYS_openat, 0, 4), load(args + 2 * sizeof(std::uint64_t)),
                         BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT, 0, 1), notify, allow});
  out.insert(out.end(), {equal(SYS_write, 0, 3), load(args), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1), notify,
                         allow});
  return out;
}

// A descriptor over a socket: the buffer holds it as sendmsg and recvmsg want it.
struct Parcel {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  char byte = 0;
  iovec data{&byte, 1};
  msghdr message{nullptr, 0, &data, 1, control, sizeof control, 0};

  int* descriptor() {
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    return reinterpret_cast<int*>(CMSG_DATA(head));
  }
};

// Its descriptor is where the kernel asks; -1 where it does not know this.
int install_filter() {
  std::vector<sock_filter> steps = filter();
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

enum class Fault { none, kill, full };

struct Outcome {
  int calls = 0;  // that change files
  int code = -1;  // 128 + a signal
  std::string said;
  bool possible = true;
};

class Faulty : public testing::Test {
 protected:
  Faulty() : home(fs::path(testing::TempDir()) / fmt::format("faults {}", getpid())) {
    fs::remove_all(home);
    fs::create_directories(home / "place");
    put("old.yaml", "version: 1\nname: old\ntables:\n  public.a: {primary_key: id, columns: {id: integer}}\n");
    put("new.yaml", "version: 1\nname: new\ntables:\n  public.b: {primary_key: id, columns: {id: bigint}}\n");
  }
  ~Faulty() override { fs::remove_all(home); }

  void put(const std::string& path, const std::string& text) const { std::ofstream(home / path) << text; }

  static Files files_in(const fs::path& folder) {
    Files out;
    if (!fs::exists(folder)) return out;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_directory()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      out[entry.path().lexically_relative(folder).generic_string()] = {std::istreambuf_iterator<char>(in), {}};
    }
    return out;
  }

  std::vector<std::string> names_in_place() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(home / "place")) out.push_back(entry.path().filename());
    return out;
  }

  // rekeyc compile PLAN -o place/out; the fault comes at the call of that number, from 1.
  Outcome compile(const std::string& plan, Fault fault = Fault::none, int at = 0) const;

  void hold(bool replacing, Fault fault) const;

  fs::path home;
};

[[noreturn]] void become_compiler(int socket, const fs::path& home, const std::string& plan) {
  const std::string source = home / plan, out = home / "place/out";
  const int report = open((home / "said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(report, 1);
  dup2(report, 2);
  Parcel parcel;
  const int listener = install_filter();
  if (listener < 0) _exit(77);
  *parcel.descriptor() = listener;
  sendmsg(socket, &parcel.message, 0);
  execl(REKEY_BINARY "/compiler/rekeyc", "rekeyc", "compile", source.c_str(), "-o", out.c_str(), nullptr);
  _exit(127);
}

Outcome Faulty::compile(const std::string& plan, Fault fault, int at) const {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no socket");
  const pid_t child = fork();
  if (child == 0) become_compiler(ends[1], home, plan);
  close(ends[1]);
  Outcome run;
  Parcel parcel;
  run.possible = recvmsg(ends[0], &parcel.message, MSG_CMSG_CLOEXEC) == 1;
  close(ends[0]);
  pollfd asked{run.possible ? *parcel.descriptor() : -1, POLLIN, 0};
  while (run.possible && poll(&asked, 1, -1) == 1 && (asked.revents & POLLIN) != 0) {
    seccomp_notif call{};
    if (ioctl(asked.fd, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) continue;
    seccomp_notif_resp answer{call.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    const bool here = ++run.calls == at;
    if (here && fault == Fault::kill) kill(child, SIGKILL);
    if (here && fault == Fault::full) answer = {call.id, 0, -ENOSPC, 0};
    if (!here || fault != Fault::kill) ioctl(asked.fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  if (run.possible) close(asked.fd);
  int status = 0;
  waitpid(child, &status, 0);
  run.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.said = files_in(home).at("said");
  return run;
}

void Faulty::hold(bool replacing, Fault fault) const {
  if (replacing) compile("old.yaml");
  fs::copy(home / "place", home / "start", fs::copy_options::recursive);
  const Files before = files_in(home / "place/out");
  const Outcome undisturbed = compile("new.yaml");
  if (!undisturbed.possible) GTEST_SKIP() << "this kernel, or its sandbox, lets no program watch another's calls";
  ASSERT_EQ(undisturbed.code, 0) << undisturbed.said;
  ASSERT_GT(undisturbed.calls, 20);
  const Files wanted = files_in(home / "place/out");
  int kept = 0, came = 0;
  for (int at = 1; at <= undisturbed.calls + 100; ++at) {
    SCOPED_TRACE(fmt::format("call {}", at));
    fs::remove_all(home / "place");
    fs::copy(home / "start", home / "place", fs::copy_options::recursive);
    const Outcome run = compile("new.yaml", fault, at);
    if (run.calls < at) break;
    // The address sanitizer tries memory by writes of its own, and gives up where they fail.
    if (run.said.starts_with("SanitizerTool: CHECK failed")) continue;
    const Files after = files_in(home / "place/out");
    EXPECT_TRUE(after == before || after == wanted) << "a mixture";
    (after == wanted ? came : kept) += 1;
    if (fault == Fault::kill) {
      EXPECT_EQ(run.code, 128 + SIGKILL) << run.said;
    } else if (run.code != 0) {
      EXPECT_EQ(run.code, 1) << run.said;
      EXPECT_EQ(after, before);
      EXPECT_NE(run.said.find("No space left on device"), std::string::npos) << run.said;
      EXPECT_EQ(names_in_place(), replacing ? std::vector<std::string>{"out"} : std::vector<std::string>{});
    } else {
      EXPECT_EQ(after, wanted) << "it says that it is written:\n" << run.said;
    }
    const Outcome again = compile("new.yaml");
    EXPECT_EQ(again.code, 0) << again.said;
    EXPECT_EQ(files_in(home / "place/out"), wanted);
  }
  EXPECT_GT(kept, 20);
  EXPECT_GT(came, 0);
}

TEST_F(Faulty, KilledWhileWriting) { hold(false, Fault::kill); }
TEST_F(Faulty, KilledWhileReplacing) { hold(true, Fault::kill); }
TEST_F(Faulty, DiskFullWhileWriting) { hold(false, Fault::full); }
TEST_F(Faulty, DiskFullWhileReplacing) { hold(true, Fault::full); }

}  // namespace
}  // namespace rekey::emit
