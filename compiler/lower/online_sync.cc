#include "compiler/lower/online_sync.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/lower/generators.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {

using model::TableId;

namespace {

// The last by name, so that they see what the users' triggers have changed.
constexpr const char* kInsert = "\"~rekey_insert\"";
constexpr const char* kUpdate = "\"~rekey_update\"";
constexpr const char* kLate = "\"~rekey_late\"";

const model::Domain& domain_of(const OnlinePhase& context, const Pair& pair) { return context.model.domain_of(pair.column); }
bool is_root(const OnlinePhase& context, const Pair& pair) { return context.model.columns[pair.column].root; }

// Where the domain of a pair begins.
struct Home {
  const Pair& root;
  TableId table;
};
Home home_of(const OnlinePhase& context, const Pair& pair) {
  const auto root = domain_of(context, pair).root;
  return {context.pair_of(root), context.model.columns[root].table};
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string new_follows(const OnlinePhase& context, TableId t) {
  std::string body;
  for (const auto& pair : context.pairs.at(t)) {
    body += fmt::format("  NEW.{} := {};\n", pair.shadow, new_key(domain_of(context, pair), "NEW." + pair.name));
  }
  return body;
}

// A root's old key comes from its sequence, unless its new one was made from an id: then it is that. What refers to a
// root takes its old key from there.
std::string old_follows(const OnlinePhase& context, TableId t) {
  std::string body;
  for (const auto& pair : context.pairs.at(t)) {
    if (!is_root(context, pair)) continue;
    body += fmt::format("  IF TG_OP = 'INSERT' AND {} THEN\n    NEW.{} := {};\n  END IF;\n",
                        holds(domain_of(context, pair), "NEW." + pair.name), pair.legacy,
                        legacy_id(domain_of(context, pair), "NEW." + pair.name));
  }
  for (const auto& pair : context.pairs.at(t)) {
    if (is_root(context, pair)) continue;
    const auto& domain = domain_of(context, pair);
    const auto [root, home] = home_of(context, pair);
    std::string own;
    if (home == t) own = fmt::format("  ELSIF NEW.{} = NEW.{} THEN\n    NEW.{} := NEW.{};\n", pair.name, root.name, pair.legacy, root.legacy);
    body += fmt::format(
        "  IF NEW.{0} IS NULL THEN\n    NEW.{1} := NULL;\n{2}  ELSE\n"
        "    SELECT r.{3} INTO NEW.{1} FROM {4} r WHERE r.{5} = NEW.{0};\n"
        "    IF NOT FOUND AND {6} THEN\n      NEW.{1} := {7};\n    END IF;\n  END IF;\n",
        pair.name, pair.legacy, own, root.legacy, context.table(home), root.name, holds(domain, "NEW." + pair.name),
        legacy_id(domain, "NEW." + pair.name));
  }
  return body;
}

std::string function(const std::string& name, const std::string& body) {
  return fmt::format("CREATE OR REPLACE FUNCTION {}() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER "
                     "SET search_path = pg_catalog, pg_temp\nAS {};\n", name, sql::dollar_quoted("\nBEGIN\n" + body + "  RETURN NEW;\nEND\n"));
}

// `event`: BEFORE INSERT; `how`: what stands before EXECUTE.
std::string trigger(const std::string& table, const char* name, const char* event, const std::string& how,
                    const std::string& function) {
  return fmt::format("CREATE {0}TRIGGER {1} {2} ON {3}\n  {4}EXECUTE FUNCTION {5}();\n"
                     "ALTER TABLE {3} ENABLE ALWAYS TRIGGER {1};\n",
                     name == kLate ? "CONSTRAINT " : "", name, event, table, how, function);
}

// What came before the row that it refers to has its old key when the transaction ends.
std::string late_body(const OnlinePhase& context, TableId t) {
  std::string body;
  for (const auto& pair : context.pairs.at(t)) {
    if (is_root(context, pair)) continue;
    const auto [root, home] = home_of(context, pair);
    body += fmt::format("  UPDATE {0} t SET {1} = r.{2} FROM {3} r\n  WHERE r.{4} = t.{5} AND t.{5} = NEW.{5} AND t.{1} IS NULL;\n",
                        context.table(t), pair.legacy, root.legacy, context.table(home), root.name, pair.name);
  }
  return body;
}

std::vector<std::string> late_conditions(const OnlinePhase& context, TableId t) {
  std::vector<std::string> out;
  for (const auto& pair : context.pairs.at(t)) {
    if (!is_root(context, pair)) out.push_back(fmt::format("NEW.{} IS NOT NULL AND NEW.{} IS NULL", pair.name, pair.legacy));
  }
  return out;
}

}  // namespace

std::string sync(const OnlinePhase& context, TableId t, Follows what) {
  const bool forward = what == Follows::new_key;
  const auto name = context.function(t, "sync");
  std::vector<std::string> changes;
  for (const auto& pair : context.pairs.at(t)) {
    if (forward) {
      changes.push_back(fmt::format("OLD.{0} IS DISTINCT FROM NEW.{0} OR NEW.{0} IS NOT NULL AND NEW.{1} IS NULL", pair.name, pair.shadow));
    } else if (!is_root(context, pair)) {
      changes.push_back(fmt::format("OLD.{0} IS DISTINCT FROM NEW.{0}", pair.name));
    }
  }
  const auto table = context.table(t);
  auto text = function(name, forward ? new_follows(context, t) : old_follows(context, t)) +
              trigger(table, kInsert, "BEFORE INSERT", "FOR EACH ROW ", name);
  if (!changes.empty()) {
    text += trigger(table, kUpdate, "BEFORE UPDATE", fmt::format("FOR EACH ROW WHEN ({})\n  ", joined(changes, "\n    OR ")), name);
  }
  const auto late = late_conditions(context, t);
  if (forward || late.empty()) return text;
  const auto late_name = context.function(t, "late");
  return text + function(late_name, late_body(context, t)) +
         trigger(table, kLate, "AFTER INSERT OR UPDATE",
                 fmt::format("DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({})\n  ", joined(late, "\n    OR ")), late_name);
}

std::string unsync(const OnlinePhase& context, TableId t, Follows what) {
  const auto drop = [&](const char* name) { return fmt::format("DROP TRIGGER {} ON {};\n", name, context.table(t)); };
  const bool others = !late_conditions(context, t).empty();
  if (what == Follows::new_key) return drop(kInsert) + drop(kUpdate);
  if (!others) return drop(kInsert);
  return drop(kInsert) + drop(kUpdate) + drop(kLate) + fmt::format("DROP FUNCTION {}();\n", context.function(t, "late"));
}

std::string disagreement(const OnlinePhase& context, TableId t, Follows what) {
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) {
    if (what == Follows::new_key) {
      parts.push_back(fmt::format("t.{} IS DISTINCT FROM {}", pair.shadow, new_key(domain_of(context, pair), "t." + pair.name)));
      continue;
    }
    const auto [root, home] = home_of(context, pair);
    parts.push_back(fmt::format("(t.{} IS NULL) <> (t.{} IS NULL)", pair.name, pair.legacy));
    if (is_root(context, pair)) continue;
    parts.push_back(fmt::format("EXISTS (SELECT FROM {} r WHERE r.{} = t.{} AND r.{} IS DISTINCT FROM t.{})",
                                context.table(home), root.name, pair.name, root.legacy, pair.legacy));
  }
  return joined(parts, " OR ");
}

std::string filled(const OnlinePhase& context, TableId t) {
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) {
    parts.push_back(fmt::format("{} = {}", pair.shadow, new_key(domain_of(context, pair), pair.name)));
  }
  return joined(parts, ", ");
}

std::string lacking(const OnlinePhase& context, TableId t) {
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) parts.push_back(fmt::format("{} IS NULL AND {} IS NOT NULL", pair.shadow, pair.name));
  return joined(parts, " OR ");
}

}  // namespace rekey::lower
