// What generators v5 and expression make keys from: templates in parts, and plans that are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/model/key_name.h"
#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

using model::NamePart;
using model::parse_key_name;
using model::parse_namespace;
using ::testing::ElementsAre;
using ::testing::Optional;

TEST(KeyName, Parts) {
  EXPECT_THAT(parse_key_name("{user_id}:{a b}"), Optional(ElementsAre(NamePart{true, "user_id"}, NamePart{false, ":"},
                                                                      NamePart{true, "a b"})));
  EXPECT_THAT(parse_key_name("{{{x}}}"), Optional(ElementsAre(NamePart{false, "{"}, NamePart{true, "x"}, NamePart{false, "}"})));
  EXPECT_THAT(parse_key_name("no column"), Optional(ElementsAre(NamePart{false, "no column"})));
  for (const char* text : {"{", "}", "{x", "x}", "{}", "{x{y}}", "{{x}"}) EXPECT_EQ(parse_key_name(text), std::nullopt) << text;
}

TEST(KeyName, Namespaces) {
  EXPECT_EQ(parse_namespace("dns"), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(parse_namespace("00000000-0000-0000-0000-00000000000A"), "00000000-0000-0000-0000-00000000000a");
  for (const char* text : {"", "DNS", "0000", "00000000-0000-0000-0000-00000000000g"}) {
    EXPECT_EQ(parse_namespace(text), std::nullopt) << text;
  }
}

struct Case {
  const char* name;
  std::string tables;
  std::string errors;
};

const Case kRefused[] = {
    {"names that are none, and of new rows",
     R"(
  public.a: {generator: v5, primary_key: id, columns: {id: {type: integer, new_default: none}}}
  public.b:
    generator: v5
    namespace: web
    name_template: x
    primary_key: id
    columns: {id: {type: integer, new_default: none}}
  public.c:
    generator: v5
    namespace: url
    name_template: "{x"
    primary_key: id
    columns: {id: integer}
)",
     R"(
plan.yaml:5:25: error: generator v5 of public.a makes keys from a namespace and a name [no-name]
  public.a: {generator: v5, primary_key: id, columns: {id: {type: integer, new_default: none}}}
                        ^~
  give it both: namespace: url, name_template: "{email}"
plan.yaml:8:16: error: web is no namespace [namespace]
    namespace: web
               ^~~
  write a UUID, or dns, url, oid or x500
plan.yaml:9:20: error: no column stands in the template: all rows would have one name [name-template]
    name_template: x
                   ^
  write columns in braces, "{user_id}:{email}"; a brace itself is written twice
plan.yaml:15:20: error: a brace is open, or has nothing in it [name-template]
    name_template: "{x"
                   ^~~~
  write columns in braces, "{user_id}:{email}"; a brace itself is written twice
plan.yaml:17:15: error: generator v5 has no default that new rows of public.c could get [default]
    columns: {id: integer}
              ^~
  say what they get: new_default: none, where the application makes their keys, or an expression
)"},
    {"keys made from themselves",
     R"(
  public.a:
    generator: v5
    namespace: url
    name_template: "{b}"
    primary_key: id
    columns: {id: {type: integer, new_default: none}, b: integer}
    foreign_keys: {f: {columns: b, references: public.b}}
  public.b:
    generator: v5
    namespace: url
    name_template: "{a}"
    primary_key: id
    columns: {id: {type: integer, new_default: none}, a: integer}
    foreign_keys: {f: {columns: a, references: public.a}}
)",
     R"(
plan.yaml:8:20: error: keys are made from themselves: public.a.id ← public.b.id ← public.a.id [name-cycle]
    name_template: "{b}"
                   ^~~~~
  take one of these columns out of the templates
)"},
    {"an expression that is not there",
     R"(
  public.a: {generator: expression, primary_key: id, columns: {id: integer}}
)",
     R"(
plan.yaml:5:25: error: generator expression of public.a has none [no-expression]
  public.a: {generator: expression, primary_key: id, columns: {id: integer}}
                        ^~~~~~~~~~
  say what makes a key of a row: key_expression: public.key_of(email)
plan.yaml:5:64: error: generator expression has no default that new rows of public.a could get [default]
  public.a: {generator: expression, primary_key: id, columns: {id: integer}}
                                                               ^~
  say what they get: new_default: none, where the application makes their keys, or an expression
)"},
    {"an extension that nothing needs", "\n  public.a: {primary_key: id, columns: {id: integer}}\nextension: pgcrypto\n", R"(
plan.yaml:6:12: error: extension has no effect: no table has generator v5 [idle-setting]
extension: pgcrypto
           ^~~~~~~~
  delete the line
)"},
    {"what is written for another generator",
     R"(
  public.a: {namespace: url, name_template: "{email}", primary_key: id, columns: {id: integer}}
  public.b: {generator: v4, time_column: at, primary_key: id, columns: {id: integer}}
  public.c:
    key_expression: md5(email)::uuid
    primary_key: id
    columns: {id: integer}
    foreign_keys: {f: {columns: id, references: public.b}}
)",
     R"(
plan.yaml:5:25: error: namespace has no effect: generator ordered makes the keys of public.a [idle-setting]
  public.a: {namespace: url, name_template: "{email}", primary_key: id, columns: {id: integer}}
                        ^~~
  write generator: v5, or delete the line
plan.yaml:5:45: error: name_template has no effect: generator ordered makes the keys of public.a [idle-setting]
  public.a: {namespace: url, name_template: "{email}", primary_key: id, columns: {id: integer}}
                                            ^~~~~~~~~
  write generator: v5, or delete the line
plan.yaml:6:42: error: time_column has no effect: generator v4 makes the keys of public.b [idle-setting]
  public.b: {generator: v4, time_column: at, primary_key: id, columns: {id: integer}}
                                         ^~
  write generator: v7, or delete the line
plan.yaml:8:21: error: key_expression has no effect: no key of public.c is made anew [idle-setting]
    key_expression: md5(email)::uuid
                    ^~~~~~~~~~~~~~~~
  delete the line
)"},
    {"UUIDs from integers, and beside integers",
     R"(
  public.a: {primary_key: id, columns: {id: {type: uuid, default: gen_random_uuid()}}}
  public.b:
    generator: v7
    time_column: at
    primary_key: id
    columns:
      id: {type: uuid, default: gen_random_uuid()}
      also: integer
    logical_references: [{columns: also, references: public.b}]
)",
     R"(
plan.yaml:5:3: error: public.a.id holds UUIDs already, and generator ordered makes keys from integers [uuid-generator]
  public.a: {primary_key: id, columns: {id: {type: uuid, default: gen_random_uuid()}}}
  ^~~~~~~~
  give the table generator: v5, v7 or expression, or leave its keys as they are: change: keep, there or at the column
plan.yaml:12:13: error: public.b.also is integer, and public.b.id, whose keys it holds, is uuid [type]
      also: integer
            ^~~~~~~
  write both as the catalog has them
)"},
    {"a UUID written out as a default",
     R"(
  public.b:
    generator: v7
    time_column: at
    primary_key: id
    columns:
      id: {type: uuid, default: gen_random_uuid()}
      other: {type: uuid, default: "'00000000-0000-4000-8000-000000000001'::uuid"}
    logical_references: [{columns: other, references: public.b}]
)",
     R"(
plan.yaml:11:36: error: public.b.other has the default '00000000-0000-4000-8000-000000000001'::uuid, which is an old key [default]
      other: {type: uuid, default: "'00000000-0000-4000-8000-000000000001'::uuid"}
                                   ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  say what new rows get: new_default: an expression of type uuid, or none
)"},
    {"keys of a list that is made later",
     R"(
  public.a:
    generator: v5
    namespace: url
    name_template: "{b}"
    primary_key: id
    columns: {id: {type: integer, new_default: none}, b: integer}
    foreign_keys: {f: {columns: b, references: public.b}}
  public.b:
    generator: v7
    time_column: at
    primary_key: id
    columns: {id: integer}
phases:
  - {name: foundation, kind: foundation}
  - {name: a, tables: public.a}
  - {name: b, tables: public.b}
)",
     R"(
plan.yaml:8:20: error: keys of public.a.id are made from those of public.b.id, which change in a later phase [name-too-early]
    name_template: "{b}"
                   ^~~~~
  list both tables in one phase, or that one's in an earlier phase
)"},
};

TEST(KeyName, Refused) {
  for (const Case& c : kRefused) {
    const Stages stages("version: 1\nname: p\ntables:\n" + c.tables);
    EXPECT_EQ("\n" + stages.diagnostics.render(), c.errors) << c.name;
  }
}

}  // namespace
}  // namespace rekey
