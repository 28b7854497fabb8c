// The manifest's text: to_json of bundle.h, and back.
#pragma once

#include <string>
#include <string_view>

#include "runtime/bundle/bundle.h"

namespace rekey::bundle {

// The inverse of to_json; folder stays empty. Throws Damaged with what is wrong, without a file
// name.
Bundle from_json(std::string_view text);

}  // namespace rekey::bundle
