// What else may be said of keys, of foreign keys and of tables.
#include "tests/integration/inspect_draft_cases.h"

namespace rekey::inspect {

std::vector<DraftCase> feature_cases() {
  return {
      {"types_differ", 13,
       R"(CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE logs (id bigserial PRIMARY KEY, user_id bigint REFERENCES users,
  small_id smallint REFERENCES users);)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 2 of 2 tables, 4 key columns in 2 key domains, 2 foreign keys.

version: 1
...

tables:
  public.users:
    primary_key: [id]
    columns:
      id: integer

  public.logs:
    primary_key: [id]
    columns:
      id: {type: bigint, sequence: public.logs_id_seq}
      user_id: bigint
      small_id: smallint
    foreign_keys:
      logs_small_id_fkey: {columns: [small_id], references: public.users}
      logs_user_id_fkey: {columns: [user_id], references: public.users}
)"},
      {"type_that_is_no_integer", 13,
       R"(CREATE TABLE amounts (amount numeric PRIMARY KEY);
CREATE TABLE uses (amount integer PRIMARY KEY REFERENCES amounts);)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 1 of 2 tables, 1 key column in 1 key domain, 0 foreign keys.
# Tables that are not in it:
#   public.amounts: numeric primary key

version: 1
...

tables:
  public.uses:
    primary_key: [amount]
    columns:
      amount: integer

dependents:
  - kind: object
    name: foreign key uses_amount_fkey
    table: public.uses
    problem: it ties public.uses.amount to public.amounts.amount, which is no integer
)"},
      {"across_schemas", 13,
       R"(CREATE SCHEMA hr;
CREATE TABLE hr.people (id serial PRIMARY KEY);
CREATE TABLE badges (id serial PRIMARY KEY, person_id integer NOT NULL REFERENCES hr.people);)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 2 of 2 tables, 3 key columns in 2 key domains, 1 foreign key.

version: 1
...

tables:
  hr.people:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: hr.people_id_seq}

  public.badges:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.badges_id_seq}
      person_id: integer
    foreign_keys:
      badges_person_id_fkey: {columns: [person_id], references: hr.people}
)"},
      {"odd_names", 13,
       R"(CREATE SCHEMA "Odd schema";
CREATE TABLE "Odd schema"."a.b ""c"" USING d" ("I.d" integer PRIMARY KEY);
CREATE TABLE "Users" ("userId" serial PRIMARY KEY, "a,b" integer,
  CONSTRAINT "to: odd" FOREIGN KEY ("a,b") REFERENCES "Odd schema"."a.b ""c"" USING d");
CREATE INDEX "an USING index" ON "Users" USING hash ("a,b");
CREATE TABLE größe_012345678901234567890123456789012345678901234567890123456
  (größe_012345678901234567890123456789012345678901234567890123456 integer
     CONSTRAINT größe_01234567890123456789012345678901234567890123456789012_key PRIMARY KEY);)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 3 of 3 tables, 4 key columns in 3 key domains, 1 foreign key.

version: 1
...

tables:
  '"Odd schema"."a.b ""c"" USING d"':
    primary_key: [I.d]
    columns:
      I.d: integer

  public.Users:
    primary_key: [userId]
    columns:
      userId: {type: integer, sequence: public.Users_userId_seq}
      a,b: integer
    indexes:
      an USING index: hash ("a,b")
    foreign_keys:
      "to: odd": {columns: ["a,b"], references: '"Odd schema"."a.b ""c"" USING d"'}

  public.größe_0123456789012345678901234567890123456789012345678901234:
    primary_key: [größe_0123456789012345678901234567890123456789012345678901234]
    columns:
      größe_0123456789012345678901234567890123456789012345678901234: integer
)"},
      {"attributes_of_foreign_keys", 13,
       R"(CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE logs (id integer PRIMARY KEY,
  a integer CONSTRAINT a REFERENCES users ON DELETE CASCADE ON UPDATE RESTRICT,
  b integer CONSTRAINT b REFERENCES users ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED,
  c integer CONSTRAINT c REFERENCES users MATCH FULL DEFERRABLE,
  d integer);
ALTER TABLE logs ADD CONSTRAINT d FOREIGN KEY (d) REFERENCES users NOT VALID;
COMMENT ON CONSTRAINT d ON logs IS 'it''s "late": see wiki';)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 2 of 2 tables, 6 key columns in 2 key domains, 4 foreign keys.

version: 1
...

tables:
  public.users:
    primary_key: [id]
    columns:
      id: integer

  public.logs:
    primary_key: [id]
    columns:
      id: integer
      a: integer
      b: integer
      c: integer
      d: integer
    foreign_keys:
      a: {columns: [a], references: public.users, on_delete: cascade, on_update: restrict}
      b:
        columns: [b]
        references: public.users
        on_delete: set default
        deferrable: initially deferred
      c: {columns: [c], references: public.users, match: full, deferrable: initially immediate}
      d: {columns: [d], references: public.users, valid: false, comment: 'it''s "late": see wiki'}
)"},
      {"on_delete_columns", 15,
       R"(CREATE TABLE tenants (id integer PRIMARY KEY);
CREATE TABLE users (tenant_id integer REFERENCES tenants, name text, PRIMARY KEY (tenant_id, name));
CREATE TABLE posts (id integer PRIMARY KEY, tenant_id integer NOT NULL, author text,
  FOREIGN KEY (tenant_id, author) REFERENCES users ON DELETE SET NULL (author));)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 3 of 3 tables, 4 key columns in 2 key domains, 2 foreign keys.

version: 1
...

tables:
  public.tenants:
    primary_key: [id]
    columns:
      id: integer

  public.users:
    primary_key: [tenant_id, name]
    columns:
      tenant_id: integer
    foreign_keys:
      users_tenant_id_fkey: {columns: [tenant_id], references: public.tenants}

  public.posts:
    primary_key: [id]
    columns:
      id: integer
      tenant_id: integer
    foreign_keys:
      posts_tenant_id_author_fkey:
        columns: [tenant_id, author]
        references: public.users
        on_delete: set null
        on_delete_columns: [author]
)"},
      {"indexes", 13,
       R"(CREATE TABLE users (id serial PRIMARY KEY, name text, active boolean,
  boss_id integer REFERENCES users);
CREATE INDEX by_boss ON users (boss_id DESC NULLS LAST, name text_pattern_ops)
  WITH (fillfactor = 70);
CREATE INDEX of_active ON users (boss_id) WHERE active;
CREATE INDEX by_lower_name ON users (lower(name)) INCLUDE (boss_id);
CREATE INDEX by_name ON users (name);
CREATE UNIQUE INDEX one_name_a_boss ON users (boss_id, name);
CREATE INDEX explicit_default ON users USING brin (boss_id int4_minmax_ops);)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 1 of 1 table, 2 key columns in 1 key domain, 1 foreign key.

version: 1
...

tables:
  public.users:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.users_id_seq}
      boss_id: integer
    unique:
      one_name_a_boss: [boss_id, name]
    indexes:
      by_boss: btree (boss_id DESC NULLS LAST, name text_pattern_ops) WITH (fillfactor='70')
      by_lower_name: btree (lower(name)) INCLUDE (boss_id)
      explicit_default: brin (boss_id)
      of_active: btree (boss_id) WHERE active
    foreign_keys:
      users_boss_id_fkey: {columns: [boss_id], references: public.users}
)"},
      {"left_out", 13,
       R"(CREATE TABLE countries (code text PRIMARY KEY);
CREATE TABLE log (at timestamptz);
CREATE TABLE tenant_things (tenant integer, thing integer, PRIMARY KEY (tenant, thing));
CREATE TABLE cities (id serial PRIMARY KEY, country text REFERENCES countries);)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 1 of 4 tables, 1 key column in 1 key domain, 0 foreign keys.
# Tables that are not in it:
#   public.countries: text primary key
#   public.log: no primary key
#   public.tenant_things: no column of its primary key (tenant, thing) is an id by itself

version: 1
...

tables:
  public.cities:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.cities_id_seq}
)"},
      {"partitions", 13,
       R"(CREATE TABLE users (id serial PRIMARY KEY);
CREATE TABLE events (id bigint, at date, user_id integer, PRIMARY KEY (id, at))
  PARTITION BY RANGE (at);
CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
ALTER TABLE events_new ADD CONSTRAINT to_users FOREIGN KEY (user_id) REFERENCES users;)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 3 of 3 tables, 3 key columns in 1 key domain, 1 foreign key.
# Columns that stay as they are, as no foreign key ties them to an id:
#   public.events.id, part of the primary key (id, at); with it public.events_new.id

version: 1
...

tables:
  public.events:
    partitioning: RANGE (at)
    partition_columns: [at]
    primary_key: [id, at]
    columns:
      user_id: integer

  public.users:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.users_id_seq}

  public.events_new:
    partition_of: public.events
    primary_key: [id, at]
    columns:
      user_id: integer
    foreign_keys:
      to_users: {columns: [user_id], references: public.users}
)"},
      {"inheritance", 13,
       R"(CREATE TABLE vehicles (id serial PRIMARY KEY);
CREATE TABLE cars (doors integer) INHERITS (vehicles);)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 2 of 2 tables, 2 key columns in 1 key domain, 0 foreign keys.

version: 1
...

tables:
  public.vehicles:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.vehicles_id_seq}

  public.cars:
    inherits: [public.vehicles]
    columns:
      id: {type: integer, sequence: public.vehicles_id_seq}
)"},
      {"publication_as_a_note", 13,
       R"(CREATE TABLE users (id serial PRIMARY KEY);
CREATE TABLE posts (id serial PRIMARY KEY, user_id integer REFERENCES users);
CREATE PUBLICATION everything FOR ALL TABLES;)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 2 of 2 tables, 3 key columns in 2 key domains, 1 foreign key.
# Beside the plan:
#   publication everything publishes 2 of these tables: change its subscribers first

version: 1
...

tables:
  public.users:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.users_id_seq}

  public.posts:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.posts_id_seq}
      user_id: integer
    foreign_keys:
      posts_user_id_fkey: {columns: [user_id], references: public.users}
)"},
      {"dependents_in_a_plan", 13,
       R"(CREATE TABLE users (id serial PRIMARY KEY, name text);
CREATE VIEW names AS SELECT u.id, o.name FROM users u JOIN users o USING (name);
CREATE FUNCTION name_of(user_id integer) RETURNS text LANGUAGE sql AS
  'SELECT name FROM public.users WHERE id = user_id';
CREATE INDEX even ON users (name) WHERE id % 2 = 0;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_notify(''users'', NEW.id::text); RETURN NEW; END';
CREATE TRIGGER notes AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION note();)",
       R"(# Drafted by rekeyc inspect from database D, PostgreSQL V.
# 1 of 1 table, 1 key column in 1 key domain, 0 foreign keys.

version: 1
...

tables:
  public.users:
    primary_key: [id]
    columns:
      id: {type: integer, sequence: public.users_id_seq}

dependents:
  # its body names id
  - kind: function
    name: public.name_of(integer)
    uses: [public.users]
    definition: |
      CREATE OR REPLACE FUNCTION public.name_of(user_id integer)
       RETURNS text
       LANGUAGE sql
      AS $function$SELECT name FROM public.users WHERE id = user_id$function$;
      ALTER FUNCTION public.name_of(integer) OWNER TO postgres;
  - kind: function
    name: public.note()
    uses: [public.users]
    problem: its body names id; trigger notes on public.users runs it
    definition: |
      CREATE OR REPLACE FUNCTION public.note()
       RETURNS trigger
       LANGUAGE plpgsql
      AS $function$BEGIN PERFORM pg_notify('users', NEW.id::text); RETURN NEW; END$function$;
      ALTER FUNCTION public.note() OWNER TO postgres;
  - kind: view
    name: public.names
    definition: |
      CREATE VIEW public.names AS
       SELECT u.id,
          o.name
         FROM (public.users u
           JOIN public.users o USING (name));
      ALTER VIEW public.names OWNER TO postgres;
  - kind: index
    name: public.even
    table: public.users
    definition: |
      CREATE INDEX even ON public.users USING btree (name) WHERE ((id % 2) = 0);
)"},
  };
}

}  // namespace rekey::inspect
