#include "compiler/lower/online_sync.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/lower/generators.h"
#include "compiler/lower/online_keys.h"
#include "compiler/lower/sql.h"

namespace rekey::lower {

using model::TableId;

namespace {

// The last by name, so that they see what the users' triggers have changed.
constexpr const char* kInsert = "\"~rekey_insert\"";
constexpr const char* kUpdate = "\"~rekey_update\"";

const model::Domain& domain_of(const OnlinePhase& context, const Pair& pair) { return context.model.domain_of(pair.column); }

bool is_root(const OnlinePhase& context, const Pair& pair) { return domain_of(context, pair).root == pair.column; }

std::string joined(const std::vector<std::string>& parts, const char* between) {
  return fmt::format("{}", fmt::join(parts, between));
}

// Rows that were written after a swap, which has been taken back since, keep the keys that they had.
std::string new_follows(const OnlinePhase& context, TableId t, Follows what) {
  std::string body;
  for (const auto& pair : in_giving_order(context, t)) {
    const auto& domain = domain_of(context, pair);
    if (domain.is_listed()) {
      const auto key_for = is_root(context, pair) ? key_for_row : key_for_reference;
      body += fmt::format("  NEW.{} := {};\n", pair.shadow, key_for(context, pair, &Pair::name, what != Follows::new_key));
      continue;
    }
    auto key = new_key(domain, "NEW." + pair.name);
    if (what == Follows::new_key_again) {
      key = fmt::format("coalesce((SELECT new_key FROM rekey.keys WHERE domain = {} AND old_key = NEW.{}),\n    {})",
                        sql::literal(domain.name), pair.name, key);
    }
    body += fmt::format("  NEW.{} := {};\n", pair.shadow, key);
  }
  return body;
}

// The old key is a function of the new one, the same wherever that stands: whichever row comes first, what refers to
// a row or the row itself, and whatever becomes of the row.
std::string old_follows(const OnlinePhase& context, TableId t) {
  std::string body;
  for (const auto& pair : context.pairs.at(t)) {
    const auto key = fmt::format("{}(NEW.{})", context.old_key(pair), pair.name);
    if (domain_of(context, pair).of_uuids) {  // a statement without a list of columns has the key in the other's place
      body += fmt::format("  IF TG_OP = 'INSERT' AND NEW.{0} IS NOT NULL AND NEW.{0} IS DISTINCT FROM {1} THEN\n"
                          "    PERFORM rekey.refuse_place({2}, {3});\n  END IF;\n", pair.legacy, key, sql::literal(context.table(t)),
                          sql::literal(pair.name_text));
    }
    body += fmt::format("  NEW.{} := {};\n", pair.legacy, key);
  }
  return body;
}

// Where the plan gives new rows no key, one without any is the old version's, which leaves it to the server.
std::string drawn(const OnlinePhase& context, const Pair& pair) {
  const auto& domain = domain_of(context, pair);
  const auto& column = *context.model.columns[pair.column].written;
  if (!is_root(context, pair) || !domain.is_listed() || context.model.new_default(pair.column) != "none") return "";
  const auto given = !column.sequence.value.empty() ? fmt::format("nextval({})", sql::literal(context.ids(domain))) : column.default_value.value;
  if (given.empty()) return "";
  return fmt::format("  IF TG_OP = 'INSERT' AND NEW.{0} IS NULL AND NEW.{1} IS NULL THEN\n    NEW.{0} := {2};\n  END IF;\n", pair.legacy, pair.name, given);
}

// Over a bridge somebody may have written the old key alone.
std::string either_follows(const OnlinePhase& context, TableId t) {
  std::string body;
  for (const auto& pair : in_giving_order(context, t)) {
    auto key = fmt::format("{}(NEW.{})", context.new_key(pair), pair.legacy);
    if (domain_of(context, pair).is_listed()) key = (is_root(context, pair) ? key_for_row : key_for_reference)(context, pair, &Pair::legacy, true);
    body += drawn(context, pair);
    body += fmt::format(R"(  IF TG_OP = 'INSERT' AND NEW.{0} IS NOT NULL
     OR TG_OP = 'UPDATE' AND NEW.{1} IS NOT DISTINCT FROM OLD.{1} AND NEW.{0} IS DISTINCT FROM OLD.{0} THEN
    NEW.{1} := {2};
  ELSIF TG_OP = 'INSERT' OR NEW.{1} IS DISTINCT FROM OLD.{1} THEN
    NEW.{0} := {3}(NEW.{1});
  END IF;
)", pair.legacy, pair.name, key, context.old_key(pair));
  }
  return body;
}

std::string function(const std::string& name, const char* settings, const std::string& body) {
  return fmt::format("CREATE OR REPLACE FUNCTION {}() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER "
                     "{}\nAS {};\n", name, settings, sql::dollar_quoted("\nBEGIN\n" + body + "  RETURN NEW;\nEND\n"));
}

// `event`: BEFORE INSERT; `how`: what stands before EXECUTE.
std::string trigger(const std::string& table, const char* name, const char* event, const std::string& how,
                    const std::string& function) {
  return fmt::format("CREATE TRIGGER {0} {1} ON {2}\n  {3}EXECUTE FUNCTION {4}();\n"
                     "ALTER TABLE {2} ENABLE ALWAYS TRIGGER {0};\n",
                     name, event, table, how, function);
}

// While there are two unique indexes on a key, an upsert sees a conflict on but one of them. Inserts of one key, or of
// others with its hash, wait for each other.
std::string one_by_one(const OnlinePhase& context, TableId t) {
  const auto& table = context.model.tables[t];
  if (!table.written->upserts.value) return "";
  std::vector<std::string> key;
  for (const auto& column : table.written->primary_key) key.push_back("NEW." + sql::identifier(column.value));
  return fmt::format("  IF TG_OP = 'INSERT' THEN\n    PERFORM pg_advisory_xact_lock(TG_RELID::integer, hashtext(ROW({})::text) & 1023);\n"
                     "  END IF;\n", joined(key, ", "));
}

std::string body(const OnlinePhase& context, TableId t, Follows what) {
  if (what != Follows::old_key) return new_follows(context, t, what);
  return context.bridged() ? either_follows(context, t) : old_follows(context, t);
}

// They follow their columns through a swap, and are right on either side of it. A backfill, which gives new keys to rows
// that have none, passes them by.
std::string sync_triggers(const OnlinePhase& context, TableId t, Follows what) {
  const auto name = context.function(t, "sync"), table = context.table(t);
  std::vector<std::string> changes;
  for (const auto& pair : context.pairs.at(t)) {
    const auto& [old_key, new_key] = what == Follows::old_key ? std::tie(pair.legacy, pair.name) : std::tie(pair.name, pair.shadow);
    changes.push_back(fmt::format("OLD.{0} <> NEW.{0} OR OLD.{1} <> NEW.{1} OR (NEW.{0} IS NULL) <> (NEW.{1} IS NULL)", old_key, new_key));
  }
  return trigger(table, kInsert, "BEFORE INSERT", "FOR EACH ROW ", name) +
         trigger(table, kUpdate, "BEFORE UPDATE", fmt::format("FOR EACH ROW WHEN ({})\n  ", joined(changes, "\n    OR ")), name);
}

// The old key as far as it is known: no row gets one by being compared.
std::string known_old_key(const model::Domain& domain, const std::string& key) {
  if (domain.is_listed()) return given_old_key(domain, key);
  return fmt::format("CASE WHEN {} THEN {} ELSE (SELECT k.old_key FROM rekey.keys k WHERE k.domain = {} AND k.new_key = {}) END",
                     holds(domain, key), legacy_id(domain, key), sql::literal(domain.name), key);
}

}  // namespace

std::string sync(const OnlinePhase& context, TableId t, Follows what) {
  return sync_function(context, t, what) + sync_triggers(context, t, what);
}

std::string sync_function(const OnlinePhase& context, TableId t, Follows what) {
  std::string giving;
  for (model::DomainId d : given_at(context, t)) {
    if (what == Follows::old_key && !context.bridged()) continue;
    giving += give_functions(context, context.model.domains[d], what == Follows::old_key ? &Pair::legacy : &Pair::name);
  }
  const char* settings = holds_given(context, t) ? kLooksUp : "SET search_path = pg_catalog, pg_temp";
  return giving + function(context.function(t, "sync"), settings, one_by_one(context, t) + body(context, t, what));
}

std::string unsync(const OnlinePhase& context, TableId t) {
  return fmt::format("DROP TRIGGER {0} ON {2};\nDROP TRIGGER {1} ON {2};\n", kInsert, kUpdate, context.table(t));
}

std::string unsync_if_there(const OnlinePhase& context, TableId t) {
  return fmt::format("DROP TRIGGER IF EXISTS {0} ON {2};\nDROP TRIGGER IF EXISTS {1} ON {2};\n", kInsert, kUpdate, context.table(t));
}

namespace {

// Each key that was given is written down: an old one is taken where it cannot be written down once more.
std::string old_key_of_given(const OnlinePhase& context, const model::Domain& domain) {
  const auto draw = domain.of_uuids ? std::string("CASE WHEN drawn IS NULL THEN of_key ELSE gen_random_uuid() END")
                                    : fmt::format("nextval({})", sql::literal(context.ids(domain)));
  const auto body = fmt::format(R"(
#variable_conflict use_variable
DECLARE
  drawn {0};
  known {0};
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  END IF;
  LOOP
    SELECT old_key INTO known FROM {1} WHERE domain = {2} AND new_key = of_key;
    IF FOUND THEN
      RETURN known;
    END IF;
    drawn := {3};
    INSERT INTO {1} VALUES ({2}, drawn, of_key{4}) ON CONFLICT DO NOTHING;
  END LOOP;
END
)", old_key_type(domain), pairs_of(domain), sql::literal(domain.name), draw, domain.of_uuids ? "" : ", true");
  return fmt::format("CREATE FUNCTION {}(of_key uuid) RETURNS {}\nLANGUAGE plpgsql SECURITY DEFINER "
                     "{}\nAS {};", context.old_key(context.pair_of(domain.root)),
                     old_key_type(domain), kLooksUp, sql::dollar_quoted(body));
}

}  // namespace

// An id is taken where a row has the key made from it, or another key has it in rekey.keys: the old keys themselves may
// be gone, or not yet filled.
std::string old_key_function(const OnlinePhase& context, const model::Domain& domain) {
  if (domain.is_listed()) return old_key_of_given(context, domain);
  const auto& root = context.pair_of(domain.root);
  const auto body = fmt::format(R"(
#variable_conflict use_variable
DECLARE
  drawn bigint;
BEGIN
  IF of_key IS NULL THEN
    RETURN NULL;
  ELSIF {0} THEN
    RETURN {1};
  END IF;
  LOOP
    SELECT old_key INTO drawn FROM rekey.keys WHERE domain = {2} AND new_key = of_key;
    IF FOUND THEN
      RETURN drawn;
    END IF;
    drawn := nextval({3});
    CONTINUE WHEN EXISTS (SELECT FROM {4} r WHERE r.{5} = {6});
    INSERT INTO rekey.keys VALUES ({2}, drawn, of_key, true) ON CONFLICT DO NOTHING;
  END LOOP;
END
)", holds(domain, "of_key"), legacy_id(domain, "of_key"), sql::literal(domain.name), sql::literal(context.ids(domain)),
                                context.table(context.model.columns[domain.root].table), root.name,
                                new_key(domain, "drawn"));
  return fmt::format("CREATE FUNCTION {}(of_key uuid) RETURNS bigint\n"
                     "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp\nAS {};",
                     context.old_key(root), sql::dollar_quoted(body));
}

std::string new_key_function(const OnlinePhase& context, const model::Domain& domain) {
  return fmt::format("CREATE FUNCTION {}(of_id bigint) RETURNS uuid\n"
                     "LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\nAS {};",
                     context.new_key(context.pair_of(domain.root)),
                     sql::dollar_quoted(fmt::format("\n  SELECT coalesce((SELECT new_key FROM rekey.keys WHERE domain = {} AND "
                                                    "old_key = of_id), {})\n", sql::literal(domain.name), new_key(domain, "of_id"))));
}

std::string disagreement(const OnlinePhase& context, TableId t, Follows what) {
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) {
    const auto& domain = domain_of(context, pair);
    if (what == Follows::old_key) {
      parts.push_back(fmt::format("t.{0} IS DISTINCT FROM {2} OR t.{0} IS NULL AND t.{1} IS NOT NULL", pair.legacy, pair.name,
                                  known_old_key(domain, "t." + pair.name)));
      continue;
    }
    if (domain.is_listed()) {
      parts.push_back(fmt::format("t.{} {} {}", pair.shadow, what == Follows::new_key ? "<>" : "IS DISTINCT FROM", given_key(domain, "t." + pair.name)));
      continue;
    }
    parts.push_back(fmt::format("t.{0} IS DISTINCT FROM {1} AND NOT EXISTS (SELECT FROM rekey.keys k WHERE k.domain = {2} "
                                "AND k.old_key = t.{3} AND k.new_key = t.{0})",
                                pair.shadow, new_key(domain, "t." + pair.name), sql::literal(domain.name), pair.name));
  }
  return joined(parts, " OR ");
}

std::string filled(const OnlinePhase& context, TableId t) {
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) {
    const auto& domain = domain_of(context, pair);
    parts.push_back(fmt::format("{} = {}", pair.shadow, domain.is_listed() ? given_key(domain, "t." + pair.name) : new_key(domain, pair.name)));
  }
  return joined(parts, ", ");
}

std::string lacking(const OnlinePhase& context, TableId t) {
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) {
    const auto& domain = domain_of(context, pair);
    parts.push_back(domain.is_listed() ? fmt::format("t.{} IS NULL AND EXISTS {}", pair.shadow, given_key(domain, "t." + pair.name))
                                       : fmt::format("{} IS NULL AND {} IS NOT NULL", pair.shadow, pair.name));
  }
  return joined(parts, " OR ");
}

std::string differing(const OnlinePhase& context, TableId t) {
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) {
    const auto& domain = domain_of(context, pair);
    if (!domain.is_listed()) continue;
    const auto key = given_key(domain, "t." + pair.name);
    parts.push_back(fmt::format("t.{1} <> {0} OR t.{1} IS NULL AND EXISTS {0}", key, pair.shadow));
  }
  return joined(parts, " OR ");
}

Step settling_step(const OnlinePhase& context, TableId t, std::string id, const char* kind) {
  Step step = table_step(context, t, std::move(id), kind);
  step.up_title = step.down_title = fmt::format("old keys for the rows of {}{} that lack one or have another",
                                                context.model.tables[t].partitioned() ? "new partitions of " : "", step.table);
  step.transactional = false;
  std::vector<std::string> parts;
  for (const auto& pair : context.pairs.at(t)) {
    parts.push_back(fmt::format("{} = {}({})", pair.legacy, context.old_key(pair), pair.name));
  }
  const bool partitioned = context.model.tables[t].partitioned();
  step.data["settle"] = partitioned ? "settle_new_partitions" : "settle_old_keys";
  step.data["members"] = partitioned ? ", " + context.members(t) : "";
  step.data["column"] = sql::literal(context.pairs.at(t).front().legacy_text);
  step.data["assigned"] = sql::dollar_quoted(joined(parts, ", "));
  step.data["condition"] = sql::dollar_quoted(disagreement(context, t, Follows::old_key));
  return step;
}

}  // namespace rekey::lower
