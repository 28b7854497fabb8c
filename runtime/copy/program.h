// A program of this machine, run to its end.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rekey {

struct Ended {
  int code = 0;        // 127: there is no such program
  std::string errors;  // what it wrote to standard error
};

// words[0] without a slash is looked for in PATH. Standard output goes to `output`, which is made for its
// owner alone; `environment` is laid over ours. What stands there is seen by nobody, unlike the words.
Ended run_program(const std::vector<std::string>& words, const std::filesystem::path& output,
          const std::map<std::string, std::string>& environment = {});

}  // namespace rekey
