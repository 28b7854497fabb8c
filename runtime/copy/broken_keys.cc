#include "runtime/copy/broken_keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace rekey {
namespace {

// Those of partitioned tables cannot be made without a look at the rows.
constexpr const char* kValidated = R"(
SELECT con.conrelid::regclass, con.conname, pg_get_constraintdef(con.oid), obj_description(con.oid, 'pg_constraint')
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
WHERE con.contype = 'f' AND con.convalidated AND con.conparentid = 0 AND c.relkind = 'r'
  AND con.connamespace <> ALL (ARRAY(SELECT oid FROM pg_namespace WHERE nspname IN ('rekey', 'pg_catalog')))
ORDER BY con.oid)";

bool is_there(db::Connection& copy, const db::Row& key) {
  return copy.exec("SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass($1) AND conname = $2)", {key[0], key[1]}).only() == "t";
}

void add(db::Connection& copy, const db::Row& key) {
  const auto table = key[0].value(), name = db::quote_identifier(key[1].value());
  copy.exec(fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {} NOT VALID", table, name, key[2].value()));
  copy.exec("UPDATE pg_catalog.pg_constraint SET convalidated = true WHERE conrelid = to_regclass($1) AND conname = $2", {key[0], key[1]});
  if (key[3]) copy.exec(fmt::format("COMMENT ON CONSTRAINT {} ON {} IS {}", name, table, db::quote_literal(*key[3])));
}

}  // namespace

void add_broken_keys(db::Connection& copy, db::Connection& live, std::vector<std::string>& lost) {
  if (lost.empty()) return;
  copy.exec("SELECT set_config('search_path', $1, false)", {live.exec("SHOW search_path").only()});  // names as they come from there
  for (const db::Row& key : live.exec(kValidated).rows) {
    if (is_there(copy, key)) continue;
    const auto said = std::find_if(lost.begin(), lost.end(), [&](const std::string& text) {
      return text.ends_with(fmt::format("violates foreign key constraint \"{}\"", key[1].value()));
    });
    if (said == lost.end()) continue;
    add(copy, key);
    lost.erase(said);
  }
  copy.exec("RESET search_path");
}

}  // namespace rekey
