#include "compiler/lint/online.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/lint/tokens.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lint {
namespace {

using model::ColumnId;
using model::Model;
using model::PhaseId;
using model::TableId;
using plan::DependentKind;

constexpr const char* kOffline = "give its phase strategy: offline";

bool is_online(const Model& model, PhaseId phase) {
  return phase != model::kNone && model.phases[phase].stage == model::Stage::swap;
}

// Made again within the swap, it costs no scan.
bool is_light(DependentKind kind) {
  using enum DependentKind;
  return kind == view || kind == rule || kind == trigger || kind == policy || kind == function || kind == procedure;
}

class Check {
 public:
  Check(const Model& model, Diagnostics& diagnostics) : model_(model), diagnostics_(diagnostics) {}

  void run() {
    for (PhaseId p = 0; p < static_cast<PhaseId>(model_.phases.size()); ++p) {
      if (!is_online(model_, p)) continue;
      for (TableId t : model_.phases[p].changed) table(t, p);
      for (model::DomainId d : model_.phases[p].domains) domain(model_.domains[d]);
    }
    bridge();
    for (const auto& d : model_.dependents) dependent(d);
  }

 private:
  void refuse(const Span& span, const std::string& what) { diagnostics_.error("online", span, what, kOffline); }

  // The views of all tables stand in two schemas, whatever schemas the tables are in.
  void bridge() {
    if (!model_.plan->bridge.value) return;
    std::map<std::string, TableId> named;
    for (PhaseId p = 0; p < static_cast<PhaseId>(model_.phases.size()); ++p) {
      if (!is_online(model_, p)) continue;
      for (TableId t : model_.phases[p].changed) {
        const auto& table = model_.tables[t];
        const auto [other, fresh] = named.emplace(table.name().name, t);
        if (fresh) continue;
        diagnostics_.error("bridge", table.written->name.span,
                           fmt::format("{} and {} have one name: a bridge has room for one of them", to_text(table.name()),
                                       to_text(model_.tables[other->second].name())),
                           "leave bridge out, or give one of their phases strategy: offline");
      }
    }
    if (named.empty()) {
      diagnostics_.error("bridge", model_.plan->bridge.span, "there is no online phase to build a bridge over",
                         "leave bridge out, or write strategy: online");
    }
  }

  void table(TableId t, PhaseId phase) {
    const auto& table = model_.tables[t];
    const auto name = to_text(table.name());
    family(table, name);
    for (ColumnId c : table.columns) {
      const PhaseId other = model_.phase_of(c);
      const bool said_there = is_online(model_, other) && other < phase;
      if (model_.changes(c) && other != phase && !said_there) {
        refuse(table.written->name.span, fmt::format("{} changes keys in two phases, which cannot be done online", name));
        break;
      }
    }
    for (ColumnId c : table.columns) {
      const auto& column = model_.columns[c];
      if (!model_.changes(c) || column.written->type_name.value.empty()) continue;
      refuse(column.written->name.span, fmt::format("{} is of type {}: a column of a domain cannot be added without a rewrite, "
                                                    "which the way back would need", model_.path(c), column.written->type_name.value));
    }
    for (const auto& index : table.written->indexes) {
      if (has_simple_twin(table, index.definition.value)) continue;
      refuse(index.name.span, fmt::format("index {} is more than a list of columns: the online strategy has no twin for it yet",
                                          index.name.value));
    }
  }

  void family(const model::Table& table, const std::string& name) {
    if (!table.written->inherits.empty()) {
      refuse(table.written->name.span, fmt::format("{} inherits from {}: the online strategy does not carry that yet", name,
                                                    to_text(table.written->inherits.front().value)));
    }
    if (!table.written->partition_of.value.name.empty()) keys_of_partition(*table.written, name);
    if (!table.partitioned()) return;
    for (ColumnId c : table.columns) {
      const auto& parts = table.written->partition_columns;
      const auto& column = model_.columns[c].name();
      if (!model_.changes(c) || std::none_of(parts.begin(), parts.end(), [&](const auto& part) { return part.value == column; })) continue;
      refuse(table.written->name.span, fmt::format("{} is partitioned by the key {}: its rows cannot go to other partitions "
                                                    "beside the application", name, column));
    }
  }

  // The table's key takes the index on its columns for its own, whichever that is.
  void keys_of_partition(const plan::Table& partition, const std::string& name) {
    std::set<std::vector<std::string>> seen{plan::to_strings(partition.primary_key)};
    for (const auto& key : partition.unique) {
      if (seen.insert(plan::to_strings(key.columns)).second) continue;
      refuse(key.name.span, fmt::format("partition {} has two keys on the same columns, of which the swap could not tell which is "
                                        "its table's: {}", name, key.name.value));
    }
  }

  // The list of columns gets their other names; what follows it, or a list of more than columns, names no key.
  bool has_simple_twin(const model::Table& table, const std::string& definition) const {
    const auto tokens = tokens_of(definition);
    const auto is = [](PgQuery__Token kind) { return [kind](const Token& token) { return token.kind == kind; }; };
    const auto open = std::find_if(tokens.begin(), tokens.end(), is(PG_QUERY__TOKEN__ASCII_40));
    const auto close = std::find_if(open, tokens.end(), is(PG_QUERY__TOKEN__ASCII_41));
    if (close == tokens.end()) return false;
    const bool list = std::none_of(std::next(open), close, is(PG_QUERY__TOKEN__ASCII_40));
    return std::none_of(list ? close : open, tokens.end(), [&](const Token& token) {
      const auto word = definition.substr(token.start, token.end - token.start);
      return std::any_of(table.columns.begin(), table.columns.end(), [&](ColumnId c) {
        return model_.changes(c) && word == sql::identifier(model_.columns[c].name());
      });
    });
  }

  void domain(const model::Domain& domain) {
    const auto& root = model_.columns[domain.root];
    if (domain.borrows()) {
      return refuse(domain.places.front().span, fmt::format("{} holds keys of {}", domain.name, root.document() ? "other tables in documents" : "several tables"));
    }
    if (domain.is_listed()) made_from_rows(domain);
    if (domain.in_arrays) refuse(root.written->name.span, fmt::format("keys of {} stand in arrays", domain.name));
    if (!has_index(root)) {
      refuse(root.written->name.span, fmt::format("no key or index begins with {}: whether an old key is free could not be seen",
                                                  domain.name));
    }
    if (!domain.of_uuids && root.written->sequence.value.empty() && !root.written->default_value.value.empty()) {
      refuse(root.written->name.span, fmt::format("the default of {} is no sequence: rows written after the swap would get "
                                                  "no old key from it", domain.name));
    }
    const auto roots = std::count_if(domain.columns.begin(), domain.columns.end(), [&](ColumnId c) { return model_.columns[c].root; });
    if (roots > 1) refuse(root.written->name.span, fmt::format("{} has {} roots: old keys of new rows could meet", domain.name, roots));
  }

  // A row that refers to one that comes later has nowhere to take its key from.
  void made_from_rows(const model::Domain& domain) {
    for (const auto& fk : model_.foreign_keys) {
      const bool holds = std::any_of(fk.ids.begin(), fk.ids.end(), [&](ColumnId c) { return c != model::kNone && &model_.domain_of(c) == &domain; });
      if (!holds || fk.written->deferrable.value.empty()) continue;
      diagnostics_.error("online", fk.written->name.span,
                         fmt::format("foreign key {} is deferrable: a row that comes before the one it refers to has no new key, because generator "
                                     "{} makes keys of {} from rows that are there", fk.written->name.value, plan::word(domain.generator), domain.name),
                         "let it be NOT DEFERRABLE, or give the phase strategy: offline");
    }
    if (domain.generator == plan::Generator::expression && model_.plan->bridge.value) {
      refuse(model_.columns[domain.root].written->name.span,
             fmt::format("over a bridge nobody could make keys of {} for the old version: key_expression reads rows as they were before", domain.name));
    }
  }

  bool has_index(const model::Column& column) const {
    const auto& table = *model_.tables[column.table].written;
    const auto begins = [&](const plan::Texts& columns) { return !columns.empty() && columns.front().value == column.name(); };
    return begins(table.primary_key) || std::any_of(table.unique.begin(), table.unique.end(), [&](const auto& key) { return begins(key.columns); });
  }

  void dependent(const model::Dependent& d) {
    const bool online = std::any_of(d.tables.begin(), d.tables.end(), [&](TableId t) {
      const auto& columns = model_.tables[t].columns;
      return std::any_of(columns.begin(), columns.end(), [&](ColumnId c) { return is_online(model_, model_.phase_of(c)); });
    });
    if (!online || is_light(d.written->kind.value) || !d.written->as_is.value.empty()) return;
    refuse(d.written->name.span, fmt::format("{} cannot be made again within the swap", lower::title(*d.written)));
  }

  const Model& model_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_online(const Model& model, Diagnostics& diagnostics) { Check(model, diagnostics).run(); }

}  // namespace rekey::lint
