#include "runtime/rehearse/writes.h"

#include <fmt/format.h>

namespace rekey::rehearse {

namespace {

// The column list and what stands in it. Columns with a default get that; a column that has to be unique and may
// be NULL is, another gets a value of its own where its type has one to give; the rest is as in the row before it.
constexpr const char* kStatements = R"(
WITH tables AS (
  SELECT c.oid, c.oid::regclass AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'p') AND NOT relispartition AND relpersistence <> 't'
    AND nspname <> 'rekey' AND nspname <> 'information_schema' AND nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND deptype = 'e')
), columns AS (
  SELECT t.oid, t.name, attnum, quote_ident(attname) AS quoted, attnotnull,
         (WITH RECURSIVE base(type) AS (SELECT atttypid UNION ALL SELECT typbasetype FROM base JOIN pg_type ON oid = type WHERE typtype = 'd')
          SELECT format_type(type, NULL) FROM base JOIN pg_type ON oid = type WHERE typtype <> 'd') AS type,
         (SELECT typcategory FROM pg_type WHERE pg_type.oid = atttypid) AS category,
         EXISTS (SELECT FROM pg_index WHERE indrelid = t.oid AND indisunique AND attnum = ANY (indkey)) AS is_unique,
         EXISTS (SELECT FROM pg_constraint WHERE conrelid = t.oid AND contype = 'f' AND attnum = ANY (conkey)) AS refers
  FROM tables t JOIN pg_attribute a ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped
  WHERE attgenerated = '' AND attidentity = '' AND NOT atthasdef
), values AS (
  SELECT *, CASE
    WHEN NOT is_unique OR refers THEN 'o.' || quoted
    WHEN NOT attnotnull THEN 'NULL'
    WHEN type = 'uuid' THEN 'gen_random_uuid()'
    WHEN category = 'S' THEN format('left(md5(random()::text), greatest(length(o.%s::text), 4))', quoted)
    WHEN type IN ('smallint', 'integer', 'bigint') THEN format('(SELECT max(%s) + 1 FROM %s)', quoted, name)
    WHEN category = 'D' THEN format('(SELECT max(%s) + interval ''1 day'' FROM %s)', quoted, name)
    ELSE 'o.' || quoted END AS value
  FROM columns
)
SELECT name, CASE WHEN count(quoted) = 0 THEN format('INSERT INTO %s DEFAULT VALUES', name)
                  ELSE format('INSERT INTO %s (%s) SELECT %s FROM %s o LIMIT 1', name,
                              string_agg(quoted, ', ' ORDER BY attnum), string_agg(value, ', ' ORDER BY attnum), name) END,
       format('SELECT count(*) FROM (SELECT FROM %s LIMIT 1) o', name)
FROM tables t LEFT JOIN values v USING (oid, name)
GROUP BY oid, name ORDER BY name::text)";

Written write(db::Connection& session, const std::string& statement, bool keep) {
  try {
    session.exec("BEGIN");
    session.exec(statement);
    session.exec("SET CONSTRAINTS ALL IMMEDIATE");
    session.exec(keep ? "COMMIT" : "ROLLBACK");
    return {};
  } catch (const db::Disconnected&) {
    throw;
  } catch (const db::Error& error) {
    session.exec("ROLLBACK");
    return {error.what(), error.sqlstate};
  }
}

}  // namespace

Writes write_rows(db::Connection& session, bool keep) {
  Writes writes;
  for (const db::Row& row : session.exec(kStatements).rows) {
    const bool has_rows = session.exec(row[2].value()).only() == "1";
    writes[row[0].value()] = has_rows ? write(session, row[1].value(), keep) : Written{"", "", false};
  }
  return writes;
}

}  // namespace rekey::rehearse
