#include "compiler/lint/waivers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <regex>
#include <set>

namespace rekey::lint {
namespace {

// Every warning that the compiler has, but for those about waivers.
const std::vector<std::string> kWaivable = {"function-body", "idle-generator", "rewritten-again", "unused-dependent"};

bool is_day(const std::string& text) {
  static const std::regex pattern("([0-9]{4})-([0-9]{2})-([0-9]{2})");
  std::smatch part;
  if (!std::regex_match(text, part, pattern)) return false;
  using namespace std::chrono;
  return year_month_day(year(std::stoi(part[1])), month(static_cast<unsigned>(std::stoi(part[2]))),
                        day(static_cast<unsigned>(std::stoi(part[3])))).ok();
}

void check_day(const plan::Text& until, Diagnostics& diagnostics) {
  if (until.value.empty() || is_day(until.value)) return;
  diagnostics.error("day", until.span, fmt::format("{} is no day", until.value), "write it as year-month-day: 2026-12-31");
}

void check_finding(const plan::Text& finding, Diagnostics& diagnostics) {
  if (std::find(kWaivable.begin(), kWaivable.end(), finding.value) != kWaivable.end()) return;
  const auto near = nearest(finding.value, kWaivable);
  diagnostics.error("unknown-finding", finding.span, fmt::format("no finding that can be waived is named {}", finding.value),
                    near ? fmt::format("did you mean {}?", *near)
                         : fmt::format("these can be: {}; an error cannot, it says that rows could be lost or that the SQL could not run",
                                       fmt::join(kWaivable, ", ")));
}

}  // namespace

void check_waivers(const plan::Plan& plan, Diagnostics& diagnostics) {
  for (const auto& waiver : plan.waivers) {
    check_finding(waiver.finding, diagnostics);
    check_day(waiver.until, diagnostics);
  }
  for (const auto& dependent : plan.dependents) {
    check_day(dependent.until, diagnostics);
    if (dependent.until.value.empty() || !dependent.as_is.value.empty() || !dependent.set_aside.value.empty()) continue;
    diagnostics.error("idle-setting", dependent.until.span, "until has no effect: no reason stands beside it",
                      "write as_is: or set_aside: with the reason, or delete the line");
  }
}

void apply_waivers(const plan::Plan& plan, Diagnostics& diagnostics) {
  for (const auto& waiver : plan.waivers) {
    std::set<std::string> others;
    if (diagnostics.waive(waiver.finding.value, waiver.at.value, waiver.reason.value, waiver.until.value, others)) continue;
    const auto near = nearest(waiver.at.value, {others.begin(), others.end()});
    diagnostics.warning("idle-waiver", waiver.finding.span, fmt::format("this waives nothing: no finding {} is about {}", waiver.finding.value, waiver.at.value),
                        near                ? fmt::format("did you mean at: {}?", *near)
                        : !others.empty() ? fmt::format("there is one about {}", *others.begin())
                                          : "delete it");
  }
}

}  // namespace rekey::lint
