// Pieces of SQL that give lines of SQL, each null or empty where it has nothing to say, and the queries
// made of them. What a version lacks is read through to_jsonb of the row.
#include "runtime/db/catalog_queries.h"

namespace rekey::db::catalog {

std::string with(std::string sql, Pieces pieces) {
  for (const auto& [mark, piece] : pieces) {
    for (std::size_t at = 0; (at = sql.find(mark, at)) != std::string::npos; at += piece.size()) {
      sql.replace(at, mark.size(), piece);
    }
  }
  return sql;
}

namespace {

// a='1', b='2'. The server keeps a counter of its own among the options of columns.
std::string options(const std::string& array, const std::string& prefix = "") {
  return with(R"((SELECT string_agg(format('$prefix%s=%L', split_part(o, '=', 1),
                                           substr(o, position('=' IN o) + 1)), ', ' ORDER BY place)
    FROM unnest($array) WITH ORDINALITY x(o, place) WHERE o !~ '^pg_'))",
              {{"$array", array}, {"$prefix", prefix}});
}

// `what` gives the words before IS: VIEW public.v.
std::string comment(const std::string& what, const std::string& description) {
  return with(R"((SELECT format(E'COMMENT ON %s IS %L;\n', $what, x.text)
    FROM (SELECT $description) x(text) WHERE x.text IS NOT NULL))",
              {{"$what", what}, {"$description", description}});
}

// From what a new object has to exactly these grants, in their order. What it has is kept where the list
// starts with it. Where somebody has default
// privileges, what a new object has depends on who makes it: then nothing is taken for granted.
std::string grants(const std::string& acl, const std::string& kind, const std::string& owner,
                   const std::string& schema, const std::string& on, const std::string& column) {
  return with(R"((
    WITH given AS MATERIALIZED (
      SELECT acldefault('$kind', $owner) AS usual, custom,
             CASE WHEN custom THEN coalesce($acl, acldefault('$kind', $owner)) ELSE $acl END AS acl
      FROM (SELECT EXISTS (SELECT FROM pg_default_acl
                           WHERE defaclobjtype = '$kind' AND defaclnamespace IN (0, $schema))) s(custom)
    ), common AS MATERIALIZED (
      SELECT acl, ARRAY(SELECT i.item FROM unnest(usual) WITH ORDINALITY i(item, place)
                        WHERE NOT custom AND i.item = ANY (acl) ORDER BY place) AS items FROM given
    ), kept AS MATERIALIZED (
      SELECT e.grantor, e.grantee FROM common, aclexplode(nullif(items, '{}'::aclitem[])) e
      WHERE acl[1:cardinality(items)]::text = items::text
    ), revoked AS (
      SELECT e.grantee FROM given, aclexplode(usual) e
      WHERE acl IS NOT NULL AND (e.grantor, e.grantee) NOT IN (SELECT * FROM kept)
      UNION
      SELECT e.grantee FROM given, pg_default_acl a, aclexplode(a.defaclacl) e
      WHERE custom AND a.defaclobjtype = '$kind' AND a.defaclnamespace IN (0, $schema)
    ), items AS (
      SELECT e.grantor, e.grantee, e.is_grantable, min(e.place) AS place,
             CASE WHEN count(*) = (SELECT count(*) FROM given, aclexplode(usual) u WHERE u.grantee = $owner)
                  THEN 'ALL' ELSE string_agg(e.privilege_type, ', ' ORDER BY e.place) END AS privileges
      FROM given, aclexplode(acl) WITH ORDINALITY AS e(grantor, grantee, privilege_type, is_grantable, place)
      GROUP BY 1, 2, 3
    )
    SELECT string_agg(line, '' ORDER BY place, is_grantable)
    FROM (
      SELECT 0 AS place, false AS is_grantable,
             format(E'REVOKE ALL ON %s FROM %s;\n', $on,
                    string_agg(CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                               ', ' ORDER BY grantee)) AS line
      FROM revoked HAVING count(*) > 0
      UNION ALL
      SELECT place, is_grantable, concat(
        CASE WHEN grantor <> $owner THEN format(E'SET LOCAL ROLE %I;\n', pg_get_userbyid(grantor)) END,
        format(E'GRANT %s ON %s TO %s%s;\n', privileges$column, $on,
               CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
               CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END),
        CASE WHEN grantor <> $owner THEN E'RESET ROLE;\n' END)
      FROM items WHERE (grantor, grantee) NOT IN (SELECT * FROM kept)
    ) l))",
              {{"$acl", acl}, {"$kind", kind}, {"$owner", owner}, {"$schema", schema}, {"$on", on},
               {"$column", column}});
}

// Privileges on a column have no usual ones: all are granted one by one.
std::string column_grants(const std::string& on, const std::string& owner) {
  return with(R"((
    SELECT string_agg(concat(
             CASE WHEN grantor <> $owner THEN format(E'SET LOCAL ROLE %I;\n', pg_get_userbyid(grantor)) END,
             format(E'GRANT %s ON %s TO %s%s;\n', privileges, $on,
                    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END),
             CASE WHEN grantor <> $owner THEN E'RESET ROLE;\n' END), '' ORDER BY attnum, place, is_grantable)
    FROM (SELECT a.attnum, e.grantor, e.grantee, e.is_grantable, min(e.place) AS place,
                 string_agg(format('%s (%I)', e.privilege_type, a.attname), ', ' ORDER BY e.place) AS privileges
          FROM pg_attribute a,
               aclexplode(a.attacl) WITH ORDINALITY AS e(grantor, grantee, privilege_type, is_grantable, place)
          WHERE a.attrelid = c.oid GROUP BY 1, 2, 3, 4) items))",
              {{"$on", on}, {"$owner", owner}});
}

// `what` gives the words before DEPENDS: INDEX public.i.
std::string extensions(const std::string& what, const std::string& catalog, const std::string& oid) {
  return with(R"((SELECT string_agg(format(E'ALTER %s DEPENDS ON EXTENSION %I;\n', $what, e.extname), ''
                                    ORDER BY e.extname)
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = '$catalog'::regclass AND d.objid = $oid AND d.deptype = 'x'))",
              {{"$what", what}, {"$catalog", catalog}, {"$oid", oid}});
}

// Of columns of relation c: `form` takes name and text.
std::string per_column(const std::string& form, const std::string& text) {
  return with(R"((SELECT string_agg(format(E'$form;\n', c.oid::regclass, a.attname, x.text), '' ORDER BY a.attnum)
    FROM pg_attribute a
    LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
    JOIN pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (SELECT $text) x(text)
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND x.text IS NOT NULL))",
              {{"$form", form}, {"$text", text}});
}

std::string column_comments() {
  return per_column("COMMENT ON COLUMN %s.%I IS %L", "col_description(c.oid, a.attnum)");
}

// What stands beside the making of index x, i, on relation c.
std::string index_settings() {
  return with(R"((
    SELECT string_agg(format(E'ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s;\n', i.oid::regclass,
                             a.attnum, a.attstattarget), '' ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget >= 0),
    $comment,
    CASE WHEN x.indisclustered THEN format(E'ALTER %s %s CLUSTER ON %I;\n',
           CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, c.oid::regclass, i.relname) END,
    CASE WHEN x.indisreplident
         THEN format(E'ALTER TABLE ONLY %s REPLICA IDENTITY USING INDEX %I;\n', c.oid::regclass, i.relname) END,
    $extensions)",
              {{"$comment", comment("'INDEX ' || i.oid::regclass", "obj_description(i.oid, 'pg_class')")},
               {"$extensions", extensions("'INDEX ' || i.oid::regclass", "pg_class", "i.oid")}});
}

// Of index x, i, on relation c. TABLESPACE stands before WHERE.
std::string index_definition() {
  return with(R"(concat(
    (SELECT concat(left(s.sql, length(s.sql) - length(s.tail)),
                   (SELECT ' TABLESPACE ' || quote_ident(spcname) FROM pg_tablespace WHERE oid = i.reltablespace),
                   s.tail, E';\n')
     FROM (SELECT pg_get_indexdef(i.oid) AS sql,
                  coalesce(' WHERE ' || pg_get_expr(x.indpred, x.indrelid), '') AS tail) s),
    $settings))",
              {{"$settings", index_settings()}});
}

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
  const std::string alter = "ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET ";
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
              $statistics, $storage, $compression, $column_options,
              (SELECT string_agg($index, '' ORDER BY i.relname)
               FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid),
              $comment, $column_comments, $grants, $column_grants, $extensions),
       (SELECT 'its index ' || string_agg(x.indexrelid::regclass::text, ', ') || ' is invalid: REINDEX it first'
        FROM pg_index x WHERE x.indrelid = c.oid AND NOT x.indisvalid), NULL
FROM pg_class c JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'm')",
              {{"$options", options("c.reloptions")},
               {"$toast_options", options("toast.reloptions", "toast.")},
               {"$statistics", per_column(alter + "STATISTICS %s", "nullif(a.attstattarget, -1)")},
               {"$storage", per_column(alter + "STORAGE %s",
                                       "CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage "
                                       "WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' "
                                       "ELSE 'EXTENDED' END END")},
               {"$compression", per_column(alter + "COMPRESSION %s",
                                           "CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' "
                                           "WHEN 'l' THEN 'lz4' END")},
               {"$column_options", per_column(alter + "(%s)", options("a.attoptions"))},
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
                         JOIN pg_type t ON t.oid = o.opcintype AND t.oid <> 'anyarray'::regtype AND t.typcategory <> 'A'
                         WHERE NOT EXISTS (SELECT FROM pg_opclass u WHERE u.opcmethod = am.oid AND u.opcdefault
                                                                    AND u.opcintype = 'uuid'::regtype))
            THEN format('%s indexes cannot hold uuid', am.amname)
            ELSE (SELECT format('its operator class %s is not for uuid', o.opcname)
                  FROM unnest(x.indkey, x.indclass) AS e(att, class)
                  JOIN pg_opclass o ON o.oid = e.class AND NOT o.opcdefault
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
      {"pg_attrdef", defaults()}};
  return queries;
}

}  // namespace rekey::db::catalog
