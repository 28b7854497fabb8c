#include "runtime/copy/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace rekey {

namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> laid_over_ours(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string word = *entry;
    if (!environment.contains(word.substr(0, word.find('=')))) all.push_back(word);
  }
  for (const auto& [name, value] : environment) all.push_back(name + "=" + value);
  return all;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Ended run_program(const std::vector<std::string>& words, const std::filesystem::path& output,
          const std::map<std::string, std::string>& environment) {
  const std::string errors = output.string() + ".errors";
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  auto own = words, variables = laid_over_ours(environment);
  pid_t child = 0;
  const int failure = posix_spawnp(&child, own[0].c_str(), &files, nullptr, pointers(own).data(),
                                   pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  if (failure != 0) return {127, {}};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of(errors)};
}

}  // namespace rekey
