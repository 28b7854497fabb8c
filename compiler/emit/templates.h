// The files of templates/, embedded in the program; a folder given on the command line overrides them one
// by one. A template is Mustache without escaping; one with several parts has lines "%name" between them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace rekey::emit {

// An override that cannot be used: unknown file, a variable that the embedded template does not have.
struct BadTemplate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Templates {
 public:
  explicit Templates(const std::optional<std::filesystem::path>& folder);
  ~Templates();

  // Objects in a list also see "separator": a comma, after the last a semicolon.
  std::string render(const std::string& file, const std::string& part, const nlohmann::json& data) const;
  bool has_part(const std::string& file, const std::string& part) const;

 private:
  struct Parsed;
  std::map<std::string, std::unique_ptr<Parsed>> parts_;  // by "file%part"
};

// Written by the build from templates/: path and content.
const std::map<std::string, std::string>& embedded_templates();

}  // namespace rekey::emit
