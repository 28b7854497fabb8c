// lookup: the new key of an old one, and the old of a new.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/commands/commands.h"
#include "runtime/journal.h"
#include "runtime/outcome.h"
#include "runtime/session.h"
#include "runtime/text.h"

namespace rekey {

namespace {

struct Column {
  std::string table, name, domain;  // domain empty: a part of the key that keeps its type
  bool array = false;               // of keys
  bool uuid = false;                // before the change too
};

// What one part of a key was asked as, and what it is on the other side.
struct Answer {
  Column column;
  std::string old_key, new_key;  // old_key empty: written after the change
  std::string note;
};

bool is_uuid(const std::string& key) {
  return key.size() == 36 && std::count(key.begin(), key.end(), '-') == 4;
}

bool is_integer(const std::string& key) {
  const auto digits = key.substr(key.starts_with('-'));
  return !digits.empty() && digits.size() < 20 &&
         digits.find_first_not_of("0123456789") == std::string::npos;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ',')
      parts.emplace_back();
    else if (c != ' ')
      parts.back() += c;
  }
  return parts;
}

// The key's columns of a table, in the order of the primary key; or the one column that is named.
std::vector<Column> find_columns(db::Connection& session, const std::string& name) {
  const db::Rows found = session.exec(R"(
WITH tables AS (
  SELECT DISTINCT k.table_name, c.oid, c.relname, n.nspname
  FROM rekey.key_columns k
  JOIN rekey.domains d USING (domain) JOIN rekey.phases p USING (phase)
  JOIN pg_catalog.pg_class c ON c.oid = to_regclass(k.table_name)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE p.state = 'applied'),
named AS (  -- how specific the name was decides between a table "a.b" and column b of table a
  SELECT t.*, NULL::text AS part, 1 AS rank FROM tables t
  WHERE $1::text IN (t.table_name, t.relname, t.nspname || '.' || t.relname)
  UNION ALL
  SELECT t.*, k.column_name, 2 FROM tables t JOIN rekey.key_columns k USING (table_name)
  WHERE $1::text IN (t.table_name || '.' || k.column_name, t.relname || '.' || k.column_name,
               t.nspname || '.' || t.relname || '.' || k.column_name)),
best AS (SELECT * FROM named WHERE rank = (SELECT min(rank) FROM named))
SELECT b.table_name, a.attname, k.domain, k.is_array, k.old_type = 'uuid',
       (SELECT d.generator = 'borrowed' FROM rekey.domains d WHERE d.domain = k.domain)
FROM best b
JOIN pg_catalog.pg_attribute a ON a.attrelid = b.oid AND NOT a.attisdropped
LEFT JOIN LATERAL (  -- of a table with a surrogate that which was its primary key
  SELECT u.conkey FROM pg_catalog.pg_constraint u
  CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute o JOIN rekey.key_columns q ON q.table_name = b.table_name AND q.column_name = o.attname
                   WHERE o.attrelid = b.oid AND o.attnum = ANY (u.conkey))) h (has_keys)
  WHERE u.conrelid = b.oid AND (u.contype = 'p' OR u.contype = 'u' AND has_keys)
  ORDER BY has_keys DESC, u.contype, u.conname LIMIT 1) pk ON true
LEFT JOIN rekey.key_columns k ON k.table_name = b.table_name AND k.column_name = a.attname
WHERE a.attname = b.part OR (b.part IS NULL AND a.attnum = ANY (pk.conkey))
ORDER BY b.table_name, array_position(pk.conkey, a.attnum))",
                                      {name});
  std::vector<Column> columns;
  for (const db::Row& row : found.rows) {
    if (row[5] == "t") {
      throw Usage(fmt::format("{}.{} holds keys of other tables: look them up there", row[0].value_or(""), row[1].value_or("")));
    }
    columns.push_back({row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3] == "t", row[4] == "t"});
  }
  if (columns.empty()) {
    throw Usage(fmt::format(
        "no key of {} has been changed; name a table, or a column as TABLE.COLUMN", name));
  }
  if (columns.front().table != columns.back().table) {
    throw Usage(fmt::format("{} is in several schemas: {}, {}; name the schema", name,
                            columns.front().table, columns.back().table));
  }
  return columns;
}

std::string generator(db::Connection& session, const std::string& domain, const char* kind,
                      const std::string& operand) {
  return session.exec("SELECT rekey.expression($1, $2, $3)", {domain, kind, operand})
      .only()
      .value();
}

Answer from_old(db::Connection& session, const Column& column, const std::string& key) {
  if (!is_integer(key)) {
    throw Usage(
        fmt::format("\"{}\" is no key: an integer (the old one) or a UUID (the new one)", key));
  }
  Answer answer{column, key, "", ""};
  // Rows written after the change have no old key yet; only a rollback gives them one.
  const std::string expression =
      generator(session, column.domain, "key", db::quote_literal(key) + "::bigint");
  try {
    answer.new_key = session.exec("SELECT " + expression).only().value_or("");
  } catch (const db::Disconnected&) {
    throw;
  } catch (const db::Error& error) {
    answer.note = error.sqlstate == "22003" ? "out of the range of the generator" : error.what();
  }
  return answer;
}

Answer from_new(db::Connection& session, const Column& column, const std::string& key) {
  Answer answer{column, "", key, ""};
  const std::string operand = db::quote_literal(key) + "::uuid";
  const auto holds =
      session.exec("SELECT " + generator(session, column.domain, "holds", operand)).only();
  if (holds != "t") {
    answer.note = "written after the change: has no old key";
    return answer;
  }
  answer.old_key = session.exec("SELECT " + generator(session, column.domain, "id", operand))
                       .only()
                       .value_or("");
  return answer;
}

// Either side is a UUID: an old key, or else a new one.
Answer from_uuid(db::Connection& session, const Column& column, const std::string& key) {
  if (!is_uuid(key)) throw Usage(fmt::format("\"{}\" is no key: a UUID, the old one or the new one", key));
  const db::Rows found = session.exec("SELECT old_key, new_key FROM rekey.pairs w JOIN rekey.domains d USING (domain) "
                                      "WHERE coalesce(d.stage_of, d.domain) = $1 AND $2::uuid IN (old_key, new_key) ORDER BY old_key <> $2::uuid",
                                      {column.domain, key});
  if (!found.rows.empty()) return {column, found.rows[0][0].value_or(""), found.rows[0][1].value_or(""), ""};
  return {column, "", key, "written after the change: has no old key, or kept the one that it has"};
}

Answer answer_unmerged(db::Connection& session, const Column& column, const std::string& key) {
  if (column.uuid) return from_uuid(session, column, key);
  return is_uuid(key) ? from_new(session, column, key) : from_old(session, column, key);
}

// The old key of the row that another was merged into, which may have been merged in turn; the key itself where it was not.
std::string kept_key(db::Connection& session, const Column& column, std::string key) {
  if (!session.exec("SELECT to_regclass('rekey.merged_keys')").only()) return key;
  const db::Rows kept = session.exec(R"(
WITH RECURSIVE merged (key, times) AS (
  SELECT lower($2), 0
  UNION ALL
  SELECT m.kept_key, times + 1 FROM merged JOIN rekey.merged_keys m ON m.domain = $1 AND m.old_key = merged.key WHERE times < 100)
SELECT key FROM merged WHERE times > 0 ORDER BY times DESC LIMIT 1)", {column.domain, key});
  return kept.rows.empty() ? key : kept.rows[0][0].value_or(key);
}

Answer answer_for(db::Connection& session, const Column& column, const std::string& key) {
  if (column.domain.empty()) return {column, key, key, "kept as it is"};
  const std::string kept = kept_key(session, column, key);
  Answer answer = answer_unmerged(session, column, kept);
  if (kept == key) return answer;
  answer.old_key = key;
  answer.note = "merged into the row that was " + kept;
  return answer;
}

bool row_exists(db::Connection& session, const std::vector<Answer>& answers) {
  std::string where;
  for (const Answer& a : answers) {
    if (a.new_key.empty()) return false;
    where += fmt::format(fmt::runtime(a.column.array ? "{}{} = ANY ({})" : "{}{} = {}"), where.empty() ? "" : " AND ",
                         a.column.array ? db::quote_literal(a.new_key) : db::quote_identifier(a.column.name),
                         a.column.array ? db::quote_identifier(a.column.name) : db::quote_literal(a.new_key));
  }
  return session
             .exec(fmt::format("SELECT EXISTS (SELECT FROM {} WHERE {})",
                               answers.front().column.table, where))
             .only() == "t";
}

}  // namespace

int lookup(const Options& options) {
  Run run(options.database, "lookup", options.verbose);
  const auto session = run.open("lookup");
  const Journal journal = read_journal(*session);
  if (!journal.installed) throw Failed("no plan is applied to this database: keys are as they always were");
  refuse_purged(journal);
  const std::vector<Column> columns = find_columns(*session, options.table);
  const std::vector<std::string> keys = split(options.key);
  if (keys.size() != columns.size()) {
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(column.name);
    throw Usage(
        fmt::format("the key of {} is ({}): give {}, separated by commas, or name a column as "
                    "TABLE.COLUMN",
                    columns.front().table, joined(names),
                    counted(static_cast<std::int64_t>(names.size()), "value")));
  }
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    answers.push_back(answer_for(*session, columns[i], keys[i]));
  }
  const bool exists = row_exists(*session, answers);
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    const auto value = [](const std::string& text) {
      return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
    };
    for (const Answer& a : answers) {
      list.push_back({{"table", a.column.table},
                      {"column", a.column.name},
                      {"old_key", value(a.old_key)},
                      {"new_key", value(a.new_key)},
                      {"note", a.note}});
    }
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"schema_version", 1}, {"row_exists", exists}, {"keys", list}}.dump(
            2));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows = {{"column", "old key", "new key"}};
  for (const Answer& a : answers) {
    rows.push_back({a.column.table + "." + db::quote_identifier(a.column.name),
                    a.old_key.empty() ? "-" : a.old_key, a.new_key.empty() ? "-" : a.new_key,
                    a.note});
  }
  fmt::print("{}{}\n", table(rows), exists ? "the row exists" : "no row has this key");
  return kDone;
}

}  // namespace rekey
