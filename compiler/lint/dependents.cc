#include "compiler/lint/dependents.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/lint/function_drop.h"
#include "compiler/lint/key_use.h"
#include "compiler/lint/parse_sql.h"
#include "compiler/lint/partition_key.h"
#include "compiler/lint/settling.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

using model::Dependent;
using model::DependentId;
using model::Model;
using plan::DependentKind;

KeyColumns changing_columns(const Model& model) {
  KeyColumns keys;
  for (std::size_t c = 0; c < model.columns.size(); ++c) {
    const auto& column = model.columns[c];
    if (!model.changes(static_cast<int>(c))) continue;
    const auto& domain = model.domains[column.domain];
    KeyOf key{column.domain, domain.borrows() ? plan::Generator::keyed : domain.generator, column.array()};
    for (const auto& place : domain.places) {
      key.lenders.push_back(model.columns[place.key].domain);
      if (!column.document()) continue;
      if (place.path.empty() || !place.path.front()) key.anywhere = true;
      else key.document.push_back(*place.path.front());
    }
    keys[{sql::table(model.tables[column.table].name()), column.name()}] = std::move(key);
  }
  return keys;
}

bool is_function(DependentKind kind) {
  return kind == DependentKind::function || kind == DependentKind::procedure;
}

// Whether the server follows the body: BEGIN ATOMIC or RETURN, and not a text.
bool has_parsed_body(const ParsedSql& definition) {
  return std::any_of(definition.statements().begin(), definition.statements().end(), [](const auto* s) {
    return s->node_case == PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT &&
           s->create_function_stmt->sql_body;
  });
}

// A session keeps a PL/pgSQL function as it has compiled it, with the types of then.
bool keeps_types(const ParsedSql& definition) {
  return std::any_of(definition.statements().begin(), definition.statements().end(), [](const auto* s) {
    if (s->node_case != PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT) return false;
    const auto& function = *s->create_function_stmt;
    return std::any_of(function.options, function.options + function.n_options, [](const auto* option) {
      const auto& given = *option->def_elem;
      return std::string_view(given.defname) == "language" &&
             std::string_view(given.arg->string->sval) == "plpgsql";
    });
  });
}

bool is_trigger_function(const ParsedSql& definition) {
  return std::any_of(definition.statements().begin(), definition.statements().end(), [](const auto* s) {
    if (s->node_case != PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT) return false;
    const auto* type = s->create_function_stmt->return_type;
    return type && type->n_names > 0 && std::string_view(type->names[type->n_names - 1]->string->sval) == "trigger";
  });
}

// Types that it names, of a function's arguments say, which may be rows of tables and views.
std::vector<std::string> types_of(const ParsedSql& definition) {
  std::vector<std::string> out;
  for (const auto* statement : definition.statements()) {
    visit_messages(statement->base, [&](const ProtobufCMessage& inner) {
      if (inner.descriptor != &pg_query__type_name__descriptor) return true;
      const auto& type = reinterpret_cast<const PgQuery__TypeName&>(inner);
      if (type.n_names == 2) {
        out.push_back(sql::identifier(type.names[0]->string->sval) + "." + sql::identifier(type.names[1]->string->sval));
      }
      return false;
    });
  }
  return out;
}

// Of the others the server knows that they use the column, and refuses to change its type.
bool may_stay(const plan::Dependent& written) {
  if (written.kind.value == DependentKind::publication) return true;
  if (written.definition.value.empty()) return written.kind.value == DependentKind::object;
  return is_text_to_the_server(written);
}

// ALTER COLUMN TYPE makes these anew from their definitions, and loses their statistics targets.
bool is_rebuilt(DependentKind kind) {
  return kind == DependentKind::check || kind == DependentKind::exclusion_constraint ||
         kind == DependentKind::index || kind == DependentKind::statistics;
}

bool sets_statistics(const ParsedSql& definition) {
  return std::any_of(definition.statements().begin(), definition.statements().end(), [](const auto* s) {
    if (s->node_case == PG_QUERY__NODE__NODE_ALTER_STATS_STMT) return true;
    if (s->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT) return false;
    const auto& alter = *s->alter_table_stmt;
    return std::any_of(alter.cmds, alter.cmds + alter.n_cmds, [](const auto* command) {
      return command->alter_table_cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics;
    });
  });
}

// Of functions without their arguments.
std::string known_name(const plan::Dependent& written) {
  const auto& name = written.name.value;
  return is_function(written.kind.value) ? bundle::without_arguments(name) : name;
}

class Reader {
 public:
  Reader(Model& model, Diagnostics& diagnostics)
      : model_(model), diagnostics_(diagnostics), keys_(changing_columns(model)) {
    for (std::size_t t = 0; t < model.tables.size(); ++t) {
      tables_[sql::table(model.tables[t].name())] = static_cast<int>(t);
    }
  }

  void read(const plan::Dependent& written) {
    if (!written.as_is.value.empty() && stands_on_its_rows_type(written)) {
      refuse(written, {"left as it is, it would keep a table from being dropped that is made anew", written.as_is.span});
    }
    Dependent dependent{&written, Dependent::Handling::nothing, {}, {}, {}, {}, {}, {}, {}};
    if (written.as_is.value.empty()) examine(dependent);
    else if (is_function(written.kind.value)) renew(dependent);
    const auto id = static_cast<DependentId>(model_.dependents.size());
    known_[known_name(written)] = id;
    model_.dependents.push_back(std::move(dependent));
  }

  // Nothing keeps a trigger function from being dropped but triggers, which may use no key themselves.
  void check_functions_set_aside() {
    for (std::size_t d = 0; d < model_.dependents.size(); ++d) {
      const auto& written = *model_.dependents[d].written;
      if (!is_function(written.kind.value) || written.set_aside.value.empty() || written.definition.value.empty() ||
          !is_trigger_function(ParsedSql(written.definition.value))) {
        continue;
      }
      const bool called = std::any_of(model_.dependents.begin(), model_.dependents.end(), [&](const Dependent& other) {
        const auto& on = other.built_on;
        return other.written->kind.value == DependentKind::trigger &&
               std::find(on.begin(), on.end(), static_cast<DependentId>(d)) != on.end();
      });
      if (called) continue;
      diagnostics_.error("dependent", written.set_aside.span,
                         fmt::format("{} cannot be set aside: its triggers are not in the plan, and the server does "
                                     "not drop it before them", lower::title(written)),
                         "give it a replacement: or as_is: in place of set_aside:, or list its triggers as dependents "
                         "that are set aside too");
    }
  }

 private:
  // It is left alone, and yet sessions must not go on with it as they know it.
  void renew(Dependent& dependent) {
    const auto& written = *dependent.written;
    if (written.definition.value.empty()) return;
    const ParsedSql parsed(written.definition.value);
    if (!keeps_types(parsed)) return;
    find_what_it_uses(dependent, {}, types_of(parsed));
    if (!dependent.tables.empty()) dependent.handling = Dependent::Handling::renewed;
  }

  void examine(Dependent& dependent) {
    const auto& written = *dependent.written;
    const bool settled = !written.replacement.value.empty() || !written.set_aside.value.empty();
    if (written.kind.value == DependentKind::partitioned_table && !written.set_aside.value.empty()) {
      return refuse(written, {"set aside, it would leave its rows without a place", written.set_aside.span});
    }
    if (goes_with_the_table(written)) return;
    if (!written.problem.value.empty() && !settled) return refuse(written, written.problem);
    if (written.definition.value.empty()) {
      return refuse(written, {"its definition is missing", written.name.span});
    }
    const ParsedSql parsed(written.definition.value);
    const bool partitioned = written.kind.value == DependentKind::partitioned_table;
    const Known known = partitioned ? known_of(written) : Known{};
    for (const auto& s : statements_in(written.definition.value)) {
      if (partitioned && is_of_constraint(written.definition.value.substr(s.offset, s.length), known.foreign_keys)) continue;
      dependent.statements.emplace_back(s.offset, s.length);
    }
    const KeyUse use = partitioned ? partition_use(written.definition.value, keys_, known.columns)
                                   : key_use(written.definition.value, keys_);
    find_what_it_uses(dependent, use, types_of(parsed));
    if (dependent.tables.empty()) return warn_unused(written);
    if (written.set_aside.value.empty()) refuse_what_is_missing(dependent);
    if (is_function(written.kind.value) && !has_parsed_body(parsed)) {
      if (!settled && !written.uses.empty()) warn_of_body(written);
    } else if (!settled) {
      take_keys(dependent, use);
    }
    note_other_arguments(dependent, parsed);
    dependent.handling = handling(dependent, parsed);
    if (partitioned) refuse_identities(dependent);
    if (partitioned) dependent.row_columns = written_columns(written.definition.value);
    for (const auto& [column, key] : use.outputs) keys_[{written.name.value, column}] = key;
  }

  bool is_made_anew(const std::string& table) const {
    const auto found = known_.find(table);
    return found != known_.end() && model_.dependents[found->second].handling == Dependent::Handling::made_anew;
  }

  // On the type of the rows of a table that is made anew: such a table is not dropped before it.
  bool stands_on_its_rows_type(const plan::Dependent& written) const {
    const std::string_view name = written.name.value;
    if (written.kind.value == DependentKind::object) {
      return (name.starts_with("type ") || name.starts_with("composite type ")) &&
             std::any_of(written.uses.begin(), written.uses.end(),
                         [&](const auto& table) { return is_made_anew(sql::table(table.value)); });
    }
    if (!is_function(written.kind.value) || written.definition.value.empty()) return false;
    const auto types = types_of(ParsedSql(written.definition.value));
    return std::any_of(types.begin(), types.end(), [&](const auto& type) { return is_made_anew(type); });
  }

  // What a change of columns would do to the tree of a partitioned table, where each phase that changes some makes the
  // table anew: its partitions change alone.
  bool goes_with_the_table(const plan::Dependent& written) const {
    const std::string_view name = written.name.value;
    const bool of_trees = name.starts_with("not-null constraint ") || name.starts_with("partitioned index ");
    const auto found = tables_.find(sql::table(written.table.value));
    if (written.kind.value != DependentKind::object || !of_trees || found == tables_.end()) return false;
    std::set<model::PhaseId> changes, made_anew;
    for (model::ColumnId c : model_.tables[found->second].columns) {
      if (!model_.changes(c)) continue;
      changes.insert(model_.phase_of(c));
      if (model_.parts_rows(c)) made_anew.insert(model_.phase_of(c));
    }
    return !changes.empty() && changes == made_anew;
  }

  // Its sequence would be dropped with the table; where the column changes, its phase saves it.
  void refuse_identities(const Dependent& dependent) {
    const auto found = tables_.find(dependent.written->name.value);
    if (found == tables_.end()) return;
    const auto& columns = model_.tables[found->second].columns;
    for (model::ColumnId c : columns) {
      if (model_.columns[c].written->identity.value == plan::Identity::none) continue;
      const bool outlives = std::any_of(columns.begin(), columns.end(), [&](model::ColumnId part) {
        return model_.changes(part) && model_.parts_rows(part) &&
               (!model_.changes(c) || model_.phase_of(c) > model_.phase_of(part));
      });
      if (!outlives) continue;
      refuse(*dependent.written, {fmt::format("its identity column {} would lose its sequence: it has to change in the same "
                                              "phase, or one before", sql::identifier(model_.columns[c].name())),
                                  dependent.written->name.span});
    }
  }

  // What the plan itself says of a partitioned table, and its definition too.
  struct Known {
    std::set<std::string> columns, foreign_keys;
  };
  Known known_of(const plan::Dependent& written) const {
    Known known;
    const auto found = tables_.find(written.name.value);
    if (found == tables_.end()) return known;
    for (const auto& column : model_.tables[found->second].written->columns) known.columns.insert(column.name.value);
    for (const auto& fk : model_.tables[found->second].written->foreign_keys) known.foreign_keys.insert(fk.name.value);
    return known;
  }

  // Written over with other arguments, the old function would stay beside the new one.
  void note_other_arguments(Dependent& dependent, const ParsedSql& parsed) {
    const auto& written = *dependent.written;
    if (!is_function(written.kind.value) || written.replacement.value.empty() || !written.drop.value.empty()) return;
    const auto fresh = drops_of_functions(ParsedSql(written.replacement.value));
    if (fresh != drops_of_functions(parsed)) dependent.drop_replacement = fresh;
  }

  void find_what_it_uses(Dependent& dependent, const KeyUse& use, const std::vector<std::string>& types) {
    const auto& written = *dependent.written;
    std::set<model::TableId> tables;
    std::set<DependentId> built_on;
    auto add = [&](const std::string& relation) {
      if (auto found = tables_.find(relation); found != tables_.end()) {
        const auto family = model_.family(found->second);
        tables.insert(family.begin(), family.end());
      }
      if (auto found = known_.find(relation); found != known_.end()) built_on.insert(found->second);
    };
    for (const auto& relation : use.relations) add(relation);
    for (const auto& type : types) add(type);
    for (const auto& function : use.functions) {
      if (auto found = known_.find(function); found != known_.end()) built_on.insert(found->second);
    }
    if (!written.table.value.name.empty()) add(sql::table(written.table.value));
    for (const auto& table : written.uses) {
      if (!tables_.contains(sql::table(table.value))) unknown_table(table);
      add(sql::table(table.value));
    }
    for (DependentId d : built_on) {
      tables.insert(model_.dependents[d].tables.begin(), model_.dependents[d].tables.end());
    }
    std::erase_if(tables, [&](model::TableId t) {
      const auto& columns = model_.tables[t].columns;
      return std::none_of(columns.begin(), columns.end(), [&](auto c) { return model_.changes(c); });
    });
    dependent.tables.assign(tables.begin(), tables.end());
    dependent.built_on.assign(built_on.begin(), built_on.end());
  }

  // It comes back, what it is built on does not. A replacement may do without.
  void refuse_what_is_missing(const Dependent& dependent) {
    const auto& written = *dependent.written;
    const bool replaced = !written.replacement.value.empty();
    const KeyUse use = key_use(replaced ? written.replacement.value : written.definition.value, keys_);
    for (const DependentId d : dependent.built_on) {
      const auto& below = *model_.dependents[d].written;
      const auto& names = is_function(below.kind.value) ? use.functions : use.relations;
      const auto name = known_name(below);
      if (below.set_aside.value.empty() || std::find(names.begin(), names.end(), name) == names.end()) continue;
      refuse(written, {fmt::format("it is built on {}, which is set aside", lower::title(below)), written.name.span});
    }
  }

  void take_keys(Dependent& dependent, const KeyUse& use) {
    for (const auto& literal : use.literals) {
      dependent.edits.push_back({literal.offset, literal.length, literal.domain, literal.value, ""});
    }
    for (const auto& edit : use.edits) {
      dependent.edits.push_back({edit.offset, edit.length, edit.domain, std::nullopt, edit.text});
    }
    std::sort(dependent.edits.begin(), dependent.edits.end(),
              [](const auto& a, const auto& b) { return a.offset < b.offset; });
    std::set<std::string> told;
    for (const auto& problem : use.problems) {
      if (!told.insert(problem.message).second) continue;
      refuse(*dependent.written, {problem.message, dependent.written->definition.span});
    }
  }

  bool stands_on_what_moves(const Dependent& dependent) const {
    return std::any_of(dependent.built_on.begin(), dependent.built_on.end(), [&](DependentId d) {
      const auto below = model_.dependents[d].handling;
      return below == Dependent::Handling::moved || below == Dependent::Handling::made_anew;
    });
  }

  // Columns of an heir begin in several tables and change one after the other: meanwhile nothing compares them.
  bool changes_in_parts(const plan::Dependent& written) const {
    const auto on = tables_.find(sql::table(written.table.value));
    if (on == tables_.end()) return false;
    std::set<model::TableId> begins;
    for (model::ColumnId c : model_.tables[on->second].columns) {
      if (model_.changes(c)) begins.insert(model_.columns[model_.top(c)].table);
    }
    return begins.size() > 1;
  }

  Dependent::Handling handling(const Dependent& dependent, const ParsedSql& parsed) const {
    using enum Dependent::Handling;
    const auto& written = *dependent.written;
    const bool is_text = is_function(written.kind.value) && !has_parsed_body(parsed);
    if (written.kind.value == DependentKind::partitioned_table) return made_anew;
    if (!written.set_aside.value.empty() || !dependent.drop_replacement.empty() || stands_on_what_moves(dependent)) {
      return moved;
    }
    if (is_text && !written.replacement.value.empty()) return replaced;
    if (is_text) return keeps_types(parsed) ? renewed : nothing;
    const bool stays = is_rebuilt(written.kind.value) && dependent.edits.empty() &&
                       written.replacement.value.empty() && !sets_statistics(parsed) && !changes_in_parts(written);
    return stays ? nothing : moved;
  }

  void refuse(const plan::Dependent& written, const plan::Text& problem) {
    diagnostics_.error("dependent", problem.span,
                       fmt::format("{} cannot be carried over: {}", lower::title(written), problem.value),
                       ways_to_settle(written, may_stay(written) && !stands_on_its_rows_type(written)));
  }

  void warn_unused(const plan::Dependent& written) {
    diagnostics_.warning("unused-dependent", written.name.span,
                         fmt::format("{} uses no table whose keys change", lower::title(written)),
                         "name the tables under uses:, or delete the entry")
        .about(written.name.value);
  }

  void warn_of_body(const plan::Dependent& written) {
    diagnostics_.warning("function-body", written.name.span,
                         fmt::format("{} names key columns in a body that is a text to the server: it is left as it is",
                                     lower::title(written)),
                         "check that it works with uuid keys, then say so with as_is: (a reason), or give it a "
                         "replacement:")
        .about(written.name.value);
  }

  void unknown_table(const plan::Located<plan::TableName>& table) {
    std::vector<std::string> known;
    for (const auto& t : model_.tables) known.push_back(to_text(t.name()));
    const auto near = nearest(to_text(table.value), known);
    diagnostics_.error("unknown-table", table.span,
                       fmt::format("table {} is not in the plan", to_text(table.value)),
                       near ? fmt::format("did you mean {}?", *near) : "take it out of uses:");
  }

  Model& model_;
  Diagnostics& diagnostics_;
  KeyColumns keys_;
  std::map<std::string, model::TableId> tables_;
  std::map<std::string, DependentId> known_;  // by known_name()
};

}  // namespace

bool is_text_to_the_server(const plan::Dependent& dependent) {
  return is_function(dependent.kind.value) && !has_parsed_body(ParsedSql(dependent.definition.value));
}

void read_dependents(Model& model, Diagnostics& diagnostics) {
  Reader reader(model, diagnostics);
  for (const auto& written : model.plan->dependents) reader.read(written);
  reader.check_functions_set_aside();
}

}  // namespace rekey::lint
