// The part of the table of fields that is about references: foreign keys, and what no constraint enforces.
#include "compiler/plan/reference_fields.h"

#include "compiler/plan/slots.h"

namespace rekey::plan {
namespace {

const std::vector<std::string> kActions = {"no action", "restrict", "cascade", "set null",
                                           "set default"};
const std::vector<std::string> kOrphans = {"fail", "quarantine", "set_null", "delete"};
constexpr std::string_view kOrphansHelp =
    "What becomes of rows that refer to a row that is not there: the phase stops before it changes anything, they are moved "
    "to schema rekey and stay there, the reference is set to NULL, or they are deleted; the way back brings them back";

}  // namespace

const char* word(Orphans action) { return kOrphans[static_cast<std::size_t>(action)].c_str(); }

const Object& foreign_key_object() {
  static const Object object{
      .noun = "foreign key",
      .id = "foreignKey",
      .help = "A foreign key from or to key columns",
      .fields =
          {{.key = "columns", .kind = Kind::names, .slot = at<&ForeignKey::columns>,
            .help = "The referencing columns, in order", .example = "[user_id]", .required = true},
           {.key = "references", .kind = Kind::reference, .slot = at<&ForeignKey::references>,
            .help = "The referenced table and columns; its primary key without columns",
            .example = "public.users (user_id)", .required = true},
           {.key = "match", .kind = Kind::word, .slot = at<&ForeignKey::match>,
            .help = "MATCH FULL; MATCH SIMPLE when not given", .example = "full",
            .words = {"full"}},
           {.key = "on_delete", .kind = Kind::word, .slot = at<&ForeignKey::on_delete>,
            .help = "What happens when the referenced row is deleted", .example = "cascade",
            .words = kActions},
           {.key = "on_update", .kind = Kind::word, .slot = at<&ForeignKey::on_update>,
            .help = "What happens when the referenced key is changed", .example = "cascade",
            .words = kActions},
           {.key = "on_delete_columns", .kind = Kind::names,
            .slot = at<&ForeignKey::on_delete_columns>,
            .help = "The columns that SET NULL or SET DEFAULT changes, from PostgreSQL 15",
            .example = "[user_id]"},
           {.key = "deferrable", .kind = Kind::word, .slot = at<&ForeignKey::deferrable>,
            .help = "When a deferrable key is checked; not deferrable when not given",
            .example = "initially deferred",
            .words = {"initially immediate", "initially deferred"}},
           {.key = "valid", .kind = Kind::boolean, .slot = at<&ForeignKey::valid>,
            .help = "False for a key that is NOT VALID in the catalog", .example = "false",
            .standard = "true"},
           {.key = "enforced", .kind = Kind::boolean, .slot = at<&ForeignKey::enforced>,
            .help = "False for a key that is NOT ENFORCED in the catalog, from PostgreSQL 18", .example = "false",
            .standard = "true"},
           {.key = "orphans", .kind = Kind::word, .slot = at<&ForeignKey::orphans>,
            .help = kOrphansHelp, .example = "delete", .words = kOrphans, .standard = "fail"},
           {.key = "follow", .kind = Kind::name, .slot = at<&ForeignKey::follow>,
            .help = "A new column of this table for the surrogate of the other one, with a foreign key of its own; a "
                    "trigger keeps both references equal until the cleanup",
            .example = "cycle_report_id"},
           {.key = "follow_index", .kind = Kind::name, .slot = at<&ForeignKey::follow_index>,
            .help = "A new index on that column", .example = "observations_cycle_report_id"},
           {.key = "comment", .kind = Kind::text, .slot = at<&ForeignKey::comment>,
            .help = "The comment on the constraint", .example = "who wrote it"}},
      .name = at<&ForeignKey::name>};
  return object;
}

const Object& typed_reference_object() {
  static const Object object{
      .noun = "type",
      .id = "typedReference",
      .help = "What rows of a type refer to",
      .fields = {{.key = "references", .kind = Kind::reference, .slot = at<&TypedReference::references>,
                  .help = "The table and column that their keys are of; its primary key without a column",
                  .example = "public.posts", .required = true}},
      .shorthand = "references",
      .name = at<&TypedReference::name>};
  return object;
}

const Object& logical_reference_object() {
  static const Object object{
      .noun = "logical reference",
      .id = "logicalReference",
      .help = "A reference that no constraint enforces",
      .fields = {{.key = "columns", .kind = Kind::names, .slot = at<&LogicalReference::columns>,
                  .help = "The columns that hold keys of the other table, each one, an array of them, or a jsonb with a path",
                  .example = "[owner_id]",
                  .required = true},
                 {.key = "references", .kind = Kind::reference,
                  .slot = at<&LogicalReference::references>,
                  .help = "The other table and columns; its primary key without columns",
                  .example = "public.users"},
                 {.key = "path", .kind = Kind::text, .slot = at<&LogicalReference::path>,
                  .help = "Where they stand in a jsonb column: $, then .name or .\"any name\" for a key of an object and [*] "
                          "for every element of an array",
                  .example = "$.user.id"},
                 {.key = "type_column", .kind = Kind::name, .slot = at<&LogicalReference::type_column>,
                  .help = "The column that says which of the types a row is of", .example = "commentable_type"},
                 {.key = "types", .kind = Kind::map, .slot = at<&LogicalReference::types>,
                  .help = "What stands in the type column, and the table that the keys of such rows are of",
                  .example = "{Post: public.posts, Photo: public.photos}", .object = &typed_reference_object()},
                 {.key = "orphans", .kind = Kind::word, .slot = at<&LogicalReference::orphans>,
                  .help = kOrphansHelp, .example = "delete", .words = kOrphans, .standard = "fail"},
                 {.key = "enforce", .kind = Kind::boolean, .slot = at<&LogicalReference::enforce>,
                  .help = "Whether it becomes a foreign key in the cleanup, or, where there is none, at the end of the phase "
                          "that changes it; the way back drops it again",
                  .example = "true", .standard = "false"},
                 {.key = "constraint", .kind = Kind::name, .slot = at<&LogicalReference::constraint>,
                  .help = "The name of that foreign key; table, columns and fkey, joined by _, when not given",
                  .example = "orders_owner_id_fkey"},
                 {.key = "on_delete", .kind = Kind::word, .slot = at<&LogicalReference::on_delete>,
                  .help = "What it does when the referenced row is deleted", .example = "cascade", .words = kActions}}};
  return object;
}

}  // namespace rekey::plan
