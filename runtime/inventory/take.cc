#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "runtime/bundle/named.h"
#include "runtime/checks.h"
#include "runtime/inventory/inventory.h"
#include "runtime/text.h"

namespace rekey::inventory {

namespace {

constexpr int kGroups = 5, kRows = 4;  // of each that are shown

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }
std::int64_t number(const db::Row& row, std::size_t i) { return std::stoll(row[i].value_or("0")); }

// Of a domain, how SQL reads it.
struct Root {
  const bundle::Domain& domain;
  const bundle::Column* column;
  std::string key;   // its column, quoted
  std::string made;  // an expression that is equal for rows that would get one key; empty: no two rows do
  bool uuid = false;
};

// Columns of partitions and heirs are read with those that they have them from.
bool begins_here(db::Connection& session, const bundle::Column& column) {
  return session.exec("SELECT attinhcount = 0 FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2",
                      {column.table, column.column}).only() == "t";
}

// The foreign key that holds the column, if one does: its kind, and a condition for orphans of it among rows c. The
// columns of one that is made of several count together.
struct Tie {
  std::string kind = "logical", orphan;
};

Tie tie_of(db::Connection& session, const bundle::Column& column) {
  const db::Rows found = session.exec(R"(
SELECT CASE WHEN coalesce(to_jsonb(con)->>'conenforced', 'true') <> 'true' THEN 'not enforced'
            WHEN NOT convalidated THEN 'not valid' ELSE 'foreign key' END,
       format('%s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
              string_agg(format('c.%I IS NOT NULL', ca.attname), ' AND '), confrelid::regclass,
              string_agg(format('p.%I = c.%I', pa.attname, ca.attname), ' AND '))
FROM pg_catalog.pg_constraint con
CROSS JOIN LATERAL unnest(conkey, confkey) k (child, parent)
JOIN pg_catalog.pg_attribute ca ON ca.attrelid = conrelid AND ca.attnum = child
JOIN pg_catalog.pg_attribute pa ON pa.attrelid = confrelid AND pa.attnum = parent
WHERE contype = 'f' AND conrelid = to_regclass($1)
GROUP BY con.oid, con.*, convalidated, confrelid
HAVING bool_or(ca.attname = $2)
ORDER BY convalidated DESC, con.oid LIMIT 1)", {column.table, column.column});
  if (found.rows.empty()) return {};
  return {text(found.rows[0], 0), text(found.rows[0], 1)};
}

Reference refer(db::Connection& session, const Root& root, const bundle::Column& column) {
  const Tie tie = tie_of(session, column);
  Reference out{column.table, column.column, tie.kind};
  out.keys = std::stoll(session.exec(fmt::format("SELECT count(*) FROM {}", held_ids(column))).only().value());
  const std::string orphans =
      tie.orphan.empty() ? fmt::format("SELECT id AS key FROM {} WHERE NOT EXISTS (SELECT FROM {} p WHERE p.{} = held.id)", held_ids(column),
                                       root.domain.table, root.key)
                         : fmt::format("SELECT c.{} AS key FROM {} c WHERE {}", db::quote_identifier(column.column), column.table, tie.orphan);
  const db::Row row = session.exec(fmt::format("SELECT count(*), min(key::text) FROM ({}) orphans", orphans)).rows.at(0);
  out.orphans = number(row, 0), out.example = text(row, 1), out.settled = column.settled;
  if (const std::string& where = root.domain.inventory.where; !where.empty()) {
    out.chosen = std::stoll(session.exec(fmt::format("SELECT count(*) FROM {} WHERE id IN (SELECT {} FROM {} WHERE ({}))", held_ids(column),
                                                     root.key, root.domain.table, where)).only().value());
  }
  return out;
}

std::optional<std::int64_t> childless(db::Connection& session, const Root& root, const std::vector<const bundle::Column*>& children) {
  if (children.empty()) return std::nullopt;
  std::string none;
  for (const bundle::Column* c : children) none += fmt::format(" AND NOT EXISTS (SELECT FROM {} WHERE held.id = r.{})", held_ids(*c), root.key);
  return std::stoll(session.exec(fmt::format("SELECT count(*) FROM {} r WHERE r.{} IS NOT NULL{}", root.domain.table, root.key, none))
                        .only().value());
}

// Version and variant as RFC 9562 has them, sections 4.1 and 4.2.
void add_versions(db::Connection& session, const Root& root, Domain& out) {
  for (const db::Row& row : session.exec(fmt::format(
           "SELECT CASE WHEN substr(k, 20, 1) IN ('8', '9', 'a', 'b') THEN substr(k, 15, 1) ELSE 'other variant' END, count(*) "
           "FROM (SELECT {}::text AS k FROM {}) keys WHERE k IS NOT NULL GROUP BY 1 ORDER BY 1", root.key, root.domain.table)).rows) {
    out.versions.emplace_back(text(row, 0), number(row, 1));
  }
}

// How many keys are what the generator would make of their row, where that can be told.
std::optional<std::int64_t> matching(db::Connection& session, const Root& root) {
  if (!root.uuid) return std::nullopt;
  const bundle::Domain& d = root.domain;
  const auto count = [&](const std::string& condition) {
    return std::stoll(session.exec(fmt::format("SELECT count(*) FROM {} WHERE {}", d.table, condition)).only().value());
  };
  if (!d.expression.empty()) return count(fmt::format("{} = ({})", root.key, d.expression));
  if (!d.time_column.empty()) {
    return count(fmt::format("substr({0}::text, 15, 1) = '7' AND substr({0}::text, 20, 1) IN ('8', '9', 'a', 'b') AND ('x' || replace(left({0}::text, 13), '-', ''))::bit(48)::bigint "
                             "= floor(extract(epoch FROM {1}) * 1000)", root.key, db::quote_identifier(d.time_column)));
  }
  if (d.name_changes) return std::nullopt;
  if (d.generator == "parent") return count(fmt::format("{} = {}", root.key, db::quote_identifier(d.name_columns.front())));
  std::int64_t found = 0;
  session.exec(fmt::format("DECLARE named NO SCROLL CURSOR FOR SELECT {}, {} FROM {} WHERE num_nulls({}) = 0", root.key,
                           d.compared_name, d.table, root.key));
  for (;;) {
    const db::Rows page = session.exec("FETCH 10000 FROM named");
    for (const db::Row& row : page.rows) found += row[1] && bundle::named(d.name_space, *row[1]) == row[0];
    if (page.rows.size() < 10000) break;
  }
  session.exec("CLOSE named");
  return found;
}

// "documents_pkey": a unique index on the key alone.
std::string constraint_of(db::Connection& session, const Root& root) {
  return session.exec(R"(
SELECT i.relname FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = indexrelid
JOIN pg_catalog.pg_attribute a ON a.attrelid = indrelid AND a.attnum = indkey[0]
WHERE indrelid = to_regclass($1) AND attname = $2 AND indisunique AND indnkeyatts = 1 AND indpred IS NULL
ORDER BY indisprimary DESC LIMIT 1)", {root.domain.table, root.domain.column}).rows.at(0)[0].value_or("");
}

std::int64_t children_of(db::Connection& session, const std::vector<const bundle::Column*>& children, const std::string& key) {
  std::int64_t sum = 0;
  for (const bundle::Column* c : children) {
    sum += std::stoll(session.exec(fmt::format("SELECT count(*) FROM {} WHERE id::text = $1", held_ids(*c)), {key}).only().value());
  }
  return sum;
}

void add_doubles(db::Connection& session, const Root& root, const std::vector<const bundle::Column*>& children, Domain& out) {
  if (root.made.empty()) return;
  const auto grouped = fmt::format("SELECT ({0}) COLLATE \"C\" AS made, count(*) AS size FROM {1} WHERE {2} IS NOT NULL AND ({0}) IS NOT NULL "
                                   "GROUP BY 1 HAVING count(*) > 1", root.made, root.domain.table, root.key);
  const db::Row sum = session.exec(fmt::format("SELECT count(*), coalesce(sum(size - 1), 0) FROM ({}) doubles", grouped)).rows.at(0);
  out.groups = number(sum, 0), out.doubles = number(sum, 1);
  if (out.groups == 0) return;
  out.key = constraint_of(session, root);
  for (const db::Row& group : session.exec(fmt::format("{} ORDER BY size DESC, made LIMIT {}", grouped, kGroups)).rows) {
    Group& into = out.largest.emplace_back();
    into.size = number(group, 1);
    for (const db::Row& row : session.exec(fmt::format("SELECT {0} FROM {1} WHERE {0} IS NOT NULL AND ({2}) COLLATE \"C\" = $1 ORDER BY 1 LIMIT {3}",
                                                       root.key, root.domain.table, root.made, kRows), {text(group, 0)}).rows) {
      into.rows.emplace_back(text(row, 0), children_of(session, children, text(row, 0)));
    }
  }
}

// Rows without what their key is made from.
std::string lacks(const Root& root) {
  const bundle::Domain& d = root.domain;
  if (!d.expression.empty()) return fmt::format("({}) IS NULL", d.expression);
  if (!d.time_column.empty()) return untimed(db::quote_identifier(d.time_column));
  if (d.name_columns.empty()) return "false";
  std::vector<std::string> columns;
  for (const std::string& column : d.name_columns) columns.push_back(db::quote_identifier(column));
  return fmt::format("num_nulls({}) > 0", fmt::join(columns, ", "));
}

bool is_online(const bundle::Bundle& b, const std::string& phase) {
  return std::ranges::any_of(b.phases, [&](const auto& p) { return p.id == phase && p.strategy == "online"; });
}

int phases_of(const bundle::Bundle& b, const std::string& table) {
  std::set<std::string> phases;
  for (const bundle::Column& c : b.columns) {
    if (c.table == table) phases.insert(c.phase);
  }
  return static_cast<int>(phases.size());
}

Domain take_one(db::Connection& session, const bundle::Bundle& b, const Root& root, Samples& samples, Domain out) {
  out.spread = spread(session, root.domain);
  out.merges = root.domain.merges;
  out.picked = !root.domain.where.empty();
  std::vector<const bundle::Column*> children;
  for (const bundle::Column& c : b.columns) {
    const bool is_root = c.table == root.domain.table && c.column == root.domain.column;
    if (c.domain == root.domain.name && !is_root && begins_here(session, c)) children.push_back(&c);
  }
  const db::Row row = session.exec(fmt::format(
      "SELECT count(*), count(*) FILTER (WHERE {0} IS NOT NULL AND {1}), min({0}::text) FILTER (WHERE {1}), "
      "(SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree($1::regclass)), pg_total_relation_size($1::regclass) FROM {2}",
      root.key, lacks(root), root.domain.table), {root.domain.table}).rows.at(0);
  out.rows = number(row, 0), out.nameless = number(row, 1), out.nameless_example = text(row, 2);
  out.bytes = std::max(number(row, 3), number(row, 4));
  if (root.uuid) add_versions(session, root, out);
  out.matching = matching(session, root);
  add_doubles(session, root, children, out);
  out.childless = childless(session, root, children);
  for (const bundle::Column* c : children) out.references.push_back(refer(session, root, *c));
  children.push_back(root.column);
  const bool online = is_online(b, root.domain.phase);
  for (const bundle::Column* c : children) {
    if (!samples.contains(c->table)) samples[c->table] = sample(session, root.domain, *c);
    Sample& s = samples[c->table];
    s.factor = std::max(s.factor, online ? kOnline : root.uuid ? kPairs : kOffline);
    s.phases = phases_of(b, c->table);
  }
  out.advice = advise(out, samples, online);
  return out;
}

}  // namespace

Inventory take(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  const std::vector<IdRange> all = id_ranges(session, b, journal);
  Inventory out{b.plan, db::describe(session), {}};
  Samples samples;
  for (const bundle::Domain& d : b.domains) {
    std::vector<IdRange> ranges;
    std::ranges::copy_if(all, std::back_inserter(ranges), [&](const IdRange& range) { return range.domain == d.name; });
    const auto column = std::ranges::find_if(b.columns, [&](const auto& c) { return c.table == d.table && c.column == d.column; });
    Domain domain{d.name, d.table, d.column, d.generator, column->type};
    domain.changed = journal.present(d.phase);
    domain.uuid = column->type == column->new_type;
    domain.listed = d.listed();
    domain.asked = d.inventory;
    domain.beyond = check_ranges(ranges);
    const Root root{d, &*column, db::quote_identifier(d.column), d.expression.empty() ? d.compared_name : "(" + d.expression + ")::text",
                    domain.uuid};
    out.domains.push_back(domain.changed ? domain : take_one(session, b, root, samples, domain));
  }
  for (const auto& [table, s] : samples) out.time += time_to_change(s, s.rows);
  return out;
}

std::vector<std::string> obstacles(const Domain& domain) {
  std::vector<std::string> out;
  if (domain.nameless > 0) {
    out.push_back(fmt::format("{}: {} from which no key can be made, such as {} = {}: fill in what is missing there, or is no time of our age", domain.table,
                              counted(domain.nameless, "row"), domain.column, domain.nameless_example));
  }
  if (domain.doubles > 0 && !domain.merges) {
    out.push_back(fmt::format("{}: {} more than there are keys for, in {}; {} would break: make one row of each group (on_duplicate: "
                              "merge), or tell them apart", domain.table, counted(domain.doubles, "row"), counted(domain.groups, "group"), domain.key));
  }
  out.insert(out.end(), domain.beyond.begin(), domain.beyond.end());
  for (const Reference& r : domain.references) {
    if (r.orphans == 0 || r.settled || (r.kind != "foreign key" && !domain.listed)) continue;
    out.push_back(fmt::format("{}.{}: {} that no row of {} has, such as {}: delete these rows, add those that they point at, or write orphans: "
                              "in the plan",
                              r.table, r.column, counted(r.orphans, "key"), domain.table, r.example));
  }
  return out;
}

}  // namespace rekey::inventory
