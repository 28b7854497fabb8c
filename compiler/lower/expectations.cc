// What the rows of a table may have in the way of borrowed keys, and of foreign keys that the plan wants: as queries that
// need nothing in the database, so that all of it is named before the foundation is there. templates/foundation/places.sql
// looks for the same when a phase opens.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/lower/borrowed.h"
#include "compiler/lower/sql.h"
#include "compiler/plan/names.h"

namespace rekey::lower {
namespace {

using bundle::Expectation;

constexpr const char* kCorrect = "correct or delete these, or write the plan so that it knows them";

std::string table(const model::Model& model, model::TableId t) { return sql::table(model.tables[t].name()); }

// A query of the values at a path, one by one.
std::string values_at(const plan::Path& path, std::string at) {
  std::string sources;
  int number = 0;
  for (const auto& step : path) {
    if (step) {
      at = fmt::format("({} -> {})", at, sql::literal(*step));
      continue;
    }
    ++number;
    sources += fmt::format("{} jsonb_array_elements(CASE jsonb_typeof({}) WHEN 'array' THEN {} ELSE '[]' END) a{} (e{})",
                           number == 1 ? " FROM" : " CROSS JOIN LATERAL", at, at, number, number);
    at = fmt::format("e{}", number);
  }
  return fmt::format("SELECT {} AS value{}", at, sources);
}

class Expected {
 public:
  Expected(const model::Model& model, const model::Domain& domain)
      : model_(model), domain_(domain), column_(model.columns[domain.root]), table_(table(model, column_.table)),
        phase_(model.phases[domain.phase].id) {}

  std::vector<Expectation> run() {
    if (!column_.document()) types();
    for (const auto& place : domain_.places) {
      if (!model_.changes(place.key)) continue;
      if (column_.document()) strays(place);
      held(place);
    }
    return std::move(out_);
  }

 private:
  void add(std::string query, std::string what, std::string fix) { out_.push_back({phase_, std::move(query), std::move(what), std::move(fix)}); }
  std::string name() const { return table_ + "." + sql::identifier(column_.name()); }

  // From tables and their documents, values v.value.
  std::string source(const model::Place& place) const {
    return fmt::format("{} t CROSS JOIN LATERAL ({}) v", table_, values_at(place.path, "t." + sql::identifier(column_.name())));
  }

  std::string is_key(const model::Place& place) const {
    if (model_.domain_of(place.key).of_uuids) {
      return "(jsonb_typeof(v.value) = 'string' AND v.value #>> '{}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')";
    }
    return "(CASE WHEN jsonb_typeof(v.value) IN ('number', 'string') AND v.value #>> '{}' ~ '^(0|-?[1-9][0-9]{0,18})$' "
           "THEN (v.value #>> '{}')::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE false END)";
  }

  // Objects and arrays that a longer path goes on in are none.
  void strays(const model::Place& place) {
    std::vector<std::string> known{"null"};
    for (const auto& other : domain_.places) {
      const auto& path = place.path;
      if (other.path.size() <= path.size() || !std::equal(path.begin(), path.end(), other.path.begin())) continue;
      known.push_back(other.path[path.size()] ? "object" : "array");
    }
    const auto at = plan::to_text(place.path);
    add(fmt::format("SELECT count(*), min(left(v.value::text, 80)) FROM {} WHERE jsonb_typeof(v.value) <> ALL ({}) AND NOT {}", source(place),
                    sql::text_array(known), is_key(place)),
        fmt::format("{}: values at {} that are no keys", name(), at), kCorrect);
    if (model_.domain_of(place.key).of_uuids) return;
    add(fmt::format("SELECT CASE WHEN bool_or(t = 'number') AND bool_or(t = 'string') THEN count(*) FILTER (WHERE t = 'string') ELSE 0 END, "
                    "min(value::text) FILTER (WHERE t = 'string') FROM (SELECT jsonb_typeof(v.value) AS t, v.value FROM {}) v",
                    source(place)),
        fmt::format("{}: values at {} that are texts where others are numbers, which the way back could not tell apart", name(), at),
        "make them one or the other before");
  }

  void types() {
    std::vector<std::string> known;
    for (const auto& place : domain_.places) known.push_back(place.type);
    const auto type = sql::identifier(domain_.type_column);
    add(fmt::format("SELECT count(*), min(coalesce({0}::text, 'NULL')) FROM {1} WHERE {2} IS NOT NULL AND coalesce({0}::text <> ALL ({3}), true)", type,
                    table_, sql::identifier(column_.name()), sql::text_array(known)),
        fmt::format("{}: rows of types that the plan does not know", name()), kCorrect);
  }

  // Keys at a place, as the column "key".
  std::string keys(const model::Place& place) const {
    if (!column_.document()) {
      return fmt::format("(SELECT {0} AS key FROM {1} WHERE {0} IS NOT NULL AND {2}::text = {3}) held", sql::identifier(column_.name()), table_,
                         sql::identifier(domain_.type_column), sql::literal(place.type));
    }
    const auto is = is_key(place);
    return fmt::format("(SELECT CASE WHEN {0} THEN (v.value #>> '{{}}')::{1} END AS key FROM {2} WHERE {0}) held", is,
                       model_.domain_of(place.key).of_uuids ? "uuid" : "bigint", source(place));
  }

  void held(const model::Place& place) {
    const auto& lender = model_.domain_of(place.key);
    const auto at = place.type.empty() ? plan::to_text(place.path) : place.type;
    const auto& root = model_.columns[lender.root];
    if (lender.is_listed()) {
      add(fmt::format("SELECT count(*), min(key::text) FROM {} WHERE NOT EXISTS (SELECT FROM {} p WHERE p.{} = held.key)", keys(place),
                      table(model_, root.table), sql::identifier(root.name())),
          fmt::format("{}: keys at {} that no row of {} has", name(), at, table(model_, root.table)),
          "delete them, add the rows that they point at, or give that table another generator in the plan: this one makes a key from the row there");
    }
    const bool bounded = lender.generator == plan::Generator::ordered || lender.generator == plan::Generator::v7;
    if (!bounded || lender.of_uuids) return;
    add(fmt::format("SELECT count(*), min(key)::text FROM {} WHERE key NOT BETWEEN -140737488355328 AND 140737488355327", keys(place)),
        fmt::format("{}: ids at {} beyond 2^47, which generator {} does not hold", name(), at, plan::word(lender.generator)),
        fmt::format("give {} generator: keyed", to_text(model_.root_table(lender).name.value)));
  }

  const model::Model& model_;
  const model::Domain& domain_;
  const model::Column& column_;
  const std::string table_, phase_;
  std::vector<Expectation> out_;
};

Expectation no_orphans(const model::Model& model, const model::Enforced& e) {
  std::vector<std::string> texts, present, joined;
  for (std::size_t i = 0; i < e.columns.size(); ++i) {
    const auto child = "c." + sql::identifier(e.columns[i]);
    texts.push_back(child + "::text");
    present.push_back(child + " IS NOT NULL");
    joined.push_back(fmt::format("p.{} = {}", sql::identifier(e.parent_columns[i]), child));
  }
  const auto child = table(model, e.child), parent = table(model, e.parent);
  // An online phase opens with what prepares it.
  const auto& phase = model.phases[e.changed];
  return {phase.stage == model::Stage::swap ? model.other_half(phase).id : phase.id,
          fmt::format("SELECT count(*), min(concat_ws(', ', {})) FROM ONLY {} c WHERE {} AND NOT EXISTS (SELECT FROM ONLY {} p WHERE {})",
                      fmt::join(texts, ", "), child, fmt::join(present, " AND "), parent, fmt::join(joined, " AND ")),
          fmt::format("{}: rows whose ({}) no row of {} has, which foreign key {} would not take", child, sql::columns(e.columns), parent, sql::identifier(e.name)),
          "say in the plan what becomes of them: orphans: of that logical reference, or take enforce: out"};
}

}  // namespace

std::vector<Expectation> expectations(const model::Model& model) {
  std::vector<Expectation> out;
  for (const auto& domain : model.domains) {
    if (!domain.borrows() || !domain.changes) continue;
    for (auto& e : Expected(model, domain).run()) out.push_back(std::move(e));
  }
  for (const auto& e : model.enforced) {
    if (e.written->orphans.value == plan::Orphans::fail) out.push_back(no_orphans(model, e));
  }
  return out;
}

}  // namespace rekey::lower
