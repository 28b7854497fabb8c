// What generator v5 makes keys from: a namespace and a name, which is a template over columns of the root's row
// (RFC 9562, section 5.5).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rekey::model {

// A piece of text, or a column whose value stands there.
struct NamePart {
  bool is_column = false;
  std::string text;
  bool operator==(const NamePart&) const = default;
};

// "{user_id}:{file_sha256}"; {{ and }} are braces. nullopt where a brace has no other, or a name is empty.
std::optional<std::vector<NamePart>> parse_key_name(const std::string& text);

// A UUID in lower case: given as such, or as dns, url, oid or x500 (RFC 9562, section 6.6).
std::optional<std::string> parse_namespace(const std::string& text);

}  // namespace rekey::model
