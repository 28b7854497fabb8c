// A path into documents: a small, exact language, of which no step guesses.
//
//   path:  $ step…
//   step:  .name      the value of that key of an object: letters, digits and _
//          ."a key"   of any key; \" and \\ stand for " and \ in it
//          [*]        every element of an array
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rekey::plan {

using Path = std::vector<std::optional<std::string>>;  // keys of objects; nothing: every element

struct BadPath {
  std::size_t at;     // byte of the text
  std::string wrong;  // "a key has no name"
};

std::variant<Path, BadPath> parse_path(const std::string& text);
std::string to_text(const Path& path);

}  // namespace rekey::plan
