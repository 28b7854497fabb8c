#include "tests/property/templates.h"

namespace rekey::property {

namespace {

constexpr const char* kTags = "SELECT string_agg(tag, ',' ORDER BY tag) FROM {s}";

}  // namespace

const std::vector<const char*>& stage() {
  static const std::vector<const char*> all = {
      "CREATE TABLE public.log (what text, who text)",
      "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN INSERT INTO "
      "public.log VALUES (TG_NAME, TG_OP); RETURN NULL; END$f$",
      "CREATE FUNCTION public.pass() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN INSERT INTO "
      "public.log VALUES (TG_NAME, TG_OP); IF TG_OP = 'DELETE' THEN RETURN old; END IF; "
      "RETURN new; END$f$"};
  return all;
}

const std::vector<Template>& templates() {
  static const std::vector<Template> all = {
      // Views.
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t}", kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT * FROM {t} WHERE {k} = {l} OR tag LIKE '%2'", kAny, kComputed,
       kView, kTags},
      {"CREATE VIEW {s} WITH (security_barrier) AS SELECT {k}, tag FROM {t} WHERE {k} <> {l} "
       "WITH CASCADED CHECK OPTION;\n"
       "COMMENT ON COLUMN {s}.{k} IS 'it''s a key';\n"
       "ALTER VIEW {s} ALTER {k} SET DEFAULT {m};\n"
       "GRANT SELECT, UPDATE ({k}) ON {s} TO reader",
       kTables, kComputed, kView, kTags},
      {"CREATE VIEW {s} AS SELECT x.{k}, x.tag, y.tag AS other FROM {t} x LEFT JOIN {u} y ON y.{o} "
       "= x.{k}",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, max(tag) AS tag, count(*) AS n FROM {t} GROUP BY {k} HAVING "
       "count({k}) < 9",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {p}, tag, at FROM {t} GROUP BY {p}", kTables, 0, 0, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} UNION ALL SELECT {o}, tag FROM {u}", kAny, 0,
       kView, kTags},
      {"CREATE VIEW {s} AS WITH w AS (SELECT {k}, tag FROM {t} WHERE {k} IS DISTINCT FROM {l}) "
       "SELECT w.{k}, w.tag, row_number() OVER (PARTITION BY w.{k} ORDER BY w.tag) FROM w",
       kAny, kComputed, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} x WHERE EXISTS (SELECT FROM {u} y WHERE y.{o} "
       "= x.{k} AND y.tag <> x.tag)",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} WHERE {k} IN (SELECT {o} FROM {u}) AND {k} NOT "
       "IN ({l}, {m})",
       kAny, kComputed, kView, kTags},
      {"CREATE VIEW {s} AS SELECT COALESCE({k}, {l}) AS {k}, tag, CASE {k} WHEN {m} THEN 'that' ELSE "
       "'other' END AS which, NULLIF({k}, {m}) AS unless FROM {t}",
       kAny, kComputed, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, tag, {k}::text AS words, '#' || {k} AS hashed, "
       "json_build_object('id', {k}) AS doc, count(*) OVER (PARTITION BY {k}) FROM {t}",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT DISTINCT ON ({k}) {k}, tag FROM {t} ORDER BY {k}, tag", kAny, 0,
       kView, kTags},
      {"CREATE VIEW {s} AS SELECT x.{k}, x.tag, y.n FROM {t} x CROSS JOIN LATERAL (SELECT count(*) "
       "AS n FROM {u} z WHERE z.{o} = x.{k}) y",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT array_agg({k} ORDER BY tag) AS every, {l} = ANY (array_agg({k})) "
       "AS there, min(tag) AS tag FROM {t}",
       kAny, kComputed, 0, "SELECT there::text FROM {s}"},
      {"CREATE VIEW {s} AS SELECT x.{k}, x.tag FROM {t} x JOIN {u} y ON x.{k} < y.{o}", kAny,
       kOrdered, kView},
      {"CREATE VIEW {s} AS SELECT to_jsonb(x) - 'at' AS doc, x.tag, x.{k} FROM {t} x", kAny, 0,
       kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} WHERE ({k}, tag) IN (SELECT {o}, tag FROM {u}) "
       "OR {k} = ANY ('{{{l},{m}}}'::bigint[])",
       kAny, kComputed, kView, kTags},
      {"CREATE VIEW {s} AS WITH RECURSIVE up AS (SELECT {k}::bigint AS key, tag, 0 AS depth FROM "
       "{t} UNION ALL SELECT y.{o}::bigint, up.tag, 1 FROM up JOIN {u} y ON y.{o} = up.key WHERE "
       "up.depth < 1) SELECT key AS {k}, tag FROM up",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, max(tag) AS tag, grouping({k}) AS whole FROM {t} GROUP BY "
       "GROUPING SETS (({k}), ())",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, tag, lag({k}) OVER (ORDER BY tag) AS before FROM {t} ORDER "
       "BY {k} DESC",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, x.tag FROM {t} x FULL JOIN {t} y USING ({k})", kAny, 0,
       kView, kTags},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} EXCEPT SELECT {o}, tag FROM {u} WHERE tag > 'z'",
       kAny, 0, kView, kTags},
      {"CREATE VIEW {s} AS SELECT x.{k}, x.tag, v.label FROM {t} x JOIN (VALUES ({l}, 'one'), ({m}, "
       "'two')) v(key, label) ON v.key = x.{k}",
       kAny, kComputed, kView, kTags},
      // Materialized views.
      {"CREATE MATERIALIZED VIEW {s} AS SELECT {k}, tag FROM {t};\n"
       "CREATE INDEX ON {s} ({k}, tag)",
       kAny, 0, kMaterialized, kTags},
      {"CREATE MATERIALIZED VIEW {s} AS SELECT {k}, tag FROM {t} WITH NO DATA"},
      {"CREATE MATERIALIZED VIEW {s} WITH (fillfactor = 70) AS SELECT {k}, tag FROM {t} WHERE {k} "
       "<> {l};\n"
       "CREATE INDEX ON {s} (tag) WHERE {k} = {m};\n"
       "COMMENT ON MATERIALIZED VIEW {s} IS 'stored';\n"
       "ALTER MATERIALIZED VIEW {s} ALTER {k} SET STATISTICS 33;\n"
       "GRANT SELECT ({k}) ON {s} TO reader",
       kAny, kComputed, kMaterialized, kTags},
      // Rules.
      {"CREATE RULE {n} AS ON UPDATE TO {t} WHERE old.{k} IS DISTINCT FROM new.{k} DO ALSO INSERT "
       "INTO public.log VALUES ('rule', new.tag)",
       kTables},
      {"CREATE RULE {n} AS ON INSERT TO {t} WHERE new.{k} = {l} DO ALSO INSERT INTO public.log "
       "VALUES ('rule', new.tag);\n"
       "COMMENT ON RULE {n} ON {t} IS 'a rule'",
       kTables, kComputed},
      {"CREATE RULE {n} AS ON DELETE TO {t} WHERE old.{k} <> {l} DO ALSO INSERT INTO public.log "
       "VALUES ('rule', old.tag);\n"
       "ALTER TABLE {t} DISABLE RULE {n}",
       kTables, kComputed},
      {"CREATE RULE {n} AS ON DELETE TO {t} DO INSTEAD INSERT INTO public.log SELECT 'gone', x.tag "
       "FROM {u} x WHERE x.{o} = old.{k}",
       kView},
      // Constraints.
      {"ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({k} <> {l} OR tag IS NOT NULL);\n"
       "COMMENT ON CONSTRAINT {n} ON {t} IS 'a check'",
       kTables, kComputed},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({k} = {l}) NOT VALID", kTables, kComputed},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({k} IN ({l}, {m}) OR tag <> '') NO INHERIT",
       kStored, kComputed},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({k} IS DISTINCT FROM {h} OR tag <> '')", kTables,
       kSame},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} CHECK (COALESCE({k}, {l}) IS NOT NULL)", kTables,
       kComputed},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} EXCLUDE USING btree ({k} WITH =, tag WITH =)", kStored},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} EXCLUDE USING btree (COALESCE({k}, {l}) WITH =, tag "
       "WITH =) WHERE ({k} <> {m}) DEFERRABLE INITIALLY DEFERRED;\n"
       "COMMENT ON CONSTRAINT {n} ON {t} IS 'exclusive'",
       kStored, kComputed},
      // Indexes.
      {"CREATE INDEX {n} ON {t} (tag) WHERE {k} = {l}", kTables, kComputed},
      {"CREATE INDEX {n} ON {t} (COALESCE({k}, -1), tag)", kTables | kMaterialized, kComputed},
      {"CREATE UNIQUE INDEX {n} ON {t} (tag, COALESCE({k}, {l})) WHERE {k} IS NOT NULL", kStored,
       kComputed},
      {"CREATE INDEX {n} ON {t} (({k} IS NULL)) INCLUDE ({k})", kTables},
      {"CREATE INDEX {n} ON {t} (({k}::text))", kTables},
      {"CREATE INDEX {n} ON {t} USING gin ((ARRAY[{k}]))", kTables},
      {"CREATE INDEX {n} ON {t} (({k} = {l}), tag) WITH (fillfactor = 60);\n"
       "ALTER INDEX {i} ALTER COLUMN 1 SET STATISTICS 55;\n"
       "COMMENT ON INDEX {i} IS 'an index'",
       kStored, kComputed},
      {"CREATE INDEX {n} ON {t} USING hash (COALESCE({k}, {l}))", kTables, kComputed},
      // Statistics.
      {"CREATE STATISTICS {s} (ndistinct, dependencies, mcv) ON {k}, tag FROM {t};\n"
       "ALTER STATISTICS {s} SET STATISTICS 44;\n"
       "COMMENT ON STATISTICS {s} IS 'both'",
       kTables},
      {"CREATE STATISTICS {s} (dependencies) ON tag, {k} FROM {t}", kTables},
      {"CREATE STATISTICS {s} ON COALESCE({k}, {l}), tag FROM {t}", kTables, kComputed, 0, "", 14},
      // Triggers.
      {"CREATE TRIGGER {n} AFTER UPDATE OF {k} ON {t} FOR EACH ROW WHEN (old.{k} IS DISTINCT FROM "
       "new.{k}) EXECUTE FUNCTION public.note('an', 'argument')",
       kTables},
      {"CREATE TRIGGER {n} BEFORE INSERT OR UPDATE ON {t} FOR EACH ROW WHEN (new.{k} = {l}) EXECUTE "
       "FUNCTION public.pass();\n"
       "ALTER TABLE {t} ENABLE ALWAYS TRIGGER {n}",
       kTables, kComputed},
      {"CREATE TRIGGER {n} AFTER UPDATE OF {k}, tag ON {t} FOR EACH STATEMENT EXECUTE FUNCTION "
       "public.note();\n"
       "ALTER TABLE {t} DISABLE TRIGGER {n}",
       kTables},
      {"CREATE CONSTRAINT TRIGGER {n} AFTER INSERT OR UPDATE OF {k} ON {t} DEFERRABLE INITIALLY "
       "DEFERRED FOR EACH ROW WHEN (new.{k} <> {l}) EXECUTE FUNCTION public.note();\n"
       "COMMENT ON TRIGGER {n} ON {t} IS 'a trigger'",
       kStored, kComputed},
      {"CREATE TRIGGER {n} AFTER DELETE ON {t} FOR EACH ROW WHEN (old.{k} = {l}) EXECUTE FUNCTION "
       "public.note();\n"
       "ALTER TABLE {t} ENABLE REPLICA TRIGGER {n}",
       kTables, kComputed},
      {"CREATE TRIGGER {n} AFTER UPDATE ON {t} REFERENCING OLD TABLE AS was NEW TABLE AS becomes "
       "FOR EACH STATEMENT EXECUTE FUNCTION public.note()",
       kTables},
      {"CREATE TRIGGER {n} INSTEAD OF UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION public.pass()",
       kView},
      // Policies.
      {"CREATE POLICY {n} ON {t} USING ({k} = {l})", kTables, kComputed},
      {"CREATE POLICY {n} ON {t} AS RESTRICTIVE FOR UPDATE TO reader USING ({k} IN (SELECT y.{o} "
       "FROM {u} y)) WITH CHECK ({k} IS DISTINCT FROM {l});\n"
       "COMMENT ON POLICY {n} ON {t} IS 'a policy'",
       kTables, kComputed},
      {"CREATE POLICY {n} ON {t} FOR INSERT TO reader, app WITH CHECK (EXISTS (SELECT FROM {u} y "
       "WHERE y.{o} = {t}.{k}))",
       kTables},
      // Functions.
      {"CREATE FUNCTION {s}() RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT string_agg(tag, "
       "',' ORDER BY tag) FROM {t} WHERE {k} = {l} OR {k} IS NULL; END",
       kAny, kComputed, 0, "SELECT {s}()", 14},
      {"CREATE FUNCTION {s}(x {t}) RETURNS text LANGUAGE sql RETURN (x.tag || 'x')", kAny, 0, 0,
       "SELECT string_agg({s}(x), ',' ORDER BY x.tag) FROM {t} x", 14},
      {"CREATE PROCEDURE {s}() LANGUAGE sql BEGIN ATOMIC DELETE FROM {t} WHERE {k} = {l} AND tag = "
       "''; UPDATE {t} SET tag = tag WHERE {k} <> {m} AND tag = ''; END;\n"
       "COMMENT ON PROCEDURE {s}() IS 'it''s a procedure'",
       kTables, kComputed, 0, "", 14},
      {"CREATE FUNCTION {s}() RETURNS SETOF {t} LANGUAGE sql BEGIN ATOMIC SELECT * FROM {t} WHERE "
       "{k} <> {m}; END;\n"
       "REVOKE EXECUTE ON FUNCTION {s}() FROM public;\n"
       "GRANT EXECUTE ON FUNCTION {s}() TO reader",
       kAny, kComputed, 0, "SELECT string_agg(tag, ',' ORDER BY tag) FROM {s}()", 14},
      {"CREATE FUNCTION {s}() RETURNS bigint LANGUAGE sql AS $f$ SELECT count({k}) FROM {t} $f$",
       kAny, 0, 0, "SELECT {s}()"},
  };
  return all;
}

const std::vector<Template>& meaningless_templates() {
  static const std::vector<Template> all = {
      {"CREATE VIEW {s} AS SELECT {k} + 1 AS next, tag FROM {t}"},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} WHERE {k} > {l}", kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} WHERE {k} BETWEEN {l} AND {m}", kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} WHERE {k} % 2 = 0", kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT sum({k}) AS total, avg({k}) AS mean, max({k}) AS last FROM {t}"},
      {"CREATE VIEW {s} AS SELECT {k}, tag, {k}::float AS number FROM {t}", kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT {k}, tag, generate_series(1, {k} % 3) AS n FROM {t}", kAny, 0,
       kView},
      {"CREATE VIEW {s} AS SELECT {k}, tag, to_char({k}, '000') AS padded FROM {t}", kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT x.{k}, x.tag FROM {t} x JOIN {u} y ON y.{o} = length(x.tag)",
       kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT x.{k}, x.tag FROM {t} x JOIN {u} y ON y.{o} > x.{k}", kAny, 0,
       kView},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} UNION ALL SELECT count(*), 'all' FROM {u}", kAny,
       0, kView},
      {"CREATE VIEW {s} AS SELECT COALESCE({k}, length(tag)) AS {k}, tag FROM {t}", kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT CASE WHEN tag = '' THEN {k} ELSE char_length(tag) END AS n, tag "
       "FROM {t}"},
      {"CREATE VIEW {s} AS SELECT {k}, tag, sum(char_length(tag)) OVER (ORDER BY {k} RANGE BETWEEN "
       "3 PRECEDING AND CURRENT ROW) FROM {t}",
       kAny, 0, kView},
      {"CREATE VIEW {s} AS SELECT {k}, tag FROM {t} WHERE {k}::text LIKE '1%' OR {k}::text = '7'",
       kAny, 0, kView},
      {"CREATE MATERIALIZED VIEW {s} AS SELECT {k}, tag FROM {t};\n"
       "CREATE INDEX ON {s} (({k} / 2))",
       kAny, 0, kMaterialized},
      {"CREATE RULE {n} AS ON UPDATE TO {t} WHERE new.{k} > {l} DO ALSO INSERT INTO public.log "
       "VALUES ('rule', new.tag)",
       kTables},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({k} > -400 OR tag <> '')", kTables},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({k} <> char_length(tag) * 99999)", kTables},
      {"CREATE INDEX {n} ON {t} (({k} % 10))", kTables},
      {"CREATE INDEX {n} ON {t} (tag) WHERE {k} > 5", kTables},
      {"CREATE INDEX {n} ON {t} (abs({k} / 2))", kTables},
      {"CREATE INDEX {n} ON {t} (int8range({k}, {k}))", kTables},
      {"ALTER TABLE {t} ADD CONSTRAINT {n} EXCLUDE USING gist (int8range({k}, {k}) WITH &&) "
       "WHERE (tag = '')",
       kStored},
      {"CREATE STATISTICS {s} ON ({k} % 2), tag FROM {t}", kTables, 0, 0, "", 14},
      {"CREATE TRIGGER {n} AFTER UPDATE ON {t} FOR EACH ROW WHEN (new.{k} > old.{k}) EXECUTE "
       "FUNCTION public.note()",
       kTables},
      {"CREATE TRIGGER {n} BEFORE INSERT ON {t} FOR EACH ROW WHEN (new.{k} % 2 = 0) EXECUTE FUNCTION "
       "public.pass()",
       kTables},
      {"CREATE POLICY {n} ON {t} USING ({k} > {l})", kTables},
      {"CREATE POLICY {n} ON {t} FOR UPDATE TO reader USING ({k} = char_length(tag)) WITH CHECK "
       "({k} < {m})",
       kTables},
      {"ALTER TABLE {t} ADD COLUMN {n} bigint GENERATED ALWAYS AS ({k}::bigint / 2) STORED",
       kOrdinary},
      {"CREATE FUNCTION {s}() RETURNS bigint LANGUAGE sql RETURN (SELECT max({k}) FROM {t})", kAny,
       0, 0, "", 14},
      {"CREATE FUNCTION {s}(i bigint) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT tag FROM {t} "
       "WHERE {k} = i; END",
       kAny, 0, 0, "", 14},
      {"CREATE PROCEDURE {s}() LANGUAGE sql BEGIN ATOMIC UPDATE {t} SET tag = '' WHERE "
       "{k} + 1 = 2; END",
       kTables, 0, 0, "", 14},
      {"CREATE TABLE {s} (whole {t})", kTables},
      {"CREATE VIEW {s} AS SELECT x AS whole, x.tag FROM {t} x"},
      {"CREATE DOMAIN {s} AS {t} CHECK (((VALUE).{k}) > 0)", kTables},
  };
  return all;
}

}  // namespace rekey::property
