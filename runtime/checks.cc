#include "runtime/checks.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "runtime/db/catalog.h"
#include "runtime/text.h"

namespace rekey {

namespace {

std::string text(const db::Row& row, std::size_t i) { return row[i].value_or(""); }

std::string array(const std::set<std::string>& values) {
  std::string out;
  for (const std::string& value : values)
    out += (out.empty() ? "" : ", ") + db::quote_literal(value);
  return "ARRAY[" + out + "]::text[]";
}

std::set<std::string> tables_of(const bundle::Bundle& b) {
  std::set<std::string> tables;
  for (const bundle::Column& column : b.columns) tables.insert(column.table);
  for (const bundle::ForeignKey& key : b.foreign_keys) tables.insert(key.table);
  return tables;
}

}  // namespace

Problems check_version(db::Connection& session, const bundle::Bundle& b) {
  Problems problems;
  const int major = session.server_version() / 10000;
  if (major < 13) {
    problems.push_back(fmt::format("the server is PostgreSQL {}; 13 or later is needed", major));
  } else if (b.server != 0 && b.server != major) {
    problems.push_back(fmt::format(
        "the bundle is for PostgreSQL {} and the server is {}, which writes and understands other SQL: draft the plan "
        "anew from this server, or compile it with --server-version {}",
        b.server, major, major));
  }
  return problems;
}

Problems check_server(db::Connection& session, const bundle::Bundle& b) {
  Problems problems = check_version(session, b);
  // A pooler answers the start of a session itself; in transaction pooling locks and settings of a session are
  // those of whoever comes next.
  if (session.exec("SELECT pg_catalog.pg_backend_pid()").only() != std::to_string(session.backend_pid())) {
    problems.push_back("a connection pooler, such as pgbouncer, stands before the server: connect to the server itself");
  }
  const db::Rows state =
      session.exec("SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'");
  if (text(state.rows.at(0), 0) == "t") {
    problems.push_back("the server is a standby: connect to the primary");
  } else if (text(state.rows[0], 1) == "t") {
    problems.push_back(
        "sessions are read-only here (default_transaction_read_only): set it off for "
        "this role or database");
  }
  return problems;
}

namespace {

// What foundation needs where it is not there yet.
Problems check_foundation(db::Connection& session, const bundle::Bundle& b) {
  Problems problems;
  if (session.exec("SELECT has_database_privilege(current_database(), 'CREATE')").only() != "t") {
    problems.push_back(
        "no right to make schema rekey: GRANT CREATE ON DATABASE to this role, or "
        "connect as the owner of the database");
  }
  if (b.new_keys_schema.empty()) return problems;
  const std::string schema = db::quote_identifier(b.new_keys_schema);
  const db::Rows found = session.exec(fmt::format(
      "SELECT has_schema_privilege(oid, 'CREATE'), EXISTS (SELECT FROM pg_catalog.pg_proc "
      "WHERE pronamespace = n.oid AND proname = 'uuidv7' AND pronargs = 0) "
      "FROM pg_catalog.pg_namespace n WHERE nspname = {}",
      db::quote_literal(b.new_keys_schema)));
  if (found.rows.empty()) {
    problems.push_back(fmt::format(
        "schema {} for the function uuidv7() is missing: name another under new_keys: in the plan",
        schema));
  } else if (text(found.rows[0], 0) != "t") {
    problems.push_back(
        fmt::format("no right to make a function in schema {0}: GRANT CREATE ON SCHEMA {0} to this "
                    "role, or name another under new_keys: in the plan",
                    schema));
  } else if (text(found.rows[0], 1) == "t") {
    problems.push_back(
        fmt::format("{0}.uuidv7() is there already: use it with new_keys: {{expression: "
                    "{0}.uuidv7()}} in the plan, or name another schema there",
                    schema));
  }
  return problems;
}

Problems check_owners(db::Connection& session, const bundle::Bundle& b) {
  Problems problems;
  const db::Rows foreign = session.exec(fmt::format(R"(
SELECT t.name, r.rolname, current_user
FROM unnest({}) t (name)
JOIN pg_catalog.pg_class c ON c.oid = to_regclass(t.name)
JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
WHERE NOT pg_has_role(r.oid, 'USAGE')
ORDER BY 1)",
                                                    array(tables_of(b))));
  for (const db::Row& row : foreign.rows) {
    problems.push_back(
        fmt::format("table {} belongs to {}: role {} may not alter it; connect as its "
                    "owner, a member of it or a superuser",
                    text(row, 0), text(row, 1), text(row, 2)));
  }
  return problems;
}

// Of objects given as kind, name and table: owner, and the schema where they stand by themselves.
constexpr const char* kOwnersOfDependents = R"(
WITH given AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) g (kind, named, on_table)
), found AS (
  SELECT g.*, c.relowner AS owner,
         CASE WHEN kind IN ('view', 'materialized view', 'index', 'partitioned table') THEN c.relnamespace END AS schema
  FROM given g JOIN pg_catalog.pg_class c ON c.oid = to_regclass(
    CASE WHEN on_table <> '' THEN on_table WHEN kind IN ('view', 'materialized view', 'partitioned table') THEN named END)
  WHERE kind NOT IN ('statistics', 'publication')
  UNION ALL
  SELECT g.*, p.proowner, p.pronamespace
  FROM given g JOIN pg_catalog.pg_proc p ON p.oid = to_regprocedure(CASE WHEN kind IN ('function', 'procedure') THEN named END)
  UNION ALL
  SELECT g.*, s.stxowner, s.stxnamespace
  FROM given g
  CROSS JOIN parse_ident(CASE kind WHEN 'statistics' THEN named END) parts
  JOIN pg_catalog.pg_namespace n ON n.nspname = parts[1]
  JOIN pg_catalog.pg_statistic_ext s ON s.stxnamespace = n.oid AND s.stxname = parts[2]
  UNION ALL
  SELECT g.*, p.pubowner, NULL
  FROM given g JOIN pg_catalog.pg_publication p ON p.pubname = (parse_ident(CASE kind WHEN 'publication' THEN named END))[1]
)
SELECT concat_ws(' ', kind, named, 'on ' || nullif(on_table, '')), quote_ident(r.rolname), quote_ident(current_user),
       pg_has_role(r.oid, 'USAGE'), quote_ident(n.nspname),
       has_schema_privilege(n.oid, 'CREATE'),
       has_schema_privilege(r.oid, n.oid, 'CREATE')  -- a superuser gives it away without
         OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
FROM found f JOIN pg_catalog.pg_roles r ON r.oid = f.owner LEFT JOIN pg_catalog.pg_namespace n ON n.oid = f.schema
ORDER BY 1)";

// Of objects given as kind and name: whoever has granted rights on them in the owner's place, and may not be
// taken on as a role, which is what granting them again takes.
constexpr const char* kGrantors = R"(
SELECT DISTINCT concat_ws(' ', o.kind, o.named), quote_ident(r.rolname), quote_ident(current_user)
FROM unnest($1::text[], $2::text[]) o (kind, named)
CROSS JOIN LATERAL (
  SELECT c.relowner, c.relacl FROM pg_catalog.pg_class c
  WHERE c.oid = to_regclass(CASE WHEN kind IN ('view', 'materialized view', 'partitioned table') THEN named END)
  UNION ALL
  SELECT c.relowner, a.attacl FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
  WHERE c.oid = to_regclass(CASE WHEN kind IN ('view', 'materialized view', 'partitioned table') THEN named END)
  UNION ALL
  SELECT p.proowner, p.proacl FROM pg_catalog.pg_proc p
  WHERE p.oid = to_regprocedure(CASE WHEN kind IN ('function', 'procedure') THEN named END)) l (owner, acl)
CROSS JOIN LATERAL aclexplode(l.acl) g
JOIN pg_catalog.pg_roles r ON r.oid = g.grantor
WHERE g.grantor <> l.owner
  AND NOT pg_has_role(g.grantor, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END)
ORDER BY 1, 2)";

Problems check_grantors(db::Connection& session, const bundle::Bundle& b) {
  std::vector<std::string> kinds, names;
  for (const bundle::Dependent& d : b.dependents) {
    if (!d.moves) continue;
    kinds.push_back(d.kind);
    names.push_back(d.name);
  }
  Problems problems;
  for (const db::Row& row : session.exec(kGrantors, {db::catalog::to_array(kinds), db::catalog::to_array(names)}).rows) {
    problems.push_back(fmt::format("{0} has rights that {1} has granted: role {2} cannot grant them again in its name; "
                                   "GRANT {1} TO {2}, or connect as a superuser", text(row, 0), text(row, 1), text(row, 2)));
  }
  return problems;
}

db::Rows owners_of_dependents(db::Connection& session, const bundle::Bundle& b) {
  std::vector<std::string> kinds, names, tables;
  for (const bundle::Dependent& d : b.dependents) {
    if (!d.moves && !d.replaced) continue;
    kinds.push_back(d.kind);
    names.push_back(d.name);
    tables.push_back(d.table);
  }
  using db::catalog::to_array;
  return session.exec(kOwnersOfDependents, {to_array(kinds), to_array(names), to_array(tables)});
}

// Whoever drops an object has to be its owner, and whoever makes it again needs rights in its schema, as
// has the role that it is given to.
Problems check_dependent_owners(db::Connection& session, const bundle::Bundle& b) {
  Problems problems;
  for (const db::Row& row : owners_of_dependents(session, b).rows) {
    const std::string object = text(row, 0), owner = text(row, 1), we = text(row, 2);
    if (text(row, 3) != "t") {
      problems.push_back(fmt::format("{0} belongs to {1}: role {2} may not drop it and make it again; connect as a "
                                     "member of {1} or as a superuser", object, owner, we));
      continue;
    }
    for (const auto& [right, role] : {std::pair{5, we}, std::pair{6, owner}}) {
      if (text(row, right) != "f") continue;
      problems.push_back(fmt::format("no right to make {} again: GRANT CREATE ON SCHEMA {} TO {}", object,
                                     text(row, 4), role));
    }
  }
  return problems;
}

// An identity's sequence is dropped with it, and has to be made again on the way back.
Problems check_sequence_rights(db::Connection& session, const bundle::Bundle& b) {
  std::set<std::string> tables;
  for (const bundle::Column& column : b.columns) {
    if (column.fallback.starts_with("identity")) tables.insert(column.table);
  }
  Problems problems;
  const db::Rows closed = session.exec(fmt::format(R"(
SELECT quote_ident(n.nspname), string_agg(t.name, ', ' ORDER BY t.name)
FROM unnest({}) t (name)
JOIN pg_catalog.pg_class c ON c.oid = to_regclass(t.name)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT has_schema_privilege(n.oid, 'CREATE')
GROUP BY n.nspname
ORDER BY n.nspname)",
                                                   array(tables)));
  for (const db::Row& row : closed.rows) {
    problems.push_back(
        fmt::format("no right to make the sequences of identity columns again on the way back ({1}): "
                    "GRANT CREATE ON SCHEMA {0} to this role",
                    text(row, 0), text(row, 1)));
  }
  return problems;
}

// A table that is made anew gets its foreign keys and its rows again.
Problems check_made_anew(db::Connection& session, const bundle::Bundle& b) {
  std::vector<std::string> anew;
  for (const bundle::Dependent& d : b.dependents) {
    if (d.kind == "partitioned table") anew.push_back(d.name);
  }
  Problems problems;
  for (const db::Row& row : session.exec(R"(
SELECT t, right_to, quote_ident(current_user)
FROM unnest($1::text[]) t CROSS JOIN unnest('{SELECT,INSERT,TRUNCATE}'::text[]) WITH ORDINALITY r (right_to, place)
WHERE NOT has_table_privilege(to_regclass(t), right_to) ORDER BY t, place)", {db::catalog::to_array(anew)}).rows) {
    problems.push_back(fmt::format("no right to move the rows of {0}: GRANT {1} ON {0} TO {2}", text(row, 0), text(row, 1),
                                   text(row, 2)));
  }
  for (const db::Row& row : session.exec(R"(
SELECT f.confrelid::regclass, string_agg(DISTINCT f.conrelid::regclass::text, ', '), quote_ident(current_user)
FROM pg_catalog.pg_constraint f
WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid IN (SELECT to_regclass(t) FROM unnest($1::text[]) t)
  AND NOT has_table_privilege(f.confrelid, 'REFERENCES')
GROUP BY f.confrelid ORDER BY 1)", {db::catalog::to_array(anew)}).rows) {
    problems.push_back(fmt::format("no right to make the foreign keys of {0} to {1} again: GRANT REFERENCES ON {1} TO {2}",
                                   text(row, 1), text(row, 0), text(row, 2)));
  }
  return problems;
}

Problems check_row_security(db::Connection& session, const bundle::Bundle& b) {
  Problems problems;
  const db::Rows hidden = session.exec(fmt::format(R"(
SELECT t.name
FROM unnest({}) t (name)
JOIN pg_catalog.pg_class c ON c.oid = to_regclass(t.name)
WHERE c.relrowsecurity AND c.relforcerowsecurity
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles
                  WHERE rolname = current_user AND (rolsuper OR rolbypassrls))
ORDER BY 1)",
                                                   array(tables_of(b))));
  for (const db::Row& row : hidden.rows) {
    problems.push_back(
        fmt::format("table {} forces row security on its owner, which would hide rows: connect as "
                    "a superuser or a role with BYPASSRLS",
                    text(row, 0)));
  }
  return problems;
}

}  // namespace

std::vector<std::string> warn_of_event_triggers(db::Connection& session) {
  std::vector<std::string> warnings;
  const db::Rows found = session.exec(R"(
SELECT quote_ident(evtname), evtevent, evtfoid::regprocedure
FROM pg_catalog.pg_event_trigger WHERE evtenabled IN ('O', 'A') AND evtevent <> 'login'
ORDER BY 1)");
  for (const db::Row& row : found.rows) {
    warnings.push_back(fmt::format("event trigger {} fires at {} of the steps and runs {}: where it refuses or slows "
                                   "them, ALTER EVENT TRIGGER {} DISABLE for the while",
                                   text(row, 0), text(row, 1), text(row, 2), text(row, 0)));
  }
  return warnings;
}

Problems check_schemas(db::Connection& session, const bundle::Bundle& b) {
  Problems problems;
  const db::Rows closed = session.exec(fmt::format(R"(
SELECT DISTINCT quote_ident(n.nspname), quote_ident(current_user)
FROM unnest({}) t (name)
JOIN pg_catalog.pg_namespace n ON n.nspname = (parse_ident(t.name))[1]
WHERE NOT has_schema_privilege(n.oid, 'USAGE')
ORDER BY 1)",
                                                   array(tables_of(b))));
  for (const db::Row& row : closed.rows) {
    problems.push_back(fmt::format("role {1} has no USAGE on schema {0}: rekeyc grants prints what it needs", text(row, 0), text(row, 1)));
  }
  return problems;
}

Problems check_rights(db::Connection& session, const bundle::Bundle& b, const Journal& journal) {
  Problems problems;
  const auto add = [&](Problems more) {
    problems.insert(problems.end(), more.begin(), more.end());
  };
  if (!journal.installed) add(check_foundation(session, b));
  add(check_owners(session, b));
  add(check_dependent_owners(session, b));
  add(check_grantors(session, b));
  add(check_sequence_rights(session, b));
  add(check_made_anew(session, b));
  add(check_row_security(session, b));
  add(check_repairs(session, b));
  return problems;
}

}  // namespace rekey
