// A plan as it was written: values with their places, nothing resolved. An empty Text was not
// given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics.h"

namespace rekey::plan {

inline constexpr int kVersion = 1;

template <class T>
struct Located {
  T value{};
  Span span;
};
using Text = Located<std::string>;
using Texts = std::vector<Text>;

enum class Strategy { offline, online };
// parent: of a table that a plan consolidates; no plan says so as such.
enum class Generator { ordered, keyed, v4, v5, v7, expression, parent };
const char* word(Generator generator);  // as it stands in a plan
// Whether a key is made from a row of the root's table, not from an id alone.
inline bool is_listed(Generator generator) {
  return generator == Generator::v5 || generator == Generator::v7 || generator == Generator::expression ||
         generator == Generator::parent;
}
enum class PhaseKind { tables, foundation, cleanup };
enum class Risk { low, medium, high };
enum class Change { rekey, keep };
enum class Identity { none, always, by_default };
enum class Orphans { fail, quarantine, set_null, remove };
const char* word(Orphans action);
enum class OnDuplicate { fail, merge };
enum class Keep { newest, oldest, most_children, expression };
enum class Scope { full, hybrid, forward_only };
const char* word(Scope scope);

// Names are written as the catalog has them, without folding of case: public.Users is "Users". A
// part that contains a dot, a quote, a parenthesis, a comma or white space stands in double quotes,
// as in SQL.
struct TableName {
  std::string schema, name;
  auto operator<=>(const TableName&) const = default;
};
std::string to_text(const TableName& name);  // as it stands in a plan

// A key column: one that is part of a key domain, or holds keys of others. Other columns need not be in a plan.
struct Column {
  Text name;
  Text type;      // smallint, integer, bigint; integer[] and so on, where its elements are keys; uuid; jsonb
  Text type_name; // of a domain over that type, as SQL writes it: "public.user_id"
  Text sequence;  // its default is nextval of it, or it is the identity's; "schema.name"
  Located<Identity> identity{Identity::none, {}};
  Text sequence_options;  // of an identity where not the defaults: "START WITH 100 INCREMENT BY 5"
  Text default_value;     // any other default, as an SQL expression
  Located<Change> change{Change::rekey, {}};  // keep: its keys stay, whatever becomes of the table's others
  Text new_default;       // what new rows get; "none" for no default; not given: the plan's
};

// references: "public.users (user_id)"; without columns: the primary key.
struct Reference {
  TableName table;
  std::vector<std::string> columns;
};

struct ForeignKey {
  Text name;
  Texts columns;
  Located<Reference> references;
  Text match;                 // "full"; not given: simple
  Text on_delete, on_update;  // no action, restrict, cascade, set null, set default
  Texts on_delete_columns;    // of set null and set default, from PostgreSQL 15
  Text deferrable;  // "initially immediate", "initially deferred"; not given: not deferrable
  Located<bool> valid{true, {}}, enforced{true, {}};
  Located<Orphans> orphans{Orphans::fail, {}};  // what becomes of rows that refer to none
  Text follow;        // a new column that refers to the surrogate of the other table
  Text follow_index;  // a new index on it
  Text comment;
  bool holds() const { return valid.value && enforced.value; }  // for every row
};

struct TypedReference {
  Text name;  // what stands in the type column
  Located<Reference> references;
};

// What no constraint enforces: a column that holds keys of another table, itself, in an array, or at a path in its
// documents; or of several tables, of which one another column of the row names.
struct LogicalReference {
  Texts columns;
  Located<Reference> references;  // or types, with type_column
  Text path;                      // of a jsonb: "$.user.id"
  Text type_column;
  std::vector<TypedReference> types;
  Located<Orphans> orphans{Orphans::fail, {}};
  Located<bool> enforce{false, {}};  // a foreign key in the end
  Text constraint;                   // its name; not given: as PostgreSQL would name it
  Text on_delete;                    // of it: no action, restrict, cascade, set null, set default
};

struct Index {
  Text name;
  Text definition;  // "btree (user_id, created_at)"
};

struct Unique {
  Text name;
  Texts columns;
};

enum class DependentKind {
  view, materialized_view, rule, trigger, policy, check, exclusion_constraint, index, statistics,
  function, procedure, publication, typed_table, generated_column, partitioned_table, object
};

// Anything else whose definition uses key columns. What one is built on stands before it in the plan.
struct Dependent {
  Located<DependentKind> kind{DependentKind::object, {}};
  Text name;    // "public.active_users"; of what stands on a table: "audit"; of a function with its
                // argument types: "public.f(integer)"; as SQL writes them
  Located<TableName> table;              // that it stands on: a trigger, policy, check, …
  std::vector<Located<TableName>> uses;  // tables that its definition does not name
  Text definition;   // statements that make it, with owner, grants and comments, ready for psql
  Text replacement;  // what takes the place of `definition` once the keys have changed
  Text drop;         // a statement; of the usual kinds not needed
  Text problem;      // why it cannot be carried over as it is; settled by one of the next two
  Text as_is;        // a reason to leave it alone
  Text set_aside;    // a reason to drop it until the keys come back
  Text until;        // the last day on which one of these two holds: "2026-12-31"
  Span span;
};

// What `rekey inventory` counts of a table beyond its keys.
struct Inventory {
  Text unprocessed;   // a condition over a row
  Text where;         // a condition: the rows that a hybrid change would take
  Text time_column;   // not given: that of generator v7
  Text owner_column;
  Span span;  // line 0: not given
};

// What people made of an inventory.
struct Decision {
  Located<std::optional<Scope>> scope;  // which rows get other keys: all, or only those written since
  Text reason, date;
  Span span;  // line 0: not given
};

struct Table {
  Located<TableName> name;
  Located<Change> change{Change::rekey, {}};
  Located<TableName> partition_of;
  std::vector<Located<TableName>> inherits;
  Text partitioning;        // of a partitioned table, as pg_get_partkeydef has it: "RANGE (created_at)"
  Texts partition_columns;  // that stand in it
  Located<std::optional<Generator>> generator;
  Text time_column;  // of generator v7, and of keep: newest and oldest
  Text name_space, name_template;  // of generator v5
  Text key_expression;             // of generator expression
  Located<OnDuplicate> on_duplicate{OnDuplicate::fail, {}};  // rows that would get one key
  Located<std::optional<Keep>> keep;  // which of them stays; not given: the newest
  Text keep_expression;               // of keep: expression; the row with the largest value stays
  Text where;     // a condition over a row: those that get new keys; not given: all
  Texts stages;   // how many rows change one after the other: numbers, then "rest"
  Text order_by;  // of stages: columns, as after ORDER BY; the key decides between equal rows
  Located<bool> upserts{false, {}};  // online, inserts of one key wait for each other
  Text surrogate;    // a new column, its primary key from then on
  Text consolidate;  // a foreign key whose values become the table's own keys
  Texts drop;        // columns that go in the cleanup
  Inventory inventory;
  Decision decision;
  Texts primary_key;
  std::vector<Column> columns;
  std::vector<Unique> unique;
  std::vector<Index> indexes;
  std::vector<ForeignKey> foreign_keys;
  std::vector<LogicalReference> logical_references;
};

// A query over the database that must give one true after the phase.
struct Probe {
  Text name;
  Text query;
};

// What has to hold: a query that gives no row, or a command that exits 0; one of them.
enum class Moment { before, after, both };
struct PhaseCheck {
  Text name;
  Text query;
  Text command;
  Located<Moment> when{Moment::after, {}};
};

// Statements of the plan's own, a step of the phase.
struct OwnSql {
  Text name;
  Text up, down;  // down: "none" where what up did stays, for a reason
  Text reason;
  Text verify;    // a query that gives one true
};

// Of an index: one of create, drop and reindex.
struct IndexChange {
  Text create;      // the statement that makes it
  Text drop;        // "public.users_email_idx"
  Text definition;  // of one that is dropped: the statement that makes it again
  Text reindex;     // "public.users_email_idx"
};

struct Phase {
  Text name;
  Located<PhaseKind> kind{PhaseKind::tables, {}};
  std::vector<Located<TableName>> tables;
  Located<std::optional<Strategy>> strategy;
  Located<std::optional<Risk>> risk;
  Text reason;
  Located<bool> checkpoint{false, {}};  // apply stops after the phase until it is started again
  std::vector<Probe> probes;
  std::vector<PhaseCheck> checks;
  std::vector<OwnSql> sql;
  std::vector<IndexChange> indexes;
};

struct NewKeys {
  Text schema;      // where the function for new rows is installed; default "public"
  Text expression;  // or an SQL expression to use instead of it: gen_random_uuid()
};

// What backfills of online phases heed; what is not given is as templates/foundation/throttle.sql has it.
struct Backfill {
  Located<int> most_rows;  // of a batch, about; 0: not given
  Text standby_lag, transaction_age;  // "10s"
  Text wait_while;         // a query that gives one boolean
};

// Of a finding that is a judgement: why it is right here, and until which day.
struct Waiver {
  Text finding;  // its code: "rewritten-again"
  Text at;       // what it is about: a table, a phase, a dependent
  Text reason;
  Text until;    // "2026-12-31", the last day
};

struct Plan {
  Located<int> version;
  Text name;
  Located<int> server;  // major version; not given: 13
  Located<Strategy> strategy{Strategy::offline, {}};
  Located<Generator> generator{Generator::ordered, {}};
  NewKeys new_keys;
  Text lock_timeout;          // "2s"
  Text maintenance_work_mem;  // "256MB"; not given: the server's
  Backfill backfill;
  Located<bool> bridge{false, {}};
  Decision decision;  // for tables without one of their own
  Text extension;  // uuid-ossp or pgcrypto, which foundation makes in schema rekey where it is not there
  std::vector<Phase> phases;  // empty: derived from the graph
  std::vector<Table> tables;  // in the plan's order
  std::vector<Dependent> dependents;
  std::vector<Waiver> waivers;
};

}  // namespace rekey::plan
