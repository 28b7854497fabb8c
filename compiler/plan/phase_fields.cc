// The part of the table of fields that is about phases.
#include "compiler/plan/phase_fields.h"

#include "compiler/plan/slots.h"

namespace rekey::plan {

const std::vector<std::string>& strategies() {
  static const std::vector<std::string> words = {"offline", "online"};
  return words;
}

const Object& probe_object() {
  static const Object object{
      .noun = "probe",
      .id = "probe",
      .help = "A query that must give one true after the phase",
      .fields = {{.key = "name", .kind = Kind::text, .slot = at<&Probe::name>,
                  .help = "What the probe proves", .example = "someone can log in", .required = true},
                 {.key = "query", .kind = Kind::text, .slot = at<&Probe::query>,
                  .help = "The query; it gives one row with one boolean",
                  .example = "SELECT count(*) > 0 FROM public.users", .required = true}}};
  return object;
}

const Object& check_object() {
  static const Object object{
      .noun = "check",
      .id = "check",
      .help = "What must hold before or after the phase: a query that returns no row, or a command that exits 0",
      .fields = {{.key = "name", .kind = Kind::text, .slot = at<&PhaseCheck::name>,
                  .help = "What the check proves", .example = "no job runs", .required = true},
                 {.key = "query", .kind = Kind::text, .slot = at<&PhaseCheck::query>,
                  .help = "A query that reads, and must return no row",
                  .example = "SELECT pid FROM app.jobs WHERE running"},
                 {.key = "command", .kind = Kind::text, .slot = at<&PhaseCheck::command>,
                  .help = "A command for /bin/sh that must exit 0; it finds the database in PGHOST, PGDATABASE and the like",
                  .example = "./smoke.sh"},
                 {.key = "when", .kind = Kind::word, .slot = at<&PhaseCheck::when>,
                  .help = "Before the phase changes anything, after it, or both", .example = "before",
                  .words = {"before", "after", "both"}, .standard = "after"}}};
  return object;
}

const Object& own_sql_object() {
  static const Object object{
      .noun = "sql step",
      .id = "sql",
      .help = "Statements of your own with their way back",
      .fields = {{.key = "name", .kind = Kind::text, .slot = at<&OwnSql::name>,
                  .help = "What it does", .example = "new format", .required = true},
                 {.key = "up", .kind = Kind::text, .slot = at<&OwnSql::up>,
                  .help = "The statements, names with their schemas", .example = "UPDATE app.config SET v = 2",
                  .required = true},
                 {.key = "down", .kind = Kind::text, .slot = at<&OwnSql::down>,
                  .help = "Statements that take it back; none where it stays, for a reason",
                  .example = "UPDATE app.config SET v = 1", .required = true},
                 {.key = "reason", .kind = Kind::text, .slot = at<&OwnSql::reason>,
                  .help = "Why nothing takes it back; goes with down: none", .example = "the old values are wrong"},
                 {.key = "verify", .kind = Kind::text, .slot = at<&OwnSql::verify>,
                  .help = "A query that gives one true once it is done",
                  .example = "SELECT bool_and(v = 2) FROM app.config"}}};
  return object;
}

const Object& index_change_object() {
  static const Object object{
      .noun = "index change",
      .id = "indexChange",
      .help = "An index that is built, dropped or built anew beside the application",
      .fields = {{.key = "create", .kind = Kind::text, .slot = at<&IndexChange::create>,
                  .help = "The CREATE INDEX statement of a new index, its table with its schema",
                  .example = "CREATE INDEX users_email_idx ON public.users USING btree (email)"},
                 {.key = "drop", .kind = Kind::qualified, .slot = at<&IndexChange::drop>,
                  .help = "An index that goes", .example = "public.users_email_idx"},
                 {.key = "definition", .kind = Kind::text, .slot = at<&IndexChange::definition>,
                  .help = "Of an index that goes: what pg_get_indexdef says, to make it again on the way back",
                  .example = "CREATE INDEX users_email_idx ON public.users USING btree (email)"},
                 {.key = "reindex", .kind = Kind::qualified, .slot = at<&IndexChange::reindex>,
                  .help = "An index that is built anew", .example = "public.users_email_idx"}}};
  return object;
}

const Object& phase_object() {
  static const Object object{
      .noun = "phase",
      .id = "phase",
      .help = "What is approved, applied and rolled back as one",
      .fields =
          {{.key = "name", .kind = Kind::label, .slot = at<&Phase::name>,
            .help = "Name of the phase, also of its folder in the bundle", .example = "users",
            .required = true},
           {.key = "kind", .kind = Kind::word, .slot = at<&Phase::kind>,
            .help = "What the phase does: change tables, install schema rekey, or clean up",
            .example = "foundation", .words = {"tables", "foundation", "cleanup"},
            .standard = "tables"},
           {.key = "tables", .kind = Kind::tables, .slot = at<&Phase::tables>,
            .help = "Tables whose keys the phase changes",
            .example = "[public.users, public.orders]"},
           {.key = "strategy", .kind = Kind::word, .slot = at<&Phase::strategy>,
            .help = "How the phase is run, where it differs from the plan", .example = "offline",
            .words = strategies()},
           {.key = "risk", .kind = Kind::word, .slot = at<&Phase::risk>,
            .help = "Risk as the team sees it, shown in REVIEW.md", .example = "low",
            .words = {"low", "medium", "high"}},
           {.key = "reason", .kind = Kind::text, .slot = at<&Phase::reason>,
            .help = "Why the phase is there and carries this risk, shown in REVIEW.md",
            .example = "installs the journal"},
           {.key = "checkpoint", .kind = Kind::boolean, .slot = at<&Phase::checkpoint>,
            .help = "Whether apply stops after the phase until it is started again",
            .example = "true", .standard = "false"},
           {.key = "probes", .kind = Kind::list, .slot = at<&Phase::probes>,
            .help = "Queries that must give true after the phase",
            .example = "[{name: users are there, query: SELECT count(*) > 0 FROM public.users}]",
            .object = &probe_object()},
           {.key = "checks", .kind = Kind::list, .slot = at<&Phase::checks>,
            .help = "Queries that must return no row and commands that must exit 0, before or after the phase",
            .example = "[{name: no job runs, query: SELECT pid FROM app.jobs, when: before}]",
            .object = &check_object()},
           {.key = "sql", .kind = Kind::list, .slot = at<&Phase::sql>,
            .help = "Statements of your own, a step each at the end of the phase, undone first on the way back",
            .example = "[{name: new format, up: UPDATE app.config SET v = 2, down: UPDATE app.config SET v = 1}]",
            .object = &own_sql_object()},
           {.key = "indexes", .kind = Kind::list, .slot = at<&Phase::indexes>,
            .help = "Indexes that a cleanup builds, drops or builds anew beside the application",
            .example = "[{reindex: public.orders_placed_at_idx}]", .object = &index_change_object()}},
      .block = true};
  return object;
}

}  // namespace rekey::plan
