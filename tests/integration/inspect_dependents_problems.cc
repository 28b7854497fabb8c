// What cannot be made again, or not yet.
#include "tests/integration/inspect_dependents_cases.h"

namespace rekey::inspect {

std::vector<DependentCase> problem_cases() {
  return {
      {"row_type", 13,
       R"(CREATE TYPE pair AS (one users, two users); CREATE DOMAIN pairs AS pair[];
CREATE TABLE holder (key text, u users, p pairs, t text);)",
       R"(object row-type column public.holder.p uses public.users.boss_id, public.users.id
  problem: it holds rows of public.users
object row-type column public.holder.u uses public.users.boss_id, public.users.id
  problem: it holds rows of public.users
)"},
      {"row_type_of_view", 13,
       R"(CREATE VIEW v AS SELECT id FROM users; CREATE TYPE pair AS (one v, two v[]); CREATE DOMAIN other AS v;
CREATE TABLE holder (key text, v v, p pair);)",
       R"(view public.v uses public.users.id
  CREATE VIEW public.v AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.v OWNER TO postgres;
object row-type column public.holder.p uses public.users.id
  problem: it holds rows of public.v
object row-type column public.holder.v uses public.users.id
  problem: it holds rows of public.v
object type public.other uses public.users.id
  problem: rekey does not know how to make it again
object type public.pair uses public.users.id
  problem: rekey does not know how to make it again
)"},
      {"index_invalid", 13,
       R"(CREATE INDEX broken ON users (boss_id);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;)",
       R"(index public.broken on public.users uses public.users.boss_id
  problem: it is invalid: drop it or REINDEX it first
)"},
      {"security_label", 13,
       R"(CREATE VIEW v AS SELECT id FROM users;
INSERT INTO pg_seclabel VALUES ('v'::regclass, 'pg_class'::regclass, 0, 'provider', 'secret');)",
       R"(view public.v uses public.users.id
  problem: it has a security label
)"},
      {"extension_member", 13,
       R"(CREATE EXTENSION bloom; CREATE VIEW v AS SELECT id FROM users; ALTER EXTENSION bloom ADD VIEW v;
CREATE VIEW w AS SELECT * FROM v;)",
       R"(view public.v uses public.users.id
  problem: it belongs to extension bloom
view public.w uses public.users.id
  CREATE VIEW public.w AS
   SELECT id
     FROM public.v;
  ALTER VIEW public.w OWNER TO postgres;
)"},
      {"temporary_view", 13,
       R"(CREATE TEMPORARY VIEW v AS SELECT id FROM users;)",
       R"(view v uses public.users.id
  problem: it is temporary: end the session that made it
)"},
      {"circle", 14,
       R"(CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT id, f() FROM users;
CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM v; END;)",
       R"(function public.f() uses public.users.id
  problem: it is part of a circle: what it is built on is built on it
view public.v uses public.users.id
  CREATE VIEW public.v AS
   SELECT id,
      public.f() AS f
     FROM public.users;
  ALTER VIEW public.v OWNER TO postgres;
)"},
      {"sequence_type", 13,
       R"(ALTER SEQUENCE posts_id_seq AS bigint;)",
       R"(object sequence public.posts_id_seq uses public.posts.id
  problem: it is bigint, while the identity column public.posts.id is integer
)"},
      {"foreign_key_disabled", 13,
       R"(ALTER TABLE posts DISABLE TRIGGER ALL;)",
       R"(object foreign key posts_user_id_fkey on public.posts uses public.posts.user_id, public.users.id
  problem: its triggers are disabled, and would be enabled again
)"},
      {"foreign_table", 13,
       R"(CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
CREATE TABLE parts (id integer, PRIMARY KEY (id)); CREATE FOREIGN TABLE away () INHERITS (parts) SERVER far;)",
       R"(object foreign table public.away uses public.away.id
  problem: its rows are elsewhere
)"},
  };
}

}  // namespace rekey::inspect
