// mapping: rekey.mapping as CSV on stdout, for whoever holds old ids outside of the database.
#include <fmt/format.h>

#include "runtime/commands/commands.h"
#include "runtime/journal.h"
#include "runtime/outcome.h"
#include "runtime/session.h"

namespace rekey {

namespace {

constexpr int kPage = 10000;

std::string csv(const std::optional<std::string>& value) {
  if (!value || value->find_first_of(",\"\r\n") == std::string::npos) return value.value_or("");
  std::string out = "\"";
  for (char c : *value) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// "users", "public.users" or the name as SQL quotes it; NULL where there is none.
std::string find_table(db::Connection& session, const std::string& name) {
  const db::Rows found = session.exec(R"(
SELECT DISTINCT table_name FROM rekey.key_columns
WHERE table_name = $1::text OR to_regclass(table_name) IN
  (SELECT oid FROM pg_catalog.pg_class c
   WHERE c.relname = $1::text OR (SELECT nspname FROM pg_catalog.pg_namespace n WHERE n.oid = c.relnamespace)
         || '.' || c.relname = $1)
ORDER BY 1)",
                                      {name});
  if (found.rows.empty()) throw Usage(fmt::format("no key of table {} has been changed", name));
  if (found.rows.size() > 1) {
    throw Usage(fmt::format("table {} is in several schemas: {}, {}; name the schema", name,
                            *found.rows[0][0], *found.rows[1][0]));
  }
  return found.rows[0][0].value();
}

// Keys that were UUIDs before stand in a view of their own, where a plan has such.
std::string pairs(db::Connection& session) {
  const std::string of = "SELECT table_name, column_name, old_key::text, new_key FROM rekey.";
  const bool uuids = session.exec("SELECT to_regclass('rekey.uuid_mapping') IS NOT NULL").only() == "t";
  return of + "mapping" + (uuids ? " UNION ALL " + of + "uuid_mapping" : "");
}

}  // namespace

int mapping(const Options& options) {
  std::string plan = "mapping";
  if (!options.bundle.empty()) plan = bundle::read_bundle(options.bundle).plan;
  Run run(options.database, plan, options.verbose);
  const auto session = run.open("mapping");
  const Journal journal = read_journal(*session);
  if (!journal.installed) throw Failed("no plan is applied to this database: there is no mapping");
  refuse_purged(journal);
  if (!options.bundle.empty() && journal.plan != plan) {
    throw Refused(
        fmt::format("plan \"{}\" is applied to this database; the bundle is of plan \"{}\"",
                    journal.plan, plan));
  }
  std::string where;
  if (!options.table.empty()) {
    where = " WHERE table_name = " + db::quote_literal(find_table(*session, options.table));
  }
  session->exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  session->exec("DECLARE pairs NO SCROLL CURSOR FOR SELECT * FROM (" + pairs(*session) + ") all_pairs" + where);
  fmt::print("table,column,old_key,new_key\n");
  for (;;) {
    const db::Rows page = session->exec(fmt::format("FETCH {} FROM pairs", kPage));
    for (const db::Row& row : page.rows) {
      fmt::print("{},{},{},{}\n", csv(row[0]), csv(row[1]), csv(row[2]), csv(row[3]));
    }
    if (page.rows.size() < kPage) break;
  }
  session->exec("COMMIT");
  if (std::fflush(stdout) != 0)
    throw Failed("cannot write the mapping: the output is closed or full");
  return kDone;
}

}  // namespace rekey
