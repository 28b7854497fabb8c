// Functions and procedures: BEGIN ATOMIC, with what uses them, and bodies that are text.
#include "tests/integration/inspect_dependents_cases.h"

namespace rekey::inspect {

std::vector<DependentCase> function_cases() {
  return {
      {"atomic", 14,
       R"(CREATE FUNCTION name_of(integer, text DEFAULT 'x') RETURNS text LANGUAGE sql STABLE STRICT COST 7 SET work_mem = '1MB'
  BEGIN ATOMIC SELECT name FROM users WHERE id = $1; END;
CREATE PROCEDURE leave(integer, INOUT text) LANGUAGE sql
  BEGIN ATOMIC DELETE FROM users WHERE boss_id = $1; SELECT 'gone' AS word; END;
ALTER FUNCTION name_of OWNER TO inspect_owner; COMMENT ON FUNCTION name_of IS 'name'; COMMENT ON PROCEDURE leave IS 'leave';
REVOKE ALL ON FUNCTION name_of FROM PUBLIC; GRANT EXECUTE ON FUNCTION name_of TO inspect_app WITH GRANT OPTION;
GRANT EXECUTE ON PROCEDURE leave TO inspect_app;)",
       R"(function public.name_of(integer,text) uses public.users.id
  CREATE OR REPLACE FUNCTION public.name_of(integer, text DEFAULT 'x'::text)
   RETURNS text
   LANGUAGE sql
   STABLE STRICT COST 7
   SET work_mem TO '1MB'
  BEGIN ATOMIC
   SELECT name
      FROM public.users
     WHERE (id = $1);
  END;
  ALTER FUNCTION public.name_of(integer,text) OWNER TO inspect_owner;
  COMMENT ON FUNCTION public.name_of(integer,text) IS 'name';
  REVOKE ALL ON FUNCTION public.name_of(integer,text) FROM PUBLIC;
  GRANT ALL ON FUNCTION public.name_of(integer,text) TO inspect_app WITH GRANT OPTION;
procedure public.leave(integer,text) uses public.users.boss_id
  CREATE OR REPLACE PROCEDURE public.leave(integer, INOUT text)
   LANGUAGE sql
  BEGIN ATOMIC
   DELETE FROM public.users
     WHERE (boss_id = $1);
   SELECT 'gone'::text AS word;
  END;
  ALTER PROCEDURE public.leave(integer,text) OWNER TO postgres;
  COMMENT ON PROCEDURE public.leave(integer,text) IS 'leave';
  GRANT ALL ON PROCEDURE public.leave(integer,text) TO inspect_app;
)"},
      {"atomic_is_used", 14,
       R"(CREATE FUNCTION name_of(integer) RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT name FROM users WHERE id = $1; END;
CREATE VIEW v AS SELECT name_of(3); CREATE VIEW w AS SELECT * FROM v;
ALTER TABLE posts ALTER title SET DEFAULT name_of(4), ADD CONSTRAINT named CHECK (title <> name_of(5));
CREATE INDEX named ON posts (name_of(length(title))); CREATE POLICY named ON posts USING (title = name_of(6));
CREATE STATISTICS named ON name_of(length(title)) FROM posts;
CREATE FUNCTION twice() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT name_of(7) || name_of(8); END;)",
       R"(function public.name_of(integer) uses public.users.id
  CREATE OR REPLACE FUNCTION public.name_of(integer)
   RETURNS text
   LANGUAGE sql
   IMMUTABLE
  BEGIN ATOMIC
   SELECT name
      FROM public.users
     WHERE (id = $1);
  END;
  ALTER FUNCTION public.name_of(integer) OWNER TO postgres;
function public.twice() uses public.users.id
  CREATE OR REPLACE FUNCTION public.twice()
   RETURNS text
   LANGUAGE sql
  BEGIN ATOMIC
   SELECT (public.name_of(7) || public.name_of(8));
  END;
  ALTER FUNCTION public.twice() OWNER TO postgres;
view public.v uses public.users.id
  CREATE VIEW public.v AS
   SELECT public.name_of(3) AS name_of;
  ALTER VIEW public.v OWNER TO postgres;
view public.w uses public.users.id
  CREATE VIEW public.w AS
   SELECT name_of
     FROM public.v;
  ALTER VIEW public.w OWNER TO postgres;
policy named on public.posts uses public.users.id
  CREATE POLICY named ON public.posts
    USING ((title = public.name_of(6)));
check named on public.posts uses public.users.id
  ALTER TABLE public.posts
    ADD CONSTRAINT named CHECK ((title <> public.name_of(5)));
index public.named on public.posts uses public.users.id
  CREATE INDEX named ON public.posts USING btree (public.name_of(length(title)));
statistics public.named on public.posts uses public.users.id
  CREATE STATISTICS public.named ON public.name_of(length(title)) FROM public.posts;
  ALTER STATISTICS public.named OWNER TO postgres;
object default public.posts.title on public.posts uses public.users.id
  ALTER TABLE ONLY public.posts ALTER COLUMN title DROP DEFAULT;
  ALTER TABLE ONLY public.posts ALTER COLUMN title SET DEFAULT public.name_of(4);
)"},
      {"atomic_is_used_by_others", 14,
       R"(CREATE FUNCTION of(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT max(id) FROM users WHERE id > $1; END;
CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = of);
CREATE AGGREGATE aggregated (integer) (SFUNC = of, STYPE = integer);
CREATE DOMAIN checked AS integer CHECK (of(VALUE, 1) > 0);
ALTER TABLE posts ADD computed integer GENERATED ALWAYS AS (of(3, 4)) STORED;)",
       R"(function public.of(integer,integer) uses public.users.id
  CREATE OR REPLACE FUNCTION public.of(integer, integer)
   RETURNS integer
   LANGUAGE sql
   IMMUTABLE
  BEGIN ATOMIC
   SELECT max(id) AS max
      FROM public.users
     WHERE (id > $1);
  END;
  ALTER FUNCTION public.of(integer,integer) OWNER TO postgres;
generated column computed on public.posts uses public.users.id
  problem: it is computed by what has to be made anew
object aggregate public.aggregated(integer) uses public.users.id
  problem: rekey does not know how to make it again
object domain constraint checked_check on public.checked uses public.users.id
  problem: rekey does not know how to make it again
object operator public.===(integer,integer) uses public.users.id
  problem: rekey does not know how to make it again
)"},
      {"default_privileges", 14,
       R"(ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE FUNCTION closed() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(id) FROM users; END;
CREATE FUNCTION open() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(id) FROM users; END;
GRANT EXECUTE ON FUNCTION open() TO PUBLIC;)",
       R"(function public.closed() uses public.users.id
  CREATE OR REPLACE FUNCTION public.closed()
   RETURNS bigint
   LANGUAGE sql
  BEGIN ATOMIC
   SELECT count(id) AS count
      FROM public.users;
  END;
  ALTER FUNCTION public.closed() OWNER TO postgres;
  REVOKE ALL ON FUNCTION public.closed() FROM PUBLIC, postgres;
  GRANT ALL ON FUNCTION public.closed() TO postgres;
function public.open() uses public.users.id
  CREATE OR REPLACE FUNCTION public.open()
   RETURNS bigint
   LANGUAGE sql
  BEGIN ATOMIC
   SELECT count(id) AS count
      FROM public.users;
  END;
  ALTER FUNCTION public.open() OWNER TO postgres;
  REVOKE ALL ON FUNCTION public.open() FROM PUBLIC, postgres;
  GRANT ALL ON FUNCTION public.open() TO postgres;
  GRANT ALL ON FUNCTION public.open() TO PUBLIC;
)"},
      {"trigger_function", 13,
       R"(CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE NOTICE ''%'', NEW.USER_ID; RETURN NEW; END';
CREATE TRIGGER a BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION loud();
CREATE TRIGGER b BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION loud();
CREATE TRIGGER c BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION loud();)",
       R"(function public.loud() uses public.posts.user_id
  problem: its body names user_id; trigger a on public.posts, trigger b on public.posts, trigger c on public.users run it
  CREATE OR REPLACE FUNCTION public.loud()
   RETURNS trigger
   LANGUAGE plpgsql
  AS $function$BEGIN RAISE NOTICE '%', NEW.USER_ID; RETURN NEW; END$function$;
  ALTER FUNCTION public.loud() OWNER TO postgres;
)"},
      {"body_is_text", 13,
       R"(CREATE FUNCTION by_id(i integer) RETURNS text LANGUAGE sql AS $$SELECT name FROM public.users WHERE "id" = i$$;
CREATE FUNCTION all_bosses() RETURNS TABLE (boss_id integer) LANGUAGE sql AS 'SELECT boss_id FROM public.users';
CREATE FUNCTION of_row(u users) RETURNS integer LANGUAGE sql AS 'SELECT $1.id';
CREATE PROCEDURE remove(p_user_id bigint) LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DELETE FROM '' || ''posts'' || '' WHERE id = $1'' USING p_user_id; END';
CREATE VIEW titles AS SELECT user_id, title FROM posts;
CREATE FUNCTION through_view() RETURNS text LANGUAGE sql AS 'SELECT title FROM public.titles WHERE user_id = 3';
CREATE FUNCTION unrelated(id integer) RETURNS integer LANGUAGE sql AS 'SELECT id + 1';
COMMENT ON FUNCTION by_id IS 'by id'; GRANT EXECUTE ON FUNCTION by_id TO inspect_app;)",
       R"(warns: function public.all_bosses() uses public.users.boss_id
  problem: its body names boss_id
  CREATE OR REPLACE FUNCTION public.all_bosses()
   RETURNS TABLE(boss_id integer)
   LANGUAGE sql
  AS $function$SELECT boss_id FROM public.users$function$;
  ALTER FUNCTION public.all_bosses() OWNER TO postgres;
warns: function public.by_id(integer) uses public.users.id
  problem: its body names id
  CREATE OR REPLACE FUNCTION public.by_id(i integer)
   RETURNS text
   LANGUAGE sql
  AS $function$SELECT name FROM public.users WHERE "id" = i$function$;
  ALTER FUNCTION public.by_id(integer) OWNER TO postgres;
  COMMENT ON FUNCTION public.by_id(integer) IS 'by id';
  GRANT ALL ON FUNCTION public.by_id(integer) TO inspect_app;
warns: function public.of_row(public.users) uses public.users.id
  problem: its body names id
  CREATE OR REPLACE FUNCTION public.of_row(u public.users)
   RETURNS integer
   LANGUAGE sql
  AS $function$SELECT $1.id$function$;
  ALTER FUNCTION public.of_row(public.users) OWNER TO postgres;
warns: function public.through_view() uses public.posts.user_id
  problem: its body names user_id
  CREATE OR REPLACE FUNCTION public.through_view()
   RETURNS text
   LANGUAGE sql
  AS $function$SELECT title FROM public.titles WHERE user_id = 3$function$;
  ALTER FUNCTION public.through_view() OWNER TO postgres;
warns: procedure public.remove(bigint) uses public.posts.id
  problem: its body names id
  CREATE OR REPLACE PROCEDURE public.remove(p_user_id bigint)
   LANGUAGE plpgsql
  AS $procedure$BEGIN EXECUTE 'DELETE FROM ' || 'posts' || ' WHERE id = $1' USING p_user_id; END$procedure$;
  ALTER PROCEDURE public.remove(bigint) OWNER TO postgres;
view public.titles uses public.posts.user_id
  CREATE VIEW public.titles AS
   SELECT user_id,
      title
     FROM public.posts;
  ALTER VIEW public.titles OWNER TO postgres;
)"},
      {"takes_an_argument", 13,
       R"(CREATE FUNCTION with_user(p_user_id integer) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
CREATE FUNCTION with_text(user_id text) RETURNS text LANGUAGE sql AS 'SELECT $1';)",
       R"(warns: function public.with_user(integer) uses public.posts.user_id
  problem: it takes user_id
  CREATE OR REPLACE FUNCTION public.with_user(p_user_id integer)
   RETURNS text
   LANGUAGE sql
  AS $function$SELECT $1::text$function$;
  ALTER FUNCTION public.with_user(integer) OWNER TO postgres;
)"},
      {"rows_in_parsed_bodies", 14,
       R"(CREATE FUNCTION title(u users) RETURNS text LANGUAGE sql RETURN (u.name || '!');
CREATE FUNCTION of_text(u users) RETURNS text LANGUAGE sql AS 'SELECT u.name';)",
       R"(function public.title(public.users) uses public.users.boss_id, public.users.id
  CREATE OR REPLACE FUNCTION public.title(u public.users)
   RETURNS text
   LANGUAGE sql
  RETURN ((u).name || '!'::text);
  ALTER FUNCTION public.title(public.users) OWNER TO postgres;
)"},
      {"body_has_keywords", 13,
       R"(CREATE TABLE "from" ("select" serial PRIMARY KEY, name text);
CREATE FUNCTION no() RETURNS integer LANGUAGE sql AS 'SELECT name::integer FROM "from"';
CREATE FUNCTION yes() RETURNS integer LANGUAGE sql AS 'SELECT "select" FROM "from"';)",
       R"(warns: function public.yes() uses public."from"."select"
  problem: its body names "select"
  CREATE OR REPLACE FUNCTION public.yes()
   RETURNS integer
   LANGUAGE sql
  AS $function$SELECT "select" FROM "from"$function$;
  ALTER FUNCTION public.yes() OWNER TO postgres;
)"},
      {"body_is_run", 13,
       R"(CREATE FUNCTION known(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT EXISTS (SELECT FROM public.users WHERE id = $1)';
ALTER TABLE posts ALTER title SET DEFAULT known(1)::text, ADD CONSTRAINT known CHECK (known(length(title)));
CREATE INDEX known ON posts (known(length(title))); CREATE POLICY known ON posts USING (known(length(title)));)",
       R"(function public.known(integer) uses public.users.id
  problem: its body names id; constraint known on public.posts, index public.known, policy known on public.posts, the default of public.posts.title run it
  CREATE OR REPLACE FUNCTION public.known(integer)
   RETURNS boolean
   LANGUAGE sql
   IMMUTABLE
  AS $function$SELECT EXISTS (SELECT FROM public.users WHERE id = $1)$function$;
  ALTER FUNCTION public.known(integer) OWNER TO postgres;
)"},
  };
}

}  // namespace rekey::inspect
