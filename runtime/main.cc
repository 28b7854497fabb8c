// rekey: runs a bundle against a database. A command a file in commands/; this says what there is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "runtime/bundle/bundle.h"
#include "runtime/commands/commands.h"
#include "runtime/db/connection.h"
#include "runtime/outcome.h"

namespace {

using rekey::Options;

void common(CLI::App& command, Options& o) {
  command.add_option("--database", o.database,
                     "address of the database; else DATABASE_URL, else PGHOST and the like");
  command.add_flag("--json", o.json, "print JSON for programs");
  command.add_flag("--verbose", o.verbose, "every step and every check; what the server notes, on stderr");
}

void bundle(CLI::App& command, Options& o, bool required = true) {
  command.add_option("bundle", o.bundle, "folder that rekeyc compile wrote")->required(required);
}

void changing(CLI::App& command, Options& o, const char* to) {
  command.add_option("--to", o.to, to);
  command.add_option("--jobs", o.jobs, "steps that may run at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--reconnect", o.reconnect, "seconds to wait for a server that went away")
      ->check(CLI::Range(0, 86400))
      ->capture_default_str();
  command.add_flag("--dry-run", o.dry_run, "check, show what would run and which locks it takes");
  command.add_flag("--yes", o.yes, "do not ask");
  command.add_flag("--wait", o.wait, "wait for sessions that are in the way");
}

using Command = int (*)(const Options&);

int run(Command command, const Options& options) {
  try {
    return command(options);
  } catch (const rekey::Usage& e) {
    fmt::print(stderr, "rekey: {}\n", e.what());
    return rekey::kUsage;
  } catch (const rekey::Refused& e) {
    fmt::print(stderr, "rekey: refused: {}\n", e.what());
    return rekey::kRefused;
  } catch (const rekey::bundle::Damaged& e) {
    fmt::print(stderr, "rekey: refused: {}\n", e.what());
    return rekey::kRefused;
  } catch (const rekey::db::Disconnected& e) {
    fmt::print(stderr, "rekey: cannot reach the database: {}\n", e.what());
  } catch (const rekey::db::Error& e) {
    fmt::print(stderr, "rekey: {}{}{}{}\n", e.what(),
               e.sqlstate.empty() ? "" : " (" + e.sqlstate + ")",
               e.detail.empty() ? "" : "\n  detail: " + e.detail,
               e.hint.empty() ? "" : "\n  hint: " + e.hint);
  } catch (const std::exception& e) {
    fmt::print(stderr, "rekey: {}\n", e.what());
  }
  return rekey::kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"rekey: changes the keys of a database by a compiled bundle, and back", "rekey"};
  app.set_version_flag("--version", "rekey " REKEY_VERSION);
  app.require_subcommand(1);
  Options o;
  Command command = nullptr;
  const auto add = [&](const char* name, const char* what, Command function) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->callback([&command, function] { command = function; });
    common(*sub, o);
    return sub;
  };

  CLI::App* apply = add("apply", "apply a bundle, from where it stands", rekey::apply);
  bundle(*apply, o);
  changing(*apply, o, "last phase to apply, by id or name");

  CLI::App* rollback = add("rollback", "take applied phases back", rekey::rollback);
  bundle(*rollback, o);
  changing(*rollback, o, "phase that stays applied, by id or name");

  bundle(*add("pause", "let backfills wait, until rekey resume", rekey::pause), o);
  bundle(*add("resume", "let backfills go on", rekey::resume), o);

  CLI::App* purge = add("purge", "delete what the way back needs: there is none afterwards", rekey::purge);
  bundle(*purge, o);
  purge->add_flag("--yes", o.yes, "do not ask");

  bundle(*add("verify", "run the checks of all applied phases", rekey::verify), o);

  CLI::App* status = add("status", "show where the database stands", rekey::status);
  bundle(*status, o);
  status->add_flag("--exit-code", o.exit_code, "exit 4 while steps are pending");

  CLI::App* lookup = add("lookup", "the new key of an old one, the old of a new", rekey::lookup);
  lookup->add_option("table", o.table, "table, or TABLE.COLUMN")->required();
  lookup->add_option("key", o.key, "integer or UUID; the parts of a composite key with commas")
      ->required();

  CLI::App* mapping = add("mapping", "all old and new keys as CSV", rekey::mapping);
  bundle(*mapping, o, false);
  mapping->add_option("--table", o.table, "only this table");

  CLI::App* inventory = add("inventory", "what the change will meet in the data; only reads", rekey::inventory_of);
  bundle(*inventory, o);
  inventory->add_option("--markdown", o.markdown, "write the report to this file, for the decision");

  CLI::App* rehearse = add("rehearse", "try a bundle on a copy of the database, there and back", rekey::rehearse_bundle);
  bundle(*rehearse, o);
  CLI::Option* rows = rehearse->add_option("--rows", o.rows, "copy about so many rows of each table, and those they point at")
                          ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}))
                          ->capture_default_str();
  rehearse->add_flag("--full", o.full, "copy all rows")->excludes(rows);
  rehearse->add_option("--markdown", o.markdown, "write the report to this file, for a pull request");

  CLI::App* sandbox = add("sandbox", "run a command beside a throwaway server", rekey::sandbox);
  sandbox->add_flag("--keep", o.keep, "leave the server running");
  sandbox->add_option("--pg", o.version, "major version, or a folder with initdb and postgres");
  sandbox->add_option("--stop", o.stop, "end the kept sandbox in this folder");
  sandbox->add_option("command", o.command, "what to run, after --");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? rekey::kDone : rekey::kUsage;
  }
  return run(command, o);
}
