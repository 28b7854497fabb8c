// Views, materialized views, and what stands on them.
#include "tests/integration/inspect_dependents_cases.h"

namespace rekey::inspect {

std::vector<DependentCase> relation_cases() {
  return {
      {"none", 13,
       R"(CREATE VIEW names AS SELECT name FROM users;
CREATE TRIGGER quiet BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name <> '')
  EXECUTE FUNCTION quiet();
CREATE TRIGGER changed BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
  EXECUTE FUNCTION quiet();
CREATE POLICY own ON users USING (name = current_user);
ALTER TABLE users ADD CHECK (name <> '');
CREATE INDEX a ON users (boss_id) WHERE active;
CREATE INDEX b ON users (lower(name), boss_id int4_ops);
CREATE INDEX c ON users USING brin (boss_id); CREATE UNIQUE INDEX d ON users (name, boss_id);
CREATE INDEX e ON users (name text_pattern_ops) INCLUDE (boss_id);
CREATE STATISTICS e ON name, active FROM users;
ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey; CLUSTER users USING users_pkey;
GRANT SELECT (id) ON users TO PUBLIC; COMMENT ON COLUMN users.id IS 'key';
ALTER TABLE users ADD shout text GENERATED ALWAYS AS (upper(name)) STORED;
ALTER TABLE posts ALTER user_id SET DEFAULT 1;
CREATE FUNCTION name_of(text) RETURNS text LANGUAGE sql AS 'SELECT name FROM users WHERE name = $1';
CREATE FUNCTION elsewhere(boss text) RETURNS text LANGUAGE sql AS 'SELECT $1 /* boss_id of bosses */';)",
       R"()"},
      {"view", 13,
       R"(CREATE VIEW bosses AS SELECT boss_id, count(*) FROM users GROUP BY 1;
CREATE VIEW many AS SELECT u.name FROM users u JOIN posts p ON p.user_id = u.id;)",
       R"(view public.bosses uses public.users.boss_id
  CREATE VIEW public.bosses AS
   SELECT boss_id,
      count(*) AS count
     FROM public.users
    GROUP BY boss_id;
  ALTER VIEW public.bosses OWNER TO postgres;
view public.many uses public.posts.user_id, public.users.id
  CREATE VIEW public.many AS
   SELECT name
     FROM (public.users u
       JOIN public.posts p ON ((user_id = id)));
  ALTER VIEW public.many OWNER TO postgres;
)"},
      {"view_on_view", 13,
       R"(CREATE VIEW zero AS SELECT id AS key FROM users; CREATE VIEW one AS SELECT key FROM zero;
CREATE MATERIALIZED VIEW two AS SELECT * FROM one; CREATE VIEW three AS SELECT count(*) FROM two;)",
       R"(view public.zero uses public.users.id
  CREATE VIEW public.zero AS
   SELECT id AS key
     FROM public.users;
  ALTER VIEW public.zero OWNER TO postgres;
view public.one uses public.users.id
  CREATE VIEW public.one AS
   SELECT key
     FROM public.zero;
  ALTER VIEW public.one OWNER TO postgres;
materialized view public.two uses public.users.id
  CREATE MATERIALIZED VIEW public.two AS
   SELECT key
     FROM public.one
    WITH DATA;
  ALTER MATERIALIZED VIEW public.two OWNER TO postgres;
view public.three uses public.users.id
  CREATE VIEW public.three AS
   SELECT count(*) AS count
     FROM public.two;
  ALTER VIEW public.three OWNER TO postgres;
)"},
      {"view_grouped_by_key", 13,
       R"(CREATE VIEW grouped AS SELECT name FROM users GROUP BY id;)",
       R"(view public.grouped uses public.users.id
  CREATE VIEW public.grouped AS
   SELECT name
     FROM public.users
    GROUP BY id;
  ALTER VIEW public.grouped OWNER TO postgres;
)"},
      {"view_of_rows", 13,
       R"(CREATE VIEW field AS SELECT (u).boss_id FROM users u;
CREATE VIEW whole AS SELECT u FROM users u;)",
       R"(view public.field uses public.users.boss_id
  CREATE VIEW public.field AS
   SELECT boss_id
     FROM public.users u;
  ALTER VIEW public.field OWNER TO postgres;
)"},
      {"view_options", 13,
       R"(CREATE VIEW barrier WITH (security_barrier) AS SELECT id, name FROM users WHERE boss_id > 1
  WITH CASCADED CHECK OPTION;
CREATE VIEW local WITH (security_barrier = false) AS SELECT id FROM users WHERE id > 1 WITH LOCAL CHECK OPTION;)",
       R"(view public.barrier uses public.users.boss_id, public.users.id
  CREATE VIEW public.barrier WITH (security_barrier='true', check_option='cascaded') AS
   SELECT id,
      name
     FROM public.users
    WHERE (boss_id > 1);
  ALTER VIEW public.barrier OWNER TO postgres;
view public.local uses public.users.id
  CREATE VIEW public.local WITH (security_barrier='false', check_option='local') AS
   SELECT id
     FROM public.users
    WHERE (id > 1);
  ALTER VIEW public.local OWNER TO postgres;
)"},
      {"view_security_invoker", 15,
       R"(CREATE VIEW invoker WITH (security_invoker) AS SELECT id FROM users;)",
       R"(view public.invoker uses public.users.id
  CREATE VIEW public.invoker WITH (security_invoker='true') AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.invoker OWNER TO postgres;
)"},
      {"view_settings", 13,
       R"(CREATE VIEW v (key, "Na me") AS SELECT id, name FROM users;
ALTER VIEW v ALTER COLUMN "Na me" SET DEFAULT 'no''body'; ALTER VIEW v ALTER COLUMN key SET DEFAULT 7;
COMMENT ON VIEW v IS E'it''s \\ a\nview'; COMMENT ON COLUMN v."Na me" IS 'who'; ALTER VIEW v OWNER TO inspect_owner;)",
       R"(view public.v uses public.users.id
  CREATE VIEW public.v AS
   SELECT id AS key,
      name AS "Na me"
     FROM public.users;
  ALTER VIEW public.v OWNER TO inspect_owner;
  ALTER VIEW public.v ALTER COLUMN key SET DEFAULT 7;
  ALTER VIEW public.v ALTER COLUMN "Na me" SET DEFAULT 'no''body'::text;
  COMMENT ON VIEW public.v IS E'it''s \\ a
  view';
  COMMENT ON COLUMN public.v."Na me" IS 'who';
)"},
      {"view_grants", 13,
       R"(CREATE VIEW plain AS SELECT id FROM users; GRANT SELECT ON plain TO PUBLIC;
CREATE VIEW options AS SELECT id, name FROM users;
GRANT SELECT, UPDATE ON options TO inspect_app WITH GRANT OPTION; GRANT DELETE ON options TO inspect_app;
SET ROLE inspect_app; GRANT SELECT ON options TO inspect_owner; RESET ROLE;
GRANT SELECT (name), UPDATE (id) ON options TO PUBLIC; GRANT INSERT (id) ON options TO inspect_app WITH GRANT OPTION;
CREATE VIEW revoked AS SELECT id FROM users; ALTER VIEW revoked OWNER TO inspect_owner;
REVOKE INSERT ON revoked FROM inspect_owner; GRANT ALL ON revoked TO inspect_app;
CREATE VIEW nobody AS SELECT id FROM users; ALTER VIEW nobody OWNER TO inspect_owner;
REVOKE ALL ON nobody FROM inspect_owner;
CREATE VIEW reordered AS SELECT id FROM users; ALTER VIEW reordered OWNER TO inspect_owner;
REVOKE ALL ON reordered FROM inspect_owner; GRANT SELECT ON reordered TO inspect_app;
GRANT ALL ON reordered TO inspect_owner;)",
       R"(view public.nobody uses public.users.id
  CREATE VIEW public.nobody AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.nobody OWNER TO inspect_owner;
  REVOKE ALL ON public.nobody FROM inspect_owner;
view public.options uses public.users.id
  CREATE VIEW public.options AS
   SELECT id,
      name
     FROM public.users;
  ALTER VIEW public.options OWNER TO postgres;
  GRANT SELECT, UPDATE ON public.options TO inspect_app WITH GRANT OPTION;
  GRANT DELETE ON public.options TO inspect_app;
  SET LOCAL ROLE inspect_app;
  GRANT SELECT ON public.options TO inspect_owner;
  RESET ROLE;
  GRANT UPDATE (id) ON public.options TO PUBLIC;
  GRANT INSERT (id) ON public.options TO inspect_app WITH GRANT OPTION;
  GRANT SELECT (name) ON public.options TO PUBLIC;
view public.plain uses public.users.id
  CREATE VIEW public.plain AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.plain OWNER TO postgres;
  GRANT SELECT ON public.plain TO PUBLIC;
view public.reordered uses public.users.id
  CREATE VIEW public.reordered AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.reordered OWNER TO inspect_owner;
  REVOKE ALL ON public.reordered FROM inspect_owner;
  GRANT SELECT ON public.reordered TO inspect_app;
  GRANT ALL ON public.reordered TO inspect_owner;
view public.revoked uses public.users.id
  CREATE VIEW public.revoked AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.revoked OWNER TO inspect_owner;
  REVOKE ALL ON public.revoked FROM inspect_owner;
  GRANT SELECT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON public.revoked TO inspect_owner;
  GRANT ALL ON public.revoked TO inspect_app;
)"},
      {"view_default_privileges", 13,
       R"(CREATE VIEW before AS SELECT id FROM users;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO inspect_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO inspect_owner;
CREATE VIEW after AS SELECT id FROM users;)",
       R"(view public.after uses public.users.id
  CREATE VIEW public.after AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.after OWNER TO postgres;
  REVOKE ALL ON public.after FROM postgres, inspect_app, inspect_owner;
  GRANT ALL ON public.after TO postgres;
  GRANT SELECT ON public.after TO inspect_app;
  GRANT INSERT ON public.after TO inspect_owner;
view public.before uses public.users.id
  CREATE VIEW public.before AS
   SELECT id
     FROM public.users;
  ALTER VIEW public.before OWNER TO postgres;
  REVOKE ALL ON public.before FROM postgres, inspect_app, inspect_owner;
  GRANT ALL ON public.before TO postgres;
)"},
      {"view_triggers_and_rules", 13,
       R"(CREATE VIEW v AS SELECT id, name FROM users;
CREATE TRIGGER instead INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION quiet();
COMMENT ON TRIGGER instead ON v IS 'instead';
CREATE RULE added AS ON INSERT TO v DO INSTEAD INSERT INTO users (name) VALUES (NEW.name);
CREATE TABLE log (id integer); CREATE RULE logged AS ON DELETE TO log DO ALSO SELECT * FROM v;)",
       R"(view public.v uses public.users.id
  CREATE VIEW public.v AS
   SELECT id,
      name
     FROM public.users;
  ALTER VIEW public.v OWNER TO postgres;
rule added on public.v uses public.users.id
  CREATE RULE added AS
      ON INSERT TO public.v DO INSTEAD  INSERT INTO public.users (name)
    VALUES (name);
rule logged on public.log uses public.users.id
  CREATE RULE logged AS
      ON DELETE TO public.log DO  SELECT id,
      name
     FROM public.v;
trigger instead on public.v uses public.users.id
  CREATE TRIGGER instead INSTEAD OF UPDATE ON public.v FOR EACH ROW EXECUTE FUNCTION public.quiet();
  COMMENT ON TRIGGER instead ON public.v IS 'instead';
)"},
      {"view_row_type", 13,
       R"(CREATE VIEW v AS SELECT id, name FROM users;
CREATE FUNCTION rows() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';
CREATE FUNCTION name_of(v) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
CREATE VIEW w AS SELECT name_of(r.*) FROM rows() r;
CREATE FUNCTION many(v[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';)",
       R"(view public.v uses public.users.id
  CREATE VIEW public.v AS
   SELECT id,
      name
     FROM public.users;
  ALTER VIEW public.v OWNER TO postgres;
function public.many(public.v[]) uses public.users.id
  CREATE OR REPLACE FUNCTION public.many(public.v[])
   RETURNS integer
   LANGUAGE sql
  AS $function$SELECT 1$function$;
  ALTER FUNCTION public.many(public.v[]) OWNER TO postgres;
function public.name_of(public.v) uses public.users.id
  CREATE OR REPLACE FUNCTION public.name_of(public.v)
   RETURNS text
   LANGUAGE sql
  AS $function$SELECT $1.name$function$;
  ALTER FUNCTION public.name_of(public.v) OWNER TO postgres;
function public.rows() uses public.users.id
  CREATE OR REPLACE FUNCTION public.rows()
   RETURNS SETOF public.v
   LANGUAGE sql
  AS $function$SELECT * FROM v$function$;
  ALTER FUNCTION public.rows() OWNER TO postgres;
view public.w uses public.users.id
  CREATE VIEW public.w AS
   SELECT public.name_of(r.*) AS name_of
     FROM public.rows() r(id, name);
  ALTER VIEW public.w OWNER TO postgres;
)"},
      {"materialized_view", 13,
       R"(CREATE MATERIALIZED VIEW m WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false) AS
  SELECT id, name, lower(name) AS low FROM users;
CREATE UNIQUE INDEX m_key ON m (id); CREATE INDEX m_x ON m ((id + 1), name) WITH (fillfactor = 50) WHERE name <> '';
ALTER INDEX m_x ALTER COLUMN 1 SET STATISTICS 500; COMMENT ON INDEX m_x IS 'expression';
ALTER MATERIALIZED VIEW m CLUSTER ON m_key;
ALTER MATERIALIZED VIEW m ALTER name SET STATISTICS 33, ALTER name SET STORAGE EXTERNAL, ALTER id SET (n_distinct = -0.5);
ALTER MATERIALIZED VIEW m OWNER TO inspect_owner; GRANT SELECT ON m TO inspect_app;
COMMENT ON MATERIALIZED VIEW m IS 'm'; COMMENT ON COLUMN m.id IS 'key';
CREATE STATISTICS of_m ON id, name FROM m;
CREATE MATERIALIZED VIEW unfilled AS SELECT id FROM users WITH NO DATA;)",
       R"(materialized view public.m uses public.users.id
  CREATE MATERIALIZED VIEW public.m WITH (fillfactor='70', autovacuum_enabled='false', toast.autovacuum_enabled='false') AS
   SELECT id,
      name,
      lower(name) AS low
     FROM public.users
    WITH DATA;
  ALTER MATERIALIZED VIEW public.m OWNER TO inspect_owner;
  ALTER MATERIALIZED VIEW public.m ALTER COLUMN name SET STATISTICS 33;
  ALTER MATERIALIZED VIEW public.m ALTER COLUMN name SET STORAGE EXTERNAL;
  ALTER MATERIALIZED VIEW public.m ALTER COLUMN id SET (n_distinct='-0.5');
  CREATE UNIQUE INDEX m_key ON public.m USING btree (id);
  ALTER MATERIALIZED VIEW public.m CLUSTER ON m_key;
  CREATE INDEX m_x ON public.m USING btree (((id + 1)), name) WITH (fillfactor='50') WHERE (name <> ''::text);
  ALTER INDEX public.m_x ALTER COLUMN 1 SET STATISTICS 500;
  COMMENT ON INDEX public.m_x IS 'expression';
  COMMENT ON MATERIALIZED VIEW public.m IS 'm';
  COMMENT ON COLUMN public.m.id IS 'key';
  GRANT SELECT ON public.m TO inspect_app;
materialized view public.unfilled uses public.users.id
  CREATE MATERIALIZED VIEW public.unfilled AS
   SELECT id
     FROM public.users
    WITH NO DATA;
  ALTER MATERIALIZED VIEW public.unfilled OWNER TO postgres;
statistics public.of_m on public.m uses public.users.id
  CREATE STATISTICS public.of_m ON id, name FROM public.m;
  ALTER STATISTICS public.of_m OWNER TO postgres;
)"},
      {"materialized_view_compression", 14,
       R"(CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users;
ALTER MATERIALIZED VIEW m ALTER name SET COMPRESSION pglz;)",
       R"(materialized view public.m uses public.users.id
  CREATE MATERIALIZED VIEW public.m AS
   SELECT id,
      name
     FROM public.users
    WITH DATA;
  ALTER MATERIALIZED VIEW public.m OWNER TO postgres;
  ALTER MATERIALIZED VIEW public.m ALTER COLUMN name SET COMPRESSION pglz;
)"},
      {"materialized_view_of_rows", 13,
       R"(CREATE MATERIALIZED VIEW m AS SELECT u FROM users u;)",
       R"(materialized view public.m uses public.users.boss_id, public.users.id
  CREATE MATERIALIZED VIEW public.m AS
   SELECT u.*::public.users AS u
     FROM public.users u
    WITH DATA;
  ALTER MATERIALIZED VIEW public.m OWNER TO postgres;
)"},
      {"quoted_names", 13,
       R"(CREATE SCHEMA "S s";
CREATE TABLE "S s"."T ""t" ("I d" integer PRIMARY KEY);
CREATE VIEW "S s"."Vü v" AS SELECT "I d" FROM "S s"."T ""t";
CREATE FUNCTION "F f"() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW."I d" := 1; RETURN NEW; END';
CREATE TRIGGER "X x" BEFORE INSERT ON "S s"."T ""t" FOR EACH ROW EXECUTE FUNCTION "F f"();
CREATE TRIGGER "select" BEFORE UPDATE OF "I d" ON "S s"."T ""t" FOR EACH ROW EXECUTE FUNCTION "F f"();
ALTER TABLE "S s"."T ""t" ADD CONSTRAINT "C c" CHECK ("I d" > 0); COMMENT ON CONSTRAINT "C c" ON "S s"."T ""t" IS 'c';
CREATE INDEX "N n" ON "S s"."T ""t" (("I d" + 1)); COMMENT ON INDEX "S s"."N n" IS 'n';)",
       R"(function public."F f"() uses "S s"."T ""t"."I d"
  problem: its body names "I d"; trigger "X x" on "S s"."T ""t", trigger "select" on "S s"."T ""t" run it
  CREATE OR REPLACE FUNCTION public."F f"()
   RETURNS trigger
   LANGUAGE plpgsql
  AS $function$BEGIN NEW."I d" := 1; RETURN NEW; END$function$;
  ALTER FUNCTION public."F f"() OWNER TO postgres;
view "S s"."Vü v" uses "S s"."T ""t"."I d"
  CREATE VIEW "S s"."Vü v" AS
   SELECT "I d"
     FROM "S s"."T ""t";
  ALTER VIEW "S s"."Vü v" OWNER TO postgres;
trigger "select" on "S s"."T ""t" uses "S s"."T ""t"."I d"
  CREATE TRIGGER "select" BEFORE UPDATE OF "I d" ON "S s"."T ""t" FOR EACH ROW EXECUTE FUNCTION public."F f"();
check "C c" on "S s"."T ""t" uses "S s"."T ""t"."I d"
  ALTER TABLE "S s"."T ""t"
    ADD CONSTRAINT "C c" CHECK (("I d" > 0));
  COMMENT ON CONSTRAINT "C c" ON "S s"."T ""t" IS 'c';
index "S s"."N n" on "S s"."T ""t" uses "S s"."T ""t"."I d"
  CREATE INDEX "N n" ON "S s"."T ""t" USING btree ((("I d" + 1)));
  COMMENT ON INDEX "S s"."N n" IS 'n';
)"},
  };
}

}  // namespace rekey::inspect
