// What the targets share: a finding ends the program, and libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace rekey::fuzz {

inline void expect(bool holds, std::string_view what, std::string_view with = {}) {
  if (holds) return;
  std::fprintf(stderr, "not true: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(with.size()), with.data());
  std::abort();
}

}  // namespace rekey::fuzz
