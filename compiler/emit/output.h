// A bundle on disk. The folder is replaced as a whole: it is the old one or the new one, never a mixture.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace rekey::emit {

struct CannotWrite : std::runtime_error {
  using std::runtime_error::runtime_error;  // names the path and the reason
};

// Refuses a folder that has files in it other than those of a bundle.
void write_folder(const std::filesystem::path& folder, const std::map<std::string, std::string>& files);

// The paths by which the folder differs from what the plan gives: changed, missing or added.
std::vector<std::string> differences(const std::filesystem::path& folder,
                                     const std::map<std::string, std::string>& files);

}  // namespace rekey::emit
