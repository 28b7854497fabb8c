// Lock modes, digests and the reading of single files; the manifest is in json.cc, the check of a
// whole folder in read.cc.
#include "runtime/bundle/bundle.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace rekey::bundle {

namespace {

constexpr std::array<std::string_view, 8> kModeNames = {
    "ACCESS SHARE", "ROW SHARE",           "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE",
    "SHARE",        "SHARE ROW EXCLUSIVE", "EXCLUSIVE",     "ACCESS EXCLUSIVE"};

// Bit n of row m: mode m waits for mode n. As "Table-level lock modes" in the PostgreSQL manual.
constexpr std::array<unsigned, 8> kConflicts = {0b10000000, 0b11000000, 0b11110000, 0b11111000,
                                                0b11101100, 0b11111100, 0b11111110, 0b11111111};

}  // namespace

bool conflict(LockMode a, LockMode b) {
  return kConflicts[static_cast<std::size_t>(a)] >> static_cast<unsigned>(b) & 1;
}

std::string_view name(LockMode mode) { return kModeNames[static_cast<std::size_t>(mode)]; }

std::string to_fallback(const std::string& identity, const std::string& sequence,
                        const std::string& expression) {
  if (!identity.empty()) return "identity " + identity + ", sequence " + sequence;
  return sequence.empty() ? expression : "sequence " + sequence;
}

std::string without_arguments(const std::string& function) {
  bool quoted = false;
  for (std::size_t i = 0; i < function.size(); ++i) {
    if (function[i] == '"') quoted = !quoted;
    if (function[i] == '(' && !quoted) return function.substr(0, i);
  }
  return function;
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot compute SHA-256");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex.append({kDigits[digest[i] >> 4], kDigits[digest[i] & 15]});
  return hex;
}

std::string read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::string bytes(error ? 0 : size, '\0');
  std::ifstream in(path, std::ios::binary);
  if (error || !in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw Damaged(path.string() + ": cannot be read");
  }
  return bytes;
}

std::string read_file(const Bundle& b, const std::string& path) {
  const auto known =
      std::find_if(b.files.begin(), b.files.end(), [&](const File& f) { return f.path == path; });
  if (known == b.files.end()) throw Damaged(path + ": no file of this bundle");
  std::string bytes = read_bytes(b.folder / path);
  if (sha256(bytes) != known->sha256) {
    throw Damaged((b.folder / path).string() +
                  ": differs from what was compiled; compile the plan again");
  }
  return bytes;
}

}  // namespace rekey::bundle
