// Columns that hold keys of domains that they do not belong to: at paths in their documents, or in each row of the table
// that its type names. Such a column is a domain by itself, without a generator, and changes in the phase of all whose
// keys it holds: in between it would hold old and new ones.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/model/resolve.h"

namespace rekey::model {
namespace {

const plan::Text& name_of(const Model& model, ColumnId c) { return model.columns[c].written->name; }

bool stands_alone(const Model& model, const Borrowing& b, Diagnostics& diagnostics) {
  const auto& domain = model.domain_of(b.column);
  const auto other = std::find_if(domain.columns.begin(), domain.columns.end(), [&](ColumnId c) { return model.top(c) != b.column; });
  if (other == domain.columns.end()) return true;
  diagnostics.error("borrowed", b.places.front().span,
                    fmt::format("{} holds keys of other tables here, and is tied to {} by a foreign key, a reference or a table above it",
                                model.path(b.column), model.path(*other)),
                    "write all references of one column in one form, at the table where the column begins");
  return false;
}

Domain& lender(Model& model, const Place& place) { return model.domains[model.columns[place.key].domain]; }

std::string tables_of(const Model& model, const std::vector<Place>& places) {
  std::set<std::string> names;
  for (const auto& place : places) names.insert(to_text(model.tables[model.columns[place.key].table].name()));
  return fmt::format("{}", fmt::join(names, " and "));
}

// One column cannot hold the old keys of one table and the new keys of another.
void check_types(Model& model, const Domain& domain, Diagnostics& diagnostics) {
  for (const auto& place : domain.places) {
    const auto& other = lender(model, place);
    if (other.of_uuids != domain.of_uuids) {
      diagnostics.error("type", place.span,
                        fmt::format("{} is {}, and {}, whose keys it holds, is {}", domain.name, model.columns[domain.root].written->type.value,
                                    other.name, model.columns[other.root].written->type.value),
                        "write both as the catalog has them");
    } else if (!other.changes && domain.changes && !domain.of_uuids) {
      diagnostics.error("borrowed", place.span, fmt::format("{} would have to hold old keys of {} beside new keys of others", domain.name, other.name),
                        "change the keys of all of these tables, or of none");
    }
  }
}

// Such a table is made anew around its partitions, which is not made for these columns.
void refuse_made_anew(const Model& model, const Domain& domain, Diagnostics& diagnostics) {
  for (TableId t : model.family(model.columns[domain.root].table)) {
    for (ColumnId c : model.tables[t].columns) {
      if (!model.changes(c) || !model.parts_rows(c)) continue;
      diagnostics.error("borrowed", domain.places.front().span,
                        fmt::format("{} cannot change in a table whose rows are parted by a key, {}", domain.name, model.path(c)),
                        "leave it out, and translate what it holds with statements of your own and rekey.mapping");
      return;
    }
  }
}

}  // namespace

void take_borrowings(Model& model, Diagnostics& diagnostics) {
  for (const auto& b : model.borrowings) {
    if (b.places.empty() || !stands_alone(model, b, diagnostics)) continue;
    auto& domain = model.domains[model.columns[b.column].domain];
    domain.places = b.places;
    domain.type_column = b.type_column;
    for (ColumnId c : domain.columns) model.columns[c].root = model.columns[c].source = false;
  }
  for (const auto& domain : model.domains) {
    const auto c = std::find_if(domain.columns.begin(), domain.columns.end(), [&](ColumnId c) { return model.columns[c].document(); });
    if (domain.borrows() || c == domain.columns.end()) continue;
    diagnostics.error("path", name_of(model, *c).span, fmt::format("{} holds documents: nothing says where keys stand in them", model.path(*c)),
                      "delete it here, or say so under logical_references: with path: $.user.id");
  }
}

void settle_borrowings(Model& model, Diagnostics& diagnostics) {
  for (auto& domain : model.domains) {
    if (!domain.borrows()) continue;
    for (const auto& place : domain.places) {
      if (!lender(model, place).borrows()) continue;
      diagnostics.error("borrowed", place.span, fmt::format("{} holds keys of other tables itself", model.path(place.key)), "name the column where they begin");
      return;
    }
    domain.changes = std::any_of(domain.places.begin(), domain.places.end(), [&](const Place& p) { return lender(model, p).changes; });
    if (!model.columns[domain.root].document()) check_types(model, domain, diagnostics);
    else if (!model.columns[domain.root].written->type_name.value.empty()) {
      diagnostics.error("type", model.columns[domain.root].written->type_name.span, fmt::format("{} is declared with a domain over jsonb", domain.name),
                        "give the column the type jsonb before");
    }
  }
}

void place_borrowings(Model& model, Diagnostics& diagnostics) {
  for (DomainId d = 0; d < static_cast<int>(model.domains.size()); ++d) {
    auto& domain = model.domains[d];
    if (!domain.borrows() || !domain.changes) continue;
    std::erase_if(domain.places, [&](const Place& p) { return !lender(model, p).changes && model.columns[domain.root].document(); });
    refuse_made_anew(model, domain, diagnostics);
    const auto phase_of = [&](const Place& p) { return lender(model, p).phase; };
    const auto changes = [&](const Place& p) { return lender(model, p).changes; };  // others keep their UUIDs
    domain.phase = phase_of(*std::find_if(domain.places.begin(), domain.places.end(), changes));
    const auto other = std::find_if(domain.places.begin(), domain.places.end(), [&](const Place& p) { return changes(p) && phase_of(p) != domain.phase; });
    if (other != domain.places.end()) {
      diagnostics.error("borrowed", other->span,
                        fmt::format("the keys that {} holds would change in two phases, {} and {}", domain.name, model.phases[domain.phase].name(),
                                    model.phases[phase_of(*other)].name()),
                        fmt::format("list {} in one phase", tables_of(model, domain.places)));
      continue;
    }
    if (domain.phase != kNone) model.phases[domain.phase].domains.push_back(d);
  }
}

// The keys on both sides have changed when it is added, so that no phase has to take it along.
void place_enforced(Model& model, Diagnostics& diagnostics) {
  PhaseId cleanup = kNone;
  for (PhaseId p = 0; p < static_cast<int>(model.phases.size()); ++p) {
    if (model.phases[p].written->kind.value == plan::PhaseKind::cleanup) cleanup = p;
  }
  for (auto& e : model.enforced) {
    for (const auto& [table, columns] : {std::pair{e.child, &e.columns}, std::pair{e.parent, &e.parent_columns}}) {
      for (const auto& name : *columns) e.changed = std::max(e.changed, model.phase_of(column_named(model, table, name)));
    }
    e.home = cleanup == kNone ? e.changed : cleanup;
    if (e.changed != kNone) continue;
    diagnostics.error("idle-setting", e.written->enforce.span, "enforce has no effect: no key of this reference changes",
                      "delete the line, and add the foreign key yourself");
  }
}

}  // namespace rekey::model
