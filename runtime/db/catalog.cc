// Columns that only newer servers have are read through to_jsonb of the row, so that one text of
// each query serves all versions.
#include "runtime/db/catalog.h"

namespace rekey::db::catalog {

namespace {

constexpr const char* kOurTables = R"(
  c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rekey', 'rekey_old', 'rekey_new')
)";

constexpr const char* kTables = R"(
SELECT c.oid::regclass, n.nspname, c.relname, pg_get_userbyid(c.relowner),
       CASE WHEN c.relkind = 'f' THEN 'foreign table' WHEN c.relispartition THEN 'partition'
            WHEN c.relkind = 'p' THEN 'partitioned table' ELSE 'table' END,
       c.relpersistence = 'u',
       (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
          AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
       ARRAY(SELECT i.inhparent::regclass::text FROM pg_inherits i
             WHERE i.inhrelid = c.oid ORDER BY i.inhseqno),
       c.reltuples, pg_get_partkeydef(c.oid),
       ARRAY(SELECT a.attname::text FROM pg_partitioned_table t
             JOIN pg_attribute a ON a.attrelid = t.partrelid AND a.attnum > 0
              AND (a.attnum = ANY (t.partattrs) OR t.partexprs LIKE '%:varattno ' || a.attnum || ' %')
             WHERE t.partrelid = c.oid ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $tables
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
)";

constexpr const char* kKeyColumns = R"(
WITH RECURSIVE family(one, other) AS MATERIALIZED (
  SELECT inhparent, inhrelid FROM pg_inherits UNION SELECT inhrelid, inhparent FROM pg_inherits
), members(rel, att) AS (
  SELECT rel, att FROM (
    SELECT conrelid AS rel, unnest(conkey) AS att FROM pg_constraint WHERE contype = 'f'
    UNION SELECT confrelid, unnest(confkey) FROM pg_constraint WHERE contype = 'f'
    UNION SELECT indrelid, unnest(indkey) FROM pg_index WHERE indisunique
    UNION SELECT attrelid, attnum FROM unnest($1::text[], $2::text[]) g(table_name, column_name)
          JOIN pg_attribute ON attrelid = to_regclass(table_name) AND attname = column_name) own
  UNION
  SELECT f.other, there.attnum
  FROM members m
  JOIN family f ON f.one = m.rel
  JOIN pg_attribute here ON here.attrelid = m.rel AND here.attnum = m.att
  JOIN pg_attribute there ON there.attrelid = f.other AND there.attname = here.attname
), base(type, under) AS (
  SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT t.oid, b.under FROM base b JOIN pg_type t ON t.typbasetype = b.type AND t.typtype = 'd'
), sequences(rel, att, seq) AS (
  SELECT d.refobjid, d.refobjsubid, d.objid
  FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
  UNION
  SELECT ad.adrelid, ad.adnum, s.oid
  FROM pg_attrdef ad
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid
                  AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
  WHERE pg_get_expr(ad.adbin, ad.adrelid)
        = 'nextval(''' || replace(s.oid::regclass::text, '''', '''''') || '''::regclass)'
), ranges(type, low, high) AS (
  VALUES ('smallint'::regtype, -32768::bigint, 32767::bigint),
         ('integer', -2147483648, 2147483647),
         ('bigint', -9223372036854775808, 9223372036854775807)
)
SELECT c.oid::regclass, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
       CASE WHEN coalesce(e.under, b.under) IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
            THEN coalesce(e.under, b.under)::regtype::text || CASE WHEN e.under IS NULL THEN '' ELSE '[]' END
            WHEN b.under = 'uuid'::regtype THEN 'uuid' WHEN e.under = 'uuid'::regtype THEN 'uuid[]' END,
       -- since 17 a partition has the identity of its parent, without a sequence
       CASE WHEN c.relispartition AND q.seq IS NULL THEN '' ELSE a.attidentity END, sn.nspname, sc.relname,
       CASE WHEN a.attidentity <> '' THEN concat_ws(' ',
         CASE WHEN s.seqstart <> CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END
              THEN 'START WITH ' || s.seqstart END,
         CASE WHEN s.seqincrement <> 1 THEN 'INCREMENT BY ' || s.seqincrement END,
         CASE WHEN s.seqmin <> CASE WHEN s.seqincrement > 0 THEN 1 ELSE r.low END
              THEN 'MINVALUE ' || s.seqmin END,
         CASE WHEN s.seqmax <> CASE WHEN s.seqincrement > 0 THEN r.high ELSE -1 END
              THEN 'MAXVALUE ' || s.seqmax END,
         CASE WHEN s.seqcache <> 1 THEN 'CACHE ' || s.seqcache END,
         CASE WHEN s.seqcycle THEN 'CYCLE' END) END,
       CASE WHEN q.seq IS NULL AND a.attgenerated = '' THEN pg_get_expr(ad.adbin, ad.adrelid) END
FROM members m
JOIN pg_attribute a ON a.attrelid = m.rel AND a.attnum = m.att AND a.attnum > 0
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN base b ON b.type = a.atttypid
LEFT JOIN pg_type t ON t.oid = b.under AND t.typcategory = 'A'
LEFT JOIN base e ON e.type = t.typelem
LEFT JOIN sequences q ON q.rel = a.attrelid AND q.att = a.attnum
LEFT JOIN pg_sequence s ON s.seqrelid = q.seq
LEFT JOIN pg_class sc ON sc.oid = q.seq
LEFT JOIN pg_namespace sn ON sn.oid = sc.relnamespace
LEFT JOIN ranges r ON r.type = s.seqtypid
LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
WHERE $tables
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
)";

constexpr const char* kIntegerArrays = R"(
SELECT c.oid::regclass, a.attname
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.atttypid IN ('smallint[]'::regtype, 'integer[]'::regtype, 'bigint[]'::regtype)
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attinhcount = 0 AND $tables
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
)";

constexpr const char* kUniqueKeys = R"(
SELECT c.oid::regclass, i.relname, x.indisprimary,
       ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY k(att, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.att
             WHERE k.place <= x.indnkeyatts ORDER BY k.place)
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE x.indisunique AND x.indpred IS NULL AND x.indexprs IS NULL AND x.indisvalid AND $tables
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", i.relname COLLATE "C"
)";

constexpr const char* kForeignKeys = R"(
SELECT c.oid::regclass, f.conname,
       ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY k(att, place)
             JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.att ORDER BY k.place),
       f.confrelid::regclass,
       ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY k(att, place)
             JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.att ORDER BY k.place),
       CASE f.confmatchtype WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial' END,
       action.done[position(f.confdeltype::text IN 'rcnd')],
       action.done[position(f.confupdtype::text IN 'rcnd')],
       ARRAY(SELECT a.attname::text
             FROM jsonb_array_elements_text(nullif(to_jsonb(f) -> 'confdelsetcols', 'null'))
                  WITH ORDINALITY k(att, place)
             JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.att::int
             ORDER BY k.place),
       CASE WHEN f.condeferred THEN 'initially deferred'
            WHEN f.condeferrable THEN 'initially immediate' END,
       f.convalidated, coalesce((to_jsonb(f) ->> 'conenforced')::boolean, true),
       obj_description(f.oid, 'pg_constraint'), pg_get_constraintdef(f.oid)
FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (SELECT ARRAY['restrict', 'cascade', 'set null', 'set default'] AS done) action
WHERE f.contype = 'f' AND f.conparentid = 0 AND $tables
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", f.conname COLLATE "C"
)";

// The definition starts with a prefix that can be told: cutting it off needs no parser.
constexpr const char* kIndexes = R"(
WITH given AS (
  SELECT DISTINCT a.attrelid AS rel, a.attnum AS att
  FROM unnest($1::text[], $2::text[]) g(table_name, column_name)
  JOIN pg_attribute a ON a.attrelid = to_regclass(g.table_name) AND a.attname = g.column_name
)
SELECT c.oid::regclass, i.relname,
       substr(d.definition, position(' USING ' IN substr(d.definition, d.names)) + d.names + 6)
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT pg_get_indexdef(i.oid) AS definition,
         length(format('CREATE INDEX %I ON %s', i.relname, c.oid::regclass)) AS names) d
WHERE NOT x.indisunique AND NOT x.indisexclusion
  AND EXISTS (SELECT FROM given g WHERE g.rel = x.indrelid AND g.att = ANY (x.indkey)) AND $tables
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", i.relname COLLATE "C"
)";

std::string over_our_tables(std::string sql) {
  const std::string mark = "$tables";
  return sql.replace(sql.find(mark), mark.size(), kOurTables);
}

std::string text(const std::optional<std::string>& value) { return value.value_or(""); }
bool truth(const std::optional<std::string>& value) { return value == "t"; }

Identity identity(const std::string& code) {
  return code == "a" ? Identity::always : code == "d" ? Identity::by_default : Identity::none;
}

std::vector<std::optional<std::string>> as_arrays(const std::vector<KeyColumn>& columns) {
  std::vector<std::string> tables, names;
  for (const KeyColumn& c : columns) {
    tables.push_back(c.table);
    names.push_back(c.column);
  }
  return {to_array(tables), to_array(names)};
}

}  // namespace

Reading::Reading(Connection& connection) : connection_(connection) {
  connection_.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  connection_.exec("SET LOCAL search_path = ''");
  connection_.exec("SET LOCAL client_encoding = 'UTF8'");
  connection_.exec("SET LOCAL quote_all_identifiers = off");
  connection_.exec("SET LOCAL jit = off");  // queries over catalogs are estimated far too dear
  connection_.exec("SET LOCAL standard_conforming_strings = on");
}

Reading::~Reading() {
  try {
    connection_.exec("COMMIT");
  } catch (const Error&) {
    // Nothing was written, and a lost connection shows at its next use.
  }
}

std::vector<Table> tables(Connection& connection) {
  std::vector<Table> result;
  for (const Row& r : connection.exec(over_our_tables(kTables)).rows) {
    result.push_back({text(r[0]), text(r[1]), text(r[2]), text(r[3]), text(r[4]), truth(r[5]),
                      text(r[6]), from_array(text(r[7])), std::stod(text(r[8])), text(r[9]), from_array(text(r[10]))});
  }
  return result;
}

std::vector<Column> key_columns(Connection& connection, const std::vector<KeyColumn>& more) {
  std::vector<Column> result;
  for (const Row& r : connection.exec(over_our_tables(kKeyColumns), as_arrays(more)).rows) {
    result.push_back({text(r[0]), text(r[1]), std::stoi(text(r[2])), text(r[3]), text(r[4]),
                      identity(text(r[5])), text(r[6]), text(r[7]), text(r[8]), text(r[9])});
  }
  return result;
}

std::vector<KeyColumn> integer_arrays(Connection& connection) {
  std::vector<KeyColumn> result;
  for (const Row& r : connection.exec(over_our_tables(kIntegerArrays)).rows) result.push_back({text(r[0]), text(r[1])});
  return result;
}

std::vector<UniqueKey> unique_keys(Connection& connection) {
  std::vector<UniqueKey> result;
  for (const Row& r : connection.exec(over_our_tables(kUniqueKeys)).rows) {
    result.push_back({text(r[0]), text(r[1]), truth(r[2]), from_array(text(r[3]))});
  }
  return result;
}

std::vector<ForeignKey> foreign_keys(Connection& connection) {
  std::vector<ForeignKey> result;
  for (const Row& r : connection.exec(over_our_tables(kForeignKeys)).rows) {
    result.push_back({text(r[0]), text(r[1]), from_array(text(r[2])), text(r[3]),
                      from_array(text(r[4])), text(r[5]), text(r[6]), text(r[7]),
                      from_array(text(r[8])), text(r[9]), truth(r[10]), truth(r[11]), text(r[12]), text(r[13])});
  }
  return result;
}

std::vector<Index> indexes(Connection& connection, const std::vector<KeyColumn>& columns) {
  std::vector<Index> result;
  for (const Row& r : connection.exec(over_our_tables(kIndexes), as_arrays(columns)).rows) {
    result.push_back({text(r[0]), text(r[1]), text(r[2])});
  }
  return result;
}

std::string to_array(const std::vector<std::string>& values) {
  std::string result = "{";
  for (const std::string& value : values) {
    result += result.size() > 1 ? ",\"" : "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
    result += '"';
  }
  return result + "}";
}

std::vector<std::string> from_array(const std::string& array) {
  std::vector<std::string> result;
  bool quoted = false;
  for (std::size_t i = 1; i + 1 < array.size(); ++i) {
    const char c = array[i];
    if (result.empty()) result.emplace_back();
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      result.emplace_back();
    } else {
      result.back() += c == '\\' ? array[++i] : c;
    }
  }
  return result;
}

}  // namespace rekey::db::catalog
