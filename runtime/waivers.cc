#include "runtime/waivers.h"

#include <fmt/format.h>

#include "runtime/text.h"

namespace rekey {

constexpr int kSoon = 14;  // days

WaiversNow waivers_now(db::Connection& session, const bundle::Bundle& b) {
  WaiversNow out;
  for (const bundle::Waiver& waiver : b.waivers) {
    const auto left = std::stoll(session.exec("SELECT $1::date - (now() AT TIME ZONE 'UTC')::date", {waiver.until}).only().value());
    const std::string what = fmt::format("{} of {} ({})", waiver.finding, waiver.at, waiver.reason);
    if (left < 0) {
      out.ended.push_back(fmt::format("the waiver of {} ended on {}: look at it again, then take it out of the plan or write another day, and "
                                      "compile the plan", what, waiver.until));
    } else if (left <= kSoon) {
      out.ending.push_back(fmt::format("the waiver of {} ends {}", what, left == 0 ? "today" : fmt::format("in {}, on {}", counted(left, "day"), waiver.until)));
    }
  }
  return out;
}

}  // namespace rekey
