// A name-based UUID, version 5: RFC 9562, section 5.5.
#pragma once

#include <string>
#include <string_view>

namespace rekey::bundle {

// namespace_: a UUID in its text form; the result too, in lower case.
std::string named(std::string_view namespace_, std::string_view name);

}  // namespace rekey::bundle
