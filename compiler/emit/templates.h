// The files of templates/, embedded in the program; a folder given on the command line overrides them one
// by one. A template is Mustache without escaping: {{name}}, {{.}}, {{#name}}…{{/name}} for every item of a
// list or for a value that is there, {{^name}}…{{/name}} for none; a line with nothing but the tag of a
// section leaves no trace. One with several parts has lines "%name" between them.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace rekey::emit {

// An override that cannot be used: no folder, a name that the embedded template does not have, a section
// without its end.
struct BadTemplate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Piece {
  enum class Kind { text, value, section, inverted } kind;
  std::string text;          // itself, or the name
  std::vector<Piece> inner;  // of a section
};

class Templates {
 public:
  explicit Templates(const std::optional<std::filesystem::path>& folder);

  // Items of a list also see "separator": a comma, after the last a semicolon.
  // A name that data lacks is looked up in `outer`.
  std::string render(const std::string& file, const std::string& part, const nlohmann::json& data,
                     const nlohmann::json& outer = {}) const;
  bool has_part(const std::string& file, const std::string& part) const;

 private:
  std::map<std::string, std::vector<Piece>> parts_;  // by "file%part"
};

// Written by the build from templates/: path and content.
const std::map<std::string, std::string>& embedded_templates();

}  // namespace rekey::emit
