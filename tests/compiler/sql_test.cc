// Names and texts as SQL: what is written, and that PostgreSQL's own parser reads the same back.
#include "compiler/lower/sql.h"

#include <gtest/gtest.h>

#include "compiler/lint/parse_sql.h"

namespace rekey::sql {
namespace {

const PgQuery__Node& target(const lint::ParsedSql& parsed) {
  return *parsed.statements().at(0)->select_stmt->target_list[0]->res_target->val;
}

std::string column_read_back(const std::string& quoted) {
  const lint::ParsedSql parsed("SELECT " + quoted + " FROM t");
  EXPECT_EQ(parsed.statements().size(), 1u) << quoted;
  const auto& reference = *target(parsed).column_ref;
  EXPECT_EQ(reference.n_fields, 1u) << quoted;
  return reference.fields[0]->string->sval;
}

std::string text_read_back(const std::string& quoted) {
  const lint::ParsedSql parsed("SELECT " + quoted);
  EXPECT_EQ(parsed.statements().size(), 1u) << quoted;
  return target(parsed).a_const->sval->sval;
}

TEST(Sql, Identifiers) {
  const struct {
    std::string name, written;
  } cases[] = {
      {"users", "users"},
      {"_a1", "_a1"},
      {"Users", "\"Users\""},
      {"two words", "\"two words\""},
      {"a\"b", "\"a\"\"b\""},
      {"\"", "\"\"\"\""},
      {"a\\b", "\"a\\b\""},
      {"a\nb", "\"a\nb\""},
      {"a\r\n--b", "\"a\r\n--b\""},
      {"a'b", "\"a'b\""},
      {"größe", "\"größe\""},
      {"表", "\"表\""},
      {"1st", "\"1st\""},
      {"a$b", "\"a$b\""},
      {"$query$", "\"$query$\""},
      {"a;b", "\"a;b\""},
      {"/*", "\"/*\""},
      {":name", "\":name\""},
      {" ", "\" \""},
      // Reserved; a type or a function as well; a column name as it is.
      {"select", "\"select\""},
      {"user", "\"user\""},
      {"order", "\"order\""},
      {"left", "\"left\""},
      {"authorization", "\"authorization\""},
      {"int", "\"int\""},
      {"values", "\"values\""},
      {"coalesce", "\"coalesce\""},
      {"name", "name"},
      {"type", "type"},
      {"key", "key"},
      {"position", "\"position\""},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(identifier(c.name), c.written);
    EXPECT_EQ(column_read_back(identifier(c.name)), c.name);
  }
}

// Every keyword of the parser's list comes back as itself, wherever a name can stand.
TEST(Sql, Keywords) {
  for (const char* word :
       {"all", "analyse", "and", "any", "array", "as", "asc", "asymmetric", "between", "both", "case", "cast",
        "char", "character", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
        "cross", "current_date", "current_role", "current_user", "dec", "decimal", "default", "deferrable", "desc",
        "distinct", "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign",
        "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in", "initially",
        "inner", "inout", "intersect", "interval", "into", "is", "isnull", "join", "lateral", "leading", "like",
        "limit", "localtime", "natural", "nchar", "none", "not", "notnull", "null", "nullif", "numeric", "offset",
        "on", "only", "or", "out", "outer", "overlaps", "overlay", "placing", "precision", "primary", "real",
        "references", "returning", "right", "row", "session_user", "setof", "similar", "smallint", "some",
        "substring", "symmetric", "table", "tablesample", "then", "time", "timestamp", "to", "trailing", "treat",
        "trim", "true", "union", "unique", "using", "varchar", "variadic", "verbose", "when", "where", "window",
        "with", "xmltable", "add", "alter", "at", "by", "commit", "cycle", "data", "day", "drop", "index", "if",
        "level", "no", "of", "over", "set", "system", "trigger", "value", "year"}) {
    const std::string text = "ALTER TABLE " + identifier(word) + "." + identifier(word) + " DROP CONSTRAINT " +
                             identifier(word) + ", ALTER COLUMN " + identifier(word) + " SET DEFAULT " +
                             identifier(word) + "." + identifier(word) + "()";
    const lint::ParsedSql parsed(text);
    const auto& alter = *parsed.statements().at(0)->alter_table_stmt;
    EXPECT_STREQ(alter.relation->schemaname, word);
    EXPECT_STREQ(alter.relation->relname, word);
    EXPECT_STREQ(alter.cmds[0]->alter_table_cmd->name, word);
    EXPECT_STREQ(alter.cmds[1]->alter_table_cmd->name, word);
    EXPECT_STREQ(alter.cmds[1]->alter_table_cmd->def->func_call->funcname[1]->string->sval, word);
  }
}

TEST(Sql, Literals) {
  const struct {
    std::string text, written;
  } cases[] = {
      {"", "''"},
      {"plain", "'plain'"},
      {"it's", "'it''s'"},
      {"'; DROP TABLE x; --", "'''; DROP TABLE x; --'"},
      {"a\\b", "E'a\\\\b'"},
      {"\\'", "E'\\\\'''"},
      {"two\nlines", "'two\nlines'"},
      {"größe", "'größe'"},
      {"$query$", "'$query$'"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(literal(c.text), c.written);
    EXPECT_EQ(text_read_back(literal(c.text)), c.text);
  }
}

TEST(Sql, DollarQuoted) {
  const struct {
    std::string text, written;
  } cases[] = {
      {"SELECT 1", "$query$SELECT 1$query$"},
      {"SELECT 'it''s'", "$query$SELECT 'it''s'$query$"},
      {"a$b", "$query$a$b$query$"},
      {"a\"$query$\"b", "'a\"$query$\"b'"},
      {"\\$query$'", "E'\\\\$query$'''"},
      // The end of the text and the closing mark must not make an earlier one.
      {"FROM a$query", "'FROM a$query'"},
      {"$", "$query$$$query$"},
      {"x$", "$query$x$$query$"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(dollar_quoted(c.text), c.written);
    EXPECT_EQ(text_read_back(dollar_quoted(c.text)), c.text);
  }
}

TEST(Sql, TablesAndColumns) {
  EXPECT_EQ(table({"public", "users"}), "public.users");
  EXPECT_EQ(table({"My App", "select"}), "\"My App\".\"select\"");
  EXPECT_EQ(columns({"a", "B", "order"}), "a, \"B\", \"order\"");
  EXPECT_EQ(columns({}), "");
}

}  // namespace
}  // namespace rekey::sql
