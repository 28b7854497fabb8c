// Definitions in, what they do with key columns out. The long table is tests/fixtures/key_use:
//
//   REKEY_UPDATE_GOLDEN=1 tests/run -R Golden      writes its results anew
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/compiler/key_use_cases.h"

namespace rekey::lint {
namespace {

TEST(GoldenKeyUse, Definitions) {
  for (KeyUseFile& file : key_use_files()) {
    for (KeyUseCase& c : file.cases) {
      const auto printed = print(key_use(c.definition, key_use_columns()), c.definition);
      EXPECT_EQ(printed, c.printed) << file.path << "\n" << c.definition;
      c.printed = printed;
    }
    if (std::getenv("REKEY_UPDATE_GOLDEN")) std::ofstream(file.path) << print(file);
  }
}

struct Case {
  const char* text;
  const char* printed;
};

void expect(const std::vector<Case>& cases, const KeyOf* result = nullptr) {
  for (const Case& c : cases) {
    EXPECT_EQ(print(key_use(c.text, key_use_columns(), result), c.text), c.printed) << c.text;
  }
}

TEST(KeyUse, BareExpressions) {
  const KeyOf users{0, plan::Generator::ordered};
  expect({{"0", "0 of users: 0\n"},
          {"'-1'::integer", "-1 of users: '-1'::integer\n"},
          {"(- 1)::smallint", "-1 of users: (- 1)::smallint\n"},
          {"NULL::integer", "integer -> uuid\n"},
          {"nextval('public.s'::regclass)",
           "problem: nextval('public.s'::regclass): mixes a key with something that is no key\n"},
          {"1 +", "problem: it cannot be read: syntax error at end of input\n"}},
         &users);
  expect({{"0", ""}, {"now()", ""}});
}

// As people write it, not as PostgreSQL prints it.
TEST(KeyUse, WrittenByHand) {
  expect({
      {"CREATE VIEW v AS SELECT * FROM public.users", "column boss_id: users\ncolumn id: users\n"},
      {"CREATE VIEW v AS SELECT id FROM users",
       "problem: users: write public.users, if that is meant\n"},
      {"CREATE VIEW v (a, b) AS SELECT * FROM public.users",
       "problem: SELECT * FROM public.users: column aliases cannot be followed where not all "
       "columns are "
       "known: leave them out\ncolumn boss_id: users\ncolumn id: users\n"},
      {"CREATE VIEW v (a) AS SELECT id FROM public.users WHERE id = '5'",
       "5 of users: '5'\ncolumn a: users\n"},
      {"CREATE VIEW v AS SELECT 1 FROM public.users WHERE id = CAST(5 AS int) OR id = -(5) OR id = "
       "int '6'",
       "5 of users: CAST(5 AS int)\n-5 of users: -(5)\n6 of users: int '6'\n"},
      {"CREATE VIEW v AS SELECT 1 FROM public.users u WHERE EXISTS (SELECT 1 FROM public.log WHERE "
       "boss_id = 1)",
       "1 of users: 1\nproblem: boss_id: a column of log or a key of u: write which\n"},
      {"CREATE VIEW v AS SELECT 1 FROM public.users NATURAL JOIN public.log",
       "problem: NATURAL JOIN, column boss_id: compares a key with something that is no key\n"
       "problem: NATURAL JOIN, column id: compares a key with something that is no key\n"},
      {"CREATE VIEW v AS SELECT * FROM public.users UNION SELECT * FROM public.users",
       "problem: SELECT * FROM public.users UNION SELECT * FROM public.users: the columns of * "
       "cannot be "
       "followed here: name them\ncolumn boss_id: users\ncolumn id: users\n"},
      {"CREATE VIEW v AS SELECT x.id FROM public.users",
       "problem: x.id: this cannot be followed: no table of "
       "that name is in reach\n"},
      {"CREATE RULE r AS ON UPDATE TO public.users DO INSTEAD INSERT INTO public.log SELECT old.id",
       "problem: public.log: it cannot be told which column gets what: name the columns\n"},
      {"CREATE INDEX i ON public.users (id int4_ops)",
       "problem: id: operator class int4_ops is none of uuid\n"},
      {"CREATE INDEX i ON public.users USING spgist (id)",
       "problem: id: spgist indexes cannot hold uuid\n"},
      {"CREATE VIEW v AS SELECT 1 FROM public.users WHERE id OPERATOR(public.=) 5",
       "problem: id OPERATOR(public.=) 5: operator = on a key cannot be followed\n"},
      {"CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
       "problem: the body of the function is a text, which cannot be followed: give a "
       "replacement\n"},
      {"MERGE INTO public.users u USING public.log l ON u.id = l.user_id WHEN MATCHED THEN DELETE",
       "problem: public.users: this kind of statement cannot be followed\n"},
      {"CREATE TABLE public.t AS SELECT id FROM public.users", "column id: users\n"},
      {"COMMENT ON VIEW public.people IS 'id > 5'", ""},
      {"ALTER VIEW public.people OWNER TO x; GRANT SELECT ON public.people TO y; ALTER TABLE "
       "public.users "
       "CLUSTER ON i, ENABLE ALWAYS TRIGGER t, ALTER COLUMN id SET STATISTICS 5",
       ""},
      {"DO 'BEGIN UPDATE public.users SET id = 1; END'",
       "problem: DO: its body is a text, which cannot be followed\n"},
      {"", ""},
  });
}

TEST(KeyUse, Names) {
  const auto names = [](const std::string& definition) {
    const KeyUse use = key_use(definition, key_use_columns());
    return fmt::format("{}; {}", fmt::join(use.relations, " "), fmt::join(use.functions, " "));
  };
  EXPECT_EQ(names("CREATE VIEW public.v AS WITH w AS (SELECT count(*), now() FROM public.users) "
                  "SELECT \"f\"(a), "
                  "\"Odd\".\"F\"(1) FROM w, \"Odd\".\"T.1\"; CREATE VIEW public.x AS SELECT now() "
                  "FROM public.v"),
            "public.users \"Odd\".\"T.1\"; count now f \"Odd\".\"F\"");
  EXPECT_EQ(names("CREATE TRIGGER t BEFORE INSERT ON public.users EXECUTE FUNCTION public.tg()"),
            "public.users; public.tg");
  EXPECT_EQ(
      names("CREATE INDEX i ON public.users (id); ALTER INDEX public.i SET (fillfactor = 70)"),
      "public.users; ");
}

TEST(KeyUse, Substitute) {
  const std::string text =
      "CREATE VIEW \"é\" AS SELECT COALESCE((boss_id)::bigint, '-1'::integer) AS a FROM "
      "public.users "
      "WHERE id = ANY ('{1,NULL}'::integer[])";
  const KeyUse use = key_use(text, key_use_columns());
  EXPECT_EQ(
      substitute(text, use, [](const KeyLiteral& l) { return fmt::format("key({})", l.value); }),
      "CREATE VIEW \"é\" AS SELECT COALESCE((boss_id)::uuid, key(-1)) AS a FROM public.users "
      "WHERE id = ANY (ARRAY[key(1),NULL]::uuid[])");
}

}  // namespace
}  // namespace rekey::lint
