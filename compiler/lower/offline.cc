// A phase in a maintenance window: the fence goes up, foreign keys are set aside, every table is rewritten
// once with all its key columns of the phase, foreign keys come back NOT VALID and are validated, the
// fence goes down. Each step's way back undoes it alone, so that a phase can turn round anywhere.
//
//   open ─▶ repairs ─▶ detach ────▶ rewrite ─▶ attach ─▶ validate ─▶ vacuum ─▶ close
//                  ├─▶ keys ──────▶│        └▶ put back ────────────▶│
//                  └─▶ set aside ─▶┘
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/lower/borrowed.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/enforced.h"
#include "compiler/lower/generators.h"
#include "compiler/lower/key_data.h"
#include "compiler/lower/keys_steps.h"
#include "compiler/lower/offline_defaults.h"
#include "compiler/lower/offline_dependents.h"
#include "compiler/lower/offline_phase.h"
#include "compiler/lower/repairs.h"
#include "compiler/lower/repartition.h"
#include "compiler/lower/reshape.h"
#include "compiler/lower/sql.h"
#include "compiler/model/fk_graph.h"
#include "compiler/model/resolve.h"

namespace rekey::lower {
namespace {

using nlohmann::json;
using model::ColumnId;
using model::DomainId;
using model::ForeignKeyId;
using model::TableId;

Step table_step(const OfflinePhase& context, TableId t, const char* kind) {
  return lower::table_step(context, t, context.id(t, kind), kind);
}

json foreign_key_data(const OfflinePhase& context, TableId t) {
  json list = json::array();
  for (ForeignKeyId f : context.foreign_keys.at(t)) {
    const auto& fk = context.model.foreign_keys[f];
    const bool at_once = context.model.tables[t].partitioned();  // NOT VALID is for tables alone, before 18
    const char* state = !fk.written->enforced.value ? " NOT ENFORCED" : at_once ? "" : " NOT VALID";
    json item = {{"name", sql::identifier(fk.written->name.value)},
                 {"definition", foreign_key_clause(context.model, fk) + state},
                 {"valid", fk.written->holds()},
                 {"in_parts", at_once || context.model.tables[fk.parent].partitioned()}};
    if (!fk.written->comment.value.empty()) item["comment"] = sql::literal(fk.written->comment.value);
    list.push_back(item);
  }
  return list;
}

// One statement for those of whole tables. Each that has parts follows in its own: before the next is made its parts
// get their names again, which leave room for the next one's.
void put_foreign_keys(const OfflinePhase& context, TableId t, Step& step, const json& more = json::array()) {
  auto all = foreign_key_data(context, t);
  all.insert(all.end(), more.begin(), more.end());
  json whole = json::array(), additions = json::array();
  for (const auto& item : all) {
    if (!item["in_parts"]) whole.push_back(item);
  }
  if (!whole.empty()) additions.push_back({{"foreign_keys", whole}, {"in_parts", false}});
  for (const auto& item : all) {
    if (item["in_parts"]) additions.push_back({{"foreign_keys", json::array({item})}, {"in_parts", true}});
  }
  step.data["in_parts"] = whole.size() < all.size();
  step.data["foreign_keys"] = all;
  step.data["additions"] = additions;
}

Step open_step(const OfflinePhase& context) {
  Step step{context.own("open"), "open", "", "", "", context.phase.written->name.span};
  step.up_title = fmt::format("opens phase {}: journal, key domains, fence around {}", context.phase.id,
                              counted(context.phase.changed.size(), "table"));
  step.down_title = "takes the fence down: the phase is rolled back";
  auto& data = step.data;
  data = key_data(context);
  data["phase"] = sql::literal(context.phase.id);
  data["tables"] = json::array();
  for (TableId t : context.phase.changed) data["tables"].push_back(context.table(t));
  if (!context.phase.orphan_rules.empty()) data["with_orphans"] = true;
  data["enforced"] = expected_to_hold(context.model, context.phase);
  data["reshape"] = reshape_expectations(context);
  return step;
}

// A partition gets its own foreign keys after those of its parents: an equal one that stands there already would
// become the parent's, from PostgreSQL 18.
void add_parents(const OfflinePhase& context, TableId t, const char* kind, std::set<std::string>& needs) {
  for (TableId parent : context.model.tables[t].parents) {
    if (context.foreign_keys.contains(parent)) needs.insert(context.id(parent, kind));
    add_parents(context, parent, kind, needs);
  }
}

Step detach_step(const OfflinePhase& context, TableId t) {
  Step step = table_step(context, t, "detach");
  const auto count = context.foreign_keys.at(t).size();
  step.up_title = fmt::format("sets {} of {} aside", counted(count, "foreign key"), step.table);
  step.down_title = fmt::format("puts {} of {} back, not yet validated", counted(count, "foreign key"), step.table);
  step.needs = context.settled();
  std::set<std::string> undo_needs = context.rewrites(t);
  for (ForeignKeyId f : context.foreign_keys.at(t)) {
    undo_needs.merge(context.rewrites(context.model.foreign_keys[f].parent));
  }
  add_parents(context, t, "detach", undo_needs);
  step.undo_needs.assign(undo_needs.begin(), undo_needs.end());
  put_foreign_keys(context, t, step);
  return step;
}

json column_data(const OfflinePhase& context, ColumnId c) {
  const auto& column = context.model.columns[c];
  const auto& domain = context.model.domain_of(c);
  const auto name = sql::identifier(column.name());
  if (domain.borrows()) return borrowed_column(context, c);
  const auto mapped = [&](const char* gives) { return fmt::format("rekey.array_{}_{}({})", gives, column.domain + 1, name); };
  return {{"name", name},
          {"type", declared_type(*column.written)},
          {"new_type", new_type(column)},
          {"new_key", column.array() ? mapped("keys") : new_key(domain, name)},
          {"legacy_id_of_any", column.array() ? mapped("ids") : legacy_id_of_any(domain, name)}};
}

// The server names the indexes of partitions anew, and forgets what was set there alone.
void keep_partition_indexes(Step& step) {
  const auto of = fmt::format("_partition_indexes({});", sql::literal(step.table));
  for (const char* before : {"before", "undo_before"}) step.data[before].push_back("CALL rekey.keep" + of);
  for (const char* after : {"after", "undo_after"}) step.data[after].push_back("CALL rekey.restore" + of);
}

// The type of a column tells whether it has changed, but of one that is a uuid before too, or holds documents.
void note_uuids(const OfflinePhase& context, TableId t, Step& step) {
  std::vector<std::string> tables, columns;
  for (TableId member : context.model.family(t)) tables.push_back(context.table(member));
  for (ColumnId c : context.changing(t)) {
    const bool staged = !context.model.domain_of(c).stages.empty();  // noted by the first stage
    const auto& column = context.model.columns[c];
    if ((column.uuid() || column.document()) && !staged) columns.push_back(column.name());
  }
  if (columns.empty()) return;
  const auto note = fmt::format("CALL rekey.note_changed({}, {}, ", sql::text_array(tables), sql::text_array(columns));
  step.data["after"].push_back(note + "true);");
  step.data["undo_after"].push_back(note + "false);");
}

void name_new_columns(const OfflinePhase& context, TableId t, bool alone, Step& step) {
  std::vector<std::string> added;
  for (const auto& surrogate : context.phase.surrogates) {
    if (surrogate.table == t) added.push_back(surrogate.column);
  }
  for (const auto& follow : context.phase.follows) {
    if (context.model.foreign_keys[follow.key].child == t) added.push_back(follow.column);
  }
  if (added.empty()) return;
  const auto names = fmt::format("{}", fmt::join(added, ", "));
  step.up_title = alone ? fmt::format("{}: new {}", step.table, names) : step.up_title + ", new " + names;
  step.down_title = alone ? fmt::format("{}: without {} again", step.table, names) : step.down_title + ", without " + names;
}

Step rewrite_step(const OfflinePhase& context, TableId t) {
  const bool anew = context.makes_anew(t);
  Step step = table_step(context, t, anew ? "repartition" : "rewrite");
  std::vector<std::string> names;
  step.data["columns"] = json::array();
  std::set<std::string> needs, undo_needs;
  Surroundings around(context);
  for (ColumnId c : context.changing(t)) {
    step.data["columns"].push_back(column_data(context, c));
    around.add(c, step.data["columns"].back());
    names.push_back(context.model.columns[c].name());
  }
  around.put(step.data);
  note_uuids(context, t, step);
  reshape(context, t, step);
  if (anew) make_anew(context, t, step);
  else if (context.model.tables[t].partitioned()) keep_partition_indexes(step);
  step.data["names"] = sql::text_array(names);
  if (!names.empty()) step.data["measured"] = true;
  const char* filled = anew ? ", its partitions filled anew" : "";
  step.up_title = fmt::format("{}: {} to uuid{}", step.table, fmt::join(names, ", "), filled);
  step.down_title = fmt::format("{}: {} back to their old types{}", step.table, fmt::join(names, ", "), filled);
  name_new_columns(context, t, names.empty(), step);
  for (TableId member : context.model.family(t)) {
    // Who reads a table's ids sees nothing of one that was rewritten since they began.
    for (ColumnId c : context.model.tables[member].columns) {
      if (!context.changes_here(c)) continue;
      needs.merge(context.keys_of(c));
      undo_needs.merge(context.keys_of(c));
    }
    std::set<TableId> detached;
    if (context.foreign_keys.contains(member)) detached.insert(member);
    if (auto found = context.children.find(member); found != context.children.end()) detached.merge(std::set(found->second));
    for (TableId child : detached) {
      needs.insert(context.id(child, "detach"));
      undo_needs.insert(context.id(child, "attach"));
    }
  }
  step.needs.assign(needs.begin(), needs.end());
  step.undo_needs.assign(undo_needs.begin(), undo_needs.end());
  return step;
}

Step attach_step(const OfflinePhase& context, TableId t) {
  Step step = table_step(context, t, "attach");
  const auto count = context.foreign_keys.at(t).size();
  step.up_title = fmt::format("puts {} of {} back, not yet validated", counted(count, "foreign key"), step.table);
  step.down_title = fmt::format("sets {} of {} aside", counted(count, "foreign key"), step.table);
  std::set<std::string> needs = context.rewrites(t);
  for (ForeignKeyId f : context.foreign_keys.at(t)) {
    needs.merge(context.rewrites(context.model.foreign_keys[f].parent));
  }
  add_parents(context, t, "attach", needs);
  step.needs.assign(needs.begin(), needs.end());
  step.undo_needs = {context.own("close")};
  put_foreign_keys(context, t, step, new_foreign_keys(context, t));
  return step;
}

Step validate_step(const OfflinePhase& context, TableId t) {
  Step step = table_step(context, t, "validate");
  step.up_title = fmt::format("checks every row of {} against its foreign keys", step.table);
  step.down_title = step.up_title;
  step.undo_always = true;
  step.needs = {context.id(t, "attach")};
  step.undo_needs = {context.id(t, "detach")};
  step.data["foreign_keys"] = json::array();
  for (const auto& item : foreign_key_data(context, t)) {
    if (item["valid"]) step.data["foreign_keys"].push_back(item);
  }
  step.data["forward"] = step.data["foreign_keys"];
  for (const auto& item : new_foreign_keys(context, t)) step.data["forward"].push_back(item);
  return step;
}

Step vacuum_step(const OfflinePhase& context, TableId t) {
  Step step = table_step(context, t, "vacuum");
  step.up_title = fmt::format("fresh statistics and visibility map for {}", step.table);
  step.down_title = step.up_title;
  step.transactional = false;
  step.undo_always = true;
  std::set<std::string> needs = context.rewrites(t);
  if (context.validates(t)) needs = {context.id(t, "validate")};
  step.needs.assign(needs.begin(), needs.end());
  step.undo_needs = step.needs;
  return step;
}

Step close_step(const OfflinePhase& context, const std::vector<Step>& vacuums, const DependentSteps& dependents) {
  Step step{context.own("close"), "close", "", "takes the fence down: the phase is applied",
            "puts the fence up again", context.phase.written->name.span};
  for (const auto& vacuum : vacuums) step.needs.push_back(vacuum.id);
  for (const auto& back : dependents.put_backs) step.needs.push_back(back.id);
  for (const auto& renewal : dependents.renewals) step.needs.push_back(renewal.id);
  step.data["phase"] = sql::literal(context.phase.id);
  step.data["ties"] = way_back_expectations(context);
  step.data["tables"] = step.data["anew"] = json::array();
  for (TableId t : context.phase.changed) {
    step.data["tables"].push_back(context.table(t));
    if (context.model.tables[t].partitioned() && context.makes_anew(t)) {
      step.data["anew"].push_back(sql::literal(context.table(t)));
    }
  }
  return step;
}

// Whether it is there after the change; a replaced function may have other arguments.
const char* expected(const plan::Dependent& dependent) {
  const bool function = dependent.kind.value == plan::DependentKind::function ||
                        dependent.kind.value == plan::DependentKind::procedure;
  if (function && !dependent.replacement.value.empty()) return "NULL";
  return dependent.set_aside.value.empty() ? "true" : "false";
}

json verify_data(const OfflinePhase& context) {
  json tables = json::array(), columns = json::array();
  for (TableId t : context.phase.changed) {
    if (context.columns.contains(t)) {
      tables.push_back({{"table", sql::literal(context.table(t))},
                        {"step", sql::literal(context.rewrite_id(t))}});
    }
    for (ColumnId c : context.model.tables[t].columns) {
      if (!context.changes_here(c)) continue;
      if (context.model.domain_of(c).borrows() && context.model.columns[c].above != model::kNone) continue;  // read from the top
      columns.push_back({{"table", sql::literal(context.table(t))},
                         {"column", sql::literal(context.model.columns[c].name())}});
    }
  }
  json dependents = json::array();
  for (const auto& dependent : context.model.dependents) {
    if (context.changed_tables(dependent).empty()) continue;
    const auto& written = *dependent.written;
    const bool on_table = !written.table.value.name.empty();
    dependents.push_back({{"kind", sql::literal(word(written.kind.value))},
                          {"name", sql::literal(written.name.value)},
                          {"table", on_table ? sql::literal(sql::table(written.table.value)) : "NULL"},
                          {"expected", expected(written)}});
  }
  json remade = json::array();
  for (const auto& item : context.model.remade) {
    if (std::none_of(item.tables.begin(), item.tables.end(), [&](TableId t) { return context.changed.contains(t); })) continue;
    remade.push_back({{"object", sql::literal(item.title)}});
  }
  json changed = json::array();
  for (TableId t : context.phase.changed) changed.push_back(sql::literal(context.table(t)));
  return {{"tables", tables}, {"ties", reshape_checks(context)}, {"repairs", context.phase.repairs()}, {"changed", changed}, {"dependents", dependents}, {"remade", remade}, {"columns", columns}, {"foreign_keys", foreign_key_checks(context)}};
}

}  // namespace

// In the words and order of pg_get_constraintdef, so that definitions compare as text.
std::string foreign_key_clause(const model::Model& model, const model::ForeignKey& fk) {
  const auto& written = *fk.written;
  std::string text = fmt::format("FOREIGN KEY ({}) REFERENCES {}({})", sql::columns(fk.columns),
                                 sql::table(model.tables[fk.parent].name()),
                                 sql::columns(fk.parent_columns));
  auto given = [](const plan::Text& action) {
    return !action.value.empty() && action.value != "no action";
  };
  if (!written.match.value.empty() && written.match.value != "simple") text += " MATCH FULL";
  if (given(written.on_update)) text += " ON UPDATE " + sql::upper(written.on_update.value);
  if (given(written.on_delete)) text += " ON DELETE " + sql::upper(written.on_delete.value);
  if (!written.on_delete_columns.empty()) {
    text += fmt::format(" ({})", sql::columns(plan::to_strings(written.on_delete_columns)));
  }
  if (!written.deferrable.value.empty()) text += " DEFERRABLE";
  if (written.deferrable.value == "initially deferred") text += " INITIALLY DEFERRED";
  return text;
}

std::string foreign_key_definition(const model::Model& model, const model::ForeignKey& fk) {
  const auto& written = *fk.written;
  return foreign_key_clause(model, fk) + (!written.enforced.value ? " NOT ENFORCED" : written.valid.value ? "" : " NOT VALID");
}

Phase lower_offline(const model::Model& model, const model::Phase& phase) {
  const OfflinePhase context(model, phase);
  Phase lowered = begin_phase(phase);
  std::vector<Step> detaches, keys, rewrites, attaches, validates, vacuums;
  for (DomainId d : phase.domains) {
    if (!model.domains[d].borrows()) keys.push_back(keys_step(context, d));
  }
  for (TableId t : phase.changed) {
    if (context.columns.contains(t) || phase.reshapes(model, t)) rewrites.push_back(rewrite_step(context, t));
    if (model.tables[t].written->partition_of.value.name.empty()) vacuums.push_back(vacuum_step(context, t));
    if (!context.foreign_keys.contains(t)) continue;
    detaches.push_back(detach_step(context, t));
    attaches.push_back(attach_step(context, t));
    if (context.validates(t)) validates.push_back(validate_step(context, t));
  }
  auto dependents = dependent_steps(context);
  auto& [set_asides, put_backs, renewals] = dependents;
  order_around_dependents(context, rewrites, vacuums);
  lowered.steps.push_back(open_step(context));
  auto add = [&](std::vector<Step>& group) {
    std::move(group.begin(), group.end(), std::back_inserter(lowered.steps));
  };
  auto undo = [&](const std::vector<Step>& group) {
    for (const auto& step : group) lowered.undo_order.push_back(step.id);
  };
  lowered.undo_order.push_back(context.own("close"));
  std::for_each(put_backs.rbegin(), put_backs.rend(), [&](const Step& s) { lowered.undo_order.push_back(s.id); });
  for (const auto* group : {&attaches, &keys, &rewrites, &detaches}) undo(*group);
  std::for_each(set_asides.rbegin(), set_asides.rend(), [&](const Step& s) { lowered.undo_order.push_back(s.id); });
  for (const auto* group : {&validates, &vacuums, &renewals}) undo(*group);
  auto repairs = repair_steps(context);
  std::for_each(repairs.rbegin(), repairs.rend(), [&](const Step& s) { lowered.undo_order.push_back(s.id); });
  lowered.undo_order.push_back(context.own("open"));
  keys = lists_first(keys);
  Step close = close_step(context, vacuums, dependents);
  const std::size_t repaired = repairs.size();
  if (context.picks()) add(repairs), add(keys), repairs.clear(), keys.clear();
  for (auto* group :
       {&repairs, &detaches, &set_asides, &keys, &rewrites, &attaches, &validates, &put_backs, &renewals, &vacuums}) {
    add(*group);
  }
  lowered.steps.push_back(std::move(close));
  for (std::size_t first = 0; first <= repaired; ++first) {  // these come back last of all, in turn
    for (std::size_t i = first + 1; i < lowered.steps.size(); ++i) lowered.steps[first].undo_needs.push_back(lowered.steps[i].id);
  }
  lowered.verify.update(verify_data(context));
  return lowered;
}

}  // namespace rekey::lower
