#include "compiler/inspect/functions.h"

#include <algorithm>

namespace rekey::inspect {

namespace {

constexpr const char* kFunctions = R"(
SELECT p.oid::regprocedure, pg_get_functiondef(p.oid), p.prokind = 'p'
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'sql'
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p') AND p.prosrc <> ''
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rekey', 'rekey_old', 'rekey_new')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                            AND d.deptype = 'e')
ORDER BY 1)";

}  // namespace

FunctionCheck::FunctionCheck(db::Connection& copy, std::string search_path)
    : copy_(copy), search_path_(std::move(search_path)) {
  for (const BrokenFunction& f : broken()) before_.insert(f.name);
  asked_ = read_ - before_.size();
}

std::vector<BrokenFunction> FunctionCheck::broken_since() {
  auto all = broken();
  std::erase_if(all, [&](const BrokenFunction& f) { return before_.contains(f.name); });
  return all;
}

std::vector<BrokenFunction> FunctionCheck::broken() {
  copy_.exec("RESET ALL; SET search_path = pg_catalog");
  const db::Rows functions = copy_.exec(kFunctions);
  read_ = functions.rows.size();
  copy_.exec("SET check_function_bodies = on");
  copy_.exec("SELECT set_config('search_path', $1, false)", {search_path_});
  std::vector<BrokenFunction> out;
  for (const db::Row& row : functions.rows) {
    const std::string definition = row[1].value_or("") + ";\n";
    try {
      copy_.exec("BEGIN");
      copy_.exec(definition);
    } catch (const db::Disconnected&) {
      throw;
    } catch (const db::Error& error) {
      out.push_back({row[0].value_or(""), definition, error.what(), row[2] == "t"});
    }
    copy_.exec("ROLLBACK");
  }
  copy_.exec("RESET ALL");
  return out;
}

}  // namespace rekey::inspect
