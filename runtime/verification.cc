#include "runtime/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "runtime/interrupt.h"

namespace rekey {

namespace {

std::vector<Check> checks_of(const bundle::Phase& phase, const db::Rows& result) {
  const auto column = [&](std::string_view name) -> std::optional<std::size_t> {
    const auto at = std::ranges::find(result.columns, name);
    if (at == result.columns.end()) return std::nullopt;
    return static_cast<std::size_t>(at - result.columns.begin());
  };
  const auto check = column("check"), object = column("object"), ok = column("ok"),
             detail = column("detail");
  std::vector<Check> checks;
  if (!ok) return checks;
  for (const db::Row& row : result.rows) {
    const auto text = [&](std::optional<std::size_t> i) { return i ? row[*i].value_or("") : ""; };
    checks.push_back({phase.id, text(check), text(object), text(detail), row[*ok] == "t"});
  }
  return checks;
}

}  // namespace

std::vector<Check> verify_phase(Run& run, const Sources& sources, const bundle::Phase& phase,
                                const std::string& role) {
  const std::string path = phase.folder + "/verify.sql";
  std::vector<Check> checks;
  if (phase.verify.empty()) return checks;
  const auto session = run.open(role);
  if (phase.verify_session.length > 0) session->exec(sources.text(path, phase.verify_session));
  const Cancellable cancellable(*session);
  for (const bundle::Range& statement : phase.verify) {
    try {
      for (Check& check : checks_of(phase, session->exec(sources.text(path, statement)))) {
        checks.push_back(std::move(check));
      }
    } catch (const db::Disconnected&) {
      throw;
    } catch (const db::Error&) {
      if (interrupted()) throw Interrupted{};
      throw;
    }
  }
  return checks;
}

std::vector<Check> false_ones(const std::vector<Check>& checks) {
  std::vector<Check> wrong;
  std::ranges::copy_if(checks, std::back_inserter(wrong), [](const Check& c) { return !c.ok; });
  return wrong;
}

std::string to_text(const Check& check) {
  return fmt::format("phase {}: {} of {}{}", check.phase, check.check, check.object,
                     check.detail.empty() ? "" : ": " + check.detail);
}

}  // namespace rekey
