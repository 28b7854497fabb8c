#include "compiler/lower/online_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/generators.h"
#include "compiler/lower/sql.h"
#include "compiler/model/resolve.h"

namespace rekey::lower {

using model::ColumnId;
using model::DomainId;
using model::TableId;

namespace {

std::string made(const model::Domain& domain) { return fmt::format("rekey.made_key_{}", domain.root + 1); }
std::string give(const model::Domain& domain) { return fmt::format("rekey.give_key_{}", domain.root + 1); }

bool is_root(const OnlinePhase& context, const Pair& pair) {
  return context.model.domain_of(pair.column).root == pair.column;
}

void add_in_order(const OnlinePhase& context, DomainId d, std::vector<DomainId>& out) {
  const auto& domain = context.model.domains[d];
  if (std::find(out.begin(), out.end(), d) != out.end()) return;
  for (const auto& part : domain.key_name) {
    const ColumnId c = model::named_column(context.model, domain, part);
    if (c != model::kNone && context.changes_here(c) && context.model.domain_of(c).is_listed()) {
      add_in_order(context, context.model.columns[c].domain, out);
    }
  }
  out.push_back(d);
}

// A key column of an earlier phase holds the new key by now.
std::string part_of_name(const OnlinePhase& context, ColumnId c, const std::string& column, std::string Pair::*named) {
  if (!context.model.changes(c)) return "of_row." + column;
  const auto& domain = context.model.domain_of(c);
  if (domain.phase < context.number()) return "of_row." + column;
  const auto old_key = "of_row." + (context.changes_here(c) ? context.pair_of(c).*named : column);
  return domain.is_listed() ? given_key(domain, old_key) : new_key(domain, old_key);
}

std::string made_from(const OnlinePhase& context, const model::Domain& domain, std::string Pair::*named) {
  if (domain.generator == plan::Generator::expression) {  // it may fail for a row, which is no reason for a statement to
    return fmt::format("  RETURN (SELECT ({}) FROM (SELECT of_row.*) r);\nEXCEPTION WHEN OTHERS THEN\n  RETURN NULL;\n", domain.key_expression);
  }
  if (domain.generator == plan::Generator::v5) {
    const auto part = [&](ColumnId c, const std::string& column) { return part_of_name(context, c, column, named); };
    return fmt::format("  RETURN rekey.named({}, {});\n", sql::literal(domain.name_space), name_of_parts(context.model, domain, part));
  }
  const auto id = "of_row." + context.pair_of(domain.root).*named;
  const auto time = "of_row." + sql::identifier(time_column(context.model, domain));
  const auto within = domain.of_uuids ? "" : fmt::format(" AND {} BETWEEN -140737488355328 AND 140737488355327", id);
  return fmt::format("  RETURN CASE WHEN rekey.fits_in_key({}){} THEN {} END;\n", time, within, timed_key(domain, id, time));
}

}  // namespace

std::vector<DomainId> given_domains(const OnlinePhase& context) {
  std::vector<DomainId> out;
  for (DomainId d : context.phase.domains) {
    if (context.model.domains[d].is_listed()) add_in_order(context, d, out);
  }
  return out;
}

std::vector<DomainId> given_at(const OnlinePhase& context, TableId t) {
  auto out = given_domains(context);
  std::erase_if(out, [&](DomainId d) { return context.model.columns[context.model.domains[d].root].table != t; });
  return out;
}

bool holds_given(const OnlinePhase& context, TableId t) {
  const auto& own = context.pairs.at(t);
  return std::any_of(own.begin(), own.end(), [&](const Pair& pair) { return context.model.domain_of(pair.column).is_listed(); });
}

std::vector<Pair> in_giving_order(const OnlinePhase& context, TableId t) {
  auto out = context.pairs.at(t);
  const auto order = given_at(context, t);
  const auto place = [&](const Pair& pair) {
    return is_root(context, pair) ? std::find(order.begin(), order.end(), context.model.columns[pair.column].domain) : order.end();
  };
  std::stable_sort(out.begin(), out.end(), [&](const Pair& a, const Pair& b) { return place(a) < place(b); });
  return out;
}

const char* old_key_type(const model::Domain& domain) { return domain.of_uuids ? "uuid" : "bigint"; }
const char* pairs_of(const model::Domain& domain) { return domain.of_uuids ? "rekey.pairs" : "rekey.keys"; }

std::string given_key(const model::Domain& domain, const std::string& old_key) {
  return fmt::format("(SELECT k.new_key FROM {} k WHERE k.domain = {} AND k.old_key = {})", pairs_of(domain), sql::literal(domain.name), old_key);
}

std::string given_old_key(const model::Domain& domain, const std::string& new_key) {
  return fmt::format("(SELECT k.old_key FROM {} k WHERE k.domain = {} AND k.new_key = {})", pairs_of(domain), sql::literal(domain.name), new_key);
}

// A pair without a row was of one that is gone, or never came: an upsert that finds its row proposes another before.
// So a key is taken from such a pair, and who writes an old key again gets what its row holds now.
std::string give_functions(const OnlinePhase& context, const model::Domain& domain, std::string Pair::*named) {
  const auto table = context.table(context.model.columns[domain.root].table);
  const auto& root = context.pair_of(domain.root);
  const auto body = fmt::format(R"(
#variable_conflict use_variable
DECLARE
  given uuid;
BEGIN
  IF of_id IS NULL THEN
    RETURN NULL;
  ELSIF was <> of_id THEN
    DELETE FROM {0} WHERE domain = {1} AND old_key = of_id;
    UPDATE {0} SET old_key = of_id WHERE domain = {1} AND old_key = was RETURNING new_key INTO given;
    IF FOUND THEN
      RETURN given;
    END IF;
  END IF;
  SELECT new_key INTO given FROM {0} WHERE domain = {1} AND old_key = of_id;
  IF FOUND AND (given = made OR EXISTS (SELECT FROM {2} r WHERE r.{3} = of_id)) THEN
    RETURN given;
  END IF;
  DELETE FROM {0} WHERE domain = {1} AND old_key = of_id;
  IF made IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO {0} VALUES ({1}, of_id, made{4}) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE {0} k SET old_key = of_id
    WHERE k.domain = {1} AND k.new_key = made AND NOT EXISTS (SELECT FROM {2} r WHERE r.{3} = k.old_key);
  END IF;
  RETURN {5};
END
)", pairs_of(domain), sql::literal(domain.name), table, root.*named, domain.of_uuids ? "" : ", false", given_key(domain, "of_id"));
  return fmt::format("CREATE OR REPLACE FUNCTION {0}(of_row {1}) RETURNS uuid\nLANGUAGE plpgsql STABLE "
                     "{6} SET TimeZone = 'UTC'\nAS {2};\n"
                     "CREATE OR REPLACE FUNCTION {3}(of_id {4}, was {4}, made uuid) RETURNS uuid\nLANGUAGE plpgsql SECURITY DEFINER "
                     "{6}\nAS {5};\n",
                     made(domain), table,
                     sql::dollar_quoted("\n#variable_conflict use_column\nBEGIN\n" + made_from(context, domain, named) + "END\n"),
                     give(domain), old_key_type(domain), sql::dollar_quoted(body), kLooksUp);
}

std::string drop_made_key(const OnlinePhase& context, const model::Domain& domain) {
  return fmt::format("DROP FUNCTION IF EXISTS {}({});", made(domain), context.table(context.model.columns[domain.root].table));
}

std::string drop_give_key(const model::Domain& domain) {
  return fmt::format("DROP FUNCTION {0}({1}, {1}, uuid);", give(domain), old_key_type(domain));
}

// Of two rows with one key the second meets the index on it, or is an upsert's that takes the first.
std::string key_for_row(const OnlinePhase& context, const Pair& root, std::string Pair::*named, bool strictly) {
  const auto& domain = context.model.domain_of(root.column);
  const auto id = "NEW." + root.*named;
  const auto key = fmt::format("{}({}, CASE TG_OP WHEN 'UPDATE' THEN OLD.{} END, {}(NEW))", give(domain), id, root.*named, made(domain));
  if (!strictly) return key;
  return fmt::format("CASE WHEN {0} IS NOT NULL THEN coalesce({1},\n    {2}(NEW), rekey.refuse_row({3}, {4}, {0}::text)) END", id, key, made(domain),
                     sql::literal(context.table(context.model.columns[root.column].table)), sql::literal(root.name_text));
}

std::string key_for_reference(const OnlinePhase& context, const Pair& pair, std::string Pair::*named, bool strictly) {
  const auto& domain = context.model.domain_of(pair.column);
  const auto id = "NEW." + pair.*named;
  const auto key = given_key(domain, id);
  if (!strictly) return key;
  const auto& root = context.pair_of(domain.root);
  return fmt::format("CASE WHEN {0} IS NOT NULL THEN coalesce({1},\n    rekey.refuse_reference({2}, {3}, {0}::text, EXISTS (SELECT FROM {4} r WHERE r.{5} = {0}))) END",
                     id, key, sql::literal(context.table(context.model.columns[pair.column].table)), sql::literal(pair.name_text),
                     context.table(context.model.columns[root.column].table), root.*named);
}

std::string giving(const model::Domain& domain, const OnlinePhase& context) {
  return fmt::format("SELECT {}(t.{}, NULL, {}(t.*))", give(domain), context.pair_of(domain.root).name, made(domain));
}

std::string not_given(const model::Domain& domain, const OnlinePhase& context) {
  const auto id = "t." + context.pair_of(domain.root).name;
  return fmt::format("{} IS NOT NULL AND NOT EXISTS {}", id, given_key(domain, id));
}

std::vector<std::string> key_arguments(const OnlinePhase& context, TableId t) {
  std::vector<std::string> out;
  for (const auto& pair : in_giving_order(context, t)) {
    const auto& domain = context.model.domain_of(pair.column);
    if (!domain.is_listed()) continue;
    out.push_back(fmt::format("{}, {}, {}, {}, {}", sql::literal(context.table(t)), sql::literal(pair.name_text), sql::literal(pair.shadow_text),
                              sql::literal(domain.name), is_root(context, pair) ? sql::literal(made(domain)) : "NULL"));
  }
  return out;
}

nlohmann::json expected_of_rows(const OnlinePhase& context) {
  auto out = nlohmann::json::array();
  for (DomainId d : given_domains(context)) {
    const auto& domain = context.model.domains[d];
    const auto table = sql::literal(context.table(context.model.columns[domain.root].table));
    const auto key = sql::literal(context.model.columns[domain.root].name());
    auto columns = name_columns(domain);
    if (const auto time = time_column(context.model, domain); !time.empty()) columns.push_back(time);
    nlohmann::json item = {{"calls", nlohmann::json::array()}};
    const auto call = [&](const std::string& text) { item["calls"].push_back(fmt::format("CALL rekey.{};", text)); };
    call(fmt::format("expect_known_values({}, {})", table, columns.empty() ? "'{}'" : sql::text_array(columns)));
    if (domain.generator == plan::Generator::v5) call(fmt::format("expect_names({}, {}, {})", table, key, sql::text_array(name_columns(domain))));
    if (domain.generator == plan::Generator::expression) {
      call(fmt::format("expect_expression({}, {}, {})", table, key, sql::dollar_quoted(domain.key_expression)));
    }
    const bool has_its_id = domain.generator == plan::Generator::v7 && !domain.of_uuids;
    if (!has_its_id) {
      const auto same = domain.generator == plan::Generator::expression ? domain.key_expression : compared_name(context.model, domain);
      call(fmt::format("expect_keys_of_their_own({}, {}, {}, {})", sql::literal(domain.name), table, key, sql::dollar_quoted(same)));
    }
    out.push_back(item);
  }
  return out;
}

}  // namespace rekey::lower
