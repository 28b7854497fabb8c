// rekeyc: from a plan to a bundle of SQL.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>

#include "compiler/compile.h"
#include "compiler/emit/grants.h"
#include "compiler/emit/graph.h"
#include "compiler/emit/output.h"
#include "compiler/inspect/inspect.h"
#include "compiler/plan/json_schema.h"

namespace {

using namespace rekey;

enum Exit { kDone = 0, kFailed = 1, kUsage = 2 };

struct Options {
  std::string plan, output, templates, format = "mermaid";
  int server = 0;
  bool check = false, probe = false;
  std::string database, decisions, strategy, generator;
  std::vector<std::string> schemas;
};

// For a command that is shown to be typed.
std::string shell_quoted(const std::string& path) {
  if (path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:@") ==
      std::string::npos) {
    return path;
  }
  std::string out = "'";
  for (char c : path) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Runs `use` on a plan without errors; whatever was found is printed either way.
template <class Use>
int with_plan(const Options& options, Use use) {
  const std::string text = read_plan(options.plan);
  Diagnostics diagnostics(options.plan, text);
  const auto checked = check_plan(text, diagnostics, options.server);
  std::cerr << diagnostics.render();
  if (!checked->model) return kUsage;
  return use(*checked, text, diagnostics);
}

int check(const Options& options) {
  return with_plan(options, [&](const Checked& checked, const std::string&, const Diagnostics& found) {
    std::cout << fmt::format("{}: {}, {}, {}, no error\n", options.plan,
                             counted(checked.model->tables.size(), "table"),
                             counted(checked.model->phases.size(), "phase"),
                             counted(found.all().size(), "finding"));
    return kDone;
  });
}

int compare(const Options& options, const emit::Emitted& emitted) {
  const auto differences = emit::differences(options.output, emitted.files);
  for (const auto& difference : differences) std::cout << options.output << ": " << difference << "\n";
  if (differences.empty()) {
    std::cout << options.output << " is what " << options.plan << " gives\n";
    return kDone;
  }
  std::cout << "Run: rekeyc compile " << shell_quoted(options.plan) << " -o " << shell_quoted(options.output)
            << "\n";
  return kFailed;
}

int compile(const Options& options) {
  return with_plan(options, [&](const Checked& checked, const std::string& text, const Diagnostics& found) {
    const emit::Templates templates(options.templates.empty()
                                        ? std::nullopt
                                        : std::optional<std::filesystem::path>(options.templates));
    const auto emitted = compile_plan(checked, text, options.plan, templates, found);
    if (options.check) return compare(options, emitted);
    emit::write_folder(options.output, emitted.files);
    std::size_t steps = 0;
    for (const auto& phase : emitted.bundle.phases) steps += phase.steps.size();
    std::cout << fmt::format("{}: {}, {}, {}; read {}/REVIEW.md first\n", options.output,
                             counted(emitted.bundle.phases.size(), "phase"), counted(steps, "step"),
                             counted(checked.model->tables.size(), "table"), options.output);
    return static_cast<int>(kDone);
  });
}

int grants(const Options& options) {
  return with_plan(options, [&](const Checked& checked, const std::string&, const Diagnostics&) {
    std::cout << emit::grants(*checked.model);
    return kDone;
  });
}

int graph(const Options& options) {
  return with_plan(options, [&](const Checked& checked, const std::string&, const Diagnostics&) {
    std::cout << (options.format == "dot" ? emit::dot(*checked.model) : emit::mermaid(*checked.model));
    return kDone;
  });
}

// What is still to be decided in a draft.
void announce_findings(const Options& options, const std::string& text) {
  Diagnostics found(options.output, text);
  check_plan(text, found);
  const auto errors = static_cast<std::size_t>(std::count_if(
      found.all().begin(), found.all().end(), [](const auto& d) { return d.severity == Severity::error; }));
  if (found.all().empty()) return;
  std::cerr << fmt::format("{}, {} of them to be settled first; rekeyc check lists them\n",
                           counted(found.all().size(), "finding"), errors);
}

void write_draft(const Options& options, const std::string& text) {
  if (options.output == "-") {
    std::cout << text;
    return;
  }
  // A file is replaced as a whole; what is no file, such as /dev/null, is written to.
  const bool replaces = std::filesystem::is_regular_file(options.output);
  const std::string place = replaces ? std::filesystem::canonical(options.output).string() : options.output;
  const std::string written = place + (replaces ? ".new" : "");
  std::ofstream out(written, std::ios::binary);
  if (!(out << text) || !out.flush()) throw emit::CannotWrite("cannot write " + written);
  if (replaces) std::filesystem::rename(written, place);
  std::cout << options.output << ": drafted; read it, then: rekeyc check " << shell_quoted(options.output) << std::endl;
}

int announce_probe(const inspect::Probed& probed) {
  for (const auto& lost : probed.lost) std::cerr << "not in the copy of the schema: " << lost << "\n";
  std::cerr << "probe on " << inspect::in_words(probed) << "\n";
  return probed.failed + probed.others > 0 || !probed.lost.empty() ? kFailed : kDone;
}

int inspect_database(const Options& options) {
  inspect::Request request{options.database, options.schemas, {}, {}, {}};
  if (options.strategy == "offline") request.strategy = plan::Strategy::offline;
  if (options.strategy == "online") request.strategy = plan::Strategy::online;
  for (auto [word, value] : {std::pair{"ordered", plan::Generator::ordered}, {"keyed", plan::Generator::keyed},
                             {"v4", plan::Generator::v4}, {"v7", plan::Generator::v7}}) {
    if (options.generator == word) request.generator = value;
  }
  if (!options.decisions.empty()) request.decisions = read_plan(options.decisions);
  Diagnostics diagnostics(options.decisions.empty() ? "decisions" : options.decisions,
                          request.decisions.value_or(""));
  inspect::Probed probed;
  const std::string text = inspect::draft(request, diagnostics, options.probe ? &probed : nullptr);
  std::cerr << diagnostics.render();
  if (diagnostics.has_errors()) return kUsage;
  announce_findings(options, text);
  write_draft(options, text);
  return options.probe ? announce_probe(probed) : static_cast<int>(kDone);
}

void add_plan(CLI::App* command, Options& options) {
  command->add_option("plan", options.plan, "the plan (YAML)")->required();
}

void add_inspect(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("inspect", "Draft a plan from a live database; changes nothing there");
  command->add_option("--database", options.database, "URL; else DATABASE_URL, else PG* variables");
  command->add_option("--schema", options.schemas, "only this schema; may be given again");
  command->add_option("--strategy", options.strategy, "offline or online")
      ->check(CLI::IsMember({"offline", "online"}));
  command->add_option("--generate", options.generator, "ordered, keyed, v4 or v7")
      ->check(CLI::IsMember({"ordered", "keyed", "v4", "v7"}));
  command->add_option("--decisions", options.decisions, "choices (YAML) laid over the draft");
  command->add_flag("--probe", options.probe,
                    "try the draft on a copy of the schema in a throwaway server here; exit 1 when something fails");
  command->add_option("-o,--output", options.output, "the plan to write; - for standard output")->required();
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("rekeyc compiles a plan for new primary keys into reviewable SQL");
  app.set_version_flag("--version", std::string("rekeyc ") + REKEY_VERSION);
  app.require_subcommand(1);
  add_plan(app.add_subcommand("check", "Check a plan"), options);
  auto* to_bundle = app.add_subcommand("compile", "Compile a plan into a bundle");
  add_plan(to_bundle, options);
  to_bundle->add_option("-o,--output", options.output, "folder of the bundle")->required();
  to_bundle->add_flag("--check", options.check, "write nothing; exit 1 when the folder is not what the plan gives");
  to_bundle->add_option("--server-version", options.server, "major version of PostgreSQL, instead of the plan's")
      ->check(CLI::Range(13, 18));
  to_bundle->add_option("--templates", options.templates, "folder whose files replace the built-in templates");
  add_plan(app.add_subcommand("grants", "Print the GRANT script for a role that may apply the plan and no more"), options);
  auto* to_graph = app.add_subcommand("graph", "Print the graph of foreign keys");
  add_plan(to_graph, options);
  to_graph->add_option("--format", options.format, "mermaid or dot")->check(CLI::IsMember({"mermaid", "dot"}));
  add_inspect(app, options);
  app.add_subcommand("schema", "Print the JSON Schema of plans");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  const auto command = app.get_subcommands().front()->get_name();
  if (command == "check") return check(options);
  if (command == "compile") return compile(options);
  if (command == "grants") return grants(options);
  if (command == "graph") return graph(options);
  if (command == "inspect") return inspect_database(options);
  std::cout << plan::json_schema();
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const rekey::CannotRead& error) {
    std::cerr << "rekeyc: " << error.what() << "\n";
    return kUsage;
  } catch (const rekey::emit::BadTemplate& error) {
    std::cerr << "rekeyc: " << error.what() << "\n";
    return kUsage;
  } catch (const std::exception& error) {
    std::cerr << "rekeyc: " << error.what() << "\n";
    return kFailed;
  }
}
