// The stages of the compiler in one place: text → plan → model → steps → bundle.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "compiler/diagnostics.h"
#include "compiler/emit/emit.h"

namespace rekey {

struct CannotRead : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The bytes of a plan file; throws CannotRead.
std::string read_plan(const std::filesystem::path& path);

// A plan and its model, which points into it; empty when `diagnostics` has errors. server: a major version that
// takes the place of the plan's; 0: the plan's.
struct Checked {
  plan::Plan plan;
  std::optional<model::Model> model;
};
std::unique_ptr<Checked> check_plan(const std::string& text, Diagnostics& diagnostics, int server = 0);

// plan_file is shown in headers without its folders, so that the bytes do not depend on where it lies.
emit::Emitted compile_plan(const Checked& checked, const std::string& text,
                           const std::filesystem::path& plan_file, const emit::Templates& templates,
                           const Diagnostics& diagnostics);

}  // namespace rekey
