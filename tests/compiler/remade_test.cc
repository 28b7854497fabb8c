// Definitions as PostgreSQL prints them, and as it prints what is made from them; each pair was seen there.
#include "compiler/lint/remade.h"

#include <gtest/gtest.h>

namespace rekey::lint {
namespace {

TEST(Remade, ACastOfAnArrayBecomesACastOfEachElement) {
  const std::pair<std::string, std::string> cases[] = {
      {"CHECK (((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
       "CHECK (((kind)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))"},
      {"(ARRAY['a, ]'::character varying, 'it''s)'::character varying])::text[] || (ARRAY['c'::x.y])::x.z[]",
       "ARRAY[('a, ]'::character varying)::text, ('it''s)'::character varying)::text] || ARRAY[('c'::x.y)::x.z]"},
      {"(ARRAY[f(a, b[1]), NULL::character varying])::character varying(3)[];",
       "ARRAY[(f(a, b[1]))::character varying(3), (NULL::character varying)::character varying(3)];"},
  };
  for (const auto& [printed, again] : cases) {
    EXPECT_EQ(remade(printed), again);
    EXPECT_EQ(remade(again), again);
  }
}

TEST(Remade, EverythingElseStays) {
  for (const std::string text :
       {"CHECK ((note = ANY (ARRAY['a'::text, 'b'::text])))", "ARRAY[]::text[]", "(ARRAY[1, 2])[1]", "'(ARRAY[1])::text[]'",
        "(ARRAY[ARRAY['a'::character varying]])::text[]", "(ARRAY['a'::character varying])::text", "(ARRAY[", "(ARRAY['a"}) {
    EXPECT_EQ(remade(text), text);
  }
}

}  // namespace
}  // namespace rekey::lint
