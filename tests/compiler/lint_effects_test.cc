// Statements in; locks, rewrites and scans out, as the parse tree and the model give them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compiler/lint/locks.h"
#include "tests/compiler/compiled.h"

namespace rekey::lint {
namespace {

const char* const kPlan = R"(
version: 1
name: p
tables:
  public.users: {primary_key: id, columns: {id: integer}}
  public.orders:
    primary_key: id
    columns: {id: integer, user_id: integer}
    foreign_keys: {user_fkey: {columns: user_id, references: public.users}}
  public.loose:
    columns: {user_id: integer}
    foreign_keys: {f: {columns: user_id, references: public.users, valid: false}}
)";

std::string printed(const Effects& effects) {
  std::vector<std::string> parts;
  for (const auto& lock : effects.locks) parts.push_back(fmt::format("{} {}", lock.table, name(lock.mode)));
  if (!effects.rewrites.empty()) parts.push_back(fmt::format("rewrites {}", fmt::join(effects.rewrites, " ")));
  if (!effects.scans.empty()) parts.push_back(fmt::format("scans {}", fmt::join(effects.scans, " ")));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string effects(const Knowledge& knowledge, const std::string& text) {
  const ParsedSql parsed(text);
  Effects all;
  for (const auto* statement : parsed.statements()) add_effects(*statement, knowledge, {"fallback"}, all);
  return printed(all);
}

struct Case {
  const char* statement;
  const char* printed;
};

void expect(const std::vector<Case>& cases) {
  const Stages stages(kPlan);
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const Knowledge knowledge(stages.model());
  for (const Case& c : cases) EXPECT_EQ(effects(knowledge, c.statement), c.printed) << c.statement;
}

TEST(LintEffects, NoTable) {
  expect({
      {"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", ""},
      {"COMMIT", ""},
      {"SET LOCAL lock_timeout = '2s'", ""},
      {"CREATE SCHEMA rekey", ""},
      {"CREATE TABLE rekey.t (id int REFERENCES rekey.other)", ""},
      {"CREATE FUNCTION public.uuidv7() RETURNS uuid LANGUAGE sql AS 'SELECT 1'", ""},
      {"COMMENT ON SCHEMA rekey IS 'x'", ""},
      {"DROP TABLE rekey.a, rekey.b", ""},
      {"DROP SCHEMA rekey", ""},
      {"DROP FUNCTION public.uuidv7()", ""},
      {"INSERT INTO rekey.keys VALUES (1)", ""},
      {"CALL rekey.begin_step('x')", ""},
      {"SELECT * FROM rekey.steps", ""},
  });
}

TEST(LintEffects, AlterTable) {
  expect({
      {"ALTER TABLE public.users ALTER COLUMN id TYPE uuid USING f(id)",
       "public.users ACCESS EXCLUSIVE; rewrites public.users"},
      {"ALTER TABLE public.users ALTER COLUMN id DROP DEFAULT", "public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users ALTER COLUMN id DROP IDENTITY", "public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users ADD COLUMN x uuid", "public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users ADD CHECK (id > 0)", "public.users ACCESS EXCLUSIVE; scans public.users"},
      {"ALTER TABLE public.users ADD UNIQUE (id)", "public.users ACCESS EXCLUSIVE; scans public.users"},
      {"ALTER TABLE public.orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES public.users(id)",
       "public.orders SHARE ROW EXCLUSIVE; public.users SHARE ROW EXCLUSIVE; scans public.orders"},
      {"ALTER TABLE public.orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES public.users(id) NOT VALID",
       "public.orders SHARE ROW EXCLUSIVE; public.users SHARE ROW EXCLUSIVE"},
      // The constraint's other table stands in the plan alone.
      {"ALTER TABLE public.orders DROP CONSTRAINT user_fkey",
       "public.orders ACCESS EXCLUSIVE; public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.orders DROP CONSTRAINT unknown", "public.orders ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.orders VALIDATE CONSTRAINT user_fkey",
       "public.orders SHARE UPDATE EXCLUSIVE; public.users ROW SHARE; scans public.orders"},
      {"ALTER TABLE public.users ENABLE ALWAYS TRIGGER rekey_fence", "public.users SHARE ROW EXCLUSIVE"},
      {"ALTER TABLE public.users DISABLE TRIGGER t", "public.users SHARE ROW EXCLUSIVE"},
      // Several commands: the strongest counts.
      {"ALTER TABLE public.orders VALIDATE CONSTRAINT user_fkey, ADD COLUMN x int",
       "public.orders ACCESS EXCLUSIVE; public.users ROW SHARE; scans public.orders"},
      {"ALTER TABLE \"Odd\".\"na\"\"me\" ADD COLUMN x int", "\"Odd\".\"na\"\"me\" ACCESS EXCLUSIVE"},
      {"ALTER TABLE unqualified ADD COLUMN x int", "unqualified ACCESS EXCLUSIVE"},
  });
}

TEST(LintEffects, OtherStatements) {
  expect({
      {"LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE", "public.users ACCESS EXCLUSIVE"},
      {"LOCK TABLE public.users, public.orders IN SHARE MODE", "public.users SHARE; public.orders SHARE"},
      {"LOCK TABLE public.users IN ROW SHARE MODE", "public.users ROW SHARE"},
      {"LOCK TABLE public.users", "public.users ACCESS EXCLUSIVE"},
      // Several statements: what conflicts with all that any of them does.
      {"LOCK TABLE public.users IN SHARE MODE; ANALYZE public.users",
       "public.users SHARE ROW EXCLUSIVE; scans public.users"},
      {"ANALYZE public.users; LOCK TABLE public.users IN SHARE MODE",
       "public.users SHARE ROW EXCLUSIVE; scans public.users"},
      {"LOCK TABLE public.users IN ROW EXCLUSIVE MODE; LOCK TABLE public.users IN SHARE MODE",
       "public.users SHARE ROW EXCLUSIVE"},
      {"LOCK TABLE public.users IN ROW SHARE MODE; LOCK TABLE public.users IN SHARE MODE", "public.users SHARE"},
      {"LOCK TABLE public.users IN SHARE MODE; LOCK TABLE public.users IN SHARE MODE", "public.users SHARE"},
      {"LOCK TABLE public.users IN ROW EXCLUSIVE MODE; ANALYZE public.users",
       "public.users SHARE UPDATE EXCLUSIVE; scans public.users"},
      {"VACUUM (ANALYZE) public.users", "public.users SHARE UPDATE EXCLUSIVE; scans public.users"},
      {"ANALYZE public.users", "public.users SHARE UPDATE EXCLUSIVE; scans public.users"},
      {"CREATE TRIGGER t BEFORE INSERT ON public.users EXECUTE FUNCTION rekey.fence()",
       "public.users SHARE ROW EXCLUSIVE"},
      {"DROP TRIGGER t ON public.users", "public.users ACCESS EXCLUSIVE"},
      {"COMMENT ON CONSTRAINT f ON public.orders IS 'x'", "public.orders SHARE UPDATE EXCLUSIVE"},
      {"SELECT * FROM public.users u JOIN public.orders o ON true WHERE EXISTS (SELECT FROM app.x)",
       "public.users ACCESS SHARE; public.orders ACCESS SHARE; app.x ACCESS SHARE; scans public.users "
       "public.orders app.x"},
      {"INSERT INTO rekey.keys SELECT id FROM public.users", "public.users ACCESS SHARE; scans public.users"},
  });
}

TEST(LintEffects, ProceduresOfRekey) {
  expect({
      {"CALL rekey.measure('s', 'before', 'public.users', ARRAY['user_id'])",
       "public.users ACCESS SHARE; scans public.users"},
      {"CALL rekey.list_keys('d', 'SELECT count(*) FROM \"$query$\".\"it''s\"')",
       "\"$query$\".\"it's\" ACCESS SHARE; scans \"$query$\".\"it's\""},
      // Of a domain: its root, and what no valid foreign key holds.
      {"CALL rekey.save_ids('public.users.id')",
       "public.users ACCESS SHARE; public.loose ACCESS SHARE; scans public.users public.loose"},
      {"CALL rekey.assign_legacy_ids('public.orders.id')", "public.orders ACCESS SHARE; scans public.orders"},
      {"CALL rekey.expect_legacy('020')",
       "public.users ACCESS SHARE; public.orders ACCESS SHARE; public.loose ACCESS SHARE; scans public.users "
       "public.orders public.loose"},
      {"CALL rekey.expect_way_back('020')",
       "public.users ACCESS SHARE; public.orders ACCESS SHARE; public.loose ACCESS SHARE; scans public.users "
       "public.orders public.loose"},
      {"CALL rekey.settle_indexes('public.users')", "public.users SHARE"},
      {"CALL rekey.keep_foreign_key_parts('public.users')", ""},
      {"CALL rekey.restore_foreign_key_parts('public.users')", "public.users ACCESS EXCLUSIVE"},
  });
}

// What is not known counts as the worst.
TEST(LintEffects, Dependents) {
  expect({
      {"CREATE VIEW public.v AS SELECT id FROM public.users JOIN public.orders USING (id)",
       "public.users ACCESS SHARE; public.orders ACCESS SHARE"},
      {"CREATE MATERIALIZED VIEW public.m AS SELECT id FROM public.users",
       "public.users ACCESS SHARE; scans public.users"},
      {"DROP VIEW public.v", "public.v ACCESS EXCLUSIVE"},
      {"DROP MATERIALIZED VIEW public.v", "public.v ACCESS EXCLUSIVE"},
      {"DROP TABLE public.users", "public.users ACCESS EXCLUSIVE"},
      {"DROP TABLE rekey.a, public.users", "public.users ACCESS EXCLUSIVE"},
      {"CREATE INDEX i ON public.users (id)", "public.users SHARE; scans public.users"},
      {"CREATE POLICY p ON public.users USING (id IS NOT NULL)", "public.users ACCESS EXCLUSIVE"},
      {"DROP POLICY p ON public.users", "public.users ACCESS EXCLUSIVE"},
      {"CREATE RULE r AS ON DELETE TO public.users DO INSTEAD NOTHING", "public.users ACCESS EXCLUSIVE"},
      {"DROP RULE r ON public.users", "public.users ACCESS EXCLUSIVE"},
      {"CREATE STATISTICS public.s ON id, name FROM public.users", "public.users SHARE UPDATE EXCLUSIVE"},
      {"ALTER PUBLICATION p ADD TABLE public.users", "public.users SHARE UPDATE EXCLUSIVE"},
      {"CALL rekey.run_with_keys($q$CREATE UNIQUE INDEX i ON public.users (coalesce(id, rekey.key('d', -1)))$q$)",
       "public.users SHARE; scans public.users"},
      {"CALL rekey.run_with_keys($q$CREATE SEQUENCE public.s$q$)", "fallback ACCESS EXCLUSIVE"},
  });
}

// Of SQL that a plan brings along.
TEST(LintEffects, OwnStatements) {
  expect({
      {"UPDATE public.users SET id = 1", "public.users ROW EXCLUSIVE; scans public.users"},
      {"UPDATE public.users SET id = o.id FROM public.orders o", "public.orders ACCESS SHARE; public.users ROW EXCLUSIVE; scans public.orders public.users"},
      {"DELETE FROM public.users WHERE id IN (SELECT id FROM public.orders)",
       "public.orders ACCESS SHARE; public.users ROW EXCLUSIVE; scans public.orders public.users"},
      {"INSERT INTO public.users VALUES (1)", "public.users ROW EXCLUSIVE"},
      {"WITH o AS (SELECT * FROM public.orders) INSERT INTO public.users SELECT id FROM o",
       "public.orders ACCESS SHARE; public.users ROW EXCLUSIVE; scans public.orders"},
      {"MERGE INTO public.users u USING public.orders o ON true WHEN MATCHED THEN DELETE",
       "public.orders ACCESS SHARE; public.users ROW EXCLUSIVE; scans public.orders public.users"},
      {"TRUNCATE public.users", "public.users ACCESS EXCLUSIVE"},
      {"TRUNCATE public.users CASCADE", "public.users ACCESS EXCLUSIVE; fallback ACCESS EXCLUSIVE"},
      {"REFRESH MATERIALIZED VIEW public.v", "public.v ACCESS EXCLUSIVE"},
      {"REFRESH MATERIALIZED VIEW CONCURRENTLY public.v", "public.v EXCLUSIVE"},
      {"CREATE TABLE public.t (id int REFERENCES public.users)", "public.users SHARE ROW EXCLUSIVE"},
      {"CREATE TABLE public.t PARTITION OF public.users FOR VALUES IN (1)", "public.users ACCESS EXCLUSIVE"},
      {"CREATE TABLE t (id int)", ""},
      {"ALTER TABLE public.users RENAME COLUMN id TO key", "public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users SET SCHEMA app", "public.users ACCESS EXCLUSIVE"},
      {"ALTER SEQUENCE public.s RESTART", "public.s SHARE ROW EXCLUSIVE"},
      {"ALTER TYPE public.t ADD VALUE 'x'", ""},
      {"DROP TYPE public.t", ""},
      {"DROP TYPE public.t CASCADE", "fallback ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users ADD COLUMN x timestamptz DEFAULT now()", "public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users ADD COLUMN x bigserial", "public.users ACCESS EXCLUSIVE; rewrites public.users"},
      {"ALTER TABLE public.orders ADD COLUMN x uuid REFERENCES public.users",
       "public.orders ACCESS EXCLUSIVE; public.users SHARE ROW EXCLUSIVE; scans public.orders"},
      {"ALTER TABLE public.users ADD CONSTRAINT c CHECK (id > 0) NOT VALID", "public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users ADD CONSTRAINT c UNIQUE USING INDEX i", "public.users ACCESS EXCLUSIVE"},
      {"ALTER TABLE public.users SET UNLOGGED", "public.users ACCESS EXCLUSIVE; rewrites public.users"},
      {"ALTER TABLE public.users ATTACH PARTITION public.orders DEFAULT",
       "public.users SHARE UPDATE EXCLUSIVE; public.orders ACCESS EXCLUSIVE; scans public.orders"},
      {"REINDEX INDEX CONCURRENTLY public.i", "fallback SHARE UPDATE EXCLUSIVE; scans fallback"},
  });
}

TEST(LintEffects, UnknownIsAccessExclusive) {
  const char* const worst = "fallback ACCESS EXCLUSIVE";
  expect({
      {"DROP INDEX public.i", worst},
      {"REINDEX TABLE public.users", worst},
      {"CLUSTER public.users", worst},
      {"DO 'BEGIN END'", worst},
      {"CALL rekey.surprise()", worst},
      {"CALL public.begin_step('x')", worst},
      {"CALL begin_step('x')", worst},
      {"COPY public.users FROM stdin", worst},
      {"DROP TRIGGER t ON users", worst},
      {"DROP TABLE users", worst},
      {"DROP SCHEMA public CASCADE", worst},
  });
}

TEST(LintEffects, StatementsAndTheirPlaces) {
  const std::string text = "\n-- one; not a statement\n  SELECT 1;\n\n--two\nSELECT ';' -- three\n;SELECT $x$;$x$";
  std::string out;
  for (const auto& range : statements_in(text)) out += "[" + text.substr(range.offset, range.length) + "]";
  EXPECT_EQ(out, "[SELECT 1;][SELECT ';' -- three\n;][SELECT $x$;$x$]");
  EXPECT_EQ(ParsedSql(text).statements().size(), 3u);
  for (const char* nothing : {"", "-- nothing\n"}) {
    EXPECT_EQ(statements_in(nothing).size(), 0u);
    EXPECT_EQ(ParsedSql(nothing).statements().size(), 0u);
  }
}

TEST(LintEffects, SyntaxErrorsHaveTheirPlace) {
  auto error = [](void (*parse)(const std::string&)) -> std::string {
    try {
      parse("SELECT 'ü';\nSELEC 2");
    } catch (const SyntaxError& error) {
      return fmt::format("{}: {}", error.offset, error.what());
    }
    return "parsed";
  };
  const std::string expected = "12: syntax error at or near \"SELEC\"";
  EXPECT_EQ(error([](const std::string& text) { ParsedSql{text}; }), expected);
  EXPECT_EQ(error([](const std::string& text) { statements_in(text); }), expected);
}

}  // namespace
}  // namespace rekey::lint
