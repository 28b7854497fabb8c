// The queries that define the kinds of objects.
#include "runtime/db/catalog_pieces.h"
#include "runtime/db/catalog_queries.h"

namespace rekey::db::catalog {

namespace {

std::string views() {
  return with(R"(
SELECT c.oid, 'view', c.oid::regclass, NULL,
       CASE WHEN c.relpersistence <> 't' THEN concat('CREATE VIEW ', c.oid::regclass, ' WITH (' || $options || ')', E' AS\n',
              pg_get_viewdef(c.oid), E'\n',
              format(E'ALTER VIEW %s OWNER TO %I;\n', c.oid::regclass, pg_get_userbyid(c.relowner)),
              $defaults, $comment, $column_comments, $grants, $column_grants) END,
       CASE WHEN c.relpersistence = 't' THEN 'it is temporary: end the session that made it' END, NULL
FROM pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'v')",
              {{"$options", options("c.reloptions")},
               {"$defaults", per_column("ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s",
                                        "pg_get_expr(ad.adbin, ad.adrelid)")},
               {"$comment", comment("'VIEW ' || c.oid::regclass", "obj_description(c.oid, 'pg_class')")},
               {"$column_comments", column_comments()},
               {"$grants", grants("c.relacl", "r", "c.relowner", "c.relnamespace", "c.oid::regclass", "")},
               {"$column_grants", column_grants("c.oid::regclass", "c.relowner")}});
}

std::string materialized_views() {
  return with(R"(
SELECT c.oid, 'materialized view', c.oid::regclass, NULL,
       concat('CREATE MATERIALIZED VIEW ', c.oid::regclass,
              CASE WHEN am.amname <> current_setting('default_table_access_method')
                   THEN ' USING ' || quote_ident(am.amname) END,
              ' WITH (' || nullif(concat_ws(', ', $options, $toast_options), '') || ')',
              (SELECT ' TABLESPACE ' || quote_ident(spcname) FROM pg_tablespace WHERE oid = c.reltablespace),
              E' AS\n', rtrim(pg_get_viewdef(c.oid), ';'),
              CASE WHEN c.relispopulated THEN E'\n  WITH DATA;\n' ELSE E'\n  WITH NO DATA;\n' END,
              format(E'ALTER MATERIALIZED VIEW %s OWNER TO %I;\n', c.oid::regclass, pg_get_userbyid(c.relowner)),
              $column_settings,
              (SELECT string_agg($index, '' ORDER BY i.relname)
               FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid),
              $comment, $column_comments, $grants, $column_grants, $extensions),
       (SELECT 'its index ' || string_agg(x.indexrelid::regclass::text, ', ') || ' is invalid: REINDEX it first'
        FROM pg_index x WHERE x.indrelid = c.oid AND NOT x.indisvalid), NULL
FROM pg_class c JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'm')",
              {{"$options", options("c.reloptions")},
               {"$toast_options", options("toast.reloptions", "toast.")},
               {"$column_settings", column_settings("ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET ")},
               {"$index", index_definition()},
               {"$comment",
                comment("'MATERIALIZED VIEW ' || c.oid::regclass", "obj_description(c.oid, 'pg_class')")},
               {"$column_comments", column_comments()},
               {"$grants", grants("c.relacl", "r", "c.relowner", "c.relnamespace", "c.oid::regclass", "")},
               {"$column_grants", column_grants("c.oid::regclass", "c.relowner")},
               {"$extensions", extensions("'MATERIALIZED VIEW ' || c.oid::regclass", "pg_class", "c.oid")}});
}

std::string rules() {
  return with(R"(
SELECT r.oid, 'rule', quote_ident(r.rulename), r.ev_class::regclass,
       concat(pg_get_ruledef(r.oid), E'\n',
              CASE WHEN r.ev_enabled <> 'O'
                   THEN format(E'ALTER TABLE %s %s RULE %I;\n', r.ev_class::regclass,
                               CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                    ELSE 'ENABLE ALWAYS' END, r.rulename) END,
              $comment),
       NULL, NULL
FROM pg_rewrite r WHERE r.oid = ANY ($1::oid[]))",
              {{"$comment", comment("format('RULE %I ON %s', r.rulename, r.ev_class::regclass)",
                                    "obj_description(r.oid, 'pg_rewrite')")}});
}

// Each partition's copy may be enabled otherwise than its parent.
std::string triggers() {
  return with(R"(
SELECT g.oid, 'trigger', quote_ident(g.tgname), g.tgrelid::regclass,
       concat(pg_get_triggerdef(g.oid), E';\n',
              (WITH RECURSIVE family AS (
                 SELECT g.oid, g.tgrelid, g.tgenabled, 0 AS level
                 UNION ALL
                 SELECT t.oid, t.tgrelid, t.tgenabled, f.level + 1
                 FROM family f JOIN pg_inherits h ON h.inhparent = f.tgrelid
                 JOIN pg_trigger t ON t.tgrelid = h.inhrelid AND t.tgparentid = f.oid)
               SELECT string_agg(format(E'ALTER TABLE %s %s TRIGGER %I;\n', f.tgrelid::regclass,
                                        CASE f.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                             WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, g.tgname), ''
                                 ORDER BY f.level, f.tgrelid::regclass::text)
               FROM family f WHERE f.tgenabled <> 'O' OR g.tgenabled <> 'O'),
              $comment, $extensions),
       NULL, NULL
FROM pg_trigger g WHERE g.oid = ANY ($1::oid[]))",
              {{"$comment", comment("format('TRIGGER %I ON %s', g.tgname, g.tgrelid::regclass)",
                                    "obj_description(g.oid, 'pg_trigger')")},
               {"$extensions", extensions("format('TRIGGER %I ON %s', g.tgname, g.tgrelid::regclass)",
                                          "pg_trigger", "g.oid")}});
}

std::string policies() {
  return with(R"(
SELECT p.oid, 'policy', quote_ident(p.polname), p.polrelid::regclass,
       concat(format('CREATE POLICY %I ON %s', p.polname, p.polrelid::regclass),
              CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END,
              CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE'
                   WHEN 'd' THEN ' FOR DELETE' END,
              (SELECT ' TO ' || string_agg(quote_ident(pg_get_userbyid(r.role)), ', ' ORDER BY r.place)
               FROM unnest(p.polroles) WITH ORDINALITY r(role, place) WHERE r.role <> 0),
              E'\n  USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
              E'\n  WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', E';\n', $comment),
       NULL, NULL
FROM pg_policy p WHERE p.oid = ANY ($1::oid[]))",
              {{"$comment", comment("format('POLICY %I ON %s', p.polname, p.polrelid::regclass)",
                                    "obj_description(p.oid, 'pg_policy')")}});
}

// A CHECK reaches inheritance children. One that a child declares too goes after and comes before that of
// its parent, which then merges with it.
constexpr const char* kDeclaredByChildren = R"(
  SELECT $what FROM (
    WITH RECURSIVE family AS (
      SELECT h.inhrelid AS child, 1 AS level FROM pg_inherits h WHERE h.inhparent = k.conrelid
      UNION
      SELECT h.inhrelid, f.level + 1 FROM family f JOIN pg_inherits h ON h.inhparent = f.child)
    SELECT o.oid, o.conrelid, o.conname, max(f.level) AS level
    FROM family f JOIN pg_constraint o ON o.conrelid = f.child AND o.conname = k.conname AND o.contype = 'c'
    WHERE k.contype = 'c' AND NOT k.connoinherit AND o.conislocal AND o.coninhcount > 0
    GROUP BY 1, 2, 3) child)";

std::string declared_by_children(const std::string& what) { return with(kDeclaredByChildren, {{"$what", what}}); }

std::string constraints() {
  return with(R"(
SELECT k.oid, CASE k.contype WHEN 'c' THEN 'check' ELSE 'exclusion constraint' END, quote_ident(k.conname),
       k.conrelid::regclass,
       concat(($children), format(E'ALTER TABLE %s\n  ADD CONSTRAINT %I %s;\n', k.conrelid::regclass, k.conname,
                     pg_get_constraintdef(k.oid)),
              (SELECT format(E'ALTER INDEX %s SET TABLESPACE %I;\n', i.oid::regclass, spcname)
               FROM pg_tablespace s WHERE s.oid = i.reltablespace),
              $comment,
              (SELECT concat($settings) FROM pg_class c WHERE c.oid = x.indrelid)),
       CASE WHEN NOT x.indisvalid THEN 'its index is invalid: REINDEX it first' END,
       format(E'ALTER TABLE %s DROP CONSTRAINT %I;\n', k.conrelid::regclass, k.conname) || ($drops)
FROM pg_constraint k
LEFT JOIN pg_index x ON k.contype = 'x' AND x.indexrelid = k.conindid
LEFT JOIN pg_class i ON i.oid = x.indexrelid
WHERE k.oid = ANY ($1::oid[]) AND k.conrelid <> 0)",
              {{"$children", declared_by_children(
                    "string_agg(concat(format(E'ALTER TABLE %s\\n  ADD CONSTRAINT %I %s;\\n', conrelid::regclass, "
                    "conname, pg_get_constraintdef(oid)), " +
                    comment("format('CONSTRAINT %I ON %s', conname, conrelid::regclass)",
                            "obj_description(child.oid, 'pg_constraint')") +
                    "), '' ORDER BY level DESC, conrelid::regclass::text)")},
               {"$drops", declared_by_children(
                    "string_agg(format(E'ALTER TABLE %s DROP CONSTRAINT %I;\\n', conrelid::regclass, conname), '' "
                    "ORDER BY level, conrelid::regclass::text)")},
               {"$comment", comment("format('CONSTRAINT %I ON %s', k.conname, k.conrelid::regclass)",
                                    "obj_description(k.oid, 'pg_constraint')")},
               {"$settings", index_settings()}});
}

// An index of a partitioned table comes with those of its partitions, which are dropped with it.
std::string indexes() {
  return with(R"(
SELECT i.oid, 'index', i.oid::regclass, c.oid::regclass,
       CASE WHEN x.indisvalid OR i.relkind = 'I' THEN concat($index,
              (WITH RECURSIVE parts AS (
                 SELECT h.inhrelid, h.inhparent, 1 AS level FROM pg_inherits h WHERE h.inhparent = i.oid
                 UNION ALL
                 SELECT h.inhrelid, h.inhparent, p.level + 1
                 FROM parts p JOIN pg_inherits h ON h.inhparent = p.inhrelid)
               SELECT string_agg(concat($part, format(E'ALTER INDEX %s ATTACH PARTITION %s;\n',
                                                      parts.inhparent::regclass, i.oid::regclass)), ''
                                 ORDER BY parts.level, i.oid::regclass::text)
               FROM parts JOIN pg_index x ON x.indexrelid = parts.inhrelid
               JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid)) END,
       CASE WHEN NOT x.indisvalid AND i.relkind = 'i' THEN 'it is invalid: drop it or REINDEX it first'
            WHEN EXISTS (SELECT FROM unnest(x.indkey, x.indclass) AS e(att, class)
                         JOIN unnest($2::oid[], $3::smallint[]) AS key(rel, att)
                           ON key.rel = x.indrelid AND key.att = e.att
                         JOIN pg_opclass o ON o.oid = e.class
                         JOIN pg_type t ON t.oid = o.opcintype AND t.oid NOT IN ('anyarray'::regtype, 'jsonb'::regtype) AND t.typcategory <> 'A'
                         WHERE NOT EXISTS (SELECT FROM pg_opclass u WHERE u.opcmethod = am.oid AND u.opcdefault
                                                                    AND u.opcintype = 'uuid'::regtype))
            THEN format('%s indexes cannot hold uuid', am.amname)
            ELSE (SELECT format('its operator class %s is not for uuid', o.opcname)
                  FROM unnest(x.indkey, x.indclass) AS e(att, class)
                  JOIN pg_opclass o ON o.oid = e.class AND NOT o.opcdefault AND o.opcintype <> 'jsonb'::regtype
                  JOIN unnest($2::oid[], $3::smallint[]) AS key(rel, att)
                    ON key.rel = x.indrelid AND key.att = e.att
                  LIMIT 1) END, NULL
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_am am ON am.oid = i.relam
WHERE x.indexrelid = ANY ($1::oid[]))",
              {{"$index", index_definition()}, {"$part", index_definition()}});
}

std::string statistics() {
  const std::string name = "format('%I.%I', n.nspname, s.stxname)";
  return with(R"(
SELECT s.oid, 'statistics', $name, s.stxrelid::regclass,
       concat(pg_get_statisticsobjdef(s.oid), E';\n',
              CASE WHEN s.stxstattarget >= 0
                   THEN format(E'ALTER STATISTICS %s SET STATISTICS %s;\n', $name, s.stxstattarget) END,
              format(E'ALTER STATISTICS %s OWNER TO %I;\n', $name, pg_get_userbyid(s.stxowner)), $comment),
       NULL, NULL
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.oid = ANY ($1::oid[]))",
              {{"$comment", comment("'STATISTICS ' || " + name, "obj_description(s.oid, 'pg_statistic_ext')")},
               {"$name", name}});
}

std::string functions() {
  const std::string what =
      "CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || p.oid::regprocedure";
  return with(R"(
SELECT p.oid, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure, NULL,
       concat(rtrim(pg_get_functiondef(p.oid), E'\n'), E';\n',
              format(E'ALTER %s OWNER TO %I;\n', $what, pg_get_userbyid(p.proowner)), $comment, $grants, $extensions),
       NULL, NULL
FROM pg_proc p WHERE p.oid = ANY ($1::oid[]) AND p.prokind <> 'a')",
              {{"$comment", comment(what, "obj_description(p.oid, 'pg_proc')")},
               {"$grants", grants("p.proacl", "f", "p.proowner", "p.pronamespace", what, "")},
               {"$extensions", extensions(what, "pg_proc", "p.oid")},
               {"$what", what}});
}

std::string publications() {
  return R"(
SELECT r.oid, 'publication', quote_ident(p.pubname), r.prrelid::regclass,
       concat(format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, r.prrelid::regclass),
              (SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY l.place) || ')'
               FROM unnest(r.prattrs) WITH ORDINALITY l(att, place)
               JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = l.att),
              ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', E';\n'),
       NULL, format(E'ALTER PUBLICATION %I DROP TABLE ONLY %s;\n', p.pubname, r.prrelid::regclass)
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.oid = ANY ($1::oid[]))";
}

std::string defaults() {
  return R"(
SELECT ad.oid, CASE a.attgenerated WHEN '' THEN 'default' ELSE 'generated column' END,
       CASE a.attgenerated WHEN '' THEN format('%s.%I', a.attrelid::regclass, a.attname)
            ELSE quote_ident(a.attname) END, a.attrelid::regclass,
       CASE a.attgenerated WHEN '' THEN format(E'ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT %s;\n',
         a.attrelid::regclass, a.attname, pg_get_expr(ad.adbin, ad.adrelid)) END,
       CASE WHEN a.attgenerated <> '' THEN 'it is computed by what has to be made anew' END,
       CASE a.attgenerated WHEN '' THEN format(E'ALTER TABLE ONLY %s ALTER COLUMN %I DROP DEFAULT;\n',
         a.attrelid::regclass, a.attname) END
FROM pg_attrdef ad JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
WHERE ad.oid = ANY ($1::oid[]))";
}

}  // namespace

const std::vector<DefinitionQuery>& definition_queries() {
  static const std::vector<DefinitionQuery> queries = {
      {"pg_class", views()},         {"pg_class", materialized_views()},
      {"pg_class", indexes()},       {"pg_rewrite", rules()},
      {"pg_trigger", triggers()},    {"pg_policy", policies()},
      {"pg_constraint", constraints()}, {"pg_statistic_ext", statistics()},
      {"pg_proc", functions()},      {"pg_publication_rel", publications()},
      {"pg_attrdef", defaults()},    {"pg_class", partitioned_tables()}};
  return queries;
}

}  // namespace rekey::db::catalog
