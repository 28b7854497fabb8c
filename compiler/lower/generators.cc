#include "compiler/lower/generators.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/sql.h"
#include "compiler/model/resolve.h"

namespace rekey::lower {
namespace {

std::string secret(const model::Domain& domain) {
  return fmt::format("rekey.domain_secret({})", sql::literal(domain.name));
}

// What the pairs that its last phase makes are listed under.
std::string last_pairs(const model::Domain& domain) {
  return domain.stages.empty() ? domain.name : stage_name(domain, static_cast<int>(domain.stages.size()) + 1);
}

}  // namespace

std::string stage_name(const model::Domain& domain, int number) { return fmt::format("{}: stage {}", domain.name, number); }

std::string new_key(const model::Domain& domain, const std::string& old_key) {
  if (domain.of_uuids) return fmt::format("rekey.{}({}, {})", domain.picks() ? "new_or_same" : "new_of_pair", old_key, sql::literal(last_pairs(domain)));
  switch (domain.generator) {
    case plan::Generator::ordered: return fmt::format("rekey.ordered({}, {})", old_key, secret(domain));
    case plan::Generator::keyed: return fmt::format("rekey.keyed({}, {})", old_key, secret(domain));
    case plan::Generator::v4: return fmt::format("rekey.random({}, {})", old_key, secret(domain));
    case plan::Generator::v5:
    case plan::Generator::expression:
    case plan::Generator::parent:
    case plan::Generator::v7:
      return fmt::format("rekey.listed_key({}, {})", old_key, sql::literal(domain.name));
  }
  return "";
}

std::string legacy_id_of_any(const model::Domain& domain, const std::string& key) {
  const auto name = sql::literal(domain.name);
  if (domain.of_uuids) return fmt::format("coalesce(rekey.old_of_pair({0}, {1}), {0})", key, sql::literal(last_pairs(domain)));
  switch (domain.generator) {
    case plan::Generator::ordered: return fmt::format("rekey.ordered_back({}, {})", key, name);
    case plan::Generator::keyed: return fmt::format("rekey.keyed_back({}, {})", key, name);
    case plan::Generator::v4: return fmt::format("rekey.random_back({}, {})", key, name);
    case plan::Generator::v5:
    case plan::Generator::parent:
    case plan::Generator::expression: return fmt::format("rekey.named_back({}, {})", key, name);
    case plan::Generator::v7: return fmt::format("rekey.timed_back({}, {})", key, name);
  }
  return "";
}

std::string holds(const model::Domain& domain, const std::string& key) {
  switch (domain.generator) {
    case plan::Generator::ordered: return fmt::format("rekey.is_ordered({}, {})", key, secret(domain));
    case plan::Generator::keyed: return fmt::format("rekey.is_keyed({}, {})", key, secret(domain));
    case plan::Generator::v4: return fmt::format("rekey.is_random({}, {})", key, secret(domain));
    case plan::Generator::v5:
    case plan::Generator::expression:
    case plan::Generator::parent:
    case plan::Generator::v7: break;
  }
  return "";
}

std::string legacy_id(const model::Domain& domain, const std::string& key) {
  return domain.generator == plan::Generator::ordered
             ? fmt::format("rekey.ordered_id({})", key)
             : fmt::format("rekey.keyed_id({}, {})", key, secret(domain));
}

std::string time_column(const model::Model& model, const model::Domain& domain) {
  if (domain.generator != plan::Generator::v7) return "";
  return model.tables[model.columns[domain.root].table].written->time_column.value;
}

std::string name_of_parts(const model::Model& model, const model::Domain& domain,
                          const std::function<std::string(model::ColumnId, const std::string&)>& value) {
  std::string name;
  for (const auto& part : domain.key_name) {
    name += name.empty() ? "" : " || ";
    name += !part.is_column ? sql::literal(part.text)
                            : value(model::named_column(model, domain, part), sql::identifier(part.text)) + "::text";
  }
  return name;
}

namespace {

// `changed` gives the new key of a column that changes, once those of earlier phases have.
template <class Changed>
std::string joined_name(const model::Model& model, const model::Domain& domain, const Changed& changed) {
  return name_of_parts(model, domain, [&](model::ColumnId c, const std::string& column) {
    return model.changes(c) ? changed(c, column) : column;
  });
}

}  // namespace

// A key column whose keys have changed already is a uuid.
std::string named_key(const model::Model& model, const model::Domain& domain) {
  const auto key = [&](model::ColumnId c, const std::string& column) {
    return model.changes(c) && model.domain_of(c).phase >= domain.phase ? new_key(model.domain_of(c), column) : column;
  };
  if (domain.generator == plan::Generator::parent) {
    const auto& part = domain.key_name.front();
    return key(model::named_column(model, domain, part), sql::identifier(part.text));
  }
  const auto name = joined_name(model, domain, key);
  return fmt::format("rekey.named({}, {})", sql::literal(domain.name_space), name);
}

// Any uuid of the old key in place of the new one: names that are equal so are equal then, and the other way round.
std::string compared_name(const model::Model& model, const model::Domain& domain) {
  if (domain.of_uuids && domain.generator == plan::Generator::v7) {  // all that rekey.retimed leaves of a key
    return fmt::format("floor(extract(epoch FROM {1}) * 1000)::text || substr({0}::text, 16, 3) || "
                       "(('x' || substr({0}::text, 20, 1))::bit(4)::integer & 3)::text || substr({0}::text, 21)",
                       sql::identifier(model.columns[domain.root].name()), sql::identifier(time_column(model, domain)));
  }
  return joined_name(model, domain, [](model::ColumnId, const std::string& column) { return fmt::format("md5({}::text)::uuid", column); });
}

bool name_changes(const model::Model& model, const model::Domain& domain) {
  return std::any_of(domain.key_name.begin(), domain.key_name.end(),
                     [&](const auto& part) { return model.changes(model::named_column(model, domain, part)); });
}

std::vector<std::string> name_columns(const model::Domain& domain) {
  std::vector<std::string> out;
  for (const auto& part : domain.key_name) {
    if (part.is_column && std::find(out.begin(), out.end(), part.text) == out.end()) out.push_back(part.text);
  }
  return out;
}

std::string timed_key(const model::Domain& domain, const std::string& id, const std::string& time) {
  if (domain.of_uuids) return fmt::format("rekey.retimed({}, {})", id, time);
  return fmt::format("rekey.timed({}, {}, {})", id, time, secret(domain));
}

}  // namespace rekey::lower
