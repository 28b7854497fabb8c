// The stages of the compiler over the text of a plan, for tests of one stage each.
#pragma once

#include <memory>
#include <string>

#include "compiler/compile.h"

namespace rekey {

// A plan named plan.yaml with its model, or the errors that stand in the way.
struct Stages {
  explicit Stages(const std::string& plan_text)
      : text(plan_text), diagnostics("plan.yaml", text), checked(check_plan(text, diagnostics)) {}

  bool ok() const { return checked->model.has_value(); }
  const model::Model& model() const { return *checked->model; }
  emit::Emitted emitted() const {
    return compile_plan(*checked, text, "plan.yaml", emit::Templates(std::nullopt), diagnostics);
  }

  std::string text;
  Diagnostics diagnostics;
  std::unique_ptr<Checked> checked;
};

// What a person reads about a plan that is refused, or warned of.
inline std::string findings(const std::string& plan_text) { return Stages(plan_text).diagnostics.render(); }

}  // namespace rekey
