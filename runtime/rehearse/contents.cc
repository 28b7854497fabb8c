#include "runtime/rehearse/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <iterator>

#include "runtime/copy/schema_listing.h"
#include "runtime/text.h"

namespace rekey::rehearse {

namespace {

constexpr const char* kTables = R"(
SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE (relkind = 'r' OR relkind = 'm' AND relispopulated) AND nspname <> 'rekey'
  AND nspname <> 'information_schema' AND nspname !~ '^pg_')";

void compare_schemas(const Contents& before, const Contents& after, std::vector<std::string>& out) {
  std::vector<std::string> gone, come;
  std::ranges::set_difference(before.schema, after.schema, std::back_inserter(gone));
  std::ranges::set_difference(after.schema, before.schema, std::back_inserter(come));
  for (const std::string& line : gone) out.push_back("the schema lacks: " + line);
  for (const std::string& line : come) out.push_back("the schema has: " + line);
}

void compare_rows(const Contents& before, const Contents& after, std::vector<std::string>& out) {
  for (const auto& [table, rows] : before.rows) {
    const auto now = after.rows.find(table);
    if (now == after.rows.end()) continue;  // the schema says so
    std::vector<std::int64_t> lost;
    std::ranges::set_difference(rows, now->second, std::back_inserter(lost));
    if (!lost.empty()) {
      out.push_back(fmt::format("{}: {} of {} lost or changed", table,
                                counted(static_cast<std::int64_t>(lost.size()), "row"), rows.size()));
    }
  }
}

}  // namespace

Contents contents_of(db::Connection& session, bool in_order) {
  Contents contents;
  contents.schema = schema_listing(session);
  static const std::regex place(R"("place": \d+, )");
  if (!in_order) {
    for (std::string& line : contents.schema) line = std::regex_replace(line, place, "", std::regex_constants::format_first_only);
  }
  std::ranges::sort(contents.schema);
  for (const db::Row& table : session.exec(kTables).rows) {
    auto& rows = contents.rows[table[0].value()];
    for (const db::Row& row :
         session.exec(fmt::format("SELECT hashtextextended({}::text, 0) FROM ONLY {} t", in_order ? "t" : "to_jsonb(t)", table[0].value())).rows) {
      rows.push_back(std::stoll(row[0].value_or("0")));
    }
    std::ranges::sort(rows);
  }
  for (const db::Row& row : session.exec("SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value) * sign(increment_by) "
                                         "FROM pg_sequences WHERE schemaname <> 'rekey'").rows) {
    contents.sequences[row[0].value()] = std::stoll(row[1].value());
  }
  return contents;
}

std::vector<std::string> differences(const Contents& before, const Contents& after) {
  std::vector<std::string> out;
  compare_schemas(before, after, out);
  compare_rows(before, after, out);
  for (const auto& [sequence, value] : before.sequences) {
    const auto now = after.sequences.find(sequence);
    if (now != after.sequences.end() && now->second < value) {
      out.push_back(fmt::format("sequence {} has gone back", sequence));
    }
  }
  return out;
}

}  // namespace rekey::rehearse
