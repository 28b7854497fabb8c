// Keys in documents and keys by types: paths, and plans that cannot be carried out. Then references that are to become
// foreign keys.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compiler/plan/path.h"
#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

std::string parsed(const std::string& text) {
  const auto path = plan::parse_path(text);
  if (const auto* bad = std::get_if<plan::BadPath>(&path)) return fmt::format("{}: {}", bad->at, bad->wrong);
  return plan::to_text(std::get<plan::Path>(path));
}

TEST(Path, ReadsAndPrints) {
  for (const char* text : {"$", "$.user.id", "$[*]", "$.a[*][*].b_2", "$.\"odd key\".x", "$.\"\\\"\\\\\"", "$.\"\"", "$.größe", "$.\"*\"[*]"}) {
    EXPECT_EQ(parsed(text), text);
  }
  EXPECT_EQ(parsed("$.\"plain\""), "$.plain");
}

TEST(Path, PointsAtWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"user.id", "0: a path begins with $, the document itself"},
      {"$user", "1: a step begins with . or [*]"},
      {"$.user..id", "7: a key has no name: other characters than letters, digits and _ stand in double quotes"},
      {"$.user-id", "6: a step begins with . or [*]"},
      {"$.a[0]", "3: only [*], every element, stands in brackets"},
      {"$.a[*", "3: only [*], every element, stands in brackets"},
      {"$.\"a", "2: the double quote is not closed"},
      {"$.\"a\\", "2: the double quote is not closed"},
      {"$.\"a\\n\"", "4: only \\\" and \\\\ stand for other characters"},
      {"$.", "2: a key has no name: other characters than letters, digits and _ stand in double quotes"}};
  for (const auto& [text, wrong] : cases) EXPECT_EQ(parsed(text), wrong) << text;
}

constexpr const char* kHead = R"(version: 1
name: p
tables:
  public.users: {primary_key: id, columns: {id: integer}}
  public.posts: {primary_key: id, columns: {id: integer}}
  public.keys: {primary_key: id, generator: v5, namespace: url, name_template: "{n}", columns: {id: {type: uuid, new_default: none}}}
  public.stay: {primary_key: id, change: keep, columns: {id: integer}}
  public.t:
)";

std::string said(const std::string& table, const std::string& more = "") {
  const Stages stages(kHead + table + "\n" + more);
  return stages.diagnostics.render();
}

void refuses(const std::string& table, const std::string& wanted, const std::string& more = "") {
  const auto text = said(table, more);
  EXPECT_NE(text.find(wanted), std::string::npos) << table << "\n" << text;
}

TEST(Borrowed, ColumnsAreDomainsOfTheirOwn) {
  const Stages stages(std::string(kHead) + R"(    columns: {doc: jsonb, of_id: bigint}
    logical_references:
      - {columns: doc, path: $.user.id, references: public.users}
      - {columns: doc, path: "$.keys[*]", references: public.keys}
      - {columns: of_id, type_column: of, types: {User: public.users, Post: public.posts}}
)");
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto printed = print(stages.model());
  EXPECT_NE(printed.find(R"(domain public.t.doc: borrowed in 020
  of public.t.doc
  holds $.user.id of public.users.id, $.keys[*] of public.keys.id
domain public.t.of_id: borrowed in 020
  of public.t.of_id
  holds User of public.users.id, Post of public.posts.id
)"), std::string::npos) << printed;
  const auto& up = stages.emitted().files.at("020-users/up.sql");
  EXPECT_NE(up.find(R"(ALTER TABLE public.t
  ALTER COLUMN doc TYPE jsonb
    USING rekey.document_keys_5(doc),
  ALTER COLUMN of_id TYPE uuid
    USING CASE of::text
      WHEN 'User' THEN rekey.ordered(of_id, rekey.domain_secret('public.users.id'))
      WHEN 'Post' THEN rekey.ordered(of_id, rekey.domain_secret('public.posts.id'))
      ELSE rekey.refuse_type(of::text, of_id::text)::uuid END;)"), std::string::npos) << up;
}

TEST(Borrowed, RefusesWhatCannotBe) {
  const std::string doc = "    columns: {doc: jsonb}\n", id = "    columns: {of_id: bigint}\n";
  refuses(doc + "    logical_references: [{columns: doc, path: \"$.a[1]\", references: public.users}]",
          R"(plan.yaml:10:51: error: only [*], every element, stands in brackets [path]
    logical_references: [{columns: doc, path: "$.a[1]", references: public.users}]
                                                  ^)");
  refuses(doc, "public.t.doc holds documents: nothing says where keys stand in them [path]");
  refuses(doc + "    logical_references: [{columns: doc, references: public.users}]", "write path: with the place, for example path: $.user.id");
  refuses(id + "    logical_references: [{columns: of_id, path: $.a, references: public.users}]", "public.t.of_id is bigint: only documents have paths");
  refuses(doc + "    logical_references: [{columns: doc, path: $.a, references: public.users}, {columns: doc, path: $.a, references: public.posts}]",
          "this path stands here twice");
  refuses(id + "    logical_references: [{columns: of_id}]", "nothing says whose keys these are [reference-target]");
  refuses(id + "    logical_references: [{columns: of_id, types: {a: public.users}}]", "nothing says which column tells the types of rows");
  refuses(id + "    logical_references: [{columns: of_id, type_column: of, references: public.users}]", "type_column has no effect without types:");
  refuses(id + "    logical_references: [{columns: of_id, type_column: of, types: {a: public.users, b: public.stay}}]",
          "public.t.of_id would have to hold old keys of public.stay.id beside new keys of others [borrowed]");
  refuses(id + "    logical_references: [{columns: of_id, type_column: of, types: {a: public.users, b: public.keys}}]",
          "public.t.of_id is bigint, and public.keys.id, whose keys it holds, is uuid [type]");
  refuses(id + "    logical_references: [{columns: of_id, type_column: of, types: {a: public.users}}, {columns: of_id, references: public.posts}]",
          "public.t.of_id holds keys of other tables here, and is tied to public.posts.id");
  refuses(id + "    logical_references: [{columns: of_id, type_column: of, types: {a: public.users}, orphans: delete, enforce: true}]",
          "what becomes of orphans cannot be decided of keys of several tables [orphans-borrowed]");
  refuses(id + "    logical_references: [{columns: of_id, type_column: of, types: {a: public.users}, enforce: true}]",
          "PostgreSQL has no foreign keys of keys of several tables [enforce]");
}

TEST(Borrowed, ChangesInOnePhase) {
  const std::string id = "    columns: {of_id: bigint}\n    logical_references: [{columns: of_id, type_column: of, types: {a: public.users, b: public.posts}}]\n";
  refuses(id, "the keys that public.t.of_id holds would change in two phases, users and others [borrowed]",
          "phases: [{name: foundation, kind: foundation}, {name: users, tables: [public.users, public.t]}, {name: others, tables: [public.posts, public.keys]}]\n");
  refuses(id, "list public.posts and public.users in one phase",
          "phases: [{name: foundation, kind: foundation}, {name: users, tables: [public.users, public.t]}, {name: others, tables: [public.posts, public.keys]}]\n");
  refuses(id, "public.t.of_id holds keys of several tables [online]",
          "phases: [{name: foundation, kind: foundation}, {name: all, strategy: online, tables: [public.users, public.t, public.posts]}, {name: keys, tables: public.keys}]\n");
}

TEST(Borrowed, ColumnsThatTheWayBackNeedsAreNotDropped) {
  const auto with = [](const std::string& dropped) {
    return "    primary_key: id\n    columns: {id: integer, of_id: bigint, doc: jsonb, a: integer}\n    drop: [" + dropped +
           "]\n    logical_references: [{columns: of_id, type_column: of, types: {a: public.users}}, {columns: doc, path: $.a, references: public.posts},"
           " {columns: a, references: public.users, enforce: true}]\n";
  };
  for (const char* column : {"of_id", "of", "doc"}) {
    refuses(with(column), fmt::format("the way back needs {} of public.t, which holds keys of other tables or says whose they are [drop-borrowed]", column));
  }
  refuses(with("a"), "a of public.t is to get foreign key t_a_fkey in the same cleanup [drop-enforced]");
}

TEST(Borrowed, RowsThatGoAreNotFollowedThere) {
  refuses("    columns: {doc: jsonb}\n    logical_references: [{columns: doc, path: $.a, references: public.twins}]\n"
          "  public.twins: {primary_key: id, generator: v5, namespace: url, name_template: \"{n}\", on_duplicate: merge, columns: {id: {type: integer, new_default: none}}}\n",
          "public.t.doc holds keys of public.twins, whose rows would be merged: they are not followed there [borrowed-rows]");
}

TEST(Borrowed, DependentsThatTakeKeysOutOfDocuments) {
  const std::string doc = "    columns: {doc: jsonb}\n    logical_references: [{columns: doc, path: $.user.id, references: public.users}]\n";
  const auto with = [&](const std::string& condition) {
    return said(doc, "dependents: [{kind: view, name: public.v, definition: \"CREATE VIEW public.v AS SELECT t.doc FROM public.t WHERE " + condition + ";\"}]\n");
  };
  for (const char* fine : {"(t.doc ->> 'kind') = 'x'", "t.doc ? 'user'", "((t.doc -> 'kind') ->> 'id')::bigint = 4", "t.doc IS NULL",
                           "((t.doc -> 'user') ->> 'id') IN (SELECT u.id::text FROM public.users u)"}) {
    EXPECT_EQ(with(fine), "") << fine;
  }
  for (const char* wrong : {"((t.doc -> 'user') ->> 'id')::bigint = 4", "((t.doc -> 'user') ->> 'id') = '4'", "t.doc @> '{}'", "(t.doc #>> '{user,id}') = '4'",
                            "public.f(t.doc) = 1"}) {
    EXPECT_NE(with(wrong).find("cannot be carried over"), std::string::npos) << wrong;
  }
  const std::string typed = "    columns: {of_id: integer}\n    logical_references: [{columns: of_id, type_column: of, types: {a: public.users}}]\n";
  const auto view = [&](const std::string& condition) {
    return said(typed, "dependents: [{kind: view, name: public.v, definition: \"CREATE VIEW public.v AS SELECT t.of_id FROM public.t, public.users u, public.posts p WHERE " +
                           condition + ";\"}]\n");
  };
  EXPECT_EQ(view("u.id = t.of_id"), "");
  EXPECT_NE(view("p.id = t.of_id").find("compares keys of different tables"), std::string::npos);
  EXPECT_NE(view("t.of_id = 4").find("it cannot be told whose key this is"), std::string::npos);
}

TEST(Enforced, StepsAtTheEnd) {
  const std::string table = "    columns: {a: integer}\n    logical_references: [{columns: a, references: public.users, enforce: true, on_delete: set null}]\n";
  const Stages stages(kHead + table);
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto& up = stages.emitted().files.at("040-cleanup/up.sql");
  EXPECT_NE(up.find("ALTER TABLE public.t\n  ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES public.users(id) ON DELETE SET NULL NOT VALID;"), std::string::npos) << up;
  EXPECT_NE(up.find("-- SHARE ROW EXCLUSIVE on public.t, public.users"), std::string::npos) << up;
  EXPECT_NE(up.find("ALTER TABLE public.t VALIDATE CONSTRAINT t_a_fkey;"), std::string::npos) << up;
  const auto& down = stages.emitted().files.at("040-cleanup/down.sql");
  EXPECT_NE(down.find("ALTER TABLE public.t DROP CONSTRAINT t_a_fkey;"), std::string::npos) << down;
}

TEST(Enforced, AtTheEndOfThePhaseWithoutACleanup) {
  const std::string table = "    columns: {a: integer}\n    logical_references: [{columns: a, references: public.users, enforce: true, constraint: of_users}]\n"
                            "phases: [{name: foundation, kind: foundation}, {name: all, tables: [public.users, public.posts, public.keys, public.t]}]\n";
  const Stages stages(kHead + table);
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  EXPECT_NE(stages.emitted().files.at("020-all/up.sql").find("020.of_users_1.enforce"), std::string::npos);
  EXPECT_NE(stages.emitted().files.at("020-all/verify.sql").find("'of_users', true"), std::string::npos);
}

TEST(Enforced, RefusesWhatCannotBe) {
  refuses("    columns: {a: \"integer[]\"}\n    logical_references: [{columns: a, references: public.users, enforce: true}]",
          "PostgreSQL has no foreign keys of the elements of arrays [enforce]");
  refuses("    columns: {a: integer}\n    logical_references: [{columns: a, references: public.stay, enforce: true}]",
          "enforce has no effect: no key of this reference changes [idle-setting]");
  refuses("    columns: {a: integer}\n    logical_references: [{columns: a, references: public.users, constraint: c}]",
          "constraint has no effect without a foreign key [idle-setting]");
  refuses("    columns: {a: integer}\n    partitioning: LIST (x)\n    logical_references: [{columns: a, references: public.users, enforce: true}]",
          "public.t is partitioned, a partition, or has to do with tables that inherit");
  refuses("    columns: {a: integer}\n    unique: {t_a_fkey: [a]}\n    logical_references: [{columns: a, references: public.users, enforce: true}]",
          "public.t has a constraint t_a_fkey already");
  const std::string name(60, 'x');
  refuses("    columns: {" + name + ": integer}\n    logical_references: [{columns: " + name + ", references: public.users, enforce: true}]",
          "has 67 bytes; PostgreSQL keeps 63");
}

}  // namespace
}  // namespace rekey
