// The definition of a partitioned table that is made anew: what changes in it, what stands in the way.
#include "compiler/lint/partition_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compiler/key_use_cases.h"

namespace rekey::lint {
namespace {

using testing::ElementsAre;

KeyColumns keys(plan::Generator generator = plan::Generator::ordered) {
  return {{{"public.events", "tenant_id"}, {0, generator}}, {{"public.events", "ids"}, {0, generator, true}}};
}

std::string made_again(const std::string& definition) {
  return substitute(definition, partition_use(definition, keys(), {"n"}),
                    [](const KeyLiteral& literal) { return "key(" + std::to_string(literal.value) + ")"; });
}

std::vector<std::string> problems(const std::string& definition, plan::Generator generator = plan::Generator::ordered) {
  std::vector<std::string> out;
  for (const auto& problem : partition_use(definition, keys(generator), {}).problems) out.push_back(problem.message);
  return out;
}

const std::string kTable = "CREATE TABLE public.events (tenant_id bigint NOT NULL, ids integer[], n bigint) PARTITION BY ";

TEST(PartitionKey, TypesAndBoundsOfKeys) {
  EXPECT_EQ(made_again(kTable + "LIST (tenant_id);\n"
                       "ALTER TABLE ONLY public.events ATTACH PARTITION public.a FOR VALUES IN ('1', '-2', 3, NULL);\n"
                       "ALTER TABLE ONLY public.events ATTACH PARTITION public.b DEFAULT;"),
            "CREATE TABLE public.events (tenant_id uuid NOT NULL, ids uuid[], n bigint) PARTITION BY LIST (tenant_id);\n"
            "ALTER TABLE ONLY public.events ATTACH PARTITION public.a FOR VALUES IN (key(1), key(-2), key(3), NULL);\n"
            "ALTER TABLE ONLY public.events ATTACH PARTITION public.b DEFAULT;");
}

// The plan has them.
TEST(PartitionKey, DefaultsOfKnownColumnsGo) {
  EXPECT_EQ(made_again("CREATE TABLE public.events (tenant_id bigint DEFAULT '7'::bigint NOT NULL, n bigint DEFAULT "
                       "nextval('public.s'::regclass) NOT NULL) PARTITION BY HASH (tenant_id);"),
            "CREATE TABLE public.events (tenant_id uuid DEFAULT '7'::bigint NOT NULL, n bigint NOT NULL) "
            "PARTITION BY HASH (tenant_id);");
}

TEST(PartitionKey, StatementsOfAConstraint) {
  EXPECT_TRUE(is_of_constraint("ALTER TABLE public.t ADD CONSTRAINT \"F\" FOREIGN KEY (a) REFERENCES public.u(b)", {"F"}));
  EXPECT_TRUE(is_of_constraint("COMMENT ON CONSTRAINT \"F\" ON public.t IS 'x'", {"F"}));
  EXPECT_FALSE(is_of_constraint("ALTER TABLE public.t ADD CONSTRAINT g FOREIGN KEY (a) REFERENCES public.u(b)", {"F"}));
  EXPECT_FALSE(is_of_constraint("COMMENT ON TABLE public.f IS 'x'", {"f"}));
}

TEST(PartitionKey, OtherPartsKeepTheirBounds) {
  const auto definition = kTable + "RANGE (n, tenant_id);\n"
      "ALTER TABLE ONLY public.events ATTACH PARTITION public.a FOR VALUES FROM (MINVALUE, MINVALUE) TO ('5', MINVALUE);";
  EXPECT_TRUE(problems(definition).empty());
  EXPECT_NE(made_again(definition).find("TO ('5', MINVALUE)"), std::string::npos);
}

TEST(PartitionKey, HashesNeedNoChange) {
  EXPECT_TRUE(problems(kTable + "HASH (tenant_id);\nALTER TABLE ONLY public.events ATTACH PARTITION public.a "
                                "FOR VALUES WITH (modulus 3, remainder 0);").empty());
}

TEST(PartitionKey, WhatHasNoMeaning) {
  EXPECT_THAT(problems(kTable + "RANGE (tenant_id);\nALTER TABLE ONLY public.events ATTACH PARTITION public.a "
                                "FOR VALUES FROM (1) TO (MAXVALUE);"),
              ElementsAre("a range over the ids in tenant_id has no meaning for a uuid: part the rows by HASH, or by "
                          "another column"));
  EXPECT_THAT(problems(kTable + "HASH (((tenant_id % 4)));"),
              ElementsAre("tenant_id % 4: an expression over a key parts the rows, and a uuid gives it no value"));
  EXPECT_THAT(problems(kTable + "HASH (tenant_id public.my_ops);"),
              ElementsAre("operator class my_ops of its partition key is for integers"));
  EXPECT_THAT(problems("CREATE TABLE public.events (tenant_id bigint, d bigint GENERATED ALWAYS AS (tenant_id * 2) STORED) "
                       "PARTITION BY HASH (tenant_id);"),
              ElementsAre("tenant_id * 2: column d is computed from a key, and the table has to be made anew"));
  EXPECT_THAT(problems("CREATE TABLE public.events (tenant_id bigint);"),
              ElementsAre("its definition makes no partitioned table"));
}

// A key of v7 is of a row.
TEST(PartitionKey, BoundsOfV7) {
  const auto listed = kTable + "LIST (tenant_id);\nALTER TABLE ONLY public.events ATTACH PARTITION public.a FOR VALUES IN (1);";
  EXPECT_THAT(problems(listed, plan::Generator::v7),
              ElementsAre("its partitions list ids of tenant_id, and a key cannot be computed from an id alone (generator v7)"));
}

TEST(PartitionKey, ColumnsOfRows) {
  EXPECT_THAT(written_columns("CREATE TABLE public.t (\"Id\" integer, b text GENERATED ALWAYS AS ('x') STORED, c text) "
                              "PARTITION BY HASH (\"Id\");"),
              ElementsAre("Id", "c"));
}

}  // namespace
}  // namespace rekey::lint
