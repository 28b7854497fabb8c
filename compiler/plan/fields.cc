// The table itself; an object stands above the object that holds it.
#include "compiler/plan/fields.h"

#include "compiler/plan/phase_fields.h"
#include "compiler/plan/reference_fields.h"
#include "compiler/plan/slots.h"

namespace rekey::plan {
namespace {

const std::vector<std::string> kGenerators = {"ordered", "keyed", "v4", "v5", "v7", "expression"};  // those of a plan
const std::vector<std::string> kScopes = {"full", "hybrid", "forward_only"};

const Object& new_keys_object() {
  static const Object object{
      .noun = "new_keys",
      .id = "newKeys",
      .help = "How rows written after the migration get their keys",
      .fields = {
          {.key = "schema", .kind = Kind::name, .slot = at<&NewKeys::schema>,
           .help = "Schema in which the function for new keys is installed; public when not given",
           .example = "public"},
          {.key = "expression", .kind = Kind::text, .slot = at<&NewKeys::expression>,
           .help = "An SQL expression to use instead of that function",
           .example = "gen_random_uuid()"}}};
  return object;
}

const Object& backfill_object() {
  static const Object object{
      .noun = "backfill",
      .id = "backfill",
      .help = "What online phases heed while they fill the new keys of the rows that are there",
      .fields = {
          {.key = "most_rows", .kind = Kind::integer, .slot = at<&Backfill::most_rows>,
           .help = "About how many rows a batch may have; as many as half a second fills when not given",
           .example = "10000", .least = 1, .most = 1000000000},
          {.key = "standby_lag", .kind = Kind::duration, .slot = at<&Backfill::standby_lag>,
           .help = "How far a standby may be behind before it waits; 10s when not given", .example = "10s"},
          {.key = "transaction_age", .kind = Kind::duration, .slot = at<&Backfill::transaction_age>,
           .help = "How old a transaction may be before it waits, because VACUUM can take nothing away "
                   "behind it; 10min when not given",
           .example = "10min"},
          {.key = "wait_while", .kind = Kind::text, .slot = at<&Backfill::wait_while>,
           .help = "A query that gives one boolean: while it is true no batch begins",
           .example = "SELECT count(*) > 50 FROM pg_stat_activity WHERE state = 'active'"}}};
  return object;
}

const Object& column_object() {
  static const Object object{
      .noun = "column",
      .id = "column",
      .help = "A key column: part of a primary key, of a foreign key or referenced by one",
      .fields =
          {{.key = "type", .kind = Kind::word, .slot = at<&Column::type>,
            .help = "Type before the migration", .example = "integer", .required = true,
            .words = {"smallint", "integer", "bigint", "smallint[]", "integer[]", "bigint[]", "uuid", "uuid[]", "jsonb"},
            .reserved = {"json"},
            .synonyms = {{"int", "integer"}, {"int4", "integer"}, {"serial", "integer"},
                         {"int2", "smallint"}, {"smallserial", "smallint"}, {"int8", "bigint"},
                         {"bigserial", "bigint"}, {"int[]", "integer[]"}, {"int4[]", "integer[]"},
                         {"int2[]", "smallint[]"}, {"int8[]", "bigint[]"}},
            .hint = "only integers and UUIDs get new keys; leave out columns that hold no such key"},
           {.key = "type_name", .kind = Kind::text, .slot = at<&Column::type_name>,
            .help = "The domain over that type that the column is declared with",
            .example = "public.user_id"},
           {.key = "sequence", .kind = Kind::qualified, .slot = at<&Column::sequence>,
            .help = "Sequence that gives its default, or that belongs to its identity",
            .example = "public.users_user_id_seq"},
           {.key = "identity", .kind = Kind::word, .slot = at<&Column::identity>,
            .help = "GENERATED ALWAYS or BY DEFAULT AS IDENTITY", .example = "always",
            .words = {"always", "by default"}, .first_word = 1},
           {.key = "sequence_options", .kind = Kind::text, .slot = at<&Column::sequence_options>,
            .help = "Options of the identity's sequence where they are not the defaults",
            .example = "START WITH 100 INCREMENT BY 5"},
           {.key = "default", .kind = Kind::text, .slot = at<&Column::default_value>,
            .help = "Any other default, as an SQL expression", .example = "'0'"},
           {.key = "change", .kind = Kind::word, .slot = at<&Column::change>,
            .help = "Whether the keys that begin here are made anew, where it is not as for the table", .example = "keep",
            .words = {"rekey", "keep"}, .standard = "rekey"},
           {.key = "new_default", .kind = Kind::text, .slot = at<&Column::new_default>,
            .help = "Default after the migration, as an SQL expression, or none; the plan's when "
                    "not given, or the parent's where its default is the same",
            .example = "gen_random_uuid()"}},
      .shorthand = "type",
      .name = at<&Column::name>};
  return object;
}

const Object& unique_object() {
  static const Object object{
      .noun = "unique key",
      .id = "unique",
      .help = "A unique constraint over key columns",
      .fields = {{.key = "columns", .kind = Kind::names, .slot = at<&Unique::columns>,
                  .help = "Its columns, in order", .example = "[email]", .required = true}},
      .shorthand = "columns",
      .name = at<&Unique::name>};
  return object;
}

const Object& index_object() {
  static const Object object{
      .noun = "index",
      .id = "index",
      .help = "An index over key columns",
      .fields = {{.key = "definition", .kind = Kind::text, .slot = at<&Index::definition>,
                  .help = "Method and columns, as after USING in CREATE INDEX",
                  .example = "btree (user_id, created_at)", .required = true}},
      .shorthand = "definition",
      .name = at<&Index::name>};
  return object;
}

const Object& dependent_object() {
  static const Object object{
      .noun = "dependent",
      .id = "dependent",
      .help = "An object whose definition uses key columns; what it is built on stands before it",
      .fields =
          {{.key = "kind", .kind = Kind::word, .slot = at<&Dependent::kind>,
            .help = "What it is", .example = "view", .required = true,
            .words = {"view", "materialized view", "rule", "trigger", "policy", "check",
                      "exclusion constraint", "index", "statistics", "function", "procedure",
                      "publication", "typed table", "generated column", "partitioned table", "object"},
            .hint = "anything else is an object, with a drop and a definition"},
           {.key = "name", .kind = Kind::text, .slot = at<&Dependent::name>,
            .help = "Its name as SQL writes it, with its schema where it has one",
            .example = "public.active_users", .required = true},
           {.key = "table", .kind = Kind::table, .slot = at<&Dependent::table>,
            .help = "The table it stands on", .example = "public.users"},
           {.key = "uses", .kind = Kind::tables, .slot = at<&Dependent::uses>,
            .help = "Tables it uses that its definition does not name",
            .example = "[public.users]"},
           {.key = "problem", .kind = Kind::text, .slot = at<&Dependent::problem>,
            .help = "Why it cannot be carried over as it is; settled by replacement, as_is or set_aside",
            .example = "its body names the column user_id"},
           {.key = "as_is", .kind = Kind::text, .slot = at<&Dependent::as_is>,
            .help = "The reason why it may be left alone", .example = "it works with any type"},
           {.key = "set_aside", .kind = Kind::text, .slot = at<&Dependent::set_aside>,
            .help = "The reason why it may be missing while the keys are changed",
            .example = "the report moves to the new service"},
           {.key = "until", .kind = Kind::text, .slot = at<&Dependent::until>,
            .help = "The last day on which the reason of as_is or set_aside holds; after it the plan is not applied",
            .example = "2026-12-31"},
           {.key = "drop", .kind = Kind::text, .slot = at<&Dependent::drop>,
            .help = "The statements that drop it; needed for an object only",
            .example = "DROP CAST (public.a AS public.b)"},
           {.key = "definition", .kind = Kind::text, .slot = at<&Dependent::definition>,
            .help = "The statements that make it, with owner, grants and comments",
            .example = "CREATE VIEW public.active_users AS SELECT user_id FROM public.users;"},
           {.key = "replacement", .kind = Kind::text, .slot = at<&Dependent::replacement>,
            .help = "The statements that make it once the keys have changed",
            .example = "CREATE VIEW public.active_users AS SELECT user_id FROM public.users;"}},
      .span = [](void* item) { return &static_cast<Dependent*>(item)->span; },
      .block = true};
  return object;
}

const Object& waiver_object() {
  static const Object object{
      .noun = "waiver",
      .id = "waiver",
      .help = "A finding that is a judgement, and is right here",
      .fields =
          {{.key = "finding", .kind = Kind::text, .slot = at<&Waiver::finding>,
            .help = "Its name, as it stands in brackets behind the finding", .example = "rewritten-again", .required = true},
           {.key = "at", .kind = Kind::text, .slot = at<&Waiver::at>,
            .help = "The table, phase or dependent that it is about", .example = "public.users", .required = true},
           {.key = "reason", .kind = Kind::text, .slot = at<&Waiver::reason>,
            .help = "Why it is right here", .example = "the table is small", .required = true},
           {.key = "until", .kind = Kind::text, .slot = at<&Waiver::until>,
            .help = "The last day on which that holds; after it the plan is not applied", .example = "2026-12-31", .required = true}}};
  return object;
}

const Object& inventory_object() {
  static const Object object{
      .noun = "inventory",
      .id = "inventory",
      .help = "What rekey inventory counts of a table beyond its keys",
      .fields =
          {{.key = "unprocessed", .kind = Kind::text, .slot = at<&Inventory::unprocessed>,
            .help = "A condition over columns of a row that holds while the application is not done with it",
            .example = "file_sha256 IS NULL"},
           {.key = "time_column", .kind = Kind::name, .slot = at<&Inventory::time_column>,
            .help = "Column that says how old a row is; that of generator v7 when not given", .example = "created_at"},
           {.key = "owner_column", .kind = Kind::name, .slot = at<&Inventory::owner_column>,
            .help = "Column that says whose a row is", .example = "user_id"},
           {.key = "where", .kind = Kind::text, .slot = at<&Inventory::where>,
            .help = "A condition over columns of a row: those that would get new keys if the others kept theirs",
            .example = "created_at > '2025-01-01'"}},
      .span = [](void* item) { return &static_cast<Inventory*>(item)->span; }};
  return object;
}

const Object& decision_object() {
  static const Object object{
      .noun = "decision",
      .id = "decision",
      .help = "What was decided after an inventory, and why, shown in REVIEW.md",
      .fields =
          {{.key = "scope", .kind = Kind::word, .slot = at<&Decision::scope>,
            .help = "Which rows get new keys: all, those that where: of their table picks, or only those that are written "
                    "from now on",
            .example = "full", .required = true, .words = kScopes,
            .synonyms = {{"forward-only", "forward_only"}, {"forward only", "forward_only"}}},
           {.key = "reason", .kind = Kind::text, .slot = at<&Decision::reason>,
            .help = "Why", .example = "whoever has a file must find its row", .required = true},
           {.key = "date", .kind = Kind::text, .slot = at<&Decision::date>,
            .help = "When it was decided", .example = "2025-03-01"}},
      .span = [](void* item) { return &static_cast<Decision*>(item)->span; }};
  return object;
}

const Object& table_object() {
  static const Object object{
      .noun = "table",
      .id = "table",
      .help = "A table with key columns and what the plan needs to know about it",
      .fields =
          {{.key = "change", .kind = Kind::word, .slot = at<&Table::change>,
            .help = "What becomes of the table's keys: new type, or left as they are",
            .example = "keep", .words = {"rekey", "keep"}, .standard = "rekey",
            .reserved = {"sql"}},
           {.key = "partition_of", .kind = Kind::table, .slot = at<&Table::partition_of>,
            .help = "The table that it is a partition of", .example = "public.events"},
           {.key = "inherits", .kind = Kind::tables, .slot = at<&Table::inherits>,
            .help = "The tables that it inherits key columns from", .example = "[public.base]"},
           {.key = "partitioning", .kind = Kind::text, .slot = at<&Table::partitioning>,
            .help = "How a partitioned table is partitioned", .example = "RANGE (created_at)"},
           {.key = "partition_columns", .kind = Kind::names, .slot = at<&Table::partition_columns>,
            .help = "The columns that its rows are distributed by", .example = "[created_at]"},
           {.key = "primary_key", .kind = Kind::names, .slot = at<&Table::primary_key>,
            .help = "Columns of the primary key, in order", .example = "[user_id]"},
           {.key = "generator", .kind = Kind::word, .slot = at<&Table::generator>,
            .help = "How the table's own key gets new values, where it differs from the plan",
            .example = "v7", .words = kGenerators},
           {.key = "time_column", .kind = Kind::name, .slot = at<&Table::time_column>,
            .help = "Column that generator v7, or keep: newest or oldest, takes the time from", .example = "created_at"},
           {.key = "namespace", .kind = Kind::text, .slot = at<&Table::name_space>,
            .help = "Namespace of generator v5: a UUID, or dns, url, oid or x500", .example = "url"},
           {.key = "name_template", .kind = Kind::text, .slot = at<&Table::name_template>,
            .help = "What generator v5 makes keys from: text, and columns in braces; a key column stands there with its "
                    "new value",
            .example = "\"{user_id}:{email}\""},
           {.key = "key_expression", .kind = Kind::text, .slot = at<&Table::key_expression>,
            .help = "What generator expression makes keys from: SQL over columns of the row as they are when its phase "
                    "begins, immutable and of type uuid",
            .example = "public.key_of(email)"},
           {.key = "on_duplicate", .kind = Kind::word, .slot = at<&Table::on_duplicate>,
            .help = "What becomes of rows that generator v5 or expression would give one key: the phase stops before it "
                    "changes anything, or they are merged into one, which gets all that refers to any of them; the way "
                    "back brings them back",
            .example = "merge", .words = {"fail", "merge"}, .standard = "fail"},
           {.key = "keep", .kind = Kind::word, .slot = at<&Table::keep>,
            .help = "Which of them stays: newest and oldest go by time_column, or by the key where none is given; the newest "
                    "when not given",
            .example = "oldest", .words = {"newest", "oldest", "most_children", "expression"}},
           {.key = "keep_expression", .kind = Kind::text, .slot = at<&Table::keep_expression>,
            .help = "Of keep: expression, SQL over columns of the row: the row with the largest value stays",
            .example = "length(title)"},
           {.key = "where", .kind = Kind::text, .slot = at<&Table::where>,
            .help = "A condition over columns of a row, as they are when its phase begins, and immutable: of keys that are "
                    "UUIDs already only those of such rows are made anew, the others stay",
            .example = "created_at > '2025-01-01'"},
           {.key = "stages", .kind = Kind::stages, .slot = at<&Table::stages>,
            .help = "How many rows get new keys one after the other, where keys are UUIDs already: each number is a phase of "
                    "its own, rest the last one",
            .example = "[50, 500, rest]"},
           {.key = "order_by", .kind = Kind::text, .slot = at<&Table::order_by>,
            .help = "Columns of the rows that say which come first in stages; then the key", .example = "created_at DESC"},
           {.key = "upserts", .kind = Kind::boolean, .slot = at<&Table::upserts>,
            .help = "Whether the application writes single rows of it again and again by INSERT … ON CONFLICT: in an "
                    "online phase inserts of one key wait for each other, which keeps them from failing",
            .example = "true", .standard = "false"},
           {.key = "surrogate", .kind = Kind::name, .slot = at<&Table::surrogate>,
            .help = "A new column that becomes the primary key; the columns of the old one stay unique", .example = "cycle_report_id"},
           {.key = "consolidate", .kind = Kind::name, .slot = at<&Table::consolidate>,
            .help = "A foreign key of one column, never NULL and no value twice: the key of the row that it refers to becomes "
                    "this table's own", .example = "profiles_user_id_fkey"},
           {.key = "drop", .kind = Kind::names, .slot = at<&Table::drop>,
            .help = "Columns that go in the cleanup, to an archive for the way back", .example = "[cycle_id, report_id]"},
           {.key = "inventory", .kind = Kind::object, .slot = at<&Table::inventory>,
            .help = "What rekey inventory counts of it beyond its keys",
            .example = "{time_column: created_at, owner_column: user_id}", .object = &inventory_object()},
           {.key = "decision", .kind = Kind::object, .slot = at<&Table::decision>,
            .help = "What was decided about its keys, where it differs from the plan",
            .example = "{scope: full, reason: whoever has a file must find its row}", .object = &decision_object()},
           {.key = "columns", .kind = Kind::map, .slot = at<&Table::columns>,
            .help = "Key columns by name", .example = "{user_id: integer}",
            .object = &column_object()},
           {.key = "unique", .kind = Kind::map, .slot = at<&Table::unique>,
            .help = "Unique constraints over key columns, by name",
            .example = "{users_email_key: [email]}", .object = &unique_object()},
           {.key = "indexes", .kind = Kind::map, .slot = at<&Table::indexes>,
            .help = "Indexes over key columns, by name; those of constraints not among them",
            .example = "{users_manager_idx: btree (manager_id)}", .object = &index_object()},
           {.key = "foreign_keys", .kind = Kind::map, .slot = at<&Table::foreign_keys>,
            .help = "Foreign keys of the table, by name",
            .example = "{orders_user_fkey: {columns: [user_id], references: public.users}}",
            .object = &foreign_key_object()},
           {.key = "logical_references", .kind = Kind::list, .slot = at<&Table::logical_references>,
            .help = "References that no constraint enforces",
            .example = "[{columns: [owner_id], references: public.users}]",
            .object = &logical_reference_object()}},
      .name = at<&Table::name>,
      .name_kind = Kind::qualified,
      .block = true};
  return object;
}

}  // namespace

const char* word(Generator generator) { return generator == Generator::parent ? "parent" : kGenerators[static_cast<std::size_t>(generator)].c_str(); }
const char* word(Scope scope) { return kScopes[static_cast<std::size_t>(scope)].c_str(); }

const Field* Object::find(std::string_view key) const {
  for (const Field& field : fields)
    if (field.key == key) return &field;
  return nullptr;
}

const Object& plan_object() {
  static const Object object{
      .noun = "plan",
      .id = "plan",
      .help = "A plan for rekeyc: the tables whose keys change, and the phases to do it in",
      .fields =
          {{.key = "version", .kind = Kind::integer, .slot = at<&Plan::version>,
            .help = "Version of the plan format", .example = "1", .required = true,
            .least = kVersion, .most = kVersion},
           {.key = "name", .kind = Kind::label, .slot = at<&Plan::name>,
            .help = "Name of the plan", .example = "workflow", .required = true},
           {.key = "server", .kind = Kind::integer, .slot = at<&Plan::server>,
            .help = "Major version of the server; 13 when not given", .example = "15",
            .least = 13, .most = 18},
           {.key = "strategy", .kind = Kind::word, .slot = at<&Plan::strategy>,
            .help = "In a maintenance window, or under load", .example = "offline",
            .words = strategies(), .standard = "offline"},
           {.key = "generator", .kind = Kind::word, .slot = at<&Plan::generator>,
            .help = "How keys get their new values", .example = "ordered", .words = kGenerators, .standard = "ordered"},
           {.key = "new_keys", .kind = Kind::object, .slot = at<&Plan::new_keys>,
            .help = "How rows written after the migration get their keys",
            .example = "{schema: public}", .object = &new_keys_object()},
           {.key = "lock_timeout", .kind = Kind::duration, .slot = at<&Plan::lock_timeout>,
            .help = "How long a step waits for a lock", .example = "2s"},
           {.key = "maintenance_work_mem", .kind = Kind::memory, .slot = at<&Plan::maintenance_work_mem>,
            .help = "Memory for building indexes; the server's setting when not given", .example = "256MB"},
           {.key = "backfill", .kind = Kind::object, .slot = at<&Plan::backfill>,
            .help = "What online phases heed while they fill new keys", .example = "{most_rows: 10000}",
            .object = &backfill_object()},
           {.key = "bridge", .kind = Kind::boolean, .slot = at<&Plan::bridge>,
            .help = "Whether views in the schemas rekey_old and rekey_new show the tables of online phases in "
                    "their old and their new shape, for both versions of the application at once",
            .example = "true", .standard = "false"},
           {.key = "decision", .kind = Kind::object, .slot = at<&Plan::decision>,
            .help = "What was decided about the keys of all tables without a decision of their own",
            .example = "{scope: full, reason: ids leave the company}", .object = &decision_object()},
           {.key = "extension", .kind = Kind::word, .slot = at<&Plan::extension>,
            .help = "Extension that makes keys of generator v5, made by foundation in schema rekey where it is not there yet",
            .example = "uuid-ossp", .words = {"uuid-ossp", "pgcrypto"}},
           {.key = "phases", .kind = Kind::list, .slot = at<&Plan::phases>,
            .help = "Phases in the order in which they run; derived when not given",
            .example = "[{name: foundation, kind: foundation}]", .object = &phase_object()},
           {.key = "tables", .kind = Kind::map, .slot = at<&Plan::tables>,
            .help = "Tables by name, with their schema",
            .example = "{public.users: {primary_key: user_id, columns: {user_id: integer}}}",
            .required = true, .object = &table_object()},
           {.key = "dependents", .kind = Kind::list, .slot = at<&Plan::dependents>,
            .help = "What else uses key columns: views, triggers, policies and so on",
            .example = "[{kind: view, name: public.active_users}]",
            .object = &dependent_object()},
           {.key = "waivers", .kind = Kind::list, .slot = at<&Plan::waivers>,
            .help = "Findings that are no obstacle, each with a reason and the last day on which it holds",
            .example = "[{finding: rewritten-again, at: users, reason: the table is small, until: 2026-12-31}]",
            .object = &waiver_object()}},
      .block = true};
  return object;
}

const std::vector<const Object*>& all_objects() {
  static const std::vector<const Object*> objects = {
      &plan_object(),   &new_keys_object(),    &backfill_object(), &phase_object(),
      &probe_object(),  &check_object(),       &own_sql_object(),  &index_change_object(),
      &inventory_object(), &decision_object(),
      &table_object(),  &column_object(),
      &unique_object(), &index_object(),       &foreign_key_object(),
      &logical_reference_object(), &typed_reference_object(), &dependent_object(), &waiver_object()};
  return objects;
}

}  // namespace rekey::plan
