// Each kind of object that may use a key column: SQL over a small schema -> what the catalog tells.
#include <gmock/gmock.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runtime/db/catalog.h"
#include "tests/integration/inspect_database.h"

namespace rekey::inspect {
namespace {

constexpr const char* kSchema = R"(
CREATE TABLE users (id serial PRIMARY KEY, boss_id integer REFERENCES users, name text,
                    active boolean DEFAULT true);
CREATE TABLE posts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    user_id integer NOT NULL REFERENCES users, title text);
CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.name := upper(NEW.name); NEW.idx := 1; RETURN NEW; END';
)";

struct Case {
  const char* name;
  int from_version;
  const char* sql;
  const char* expected;
};

std::string print(const db::catalog::Dependent& d) {
  const char* weights[] = {"", "warns: ", "notes: "};
  return fmt::format("{}{} ({}): {} {}\n  {}\n", weights[static_cast<int>(d.weight)], d.table,
                     fmt::join(d.columns, ", "), d.kind, d.name, d.reason);
}

class Dependents : public testing::TestWithParam<Case> {};

TEST_P(Dependents, AreFound) {
  if (no_server()) GTEST_SKIP() << "no server: PGHOST is not set";
  if (Database::major() < GetParam().from_version) {
    GTEST_SKIP() << "needs PostgreSQL " << GetParam().from_version;
  }
  Database database(std::string("dependents_") + GetParam().name, kSchema);
  database.connection().exec(GetParam().sql);
  const db::catalog::Reading reading(database.connection());
  std::vector<db::catalog::KeyColumn> keys;
  for (const db::catalog::Column& c : db::catalog::key_columns(database.connection())) {
    if (!c.integer.empty()) keys.push_back({c.table, c.name});
  }
  std::string found;
  for (const auto& d : db::catalog::dependents(database.connection(), keys)) {
    found += print(d);
  }
  EXPECT_EQ(found, GetParam().expected);
}

const Case kCases[] = {
    {"none", 13,
     R"(CREATE VIEW names AS SELECT name FROM users;
CREATE TRIGGER quiet BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name <> '')
  EXECUTE FUNCTION quiet();
CREATE POLICY own ON users USING (name = current_user);
ALTER TABLE users ADD CHECK (name <> '');
CREATE INDEX a ON users (boss_id) WHERE active;
CREATE INDEX b ON users (lower(name), boss_id int4_ops);
CREATE INDEX c ON users USING brin (boss_id); CREATE UNIQUE INDEX d ON users (name, boss_id);
CREATE STATISTICS e ON name, active FROM users;
ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey; CLUSTER users USING users_pkey;
GRANT SELECT (id) ON users TO PUBLIC; COMMENT ON COLUMN users.id IS 'key';
ALTER TABLE users ADD shout text GENERATED ALWAYS AS (upper(name)) STORED;
CREATE FUNCTION by_text(i integer) RETURNS text LANGUAGE sql AS
  'SELECT name FROM users WHERE id = i';)",
     R"()"},
    {"view", 13,
     R"(CREATE VIEW bosses AS SELECT boss_id, count(*) FROM users GROUP BY 1;
CREATE VIEW many AS SELECT u.name FROM users u JOIN posts p ON p.user_id = u.id;)",
     R"(public.posts (user_id): view public.many
  uses the column
public.users (boss_id): view public.bosses
  uses the column
public.users (id): view public.many
  uses the column
)"},
    {"view_on_view", 13,
     R"(CREATE VIEW one AS SELECT id AS key FROM users; CREATE VIEW two AS SELECT key FROM one;
CREATE MATERIALIZED VIEW three AS SELECT * FROM two;)",
     R"(public.users (id): materialized view public.three
  is built on public.two
public.users (id): view public.one
  uses the column
public.users (id): view public.two
  is built on public.one
)"},
    {"view_grouped_by_key", 13,
     R"(CREATE VIEW grouped AS SELECT name FROM users GROUP BY id;)",
     R"(public.users (id): view public.grouped
  uses the column
)"},
    {"rule", 13,
     R"(CREATE RULE no_root AS ON DELETE TO users WHERE OLD.id = 1 DO INSTEAD NOTHING;)",
     R"(public.users (id): rule no_root on public.users
  uses the column
)"},
    {"trigger_update_of", 13,
     R"(CREATE TRIGGER t BEFORE UPDATE OF boss_id, name ON users
  FOR EACH ROW EXECUTE FUNCTION quiet();)",
     R"(public.users (boss_id): trigger t on public.users
  fires on UPDATE OF the column
)"},
    {"trigger_when", 13,
     R"(CREATE TRIGGER t BEFORE UPDATE ON users
  FOR EACH ROW WHEN (OLD.boss_id <> NEW.id) EXECUTE FUNCTION quiet();)",
     R"(public.users (boss_id, id): trigger t on public.users
  its WHEN condition uses the column
)"},
    {"trigger_function", 13,
     R"(CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE NOTICE ''%'', NEW.USER_ID; RETURN NEW; END';
CREATE TRIGGER a BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION loud();
CREATE TRIGGER b BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION loud();
CREATE TRIGGER c BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION loud();)",
     R"(warns: public.posts (user_id): trigger function public.loud()
  its body names the column; called by a, b
)"},
    {"policy", 13,
     R"(CREATE POLICY own ON users USING (id = 1);
CREATE POLICY "of others" ON posts USING (title = (SELECT name FROM users WHERE boss_id = 3));)",
     R"(public.users (boss_id): policy "of others" on public.posts
  its expression uses the column
public.users (id): policy own on public.users
  its expression uses the column
)"},
    {"check", 13,
     R"(ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0 AND boss_id > 0);)",
     R"(public.users (boss_id, id): check positive on public.users
  its condition uses the column
)"},
    {"exclusion", 13,
     R"(ALTER TABLE users ADD CONSTRAINT one_boss EXCLUDE (boss_id WITH =),
  ADD CONSTRAINT named EXCLUDE (name WITH =) WHERE (id > 9);)",
     R"(public.users (id): exclusion constraint named on public.users
  its operators are those of integers
public.users (boss_id): exclusion constraint one_boss on public.users
  its operators are those of integers
)"},
    {"generated_column", 13,
     R"(ALTER TABLE users ADD double_id integer GENERATED ALWAYS AS (id * 2) STORED;)",
     R"(public.users (id): generated column public.users.double_id
  is computed from the column
)"},
    {"virtual_column", 18,
     R"(ALTER TABLE users ADD double_id integer GENERATED ALWAYS AS (id * 2);)",
     R"(public.users (id): generated column public.users.double_id
  is computed from the column
)"},
    {"computed_key", 13,
     R"(CREATE TABLE computed (n integer, id integer GENERATED ALWAYS AS (n) STORED PRIMARY KEY);)",
     R"(public.computed (id): generated column public.computed.id
  is computed itself
)"},
    {"index_expression", 13,
     R"(CREATE INDEX expression ON users ((boss_id + 1), id);)",
     R"(public.users (boss_id): index public.expression
  is on an expression over the column
)"},
    {"index_predicate", 13,
     R"(CREATE INDEX predicate ON users (name) WHERE boss_id IS NOT NULL;)",
     R"(public.users (boss_id): index public.predicate
  its WHERE condition uses the column
)"},
    {"index_operator_class", 14,
     R"(CREATE INDEX opclass ON users USING brin (boss_id int4_bloom_ops);)",
     R"(public.users (boss_id): index public.opclass
  has the operator class int4_bloom_ops
)"},
    {"index_access_method", 13,
     R"(CREATE EXTENSION bloom; CREATE INDEX blooming ON users USING bloom (boss_id);)",
     R"(public.users (boss_id): index public.blooming
  bloom indexes cannot hold uuid
)"},
    {"index_invalid", 13,
     R"(CREATE INDEX broken ON users (boss_id);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;)",
     R"(public.users (boss_id): index public.broken
  is invalid: drop it or REINDEX it first
)"},
    {"index_statistics_target", 13,
     R"(CREATE INDEX target ON users (lower(name), boss_id);
ALTER INDEX target ALTER COLUMN 1 SET STATISTICS 500;)",
     R"(public.users (boss_id): index public.target
  a statistics target on its expression would be lost
)"},
    {"statistics", 13,
     R"(CREATE STATISTICS together ON id, boss_id, name FROM users;)",
     R"(public.users (boss_id, id): statistics public.together
  is computed over the column
)"},
    {"statistics_expression", 14,
     R"(CREATE STATISTICS together ON (boss_id + 1), name FROM users;)",
     R"(public.users (boss_id): statistics public.together
  is computed over the column
)"},
    {"function", 14,
     R"(CREATE FUNCTION name_of(integer) RETURNS text LANGUAGE sql
  BEGIN ATOMIC SELECT name FROM users WHERE id = $1; END;
CREATE PROCEDURE leave(integer) LANGUAGE sql
  BEGIN ATOMIC DELETE FROM users WHERE boss_id = $1; END;)",
     R"(public.users (id): function public.name_of(integer)
  its BEGIN ATOMIC body uses the column
public.users (boss_id): procedure public.leave(integer)
  its BEGIN ATOMIC body uses the column
)"},
    {"publication", 13,
     R"(CREATE PUBLICATION p FOR TABLE posts;)",
     R"(notes: public.posts (id, user_id): publication p
  publishes the table: change its subscribers first
)"},
    {"publication_parts", 15,
     R"(CREATE PUBLICATION columns_of FOR TABLE posts (id, title);
CREATE PUBLICATION rows_of FOR TABLE users WHERE (id > 3);)",
     R"(public.posts (id): publication columns_of
  its column list or row filter for the table uses the column
notes: public.posts (id, user_id): publication columns_of
  publishes the table: change its subscribers first
public.users (id): publication rows_of
  its column list or row filter for the table uses the column
notes: public.users (boss_id, id): publication rows_of
  publishes the table: change its subscribers first
)"},
    {"publication_schema", 15,
     R"(CREATE PUBLICATION whole FOR TABLES IN SCHEMA public;)",
     R"(notes: public.posts (id, user_id): publication whole
  publishes the table: change its subscribers first
notes: public.users (boss_id, id): publication whole
  publishes the table: change its subscribers first
)"},
    {"default", 13,
     R"(ALTER TABLE posts ALTER user_id SET DEFAULT 1;)",
     R"(public.posts (user_id): default public.posts.user_id
  new rows get 1
)"},
    {"sequence_shared", 13,
     R"(CREATE TABLE tickets (name text, no bigint DEFAULT nextval('users_id_seq'));)",
     R"(public.users (id): sequence public.users_id_seq
  gives public.tickets.no its values too
)"},
    {"sequence_type", 13,
     R"(ALTER SEQUENCE posts_id_seq AS bigint;)",
     R"(public.posts (id): sequence public.posts_id_seq
  is bigint, while the identity column is integer
)"},
    {"row_type", 13,
     R"(CREATE TYPE pair AS (one users, two users); CREATE DOMAIN pairs AS pair[];
CREATE TABLE holder (key text, u users, p pairs, t text);)",
     R"(public.users (boss_id, id): row-type column public.holder.p
  holds rows of the table
public.users (boss_id, id): row-type column public.holder.u
  holds rows of the table
)"},
    {"typed_table", 13,
     R"(CREATE TYPE thing AS (id integer, name text);
CREATE TABLE things OF thing (PRIMARY KEY (id));)",
     R"(public.things (id): typed table public.things
  is OF type public.thing
)"},
    {"partitioning", 13,
     R"(CREATE TABLE parts (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9);)",
     R"(public.parts (id): partitioning public.parts
  is partitioned
public.parts_1 (id): partitioning public.parts
  the table is a partition of it
)"},
    {"inheritance", 13,
     R"(CREATE TABLE admins (level text) INHERITS (users);)",
     R"(public.admins (boss_id, id): inheritance public.users
  the table inherits from it
public.admins (id): sequence public.users_id_seq
  gives public.users.id its values too
public.users (boss_id, id): inheritance public.admins
  inherits from the table
public.users (id): sequence public.users_id_seq
  gives public.admins.id its values too
)"},
    {"domain", 13,
     R"(CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE things (id positive PRIMARY KEY);)",
     R"(public.things (id): domain public.positive
  the column is of this type
)"},
    {"foreign_key_disabled", 13,
     R"(ALTER TABLE posts DISABLE TRIGGER ALL;)",
     R"(public.posts (user_id): foreign key posts_user_id_fkey on public.posts
  its triggers are disabled, and would be enabled again
public.users (id): foreign key posts_user_id_fkey on public.posts
  its triggers are disabled, and would be enabled again
)"},
    {"foreign_key_not_enforced", 18,
     R"(ALTER TABLE posts ADD second_id integer
  CONSTRAINT loose REFERENCES users NOT ENFORCED;)",
     R"(public.posts (second_id): foreign key loose on public.posts
  is not enforced
public.users (id): foreign key loose on public.posts
  is not enforced
)"},
    {"quoted_names", 13,
     R"(CREATE SCHEMA "S s";
CREATE TABLE "S s"."T ""t" ("I d" integer PRIMARY KEY);
CREATE VIEW "S s"."V v" AS SELECT "I d" FROM "S s"."T ""t";
CREATE FUNCTION "F f"() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW."I d" := 1; RETURN NEW; END';
CREATE TRIGGER "X x" BEFORE INSERT ON "S s"."T ""t" FOR EACH ROW EXECUTE FUNCTION "F f"();)",
     R"(warns: "S s"."T ""t" (I d): trigger function public."F f"()
  its body names the column; called by "X x"
"S s"."T ""t" (I d): view "S s"."V v"
  uses the column
)"},
};

INSTANTIATE_TEST_SUITE_P(Kinds, Dependents, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace rekey::inspect
