#include "runtime/copy/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rekey {

namespace {

namespace fs = std::filesystem;

// A table with rows of its own, and the columns that COPY writes.
struct Table {
  std::string name, columns;
  double rows = 0;  // the planner's guess
};

constexpr const char* kTables = R"(
SELECT c.oid::regclass, string_agg(quote_ident(attname), ', ' ORDER BY attnum), greatest(c.reltuples, 0)
FROM pg_class c
JOIN pg_namespace n ON n.oid = relnamespace
JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname !~ '^pg_'
  AND nspname <> 'rekey'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND deptype = 'e')
GROUP BY c.oid, c.reltuples ORDER BY c.oid::regclass::text)";

// Foreign keys that hold, with the parts of queries over them. A key of a partitioned table is one of all of it.
constexpr const char* kKeys = R"(
SELECT CASE child.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || child.oid::regclass,
       CASE parent.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || parent.oid::regclass,
       string_agg(format('c.%I IS NOT NULL', c.attname), ' AND '),
       string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND '),
       string_agg(format('p.%I = v.k%s', p.attname, k.place), ' AND '),
       string_agg(format('quote_nullable(c.%I)', c.attname), ', ' ORDER BY k.place),
       string_agg(format('%s', format_type(p.atttypid, p.atttypmod)), '|' ORDER BY k.place)
FROM pg_constraint f
JOIN pg_class child ON child.oid = conrelid
JOIN pg_class parent ON parent.oid = confrelid
CROSS JOIN LATERAL unnest(conkey, confkey) WITH ORDINALITY k (child, parent, place)
JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = k.child
JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = k.parent
WHERE contype = 'f' AND conparentid = 0 AND convalidated
GROUP BY f.oid, child.oid, child.relkind, parent.oid, parent.relkind ORDER BY f.oid)";

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }

// Reads by COPY on the live side into files that the server of the copy reads itself.
class Transfer {
 public:
  Transfer(const Psql& live, const Psql& copy, const std::string& snapshot) : live_(live), copy_(copy) {
    reading_ = fmt::format("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\nSET TRANSACTION SNAPSHOT '{}';\n"
                           "\\set ON_ERROR_ROLLBACK on\nSET LOCAL search_path = '';\nSET LOCAL row_security = off;\n", snapshot);
    writing_ = "SET search_path = '';\n";
  }

  void add(const std::string& query, const std::string& into, const std::string& columns) {
    const fs::path file = live_.folder / fmt::format("rows-{}", ++files_);
    reading_ += fmt::format("COPY ({}) TO STDOUT \\g '{}'\n", query, file.string());
    writing_ += fmt::format("COPY {} ({}) FROM '{}';\n", into, columns, file.string());
  }

  std::string run() {
    std::string said = live_.run(reading_ + "COMMIT;\n");
    return said += copy_.run(writing_);
  }

 private:
  const Psql& live_;
  const Psql& copy_;
  std::string reading_, writing_;
  int files_ = 0;
};

std::vector<Table> tables_of(db::Connection& there) {
  std::vector<Table> tables;
  for (const db::Row& row : there.exec(kTables).rows) {
    tables.push_back({text(row, 0), text(row, 1), std::stod(text(row, 2))});
  }
  return tables;
}

// Of a large table blocks here and there, so that a sample is not its oldest rows alone.
std::string query_for(const Table& table, const RowsWanted& wanted) {
  std::string query = fmt::format("SELECT {} FROM ONLY {}", table.columns, table.name);
  if (wanted.all) return query;
  const double wide = static_cast<double>(wanted.of_each) * 100;
  if (table.rows > wide) query += fmt::format(" TABLESAMPLE SYSTEM ({:.6f})", 100 * wide / table.rows);
  return query + fmt::format(" LIMIT {}", wanted.of_each);
}

std::string as_values(const std::vector<std::string>& rows, const std::string& types) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= types.size();) {
    const auto end = std::min(types.find('|', at), types.size());
    names.push_back(types.substr(at, end - at));
    at = end + 1;
  }
  std::string columns, casts, values;
  for (std::size_t i = 0; i < names.size(); ++i) {
    casts += fmt::format("{}k{}::{} AS k{}", i ? ", " : "", i + 1, names[i], i + 1);
    columns += fmt::format("{}k{}", i ? ", " : "", i + 1);
  }
  for (const std::string& row : rows) values += (values.empty() ? "(" : ", (") + row + ")";
  return fmt::format("(SELECT {} FROM (VALUES {}) w ({})) v", casts, values, columns);
}

// The keys that a foreign key of the copy points at in vain, as parts of VALUES.
std::vector<std::string> missing_parents(const db::Row& key, db::Connection& here) {
  const db::Rows missing = here.exec(fmt::format(
      "SELECT DISTINCT concat_ws(', ', {}) FROM {} c WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {}) ORDER BY 1",
      text(key, 5), text(key, 0), text(key, 2), text(key, 1), text(key, 3)));
  std::vector<std::string> rows;
  for (const db::Row& row : missing.rows) rows.push_back(text(row, 0));
  return rows;
}

void fetch(const std::vector<std::string>& rows, const db::Row& key, Transfer& transfer,
           const std::map<std::string, std::string>& columns) {
  const std::string parent = text(key, 1).starts_with("ONLY ") ? text(key, 1).substr(5) : text(key, 1);
  const std::string& list = columns.at(parent);
  transfer.add(fmt::format("SELECT {} FROM {} p WHERE EXISTS (SELECT FROM {} WHERE {})", list, text(key, 1),
                           as_values(rows, text(key, 6)), text(key, 4)),
               parent, list);
}

std::map<std::string, std::string> columns_by_table(db::Connection& there) {
  std::map<std::string, std::string> columns;
  for (const db::Row& row : there.exec(R"(
SELECT attrelid::regclass, string_agg(quote_ident(attname), ', ' ORDER BY attnum)
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid AND relkind IN ('r', 'p')
WHERE attnum > 0 AND NOT attisdropped AND attgenerated = '' GROUP BY attrelid)").rows) {
    columns[text(row, 0)] = text(row, 1);
  }
  return columns;
}

// One key after the other, because a row that one fetches may be what the next one lacks.
std::string complete(const Psql& live, const Psql& copy, db::Connection& here, db::Connection& there,
                     const std::string& snapshot) {
  const auto keys = there.exec(kKeys).rows;
  const auto columns = columns_by_table(there);
  std::vector<std::vector<std::string>> in_vain(keys.size());  // orphans of the live database, or not to be read
  std::string said;
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto missing = missing_parents(keys[i], here);
      if (missing.empty() || missing == in_vain[i]) continue;
      Transfer transfer(live, copy, snapshot);
      fetch(missing, keys[i], transfer, columns);
      said += transfer.run();
      in_vain[i] = std::move(missing);
      more = true;
    }
  }
  return said;
}

void set_sequences(db::Connection& here, db::Connection& there) {
  for (const db::Row& row : there.exec(R"(
SELECT quote_literal(format('%I.%I', schemaname, sequencename)), last_value FROM pg_sequences
WHERE last_value IS NOT NULL AND schemaname <> 'rekey')").rows) {
    here.exec(fmt::format("SELECT setval({}, {})", text(row, 0), text(row, 1)));
  }
}

}  // namespace

std::string copy_rows(const Psql& live, const Psql& copy, db::Connection& here, db::Connection& there,
                      const std::string& snapshot, const RowsWanted& wanted) {
  set_sequences(here, there);
  if (!wanted.all && wanted.of_each <= 0) return {};
  Transfer transfer(live, copy, snapshot);
  for (const Table& table : tables_of(there)) transfer.add(query_for(table, wanted), table.name, table.columns);
  std::string said = transfer.run();
  if (!wanted.all) said += complete(live, copy, here, there, snapshot);
  return said;
}

std::vector<std::string> fill_materialized_views(db::Connection& here, db::Connection& there) {
  std::set<std::string> left;
  for (const db::Row& row : there.exec("SELECT oid::regclass FROM pg_class WHERE relkind = 'm' AND relispopulated").rows) {
    left.insert(text(row, 0));
  }
  for (bool moved = true; moved;) {  // one may read another
    moved = false;
    for (auto view = left.begin(); view != left.end();) {
      try {
        here.exec("REFRESH MATERIALIZED VIEW " + *view);
        view = left.erase(view);
        moved = true;
      } catch (const db::Disconnected&) {
        throw;
      } catch (const db::Error&) {
        ++view;
      }
    }
  }
  return {left.begin(), left.end()};
}

}  // namespace rekey
