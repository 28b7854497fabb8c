#include "compiler/emit/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/bundle/bundle.h"

namespace rekey::emit {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int error) {
  throw CannotWrite(fmt::format("cannot write {}: {}", path.string(), std::strerror(error)));
}

void write_file(const fs::path& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) fail(path, errno);
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(file, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      close(file);
      fail(path, error);
    }
    done += static_cast<std::size_t>(count);
  }
  const bool durable = fsync(file) == 0;
  const int error = errno;
  if (close(file) != 0 || !durable) fail(path, error);
}

// An errno, or 0: also where the file system does not know this.
int sync_folder(const fs::path& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return errno;
  const int error = fsync(file) == 0 || errno == EINVAL ? 0 : errno;
  close(file);
  return error;
}

// The folders of a fresh bundle, which are one level deep.
void sync_folders(const fs::path& bundle) {
  for (const auto& entry : fs::directory_iterator(bundle)) {
    if (!entry.is_directory()) continue;
    if (const int error = sync_folder(entry.path())) fail(entry.path(), error);
  }
  if (const int error = sync_folder(bundle)) fail(bundle, error);
}

// Both names swap what they stand for in one act, or nothing happens (Linux 3.15).
bool exchange(const fs::path& a, const fs::path& b) {
  constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE
  return syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), kExchange) == 0;
}

void put_in_place(const fs::path& fresh, const fs::path& folder) {
  if (exchange(fresh, folder)) return;
  if (errno != EINVAL && errno != ENOSYS) fail(folder, errno);
  throw CannotWrite(fmt::format("{}: this file system cannot replace a folder at once; remove the old bundle and compile "
                                "again", folder.string()));
}

// Removed again unless it was moved to its place.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& beside) {
    std::string pattern = (beside.parent_path() / ("." + beside.filename().string() + ".XXXXXX")).string();
    if (!mkdtemp(pattern.data())) fail(beside, errno);
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

// The files that a bundle's manifest lists, itself included; empty when it is none. They stand at its end,
// behind megabytes of steps.
std::set<std::string> listed_files(const fs::path& manifest) {
  const std::string text = bundle::read_bytes(manifest);
  const auto at = text.rfind("\"files\":");
  if (at == std::string::npos) return {};
  const auto parsed = nlohmann::json::parse("{" + text.substr(at), nullptr, false);
  if (!parsed.is_object() || !parsed.contains("files") || !parsed["files"].is_array()) return {};
  std::set<std::string> paths{"bundle.json"};
  for (const auto& file : parsed["files"]) {
    if (!file.is_object() || !file.contains("path") || !file["path"].is_string()) return {};
    paths.insert(file["path"].get<std::string>());
  }
  return paths;
}

// The folder goes away as a whole, so nothing may be in it but a bundle.
void check_replaceable(const fs::path& folder) {
  if (!fs::exists(folder) || (fs::is_directory(folder) && fs::is_empty(folder))) return;
  std::set<std::string> listed;
  if (fs::is_regular_file(folder / "bundle.json")) listed = listed_files(folder / "bundle.json");
  if (listed.empty()) {
    throw CannotWrite(fmt::format("{} is not a bundle and not empty: name another folder", folder.string()));
  }
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto path = entry.path().lexically_relative(folder).generic_string();
    if (fs::is_directory(entry.symlink_status()) || listed.contains(path)) continue;
    throw CannotWrite(fmt::format("{} is not part of the bundle, which would be replaced as a whole: move it away",
                                  entry.path().string()));
  }
}

}  // namespace

void write_folder(const fs::path& given, const std::map<std::string, std::string>& files) {
  std::error_code error;
  fs::path folder = fs::absolute(given).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  check_replaceable(folder);
  fs::create_directories(folder.parent_path(), error);
  if (error) fail(folder.parent_path(), error.value());
  TemporaryFolder fresh(folder);
  fs::permissions(fresh.path, fs::perms(0755), error);
  if (error) fail(fresh.path, error.value());
  for (const auto& [path, text] : files) {
    fs::create_directories((fresh.path / path).parent_path(), error);
    if (error) fail(fresh.path / path, error.value());
    write_file(fresh.path / path, text);
  }
  sync_folders(fresh.path);
  if (fs::exists(folder)) {
    put_in_place(fresh.path, folder);  // the old one goes with `fresh`
  } else {
    fs::rename(fresh.path, folder, error);
    if (error) fail(folder, error.value());
  }
  sync_folder(folder.parent_path());  // it is in its place, whatever comes of this
}

std::vector<std::string> differences(const fs::path& folder, const std::map<std::string, std::string>& files) {
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    if (!fs::is_regular_file(folder / path)) out.push_back(path + " is missing");
    else if (bundle::read_bytes(folder / path) != text) out.push_back(path + " differs");
  }
  if (!fs::is_directory(folder)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto path = entry.path().lexically_relative(folder).generic_string();
    if (!entry.is_directory() && !files.contains(path)) out.push_back(path + " is not part of it");
  }
  return out;
}

}  // namespace rekey::emit
