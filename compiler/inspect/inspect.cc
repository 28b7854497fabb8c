#include "compiler/inspect/inspect.h"

#include <fmt/format.h>

#include "compiler/inspect/decisions.h"
#include "compiler/inspect/draft.h"
#include "compiler/inspect/probe.h"
#include "compiler/inspect/select.h"
#include "compiler/plan/print.h"

namespace rekey::inspect {

namespace {

std::vector<db::catalog::KeyColumn> changing(const Catalog& catalog, const Selection& selection) {
  std::vector<db::catalog::KeyColumn> result;
  for (std::size_t c = 0; c < catalog.columns.size(); ++c) {
    if (selection.changes[c]) result.push_back({catalog.columns[c].table, catalog.columns[c].name});
  }
  return result;
}

using PutOff = std::vector<const plan::Dependent*>;

Draft draft_from(db::Connection& connection, const Request& request, const Decisions& decisions,
                 Diagnostics& diagnostics, PutOff* put_off) {
  const db::catalog::Reading reading(connection);
  const Catalog catalog = read_catalog(connection, decisions);
  const Selection selection = select(catalog, request.schemas, decisions, diagnostics);
  if (diagnostics.has_errors()) return {};

  const auto columns = changing(catalog, selection);
  const auto dependents = db::catalog::dependents(connection, columns);
  Draft draft =
      make_draft(catalog, selection, db::catalog::indexes(connection, columns), dependents);
  draft.comments.top = remarks(catalog, selection, dependents, draft.plan);
  if (request.decisions) apply(decisions, draft.plan, diagnostics, put_off);
  if (request.strategy) draft.plan.strategy.value = *request.strategy;
  if (request.generator) draft.plan.generator.value = *request.generator;
  return draft;
}

// What the probe finds can be decided like all else, and then is no failure.
Probed try_out(Draft& draft, const PutOff& put_off, const Request& request, db::Connection& live,
               Diagnostics& diagnostics) {
  Probed probed = probe(draft, request.database, live);
  for (const plan::Dependent* decided : put_off) {
    const auto before = diagnostics.all().size();
    apply_dependent(*decided, draft.plan, diagnostics);
    if (diagnostics.all().size() > before) continue;
    --(decided->kind.value == plan::DependentKind::object ? probed.others : probed.failed);
    ++probed.decided;
  }
  draft.comments.top.push_back("Tried on a copy of the schema, " + in_words(probed) + ".");
  for (const auto& lost : probed.lost) draft.comments.top.push_back("  not in the copy: " + lost);
  return probed;
}

}  // namespace

std::string draft(const Request& request, Diagnostics& diagnostics, Probed* probed) {
  Decisions decisions;
  if (request.decisions) decisions = parse_decisions(*request.decisions, diagnostics);
  if (diagnostics.has_errors()) return {};
  try {
    db::Connection connection(request.database, "rekeyc inspect");
    PutOff put_off;
    Draft drafted = draft_from(connection, request, decisions, diagnostics, probed ? &put_off : nullptr);
    if (diagnostics.has_errors()) return {};
    if (probed) *probed = try_out(drafted, put_off, request, connection, diagnostics);
    if (diagnostics.has_errors()) return {};
    return plan::print(drafted.plan, drafted.comments);
  } catch (const db::Error& error) {
    throw CannotInspect(error.hint.empty() ? error.what() : fmt::format("{}\n  {}", error.what(), error.hint));
  }
}

}  // namespace rekey::inspect
