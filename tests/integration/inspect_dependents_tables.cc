// What stands on tables: rules, triggers, policies, constraints, indexes and so on.
#include "tests/integration/inspect_dependents_cases.h"

namespace rekey::inspect {

std::vector<DependentCase> table_cases() {
  return {
      {"rule", 13,
       R"(CREATE RULE no_root AS ON DELETE TO users WHERE OLD.id = 1 DO INSTEAD NOTHING;
CREATE RULE more AS ON UPDATE TO users DO ALSO (UPDATE posts SET title = NEW.name WHERE user_id = NEW.id; NOTIFY x);
ALTER TABLE users DISABLE RULE no_root; ALTER TABLE users ENABLE ALWAYS RULE more; COMMENT ON RULE no_root ON users IS 'root';)",
       R"(rule more on public.users uses public.posts.user_id, public.users.id
  CREATE RULE more AS
      ON UPDATE TO public.users DO ( UPDATE public.posts SET title = name
    WHERE (user_id = id);

   NOTIFY x;
  );
  ALTER TABLE public.users ENABLE ALWAYS RULE more;
rule no_root on public.users uses public.users.id
  CREATE RULE no_root AS
      ON DELETE TO public.users
     WHERE (id = 1) DO INSTEAD NOTHING;
  ALTER TABLE public.users DISABLE RULE no_root;
  COMMENT ON RULE no_root ON public.users IS 'root';
)"},
      {"trigger", 13,
       R"(CREATE TRIGGER update_of BEFORE UPDATE OF boss_id, name ON users FOR EACH ROW EXECUTE FUNCTION quiet();
CREATE TRIGGER condition AFTER UPDATE ON users FOR EACH ROW WHEN (OLD.boss_id <> NEW.id) EXECUTE FUNCTION quiet('a', 'it''s');
CREATE TRIGGER tables AFTER UPDATE OF boss_id ON users FOR EACH STATEMENT EXECUTE FUNCTION quiet();
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE OF id ON users DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.id > 3) EXECUTE FUNCTION quiet();
ALTER TABLE users DISABLE TRIGGER update_of; ALTER TABLE users ENABLE REPLICA TRIGGER condition;
ALTER TABLE users ENABLE ALWAYS TRIGGER late; COMMENT ON TRIGGER late ON users IS 'late';)",
       R"(trigger condition on public.users uses public.users.boss_id, public.users.id
  CREATE TRIGGER condition AFTER UPDATE ON public.users FOR EACH ROW WHEN ((boss_id <> id)) EXECUTE FUNCTION public.quiet('a', 'it''s');
  ALTER TABLE public.users ENABLE REPLICA TRIGGER condition;
trigger late on public.users uses public.users.id
  CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE OF id ON public.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((id > 3)) EXECUTE FUNCTION public.quiet();
  ALTER TABLE public.users ENABLE ALWAYS TRIGGER late;
  COMMENT ON TRIGGER late ON public.users IS 'late';
trigger tables on public.users uses public.users.boss_id
  CREATE TRIGGER tables AFTER UPDATE OF boss_id ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.quiet();
trigger update_of on public.users uses public.users.boss_id
  CREATE TRIGGER update_of BEFORE UPDATE OF boss_id, name ON public.users FOR EACH ROW EXECUTE FUNCTION public.quiet();
  ALTER TABLE public.users DISABLE TRIGGER update_of;
)"},
      {"policy", 13,
       R"(CREATE POLICY own ON users USING (id = 1);
CREATE POLICY "of others" ON posts AS RESTRICTIVE FOR UPDATE TO inspect_owner, inspect_app
  USING (title = (SELECT name FROM users WHERE boss_id = 3)) WITH CHECK (user_id > 0);
CREATE POLICY added ON posts FOR INSERT WITH CHECK (user_id = 1); COMMENT ON POLICY added ON posts IS 'added';
ALTER TABLE posts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;)",
       R"(policy "of others" on public.posts uses public.posts.user_id, public.users.boss_id
  CREATE POLICY "of others" ON public.posts AS RESTRICTIVE FOR UPDATE TO inspect_owner, inspect_app
    USING ((title = ( SELECT name
     FROM public.users
    WHERE (boss_id = 3))))
    WITH CHECK ((user_id > 0));
policy added on public.posts uses public.posts.user_id
  CREATE POLICY added ON public.posts FOR INSERT
    WITH CHECK ((user_id = 1));
  COMMENT ON POLICY added ON public.posts IS 'added';
policy own on public.users uses public.users.id
  CREATE POLICY own ON public.users
    USING ((id = 1));
)"},
      {"check", 13,
       R"(ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0 AND boss_id > 0);
ALTER TABLE users ADD CONSTRAINT later CHECK (boss_id <> 7) NOT VALID; COMMENT ON CONSTRAINT later ON users IS 'later';
ALTER TABLE posts ADD CONSTRAINT alone CHECK (user_id <> 7) NO INHERIT;)",
       R"(check alone on public.posts uses public.posts.user_id
  ALTER TABLE public.posts
    ADD CONSTRAINT alone CHECK ((user_id <> 7)) NO INHERIT;
check later on public.users uses public.users.boss_id
  ALTER TABLE public.users
    ADD CONSTRAINT later CHECK ((boss_id <> 7)) NOT VALID;
  COMMENT ON CONSTRAINT later ON public.users IS 'later';
check positive on public.users uses public.users.boss_id, public.users.id
  ALTER TABLE public.users
    ADD CONSTRAINT positive CHECK (((id > 0) AND (boss_id > 0)));
)"},
      {"exclusion", 13,
       R"(ALTER TABLE users ADD CONSTRAINT one_boss EXCLUDE (boss_id WITH =) WITH (fillfactor = 50),
  ADD CONSTRAINT named EXCLUDE USING btree (lower(name) WITH =) WHERE (id > 9) DEFERRABLE INITIALLY DEFERRED;
COMMENT ON CONSTRAINT one_boss ON users IS 'one'; COMMENT ON INDEX named IS 'index'; CLUSTER users USING one_boss;
ALTER INDEX named ALTER COLUMN 1 SET STATISTICS 70;)",
       R"(exclusion constraint named on public.users uses public.users.id
  ALTER TABLE public.users
    ADD CONSTRAINT named EXCLUDE USING btree (lower(name) WITH =) WHERE ((id > 9)) DEFERRABLE INITIALLY DEFERRED;
  ALTER INDEX public.named ALTER COLUMN 1 SET STATISTICS 70;
  COMMENT ON INDEX public.named IS 'index';
exclusion constraint one_boss on public.users uses public.users.boss_id
  ALTER TABLE public.users
    ADD CONSTRAINT one_boss EXCLUDE USING btree (boss_id WITH =) WITH (fillfactor='50');
  COMMENT ON CONSTRAINT one_boss ON public.users IS 'one';
  ALTER TABLE public.users CLUSTER ON one_boss;
)"},
      {"index", 13,
       R"(CREATE INDEX expression ON users ((boss_id + 1), id) INCLUDE (name) WITH (fillfactor = 60);
CREATE INDEX predicate ON users (name COLLATE "C" DESC NULLS LAST) WHERE boss_id IS NOT NULL;
CREATE UNIQUE INDEX coalesced ON users (COALESCE(boss_id, -1), name);
CREATE INDEX hashed ON users USING hash ((id + 0));
CREATE INDEX ranged ON users USING gist (int4range(id, boss_id));
CREATE INDEX listed ON users USING gin ((ARRAY[id, boss_id]));
CREATE INDEX blocks ON users USING brin ((id * 2)) WITH (pages_per_range = 4);
COMMENT ON INDEX expression IS 'e'; CLUSTER users USING expression;)",
       R"(index public.blocks on public.users uses public.users.id
  CREATE INDEX blocks ON public.users USING brin (((id * 2))) WITH (pages_per_range='4');
index public.coalesced on public.users uses public.users.boss_id
  CREATE UNIQUE INDEX coalesced ON public.users USING btree (COALESCE(boss_id, '-1'::integer), name);
index public.expression on public.users uses public.users.boss_id
  CREATE INDEX expression ON public.users USING btree (((boss_id + 1)), id) INCLUDE (name) WITH (fillfactor='60');
  COMMENT ON INDEX public.expression IS 'e';
  ALTER TABLE public.users CLUSTER ON expression;
index public.hashed on public.users uses public.users.id
  CREATE INDEX hashed ON public.users USING hash (((id + 0)));
index public.listed on public.users uses public.users.boss_id, public.users.id
  CREATE INDEX listed ON public.users USING gin ((ARRAY[id, boss_id]));
index public.predicate on public.users uses public.users.boss_id
  CREATE INDEX predicate ON public.users USING btree (name COLLATE "C" DESC NULLS LAST) WHERE (boss_id IS NOT NULL);
index public.ranged on public.users uses public.users.boss_id, public.users.id
  CREATE INDEX ranged ON public.users USING gist (int4range(id, boss_id));
)"},
      {"index_statistics_target", 13,
       R"(CREATE INDEX lower ON users (lower(name), id); ALTER INDEX lower ALTER COLUMN 1 SET STATISTICS 500;)",
       R"(index public.lower on public.users uses public.users.id
  CREATE INDEX lower ON public.users USING btree (lower(name), id);
  ALTER INDEX public.lower ALTER COLUMN 1 SET STATISTICS 500;
)"},
      {"index_replica_identity", 13,
       R"(CREATE OPERATOR CLASS other FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,
  OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
CREATE UNIQUE INDEX identity ON posts (user_id other); ALTER TABLE posts REPLICA IDENTITY USING INDEX identity;)",
       R"(index public.identity on public.posts uses public.posts.user_id
  problem: its operator class other is not for uuid
  CREATE UNIQUE INDEX identity ON public.posts USING btree (user_id public.other);
  ALTER TABLE ONLY public.posts REPLICA IDENTITY USING INDEX identity;
)"},
      {"index_operator_class", 14,
       R"(CREATE INDEX opclass ON users USING brin (boss_id int4_bloom_ops (n_distinct_per_range = 5));)",
       R"(index public.opclass on public.users uses public.users.boss_id
  problem: its operator class int4_bloom_ops is not for uuid
  CREATE INDEX opclass ON public.users USING brin (boss_id int4_bloom_ops (n_distinct_per_range='5'));
)"},
      {"index_nulls_not_distinct", 15,
       R"(CREATE UNIQUE INDEX nulls ON users ((boss_id + 1)) NULLS NOT DISTINCT;)",
       R"(index public.nulls on public.users uses public.users.boss_id
  CREATE UNIQUE INDEX nulls ON public.users USING btree (((boss_id + 1))) NULLS NOT DISTINCT;
)"},
      {"index_access_method", 13,
       R"(CREATE EXTENSION bloom; CREATE INDEX blooming ON users USING bloom (boss_id);)",
       R"(index public.blooming on public.users uses public.users.boss_id
  problem: bloom indexes cannot hold uuid
  CREATE INDEX blooming ON public.users USING bloom (boss_id);
)"},
      {"index_of_an_extension", 14,
       R"(CREATE EXTENSION bloom; CREATE INDEX x ON users ((boss_id + 1)); ALTER INDEX x DEPENDS ON EXTENSION bloom;)",
       R"(index public.x on public.users uses public.users.boss_id
  CREATE INDEX x ON public.users USING btree (((boss_id + 1)));
  ALTER INDEX public.x DEPENDS ON EXTENSION bloom;
)"},
      {"statistics", 13,
       R"(CREATE STATISTICS together (ndistinct, mcv) ON id, boss_id, name FROM users;
ALTER STATISTICS together SET STATISTICS 42; COMMENT ON STATISTICS together IS 's'; ALTER STATISTICS together OWNER TO inspect_owner;)",
       R"(statistics public.together on public.users uses public.users.boss_id, public.users.id
  CREATE STATISTICS public.together (ndistinct, mcv) ON id, boss_id, name FROM public.users;
  ALTER STATISTICS public.together SET STATISTICS 42;
  ALTER STATISTICS public.together OWNER TO inspect_owner;
  COMMENT ON STATISTICS public.together IS 's';
)"},
      {"statistics_expression", 14,
       R"(CREATE STATISTICS together ON (boss_id + 1), name FROM users;)",
       R"(statistics public.together on public.users uses public.users.boss_id
  CREATE STATISTICS public.together ON name, (boss_id + 1) FROM public.users;
  ALTER STATISTICS public.together OWNER TO postgres;
)"},
      {"publication", 13,
       R"(CREATE PUBLICATION p FOR TABLE posts;)",
       R"(notes: publication p on public.posts uses public.posts.id, public.posts.user_id
)"},
      {"publication_parts", 15,
       R"(CREATE PUBLICATION columns_of FOR TABLE posts (id, title), users (id) WHERE (id <> 5);
CREATE PUBLICATION rows_of FOR TABLE users WHERE (id > 3 AND active) WITH (publish = 'insert'); COMMENT ON PUBLICATION rows_of IS 'rows';)",
       R"(publication columns_of on public.posts uses public.posts.id
  ALTER PUBLICATION columns_of DROP TABLE ONLY public.posts;
  ALTER PUBLICATION columns_of ADD TABLE ONLY public.posts (id, title);
notes: publication columns_of on public.posts uses public.posts.id, public.posts.user_id
publication columns_of on public.users uses public.users.id
  ALTER PUBLICATION columns_of DROP TABLE ONLY public.users;
  ALTER PUBLICATION columns_of ADD TABLE ONLY public.users (id) WHERE ((id <> 5));
notes: publication columns_of on public.users uses public.users.boss_id, public.users.id
publication rows_of on public.users uses public.users.id
  ALTER PUBLICATION rows_of DROP TABLE ONLY public.users;
  ALTER PUBLICATION rows_of ADD TABLE ONLY public.users WHERE (((id > 3) AND active));
notes: publication rows_of on public.users uses public.users.boss_id, public.users.id
)"},
      {"publication_schema", 15,
       R"(CREATE PUBLICATION whole FOR TABLES IN SCHEMA public;)",
       R"(notes: publication whole on public.posts uses public.posts.id, public.posts.user_id
notes: publication whole on public.users uses public.users.boss_id, public.users.id
)"},
      {"typed_table", 13,
       R"(CREATE TYPE thing AS (id integer, name text);
CREATE TABLE things OF thing (PRIMARY KEY (id));)",
       R"(typed table public.things on public.things uses public.things.id
  problem: public.thing has integer columns: the table cannot be of that type while its keys are uuid
  ALTER TABLE public.things NOT OF;
  ALTER TABLE public.things OF public.thing;
)"},
      {"partitioned_table", 13,
       R"(CREATE TABLE parted (user_id integer NOT NULL, n integer, line serial, label text COLLATE "C" DEFAULT 'x',
  size integer GENERATED ALWAYS AS (length(label)) STORED, CONSTRAINT "Key" PRIMARY KEY (user_id, n), UNIQUE (n, user_id))
  PARTITION BY LIST (user_id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1, -2);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT PARTITION BY HASH (n);
CREATE UNIQUE INDEX parted_both ON parted (user_id, n); CREATE INDEX by_label ON parted (label);
ALTER TABLE parted ALTER label SET STATISTICS 7; COMMENT ON TABLE parted IS 'parts'; COMMENT ON COLUMN parted.n IS 'no';
COMMENT ON CONSTRAINT "Key" ON parted IS 'key'; ALTER TABLE parted REPLICA IDENTITY USING INDEX "Key";
ALTER TABLE parted ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT (label) ON parted TO inspect_app;
CREATE TRIGGER own BEFORE INSERT ON parted_1 FOR EACH ROW EXECUTE FUNCTION quiet();
CREATE VIEW labels AS SELECT label FROM parted; CREATE FUNCTION shown(parted) RETURNS text LANGUAGE sql AS 'SELECT $1.label';)",
       R"(partitioned table public.parted_rest uses public.parted_rest.n, public.parted_rest.user_id
  DROP TABLE public.parted_rest;
  CREATE TABLE public.parted_rest (
    user_id integer NOT NULL,
    n integer NOT NULL,
    line integer DEFAULT nextval('public.parted_line_seq'::regclass) NOT NULL,
    label text COLLATE "C" DEFAULT 'x'::text,
    size integer GENERATED ALWAYS AS (length(label)) STORED
  ) PARTITION BY HASH (n);
  ALTER TABLE public.parted_rest OWNER TO postgres;
  ALTER TABLE ONLY public.parted_rest ALTER COLUMN label SET STATISTICS 7;
  ALTER TABLE ONLY public.parted_rest
    ADD CONSTRAINT parted_rest_pkey PRIMARY KEY (user_id, n);
  ALTER TABLE ONLY public.parted_rest
    ADD CONSTRAINT parted_rest_n_user_id_key UNIQUE (n, user_id);
  CREATE UNIQUE INDEX parted_rest_user_id_n_idx ON ONLY public.parted_rest USING btree (user_id, n);
partitioned table public.parted uses public.parted.n, public.parted.user_id, public.parted_rest.n, public.parted_rest.user_id
  ALTER TABLE ONLY public.parted DETACH PARTITION public.parted_1;
  ALTER TABLE ONLY public.parted DETACH PARTITION public.parted_rest;
  ALTER SEQUENCE public.parted_line_seq OWNED BY NONE;
  DROP TABLE public.parted;
  CREATE TABLE public.parted (
    user_id integer NOT NULL,
    n integer NOT NULL,
    line integer DEFAULT nextval('public.parted_line_seq'::regclass) NOT NULL,
    label text COLLATE "C" DEFAULT 'x'::text,
    size integer GENERATED ALWAYS AS (length(label)) STORED
  ) PARTITION BY LIST (user_id);
  ALTER TABLE public.parted OWNER TO postgres;
  ALTER TABLE ONLY public.parted ALTER COLUMN label SET STATISTICS 7;
  ALTER TABLE ONLY public.parted
    ADD CONSTRAINT "Key" PRIMARY KEY (user_id, n);
  COMMENT ON CONSTRAINT "Key" ON public.parted IS 'key';
  ALTER TABLE ONLY public.parted REPLICA IDENTITY USING INDEX "Key";
  CREATE UNIQUE INDEX parted_both ON ONLY public.parted USING btree (user_id, n);
  ALTER TABLE ONLY public.parted
    ADD CONSTRAINT parted_n_user_id_key UNIQUE (n, user_id);
  ALTER TABLE public.parted ENABLE ROW LEVEL SECURITY;
  COMMENT ON TABLE public.parted IS 'parts';
  COMMENT ON COLUMN public.parted.n IS 'no';
  GRANT SELECT ON public.parted TO inspect_app;
  GRANT INSERT (label) ON public.parted TO inspect_app;
  ALTER SEQUENCE public.parted_line_seq OWNED BY public.parted.line;
  ALTER TABLE ONLY public.parted ATTACH PARTITION public.parted_1 FOR VALUES IN (1, '-2');
  ALTER TABLE ONLY public.parted ATTACH PARTITION public.parted_rest DEFAULT;
function public.shown(public.parted) uses public.parted.n, public.parted.user_id, public.parted_rest.n, public.parted_rest.user_id
  CREATE OR REPLACE FUNCTION public.shown(public.parted)
   RETURNS text
   LANGUAGE sql
  AS $function$SELECT $1.label$function$;
  ALTER FUNCTION public.shown(public.parted) OWNER TO postgres;
view public.labels uses public.parted.n, public.parted.user_id, public.parted_rest.n, public.parted_rest.user_id
  CREATE VIEW public.labels AS
   SELECT label
     FROM public.parted;
  ALTER VIEW public.labels OWNER TO postgres;
trigger own on public.parted_1 uses public.parted_1.n, public.parted_1.user_id
  CREATE TRIGGER own BEFORE INSERT ON public.parted_1 FOR EACH ROW EXECUTE FUNCTION public.quiet();
index public.by_label on public.parted uses public.parted.n, public.parted.user_id, public.parted_rest.n, public.parted_rest.user_id
  CREATE INDEX by_label ON ONLY public.parted USING btree (label);
  CREATE INDEX parted_1_label_idx ON public.parted_1 USING btree (label);
  ALTER INDEX public.by_label ATTACH PARTITION public.parted_1_label_idx;
  CREATE INDEX parted_rest_label_idx ON ONLY public.parted_rest USING btree (label);
  ALTER INDEX public.by_label ATTACH PARTITION public.parted_rest_label_idx;
)"},
      {"generated_column", 13,
       R"(ALTER TABLE users ADD double_id integer NOT NULL GENERATED ALWAYS AS (id * 2) STORED;)",
       R"(generated column double_id on public.users uses public.users.id
  problem: it is computed from id, and the server cannot empty it and fill it again: drop it first, and add it again afterwards, as the last column
)"},
      {"generated_column_replaced", 17,
       R"(ALTER TABLE users ADD double_id integer GENERATED ALWAYS AS (id * 2) STORED;)",
       R"(generated column double_id on public.users uses public.users.id
  ALTER TABLE public.users ALTER COLUMN double_id SET EXPRESSION AS (NULL::integer);
  ALTER TABLE public.users ALTER COLUMN double_id SET EXPRESSION AS ((id * 2));
)"},
      {"virtual_column", 18,
       R"(ALTER TABLE users ADD double_id integer GENERATED ALWAYS AS (id * 2);)",
       R"(generated column double_id on public.users uses public.users.id
  ALTER TABLE public.users ALTER COLUMN double_id SET EXPRESSION AS (NULL::integer);
  ALTER TABLE public.users ALTER COLUMN double_id SET EXPRESSION AS ((id * 2));
)"},
      {"computed_key", 13,
       R"(CREATE TABLE computed (n integer, id integer GENERATED ALWAYS AS (n) STORED PRIMARY KEY);)",
       R"(generated column id on public.computed uses public.computed.id
  problem: it is a key that is computed
)"},
      {"partitioned", 13,
       R"(CREATE TABLE parts (id integer REFERENCES users, name text) PARTITION BY RANGE (name);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('a') TO ('i');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('i') TO ('t') PARTITION BY RANGE (name);
CREATE TABLE parts_3 PARTITION OF parts_2 FOR VALUES FROM ('i') TO ('l');
CREATE INDEX doubled ON parts ((id * 2)); ALTER INDEX parts_1_expr_idx RENAME TO "Part 1"; COMMENT ON INDEX "Part 1" IS 'one';
CREATE TRIGGER t AFTER UPDATE OF id ON parts FOR EACH ROW EXECUTE FUNCTION quiet();
ALTER TABLE parts_3 DISABLE TRIGGER t; ALTER TABLE parts ADD CONSTRAINT positive CHECK (id > 0);
ALTER TABLE parts_1 ADD CONSTRAINT small CHECK (id < 9);)",
       R"(trigger t on public.parts uses public.parts.id
  CREATE TRIGGER t AFTER UPDATE OF id ON public.parts FOR EACH ROW EXECUTE FUNCTION public.quiet();
  ALTER TABLE public.parts_3 DISABLE TRIGGER t;
check positive on public.parts uses public.parts.id
  ALTER TABLE public.parts
    ADD CONSTRAINT positive CHECK ((id > 0));
check small on public.parts_1 uses public.parts_1.id
  ALTER TABLE public.parts_1
    ADD CONSTRAINT small CHECK ((id < 9));
index public.doubled on public.parts uses public.parts.id
  CREATE INDEX doubled ON ONLY public.parts USING btree (((id * 2)));
  CREATE INDEX "Part 1" ON public.parts_1 USING btree (((id * 2)));
  COMMENT ON INDEX public."Part 1" IS 'one';
  ALTER INDEX public.doubled ATTACH PARTITION public."Part 1";
  CREATE INDEX parts_2_expr_idx ON ONLY public.parts_2 USING btree (((id * 2)));
  ALTER INDEX public.doubled ATTACH PARTITION public.parts_2_expr_idx;
  CREATE INDEX parts_3_expr_idx ON public.parts_3 USING btree (((id * 2)));
  ALTER INDEX public.parts_2_expr_idx ATTACH PARTITION public.parts_3_expr_idx;
)"},
      {"sequence_shared", 13,
       R"(CREATE TABLE tickets (name text, no bigint DEFAULT nextval('users_id_seq'));)",
       R"()"},
      {"inheritance", 13,
       R"(CREATE TABLE admins (level text) INHERITS (users);)",
       R"()"},
      {"domain", 13,
       R"(CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE things (id positive PRIMARY KEY);)",
       R"()"},
  };
}

}  // namespace rekey::inspect
