// Pieces of SQL for the queries that write definitions: each is an expression that gives lines of SQL, null or
// empty where it has nothing to say. They speak of the aliases c (a relation), x and i (its index) and a (a
// column) where their comments say so.
#pragma once

#include <string>

namespace rekey::db::catalog {

// a='1', b='2'; `array` of options as the catalog has them.
std::string options(const std::string& array, const std::string& prefix = "");

// `what` gives the words before IS: VIEW public.v.
std::string comment(const std::string& what, const std::string& description);

// `kind` as acldefault() has it; `on` gives the words after ON.
std::string grants(const std::string& acl, const std::string& kind, const std::string& owner,
                   const std::string& schema, const std::string& on, const std::string& column);
std::string column_grants(const std::string& on, const std::string& owner);  // of c

// `what` gives the words before DEPENDS: INDEX public.i.
std::string extensions(const std::string& what, const std::string& catalog, const std::string& oid);

// Of columns of c: `form` takes relation, name and text, `text` is of column a with default ad and type t.
std::string per_column(const std::string& form, const std::string& text);
std::string column_comments();
// Statistics, storage, compression and options of columns; `alter` is ALTER … %s ALTER COLUMN %I SET and a space.
std::string column_settings(const std::string& alter);

// What stands beside the making of index x, i, on relation c; and that with the making.
std::string index_settings();
std::string index_definition();

}  // namespace rekey::db::catalog
