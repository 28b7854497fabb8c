// What yaml-cpp has against a text, in words that help.
#pragma once

#include <yaml-cpp/exceptions.h>

#include <string_view>
#include <vector>

#include "compiler/diagnostics.h"

namespace rekey::plan {

void report_alias(Diagnostics& diagnostics, Span span);
void report_unclosed_quote(Diagnostics& diagnostics, Span span);

// reached: the byte after the last scalar that was read; opened: where the lists and maps around
// the error start, outermost first.
void report_yaml(Diagnostics& diagnostics, std::string_view text, const YAML::Exception& error,
                 std::size_t reached, const std::vector<std::size_t>& opened);

}  // namespace rekey::plan
