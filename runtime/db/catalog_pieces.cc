// Pieces of SQL that give lines of SQL, each null or empty where it has nothing to say. What a version lacks
// is read through to_jsonb of the row.
#include "runtime/db/catalog_pieces.h"

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
// The server keeps a counter of its own among the options of columns.
std::string options(const std::string& array, const std::string& prefix) {
  return with(R"((SELECT string_agg(format('$prefix%s=%L', split_part(o, '=', 1),
                                           substr(o, position('=' IN o) + 1)), ', ' ORDER BY place)
    FROM unnest($array) WITH ORDINALITY x(o, place) WHERE o !~ '^pg_'))",
              {{"$array", array}, {"$prefix", prefix}});
}

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

std::string extensions(const std::string& what, const std::string& catalog, const std::string& oid) {
  return with(R"((SELECT string_agg(format(E'ALTER %s DEPENDS ON EXTENSION %I;\n', $what, e.extname), ''
                                    ORDER BY e.extname)
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = '$catalog'::regclass AND d.objid = $oid AND d.deptype = 'x'))",
              {{"$what", what}, {"$catalog", catalog}, {"$oid", oid}});
}

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

std::string column_settings(const std::string& alter) {
  const auto storage =
      "CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' "
      "WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END";
  const auto compression = "CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END";
  return per_column(alter + "STATISTICS %s", "nullif(a.attstattarget, -1)") + ", " +
         per_column(alter + "STORAGE %s", storage) + ", " + per_column(alter + "COMPRESSION %s", compression) + ", " +
         per_column(alter + "(%s)", options("a.attoptions"));
}

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

// TABLESPACE stands before WHERE.
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

}  // namespace rekey::db::catalog
