// SQL that a plan brings along: let through, or refused with the whole error.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compiler/lint/parse_sql.h"
#include "compiler/plan/print.h"
#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

std::string with_default(const std::string& sql) {
  return "version: 1\nname: p\ntables:\n  public.a:\n    primary_key: id\n    columns:\n      id:\n"
         "        type: integer\n        new_default: " + plan::yaml_scalar(sql, false) + "\n";
}

std::string with_probe(const std::string& sql) {
  return "version: 1\nname: p\nphases:\n  - {name: f, kind: foundation}\n  - name: a\n    tables: public.a\n"
         "    probes:\n      - name: one\n        query: " + plan::yaml_scalar(sql, false) + "\n"
         "      - {name: two, query: \"true\"}\ntables:\n"
         "  public.a: {primary_key: id, columns: {id: integer}}\n";
}

// Of a phase: the lines below its key.
std::string with_phase(const std::string& lines, const std::string& kind = "tables: public.a") {
  return "version: 1\nname: p\nphases:\n  - {name: f, kind: foundation}\n  - name: a\n    " + kind + "\n" + lines + "tables:\n"
         "  public.a: {primary_key: id, columns: {id: integer}}\n";
}

std::string with_check(const std::string& sql) {
  return with_phase("    checks:\n      - name: one\n        query: " + plan::yaml_scalar(sql, false) + "\n");
}

std::string with_options(const std::string& sql) {
  return "version: 1\nname: p\ntables:\n  public.a:\n    primary_key: id\n    columns:\n      id:\n"
         "        type: integer\n        identity: always\n        sequence: public.a_id_seq\n"
         "        sequence_options: " +
         plan::yaml_scalar(sql, false) + "\n";
}

std::string with_type_name(const std::string& sql) {
  return "version: 1\nname: p\ntables:\n  public.a:\n    primary_key: id\n    columns:\n      id:\n"
         "        type: integer\n        type_name: " + plan::yaml_scalar(sql, false) + "\n";
}

std::string with_index(const std::string& sql) {
  return "version: 1\nname: p\ntables:\n  public.a:\n    primary_key: id\n    columns:\n      id: {type: integer}\n"
         "    indexes:\n      i: " +
         plan::yaml_scalar(sql, false) + "\n";
}

// The first line of what is said: place and message.
std::string said(const std::string& plan) {
  const Stages stages(plan);
  const auto text = stages.diagnostics.render();
  return text.substr(0, text.find('\n'));
}

std::vector<int> statements_per_file(const emit::Emitted& emitted) {
  std::vector<int> counts;
  for (const auto& [path, text] : emitted.files) {
    if (path.ends_with(".sql")) counts.push_back(lint::ParsedSql(text).statements().size());
  }
  return counts;
}

TEST(LintUserSql, Accepted) {
  const auto plain = statements_per_file(Stages(with_default("gen_random_uuid()")).emitted());
  for (const char* sql :
       {"gen_random_uuid()", "app.new_id('users')", "NULL", "none", "CASE WHEN true THEN x() ELSE y() END",
        "gen_random_uuid() -- the server's own\n", "ROW(a(), b())", "/* why */ gen_random_uuid() /* ; */", "'a;b)'::uuid",
        "(SELECT x())", "$$a)$$::uuid", "a()::uuid", "(a())", "E'\\''::uuid", "\"odd :name\"()"}) {
    const Stages stages(with_default(sql));
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    EXPECT_EQ(statements_per_file(stages.emitted()), plain) << sql;
  }
  const auto probe = statements_per_file(Stages(with_probe("true")).emitted());
  for (const char* sql : {"SELECT count(*) > 0 FROM public.a", "SELECT true -- always", "true",
                          "SELECT true UNION SELECT true LIMIT 1", "WITH x AS (SELECT 1) SELECT true FROM x",
                          "SELECT bool_and(a.id[1:2] IS NULL) FROM public.a", "VALUES (true)"}) {
    const Stages stages(with_probe(sql));
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    EXPECT_EQ(statements_per_file(stages.emitted()), probe) << sql;
  }
  const auto options = statements_per_file(Stages(with_options("CACHE 1")).emitted());
  for (const char* sql : {"START WITH 100 INCREMENT BY 5", "CACHE 10", "MINVALUE -5 /* odd */ CYCLE"}) {
    const Stages stages(with_options(sql));
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    EXPECT_EQ(statements_per_file(stages.emitted()), options) << sql;
  }
}

TEST(LintUserSql, TypeNamesAccepted) {
  const auto plain = statements_per_file(Stages(with_type_name("public.ids")).emitted());
  for (const char* sql : {"ids", "\"odd name\".\"a;b\"", "public.ids[]", "public.ids /* why */"}) {
    const Stages stages(with_type_name(sql));
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    EXPECT_EQ(statements_per_file(stages.emitted()), plain) << sql;
  }
}

struct Case {
  const char* sql;
  const char* said;
};

TEST(LintUserSql, NoExpression) {
  const std::string at = "plan.yaml:9:22: error: this is not an SQL expression: ";
  const Case cases[] = {
      {"1); DROP TABLE x; --", "syntax error at or near \")\" [sql]"},
      {"1; DROP TABLE x", "syntax error at or near \";\" [sql]"},
      {"a) FROM t WHERE (true", "syntax error at or near \")\" [sql]"},
      {"a), (b", "syntax error at or near \")\" [sql]"},
      {"a, b", "it is more than that [sql]"},
      {"gen_random_uuid(), SET (fillfactor = 10)", "it is more than that [sql]"},
      {"gen_random_uuid(), RESET (fillfactor)", "it is more than that [sql]"},
      {"a) LIMIT (1", "syntax error at or near \")\" [sql]"},
      {"a) ORDER BY (1", "syntax error at or near \")\" [sql]"},
      {"a) GROUP BY (1", "syntax error at or near \")\" [sql]"},
      {"a) + (b", "syntax error at or near \")\" [sql]"},
      {"a) UNION SELECT (b", "syntax error at or near \")\" [sql]"},
      {"a) AS b, (c", "syntax error at or near \")\" [sql]"},
      {"a) FOR UPDATE OF (b", "syntax error at or near \")\" [sql]"},
      {"SELECT 1", "syntax error at or near \"SELECT\" [sql]"},
      {"-- nothing", "syntax error at or near \")\" [sql]"},
      {"/* open", "unterminated /* comment at or near \"/* open\" [sql]"},
      {"'open", "unterminated quoted string at or near \"'open\" [sql]"},
      {"\"open", "unterminated quoted identifier at or near \"\"open\" [sql]"},
      {"$x$open", "unterminated dollar-quoted string at or near \"$x$open\" [sql]"},
      {"a AS b", "syntax error at or near \"AS\" [sql]"},
      {"*", "syntax error at or near \"*\" [sql]"},
      {"DEFAULT", "it is more than that [sql]"},
      {"a) -- (", "syntax error at or near \")\" [sql]"},
  };
  for (const Case& c : cases) EXPECT_EQ(said(with_default(c.sql)), at + c.said) << c.sql;
}

TEST(LintUserSql, NoTypeName) {
  const std::string at = "plan.yaml:9:20: error: this is not the name of a type: ";
  const Case cases[] = {
      {"publicds ha", "syntax error at or near \"ha\" [sql]"},
      {"integer; DROP TABLE x", "syntax error at or near \";\" [sql]"},
      {"integer); DROP TABLE x; --", "syntax error at or near \")\" [sql]"},
      {"integer USING 1", "syntax error at or near \"USING\" [sql]"},
      {"integer, DROP COLUMN x", "syntax error at or near \"COLUMN\" [sql]"},
      {"integer, x", "it is more than that [sql]"},
      {"integer::text", "it is more than that [sql]"},
      {"integer COLLATE \"C\"", "it is more than that [sql]"},
      {"integer + 1", "it is more than that [sql]"},
      {"SETOF integer", "it is more than that [sql]"},
      {"integer) = (NULL", "it is more than that [sql]"},
  };
  for (const Case& c : cases) EXPECT_EQ(said(with_type_name(c.sql)), at + c.said) << c.sql;
}

TEST(LintUserSql, NoIndex) {
  const std::string at = "plan.yaml:9:10: error: this is not an index's definition: ";
  const Case cases[] = {
      {"(id)", "syntax error at or near \"(\" [sql]"},
      {"btree (id", "syntax error at end of input [sql]"},
      {"btree (id)_at DESC) WHERE true", "syntax error at or near \"_at\" [sql]"},
      {"btree (id); DROP TABLE x", "it is more than that [sql]"},
  };
  for (const Case& c : cases) EXPECT_EQ(said(with_index(c.sql)), at + c.said) << c.sql;
}

TEST(LintUserSql, NoQueryWithOneResult) {
  const std::string at = "plan.yaml:9:16: error: this is not a query with one result: ";
  const Case cases[] = {
      {"true); DROP TABLE x; --", "syntax error at or near \")\" [sql]"},
      {"SELECT true; DROP TABLE x", "syntax error at or near \";\" [sql]"},
      {"true), (SELECT true", "it is more than that [sql]"},
      {"true, true", "it is more than that [sql]"},
      {"DELETE FROM public.a RETURNING true", "syntax error at or near \"FROM\" [sql]"},
      {"SELECT 1 FROM", "syntax error at or near \")\" [sql]"},
  };
  for (const Case& c : cases) EXPECT_EQ(said(with_probe(c.sql)), at + c.said) << c.sql;
}

TEST(LintUserSql, QueriesOfChecksAccepted) {
  for (const char* sql : {"SELECT", "SELECT 1 FROM public.a WHERE false", "SELECT id FROM public.a -- none", "VALUES (1)", "TABLE public.a;",
                          "WITH x AS (SELECT 1) SELECT FROM x", "SELECT pid FROM pg_stat_activity",
                          "SELECT 1 FROM public.a UNION ALL (SELECT 2 FROM app.b)"}) {
    const Stages stages(with_check(sql));
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    EXPECT_NO_THROW(stages.emitted()) << sql;
  }
}

TEST(LintUserSql, NoQueriesOfChecks) {
  const std::string at = "plan.yaml:9:16: error: ", no = at + "this is not a query that reads: ";
  const std::pair<const char*, std::string> cases[] = {
      {"DELETE FROM public.a RETURNING id", no + "it is more than that [sql]"},
      {"SELECT 1; SELECT 2", no + "it is more than that [sql]"},
      {"WITH d AS (DELETE FROM public.a RETURNING id) SELECT id FROM d", no + "it is more than that [sql]"},
      {"SELECT id INTO public.b FROM public.a", no + "it is more than that [sql]"},
      {"SELECT id FROM public.a FOR UPDATE", no + "it is more than that [sql]"},
      {"true", no + "syntax error at or near \"true\" [sql]"},
      {"SELECT id FROM a", at + "a is written without its schema [no-schema]"},
      {"WITH b AS (SELECT 1) SELECT FROM b, c", at + "c is written without its schema [no-schema]"},
      {"SELECT a[lo:hi] FROM public.a", at + "psql would take :name for one of its variables [psql-variable]"},
  };
  for (const auto& [sql, wanted] : cases) EXPECT_EQ(said(with_check(sql)), wanted) << sql;
}

TEST(LintUserSql, ChecksOfNothingOrOfBoth) {
  EXPECT_EQ(findings(with_phase("    checks: [{name: one}, {name: two, query: VALUES (1), command: \"true\"}]\n")),
            R"(plan.yaml:7:21: error: check one has neither a query nor a command [check]
    checks: [{name: one}, {name: two, query: VALUES (1), command: "true"}]
                    ^~~
  add query: SELECT …, which must return no row, or command: ./smoke.sh
plan.yaml:7:34: error: check two has a query and a command [check]
    checks: [{name: one}, {name: two, query: VALUES (1), command: "true"}]
                                 ^~~
  make two checks of it
)");
}

std::string with_sql(const std::string& sql, const std::string& kind = "tables: public.a") {
  return with_phase("    sql:\n      - name: one\n        up: " + plan::yaml_scalar(sql, false) + "\n        down: SELECT\n", kind);
}

TEST(LintUserSql, StepsAccepted) {
  for (const char* sql : {"UPDATE public.a SET id = id", "SELECT; SELECT;", "DO $$ BEGIN COMMIT; END $$", "SET LOCAL work_mem = '1GB'; ANALYZE public.a",
                          "CREATE TEMP TABLE t (x int); INSERT INTO t SELECT id FROM public.a"}) {
    const Stages stages(with_sql(sql));
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    EXPECT_NO_THROW(stages.emitted()) << sql;
  }
}

TEST(LintUserSql, NoSteps) {
  const std::string at = "plan.yaml:9:13: error: ";
  const Case cases[] = {
      {"SELECT (", "this is not a list of statements: syntax error at end of input [sql]"},
      {"SELECT 1; COMMIT", "it ends or begins a transaction [sql-step]"},
      {"COPY public.a FROM STDIN", "COPY takes its rows from whoever runs the file [sql-step]"},
      {"SET search_path = x", "SET holds for the steps after it too [sql-step]"},
      {"RESET ALL", "SET holds for the steps after it too [sql-step]"},
      {"DISCARD ALL", "DISCARD takes the settings of the steps after it [sql-step]"},
      {"VACUUM public.a", "VACUUM cannot be in a transaction [sql-step]"},
      {"CREATE INDEX CONCURRENTLY i ON public.a (id)", "CREATE INDEX CONCURRENTLY cannot be in a transaction [sql-step]"},
      {"DROP INDEX CONCURRENTLY public.i", "DROP INDEX CONCURRENTLY cannot be in a transaction [sql-step]"},
      {"REINDEX INDEX CONCURRENTLY public.i", "REINDEX CONCURRENTLY cannot be in a transaction [sql-step]"},
      {"ALTER SYSTEM SET work_mem = '1GB'", "it is about the whole server [sql-step]"},
      {"UPDATE a SET id = 1", "a is written without its schema [no-schema]"},
      {"DROP VIEW names", "names is written without its schema [no-schema]"},
      {"DROP FUNCTION f(integer)", "f is written without its schema [no-schema]"},
      {"DROP TRIGGER t ON a", "a is written without its schema [no-schema]"},
      {"CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "f is written without its schema [no-schema]"},
      {"CREATE TYPE mood AS ENUM ('good')", "mood is written without its schema [no-schema]"},
      {"SELECT 1 -- why", "the comment at the end would swallow the SQL behind it [sql-comment]"},
      {"UPDATE public.a SET n = b[lo:hi]", "psql would take :name for one of its variables [psql-variable]"},
  };
  for (const Case& c : cases) EXPECT_EQ(said(with_sql(c.sql)), at + c.said) << c.sql;
  EXPECT_EQ(said(with_phase("    sql: [{name: one, up: SELECT, down: none}]\n")),
            "plan.yaml:7:41: error: nothing takes back one, and no reason is given [no-way-back]");
  EXPECT_EQ(said(with_phase("    sql: [{name: one, up: SELECT, down: SELECT, reason: x}]\n")),
            "plan.yaml:7:57: error: a reason is for down: none [no-way-back]");
}

// Beside the application: what goes through a table while writers wait, and what cannot be told.
TEST(LintUserSql, LocksOfSteps) {
  const std::string at = "plan.yaml:9:13: error: ", beside = ", for which writers wait, and this phase runs beside the application [long-lock]";
  const std::pair<const char*, std::string> cases[] = {
      {"UPDATE public.a SET n = 1", ""},
      {"ALTER TABLE public.b ADD COLUMN n integer DEFAULT 1", ""},
      {"ALTER TABLE public.b ADD CHECK (n > 0) NOT VALID", ""},
      {"ALTER TABLE public.b VALIDATE CONSTRAINT c", ""},
      {"CREATE TABLE app.t (a uuid REFERENCES public.b)", ""},
      {"DROP SEQUENCE public.s", ""},
      {"ALTER TABLE public.b ADD COLUMN n uuid DEFAULT gen_random_uuid()", at + "it rewrites public.b under ACCESS EXCLUSIVE" + beside},
      {"ALTER TABLE public.b ALTER COLUMN n TYPE bigint", at + "it rewrites public.b under ACCESS EXCLUSIVE" + beside},
      {"ALTER TABLE public.b ALTER COLUMN n SET NOT NULL", at + "it reads all of public.b under ACCESS EXCLUSIVE" + beside},
      {"ALTER TABLE public.b ADD COLUMN n int; UPDATE public.b SET n = 1", at + "it reads all of public.b under ACCESS EXCLUSIVE" + beside},
      {"CREATE INDEX i ON public.b (n)", at + "it reads all of public.b under SHARE" + beside},
      {"DO $$ BEGIN END $$", at + "which locks DO $$ takes cannot be told, and this phase runs beside the application [unknown-locks]"},
      {"DROP INDEX public.i", at + "which locks DROP INDEX takes cannot be told, and this phase runs beside the application [unknown-locks]"},
      {"CALL app.p()", at + "which locks CALL app.p() takes cannot be told, and this phase runs beside the application [unknown-locks]"},
  };
  for (const auto& [sql, wanted] : cases) {
    std::string plan = with_sql(sql, "kind: cleanup");
    plan.insert(plan.find("  - name: a"), "  - {name: b, tables: public.a}\n");
    EXPECT_EQ(said(plan), wanted.empty() ? "" : "plan.yaml:10:13" + wanted.substr(14)) << sql;
    EXPECT_EQ(said(with_sql(sql)), "") << sql;
  }
}

TEST(LintUserSql, WhatStepsMakeIsNotInTheWay) {
  const auto plan = [](const std::string& first, const std::string& second, const std::string& down = "SELECT") {
    return "version: 1\nname: p\nphases:\n  - {name: f, kind: foundation}\n  - {name: a, tables: public.a, sql: [{name: one, up: " + first +
           ", down: SELECT}]}\n  - {name: b, tables: public.b, sql: [{name: two, up: " + second + ", reason: no, down: " + down + "}]}\n"
           "tables:\n  public.a: {primary_key: id, columns: {id: integer}}\n  public.b: {primary_key: id, columns: {id: integer}}\n";
  };
  EXPECT_EQ(said(plan("CREATE VIEW app.v AS SELECT id FROM public.a", "SELECT", "none")), "");
  EXPECT_EQ(said(plan("CREATE VIEW app.v AS SELECT id FROM public.b", "SELECT", "none")),
            "plan.yaml:5:55: error: what one makes stands on public.b, whose keys change in phase b [own-dependent]");
  EXPECT_EQ(said(plan("SELECT", "\"CREATE TABLE app.t (b uuid REFERENCES public.b)\"", "none")),
            "plan.yaml:6:55: error: what two makes stands on public.b, whose keys go back in a rollback [own-dependent]");
}

TEST(LintUserSql, IndexChanges) {
  const auto said_of = [](const std::string& change, const std::string& kind = "kind: cleanup") {
    std::string plan = with_phase("    indexes: [" + change + "]\n", kind);
    if (kind == "kind: cleanup") plan.insert(plan.find("  - name: a"), "  - {name: b, tables: public.a}\n");
    return said(plan);
  };
  const std::string i = "definition: CREATE INDEX i ON public.a (id)";
  EXPECT_EQ(said_of("{create: CREATE INDEX i ON public.a (id)}"), "");
  EXPECT_EQ(said_of("{drop: public.i, " + i + "}, {reindex: public.i, " + i + ";}"), "");
  EXPECT_EQ(said_of("{" + i + "}"), "plan.yaml:6:11: error: an index change is one of create, drop and reindex [index-change]");
  EXPECT_EQ(said_of("{drop: public.i}"), "plan.yaml:8:22: error: what this index is like is not said [index-change]");
  EXPECT_EQ(said_of("{drop: public.j, " + i + "}"), "plan.yaml:8:44: error: this is public.i, not public.j [index-change]");
  EXPECT_EQ(said_of("{create: CREATE INDEX ON public.a (id)}").substr(0, 57), "plan.yaml:8:24: error: this is not one CREATE INDEX with ");
  EXPECT_EQ(said_of("{create: CREATE INDEX CONCURRENTLY i ON public.a (id)}").substr(0, 57), "plan.yaml:8:24: error: this is not one CREATE INDEX with ");
  EXPECT_EQ(said_of("{create: CREATE INDEX i ON a (id)}"), "plan.yaml:8:24: error: a is written without its schema [no-schema]");
  EXPECT_EQ(said_of("{create: CREATE INDEX i ON public.a (id)}", "tables: public.a"),
            "plan.yaml:7:24: error: indexes: are for the cleanup; phase a is none [index-change]");
}

TEST(LintUserSql, NoSequenceOptions) {
  const std::string at = "plan.yaml:11:27: error: this is not a list of sequence options: ";
  const Case cases[] = {
      {"START WITH 1); DROP TABLE x; --", "syntax error at or near \")\" [sql]"},
      {"START WITH 1), DROP COLUMN (x", "syntax error at or near \"(\" [sql]"},
      {"START WITH 1), ADD CHECK (true", "it is more than that [sql]"},
      {"START WITH x()", "syntax error at or near \"x\" [sql]"},
      {"OWNED", "syntax error at or near \")\" [sql]"},
  };
  for (const Case& c : cases) EXPECT_EQ(said(with_options(c.sql)), at + c.said) << c.sql;
}

// psql replaces :name outside of quotes and comments.
TEST(LintUserSql, PsqlVariables) {
  const Case cases[] = {
      {"a.b[lo:hi]", "plan.yaml:9:22: error: psql would take :name for one of its variables [psql-variable]"},
      {"a.b[lo:\"hi\"]", "plan.yaml:9:22: error: psql would take :name for one of its variables [psql-variable]"},
      {"E'\\'' || a.b[lo:hi]", "plan.yaml:9:22: error: psql would take :name for one of its variables [psql-variable]"},
      {"/* ' */ a.b[lo:hi]", "plan.yaml:9:22: error: psql would take :name for one of its variables [psql-variable]"},
      {"$$'$$ || a.b[lo:hi]", "plan.yaml:9:22: error: psql would take :name for one of its variables [psql-variable]"},
      {"a.b[lo: hi]", ""},
      {"a.b[1:2]", ""},
      {"a::uuid", ""},
      {"f(x := 1)", ""},
      {"':name'::uuid", ""},
      {"$$:name$$::uuid", ""},
      {"f() /* :name */", ""},
      {"\":name\"()", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(said(with_default(c.sql)), c.said) << c.sql;
}

TEST(LintUserSql, CommentsAtTheEnd) {
  const char* const error =
      "the comment at the end would swallow the SQL behind it [sql-comment]";
  EXPECT_EQ(said(with_default("f() -- why")), fmt::format("plan.yaml:9:22: error: {}", error));
  EXPECT_EQ(said(with_options("CYCLE -- why")), fmt::format("plan.yaml:11:27: error: {}", error));
  EXPECT_EQ(said(with_default("'-- text'::uuid")), "");
}

// The parser's own limit comes too late for chains of operators.
TEST(LintUserSql, TooLong) {
  std::string chain = "1";
  while (chain.size() < 999) chain += "+1";
  EXPECT_EQ(said(with_default(chain)), "");
  EXPECT_EQ(said(with_default(chain + "+1")),
            "plan.yaml:9:22: error: this has 1001 words and signs; 1000 is the most [long-sql]");
  while (chain.size() < 200'000) chain += "+1";
  EXPECT_EQ(said(with_default(chain)),
            "plan.yaml:9:22: error: this has 200001 words and signs; 1000 is the most [long-sql]");
}

TEST(LintUserSql, WholeError) {
  EXPECT_EQ(findings(with_default("1); DROP TABLE x; --")),
            "plan.yaml:9:22: error: this is not an SQL expression: syntax error at or near \")\" [sql]\n"
            "        new_default: 1); DROP TABLE x; --\n"
            "                     ^~~~~~~~~~~~~~~~~~~~\n"
            "  write it as it would stand in SQL\n");
  EXPECT_EQ(findings("version: 1\nname: p\nnew_keys: {expression: \"uuid_v(\"}\ntables: {}\n"),
            "plan.yaml:3:24: error: this is not an SQL expression: syntax error at end of input [sql]\n"
            "new_keys: {expression: \"uuid_v(\"}\n"
            "                       ^~~~~~~~~\n"
            "  write it as it would stand in SQL\n");
}

}  // namespace
}  // namespace rekey
