// A plan of any bytes: it compiles, or is refused with errors that can be shown.
#include <cstddef>
#include <cstdint>
#include <string>

#include "compiler/compile.h"
#include "compiler/plan/parse.h"
#include "compiler/plan/print.h"
#include "tests/fuzz/fuzz.h"

namespace rekey::fuzz {
namespace {

// A terminal takes nothing in it for a command.
void expect_printable(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(std::string_view(text).substr(at));
    const auto c = static_cast<unsigned char>(text[at]);
    expect(length > 0, "findings are UTF-8", text);
    const bool c1 = c == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    expect((c >= 0x20 || c == '\n' || c == '\t') && c != 0x7F && !c1, "findings have no control characters", text);
    at += length;
  }
}

void expect_same_printed(const plan::Plan& plan) {
  const std::string printed = plan::print(plan);
  Diagnostics diagnostics("printed.yaml", printed);
  const plan::Plan again = plan::parse(printed, diagnostics);
  expect(!diagnostics.has_errors(), "a plan that was read is printed as one", printed + diagnostics.render());
  expect(plan::print(again) == printed, "what was printed is read as the same", printed);
}

void try_plan(const std::string& text) {
  static const emit::Templates templates(std::nullopt);
  Diagnostics diagnostics("plan.yaml", text);
  const auto checked = check_plan(text, diagnostics);
  expect_printable(diagnostics.render());
  expect(checked->model.has_value() != diagnostics.has_errors(), "a plan without errors has a model");
  if (!checked->model) return;
  expect_same_printed(checked->plan);
  const auto emitted = compile_plan(*checked, text, "plan.yaml", templates, diagnostics);
  expect(emitted.files.contains("bundle.json"), "a plan with a model has a bundle");
}

}  // namespace
}  // namespace rekey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rekey::fuzz::try_plan({reinterpret_cast<const char*>(data), size});
  return 0;
}
